/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A farm for tests of health: real configurations, the real model, a data
 * plane without packets, and checks and agents whose verdicts the test says.
 *
 * Time is the loop's own, with intervals of some milliseconds; a test waits for
 * what it expects, with a limit, and never for a time.
 */
#ifndef TEST_HEALTH_FARM_H
#define TEST_HEALTH_FARM_H

#include "agent.h"
#include "health.h"

struct farm {
	struct event_base *base;
	struct model *model;
	struct health *health;
};

/* `services` without the port and what every file has. Ends with farm_close. */
struct farm farm_open(const char *services);
void farm_close(struct farm *farm);
/* Another file. */
void farm_apply(struct farm *farm, const char *services);

/* Before the model takes it: what the file cannot say fast enough. NULL: nothing. */
extern void (*farm_conf_hook)(struct conf *conf);

/* How checks of this server end from now on ("10.1.0.1:80"); NULL: all that nothing else is said of. */
enum fake_verdict { FAKE_GOOD, FAKE_BAD, FAKE_HANG };
void fake_check_set(const char *server, enum fake_verdict verdict);
/* misc_dynamic's weight of good ones; -1: none. */
void fake_check_weight(const char *server, int weight);
/* Attempts so far, and under way; of all servers for NULL. */
unsigned int fake_check_attempts(const char *server);
unsigned int fake_check_running(const char *server);

/* What this server's agent says now. There must be one. */
void fake_agent_says(const char *server, const struct agent_says *says);
unsigned int fake_agents(void);

/*
 * Runs the loop until the data plane's servers of a service read like this, newest first,
 * "10.1.0.2:80*1 10.1.0.1:80*3~" (~: out, <N: with an upper limit); else the test fails.
 */
void farm_expect(struct farm *farm, const char *vip, const char *servers);
/* The same of anything else. */
void farm_until(struct farm *farm, bool (*reached)(struct farm *farm, void *context), void *context,
		const char *what);
/* Turns of the loop for so long: that nothing happens is to be seen. */
void farm_run_ms(struct farm *farm, unsigned int ms);
/* A command of the model, as test_model_text has them: "add 10.1.0.5:80*2", "drain 10.1.0.1:80" ... to 10.0.0.1:80. */
void farm_command(struct farm *farm, const char *text);

#endif
