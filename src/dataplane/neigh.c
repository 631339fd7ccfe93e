/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The life of neighbours: who is asked when, who is believed, who is forgotten.
 *
 *	               timer runs out      heard, same MAC   heard, another MAC
 *	INCOMPLETE     ask all, 3 times,   REACHABLE         REACHABLE
 *	               then FAILED
 *	REACHABLE      PROBE               stays             PROBE for a conflict
 *	PROBE          ask it, 3 times,    REACHABLE         conflict, once
 *	               then INCOMPLETE
 *	FAILED         forgotten (pinned:  REACHABLE         REACHABLE
 *	               asked again)
 *	STATIC         -                   stays             stays
 *
 * Whoever is known is not replaced because somebody says so: a claim by another
 * MAC address is counted and logged, and the MAC that we hold is asked three times,
 * 100 ms apart. If it answers, it stays; only if it is silent is everybody asked,
 * and the answer believed. A gateway that really has moved costs 300 ms.
 *
 * Workers do not tell which neighbours they use, so every neighbour that still
 * answers is kept (one unicast request in 15 to 45 s), and one that does not is
 * forgotten. Forgetting is done in batches, at most one a second, because each
 * bumps dp_net_epoch and makes every flow look up its way again.
 *
 * Addresses that nobody answers for can be had by the million from spoofed
 * packets: there are at most UNRESOLVED_MAX of them (the oldest goes first), and
 * at most ASK_PER_MS requests are sent for them. Real servers and gateways are
 * pinned, which exempts them from both.
 *
 * The control thread writes everything here; workers read next-hop words and the
 * table of neigh_table.c.
 */
#include "neigh.h"

#include "addr_book.h"
#include "neigh_timer.h"
#include "port.h"
#include "rcu.h"
#include "sl_addr.h"
#include "sl_log.h"

#include <errno.h>

enum {
	TRIES = 3,
	REACHABLE_MS = 30000,    /* RFC 4861's, halved to one and a half times as there */
	WATCHED_MS = 1000,       /* the same, of one that somebody's state depends on */
	UNVERIFIED_MS = 5000,    /* of one that spoke first: soon asked whether it is there */
	FAILED_MS = 1000,        /* pinned: between two requests; others: dropped at least that long */
	FAILED_JITTER_MS = 1000, /* ... and up to that much longer */
	NO_ROOM_MS = 50,         /* until a request that could not be sent is tried again */
	QUIET_MS = 1000,         /* after a settled conflict, claims are only counted */
	WARN_MS = 10000,         /* between two warnings about one neighbour */
	WARN_WINDOW_MS = 60000,  /* and at most WARN_MAX in this time about all of them */
	WARN_MAX = 10,
	REAP_MS = 1000,
	REAP_HURRY_MS = 100, /* when indices run low */
	ASK_PER_MS = 2,
	ASK_BURST = 2000,
	TIMERS_PER_TICK = 256,
	UNRESOLVED_MAX = 8192,
	RESERVE = 1024,            /* indices that only pinned and static neighbours may use */
	LOW = 8192,                /* fewer free indices than that: hurry */
	OVERHEARD = DP_NH_MAX / 2, /* more free ones than that: keep who has asked for us */
};

/* Milliseconds to wait after the first, second and third request. */
static const uint16_t delay_search[TRIES] = { 250, 1000, 1000 };
static const uint16_t delay_probe[TRIES] = { 250, 1000, 1000 };
static const uint16_t delay_conflict[TRIES] = { 100, 100, 100 };

struct neighbour {
	uint64_t confirmed_ms; /* when it last proved itself; at first: when it was made */
	uint64_t quiet_ms;     /* until then claims are only counted */
	uint64_t warned_ms;    /* until then no warning */
	uint32_t pins;
	uint32_t older, newer; /* in the list of unresolved ones; 0 and not `listed`: not in it */
	uint32_t static_round; /* of the last list of static neighbours that had it */
	uint8_t mac[6];
	uint8_t state; /* enum dp_neigh_state */
	uint8_t tries;
	bool used, listed, conflict, watched;
};

static struct neighbour neighbours[DP_NH_MAX]; /* [0] is the head of the unresolved list */

