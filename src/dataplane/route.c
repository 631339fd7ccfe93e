/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The forwarding table: where a destination goes, longest prefix first.
 *
 * Prefixes nest but never overlap otherwise, so they cut the address space into
 * disjoint ranges, each with one answer: that of the longest prefix around it.
 * dp_fib_build computes these ranges once, by walking over the sorted prefixes
 * with a stack of those it is inside of; a lookup is then a binary search for
 * the last range that starts at or before the destination. Tens of routes fit
 * a few cache lines, and a full table of a million ranges costs twenty steps.
 *
 * Written by dp_fib_build before anybody else sees it, immutable from then on.
 */
#include "route.h"

#include "sl_addr.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

__extension__ typedef unsigned __int128 u128;

/* Destinations from start[i] up to start[i + 1] go by hop[i]. start[0] is 0. */
struct ranges4 {
	uint32_t count;
	uint32_t *start, *hop;
};

struct ranges6 {
	uint32_t count;
	u128 *start;
	uint32_t *hop;
};

struct dp_fib {
	struct ranges4 v4;
	struct ranges6 v6;
	struct dp_fib_hop *hops; /* [0] is "no route", then one for each address, one for each route */
	unsigned int addr_count, route_count;
};

/* A prefix while the table is built: of one family, as numbers. */
struct item {
	u128 first, last;
	struct sl_prefix prefix;
	uint32_t hop; /* grows in the order of the configuration */
	bool connected;
};

enum { DEPTH_MAX = 129 }; /* one prefix of each length */

/* What both families' ranges are made of. */
struct range {
	u128 start;
	uint32_t hop;
};

static int fib_fill(struct dp_fib *fib, const struct dp_net *net, struct item *items, struct range *ranges,
		    char *ret_error);

struct dp_fib *
dp_fib_build(const struct dp_net *net, char ret_error[DP_ERROR_SIZE])
{
	size_t items_max = (size_t)net->addr_count + net->route_count;
	struct dp_fib *fib = calloc(1, sizeof(*fib));
	struct item *items = calloc(items_max + 1, sizeof(*items));
	/* Each prefix begins a range and, where it ends, another. */
	struct range *ranges = calloc(2 * items_max + 1, sizeof(*ranges));
	int err = -ENOMEM;

	if (fib != NULL)
		fib->hops = calloc(items_max + 1, sizeof(*fib->hops));
	if (fib != NULL && fib->hops != NULL && items != NULL && ranges != NULL)
		err = fib_fill(fib, net, items, ranges, ret_error);
	free(items);
	free(ranges);
	if (err == 0)
		return fib;
	if (err == -ENOMEM)
		snprintf(ret_error, DP_ERROR_SIZE, "routes: out of memory for %zu prefixes", items_max);
	dp_fib_free(fib);
	errno = -err;
	return NULL;
}

void
dp_fib_free(struct dp_fib *fib)
{
	if (fib == NULL)
		return;
	free(fib->v4.start);
	free(fib->v4.hop);
	free(fib->v6.start);
	free(fib->v6.hop);
	free(fib->hops);
	free(fib);
}

static u128
number6(const struct sl_addr *addr)
{
	uint64_t high, low;

	memcpy(&high, addr->b, sizeof(high));
	memcpy(&low, addr->b + 8, sizeof(low));
	return (u128)__builtin_bswap64(high) << 64 | __builtin_bswap64(low);
}

bool
dp_fib_lookup(const struct dp_fib *fib, const struct sl_addr *dst, struct dp_fib_hop *ret_hop)
{
	uint32_t at = 0, hop;

	/* Both halves of each step are computed, the comparison chooses: no branch to predict. */
	if (sl_addr_is_v4(dst)) {
		uint32_t key = __builtin_bswap32(sl_addr_v4_be(dst));

		for (uint32_t n = fib->v4.count; n > 1; n -= n / 2)
			at = fib->v4.start[at + n / 2] <= key ? at + n / 2 : at;
		hop = fib->v4.hop[at];
	} else {
		u128 key = number6(dst);

		for (uint32_t n = fib->v6.count; n > 1; n -= n / 2)
			at = fib->v6.start[at + n / 2] <= key ? at + n / 2 : at;
		hop = fib->v6.hop[at];
	}
	if (hop == 0)
		return false;
	*ret_hop = fib->hops[hop];
	return true;
}

unsigned int
dp_fib_route_count(const struct dp_fib *fib)
{
	return fib->route_count;
}

bool
dp_fib_gateway(const struct dp_fib *fib, unsigned int route, struct dp_fib_hop *ret_hop)
{
	const struct dp_fib_hop *hop = &fib->hops[1 + fib->addr_count + route];

	if (route >= fib->route_count || sl_addr_is_none(&hop->via))
		return false;
	*ret_hop = *hop;
	return true;
}

