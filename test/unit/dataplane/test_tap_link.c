/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Kernel interfaces for real, in a network namespace of this process alone: what the
 * kernel has of them after each change of the network, frames both ways, and
 * interfaces that are taken away, set down or cannot be made.
 *
 * Needs root and /dev/net/tun; without, it is skipped (exit status 77).
 */
#include "control.h"
#include "ha.h"
#include "kernel_box.h"
#include "pipe_box.h"
#include "port.h"
#include "punt_rx.h"
#include "sysctl.h"
#include "tap.h"
#include "wire.h"

#include "sl_addr.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { LIST_MAX = 8, BUFFERS = 1023, SKIPPED = 77, BATCH = 64 };

#define WAN_LL "fe80::ff:fe00:a0/64"

static struct rte_mempool *pool;
static uint64_t clock_ms = 1000;

/* ---- the bench ---- */

static int
setup(void **state)
{
	struct dp_worker *w;

	if (pipe_setup1(state) != 0)
		return -1;
	w = dp_workers[0];
	memset(&dp_control, 0, sizeof(dp_control));
	dp_control.pool = pool;
	dp_control.ring = aligned_alloc(RTE_CACHE_LINE_SIZE, (size_t)rte_ring_get_memsize(PUNT_RING_SIZE));
	assert_int_equal(
		rte_ring_init(dp_control.ring, "control", PUNT_RING_SIZE, RING_F_SP_ENQ | RING_F_SC_DEQ), 0);
	w->ring_control = dp_control.ring;
	dp_ports[WAN].conf.tap = true;
	atomic_store(&dp_kernel_rate, UINT32_MAX);
	return 0;
}

static int
teardown(void **state)
{
	void *m;

	dp_tap_stop();
	while (rte_ring_sc_dequeue(dp_control.ring, &m) == 0)
		rte_pktmbuf_free(m);
	free(dp_control.ring);
	dp_workers[0]->ring_control = NULL;
	dp_control.ring = NULL;
	if (rte_mempool_in_use_count(pool) != 0)
		return -1;
	return pipe_teardown(state);
}

static void
start(void)
{
	char error[DP_ERROR_SIZE] = "";

	if (dp_tap_start(error) != 0)
		fail_msg("%s", error);
}

static struct sl_prefix
prefix(const char *text)
{
	struct sl_prefix p;

	assert_int_equal(sl_prefix_parse(text, &p), 0);
	return p;
}

/* A network of wan's: addresses, and routes as "prefix via gateway" or "prefix". */
static void
net_set(const char *const *addr_texts, const char *const *route_texts)
{
	struct dp_net_addr addrs[LIST_MAX];
	struct dp_route routes[LIST_MAX];
	unsigned int addr_count = 0, route_count = 0;

	for (; addr_count < LIST_MAX && addr_texts[addr_count] != NULL; addr_count++)
		addrs[addr_count] = (struct dp_net_addr){ WAN, prefix(addr_texts[addr_count]) };
	for (; route_count < LIST_MAX && route_texts[route_count] != NULL; route_count++) {
		char text[100], *via;

		snprintf(text, sizeof(text), "%s", route_texts[route_count]);
		via = strstr(text, " via ");
		routes[route_count] = (struct dp_route){ .port = WAN };
		if (via != NULL) {
			*via = '\0';
			assert_int_equal(sl_addr_parse(via + 5, &routes[route_count].via), 0);
		}
		routes[route_count].prefix = prefix(text);
	}
	dp_tap_net_set(addrs, addr_count, routes, route_count);
}

/* ---- networks ---- */

