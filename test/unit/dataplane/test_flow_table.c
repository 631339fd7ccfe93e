/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A worker's connection table: against a model that is a plain list, at random
 * and at its limits, with a look at its structure after every step; and how evenly
 * it takes the tuples that networks make.
 */
#include "worker.h"

#include "sl_test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const uint64_t secret[2] = { UINT64_C(0x0123456789abcdef), UINT64_C(0xfedcba9876543210) };
static struct dp_real_slot no_servers[1];
struct dp_real_slot *dp_real_slots = no_servers;

/* The stage drops replies to local addresses that have no flow; there are none here. */
void
dp_drop_mbuf(struct dp_worker *w, struct rte_mbuf *m, enum sl_drop reason)
{
	fail_msg("dropped for reason %u", reason);
}

static struct pkt_key
key_make(uint32_t client, uint16_t client_port, uint32_t vip, uint16_t vip_port, uint8_t proto)
{
	return (struct pkt_key){
		.client = sl_addr_from_v4(rte_cpu_to_be_32(client)),
		.other = sl_addr_from_v4(rte_cpu_to_be_32(vip)),
		.ports = (uint64_t)rte_cpu_to_be_16(client_port) |
			 (uint64_t)rte_cpu_to_be_16(vip_port) << KEY_SHIFT_VIP_PORT |
			 (uint64_t)proto << KEY_SHIFT_PROTO,
	};
}

static struct flow_hash
hash_of(const struct flow_table *table, const struct pkt_key *key)
{
	return flow_hash(table, &key->client, (uint16_t)key->ports, (uint8_t)(key->ports >> KEY_SHIFT_PROTO));
}

/* As schedule.c does: what the table leaves to its caller is filled in, and the entry is whole. */
static struct flow *
insert(struct flow_table *table, const struct pkt_key *key, enum sl_drop *ret_reason)
{
	struct flow *flow = flow_insert(table, key, hash_of(table, key), ret_reason);

	if (flow != NULL) {
		assert_int_equal(flow->seq & 1, 1); /* not for readers yet */
		flow->real = 0;
		flow->seq++;
	}
	return flow;
}

static struct flow *
find(struct dp_worker *w, const struct pkt_key *key)
{
	return dp_flow_find_slow(w, key, true, hash_of(&w->table, key));
}

static uint32_t
list_len(const struct flow_table *table)
{
	uint32_t len = 0;

	for (uint32_t i = table->overflow_free; i != 0; i = table->bucket[i].next)
		len++;
	return len;
}

/* Whatever has happened, the table is whole. Returns how many overflow buckets are in use. */
static uint32_t
structure_check(const struct flow_table *table, uint32_t overflow_all)
{
	uint32_t used = 0, overflow = 0, freed = 0;
	uint8_t *seen = calloc(table->capacity + 1, 1);

	for (uint32_t i = 0; i < table->bucket_count; i++) {
		unsigned int depth = 0;

		for (uint32_t at = i;; at = table->bucket[at].next) {
			const struct flow_bucket *b = &table->bucket[at];
			unsigned int here = 0;

			depth++;
			for (unsigned int slot = 0; slot < BUCKET_SLOTS; slot++) {
				const struct flow *flow = &table->flow[b->flow[slot]];
				struct flow_hash hash;

				if (b->tag[slot] == 0)
					continue;
				assert_in_range(b->flow[slot], 1, table->high);
				assert_int_equal(seen[b->flow[slot]]++, 0); /* stands in one place */
				hash = flow_hash(table, &flow->client, flow->client_port_be, flow->proto);
				assert_int_equal(hash.bucket, i);
				assert_int_equal(hash.tag, b->tag[slot]);
				here++;
			}
			used += here;
			if (depth > 1) {
				assert_int_not_equal(here, 0); /* empty ones are given back */
				overflow++;
			}
			assert_true(depth <= BUCKET_CHAIN_MAX);
			if (b->next == 0)
				break;
			assert_int_equal(here, BUCKET_SLOTS); /* the rest is full */
			assert_true(b->next >= table->bucket_count);
		}
	}
	for (uint32_t i = table->free; i != 0; i = table->flow[i].next_free) {
		assert_int_equal(seen[i]++, 0);
		assert_int_equal(table->flow[i].proto, 0);
		freed++;
	}
	assert_int_equal(used, table->used);
	assert_int_equal(used + freed, table->high);
	assert_int_equal(overflow + list_len(table), overflow_all);
	free(seen);
	return overflow;
}

