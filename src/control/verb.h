/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The methods of the control socket.
 *
 * A method is a line in the table of verb.c: its name, which members its
 * params must and may have, and its function. Members are checked and parsed
 * by one table as well (verb_member.c), so that "vip" means the same everywhere
 * and no method sees an argument that is not valid. Adding a method is a line
 * and a function; adding a member is a line and a parser.
 *
 * A method either has its result at once (call->result), or gives a stream
 * that produces it in bounded steps (call->stream), because the loop must turn.
 * All of it belongs to the control thread.
 */
#ifndef SLUICE_VERB_H
#define SLUICE_VERB_H

#include "model.h"

#include <jansson.h>
#include <sys/types.h>
#include <time.h>

struct evbuffer;
struct ha;
struct health;
struct verb_rates;

/* JSON-RPC's own error codes, and ours. */
enum {
	VERB_ERROR_PARSE = -32700,
	VERB_ERROR_REQUEST = -32600,
	VERB_ERROR_METHOD = -32601,
	VERB_ERROR_PARAMS = -32602,
	VERB_ERROR_INTERNAL = -32603,
	VERB_ERROR_REFUSED = -32000,       /* cannot be done now; the message says why */
	VERB_ERROR_NO_SERVICE = -32001,    /* no such service */
	VERB_ERROR_EXISTS = -32002,        /* there is one already */
	VERB_ERROR_CONFIGURATION = -32003, /* faults in a configuration file: in data.faults */
	VERB_ERROR_NO_REAL = -32004,       /* no such real server in that service */
	VERB_ERROR_NO_INSTANCE = -32005,   /* no such vrrp_instance */
};

/* Members of params; the table of verb_member.c says what each has to be. */
enum verb_member {
	VERB_PROTO,
	VERB_VIP,
	VERB_REAL,
	VERB_SCHEDULER,
	VERB_METHOD,
	VERB_TUNNEL,
	VERB_LOCAL_GROUP,
	VERB_TOA,
	VERB_STRIP,
	VERB_MSS,
	VERB_REJECT,
	VERB_MH_PORT,
	VERB_MH_FALLBACK,
	VERB_ANNOUNCE,
	VERB_WEIGHT,
	VERB_FLUSH,
	VERB_FILE,
	VERB_CLIENT,
	VERB_AT_VIP, /* "vip" and "real" where they filter: the port may be left out */
	VERB_AT_REAL,
	VERB_STATE,
	VERB_LIMIT,
	VERB_INSTANCE,
	VERB_FORCE,
	VERB_MEMBER_MAX
};

#define VERB_BIT(id) (1u << VERB_##id)

/* The params of a call, parsed. Members that are not present are zero. */
struct verb_args {
	uint32_t present; /* VERB_BIT of each */
	struct dp_service_key key;
	struct sl_addr real_addr;
	uint16_t real_port;
	const struct sched_ops *sched;
	int fwd;
	struct dp_tunnel tunnel;
	const char *local_group;      /* lives as long as the params */
	uint8_t options, options_set; /* DP_SERVICE_*: which are given, and which of these are to be set */
	uint16_t mss;
	uint32_t weight;
	bool flush;
	const char *file; /* lives as long as the params */
	struct dp_conn_filter filter;
	uint64_t limit;
	const char *instance; /* lives as long as the params */
	bool force;
};

/* Who called, by the kernel's word (SO_PEERCRED). */
struct verb_caller {
	uid_t uid;
	pid_t pid;
};

/* What methods work on. Lives as long as the server. */
struct verb_context {
	struct model *model;
	struct health *health;
	struct ha *ha; /* NULL: in tests of other things */
	const char *conf_path;
	struct verb_rates *rates;
	time_t started;
};

/*
 * A result that is made step by step. step() appends the next piece of the
 * result's text, doing no more than some 100 us of work: 1 there is more, 0
 * that was all, or -errno when it cannot go on (the client is disconnected).
 */
struct verb_stream {
	int (*step)(struct verb_stream *stream, struct evbuffer *out);
	void (*destroy)(struct verb_stream *stream);
};

struct verb_error {
	int code;
	char text[DP_ERROR_SIZE + 128];
	json_t *data; /* NULL: none */
};

struct verb_call {
	struct verb_context *context;
	const struct verb_caller *caller;
	const struct verb_args *args;
	/* One of these is set by the method. */
	json_t *result;
	struct verb_stream *stream;
	struct verb_error error;
	bool watch; /* set by the method: from now on the client gets events */
};

/*
 * Calls a method by name with its params (NULL: none). 0 with call->result or
 * call->stream, which are the caller's then; or call->error.code. Changes are
 * logged with who made them.
 */
int verb_run(const char *method, json_t *params, const struct verb_caller *caller, struct verb_call *call);

/* The i-th method's name, NULL past the last. */
const char *verb_name_at(unsigned int i, const void *unused);

/* For methods: fills call->error and returns its code. */
int verb_refuse(struct verb_call *call, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The same from the model's refusal. */
int verb_refuse_model(struct verb_call *call, const struct model_error *error);

/* A value as JSON text of ASCII alone, cut with "..." where it is longer than `size`. */
void verb_text(const json_t *value, char *buf, size_t size);

/* Parses params into args (verb_args.c). 0, or call->error.code. `method` is for messages. */
int verb_args_parse(const char *method, json_t *params, uint32_t required, uint32_t optional,
		    struct verb_args *ret_args, struct verb_call *call);

/* How protocols and forwarding methods are written on the socket: in small letters. */
const char *verb_proto_name(uint8_t proto);
const char *verb_fwd_name(uint8_t fwd);
const char *verb_state_name(uint8_t state);
/* "tun" has its tunnel as ipvsadm shows it, other methods null: JSON text. Returns `buf`. */
enum { VERB_TUNNEL_SIZE = 48 };
const char *verb_tunnel_json(uint8_t fwd, const struct dp_tunnel *tunnel, char buf[VERB_TUNNEL_SIZE]);

/* ---- the methods, by file ---- */

int verb_status(struct verb_call *call);
int verb_drops(struct verb_call *call);
int verb_workers(struct verb_call *call);
int verb_ports(struct verb_call *call);
int verb_neigh(struct verb_call *call);
int verb_locals(struct verb_call *call);

int verb_service_list(struct verb_call *call);
int verb_service_add(struct verb_call *call);
int verb_service_edit(struct verb_call *call);
int verb_service_del(struct verb_call *call);

int verb_real_add(struct verb_call *call);
int verb_real_edit(struct verb_call *call);
int verb_real_del(struct verb_call *call);
int verb_real_drain(struct verb_call *call);
int verb_real_undrain(struct verb_call *call);

int verb_health(struct verb_call *call);
int verb_monitor(struct verb_call *call);

int verb_ha_status(struct verb_call *call);
int verb_ha_failover(struct verb_call *call);
int verb_ha_release(struct verb_call *call);

int verb_conn_list(struct verb_call *call);
int verb_conn_count(struct verb_call *call);

int verb_stats(struct verb_call *call);

int verb_config_check(struct verb_call *call);
int verb_config_apply(struct verb_call *call);
int verb_config_diff(struct verb_call *call);
int verb_config_save(struct verb_call *call);

#endif