static void
test_networks(void **state)
{
	static const struct {
		const char *row;
		const char *addrs[LIST_MAX], *routes[LIST_MAX];
	} rows[] = {
		{ "one address", { "198.51.100.2/24", NULL }, { NULL } },
		{ "the same again", { "198.51.100.2/24", NULL }, { NULL } },
		{ "IPv6 too, and gateways",
		  { "198.51.100.2/24", "2001:db8:1::2/64", NULL },
		  { "0.0.0.0/0 via 198.51.100.1", "::/0 via 2001:db8:1::1", NULL } },
		{ "a second address of the subnet, and routes to prefixes and to the link",
		  { "198.51.100.2/24", "198.51.100.3/24", "2001:db8:1::2/64", NULL },
		  { "0.0.0.0/0 via 198.51.100.1", "10.8.0.0/16 via 198.51.100.9", "10.9.0.0/16",
		    "2001:db8:8::/48 via 2001:db8:1::9", "2001:db8:9::/64", NULL } },
		{ "the first of the two goes, the gateway changes",
		  { "198.51.100.3/24", "2001:db8:1::2/64", NULL },
		  { "0.0.0.0/0 via 198.51.100.254", "10.8.0.0/16 via 198.51.100.9", NULL } },
		{ "another prefix length",
		  { "198.51.100.3/25", "2001:db8:1::2/48", NULL },
		  { "10.8.0.0/16 via 198.51.100.9", NULL } },
		{ "all addresses change at once, routes stay",
		  { "198.51.100.77/25", "2001:db8:1::77/48", NULL },
		  { "10.8.0.0/16 via 198.51.100.9", NULL } },
		{ "a host's address", { "192.0.2.9/32", NULL }, { "10.8.0.0/16 via 198.51.100.9", NULL } },
		{ "nothing", { NULL }, { NULL } },
		{ "and again", { "198.51.100.2/24", "2001:db8:1::2/64", NULL }, { NULL } },
	};

	start();
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		char got[KERNEL_BOX_TEXT], want[KERNEL_BOX_TEXT];

		net_set(rows[i].addrs, rows[i].routes);
		kernel_box_addrs(got);
		kernel_box_list(rows[i].addrs, WAN_LL, want);
		sl_check_str(rows[i].row, got, want);
		kernel_box_routes(got);
		kernel_box_list(rows[i].routes, NULL, want);
		sl_check_str(rows[i].row, got, want);
	}
}

static void
test_interface(void **state)
{
	struct ifreq request;
	struct dp_tap_info info;
	unsigned int index;
	int fd = -1;

	/* Without an interface: no descriptor, no counters. */
	assert_int_equal(dp_poll_fds(&fd, 1), 0);
	dp_tap_info(WAN, &info);
	assert_string_equal(info.name, "");
	dp_ports[WAN].mtu = 1400;
	start();
	index = if_nametoindex(KERNEL_BOX_NAME);
	request = kernel_box_request(SIOCGIFHWADDR, 0);
	assert_memory_equal(request.ifr_hwaddr.sa_data, dp_ports[WAN].mac, 6);
	assert_int_equal(kernel_box_request(SIOCGIFMTU, 0).ifr_mtu, 1400);
	assert_true((kernel_box_request(SIOCGIFFLAGS, 0).ifr_flags & (IFF_UP | IFF_RUNNING)) ==
		    (IFF_UP | IFF_RUNNING));
	assert_true(dp_interface_is_up(index));
	kernel_box_request(SIOCSIFFLAGS, 0);
	assert_false(dp_interface_is_up(index));
	assert_int_equal(if_nametoindex("sl-lan"), 0);
	assert_int_equal(dp_poll_fds(&fd, 0), 0);
	assert_int_equal(dp_poll_fds(&fd, 1), 1);
	assert_true(fd >= 0);
	dp_tap_info(WAN, &info);
	assert_string_equal(info.name, KERNEL_BOX_NAME);
	assert_true(info.present);
	dp_tap_info(LAN, &info);
	assert_string_equal(info.name, "");
	dp_tap_stop();
	assert_int_equal(if_nametoindex(KERNEL_BOX_NAME), 0);
	assert_false(dp_interface_is_up(index));
	start(); /* under the same name, and yet another one */
	assert_false(dp_interface_is_up(index));
}

/* ---- frames ---- */

static int
packet_socket(void)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET,
				  .sll_protocol = 0xffff, /* none that comes */
				  .sll_ifindex = (int)if_nametoindex(KERNEL_BOX_NAME) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static unsigned int
poll_now(void)
{
	return dp_tap_poll(clock_ms += 1);
}

