/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the tests of the control socket share: a model over the data plane
 * without packets, made from the text of a configuration, with an event loop;
 * a boot_reload that is the test's; and answers compared by what matters.
 */
#ifndef TEST_RPC_FIXTURE_H
#define TEST_RPC_FIXTURE_H

#include "verb.h"

#include <event2/event.h>

struct fixture {
	struct event_base *base;
	struct model *model;
	char directory[64];   /* of the test's own, for sockets and files */
	char conf_path[80];   /* a good configuration there */
	char socket_path[80]; /* nothing yet */
};

/* Ends the test if it cannot be made. `conns`: connections of each real server. */
void fixture_setup(struct fixture *fixture, const char *conf_text, unsigned int conns);
void fixture_teardown(struct fixture *fixture);

/* Writes a file into the fixture's directory and gives its path, good until the next call. */
const char *fixture_file(struct fixture *fixture, const char *name, const char *text);

/*
 * Does `got` hold what `want` says? Members that `want` does not name may be
 * there; arrays are compared whole, or up to a last element "..."; a wanted
 * string "~part" is found in the string that there is, "*" stands for any value.
 */
bool json_holds(const json_t *got, const json_t *want);

/* What boot_reload answers, and what it was called with last. */
extern struct reload {
	bool fails; /* with one fault, "sluice.conf":3:7 "no such thing" */
	const char *change;
	int called;
	bool dry_run;
} reload;

#endif
