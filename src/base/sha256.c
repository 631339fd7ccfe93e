/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SHA-256, HMAC and hexadecimal text (sl_sha256.h). The compression function
 * follows FIPS 180-4, section 6.2.2, with its message schedule kept as a ring
 * of sixteen words. What a secret passed through is wiped before it is left.
 */
#include "sl_sha256.h"

#include <string.h>

static const uint32_t initial_state[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
					   0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };

static const uint32_t round_constants[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static void compress(uint32_t state[8], const uint8_t block[SL_SHA256_BLOCK]);

void
sl_sha256_init(struct sl_sha256 *sha)
{
	memcpy(sha->state, initial_state, sizeof(sha->state));
	sha->size = 0;
}

void
sl_sha256_add(struct sl_sha256 *sha, const void *data, size_t size)
{
	const uint8_t *from = data;

	while (size > 0) {
		size_t used = sha->size % SL_SHA256_BLOCK, part = SL_SHA256_BLOCK - used;

		if (part > size)
			part = size;
		memcpy(sha->block + used, from, part);
		sha->size += part;
		from += part;
		size -= part;
		if (used + part == SL_SHA256_BLOCK)
			compress(sha->state, sha->block);
	}
}

void
sl_sha256_end(struct sl_sha256 *sha, uint8_t ret_digest[SL_SHA256_SIZE])
{
	static const uint8_t padding[SL_SHA256_BLOCK] = { 0x80 };
	uint64_t bits = sha->size * 8;
	size_t used = sha->size % SL_SHA256_BLOCK;
	uint8_t length[8];

	for (int i = 0; i < 8; i++)
		length[i] = (uint8_t)(bits >> (56 - 8 * i));
	sl_sha256_add(sha, padding, used < 56 ? 56 - used : 120 - used);
	sl_sha256_add(sha, length, sizeof(length));
	for (int i = 0; i < SL_SHA256_SIZE; i++)
		ret_digest[i] = (uint8_t)(sha->state[i / 4] >> (24 - 8 * (i % 4)));
	explicit_bzero(sha, sizeof(*sha));
}

void
sl_hmac_sha256_init(struct sl_hmac_sha256 *hmac, const void *key, size_t key_size)
{
	uint8_t block[SL_SHA256_BLOCK] = { 0 };

	if (key_size > sizeof(block)) {
		sl_sha256_init(&hmac->inner);
		sl_sha256_add(&hmac->inner, key, key_size);
		sl_sha256_end(&hmac->inner, block);
	} else if (key_size > 0) {
		memcpy(block, key, key_size);
	}
	for (size_t i = 0; i < sizeof(block); i++)
		block[i] ^= 0x36;
	sl_sha256_init(&hmac->inner);
	sl_sha256_add(&hmac->inner, block, sizeof(block));
	for (size_t i = 0; i < sizeof(block); i++)
		block[i] ^= 0x36 ^ 0x5c;
	sl_sha256_init(&hmac->outer);
	sl_sha256_add(&hmac->outer, block, sizeof(block));
	explicit_bzero(block, sizeof(block));
}

void
sl_hmac_sha256_add(struct sl_hmac_sha256 *hmac, const void *data, size_t size)
{
	sl_sha256_add(&hmac->inner, data, size);
}

void
sl_hmac_sha256_end(struct sl_hmac_sha256 *hmac, uint8_t ret_digest[SL_SHA256_SIZE])
{
	uint8_t inner[SL_SHA256_SIZE];

	sl_sha256_end(&hmac->inner, inner);
	sl_sha256_add(&hmac->outer, inner, sizeof(inner));
	sl_sha256_end(&hmac->outer, ret_digest);
	explicit_bzero(inner, sizeof(inner));
}

void
sl_hmac_sha256(const void *key, size_t key_size, const void *data, size_t size,
	       uint8_t ret_digest[SL_SHA256_SIZE])
{
	struct sl_hmac_sha256 hmac;

	sl_hmac_sha256_init(&hmac, key, key_size);
	sl_hmac_sha256_add(&hmac, data, size);
	sl_hmac_sha256_end(&hmac, ret_digest);
}

bool
sl_same_secret(const void *a, const void *b, size_t size)
{
	const volatile uint8_t *x = a, *y = b;
	uint8_t differs = 0;

	for (size_t i = 0; i < size; i++)
		differs |= x[i] ^ y[i];
	return differs == 0;
}

void
sl_hex_format(const uint8_t *data, size_t size, char *ret_text)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < size; i++) {
		*ret_text++ = digits[data[i] >> 4];
		*ret_text++ = digits[data[i] & 15];
	}
	*ret_text = '\0';
}

