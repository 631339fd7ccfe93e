/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A data plane without packets (fake_dp.h): start, stop and transactions.
 *
 * A transaction is a list of what was asked, applied at commit and not before.
 * Slots are given out when asked for, as the contract says, and taken back by
 * nobody: a slot that an aborted transaction asked for is only a number lost.
 */
#include "fake_dp_private.h"

#include "sl_addr.h"

#include <sluice/dp_ha.h>

#include <errno.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>

/* As a data plane starts. */
#define FRESH                                                                                                \
	{                                                                                                    \
		.tcp_s = 900, .tcp_fin_s = 120, .udp_s = 300, .conn_reuse_mode = 1, .pmtu_disc = true,       \
		.answer_rate = 1000, .kernel_rate = 50000                                                    \
	}
struct fake_dp fake_dp = FRESH;

/* What a transaction was asked to do with one service; service->reals NULL and removed: remove it. */
struct op {
	struct op *next;
	struct dp_service_key key;
	struct fake_dp_service *service;
	bool remove;
};

struct dp_txn {
	struct op *first, **last_next;
	uint32_t *flush;
	uint32_t flush_count;
	struct dp_net net;
	bool with_net, failed;
};

static void real_require(const struct dp_service *service, const struct dp_real *real);
static void groups_require(const struct fake_dp_service *service);
static bool group_has(const char *name, bool v4);
static int service_compare(const void *a, const void *b);
static int real_compare(const void *a, const void *b);
static struct fake_dp_service *service_copy(const struct dp_service *from);
static void service_free(struct fake_dp_service *service);
static struct fake_real *real_get(const struct dp_service_key *service, const struct sl_addr *addr,
				  uint16_t port);
static void op_add(struct dp_txn *txn, struct fake_dp_service *service, bool remove);
static void op_apply(struct op *op);
static void reals_mark(const struct fake_dp_service *service, bool present);
static void *array_copy(const void *from, size_t count, size_t size);
static void array_grow(void *array, uint32_t *size, uint32_t count);
static void net_copy(struct dp_net *to, const struct dp_net *from);
static void net_free(struct dp_net *net);

/* ---- for tests ---- */

void
fake_dp_reset(void)
{
	fake_dp_require(fake_dp.txn == NULL, "a transaction is committed or aborted before the end");
	for (uint32_t i = 0; i < fake_dp.service_count; i++) {
		tdelete(fake_dp.service[i], &fake_dp.service_tree, service_compare);
		service_free(fake_dp.service[i]);
	}
	for (uint32_t i = 0; i < fake_dp.real_count; i++) {
		tdelete(fake_dp.real[i], &fake_dp.real_tree, real_compare);
		free(fake_dp.real[i]);
	}
	free(fake_dp.service);
	free(fake_dp.real);
	net_free(&fake_dp.net);
	fake_dp_kernel_reset();
	fake_dp_route_reset();
	fake_dp_probe_reset();
	fake_dp_ha_reset();
	fake_dp = (struct fake_dp)FRESH;
}

void
fake_dp_fail(enum fake_dp_call call, unsigned int n, int rc)
{
	fake_dp.fail_at[call] = n;
	fake_dp.fail_rc[call] = rc;
}

unsigned int
fake_dp_calls(enum fake_dp_call call)
{
	return fake_dp.calls[call];
}

unsigned int
fake_dp_commits(void)
{
	return fake_dp.commits;
}

const struct fake_dp_service *
fake_dp_service_at(unsigned int i)
{
	return i < fake_dp.service_count ? fake_dp.service[i] : NULL;
}

const struct fake_dp_service *
fake_dp_service_find(const struct dp_service_key *key)
{
	const struct fake_dp_service wanted = { .key = *key };
	struct fake_dp_service **found = tfind(&wanted, &fake_dp.service_tree, service_compare);

	return found != NULL ? *found : NULL;
}

const struct dp_net *
fake_dp_net(void)
{
	return &fake_dp.net;
}

