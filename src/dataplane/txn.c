/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Transactions: from what the control core wants to a snapshot that the
 * workers follow.
 *
 * A transaction gathers services, each compiled at once into an immutable
 * struct dp_svc, and perhaps a new network; nothing that workers can see changes
 * until commit stores one pointer. Commit allocates first everything that can
 * fail. What the new snapshot does not share with the old one is freed after a
 * grace period. Control thread only; one transaction at a time.
 */
#include "addr_book.h"
#include "book.h"
#include "neigh.h"
#include "rcu.h"
#include "txn.h"
#include "wire.h"
#include "worker.h"

#include "sl_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* One change of the transaction: a service put (svc) or removed (svc NULL). */
struct change {
	struct change *next;
	struct book_service *service;
	struct dp_svc *svc;

	uint32_t *fresh_slot;
	uint32_t fresh_count;
};

struct dp_txn {
	struct change *first, **last_next;
	uint32_t *flush;
	uint32_t flush_count;
	bool net_set;
	bool refresh; /* build the tables anew */
	struct dp_fib *fib;
	struct dp_net_addr *addrs;
	struct dp_static_neigh *neighs;
	unsigned int addr_count, neigh_count;
};

/* The parts of the present snapshot that the next one may share; the control thread's own view. */
static struct {
	struct dp_snapshot *snapshot;
	struct dp_fib *fib;
	struct dp_net_addr *addrs;
	unsigned int addr_count;
	uint32_t sched_generation, epoch;
	bool launched; /* the workers run */
} now;

static bool txn_open;

struct dp_txn *
dp_txn_begin(void)
{
	struct dp_txn *txn;

	if (txn_open)
		return NULL;
	txn = calloc(1, sizeof(*txn));
	if (txn != NULL) {
		txn->last_next = &txn->first;
		txn_open = true;
	}
	return txn;
}

static int
fail(char *ret_error, int code, const char *what)
{
	snprintf(ret_error, DP_ERROR_SIZE, "%s", what);
	return code;
}

static bool
svc_same_servers(const struct dp_svc *a, const struct dp_svc *b)
{
	return a->count == b->count && memcmp(a->server, b->server, a->count * sizeof(a->server[0])) == 0;
}

/* The compiled form of a service; slots of its servers are filled in by the caller. */
static struct dp_svc *
svc_create(const struct dp_service *service, uint32_t slot)
{
	size_t size = sizeof(struct dp_svc) + service->real_count * (sizeof(struct sched_server) + 1);
	struct dp_svc *svc = calloc(1, size);
	uint8_t *fwd;

	if (svc == NULL)
		return NULL;
	fwd = (uint8_t *)&svc->server[service->real_count];
	svc->key = service->key;
	svc->sched = service->sched;
	svc->slot = slot;
	svc->count = service->real_count;
	svc->fwd = fwd;
	for (uint32_t i = 0; i < service->real_count; i++) {
		const struct dp_real *real = &service->reals[i];

		svc->server[i] = (struct sched_server){
			.order = real->order,
			.weight = real->weight,
			.flags = real->overloaded ? SCHED_SERVER_OVERLOADED : 0,
		};
		fwd[i] = real->fwd;
	}
	return svc;
}

/* What a published service and its successor have in common decides what schedulers remember. */
static void
svc_inherit(struct dp_svc *svc, const struct dp_svc *old)
{
	svc->sched_generation =
		old != NULL && old->sched == svc->sched ? old->sched_generation : ++now.sched_generation;
	svc->epoch = old != NULL && svc_same_servers(svc, old) ? old->epoch : ++now.epoch;
}

/* Fills the shared line of a slot that nobody can see yet. */
static void
slot_fill(struct dp_real_slot *slot, const struct dp_service_key *key, const struct dp_real *real,
	  uint32_t service)
{
	bool v4 = sl_addr_is_v4(&real->addr);
	uint16_t vport_be = rte_cpu_to_be_16(key->port), rport_be = rte_cpu_to_be_16(real->port);
	uint16_t vip_sum = sum_fold(sum_bytes(key->vip.b + (v4 ? 12 : 0), v4 ? 4 : 16));
	uint16_t real_sum = sum_fold(sum_bytes(real->addr.b + (v4 ? 12 : 0), v4 ? 4 : 16));
	/* The TTL is the first byte of its word in the packet: one less is ~0x0100 in network order. */
	uint32_t ttl = (uint16_t)~RTE_BE16(0x0100);

	slot->addr = real->addr;
	slot->port_be = rport_be;
	slot->service = service;
	slot->l4_in = sum_fold((uint64_t)(uint16_t)~vip_sum + (uint16_t)~vport_be + real_sum + rport_be);
	slot->l4_out = sum_fold((uint64_t)(uint16_t)~real_sum + (uint16_t)~rport_be + vip_sum + vport_be);
	slot->ip_in = sum_fold((uint64_t)(uint16_t)~vip_sum + real_sum + ttl);
	slot->ip_out = sum_fold((uint64_t)(uint16_t)~real_sum + vip_sum + ttl);
	atomic_store_explicit(&slot->nexthop, 0, memory_order_relaxed);
}

