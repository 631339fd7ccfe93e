/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The fakes around transactions and the book, and the words that tests say; see
 * txn_box.h.
 */
#include "txn_box.h"

#include "ha.h"
#include "port.h"
#include "tap.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { DEFERRED_MAX = 1 << 20 };

/* ---- fakes ---- */

struct dp_worker *dp_workers[DP_WORKERS_MAX];
unsigned int dp_workers_count;
struct dp_port dp_ports[DP_PORTS_MAX];

struct box box;

void
dp_rcu_defer(void (*fn)(void *), void *arg)
{
	assert_true(box.deferred_count < DEFERRED_MAX);
	box.deferred[box.deferred_count].fn = fn;
	box.deferred[box.deferred_count++].arg = arg;
}

/* The grace periods of the next `count` deferred calls end. */
void
box_grace_some(unsigned int count)
{
	for (; count > 0; count--) {
		assert_true(box.deferred_first < box.deferred_count);
		box.deferred[box.deferred_first].fn(box.deferred[box.deferred_first].arg);
		box.deferred_first++;
	}
}

void
box_grace(void)
{
	box_grace_some(box.deferred_count - box.deferred_first);
	box.deferred_first = box.deferred_count = 0;
}

uint32_t
dp_neigh_want_pinned(unsigned int port, const struct sl_addr *addr)
{
	unsigned int i;

	for (i = 0; i < box.neigh_count && !sl_addr_eq(&box.neigh[i].addr, addr); i++)
		;
	if (i == box.neigh_count) {
		if (box.neigh_count == box.neigh_max)
			return 0;
		box.neigh[box.neigh_count++].addr = *addr;
	}
	box.neigh[i].pins++;
	box.pins++;
	return i + 1;
}

void
dp_neigh_unpin(uint32_t index)
{
	assert_true(index != 0 && index <= box.neigh_count && box.neigh[index - 1].pins > 0);
	box.neigh[index - 1].pins--;
	box.pins--;
}

void
dp_neigh_watch(uint32_t index, bool on)
{
	assert_true(index != 0 && index <= box.neigh_count && box.neigh[index - 1].pins > 0);
	box.neigh[index - 1].watched = on;
}

int
dp_neigh_static_set(const struct dp_static_neigh *neighs, unsigned int count)
{
	bool full = box.neighs_full;

	box.neighs_full = false;
	box.static_count = count;
	for (unsigned int i = 0; i < count; i++)
		box.static_neighs[i] = neighs[i];
	return full ? -ENOSPC : 0;
}

int
dp_addr_book_set(const struct dp_book_lists *lists)
{
	struct sl_addr *copy = calloc(lists->vip_count + 1, sizeof(*copy));

	if (box.addrs_fail || copy == NULL) {
		free(copy);
		return -ENOMEM;
	}
	box.own_count = lists->own_count;
	for (unsigned int i = 0; i < lists->own_count; i++)
		box.own[i] = lists->own[i];
	free(box.vips);
	box.vips = copy;
	box.vip_count = lists->vip_count;
	for (unsigned int i = 0; i < lists->vip_count; i++)
		box.vips[i] = lists->vips[i];
	return 0;
}

bool
dp_net_source(unsigned int port, const struct sl_addr *dst, struct sl_addr *ret_addr)
{
	for (unsigned int i = 0; i < box.own_count; i++)
		if (box.own[i].port == port && sl_addr_is_v4(&box.own[i].prefix.addr) == sl_addr_is_v4(dst)) {
			*ret_addr = box.own[i].prefix.addr;
			return true;
		}
	return false;
}

unsigned int
dp_port_mtu(unsigned int port)
{
	return BOX_MTU + port;
}

void
dp_net_epoch_bump(void)
{
	box.epoch++;
}

void
dp_tap_net_set(const struct dp_net_addr *addrs, unsigned int addr_count, const struct dp_route *routes,
	       unsigned int route_count)
{
}

