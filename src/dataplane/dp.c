/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The data plane's life: everything is made before the first worker runs, in
 * the order of dp_start, and unmade in the opposite order after the last has
 * ended. In between the control thread calls dp_poll.
 */
#include "addr_book.h"
#include "book.h"
#include "control.h"
#include "eal.h"
#include "fragment.h"
#include "ha.h"
#include "limit.h"
#include "local_book.h"
#include "local.h"
#include "port.h"
#include "probe.h"
#include "punt_rx.h"
#include "rcu.h"
#include "sync.h"
#include "tap.h"
#include "tcp_state.h"
#include "tunnel.h"
#include "txn.h"
#include "worker.h"

#include "sl_log.h"

#include <sluice/dp_sync.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_ring_elem.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>

enum { PUNT_BATCH = 64, WISH_BATCH = 64, REAP_EVERY_MS = 100, LINKS_EVERY_MS = 250, MBUF_CACHE = 256 };

/* A slot of local.h has so many bits for a flow's number; an eighth is kept for an uneven spread. */
#define LOCAL_NUMBER_MAX ((UINT64_C(1) << LOCAL_NUMBER_BITS) - 1)
#define FLOWS_MAX (LOCAL_NUMBER_MAX / 9 * 8)

struct dp_worker *dp_workers[DP_WORKERS_MAX];
unsigned int dp_workers_count;

static struct dp_params params;
static uint64_t start_tsc, next_reap_ms, next_links_ms;
static uint16_t links_up; /* bit i: the link of port i, when it was looked at last */

static uint64_t
now_ms(void)
{
	return (rte_rdtsc() - start_tsc) / (rte_get_tsc_hz() / 1000);
}

static void
secret_make(unsigned int number, uint64_t ret_secret[2])
{
	if (!params.seeded && getrandom(ret_secret, 16, 0) == 16)
		return;
	for (unsigned int i = 0; i < 2; i++) {
		uint64_t x = params.seed + (number * 2 + i + 1) * UINT64_C(0x9e3779b97f4a7c15);

		x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
		x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
		ret_secret[i] = x ^ x >> 31;
	}
}