/* Ends a change; its service's record goes with it if nothing else keeps it. */
static void
change_free(struct change *change)
{
	change->service->refs--;
	book_service_release(change->service);
	free(change->fresh_slot);
	free(change);
}

static void
change_undo(struct change *change)
{
	for (uint32_t i = 0; i < change->fresh_count; i++) {
		struct book_real *real = book_real_at(change->fresh_slot[i]);

		book_real_free(real);
	}
	free(change->svc);
	change_free(change);
}

int
dp_txn_service_put(struct dp_txn *txn, struct dp_service *service, char ret_error[DP_ERROR_SIZE])
{
	struct change *change = calloc(1, sizeof(*change));
	struct book_service *record = change != NULL ? book_service_take(&service->key) : NULL;

	if (record == NULL) {
		free(change);
		return fail(ret_error, -ENOSPC, "no room for another service");
	}
	change->service = record;
	record->refs++;
	change->svc = svc_create(service, record->slot);
	change->fresh_slot = calloc(service->real_count + 1, sizeof(uint32_t));
	if (change->svc == NULL || change->fresh_slot == NULL) {
		change_undo(change);
		return fail(ret_error, -ENOMEM, "out of memory for a service");
	}
	service->ret_slot = record->slot;
	for (uint32_t i = 0; i < service->real_count; i++) {
		struct dp_real *real = &service->reals[i];
		bool fresh;
		struct book_real *real_record = book_real_take(record, &real->addr, real->port, &fresh);

		if (real_record == NULL) {
			change_undo(change);
			return fail(ret_error, -ENOSPC, "no room for another real server");
		}
		if (fresh) {
			change->fresh_slot[change->fresh_count++] = real_record->slot;
			slot_fill(&dp_real_slots[real_record->slot], &service->key, real, record->slot);
		}
		real->ret_slot = real_record->slot;
		change->svc->server[i].slot = real_record->slot;
	}
	*txn->last_next = change;
	txn->last_next = &change->next;
	return 0;
}

int
dp_txn_service_remove(struct dp_txn *txn, const struct dp_service_key *key, char ret_error[DP_ERROR_SIZE])
{
	struct book_service *record = book_service_find(key);
	struct change *change;

	if (record == NULL)
		return fail(ret_error, -ENOENT, "no such service in the data plane");
	change = calloc(1, sizeof(*change));
	if (change == NULL)
		return fail(ret_error, -ENOMEM, "out of memory");
	change->service = record;
	record->refs++;
	*txn->last_next = change;
	txn->last_next = &change->next;
	return 0;
}

static void *
copy_of(const void *items, size_t size)
{
	void *copy = malloc(size + 1);

	if (copy != NULL && size > 0)
		memcpy(copy, items, size);
	return copy;
}

int
dp_txn_net_set(struct dp_txn *txn, const struct dp_net *net, char ret_error[DP_ERROR_SIZE])
{
	struct dp_fib *fib = dp_fib_build(net, ret_error);

	if (fib == NULL)
		return -errno;
	dp_fib_free(txn->fib);
	free(txn->addrs);
	free(txn->neighs);
	txn->fib = fib;
	txn->net_set = true;
	txn->addrs = copy_of(net->addrs, net->addr_count * sizeof(*net->addrs));
	txn->neighs = copy_of(net->neighs, net->neigh_count * sizeof(*net->neighs));
	txn->addr_count = net->addr_count;
	txn->neigh_count = net->neigh_count;
	if (txn->addrs == NULL || txn->neighs == NULL)
		return fail(ret_error, -ENOMEM, "out of memory for the network");
	return 0;
}

