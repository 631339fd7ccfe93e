/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SHA-256 against the examples of FIPS 180-4, HMAC against RFC 4231, and
 * sealed lines: what is refused.
 */
#include "sl_seal.h"
#include "sl_test.h"

#include <stdio.h>
#include <stdlib.h>

/* { text, how often, digest } */
static const struct {
	const char *text;
	unsigned int times;
	const char *digest;
} sha_rows[] = {
	{ "", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ "abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
	  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	{ "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmn"
	  "opqrstnopqrstu",
	  1, "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1" },
	{ "a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
};

static void
fips_180_4(void **state)
{
	for (size_t i = 0; i < SL_COUNT(sha_rows); i++) {
		struct sl_sha256 sha;
		uint8_t digest[SL_SHA256_SIZE];
		char hex[SL_SHA256_HEX + 1];

		sl_sha256_init(&sha);
		for (unsigned int n = 0; n < sha_rows[i].times; n++)
			sl_sha256_add(&sha, sha_rows[i].text, strlen(sha_rows[i].text));
		sl_sha256_end(&sha, digest);
		sl_hex_format(digest, sizeof(digest), hex);
		sl_check_str(sha_rows[i].text, hex, sha_rows[i].digest);
	}
}

/* However a message is cut, its digest is the same: at each length around a block's end. */
static void
pieces(void **state)
{
	uint8_t data[200], whole[SL_SHA256_SIZE], cut[SL_SHA256_SIZE];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	for (size_t size = 50; size < sizeof(data); size++) {
		struct sl_sha256 a, b;

		sl_sha256_init(&a);
		sl_sha256_add(&a, data, size);
		sl_sha256_end(&a, whole);
		sl_sha256_init(&b);
		for (size_t at = 0; at < size; at += 13)
			sl_sha256_add(&b, data + at, size - at < 13 ? size - at : 13);
		sl_sha256_end(&b, cut);
		assert_memory_equal(whole, cut, sizeof(whole));
	}
}

/* { case of RFC 4231, key as hexadecimal or a byte and how often, data likewise, digest } */
static const struct {
	const char *name, *key;
	unsigned int key_times;
	const char *data;
	unsigned int data_times;
	const char *digest;
} hmac_rows[] = {
	{ "1", "0b", 20, "4869205468657265", 1,
	  "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
	{ "2", "4a656665", 1, "7768617420646f2079612077616e7420666f72206e6f7468696e673f", 1,
	  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
	{ "3", "aa", 20, "dd", 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe" },
	{ "4", "0102030405060708090a0b0c0d0e0f10111213141516171819", 1, "cd", 50,
	  "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b" },
	{ "6: a key longer than a block", "aa", 131,
	  "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d2048617368204b657920"
	  "4669727374",
	  1, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
};

static size_t
fill(uint8_t *to, const char *hex, unsigned int times)
{
	size_t size = strlen(hex) / 2;

	for (unsigned int i = 0; i < times; i++)
		sl_check(hex, sl_hex_parse(hex, strlen(hex), to + i * size, size));
	return size * times;
}

static void
rfc_4231(void **state)
{
	for (size_t i = 0; i < SL_COUNT(hmac_rows); i++) {
		uint8_t key[256], data[256], digest[SL_SHA256_SIZE];
		size_t key_size = fill(key, hmac_rows[i].key, hmac_rows[i].key_times);
		size_t data_size = fill(data, hmac_rows[i].data, hmac_rows[i].data_times);
		char hex[SL_SHA256_HEX + 1];

		sl_hmac_sha256(key, key_size, data, data_size, digest);
		sl_hex_format(digest, sizeof(digest), hex);
		sl_check_str(hmac_rows[i].name, hex, hmac_rows[i].digest);
	}
}

/* { text, bytes wanted, taken } */
static const struct {
	const char *text;
	size_t size;
	bool good;
} hex_rows[] = {
	{ "00ffA9", 3, true },    { "", 0, true },        { "00ff", 3, false },
	{ "00ff00ff", 3, false }, { "00fg00", 3, false }, { " 0ff00", 3, false },
};

static void
hexadecimal(void **state)
{
	for (size_t i = 0; i < SL_COUNT(hex_rows); i++) {
		uint8_t data[8];

		sl_check_int(hex_rows[i].text,
			     sl_hex_parse(hex_rows[i].text, strlen(hex_rows[i].text), data, hex_rows[i].size),
			     hex_rows[i].good);
	}
	sl_check("same", sl_same_secret("abc", "abc", 3));
	sl_check("other end", !sl_same_secret("abc", "abd", 3));
	sl_check("other beginning", !sl_same_secret("abc", "bbc", 3));
	sl_check("nothing", sl_same_secret("", "", 0));
}

#define NONCE "000102030405060708090a0b0c0d0e0f"
#define OTHER "100102030405060708090a0b0c0d0e0f"

static void
seals(void **state)
{
	char ask[SL_SEAL_ASK_SIZE], nonce[SL_SEAL_NONCE + 1], seal[SL_SEAL_TELL_SIZE], line[256];

	sl_seal_ask("secret", NONCE, ask);
	sl_check("asked", sl_seal_asked("secret", ask, nonce));
	sl_check_str("nonce", nonce, NONCE);
	sl_check("other secret", !sl_seal_asked("Secret", ask, nonce));
	sl_check("short", !sl_seal_asked("secret", "sluice 00", nonce));
	sl_check("empty", !sl_seal_asked("secret", "", nonce));
	for (size_t i = 0; i < strlen(ask); i++) {
		ask[i] ^= 1;
		sl_check(ask, !sl_seal_asked("secret", ask, nonce));
		ask[i] ^= 1;
	}

	sl_seal_tell("secret", NONCE, "ready cpu:12", seal);
	snprintf(line, sizeof(line), "ready cpu:12%s", seal);
	sl_check("replayed", !sl_seal_told("secret", OTHER, line));
	sl_check("other secret", !sl_seal_told("Secret", NONCE, line));
	for (size_t i = 0; i < strlen(line); i++) {
		line[i] ^= 1;
		sl_check(line, !sl_seal_told("secret", NONCE, line));
		line[i] ^= 1;
	}
	sl_check("told", sl_seal_told("secret", NONCE, line));
	sl_check_str("words", line, "ready cpu:12");
	sl_check("unsigned", !sl_seal_told("secret", NONCE, line));
	/* The question itself is no answer, and an answer no question. */
	sl_check("reflected", !sl_seal_told("secret", NONCE, ask));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fips_180_4),  cmocka_unit_test(pieces), cmocka_unit_test(rfc_4231),
		cmocka_unit_test(hexadecimal), cmocka_unit_test(seals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