static uint32_t
random_next(uint64_t *x)
{
	*x = *x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*x >> 33);
}

/* Few clients and many services, so that chains grow and shrink and the table fills up and empties. */
static void
random_walk(uint32_t capacity, enum sl_drop refusal)
{
	enum { CLIENTS = 8, PORTS = 200, KEYS = CLIENTS * PORTS, ROUNDS = 40000 };
	struct flow **model = calloc(KEYS, sizeof(*model));
	uint8_t *seq = calloc(capacity + 1, 1);
	uint32_t count = 0, overflow_all, overflow_max = 0, refused = 0;
	static struct dp_worker w;
	uint64_t x = 1;

	assert_int_equal(flow_table_init(&w.table, capacity, secret, -1), 0);
	overflow_all = list_len(&w.table);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		/* Phases of growing and of shrinking. */
		bool grow = random_next(&x) % 100 < (round / 4000 % 2 == 0 ? 80u : 20u);
		uint32_t k = random_next(&x) % KEYS;
		struct pkt_key key = key_make(0x0a000001 + k % CLIENTS, 40000, 0xc0000201,
					      (uint16_t)(k / CLIENTS), SL_PROTO_TCP);

		assert_ptr_equal(find(&w, &key), model[k]);
		if (grow && model[k] == NULL) {
			enum sl_drop reason = SL_DROP_MAX;
			struct flow *flow = insert(&w.table, &key, &reason);

			if (flow != NULL) {
				uint32_t number = (uint32_t)(flow - w.table.flow);

				assert_int_not_equal(flow->seq, seq[number]); /* a reader can tell */
				seq[number] = flow->seq;
				assert_true(sl_addr_eq(&flow->client, &key.client) &&
					    sl_addr_eq(&flow->vip, &key.other));
				model[k] = flow;
				count++;
			} else {
				assert_int_equal(reason, refusal);
				refused++;
			}
		} else if (!grow && model[k] != NULL) {
			flow_remove(&w.table, model[k]);
			assert_int_equal(model[k]->seq & 1, 0);
			model[k] = NULL;
			count--;
		}
		assert_int_equal(w.table.used, count);
		if (round % 50 == 0) {
			uint32_t overflow = structure_check(&w.table, overflow_all);

			overflow_max = overflow > overflow_max ? overflow : overflow_max;
		}
	}
	/* The walk has been where it is interesting. */
	assert_true(overflow_max > 40);
	assert_true(refused > 0);
	for (uint32_t k = 0; k < KEYS; k++)
		if (model[k] != NULL)
			flow_remove(&w.table, model[k]);
	assert_int_equal(structure_check(&w.table, overflow_all), 0);
	assert_int_equal(w.table.used, 0);
	flow_table_fini(&w.table);
	free(model);
	free(seq);
}

static void
test_random_table_full(void **state)
{
	random_walk(600, SL_DROP_TABLE_FULL);
}

static void
test_random_buckets_full(void **state)
{
	random_walk(5000, SL_DROP_BUCKET_FULL);
}

/* The flows of a tag in the order in which they are found. */
static unsigned int
order_of(const struct flow_table *table, uint16_t tag, uint32_t number[BUCKET_SLOTS * BUCKET_CHAIN_MAX])
{
	const struct flow_bucket *b = table->bucket;
	unsigned int count = 0;

	for (;; b = &table->bucket[b->next]) {
		for (unsigned int slot = 0; slot < BUCKET_SLOTS; slot++)
			if (b->tag[slot] == tag)
				number[count++] = b->flow[slot];
		if (b->next == 0)
			return count;
	}
}

