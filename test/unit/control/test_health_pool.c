/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pools, from configuration to data plane: what a check's verdict, a quorum, a
 * sorry server, an agent and a command make of servers.
 */
#include "fake_dp.h"
#include "sl_addr.h"
#include "sl_test.h"
#include "test_health_farm.h"

#include "health_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define VIP "10.0.0.1:80"
#define SERVICE                                                                                              \
	"virtual_server 10.0.0.1 80 {\n protocol TCP\n lb_algo rr\n lb_kind NAT\n"                           \
	" delay_loop 0.01\n delay_before_retry 0.01\n retry 0\n warmup 0\n"
#define REAL(last, weight, inside)                                                                           \
	" real_server 10.1.0." #last " 80 {\n weight " #weight "\n" inside "\n TCP_CHECK {\n }\n }\n"
#define SORRY " sorry_server 10.1.0.9 80\n"

/* keepalived's: up at Q + H, down below Q - H or without any. */
static void
test_quorum(void **state)
{
	static const struct {
		const char *name;
		uint32_t quorum, hysteresis;
		const char *weights, *up; /* sums one after the other, and whether it is up then */
	} rows[] = {
		{ "default: one living", 1, 0, "1 0 1 5 0", "U D U U D" },
		{ "hysteresis", 5, 2, "7 5 4 3 2 6 7", "U U U U D D U" },
		{ "begins below", 5, 2, "6 7 3 2", "D U U D" },
		{ "hysteresis as large as the quorum: none living is down", 3, 3, "6 1 0 5 6", "U U D D U" },
		{ "hysteresis is larger", 2, 5, "7 1 0 6 7", "U U D D U" },
		{ "quorum 0", 0, 0, "0 1 0", "U U D" },
		{ "large numbers", UINT32_MAX, UINT32_MAX, "8589934590 1 0", "U U D" },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		const char *weights = rows[i].weights;
		char got[64] = "";
		bool up = false;

		while (*weights != '\0') {
			char *end;

			up = pool_quorum(up, strtoull(weights, &end, 10), rows[i].quorum, rows[i].hysteresis);
			weights = end;
			snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%c",
				 got[0] != '\0' ? " " : "", up ? 'U' : 'D');
		}
		sl_check_str(rows[i].name, got, rows[i].up);
	}
}

/*
 * Steps one after the other: verdicts of servers' checks ("1 bad": 10.1.0.1), agents, commands, and
 * what the data plane has then.
 */
