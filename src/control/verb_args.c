/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Params of the methods: one parser a member, whatever the method, and one
 * sentence that says what is right (VERB_MEMBER_LIST in verb.h). Pure: text
 * in, struct verb_args out.
 */
#include "verb.h"

#include "sl_addr.h"
#include "sl_near.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SHOWN_SIZE = 80, ENDPOINT_MAX = 64 };

static int proto_parse(const json_t *value, struct verb_args *args);
static int vip_parse(const json_t *value, struct verb_args *args);
static int real_parse(const json_t *value, struct verb_args *args);
static int scheduler_parse(const json_t *value, struct verb_args *args);
static int method_parse(const json_t *value, struct verb_args *args);
static int weight_parse(const json_t *value, struct verb_args *args);
static int flush_parse(const json_t *value, struct verb_args *args);
static int file_parse(const json_t *value, struct verb_args *args);
static int client_parse(const json_t *value, struct verb_args *args);
static int at_vip_parse(const json_t *value, struct verb_args *args);
static int at_real_parse(const json_t *value, struct verb_args *args);
static int state_parse(const json_t *value, struct verb_args *args);
static int limit_parse(const json_t *value, struct verb_args *args);

static const char *scheduler_at(unsigned int i, const void *context);
static const char *fwd_at(unsigned int i, const void *context);
static const char *state_at(unsigned int i, const void *context);

static const struct {
	const char *name, *right;
} members[VERB_MEMBER_MAX] = {
#define X(id, json, text) [VERB_##id] = { .name = (json), .right = (text) },
	VERB_MEMBER_LIST(X)
#undef X
};

/* `choices`: the words there are, for members that take one of a list. */
static const struct {
	int (*parse)(const json_t *value, struct verb_args *args);
	sl_near_at *choices;
} parsers[VERB_MEMBER_MAX] = {
	[VERB_PROTO] = { proto_parse },
	[VERB_VIP] = { vip_parse },
	[VERB_REAL] = { real_parse },
	[VERB_SCHEDULER] = { scheduler_parse, scheduler_at },
	[VERB_METHOD] = { method_parse, fwd_at },
	[VERB_WEIGHT] = { weight_parse },
	[VERB_FLUSH] = { flush_parse },
	[VERB_FILE] = { file_parse },
	[VERB_CLIENT] = { client_parse },
	[VERB_AT_VIP] = { at_vip_parse },
	[VERB_AT_REAL] = { at_real_parse },
	[VERB_STATE] = { state_parse, state_at },
	[VERB_LIMIT] = { limit_parse },
};

static int members_check(const char *method, json_t *params, uint32_t allowed, struct verb_call *call);
static int value_refuse(const char *method, enum verb_member member, const json_t *value,
			struct verb_call *call);
static const char *member_at(unsigned int i, const void *context);

int
verb_args_parse(const char *method, json_t *params, uint32_t required, uint32_t optional,
		struct verb_args *ret_args, struct verb_call *call)
{
	uint32_t allowed = required | optional;
	int error;

	memset(ret_args, 0, sizeof(*ret_args));
	ret_args->fwd = -1;
	if (params != NULL && !json_is_object(params))
		return verb_refuse(call, VERB_ERROR_PARAMS,
				   "%s: \"params\" must be an object: {\"proto\":\"tcp\",...}", method);
	if ((error = members_check(method, params, allowed, call)) != 0)
		return error;
	for (unsigned int i = 0; i < VERB_MEMBER_MAX; i++) {
		json_t *value = json_object_get(params, members[i].name);

		if ((allowed & (1u << i)) == 0)
			continue;
		if (value == NULL) {
			if (required & (1u << i))
				return verb_refuse(call, VERB_ERROR_PARAMS, "%s: \"%s\" is missing: %s",
						   method, members[i].name, members[i].right);
			continue;
		}
		if (parsers[i].parse(value, ret_args) != 0)
			return value_refuse(method, (enum verb_member)i, value, call);
		ret_args->present |= 1u << i;
	}
	return 0;
}

const char *
verb_proto_name(uint8_t proto)
{
	return proto == SL_PROTO_TCP ? "tcp" : proto == SL_PROTO_UDP ? "udp" : "?";
}

