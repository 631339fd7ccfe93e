/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The life of a neighbour on a simulated clock: scripts of what happens and what
 * must then be, and what holds for the table as a whole (indices and epochs,
 * limits, static neighbours, readers beside the writer). What is asked goes to
 * fakes; frames are in test_arp.c and test_nd.c.
 */
#include "neigh.h"

#include "addr_book.h"
#include "port.h"
#include "rcu.h"
#include "sl_addr.h"
#include "sl_log.h"
#include "sl_test.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

enum { PORT = 3 };

static const uint8_t mac_a[6] = { 2, 0, 0, 0, 0, 0xa };
static const uint8_t mac_b[6] = { 2, 0, 0, 0, 0, 0xb };

/* ---- fakes ---- */

static struct {
	unsigned int asked_all, asked_one, announced, warned;
	uint8_t asked_mac[6];
	bool no_buffer;
	uint64_t now;
	/* what waits for a grace period */
	void (*deferred[64])(void *);
	void *deferred_arg[64];
	unsigned int deferred_count;
} box;

static bool
asked(unsigned int port, const struct sl_addr *addr, const uint8_t *mac)
{
	if (box.no_buffer)
		return false;
	if (mac != NULL) {
		memcpy(box.asked_mac, mac, 6);
		box.asked_one++;
	} else {
		box.asked_all++;
	}
	return true;
}

bool
dp_arp_ask(unsigned int port, const struct sl_addr *addr, const uint8_t *mac)
{
	assert_true(sl_addr_is_v4(addr));
	return asked(port, addr, mac);
}

bool
dp_nd_ask(unsigned int port, const struct sl_addr *addr, const uint8_t *mac)
{
	assert_false(sl_addr_is_v4(addr));
	return asked(port, addr, mac);
}

unsigned int
dp_addr_book_tick(uint64_t now_ms)
{
	return 0;
}

void
dp_addr_book_fini(void)
{
}

const struct dp_port *
dp_port_get(unsigned int port)
{
	static const struct dp_port lan = { .conf.name = "lan" };

	return &lan;
}

void
dp_rcu_defer(void (*fn)(void *), void *arg)
{
	assert_true(box.deferred_count < SL_COUNT(box.deferred));
	box.deferred[box.deferred_count] = fn;
	box.deferred_arg[box.deferred_count++] = arg;
}

void
sl_log(enum sl_log_level level, const char *format, ...)
{
	box.warned++;
}

static void
grace_period(void)
{
	for (unsigned int i = 0; i < box.deferred_count; i++)
		box.deferred[i](box.deferred_arg[i]);
	box.deferred_count = 0;
}

static int
setup(void **state)
{
	memset(&box, 0, sizeof(box));
	box.now = 1000000;
	return dp_neigh_init(42, box.now);
}

static int
teardown(void **state)
{
	dp_neigh_fini();
	return 0;
}

static void
advance(uint64_t ms)
{
	while (ms-- > 0)
		dp_neigh_tick(++box.now);
}

static struct sl_addr
v4(uint32_t host)
{
	return sl_addr_from_v4(__builtin_bswap32(host));
}

static uint64_t
word_of(const uint8_t mac[6])
{
	uint64_t word = DP_NH_VALID | (uint64_t)PORT << DP_NH_PORT_SHIFT;

	memcpy(&word, mac, 6);
	return word;
}

/* ---- scripts ---- */

enum what {
	END,
	WAIT,     /* let `ms` pass */
	WAIT_ASK, /* ... at most, until somebody is asked */
	WANT,     /* a worker asks */
	PIN,
	UNPIN,
	WATCH,
	UNWATCH,
	HEAR_A, /* its address is claimed by MAC A */
	HEAR_B,
	CREATE_A,  /* ... by one that has just asked for us */
	CONFIRM_A, /* a solicited answer without MAC address, from A */
	CONFIRM_B,
	STATIC_A,
	STATIC_NONE,
};

/* What the next-hop word must be; GONE: no such neighbour. */
enum word { GONE, ZERO, AT_A, AT_B, FAILED };

