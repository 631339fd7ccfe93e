/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libFuzzer's entry for agents' answers: any bytes are a line. It holds the
 * parser to its promises: numbers are within their bounds, only the first line
 * counts, and what is known was said by somebody; and no bytes are taken for
 * signed.
 *
 *	clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Iinclude -Isrc/base -Isrc/control \
 *		-Isrc/control/health test/fuzz/fuzz_agent.c src/control/health/agent_answer.c \
 *		src/base/seal.c src/base/sha256.c -o /tmp/fuzz_agent
 *	/tmp/fuzz_agent -max_len=1024 test/fuzz/corpus/agent
 *
 * The corpus is replayed by the unit test agent_corpus.
 */
#include "agent_answer.h"
#include "sl_seal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
demand(bool condition)
{
	if (!condition)
		abort();
}

static void
line_check(const char *line, size_t size)
{
	const char *end = memchr(line, '\n', size);
	struct agent_answer answer, first;
	struct agent_says says = AGENT_SAYS_NOTHING;

	agent_answer_parse(line, size, "queue", &answer);
	agent_answer_parse(line, end != NULL ? (size_t)(end - line) : size, "queue", &first);
	demand(answer.known == first.known && answer.unknown == first.unknown &&
	       answer.percent == first.percent && answer.maxconn == first.maxconn);
	demand(answer.known + answer.unknown <= size);
	demand(answer.admin >= AGENT_READY && answer.admin <= AGENT_MAINT);
	demand(answer.percent >= 0 && answer.percent <= 25600);
	demand(answer.maxconn <= 999999999);
	for (int kind = 0; kind < CONF_LOAD_MAX; kind++) {
		demand(isfinite(answer.load[kind]) && answer.load[kind] >= 0 && answer.load[kind] <= 1e6);
		demand(!answer.has_load[kind] || answer.known > 0);
	}
	agent_answer_apply(&answer, &says);
	demand(says.down == answer.down && (says.percent == -1 || answer.says_percent));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char nonce[] = "000102030405060708090a0b0c0d0e0f";
	char text[1025], asked[SL_SEAL_NONCE + 1];

	if (size >= sizeof(text))
		size = sizeof(text) - 1;
	line_check((const char *)data, size);
	memcpy(text, data, size);
	text[size] = '\0';
	demand(!sl_seal_told("never said", nonce, text));
	demand(!sl_seal_asked("never said", text, asked));
	return 0;
}