const char *
verb_fwd_name(uint8_t fwd)
{
	static const char *const names[] = { [SL_FWD_NAT] = "nat", [SL_FWD_DR] = "dr" };

	static_assert(sizeof(names) / sizeof(names[0]) == SL_FWD_MAX, "every forwarding method has its word");
	return fwd < SL_FWD_MAX ? names[fwd] : "?";
}

const char *
verb_state_name(uint8_t state)
{
	static const char *const names[] = {
#define X(id, number, name) [id] = (name),
		SL_STATE_LIST(X)
#undef X
	};

	return state < SL_STATE_MAX ? names[state] : "?";
}

/* What is not known is not skipped: a misspelt "limit" must not list ten million connections. */
static int
members_check(const char *method, json_t *params, uint32_t allowed, struct verb_call *call)
{
	const char *name;
	json_t *value;

	json_object_foreach(params, name, value)
	{
		char known[256] = "";
		size_t len = 0;
		bool found = false;

		for (unsigned int i = 0; i < VERB_MEMBER_MAX; i++) {
			if ((allowed & (1u << i)) == 0)
				continue;
			found = found || strcmp(members[i].name, name) == 0;
			len += (size_t)snprintf(known + len, sizeof(known) - len, "%s%s", len > 0 ? ", " : "",
						members[i].name);
		}
		if (found)
			continue;
		if (len == 0)
			return verb_refuse(call, VERB_ERROR_PARAMS,
					   "%s: unknown member \"%.64s\"; it takes no params", method, name);
		const char *near = sl_near_find(name, member_at, &allowed);

		if (near != NULL)
			return verb_refuse(call, VERB_ERROR_PARAMS,
					   "%s: unknown member \"%.64s\" (did you mean \"%s\"?)", method,
					   name, near);
		return verb_refuse(call, VERB_ERROR_PARAMS, "%s: unknown member \"%.64s\"; there are %s",
				   method, name, known);
	}
	return 0;
}

static int
value_refuse(const char *method, enum verb_member member, const json_t *value, struct verb_call *call)
{
	char shown[SHOWN_SIZE], list[256] = "";
	sl_near_at *choices = parsers[member].choices;
	const char *near = NULL, *name;
	size_t len = 0;

	verb_text(value, shown, sizeof(shown));
	if (choices == NULL)
		return verb_refuse(call, VERB_ERROR_PARAMS, "%s: \"%s\" is %s; it must be %s", method,
				   members[member].name, shown, members[member].right);
	if (json_is_string(value))
		near = sl_near_find(json_string_value(value), choices, NULL);
	for (unsigned int i = 0; (name = choices(i, NULL)) != NULL && len < sizeof(list); i++)
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s", len > 0 ? ", " : "", name);
	return verb_refuse(call, VERB_ERROR_PARAMS, "%s: \"%s\" is %s; it must be %s: %s%s%s%s", method,
			   members[member].name, shown, members[member].right, list,
			   near != NULL ? " (did you mean " : "", near != NULL ? near : "",
			   near != NULL ? "?)" : "");
}

static const char *
member_at(unsigned int i, const void *context)
{
	uint32_t allowed = *(const uint32_t *)context;

	for (unsigned int m = 0; m < VERB_MEMBER_MAX; m++)
		if ((allowed & (1u << m)) != 0 && i-- == 0)
			return members[m].name;
	return NULL;
}

static const char *
scheduler_at(unsigned int i, const void *context)
{
	const struct sched_ops *ops = sched_at(i);

	return ops != NULL ? ops->name : NULL;
}

static const char *
fwd_at(unsigned int i, const void *context)
{
	return i < SL_FWD_MAX ? verb_fwd_name((uint8_t)i) : NULL;
}

static const char *
state_at(unsigned int i, const void *context)
{
	return i < SL_STATE_MAX ? verb_state_name((uint8_t)i) : NULL;
}

/* ---- the parsers: 0, or -EINVAL with nothing said ---- */

/* The index of a string in a list of choices; -EINVAL when it is none of them. */
static int
choice_parse(const json_t *value, sl_near_at *choices)
{
	const char *text = json_string_value(value), *name;

	for (unsigned int i = 0; text != NULL && (name = choices(i, NULL)) != NULL; i++)
		if (strcasecmp(text, name) == 0)
			return (int)i;
	return -EINVAL;
}

