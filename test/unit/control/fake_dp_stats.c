/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A data plane without packets (fake_dp.h): counters and lists.
 *
 * Nearly all of it is computed, not kept (but for what a test sets itself): every server that has ever had a weight has
 * FAKE_DP_CONNS (from the environment; 4) connections, whose addresses, ports
 * and states follow from their number, and counters that agree with them. With
 * FAKE_DP_RATE in the environment every server also counts that many packets a
 * second.
 */
#include "fake_dp_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { CONNS_DEFAULT = 4, PACKETS_PER_CONN = 10, PACKET_BYTES = 100, NEIGHS_MAX = 256 };

/* A connection's state by its number, and whether it counts as active. */
static const struct {
	uint8_t state;
	bool active;
} tcp_states[] = {
	{ SL_STATE_ESTABLISHED, true },
	{ SL_STATE_ESTABLISHED, true },
	{ SL_STATE_FIN_WAIT, false },
	{ SL_STATE_TIME_WAIT, false },
};
enum { STATE_COUNT = sizeof(tcp_states) / sizeof(tcp_states[0]) };

static uint64_t env_number(const char *name, uint64_t otherwise);
static uint64_t conns_per_real(void);
static uint64_t packets_by_rate(void);
static bool real_has_conns(const struct fake_real *real);
static void conn_make(const struct fake_real *real, uint32_t number, struct dp_conn *ret_conn);
static struct sl_addr local_of(bool v4);
static bool conn_matches(const struct dp_conn *conn, const struct dp_conn_filter *filter);
static bool prefix_matches(const struct sl_prefix *prefix, const struct sl_addr *addr);
static bool addr_matches(const struct sl_addr *wanted, const struct sl_addr *addr);

void
dp_real_stats(uint32_t slot, struct dp_real_stats *ret_stats)
{
	const struct fake_real *real = slot < fake_dp.real_count ? fake_dp.real[slot] : NULL;
	uint64_t conns = conns_per_real();
	struct dp_traffic *traffic = &ret_stats->traffic;

	*ret_stats = (struct dp_real_stats){ 0 };
	if (real == NULL)
		return;
	ret_stats->overloaded = real->overloaded;
	ret_stats->syns = real->syns;
	ret_stats->answered = real->answered;
	ret_stats->refused = real->refused;
	if (!real->served)
		return;
	traffic->conns = conns;
	traffic->in_packets = conns * PACKETS_PER_CONN + packets_by_rate();
	traffic->in_bytes = traffic->in_packets * PACKET_BYTES;
	if (real->fwd == SL_FWD_NAT || real->fwd == SL_FWD_FNAT) {
		traffic->out_packets = traffic->in_packets;
		traffic->out_bytes = traffic->in_bytes;
	}
	if (!real_has_conns(real))
		return;
	for (uint64_t i = 0; i < STATE_COUNT; i++)
		if (real->service.proto == SL_PROTO_TCP && tcp_states[i].active)
			ret_stats->active += (uint32_t)(conns / STATE_COUNT + (i < conns % STATE_COUNT));
	ret_stats->inactive = (uint32_t)conns - ret_stats->active;
}

void
dp_service_stats(uint32_t slot, struct dp_traffic *ret_traffic)
{
	*ret_traffic = (struct dp_traffic){ 0 };
	for (uint32_t i = 0; i < fake_dp.service_count; i++) {
		const struct fake_dp_service *service = fake_dp.service[i];

		for (uint32_t r = 0; service->slot == slot && r < service->real_count; r++) {
			struct dp_real_stats stats;

			dp_real_stats(service->reals[r].ret_slot, &stats);
			ret_traffic->conns += stats.traffic.conns;
			ret_traffic->in_packets += stats.traffic.in_packets;
			ret_traffic->out_packets += stats.traffic.out_packets;
			ret_traffic->in_bytes += stats.traffic.in_bytes;
			ret_traffic->out_bytes += stats.traffic.out_bytes;
		}
	}
}

unsigned int
dp_worker_count(void)
{
	return fake_dp.params.workers;
}