int
dp_txn_real_flush(struct dp_txn *txn, uint32_t real_slot)
{
	uint32_t *more = realloc(txn->flush, (txn->flush_count + 1) * sizeof(*more));

	if (more == NULL)
		return -ENOMEM;
	txn->flush = more;
	txn->flush[txn->flush_count++] = real_slot;
	return 0;
}

static void
txn_free(struct dp_txn *txn)
{
	while (txn->first != NULL) {
		struct change *change = txn->first;

		txn->first = change->next;
		change_free(change);
	}
	dp_fib_free(txn->fib);
	free(txn->addrs);
	free(txn->neighs);
	free(txn->flush);
	free(txn);
	txn_open = false;
}

void
dp_txn_abort(struct dp_txn *txn)
{
	if (txn == NULL)
		return;
	while (txn->first != NULL) {
		struct change *change = txn->first;

		txn->first = change->next;
		change_undo(change);
	}
	txn_free(txn);
}

/* ---- commit ---- */

static bool
svc_has_nat(const struct dp_svc *svc)
{
	for (uint32_t i = 0; i < svc->count; i++)
		if (svc->fwd[i] == SL_FWD_NAT)
			return true;
	return false;
}

/*
 * What a VIP's flags are with this service. Once a VIP has had NAT its flows
 * stay with the hash's owner; flows that its workers opened as DR's before are
 * still where they were received.
 */
static uint32_t
vip_flags_of(uint32_t old, bool nat)
{
	if (!nat)
		return old | ADDR_VIP;
	if (old == ADDR_VIP)
		return ADDR_VIP | ADDR_OWNER_HASH | ADDR_LOCAL_FIRST;
	return old | ADDR_VIP | ADDR_OWNER_HASH;
}

struct tables {
	struct addr_table *addrs;
	struct service_table *services;
	struct sl_addr *vips;
	uint32_t vip_count;
	bool any_nat;
};

static void
tables_free(struct tables *tables)
{
	free(tables->addrs);
	free(tables->services);
	free(tables->vips);
}

/* Counts what the tables of the next snapshot hold; entries are built from svc[], by slot. */
static int
tables_build(struct tables *tables, const struct dp_svc *const *svc, uint32_t svc_count,
	     const struct dp_net_addr *own, unsigned int own_count)
{
	uint32_t vip_max = svc_count + HASH_COUNT(book_services);
	struct addr_entry *addrs = calloc(vip_max + own_count + 1, sizeof(*addrs));
	struct service_entry *services = calloc(svc_count + 1, sizeof(*services));
	const struct addr_table *old = now.snapshot->addrs;
	uint32_t addr_count = 0, service_count = 0;
	struct book_service *service, *tmp;

	*tables = (struct tables){ .vips = calloc(vip_max + 1, sizeof(*tables->vips)) };
	if (addrs == NULL || services == NULL || tables->vips == NULL)
		goto out;
	for (uint32_t slot = 1; slot < svc_count; slot++) {
		uint32_t before;

		if (svc[slot] == NULL)
			continue;
		tables->any_nat |= svc_has_nat(svc[slot]);
		before = addr_table_find(old, &svc[slot]->key.vip) & ~(uint32_t)ADDR_OWN;
		addrs[addr_count++] = (struct addr_entry){
			.addr = svc[slot]->key.vip,
			.flags = vip_flags_of(before, svc_has_nat(svc[slot])),
		};
		services[service_count++] = (struct service_entry){ .key = svc[slot]->key, .slot = slot };
		tables->vips[tables->vip_count++] = svc[slot]->key.vip;
	}
	/* The VIP of a service that is gone is held until the last of its connections has ended. */
	HASH_ITER(hh, book_services, service, tmp)
	{
		uint32_t before = addr_table_find(old, &service->key.vip) & ~(uint32_t)ADDR_OWN;

		if ((service->slot < svc_count && svc[service->slot] != NULL) || service->reals == NULL ||
		    before == 0)
			continue;
		tables->any_nat |= (before & ADDR_OWNER_HASH) != 0;
		addrs[addr_count++] = (struct addr_entry){ .addr = service->key.vip, .flags = before };
		tables->vips[tables->vip_count++] = service->key.vip;
	}
	for (unsigned int i = 0; i < own_count; i++)
		addrs[addr_count++] = (struct addr_entry){ .addr = own[i].prefix.addr, .flags = ADDR_OWN };
	tables->addrs = addr_table_build(addrs, addr_count);
	tables->services = service_table_build(services, service_count);
out:
	free(addrs);
	free(services);
	if (tables->addrs == NULL || tables->services == NULL) {
		tables_free(tables);
		return -ENOMEM;
	}
	return 0;
}

