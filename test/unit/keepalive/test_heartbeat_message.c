/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Heartbeat messages: said and read they are the same, at every size; and the
 * ways in which bytes are none.
 */
#include "message.h"
#include "sl_test.h"

#include "sl_sha256.h"

#include <endian.h>
#include <stdio.h>

static const char key[] = "secret";

static void
message_fill(struct heartbeat_message *message, struct heartbeat_proof *proof, unsigned int instances,
	     unsigned int echoes)
{
	static const struct heartbeat_message no_message;
	static const struct heartbeat_proof no_proof;

	*message = no_message;
	*proof = no_proof;
	strcpy(message->router_id, "lb1");
	message->boot_id = 0x1122334455667788;
	message->in_sync = true;
	message->instance_count = instances;
	for (unsigned int i = 0; i < instances; i++) {
		struct heartbeat_instance *instance = &message->instances[i];
		static const uint8_t v6[16] = { 0xfe, 0x80, [15] = 1 };

		instance->vrid = (uint8_t)(i + 1);
		instance->family = i % 2 ? 6 : 4;
		instance->state = (uint8_t)(i % KA_STATE_MAX);
		instance->priority = (uint8_t)(255 - i);
		instance->advert_ms = 100 + i;
		if (i % 3 == 1)
			instance->source = sl_addr_from_v6(v6);
		if (i % 3 == 2)
			instance->source = sl_addr_from_v4(htobe32(0xc0000201));
	}
	proof->number = 1234567890123;
	proof->echo_count = echoes;
	for (unsigned int i = 0; i < echoes; i++)
		proof->echoes[i] = (struct heartbeat_echo){ .boot_id = i + 1, .number = UINT64_MAX - i };
}

/* { name, instances, echoes } */
static const struct {
	const char *name;
	unsigned int instances, echoes;
} size_rows[] = {
	{ "nothing to say", 0, 0 }, { "one instance", 1, 1 },    { "both families", 2, 2 },
	{ "every source", 6, 1 },   { "all instances", 255, 0 }, { "all of it", 255, HEARTBEAT_ECHOES_MAX },
};

static void
there_and_back(void **state)
{
	static struct heartbeat_message message, read;
	static uint8_t data[HEARTBEAT_SIZE_MAX];

	for (size_t i = 0; i < SL_COUNT(size_rows); i++) {
		struct heartbeat_proof proof, read_proof;
		size_t size;

		message_fill(&message, &proof, size_rows[i].instances, size_rows[i].echoes);
		memset(data, 0xee, sizeof(data));
		size = heartbeat_message_format(&message, &proof, KA_HEARTBEAT_UDP, key, data);
		sl_check(size_rows[i].name, size <= HEARTBEAT_SIZE_MAX);
		sl_check_int(size_rows[i].name,
			     heartbeat_message_parse(data, size, KA_HEARTBEAT_UDP, key, &read, &read_proof),
			     HEARTBEAT_GOOD);
		assert_memory_equal(&message, &read, sizeof(message));
		assert_memory_equal(&proof, &read_proof, sizeof(proof));
	}
}

