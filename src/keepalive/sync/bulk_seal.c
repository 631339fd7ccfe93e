/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The first bytes of a bulk resynchronisation's connection (sync_link.h). Both nonces
 * are in the request's signature and in the stream's key, so neither a recorded request nor a recorded stream is
 * good for another connection.
 */
#include "sync_link.h"

#include <sys/random.h>

enum { AT_FLAGS = 8, AT_SERVER_NONCE = 16, AT_BOOT = 8, AT_CLIENT_NONCE = 16, AT_MAC = 56, FLAG_SIGNED = 1 };

/* Lengths as well: the zero counts. */
static const char magic[8] = "SLBULK1", ask_words[] = "sluice bulk ask",
		  stream_words[] = "sluice bulk stream";

static void request_sign(const struct sync_key *key, unsigned int thread, const uint8_t *server_nonce,
			 const uint8_t request[SYNC_BULK_REQUEST], uint8_t ret_mac[SL_SHA256_SIZE]);
static void stream_key(const struct sync_key *key, const uint8_t *server_nonce, const uint8_t *client_nonce,
		       struct sync_key *ret_stream);

void
sync_seal_greeting(const struct sync_key *key, const uint8_t nonce[SYNC_NONCE],
		   uint8_t ret_greeting[SYNC_BULK_GREETING])
{
	memset(ret_greeting, 0, SYNC_BULK_GREETING);
	memcpy(ret_greeting, magic, sizeof(magic));
	ret_greeting[AT_FLAGS] = key->is_set ? FLAG_SIGNED : 0;
	memcpy(ret_greeting + AT_SERVER_NONCE, nonce, SYNC_NONCE);
}

bool
sync_seal_greeted(const uint8_t greeting[SYNC_BULK_GREETING], bool *ret_signed)
{
	*ret_signed = (greeting[AT_FLAGS] & FLAG_SIGNED) != 0;
	return memcmp(greeting, magic, sizeof(magic)) == 0;
}

void
sync_seal_request(const struct sync_key *key, unsigned int thread, uint64_t boot_id,
		  const uint8_t greeting[SYNC_BULK_GREETING], const uint8_t nonce[SYNC_NONCE],
		  uint8_t ret_request[SYNC_BULK_REQUEST], struct sync_key *ret_stream)
{
	memset(ret_request, 0, SYNC_BULK_REQUEST);
	memcpy(ret_request, magic, sizeof(magic));
	sync_put64(ret_request + AT_BOOT, boot_id);
	memcpy(ret_request + AT_CLIENT_NONCE, nonce, SYNC_NONCE);
	if (key->is_set)
		request_sign(key, thread, greeting + AT_SERVER_NONCE, ret_request, ret_request + AT_MAC);
	stream_key(key, greeting + AT_SERVER_NONCE, nonce, ret_stream);
}

bool
sync_seal_requested(const struct sync_key *key, unsigned int thread, const uint8_t nonce[SYNC_NONCE],
		    const uint8_t request[SYNC_BULK_REQUEST], struct sync_key *ret_stream)
{
	uint8_t mac[SL_SHA256_SIZE];

	if (memcmp(request, magic, sizeof(magic)) != 0)
		return false;
	if (key->is_set) {
		request_sign(key, thread, nonce, request, mac);
		if (!sl_same_secret(mac, request + AT_MAC, sizeof(mac)))
			return false;
	}
	stream_key(key, nonce, request + AT_CLIENT_NONCE, ret_stream);
	return true;
}

bool
sync_seal_nonce(uint8_t ret_nonce[SYNC_NONCE])
{
	return getrandom(ret_nonce, SYNC_NONCE, GRND_NONBLOCK) == SYNC_NONCE;
}

static void
request_sign(const struct sync_key *key, unsigned int thread, const uint8_t *server_nonce,
	     const uint8_t request[SYNC_BULK_REQUEST], uint8_t ret_mac[SL_SHA256_SIZE])
{
	struct sl_hmac_sha256 hmac = key->hmac;
	uint8_t number = (uint8_t)thread;

	sl_hmac_sha256_add(&hmac, ask_words, sizeof(ask_words));
	sl_hmac_sha256_add(&hmac, &number, sizeof(number));
	sl_hmac_sha256_add(&hmac, server_nonce, SYNC_NONCE);
	sl_hmac_sha256_add(&hmac, request, AT_MAC);
	sl_hmac_sha256_end(&hmac, ret_mac);
}

static void
stream_key(const struct sync_key *key, const uint8_t *server_nonce, const uint8_t *client_nonce,
	   struct sync_key *ret_stream)
{
	struct sl_hmac_sha256 hmac = key->hmac;
	uint8_t secret[SL_SHA256_SIZE];

	sl_hmac_sha256_add(&hmac, stream_words, sizeof(stream_words));
	sl_hmac_sha256_add(&hmac, server_nonce, SYNC_NONCE);
	sl_hmac_sha256_add(&hmac, client_nonce, SYNC_NONCE);
	sl_hmac_sha256_end(&hmac, secret);
	sync_key_init(ret_stream, secret, key->is_set ? sizeof(secret) : 0);
}
