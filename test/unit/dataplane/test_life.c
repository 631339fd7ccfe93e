/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The data plane from start to stop, with its own threads and DPDK's null and ring
 * devices: more workers than queues and more queues than workers, links that come
 * up late, and every buffer back at the end, wherever a packet was. Each case is a
 * process of its own, because EAL starts once a process.
 */
#include "child.h"
#include "control_tx.h"
#include "eal.h"
#include "ha.h"
#include "port.h"
#include "worker.h"

#include "sl_addr.h"
#include "sl_log.h"
#include "sl_test.h"

#include <rte_bus_vdev.h>
#include <rte_ethdev.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LIMIT_MS = 10000, PRINTED_MAX = 4096, CASE_PORTS = 2 };

/* In the child: what fails says so and ends it. */
#define must(condition)                                                                                      \
	do {                                                                                                 \
		if (!(condition)) {                                                                          \
			fprintf(stderr, "not true: %s (line %d)\n", #condition, __LINE__);                   \
			_exit(1);                                                                            \
		}                                                                                            \
	} while (0)

struct life {
	const char *name;
	unsigned int workers;
	struct {
		const char *device;
		unsigned int queues, rx_queues; /* wanted; that there must be */
	} port[CASE_PORTS];
	void (*run)(const struct life *life);
};

static void
sleep_ms(unsigned int ms)
{
	usleep(ms * 1000);
}

static struct sl_addr
addr(const char *text)
{
	struct sl_addr a;

	must(sl_addr_parse(text, &a) == 0);
	return a;
}

/* A network, a service by NAT whose server nobody knows, and one whose server is known. */
static void
configure(void)
{
	const struct dp_net_addr own[] = {
		{ 0, { addr("198.51.100.2"), 24 } },
		{ 0, { addr("2001:db8:1::2"), 64 } },
	};
	const struct dp_static_neigh neigh = { 0, addr("198.51.100.12"), { 2, 0, 0, 0, 2, 2 } };
	const struct dp_net net = { .addrs = own, .addr_count = 2, .neighs = &neigh, .neigh_count = 1 };
	struct dp_real real = { .port = 80, .fwd = SL_FWD_NAT, .weight = 1, .order = 1 };
	struct dp_service service = { .sched = sched_find("rr"), .reals = &real, .real_count = 1 };
	struct dp_txn *txn = dp_txn_begin();
	char error[DP_ERROR_SIZE];

	service.key = (struct dp_service_key){ .vip = addr("192.0.2.1"), .port = 80, .proto = SL_PROTO_UDP };
	for (uint16_t port = 80; port < 82; port++) {
		real.addr = addr(port == 80 ? "198.51.100.11" : "198.51.100.12");
		service.key.port = port;
		must(dp_txn_service_put(txn, &service, error) == 0);
	}
	must(dp_txn_net_set(txn, &net, error) == 0);
	must(dp_txn_commit(txn, error) == 0);
}

/* The accounts of every worker and of control, once they stand still or while they run: always. */
static void
accounts_check(void)
{
	struct dp_worker_stats s;

	for (unsigned int id = 0; id <= dp_worker_count(); id++) {
		uint64_t drops = 0;

		if (id < dp_worker_count())
			dp_worker_stats(id, &s);
		else
			dp_control_stats(&s);
		for (unsigned int reason = 0; reason < SL_DROP_MAX; reason++)
			drops += s.drop[reason];
		must(drops == s.drops);
		must(s.rx + s.handed_in + s.generated == s.tx + s.drops + s.punts + s.handed_out + s.held);
	}
}

/* ---- cases ---- */

/* The null device gives packets as fast as they are asked for. All queues are polled, by all who have one. */
static void
run_flood(const struct life *life)
{
	unsigned int queues = 0, receiving = 0;

	for (unsigned int port = 0; port < dp_port_count(); port++) {
		struct dp_port_info info;

		dp_port_info(port, &info);
		must(info.rx_queues == life->port[port].rx_queues);
		must(info.tx_queues == life->workers);
		must(strcmp(info.rss, info.rx_queues > 1 ? "hardware" : "none") == 0);
		queues += info.rx_queues;
	}
	for (unsigned int ms = 0; receiving < (queues < life->workers ? queues : life->workers); ms++) {
		receiving = 0;
		for (unsigned int id = 0; id < dp_worker_count(); id++) {
			struct dp_worker_stats s;

			dp_worker_stats(id, &s);
			receiving += s.rx > 0;
		}
		accounts_check();
		(void)dp_poll();
		must(ms < LIMIT_MS);
		sleep_ms(1);
	}
	for (unsigned int id = 0; id < dp_workers_count; id++)
		queues -= dp_workers[id]->rx_count;
	must(queues == 0);
}

static uint64_t
sent(void)
{
	struct dp_worker_stats s;

	dp_worker_stats(0, &s);
	return s.tx;
}

/* Polls until at least so many frames have been sent, and for a while after. */
static uint64_t
sent_after(uint64_t least, unsigned int settle_ms)
{
	for (unsigned int ms = 0; sent() < least; ms++) {
		(void)dp_poll();
		must(ms < LIMIT_MS);
		sleep_ms(1);
	}
	for (unsigned int ms = 0; ms < settle_ms; ms++) {
		(void)dp_poll();
		sleep_ms(1);
	}
	return sent();
}

/* Announcements (of two own addresses and a VIP, twice) are said again when the link comes up, and then no more. */
static void
run_link(const struct life *life)
{
	enum { ADDRS = 3 };
	uint64_t before = sent_after(2 * ADDRS, 1500);

	must(rte_eth_dev_set_link_down(dp_ports[0].ethdev) == 0);
	must(sent_after(0, 600) <= before + 2); /* a request for the server's address, now and then */
	before = sent();
	must(rte_eth_dev_set_link_up(dp_ports[0].ethdev) == 0);
	must(sent_after(before + 2 * ADDRS, 0) >= before + 2 * ADDRS);
	before = sent_after(0, 600);
	must(sent_after(0, 600) <= before + 2);
	accounts_check();
}

/* The ring device gives back what is sent by it, so control can send a worker a datagram of a client's. */
static void
datagram(uint16_t client_port, uint16_t vip_port)
{
	static const uint8_t bytes[60] = {
		[12] = 8, [14] = 0x45, [17] = 28, [22] = 64, [23] = 17, [26] = 198, 51,
		100,      77,          192,       0,         2,         1,          [39] = 8,
	};
	struct rte_mbuf *m = dp_control_mbuf();
	uint8_t *frame;
	uint32_t sum = 0;

	if (m == NULL)
		return;
	frame = (uint8_t *)rte_pktmbuf_append(m, sizeof(bytes));
	memcpy(frame, bytes, sizeof(bytes));
	memcpy(frame, dp_port_mac(0), 6);
	frame[6] = 2;
	frame[34] = (uint8_t)(client_port >> 8);
	frame[35] = (uint8_t)client_port;
	frame[37] = (uint8_t)vip_port;
	for (unsigned int i = 14; i < 34; i += 2)
		sum += (uint32_t)frame[i] << 8 | frame[i + 1];
	sum = ~((sum & 0xffff) + (sum >> 16));
	frame[24] = (uint8_t)(sum >> 8);
	frame[25] = (uint8_t)sum;
	dp_control_tx(0, m);
}

/*
 * Packets wait for a neighbour when everything ends. Before that, more than the ring to
 * the worker takes; the ring device must be empty at the end, since it keeps what it has.
 */
static void
run_stop_full(const struct life *life)
{
	uint64_t held = 0, quiet_since;

	for (uint16_t i = 0; i < 3000; i++)
		datagram(i, 81);
	do {
		quiet_since = sent();
		sleep_ms(200);
	} while (sent() != quiet_since);
	for (uint16_t i = 0; i < 8; i++)
		datagram((uint16_t)(1000 + i), 80);
	for (unsigned int ms = 0; held < 8; ms++) {
		held = 0;
		for (unsigned int id = 0; id < dp_worker_count(); id++) {
			struct dp_worker_stats s;

			dp_worker_stats(id, &s);
			held += s.held;
		}
		must(ms < 2000); /* then they are given up */
		sleep_ms(1);
	}
	accounts_check();
	sleep_ms(50);
}

/* Of all workers: flows opened, and packets to addresses that are not held. */
static void
workers_sum(uint64_t *ret_flows, uint64_t *ret_not_held)
{
	*ret_flows = *ret_not_held = 0;
	for (unsigned int id = 0; id < dp_worker_count(); id++) {
		struct dp_worker_stats s;

		dp_worker_stats(id, &s);
		*ret_flows += s.flows_created;
		*ret_not_held += s.drop[SL_DROP_VIP_NOT_HELD];
	}
}

/* The VIPs belong to a group from now on. */
static void
vips_move(void)
{
	const struct dp_net_addr own = { 0, { addr("198.51.100.2"), 24 } };
	const struct dp_static_neigh neigh = { 0, addr("198.51.100.12"), { 2, 0, 0, 0, 2, 2 } };
	const struct dp_moving moving = { .prefix = { addr("192.0.2.1"), 32 }, .group = 9 };
	const struct dp_net net = { .addrs = &own,
				    .addr_count = 1,
				    .neighs = &neigh,
				    .neigh_count = 1,
				    .moving = &moving,
				    .moving_count = 1 };
	struct dp_txn *txn = dp_txn_begin();
	char error[DP_ERROR_SIZE];

	must(dp_txn_net_set(txn, &net, error) == 0);
	must(dp_txn_commit(txn, error) == 0);
}

/* What keepalive has of the data plane, while the control thread does nothing at all. */
static void
run_keepalive(const struct life *life)
{
	/* 198.51.100.9 to 224.0.0.18: a VRRP advertisement, as far as the data plane looks. */
	static const uint8_t
		advert[54] = {
			0x01, 0,         0x5e,       0,          0,           0x12,        2,
			0,    0,         0,          0,          9,           8,           0,
			0x45, [17] = 40, [22] = 255, [23] = 112, [24] = 0xb1, [25] = 0x16, [26] = 198,
			51,   100,       9,          224,        0,           0,           18,
		};
	uint64_t turns = dp_ha_worker_turns(0), flows = 0, not_held = 0;
	struct dp_ha_packet packet;
	struct dp_ha_port port;
	unsigned int ms;

	dp_ha_listen(1);
	for (ms = 0; !dp_ha_receive(&packet); ms++) { /* the ring device gives it back */
		must(dp_ha_send(0, advert, sizeof(advert)) == 0);
		must(ms < LIMIT_MS);
		sleep_ms(1);
	}
	must(packet.port == 0 && packet.len == sizeof(advert));
	must(memcmp(packet.frame, advert, sizeof(advert)) == 0);
	vips_move();
	for (ms = 0; not_held == 0; ms++) {
		datagram(1, 81);
		workers_sum(&flows, &not_held);
		must(ms < LIMIT_MS);
		sleep_ms(1);
	}
	must(flows == 0);
	dp_ha_hold(9, true, NULL);
	for (ms = 0; flows == 0; ms++) {
		datagram(2, 81);
		workers_sum(&flows, &not_held);
		must(ms < LIMIT_MS);
		sleep_ms(1);
	}
	dp_ha_port(0, &port);
	must(port.link_up && memcmp(port.mac, dp_port_mac(0), 6) == 0);
	must(rte_eth_dev_set_link_down(dp_ports[0].ethdev) == 0);
	for (ms = 0; port.link_up; ms++) {
		dp_ha_port(0, &port);
		must(ms < LIMIT_MS);
		sleep_ms(1);
	}
	must(dp_ha_worker_turns(0) > turns && dp_ha_worker_turns(1) == 0);
	accounts_check();
	do { /* the ring device keeps what it has */
		flows = sent();
		sleep_ms(100);
	} while (sent() != flows);
}

static const struct life lives[] = {
	{ "one worker, one queue", 1, { { "net_null0", 0, 1 } }, run_flood },
	{ "three workers, a queue each", 3, { { "net_null0", 0, 3 } }, run_flood },
	{ "three workers, one queue", 3, { { "net_null0", 1, 1 } }, run_flood },
	{ "three workers, one queue on each of two ports",
	  3,
	  { { "net_null0", 1, 1 }, { "net_null1", 1, 1 } },
	  run_flood },
	{ "two workers, five queues", 2, { { "net_null0", 5, 5 } }, run_flood },
	{ "one worker, two ports of several queues",
	  1,
	  { { "net_null0", 3, 3 }, { "net_null1", 4, 4 } },
	  run_flood },
	{ "a link that comes up late", 1, { { "net_ring0", 1, 1 } }, run_link },
	{ "full at the end", 1, { { "net_ring0", 1, 1 } }, run_stop_full },
	{ "keepalive's ways", 1, { { "net_ring0", 1, 1 } }, run_keepalive },
	{ "nothing ever started", 2, { { "net_null0", 0, 2 } }, NULL },
};

static void
live(const void *context)
{
	const struct life *life = context;
	struct dp_params params = {
		.workers = life->workers, .connections = 10000, .mbufs = 8000, .seeded = true
	};
	char no_huge[] = "--no-huge", memory[] = "-m", mb[] = "128", *argv[] = { no_huge, memory, mb };
	struct dp_port_conf ports[CASE_PORTS] = { 0 };
	char error[DP_ERROR_SIZE] = "";
	unsigned int count = 0;

	sl_log_limit_set(SL_LOG_WARN);
	for (; count < CASE_PORTS && life->port[count].device != NULL; count++) {
		snprintf(ports[count].name, sizeof(ports[count].name), "p%u", count);
		snprintf(ports[count].device, sizeof(ports[count].device), "%s", life->port[count].device);
		ports[count].queues = life->port[count].queues;
	}
	if (dp_eal_start(&params, ports, count, 3, argv, error) != 0)
		fprintf(stderr, "%s\n", error);
	for (unsigned int i = 0; i < count && error[0] == '\0'; i++)
		if (dp_port_open(&ports[i], error) != 0)
			fprintf(stderr, "%s\n", error);
	if (error[0] == '\0' && dp_start(error) != 0)
		fprintf(stderr, "%s\n", error);
	must(error[0] == '\0');
	if (life->run != NULL) {
		configure();
		life->run(life);
	}
	dp_stop(); /* warns of buffers that are missing */
	_exit(0);
}

static void
test_lives(void **state)
{
	for (size_t i = 0; i < SL_COUNT(lives); i++) {
		char printed[PRINTED_MAX] = "";
		int status = child_run(live, &lives[i], printed, sizeof(printed));

		sl_check_str(lives[i].name, printed, "");
		sl_check(lives[i].name, WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_lives) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
