/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Routes: the ways that a network spells out, the faults that are refused, and
 * the compiled table against a plain scan over random prefixes.
 */
#include "route.h"

#include "sl_addr.h"
#include "sl_test.h"

#include <errno.h>
#include <stdlib.h>

enum { WAN = 0, LAN = 1 };

/* One text a prefix: the tables below stay readable. */
static struct sl_prefix
prefix(const char *text)
{
	struct sl_prefix p;

	if (sl_prefix_parse(text, &p) != 0)
		fail_msg("not a prefix: %s", text);
	return p;
}

static struct sl_addr
addr(const char *text)
{
	struct sl_addr a = { 0 };

	if (text != NULL && sl_addr_parse(text, &a) != 0)
		fail_msg("not an address: %s", text);
	return a;
}

static void
test_lookup(void **state)
{
	const struct dp_net_addr addrs[] = {
		{ WAN, prefix("198.51.100.2/24") },
		{ WAN, prefix("198.51.100.3/24") }, /* a second one in the same subnet */
		{ LAN, prefix("10.0.0.1/16") },
		{ LAN, prefix("203.0.113.5/32") }, /* no subnet at all */
		{ WAN, prefix("2001:db8:1::2/64") },
		{ LAN, prefix("2001:db8:2::1/64") },
		{ LAN, prefix("fe80::1/64") },
	};
	const struct dp_route routes[] = {
		{ prefix("0.0.0.0/0"), addr("198.51.100.1"), -1 },
		{ prefix("::/0"), addr("2001:db8:1::1"), -1 },
		{ prefix("10.0.8.0/24"), addr("10.0.0.9"), -1 },      /* inside a connected subnet */
		{ prefix("10.0.8.128/25"), addr(NULL), WAN },         /* inside that, on the link */
		{ prefix("172.16.0.0/12"), addr("192.0.2.77"), LAN }, /* a gateway outside all subnets */
		{ prefix("255.255.255.255/32"), addr("10.0.0.9"), LAN },
		{ prefix("2001:db8:5::/48"), addr("fe80::9"), LAN },
		{ prefix("2001:db8:5::7/128"), addr(NULL), WAN },
		{ prefix("172.16.99.1/12"), addr("192.0.2.77"), LAN }, /* the same route once more */
	};
	const struct dp_net net = { .addrs = addrs,
				    .routes = routes,
				    .addr_count = SL_COUNT(addrs),
				    .route_count = SL_COUNT(routes) };
	static const struct {
		const char *dst, *via; /* NULL: on the link */
		int port;
	} rows[] = {
		{ "198.51.100.0", NULL, WAN },
		{ "198.51.100.255", NULL, WAN },
		{ "198.51.101.0", "198.51.100.1", WAN },
		{ "198.51.99.255", "198.51.100.1", WAN },
		{ "0.0.0.0", "198.51.100.1", WAN },
		{ "8.8.8.8", "198.51.100.1", WAN },
		{ "203.0.113.5", "198.51.100.1", WAN },
		{ "10.0.7.255", NULL, LAN },
		{ "10.0.8.0", "10.0.0.9", LAN },
		{ "10.0.8.127", "10.0.0.9", LAN },
		{ "10.0.8.128", NULL, WAN },
		{ "10.0.8.255", NULL, WAN },
		{ "10.0.9.0", NULL, LAN },
		{ "10.1.0.0", "198.51.100.1", WAN },
		{ "172.16.0.0", "192.0.2.77", LAN },
		{ "172.31.255.255", "192.0.2.77", LAN },
		{ "172.32.0.0", "198.51.100.1", WAN },
		{ "255.255.255.254", "198.51.100.1", WAN },
		{ "255.255.255.255", "10.0.0.9", LAN },
		{ "2001:db8:1::ffff", NULL, WAN },
		{ "2001:db8:2::5", NULL, LAN },
		{ "2001:db8:5::6", "fe80::9", LAN },
		{ "2001:db8:5::7", NULL, WAN },
		{ "2001:db8:5::8", "fe80::9", LAN },
		{ "fe80::5", "2001:db8:1::1", WAN }, /* link-local subnets are no routes */
		{ "::", "2001:db8:1::1", WAN },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db8:1::1", WAN },
	};
	char error[DP_ERROR_SIZE] = "";
	struct dp_fib *fib = dp_fib_build(&net, error);

	sl_check(error, fib != NULL);
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct sl_addr dst = addr(rows[i].dst), via = addr(rows[i].via);
		struct dp_fib_hop hop;

		sl_check(rows[i].dst, dp_fib_lookup(fib, &dst, &hop));
		sl_check_int(rows[i].dst, hop.port, rows[i].port);
		sl_check(rows[i].dst, sl_addr_eq(&hop.via, &via));
	}
	dp_fib_free(fib);
}