/* Every bit counts, and every byte. */
static void
forged(void **state)
{
	static struct heartbeat_message message;
	uint8_t data[HEARTBEAT_SIZE_MAX];
	struct heartbeat_proof proof;
	size_t size;

	message_fill(&message, &proof, 3, 1);
	size = heartbeat_message_format(&message, &proof, KA_HEARTBEAT_SERIAL, key, data);
	for (size_t i = 0; i < size * 8; i++) {
		data[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_int_not_equal(
			heartbeat_message_parse(data, size, KA_HEARTBEAT_SERIAL, key, &message, &proof),
			HEARTBEAT_GOOD);
		data[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	for (size_t cut = 0; cut < size; cut++)
		assert_int_not_equal(
			heartbeat_message_parse(data, cut, KA_HEARTBEAT_SERIAL, key, &message, &proof),
			HEARTBEAT_GOOD);
	sl_check_int("other key",
		     heartbeat_message_parse(data, size, KA_HEARTBEAT_SERIAL, "Secret", &message, &proof),
		     HEARTBEAT_BAD_AUTH);
	sl_check_int("recorded on another kind of channel",
		     heartbeat_message_parse(data, size, KA_HEARTBEAT_UDP, key, &message, &proof),
		     HEARTBEAT_BAD_AUTH);
	sl_check_int("as it was",
		     heartbeat_message_parse(data, size, KA_HEARTBEAT_SERIAL, key, &message, &proof),
		     HEARTBEAT_GOOD);
}

/* { name, where, what, the first is cut by so much, result }: bytes of a message with one instance and one echo, signed as they are */
static const struct {
	const char *name;
	size_t at;
	uint8_t value;
	size_t cut;
	enum heartbeat_fault fault;
} value_rows[] = {
	{ "as it was", 8, 1, 0, HEARTBEAT_GOOD },
	{ "other protocol", 0, 'X', 0, HEARTBEAT_BAD_FRAME },
	{ "later version", 4, 2, 0, HEARTBEAT_VERSION_OTHER },
	{ "unknown flags are for later", 5, 0xff, 0, HEARTBEAT_GOOD },
	{ "name longer than there is room for", 6, 64, 0, HEARTBEAT_BAD_FRAME },
	{ "name beyond the end", 6, 63, 0, HEARTBEAT_BAD_FRAME },
	{ "too many echoes", 7, 9, 0, HEARTBEAT_BAD_FRAME },
	{ "echoes beyond the end", 7, 8, 0, HEARTBEAT_BAD_FRAME },
	{ "more instances than there are", 8, 2, 0, HEARTBEAT_BAD_FRAME },
	{ "fewer instances than there are", 8, 0, 0, HEARTBEAT_BAD_FRAME },
	{ "vrid 0", 47, 0, 0, HEARTBEAT_BAD_FRAME },
	{ "family 5", 48, 0x52, 0, HEARTBEAT_BAD_FRAME },
	{ "no such state", 48, 0x4f, 0, HEARTBEAT_BAD_FRAME },
	{ "source of 5 bytes", 50, 5, 0, HEARTBEAT_BAD_FRAME },
	{ "source beyond the end", 50, 16, 0, HEARTBEAT_BAD_FRAME },
	{ "cut in the instance", 8, 1, 3, HEARTBEAT_BAD_FRAME },
	{ "cut in the header", 8, 1, 40, HEARTBEAT_BAD_FRAME },
};

static void
bad_values(void **state)
{
	static struct heartbeat_message message;

	for (size_t i = 0; i < SL_COUNT(value_rows); i++) {
		uint8_t data[HEARTBEAT_SIZE_MAX];
		struct heartbeat_proof proof;
		struct sl_hmac_sha256 hmac;
		size_t size;

		message_fill(&message, &proof, 1, 1);
		size = heartbeat_message_format(&message, &proof, KA_HEARTBEAT_UDP, key, data) -
		       HEARTBEAT_MAC_SIZE - value_rows[i].cut;
		data[value_rows[i].at] = value_rows[i].value;
		sl_hmac_sha256_init(&hmac, key, strlen(key));
		sl_hmac_sha256_add(&hmac, "sluice heartbeat udp\n", strlen("sluice heartbeat udp\n"));
		sl_hmac_sha256_add(&hmac, data, size);
		sl_hmac_sha256_end(&hmac, data + size);
		sl_check_int(value_rows[i].name,
			     heartbeat_message_parse(data, size + HEARTBEAT_MAC_SIZE, KA_HEARTBEAT_UDP, key,
						     &message, &proof),
			     value_rows[i].fault);
	}
}

/* A name goes to the log and to terminals. */
static void
names_are_text(void **state)
{
	static struct heartbeat_message message;
	uint8_t data[HEARTBEAT_SIZE_MAX];
	struct heartbeat_proof proof;
	size_t size;

	message_fill(&message, &proof, 0, 0);
	strcpy(message.router_id, "a\x1b[2J\xff\n");
	size = heartbeat_message_format(&message, &proof, KA_HEARTBEAT_UDP, key, data);
	assert_int_equal(heartbeat_message_parse(data, size, KA_HEARTBEAT_UDP, key, &message, &proof),
			 HEARTBEAT_GOOD);
	assert_string_equal(message.router_id, "a?[2J??");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(forged),
		cmocka_unit_test(bad_values),
		cmocka_unit_test(names_are_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