struct step {
	enum what what;
	unsigned int ms;
	int state; /* enum dp_neigh_state; not looked at when GONE */
	enum word word;
	unsigned int all, one; /* how often everybody, how often the neighbour was asked in this step */
	int verdict;           /* of HEAR and CONFIRM */
};

#define INC DP_NEIGH_INCOMPLETE
#define REA DP_NEIGH_REACHABLE
#define PRO DP_NEIGH_PROBE
#define FAI DP_NEIGH_FAILED
#define STA DP_NEIGH_STATIC
#define HEARD DP_NEIGH_HEARD
#define UNKNOWN DP_NEIGH_UNKNOWN
#define CONFLICT DP_NEIGH_CONFLICT

static const struct script {
	const char *name;
	struct step step[20];
} scripts[] = {
	{ "answered at once",
	  { { WANT, 0, INC, ZERO, 1, 0 },
	    { WANT, 0, INC, ZERO, 0, 0 }, /* asking twice asks nobody twice */
	    { HEAR_A, 0, REA, AT_A, 0, 0, HEARD },
	    { WAIT, 14999, REA, AT_A, 0, 0 } } },
	{ "answered after the third request",
	  { { WANT, 0, INC, ZERO, 1, 0 },
	    { WAIT, 249, INC, ZERO, 0, 0 },
	    { WAIT, 1, INC, ZERO, 1, 0 },
	    { WAIT, 999, INC, ZERO, 0, 0 },
	    { WAIT, 1, INC, ZERO, 1, 0 },
	    { WAIT, 999, INC, ZERO, 0, 0 },
	    { HEAR_A, 0, REA, AT_A, 0, 0, HEARD } } },
	{ "never answered: failed, dropped at once, forgotten within 3 s, asked again when wanted",
	  { { WANT, 0, INC, ZERO, 1, 0 },
	    { WAIT, 2249, INC, ZERO, 2, 0 },
	    { WAIT, 1, FAI, FAILED, 0, 0 },
	    { WANT, 0, FAI, FAILED, 0, 0 },
	    { WAIT, 999, FAI, FAILED, 0, 0 },
	    { WAIT, 2001, 0, GONE, 0, 0 },
	    { WANT, 0, INC, ZERO, 1, 0 } } },
	{ "failed, then speaks up by itself",
	  { { WANT, 0, INC, ZERO, 1, 0 },
	    { WAIT, 2500, FAI, FAILED, 2, 0 },
	    { HEAR_B, 0, REA, AT_B, 0, 0, HEARD } } },
	{ "refreshed by unicast before it expires, used all the time",
	  { { WANT, 0, INC, ZERO, 1, 0 },
	    { HEAR_A, 0, REA, AT_A, 0, 0, HEARD },
	    { WAIT_ASK, 45000, PRO, AT_A, 0, 1 },
	    { HEAR_A, 0, REA, AT_A, 0, 0, HEARD },
	    { WAIT_ASK, 45000, PRO, AT_A, 0, 1 },
	    { CONFIRM_A, 0, REA, AT_A, 0, 0, HEARD },
	    { WAIT, 14999, REA, AT_A, 0, 0 } } },
	{ "a MAC-less confirmation counts only from the MAC address that we hold",
	  { { WANT, 0, INC, ZERO, 1, 0 },
	    { CONFIRM_A, 0, INC, ZERO, 0, 0, UNKNOWN },
	    { HEAR_A, 0, REA, AT_A, 0, 0, HEARD },
	    { WAIT_ASK, 45000, PRO, AT_A, 0, 1 },
	    { CONFIRM_B, 0, PRO, AT_A, 0, 0, UNKNOWN } } },
	{ "gone silent: three unicasts, then everybody, then failed and forgotten",
	  { { WANT, 0, INC, ZERO, 1, 0 },
	    { HEAR_A, 0, REA, AT_A, 0, 0, HEARD },
	    { WAIT_ASK, 45000, PRO, AT_A, 0, 1 },
	    { WAIT, 2249, PRO, AT_A, 0, 2 },
	    { WAIT, 1, INC, ZERO, 1, 0 },
	    { WAIT, 2250, FAI, FAILED, 2, 0 },
	    { WAIT, 3000, 0, GONE, 0, 0 } } },
	{ "moved to another MAC address in silence: found by asking everybody",
	  { { WANT, 0, INC, ZERO, 1, 0 },
	    { HEAR_A, 0, REA, AT_A, 0, 0, HEARD },
	    { WAIT_ASK, 45000, PRO, AT_A, 0, 1 },
	    { WAIT, 2250, INC, ZERO, 1, 2 },
	    { HEAR_B, 0, REA, AT_B, 0, 0, HEARD } } },
	{ "a stranger claims it, the owner answers: stays; at once again: only counted",
	  { { WANT, 0, INC, ZERO, 1, 0 },
	    { HEAR_A, 0, REA, AT_A, 0, 0, HEARD },
	    { HEAR_B, 0, PRO, AT_A, 0, 1, CONFLICT },
	    { HEAR_B, 0, PRO, AT_A, 0, 0, CONFLICT },
	    { WAIT, 100, PRO, AT_A, 0, 1 },
	    { HEAR_B, 0, PRO, AT_A, 0, 0, CONFLICT },
	    { HEAR_A, 0, REA, AT_A, 0, 0, HEARD },
	    { HEAR_B, 0, REA, AT_A, 0, 0, CONFLICT },
	    { WAIT, 999, REA, AT_A, 0, 0 },
	    { HEAR_B, 0, REA, AT_A, 0, 0, CONFLICT },
	    { WAIT, 1, REA, AT_A, 0, 0 },
	    { HEAR_B, 0, PRO, AT_A, 0, 1, CONFLICT },
	    { CONFIRM_A, 0, REA, AT_A, 0, 0, HEARD } } },
	{ "a stranger claims it, the owner is gone: 300 ms, then the answer to a broadcast is believed",
	  { { WANT, 0, INC, ZERO, 1, 0 },
	    { HEAR_A, 0, REA, AT_A, 0, 0, HEARD },
	    { HEAR_B, 0, PRO, AT_A, 0, 1, CONFLICT },
	    { WAIT, 99, PRO, AT_A, 0, 0 },
	    { WAIT, 1, PRO, AT_A, 0, 1 },
	    { WAIT, 100, PRO, AT_A, 0, 1 },
	    { WAIT, 99, PRO, AT_A, 0, 0 },
	    { WAIT, 1, INC, ZERO, 1, 0 },
	    { HEAR_B, 0, REA, AT_B, 0, 0, HEARD } } },
	{ "two answers to the first question: the first is asked whether it is there",
	  { { WANT, 0, INC, ZERO, 1, 0 },
	    { HEAR_A, 0, REA, AT_A, 0, 0, HEARD },
	    { HEAR_B, 0, PRO, AT_A, 0, 1, CONFLICT },
	    { HEAR_A, 0, REA, AT_A, 0, 0, HEARD } } },
	{ "a stranger's claim during a refresh",
	  { { WANT, 0, INC, ZERO, 1, 0 },
	    { HEAR_A, 0, REA, AT_A, 0, 0, HEARD },
	    { WAIT_ASK, 45000, PRO, AT_A, 0, 1 },
	    { HEAR_B, 0, PRO, AT_A, 0, 1, CONFLICT },
	    { WAIT, 200, PRO, AT_A, 0, 2 },
	    { HEAR_A, 0, REA, AT_A, 0, 0, HEARD } } },
	{ "unknown addresses are not learned", { { HEAR_A, 0, 0, GONE, 0, 0, UNKNOWN } } },
	{ "who has asked for us is known, and soon asked whether it is there",
	  { { CREATE_A, 0, REA, AT_A, 0, 0, HEARD },
	    { WAIT, 4999, REA, AT_A, 0, 0 },
	    { WAIT, 1, PRO, AT_A, 0, 1 },
	    { WAIT, 2250, INC, ZERO, 1, 2 },
	    { WAIT, 5250, 0, GONE, 2, 0 } } },
	{ "pinned and silent: asked every second, dropped at once, never forgotten",
	  { { WANT, 0, INC, ZERO, 1, 0 },
	    { PIN, 0, INC, ZERO, 0, 0 },
	    { WAIT, 2250, FAI, FAILED, 2, 0 },
	    { WAIT, 2000, FAI, FAILED, 1, 0 },
	    { WAIT, 60000, FAI, FAILED, 60, 0 },
	    { HEAR_A, 0, REA, AT_A, 0, 0, HEARD },
	    { WAIT_ASK, 45000, PRO, AT_A, 0, 1 },
	    { HEAR_A, 0, REA, AT_A, 0, 0, HEARD } } },
	{ "pinned and watched: asked each second, so that its silence is soon known",
	  { { WANT, 0, INC, ZERO, 1, 0 },
	    { PIN, 0, INC, ZERO, 0, 0 },
	    { HEAR_A, 0, REA, AT_A, 0, 0, HEARD },
	    { WATCH, 0, REA, AT_A, 0, 0 },
	    { WAIT, 1000, PRO, AT_A, 0, 1 },
	    { HEAR_A, 0, REA, AT_A, 0, 0, HEARD },
	    { WAIT, 1000, PRO, AT_A, 0, 1 },
	    { HEAR_A, 0, REA, AT_A, 0, 0, HEARD },
	    { UNWATCH, 0, REA, AT_A, 0, 0 },
	    { WAIT, 1000, PRO, AT_A, 0, 1 },
	    { HEAR_A, 0, REA, AT_A, 0, 0, HEARD },
	    { WAIT, 14000, REA, AT_A, 0, 0 } } },
	{ "pinned while failed: asked at once; unpinned: forgotten",
	  { { WANT, 0, INC, ZERO, 1, 0 },
	    { WAIT, 2250, FAI, FAILED, 2, 0 },
	    { PIN, 0, FAI, FAILED, 0, 0 },
	    { WAIT, 1, FAI, FAILED, 1, 0 },
	    { PIN, 0, FAI, FAILED, 0, 0 },
	    { UNPIN, 0, FAI, FAILED, 0, 0 },
	    { WAIT, 5000, FAI, FAILED, 5, 0 },
	    { UNPIN, 0, FAI, FAILED, 0, 0 },
	    { WAIT, 3000, 0, GONE, 0, 0 } } },
	{ "static: believed whatever is heard, never asked",
	  { { STATIC_A, 0, STA, AT_A, 0, 0 },
	    { HEAR_B, 0, STA, AT_A, 0, 0, CONFLICT },
	    { HEAR_A, 0, STA, AT_A, 0, 0, HEARD },
	    { WANT, 0, STA, AT_A, 0, 0 },
	    { PIN, 0, STA, AT_A, 0, 0 },
	    { UNPIN, 0, STA, AT_A, 0, 0 },
	    { WAIT, 100000, STA, AT_A, 0, 0 } } },
	{ "static, then not: found out like any other",
	  { { STATIC_A, 0, STA, AT_A, 0, 0 },
	    { STATIC_NONE, 0, INC, ZERO, 1, 0 },
	    { HEAR_B, 0, REA, AT_B, 0, 0, HEARD },
	    { STATIC_NONE, 0, REA, AT_B, 0, 0 } } },
	{ "learned, then static: takes effect at once",
	  { { WANT, 0, INC, ZERO, 1, 0 },
	    { HEAR_B, 0, REA, AT_B, 0, 0, HEARD },
	    { STATIC_A, 0, STA, AT_A, 0, 0 },
	    { WAIT, 100000, STA, AT_A, 0, 0 } } },
};

