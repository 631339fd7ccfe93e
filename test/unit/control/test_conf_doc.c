/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The reference and the manual page say what the program does: they have every
 * supported keyword, the list of keywords without effect is the program's, and
 * the examples load without a warning of their own, as the pair of
 * doc/high-availability.md does.
 *
 * With the argument --write it brings that list in doc/configuration.md up to
 * date.
 */
#include "conf_keywords.h"
#include "sl_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char begin[] = "<!-- begin of what conf_doc writes -->\n";
static const char end[] = "<!-- end of what conf_doc writes -->\n";

static char *
file_read(const char *path)
{
	FILE *stream = fopen(path, "r");
	char *text = calloc(1, 1 << 20);

	sl_check(path, stream != NULL);
	assert_non_null(text);
	sl_check(path, fread(text, 1, (1 << 20) - 1, stream) > 0);
	fclose(stream);
	return text;
}

/* Is it the first of its kind in the block that has this reason? */
static bool
reason_is_new(const struct conf_keyword *first, const struct conf_keyword *keyword)
{
	for (; first != keyword; first++) {
		if (first->kind == keyword->kind && strcmp(first->text, keyword->text) == 0)
			return false;
	}
	return true;
}

/* The list, as Markdown: a table a block, a row a reason. */
static char *
list_make(void)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);
	const struct conf_block *block;

	for (unsigned int i = 0; (block = conf_block_at(i)) != NULL; i++) {
		bool titled = false;

		for (const struct conf_keyword *keyword = block->keywords; keyword->name != NULL; keyword++) {
			if (keyword->kind == CONF_SUPPORTED || !reason_is_new(block->keywords, keyword))
				continue;
			if (!titled)
				fprintf(stream, "\n### %c%s\n\n| keyword | reason |\n|---|---|\n",
					block->name[0] - 32, block->name + 1);
			titled = true;
			fprintf(stream, "| `%s`", keyword->name);
			for (const struct conf_keyword *other = keyword + 1; other->name != NULL; other++) {
				if (other->kind == keyword->kind && strcmp(other->text, keyword->text) == 0)
					fprintf(stream, ", `%s`", other->name);
			}
			fprintf(stream, " | %s%s |\n", keyword->kind == CONF_REFUSED ? "an error: " : "",
				keyword->text);
		}
	}
	fputc('\n', stream);
	fclose(stream);
	return text;
}

static void
list_of_what_has_no_effect(void **state)
{
	char *text = file_read(CONF_DOC "/configuration.md"), *want = list_make();
	char *from = strstr(text, begin), *to = strstr(text, end);

	assert_non_null(from);
	assert_non_null(to);
	*to = '\0';
	if (strcmp(from + sizeof(begin) - 1, want) != 0)
		fail_msg("doc/configuration.md is not up to date: run this test with --write");
	free(text);
	free(want);
}

static void
supported_keywords(void **state)
{
	static const char *const pages[] = { CONF_DOC "/configuration.md", CONF_DOC "/man/sluice.conf.5" };

	for (size_t page = 0; page < SL_COUNT(pages); page++) {
		char *text = file_read(pages[page]);
		const struct conf_block *block;

		for (unsigned int i = 0; (block = conf_block_at(i)) != NULL; i++) {
			for (const struct conf_keyword *keyword = block->keywords; keyword->name != NULL;
			     keyword++) {
				char marked[128];

				if (keyword->kind != CONF_SUPPORTED)
					continue;
				snprintf(marked, sizeof(marked), page == 0 ? "`%s" : "Ic %s", keyword->name);
				if (strstr(text, marked) == NULL)
					fail_msg("%s does not have %s (%s)", pages[page], keyword->name,
						 block->name);
			}
		}
		free(text);
	}
}

static void
examples(void **state)
{
	char *text = file_read(CONF_DOC "/configuration.md");
	unsigned int count = 0;

	for (char *from = text; (from = strstr(from, "\n```conf\n")) != NULL; count++) {
		struct conf_faults faults = { 0 };
		char *to = strstr(from + 9, "\n```\n");

		assert_non_null(to);

		struct conf *conf =
			conf_load_text("example", from + 9, (size_t)(to + 1 - (from + 9)), true, &faults);

		conf_faults_print(&faults, stderr);
		assert_non_null(conf);
		conf_free(conf);
		conf_faults_free(&faults);
		from = to;
	}
	assert_true(count >= 3);
	free(text);
}

/* The pair of doc/high-availability.md, which is indented, with a key that is there. */
static void
pair_example(void **state)
{
	static const char key_file[] = "/etc/sluice/heartbeat.key";
	char *text = file_read(CONF_DOC "/high-availability.md"), path[] = "/tmp/test-conf-doc-XXXXXX";
	char *from = strstr(text, "\n    global_defs {\n"), *to = strstr(text, "\nA key: "),
	     *conf_text = NULL;
	struct conf_faults faults = { 0 };
	struct conf *conf;
	size_t size;
	FILE *stream = open_memstream(&conf_text, &size);
	int fd = mkstemp(path);

	assert_true(from != NULL && to != NULL && from < to && fd >= 0);
	assert_true(write(fd, "a key of this test\n", 19) == 19);
	close(fd);
	*to = '\0';
	for (char *line = strtok(from, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		char *key = strstr(line, key_file);

		if (key != NULL)
			fprintf(stream, "%.*s%s\n", (int)(key - line), line, path);
		else
			fprintf(stream, "%s\n", line);
	}
	fclose(stream);
	conf = conf_load_text("high-availability.md", conf_text, size, true, &faults);
	unlink(path);
	conf_faults_print(&faults, stderr);
	assert_non_null(conf);
	assert_int_equal(conf->ka.instance_count, 1);
	assert_int_equal(conf->ka.heartbeat_count, 1);
	conf_free(conf);
	conf_faults_free(&faults);
	free(conf_text);
	free(text);
}

static int
list_write(void)
{
	char *text = file_read(CONF_DOC "/configuration.md"), *list = list_make();
	char *from = strstr(text, begin), *to = strstr(text, end);
	FILE *stream = from == NULL || to == NULL ? NULL : fopen(CONF_DOC "/configuration.md", "w");

	if (stream == NULL)
		return 1;
	fprintf(stream, "%.*s%s%s%s", (int)(from - text), text, begin, list, to);
	free(text);
	free(list);
	return fclose(stream) == 0 ? 0 : 1;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(list_of_what_has_no_effect),
		cmocka_unit_test(supported_keywords),
		cmocka_unit_test(examples),
		cmocka_unit_test(pair_example),
	};

	if (argc == 2 && strcmp(argv[1], "--write") == 0)
		return list_write();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
