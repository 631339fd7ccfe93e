/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SHA-256 (FIPS 180-4) and HMAC-SHA256 (RFC 2104): to prove over a network
 * that one knows a secret. Small rather than fast; no table depends on what is
 * hashed. Pure functions. Any thread.
 *
 *	sl_hmac_sha256(key, key_size, text, text_size, digest);
 *	if (!sl_same_secret(digest, received, sizeof(digest)))
 *		...refuse...
 */
#ifndef SL_SHA256_H
#define SL_SHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SL_SHA256_SIZE = 32, SL_SHA256_BLOCK = 64, SL_SHA256_HEX = 2 * SL_SHA256_SIZE };

struct sl_sha256 {
	uint32_t state[8];
	uint64_t size; /* so far, in bytes */
	uint8_t block[SL_SHA256_BLOCK];
};

void sl_sha256_init(struct sl_sha256 *sha);
void sl_sha256_add(struct sl_sha256 *sha, const void *data, size_t size);
/* `sha` is used up, and wiped. */
void sl_sha256_end(struct sl_sha256 *sha, uint8_t ret_digest[SL_SHA256_SIZE]);

struct sl_hmac_sha256 {
	struct sl_sha256 inner, outer;
};

void sl_hmac_sha256_init(struct sl_hmac_sha256 *hmac, const void *key, size_t key_size);
void sl_hmac_sha256_add(struct sl_hmac_sha256 *hmac, const void *data, size_t size);
void sl_hmac_sha256_end(struct sl_hmac_sha256 *hmac, uint8_t ret_digest[SL_SHA256_SIZE]);

/* All in one. */
void sl_hmac_sha256(const void *key, size_t key_size, const void *data, size_t size,
		    uint8_t ret_digest[SL_SHA256_SIZE]);

/* Takes as long where they differ early as where they are the same. */
bool sl_same_secret(const void *a, const void *b, size_t size);

/* 2 * size small letters and a zero. */
void sl_hex_format(const uint8_t *data, size_t size, char *ret_text);
/* Exactly 2 * size digits of either case; false for anything else. */
bool sl_hex_parse(const char *text, size_t text_size, uint8_t *ret_data, size_t size);

#endif