/* ---- building ---- */

static int
fail(char *ret_error, const char *what, const struct sl_prefix *prefix, const char *why)
{
	char text[SL_PREFIX_STRLEN];

	snprintf(ret_error, DP_ERROR_SIZE, "%s %s: %s", what, sl_prefix_format(prefix, text), why);
	return -EINVAL;
}

static bool
prefix_len_valid(const struct sl_prefix *prefix)
{
	return prefix->len <= (sl_addr_is_v4(&prefix->addr) ? 32 : 128);
}

static bool
is_link_local(const struct sl_addr *addr)
{
	return addr->b[0] == 0xfe && (addr->b[1] & 0xc0) == 0x80;
}

static void
item_set(struct item *item, const struct sl_prefix *prefix, uint32_t hop, bool connected)
{
	bool v4 = sl_addr_is_v4(&prefix->addr);
	unsigned int host_bits = (v4 ? 32u : 128u) - prefix->len;
	u128 hosts = host_bits == 128 ? ~(u128)0 : ((u128)1 << host_bits) - 1;

	item->prefix = sl_prefix_network(prefix);
	item->first = v4 ? __builtin_bswap32(sl_addr_v4_be(&item->prefix.addr)) : number6(&item->prefix.addr);
	item->last = item->first | hosts;
	item->hop = hop;
	item->connected = connected;
}

/* The port whose subnet holds the gateway, the longest one; -1: none does. */
static int
port_of(const struct dp_net *net, const struct sl_addr *via)
{
	int port = -1;
	unsigned int longest = 0;

	for (unsigned int i = 0; i < net->addr_count; i++) {
		const struct dp_net_addr *a = &net->addrs[i];

		if (a->prefix.len >= longest && sl_prefix_contains(&a->prefix, via)) {
			if (port >= 0 && a->prefix.len == longest)
				continue;
			port = (int)a->port;
			longest = a->prefix.len;
		}
	}
	return port;
}

/* The hop of a route, or why there is none. */
static int
route_resolve(const struct dp_net *net, const struct dp_route *route, struct dp_fib_hop *ret_hop,
	      char *ret_error)
{
	int port = route->port;

	if (!prefix_len_valid(&route->prefix))
		return fail(ret_error, "route", &route->prefix, "prefix is longer than its address");
	if (port >= DP_PORTS_MAX)
		return fail(ret_error, "route", &route->prefix, "there is no such port");
	if (sl_addr_is_none(&route->via)) {
		if (port < 0)
			return fail(ret_error, "route", &route->prefix,
				    "needs a gateway (via) or a port (dev)");
	} else {
		if (sl_addr_is_v4(&route->via) != sl_addr_is_v4(&route->prefix.addr))
			return fail(ret_error, "route", &route->prefix,
				    "its gateway is of the other address family");
		if (!sl_addr_is_unicast(&route->via))
			return fail(ret_error, "route", &route->prefix,
				    "its gateway is not a host's address");
		for (unsigned int i = 0; i < net->addr_count; i++)
			if (sl_addr_eq(&net->addrs[i].prefix.addr, &route->via))
				return fail(ret_error, "route", &route->prefix,
					    "its gateway is an address of this box");
		if (port < 0 && is_link_local(&route->via))
			return fail(ret_error, "route", &route->prefix,
				    "a link-local gateway needs a port (dev)");
		if (port < 0)
			port = port_of(net, &route->via);
		if (port < 0)
			return fail(ret_error, "route", &route->prefix,
				    "its gateway is in no port's subnet; name the port (dev), or give a port "
				    "an address in the gateway's subnet");
	}
	*ret_hop = (struct dp_fib_hop){ .via = route->via, .port = (unsigned int)port };
	return 0;
}

static int
compare(const void *left, const void *right)
{
	const struct item *a = left, *b = right;

	if (a->first != b->first)
		return a->first < b->first ? -1 : 1;
	if (a->prefix.len != b->prefix.len)
		return a->prefix.len < b->prefix.len ? -1 : 1;
	return a->hop < b->hop ? -1 : 1;
}

/*
 * One item a prefix remains. Two addresses may share a subnet: the one
 * configured first decides the port.
 */
static int
items_unique(const struct dp_fib *fib, struct item *items, size_t count, size_t *ret_count, char *ret_error)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		const struct item *last = kept > 0 ? &items[kept - 1] : NULL;

		if (last == NULL || last->first != items[i].first ||
		    last->prefix.len != items[i].prefix.len) {
			items[kept++] = items[i];
		} else if (!items[i].connected) {
			const struct dp_fib_hop *a = &fib->hops[last->hop], *b = &fib->hops[items[i].hop];

			if (a->port != b->port || !sl_addr_eq(&a->via, &b->via))
				return fail(ret_error, "route", &items[i].prefix,
					    last->connected ? "is the subnet of a port's own address"
							    : "is given twice, with different gateways");
		}
	}
	*ret_count = kept;
	return 0;
}

