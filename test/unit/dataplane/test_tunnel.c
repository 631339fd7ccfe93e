/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of tunnels: who shares an entry and when it goes, whose tunnel an ICMP error
 * quotes, and what is believed of a path.
 */
#include "rcu.h"
#include "tunnel.h"

#include "sl_addr.h"
#include "sl_test.h"

#include <stdlib.h>

enum { LINK = 1500, DEFERRED_MAX = 4096 };

static struct {
	void (*fn)(void *);
	void *arg;
} deferred[DEFERRED_MAX];
static unsigned int deferred_count;

void
dp_rcu_defer(void (*fn)(void *), void *arg)
{
	assert_true(deferred_count < DEFERRED_MAX);
	deferred[deferred_count].fn = fn;
	deferred[deferred_count++].arg = arg;
}

static void
grace(void)
{
	for (unsigned int i = 0; i < deferred_count; i++)
		deferred[i].fn(deferred[i].arg);
	deferred_count = 0;
}

static int
setup(void **state)
{
	deferred_count = 0;
	return dp_tunnel_init();
}

static int
teardown(void **state)
{
	grace();
	dp_tunnel_fini();
	return 0;
}

static struct sl_addr
addr(const char *text)
{
	struct sl_addr a = { 0 };

	if (text != NULL && sl_addr_parse(text, &a) != 0)
		fail_msg("not an address: %s", text);
	return a;
}

static uint32_t
get(const char *server, const char *source, struct dp_tunnel tunnel, bool inner6, unsigned int link)
{
	return dp_tunnel_get(&(struct dp_tunnel_way){ .server = addr(server),
						      .source = addr(source),
						      .tunnel = tunnel,
						      .inner6 = inner6,
						      .link_mtu = link });
}

#define IPIP ((struct dp_tunnel){ .type = SL_TUN_IPIP })
#define GUE(s, p) ((struct dp_tunnel){ .type = SL_TUN_GUE, .sum = (s), .port = (p) })
#define GRE(s) ((struct dp_tunnel){ .type = SL_TUN_GRE, .sum = (s) })

/* Each row differs from the first one, or is the same tunnel said otherwise. */
static void
test_shared(void **state)
{
	static const struct {
		const char *name, *server, *source;
		struct dp_tunnel tunnel;
		bool inner6;
		unsigned int link;
		bool same; /* as all rows before */
	} rows[] = {
		{ "gue", "10.0.0.11", "10.0.0.1", { SL_TUN_GUE, SL_TUN_SUM_FULL, 6080 }, false, LINK, false },
		{ "again",
		  "10.0.0.11",
		  "10.0.0.1",
		  { SL_TUN_GUE, SL_TUN_SUM_FULL, 6080 },
		  false,
		  LINK,
		  true },
		{ "remcsum is csum",
		  "10.0.0.11",
		  "10.0.0.1",
		  { SL_TUN_GUE, SL_TUN_SUM_REMOTE, 6080 },
		  false,
		  LINK,
		  true },
		{ "no checksum",
		  "10.0.0.11",
		  "10.0.0.1",
		  { SL_TUN_GUE, SL_TUN_SUM_NONE, 6080 },
		  false,
		  LINK,
		  false },
		{ "port",
		  "10.0.0.11",
		  "10.0.0.1",
		  { SL_TUN_GUE, SL_TUN_SUM_FULL, 6081 },
		  false,
		  LINK,
		  false },
		{ "inner family",
		  "10.0.0.11",
		  "10.0.0.1",
		  { SL_TUN_GUE, SL_TUN_SUM_FULL, 6080 },
		  true,
		  LINK,
		  false },
		{ "source",
		  "10.0.0.11",
		  "10.0.0.2",
		  { SL_TUN_GUE, SL_TUN_SUM_FULL, 6080 },
		  false,
		  LINK,
		  false },
		{ "link",
		  "10.0.0.11",
		  "10.0.0.1",
		  { SL_TUN_GUE, SL_TUN_SUM_FULL, 6080 },
		  false,
		  9000,
		  false },
		{ "server",
		  "10.0.0.12",
		  "10.0.0.1",
		  { SL_TUN_GUE, SL_TUN_SUM_FULL, 6080 },
		  false,
		  LINK,
		  false },
		{ "gre", "10.0.0.11", "10.0.0.1", { SL_TUN_GRE, SL_TUN_SUM_FULL, 0 }, false, LINK, false },
		{ "ipip", "10.0.0.11", "10.0.0.1", { SL_TUN_IPIP, 0, 0 }, false, LINK, false },
		{ "IPv6", "fd00::11", "fd00::1", { SL_TUN_IPIP, 0, 0 }, false, LINK, false },
	};
	uint32_t index[SL_COUNT(rows)];

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		index[i] = get(rows[i].server, rows[i].source, rows[i].tunnel, rows[i].inner6, rows[i].link);
		sl_check(rows[i].name, index[i] != 0);
		for (size_t j = 0; j < i; j++)
			sl_check_int(rows[i].name, index[i] == index[j], rows[i].same);
	}
	for (size_t i = 0; i < SL_COUNT(rows); i++)
		dp_tunnel_put(index[i]);
	assert_int_equal(deferred_count, SL_COUNT(rows) - 2);
}