/* Whichever flow goes, those of one client tuple are found in the order they had: the newest twin first. */
static void
test_order_stays(void **state)
{
	enum { CLIENTS = 5, LIVE = 100, ROUNDS = 20000 };
	struct flow *live[LIVE] = { NULL };
	static struct dp_worker w;
	uint16_t port = 0;
	uint64_t x = 3;

	assert_int_equal(flow_table_init(&w.table, 1000, secret, -1), 0);
	w.table.bucket_count = 1; /* all flows meet in one chain */
	for (unsigned int round = 0; round < ROUNDS; round++) {
		uint32_t i = random_next(&x) % (round / 2000 % 2 == 0 ? LIVE : 12);
		uint32_t before[CLIENTS][BUCKET_SLOTS * BUCKET_CHAIN_MAX];
		uint32_t after[BUCKET_SLOTS * BUCKET_CHAIN_MAX];
		unsigned int count[CLIENTS];
		uint16_t tag[CLIENTS];
		enum sl_drop reason;
		uint32_t gone;

		if (live[i] == NULL) {
			struct pkt_key key =
				key_make(0x0a000001 + i % CLIENTS, 1234, 0xc0000201, port++, SL_PROTO_TCP);

			live[i] = insert(&w.table, &key, &reason);
			assert_non_null(live[i]);
			continue;
		}
		for (uint32_t c = 0; c < CLIENTS; c++) {
			struct pkt_key key = key_make(0x0a000001 + c, 1234, 0, 0, SL_PROTO_TCP);

			tag[c] = hash_of(&w.table, &key).tag;
			count[c] = order_of(&w.table, tag[c], before[c]);
		}
		gone = (uint32_t)(live[i] - w.table.flow);
		flow_remove(&w.table, live[i]);
		live[i] = NULL;
		for (uint32_t c = 0; c < CLIENTS; c++) {
			unsigned int left = order_of(&w.table, tag[c], after), at = 0;

			for (unsigned int k = 0; k < count[c]; k++)
				if (before[c][k] != gone)
					assert_int_equal(before[c][k], after[at++]);
			assert_int_equal(at, left);
		}
	}
	w.table.bucket_count = 1000 / 5 + 1;
	flow_table_fini(&w.table);
}

/* One client tuple that opens a connection to every service. */
static void
test_one_client(void **state)
{
	enum { SERVICES = 1000 };
	struct flow *opened[SERVICES] = { NULL };
	enum sl_drop reason = SL_DROP_MAX;
	static struct dp_worker w;
	uint32_t overflow_all, count = 0;

	assert_int_equal(flow_table_init(&w.table, 100000, secret, -1), 0);
	overflow_all = list_len(&w.table);
	for (uint16_t i = 0; i < SERVICES; i++) {
		struct pkt_key key = key_make(0x0a000001, 1234, 0xc0000201, i, SL_PROTO_UDP);

		opened[i] = insert(&w.table, &key, &reason);
		if (opened[i] == NULL)
			break;
		count++;
	}
	assert_int_equal(count, BUCKET_SLOTS * BUCKET_CHAIN_MAX);
	assert_int_equal(reason, SL_DROP_BUCKET_FULL);
	assert_int_equal(structure_check(&w.table, overflow_all), BUCKET_CHAIN_MAX - 1);
	/* Others do not notice. */
	for (uint32_t client = 0; client < 1000; client++) {
		struct pkt_key key = key_make(0x0b000000 + client, 1234, 0xc0000201, 80, SL_PROTO_TCP);

		assert_non_null(insert(&w.table, &key, &reason));
	}
	/* From the middle: what remains is found, and a place is free again. */
	for (uint16_t i = 16; i < 24; i++)
		flow_remove(&w.table, opened[i]);
	for (uint16_t i = 0; i < count; i++) {
		struct pkt_key key = key_make(0x0a000001, 1234, 0xc0000201, i, SL_PROTO_UDP);

		assert_ptr_equal(find(&w, &key), i >= 16 && i < 24 ? NULL : opened[i]);
	}
	structure_check(&w.table, overflow_all);
	assert_non_null(insert(
		&w.table, &(struct pkt_key[]){ key_make(0x0a000001, 1234, 0xc0000201, 999, SL_PROTO_UDP) }[0],
		&reason));
	structure_check(&w.table, overflow_all);
	flow_table_fini(&w.table);
}