/* Worker 0 sends what control has given it. */
/* Addresses of groups come and go with them, and leave the others as they are. */
static void
test_groups(void **state)
{
	static const char *const own[] = { "198.51.100.2/24", "2001:db8:1::2/64", NULL };
	const struct dp_moving moving[] = {
		{ .prefix = prefix("198.51.100.254/24"), .port = WAN, .group = 1 },
		{ .prefix = prefix("2001:db8:1::fe/64"), .port = WAN, .group = 1 },
		{ .prefix = prefix("10.1.0.1/16"), .port = WAN, .group = 2 },
		{ .prefix = prefix("10.2.0.1/16"), .port = LAN, .group = 2 }, /* which has no interface */
	};
	static const struct {
		const char *row;
		unsigned int held; /* a bit a group */
		bool listed;
		const char *addrs[LIST_MAX];
	} rows[] = {
		{ "none is held", 0, true, { "198.51.100.2/24", "2001:db8:1::2/64", NULL } },
		{ "one is",
		  1 << 1,
		  true,
		  { "198.51.100.2/24", "198.51.100.254/24", "2001:db8:1::2/64", "2001:db8:1::fe/64", NULL } },
		{ "the other is",
		  1 << 2,
		  true,
		  { "10.1.0.1/16", "198.51.100.2/24", "2001:db8:1::2/64", NULL } },
		{ "none again", 0, true, { "198.51.100.2/24", "2001:db8:1::2/64", NULL } },
		{ "both",
		  1 << 1 | 1 << 2,
		  true,
		  { "10.1.0.1/16", "198.51.100.2/24", "198.51.100.254/24", "2001:db8:1::2/64",
		    "2001:db8:1::fe/64", NULL } },
		{ "no address moves any more",
		  1 << 1 | 1 << 2,
		  false,
		  { "198.51.100.2/24", "2001:db8:1::2/64", NULL } },
	};
	char have[KERNEL_BOX_TEXT], want[KERNEL_BOX_TEXT], routes[KERNEL_BOX_TEXT];

	start();
	net_set(own, (const char *const[]){ "10.8.0.0/16 via 198.51.100.9", NULL });
	for (unsigned int i = 0; i < SL_COUNT(rows); i++) {
		if (i == 0 || !rows[i].listed)
			dp_tap_moving_set(moving, rows[i].listed ? SL_COUNT(moving) : 0);
		for (unsigned int group = 1; group <= 2; group++)
			dp_ha_hold(group, (rows[i].held >> group & 1) != 0, NULL);
		dp_tap_held_changed();
		kernel_box_list(rows[i].addrs, WAN_LL, want);
		kernel_box_addrs(have);
		sl_check_str(rows[i].row, have, want);
		/* A network set anew changes nothing of it, and the routes are there all the time. */
		net_set(own, (const char *const[]){ "10.8.0.0/16 via 198.51.100.9", NULL });
		kernel_box_addrs(have);
		sl_check_str(rows[i].row, have, want);
		kernel_box_routes(routes);
		sl_check_str(rows[i].row, routes, " [10.8.0.0/16 via 198.51.100.9]");
	}
}

static void
control_sends(void)
{
	while (rte_ring_count(dp_control.ring) != 0)
		(void)pipe_receive(0);
}

/* The kernel's own (listener reports and the like) is gone. */
static void
settle(void)
{
	for (unsigned int quiet = 0; quiet < 50; quiet++) {
		struct pollfd wait = { .events = POLLIN };

		assert_int_equal(dp_poll_fds(&wait.fd, 1), 1);
		if (poll(&wait, 1, 2) > 0)
			quiet = 0;
		(void)poll_now();
		control_sends();
	}
	pipe_forget();
}

static void
quiet_start(void)
{
	start();
	net_set((const char *const[]){ "198.51.100.2/24", NULL }, (const char *const[]){ NULL });
	settle();
}

/* A frame of the kernel's: sent as it is, with the port's address as its source. */
static unsigned int
frame_make(uint8_t *bytes, unsigned int len)
{
	for (unsigned int i = 0; i < len; i++)
		bytes[i] = (uint8_t)(i * 7);
	memset(bytes, 0xff, 6);
	memcpy(bytes + 6, dp_ports[WAN].mac, 6);
	bytes[12] = 0x88; /* of a type that nobody here has */
	bytes[13] = 0xb5;
	return len;
}

/* How many of those were sent; the last one in ret_frame. The kernel may have said something by itself. */
static unsigned int
ours_sent(const struct pipe_frame **ret_frame)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < pipe_box.sent_count; i++)
		if (memcmp(pipe_box.sent[i].bytes + 12, (const uint8_t[]){ 0x88, 0xb5 }, 2) == 0) {
			*ret_frame = &pipe_box.sent[i];
			count++;
		}
	return count;
}

