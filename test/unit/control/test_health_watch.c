/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is seen of health: events to those who watch, the list of servers, and
 * the notifiers that are run, in their order.
 */
#include "fake_dp.h"
#include "script.h"
#include "sl_addr.h"
#include "sl_test.h"
#include "test_health_farm.h"
#include "watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define VIP "10.0.0.1:80"
#define SERVICE                                                                                              \
	"virtual_server 10.0.0.1 80 {\n protocol TCP\n lb_algo rr\n lb_kind NAT\n"                           \
	" delay_loop 0.02\n delay_before_retry 0.01\n retry 0\n warmup 0\n"
#define REAL(last, weight) " real_server 10.1.0." #last " 80 {\n weight " #weight "\n TCP_CHECK {\n }\n }\n"

static char told[4096];
static struct watch *watch;

static void
event_note(json_t *event, void *context)
{
	const char *name, *vip, *real = "-", *time, *text;
	size_t len = strlen(told);

	assert_int_equal(json_unpack(event, "{s:s, s:s, s:s, s:s, s?s}", "event", &name, "vip", &vip, "time",
				     &time, "text", &text, "real", &real),
			 0);
	assert_string_equal(vip, VIP);
	assert_int_equal(strlen(time), strlen("2026-11-29T17:31:47.123Z"));
	assert_true(strlen(text) > 10);
	/* Checks' own events are as many as there are checks: of no interest here. */
	if (strcmp(name, "check") != 0)
		snprintf(told + len, sizeof(told) - len, "%s %s;", name, real);
}

static void
event_once(json_t *event, void *context)
{
	watch_remove(watch);
	watch = NULL;
}

static bool
has_told(struct farm *farm, void *context)
{
	return strstr(told, context) != NULL;
}

static void
test_events(void **state)
{
	static char weight[] = "weight 10.1.0.1:80;";
	struct watch *other;
	struct farm farm;

	told[0] = '\0';
	farm = farm_open(SERVICE " sorry_server 10.1.0.9 80\n" REAL(1, 1) REAL(2, 1) "}");
	other = health_watch_add(farm.health, event_note, NULL);
	watch = health_watch_add(farm.health, event_once, NULL);
	assert_non_null(other);
	assert_non_null(watch);
	fake_check_set("10.1.0.1:80", FAKE_BAD);
	farm_expect(&farm, VIP, "10.1.0.9:80*1~ 10.1.0.2:80*1 10.1.0.1:80*1~");
	assert_null(watch);
	fake_check_set("10.1.0.2:80", FAKE_BAD);
	farm_expect(&farm, VIP, "10.1.0.9:80*1 10.1.0.2:80*1~ 10.1.0.1:80*1~");
	fake_check_set("10.1.0.1:80", FAKE_GOOD);
	farm_expect(&farm, VIP, "10.1.0.9:80*1~ 10.1.0.2:80*1~ 10.1.0.1:80*1");
	farm_command(&farm, "edit 10.1.0.1:80*4");
	farm_expect(&farm, VIP, "10.1.0.9:80*1~ 10.1.0.2:80*1~ 10.1.0.1:80*4");
	farm_until(&farm, has_told, weight, "an event of the weight");
	farm_command(&farm, "drain 10.1.0.1:80");
	farm_expect(&farm, VIP, "10.1.0.9:80*1 10.1.0.2:80*1~ 10.1.0.1:80*0~");
	assert_string_equal(
		told, "server_down 10.1.0.1:80;"
		      "server_down 10.1.0.2:80;quorum_down -;sorry_on 10.1.0.9:80;"
		      "server_up 10.1.0.1:80;quorum_up -;sorry_off 10.1.0.9:80;"
		      "weight 10.1.0.1:80;"
		      "server_state 10.1.0.1:80;quorum_down -;sorry_on 10.1.0.9:80;weight 10.1.0.1:80;");
	watch_remove(other);
	farm_close(&farm);
}

/* One that still watches when health ends is told nothing more. */
static void
test_watch_at_the_end(void **state)
{
	struct farm farm;

	farm = farm_open(SERVICE REAL(1, 1) "}");
	assert_non_null(health_watch_add(farm.health, event_note, NULL));
	farm_close(&farm);
}

static json_t *
list(struct farm *farm, const struct dp_service_key *key)
{
	json_t *all = json_array(), *one;
	uint64_t cursor = 0;

	while ((one = health_list_next(farm->health, key, &cursor)) != NULL)
		json_array_append_new(all, one);
	assert_int_equal(errno, 0);
	return all;
}

static bool
checked_twice(struct farm *farm, void *context)
{
	return fake_check_attempts(context) >= 2;
}