static struct {
	uint64_t now_ms;
	uint64_t random;
	uint32_t free[DP_NH_MAX]; /* a stack */
	uint32_t free_count, high;
	uint32_t unresolved_count;
	uint32_t doomed; /* forgotten ones since the last batch, chained by `newer` */
	uint64_t reap_ms;
	uint32_t static_round;
	uint32_t ask_tokens;
	uint32_t warn_count;
	uint64_t warn_window_ms;
	struct dp_neigh_counters count;
} all;

enum event { EV_TIMER, EV_SAME, EV_OTHER, EV_MAX };

static uint32_t neighbour_create(unsigned int port, const struct sl_addr *addr, uint32_t reserve);
static void neighbour_forget(uint32_t index);
static void unresolved_update(uint32_t index);
static void handle(uint32_t index, enum event event, const uint8_t *mac);
static void search_start(uint32_t index);
static void learn(uint32_t index, const uint8_t *mac);
static void timer_fire(uint32_t index);
static void reap(void);
static uint32_t random_below(uint32_t limit);

int
dp_neigh_init(uint64_t seed, uint64_t now_ms)
{
	dp_neigh_table_init(seed);
	dp_neigh_timer_init(now_ms);
	memset(neighbours, 0, sizeof(neighbours));
	memset(&all, 0, sizeof(all));
	all.now_ms = now_ms;
	all.random = seed ^ UINT64_C(0x9e3779b97f4a7c15);
	if (all.random == 0)
		all.random = 1;
	all.ask_tokens = ASK_BURST;
	for (uint32_t i = DP_NH_MAX - 1; i > 0; i--)
		all.free[all.free_count++] = i;
	return 0;
}

void
dp_neigh_fini(void)
{
	dp_addr_book_fini();
	dp_neigh_table_init(0);
	all.high = 0;
}

static uint32_t
want(unsigned int port, const struct sl_addr *addr, uint32_t reserve)
{
	uint32_t index = dp_neigh_find(port, addr);

	if (index == 0) {
		index = neighbour_create(port, addr, reserve);
		if (index != 0)
			search_start(index);
	}
	return index;
}

uint32_t
dp_neigh_want(unsigned int port, const struct sl_addr *addr)
{
	return want(port, addr, RESERVE);
}

void
dp_neigh_pin(uint32_t index)
{
	struct neighbour *n = &neighbours[index];

	if (n->pins++ > 0)
		return;
	unresolved_update(index);
	if (n->state == DP_NEIGH_FAILED)
		dp_neigh_timer_set(index, all.now_ms); /* now worth asking again */
}

void
dp_neigh_unpin(uint32_t index)
{
	if (--neighbours[index].pins == 0)
		unresolved_update(index);
}

uint32_t
dp_neigh_want_pinned(unsigned int port, const struct sl_addr *addr)
{
	uint32_t index = want(port, addr, 0);

	if (index != 0)
		dp_neigh_pin(index);
	return index;
}

void
dp_neigh_watch(uint32_t index, bool on)
{
	struct neighbour *n = &neighbours[index];

	n->watched = on;
	if (on && n->state == DP_NEIGH_REACHABLE)
		dp_neigh_timer_set(index, all.now_ms + WATCHED_MS);
}

static void
word_set(uint32_t index, uint64_t word)
{
	atomic_store_explicit(&dp_neigh_table.word[index], word, memory_order_relaxed);
}

static void
word_set_mac(uint32_t index, const uint8_t *mac)
{
	uint64_t word = 0;

	memcpy(&word, mac, 6);
	word_set(index, word | (uint64_t)dp_neigh_table.key[index].port << DP_NH_PORT_SHIFT | DP_NH_VALID);
}

static void
static_put(uint32_t index, const uint8_t mac[6])
{
	struct neighbour *n = &neighbours[index];

	dp_neigh_timer_cancel(index);
	memcpy(n->mac, mac, sizeof(n->mac));
	n->state = DP_NEIGH_STATIC;
	n->conflict = false;
	n->confirmed_ms = all.now_ms;
	n->static_round = all.static_round;
	unresolved_update(index);
	word_set_mac(index, mac);
}