/* An entry goes with its last user, and its place is taken again only after a grace period. */
static void
test_life(void **state)
{
	uint32_t first = get("10.0.0.11", "10.0.0.1", IPIP, false, LINK), other, again;
	uint8_t quoted[] = { 0x45, 0, 0, 48, 0, 0, 0, 0, 64, 4, 0, 0, 10, 0, 0, 1, 10, 0, 0, 11, 0x45 };
	uint32_t at;

	assert_int_equal(get("10.0.0.11", "10.0.0.1", IPIP, false, LINK), first);
	dp_tunnel_put(first);
	assert_int_equal(deferred_count, 0);
	assert_int_equal(dp_tunnel_find(quoted, sizeof(quoted), &at), first);
	dp_tunnel_put(first);
	assert_int_equal(deferred_count, 1);
	assert_int_equal(dp_tunnel_find(quoted, sizeof(quoted), &at), 0);
	assert_int_equal(dp_tunnel_mtu(first), LINK - 20); /* a burst may still be using it */
	other = get("10.0.0.11", "10.0.0.1", IPIP, false, LINK);
	assert_int_not_equal(other, first);
	grace();
	again = get("10.0.0.12", "10.0.0.1", IPIP, false, LINK);
	assert_int_equal(again, first);
	assert_int_equal(dp_tunnel_find(quoted, sizeof(quoted), &at), other);
	dp_tunnel_put(0);
	dp_tunnel_put(other);
	dp_tunnel_put(again);
}

static void
test_many(void **state)
{
	enum { SERVERS = 3000 };
	static uint32_t index[SERVERS];

	for (uint32_t i = 0; i < SERVERS; i++) {
		struct dp_tunnel_way way = { .server = sl_addr_from_v4(0x0a | i << 8),
					     .source = addr("10.0.0.1"),
					     .link_mtu = LINK };

		index[i] = dp_tunnel_get(&way);
		assert_int_equal(index[i], i + 1);
		assert_int_equal(dp_tunnel_get(&way), i + 1);
		dp_tunnel_put(index[i]);
	}
	for (uint32_t i = 0; i < SERVERS; i++)
		dp_tunnel_put(index[i]);
	assert_int_equal(deferred_count, SERVERS);
	grace();
	assert_true(get("10.9.9.9", "10.0.0.1", IPIP, false, LINK) <= SERVERS);
}

/* ---- quotes ---- */

#define V4(proto) 0x45, 0, 0, 100, 0, 1, 0, 0, 63, (proto), 0, 0, 10, 0, 0, 1, 10, 0, 0, 11
#define V6(next)                                                                                             \
	0x60, 0, 0, 0, 0, 80, (next), 63, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xfd, 0, 0, 0,  \
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x11
#define Q(...) { __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })

enum { IPIP4, IPIP6, GUE4, GUE6, GUE4_SUM, GRE4, GRE6, GRE4_SUM, V6_IPIP4, V6_GUE6, TUNNELS, NONE = TUNNELS };