static const struct dp_neigh *seen;

static void
see(const struct dp_neigh *neigh, void *context)
{
	static struct dp_neigh copy;

	if (sl_addr_eq(&neigh->addr, context) && neigh->port == PORT) {
		copy = *neigh;
		seen = &copy;
	}
}

static int
play(const struct step *step, const struct sl_addr *addr)
{
	struct dp_static_neigh fixed = { .port = PORT, .addr = *addr };
	unsigned int asked_before = box.asked_all + box.asked_one;

	memcpy(fixed.mac, mac_a, 6);
	switch (step->what) {
	case WAIT:
		advance(step->ms);
		break;
	case WAIT_ASK:
		for (unsigned int ms = 0; ms < step->ms && box.asked_all + box.asked_one == asked_before;
		     ms++)
			advance(1);
		break;
	case WANT:
		assert_int_not_equal(dp_neigh_want(PORT, addr), 0);
		break;
	case PIN:
		dp_neigh_pin(dp_neigh_find(PORT, addr));
		break;
	case UNPIN:
		dp_neigh_unpin(dp_neigh_find(PORT, addr));
		break;
	case WATCH:
		dp_neigh_watch(dp_neigh_find(PORT, addr), true);
		break;
	case UNWATCH:
		dp_neigh_watch(dp_neigh_find(PORT, addr), false);
		break;
	case HEAR_A:
		return dp_neigh_heard(PORT, addr, mac_a, false);
	case HEAR_B:
		return dp_neigh_heard(PORT, addr, mac_b, false);
	case CREATE_A:
		return dp_neigh_heard(PORT, addr, mac_a, true);
	case CONFIRM_A:
		return dp_neigh_confirmed(PORT, addr, mac_a);
	case CONFIRM_B:
		return dp_neigh_confirmed(PORT, addr, mac_b);
	case STATIC_A:
		assert_int_equal(dp_neigh_static_set(&fixed, 1), 0);
		break;
	case STATIC_NONE:
		assert_int_equal(dp_neigh_static_set(NULL, 0), 0);
		break;
	case END:
		break;
	}
	return 0;
}