static void
test_from_kernel(void **state)
{
	static const struct {
		const char *row;
		unsigned int mtu, len;
		bool segments; /* the port sends several buffers */
		int reason;    /* SL_DROP_MAX: sent */
	} rows[] = {
		{ "short", 1500, 60, true, SL_DROP_MAX },
		{ "longest", 1500, 1514, true, SL_DROP_MAX },
		{ "longest of a port that sends one buffer", 1500, 1514, false, SL_DROP_MAX },
		{ "jumbo", 8986, 9000, true, SL_DROP_MAX },
		{ "jumbo's first buffer, to the byte", 8986, RTE_MBUF_DEFAULT_DATAROOM, true, SL_DROP_MAX },
		{ "a byte more", 8986, RTE_MBUF_DEFAULT_DATAROOM + 1, true, SL_DROP_MAX },
		{ "short on a jumbo port", 8986, 60, false, SL_DROP_MAX },
		{ "jumbo, and one buffer", 8986, 5000, false, SL_DROP_SEGMENTS },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		const struct pipe_frame *frame = NULL;
		uint8_t bytes[PIPE_FRAME_MAX];
		struct dp_tap_info info;
		int fd;

		dp_ports[WAN].mtu = (uint16_t)rows[i].mtu;
		dp_ports[WAN].tx_segments = rows[i].segments;
		quiet_start();
		fd = packet_socket();
		memset(dp_control.drop, 0, sizeof(dp_control.drop));
		frame_make(bytes, rows[i].len);
		sl_check_int(rows[i].row, write(fd, bytes, rows[i].len), rows[i].len);
		sl_check(rows[i].row, poll_now() > 0);
		control_sends();
		if (rows[i].reason == SL_DROP_MAX) {
			sl_check_int(rows[i].row, ours_sent(&frame), 1);
			sl_check_int(rows[i].row, frame->port, WAN);
			sl_check_int(rows[i].row, frame->len, rows[i].len);
			assert_memory_equal(frame->bytes, bytes, rows[i].len);
		} else {
			sl_check_int(rows[i].row, ours_sent(&frame), 0);
			sl_check_int(rows[i].row, dp_control.drop[rows[i].reason], 1);
		}
		sl_check_int(rows[i].row, dp_control.rx + dp_control.generated,
			     dp_control.tx + dp_control.drops + dp_punt_consumed());
		dp_tap_info(WAN, &info);
		sl_check_int(rows[i].row, info.from_kernel_packets >= 1, true);
		close(fd);
		dp_tap_stop();
	}
}

