/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One check of one server: attempts at their times (checker_state.h says
 * when), one after the other, on the loop. Control thread only.
 */
#ifndef SLUICE_CHECKER_H
#define SLUICE_CHECKER_H

#include "check.h"
#include "checker_state.h"

struct checker;

/* Whose check it is. */
struct checker_owner {
	/* Where an attempt goes to. False with the reason: that is a failure of the attempt. */
	bool (*target)(void *context, const struct conf_checker *conf, struct check_target *ret_target,
		       char ret_text[CHECK_TEXT_SIZE]);
	/* After each verdict, from the loop. `changed`: its state is another. May pause, resume, destroy. */
	void (*verdict)(struct checker *checker, bool changed, void *context);
	void *context;
};

/* What is known of it. */
struct checker_report {
	bool running;      /* an attempt is under way, or there will be one */
	uint64_t last_ms;  /* when the last verdict came; 0: never */
	uint64_t due_ms;   /* the next attempt; of one under way: when it was due */
	uint64_t began_ms; /* the last attempt */
	bool good;
	char text[CHECK_TEXT_SIZE]; /* the last result in words */
	uint32_t took_us;
	bool has_weight, weight_adds; /* while it is up */
	int64_t weight;
	bool weight_changed; /* by the last verdict */
};

/* Paused, and up or down. NULL when out of memory. `conf` outlives it, or checker_conf_set comes. */
struct checker *checker_create(struct check_env *env, const struct conf_checker *conf, bool up,
			       const struct checker_owner *owner);
void checker_destroy(struct checker *checker);

/* The first attempt comes after a random time up to `within_ms`; one that has begun goes on as it was due. */
void checker_resume(struct checker *checker, uint32_t within_ms);
/* Ends the attempt under way; the state stays as it is. */
void checker_pause(struct checker *checker);
/* An attempt at once, if none is under way. */
void checker_hurry(struct checker *checker);
/* As it was when it was new. It is paused. */
void checker_forget(struct checker *checker, bool up);
/* The same check in another configuration, another owner's. It is paused. */
void checker_conf_set(struct checker *checker, struct check_env *env, const struct conf_checker *conf,
		      const struct checker_owner *owner);

const struct conf_checker *checker_conf(const struct checker *checker);
const struct checker_state *checker_state(const struct checker *checker);
const struct checker_report *checker_report(const struct checker *checker);
/* "TCP_CHECK" */
const char *checker_name(const struct checker *checker);

#endif
