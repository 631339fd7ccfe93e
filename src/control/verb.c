/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of methods, and the way of a call: find the method, check its
 * params, run it, log it if it changes something (verb.h).
 */
#include "verb.h"

#include "sl_log.h"
#include "sl_near.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define B(id) VERB_BIT(id)
#define KEY (B(PROTO) | B(VIP))
#define SERVICE_FIELDS                                                                                       \
	(B(SCHEDULER) | B(METHOD) | B(TUNNEL) | B(LOCAL_GROUP) | B(TOA) | B(STRIP) | B(MSS) | B(REJECT) |    \
	 B(MH_PORT) | B(MH_FALLBACK) | B(ANNOUNCE))
#define CONN_FILTER (B(CLIENT) | B(AT_VIP) | B(AT_REAL) | B(STATE) | B(PROTO))

static const struct verb {
	const char *name;
	int (*run)(struct verb_call *call);
	bool change; /* logged, with who asked for it */
	uint32_t required, optional;
} verbs[] = {
	{ "status", verb_status, false, 0, 0 },
	{ "service.list", verb_service_list, false, 0, KEY },
	{ "service.add", verb_service_add, true, KEY, SERVICE_FIELDS },
	{ "service.edit", verb_service_edit, true, KEY, SERVICE_FIELDS },
	{ "service.del", verb_service_del, true, KEY, 0 },
	{ "real.add", verb_real_add, true, KEY | B(REAL), B(WEIGHT) | B(METHOD) | B(TUNNEL) },
	{ "real.edit", verb_real_edit, true, KEY | B(REAL), B(WEIGHT) | B(METHOD) | B(TUNNEL) },
	{ "real.del", verb_real_del, true, KEY | B(REAL), B(FLUSH) },
	{ "real.drain", verb_real_drain, true, KEY | B(REAL), 0 },
	{ "real.undrain", verb_real_undrain, true, KEY | B(REAL), 0 },
	{ "conn.list", verb_conn_list, false, 0, CONN_FILTER | B(LIMIT) },
	{ "conn.count", verb_conn_count, false, 0, CONN_FILTER },
	{ "stats", verb_stats, false, 0, KEY },
	{ "drops", verb_drops, false, 0, 0 },
	{ "workers", verb_workers, false, 0, 0 },
	{ "ports", verb_ports, false, 0, 0 },
	{ "neigh", verb_neigh, false, 0, 0 },
	{ "locals", verb_locals, false, 0, 0 },
	{ "health", verb_health, false, 0, KEY },
	{ "monitor", verb_monitor, false, 0, 0 },
	{ "ha.status", verb_ha_status, false, 0, 0 },
	{ "ha.failover", verb_ha_failover, true, 0, B(INSTANCE) | B(FORCE) },
	{ "ha.release", verb_ha_release, true, 0, B(INSTANCE) },
	{ "config.check", verb_config_check, false, 0, B(FILE) },
	{ "config.apply", verb_config_apply, true, 0, B(FILE) },
	{ "config.diff", verb_config_diff, false, 0, B(FILE) },
	{ "config.save", verb_config_save, false, 0, 0 },
};

enum { VERB_COUNT = sizeof(verbs) / sizeof(verbs[0]), LOG_PARAMS_SIZE = 256 };

static const struct verb *verb_find(const char *name);
static void change_log(const struct verb *verb, json_t *params, const struct verb_caller *caller,
		       const struct verb_call *call);

int
verb_run(const char *method, json_t *params, const struct verb_caller *caller, struct verb_call *call)
{
	const struct verb *verb = verb_find(method);
	struct verb_args args;

	call->error.code = 0;
	call->caller = caller;
	if (verb == NULL) {
		const char *near = sl_near_find(method, verb_name_at, NULL);

		return near != NULL
			       ? verb_refuse(call, VERB_ERROR_METHOD,
					     "unknown method \"%.64s\" (did you mean \"%s\"?)", method, near)
			       : verb_refuse(call, VERB_ERROR_METHOD, "unknown method \"%.64s\"", method);
	}
	if (verb_args_parse(method, params, verb->required, verb->optional, &args, call) == 0) {
		call->args = &args;
		call->error.code = verb->run(call);
		call->args = NULL;
	}
	if (call->error.code == 0 && call->result == NULL && call->stream == NULL)
		verb_refuse(call, VERB_ERROR_INTERNAL, "out of memory for the answer of \"%s\"", method);
	if (verb->change)
		change_log(verb, params, caller, call);
	return call->error.code;
}

const char *
verb_name_at(unsigned int i, const void *unused)
{
	return i < VERB_COUNT ? verbs[i].name : NULL;
}

int
verb_refuse(struct verb_call *call, int code, const char *format, ...)
{
	va_list args;

	call->error.code = code;
	va_start(args, format);
	vsnprintf(call->error.text, sizeof(call->error.text), format, args);
	va_end(args);
	return code;
}

int
verb_refuse_model(struct verb_call *call, const struct model_error *error)
{
	static const struct {
		int model, code;
	} codes[] = {
		{ -ESRCH, VERB_ERROR_NO_SERVICE }, { -ENOENT, VERB_ERROR_NO_REAL },
		{ -EEXIST, VERB_ERROR_EXISTS },    { -EINVAL, VERB_ERROR_PARAMS },
		{ -ENOMEM, VERB_ERROR_INTERNAL },
	};
	int code = VERB_ERROR_REFUSED;

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].model == error->code)
			code = codes[i].code;
	return verb_refuse(call, code, "%s", error->text);
}

/* As much of a text as there is room for. */
struct cut {
	char *buf;
	size_t room, len; /* len: of the whole text */
};

static int
cut_take(const char *text, size_t len, void *context)
{
	struct cut *cut = context;

	for (size_t i = 0; i < len; i++, cut->len++)
		if (cut->len < cut->room)
			cut->buf[cut->len] = text[i];
	return 0;
}

void
verb_text(const json_t *value, char *buf, size_t size)
{
	struct cut cut = { .buf = buf, .room = size - sizeof("...") };

	json_dump_callback(value, cut_take, &cut, JSON_COMPACT | JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
	strcpy(buf + (cut.len < cut.room ? cut.len : cut.room), cut.len > cut.room ? "..." : "");
}

static const struct verb *
verb_find(const char *name)
{
	for (size_t i = 0; i < VERB_COUNT; i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

static void
change_log(const struct verb *verb, json_t *params, const struct verb_caller *caller,
	   const struct verb_call *call)
{
	char text[LOG_PARAMS_SIZE] = "";

	if (params != NULL)
		verb_text(params, text, sizeof(text));
	sl_notice("control: uid %d pid %d: %s %s: %s", (int)caller->uid, (int)caller->pid, verb->name, text,
		  call->error.code == 0 ? "done" : call->error.text);
}
