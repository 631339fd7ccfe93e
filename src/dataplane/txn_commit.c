/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Transactions, second half: from what was gathered (txn.c) to the snapshot that
 * the workers follow.
 *
 * Commit first makes everything that can fail: the array of services, the
 * look-up tables (shared with the present snapshot if no service comes, goes or
 * turns to NAT), the address book, the static neighbours. From there on nothing
 * fails: servers get their next hops, one pointer is stored, and what the new
 * snapshot does not share with the old one is freed after a grace period.
 *
 * A removed service leaves the table of services at once, but its VIP stays
 * what it is as long as a connection is left: packets of it are still for us.
 * Control thread only.
 */
#include "addr_book.h"
#include "ha.h"
#include "limit.h"
#include "neigh.h"
#include "port.h"
#include "rcu.h"
#include "svc_table.h"
#include "tap.h"
#include "tunnel.h"
#include "txn.h"
#include "txn_private.h"
#include "worker.h"

#include "sl_addr.h"
#include "sl_log.h"

#include <errno.h>
#include <stdlib.h>

/* The parts of the present snapshot that the next one may share, and what it was made from. */
static struct {
	struct dp_snapshot *snapshot;
	struct dp_fib *fib;
	struct dp_net_addr *addrs;
	struct dp_static_neigh *neighs;
	struct dp_moving *moving;
	struct dp_moving *own_moving; /* those that kernel interfaces have while they are held */
	uint32_t *gateway;            /* pinned neighbours */
	unsigned int addr_count, neigh_count, moving_count, own_moving_count, gateway_count;
	unsigned int watched_from; /* of gateway: those that are only to be kept */
	uint32_t sched_generation, epoch;
	bool launched; /* the workers run */
} now;

/* Look-up tables of a snapshot, and the VIPs and local addresses in them. */
struct tables {
	struct addr_table *addrs;
	struct service_table *services;
	struct sl_addr *vips;
	struct dp_local_addr *locals;
	struct dp_moving *own_moving; /* those that are neither */
	uint32_t vip_count, local_count, own_moving_count;
	bool any_nat;
};

/* The box's addresses as tables are made from them. */
struct net {
	const struct dp_net_addr *own;
	const struct dp_moving *moving;
	unsigned int own_count, moving_count;
};

/* What a commit makes before it changes anything. */
struct next {
	struct dp_snapshot *snapshot;
	const struct dp_svc **svc;
	uint32_t svc_count;
	bool stay; /* the look-up tables */
	struct tables tables;
	uint32_t *gateway;              /* room for one a route, and for those kept besides */
	const struct dp_locals *locals; /* NULL: the present ones */
};

static int next_make(struct next *next, const struct dp_txn *txn);
static void next_free(struct next *next);
static int surroundings_set(const struct dp_txn *txn, const struct next *next, char *ret_error);
static void net_commit(struct dp_txn *txn, struct next *next);
static void servers_settle(const struct dp_txn *txn);
static void snapshot_fill(struct next *next);
static void publish(struct dp_snapshot *next, struct dp_fib *fib);
static void own_moving_set(struct tables *tables);
static struct net net_of(const struct dp_txn *txn);
static void change_commit(struct change *change);
static int tables_make(struct tables *tables, const struct dp_svc *const *svc, uint32_t svc_count,
		       const struct net *net, const struct local_plan *plan);
static int locals_check(const struct dp_txn *txn, const struct next *next, char *ret_error);
static int book_set(const struct net *net, const struct tables *tables);
static void tables_free(struct tables *tables);