static void
check_step(const struct script *script, unsigned int number, struct sl_addr *addr)
{
	const struct step *step = &script->step[number];
	const uint64_t words[] = {
		[ZERO] = 0, [AT_A] = word_of(mac_a), [AT_B] = word_of(mac_b), [FAILED] = DP_NH_FAILED
	};
	uint32_t index;
	int verdict;
	char row[200];

	snprintf(row, sizeof(row), "%s, step %u", script->name, number + 1);
	box.asked_all = box.asked_one = 0;
	verdict = play(step, addr);
	sl_check_int(row, verdict, step->verdict);
	sl_check_int(row, box.asked_all, step->all);
	sl_check_int(row, box.asked_one, step->one);
	if (step->one > 0)
		sl_check(row, memcmp(box.asked_mac, mac_a, 6) == 0);

	index = dp_neigh_find(PORT, addr);
	seen = NULL;
	dp_neigh_walk(see, addr);
	sl_check_int(row, index != 0, step->word != GONE);
	sl_check_int(row, seen != NULL, step->word != GONE);
	if (step->word != GONE) {
		sl_check_int(row, seen->state, step->state);
		sl_check(row, dp_nh_load(index) == words[step->word]);
	}
}

static void
test_scripts(void **state)
{
	for (size_t i = 0; i < SL_COUNT(scripts); i++) {
		/* Either family, and a table that is not fresh. */
		struct sl_addr addr = i % 2 == 0 ? v4(0x0a000001 + (uint32_t)i) : v4(0);

		if (i % 2 != 0)
			assert_int_equal(sl_addr_parse("2001:db8::1", &addr), 0);
		for (unsigned int s = 0; scripts[i].step[s].what != END; s++)
			check_step(&scripts[i], s, &addr);
		teardown(state);
		setup(state);
	}
}

