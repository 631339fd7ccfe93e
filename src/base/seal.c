/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Questions and answers by a shared secret (sl_seal.h).
 */
#include "sl_seal.h"

#include <stdio.h>
#include <string.h>

static const char ask_word[] = "sluice ", tell_word[] = " sig:";

static void
mac(const char *secret, const char *label, const char *nonce, const char *words,
    uint8_t ret_digest[SL_SHA256_SIZE])
{
	struct sl_hmac_sha256 hmac;

	sl_hmac_sha256_init(&hmac, secret, strlen(secret));
	sl_hmac_sha256_add(&hmac, label, strlen(label));
	sl_hmac_sha256_add(&hmac, nonce, SL_SEAL_NONCE);
	sl_hmac_sha256_add(&hmac, words, strlen(words));
	sl_hmac_sha256_end(&hmac, ret_digest);
}

void
sl_seal_ask(const char *secret, const char nonce[SL_SEAL_NONCE + 1], char ret_line[SL_SEAL_ASK_SIZE])
{
	uint8_t digest[SL_SHA256_SIZE];
	char hex[SL_SHA256_HEX + 1];

	mac(secret, "ask ", nonce, "", digest);
	sl_hex_format(digest, sizeof(digest), hex);
	snprintf(ret_line, SL_SEAL_ASK_SIZE, "%s%s %s", ask_word, nonce, hex);
}

bool
sl_seal_asked(const char *secret, const char *line, char ret_nonce[SL_SEAL_NONCE + 1])
{
	const char *nonce = line + strlen(ask_word), *hex = nonce + SL_SEAL_NONCE + 1;
	uint8_t digest[SL_SHA256_SIZE], said[SL_SHA256_SIZE], bytes[SL_SEAL_NONCE / 2];

	if (strlen(line) != SL_SEAL_ASK_SIZE - 1 || strncmp(line, ask_word, strlen(ask_word)) != 0 ||
	    !sl_hex_parse(nonce, SL_SEAL_NONCE, bytes, sizeof(bytes)) || nonce[SL_SEAL_NONCE] != ' ' ||
	    !sl_hex_parse(hex, SL_SHA256_HEX, said, sizeof(said)))
		return false;
	mac(secret, "ask ", nonce, "", digest);
	if (!sl_same_secret(digest, said, sizeof(digest)))
		return false;
	memcpy(ret_nonce, nonce, SL_SEAL_NONCE);
	ret_nonce[SL_SEAL_NONCE] = '\0';
	return true;
}

void
sl_seal_tell(const char *secret, const char *nonce, const char *words, char ret_seal[SL_SEAL_TELL_SIZE])
{
	uint8_t digest[SL_SHA256_SIZE];
	char hex[SL_SHA256_HEX + 1];

	mac(secret, "tell ", nonce, words, digest);
	sl_hex_format(digest, sizeof(digest), hex);
	snprintf(ret_seal, SL_SEAL_TELL_SIZE, "%s%s", tell_word, hex);
}

bool
sl_seal_told(const char *secret, const char *nonce, char *line)
{
	size_t size = strlen(line), seal_size = SL_SEAL_TELL_SIZE - 1;
	uint8_t digest[SL_SHA256_SIZE], said[SL_SHA256_SIZE];
	char *seal;

	if (size < seal_size)
		return false;
	seal = line + size - seal_size;
	if (strncmp(seal, tell_word, strlen(tell_word)) != 0 ||
	    !sl_hex_parse(seal + strlen(tell_word), SL_SHA256_HEX, said, sizeof(said)))
		return false;
	*seal = '\0';
	mac(secret, "tell ", nonce, line, digest);
	if (sl_same_secret(digest, said, sizeof(digest)))
		return true;
	*seal = tell_word[0];
	return false;
}
