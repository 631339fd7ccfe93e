/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Commands of the configuration, run beside the loop (script.h).
 *
 * A run queues, is a process, and ends. Its end is read from the process's
 * descriptor, which the loop waits for beside all others. What a command prints
 * goes to /dev/null: a pipe that we read would let a flood of output take the
 * loop's time, and one that we do not read would stop the command.
 *
 * A process number is ours until the process has been waited for. So whatever
 * is sent to the group is sent before that, and never meets somebody else's.
 */
#include "script.h"

#include "script_spawn.h"
#include "sl_clock.h"
#include "sl_log.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct script_run {
	struct script_run *next, **link; /* in `queue` or `running` */
	struct event_base *base;
	enum script_kind kind;
	struct conf_script *script;
	uint32_t timeout_ms;
	script_done_fn *done;
	void *context;

	pid_t pid; /* 0: queues */
	int pidfd;
	uint64_t began_us;
	bool timed_out;
	struct event *ended, *limit;
};

static struct script_run *running, *queue, **queue_end = &queue;
static unsigned int running_count, queue_count;

static struct script_run *run_create(struct event_base *base, const struct conf_script *script);
static int run_begin(struct script_run *run);
static void run_free(struct script_run *run);
static void run_link(struct script_run *run, struct script_run **at);
static void run_unlink(struct script_run *run);
static void queue_begin(void);
static void process_ended(evutil_socket_t fd, short what, void *context);
static void limit_reached(evutil_socket_t fd, short what, void *context);
static void result_make(const struct script_run *run, const siginfo_t *info, struct script_result *ret);

struct script_run *
script_start(struct event_base *base, enum script_kind kind, const struct conf_script *script,
	     uint32_t timeout_ms, script_done_fn *done, void *context, char ret_text[CHECK_TEXT_SIZE])
{
	struct script_run *run = run_create(base, script);
	int rc;

	if (run == NULL) {
		snprintf(ret_text, CHECK_TEXT_SIZE, "%s: out of memory", script->argv[0]);
		return NULL;
	}
	run->kind = kind;
	run->timeout_ms = timeout_ms;
	run->done = done;
	run->context = context;
	if (running_count >= SCRIPT_MAX) {
		run_link(run, queue_end);
		queue_end = &run->next;
		queue_count++;
		return run;
	}
	rc = run_begin(run);
	if (rc == 0)
		return run;
	snprintf(ret_text, CHECK_TEXT_SIZE, "%s: %s", script->argv[0], strerror(-rc));
	run_free(run);
	return NULL;
}

void
script_cancel(struct script_run *run)
{
	if (run == NULL)
		return;
	if (run->pid == 0) {
		run_unlink(run);
		run_free(run);
		return;
	}
	/* The loop waits for its end, as ever, and then says nothing. */
	run->done = NULL;
	run->kind = SCRIPT_CHECK;
	kill(-run->pid, SIGKILL);
}

int
script_launch(const struct conf_script *script)
{
	pid_t pid;
	int pidfd, rc;

	rc = script_spawn(script->argv, script->uid, script->gid, &pid, &pidfd);
	if (rc == 0)
		close(pidfd);
	return rc;
}

void
script_forget_all(void)
{
	unsigned int lost = queue_count;

	while (queue != NULL) {
		struct script_run *run = queue;

		run_unlink(run);
		run_free(run);
	}
	while (running != NULL) {
		struct script_run *run = running;

		if (run->pid > 0 && run->kind == SCRIPT_CHECK)
			kill(-run->pid, SIGKILL);
		run_unlink(run);
		run_free(run);
	}
	if (lost > 0)
		sl_warn("%u commands had not begun yet and are not run: sluiced ends", lost);
}

struct conf_script *
script_copy(const struct conf_script *script)
{
	size_t count = 0, text_size = 0;
	struct conf_script *copy;
	char *text;

	for (; script->argv[count] != NULL; count++)
		text_size += strlen(script->argv[count]) + 1;
	copy = malloc(sizeof(*copy) + (count + 1) * sizeof(*copy->argv) + text_size);
	if (copy == NULL)
		return NULL;
	*copy = *script;
	copy->argv = (char **)(copy + 1);
	text = (char *)&copy->argv[count + 1];
	for (size_t i = 0; i < count; i++) {
		copy->argv[i] = text;
		text = stpcpy(text, script->argv[i]) + 1;
	}
	copy->argv[count] = NULL;
	return copy;
}

unsigned int
script_running(void)
{
	return running_count;
}

unsigned int
script_queued(void)
{
	return queue_count;
}

