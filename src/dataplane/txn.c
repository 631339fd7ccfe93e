/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Transactions, first half: gathering what the control core wants.
 *
 * Every service is compiled at once into an immutable struct dp_svc, its servers
 * get their slots, and a new network its forwarding table; nothing of it can be
 * seen by workers. Commit (txn_commit.c) publishes it, abort forgets it.
 * Control thread only; one transaction at a time.
 */
#include "txn.h"
#include "txn_private.h"
#include "neigh.h"
#include "svc_table.h"
#include "wire.h"

#include "sl_addr.h"

#include <sluice/dp_ha.h>

#include <errno.h>
#include <stdlib.h>

static bool txn_open;

static struct dp_svc *svc_create(const struct dp_service *service, uint32_t slot);
static int group_take(struct dp_svc *svc, const struct dp_service *service, char *ret_error);
static int servers_take(struct change *change, struct dp_service *service, char *ret_error);
static void change_end(struct change *change);

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

bool
txn_is_open(void)
{
	return txn_open;
}

static void
change_add(struct dp_txn *txn, struct change *change)
{
	*txn->last_next = change;
	txn->last_next = &change->next;
}

/* A change of the service, which keeps its record. NULL: out of memory. */
static struct change *
change_create(struct book_service *service)
{
	struct change *change = calloc(1, sizeof(*change));

	if (change == NULL) {
		book_service_release(service);
		return NULL;
	}
	change->service = service;
	service->refs++;
	return change;
}

int
dp_txn_service_put(struct dp_txn *txn, struct dp_service *service, char ret_error[DP_ERROR_SIZE])
{
	struct book_service *record = book_service_take(&service->key);
	struct change *change;
	struct dp_svc *svc;
	int code;

	if (record == NULL)
		return txn_fail(ret_error, -ENOSPC, "no room for another service");
	change = change_create(record);
	svc = change != NULL ? svc_create(service, record->slot) : NULL;
	if (svc == NULL) {
		if (change != NULL)
			change_end(change);
		return txn_fail(ret_error, -ENOMEM, "out of memory for a service");
	}
	service->ret_slot = record->slot;
	change->svc = svc;
	code = group_take(svc, service, ret_error);
	if (code == 0)
		code = servers_take(change, service, ret_error);
	if (code == 0)
		code = svc_table_take(svc, record->svc, service, ret_error);
	if (code != 0) {
		change_end(change);
		svc_free(svc);
		return code;
	}
	change_add(txn, change);
	return 0;
}

int
dp_txn_service_remove(struct dp_txn *txn, const struct dp_service_key *key, char ret_error[DP_ERROR_SIZE])
{
	struct book_service *record = book_service_find(key);
	struct change *change;

	if (record == NULL)
		return txn_fail(ret_error, -ENOENT, "no such service in the data plane");
	change = change_create(record);
	if (change == NULL)
		return txn_fail(ret_error, -ENOMEM, "out of memory");
	change_add(txn, change);
	return 0;
}

/* Gateways' ports are found where the forwarding table has found them. */
static void
routes_complete(struct dp_txn *txn)
{
	struct dp_fib_hop hop;

	for (unsigned int i = 0; i < txn->route_count; i++)
		if (dp_fib_gateway(txn->fib, i, &hop))
			txn->routes[i].port = (int)hop.port;
}

static void *
copy_of(const void *items, size_t size)
{
	void *copy = malloc(size + 1);

	if (copy != NULL && size > 0)
		memcpy(copy, items, size);
	return copy;
}

static int
moving_refuse(const struct sl_addr *addr, const char *what, char *ret_error)
{
	char text[SL_ADDR_STRLEN];

	snprintf(ret_error, DP_ERROR_SIZE, "%s, an address that moves, %s", sl_addr_format(addr, text), what);
	return -EINVAL;
}

static int
compare_moving(const void *left, const void *right)
{
	const struct dp_moving *a = left, *b = right;

	return memcmp(a->prefix.addr.b, b->prefix.addr.b, sizeof(a->prefix.addr.b));
}