/* A call takes a bounded number of the kernel's frames; with the ring to worker 0 nearly full, none. */
static void
test_from_kernel_bounded(void **state)
{
	const struct pipe_frame *frame;
	unsigned int sent = 0;
	uint8_t bytes[60];
	int fd;

	quiet_start();
	fd = packet_socket();
	frame_make(bytes, sizeof(bytes));
	for (unsigned int i = 0; i < 900; i++)
		assert_int_equal(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
	assert_int_equal(poll_now(), BATCH);
	assert_int_equal(rte_ring_count(dp_control.ring), BATCH);
	for (unsigned int i = 0; i < 100; i++)
		(void)poll_now();
	/* The last 256 places are for ARP. */
	assert_in_range(rte_ring_free_count(dp_control.ring), 256 - BATCH, 256);
	for (unsigned int i = 0; i < 20 && sent < 900; i++) {
		pipe_forget();
		control_sends();
		sent += ours_sent(&frame);
		(void)poll_now();
	}
	assert_int_equal(sent, 900); /* those that had to wait were not lost */
	close(fd);
}

/* A datagram to an own address, as a worker gets it. */
static void
punt(uint16_t dport)
{
	const struct pipe_spec spec = { .dst = "198.51.100.2",
					.src = "198.51.100.77",
					.proto = SL_PROTO_UDP,
					.dport = dport,
					.payload = 100,
					.seed = 7 };
	uint8_t bytes[PIPE_FRAME_MAX];
	unsigned int len = pipe_build(&spec, bytes);
	struct rte_mbuf *m = pipe_mbuf(bytes, len, (const unsigned int[]){ 60, 0 });

	pipe_burst(0, WAN, &m, 1);
}

static int
udp_socket(uint16_t port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = rte_cpu_to_be_16(port) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static void
test_to_kernel(void **state)
{
	uint64_t consumed = dp_punt_consumed();
	struct dp_tap_info before, after;
	uint8_t data[200];
	int fd;

	quiet_start();
	fd = udp_socket(5000);
	dp_tap_info(WAN, &before);
	for (unsigned int i = 0; i < 3; i++)
		punt(5000);
	assert_true(poll_now() >= 3);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(recv(fd, data, sizeof(data), 0), 100);
	assert_int_equal(recv(fd, data, sizeof(data), 0), -1);
	dp_tap_info(WAN, &after);
	assert_int_equal(after.to_kernel_packets - before.to_kernel_packets, 3);
	assert_int_equal(after.to_kernel_bytes - before.to_kernel_bytes, 3 * (14 + 20 + 8 + 100));
	assert_int_equal(dp_punt_consumed() - consumed, 3);
	assert_int_equal(dp_control.rx, 3);
	close(fd);
}

static void
test_to_kernel_bounded(void **state)
{
	quiet_start();
	atomic_store(&dp_kernel_rate, UINT32_MAX);
	for (unsigned int i = 0; i < KERNEL_RING_SIZE; i++)
		punt(5000);
	assert_int_equal(rte_ring_count(dp_workers[0]->ring_kernel), KERNEL_RING_SIZE / 2);
	(void)poll_now();
	assert_int_equal(dp_control.rx, 512);
}

/* ---- an interface that disappears ---- */

/* Routes to VIPs, in tables of any number: made, made again, deleted, and gone with the interface. */
static void
test_host_routes(void **state)
{
	static const char *const addrs[] = { "198.51.100.2/24", "2001:db8:1::2/64", NULL };
	static const char *const vips[] = { "192.0.2.1", "2001:db8::1", NULL };
	static const uint32_t tables[] = { 1, 100, 70000, UINT32_MAX };
	char got[KERNEL_BOX_TEXT], want[KERNEL_BOX_TEXT];
	struct dp_tap_info info;

	quiet_start();
	net_set(addrs, (const char *const[]){ NULL });
	dp_tap_info(WAN, &info);
	assert_int_equal(info.index, if_nametoindex(KERNEL_BOX_NAME));
	for (size_t t = 0; t < SL_COUNT(tables); t++) {
		struct sl_addr vip[2];

		for (unsigned int i = 0; i < 2; i++) {
			assert_int_equal(sl_addr_parse(vips[i], &vip[i]), 0);
			for (unsigned int times = 0; times < 2; times++)
				assert_int_equal(dp_host_route_set(WAN, tables[t], &vip[i], true), 0);
		}
		kernel_box_host_routes(tables[t], got);
		kernel_box_list(vips, NULL, want);
		assert_string_equal(got, want);
		for (unsigned int times = 0; times < 2; times++)
			assert_int_equal(dp_host_route_set(WAN, tables[t], &vip[0], false), 0);
		kernel_box_host_routes(tables[t], got);
		kernel_box_list(vips + 1, NULL, want);
		assert_string_equal(got, want);
		assert_int_equal(dp_host_route_set(WAN + 1, tables[t], &vip[0], true), -ENODEV);
		assert_int_equal(dp_host_route_set(DP_PORTS_MAX, tables[t], &vip[0], true), -ENODEV);
	}
	(void)kernel_box_request(SIOCSIFFLAGS, 0);
	clock_ms += 1100;
	(void)poll_now();
	dp_tap_info(WAN, &info);
	assert_true(info.present && info.index == 0);
	(void)kernel_box_request(SIOCSIFFLAGS, IFF_UP);
	clock_ms += 1100;
	(void)poll_now();
	dp_tap_info(WAN, &info);
	assert_int_equal(info.index, if_nametoindex(KERNEL_BOX_NAME));
	kernel_box_delete();
	for (size_t t = 0; t < SL_COUNT(tables); t++) {
		kernel_box_host_routes(tables[t], got);
		assert_string_equal(got, "");
	}
	(void)poll_now();
	dp_tap_info(WAN, &info);
	assert_int_equal(info.index, 0);
}

static void
test_deleted(void **state)
{
	static const char *const addrs[] = { "198.51.100.2/24", NULL };
	static const char *const routes[] = { "10.8.0.0/16 via 198.51.100.9", NULL };
	char got[KERNEL_BOX_TEXT], want[KERNEL_BOX_TEXT];
	struct dp_tap_info info;
	uint8_t data[200];
	int fd, watched;

	quiet_start();
	net_set(addrs, routes);
	fd = udp_socket(5000);
	assert_int_equal(dp_poll_fds(&watched, 1), 1);
	for (unsigned int round = 0; round < 3; round++) {
		int again = -1;

		kernel_box_delete();
		/* Noticed by the next reading, or by the packet itself. */
		if (round == 1)
			(void)poll_now();
		punt(5000);
		memset(dp_control.drop, 0, sizeof(dp_control.drop));
		(void)poll_now();
		assert_int_equal(dp_control.drop[SL_DROP_KERNEL_GONE], 1);
		dp_tap_info(WAN, &info);
		assert_false(info.present);
		assert_string_equal(info.name, KERNEL_BOX_NAME);
		/* Meanwhile the network changes: what it shall be is remembered. */
		net_set(addrs, (const char *const[]){ NULL });
		net_set(addrs, routes);
		clock_ms += 500;
		(void)poll_now();
		assert_int_equal(if_nametoindex(KERNEL_BOX_NAME), 0);
		clock_ms += 1600;
		(void)poll_now();
		dp_tap_info(WAN, &info);
		assert_true(info.present);
		kernel_box_addrs(got);
		kernel_box_list(addrs, WAN_LL, want);
		assert_string_equal(got, want);
		kernel_box_routes(got);
		kernel_box_list(routes, NULL, want);
		assert_string_equal(got, want);
		/* The descriptor to watch is the same. */
		assert_int_equal(dp_poll_fds(&again, 1), 1);
		assert_int_equal(again, watched);
		settle();
		punt(5000);
		(void)poll_now();
		assert_int_equal(recv(fd, data, sizeof(data), 0), 100);
	}
	close(fd);
}

static void
test_down(void **state)
{
	static const char *const addrs[] = { "198.51.100.2/24", "2001:db8:1::2/64", NULL };
	static const char *const routes[] = { "10.8.0.0/16 via 198.51.100.9", "::/0 via 2001:db8:1::1",
					      NULL };
	char got[KERNEL_BOX_TEXT], want[KERNEL_BOX_TEXT];

	quiet_start();
	net_set(addrs, routes);
	(void)kernel_box_request(SIOCSIFFLAGS, 0);
	punt(5000);
	(void)poll_now();
	assert_int_equal(dp_control.drop[SL_DROP_KERNEL_FULL], 1);
	clock_ms += 1100;
	(void)poll_now();
	(void)kernel_box_request(SIOCSIFFLAGS, IFF_UP);
	punt(5000);
	(void)poll_now();
	/* Its routes are set again within a second. */
	clock_ms += 1100;
	(void)poll_now();
	kernel_box_routes(got);
	kernel_box_list(routes, NULL, want);
	assert_string_equal(got, want);
	kernel_box_addrs(got);
	kernel_box_list(addrs, WAN_LL, want);
	assert_string_equal(got, want);
	assert_int_equal(dp_control.drop[SL_DROP_KERNEL_FULL], 1);
	assert_int_equal(dp_control.drop[SL_DROP_KERNEL_GONE], 0);
}

/* ---- refusals ---- */

static int
tap_take(const char *name)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	assert_int_equal(ioctl(fd, TUNSETIFF, &request), 0);
	return fd;
}

static void
capability_set(bool on)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	assert_int_equal(syscall(SYS_capget, &header, data), 0);
	if (on)
		data[0].effective |= 1u << CAP_NET_ADMIN;
	else
		data[0].effective &= ~(1u << CAP_NET_ADMIN);
	assert_int_equal(syscall(SYS_capset, &header, data), 0);
}