/* ---- the table as a whole ---- */

static void
test_keys(void **state)
{
	struct sl_addr a = v4(0x0a000001), b;
	uint32_t at3 = dp_neigh_want(3, &a), at4 = dp_neigh_want(4, &a);
	unsigned int port;

	/* One address on two ports is two neighbours. */
	assert_int_not_equal(at3, 0);
	assert_int_not_equal(at4, 0);
	assert_int_not_equal(at3, at4);
	dp_neigh_heard(3, &a, mac_a, false);
	dp_neigh_heard(4, &a, mac_b, false);
	assert_int_equal(dp_nh_port(dp_nh_load(at3)), 3);
	assert_int_equal(dp_nh_port(dp_nh_load(at4)), 4);
	dp_neigh_info(at4, &port, &b);
	assert_int_equal(port, 4);
	assert_true(sl_addr_eq(&a, &b));
	assert_int_equal(dp_neigh_find(5, &a), 0);
}

/* Enough of them that some of one address share a bucket. */
static void
test_many_keys(void **state)
{
	enum { ADDRS = 2000, PORTS = 16 };

	for (uint32_t i = 0; i < ADDRS * PORTS; i++) {
		struct sl_addr a = v4(0x0a000000 + i / PORTS);

		assert_int_not_equal(dp_neigh_want(i % PORTS, &a), 0);
		dp_neigh_heard(i % PORTS, &a, mac_a, false);
	}
	assert_int_equal(dp_neigh_counters()->created, ADDRS * PORTS);
	for (uint32_t i = 0; i < ADDRS * PORTS; i++) {
		struct sl_addr a = v4(0x0a000000 + i / PORTS);

		assert_int_equal(dp_nh_port(dp_nh_load(dp_neigh_find(i % PORTS, &a))), i % PORTS);
	}
}