/* Sorts them. Each has a group, once, and is no port's for good. */
static int
moving_check(struct dp_moving *moving, unsigned int count, const struct dp_net *net, char *ret_error)
{
	struct dp_moving key;

	qsort(moving, count, sizeof(*moving), compare_moving);
	for (unsigned int i = 0; i < count; i++) {
		const struct dp_moving *m = &moving[i];

		if (m->group == 0 || m->group >= DP_HA_GROUPS_MAX)
			return moving_refuse(&m->prefix.addr, "has no group; the box can have 255",
					     ret_error);
		if (m->port >= DP_PORTS_MAX)
			return moving_refuse(&m->prefix.addr, "names no port", ret_error);
		if (i > 0 && compare_moving(m, m - 1) == 0)
			return moving_refuse(&m->prefix.addr, "is listed twice", ret_error);
	}
	for (unsigned int i = 0; count != 0 && i < net->addr_count; i++) {
		key.prefix = net->addrs[i].prefix;
		if (bsearch(&key, moving, count, sizeof(key), compare_moving) != NULL)
			return moving_refuse(&key.prefix.addr, "is a port's own as well", ret_error);
	}
	return 0;
}

int
dp_txn_net_set(struct dp_txn *txn, const struct dp_net *net, char ret_error[DP_ERROR_SIZE])
{
	struct dp_fib *fib = dp_fib_build(net, ret_error);

	if (fib == NULL)
		return -errno;
	local_plan_abort(txn->locals);
	txn->locals = local_plan_create(net, ret_error);
	if (txn->locals == NULL) {
		int code = -errno;

		dp_fib_free(fib);
		return code;
	}
	dp_fib_free(txn->fib);
	free(txn->addrs);
	free(txn->neighs);
	free(txn->routes);
	free(txn->moving);
	free(txn->kept);
	txn->fib = fib;
	txn->net_set = true;
	txn->addrs = copy_of(net->addrs, net->addr_count * sizeof(*net->addrs));
	txn->neighs = copy_of(net->neighs, net->neigh_count * sizeof(*net->neighs));
	txn->routes = copy_of(net->routes, net->route_count * sizeof(*net->routes));
	txn->addr_count = net->addr_count;
	txn->neigh_count = net->neigh_count;
	txn->route_count = net->route_count;
	txn->moving = copy_of(net->moving, net->moving_count * sizeof(*net->moving));
	txn->moving_count = net->moving_count;
	txn->kept = copy_of(net->kept, net->kept_count * sizeof(*net->kept));
	txn->kept_count = net->kept_count;
	if (txn->addrs == NULL || txn->neighs == NULL || txn->routes == NULL || txn->moving == NULL ||
	    txn->kept == NULL)
		return txn_fail(ret_error, -ENOMEM, "out of memory for the network");
	routes_complete(txn);
	return moving_check(txn->moving, txn->moving_count, net, ret_error);
}

int
dp_txn_real_flush(struct dp_txn *txn, uint32_t real_slot)
{
	if (book_real_at(real_slot) == NULL)
		return -ENOENT;
	if (txn->flush_count == txn->flush_max) {
		uint32_t max = txn->flush_max * 2 + 16;
		uint32_t *more = realloc(txn->flush, max * sizeof(*more));

		if (more == NULL)
			return -ENOMEM;
		txn->flush = more;
		txn->flush_max = max;
	}
	txn->flush[txn->flush_count++] = real_slot;
	return 0;
}

void
txn_free(struct dp_txn *txn)
{
	while (txn->first != NULL) {
		struct change *change = txn->first;

		txn->first = change->next;
		change_end(change);
	}
	dp_fib_free(txn->fib);
	local_plan_abort(txn->locals);
	local_groups_settle();
	free(txn->addrs);
	free(txn->neighs);
	free(txn->routes);
	free(txn->moving);
	free(txn->kept);
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
		struct dp_svc *svc = change->svc;

		txn->first = change->next;
		change_end(change);
		svc_free(svc);
	}
	txn_free(txn);
}

/* Lets go of the records. Servers that were taken for this transaction and never listed go. */
static void
change_end(struct change *change)
{
	for (uint32_t i = 0; i < change_real_count(change); i++) {
		struct book_real *real = book_real_at(change->svc->server[i].slot);

		if (--real->refs == 0 && !real->known)
			book_real_free(real);
	}
	change->service->refs--;
	book_service_release(change->service);
	free(change);
}

/* ---- compiling a service ---- */