static void
test_refused(void **state)
{
	char error[DP_ERROR_SIZE] = "";
	int fd = tap_take(KERNEL_BOX_NAME);

	assert_int_equal(dp_tap_start(error), -EBUSY);
	assert_non_null(strstr(error, "port wan: kernel interface sl-wan"));
	assert_non_null(strstr(error, "another sluiced"));
	dp_tap_stop();
	close(fd);

	capability_set(false);
	assert_int_equal(dp_tap_start(error), -EPERM);
	assert_non_null(strstr(error, "CAP_NET_ADMIN"));
	dp_tap_stop();
	capability_set(true);

	snprintf(dp_ports[WAN].conf.name, sizeof(dp_ports[WAN].conf.name), "a-name-too-long");
	assert_int_equal(dp_tap_start(error), -ENAMETOOLONG);
	assert_non_null(strstr(error, "at most 12 characters"));
	dp_tap_stop();
	snprintf(dp_ports[WAN].conf.name, sizeof(dp_ports[WAN].conf.name), "twelve-chars");
	assert_int_equal(dp_tap_start(error), 0);
	assert_int_not_equal(if_nametoindex("sl-twelve-chars"), 0);
}

/* Somebody else has the name when the interface is to be made again: tried until it is free. */
static void
test_taken_away(void **state)
{
	struct dp_tap_info info;
	int fd;

	quiet_start();
	kernel_box_delete();
	fd = tap_take(KERNEL_BOX_NAME);
	for (unsigned int i = 0; i < 4; i++) {
		clock_ms += 1100;
		(void)poll_now();
		dp_tap_info(WAN, &info);
		assert_false(info.present);
	}
	close(fd);
	clock_ms += 2100;
	(void)poll_now();
	dp_tap_info(WAN, &info);
	assert_true(info.present);
}