int
dp_neigh_static_set(const struct dp_static_neigh *neighs, unsigned int count)
{
	int err = 0;

	all.static_round++;
	for (unsigned int i = 0; i < count; i++) {
		uint32_t index = dp_neigh_find(neighs[i].port, &neighs[i].addr);

		if (index == 0)
			index = neighbour_create(neighs[i].port, &neighs[i].addr, 0);
		if (index != 0)
			static_put(index, neighs[i].mac);
		else
			err = -ENOSPC;
	}
	/* Those that are static no more are found out like any other. */
	for (uint32_t i = 1; i <= all.high; i++)
		if (neighbours[i].used && neighbours[i].state == DP_NEIGH_STATIC &&
		    neighbours[i].static_round != all.static_round)
			search_start(i);
	return err;
}

unsigned int
dp_neigh_tick(uint64_t now_ms)
{
	uint64_t passed = now_ms > all.now_ms ? now_ms - all.now_ms : 0;
	unsigned int done;

	all.now_ms = now_ms;
	if (passed > ASK_BURST || all.ask_tokens + passed * ASK_PER_MS > ASK_BURST)
		all.ask_tokens = ASK_BURST;
	else
		all.ask_tokens += (uint32_t)passed * ASK_PER_MS;
	done = dp_neigh_timer_run(now_ms, TIMERS_PER_TICK, timer_fire);
	reap();
	return done + dp_addr_book_tick(now_ms);
}

uint64_t
dp_neigh_now(void)
{
	return all.now_ms;
}

const struct dp_neigh_counters *
dp_neigh_counters(void)
{
	return &all.count;
}

enum dp_neigh_verdict
dp_neigh_heard(unsigned int port, const struct sl_addr *addr, const uint8_t mac[6], bool create)
{
	uint32_t index = dp_neigh_find(port, addr);
	enum event event;
	bool known;

	if (index == 0) {
		if (!create || all.free_count < OVERHEARD)
			return DP_NEIGH_UNKNOWN;
		index = neighbour_create(port, addr, RESERVE);
		if (index == 0)
			return DP_NEIGH_UNKNOWN;
		learn(index, mac);
		dp_neigh_timer_set(index, all.now_ms + UNVERIFIED_MS);
		return DP_NEIGH_HEARD;
	}
	event = memcmp(neighbours[index].mac, mac, 6) == 0 ? EV_SAME : EV_OTHER;
	known = neighbours[index].state != DP_NEIGH_INCOMPLETE && neighbours[index].state != DP_NEIGH_FAILED;
	handle(index, event, mac);
	return known && event == EV_OTHER ? DP_NEIGH_CONFLICT : DP_NEIGH_HEARD;
}

enum dp_neigh_verdict
dp_neigh_confirmed(unsigned int port, const struct sl_addr *addr, const uint8_t from[6])
{
	uint32_t index = dp_neigh_find(port, addr);

	if (index == 0 || (dp_nh_load(index) & DP_NH_VALID) == 0 ||
	    memcmp(neighbours[index].mac, from, 6) != 0)
		return DP_NEIGH_UNKNOWN;
	handle(index, EV_SAME, from);
	return DP_NEIGH_HEARD;
}

bool
dp_neigh_warn_allowed(void)
{
	if (all.now_ms >= all.warn_window_ms) {
		all.warn_window_ms = all.now_ms + WARN_WINDOW_MS;
		all.warn_count = 0;
	}
	return all.warn_count++ < WARN_MAX;
}

void
dp_neigh_walk(void (*visit)(const struct dp_neigh *neigh, void *context), void *context)
{
	for (uint32_t i = 1; i <= all.high; i++) {
		const struct neighbour *n = &neighbours[i];
		struct dp_neigh neigh = { .state = n->state, .pinned = n->pins > 0 };

		if (!n->used)
			continue;
		dp_neigh_info(i, &neigh.port, &neigh.addr);
		memcpy(neigh.mac, n->mac, sizeof(neigh.mac));
		if (n->state != DP_NEIGH_STATIC)
			neigh.age_s = (uint32_t)((all.now_ms - n->confirmed_ms) / 1000);
		visit(&neigh, context);
	}
}

/* ---- asking ---- */