static void
fib_free_deferred(void *fib)
{
	dp_fib_free(fib);
}

/* The next hop of every listed server, pinned; all of them again when the network changed. */
static void
nexthop_resolve(struct book_real *real, const struct dp_fib *fib)
{
	struct dp_real_slot *slot = &dp_real_slots[real->slot];
	struct dp_fib_hop hop;
	uint32_t neigh = 0;

	if (dp_fib_lookup(fib, &slot->addr, &hop)) {
		neigh = dp_neigh_want_pinned(hop.port, sl_addr_is_none(&hop.via) ? &slot->addr : &hop.via);
	}
	if (real->neigh != 0)
		dp_neigh_unpin(real->neigh);
	real->neigh = neigh;
	atomic_store_explicit(&slot->nexthop, neigh, memory_order_release);
}

/* The servers of a service that its new form no longer has go; those it has are listed. */
static void
listing_update(struct change *change)
{
	struct book_service *service = change->service;
	const struct dp_svc *svc = change->svc;

	for (struct book_real *real = service->reals; real != NULL; real = real->next)
		real->leaves = real->listed; /* cleared below for those that stay */
	for (uint32_t i = 0; svc != NULL && i < svc->count; i++) {
		struct book_real *real = book_real_at(svc->server[i].slot);

		real->listed = true;
		real->reapable = false;
		real->leaves = false;
	}
	for (struct book_real *real = service->reals; real != NULL; real = real->next) {
		if (real->leaves)
			book_real_unlist(real);
		real->leaves = false;
	}
}

static void
change_commit(struct change *change)
{
	struct book_service *service = change->service;
	const struct dp_svc *old = service->svc;

	if (change->svc != NULL && !service->listed)
		book_traffic(service, &service->base);
	service->svc = change->svc;
	service->listed = change->svc != NULL;
	listing_update(change);
	if (old != NULL)
		dp_rcu_defer(free, (void *)(uintptr_t)old);
}

static void
net_commit(struct dp_txn *txn)
{
	struct book_real *real, *tmp;

	if (dp_neigh_static_set(txn->neighs, txn->neigh_count) != 0)
		sl_error("static neighbours: the neighbour table is full, some are missing");
	(void)dp_addr_book_set_own(txn->addrs, txn->addr_count);
	HASH_ITER(hh, book_reals, real, tmp)
	nexthop_resolve(real, now.fib);
	free(now.addrs);
	now.addrs = txn->addrs;
	now.addr_count = txn->addr_count;
	txn->addrs = NULL;
}

/* The services by slot, as they will be. */
static const struct dp_svc **
svc_array_build(const struct dp_txn *txn, uint32_t *ret_count)
{
	uint32_t count = now.snapshot->svc_count;
	const struct dp_svc **svc;

	for (const struct change *change = txn->first; change != NULL; change = change->next)
		if (change->service->slot >= count)
			count = change->service->slot + 1;
	svc = calloc(count, sizeof(const struct dp_svc *));
	if (svc == NULL)
		return NULL;
	for (uint32_t slot = 0; slot < now.snapshot->svc_count; slot++)
		svc[slot] = now.snapshot->svc[slot];
	for (struct change *change = txn->first; change != NULL; change = change->next) {
		if (change->svc != NULL)
			svc_inherit(change->svc, svc[change->service->slot]);
		svc[change->service->slot] = change->svc;
	}
	*ret_count = count;
	return svc;
}

/* Stores the one pointer, and lets go of what it replaces. */
static void
publish(struct dp_snapshot *next, bool fib_replaced)
{
	struct dp_snapshot *old = now.snapshot;

	atomic_store_explicit(&dp_snapshot_current, next, memory_order_release);
	now.snapshot = next;
	if (old->addrs != next->addrs)
		dp_rcu_defer(free, (void *)(uintptr_t)old->addrs);
	if (old->services != next->services)
		dp_rcu_defer(free, (void *)(uintptr_t)old->services);
	if (fib_replaced)
		dp_rcu_defer(fib_free_deferred, (void *)(uintptr_t)old->fib);
	dp_rcu_defer(free, (void *)(uintptr_t)old->svc);
	dp_rcu_defer(free, old);
}