static const struct {
	const char *name;
	uint8_t bytes[80];
	uint32_t len;
	unsigned int tunnel;
	uint32_t at;
} quotes[] = {
	{ "ipip", Q(V4(4), 0x45, 0), IPIP4, 20 },
	{ "ipip, IPv6 inside", Q(V4(41), 0x60, 0), IPIP6, 20 },
	{ "ipip, header alone", Q(V4(4)), IPIP4, 20 },
	{ "gue", Q(V4(17), 0xc0, 1, 0x17, 0xc0, 0, 80, 0, 0, 0, 4, 0, 0, 0x45), GUE4, 32 },
	{ "gue, IPv6 inside", Q(V4(17), 0xc0, 1, 0x17, 0xc0, 0, 80, 0, 0, 0, 41, 0, 0, 0x60), GUE6, 32 },
	{ "gue csum", Q(V4(17), 0xc0, 1, 0x17, 0xc0, 0, 80, 0xab, 0xcd, 0, 4, 0, 0), GUE4_SUM, 32 },
	{ "gue csum, eight bytes only", Q(V4(17), 0xc0, 1, 0x17, 0xc0, 0, 80, 0xab, 0xcd), GUE4_SUM, 32 },
	{ "gre", Q(V4(47), 0, 0, 8, 0, 0x45), GRE4, 24 },
	{ "gre, IPv6 inside", Q(V4(47), 0, 0, 0x86, 0xdd), GRE6, 24 },
	{ "gre csum", Q(V4(47), 0x80, 0, 8, 0, 1, 2, 0, 0, 0x45), GRE4_SUM, 28 },
	{ "in IPv6", Q(V6(4), 0x45), V6_IPIP4, 40 },
	{ "in IPv6, first fragment", Q(V6(44), 4, 0, 0, 1, 0, 0, 0, 9, 0x45), V6_IPIP4, 48 },
	{ "in IPv6, gue", Q(V6(17), 0xc0, 1, 0x17, 0xc0, 0, 80, 0, 0, 0, 41, 0, 0, 0x60), V6_GUE6, 52 },

	{ "nothing", { 0 }, 0, NONE, 0 },
	{ "cut in the header", { V4(4) }, 19, NONE, 0 },
	{ "cut in the IPv6 header", { V6(4) }, 39, NONE, 0 },
	{ "version 5", Q(0x55, 0, 0, 100, 0, 1, 0, 0, 63, 4, 0, 0, 10, 0, 0, 1, 10, 0, 0, 11), NONE, 0 },
	{ "header of 16 bytes", Q(0x44, 0, 0, 100, 0, 1, 0, 0, 63, 4, 0, 0, 10, 0, 0, 1, 10, 0, 0, 11), NONE,
	  0 },
	{ "another source", Q(0x45, 0, 0, 100, 0, 1, 0, 0, 63, 4, 0, 0, 10, 0, 0, 2, 10, 0, 0, 11), NONE, 0 },
	{ "another server", Q(0x45, 0, 0, 100, 0, 1, 0, 0, 63, 4, 0, 0, 10, 0, 0, 1, 10, 0, 0, 12), NONE, 0 },
	{ "later fragment", Q(0x45, 0, 0, 100, 0, 1, 0, 9, 63, 4, 0, 0, 10, 0, 0, 1, 10, 0, 0, 11), NONE, 0 },
	{ "in IPv6, later fragment", Q(V6(44), 4, 0, 0, 8, 0, 0, 0, 9), NONE, 0 },
	{ "in IPv6, cut in the fragment header", { V6(44), 4, 0, 0, 1 }, 47, NONE, 0 },
	{ "not a tunnel", Q(V4(6), 0, 80, 0, 80), NONE, 0 },
	{ "another GUE port", Q(V4(17), 0xc0, 1, 0x17, 0xc1, 0, 80, 0, 0, 0, 4, 0, 0), NONE, 0 },
	{ "cut in UDP", Q(V4(17), 0xc0, 1, 0x17, 0xc0), NONE, 0 },
	{ "GUE with options", Q(V4(17), 0xc0, 1, 0x17, 0xc0, 0, 80, 0, 0, 1, 4, 0, 0), NONE, 0 },
	{ "GUE with flags", Q(V4(17), 0xc0, 1, 0x17, 0xc0, 0, 80, 0, 0, 0, 4, 0x40, 0), NONE, 0 },
	{ "GRE with a key", Q(V4(47), 0x20, 0, 8, 0, 0, 0, 0, 1, 0x45), NONE, 0 },
	{ "cut in GRE", Q(V4(47), 0, 0), NONE, 0 },
	{ "gre csum, IPv6 inside, which nobody has", Q(V4(47), 0x80, 0, 0x86, 0xdd, 1, 2, 0, 0), NONE, 0 },
};

