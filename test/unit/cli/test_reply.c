/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The reader of answers, whatever pieces they arrive in.
 */
#include "reply.h"
#include "sl_test.h"

#include <errno.h>
#include <stdlib.h>

enum { SEEN_SIZE = 256 };

/* `elements`: what was handed out, each followed by ';'. `result`, `error`: as JSON; NULL: not there. */
static const struct row {
	const char *name, *text;
	bool by_element, raw;
	int rc;
	const char *seen, *result, *error;
} rows[] = {
	{ "a result", "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"a\":[1,2]}}\n", true, false, 0, "",
	  "{\"a\":[1,2]}", NULL },
	{ "a result that is a word", "{\"id\":1,\"result\":null}", true, false, 0, "", "null", NULL },
	{ "an error", "{\"id\":1,\"error\":{\"code\":-1}}", true, false, 0, "", NULL, "{\"code\":-1}" },
	{ "elements", "{\"id\":1,\"result\":[{\"a\":1},{\"b\":[2,{}]},3,\"x\"]}", true, false, 0,
	  "{\"a\":1};{\"b\":[2,{}]};3;\"x\";", NULL, NULL },
	{ "no elements", "{\"id\":1,\"result\":[]}", true, false, 0, "", NULL, NULL },
	{ "brackets and quotes in strings", "{\"id\":\"}]\\\"\",\"result\":[\"],[\\\"{\",\"\\\\\"]}", true,
	  false, 0, "\"],[\\\"{\";\"\\\\\";", NULL, NULL },
	{ "white space", " { \"id\" : 1 , \"result\" : [ { \"a\" : 1 } , 2 ] } ", true, false, 0,
	  "{\"a\":1};2;", NULL, NULL },
	{ "an array kept whole", "{\"result\":[1,[2]]}", false, false, 0, "", "[1,[2]]", NULL },
	{ "raw", "{\"id\":1,\"result\":[{\"a\":\"x y\"},2],\"z\":0}", true, true, 0, "[{\"a\":\"x y\"},2]",
	  NULL, NULL },
	{ "raw, but an error", "{\"id\":1,\"error\":{\"code\":5}}", true, true, 0, "", NULL, "{\"code\":5}" },
	{ "no object", "[1]", true, false, -EPROTO, "", NULL, NULL },
	{ "text", "HTTP/1.1 400", true, false, -EPROTO, "", NULL, NULL },
	{ "a broken element", "{\"result\":[{\"a\"},1]}", true, false, -EPROTO, "", NULL, NULL },
	{ "a member without a value", "{\"result\"}", true, false, -EPROTO, "", NULL, NULL },
	{ "a name of a member that is too long", "{\"resultresultresultresult\":1}", true, false, -EPROTO, "",
	  NULL, NULL },
};

static void
element_append(const json_t *element, void *context)
{
	char *seen = context;
	char *text = json_dumps(element, JSON_COMPACT | JSON_ENCODE_ANY);

	strcat(strcat(seen, text), ";");
	free(text);
}

static void
value_check(const char *name, json_t *value, const char *want)
{
	char *text = value != NULL ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

	sl_check(name, (text == NULL) == (want == NULL));
	if (want != NULL)
		sl_check_str(name, text, want);
	free(text);
}

static void
row_check(const struct row *row, size_t piece)
{
	char seen[SEEN_SIZE] = "", *raw = NULL;
	size_t raw_len, len = strlen(row->text);
	struct reply reply = { .element = row->by_element ? element_append : NULL, .context = seen };
	int rc = 0;

	if (row->raw)
		reply.raw = open_memstream(&raw, &raw_len);
	for (size_t at = 0; at < len && rc == 0; at += piece)
		rc = reply_feed(&reply, row->text + at, len - at < piece ? len - at : piece);
	sl_check_int(row->name, rc, row->rc);
	if (row->raw)
		fclose(reply.raw);
	if (rc == 0) {
		sl_check(row->name, reply.done);
		sl_check_str(row->name, row->raw ? raw : seen, row->seen);
		value_check(row->name, reply.result, row->result);
		value_check(row->name, reply.error, row->error);
	}
	free(raw);
	reply_fini(&reply);
}

static void
test_answers(void **state)
{
	for (size_t i = 0; i < SL_COUNT(rows); i++)
		for (size_t piece = 1; piece <= 64; piece = piece * 2 + 1)
			row_check(&rows[i], piece);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_answers) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