static void
test_empty(void **state)
{
	const struct dp_net net = { 0 };
	struct sl_addr v4 = addr("192.0.2.1"), v6 = addr("2001:db8::1");
	char error[DP_ERROR_SIZE];
	struct dp_fib *fib = dp_fib_build(&net, error);
	struct dp_fib_hop hop;

	assert_non_null(fib);
	assert_false(dp_fib_lookup(fib, &v4, &hop));
	assert_false(dp_fib_lookup(fib, &v6, &hop));
	dp_fib_free(fib);
	dp_fib_free(NULL);
}

static void
test_faults(void **state)
{
	const struct dp_net_addr addrs[] = {
		{ WAN, prefix("198.51.100.2/24") },
		{ WAN, prefix("2001:db8:1::2/64") },
	};
	const struct {
		const char *row;
		struct dp_route routes[2];
		const char *word; /* of the explanation */
	} rows[] = {
		{ "neither gateway nor port",
		  { { prefix("10.0.0.0/8"), addr(NULL), -1 } },
		  "needs a gateway" },
		{ "gateway nowhere",
		  { { prefix("10.0.0.0/8"), addr("192.0.2.1"), -1 } },
		  "no port's subnet" },
		{ "gateway is ours", { { prefix("10.0.0.0/8"), addr("198.51.100.2"), -1 } }, "of this box" },
		{ "families differ", { { prefix("10.0.0.0/8"), addr("2001:db8:1::1"), -1 } }, "family" },
		{ "families differ", { { prefix("2001:db8:9::/48"), addr("198.51.100.1"), -1 } }, "family" },
		{ "link-local without port", { { prefix("::/0"), addr("fe80::1"), -1 } }, "needs a port" },
		{ "multicast gateway", { { prefix("10.0.0.0/8"), addr("224.0.0.1"), 0 } }, "not a host" },
		{ "no such port", { { prefix("10.0.0.0/8"), addr(NULL), DP_PORTS_MAX } }, "no such port" },
		{ "bits", { { { addr("10.0.0.0"), 33 }, addr(NULL), 0 } }, "longer" },
		{ "bits", { { { addr("2001:db8::"), 129 }, addr(NULL), 0 } }, "longer" },
		{ "a port's own subnet",
		  { { prefix("198.51.100.0/24"), addr("198.51.100.9"), 0 } },
		  "own address" },
		{ "twice",
		  { { prefix("10.0.0.0/8"), addr("198.51.100.1"), 0 },
		    { prefix("10.0.0.0/8"), addr("198.51.100.9"), 0 } },
		  "twice" },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		const struct dp_net net = { .addrs = addrs,
					    .addr_count = SL_COUNT(addrs),
					    .routes = rows[i].routes,
					    /* an unused second row is all zero, ::/0 by port 0 */
					    .route_count = rows[i].routes[1].prefix.len != 0 ? 2 : 1 };
		char error[DP_ERROR_SIZE] = "";

		errno = 0;
		sl_check(rows[i].row, dp_fib_build(&net, error) == NULL);
		sl_check_int(rows[i].row, errno, EINVAL);
		if (strstr(error, rows[i].word) == NULL || strstr(error, "route ") != error)
			fail_msg("row \"%s\": the reason is \"%s\"", rows[i].row, error);
	}
}