static void *
array_map(size_t count, size_t size)
{
	void *memory = mmap(NULL, count * size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
	(void)madvise(memory, count * size, MADV_HUGEPAGE);
	return memory;
}

/*
 * A ring with one producer and one consumer for `count` elements. In memory of our own:
 * 64 workers have 4,032 rings between them, more than EAL has memory zones.
 */
static struct rte_ring *
ring_make(const char *name, unsigned int elem_size, unsigned int count)
{
	ssize_t size = rte_ring_get_memsize_elem(elem_size, count);
	struct rte_ring *ring = size > 0 ? aligned_alloc(RTE_CACHE_LINE_SIZE, (size_t)size) : NULL;

	if (ring != NULL && rte_ring_init(ring, name, count, RING_F_SP_ENQ | RING_F_SC_DEQ) != 0) {
		free(ring);
		return NULL;
	}
	return ring;
}

static int
worker_create(unsigned int id)
{
	struct dp_worker *w = array_map(1, sizeof(*w));
	uint64_t capacity = params.connections / params.workers;
	uint64_t secret[2];

	if (w == NULL)
		return -ENOMEM;
	dp_workers[id] = w;
	dp_workers_count = id + 1;
	w->id = id;
	w->worker_count = params.workers;
	w->lcore = id + 1;
	w->cpu = params.cpu[id];
	w->rings = params.workers > 1 || id == 0;
	/* Flows do not spread quite evenly: an eighth more than its share. */
	if (params.workers > 1)
		capacity += capacity / 8;
	capacity = RTE_MIN(RTE_MAX(capacity, UINT64_C(1)), LOCAL_NUMBER_MAX);
	secret_make(id, secret);
	/* Workers count identifications in steps, each from another start. */
	w->tunnel_id = (uint16_t)id;
	w->split_id = (uint32_t)(uint16_t)secret[0] * params.workers + id;
	if (flow_table_init(&w->table, (uint32_t)capacity, secret, (int)rte_lcore_to_socket_id(w->lcore)) !=
	    0)
		return -ENOMEM;
	if (dp_fragment_init(w, params.mbufs) != 0)
		return -ENOMEM;
	w->real = array_map(DP_REALS_MAX, sizeof(*w->real));
	w->outcome = array_map(DP_REALS_MAX, sizeof(*w->outcome));
	w->svc = array_map(DP_SERVICES_MAX, sizeof(*w->svc));
	w->load = array_map(DP_REALS_MAX, sizeof(*w->load));
	w->server = array_map(DP_REALS_MAX, sizeof(*w->server));
	w->local_cursor = array_map(LOCAL_GROUPS_MAX, sizeof(*w->local_cursor));
	w->toa_ack = array_map(capacity + 1, sizeof(*w->toa_ack));
	if (w->outcome == NULL || w->server == NULL || w->local_cursor == NULL || w->toa_ack == NULL)
		return -ENOMEM;
	w->ring_punt = ring_make("punt", sizeof(void *), PUNT_RING_SIZE);
	w->ring_kernel = ring_make("kernel", sizeof(void *), KERNEL_RING_SIZE);
	w->ring_wish = ring_make("wish", sizeof(struct neigh_wish), WISH_RING_SIZE);
	w->ring_vrrp = ring_make("vrrp", sizeof(struct dp_ha_packet), VRRP_RING_SIZE);
	if (id == 0) {
		w->ring_control = dp_control.ring = ring_make("control", sizeof(void *), PUNT_RING_SIZE);
		w->ring_ha = ring_make("keepalive", sizeof(void *), HA_RING_SIZE);
	}
	return w->real == NULL || w->svc == NULL || w->load == NULL || w->ring_punt == NULL ||
			       w->ring_kernel == NULL || w->ring_wish == NULL || dp_control.ring == NULL ||
			       w->ring_vrrp == NULL || dp_workers[0]->ring_ha == NULL
		       ? -ENOMEM
		       : 0;
}

/* Two rings each way between every two workers. */
static int
workers_connect(void)
{
	for (unsigned int from = 0; from < dp_workers_count; from++) {
		for (unsigned int to = 0; to < dp_workers_count; to++) {
			struct rte_ring *ring, *side;

			if (from == to)
				continue;
			ring = ring_make("hand-over", sizeof(void *), HANDOVER_RING_SIZE);
			side = ring_make("side", sizeof(void *), SIDE_RING_SIZE);
			if (ring == NULL || side == NULL)
				return -ENOMEM;
			dp_workers[from]->ring_out[to] = ring;
			dp_workers[to]->ring_in[from] = ring;
			dp_workers[from]->side_out[to] = side;
			dp_workers[to]->side_in[from] = side;
		}
	}
	return 0;
}

/*
 * Receive queues go round the workers, port by port, so that one-queue ports do
 * not all meet at worker 0. All of them must be polled, whatever comes through.
 */
static int
queues_assign(char *ret_error)
{
	unsigned int next = 0;

	for (unsigned int port = 0; port < dp_ports_count; port++) {
		if (dp_ports[port].rx_queues >= dp_workers_count)
			next = 0;
		for (uint16_t queue = 0; queue < dp_ports[port].rx_queues; queue++) {
			struct dp_worker *w = dp_workers[next++ % dp_workers_count];

			if (w->rx_count == DP_QUEUES_MAX) {
				snprintf(ret_error, DP_ERROR_SIZE,
					 "port %s: with its %u receive queues a worker would have more than "
					 "%d; "
					 "use more workers, or fewer queues",
					 dp_ports[port].conf.name, dp_ports[port].rx_queues, DP_QUEUES_MAX);
				return -E2BIG;
			}
			w->rx[w->rx_count++] = (struct worker_queue){
				.port = (uint16_t)port,
				.ethdev = dp_ports[port].ethdev,
				.queue = queue,
			};
		}
	}
	return 0;
}

static int
workers_create(void)
{
	for (unsigned int id = 0; id < params.workers; id++) {
		int code = worker_create(id);

		if (code != 0)
			return code;
	}
	return workers_connect();
}

static int
fail(char *ret_error, int code, const char *what)
{
	snprintf(ret_error, DP_ERROR_SIZE, "%s (%s)", what, strerror(-code));
	return code;
}

void
dp_params_set(const struct dp_params *wanted)
{
	params = *wanted;
}

/* The ports whose link is up, a bit each. */
static uint16_t
links_read(void)
{
	uint16_t up = 0;

	for (unsigned int port = 0; port < dp_ports_count; port++) {
		if (dp_port_link_is_up(port, NULL))
			up |= (uint16_t)(1u << port);
	}
	return up;
}

/* What was announced while a link was down nobody has heard: it is said again when the link comes up. */
static void
links_watch(void)
{
	uint16_t up = links_read(), changed = up ^ links_up;

	for (unsigned int port = 0; port < dp_ports_count; port++) {
		bool is_up = (up >> port & 1) != 0;

		if ((changed >> port & 1) == 0)
			continue;
		sl_notice("port %s: link is %s", dp_ports[port].conf.name, is_up ? "up" : "down");
		if (is_up)
			dp_addr_book_announce_port(port);
	}
	links_up = up;
}

int
dp_start(char ret_error[DP_ERROR_SIZE])
{
	uint64_t seed[2];
	int code;

	start_tsc = rte_rdtsc();
	dp_owner_init();
	secret_make(DP_WORKERS_MAX + 1, seed);
	dp_fragment_secret_set(seed);
	secret_make(DP_WORKERS_MAX + 2, seed);
	dp_local_begin_at(params.seeded ? 0 : seed[0]);
	secret_make(DP_WORKERS_MAX, seed);
	dp_control.pool = rte_pktmbuf_pool_create("packets", params.mbufs, MBUF_CACHE, 0,
						  RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (dp_control.pool == NULL) {
		snprintf(ret_error, DP_ERROR_SIZE,
			 "no memory for %u packet buffers (%s): give EAL more with dataplane { memory "
			 "MEGABYTES }, or "
			 "fewer buffers with dataplane { mbufs N }",
			 params.mbufs, strerror(rte_errno));
		return -ENOMEM;
	}
	if ((code = dp_rcu_init(params.workers, DP_SYNC_THREADS_MAX)) != 0)
		return fail(ret_error, code, "no memory for the workers' grace periods");
	if ((code = book_init()) != 0)
		return fail(ret_error, code, "no memory for services and servers");
	if ((code = dp_tunnel_init()) != 0)
		return fail(ret_error, code, "no memory for tunnels");
	if ((code = dp_neigh_init(seed[0], now_ms())) != 0)
		return fail(ret_error, code, "no memory for neighbours");
	if ((code = dp_txn_init()) != 0)
		return fail(ret_error, code, "no memory for a snapshot");
	if ((code = dp_ports_start(params.workers, dp_control.pool, ret_error)) != 0)
		return code;
	if ((code = dp_ha_tx_start()) != 0)
		return fail(ret_error, code, "no memory for keepalive's packet buffers");
	if (params.connections / params.workers > FLOWS_MAX) {
		snprintf(ret_error, DP_ERROR_SIZE,
			 "%u connections are too many for %u workers: one can have %u; use more workers, or "
			 "lower dataplane { connections N }",
			 params.connections, params.workers, (unsigned int)FLOWS_MAX);
		return -E2BIG;
	}
	if ((code = workers_create()) != 0)
		return fail(ret_error, code, "no memory for the workers and their connection tables");
	if ((code = queues_assign(ret_error)) != 0)
		return code;
	if ((code = dp_tap_start(ret_error)) != 0)
		return code;
	links_up = links_read();
	return 0;
}

int
dp_workers_launch(void)
{
	int code = 0;

	atomic_store(&dp_workers_stop, false);
	for (unsigned int id = 0; id < dp_workers_count && code == 0; id++)
		code = rte_eal_remote_launch(dp_worker_run, dp_workers[id], dp_workers[id]->lcore);
	return code;
}

static unsigned int
punts_receive(struct dp_worker *w)
{
	struct rte_mbuf *m[PUNT_BATCH];
	unsigned int count = rte_ring_sc_dequeue_burst(w->ring_punt, (void **)m, PUNT_BATCH, NULL);

	if (count > 0) {
		dp_control.rx += count;
		dp_punt_rx(m, count);
	}
	return count;
}

static unsigned int
wishes_receive(struct dp_worker *w)
{
	struct neigh_wish wish[WISH_BATCH];
	unsigned int count =
		rte_ring_sc_dequeue_burst_elem(w->ring_wish, wish, sizeof(wish[0]), WISH_BATCH, NULL);

	for (unsigned int i = 0; i < count; i++)
		(void)dp_neigh_want(wish[i].port, &wish[i].addr);
	return count;
}

/* Removed servers whose last connection has ended go, and VIPs that were held for them alone. */
static unsigned int
reap(void)
{
	static bool untidy;
	unsigned int services, freed = book_reap(&services);

	untidy |= services != 0;
	untidy |= local_book_reap();
	if (untidy && dp_txn_tidy())
		untidy = false;
	return freed;
}

unsigned int
dp_poll(void)
{
	uint64_t now = now_ms();
	unsigned int work = 0;

	for (unsigned int id = 0; id < dp_workers_count; id++) {
		work += punts_receive(dp_workers[id]);
		work += wishes_receive(dp_workers[id]);
	}
	work += dp_tap_poll(now);
	work += dp_probe_poll(now);
	work += dp_neigh_tick(now);
	work += dp_tunnel_tick(now);
	work += dp_limit_poll();
	work += dp_rcu_poll();
	work += dp_ha_poll();
	if (now >= next_reap_ms) {
		next_reap_ms = now + REAP_EVERY_MS;
		work += reap();
	}
	if (now >= next_links_ms) {
		next_links_ms = now + LINKS_EVERY_MS;
		links_watch();
	}
	return work;
}

static void
ring_drain(struct rte_ring *ring)
{
	void *pointer;

	while (ring != NULL && rte_ring_sc_dequeue(ring, &pointer) == 0)
		rte_pktmbuf_free((struct rte_mbuf *)((uintptr_t)pointer & ~(uintptr_t)3));
	free(ring);
}

/* Gives back every packet that the worker still holds. */
static void
worker_drain(struct dp_worker *w)
{
	dp_hold_fini(w);
	dp_fragment_fini(w);
	dp_drop_flush(w);
	for (unsigned int port = 0; port < dp_ports_count; port++)
		rte_pktmbuf_free_bulk(w->tx[port].mbuf, w->tx[port].count);
	for (unsigned int to = 0; to < w->worker_count; to++)
		for (uint32_t i = 0; i < w->handover[to].count; i++)
			rte_pktmbuf_free(
				(struct rte_mbuf *)((uintptr_t)w->handover[to].mbuf[i] & ~(uintptr_t)1));
	for (unsigned int from = 0; from < w->worker_count; from++)
		ring_drain(w->ring_in[from]);
	for (unsigned int from = 0; from < w->worker_count; from++)
		ring_drain(w->side_in[from]);
	ring_drain(w->ring_punt);
	ring_drain(w->ring_kernel);
	ring_drain(w->ring_control);
	ring_drain(w->ring_ha);
}

static void
worker_destroy(struct dp_worker *w)
{
	worker_drain(w);
	free(w->ring_wish);
	free(w->ring_vrrp);
	flow_table_fini(&w->table);
	if (w->real != NULL)
		munmap(w->real, sizeof(*w->real) * DP_REALS_MAX);
	if (w->outcome != NULL)
		munmap(w->outcome, sizeof(*w->outcome) * DP_REALS_MAX);
	if (w->svc != NULL)
		munmap(w->svc, sizeof(*w->svc) * DP_SERVICES_MAX);
	if (w->load != NULL)
		munmap(w->load, sizeof(*w->load) * DP_REALS_MAX);
	if (w->server != NULL)
		munmap(w->server, sizeof(*w->server) * DP_REALS_MAX);
	if (w->local_cursor != NULL)
		munmap(w->local_cursor, sizeof(*w->local_cursor) * LOCAL_GROUPS_MAX);
	if (w->toa_ack != NULL)
		munmap(w->toa_ack, sizeof(*w->toa_ack) * (w->table.capacity + 1));
	munmap(w, sizeof(*w));
}

/* By now nobody has a packet any more. One that is missing was leaked, by us or by a driver. */
static void
pool_destroy(void)
{
	unsigned int missing = dp_control.pool != NULL ? rte_mempool_in_use_count(dp_control.pool) : 0;

	if (missing != 0)
		sl_warn("%u packet buffers were not given back", missing);
	rte_mempool_free(dp_control.pool);
}

void
dp_stop(void)
{
	atomic_store(&dp_workers_stop, true);
	for (unsigned int id = 0; id < dp_workers_count; id++)
		rte_eal_wait_lcore(dp_workers[id]->lcore);
	dp_probe_stop();
	dp_sync_stop();
	dp_rcu_fini();
	dp_ha_fini();
	dp_ha_port_fini();
	dp_txn_fini();
	dp_addr_book_fini();
	dp_neigh_fini();
	dp_tap_stop();
	for (unsigned int id = 0; id < dp_workers_count; id++)
		worker_destroy(dp_workers[id]);
	dp_workers_count = 0;
	memset(dp_workers, 0, sizeof(dp_workers));
	book_fini();
	dp_tunnel_fini();
	dp_ports_stop();
	dp_ha_tx_fini();
	pool_destroy();
	memset(&dp_control, 0, sizeof(dp_control));
	(void)rte_eal_cleanup();
}

void
dp_idle_set(enum dp_idle idle)
{
	atomic_store(&dp_idle_mode, (unsigned int)idle);
}

void
dp_conn_reuse_mode_set(unsigned int mode)
{
	atomic_store(&dp_reuse_mode, mode);
}

void
dp_pmtu_disc_set(bool on)
{
	atomic_store(&dp_pmtu_disc, on);
}

void
dp_answer_rate_set(unsigned int per_second)
{
	atomic_store(&dp_answer_rate, per_second);
}

void
dp_kernel_rate_set(unsigned int per_second)
{
	atomic_store(&dp_kernel_rate, per_second);
}

void
dp_timeouts_set(unsigned int tcp_s, unsigned int tcp_fin_s, unsigned int udp_s)
{
	const struct {
		enum sl_state state;
		unsigned int seconds;
	} set[] = {
		{ SL_STATE_ESTABLISHED, tcp_s },
		{ SL_STATE_FIN_WAIT, tcp_fin_s },
		{ SL_STATE_UDP, udp_s },
	};

	for (unsigned int i = 0; i < RTE_DIM(set); i++)
		if (set[i].seconds != 0)
			atomic_store(&tcp_timeout_s[set[i].state], set[i].seconds);
}

void
dp_timeouts_get(unsigned int *ret_tcp_s, unsigned int *ret_tcp_fin_s, unsigned int *ret_udp_s)
{
	*ret_tcp_s = atomic_load(&tcp_timeout_s[SL_STATE_ESTABLISHED]);
	*ret_tcp_fin_s = atomic_load(&tcp_timeout_s[SL_STATE_FIN_WAIT]);
	*ret_udp_s = atomic_load(&tcp_timeout_s[SL_STATE_UDP]);
}
