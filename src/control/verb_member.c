/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The members of params: a line each with its name, what it has to be, and its
 * parser, whatever the method. Pure: JSON in, struct verb_args out.
 */
#include "verb_member.h"

#include "sl_addr.h"
#include "tunnel.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { ENDPOINT_MAX = 64 };

static int proto_parse(const json_t *value, struct verb_args *args);
static int vip_parse(const json_t *value, struct verb_args *args);
static int real_parse(const json_t *value, struct verb_args *args);
static int scheduler_parse(const json_t *value, struct verb_args *args);
static int method_parse(const json_t *value, struct verb_args *args);
static int tunnel_member_parse(const json_t *value, struct verb_args *args);
static int local_group_parse(const json_t *value, struct verb_args *args);
static int toa_parse(const json_t *value, struct verb_args *args);
static int strip_parse(const json_t *value, struct verb_args *args);
static int mss_parse(const json_t *value, struct verb_args *args);
static int reject_parse(const json_t *value, struct verb_args *args);
static int port_counts_parse(const json_t *value, struct verb_args *args);
static int fallback_parse(const json_t *value, struct verb_args *args);
static int announce_parse(const json_t *value, struct verb_args *args);
static int weight_parse(const json_t *value, struct verb_args *args);
static int flush_parse(const json_t *value, struct verb_args *args);
static int file_parse(const json_t *value, struct verb_args *args);
static int client_parse(const json_t *value, struct verb_args *args);
static int at_vip_parse(const json_t *value, struct verb_args *args);
static int at_real_parse(const json_t *value, struct verb_args *args);
static int state_parse(const json_t *value, struct verb_args *args);
static int limit_parse(const json_t *value, struct verb_args *args);
static int instance_parse(const json_t *value, struct verb_args *args);
static int force_parse(const json_t *value, struct verb_args *args);

static const char *scheduler_at(unsigned int i, const void *context);
static const char *fwd_at(unsigned int i, const void *context);
static const char *state_at(unsigned int i, const void *context);

const struct verb_member_kind verb_members[VERB_MEMBER_MAX] = {
	[VERB_PROTO] = { "proto", "\"tcp\" or \"udp\"", proto_parse, NULL },
	[VERB_VIP] = { "vip", "an address with a port, \"192.0.2.1:80\" or \"[2001:db8::1]:80\"", vip_parse,
		       NULL },
	[VERB_REAL] = { "real", "an address with a port, \"10.0.0.11:80\" or \"[2001:db8::11]:80\"",
			real_parse, NULL },
	[VERB_SCHEDULER] = { "scheduler", "the name of a scheduler", scheduler_parse, scheduler_at },
	[VERB_METHOD] = { "method", "a forwarding method", method_parse, fwd_at },
	[VERB_TUNNEL] = { "tunnel", "\"ipip\", \"gue:PORT[:-c|+c|r+c]\" or \"gre[:-c|+c]\"",
			  tunnel_member_parse, NULL },
	[VERB_LOCAL_GROUP] = { "laddr_group_name", "the name of a local_address_group, \"\" for none",
			       local_group_parse, NULL },
	[VERB_TOA] = { "toa", "true or false", toa_parse, NULL },
	[VERB_STRIP] = { "strip_tcp_timestamps", "true or false", strip_parse, NULL },
	[VERB_MSS] = { "mss_clamp", "an integer from 536 to 65495, \"auto\" or \"off\"", mss_parse, NULL },
	[VERB_REJECT] = { "reject", "true or false", reject_parse, NULL },
	[VERB_MH_PORT] = { "mh-port", "true or false", port_counts_parse, NULL },
	[VERB_MH_FALLBACK] = { "mh-fallback", "true or false", fallback_parse, NULL },
	[VERB_ANNOUNCE] = { "announce", "true or false", announce_parse, NULL },
	[VERB_WEIGHT] = { "weight", "an integer from 0 to 65535", weight_parse, NULL },
	[VERB_FLUSH] = { "flush", "true or false", flush_parse, NULL },
	[VERB_FILE] = { "file", "the absolute path of a regular file", file_parse, NULL },
	[VERB_CLIENT] = { "client",
			  "an address or a prefix, with or without a port: \"198.51.100.0/24\", "
			  "\"198.51.100.7:40000\", \"[2001:db8::/32]:40000\"",
			  client_parse, NULL },
	[VERB_AT_VIP] = { "vip", "an address with or without a port, \"192.0.2.1\" or \"192.0.2.1:80\"",
			  at_vip_parse, NULL },
	[VERB_AT_REAL] = { "real", "an address with or without a port, \"10.0.0.11\" or \"10.0.0.11:80\"",
			   at_real_parse, NULL },
	[VERB_STATE] = { "state", "the name of a state of a connection", state_parse, state_at },
	[VERB_LIMIT] = { "limit", "an integer from 1 to 4294967295", limit_parse, NULL },
	[VERB_INSTANCE] = { "instance", "the name of a vrrp_instance", instance_parse, NULL },
	[VERB_FORCE] = { "force", "true or false", force_parse, NULL },
};

