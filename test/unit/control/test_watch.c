/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who is told what, when watches come and go, and what an event says of itself.
 */
#include "json_text.h"
#include "sl_test.h"
#include "watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static struct watches list;
static struct watch *watch_of[4];
static char told[64];

/* Its name, and the event's. */
static void
note(json_t *event, void *context)
{
	size_t len = strlen(told);

	snprintf(told + len, sizeof(told) - len, "%s%s ", (const char *)context,
		 json_string_value(json_object_get(event, "event")));
}

/* The same, once. */
static void
note_once(json_t *event, void *context)
{
	note(event, context);
	watch_remove(watch_of[*(const char *)context - 'a']);
}

static void
test_told(void **state)
{
	static char names[4][2] = { "a", "b", "c", "d" };
	/* What happens: "a" watches from now on, "A" only once; "-a" no more; "1" is an event. */
	static const struct {
		const char *name, *steps, *told;
		unsigned int left;
	} rows[] = {
		{ "nobody", "1", "", 0 },
		{ "one", "a 1 2", "a1 a2 ", 1 },
		{ "the last comes first", "a b c 1", "c1 b1 a1 ", 3 },
		{ "the first ends", "a b c -a 1", "c1 b1 ", 2 },
		{ "one in the middle ends", "a b c -b 1", "c1 a1 ", 2 },
		{ "the last ends", "a b c -c 1", "b1 a1 ", 2 },
		{ "one ends and is back", "a b -a 1 a 2", "b1 a2 b2 ", 2 },
		{ "one ends while it is told", "a B c 1 2", "c1 b1 a1 c2 a2 ", 2 },
		{ "each of them does", "A B C 1 2", "c1 b1 a1 ", 0 },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		told[0] = '\0';
		for (const char *step = rows[i].steps; *step != '\0'; step++) {
			char event[2] = { *step };
			unsigned int of = ((unsigned char)*step | 0x20u) - 'a';

			if (*step == '-')
				watch_remove(watch_of[*++step - 'a']);
			else if (*step >= '0' && *step <= '9')
				watches_tell(&list, watch_event(event, ""));
			else if (of < SL_COUNT(names))
				watch_of[of] = watch_add(&list, *step >= 'a' ? note : note_once, names[of]);
		}
		sl_check_str(rows[i].name, told, rows[i].told);
		sl_check_int(rows[i].name, list.count, rows[i].left);
		watches_fini(&list);
		sl_check_int(rows[i].name, list.count, 0);
		sl_check(rows[i].name, list.first == NULL);
	}
}

static void
test_nothing(void **state)
{
	static char name[] = "a";

	told[0] = '\0';
	watch_remove(NULL);
	assert_non_null(watch_add(&list, note, name));
	watches_tell(&list, NULL); /* out of memory */
	assert_string_equal(told, "");
	watches_fini(&list);
}

/* An event has the time at which it was made, and its members in their order. */
static void
test_event(void **state)
{
	time_t before = time(NULL), at;
	json_t *event = watch_event("server_up", "is up"), *borrowed = json_incref(event);
	char want[128], *text;
	const char *when;
	struct tm utc = { 0 };

	assert_non_null(event);
	when = json_string_value(json_object_get(event, "time"));
	assert_int_equal(strlen(when), strlen("2026-11-29T17:31:47.123Z"));
	assert_string_equal(strptime(when, "%Y-%m-%dT%H:%M:%S", &utc) + strlen(".123"), "Z");
	at = timegm(&utc);
	assert_true(at >= before && at <= time(NULL));
	snprintf(want, sizeof(want), "{\"time\":\"%s\",\"event\":\"server_up\",\"text\":\"is up\"}", when);
	text = json_dumps(event, JSON_COMPACT);
	assert_string_equal(text, want);
	free(text);
	/* Telling takes it, and leaves what somebody else holds. */
	watches_tell(&list, event);
	assert_int_equal(borrowed->refcount, 1);
	json_decref(borrowed);
}

static void
test_texts(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "", "" },
		{ "plain", "plain" },
		{ "Z\303\274rich", "Z\303\274rich" },
		{ "Z\374rich", "Z?rich" },
		{ "\377\303\274", "???" },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		json_t *json = json_text(rows[i].text), *event = watch_event("peer", rows[i].text);

		sl_check_str(rows[i].want, json_string_value(json), rows[i].want);
		sl_check("in an event", json_equal(json_object_get(event, "text"), json));
		json_decref(json);
		json_decref(event);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_told),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_event),
		cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