void
fake_dp_outcomes_set(uint32_t real_slot, uint64_t syns, uint64_t answered, uint64_t refused)
{
	struct fake_real *real = fake_dp.real[real_slot];

	fake_dp_require(answered + refused <= syns, "a connection ends in one way");
	real->syns = syns;
	real->answered = answered;
	real->refused = refused;
}

void
fake_dp_overloaded_set(uint32_t real_slot, bool on)
{
	fake_dp.real[real_slot]->overloaded = on;
}

bool
fake_dp_flushed(uint32_t real_slot)
{
	return real_slot < fake_dp.real_count && fake_dp.real[real_slot]->flushed;
}

enum dp_idle
fake_dp_idle(void)
{
	return fake_dp.idle;
}

unsigned int
fake_dp_conn_reuse_mode(void)
{
	return fake_dp.conn_reuse_mode;
}

/* ---- start and stop ---- */

/* An EAL option `--fail` fails. */
int
dp_eal_start(const struct dp_params *params, const struct dp_port_conf *ports, unsigned int port_count,
	     int eal_argc, char **eal_argv, char ret_error[DP_ERROR_SIZE])
{
	fake_dp_require(!fake_dp.eal_started, "EAL starts once");
	fake_dp_require(params->workers >= 1 && params->workers <= DP_WORKERS_MAX,
			"1..DP_WORKERS_MAX workers");
	for (int i = 0; i < eal_argc; i++) {
		if (strcmp(eal_argv[i], "--fail") == 0) {
			snprintf(ret_error, DP_ERROR_SIZE,
				 "EAL does not start: asked to fail: leave --fail out");
			return -EINVAL;
		}
	}
	fake_dp.params = *params;
	fake_dp.idle = params->idle;
	fake_dp.eal_started = true;
	return 0;
}

/* A device whose name begins with "net_missing" is not there. */
int
dp_port_open(const struct dp_port_conf *conf, char ret_error[DP_ERROR_SIZE])
{
	fake_dp_require(fake_dp.eal_started, "ports open after EAL has started");
	if (strncmp(conf->device, "net_missing", 11) == 0) {
		snprintf(ret_error, DP_ERROR_SIZE, "port %s: there is no device \"%s\"", conf->name,
			 conf->device);
		return -ENODEV;
	}
	fake_dp_require(fake_dp.port_count < DP_PORTS_MAX, "at most DP_PORTS_MAX ports");
	fake_dp.port[fake_dp.port_count] = *conf;
	return (int)fake_dp.port_count++;
}

int
dp_start(char ret_error[DP_ERROR_SIZE])
{
	fake_dp_require(fake_dp.eal_started && !fake_dp.started, "workers start once, after EAL");
	fake_dp.started = true;
	return 0;
}

void
dp_stop(void)
{
	fake_dp_reset();
}

void
dp_idle_set(enum dp_idle idle)
{
	fake_dp.idle = idle;
}

void
dp_timeouts_set(unsigned int tcp_s, unsigned int tcp_fin_s, unsigned int udp_s)
{
	if (tcp_s != 0)
		fake_dp.tcp_s = tcp_s;
	if (tcp_fin_s != 0)
		fake_dp.tcp_fin_s = tcp_fin_s;
	if (udp_s != 0)
		fake_dp.udp_s = udp_s;
}

void
dp_timeouts_get(unsigned int *ret_tcp_s, unsigned int *ret_tcp_fin_s, unsigned int *ret_udp_s)
{
	*ret_tcp_s = fake_dp.tcp_s;
	*ret_tcp_fin_s = fake_dp.tcp_fin_s;
	*ret_udp_s = fake_dp.udp_s;
}

void
dp_conn_reuse_mode_set(unsigned int mode)
{
	fake_dp.conn_reuse_mode = mode;
}

/* ---- transactions ---- */

struct dp_txn *
dp_txn_begin(void)
{
	int rc;

	fake_dp_require(fake_dp.txn == NULL, "one transaction at a time");
	if (fake_dp_fails(FAKE_DP_BEGIN, &rc, NULL))
		return NULL;
	fake_dp.txn = calloc(1, sizeof(*fake_dp.txn));
	if (fake_dp.txn != NULL)
		fake_dp.txn->last_next = &fake_dp.txn->first;
	return fake_dp.txn;
}