/* A thousand timers due at one time take several ticks, and none is lost. */
static void
test_ticks_are_bounded(void **state)
{
	for (uint32_t i = 0; i < 1000; i++) {
		struct sl_addr a = v4(0x0a000000 + i);

		dp_neigh_want(PORT, &a);
	}
	assert_int_equal(box.asked_all, 1000);
	box.now += 300;
	assert_int_equal(dp_neigh_tick(box.now), 256);
	assert_int_equal(box.asked_all, 1256);
	for (unsigned int i = 0; i < 3; i++)
		dp_neigh_tick(box.now);
	assert_int_equal(box.asked_all, 2000);
	/* However far time jumps. */
	box.now += 10000000;
	for (unsigned int i = 0; i < 4; i++)
		dp_neigh_tick(box.now);
	assert_int_equal(box.asked_all, 3000);
}

/* An index means what it meant until the epoch has changed and a grace period has passed. */
static void
test_index_reuse(void **state)
{
	struct sl_addr first = v4(0x0a000001), other;
	uint32_t index = dp_neigh_want(PORT, &first), used;
	uint64_t epoch = dp_net_epoch_load();
	unsigned int port;

	advance(2250 + 3000);
	assert_int_equal(dp_neigh_find(PORT, &first), 0);
	assert_true(dp_net_epoch_load() > epoch);
	assert_int_equal(box.deferred_count, 1);
	/* Readers may still hold the index: nobody else gets it, and it tells what it told. */
	for (uint32_t i = 0; i < 2000; i++) {
		other = v4(0x0b000000 + i);
		assert_int_not_equal(dp_neigh_want(PORT, &other), index);
	}
	assert_true(dp_nh_load(index) == DP_NH_FAILED);
	dp_neigh_info(index, &port, &other);
	assert_true(sl_addr_eq(&other, &first));
	grace_period();
	assert_true(dp_nh_load(index) == 0);
	used = 0;
	for (uint32_t i = 0; i < 2000 && used != index; i++) {
		other = v4(0x0c000000 + i);
		used = dp_neigh_want(PORT, &other);
	}
	assert_int_equal(used, index);
}

/* Many that fail at one time void what flows remember once, not once each. */
static void
test_forgetting_is_batched(void **state)
{
	uint64_t epoch = dp_net_epoch_load();

	for (uint32_t i = 0; i < 500; i++) {
		struct sl_addr a = v4(0x0a000000 + i);

		dp_neigh_want(PORT, &a);
	}
	advance(2250 + 3000 + 1000);
	assert_int_equal(dp_neigh_counters()->removed, 500);
	assert_in_range(dp_net_epoch_load() - epoch, 1, 3);
}