static int
digit_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	if (digit >= 'A' && digit <= 'F')
		return digit - 'A' + 10;
	return -1;
}

bool
sl_hex_parse(const char *text, size_t text_size, uint8_t *ret_data, size_t size)
{
	if (text_size != 2 * size)
		return false;
	for (size_t i = 0; i < text_size; i++)
		if (digit_value(text[i]) < 0)
			return false;
	for (size_t i = 0; i < size; i++)
		ret_data[i] = (uint8_t)(digit_value(text[2 * i]) << 4 | digit_value(text[2 * i + 1]));
	return true;
}

static inline uint32_t
rotate(uint32_t word, unsigned int bits)
{
	return word >> bits | word << (32 - bits);
}

static inline uint32_t
word_at(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* Word t of the message schedule. */
static inline uint32_t
schedule(uint32_t ring[16], const uint8_t block[SL_SHA256_BLOCK], unsigned int t)
{
	uint32_t w15 = ring[(t - 15) % 16], w2 = ring[(t - 2) % 16];

	if (t < 16)
		ring[t] = word_at(block + (size_t)4 * t);
	else
		ring[t % 16] += ring[(t - 7) % 16] + (rotate(w15, 7) ^ rotate(w15, 18) ^ w15 >> 3) +
				(rotate(w2, 17) ^ rotate(w2, 19) ^ w2 >> 10);
	return ring[t % 16];
}

/* Instead of moving the eight variables on, each round has them by their next names. */
#define ROUND(t, a, b, c, d, e, f, g, h)                                                                     \
	do {                                                                                                 \
		v[h] += (rotate(v[e], 6) ^ rotate(v[e], 11) ^ rotate(v[e], 25)) +                            \
			((v[e] & v[f]) ^ (~v[e] & v[g])) + round_constants[t] + schedule(ring, block, t);    \
		v[d] += v[h];                                                                                \
		v[h] += (rotate(v[a], 2) ^ rotate(v[a], 13) ^ rotate(v[a], 22)) +                            \
			((v[a] & v[b]) ^ (v[a] & v[c]) ^ (v[b] & v[c]));                                     \
	} while (0)

static void
compress(uint32_t state[8], const uint8_t block[SL_SHA256_BLOCK])
{
	uint32_t ring[16] = { 0 }, v[8];

	memcpy(v, state, sizeof(v));
	for (unsigned int t = 0; t < 64; t += 8) {
		ROUND(t, 0, 1, 2, 3, 4, 5, 6, 7);
		ROUND(t + 1, 7, 0, 1, 2, 3, 4, 5, 6);
		ROUND(t + 2, 6, 7, 0, 1, 2, 3, 4, 5);
		ROUND(t + 3, 5, 6, 7, 0, 1, 2, 3, 4);
		ROUND(t + 4, 4, 5, 6, 7, 0, 1, 2, 3);
		ROUND(t + 5, 3, 4, 5, 6, 7, 0, 1, 2);
		ROUND(t + 6, 2, 3, 4, 5, 6, 7, 0, 1);
		ROUND(t + 7, 1, 2, 3, 4, 5, 6, 7, 0);
	}
	for (int i = 0; i < 8; i++)
		state[i] += v[i];
	explicit_bzero(ring, sizeof(ring));
	explicit_bzero(v, sizeof(v));
}
