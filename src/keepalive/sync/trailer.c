/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The end of a message between Sluices (sync_trailer.h). Nothing of it is looked at
 * before its signature was found right, but the sizes that say where it is.
 */
#include "sync_trailer.h"

static const uint8_t magic[4] = { 'S', 'L', 'U', 'I' };

enum { TRAILER_VERSION = 1 };

static void
sign(const struct sync_key *key, const uint8_t *bytes, size_t size, uint8_t ret_mac[SL_SHA256_SIZE])
{
	struct sl_hmac_sha256 hmac = key->hmac;

	sl_hmac_sha256_add(&hmac, bytes, size);
	sl_hmac_sha256_end(&hmac, ret_mac);
}

void
sync_key_init(struct sync_key *key, const void *text, size_t size)
{
	key->is_set = size > 0;
	sl_hmac_sha256_init(&key->hmac, text, size);
}

size_t
sync_trailer_room(const struct sync_key *key)
{
	return SYNC_TRAILER_SIZE + (key->is_set ? SL_SHA256_SIZE : 0);
}

size_t
sync_trailer_write(struct sync_wire_out *out, const struct sync_trailer *trailer, const struct sync_key *key)
{
	uint8_t *to = out->bytes + out->size;
	size_t mac_size = key->is_set ? SL_SHA256_SIZE : 0;
	size_t unsigned_size = out->size + SYNC_TRAILER_SIZE + out->extras_size;

	memcpy(to, magic, sizeof(magic));
	to[4] = TRAILER_VERSION;
	to[5] = trailer->flags;
	to[6] = trailer->threads;
	to[7] = trailer->thread;
	sync_put16(to + 8, (uint16_t)out->extras_size);
	sync_put16(to + 10, (uint16_t)mac_size);
	sync_put32(to + 12, 0);
	sync_put64(to + 16, trailer->boot_id);
	sync_put64(to + 24, trailer->echo);
	sync_put64(to + 32, trailer->number);
	sync_put64(to + 40, trailer->count);
	sync_put64(to + 48, trailer->mark);
	memcpy(to + SYNC_TRAILER_SIZE, out->extras, out->extras_size);
	sync_wire_end(out, unsigned_size + mac_size);
	if (key->is_set)
		sign(key, out->bytes, unsigned_size, out->bytes + unsigned_size);
	return unsigned_size + mac_size;
}

enum sync_trailer_result
sync_trailer_read(const struct sync_wire_message *message, const struct sync_key *key,
		  struct sync_trailer *ret_trailer)
{
	const uint8_t *from = message->tail;
	size_t extras_size, mac_size;
	uint8_t mac[SL_SHA256_SIZE];

	if (message->tail_size < sizeof(magic) || memcmp(from, magic, sizeof(magic)) != 0)
		return SYNC_TRAILER_NONE;
	if (message->tail_size < SYNC_TRAILER_SIZE || from[4] != TRAILER_VERSION)
		return SYNC_TRAILER_BAD;
	extras_size = sync_get16(from + 8);
	mac_size = sync_get16(from + 10);
	if ((mac_size != 0 && mac_size != SL_SHA256_SIZE) ||
	    message->tail_size != SYNC_TRAILER_SIZE + extras_size + mac_size)
		return SYNC_TRAILER_BAD;
	if (key->is_set && mac_size != 0) {
		sign(key, message->bytes, message->size - mac_size, mac);
		if (!sl_same_secret(mac, message->bytes + message->size - mac_size, mac_size))
			return SYNC_TRAILER_FORGED;
	}
	*ret_trailer = (struct sync_trailer){
		.flags = from[5],
		.threads = from[6],
		.thread = from[7],
		.boot_id = sync_get64(from + 16),
		.echo = sync_get64(from + 24),
		.number = sync_get64(from + 32),
		.count = sync_get64(from + 40),
		.mark = sync_get64(from + 48),
		.extras = from + SYNC_TRAILER_SIZE,
		.extras_size = extras_size,
	};
	return key->is_set == (mac_size != 0) ? SYNC_TRAILER_GOOD : SYNC_TRAILER_UNSIGNED;
}