void
dp_tap_moving_set(const struct dp_moving *moving, unsigned int count)
{
	box.tap_set++;
	box.tap_count = count;
	for (unsigned int i = 0; i < count; i++)
		box.tap[i] = moving[i];
}

unsigned int
dp_tap_link_locals(struct sl_addr ret_addrs[DP_PORTS_MAX])
{
	return 0;
}

int
dp_workers_launch(void)
{
	box.launched++;
	return 0;
}

void
sl_log(enum sl_log_level level, const char *format, ...)
{
	box.logged++;
}

/* Memory runs out at one allocation of the code under test (linked with --wrap). */
void *__real_calloc(size_t count, size_t size);
void *__real_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_malloc(size_t size);

void *
__wrap_calloc(size_t count, size_t size)
{
	return box.alloc_fails_at != 0 && ++box.allocs == box.alloc_fails_at ? NULL
									     : __real_calloc(count, size);
}

void *
__wrap_malloc(size_t size)
{
	return box.alloc_fails_at != 0 && ++box.allocs == box.alloc_fails_at ? NULL : __real_malloc(size);
}

const struct sched_ops box_sched = { .name = "a" };
const struct sched_ops box_sched_other = { .name = "b" };

int
box_setup(void **state)
{
	memset(&box, 0, sizeof(box));
	box.deferred = calloc(DEFERRED_MAX, sizeof(*box.deferred));
	box.neigh_max = NEIGHS_MAX;
	dp_workers_count = WORKERS;
	for (unsigned int i = 0; i < WORKERS; i++) {
		dp_workers[i] = calloc(1, sizeof(struct dp_worker));
		dp_workers[i]->real =
			mmap(NULL, sizeof(struct dp_real_own) * DP_REALS_MAX, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		dp_workers[i]->outcome =
			mmap(NULL, sizeof(struct dp_real_outcome) * DP_REALS_MAX, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	}
	return book_init() != 0 || dp_tunnel_init() != 0 || dp_txn_init() != 0;
}

int
box_teardown(void **state)
{
	box_grace();
	dp_ha_fini();
	dp_txn_fini();
	book_fini();
	dp_tunnel_fini();
	for (unsigned int i = 0; i < WORKERS; i++) {
		munmap(dp_workers[i]->real, sizeof(struct dp_real_own) * DP_REALS_MAX);
		munmap(dp_workers[i]->outcome, sizeof(struct dp_real_outcome) * DP_REALS_MAX);
		free(dp_workers[i]);
	}
	free(box.deferred);
	free(box.vips);
	return 0;
}
/* ---- short words for what tests do ---- */

struct dp_service_key
box_key(const char *endpoint)
{
	struct dp_service_key key = { .proto = SL_PROTO_TCP };

	assert_int_equal(sl_endpoint_parse(endpoint, &key.vip, &key.port), 0);
	return key;
}

struct sl_addr
box_addr(const char *text)
{
	struct sl_addr a;

	assert_int_equal(sl_addr_parse(text, &a), 0);
	return a;
}

struct dp_txn *
box_begin(void)
{
	struct dp_txn *txn = dp_txn_begin();

	assert_non_null(txn);
	return txn;
}

int
box_put(struct dp_txn *txn, const char *endpoint, const struct sched_ops *sched, const struct server *servers,
	uint32_t count, uint32_t *ret_slots)
{
	struct dp_real reals[16] = { 0 };
	struct dp_service service = {
		.key = box_key(endpoint), .sched = sched, .reals = reals, .real_count = count
	};
	char error[DP_ERROR_SIZE] = "";
	int code;

	for (uint32_t i = 0; i < count; i++)
		reals[i] = (struct dp_real){
			.addr = box_addr(servers[i].addr),
			.port = 8080,
			.weight = servers[i].weight,
			.last_weight = servers[i].last_weight,
			.fwd = servers[i].fwd,
			.out = servers[i].out,
			.order = count - i,
		};
	code = dp_txn_service_put(txn, &service, error);
	assert_true(code == 0 || error[0] != '\0');
	for (uint32_t i = 0; code == 0 && ret_slots != NULL && i < count; i++)
		ret_slots[i] = reals[i].ret_slot;
	return code;
}

void
box_drop(struct dp_txn *txn, const char *endpoint)
{
	struct dp_service_key key = box_key(endpoint);
	char error[DP_ERROR_SIZE];

	assert_int_equal(dp_txn_service_remove(txn, &key, error), 0);
}

void
box_commit(struct dp_txn *txn)
{
	char error[DP_ERROR_SIZE];

	assert_int_equal(dp_txn_commit(txn, error), 0);
}

const struct dp_snapshot *
box_snapshot(void)
{
	return atomic_load(&dp_snapshot_current);
}

/* The service as a worker finds it; NULL: not at all. */
const struct dp_svc *
box_service(const char *endpoint)
{
	struct dp_service_key key = box_key(endpoint);
	uint32_t slot = service_table_find(box_snapshot()->services, &key);

	return slot != 0 ? box_snapshot()->svc[slot] : NULL;
}

uint32_t
box_vip_flags(const char *vip)
{
	struct sl_addr a = box_addr(vip);

	return addr_table_find(box_snapshot()->addrs, &a);
}

bool
box_answers(const char *vip)
{
	struct sl_addr a = box_addr(vip);

	for (unsigned int i = 0; i < box.vip_count; i++)
		if (sl_addr_eq(&box.vips[i], &a))
			return true;
	return false;
}

/* A worker opens and ends connections. */
void
box_flows(unsigned int worker, uint32_t slot, int count)
{
	struct dp_real_own *own = &dp_workers[worker]->real[slot];

	if (count > 0)
		own->conns += (uint64_t)count;
	own->total += (uint32_t)count;
}

void
box_packets(unsigned int worker, uint32_t slot, uint64_t in, uint64_t out)
{
	struct dp_real_own *own = &dp_workers[worker]->real[slot];

	own->in_packets += in;
	own->in_bytes += in * 100;
	own->out_packets += out;
	own->out_bytes += out * 1000;
}

unsigned int
box_reap(void)
{
	unsigned int services, freed = book_reap(&services);

	if (services != 0)
		assert_true(dp_txn_tidy());
	return freed;
}

/* A network of two ports, and routes by two gateways. */
void
box_net_commit(const char *gateway_text, const char *other_text)
{
	const struct dp_net_addr own[] = {
		{ .port = 0, .prefix = { box_addr("10.0.0.100"), 24 } },
		{ .port = 1, .prefix = { box_addr("198.51.100.2"), 24 } },
	};
	const struct dp_route routes[] = {
		{ .prefix = { box_addr("0.0.0.0"), 0 }, .via = box_addr(gateway_text), .port = -1 },
		{ .prefix = { box_addr("172.16.0.0"), 16 }, .via = box_addr(other_text), .port = -1 },
		{ .prefix = { box_addr("172.17.0.0"), 16 }, .port = 1 },
	};
	const struct dp_net net = { .addrs = own, .addr_count = 2, .routes = routes, .route_count = 3 };
	struct dp_txn *txn = box_begin();
	char error[DP_ERROR_SIZE] = "";

	assert_int_equal(dp_txn_net_set(txn, &net, error), 0);
	box_commit(txn);
}

unsigned int
box_pins(const char *text)
{
	struct sl_addr a = box_addr(text);

	for (unsigned int i = 0; i < box.neigh_count; i++)
		if (sl_addr_eq(&box.neigh[i].addr, &a))
			return box.neigh[i].pins;
	return 0;
}

bool
box_watched(const char *text)
{
	struct sl_addr addr = box_addr(text);

	for (unsigned int i = 0; i < box.neigh_count; i++)
		if (sl_addr_eq(&box.neigh[i].addr, &addr))
			return box.neigh[i].watched;
	return false;
}