const char *
verb_proto_name(uint8_t proto)
{
	return proto == SL_PROTO_TCP ? "tcp" : proto == SL_PROTO_UDP ? "udp" : "?";
}

const char *
verb_fwd_name(uint8_t fwd)
{
	static const char *const names[] = {
		[SL_FWD_NAT] = "nat",
		[SL_FWD_DR] = "dr",
		[SL_FWD_TUN] = "tun",
		[SL_FWD_FNAT] = "fnat",
	};

	static_assert(sizeof(names) / sizeof(names[0]) == SL_FWD_MAX, "every forwarding method has its word");
	return fwd < SL_FWD_MAX ? names[fwd] : "?";
}

const char *
verb_tunnel_json(uint8_t fwd, const struct dp_tunnel *tunnel, char buf[VERB_TUNNEL_SIZE])
{
	char info[TUNNEL_STRLEN];

	if (fwd == SL_FWD_TUN)
		snprintf(buf, VERB_TUNNEL_SIZE, "\"%s\"", tunnel_info(tunnel, info));
	else
		strcpy(buf, "null");
	return buf;
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
tunnel_member_parse(const json_t *value, struct verb_args *args)
{
	return json_is_string(value) ? tunnel_parse(json_string_value(value), &args->tunnel) : -EINVAL;
}

static int
local_group_parse(const json_t *value, struct verb_args *args)
{
	args->local_group = json_string_value(value);
	return args->local_group != NULL && strlen(args->local_group) < DP_NAME_SIZE ? 0 : -EINVAL;
}

static int
option_parse(const json_t *value, struct verb_args *args, uint8_t option, bool set)
{
	args->options |= option;
	if (json_is_true(value) == set)
		args->options_set |= option;
	return json_is_boolean(value) ? 0 : -EINVAL;
}

static int
toa_parse(const json_t *value, struct verb_args *args)
{
	return option_parse(value, args, DP_SERVICE_TOA, true);
}

static int
strip_parse(const json_t *value, struct verb_args *args)
{
	return option_parse(value, args, DP_SERVICE_STRIP_TS, true);
}

static int
reject_parse(const json_t *value, struct verb_args *args)
{
	return option_parse(value, args, DP_SERVICE_SILENT, false);
}

static int
port_counts_parse(const json_t *value, struct verb_args *args)
{
	return option_parse(value, args, DP_SERVICE_PORT, true);
}

static int
fallback_parse(const json_t *value, struct verb_args *args)
{
	return option_parse(value, args, DP_SERVICE_FALLBACK, true);
}

static int
announce_parse(const json_t *value, struct verb_args *args)
{
	return option_parse(value, args, CONF_SERVICE_UNANNOUNCED, false);
}

static int
mss_parse(const json_t *value, struct verb_args *args)
{
	const char *text = json_string_value(value);
	json_int_t mss = json_integer_value(value);

	if (text != NULL && (strcasecmp(text, "auto") == 0 || strcasecmp(text, "off") == 0)) {
		args->mss = strcasecmp(text, "auto") == 0 ? DP_MSS_AUTO : DP_MSS_KEEP;
		return 0;
	}
	if (!json_is_integer(value) || mss < 536 || mss > 65495)
		return -EINVAL;
	args->mss = (uint16_t)mss;
	return 0;
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
instance_parse(const json_t *value, struct verb_args *args)
{
	args->instance = json_string_value(value);
	return args->instance != NULL && args->instance[0] != '\0' && strlen(args->instance) < KA_NAME_SIZE
		       ? 0
		       : -EINVAL;
}

static int
force_parse(const json_t *value, struct verb_args *args)
{
	args->force = json_is_true(value);
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