/* Every place is used, not one more is given, and a place that was freed is given again. */
static void
test_full(void **state)
{
	static const uint32_t capacities[] = { 1, 2, 7, 64, 1000, 100000 };

	for (size_t c = 0; c < SL_COUNT(capacities); c++) {
		uint32_t capacity = capacities[c], overflow_all, number;
		enum sl_drop reason = SL_DROP_MAX;
		struct flow *flow = NULL;
		static struct dp_worker w;
		struct pkt_key key;
		char row[32];

		snprintf(row, sizeof(row), "capacity %u", capacity);
		sl_check_int(row, flow_table_init(&w.table, capacity, secret, -1), 0);
		overflow_all = list_len(&w.table);
		for (uint32_t i = 0; i < capacity; i++) {
			key = key_make(0x0a000000 + i, (uint16_t)(1024 + i % 60000), 0xc0000201, 80,
				       SL_PROTO_TCP);
			flow = insert(&w.table, &key, &reason);
			sl_check(row, flow != NULL);
		}
		key = key_make(0x09000000, 1, 0xc0000201, 80, SL_PROTO_TCP);
		sl_check(row, insert(&w.table, &key, &reason) == NULL);
		sl_check_int(row, reason, SL_DROP_TABLE_FULL);
		structure_check(&w.table, overflow_all);
		number = (uint32_t)(flow - w.table.flow);
		flow_remove(&w.table, flow);
		flow = insert(&w.table, &key, &reason);
		sl_check(row, flow != NULL);
		sl_check_int(row, flow - w.table.flow, number);
		sl_check(row, insert(&w.table, &key, &reason) == NULL);
		flow_table_fini(&w.table);
	}
}

/* Of two flows that answer to one reply the preferred one is found, wherever in the chain both stand. */
static void
test_prefer(void **state)
{
	enum { FLOWS = 20 };
	struct dp_real_slot servers[2] = { 0 };
	struct flow *flow[FLOWS];
	static struct dp_worker w;
	struct pkt_key reply;
	enum sl_drop reason;

	servers[1].addr = sl_addr_from_v4(RTE_BE32(0x0a010001));
	dp_real_slots = servers;
	assert_int_equal(flow_table_init(&w.table, 1000, secret, -1), 0);
	for (uint16_t i = 0; i < FLOWS; i++) {
		struct pkt_key key = key_make(0x0a000001, 1234, 0xc0000201, i, SL_PROTO_TCP);

		flow[i] = insert(&w.table, &key, &reason);
		flow[i]->real = 1;
		flow[i]->real_port_be = RTE_BE16(80);
	}
	reply = key_make(0x0a000001, 1234, 0x0a010001, 0, SL_PROTO_TCP);
	reply.ports |= (uint64_t)RTE_BE16(80) << KEY_SHIFT_REAL_PORT;
	assert_ptr_equal(dp_flow_find_slow(&w, &reply, false, hash_of(&w.table, &reply)), flow[0]);
	for (uint16_t i = 0; i < FLOWS; i++) {
		struct pkt_key key = key_make(0x0a000001, 1234, 0xc0000201, i, SL_PROTO_TCP);
		struct flow *before = dp_flow_find_slow(&w, &reply, false, hash_of(&w.table, &reply));

		flow_prefer(&w.table, hash_of(&w.table, &reply).bucket, flow[i], before);
		assert_ptr_equal(dp_flow_find_slow(&w, &reply, false, hash_of(&w.table, &reply)), flow[i]);
		/* Said again, and by their own keys, nothing changes. */
		if (flow[i] != before)
			flow_prefer(&w.table, hash_of(&w.table, &reply).bucket, flow[i], before);
		assert_ptr_equal(find(&w, &key), flow[i]);
	}
	flow_table_fini(&w.table);
	dp_real_slots = no_servers;
}

