/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of tunnels and their texts (tunnel.h).
 */
#include "tunnel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* As ipvsadm shows them. */
static const char *const sum_infos[SL_TUN_SUM_MAX] = { "-c", "+c", "r+c" };

const struct tunnel_type tunnel_types[SL_TUN_MAX] = {
	[SL_TUN_IPIP] = { "ipip", false, 0, "no checksum" },
	[SL_TUN_GUE] = { "gue", true, 3, "nocsum, csum or remcsum" },
	[SL_TUN_GRE] = { "gre", false, 2, "nocsum or csum" },
};

const char *const tunnel_sum_names[SL_TUN_SUM_MAX] = {
#define X(id, name) [id] = name,
	SL_TUN_SUM_LIST(X)
#undef X
};

const char *
tunnel_fault(const struct dp_tunnel *tunnel)
{
	const struct tunnel_type *type;

	if (tunnel->type >= SL_TUN_MAX)
		return "there is no such tunnel (ipip, gue or gre)";
	type = &tunnel_types[tunnel->type];
	if (type->port && tunnel->port == 0)
		return "a gue tunnel needs its port (1-65535)";
	if (!type->port && tunnel->port != 0)
		return "a tunnel of type ipip or gre has no port: only gue has";
	if (tunnel->sum != SL_TUN_SUM_NONE && tunnel->sum >= type->sum_count)
		return type->sum_count == 0 ? "an ipip tunnel has no checksum"
					    : "a gre tunnel has nocsum or csum, a gue tunnel remcsum too";
	return NULL;
}

int
tunnel_parse(const char *text, struct dp_tunnel *ret_tunnel)
{
	struct dp_tunnel tunnel = { 0 };
	size_t len = strcspn(text, ":");
	const char *rest = text + len;
	char *end;

	while (tunnel.type < SL_TUN_MAX && (strlen(tunnel_types[tunnel.type].name) != len ||
					    strncasecmp(tunnel_types[tunnel.type].name, text, len) != 0))
		tunnel.type++;
	if (tunnel.type == SL_TUN_MAX)
		return -EINVAL;
	if (tunnel_types[tunnel.type].port) {
		unsigned long port =
			rest[0] == ':' && rest[1] >= '0' && rest[1] <= '9' ? strtoul(rest + 1, &end, 10) : 0;

		if (port == 0 || port > 65535)
			return -EINVAL;
		tunnel.port = (uint16_t)port;
		rest = end;
	}
	if (*rest != '\0') {
		if (*rest++ != ':')
			return -EINVAL;
		while (tunnel.sum < SL_TUN_SUM_MAX && strcasecmp(rest, sum_infos[tunnel.sum]) != 0 &&
		       strcasecmp(rest, tunnel_sum_names[tunnel.sum]) != 0)
			tunnel.sum++;
		if (tunnel.sum >= tunnel_types[tunnel.type].sum_count)
			return -EINVAL;
	}
	*ret_tunnel = tunnel;
	return 0;
}

bool
tunnel_eq(const struct dp_tunnel *a, const struct dp_tunnel *b)
{
	return a->type == b->type && a->sum == b->sum && a->port == b->port;
}

const char *
tunnel_info(const struct dp_tunnel *tunnel, char buf[TUNNEL_STRLEN])
{
	const struct tunnel_type *type = &tunnel_types[tunnel->type];
	char port[8] = "";

	if (type->port)
		snprintf(port, sizeof(port), ":%u", tunnel->port);
	snprintf(buf, TUNNEL_STRLEN, "%s%s%s%s", type->name, port, type->sum_count > 0 ? ":" : "",
		 type->sum_count > 0 ? sum_infos[tunnel->sum] : "");
	return buf;
}

const char *
tunnel_words(const struct dp_tunnel *tunnel, char buf[TUNNEL_STRLEN])
{
	const struct tunnel_type *type = &tunnel_types[tunnel->type];
	char port[16] = "";

	if (type->port)
		snprintf(port, sizeof(port), " port %u", tunnel->port);
	snprintf(buf, TUNNEL_STRLEN, "type %s%s%s%s", type->name, port, type->sum_count > 0 ? " " : "",
		 type->sum_count > 0 ? tunnel_sum_names[tunnel->sum] : "");
	return buf;
}
