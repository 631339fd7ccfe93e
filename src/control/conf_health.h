/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a configuration says of health: the checks of each real server, the
 * pool that they belong to, and how reports of load shift weights.
 *
 * Names, defaults and inheritance (virtual_server, real_server, checker) are
 * keepalived's; everything here is the finished value, defaults included. All
 * of it is plain data that lives as long as its struct conf: strings are in
 * the conf's arena, or NULL. Times are milliseconds.
 */
#ifndef SLUICE_CONF_HEALTH_H
#define SLUICE_CONF_HEALTH_H

#include "conf_place.h"

#include <sluice/addr.h>

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* X(enum suffix, keyword) */
#define CONF_CHECK_LIST(X)                                                                                   \
	X(TCP, "TCP_CHECK")                                                                                  \
	X(HTTP, "HTTP_GET")                                                                                  \
	X(SSL, "SSL_GET")                                                                                    \
	X(SMTP, "SMTP_CHECK")                                                                                \
	X(DNS, "DNS_CHECK")                                                                                  \
	X(UDP, "UDP_CHECK")                                                                                  \
	X(PING, "PING_CHECK")                                                                                \
	X(MISC, "MISC_CHECK")                                                                                \
	X(FILE, "FILE_CHECK")

enum conf_check_type {
#define CONF_CHECK_ENUM(name, keyword) CONF_CHECK_##name,
	CONF_CHECK_LIST(CONF_CHECK_ENUM)
#undef CONF_CHECK_ENUM
		CONF_CHECK_MAX
};

/* A command: quorum_up, notify_down, misc_path. Run without a shell: argv[0] is a path. */
struct conf_script {
	char **argv; /* ends with NULL */
	uid_t uid;   /* who runs it: its own `user`, else global_defs' script_user, else who runs sluiced */
	gid_t gid;
};

/* Where a check connects to, and from. What is not given is zero, and the server's own. */
struct conf_connect {
	struct sl_addr ip;     /* connect_ip; none: the server's address */
	const char *name;      /* connect_ip as a name, to be resolved at each attempt; NULL */
	uint16_t port;         /* connect_port; 0: the server's port */
	struct sl_addr bindto; /* none: the kernel's choice */
	uint16_t bind_port;
	const char *bind_if; /* NULL: any */
	uint32_t fwmark;
	uint32_t timeout_ms; /* connect_timeout: of the whole attempt, 5 s by default */
	bool via_dataplane;  /* check_via_dataplane: to the VIP at this server, as clients' packets go */
};

struct conf_http_url {
	const char *path;
	const char *
		virtualhost; /* Host: header; NULL: the checker's, the server's, the service's, else the address */
	bool has_digest;
	uint8_t digest[16];                          /* MD5 of the body */
	uint8_t status[75];                          /* bit map of 0..599: which are good. Default 200..299 */
	const char *regex;                           /* PCRE2; NULL: none */
	bool regex_no_match;                         /* good is what does not match */
	uint32_t regex_options;                      /* PCRE2_* of pcre2_compile, from regex_options */
	uint32_t regex_min_offset, regex_max_offset; /* of where a match may begin; 0: no bound above */
};

enum conf_http_protocol { CONF_HTTP_1_0, CONF_HTTP_1_1 };

/* HTTP_GET and SSL_GET */
struct conf_http {
	struct conf_http_url *urls;
	unsigned int url_count; /* at least 1 */
	enum conf_http_protocol protocol;
	bool fast_recovery; /* all URLs in one go, while down */
	/* SSL_GET */
	bool sni;             /* enable_sni, or sni_name given */
	const char *sni_name; /* NULL: the virtualhost */
	bool verify; /* tls_verify: the certificate must be good, and be for sni_name or virtualhost */
};

/* The SSL block: for all SSL_GETs. */
struct conf_ssl {
	const char *ca, *certificate, *key, *password; /* PEM files; NULL: none */
};

struct conf_smtp_host {
	struct conf_connect connect;
};

struct conf_smtp {
	const char *helo_name; /* default: the box's name */
	/* `host` blocks, each checked in turn and all of them good; without one, the server itself */
	struct conf_smtp_host *hosts;
	unsigned int host_count;
};

struct conf_dns {
	const char *name; /* default "." */
	uint16_t type;    /* of the query, such as 6 (SOA, the default) */
};

struct conf_udp {
	uint8_t *payload; /* default: empty */
	uint32_t payload_size;
	bool require_reply;
	/* require_reply's pattern: bit by bit, (reply ^ data) & mask == 0; size 0: any reply is good */
	uint8_t *reply_data, *reply_mask;
	uint32_t reply_size;
	uint32_t min_reply_size, max_reply_size; /* min_reply_length, max_reply_length: default 0, 255 */
};