enum step_kind { GOOD, BAD, AGENT, COMMAND, WEIGHT };
static const struct {
	const char *name, *conf;
	struct {
		const char *first; /* what is there before any step */
		struct {
			enum step_kind kind;
			const char *text; /* servers' last numbers; command; agent's "1 percent 50" */
			const char *servers;
		} step[8];
	} story;
} stories[] = {
	{ "a server goes and comes",
	  SERVICE REAL(1, 1, "") REAL(2, 3, "") "}",
	  { "10.1.0.2:80*3 10.1.0.1:80*1",
	    { { BAD, "2", "10.1.0.2:80*3~ 10.1.0.1:80*1" },
	      { GOOD, "2", "10.1.0.2:80*3 10.1.0.1:80*1" },
	      { BAD, "12", "10.1.0.2:80*3~ 10.1.0.1:80*1~" },
	      { GOOD, "1", "10.1.0.2:80*3~ 10.1.0.1:80*1" } } } },
	{ "inhibit_on_failure: weight 0",
	  SERVICE REAL(1, 1, "inhibit_on_failure\n") REAL(2, 3, "") "}",
	  { "10.1.0.2:80*3 10.1.0.1:80*1",
	    { { BAD, "12", "10.1.0.2:80*3~ 10.1.0.1:80*0" },
	      { GOOD, "12", "10.1.0.2:80*3 10.1.0.1:80*1" } } } },
	{ "all must be good",
	  SERVICE " real_server 10.1.0.1 80 {\n TCP_CHECK {\n }\n TCP_CHECK {\n connect_port 81\n }\n }\n}",
	  { "10.1.0.1:80*1", { { BAD, "1", "10.1.0.1:80*1~" }, { GOOD, "1", "10.1.0.1:80*1" } } } },
	{ "alpha: out until the first success",
	  SERVICE " alpha\n" REAL(1, 1, "") REAL(2, 1, "") "}",
	  { "10.1.0.2:80*1 10.1.0.1:80*1", { { BAD, "2", "10.1.0.2:80*1~ 10.1.0.1:80*1" } } } },
	{ "sorry server",
	  SERVICE SORRY REAL(1, 1, "") REAL(2, 1, "") "}",
	  { "10.1.0.9:80*1~ 10.1.0.2:80*1 10.1.0.1:80*1",
	    { { BAD, "1", "10.1.0.9:80*1~ 10.1.0.2:80*1 10.1.0.1:80*1~" },
	      { BAD, "2", "10.1.0.9:80*1 10.1.0.2:80*1~ 10.1.0.1:80*1~" },
	      { GOOD, "1", "10.1.0.9:80*1~ 10.1.0.2:80*1~ 10.1.0.1:80*1" },
	      { GOOD, "2", "10.1.0.9:80*1~ 10.1.0.2:80*1 10.1.0.1:80*1" } } } },
	{ "without a sorry server the living stay in below the quorum",
	  SERVICE " quorum 3\n" REAL(1, 1, "") REAL(2, 3, "") "}",
	  { "10.1.0.2:80*3 10.1.0.1:80*1", { { BAD, "2", "10.1.0.2:80*3~ 10.1.0.1:80*1" } } } },
	{ "quorum, hysteresis: the living are out too",
	  SERVICE SORRY " quorum 3\n hysteresis 1\n" REAL(1, 1, "") REAL(2, 1, "") REAL(3, 2, "") "}",
	  { "10.1.0.9:80*1~ 10.1.0.3:80*2 10.1.0.2:80*1 10.1.0.1:80*1",
	    { { BAD, "3", "10.1.0.9:80*1~ 10.1.0.3:80*2~ 10.1.0.2:80*1 10.1.0.1:80*1" },
	      { BAD, "2", "10.1.0.9:80*1 10.1.0.3:80*2~ 10.1.0.2:80*1~ 10.1.0.1:80*1~" },
	      { GOOD, "23", "10.1.0.9:80*1~ 10.1.0.3:80*2 10.1.0.2:80*1 10.1.0.1:80*1" } } } },
	{ "sorry_server_inhibit: weight 0 while not needed",
	  SERVICE SORRY " sorry_server_inhibit\n" REAL(1, 1, "") "}",
	  { "10.1.0.9:80*0 10.1.0.1:80*1",
	    { { BAD, "1", "10.1.0.9:80*1 10.1.0.1:80*1~" },
	      { GOOD, "1", "10.1.0.9:80*0 10.1.0.1:80*1" } } } },
	{ "a configuration without servers has its sorry server",
	  SERVICE SORRY "}",
	  { "10.1.0.9:80*1", { { 0 } } } },
	{ "commands: what is added counts, what goes does not",
	  SERVICE SORRY REAL(1, 1, "") "}",
	  { "10.1.0.9:80*1~ 10.1.0.1:80*1",
	    { { COMMAND, "add 10.1.0.5:80*2", "10.1.0.5:80*2 10.1.0.9:80*1~ 10.1.0.1:80*1" },
	      { BAD, "1", "10.1.0.5:80*2 10.1.0.9:80*1~ 10.1.0.1:80*1~" },
	      { COMMAND, "del 10.1.0.5:80", "10.1.0.9:80*1 10.1.0.1:80*1~" },
	      { COMMAND, "del 10.1.0.1:80", "10.1.0.9:80*1" },
	      { GOOD, "1", "10.1.0.9:80*1" },
	      { COMMAND, "add 10.1.0.1:80*4", "10.1.0.1:80*4 10.1.0.9:80*1~" },
	      { COMMAND, "edit 10.1.0.1:80*7", "10.1.0.1:80*7 10.1.0.9:80*1~" } } } },
	{ "drained servers make no quorum",
	  SERVICE SORRY REAL(1, 1, "") REAL(2, 1, "") "}",
	  { "10.1.0.9:80*1~ 10.1.0.2:80*1 10.1.0.1:80*1",
	    { { COMMAND, "drain 10.1.0.1:80", "10.1.0.9:80*1~ 10.1.0.2:80*1 10.1.0.1:80*0" },
	      { COMMAND, "drain 10.1.0.2:80", "10.1.0.9:80*1 10.1.0.2:80*0~ 10.1.0.1:80*0~" },
	      { COMMAND, "undrain 10.1.0.2:80", "10.1.0.9:80*1~ 10.1.0.2:80*1 10.1.0.1:80*0" } } } },
	{ "misc_dynamic",
	  SERVICE " real_server 10.1.0.1 80 {\n weight 5\n MISC_CHECK {\n misc_path /bin/true\n "
		  "misc_dynamic\n }\n }\n}",
	  { "10.1.0.1:80*5",
	    { { WEIGHT, "1 20", "10.1.0.1:80*20" },
	      { WEIGHT, "1 0", "10.1.0.1:80*0" },
	      { WEIGHT, "1 -1", "10.1.0.1:80*5" } } } },
};