/* Can the tables of the present snapshot serve the next one? Only if no service comes, goes or turns to NAT. */
static bool
tables_stay(const struct dp_txn *txn)
{
	for (const struct change *change = txn->first; change != NULL; change = change->next) {
		const struct dp_svc *old = change->service->svc;

		if (change->svc == NULL || old == NULL || svc_has_nat(old) != svc_has_nat(change->svc))
			return false;
	}
	return !txn->net_set && !txn->refresh;
}

int
dp_txn_commit(struct dp_txn *txn, char ret_error[DP_ERROR_SIZE])
{
	struct dp_snapshot *next = malloc(sizeof(*next));
	const struct dp_svc **svc;
	uint32_t svc_count = 0;
	bool stay = tables_stay(txn);
	struct tables tables = { 0 };

	svc = svc_array_build(txn, &svc_count);
	if (next == NULL || svc == NULL ||
	    (!stay && tables_build(&tables, svc, svc_count, txn->net_set ? txn->addrs : now.addrs,
				   txn->net_set ? txn->addr_count : now.addr_count) != 0)) {
		free(next);
		free(svc);
		dp_txn_abort(txn);
		return fail(ret_error, -ENOMEM, "out of memory for a snapshot");
	}
	*next = *now.snapshot;
	next->svc = svc;
	next->svc_count = svc_count;
	if (!stay) {
		next->addrs = tables.addrs;
		next->services = tables.services;
		next->any_nat = tables.any_nat;
	}
	if (txn->net_set) {
		next->fib = now.fib = txn->fib;
		txn->fib = NULL;
		net_commit(txn);
	}
	/* Servers have their next hops before a worker can choose them. */
	for (struct change *change = txn->first; change != NULL; change = change->next)
		if (change->svc != NULL)
			for (uint32_t i = 0; i < change->svc->count; i++) {
				struct book_real *real = book_real_at(change->svc->server[i].slot);

				if (real->neigh == 0)
					nexthop_resolve(real, now.fib);
			}
	publish(next, txn->net_set);
	for (struct change *change = txn->first; change != NULL; change = change->next)
		change_commit(change);
	for (uint32_t i = 0; i < txn->flush_count; i++)
		atomic_fetch_add(&dp_real_slots[txn->flush[i]].generation, 1);
	if (txn->net_set)
		dp_net_epoch_bump();
	if (!stay) {
		(void)dp_addr_book_set_vips(tables.vips, tables.vip_count);
		free(tables.vips);
	}
	txn_free(txn);
	if (!now.launched) {
		now.launched = true;
		if (dp_workers_launch() != 0)
			return fail(ret_error, -EBUSY, "the workers do not start");
	}
	return 0;
}

void
dp_txn_refresh(void)
{
	char error[DP_ERROR_SIZE];
	struct dp_txn *txn = dp_txn_begin();

	if (txn == NULL)
		return; /* one is open, and will see to it */
	txn->refresh = true;
	(void)dp_txn_commit(txn, error);
}

int
dp_txn_init(void)
{
	const struct dp_net none = { 0 };
	char error[DP_ERROR_SIZE];

	now.snapshot = calloc(1, sizeof(*now.snapshot));
	now.fib = dp_fib_build(&none, error);
	if (now.snapshot == NULL || now.fib == NULL)
		return -ENOMEM;
	*now.snapshot = (struct dp_snapshot){
		.addrs = addr_table_build(NULL, 0),
		.services = service_table_build(NULL, 0),
		.fib = now.fib,
	};
	if (now.snapshot->addrs == NULL || now.snapshot->services == NULL)
		return -ENOMEM;
	atomic_store_explicit(&dp_snapshot_current, now.snapshot, memory_order_release);
	return 0;
}

void
dp_txn_fini(void)
{
	struct dp_snapshot *last = now.snapshot;

	if (last == NULL)
		return;
	atomic_store_explicit(&dp_snapshot_current, NULL, memory_order_release);
	for (uint32_t slot = 0; slot < last->svc_count; slot++)
		free((void *)(uintptr_t)last->svc[slot]);
	free((void *)(uintptr_t)last->svc);
	free((void *)(uintptr_t)last->addrs);
	free((void *)(uintptr_t)last->services);
	dp_fib_free(now.fib);
	free(now.addrs);
	free(last);
	memset(&now, 0, sizeof(now));
}