int
dp_txn_service_put(struct dp_txn *txn, struct dp_service *service, char ret_error[DP_ERROR_SIZE])
{
	const struct fake_dp_service *known = fake_dp_service_find(&service->key);
	struct fake_dp_service *copy;
	int rc;

	fake_dp_require(txn == fake_dp.txn && !txn->failed, "a transaction that failed can only be aborted");
	fake_dp_require(service->sched != NULL, "a service has a scheduler");
	fake_dp_require(service->sched->options != 0 ||
				(service->options & (DP_SERVICE_PORT | DP_SERVICE_FALLBACK)) == 0,
			"schedulers know what is asked of them");
	fake_dp_require(service->key.proto == SL_PROTO_TCP ||
				(service->mss == DP_MSS_KEEP &&
				 (service->options & (DP_SERVICE_TOA | DP_SERVICE_STRIP_TS)) == 0),
			"MSS, TOA and timestamps are of TCP");
	for (uint32_t i = 0; i < service->real_count; i++) {
		const struct dp_real *real = &service->reals[i];

		fake_dp_require(real->order != 0 && real->order != UINT32_MAX,
				"order is neither 0 nor UINT32_MAX");
		fake_dp_require(i == 0 || real->order < real[-1].order,
				"servers are sorted by falling order");
		fake_dp_require(real->fwd < SL_FWD_MAX, "a server has a forwarding method");
		real_require(service, real);
	}
	if (fake_dp_fails(FAKE_DP_PUT, &rc, ret_error)) {
		txn->failed = true;
		return rc;
	}
	service->ret_slot = known != NULL ? known->slot : fake_dp.service_slots++;
	for (uint32_t i = 0; i < service->real_count; i++)
		service->reals[i].ret_slot =
			real_get(&service->key, &service->reals[i].addr, service->reals[i].port)->slot;
	copy = service_copy(service);
	op_add(txn, copy, false);
	return 0;
}

int
dp_txn_service_remove(struct dp_txn *txn, const struct dp_service_key *key, char ret_error[DP_ERROR_SIZE])
{
	const struct dp_service service = { .key = *key };
	int rc;

	fake_dp_require(txn == fake_dp.txn && !txn->failed, "a transaction that failed can only be aborted");
	fake_dp_require(fake_dp_service_find(key) != NULL, "what is removed exists");
	if (fake_dp_fails(FAKE_DP_REMOVE, &rc, ret_error)) {
		txn->failed = true;
		return rc;
	}
	op_add(txn, service_copy(&service), true);
	return 0;
}

int
dp_txn_net_set(struct dp_txn *txn, const struct dp_net *net, char ret_error[DP_ERROR_SIZE])
{
	int rc;

	fake_dp_require(txn == fake_dp.txn && !txn->failed, "a transaction that failed can only be aborted");
	for (unsigned int i = 0; i < net->addr_count; i++)
		fake_dp_require(net->addrs[i].port < fake_dp.port_count, "addresses are on open ports");
	for (unsigned int i = 0; i < net->neigh_count; i++)
		fake_dp_require(net->neighs[i].port < fake_dp.port_count, "neighbours are on open ports");
	for (unsigned int i = 0; i < net->route_count; i++)
		fake_dp_require(net->routes[i].port < (int)fake_dp.port_count, "routes are on open ports");
	for (unsigned int i = 0; i < net->group_count; i++)
		for (unsigned int a = 0; a < net->groups[i].addr_count; a++)
			fake_dp_require(net->groups[i].addrs[a].port < fake_dp.port_count,
					"local addresses are on open ports");
	for (unsigned int i = 0; i < net->moving_count; i++) {
		fake_dp_require(net->moving[i].port < fake_dp.port_count,
				"moving addresses are on open ports");
		fake_dp_require(net->moving[i].group > 0 && net->moving[i].group < DP_HA_GROUPS_MAX,
				"moving addresses are in a group");
	}
	if (fake_dp_fails(FAKE_DP_NET, &rc, ret_error)) {
		txn->failed = true;
		return rc;
	}
	net_free(&txn->net);
	net_copy(&txn->net, net);
	txn->with_net = true;
	return 0;
}