static void
test_flood_of_unresolved(void **state)
{
	enum { FLOOD = 40000 };
	struct sl_addr known = v4(0xc0a80001), pinned = v4(0xc0a80002), failed = v4(0xc0a80003);
	uint32_t known_at = dp_neigh_want(PORT, &known), pinned_at = dp_neigh_want_pinned(PORT, &pinned);

	dp_neigh_heard(PORT, &known, mac_a, false);
	dp_neigh_want_pinned(PORT, &failed);
	advance(2250);
	dp_neigh_heard(PORT, &pinned, mac_b, false);

	box.asked_all = 0;
	for (uint32_t i = 0; i < FLOOD; i++) {
		struct sl_addr a = v4(0x0a000000 + i);

		assert_int_not_equal(dp_neigh_want(PORT, &a), 0);
	}
	/* The oldest made room, and what was asked for stays within its budget. */
	assert_int_equal(dp_neigh_counters()->evicted, FLOOD - 8192);
	assert_in_range(box.asked_all, 1, 2000);
	assert_true(dp_neigh_counters()->throttled > 0);
	assert_int_equal(dp_neigh_find(PORT, &known), known_at);
	assert_int_equal(dp_neigh_find(PORT, &pinned), pinned_at);
	assert_int_not_equal(dp_neigh_find(PORT, &failed), 0);
	/* Pinned ones are asked whatever the flood has used up. */
	box.asked_all = box.asked_one = 0;
	failed = v4(0xc0a80004);
	dp_neigh_want_pinned(PORT, &failed);
	advance(3000);
	assert_in_range(box.asked_all, 3, 3 + 2 + 2 * 3000);
	assert_true(dp_nh_load(dp_neigh_find(PORT, &failed)) == DP_NH_FAILED);
}

/* Without any grace period nothing comes back: refused, counted, but for pinned ones. */
static void
test_table_full(void **state)
{
	struct sl_addr a;
	uint32_t i;

	for (i = 0; i < DP_NH_MAX; i++) {
		a = v4(0x0a000000 + i);
		if (dp_neigh_want(PORT, &a) == 0)
			break;
		dp_neigh_heard(PORT, &a, mac_a, false);
	}
	assert_int_equal(i, DP_NH_MAX - 1 - 1024);
	assert_int_equal(dp_neigh_counters()->refused, 1);
	for (i = 0; i < 1024; i++) {
		a = v4(0x0b000000 + i);
		assert_int_not_equal(dp_neigh_want_pinned(PORT, &a), 0);
	}
	a = v4(0x0b001000);
	assert_int_equal(dp_neigh_want_pinned(PORT, &a), 0);
	a = v4(0x0a000005);
	assert_true((dp_nh_load(dp_neigh_find(PORT, &a)) & DP_NH_VALID) != 0);
	assert_int_equal(dp_neigh_static_set(&(struct dp_static_neigh){ .port = 9, .addr = a }, 1), -ENOSPC);
}

/* Ten thousand clients on the link: all stay known, each asked once in 15 to 45 s. */
static void
test_many_neighbours(void **state)
{
	enum { CLIENTS = 10000, SECONDS = 120 };

	for (uint32_t i = 0; i < CLIENTS; i++) {
		struct sl_addr a = v4(0x0a000000 + i);

		dp_neigh_want(PORT, &a);
		dp_neigh_heard(PORT, &a, mac_a, false);
	}
	box.asked_all = box.asked_one = 0;
	for (unsigned int ms = 0; ms < SECONDS * 1000; ms += 5) {
		box.now += 5;
		dp_neigh_tick(box.now);
		if (ms % 1000 == 0)
			for (uint32_t i = 0; i < CLIENTS; i++) {
				struct sl_addr a = v4(0x0a000000 + i);
				uint32_t index = dp_neigh_find(PORT, &a);

				assert_int_not_equal(index, 0);
				dp_neigh_confirmed(PORT, &a, mac_a);
			}
	}
	/* Everybody was heard every second, so nobody had to be asked. */
	assert_int_equal(box.asked_one + box.asked_all, 0);
	assert_int_equal(dp_neigh_counters()->removed, 0);
	for (unsigned int ms = 0; ms < 45000; ms += 5) {
		box.now += 5;
		dp_neigh_tick(box.now);
	}
	assert_true(box.asked_one >= CLIENTS);
}

