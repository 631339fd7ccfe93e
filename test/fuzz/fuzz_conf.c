/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libFuzzer's entry for configuration files: any bytes are a file. Besides
 * what the sanitizers see, it holds the loader to its promises: a
 * configuration comes out exactly if there was no error, faults stand inside
 * the text and are of one printable line, and the same text gives the same
 * answer again.
 *
 *	clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Iinclude -Isrc/base -Isrc/control \
 *		-Isrc/sched test/fuzz/fuzz_conf.c src/control/conf.c src/control/conf_?*.c src/control/tunnel.c \
 *		src/base/addr.c src/base/near.c src/sched/?*.c -o /tmp/fuzz_conf
 *	/tmp/fuzz_conf -dict=test/fuzz/conf.dict -max_len=4096 test/fuzz/corpus/conf
 *
 * The corpus is replayed by the unit test conf_corpus.
 */
#include "conf.h"

#include <stdlib.h>
#include <string.h>

/* No such directory: what the text includes is not there. */
static const char name[] = "/nonexistent/fuzz.conf";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
demand(bool condition)
{
	if (!condition)
		abort();
}

static void
faults_check(const struct conf_faults *faults, const char *text, size_t size)
{
	unsigned int lines = 1, counted[2] = { 0, 0 };

	for (size_t i = 0; i < size; i++)
		lines += text[i] == '\n';
	for (const struct conf_fault *fault = faults->first; fault != NULL; fault = fault->next) {
		counted[fault->severity]++;
		demand(fault->text[0] != '\0' && strlen(fault->text) < 1000);
		for (const char *c = fault->text; *c != '\0'; c++)
			demand((unsigned char)*c >= ' ' && *c != 0x7f);
		if (strcmp(fault->file, name) == 0)
			demand(fault->line <= lines && fault->column <= size + 1);
	}
	demand(counted[CONF_ERROR] <= faults->errors && counted[CONF_WARNING] <= faults->warnings);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf_faults faults = { 0 }, again = { 0 };
	const char *text = (const char *)data;
	struct conf *conf = conf_load_text(name, text, size, false, &faults);

	demand((conf != NULL) == (faults.errors == 0));
	faults_check(&faults, text, size);
	conf_free(conf);

	conf = conf_load_text(name, text, size, true, &again);
	demand((conf != NULL) == (faults.errors == 0 && faults.warnings == faults.here));
	demand(again.errors == faults.errors && again.warnings == faults.warnings &&
	       again.here == faults.here);
	conf_free(conf);
	conf_faults_free(&faults);
	conf_faults_free(&again);
	return 0;
}