static void
test_quotes(void **state)
{
	uint32_t index[TUNNELS + 1] = {
		[IPIP4] = get("10.0.0.11", "10.0.0.1", IPIP, false, LINK),
		[IPIP6] = get("10.0.0.11", "10.0.0.1", IPIP, true, LINK),
		[GUE4] = get("10.0.0.11", "10.0.0.1", GUE(SL_TUN_SUM_NONE, 6080), false, LINK),
		[GUE6] = get("10.0.0.11", "10.0.0.1", GUE(SL_TUN_SUM_NONE, 6080), true, LINK),
		[GUE4_SUM] = get("10.0.0.11", "10.0.0.1", GUE(SL_TUN_SUM_FULL, 6080), false, LINK),
		[GRE4] = get("10.0.0.11", "10.0.0.1", GRE(SL_TUN_SUM_NONE), false, LINK),
		[GRE6] = get("10.0.0.11", "10.0.0.1", GRE(SL_TUN_SUM_NONE), true, LINK),
		[GRE4_SUM] = get("10.0.0.11", "10.0.0.1", GRE(SL_TUN_SUM_FULL), false, LINK),
		[V6_IPIP4] = get("fd00::11", "fd00::1", IPIP, false, LINK),
		[V6_GUE6] = get("fd00::11", "fd00::1", GUE(SL_TUN_SUM_NONE, 6080), true, LINK),
	};

	for (size_t i = 0; i < SL_COUNT(quotes); i++) {
		/* In memory that ends where the quote ends: a sanitizer sees what is read beyond. */
		uint8_t *bytes = malloc(quotes[i].len + (quotes[i].len == 0));
		uint32_t at = 0;

		memcpy(bytes, quotes[i].bytes, quotes[i].len);
		sl_check_int(quotes[i].name, dp_tunnel_find(bytes, quotes[i].len, &at),
			     index[quotes[i].tunnel]);
		sl_check_int(quotes[i].name, at, quotes[i].at);
		free(bytes);
	}
}

/* ---- path MTU ---- */

static void
test_mtu(void **state)
{
	static const struct {
		const char *name, *server, *source;
		struct dp_tunnel tunnel;
		unsigned int link, mtu;
	} rows[] = {
		{ "ipip", "10.0.0.11", "10.0.0.1", { SL_TUN_IPIP, 0, 0 }, 1500, 1480 },
		{ "gue", "10.0.0.11", "10.0.0.1", { SL_TUN_GUE, 0, 6080 }, 1500, 1468 },
		{ "gre", "10.0.0.11", "10.0.0.1", { SL_TUN_GRE, 0, 0 }, 1500, 1476 },
		{ "gre csum", "10.0.0.11", "10.0.0.1", { SL_TUN_GRE, SL_TUN_SUM_FULL, 0 }, 1500, 1472 },
		{ "ipip in IPv6", "fd00::11", "fd00::1", { SL_TUN_IPIP, 0, 0 }, 1500, 1460 },
		{ "gue in IPv6", "fd00::11", "fd00::1", { SL_TUN_GUE, 0, 6080 }, 1500, 1448 },
		{ "jumbo", "10.0.0.11", "10.0.0.1", { SL_TUN_IPIP, 0, 0 }, 9000, 8980 },
		{ "longest", "10.0.0.11", "10.0.0.1", { SL_TUN_IPIP, 0, 0 }, 70000, 65515 },
		{ "least", "10.0.0.11", "10.0.0.1", { SL_TUN_IPIP, 0, 0 }, 88, 68 },
		{ "too little", "10.0.0.11", "10.0.0.1", { SL_TUN_IPIP, 0, 0 }, 87, 0 },
		{ "least of IPv6", "fd00::11", "fd00::1", { SL_TUN_IPIP, 0, 0 }, 1320, 1280 },
		{ "too little of IPv6", "fd00::11", "fd00::1", { SL_TUN_IPIP, 0, 0 }, 1319, 0 },
		{ "no source", "10.0.0.11", NULL, { SL_TUN_IPIP, 0, 0 }, 1500, 0 },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		uint32_t index = get(rows[i].server, rows[i].source, rows[i].tunnel, false, rows[i].link);

		sl_check_int(rows[i].name, dp_tunnel_mtu(index), rows[i].mtu);
		dp_tunnel_put(index);
	}
	assert_int_equal(dp_tunnel_mtu(0), 0);
}