static int
proto_parse(const json_t *value, struct verb_args *args)
{
	static const uint8_t protos[] = { SL_PROTO_TCP, SL_PROTO_UDP };

	for (size_t i = 0; json_is_string(value) && i < sizeof(protos); i++) {
		if (strcasecmp(json_string_value(value), verb_proto_name(protos[i])) == 0) {
			args->key.proto = args->filter.proto = protos[i];
			return 0;
		}
	}
	return -EINVAL;
}

static int
endpoint_parse(const json_t *value, struct sl_addr *ret_addr, uint16_t *ret_port)
{
	return json_is_string(value) ? sl_endpoint_parse(json_string_value(value), ret_addr, ret_port)
				     : -EINVAL;
}

static int
vip_parse(const json_t *value, struct verb_args *args)
{
	return endpoint_parse(value, &args->key.vip, &args->key.port);
}

static int
real_parse(const json_t *value, struct verb_args *args)
{
	return endpoint_parse(value, &args->real_addr, &args->real_port);
}

static int
scheduler_parse(const json_t *value, struct verb_args *args)
{
	args->sched = json_is_string(value) ? sched_find(json_string_value(value)) : NULL;
	return args->sched != NULL ? 0 : -EINVAL;
}

static int
method_parse(const json_t *value, struct verb_args *args)
{
	args->fwd = choice_parse(value, fwd_at);
	return args->fwd >= 0 ? 0 : -EINVAL;
}

static int
weight_parse(const json_t *value, struct verb_args *args)
{
	json_int_t weight = json_integer_value(value);

	if (!json_is_integer(value) || weight < 0 || weight > 65535)
		return -EINVAL;
	args->weight = (uint32_t)weight;
	return 0;
}

static int
flush_parse(const json_t *value, struct verb_args *args)
{
	args->flush = json_is_true(value);
	return json_is_boolean(value) ? 0 : -EINVAL;
}

static int
file_parse(const json_t *value, struct verb_args *args)
{
	args->file = json_string_value(value);
	return args->file != NULL && args->file[0] == '/' ? 0 : -EINVAL;
}

/* "addr", "addr/len", "addr:port", "addr/len:port" (IPv4), "[addr/len]:port". */
static int
client_parse(const json_t *value, struct verb_args *args)
{
	struct dp_conn_filter *filter = &args->filter;
	const char *text = json_string_value(value);
	char prefix[ENDPOINT_MAX];
	char *colon, *bracket, *end;
	unsigned long port;

	if (text == NULL || strlen(text) >= sizeof(prefix))
		return -EINVAL;
	if (sl_prefix_parse(text, &filter->client) == 0)
		return 0;

	/* With a port, then: what is before the last colon is the prefix, in brackets if it is IPv6. */
	strcpy(prefix, text);
	colon = strrchr(prefix, ':');
	if (colon == NULL || colon[1] < '0' || colon[1] > '9')
		return -EINVAL;
	port = strtoul(colon + 1, &end, 10);
	if (*end != '\0' || port == 0 || port > 65535)
		return -EINVAL;
	*colon = '\0';
	text = prefix;
	if (*prefix == '[') {
		bracket = strrchr(prefix, ']');
		if (bracket == NULL || bracket[1] != '\0')
			return -EINVAL;
		*bracket = '\0';
		text = prefix + 1;
	}
	filter->client_port = (uint16_t)port;
	return sl_prefix_parse(text, &filter->client);
}

static int
at_parse(const json_t *value, struct sl_addr *ret_addr, uint16_t *ret_port)
{
	if (!json_is_string(value))
		return -EINVAL;
	if (sl_addr_parse(json_string_value(value), ret_addr) == 0)
		return 0;
	return sl_endpoint_parse(json_string_value(value), ret_addr, ret_port);
}

static int
at_vip_parse(const json_t *value, struct verb_args *args)
{
	return at_parse(value, &args->filter.vip, &args->filter.vip_port);
}

static int
at_real_parse(const json_t *value, struct verb_args *args)
{
	return at_parse(value, &args->filter.real, &args->filter.real_port);
}

static int
state_parse(const json_t *value, struct verb_args *args)
{
	int state = choice_parse(value, state_at);

	args->filter.by_state = true;
	args->filter.state = (uint8_t)state;
	return state >= 0 ? 0 : -EINVAL;
}

static int
limit_parse(const json_t *value, struct verb_args *args)
{
	json_int_t limit = json_integer_value(value);

	if (!json_is_integer(value) || limit < 1 || limit > UINT32_MAX)
		return -EINVAL;
	args->limit = (uint64_t)limit;
	return 0;
}