/* With a copy of the command: what it was read from may go meanwhile. */
static struct script_run *
run_create(struct event_base *base, const struct conf_script *script)
{
	struct script_run *run = calloc(1, sizeof(*run));

	if (run == NULL)
		return NULL;
	run->script = script_copy(script);
	if (run->script == NULL) {
		free(run);
		return NULL;
	}
	run->base = base;
	run->pidfd = -1;
	return run;
}

static int
run_begin(struct script_run *run)
{
	const struct timeval limit = { run->timeout_ms / 1000, (suseconds_t)(run->timeout_ms % 1000) * 1000 };
	int rc;

	run->began_us = sl_clock_us();
	rc = script_spawn(run->script->argv, run->script->uid, run->script->gid, &run->pid, &run->pidfd);
	if (rc < 0)
		return rc;
	run_link(run, &running);
	running_count++;
	run->ended = event_new(run->base, run->pidfd, EV_READ, process_ended, run);
	run->limit = evtimer_new(run->base, limit_reached, run);
	if (run->ended != NULL && run->limit != NULL && event_add(run->ended, NULL) == 0 &&
	    (run->timeout_ms == 0 || event_add(run->limit, &limit) == 0))
		return 0;
	/* It cannot be waited for, so it must not live. */
	kill(-run->pid, SIGKILL);
	waitid(P_PIDFD, (id_t)run->pidfd, &(siginfo_t){ 0 }, WEXITED);
	run_unlink(run);
	return -ENOMEM;
}

static void
run_free(struct script_run *run)
{
	if (run->ended != NULL)
		event_free(run->ended);
	if (run->limit != NULL)
		event_free(run->limit);
	if (run->pidfd >= 0)
		close(run->pidfd);
	free(run->script);
	free(run);
}

static void
run_link(struct script_run *run, struct script_run **at)
{
	run->next = *at;
	if (run->next != NULL)
		run->next->link = &run->next;
	run->link = at;
	*at = run;
}

static void
run_unlink(struct script_run *run)
{
	*run->link = run->next;
	if (run->next != NULL)
		run->next->link = run->link;
	if (run->pid > 0) {
		running_count--;
		return;
	}
	if (queue_end == &run->next)
		queue_end = run->link;
	queue_count--;
}

/* As many as there is room for now. One that cannot begin says so by its `done`, from the loop. */
static void
queue_begin(void)
{
	while (queue != NULL && running_count < SCRIPT_MAX) {
		struct script_run *run = queue;
		struct script_result result = { 0 };
		int rc;

		run_unlink(run);
		rc = run_begin(run);
		if (rc == 0)
			continue;
		snprintf(result.text, sizeof(result.text), "%s: %s", run->script->argv[0], strerror(-rc));
		if (run->done != NULL)
			run->done(&result, run->context);
		run_free(run);
	}
}

static void
process_ended(evutil_socket_t fd, short what, void *context)
{
	struct script_run *run = context;
	struct script_result result;
	siginfo_t info = { 0 };

	/* Before it is waited for: until then nobody else can have its number. */
	if (run->kind == SCRIPT_CHECK || run->timed_out)
		kill(-run->pid, SIGKILL);
	if (waitid(P_PIDFD, (id_t)run->pidfd, &info, WEXITED | WNOHANG) < 0 || info.si_pid == 0) {
		event_add(run->ended, NULL);
		return;
	}
	result_make(run, &info, &result);
	run_unlink(run);
	if (run->done != NULL)
		run->done(&result, run->context);
	run_free(run);
	queue_begin();
}

/* First asks the group to end, two seconds later ends it. */
static void
limit_reached(evutil_socket_t fd, short what, void *context)
{
	const struct timeval more = { SCRIPT_KILL_MS / 1000, SCRIPT_KILL_MS % 1000 * 1000 };
	struct script_run *run = context;

	kill(-run->pid, run->timed_out ? SIGKILL : SIGTERM);
	if (!run->timed_out)
		event_add(run->limit, &more);
	run->timed_out = true;
}

static void
result_make(const struct script_run *run, const siginfo_t *info, struct script_result *ret)
{
	*ret = (struct script_result){
		.exited = info->si_code == CLD_EXITED && !run->timed_out,
		.exit_code = info->si_code == CLD_EXITED ? info->si_status : 0,
		.timed_out = run->timed_out,
		.took_us = (uint32_t)(sl_clock_us() - run->began_us),
	};
	if (run->timed_out)
		snprintf(ret->text, sizeof(ret->text), "ran longer than %u ms: ended", run->timeout_ms);
	else if (ret->exited)
		snprintf(ret->text, sizeof(ret->text), "exit code %d", ret->exit_code);
	else
		snprintf(ret->text, sizeof(ret->text), "ended by SIG%s", sigabbrev_np(info->si_status));
}