/* ---- the interface under a port ---- */

static void
under_check(const char *row, const char *const want[3])
{
	static const char *const names[][2] = { { "ipv4", "rp_filter" },
						{ "ipv4", "arp_ignore" },
						{ "ipv6", "disable_ipv6" } };

	for (unsigned int i = 0; i < SL_COUNT(names); i++) {
		char path[SYSCTL_PATH_SIZE], value[SYSCTL_VALUE_SIZE];

		dp_sysctl_path(path, names[i][0], "under0", names[i][1]);
		sl_check_int(row, dp_sysctl_get(path, value), 0);
		sl_check_str(row, value, want[i]);
	}
}

/* What a shared interface receives the kernel handles once, by the port's; unless it is somebody's. */
static void
test_under(void **state)
{
	const char *const as_made[3] = { "0", "0", "0" }, *const quiet[3] = { "1", "8", "1" };
	static const struct {
		const char *row, *device;
		bool address, quiet;
	} rows[] = {
		{ "shared", "net_af_packet0,iface=under0", false, true },
		{ "shared, more arguments", "net_af_packet0,iface=under0,qpairs=2", false, true },
		{ "not shared", "net_af_xdp0,iface=under0", false, false },
		{ "none", "0000:03:00.0", false, false },
		{ "somebody's", "net_af_packet0,iface=under0", true, false },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct ifreq request = { .ifr_name = "under0" };
		struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { 0x0100007f } };
		int tap = tap_take("under0"), fd = socket(AF_INET, SOCK_DGRAM, 0);

		memcpy(&request.ifr_addr, &at, sizeof(at));
		if (rows[i].address)
			assert_int_equal(ioctl(fd, SIOCSIFADDR, &request), 0);
		under_check(rows[i].row, as_made);
		snprintf(dp_ports[WAN].conf.device, DP_DEVICE_SIZE, "%s", rows[i].device);
		start();
		under_check(rows[i].row, rows[i].quiet ? quiet : as_made);
		dp_tap_stop();
		under_check(rows[i].row, as_made);
		close(fd);
		close(tap);
	}
}

static int
open_pool(void **state)
{
	if (pipe_open(state) != 0)
		return -1;
	pool = rte_pktmbuf_pool_create("tap", BUFFERS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	return pool != NULL ? 0 : -1;
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_networks),
		TEST(test_groups),
		TEST(test_interface),
		TEST(test_from_kernel),
		TEST(test_from_kernel_bounded),
		TEST(test_to_kernel),
		TEST(test_to_kernel_bounded),
		TEST(test_host_routes),
		TEST(test_deleted),
		TEST(test_down),
		TEST(test_refused),
		TEST(test_taken_away),
		TEST(test_under),
	};

	if (geteuid() != 0 || unshare(CLONE_NEWNET) != 0 || access("/dev/net/tun", R_OK | W_OK) != 0) {
		fprintf(stderr, "skipped: needs root, a network namespace of its own and /dev/net/tun\n");
		return SKIPPED;
	}
	return cmocka_run_group_tests(tests, open_pool, NULL);
}