static void
emit(struct range *ranges, size_t *count, u128 start, uint32_t hop)
{
	if (*count > 0 && ranges[*count - 1].start == start)
		(*count)--;
	if (*count == 0 || ranges[*count - 1].hop != hop)
		ranges[(*count)++] = (struct range){ .start = start, .hop = hop };
}

/* Sorted prefixes to ranges. Returns how many. */
static size_t
ranges_make(const struct item *items, size_t count, struct range *ranges, u128 last_address)
{
	const struct item *inside[DEPTH_MAX];
	size_t depth = 0, range_count = 0;

	emit(ranges, &range_count, 0, 0);
	for (size_t i = 0; i <= count; i++) {
		/* Leave the prefixes that end before this one begins; all of them after the last. */
		while (depth > 0 && (i == count || inside[depth - 1]->last < items[i].first)) {
			u128 last = inside[--depth]->last;

			if (last != last_address)
				emit(ranges, &range_count, last + 1, depth > 0 ? inside[depth - 1]->hop : 0);
		}
		if (i < count) {
			emit(ranges, &range_count, items[i].first, items[i].hop);
			inside[depth++] = &items[i];
		}
	}
	return range_count;
}

/* The items of one family: connected subnets, then routes, sorted. */
static int
items_collect(struct dp_fib *fib, const struct dp_net *net, bool v4, struct item *items, size_t *ret_count,
	      char *ret_error)
{
	size_t count = 0;

	for (unsigned int i = 0; i < net->addr_count; i++) {
		const struct sl_prefix *p = &net->addrs[i].prefix;

		/* A host's prefix has no neighbours; link-local ones are on every port. */
		if (sl_addr_is_v4(&p->addr) == v4 && p->len < (v4 ? 32 : 128) && !is_link_local(&p->addr))
			item_set(&items[count++], p, 1 + i, true);
	}
	for (unsigned int i = 0; i < net->route_count; i++)
		if (sl_addr_is_v4(&net->routes[i].prefix.addr) == v4)
			item_set(&items[count++], &net->routes[i].prefix, 1 + net->addr_count + i, false);
	qsort(items, count, sizeof(*items), compare);
	return items_unique(fib, items, count, ret_count, ret_error);
}

static int
fib_fill(struct dp_fib *fib, const struct dp_net *net, struct item *items, struct range *ranges,
	 char *ret_error)
{
	size_t count;
	int err;

	fib->addr_count = net->addr_count;
	fib->route_count = net->route_count;
	for (unsigned int i = 0; i < net->addr_count; i++) {
		if (!prefix_len_valid(&net->addrs[i].prefix))
			return fail(ret_error, "address", &net->addrs[i].prefix,
				    "prefix is longer than its address");
		if (net->addrs[i].port >= DP_PORTS_MAX)
			return fail(ret_error, "address", &net->addrs[i].prefix, "there is no such port");
		fib->hops[1 + i].port = net->addrs[i].port;
	}
	for (unsigned int i = 0; i < net->route_count; i++) {
		err = route_resolve(net, &net->routes[i], &fib->hops[1 + net->addr_count + i], ret_error);
		if (err != 0)
			return err;
	}

	err = items_collect(fib, net, true, items, &count, ret_error);
	if (err != 0)
		return err;
	fib->v4.count = (uint32_t)ranges_make(items, count, ranges, UINT32_MAX);
	fib->v4.start = calloc(fib->v4.count, sizeof(*fib->v4.start));
	fib->v4.hop = calloc(fib->v4.count, sizeof(*fib->v4.hop));
	if (fib->v4.start == NULL || fib->v4.hop == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < fib->v4.count; i++) {
		fib->v4.start[i] = (uint32_t)ranges[i].start;
		fib->v4.hop[i] = ranges[i].hop;
	}

	err = items_collect(fib, net, false, items, &count, ret_error);
	if (err != 0)
		return err;
	fib->v6.count = (uint32_t)ranges_make(items, count, ranges, ~(u128)0);
	fib->v6.start = aligned_alloc(sizeof(u128), fib->v6.count * sizeof(*fib->v6.start));
	fib->v6.hop = calloc(fib->v6.count, sizeof(*fib->v6.hop));
	if (fib->v6.start == NULL || fib->v6.hop == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < fib->v6.count; i++) {
		fib->v6.start[i] = ranges[i].start;
		fib->v6.hop[i] = ranges[i].hop;
	}
	return 0;
}
