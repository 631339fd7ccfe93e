/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What control watches for keepalive: scripts that rise and fall, numbers in files,
 * processes, gateways, quorums; and that another configuration changes nothing of what is known.
 */
#include "sl_addr.h"
#include "sl_test.h"
#include "test_ha_farm.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { UNKNOWN = -1000 };

#define INSTANCE(tracks)                                                                                     \
	"vrrp_instance VI_1 {\n interface wan\n virtual_router_id 51\n priority 100\n advert_int 1\n"        \
	" virtual_ipaddress {\n  192.0.2.10/24\n }\n" tracks "}\n"

/* ---- scripts ---- */

/* A command that ends as the file "code" says, and adds a line to "runs". */
static void
code_script(struct farm *farm)
{
	farm_write(farm, "chk", "#!/bin/sh\necho >>\"${0%/*}/runs\"\nexit \"$(cat \"${0%/*}/code\")\"\n");
}

static size_t
runs(struct farm *farm)
{
	return strlen(farm_read(farm, "runs"));
}

/* One result after the other, as the row has them: what keepalive was told after each. */
static void
test_script(void **state)
{
	static const struct {
		const char *name, *conf;
		const char *codes;    /* one a run */
		const char *expected; /* after it: 0, 1, or ? for nothing said yet */
	} rows[] = {
		{ "the first result counts, good", "", "0", "1" },
		{ "the first result counts, bad", "", "1", "0" },
		{ "back and forth", "", "01010", "10101" },
		{ "any code but 0 is bad", "", "25", "00" },
		{ "fall 2", " fall 2\n", "010110", "111101" },
		{ "rise 3", " rise 3\n", "10010001", "00000010" },
		{ "the first counts whatever rise and fall", " rise 3\n fall 3\n", "1", "0" },
		{ "init_fail: has to rise", " rise 2\n init_fail\n", "01001", "?0010" },
		{ "init_fail: bad is bad", " rise 2\n fall 2\n init_fail\n", "1", "0" },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		char text[1024];
		struct farm farm;

		farm_open(&farm, "");
		code_script(&farm);
		for (size_t run = 0; rows[i].codes[run] != '\0'; run++) {
			char code[2] = { rows[i].codes[run], '\0' };
			int32_t want = rows[i].expected[run] == '?' ? UNKNOWN : rows[i].expected[run] - '0';

			farm_write(&farm, "code", code);
			/* A new configuration begins a run, and goes on where it stood; its own timer is slow. */
			snprintf(text, sizeof(text),
				 "vrrp_script chk {\n script FOLDER/chk\n interval %u\n%s}\n" INSTANCE(
					 " track_script {\n  chk\n }\n"),
				 600 + (unsigned int)run, rows[i].conf);
			farm_apply(&farm, text);
			farm_wait(&farm, runs(&farm) == run + 1);
			farm_rest(&farm, 30);
			sl_check_int(rows[i].name, fake_ka_track(KA_TRACK_SCRIPT, "chk"), want);
		}
		farm_close(&farm);
	}
}

/* By its own timer; one that hangs is ended at its timeout, is not begun again before, and is bad. */
static void
test_script_times(void **state)
{
	struct farm farm;
	size_t begun;

	farm_open(&farm, "");
	code_script(&farm);
	farm_write(&farm, "code", "0");
	farm_apply(&farm, "vrrp_script chk {\n script FOLDER/chk\n interval 1\n}\n" INSTANCE(
				  " track_script {\n  chk\n }\n"));
	farm_wait(&farm, runs(&farm) == 3);
	farm_wait(&farm, fake_ka_track(KA_TRACK_SCRIPT, "chk") == 1);
	farm_write(&farm, "chk", "#!/bin/sh\necho >>\"${0%/*}/runs\"\nsleep 60\n");
	begun = runs(&farm);
	farm_wait(&farm, fake_ka_track(KA_TRACK_SCRIPT, "chk") == 0);
	assert_true(runs(&farm) <= begun + 2);
	farm_close(&farm);

	/* One that is not there. */
	farm_open(&farm, "vrrp_script chk {\n script FOLDER/none\n interval 1\n}\n" INSTANCE(
				 " track_script {\n  chk\n }\n"));
	farm_wait(&farm, fake_ka_track(KA_TRACK_SCRIPT, "chk") == 0);
	farm_close(&farm);
}