void
dp_worker_stats(unsigned int worker, struct dp_worker_stats *ret_stats)
{
	uint64_t conns = 0;

	*ret_stats = (struct dp_worker_stats){ 0 };
	if (worker >= fake_dp.params.workers)
		return;
	for (uint32_t i = 0; i < fake_dp.real_count; i++)
		if (real_has_conns(fake_dp.real[i]))
			conns += conns_per_real() / fake_dp.params.workers +
				 (worker < conns_per_real() % fake_dp.params.workers);
	ret_stats->cpu = fake_dp.params.cpu[worker];
	ret_stats->flows = conns;
	ret_stats->flows_created = conns;
	ret_stats->flow_capacity = fake_dp.params.connections / fake_dp.params.workers;
	ret_stats->misses = conns;
	ret_stats->hits = conns * (PACKETS_PER_CONN - 1);
	ret_stats->drop[SL_DROP_NO_SERVICE] = 3;
	ret_stats->drop[SL_DROP_TTL] = worker;
	ret_stats->drops = 3 + worker;
	ret_stats->tx = conns * PACKETS_PER_CONN;
	ret_stats->punts = 2;
	ret_stats->rx = ret_stats->tx + ret_stats->drops + ret_stats->punts;
	ret_stats->answered = 4;
	ret_stats->answers_limited = 5 + worker;
	ret_stats->generated = ret_stats->answered;
	ret_stats->tx += ret_stats->answered;
	ret_stats->busy_loops = ret_stats->rx;
	ret_stats->loops = 2 * ret_stats->rx + (fake_dp.running ? ++fake_dp.loops : fake_dp.loops);
	ret_stats->sleeps = ret_stats->rx / 10;
}

void
dp_control_stats(struct dp_worker_stats *ret_stats)
{
	*ret_stats = (struct dp_worker_stats){ .cpu = -1, .handed_in = 2, .generated = 1, .tx = 3 };
}

unsigned int
dp_port_count(void)
{
	return fake_dp.port_count;
}

void
dp_port_info(unsigned int port, struct dp_port_info *ret_info)
{
	const struct dp_port_conf *conf = &fake_dp.port[port];

	*ret_info = (struct dp_port_info){
		.mac = { 0x02, 0, 0, 0, 1, (uint8_t)port },
		.mtu = conf->mtu != 0 ? conf->mtu : 1500,
		.rx_queues = conf->queues != 0 ? conf->queues : 1,
		.tx_queues = fake_dp.params.workers,
		.link_up = true,
		.speed_mbps = 10000,
		.numa_node = -1,
		.rss = "none",
		.checksum = "software",
		.rx_packets = 1000,
		.tx_packets = 900,
		.rx_bytes = 100000,
		.tx_bytes = 90000,
	};
	memcpy(ret_info->name, conf->name, sizeof(ret_info->name));
	memcpy(ret_info->device, conf->device, sizeof(ret_info->device));
	snprintf(ret_info->driver, sizeof(ret_info->driver), "fake");
}

void
fake_dp_neigh_set(const struct sl_addr *addr, enum dp_neigh_state state)
{
	fake_dp.neigh = (struct dp_neigh){ .addr = *addr, .state = state, .pinned = true };
}

void
dp_neigh_walk(void (*visit)(const struct dp_neigh *neigh, void *context), void *context)
{
	struct sl_addr seen[NEIGHS_MAX];
	unsigned int seen_count = 0;

	if (!sl_addr_is_none(&fake_dp.neigh.addr))
		visit(&fake_dp.neigh, context);
	for (unsigned int i = 0; i < fake_dp.net.neigh_count; i++) {
		struct dp_neigh neigh = {
			.port = fake_dp.net.neighs[i].port,
			.addr = fake_dp.net.neighs[i].addr,
			.state = DP_NEIGH_STATIC,
		};

		memcpy(neigh.mac, fake_dp.net.neighs[i].mac, sizeof(neigh.mac));
		visit(&neigh, context);
		if (seen_count < NEIGHS_MAX)
			seen[seen_count++] = neigh.addr;
	}
	for (uint32_t i = 0; i < fake_dp.real_count && seen_count < NEIGHS_MAX; i++) {
		const struct fake_real *real = fake_dp.real[i];
		struct dp_neigh neigh = {
			.addr = real->addr,
			.mac = { 0x02, 0, 0, 0, 2, real->addr.b[15] },
			.state = DP_NEIGH_REACHABLE,
			.age_s = 1,
			.pinned = true,
		};
		bool known = !real->present;

		for (unsigned int s = 0; s < seen_count && !known; s++)
			known = sl_addr_eq(&seen[s], &real->addr);
		if (known)
			continue;
		visit(&neigh, context);
		seen[seen_count++] = real->addr;
	}
}