static void
test_no_buffer(void **state)
{
	struct sl_addr a = v4(0x0a000001);
	uint32_t index;

	box.no_buffer = true;
	index = dp_neigh_want(PORT, &a);
	advance(5000);
	/* Nobody was asked, so nobody has failed to answer. */
	assert_true(dp_nh_load(index) == 0);
	box.no_buffer = false;
	advance(50);
	assert_int_equal(box.asked_all, 1);
}

static void
test_warnings_are_few(void **state)
{
	for (uint32_t i = 0; i < 1000; i++) {
		struct sl_addr a = v4(0x0a000000 + i);

		dp_neigh_want(PORT, &a);
		dp_neigh_heard(PORT, &a, mac_a, false);
		for (unsigned int again = 0; again < 3; again++)
			dp_neigh_heard(PORT, &a, mac_b, false);
	}
	assert_int_equal(box.warned, 10);
	assert_int_equal(dp_neigh_counters()->conflicts, 3000);
}

/* ---- readers beside the writer ---- */

enum { STABLE = 64 };

static _Atomic bool readers_stop;
static _Atomic uint64_t passes; /* of the reader, which holds no index between two */

static void *
read_stable(void *unused)
{
	uintptr_t wrong = 0;

	/* Those that are never forgotten must be found whatever happens in their buckets. */
	while (!atomic_load(&readers_stop)) {
		for (uint32_t i = 0; i < STABLE; i++) {
			struct sl_addr a = v4(0xac100000 + i), found;
			uint32_t index = dp_neigh_find(PORT, &a);
			unsigned int port;

			if (index == 0) {
				wrong++;
				continue;
			}
			dp_neigh_info(index, &port, &found);
			wrong += !sl_addr_eq(&found, &a) || port != PORT;
			wrong += dp_nh_load(index) != word_of(mac_a);
		}
		atomic_fetch_add(&passes, 1);
	}
	return (void *)wrong;
}

/* Until whatever the reader held when this was called is behind it. */
static void
wait_for_pass(void)
{
	uint64_t target = atomic_load(&passes) + 2;

	for (unsigned int tenths_ms = 0; atomic_load(&passes) < target; tenths_ms++) {
		if (tenths_ms == 100000)
			fail_msg("the reader has made no pass in 10 s");
		usleep(100);
	}
}

static void
test_readers(void **state)
{
	struct dp_static_neigh fixed[STABLE];
	pthread_t thread;
	void *wrong;

	for (uint32_t i = 0; i < STABLE; i++) {
		fixed[i] = (struct dp_static_neigh){ .port = PORT, .addr = v4(0xac100000 + i) };
		memcpy(fixed[i].mac, mac_a, 6);
	}
	assert_int_equal(dp_neigh_static_set(fixed, STABLE), 0);
	atomic_store(&readers_stop, false);
	assert_int_equal(pthread_create(&thread, NULL, read_stable, NULL), 0);
	/* As many come and go as buckets have chains, while the reader walks them. */
	for (uint32_t round = 0; round < 40; round++) {
		for (uint32_t i = 0; i < 8000; i++) {
			struct sl_addr a = v4(0x0a000000 + round * 8000 + i);

			dp_neigh_want(PORT, &a);
		}
		advance(1100);
		wait_for_pass();
		grace_period();
	}
	atomic_store(&readers_stop, true);
	pthread_join(thread, &wrong);
	assert_int_equal((uintptr_t)wrong, 0);
	assert_true(dp_neigh_counters()->removed > 200000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_scripts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ticks_are_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_index_reuse, setup, teardown),
		cmocka_unit_test_setup_teardown(test_forgetting_is_batched, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flood_of_unresolved, setup, teardown),
		cmocka_unit_test_setup_teardown(test_table_full, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_neighbours, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_buffer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_warnings_are_few, setup, teardown),
		cmocka_unit_test_setup_teardown(test_readers, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