int
dp_txn_commit(struct dp_txn *txn, char ret_error[DP_ERROR_SIZE])
{
	struct next next = { 0 };
	bool net_set = txn->net_set;
	int code = next_make(&next, txn);

	if (code != 0)
		txn_fail(ret_error, code, "out of memory for a snapshot");
	if (code == 0)
		code = locals_check(txn, &next, ret_error);
	if (code == 0)
		code = surroundings_set(txn, &next, ret_error);
	if (code != 0) {
		next_free(&next);
		dp_txn_abort(txn);
		return code;
	}
	if (net_set)
		net_commit(txn, &next);
	/* Servers have their next hops and tunnels before a worker can choose them. */
	servers_settle(txn);
	snapshot_fill(&next);
	publish(next.snapshot, now.fib);
	if (!next.stay)
		local_book_forget();
	if (net_set)
		dp_net_epoch_bump();
	for (struct change *change = txn->first; change != NULL; change = change->next)
		change_commit(change);
	for (uint32_t i = 0; i < txn->flush_count; i++)
		real_generation_next(&dp_real_slots[txn->flush[i]]);
	if (!next.stay)
		own_moving_set(&next.tables);
	free(next.tables.vips);
	free(next.tables.locals);
	txn_free(txn);
	if (!now.launched) {
		now.launched = true;
		if (dp_workers_launch() != 0)
			return txn_fail(ret_error, -EBUSY, "the workers do not start");
	}
	return 0;
}

bool
dp_txn_tidy(void)
{
	struct dp_snapshot *next;
	struct tables tables;
	struct net net;

	if (now.snapshot == NULL || txn_is_open())
		return false;
	net = net_of(NULL);
	if (tables_make(&tables, now.snapshot->svc, now.snapshot->svc_count, &net, NULL) != 0)
		return false;
	next = malloc(sizeof(*next));
	if (next == NULL || book_set(&net, &tables) != 0) {
		tables_free(&tables);
		free(next);
		return false;
	}
	*next = *now.snapshot;
	next->addrs = tables.addrs;
	next->services = tables.services;
	next->any_nat = tables.any_nat;
	next->any_local = tables.local_count != 0;
	free(tables.vips);
	free(tables.locals);
	publish(next, now.fib);
	own_moving_set(&tables);
	local_book_forget();
	return true;
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
	dp_ha_publish(now.snapshot);
	return 0;
}

void
dp_txn_fini(void)
{
	struct dp_snapshot *last = now.snapshot;

	dp_ha_publish(NULL);
	if (last != NULL) {
		for (uint32_t slot = 0; slot < last->svc_count; slot++)
			svc_free((void *)(uintptr_t)last->svc[slot]);
		free((void *)(uintptr_t)last->svc);
		free((void *)(uintptr_t)last->addrs);
		free((void *)(uintptr_t)last->services);
		free((void *)(uintptr_t)last->locals);
	}
	local_book_fini();
	dp_fib_free(now.fib);
	free(now.addrs);
	free(now.neighs);
	free(now.moving);
	free(now.own_moving);
	free(now.gateway);
	free(last);
	memset(&now, 0, sizeof(now));
}

/* ---- what can fail ---- */

static bool
svc_has_nat(const struct dp_svc *svc)
{
	for (uint32_t i = 0; i < svc->all; i++)
		if (svc->fwd[i] == SL_FWD_NAT)
			return true;
	return false;
}

/* Do schedulers see the same servers with the same weights in both? Being overloaded changes nothing that they remember. */
static bool
svc_same_servers(const struct dp_svc *a, const struct dp_svc *b)
{
	if (a->count != b->count)
		return false;
	for (uint32_t i = 0; i < a->count; i++)
		if (a->server[i].order != b->server[i].order || a->server[i].weight != b->server[i].weight ||
		    a->server[i].slot != b->server[i].slot)
			return false;
	return true;
}

/* What a published service and its successor have in common decides what schedulers remember. */
static void
svc_inherit(struct dp_svc *svc, const struct dp_svc *old)
{
	svc->sched_generation =
		old != NULL && old->sched == svc->sched ? old->sched_generation : ++now.sched_generation;
	svc->epoch = old != NULL && svc_same_servers(svc, old) ? old->epoch : ++now.epoch;
}

