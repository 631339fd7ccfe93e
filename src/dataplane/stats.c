/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the control core may know of workers and ports: consistent copies that
 * the workers publish once a millisecond, and the devices' own counters.
 */
#include "control.h"
#include "ha.h"
#include "port.h"
#include "punt_rx.h"
#include "worker.h"

#include <rte_ethdev.h>

#include <sched.h>

enum { TRIES_BEFORE_YIELD = 1000 };

unsigned int
dp_worker_count(void)
{
	return dp_workers_count;
}

static void
counters_copy(const struct worker_counters *c, struct dp_worker_stats *ret)
{
	*ret = (struct dp_worker_stats){
		.rx = c->rx,
		.handed_in = c->handed_in,
		.generated = c->generated,
		.tx = c->tx,
		.drops = c->drops,
		.punts = c->punts,
		.handed_out = c->handed_out,
		.flows_created = c->flows_created,
		.flows_expired = c->flows_expired,
		.hits = c->hits,
		.misses = c->misses,
		.answered = c->answered,
		.answers_limited = c->answers_limited,
		.loops = c->loops,
		.busy_loops = c->busy_loops,
		.sleeps = c->sleeps,
	};
	memcpy(ret->drop, c->drop, sizeof(ret->drop));
}

void
dp_worker_stats(unsigned int worker, struct dp_worker_stats *ret_stats)
{
	const struct dp_worker *w = worker < dp_workers_count ? dp_workers[worker] : NULL;
	unsigned int tries = 0;
	uint32_t seq;

	*ret_stats = (struct dp_worker_stats){ 0 };
	if (w == NULL)
		return;
	/*
	 * The copy takes the worker well under a microsecond, once a millisecond;
	 * longer if the worker lost its CPU in the middle, perhaps to us.
	 */
	do {
		if (++tries % TRIES_BEFORE_YIELD == 0)
			sched_yield();
		seq = atomic_load_explicit(&w->published_seq, memory_order_acquire);
		counters_copy(&w->published, ret_stats);
		ret_stats->held = w->published_held;
		ret_stats->flows = w->published_flows;
		atomic_thread_fence(memory_order_acquire);
	} while ((seq & 1) != 0 || seq != atomic_load_explicit(&w->published_seq, memory_order_relaxed));
	ret_stats->cpu = w->cpu;
	ret_stats->flow_capacity = w->table.capacity;
}

void
dp_control_stats(struct dp_worker_stats *ret_stats)
{
	/* Each is read once, so that the balance is even whatever is counted meanwhile. */
	uint64_t ha_rx = atomic_load_explicit(&dp_ha_count.rx, memory_order_relaxed);
	uint64_t ha_tx = atomic_load_explicit(&dp_ha_count.tx, memory_order_relaxed);
	uint64_t ha_no_mbuf = atomic_load_explicit(&dp_ha_count.no_mbuf, memory_order_relaxed);
	uint64_t ha_tx_full = atomic_load_explicit(&dp_ha_count.tx_full, memory_order_relaxed);

	*ret_stats = (struct dp_worker_stats){
		.rx = dp_control.rx + ha_rx,
		.generated = dp_control.generated + ha_tx + ha_no_mbuf + ha_tx_full,
		.tx = dp_control.tx + ha_tx,
		.drops = dp_control.drops + ha_no_mbuf + ha_tx_full,
		.punts = dp_punt_consumed() + ha_rx,
	};
	memcpy(ret_stats->drop, dp_control.drop, sizeof(ret_stats->drop));
	ret_stats->drop[SL_DROP_NO_MBUF] += ha_no_mbuf;
	ret_stats->drop[SL_DROP_TX_FULL] += ha_tx_full;
}

unsigned int
dp_port_count(void)
{
	return dp_ports_count;
}

void
dp_port_info(unsigned int port, struct dp_port_info *ret_info)
{
	const struct dp_port *p = &dp_ports[port];
	struct rte_eth_dev_info info = { 0 };
	struct rte_eth_stats stats = { 0 };

	*ret_info = (struct dp_port_info){ .rss = "none", .checksum = "software", .numa_node = -1 };
	if (port >= dp_ports_count)
		return;
	*ret_info = (struct dp_port_info){
		.mtu = p->mtu,
		.rx_queues = p->rx_queues,
		.tx_queues = p->tx_queues,
		.numa_node = p->numa_node,
		.rss = p->rss ? "hardware" : "none",
		.checksum = p->rx_ip_checksum ? "hardware" : "software",
	};
	snprintf(ret_info->name, sizeof(ret_info->name), "%s", p->conf.name);
	snprintf(ret_info->device, sizeof(ret_info->device), "%s", p->conf.device);
	memcpy(ret_info->mac, p->mac, 6);
	if (rte_eth_dev_info_get(p->ethdev, &info) == 0)
		snprintf(ret_info->driver, sizeof(ret_info->driver), "%s", info.driver_name);
	ret_info->link_up = dp_port_link_is_up(port, &ret_info->speed_mbps);
	if (rte_eth_stats_get(p->ethdev, &stats) == 0) {
		ret_info->rx_packets = stats.ipackets;
		ret_info->tx_packets = stats.opackets;
		ret_info->rx_bytes = stats.ibytes;
		ret_info->tx_bytes = stats.obytes;
		ret_info->rx_missed = stats.imissed;
		ret_info->rx_errors = stats.ierrors;
		ret_info->tx_errors = stats.oerrors;
		ret_info->rx_no_mbuf = stats.rx_nombuf;
	}
}
