/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A box on the bench for the tests of transactions and the book. Everything
 * around them is a fake: two workers are two arrays of counters, a grace period is a
 * call, and neighbours, addresses and memory run out when a test says so.
 */
#ifndef TXN_BOX_H
#define TXN_BOX_H

#include "addr_book.h"
#include "book.h"
#include "neigh.h"
#include "port.h"
#include "rcu.h"
#include "tunnel.h"
#include "txn.h"
#include "worker.h"

#include "sl_addr.h"
#include "sl_log.h"
#include "sl_test.h"

enum { WORKERS = 2, NEIGHS_MAX = 4096, BOX_MTU = 1500 };

struct box {
	struct {
		void (*fn)(void *);
		void *arg;
	} * deferred;
	unsigned int deferred_first, deferred_count;
	struct {
		struct sl_addr addr;
		unsigned int pins;
		bool watched;
	} neigh[NEIGHS_MAX];
	unsigned int neigh_count, neigh_max, pins;
	struct dp_static_neigh static_neighs[8];
	unsigned int static_count;
	bool neighs_full; /* the next list of static neighbours does not fit */
	struct dp_net_addr own[8];
	struct sl_addr *vips;
	unsigned int own_count, vip_count;
	struct dp_moving tap[8]; /* what dp_tap_moving_set was given last, and how often it was called */
	unsigned int tap_count, tap_set;
	bool addrs_fail; /* no memory for addresses */
	unsigned int launched, epoch, logged;
	unsigned long allocs, alloc_fails_at; /* 0: never */
};

extern struct box box;
extern const struct sched_ops box_sched, box_sched_other;

/* Of cmocka, before and after each test. */
int box_setup(void **state);
int box_teardown(void **state);
#define BOX_TEST(name) cmocka_unit_test_setup_teardown(name, box_setup, box_teardown)

/* The grace periods of all deferred calls end, or of the first `count`. */
void box_grace(void);
void box_grace_some(unsigned int count);

/* ---- short words for what tests do; whatever must succeed fails the test if it does not ---- */

struct server {
	const char *addr;
	uint32_t weight;
	uint8_t fwd;
	bool out;
	uint32_t last_weight;
};

/* clang-format off */
#define NAT(a) { (a), 1, SL_FWD_NAT, false }
#define OUT(a) { (a), 1, SL_FWD_NAT, true }
#define DR(a) { (a), 1, SL_FWD_DR, false }
/* clang-format on */

struct dp_service_key box_key(const char *endpoint);
struct sl_addr box_addr(const char *text);

struct dp_txn *box_begin(void);
/* Puts a service; slots of the servers if ret_slots is not NULL. The result is the data plane's. */
int box_put(struct dp_txn *txn, const char *endpoint, const struct sched_ops *sched,
	    const struct server *servers, uint32_t count, uint32_t *ret_slots);
#define PUT(txn, endpoint, slots, ...)                                                                       \
	do {                                                                                                 \
		const struct server servers_[] = { __VA_ARGS__ };                                            \
		assert_int_equal(box_put(txn, endpoint, &box_sched, servers_, SL_COUNT(servers_), slots),    \
				 0);                                                                         \
	} while (0)
void box_drop(struct dp_txn *txn, const char *endpoint);
void box_commit(struct dp_txn *txn);

/* A network of two ports, and routes by two gateways. */
void box_net_commit(const char *gateway_text, const char *other_text);

/* As workers see it: the service, NULL if there is none; a VIP's flags. */
const struct dp_snapshot *box_snapshot(void);
const struct dp_svc *box_service(const char *endpoint);
uint32_t box_vip_flags(const char *vip);

/* As the network sees it. */
bool box_answers(const char *vip);
unsigned int box_pins(const char *text);
bool box_watched(const char *text);

/* A worker opens (or, below 0, ends) connections; counts packets of 100 bytes in and 1,000 out. */
void box_flows(unsigned int worker, uint32_t slot, int count);
void box_packets(unsigned int worker, uint32_t slot, uint64_t in, uint64_t out);

/* What dp_poll does now and then. Returns how many servers went. */
unsigned int box_reap(void);

#endif