/* The services by slot, as they will be. */
static const struct dp_svc **
svc_array_make(const struct dp_txn *txn, uint32_t *ret_count)
{
	uint32_t count = now.snapshot->svc_count;
	const struct dp_svc **svc;

	for (const struct change *change = txn->first; change != NULL; change = change->next)
		if (change->service->slot >= count)
			count = change->service->slot + 1;
	svc = malloc(((size_t)count + 1) * sizeof(*svc));
	if (svc == NULL)
		return NULL;
	for (uint32_t slot = 0; slot < count; slot++)
		svc[slot] = slot < now.snapshot->svc_count ? now.snapshot->svc[slot] : NULL;
	for (struct change *change = txn->first; change != NULL; change = change->next) {
		if (change->svc != NULL)
			svc_inherit(change->svc, svc[change->service->slot]);
		svc[change->service->slot] = change->svc;
	}
	*ret_count = count;
	return svc;
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
	return !txn->net_set;
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

static void
tables_free(struct tables *tables)
{
	free(tables->addrs);
	free(tables->services);
	free(tables->vips);
	free(tables->locals);
	free(tables->own_moving);
	*tables = (struct tables){ 0 };
}

/* The moving addresses that are nothing else. */
static int
own_moving_collect(struct tables *tables, const struct net *net)
{
	tables->own_moving = calloc((size_t)net->moving_count + 1, sizeof(*tables->own_moving));
	if (tables->own_moving == NULL)
		return -ENOMEM;
	for (unsigned int i = 0; i < net->moving_count; i++)
		if ((addr_table_find(tables->addrs, &net->moving[i].prefix.addr) & ADDR_KINDS) == ADDR_OWN)
			tables->own_moving[tables->own_moving_count++] = net->moving[i];
	return 0;
}

/* Each VIP once. */
static int
vips_collect(struct tables *tables)
{
	const struct addr_table *table = tables->addrs;

	tables->vips = malloc((table->mask / 2 + 2) * sizeof(*tables->vips));
	if (tables->vips == NULL)
		return -ENOMEM;
	for (uint32_t at = 0; at <= table->mask; at++)
		if ((table->entry[at].flags & ADDR_VIP) != 0)
			tables->vips[tables->vip_count++] = table->entry[at].addr;
	return 0;
}

/* What the address is besides, services and local addresses say. */
static struct addr_entry
moving_entry(const struct dp_moving *moving)
{
	return (struct addr_entry){
		.addr = moving->prefix.addr,
		.flags = (uint64_t)moving->group << ADDR_GROUP_SHIFT | (moving->no_ping ? ADDR_NO_PING : 0),
	};
}

/* The addresses as the transaction has them, or (also with NULL) the present ones. */
static struct net
net_of(const struct dp_txn *txn)
{
	if (txn == NULL || !txn->net_set)
		return (struct net){ now.addrs, now.moving, now.addr_count, now.moving_count };
	return (struct net){ txn->addrs, txn->moving, txn->addr_count, txn->moving_count };
}

/* From the services by slot, as they will be, and removed ones that may have connections left. */
static int
tables_make(struct tables *tables, const struct dp_svc *const *svc, uint32_t svc_count, const struct net *net,
	    const struct local_plan *plan)
{
	uint32_t records = HASH_COUNT(book_services), addr_count = 0, service_count = 0;
	uint32_t locals = local_book_count(plan);
	struct addr_entry *addrs = calloc(
		(size_t)records + net->own_count + net->moving_count + locals + DP_PORTS_MAX, sizeof(*addrs));
	struct service_entry *services = calloc((size_t)records + 1, sizeof(*services));
	struct book_service *record, *tmp;
	struct sl_addr link_locals[DP_PORTS_MAX];

	*tables = (struct tables){ .locals = calloc((size_t)locals + 1, sizeof(*tables->locals)) };
	if (addrs == NULL || services == NULL || tables->locals == NULL)
		goto out;
	tables->local_count = addr_count = local_book_list(plan, addrs, tables->locals);
	HASH_ITER(hh, book_services, record, tmp)
	{
		const struct dp_svc *s = record->slot < svc_count ? svc[record->slot] : NULL;
		bool nat = record->nat || (s != NULL && svc_has_nat(s));
		uint32_t before =
			(uint32_t)addr_flags_kinds(addr_table_find(now.snapshot->addrs, &record->key.vip));

		if (s == NULL && record->reals == NULL)
			continue;
		tables->any_nat |= nat;
		addrs[addr_count++] = (struct addr_entry){
			.addr = record->key.vip,
			.flags = vip_flags_of(before & ~(uint32_t)(ADDR_OWN | ADDR_LOCAL), nat),
		};
		if (s != NULL)
			services[service_count++] =
				(struct service_entry){ .key = record->key, .slot = record->slot };
	}
	for (unsigned int i = 0; i < net->own_count; i++)
		addrs[addr_count++] =
			(struct addr_entry){ .addr = net->own[i].prefix.addr, .flags = ADDR_OWN };
	for (unsigned int i = 0; i < net->moving_count; i++)
		addrs[addr_count++] = moving_entry(&net->moving[i]);
	for (unsigned int i = dp_tap_link_locals(link_locals); i-- > 0;)
		addrs[addr_count++] = (struct addr_entry){ .addr = link_locals[i], .flags = ADDR_OWN };
	tables->addrs = addr_table_build(addrs, addr_count);
	tables->services = service_table_build(services, service_count);
out:
	free(addrs);
	free(services);
	if (tables->addrs == NULL || tables->services == NULL || vips_collect(tables) != 0 ||
	    own_moving_collect(tables, net) != 0) {
		tables_free(tables);
		return -ENOMEM;
	}
	return 0;
}

static int
next_make(struct next *next, const struct dp_txn *txn)
{
	struct net net = net_of(txn);

	next->snapshot = malloc(sizeof(*next->snapshot));
	next->svc = svc_array_make(txn, &next->svc_count);
	if (next->snapshot == NULL || next->svc == NULL)
		return -ENOMEM;
	if (txn->net_set) {
		next->gateway = calloc((size_t)dp_fib_route_count(txn->fib) + txn->kept_count + 1,
				       sizeof(*next->gateway));
		if (next->gateway == NULL)
			return -ENOMEM;
	}
	next->stay = tables_stay(txn);
	return next->stay ? 0 : tables_make(&next->tables, next->svc, next->svc_count, &net, txn->locals);
}

static void
next_free(struct next *next)
{
	free(next->snapshot);
	free(next->svc);
	free(next->gateway);
	tables_free(&next->tables);
}

/* A VIP's packets are a client's, a local address's a server's: none can be both. */
static int
local_vip_find(const struct tables *tables, char *ret_error)
{
	for (uint32_t i = 0; i < tables->local_count; i++) {
		const struct sl_addr *addr = &tables->locals[i].addr;
		char text[SL_ADDR_STRLEN];

		if ((addr_table_find(tables->addrs, addr) & ADDR_VIP) == 0)
			continue;
		snprintf(ret_error, DP_ERROR_SIZE,
			 "%s is both a virtual server's address and a local address; full NAT needs "
			 "addresses of its own",
			 sl_addr_format(addr, text));
		return -EINVAL;
	}
	return 0;
}

/* Groups that services name are there, and no local address is a VIP. */
static int
locals_check(const struct dp_txn *txn, const struct next *next, char *ret_error)
{
	for (uint32_t slot = 0; slot < next->svc_count; slot++) {
		const struct dp_svc *svc = next->svc[slot];

		if (svc == NULL || svc->local_group == 0 || local_group_exists(txn->locals, svc->local_group))
			continue;
		snprintf(ret_error, DP_ERROR_SIZE,
			 "a virtual server names local_address_group %s, which is not there",
			 local_group_name(svc->local_group));
		return -ENOENT;
	}
	return next->stay ? 0 : local_vip_find(&next->tables, ret_error);
}

static int
book_set(const struct net *net, const struct tables *tables)
{
	return dp_addr_book_set(&(struct dp_book_lists){
		.own = net->own,
		.vips = tables->vips,
		.locals = tables->locals,
		.moving = net->moving,
		.own_count = net->own_count,
		.vip_count = tables->vip_count,
		.local_count = tables->local_count,
		.moving_count = net->moving_count,
	});
}

/* Addresses and static neighbours: all or, when something fails, as they were. */
static int
surroundings_set(const struct dp_txn *txn, const struct next *next, char *ret_error)
{
	struct net net = net_of(txn);
	int code = 0;

	if (next->stay)
		return 0;
	if (txn->net_set && dp_neigh_static_set(txn->neighs, txn->neigh_count) != 0)
		code = txn_fail(ret_error, -ENOSPC, "static neighbours: the neighbour table is full");
	else if (book_set(&net, &next->tables) != 0)
		code = txn_fail(ret_error, -ENOMEM, "out of memory for the box's addresses");
	if (code != 0 && txn->net_set)
		(void)dp_neigh_static_set(now.neighs, now.neigh_count);
	return code;
}

/* ---- what cannot ---- */

/*
 * The tunnel to a server as it is configured, along its present way. A server without a
 * way keeps the one it has; nothing is sent to it.
 */
static void
tunnel_resolve(struct book_real *real, const struct dp_fib_hop *hop)
{
	struct dp_real_slot *slot = &dp_real_slots[real->slot];
	uint32_t old = real->tunnel;

	if (hop == NULL)
		return;
	real->tunnel = dp_tunnel_get(&(struct dp_tunnel_way){
		.server = slot->addr,
		.source = dp_net_tunnel_source(&slot->addr, hop),
		.tunnel = real->tunnel_conf,
		.inner6 = !sl_addr_is_v4(&real->service->key.vip),
		.link_mtu = dp_port_mtu(hop->port),
	});
	if (real->tunnel == 0)
		sl_error("no room for another tunnel: packets to a server are dropped");
	atomic_store_explicit(&slot->tunnel, real->tunnel, memory_order_release);
	dp_tunnel_put(old);
}

/* The next hop of a server, pinned, and its tunnel. False: there is a way to it, but no room for the neighbour. */
static bool
nexthop_resolve(struct book_real *real)
{
	struct dp_real_slot *slot = &dp_real_slots[real->slot];
	bool routed, pinned;
	struct dp_fib_hop hop;
	uint32_t neigh = 0;

	routed = dp_fib_lookup(now.fib, &slot->addr, &hop);
	if (routed)
		neigh = dp_neigh_want_pinned(hop.port, sl_addr_is_none(&hop.via) ? &slot->addr : &hop.via);
	pinned = neigh != 0;
	if (real->neigh != 0)
		dp_neigh_unpin(real->neigh);
	real->neigh = neigh;
	if (real->tunneled)
		tunnel_resolve(real, routed ? &hop : NULL);
	atomic_store_explicit(&slot->nexthop, neigh, memory_order_release);
	return pinned || !routed;
}

static void
neighbours_full(unsigned int missing)
{
	if (missing != 0)
		sl_error("%u real servers or gateways cannot be reached: the neighbour table is full (%u)",
			 missing, DP_NH_MAX - 1);
}

/* All gateways are kept resolved, and what is to be kept besides; those of the network before are let go. */
static unsigned int
gateways_pin(struct next *next, const struct dp_txn *txn)
{
	unsigned int routes = dp_fib_route_count(now.fib), count = 0, missing = 0, watched_from;
	struct dp_fib_hop hop, last = { 0 };

	for (unsigned int i = 0; i < routes; i++) {
		uint32_t index;

		if (!dp_fib_gateway(now.fib, i, &hop) ||
		    (hop.port == last.port && sl_addr_eq(&hop.via, &last.via)))
			continue;
		last = hop;
		index = dp_neigh_want_pinned(hop.port, &hop.via);
		if (index != 0)
			next->gateway[count++] = index;
		else
			missing++;
	}
	for (unsigned int i = now.watched_from; i < now.gateway_count; i++)
		dp_neigh_watch(now.gateway[i], false);
	watched_from = count;
	for (unsigned int i = 0; i < txn->kept_count; i++) {
		/* Behind another gateway it is nobody's neighbour. */
		if (!dp_fib_lookup(now.fib, &txn->kept[i], &hop) || !sl_addr_is_none(&hop.via))
			continue;
		next->gateway[count] = dp_neigh_want_pinned(hop.port, &txn->kept[i]);
		missing += next->gateway[count] == 0;
		if (next->gateway[count] != 0)
			dp_neigh_watch(next->gateway[count++], true);
	}
	for (unsigned int i = 0; i < now.gateway_count; i++)
		dp_neigh_unpin(now.gateway[i]);
	free(now.gateway);
	now.gateway = next->gateway;
	now.gateway_count = count;
	now.watched_from = watched_from;
	return missing;
}

/* The new network becomes the present one, but for the snapshot. */
static void
net_commit(struct dp_txn *txn, struct next *next)
{
	struct book_real *real, *tmp;
	unsigned int missing;

	now.fib = txn->fib;
	next->locals = local_plan_commit(txn->locals);
	txn->locals = NULL;
	free(now.addrs);
	free(now.neighs);
	free(now.moving);
	now.addrs = txn->addrs;
	now.addr_count = txn->addr_count;
	now.neighs = txn->neighs;
	now.neigh_count = txn->neigh_count;
	now.moving = txn->moving;
	now.moving_count = txn->moving_count;
	txn->fib = NULL;
	txn->addrs = NULL;
	txn->neighs = NULL;
	txn->moving = NULL;
	dp_tap_net_set(now.addrs, now.addr_count, txn->routes, txn->route_count);
	missing = gateways_pin(next, txn);
	HASH_ITER(hh, book_reals, real, tmp)
	missing += !nexthop_resolve(real);
	neighbours_full(missing);
}

/*
 * What the service's new form says of one of its servers. True: its way, or its tunnel, is
 * to be looked up (again, though all ways just have been).
 */
static bool
server_settle(struct book_real *real, const struct dp_svc *svc, uint32_t i, bool looked_up)
{
	struct dp_real_slot *slot = &dp_real_slots[real->slot];
	const struct dp_tunnel *tunnel = &svc->tunnel[i];
	bool other = real->neigh == 0 && !looked_up;

	atomic_store_explicit(&slot->mss, svc->mss, memory_order_relaxed);
	atomic_store_explicit(&slot->options, svc->options, memory_order_relaxed);
	dp_limit_set(real->slot, svc->limit[i].upper, svc->limit[i].lower, !real->known);
	if (svc->fwd[i] != SL_FWD_TUN)
		return other;
	other |= !real->tunneled || real->tunnel == 0 || real->tunnel_conf.type != tunnel->type ||
		 real->tunnel_conf.sum != tunnel->sum || real->tunnel_conf.port != tunnel->port;
	real->tunneled = true;
	real->tunnel_conf = *tunnel;
	return other;
}

/* Servers of changed services: what they are like now, next hops of those that have none yet, tunnels. */
static void
servers_settle(const struct dp_txn *txn)
{
	unsigned int missing = 0;

	for (const struct change *change = txn->first; change != NULL; change = change->next)
		for (uint32_t i = 0; i < change_real_count(change); i++) {
			struct book_real *real = book_real_at(change->svc->server[i].slot);

			if (server_settle(real, change->svc, i, txn->net_set))
				missing += !nexthop_resolve(real);
		}
	neighbours_full(missing);
}

/* What the box calls itself where a packet's own destination does not say. */
static void
own_addresses_fill(struct dp_snapshot *snapshot)
{
	unsigned int count[DP_PORTS_MAX] = { 0 };

	memset(snapshot->own, 0, sizeof(snapshot->own));
	for (unsigned int i = 0; i < now.addr_count; i++) {
		unsigned int port = now.addrs[i].port;

		if (count[port] < DP_OWN_MAX)
			snapshot->own[port][count[port]++] = now.addrs[i].prefix;
	}
}

static void
snapshot_fill(struct next *next)
{
	*next->snapshot = *now.snapshot;
	own_addresses_fill(next->snapshot);
	next->snapshot->svc = next->svc;
	next->snapshot->svc_count = next->svc_count;
	next->snapshot->fib = now.fib;
	if (next->locals != NULL)
		next->snapshot->locals = next->locals;
	if (!next->stay) {
		next->snapshot->any_local = next->tables.local_count != 0;
		next->snapshot->addrs = next->tables.addrs;
		next->snapshot->services = next->tables.services;
		next->snapshot->any_nat = next->tables.any_nat;
	}
}

static bool
moving_eq(const struct dp_moving *a, const struct dp_moving *b)
{
	return a->port == b->port && a->group == b->group && a->prefix.len == b->prefix.len &&
	       sl_addr_eq(&a->prefix.addr, &b->prefix.addr);
}

/* What kernel interfaces have while it is held, after the snapshot is published. Takes the list over. */
static void
own_moving_set(struct tables *tables)
{
	bool same = tables->own_moving_count == now.own_moving_count;

	for (unsigned int i = 0; same && i < now.own_moving_count; i++)
		same = moving_eq(&tables->own_moving[i], &now.own_moving[i]);
	free(same ? tables->own_moving : now.own_moving);
	if (!same) {
		now.own_moving = tables->own_moving;
		now.own_moving_count = tables->own_moving_count;
		dp_tap_moving_set(now.own_moving, now.own_moving_count);
	}
	tables->own_moving = NULL;
}

static void
fib_free_deferred(void *fib)
{
	dp_fib_free(fib);
}

/* Stores the one pointer, and lets go of what it replaces. */
static void
publish(struct dp_snapshot *next, struct dp_fib *fib)
{
	struct dp_snapshot *old = now.snapshot;

	dp_ha_publish(next);
	now.snapshot = next;
	if (old->addrs != next->addrs)
		dp_rcu_defer(free, (void *)(uintptr_t)old->addrs);
	if (old->services != next->services)
		dp_rcu_defer(free, (void *)(uintptr_t)old->services);
	if (old->locals != next->locals)
		dp_rcu_defer(free, (void *)(uintptr_t)old->locals);
	if (old->fib != fib)
		dp_rcu_defer(fib_free_deferred, (void *)(uintptr_t)old->fib);
	if (old->svc != next->svc)
		dp_rcu_defer(free, (void *)(uintptr_t)old->svc);
	dp_rcu_defer(free, old);
}

/* The servers of a service that its new form no longer has go; those it has are listed. */
static void
listing_update(struct change *change)
{
	struct book_service *service = change->service;

	for (struct book_real *real = service->reals; real != NULL; real = real->next)
		real->leaves = real->listed;
	for (uint32_t i = 0; i < change_real_count(change); i++) {
		struct book_real *real = book_real_at(change->svc->server[i].slot);

		if (!real->listed)
			book_real_list(real);
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

	/* A service that is made anew begins to count at zero. */
	if (change->svc != NULL && !service->listed)
		book_traffic(service, &service->base);
	service->svc = change->svc;
	service->listed = change->svc != NULL;
	service->nat |= change->svc != NULL && svc_has_nat(change->svc);
	listing_update(change);
	if (old != NULL)
		dp_rcu_defer(svc_free, (void *)(uintptr_t)old);
}
