/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A check of a real server while its block is read, and the server's health
 * that comes of it: what conf_checker.c shares with the files of single kinds
 * (conf_http.c, conf_misc.c ...). Drafts live in scratch memory until their
 * virtual_server ends; then each becomes a struct conf_checker.
 */
#ifndef CONF_CHECKER_H
#define CONF_CHECKER_H

#include "conf_inherit.h"
#include "conf_service.h"

/* Where a check connects to. Its keywords' builders (conf_connect.c) take this for the object. */
struct conf_connect_draft {
	struct conf_inherit inherit; /* first */
	struct conf_connect connect;
	const struct conf_word *ip, *bindto; /* where they are given; NULL: not at all */
};

struct conf_smtp_draft {
	const char *helo_name;
	struct conf_connect_draft **hosts;
	unsigned int host_count;
};

struct conf_udp_draft {
	struct conf_udp udp;
	const struct conf_word *length; /* min_reply_length or max_reply_length; NULL: neither */
};

struct conf_file_check_draft {
	struct conf_file_check file;
	const struct conf_word *name; /* NULL: none given */
	bool has_weight;
};

struct conf_misc_draft {
	struct conf_script script;
	const struct conf_word *path; /* NULL: none given */
	bool path_good, has_user;
	uint32_t timeout_ms; /* 0: not given */
	bool dynamic;
};

struct conf_checker_draft {
	struct conf_connect_draft net;   /* first */
	const struct conf_word *keyword; /* such as TCP_CHECK */
	enum conf_check_type type;
	bool bad; /* a fault in it: what is missing may be no fault of its own */
	union {
		struct conf_http http;
		struct conf_smtp_draft smtp;
		struct conf_dns dns;
		struct conf_udp_draft udp;
		struct conf_misc_draft misc;
		struct conf_file_check_draft file;
	};
};

/*
 * Says what is missing in a check, and fills the union of *ret_checker, whose other members are done and
 * which stays where it is.
 */
typedef void conf_checker_finish_fn(struct conf_load *load, const struct conf_checker_draft *draft,
				    const struct conf_scope *scope, const struct conf_real *real,
				    struct conf_checker *ret_checker);

/* What a kind of check adds to what all have. */
struct conf_checker_kind {
	const struct conf_block *block;
	/* where nobody says it; CONF_AS_DELAY_LOOP */
	uint32_t retry, delay_before_retry_ms, delay_loop_ms;
	bool connects;
	/* All values of the draft's own kind that have a default. NULL: none. */
	void (*begin)(struct conf_checker_draft *draft);
	conf_checker_finish_fn *finish; /* NULL: nothing to do */
};

extern const struct conf_checker_kind conf_checker_kinds[CONF_CHECK_MAX];

/* The kinds' own parts. */
void conf_http_begin(struct conf_checker_draft *draft);
void conf_dns_begin(struct conf_checker_draft *draft);
void conf_udp_begin(struct conf_checker_draft *draft);
void conf_file_begin(struct conf_checker_draft *draft);
conf_checker_finish_fn conf_http_finish, conf_smtp_finish, conf_dns_finish, conf_udp_finish, conf_misc_finish,
	conf_file_finish;

/* At the end of the file: gives FILE_CHECKs their track_file. */
void conf_track_files_finish(struct conf_load *load);

/* At the end of the file: checker_log_all_failures is for all checks. */
void conf_log_all_finish(struct conf_load *load);

/* An AGENT_CHECK, with what stands around it. */
struct conf_agent *conf_agent_finish(struct conf_load *load, const struct conf_agent_draft *draft,
				     const struct conf_scope *around, const struct conf_real *real);

/* A connection as it shall be, for a check or a host of one. */
void conf_connect_finish(struct conf_load *load, const struct conf_connect_draft *draft,
			 const struct conf_scope *scope, const struct conf_real *real,
			 struct conf_connect *ret_connect);

/* After a virtual_server's servers are finished: what it says of check_via_dataplane is for none of them? */
void conf_via_service_check(struct conf_load *load, const struct conf_service_object *service);

/* The health of a server that is finished but for it. Never NULL. */
const struct conf_health *conf_health_finish(struct conf_load *load,
					     const struct conf_service_object *service,
					     const struct conf_real_object *draft,
					     const struct conf_real *real);

/* A server that nothing is known of. */
extern const struct conf_health conf_health_none;

#endif