static void
test_stories(void **state)
{
	for (size_t i = 0; i < SL_COUNT(stories); i++) {
		struct farm farm;

		print_message("%s\n", stories[i].name);
		farm = farm_open(stories[i].conf);
		farm_expect(&farm, VIP, stories[i].story.first);
		for (size_t s = 0;
		     s < SL_COUNT(stories[i].story.step) && stories[i].story.step[s].text != NULL; s++) {
			const char *text = stories[i].story.step[s].text;
			enum step_kind kind = stories[i].story.step[s].kind;
			char server[32];

			if (kind == COMMAND) {
				farm_command(&farm, text);
			} else if (kind == WEIGHT) {
				fake_check_weight("10.1.0.1:80", atoi(text + 2));
			} else {
				for (const char *c = text; *c != '\0'; c++) {
					snprintf(server, sizeof(server), "10.1.0.%c:80", *c);
					fake_check_set(server, kind == GOOD ? FAKE_GOOD : FAKE_BAD);
				}
			}
			farm_expect(&farm, VIP, stories[i].story.step[s].servers);
		}
		farm_close(&farm);
	}
}

/* The first decision is made before the first check: with all down, alpha's sorry server is in at once. */
static void
test_alpha_begins_sorry(void **state)
{
	struct farm farm;

	farm = farm_open(SERVICE SORRY " alpha\n" REAL(1, 1, "") "}");
	farm_expect(&farm, VIP, "10.1.0.9:80*1~ 10.1.0.1:80*1");
	farm_close(&farm);
	farm = farm_open(
		"virtual_server 10.0.0.1 80 {\n protocol TCP\n lb_kind NAT\n delay_loop 100\n warmup 100\n"
		" alpha\n" SORRY REAL(1, 1, "") "}");
	farm_expect(&farm, VIP, "10.1.0.9:80*1 10.1.0.1:80*1~");
	farm_close(&farm);
}

static void
agent_give(struct conf *conf)
{
	static struct conf_agent agent = { .delay_loop_ms = 10 };
	static struct conf_health health[2];

	for (unsigned int i = 0; i < conf->services[0].real_count && i < 2; i++) {
		health[i] = *conf->services[0].reals[i].health;
		health[i].agent = &agent;
		conf->services[0].reals[i].health = &health[i];
	}
}

