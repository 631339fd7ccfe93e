/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Replays the corpus of a fuzzer (test/fuzz): inputs that took the code
 * somewhere new, and every one that ever made it fail. The fuzzer's entry
 * aborts when a promise is broken.
 */
#include "sl_test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
corpus(void **state)
{
	static uint8_t data[1 << 20];
	DIR *folder = opendir(CORPUS);
	unsigned int count = 0;

	assert_non_null(folder);
	for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
		char path[1024];
		FILE *stream;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", CORPUS, entry->d_name);
		stream = fopen(path, "rb");
		sl_check(path, stream != NULL);
		assert_int_equal(LLVMFuzzerTestOneInput(data, fread(data, 1, sizeof(data), stream)), 0);
		fclose(stream);
		count++;
	}
	closedir(folder);
	assert_true(count > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(corpus) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