int
dp_txn_real_flush(struct dp_txn *txn, uint32_t real_slot)
{
	int rc;

	fake_dp_require(txn == fake_dp.txn && !txn->failed, "a transaction that failed can only be aborted");
	fake_dp_require(real_slot < fake_dp.real_count, "the slot is that of a server");
	if (fake_dp_fails(FAKE_DP_FLUSH, &rc, NULL)) {
		txn->failed = true;
		return rc;
	}
	txn->flush = reallocarray(txn->flush, txn->flush_count + 1, sizeof(*txn->flush));
	fake_dp_require(txn->flush != NULL, "there is memory");
	txn->flush[txn->flush_count++] = real_slot;
	return 0;
}

int
dp_txn_commit(struct dp_txn *txn, char ret_error[DP_ERROR_SIZE])
{
	int rc;

	fake_dp_require(txn == fake_dp.txn && !txn->failed, "a transaction that failed can only be aborted");
	if (fake_dp_fails(FAKE_DP_COMMIT, &rc, ret_error)) {
		dp_txn_abort(txn);
		return rc;
	}
	for (struct op *op = txn->first; op != NULL; op = op->next)
		op_apply(op);
	for (uint32_t i = 0; i < txn->flush_count; i++)
		fake_dp.real[txn->flush[i]]->flushed = true;
	if (txn->with_net) {
		net_free(&fake_dp.net);
		fake_dp.net = txn->net;
		txn->net = (struct dp_net){ 0 };
		fake_dp_ha_net_set(&fake_dp.net);
	}
	for (struct op *op = txn->first; op != NULL && !txn->with_net; op = op->next)
		groups_require(fake_dp_service_find(&op->key));
	for (uint32_t i = 0; i < fake_dp.service_count && txn->with_net; i++)
		groups_require(fake_dp.service[i]);
	fake_dp.commits++;
	dp_txn_abort(txn);
	return 0;
}

void
dp_txn_abort(struct dp_txn *txn)
{
	fake_dp_require(txn == fake_dp.txn, "what is aborted is the open transaction");
	for (struct op *op = txn->first, *next; op != NULL; op = next) {
		next = op->next;
		service_free(op->service);
		free(op);
	}
	net_free(&txn->net);
	free(txn->flush);
	free(txn);
	fake_dp.txn = NULL;
}

/* ---- helpers ---- */

void
fake_dp_require(bool condition, const char *promise)
{
	if (condition)
		return;
	fprintf(stderr, "fake_dp: the contract of dp.h is broken: %s\n", promise);
	abort();
}

/* What dp.h says of families, ports and tunnels. */
static void
real_require(const struct dp_service *service, const struct dp_real *real)
{
	bool same = sl_addr_is_v4(&service->key.vip) == sl_addr_is_v4(&real->addr);
	bool nat64 = real->fwd == SL_FWD_FNAT && sl_addr_is_v4(&real->addr);
	const struct dp_tunnel *tunnel = &real->tunnel;

	fake_dp_require(same || nat64 || real->fwd == SL_FWD_TUN, "families differ by TUN and NAT64 only");
	fake_dp_require(real->fwd == SL_FWD_NAT || real->fwd == SL_FWD_FNAT ||
				real->port == service->key.port,
			"DR and TUN keep the port");
	fake_dp_require(real->fwd == SL_FWD_TUN || (tunnel->type | tunnel->sum | tunnel->port) == 0,
			"a tunnel goes with TUN");
	fake_dp_require(tunnel->type < SL_TUN_MAX && tunnel->sum < SL_TUN_SUM_MAX,
			"tunnels are of a known kind");
	fake_dp_require((tunnel->type == SL_TUN_GUE) == (tunnel->port != 0), "GUE has a port, and only GUE");
	fake_dp_require(tunnel->type != SL_TUN_IPIP || tunnel->sum == SL_TUN_SUM_NONE,
			"IPIP has no checksum");
	fake_dp_require(real->lower <= real->upper, "a server's lower limit is at most its upper one");
}