/* The compiled form of a service, with room for its servers, which servers_take fills in. */
static struct dp_svc *
svc_create(const struct dp_service *service, uint32_t slot)
{
	size_t each = sizeof(struct sched_server) + sizeof(struct dp_svc_limit) + sizeof(struct dp_tunnel) +
		      sizeof(uint8_t);
	uint32_t index_size = dp_svc_index_size(service->real_count);
	struct dp_svc *svc =
		calloc(1, sizeof(struct dp_svc) + service->real_count * each + index_size * sizeof(uint32_t));

	if (svc == NULL)
		return NULL;
	svc->key = service->key;
	svc->sched = service->sched;
	svc->slot = slot;
	svc->mss = service->mss;
	svc->options = service->options;
	svc->sched_options = ((service->options & DP_SERVICE_FALLBACK) != 0 ? SCHED_FALLBACK : 0) |
			     ((service->options & DP_SERVICE_PORT) != 0 ? SCHED_PORT : 0);
	svc->limit = (struct dp_svc_limit *)&svc->server[service->real_count];
	svc->index = (uint32_t *)&svc->limit[service->real_count];
	svc->index_mask = index_size != 0 ? index_size - 1 : 0;
	svc->tunnel = (struct dp_tunnel *)&svc->index[index_size];
	svc->fwd = (uint8_t *)&svc->tunnel[service->real_count];
	return svc;
}

/*
 * Fills the shared line of a slot that nobody can see yet. The sums are NAT's; those of the IP
 * header mean something only where VIP and server are of one family.
 */
static void
slot_fill(struct dp_real_slot *slot, const struct dp_service_key *key, const struct dp_real *real,
	  uint32_t service)
{
	bool v4 = sl_addr_is_v4(&real->addr), vip4 = sl_addr_is_v4(&key->vip);
	uint16_t vport_be = rte_cpu_to_be_16(key->port), rport_be = rte_cpu_to_be_16(real->port);
	uint16_t vip_sum = sum_fold(sum_bytes(key->vip.b + (vip4 ? 12 : 0), vip4 ? 4 : 16));
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
	atomic_store_explicit(&slot->tunnel, 0, memory_order_relaxed);
}

/* May packets of this family go to the server by its method? */
static bool
families_fit(const struct dp_service_key *key, const struct dp_real *real)
{
	bool vip4 = sl_addr_is_v4(&key->vip), real4 = sl_addr_is_v4(&real->addr);

	return vip4 == real4 || real->fwd == SL_FWD_TUN || (real->fwd == SL_FWD_FNAT && real4);
}

/* Whether there is such a group is asked at commit: the network may be given after the service. */
static int
group_take(struct dp_svc *svc, const struct dp_service *service, char *ret_error)
{
	if (service->local_group[0] == '\0')
		return 0;
	svc->local_group = local_group_slot(service->local_group);
	return svc->local_group != 0
		       ? 0
		       : txn_fail(ret_error, -ENOSPC,
				  "too many names of local_address_groups; the box can have 1023");
}

/* Gives a server its record and slot, and the next place in the service. */
static int
server_take(struct change *change, const struct dp_service_key *key, struct dp_real *real, char *ret_error)
{
	struct dp_svc *svc = change->svc;
	uint32_t place = svc->all;
	struct book_real *record;
	bool fresh;

	if (!families_fit(key, real))
		return txn_fail(ret_error, -EINVAL,
				"a real server must be of its virtual service's address family, but by "
				"TUN, or by FNAT from IPv6 to IPv4");
	record = book_real_take(change->service, &real->addr, real->port, &fresh);
	if (record == NULL)
		return txn_fail(ret_error, -ENOSPC, "no room for another real server");
	if (fresh)
		slot_fill(&dp_real_slots[record->slot], key, real, change->service->slot);
	record->refs++;
	real->ret_slot = record->slot;
	svc->server[place] = (struct sched_server){
		.order = real->order,
		.weight = real->weight,
		.slot = record->slot,
	};
	svc->limit[place] = (struct dp_svc_limit){ real->upper, real->lower };
	svc->tunnel[place] = real->tunnel;
	svc->fwd[place] = real->fwd;
	svc->all++;
	return 0;
}

/* Those that may be chosen, in their order, and behind them those that are out. */
static int
servers_take(struct change *change, struct dp_service *service, char *ret_error)
{
	for (unsigned int out = 0; out < 2; out++) {
		for (uint32_t i = 0; i < service->real_count; i++) {
			int code = 0;

			if (service->reals[i].out == (out != 0))
				code = server_take(change, &service->key, &service->reals[i], ret_error);
			if (code != 0)
				return code;
		}
		if (out == 0)
			change->svc->count = change->svc->all;
	}
	dp_svc_index_fill(change->svc);
	return 0;
}