static void
test_list(void **state)
{
	static const struct {
		const char *real, *state;
		unsigned int checks;
	} wanted[] = {
		{ "10.1.0.9:80", "idle", 0 }, { "10.1.0.3:80", "up", 0 }, { "10.1.0.2:80", "up", 1 },
		{ "10.1.0.1:80", "down", 1 }, { "10.1.0.7:80", "up", 1 },
	};
	struct dp_service_key key = { .proto = SL_PROTO_TCP, .port = 80 };
	json_t *all, *check, *pool, *one;
	const char *text, *history_text, *why;
	json_int_t failures, weight, configured, quorum, alive;
	struct farm farm;

	farm = farm_open(SERVICE " quorum 2\n inhibit_on_failure\n" REAL(1, 3) REAL(
		2, 4) " real_server 10.1.0.3 80 {\n }\n sorry_server 10.1.0.9 80\n}\n"
		      "virtual_server 10.0.0.2 80 {\n protocol TCP\n lb_kind NAT\n delay_loop 1000\n"
		      " warmup 1000\n" REAL(7, 1) "}");
	fake_check_set("10.1.0.1:80", FAKE_BAD);
	fake_check_set("10.1.0.2:80", FAKE_GOOD);
	farm_until(&farm, checked_twice, (void *)(uintptr_t) "10.1.0.1:80", "two attempts");
	farm_until(&farm, checked_twice, (void *)(uintptr_t) "10.1.0.2:80", "two attempts");
	farm_expect(&farm, VIP, "10.1.0.9:80*1~ 10.1.0.3:80*1 10.1.0.2:80*4 10.1.0.1:80*0");
	all = list(&farm, NULL);
	assert_int_equal(json_array_size(all), SL_COUNT(wanted));
	for (size_t i = 0; i < SL_COUNT(wanted); i++) {
		const char *real, *state_name;
		json_t *checks;

		assert_int_equal(json_unpack(json_array_get(all, i), "{s:s, s:s, s:o}", "real", &real,
					     "state", &state_name, "checks", &checks),
				 0);
		sl_check_str(wanted[i].real, real, wanted[i].real);
		sl_check_str(wanted[i].real, state_name, wanted[i].state);
		sl_check_int(wanted[i].real, json_array_size(checks), wanted[i].checks);
	}
	one = json_array_get(all, 3);
	assert_int_equal(json_unpack(one, "{s:I, s:I, s:s, s:o, s:[o], s:n, s:n, s:[{s:s}]}", "weight",
				     &weight, "configured", &configured, "why", &why, "pool", &pool, "checks",
				     &check, "agent", "passive", "history", "text", &history_text),
			 0);
	assert_int_equal(weight, 0);
	assert_int_equal(configured, 3);
	assert_string_equal(why, "down (inhibit_on_failure)");
	assert_string_equal(history_text, "TCP_CHECK: fake bad");
	assert_int_equal(json_unpack(pool, "{s:n, s:I, s:I, s:b, s:b}", "name", "quorum", &quorum,
				     "alive_weight", &alive, "up", &(int){ 0 }, "sorry", &(int){ 0 }),
			 0);
	assert_int_equal(quorum, 2);
	assert_int_equal(alive, 5);
	assert_int_equal(json_unpack(check, "{s:s, s:I}", "text", &text, "failures", &failures), 0);
	assert_string_equal(text, "fake bad");
	assert_true(failures >= 2);
	/* Not checked yet: nothing is known but when it will be. */
	check = json_array_get(json_object_get(json_array_get(all, 4), "checks"), 0);
	assert_string_equal(json_string_value(json_object_get(check, "state")), "starting");
	assert_true(json_is_null(json_object_get(check, "last_ago_ms")));
	assert_true(json_is_integer(json_object_get(check, "next_ms")));
	json_decref(all);

	assert_int_equal(sl_addr_parse("10.0.0.2", &key.vip), 0);
	all = list(&farm, &key);
	assert_int_equal(json_array_size(all), 1);
	json_decref(all);
	key.port = 81;
	all = list(&farm, &key);
	assert_int_equal(json_array_size(all), 0);
	json_decref(all);
	farm_close(&farm);
}

static void
group_note(json_t *event, void *context)
{
	const char *group, *text;

	assert_int_equal(json_unpack(event, "{s:s, s:s}", "pool", &group, "text", &text), 0);
	assert_string_equal(group, "k?che");
	*(bool *)context = true;
}

static bool
is_true(struct farm *farm, void *context)
{
	return *(bool *)context;
}

/* Files may be in Latin-1, JSON may not. */
static void
test_latin1(void **state)
{
	bool told_of = false;
	struct watch *group_watch;
	struct farm farm;
	const char *group;
	json_t *all;

	farm = farm_open(
		"virtual_server_group k\xfc"
		"che {\n 10.0.0.1 80\n}\nvirtual_server group k\xfc"
		"che {\n protocol TCP\n lb_kind NAT\n delay_loop 0.02\n retry 0\n warmup 0\n" REAL(1, 1) "}");
	group_watch = health_watch_add(farm.health, group_note, &told_of);
	fake_check_set("10.1.0.1:80", FAKE_BAD);
	farm_until(&farm, is_true, &told_of, "an event of the group");
	all = list(&farm, NULL);
	assert_int_equal(json_unpack(json_array_get(all, 0), "{s:{s:s}}", "pool", "name", &group), 0);
	assert_string_equal(group, "k?che");
	json_decref(all);
	watch_remove(group_watch);
	farm_close(&farm);
}

