/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What tests of checks share: one attempt run to its verdict, and servers on
 * loopback, each a thread, that answer as a test wants them to.
 */
#ifndef SL_TEST_CHECK_KIT_H
#define SL_TEST_CHECK_KIT_H

#include "check.h"
#include "sl_test.h"

#include <event2/event.h>

/* Long: whatever has to arrive does so. Short: where nothing will. */
enum { KIT_LONG_MS = 20000, KIT_SHORT_MS = 300 };

extern struct check_env kit_env;
extern const struct conf kit_conf; /* nothing in it */

/* Group fixtures: kit_env of kit_conf; at the end no descriptor may have leaked. */
int kit_setup(void **state);
int kit_teardown(void **state);

/* A checker of `type` with KIT_LONG_MS, and what is usual. */
struct conf_checker kit_checker(enum conf_check_type type);
struct check_target kit_target(const char *addr, uint16_t port);
/* One attempt at a step, to its end. A start that fails is a verdict, too. */
struct check_result kit_run_step(const struct conf_checker *conf, const struct check_target *target,
				 unsigned int step);
struct check_result kit_run(const struct conf_checker *conf, const struct check_target *target);
/* Begins, cancels after 0, 1, 2 ... turns of the loop, until an attempt ends before that. */
void kit_cancel_everywhere(const struct conf_checker *conf, const struct check_target *target);

/* The row's verdict; `text` ends with "*" where the rest does not matter. */
void kit_verdict(const char *row, const struct check_result *got, bool good, const char *text);

/* ---- servers ---- */

/* What happens to what a server has to say. */
enum kit_manner {
	KIT_WHOLE,   /* said, and the connection closed */
	KIT_KEEP,    /* said, and the connection left open */
	KIT_SLOW,    /* a byte each 2 ms */
	KIT_ENDLESS, /* said, then `tail` again and again */
	KIT_RESET,   /* said, then the connection is reset */
};

/* One line of a talk: what is awaited from the client (NULL: nothing), what is said, how. */
struct kit_line {
	const char *await, *say;
	enum kit_manner manner;
	const char *tail;
	size_t say_len; /* 0: strlen */
};

struct kit_server;
/* Each connection is told `lines` up to one that has no `say`, or a manner other than KIT_KEEP. */
struct kit_server *kit_server_start(const struct kit_line *lines);
/* What the last client said. After its verdict. */
const char *kit_server_heard(struct kit_server *server);
unsigned int kit_server_connections(struct kit_server *server);
uint16_t kit_server_port(const struct kit_server *server);
void kit_server_stop(struct kit_server *server);

/* Descriptors bound to a free port of loopback; a listening TCP socket accepts by itself. */
int kit_socket(const char *addr, int type, uint16_t *ret_port);

/* A thread that answers each datagram by `answer`: its length, < 0: none. */
typedef int kit_answer_fn(const uint8_t *query, int len, uint8_t *answer, unsigned int number, void *context);
struct kit_udp;
struct kit_udp *kit_udp_start(kit_answer_fn *answer, void *context, uint16_t *ret_port);
void kit_udp_stop(struct kit_udp *udp);

#endif