/* Two that track it: it runs once. One whom nobody tracks does not run. */
static void
test_script_shared(void **state)
{
	struct farm farm;

	farm_open(&farm, "");
	code_script(&farm);
	farm_write(&farm, "code", "0");
	farm_apply(&farm, "vrrp_script chk {\n script FOLDER/chk\n interval 600\n}\n"
			  "vrrp_script idle {\n script FOLDER/chk\n interval 600\n}\n"
			  "vrrp_instance VI_2 {\n interface wan\n virtual_router_id 52\n priority 100\n"
			  " virtual_ipaddress {\n  192.0.2.11/24\n }\n track_script {\n  chk weight 5\n "
			  "}\n}\n" INSTANCE(
				  " track_script {\n  chk weight 10\n }\n") "vrrp_sync_group G {\n group {\n "
									    " VI_1\n  VI_2\n }\n "
									    "track_script {\n  chk\n }\n}\n");
	farm_wait(&farm, fake_ka_track(KA_TRACK_SCRIPT, "chk") == 1);
	farm_rest(&farm, 50);
	assert_int_equal(runs(&farm), 1);
	assert_int_equal(fake_ka.track_count, 1);
	farm_close(&farm);
}

/* ---- files ---- */

#define FILE_CONF                                                                                            \
	"vrrp_track_file f {\n file FOLDER/number\n weight 1\n}\n" INSTANCE(                                 \
		" track_file {\n  f weight 2\n }\n")

static void
test_file(void **state)
{
	static const struct {
		const char *name, *text; /* NULL: the file is removed */
		int32_t want;
	} rows[] = {
		{ "a number", "7\n", 7 },
		{ "negative", "-20", -20 },
		{ "blanks around it", " 3 \n\n", 3 },
		{ "no number", "seven\n", 0 },
		{ "another", "5", 5 },
		{ "empty: as before", "", 5 },
		{ "gone", NULL, 0 },
		{ "back", "9\n", 9 },
		{ "too large", "99999999999", 0 },
		{ "two numbers", "1 2", 0 },
		{ "zero", "0", 0 },
		{ "last", "-254", -254 },
	};
	struct farm farm;

	farm_open(&farm, FILE_CONF);
	assert_int_equal(fake_ka_track(KA_TRACK_FILE, "f"), 0);
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		char path[128];

		snprintf(path, sizeof(path), "%s/number", farm.folder);
		if (rows[i].text != NULL)
			farm_write(&farm, "number", rows[i].text);
		else
			unlink(path);
		/* Within a turn or two, by inotify: not only at the next second. */
		for (unsigned int turns = 0; turns < 100 && fake_ka_track(KA_TRACK_FILE, "f") != rows[i].want;
		     turns++)
			farm_turn(&farm, "", 0);
		farm_rest(&farm, 5);
		sl_check_int(rows[i].name, fake_ka_track(KA_TRACK_FILE, "f"), rows[i].want);
	}
	/* A reload is no change. */
	farm_apply(&farm, FILE_CONF "static_route 10.0.0.0/8 via 192.0.2.1\n");
	assert_int_equal(fake_ka_track(KA_TRACK_FILE, "f"), -254);
	assert_int_equal(fake_ka.track[0].sets, 10);
	farm_close(&farm);
}

/* ---- processes ---- */

static pid_t
process_begin(struct farm *farm, const char *first, const char *second)
{
	char path[128];
	pid_t pid;

	snprintf(path, sizeof(path), "%s/sluicetestproc", farm->folder);
	pid = fork();
	if (pid == 0) {
		execl(path, "sluicetestproc", first, second, NULL);
		_exit(1);
	}
	return pid;
}

static void
process_end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void
process_expect(struct farm *farm, const char *name, bool good)
{
	farm_wait(farm, fake_ka_track(KA_TRACK_PROCESS, name) == good);
}