/* What is said of a path, one after the other; and what holds then. */
static void
test_learn(void **state)
{
	static const struct {
		const char *name;
		uint64_t at_s;
		uint32_t outer; /* 0: nothing is said */
		unsigned int v4, v6;
	} rows[] = {
		{ "nothing yet", 1, 0, 1480, 1460 },
		{ "as long as the link", 1, 1500, 1480, 1460 },
		{ "longer", 1, 9000, 1480, 1460 },
		{ "less", 100, 1400, 1380, 1360 },
		{ "more than that is not believed", 101, 1450, 1380, 1360 },
		{ "less again", 102, 1350, 1330, 1310 },
		{ "not yet old", 701, 0, 1330, 1310 },
		{ "forgotten", 702, 0, 1480, 1460 },
		{ "anew", 800, 1400, 1380, 1360 },
		{ "and again", 1300, 1400, 1380, 1360 },
		{ "the first would be old", 1500, 0, 1380, 1360 },
		{ "the second is", 1900, 0, 1480, 1460 },
		{ "absurd", 2000, 10, 68, 1280 },
		{ "nothing", 2001, 0, 68, 1280 },
		{ "forgotten too", 2600, 0, 1480, 1460 },
	};
	uint32_t v4 = get("10.0.0.11", "10.0.0.1", IPIP, false, LINK);
	uint32_t v6 = get("fd00::11", "fd00::1", IPIP, false, LINK);
	uint32_t dead = get("10.0.0.12", NULL, IPIP, false, LINK);

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		dp_tunnel_tick(rows[i].at_s * 1000);
		if (rows[i].outer != 0) {
			dp_tunnel_mtu_learn(v4, rows[i].outer);
			dp_tunnel_mtu_learn(v6, rows[i].outer);
			dp_tunnel_mtu_learn(dead, rows[i].outer);
		}
		sl_check_int(rows[i].name, dp_tunnel_mtu(v4), rows[i].v4);
		sl_check_int(rows[i].name, dp_tunnel_mtu(v6), rows[i].v6);
		sl_check_int(rows[i].name, dp_tunnel_mtu(dead), 0);
	}
}

/* What was learned goes with the entry; the place's next owner begins with its link. */
static void
test_learn_life(void **state)
{
	uint32_t index = get("10.0.0.11", "10.0.0.1", IPIP, false, LINK);

	dp_tunnel_mtu_learn(index, 1400);
	assert_int_equal(dp_tunnel_mtu(index), 1380);
	dp_tunnel_put(index);
	grace();
	assert_int_equal(get("10.0.0.13", "10.0.0.1", IPIP, false, LINK), index);
	assert_int_equal(dp_tunnel_mtu(index), 1480);
	dp_tunnel_tick(5000);
	assert_int_equal(dp_tunnel_mtu(index), 1480);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_shared, setup, teardown),
		cmocka_unit_test_setup_teardown(test_life, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_quotes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mtu, setup, teardown),
		cmocka_unit_test_setup_teardown(test_learn, setup, teardown),
		cmocka_unit_test_setup_teardown(test_learn_life, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
