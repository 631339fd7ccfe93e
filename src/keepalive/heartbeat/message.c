/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Heartbeat messages to and from bytes (message.h). The signature is looked
 * at before anything that a stranger could have written is taken for more than a length.
 */
#include "message.h"

#include "sl_sha256.h"

#include <string.h>

/* Where in the header what stands. */
enum {
	AT_VERSION = 4,
	AT_FLAGS,
	AT_NAME,
	AT_ECHOES,
	AT_INSTANCES,
	AT_RESERVED,
	AT_BOOT = 12,
	AT_NUMBER = 20
};
enum { FLAG_IN_SYNC = 1 };
enum { INSTANCE_SIZE = 8 }; /* without its source */

static const char magic[4] = { 'S', 'L', 'H', 'B' };
static const char *const domains[] = {
	[KA_HEARTBEAT_UDP] = "sluice heartbeat udp\n",
	[KA_HEARTBEAT_SERIAL] = "sluice heartbeat serial\n",
};

static uint8_t *put(uint8_t *to, uint64_t value, unsigned int size);
static uint64_t get(const uint8_t *from, unsigned int size);
static void sign(const uint8_t *data, size_t size, enum ka_heartbeat_kind kind, const char *key,
		 uint8_t ret_mac[SL_SHA256_SIZE]);
static uint8_t *instance_put(uint8_t *to, const struct heartbeat_instance *instance);
static const uint8_t *instance_get(const uint8_t *from, const uint8_t *end,
				   struct heartbeat_instance *ret_instance);

size_t
heartbeat_message_format(const struct heartbeat_message *message, const struct heartbeat_proof *proof,
			 enum ka_heartbeat_kind kind, const char *key, uint8_t ret_data[HEARTBEAT_SIZE_MAX])
{
	size_t name_size = strnlen(message->router_id, KA_NAME_SIZE - 1);
	uint8_t *at = ret_data + HEARTBEAT_HEADER_SIZE;

	memset(ret_data, 0, HEARTBEAT_HEADER_SIZE);
	memcpy(ret_data, magic, sizeof(magic));
	ret_data[AT_VERSION] = HEARTBEAT_VERSION;
	ret_data[AT_FLAGS] = message->in_sync ? FLAG_IN_SYNC : 0;
	ret_data[AT_NAME] = (uint8_t)name_size;
	ret_data[AT_ECHOES] = (uint8_t)proof->echo_count;
	ret_data[AT_INSTANCES] = (uint8_t)message->instance_count;
	put(ret_data + AT_BOOT, message->boot_id, 8);
	put(ret_data + AT_NUMBER, proof->number, 8);
	memcpy(at, message->router_id, name_size);
	at += name_size;
	for (unsigned int i = 0; i < proof->echo_count; i++) {
		at = put(at, proof->echoes[i].boot_id, 8);
		at = put(at, proof->echoes[i].number, 8);
	}
	for (unsigned int i = 0; i < message->instance_count; i++)
		at = instance_put(at, &message->instances[i]);
	sign(ret_data, (size_t)(at - ret_data), kind, key, at);
	return (size_t)(at - ret_data) + HEARTBEAT_MAC_SIZE;
}

enum heartbeat_fault
heartbeat_message_parse(const uint8_t *data, size_t size, enum ka_heartbeat_kind kind, const char *key,
			struct heartbeat_message *ret_message, struct heartbeat_proof *ret_proof)
{
	static const struct heartbeat_message no_message;
	static const struct heartbeat_proof no_proof;
	uint8_t mac[SL_SHA256_SIZE];
	const uint8_t *at = data + HEARTBEAT_HEADER_SIZE, *end;

	if (size < HEARTBEAT_HEADER_SIZE + HEARTBEAT_MAC_SIZE || size > HEARTBEAT_SIZE_MAX ||
	    memcmp(data, magic, sizeof(magic)) != 0)
		return HEARTBEAT_BAD_FRAME;
	if (data[AT_VERSION] != HEARTBEAT_VERSION)
		return HEARTBEAT_VERSION_OTHER;
	end = data + size - HEARTBEAT_MAC_SIZE;
	sign(data, size - HEARTBEAT_MAC_SIZE, kind, key, mac);
	if (!sl_same_secret(mac, end, sizeof(mac)))
		return HEARTBEAT_BAD_AUTH;
	if (data[AT_NAME] >= KA_NAME_SIZE || data[AT_ECHOES] > HEARTBEAT_ECHOES_MAX ||
	    end - at < data[AT_NAME] + 16 * data[AT_ECHOES] || get(data + AT_BOOT, 8) == 0)
		return HEARTBEAT_BAD_FRAME;