struct conf_misc {
	struct conf_script script;
	uint32_t timeout_ms; /* misc_timeout; default delay_loop */
	bool dynamic;        /* misc_dynamic: exit codes 2..255 are weights 0..253 */
};

struct conf_file_check {
	const char *name; /* of the track_file */
	const char *path; /* and its file */
	int32_t weight;   /* of FILE_CHECK, else of the track_file; default 1 */
	bool reverse;
	bool dynamic; /* default, unless weight is 0: value * weight is added to the server's weight; else: 0 is good */
};

/* track_file NAME { file PATH weight N [reverse] }: what FILE_CHECKs name. */
struct conf_track_file {
	struct conf_place place;
	const char *name, *path;
	int32_t weight;
	bool reverse;
};

struct conf_checker {
	struct conf_place place;
	enum conf_check_type type;
	uint32_t delay_loop_ms;         /* between attempts */
	uint32_t retry;                 /* so many failures more, before it counts */
	uint32_t delay_before_retry_ms; /* between these */
	uint32_t warmup_ms;             /* the first attempt comes after a random time up to this */
	uint32_t fall, rise; /* consecutive: failures until down (retry + 1), successes until up (1) */
	bool alpha;          /* down until the first success */
	bool log_all_failures;
	struct conf_connect connect;
	union {
		struct conf_http http; /* and SSL */
		struct conf_smtp smtp;
		struct conf_dns dns;
		struct conf_udp udp;
		struct conf_misc misc;
		struct conf_file_check file;
	};
};

/* AGENT_CHECK: HAProxy's agent-check. Failing to reach the agent is no failure of the server. */
struct conf_agent {
	struct conf_place place;
	uint32_t delay_loop_ms;      /* default 2 s */
	struct conf_connect connect; /* port: `port`, which has no default */
	const char *send;            /* what is sent first; NULL: nothing */
	const char *secret;          /* shared with sluice-agent, which then signs what it says; NULL: none */
};

/* What a real server is checked by. */
struct conf_health {
	struct conf_checker *checks;
	unsigned int check_count;
	struct conf_agent *agent; /* NULL: none */
	bool inhibit_on_failure;
	bool alpha;                                  /* starts down: any of its checks does */
	struct conf_script *notify_up, *notify_down; /* NULL: none */
};

/* Servers that do not answer clients' SYNs, by what the data plane sees. NAT and FNAT, TCP. */
struct conf_passive {
	bool on;
	uint32_t window_ms; /* what is looked at; default 3 s */
	uint32_t failures;  /* so many in it at least; default 10 */
	uint32_t percent;   /* and such a share of all; default 50 */
	uint32_t retry_ms;  /* a server without a check comes back after so long; default 10 s */
};

/* What the agents report, or Sluice measures, that weights may follow. */
enum conf_load_kind { CONF_LOAD_CPU, CONF_LOAD_MEMORY, CONF_LOAD_RESPONSE, CONF_LOAD_CUSTOM, CONF_LOAD_MAX };

struct conf_feedback {
	bool on;
	uint32_t interval_ms; /* of its decisions; default 2 s */
	uint32_t factor
		[CONF_LOAD_MAX]; /* weights of the kinds of load, relative; default: cpu 100, others 0 */
	uint32_t response_ms;    /* the response time that counts as full load; default 1000 */
	const char *custom;      /* name of the custom load, as agents report it; NULL: none */
	uint32_t smoothing;      /* how many reports an average takes in, 1..100; default 4 */
	uint32_t dead_band;      /* percent: a weight nearer to where it should be stays; default 5 */
	uint32_t step; /* percent of the configured weight that one decision may change; default 20 */
	uint32_t floor, ceiling; /* percent of the configured weight; default 10, 200 */
	uint32_t stale_ms;       /* a report older than this is none; default 5 intervals */
};

/* The servers of a virtual_server, or of all of a virtual_server_group, and what is made of their states. */
struct conf_pool {
	struct conf_place place;
	const char *name;                          /* the group's name; NULL: the pool of one service */
	unsigned int first_service, service_count; /* in conf->services, side by side */
	uint32_t quorum, hysteresis;               /* default 1, 0 */
	bool omega; /* notify_down and quorum_down are run at the end of the daemon, too */
	bool ha_suspend;
	bool sorry_server_inhibit;
	bool flush_on_failure; /* a failed server's connections end at once; default: on for UDP, else off */
	struct conf_script *quorum_up, *quorum_down; /* NULL: none */
	struct conf_passive passive;
	struct conf_feedback feedback;
};

#endif