/* The cursor's index counts the connections of all servers' slots, those of the first before the next. */
size_t
dp_conn_next(struct dp_conn_cursor *cursor, const struct dp_conn_filter *filter, struct dp_conn *ret_conns,
	     size_t max, size_t budget)
{
	uint64_t per_real = conns_per_real();
	uint64_t end = per_real * fake_dp.real_count;
	size_t count = 0;

	while (!cursor->done && count < max && budget-- > 0) {
		const struct fake_real *real;

		if (cursor->index >= end) {
			cursor->index = 0;
			cursor->done = ++cursor->worker >= fake_dp.params.workers;
			continue;
		}
		real = fake_dp.real[cursor->index / per_real];
		conn_make(real, (uint32_t)(cursor->index % per_real), &ret_conns[count]);
		if (real_has_conns(real) && ret_conns[count].worker == cursor->worker &&
		    conn_matches(&ret_conns[count], filter))
			count++;
		cursor->index++;
	}
	return count;
}

static uint64_t
env_number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

static uint64_t
conns_per_real(void)
{
	return env_number("FAKE_DP_CONNS", CONNS_DEFAULT);
}

static uint64_t
packets_by_rate(void)
{
	static time_t start_s;
	struct timespec now;
	uint64_t rate_pps = env_number("FAKE_DP_RATE", 0);

	if (rate_pps == 0)
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (start_s == 0)
		start_s = now.tv_sec;
	return (uint64_t)(now.tv_sec - start_s) * rate_pps + (uint64_t)now.tv_nsec * rate_pps / 1000000000u;
}

static bool
real_has_conns(const struct fake_real *real)
{
	return real->served && !real->flushed;
}

static void
conn_make(const struct fake_real *real, uint32_t number, struct dp_conn *ret_conn)
{
	bool tcp = real->service.proto == SL_PROTO_TCP;

	*ret_conn = (struct dp_conn){
		.vip = real->service.vip,
		.real = real->addr,
		.client_port = (uint16_t)(1024 + number % 64000),
		.vip_port = real->service.port,
		.real_port = real->port,
		.proto = real->service.proto,
		.fwd = real->fwd,
		.state = tcp ? tcp_states[number % STATE_COUNT].state : SL_STATE_UDP,
		.worker = (uint8_t)(number % fake_dp.params.workers),
		.expires_ms = 60000 + number % 60000,
	};
	if (real->fwd == SL_FWD_FNAT) {
		ret_conn->local = local_of(sl_addr_is_v4(&real->addr));
		ret_conn->local_port = (uint16_t)(1024 + number % 64000);
	}
	ret_conn->client = real->service.vip;
	ret_conn->client.b[13] ^= 0x40;
	ret_conn->client.b[14] = (uint8_t)(number / 64000);
	ret_conn->client.b[15] = (uint8_t)(1 + real->slot % 250);
}

/* The first local address of the family, whatever its group. */
static struct sl_addr
local_of(bool v4)
{
	for (unsigned int i = 0; i < fake_dp.net.group_count; i++)
		for (unsigned int a = 0; a < fake_dp.net.groups[i].addr_count; a++)
			if (sl_addr_is_v4(&fake_dp.net.groups[i].addrs[a].addr) == v4)
				return fake_dp.net.groups[i].addrs[a].addr;
	return (struct sl_addr){ 0 };
}

static bool
conn_matches(const struct dp_conn *conn, const struct dp_conn_filter *filter)
{
	const uint16_t ports[][2] = {
		{ filter->client_port, conn->client_port },
		{ filter->vip_port, conn->vip_port },
		{ filter->real_port, conn->real_port },
		{ filter->proto, conn->proto },
	};

	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
		if (ports[i][0] != 0 && ports[i][0] != ports[i][1])
			return false;
	return prefix_matches(&filter->client, &conn->client) && addr_matches(&filter->vip, &conn->vip) &&
	       addr_matches(&filter->real, &conn->real) &&
	       (!filter->by_state || filter->state == conn->state);
}

static bool
prefix_matches(const struct sl_prefix *prefix, const struct sl_addr *addr)
{
	unsigned int bits = prefix->len + (sl_addr_is_v4(&prefix->addr) ? 96 : 0);

	if (sl_addr_is_none(&prefix->addr))
		return true;
	for (unsigned int i = 0; i < bits; i++)
		if (((prefix->addr.b[i / 8] ^ addr->b[i / 8]) >> (7 - i % 8) & 1) != 0)
			return false;
	return true;
}

static bool
addr_matches(const struct sl_addr *wanted, const struct sl_addr *addr)
{
	return sl_addr_is_none(wanted) || sl_addr_eq(wanted, addr);
}