static void
test_process(void **state)
{
	pid_t pid[3];
	struct farm farm;
	char copy[256];

	farm_open(&farm, "");
	/* A process of a name of its own: 14 characters, as the kernel shows all of. */
	snprintf(copy, sizeof(copy), "cp /bin/sleep %s/sluicetestproc", farm.folder);
	assert_int_equal(system(copy), 0);
	farm_apply(&farm,
		   "vrrp_track_process any {\n process sluicetestproc\n}\n"
		   "vrrp_track_process two {\n process sluicetestproc\n quorum 2\n}\n"
		   "vrrp_track_process few {\n process sluicetestproc\n quorum_max 1\n}\n"
		   "vrrp_track_process exact {\n process sluicetestproc 61\n}\n"
		   "vrrp_track_process part {\n process sluicetestproc 61\n param_match partial\n}\n"
		   "vrrp_track_process begins {\n process sluicetestproc 61 6\n param_match initial\n}\n"
		   "vrrp_track_process slow {\n process sluicetestproc\n terminate_delay 1\n}\n"
		   "vrrp_track_process late {\n process sluicetestproc\n fork_delay 1\n}\n" INSTANCE(
			   " track_process {\n  any\n  two\n  few\n  exact\n  part\n  begins\n  slow\n  "
			   "late\n }\n"));
	process_expect(&farm, "any", false);
	process_expect(&farm, "few", false);
	process_expect(&farm, "slow", false);
	pid[0] = process_begin(&farm, "61", NULL);
	process_expect(&farm, "any", true);
	process_expect(&farm, "few", true);
	process_expect(&farm, "exact", true);
	process_expect(&farm, "part", true);
	process_expect(&farm, "slow", true);
	process_expect(&farm, "begins", false);
	process_expect(&farm, "two", false);
	assert_int_equal(fake_ka_track(KA_TRACK_PROCESS, "late"), 0);
	process_expect(&farm, "late", true);
	pid[1] = process_begin(&farm, "61", "62");
	process_expect(&farm, "two", true);
	process_expect(&farm, "few", false);
	process_expect(&farm, "begins", true);
	process_end(pid[0]);
	process_expect(&farm, "two", false);
	process_expect(&farm, "few", true);
	process_expect(&farm, "exact", false);
	process_expect(&farm, "part", true);
	/* It ends, and another begins before the delay is over: no change. */
	process_end(pid[1]);
	process_expect(&farm, "any", false);
	assert_int_equal(fake_ka_track(KA_TRACK_PROCESS, "slow"), 1);
	pid[2] = process_begin(&farm, "60", NULL);
	process_expect(&farm, "any", true);
	farm_rest(&farm, 1200);
	assert_int_equal(fake_ka_track(KA_TRACK_PROCESS, "slow"), 1);
	process_end(pid[2]);
	process_expect(&farm, "slow", false);
	farm_close(&farm);
}

/* ---- gateways, quorums ---- */

static void
test_gateway(void **state)
{
	static const struct {
		const char *name;
		enum dp_neigh_state state;
		int32_t want;
	} rows[] = {
		{ "asked for: no news", DP_NEIGH_INCOMPLETE, 0 },
		{ "it answers", DP_NEIGH_REACHABLE, 1 },
		{ "asked again", DP_NEIGH_PROBE, 1 },
		{ "silent", DP_NEIGH_FAILED, 0 },
		{ "fixed", DP_NEIGH_STATIC, 1 },
	};
	struct sl_addr gateway;
	struct farm farm;

	assert_int_equal(sl_addr_parse("192.0.2.1", &gateway), 0);
	farm_open(&farm, INSTANCE(" track_gateway {\n  192.0.2.1\n }\n"));
	farm_wait(&farm, fake_ka_track(KA_TRACK_GATEWAY, "192.0.2.1") == 0);
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		fake_dp_neigh_set(&gateway, rows[i].state);
		farm_rest(&farm, 600);
		sl_check_int(rows[i].name, fake_ka_track(KA_TRACK_GATEWAY, "192.0.2.1"), rows[i].want);
	}
	farm_close(&farm);
}

static void
test_quorum(void **state)
{
	static const char text[] =
		"virtual_server 192.0.2.10 80 {\n real_server 10.0.0.11 8080 {\n }\n}\n" INSTANCE(
			" track_quorum {\n  TCP 192.0.2.10 80\n }\n");
	json_t *event = json_pack("{s:s}", "event", "quorum_down");
	struct farm farm;

	farm_open(&farm, text);
	assert_int_equal(fake_ka.track_count, 1);
	assert_int_equal(fake_ka.track[0].kind, KA_TRACK_QUORUM);
	assert_int_equal(fake_ka.track[0].value, 1);
	/* At once when health says so, and without, within a second. */
	fake_health.quorum_lost = true;
	fake_health_event(event);
	assert_int_equal(fake_ka.track[0].value, 0);
	fake_health.quorum_lost = false;
	farm_wait(&farm, fake_ka.track[0].value == 1);
	assert_int_equal(fake_health_watchers(), 1);
	farm_apply(&farm, INSTANCE(""));
	assert_int_equal(fake_health_watchers(), 0);
	json_decref(event);
	farm_close(&farm);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_script),        cmocka_unit_test(test_script_times),
		cmocka_unit_test(test_script_shared), cmocka_unit_test(test_file),
		cmocka_unit_test(test_process),       cmocka_unit_test(test_gateway),
		cmocka_unit_test(test_quorum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
