/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Commands of the configuration, run beside the loop: MISC_CHECK, notify_up,
 * quorum_down and their like.
 *
 * A command runs as its user, without a shell, in a process group of its own,
 * with /dev/null as input and output and nothing else open. It may hang, fork
 * and flood: after its time limit the whole group gets SIGTERM, two seconds
 * later SIGKILL. Nothing here waits for it. At most SCRIPT_MAX run at once,
 * further ones queue. Control thread only.
 */
#ifndef SLUICE_SCRIPT_H
#define SLUICE_SCRIPT_H

#include "check.h"

enum { SCRIPT_MAX = 64, SCRIPT_KILL_MS = 2000 };

/* What becomes of the processes that a command leaves behind when it ends in time. */
enum script_kind {
	SCRIPT_CHECK, /* they end with it */
	SCRIPT_NOTIFY /* they stay: a notifier may start a daemon */
};

/* How it ended: exited, or ended by a signal, or never begun. */
struct script_result {
	bool exited;
	int exit_code; /* of one that exited */
	bool timed_out;
	uint32_t took_us;           /* since it began to run, not since it began to queue */
	char text[CHECK_TEXT_SIZE]; /* in words: "exit code 3", "ran longer than 5000 ms: ended" */
};

typedef void script_done_fn(const struct script_result *result, void *context);

struct script_run;

/*
 * Runs `script`, of which it keeps a copy. timeout_ms 0: no limit. `done` (may be NULL) is called once,
 * from the loop, never from inside start. NULL with the reason in ret_text when it cannot run.
 */
struct script_run *script_start(struct event_base *base, enum script_kind kind,
				const struct conf_script *script, uint32_t timeout_ms, script_done_fn *done,
				void *context, char ret_text[CHECK_TEXT_SIZE]);

/* Ends it at once, with its group; `done` is not called any more. */
void script_cancel(struct script_run *run);

/*
 * At the end of the daemon: begins `script` and forgets it. 0 or -errno. Those that still run go on;
 * script_forget_all frees what is known of them.
 */
int script_launch(const struct conf_script *script);
void script_forget_all(void);

/* A copy in one allocation: free() ends it. NULL when out of memory. */
struct conf_script *script_copy(const struct conf_script *script);

/* How many run and how many queue, for tests. */
unsigned int script_running(void);
unsigned int script_queued(void);

#endif