static void
test_agent(void **state)
{
	static const struct {
		const char *name;
		struct agent_says says;
		const char *servers;
	} rows[] = {
		{ "nothing", { .percent = -1, .reached = true }, "10.1.0.9:80*1~ 10.1.0.1:80*10" },
		{ "percent", { .percent = 50, .reached = true }, "10.1.0.9:80*1~ 10.1.0.1:80*5" },
		{ "more than all", { .percent = 200, .reached = true }, "10.1.0.9:80*1~ 10.1.0.1:80*20" },
		{ "0%: no quorum", { .percent = 0, .reached = true }, "10.1.0.9:80*1 10.1.0.1:80*0~" },
		{ "maxconn", { .percent = -1, .maxconn = 7 }, "10.1.0.9:80*1~ 10.1.0.1:80*10<7" },
		{ "drain", { .percent = 50, .admin = AGENT_DRAIN }, "10.1.0.9:80*1 10.1.0.1:80*0~" },
		{ "ready", { .percent = 50, .admin = AGENT_READY }, "10.1.0.9:80*1~ 10.1.0.1:80*5" },
		{ "maint", { .percent = 50, .admin = AGENT_MAINT }, "10.1.0.9:80*1 10.1.0.1:80*5~" },
		{ "not reached leaves all",
		  { .percent = 50, .admin = AGENT_MAINT },
		  "10.1.0.9:80*1 10.1.0.1:80*5~" },
		{ "down", { .percent = -1, .down = true }, "10.1.0.9:80*1 10.1.0.1:80*10~" },
		{ "up", { .percent = -1 }, "10.1.0.9:80*1~ 10.1.0.1:80*10" },
	};
	struct farm farm;

	farm_conf_hook = agent_give;
	farm = farm_open(SERVICE SORRY REAL(1, 10, "") "}");
	farm_expect(&farm, VIP, "10.1.0.9:80*1~ 10.1.0.1:80*10");
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		print_message("%s\n", rows[i].name);
		fake_agent_says("10.1.0.1:80", &rows[i].says);
		farm_expect(&farm, VIP, rows[i].servers);
	}
	/* Up is both: the agent's word and the checks'. */
	fake_check_set("10.1.0.1:80", FAKE_BAD);
	farm_expect(&farm, VIP, "10.1.0.9:80*1 10.1.0.1:80*10~");
	fake_agent_says("10.1.0.1:80", &rows[9].says);
	fake_check_set("10.1.0.1:80", FAKE_GOOD);
	farm_run_ms(&farm, 50);
	farm_expect(&farm, VIP, "10.1.0.9:80*1 10.1.0.1:80*10~");
	fake_agent_says("10.1.0.1:80", &rows[10].says);
	farm_expect(&farm, VIP, "10.1.0.9:80*1~ 10.1.0.1:80*10");
	farm_close(&farm);
}

/* One set of checks for all services of a group; commands may treat them differently. */
static void
test_group(void **state)
{
	unsigned int attempts;
	struct farm farm;

	farm = farm_open(
		"virtual_server_group web {\n 10.0.0.1 80\n 10.0.0.2 80\n}\n"
		"virtual_server group web {\n protocol TCP\n lb_algo rr\n lb_kind NAT\n delay_loop 0.01\n"
		" retry 0\n warmup 0\n" SORRY REAL(1, 1, "") REAL(2, 1, "") "}");
	farm_expect(&farm, VIP, "10.1.0.9:80*1~ 10.1.0.2:80*1 10.1.0.1:80*1");
	fake_check_set("10.1.0.1:80", FAKE_BAD);
	farm_expect(&farm, VIP, "10.1.0.9:80*1~ 10.1.0.2:80*1 10.1.0.1:80*1~");
	farm_expect(&farm, "10.0.0.2:80", "10.1.0.9:80*1~ 10.1.0.2:80*1 10.1.0.1:80*1~");
	farm_command(&farm, "edit 10.1.0.2:80*5");
	farm_expect(&farm, VIP, "10.1.0.9:80*1~ 10.1.0.2:80*5 10.1.0.1:80*1~");
	farm_expect(&farm, "10.0.0.2:80", "10.1.0.9:80*1~ 10.1.0.2:80*1 10.1.0.1:80*1~");
	/* In one of the services still: it is checked on. */
	farm_command(&farm, "del 10.1.0.1:80");
	fake_check_set("10.1.0.1:80", FAKE_GOOD);
	farm_expect(&farm, "10.0.0.2:80", "10.1.0.9:80*1~ 10.1.0.2:80*1 10.1.0.1:80*1");
	attempts = fake_check_attempts("10.1.0.1:80");
	fake_check_set("10.1.0.2:80", FAKE_BAD);
	fake_check_set("10.1.0.1:80", FAKE_BAD);
	farm_expect(&farm, "10.0.0.2:80", "10.1.0.9:80*1 10.1.0.2:80*1~ 10.1.0.1:80*1~");
	farm_expect(&farm, VIP, "10.1.0.9:80*1 10.1.0.2:80*5~");
	assert_true(fake_check_attempts("10.1.0.1:80") > attempts);
	farm_close(&farm);
}