/* After a commit every server by FNAT has a local address of its family. NULL: it was removed. */
static void
groups_require(const struct fake_dp_service *service)
{
	for (uint32_t r = 0; service != NULL && r < service->real_count; r++)
		fake_dp_require(
			service->reals[r].fwd != SL_FWD_FNAT ||
				group_has(service->local_group, sl_addr_is_v4(&service->reals[r].addr)),
			"full NAT has a local address of the server's family");
}

static bool
group_has(const char *name, bool v4)
{
	for (unsigned int i = 0; i < fake_dp.net.group_count; i++) {
		const struct dp_local_group *group = &fake_dp.net.groups[i];

		for (unsigned int a = 0; strcmp(group->name, name) == 0 && a < group->addr_count; a++)
			if (sl_addr_is_v4(&group->addrs[a].addr) == v4)
				return true;
	}
	return false;
}

bool
fake_dp_fails(enum fake_dp_call call, int *ret_rc, char *ret_error)
{
	fake_dp.calls[call]++;
	if (fake_dp.fail_at[call] == 0 || --fake_dp.fail_at[call] > 0)
		return false;
	*ret_rc = fake_dp.fail_rc[call];
	if (ret_error != NULL)
		snprintf(ret_error, DP_ERROR_SIZE, "the fake data plane was told to fail");
	return true;
}

static int
key_compare(const struct dp_service_key *a, const struct dp_service_key *b)
{
	int by_vip = memcmp(a->vip.b, b->vip.b, sizeof(a->vip.b));

	if (by_vip != 0)
		return by_vip;
	return a->port != b->port ? a->port - b->port : a->proto - b->proto;
}

static int
service_compare(const void *a, const void *b)
{
	const struct fake_dp_service *left = a, *right = b;

	return key_compare(&left->key, &right->key);
}

static int
real_compare(const void *a, const void *b)
{
	const struct fake_real *left = a, *right = b;
	int order = key_compare(&left->service, &right->service);

	if (order == 0)
		order = memcmp(left->addr.b, right->addr.b, sizeof(left->addr.b));
	return order != 0 ? order : left->port - right->port;
}

static struct fake_dp_service *
service_copy(const struct dp_service *from)
{
	struct fake_dp_service *to = calloc(1, sizeof(*to));

	fake_dp_require(to != NULL, "there is memory");
	to->key = from->key;
	to->sched = from->sched;
	to->real_count = from->real_count;
	memcpy(to->local_group, from->local_group, sizeof(to->local_group));
	to->mss = from->mss;
	to->options = from->options;
	to->slot = from->ret_slot;
	to->reals = array_copy(from->reals, from->real_count, sizeof(*from->reals));
	return to;
}

static void
service_free(struct fake_dp_service *service)
{
	free(service->reals);
	free(service);
}

static struct fake_real *
real_get(const struct dp_service_key *service, const struct sl_addr *addr, uint16_t port)
{
	const struct fake_real wanted = { .service = *service, .addr = *addr, .port = port };
	struct fake_real **found = tfind(&wanted, &fake_dp.real_tree, real_compare);
	struct fake_real *real;

	if (found != NULL)
		return *found;
	real = array_copy(&wanted, 1, sizeof(wanted));
	real->slot = fake_dp.real_count;
	array_grow(&fake_dp.real, &fake_dp.real_size, fake_dp.real_count);
	fake_dp.real[fake_dp.real_count++] = real;
	tsearch(real, &fake_dp.real_tree, real_compare);
	return real;
}

