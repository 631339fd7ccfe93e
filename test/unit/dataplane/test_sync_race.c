/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A sync thread beside a worker that never rests. What the thread is told makes a picture of the
 * worker's table, as a peer has one: in the end both are the same, and never was a connection told that
 * is not one. Meanwhile it puts connections of its own, which must all arrive. And one beside a worker that
 * writes a word for each that is read.
 */
#include "sync_box.h"

#include "sl_addr.h"
#include "wire.h"

#include <pthread.h>
#include <sched.h>

enum { KEYS = 1000, ROUNDS = 30000, FOREIGN = 20000, MAX = 64, QUEUE = 1 << 20, TABLE = 40000 };
enum { WORDS = 10 * SYNC_BOX_QUEUE };

static _Atomic bool rests;
static bool there[KEYS], told[KEYS];
static uint32_t slots[2];

/* Connection k: everything in it follows from its number. */
static struct pkt_key
key_of(unsigned int k)
{
	static const struct sl_addr client = { .b = { [10] = 0xff, 0xff, 203, 0, 113, 5 } };
	static const struct sl_addr vip = { .b = { [10] = 0xff, 0xff, 192, 0, 2, 1 } };

	return (struct pkt_key){
		.client = client,
		.other = vip,
		.ports = rte_cpu_to_be_16((uint16_t)(1000 + k)) |
			 (uint64_t)RTE_BE16(80) << KEY_SHIFT_VIP_PORT |
			 (uint64_t)SL_PROTO_UDP << KEY_SHIFT_PROTO,
	};
}

static struct flow *
find(struct dp_worker *w, const struct pkt_key *key)
{
	return dp_flow_find_slow(w, key, true, flow_hash_ports(&w->table, &key->client, key->ports));
}

/* As schedule.c opens one. */
static void
flow_open(struct dp_worker *w, unsigned int k)
{
	struct pkt_key key = key_of(k);
	enum sl_drop reason;
	struct flow *flow =
		flow_insert(&w->table, &key, flow_hash_ports(&w->table, &key.client, key.ports), &reason);

	flow->real = slots[k % 2];
	flow->real_port_be = dp_real_slots[flow->real].port_be;
	flow->generation = dp_real_slots[flow->real].generation;
	flow->state = SL_STATE_UDP;
	flow->flags = SL_FWD_NAT;
	flow->seen = w->tick;
	atomic_signal_fence(memory_order_seq_cst);
	flow->seq++;
	w->real[flow->real].total++;
	dp_sync_began(w, flow);
}

static void *
work(void *arg)
{
	struct dp_worker *w = arg;
	const struct dp_sync_worker *s = sync_of(w);
	uint64_t x = 9;

	for (unsigned int n = 0; n < ROUNDS; n++) {
		unsigned int k;

		x = x * UINT64_C(6364136223846793005) + 1442695040888963407u;
		k = (unsigned int)(x >> 40) % KEYS;
		if (!there[k])
			flow_open(w, k);
		else
			dp_flow_end(w, find(w, &(struct pkt_key[1]){ key_of(k) }[0]));
		there[k] = !there[k];
		/* An entry's numbers come again after 64 flows: the reader is never so far behind. */
		while (atomic_load(&s->change_head) - __atomic_load_n(&s->tail, __ATOMIC_RELAXED) > 60)
			sched_yield();
		(void)dp_sync_serve(w, n % 64);
	}
	atomic_store(&rests, true);
	return NULL;
}

/* What was told is one of those connections, whole. */
static void
told_note(const struct dp_sync_conn *c)
{
	unsigned int k = c->client_port - 1000u;

	assert_true(k < KEYS);
	assert_true(sl_addr_eq(&c->real, &dp_real_slots[slots[k % 2]].addr));
	assert_int_equal(c->vip_port, 80);
	assert_int_equal(c->real_port, 8080);
	assert_int_equal(c->state, SL_STATE_UDP);
	told[k] = (c->flags & DP_SYNC_ENDED) == 0;
}