/* On the backup nothing is checked and nothing changes. */
static void
test_suspend(void **state)
{
	unsigned int attempts;
	struct sl_addr vip;
	struct farm farm;

	assert_int_equal(sl_addr_parse("10.0.0.1", &vip), 0);
	farm = farm_open(SERVICE " ha_suspend\n" REAL(1, 1, "") REAL(2, 1, "") "}");
	fake_check_set("10.1.0.1:80", FAKE_BAD);
	fake_check_set("10.1.0.2:80", FAKE_GOOD);
	farm_expect(&farm, VIP, "10.1.0.2:80*1 10.1.0.1:80*1~");
	health_vip_held(farm.health, &vip, false);
	health_vip_held(farm.health, &vip, false);
	assert_int_equal(fake_check_running(NULL), 0);
	fake_check_set("10.1.0.1:80", FAKE_GOOD);
	fake_check_set("10.1.0.2:80", FAKE_BAD);
	attempts = fake_check_attempts(NULL);
	farm_run_ms(&farm, 100);
	assert_int_equal(fake_check_attempts(NULL), attempts);
	farm_expect(&farm, VIP, "10.1.0.2:80*1 10.1.0.1:80*1~");
	health_vip_held(farm.health, &vip, true);
	farm_expect(&farm, VIP, "10.1.0.2:80*1~ 10.1.0.1:80*1");
	farm_close(&farm);
}

/*
 * Feedback's weights are hundreds of the configured ones, so that parts of them can be told. The
 * loaded server's falls, the sum stays; one that is drained has 0, and the quorum knows nothing of it.
 */
static void
test_feedback(void **state)
{
	struct agent_says idle = { .percent = -1, .reached = true, .has_load = { true }, .load = { 20 } };
	struct agent_says busy = { .percent = -1, .reached = true, .has_load = { true }, .load = { 90 } };
	uint32_t weight[2] = { 0 };
	struct farm farm;

	farm_conf_hook = agent_give;
	farm = farm_open(SERVICE SORRY " quorum 2\n feedback {\n interval 0.1\n cpu 100\n }\n" REAL(1, 1, "")
				 REAL(2, 1, "") "}");
	farm_expect(&farm, VIP, "10.1.0.9:80*1~ 10.1.0.2:80*100 10.1.0.1:80*100");
	for (int i = 0; i < 2000 && (weight[0] >= 80 || weight[0] == 0); i++) {
		const struct dp_real *reals;

		fake_agent_says("10.1.0.1:80", &busy);
		fake_agent_says("10.1.0.2:80", &idle);
		farm_run_ms(&farm, 10);
		reals = fake_dp_service_at(0)->reals;
		weight[0] = reals[2].weight;
		weight[1] = reals[1].weight;
	}
	assert_in_range(weight[0], 10, 79);
	assert_in_range(weight[0] + weight[1], 195, 205);
	idle.admin = AGENT_DRAIN;
	fake_agent_says("10.1.0.2:80", &idle);
	for (int i = 0; i < 2000 && fake_dp_service_at(0)->reals[1].weight != 0; i++)
		farm_run_ms(&farm, 5);
	assert_int_equal(fake_dp_service_at(0)->reals[1].weight, 0);
	farm_close(&farm);
}

static void
passive_give(struct conf *conf)
{
	conf->pools[0].passive = (struct conf_passive){ true, 1000, 10, 50, 400 };
}