/* ---- how evenly tuples spread ---- */

enum { SPREAD = 200000 };

static struct pkt_key
one_client_port_by_port(uint32_t i)
{
	/* 4 client addresses, all their ports: a benchmark on a desk. */
	return key_make(0x0a000001 + i / 50000, (uint16_t)(1024 + i % 50000), 0xc0000201, 80, SL_PROTO_TCP);
}

static struct pkt_key
address_by_address(uint32_t i)
{
	return key_make(0x0a000000 + i, 1024, 0xc0000201, 80, SL_PROTO_TCP);
}

static struct pkt_key
both_step(uint32_t i)
{
	/* A generator that counts addresses and ports up together. */
	return key_make(0x10000000 + i, (uint16_t)(1024 + i), 0xc0000201, 80, SL_PROTO_UDP);
}

static struct pkt_key
networks(uint32_t i)
{
	/* The same host number in many networks. */
	return key_make(i << 12 | 1, 5060, 0xc0000201, 80, SL_PROTO_UDP);
}

static struct pkt_key
even_ports(uint32_t i)
{
	/* Linux clients take even ports for connect(). */
	return key_make(0xc6336400 + i / 14000, (uint16_t)(32768 + i % 14000 * 2), 0xc0000201, 443,
			SL_PROTO_TCP);
}

static struct pkt_key
at_random(uint32_t i)
{
	uint64_t x = i + 1;

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return key_make((uint32_t)(x >> 32), (uint16_t)x, 0xc0000201, 80, SL_PROTO_TCP);
}

static struct pkt_key
six_by_interface(uint32_t i)
{
	struct pkt_key key = key_make(0, 40000, 0, 80, SL_PROTO_TCP);

	key.client = (struct sl_addr){ .b = { 0x20, 1, 0xd, 0xb8, [12] = 0, (uint8_t)(i >> 16),
					      (uint8_t)(i >> 8), (uint8_t)i } };
	return key;
}

static struct pkt_key
six_by_prefix(uint32_t i)
{
	struct pkt_key key = key_make(0, 40000, 0, 80, SL_PROTO_TCP);

	key.client = (struct sl_addr){ .b = { 0x20, 1, 0xd, 0xb8, 0, (uint8_t)(i >> 16), (uint8_t)(i >> 8),
					      (uint8_t)i, [15] = 1 } };
	return key;
}

/*
 * A full table of tuples as they come: every one gets in, and few buckets
 * overflow. If tuples fell by chance, 6.8 % of buckets would get more than eight
 * of five on average (Poisson).
 */