/* False: put off, for want of a buffer or because too much has been asked. */
static bool
ask(uint32_t index)
{
	struct neighbour *n = &neighbours[index];
	const uint8_t *mac = n->state == DP_NEIGH_PROBE ? n->mac : NULL;
	const struct dp_neigh_key *key = &dp_neigh_table.key[index];

	if (n->pins == 0 && all.ask_tokens == 0) {
		all.count.throttled++;
		return false;
	}
	if (!(sl_addr_is_v4(&key->addr) ? dp_arp_ask : dp_nd_ask)(key->port, &key->addr, mac))
		return false;
	if (n->pins == 0)
		all.ask_tokens--;
	all.count.asked++;
	return true;
}

/* One more request. One that could not be sent is not a try. */
static void
try_ask(uint32_t index, const uint16_t delays_ms[TRIES])
{
	if (ask(index))
		dp_neigh_timer_set(index, all.now_ms + delays_ms[neighbours[index].tries++]);
	else
		dp_neigh_timer_set(index, all.now_ms + NO_ROOM_MS);
}

static void
search_start(uint32_t index)
{
	struct neighbour *n = &neighbours[index];

	n->state = DP_NEIGH_INCOMPLETE;
	n->conflict = false;
	n->tries = 0;
	word_set(index, 0);
	unresolved_update(index);
	try_ask(index, delay_search);
}

static void
probe_start(uint32_t index, bool conflict)
{
	struct neighbour *n = &neighbours[index];

	n->state = DP_NEIGH_PROBE;
	n->conflict = conflict;
	n->tries = 0;
	try_ask(index, conflict ? delay_conflict : delay_probe);
}

/* ---- what happens in which state ---- */

static void
search_timer(uint32_t index, const uint8_t *mac)
{
	struct neighbour *n = &neighbours[index];

	if (n->tries < TRIES) {
		try_ask(index, delay_search);
	} else {
		n->state = DP_NEIGH_FAILED;
		word_set(index, DP_NH_FAILED);
		dp_neigh_timer_set(index, all.now_ms + FAILED_MS + random_below(FAILED_JITTER_MS));
	}
}

static void
reachable_timer(uint32_t index, const uint8_t *mac)
{
	probe_start(index, false);
}

static void
probe_timer(uint32_t index, const uint8_t *mac)
{
	struct neighbour *n = &neighbours[index];

	if (n->tries < TRIES)
		try_ask(index, n->conflict ? delay_conflict : delay_probe);
	else
		search_start(index);
}

static void
failed_timer(uint32_t index, const uint8_t *mac)
{
	if (neighbours[index].pins == 0) {
		neighbour_forget(index);
	} else {
		ask(index);
		dp_neigh_timer_set(index, all.now_ms + FAILED_MS);
	}
}

static void
learn(uint32_t index, const uint8_t *mac)
{
	struct neighbour *n = &neighbours[index];

	memcpy(n->mac, mac, sizeof(n->mac));
	n->state = DP_NEIGH_REACHABLE;
	n->confirmed_ms = all.now_ms;
	unresolved_update(index);
	word_set_mac(index, mac);
	dp_neigh_timer_set(index, all.now_ms + (n->watched ? WATCHED_MS
							   : REACHABLE_MS / 2 + random_below(REACHABLE_MS)));
}

static void
confirm(uint32_t index, const uint8_t *mac)
{
	struct neighbour *n = &neighbours[index];

	if (n->conflict)
		n->quiet_ms = all.now_ms + QUIET_MS;
	n->conflict = false;
	learn(index, mac);
}

static void
conflict(uint32_t index, const uint8_t *mac)
{
	struct neighbour *n = &neighbours[index];
	const struct dp_neigh_key *key = &dp_neigh_table.key[index];
	char addr_text[SL_ADDR_STRLEN], old_text[SL_MAC_STRLEN], new_text[SL_MAC_STRLEN];

	all.count.conflicts++;
	if (all.now_ms >= n->warned_ms && dp_neigh_warn_allowed()) {
		n->warned_ms = all.now_ms + WARN_MS;
		sl_warn("port %s: %s is at %s, but %s claims it; %s", dp_port_get(key->port)->conf.name,
			sl_addr_format(&key->addr, addr_text), sl_mac_format(n->mac, old_text),
			sl_mac_format(mac, new_text),
			n->state == DP_NEIGH_STATIC ? "it is configured, so it stays"
						    : "it stays unless it no longer answers");
	}
	if (n->state != DP_NEIGH_STATIC && !n->conflict && all.now_ms >= n->quiet_ms)
		probe_start(index, true);
}

