/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Kinds of checks: what one attempt of each is.
 *
 * A kind is a file and a line in the table of check.c. An attempt is begun,
 * and ends once: by its verdict, or by being cancelled. When the next one is
 * due, and what a verdict means for the server, is the checker's business
 * (checker.c), and no kind knows of it. Nothing here blocks; whatever a server
 * sends, an attempt takes bounded memory and ends at its time limit. Control
 * thread only.
 */
#ifndef SLUICE_CHECK_H
#define SLUICE_CHECK_H

#include "conf.h"

struct event_base;
struct evdns_base;
struct ssl_ctx_st;

enum { CHECK_TEXT_SIZE = 160 };

/* What all attempts share; made once by check_env_create. */
struct check_env {
	struct event_base *base;
	struct evdns_base *dns;          /* for connect_ip as a name */
	struct ssl_ctx_st *tls;          /* of the SSL block; NULL: none is checked by SSL_GET */
	struct ssl_ctx_st *tls_verified; /* the same, certificates must be good */
	char host_name[64];
};

/* 0 or -errno with the reason in ret_error (a certificate file that cannot be read). */
int check_env_init(struct check_env *env, struct event_base *base, const struct conf *conf,
		   char ret_error[DP_ERROR_SIZE]);
void check_env_fini(struct check_env *env);

/* Who is checked: for what the check itself does not name. */
struct check_target {
	struct sl_addr addr; /* the server's, or the address that dp_probe_add gave */
	uint16_t port;
};

struct check_result {
	bool good;
	char text[CHECK_TEXT_SIZE]; /* in words: "status 503, want 200-299", "connected in 3 ms" */
	bool has_weight;
	int64_t weight; /* misc_dynamic: in place of the server's; FILE_CHECK dynamic: to be added to it */
	bool weight_adds;
	uint32_t took_us;
};

typedef void check_done_fn(const struct check_result *result, void *context);

struct check_ops {
	/* How many steps a whole check has (HTTP: its URLs); NULL: 1. */
	unsigned int (*step_count)(const struct conf_checker *conf);
	/*
	 * Begins an attempt at one step. `done` is called once, from the loop, never from inside start.
	 * `conf` outlives the attempt. NULL with the reason in ret_text: that is a failure of the attempt too.
	 */
	void *(*start)(struct check_env *env, const struct conf_checker *conf, unsigned int step,
		       const struct check_target *target, check_done_fn *done, void *context,
		       char ret_text[CHECK_TEXT_SIZE]);
	/* Ends an attempt before its verdict; `done` is not called any more. */
	void (*cancel)(void *attempt);
};

/* By enum conf_check_type. */
extern const struct check_ops *const check_kinds[CONF_CHECK_MAX];

#endif