/* ---- against a plain scan ---- */

static uint64_t random_state;

static uint32_t
random_below(uint32_t limit)
{
	random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)((random_state >> 33) % limit);
}

/* Few distinct bytes and cuts anywhere, so that prefixes nest and touch. */
static struct sl_addr
random_addr(bool v4)
{
	static const uint8_t bytes[] = { 0, 0, 1, 0x7f, 0x80, 0xfe, 0xff, 0xff };
	struct sl_addr a = sl_addr_from_v4(0);

	for (unsigned int i = v4 ? 12 : 0; i < 16; i++)
		a.b[i] = bytes[random_below(SL_COUNT(bytes))];
	if (!v4 && sl_addr_is_v4(&a))
		a.b[0] = 0x20;
	return a;
}

static const struct dp_route *
scan(const struct dp_net *net, const struct sl_addr *dst)
{
	const struct dp_route *best = NULL;

	for (unsigned int i = 0; i < net->route_count; i++)
		if (sl_prefix_contains(&net->routes[i].prefix, dst) &&
		    (best == NULL || net->routes[i].prefix.len > best->prefix.len))
			best = &net->routes[i];
	return best;
}

/* The address itself, the one before or the one after it: edges of ranges. */
static struct sl_addr
next_to(struct sl_addr a, int step, bool v4)
{
	for (int i = 15; i >= (v4 ? 12 : 0); i--) {
		a.b[i] = (uint8_t)(a.b[i] + step);
		if (a.b[i] != (step > 0 ? 0 : 0xff))
			break;
	}
	return a;
}

static void
check_against_scan(const struct dp_fib *fib, const struct dp_net *net, const struct sl_addr *dst)
{
	const struct dp_route *want = scan(net, dst);
	struct dp_fib_hop hop;
	bool found = dp_fib_lookup(fib, dst, &hop);
	char text[SL_ADDR_STRLEN];

	if (found != (want != NULL) ||
	    (found && ((int)hop.port != want->port || !sl_addr_eq(&hop.via, &want->via))))
		fail_msg("%s: wrong way (%u routes)", sl_addr_format(dst, text), net->route_count);
}

static void
test_random(void **state)
{
	enum { ROUNDS = 400, ROUTES_MAX = 200, LOOKUPS = 300 };
	static struct dp_route routes[ROUTES_MAX];
	char error[DP_ERROR_SIZE];

	random_state = 20240601;
	for (unsigned int round = 0; round < ROUNDS; round++) {
		struct dp_net net = { .routes = routes };
		unsigned int wanted = 1 + random_below(round % 2 == 0 ? 8 : ROUTES_MAX);
		struct dp_fib *fib;

		for (unsigned int i = 0; i < wanted; i++) {
			bool v4 = random_below(2) == 0;
			struct dp_route r = { .port = (int)random_below(DP_PORTS_MAX) };
			bool again = false;

			r.prefix.addr = random_addr(v4);
			r.prefix.len = (uint8_t)random_below(v4 ? 33 : 129);
			r.prefix = sl_prefix_network(&r.prefix);
			for (unsigned int j = 0; j < net.route_count; j++)
				again |= routes[j].prefix.len == r.prefix.len &&
					 sl_addr_eq(&routes[j].prefix.addr, &r.prefix.addr);
			if (!again)
				routes[net.route_count++] = r;
		}
		fib = dp_fib_build(&net, error);
		assert_non_null(fib);
		for (unsigned int i = 0; i < LOOKUPS; i++) {
			bool v4 = random_below(2) == 0;
			struct sl_addr dst = random_addr(v4);

			if (random_below(2) == 0) {
				dst = routes[random_below(net.route_count)].prefix.addr;
				dst = next_to(dst, (int)random_below(3) - 1, sl_addr_is_v4(&dst));
			}
			check_against_scan(fib, &net, &dst);
		}
		dp_fib_free(fib);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lookup),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