/* Marked by the data plane's counters, cleared by the next check, or by time where there is none. */
static void
test_passive(void **state)
{
	struct farm farm;
	unsigned int attempts;
	uint32_t slot;

	farm_conf_hook = passive_give;
	farm = farm_open(
		"virtual_server 10.0.0.1 80 {\n protocol TCP\n lb_algo rr\n lb_kind NAT\n delay_loop 1000\n"
		" retry 0\n warmup 0\n" REAL(1, 1, "") " real_server 10.1.0.2 80 {\n }\n}");
	fake_check_set("10.1.0.1:80", FAKE_GOOD);
	farm_run_ms(&farm, 600);
	attempts = fake_check_attempts("10.1.0.1:80");
	assert_int_equal(attempts, 1);
	fake_check_set("10.1.0.1:80", FAKE_HANG);
	slot = fake_dp_service_at(0)->reals[1].ret_slot;
	fake_dp_outcomes_set(slot, 20, 0, 20);
	farm_expect(&farm, VIP, "10.1.0.2:80*1 10.1.0.1:80*1~");
	farm_run_ms(&farm, 1000);
	farm_expect(&farm, VIP, "10.1.0.2:80*1 10.1.0.1:80*1~");
	assert_true(fake_check_attempts("10.1.0.1:80") >= 2);
	slot = fake_dp_service_at(0)->reals[0].ret_slot;
	fake_dp_outcomes_set(slot, 20, 0, 20);
	farm_expect(&farm, VIP, "10.1.0.2:80*1~ 10.1.0.1:80*1~");
	farm_expect(&farm, VIP, "10.1.0.2:80*1 10.1.0.1:80*1~");
	farm_close(&farm);

	/* With a check that is good, the mark lasts a window: of what is begun before, a success does not count. */
	farm_conf_hook = passive_give;
	farm = farm_open(
		"virtual_server 10.0.0.1 80 {\n protocol TCP\n lb_algo rr\n lb_kind NAT\n delay_loop 1000\n"
		" retry 0\n warmup 0\n" REAL(1, 1, "") "}");
	fake_check_set("10.1.0.1:80", FAKE_GOOD);
	farm_run_ms(&farm, 600);
	attempts = fake_check_attempts("10.1.0.1:80");
	fake_dp_outcomes_set(fake_dp_service_at(0)->reals[0].ret_slot, 20, 0, 20);
	farm_expect(&farm, VIP, "10.1.0.1:80*1~");
	assert_int_equal(fake_check_attempts("10.1.0.1:80"), attempts + 1);
	farm_expect(&farm, VIP, "10.1.0.1:80*1");
	assert_int_equal(fake_check_attempts("10.1.0.1:80"), attempts + 2);
	farm_close(&farm);
}

/* A model that is out of memory is asked again. */
static void
test_refusal(void **state)
{
	struct farm farm;

	farm = farm_open(SERVICE REAL(1, 1, "") "}");
	fake_dp_fail(FAKE_DP_COMMIT, 1, -ENOMEM);
	fake_check_set("10.1.0.1:80", FAKE_BAD);
	farm_expect(&farm, VIP, "10.1.0.1:80*1~");
	assert_true(fake_dp_calls(FAKE_DP_COMMIT) >= 3);
	farm_close(&farm);
}

/* flush_on_failure: for UDP by default, for TCP where it is said. */
static void
test_flush(void **state)
{
	struct farm farm;
	uint32_t slot;

	farm = farm_open(SERVICE " flush_on_failure on\n" REAL(1, 1, "")
				 REAL(2, 1, "inhibit_on_failure\n") "}");
	fake_check_set("10.1.0.1:80", FAKE_BAD);
	fake_check_set("10.1.0.2:80", FAKE_BAD);
	farm_expect(&farm, VIP, "10.1.0.2:80*0 10.1.0.1:80*1~");
	slot = fake_dp_service_at(0)->reals[1].ret_slot;
	assert_true(fake_dp_flushed(slot));
	assert_false(fake_dp_flushed(fake_dp_service_at(0)->reals[0].ret_slot));
	farm_close(&farm);
	farm = farm_open(SERVICE REAL(1, 1, "") "}");
	fake_check_set("10.1.0.1:80", FAKE_BAD);
	farm_expect(&farm, VIP, "10.1.0.1:80*1~");
	assert_false(fake_dp_flushed(fake_dp_service_at(0)->reals[0].ret_slot));
	farm_close(&farm);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quorum),
		cmocka_unit_test(test_stories),
		cmocka_unit_test(test_alpha_begins_sorry),
		cmocka_unit_test(test_agent),
		cmocka_unit_test(test_feedback),
		cmocka_unit_test(test_group),
		cmocka_unit_test(test_suspend),
		cmocka_unit_test(test_passive),
		cmocka_unit_test(test_refusal),
		cmocka_unit_test(test_flush),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