static void
op_add(struct dp_txn *txn, struct fake_dp_service *service, bool remove)
{
	struct op *op = calloc(1, sizeof(*op));

	fake_dp_require(op != NULL, "there is memory");
	op->key = service->key;
	op->service = service;
	op->remove = remove;
	*txn->last_next = op;
	txn->last_next = &op->next;
}

/* The op keeps what is to be freed: the service that was there before, or its own. */
static void
op_apply(struct op *op)
{
	struct fake_dp_service **found = tfind(op->service, &fake_dp.service_tree, service_compare);
	struct fake_dp_service *now = found != NULL ? *found : NULL;

	if (now != NULL)
		reals_mark(now, false);
	if (op->remove) {
		struct fake_dp_service *last = fake_dp.service[fake_dp.service_count - 1];

		fake_dp_require(now != NULL, "what is removed exists");
		tdelete(now, &fake_dp.service_tree, service_compare);
		fake_dp.service[now->at] = last;
		last->at = now->at;
		fake_dp.service_count--;
		service_free(now);
		return;
	}
	reals_mark(op->service, true);
	if (now != NULL) {
		struct fake_dp_service old = *now;

		*now = *op->service;
		now->at = old.at;
		*op->service = old;
		return;
	}
	array_grow(&fake_dp.service, &fake_dp.service_size, fake_dp.service_count);
	op->service->at = fake_dp.service_count;
	fake_dp.service[fake_dp.service_count++] = op->service;
	tsearch(op->service, &fake_dp.service_tree, service_compare);
	op->service = calloc(1, sizeof(*op->service));
	fake_dp_require(op->service != NULL, "there is memory");
}

static void
reals_mark(const struct fake_dp_service *service, bool present)
{
	for (uint32_t i = 0; i < service->real_count; i++) {
		const struct dp_real *from = &service->reals[i];
		struct fake_real *real = fake_dp.real[from->ret_slot];

		real->present = present;
		real->fwd = from->fwd;
		real->served = real->served || (from->weight > 0 && !from->out);
		real->flushed = present ? false : real->flushed;
	}
}

static void *
array_copy(const void *from, size_t count, size_t size)
{
	void *to = calloc(count + 1, size);

	fake_dp_require(to != NULL, "there is memory");
	if (count > 0)
		memcpy(to, from, count * size);
	return to;
}

/* Room for one more pointer in *array (a pointer to an array of pointers). */
static void
array_grow(void *array, uint32_t *size, uint32_t count)
{
	void **now;

	if (count < *size)
		return;
	*size = *size > 0 ? *size * 2 : 16;
	memcpy(&now, array, sizeof(now));
	now = reallocarray(now, *size, sizeof(*now));
	fake_dp_require(now != NULL, "there is memory");
	memcpy(array, &now, sizeof(now));
}

static void
net_copy(struct dp_net *to, const struct dp_net *from)
{
	struct dp_local_group *groups;

	*to = *from;
	to->addrs = array_copy(from->addrs, from->addr_count, sizeof(*from->addrs));
	to->routes = array_copy(from->routes, from->route_count, sizeof(*from->routes));
	to->neighs = array_copy(from->neighs, from->neigh_count, sizeof(*from->neighs));
	to->groups = groups = array_copy(from->groups, from->group_count, sizeof(*from->groups));
	to->kept = array_copy(from->kept, from->kept_count, sizeof(*from->kept));
	to->moving = array_copy(from->moving, from->moving_count, sizeof(*from->moving));
	for (unsigned int i = 0; i < from->group_count; i++)
		groups[i].addrs = array_copy(from->groups[i].addrs, from->groups[i].addr_count,
					     sizeof(*from->groups[i].addrs));
}

static void
net_free(struct dp_net *net)
{
	union {
		const void *in;
		void *out;
	} part[] = { { net->addrs },  { net->routes }, { net->neighs },
		     { net->groups }, { net->kept },   { net->moving } },
	  addrs;

	for (unsigned int i = 0; i < net->group_count; i++) {
		addrs.in = net->groups[i].addrs;
		free(addrs.out);
	}
	for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++)
		free(part[i].out);
	*net = (struct dp_net){ 0 };
}