	*ret_message = no_message;
	*ret_proof = no_proof;
	ret_message->in_sync = (data[AT_FLAGS] & FLAG_IN_SYNC) != 0;
	ret_message->boot_id = get(data + AT_BOOT, 8);
	ret_proof->number = get(data + AT_NUMBER, 8);
	for (unsigned int i = 0; i < data[AT_NAME]; i++, at++)
		ret_message->router_id[i] = *at > ' ' && *at < 0x7f ? (char)*at : '?';
	for (; ret_proof->echo_count < data[AT_ECHOES]; ret_proof->echo_count++, at += 16) {
		ret_proof->echoes[ret_proof->echo_count].boot_id = get(at, 8);
		ret_proof->echoes[ret_proof->echo_count].number = get(at + 8, 8);
	}
	for (; ret_message->instance_count < data[AT_INSTANCES]; ret_message->instance_count++) {
		at = instance_get(at, end, &ret_message->instances[ret_message->instance_count]);
		if (at == NULL)
			return HEARTBEAT_BAD_FRAME;
	}
	return at == end ? HEARTBEAT_GOOD : HEARTBEAT_BAD_FRAME;
}

static uint8_t *
put(uint8_t *to, uint64_t value, unsigned int size)
{
	for (unsigned int i = 0; i < size; i++)
		to[i] = (uint8_t)(value >> 8 * (size - 1 - i));
	return to + size;
}

static uint64_t
get(const uint8_t *from, unsigned int size)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < size; i++)
		value = value << 8 | from[i];
	return value;
}

static void
sign(const uint8_t *data, size_t size, enum ka_heartbeat_kind kind, const char *key,
     uint8_t ret_mac[SL_SHA256_SIZE])
{
	struct sl_hmac_sha256 hmac;

	sl_hmac_sha256_init(&hmac, key, strlen(key));
	sl_hmac_sha256_add(&hmac, domains[kind], strlen(domains[kind]));
	sl_hmac_sha256_add(&hmac, data, size);
	sl_hmac_sha256_end(&hmac, ret_mac);
}

static uint8_t *
instance_put(uint8_t *to, const struct heartbeat_instance *instance)
{
	bool none = sl_addr_is_none(&instance->source), v4 = sl_addr_is_v4(&instance->source);
	uint8_t size = none ? 0 : v4 ? 4 : 16;

	to[0] = instance->vrid;
	to[1] = (uint8_t)(instance->family << 4 | instance->state);
	to[2] = instance->priority;
	to[3] = size;
	to = put(to + 4, instance->advert_ms, 4);
	memcpy(to, &instance->source.b[16 - size], size);
	return to + size;
}

/* What follows it; NULL: it is none, or is cut short. */
static const uint8_t *
instance_get(const uint8_t *from, const uint8_t *end, struct heartbeat_instance *ret_instance)
{
	struct heartbeat_instance instance = { 0 };
	uint8_t size;

	if (end - from < INSTANCE_SIZE)
		return NULL;
	instance.vrid = from[0];
	instance.family = from[1] >> 4;
	instance.state = from[1] & 0xf;
	instance.priority = from[2];
	size = from[3];
	instance.advert_ms = (uint32_t)get(from + 4, 4);
	from += INSTANCE_SIZE;
	if (instance.vrid == 0 || (instance.family != 4 && instance.family != 6) ||
	    instance.state >= KA_STATE_MAX || (size != 0 && size != 4 && size != 16) || end - from < size)
		return NULL;
	if (size == 4) {
		uint32_t addr_be;

		memcpy(&addr_be, from, sizeof(addr_be));
		instance.source = sl_addr_from_v4(addr_be);
	} else if (size == 16) {
		instance.source = sl_addr_from_v6(from);
	}
	*ret_instance = instance;
	return from + size;
}
