/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A question and an answer of a line each, between two who share a secret, so
 * that neither takes a stranger's word, nor one that was said before:
 *
 *	sluice NONCE MAC            the question; MAC = HMAC(secret, "ask " NONCE)
 *	WORDS sig:MAC               the answer;   MAC = HMAC(secret, "tell " NONCE WORDS)
 *
 * NONCE is 32 hexadecimal digits that the asker has never used before, MAC 64,
 * by HMAC-SHA256. Nothing is hidden: who listens reads the words. Sluice asks,
 * sluice-agent answers (doc/feedback.md). Pure functions. Any thread.
 */
#ifndef SL_SEAL_H
#define SL_SEAL_H

#include "sl_sha256.h"

enum {
	SL_SEAL_NONCE = 32,
	SL_SEAL_ASK_SIZE = sizeof("sluice ") + SL_SEAL_NONCE + 1 + SL_SHA256_HEX, /* with the zero */
	SL_SEAL_TELL_SIZE = sizeof(" sig:") + SL_SHA256_HEX,                      /* with the zero */
};

/* The question's line, without its end. `nonce` is text. */
void sl_seal_ask(const char *secret, const char nonce[SL_SEAL_NONCE + 1], char ret_line[SL_SEAL_ASK_SIZE]);
/* Whether a line, without its end, is a question by somebody who knows the secret. */
bool sl_seal_asked(const char *secret, const char *line, char ret_nonce[SL_SEAL_NONCE + 1]);

/* What is to be added to an answer's words. */
void sl_seal_tell(const char *secret, const char *nonce, const char *words, char ret_seal[SL_SEAL_TELL_SIZE]);
/* Cuts the seal off an answer; false, and nothing is changed, if there is none, or it is not of this question. */
bool sl_seal_told(const char *secret, const char *nonce, char *line);

#endif