static void
test_beside(void **state)
{
	static const uint64_t secret[2] = { 3, 5 };
	struct sync_spec spec = { .vip = "192.0.2.2", .fwd = SL_FWD_DR };
	struct dp_worker *w = dp_workers[0];
	struct dp_sync_conn conns[MAX], put = sync_conn(&spec);
	struct dp_sync_put_stats stats;
	unsigned int puts = 0;
	uint64_t lost = 0;
	pthread_t thread;
	size_t count;
	bool round;

	flow_table_fini(&w->table);
	assert_int_equal(flow_table_init(&w->table, TABLE, secret, -1), 0);
	w->snapshot = atomic_load(&dp_snapshot_current);
	for (uint32_t slot = 1; slot < 64; slot++)
		if (dp_real_slots[slot].port_be == RTE_BE16(8080) && sl_addr_is_v4(&dp_real_slots[slot].addr))
			slots[slots[0] != 0] = slot;
	assert_int_equal(dp_sync_init(1, QUEUE), 0);
	assert_int_equal(dp_sync_open(0), 0);
	assert_int_equal(pthread_create(&thread, NULL, work, w), 0);
	do {
		round = atomic_load(&rests); /* and then once more */
		while ((count = dp_sync_changes(0, conns, MAX, &lost)) != 0)
			for (size_t i = 0; i < count; i++)
				told_note(&conns[i]);
		count = dp_sync_refresh(0, 1, conns, MAX, 200, &(bool){ false });
		for (size_t i = 0; i < count; i++)
			if (conns[i].vip_port == 80 && conns[i].fwd == SL_FWD_NAT)
				told_note(&conns[i]);
		put.client_port = (uint16_t)(2000 + puts);
		if (puts < FOREIGN && dp_sync_put(0, &put) == DP_SYNC_TAKEN)
			puts++;
	} while (!round);
	pthread_join(thread, NULL);
	while (dp_sync_serve(w, 0) != 0)
		;
	assert_int_equal(lost, 0);
	for (unsigned int k = 0; k < KEYS; k++)
		assert_int_equal(told[k], there[k]);
	dp_sync_put_stats(&stats);
	assert_true(puts > 100);
	assert_int_equal(stats.inserted, puts);
}

/* ---- a word for each that is read ---- */

static uint64_t words[2]; /* of two VIPs */
static unsigned int words_left;

bool __real_dp_ha_addr_is_held(const struct sl_addr *addr);
bool __wrap_dp_ha_addr_is_held(const struct sl_addr *addr);

/* The thread asks this of a word's flow: the worker puts the same word again, as long as any are left. */
bool
__wrap_dp_ha_addr_is_held(const struct sl_addr *addr)
{
	if (words_left == 0)
		return __real_dp_ha_addr_is_held(addr);
	/* It would ask once a call and address. */
	memset(dp_sync.thread[0].held, 0, sizeof(dp_sync.thread[0].held));
	sync_word_put(sync_of(dp_workers[0]), words[words_left-- % 2]);
	return false;
}

/* The ring is never empty: a call looks at no more words than it holds, and the next one goes on there. */
static void
test_bound(void **state)
{
	static const char *const vips[] = { "192.0.2.1", "192.0.2.2" };
	const struct dp_sync_worker *s = sync_of(dp_workers[0]);
	struct dp_sync_conn conns[MAX];
	uint64_t before, done = 0;
	size_t found = 0;

	for (unsigned int i = 0; i < SL_COUNT(vips); i++) {
		struct pipe_spec spec = { .dst = vips[i], .sport = 1000, .proto = SL_PROTO_UDP };

		assert_int_equal(pipe_spec_one(&spec), PIPE_SENT);
		words[i] = s->change[i];
	}
	assert_int_equal(s->change_head, SL_COUNT(vips));
	for (words_left = WORDS; done < WORDS + SL_COUNT(vips); done += s->tail - before) {
		before = s->tail;
		found += sync_changes(conns, MAX);
		assert_in_range(s->tail - before, 1, SYNC_BOX_QUEUE);
	}
	/* The last word of each VIP is told: it is this box's now. */
	assert_int_equal(words_left, 0);
	assert_int_equal(found, SL_COUNT(vips));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_beside, fnat_setup1, pipe_teardown),
		cmocka_unit_test_setup_teardown(test_bound, sync_setup1, pipe_teardown),
	};

	return cmocka_run_group_tests(tests, pipe_open, NULL);
}