/* A hundred transitions leave the last sixteen, newest first. */
static void
test_history(void **state)
{
	json_t *all, *history, *entry;
	struct farm farm;
	size_t i;

	farm = farm_open(SERVICE REAL(1, 1) "}");
	for (int n = 0; n < 20; n++) {
		fake_check_set("10.1.0.1:80", n % 2 == 0 ? FAKE_BAD : FAKE_GOOD);
		farm_expect(&farm, VIP, n % 2 == 0 ? "10.1.0.1:80*1~" : "10.1.0.1:80*1");
	}
	all = list(&farm, NULL);
	history = json_object_get(json_array_get(all, 0), "history");
	assert_int_equal(json_array_size(history), 16);
	json_array_foreach(history, i, entry) assert_string_equal(
		json_string_value(json_object_get(entry, "state")), i % 2 == 0 ? "up" : "down");
	json_decref(all);
	farm_close(&farm);
}

/* ---- notifiers ---- */

struct file {
	const char *path, *text;
};

static bool
file_reads(struct farm *farm, void *context)
{
	const struct file *file = context;
	char text[256] = "";
	FILE *stream = fopen(file->path, "r");

	if (stream != NULL) {
		text[fread(text, 1, sizeof(text) - 1, stream)] = '\0';
		fclose(stream);
	}
	return strcmp(text, file->text) == 0;
}

/* A command that writes a word, the slower the earlier it is asked for: their order is not by chance. */
static void
script_write(const char *path, const char *log)
{
	FILE *script = fopen(path, "w");

	assert_non_null(script);
	fprintf(script, "#!/bin/sh\ncase $1 in down) sleep 0.2 ;; esac\necho $2 $1 >> %s\n", log);
	assert_int_equal(fchmod(fileno(script), 0755), 0);
	fclose(script);
}

/* Each object's in order; of two objects in any. */
static bool
notified(struct farm *farm, void *context)
{
	static const char *const orders[] = {
		"server down\npool down\nserver up\npool up\n",
		"server down\nserver up\npool down\npool up\n",
		"server down\npool down\npool up\nserver up\n",
		"pool down\nserver down\nserver up\npool up\n",
		"pool down\nserver down\npool up\nserver up\n",
		"pool down\npool up\nserver down\nserver up\n",
	};
	struct file file = { .path = context };

	for (size_t i = 0; i < SL_COUNT(orders); i++) {
		file.text = orders[i];
		if (file_reads(farm, &file))
			return true;
	}
	return false;
}

static bool
scripts_ended(struct farm *farm, void *context)
{
	return script_running() + script_queued() == 0;
}

static void
test_notifiers(void **state)
{
	char directory[] = "/tmp/test_health_watch.XXXXXX", script[64], log[64], conf[1024];
	struct file file = { log, "" };
	struct farm farm;

	assert_non_null(mkdtemp(directory));
	snprintf(script, sizeof(script), "%s/script", directory);
	snprintf(log, sizeof(log), "%s/log", directory);
	script_write(script, log);
	snprintf(conf, sizeof(conf),
		 SERVICE
		 " omega\n quorum_up \"%s up pool\"\n quorum_down \"%s down pool\"\n"
		 " real_server 10.1.0.1 80 {\n notify_up \"%s up server\"\n notify_down \"%s down server\"\n"
		 " TCP_CHECK {\n }\n }\n}",
		 script, script, script, script);
	farm = farm_open(conf);
	/* Up from the start is no event. */
	fake_check_set("10.1.0.1:80", FAKE_BAD);
	farm_expect(&farm, VIP, "10.1.0.1:80*1~");
	fake_check_set("10.1.0.1:80", FAKE_GOOD);
	farm_expect(&farm, VIP, "10.1.0.1:80*1");
	farm_until(&farm, notified, log, "all four notifiers, those of one object in order");
	farm_until(&farm, scripts_ended, NULL, "no notifier runs any more");
	assert_true(notified(&farm, log));
	/* omega: at the end they are run again, and nobody waits for them. */
	unlink(log);
	farm_close(&farm);
	for (int tries = 0; tries < 2000; tries++) {
		file.text = "server down\npool down\n";
		if (file_reads(NULL, &file))
			break;
		file.text = "pool down\nserver down\n";
		if (file_reads(NULL, &file))
			break;
		usleep(5000);
	}
	assert_true(file_reads(NULL, &file));
	unlink(log);
	unlink(script);
	rmdir(directory);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events),  cmocka_unit_test(test_watch_at_the_end),
		cmocka_unit_test(test_list),    cmocka_unit_test(test_latin1),
		cmocka_unit_test(test_history), cmocka_unit_test(test_notifiers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