static void
ignore(uint32_t index, const uint8_t *mac)
{
}

static void (*const handlers[][EV_MAX])(uint32_t index, const uint8_t *mac) = {
	[DP_NEIGH_INCOMPLETE] = { search_timer, learn, learn },
	[DP_NEIGH_REACHABLE] = { reachable_timer, confirm, conflict },
	[DP_NEIGH_PROBE] = { probe_timer, confirm, conflict },
	[DP_NEIGH_FAILED] = { failed_timer, learn, learn },
	[DP_NEIGH_STATIC] = { ignore, ignore, conflict },
};

static void
handle(uint32_t index, enum event event, const uint8_t *mac)
{
	handlers[neighbours[index].state][event](index, mac);
}

static void
timer_fire(uint32_t index)
{
	handle(index, EV_TIMER, NULL);
}

/* ---- making and forgetting ---- */

/* In the list are those that may be evicted: nobody answers, nobody has pinned them. Oldest first. */
static void
unresolved_update(uint32_t index)
{
	struct neighbour *n = &neighbours[index];
	bool belongs =
		n->used && n->pins == 0 && (n->state == DP_NEIGH_INCOMPLETE || n->state == DP_NEIGH_FAILED);

	if (belongs == n->listed)
		return;
	if (belongs) {
		n->newer = 0;
		n->older = neighbours[0].older;
		neighbours[n->older].newer = index;
		neighbours[0].older = index;
		all.unresolved_count++;
	} else {
		neighbours[n->older].newer = n->newer;
		neighbours[n->newer].older = n->older;
		all.unresolved_count--;
	}
	n->listed = belongs;
}

/* 0 when only `reserve` indices are left. */
static uint32_t
neighbour_create(unsigned int port, const struct sl_addr *addr, uint32_t reserve)
{
	uint32_t index, oldest = neighbours[0].newer;

	if (oldest != 0 && (all.unresolved_count >= UNRESOLVED_MAX || all.free_count <= reserve)) {
		all.count.evicted++;
		neighbour_forget(oldest);
	}
	if (all.free_count <= reserve) {
		all.count.refused++;
		return 0;
	}
	index = all.free[--all.free_count];
	if (index > all.high)
		all.high = index;
	neighbours[index] = (struct neighbour){ .used = true, .confirmed_ms = all.now_ms };
	unresolved_update(index);
	dp_neigh_table_link(index, port, addr);
	all.count.created++;
	return index;
}

/* Nobody finds it from now on; who has its index keeps its word until the batch is reaped. */
static void
neighbour_forget(uint32_t index)
{
	struct neighbour *n = &neighbours[index];

	dp_neigh_table_unlink(index);
	dp_neigh_timer_cancel(index);
	n->used = false;
	unresolved_update(index);
	n->newer = all.doomed;
	all.doomed = index;
	all.count.removed++;
}

/* After the grace period: the batch that begins with this index goes back into use. */
static void
batch_free(void *first)
{
	uint32_t next;

	for (uint32_t i = (uint32_t)(uintptr_t)first; i != 0; i = next) {
		next = neighbours[i].newer;
		word_set(i, 0);
		all.free[all.free_count++] = i;
	}
}

static void
reap(void)
{
	if (all.doomed == 0 || all.now_ms < all.reap_ms)
		return;
	dp_net_epoch_bump();
	dp_rcu_defer(batch_free, (void *)(uintptr_t)all.doomed);
	all.doomed = 0;
	all.reap_ms = all.now_ms + (all.free_count < LOW ? REAP_HURRY_MS : REAP_MS);
}

/* xorshift64: jitter, not secrets. */
static uint32_t
random_below(uint32_t limit)
{
	all.random ^= all.random << 13;
	all.random ^= all.random >> 7;
	all.random ^= all.random << 17;
	return (uint32_t)((all.random >> 32) * limit >> 32);
}