static void
test_spread(void **state)
{
	static const struct {
		const char *name;
		struct pkt_key (*key)(uint32_t i);
	} rows[] = {
		{ "4 addresses, ports in turn", one_client_port_by_port },
		{ "addresses in turn", address_by_address },
		{ "addresses and ports in step", both_step },
		{ "one host in many networks", networks },
		{ "even ports of a few addresses", even_ports },
		{ "at random", at_random },
		{ "IPv6, interface by interface", six_by_interface },
		{ "IPv6, prefix by prefix", six_by_prefix },
	};
	static const uint64_t secrets[][2] = {
		{ UINT64_C(0x0123456789abcdef), UINT64_C(0xfedcba9876543210) },
		{ UINT64_C(0x9e3779b97f4a7c15), UINT64_C(0xd1b54a32d192ed03) },
		{ UINT64_C(0x2545f4914f6cdd1d), UINT64_C(0x000000005851f42d) },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		for (size_t s = 0; s < SL_COUNT(secrets); s++) {
			uint32_t overflow_all, overflow, same_tag = 0;
			static struct dp_worker w;
			enum sl_drop reason;
			double share;

			assert_int_equal(flow_table_init(&w.table, SPREAD, secrets[s], -1), 0);
			overflow_all = list_len(&w.table);
			for (uint32_t k = 0; k < SPREAD; k++) {
				struct pkt_key key = rows[i].key(k);
				struct flow_hash hash = hash_of(&w.table, &key);

				/* Another flow of this tag costs a look at its entry. */
				same_tag += bucket_match(&w.table.bucket[hash.bucket], hash.tag) != 0;
				if (insert(&w.table, &key, &reason) == NULL)
					fail_msg("%s, secret %zu: tuple %u of %u: reason %u", rows[i].name, s,
						 k, SPREAD, reason);
			}
			overflow = structure_check(&w.table, overflow_all);
			share = 100.0 * overflow / w.table.bucket_count;
			print_message("%s, secret %zu: %.1f %% of buckets overflow, %.2f %% of tuples meet "
				      "their tag\n",
				      rows[i].name, s, share, 100.0 * same_tag / SPREAD);
			sl_check(rows[i].name, share < 12.0);
			sl_check(rows[i].name, same_tag < SPREAD / 100);
			flow_table_fini(&w.table);
		}
	}
}

/* Flows that come and go for long at a constant load: none is refused, and chains stay as short as chance has them. */
static void
test_churn(void **state)
{
	enum { CAPACITY = 50000, ROUNDS = 20 * CAPACITY };
	static const struct {
		const char *name;
		uint32_t load;
		double overflow; /* at most, % of buckets */
	} rows[] = {
		{ "50 % load", CAPACITY / 2, 0.5 },
		{ "85 % load", CAPACITY * 85 / 100, 4.0 },
		{ "100 % load", CAPACITY, 8.5 },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct flow **live = calloc(rows[i].load, sizeof(*live));
		uint32_t overflow_all, overflow;
		static struct dp_worker w;
		uint64_t x = 5;

		assert_int_equal(flow_table_init(&w.table, CAPACITY, secret, -1), 0);
		overflow_all = list_len(&w.table);
		for (uint32_t round = 0; round < ROUNDS; round++) {
			uint32_t k = round < rows[i].load ? round : random_next(&x) % rows[i].load;
			struct pkt_key key = at_random(round);
			enum sl_drop reason;

			if (live[k] != NULL)
				flow_remove(&w.table, live[k]);
			live[k] = insert(&w.table, &key, &reason);
			sl_check(rows[i].name, live[k] != NULL);
		}
		overflow = structure_check(&w.table, overflow_all);
		print_message("%s: %.1f %% of buckets overflow after %d turns\n", rows[i].name,
			      100.0 * overflow / w.table.bucket_count, ROUNDS / CAPACITY);
		sl_check(rows[i].name, 100.0 * overflow / w.table.bucket_count < rows[i].overflow);
		flow_table_fini(&w.table);
		free(live);
	}
}

/* What a connection costs: capacity, index and reserve, over the flows that are there at 85 % load. */
static void
test_memory(void **state)
{
	const uint32_t capacity = 4000000;
	static struct dp_worker w;
	double bytes;

	assert_int_equal(flow_table_init(&w.table, capacity, secret, -1), 0);
	bytes = (double)(w.table.flow_bytes + w.table.bucket_bytes) / (0.85 * capacity);
	print_message("%.1f bytes a flow at 85 %% load\n", bytes);
	assert_true(bytes <= 96.0);
	flow_table_fini(&w.table);
	flow_table_fini(&w.table); /* once more does nothing */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_table_full),
		cmocka_unit_test(test_random_buckets_full),
		cmocka_unit_test(test_order_stays),
		cmocka_unit_test(test_churn),
		cmocka_unit_test(test_one_client),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_prefer),
		cmocka_unit_test(test_spread),
		cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
