/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Checks as the kernel's own sockets make them, under a strict rp_filter: a connection that a server
 * takes, one that it refuses, and what ICMP errors tell the socket, about plain packets and about
 * tunnels'. Then what a probe lives in: addresses and refusals, an interface that is
 * taken away, next hops that are not known yet, routes and addresses that change, and floods.
 *
 * Needs root and /dev/net/tun; without, it is skipped (exit status 77).
 */
#include "probe_box.h"

#include "control.h"
#include "port.h"
#include "punt_rx.h"
#include "tap.h"
#include "txn.h"
#include "wire.h"

#include "sl_addr.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define VIP4 "192.0.2.2"
#define VIP6 "2001:db8:ff::2"
#define SERVER4 "10.0.0.11"
#define SERVER6 "2001:db8:2::11"
#define OWN4 "10.0.0.1"
#define OWN6 "2001:db8:2::1"

enum { TCP = SL_PROTO_TCP, UDP = SL_PROTO_UDP, ICMP = 1, ICMP6 = 58, SYN = 2, RST = 4, ACK = 16 };

static void
be16_put(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* A socket that has begun to connect to an address. */
static int
connect_begin(const struct sl_addr *addr, int type, uint16_t port)
{
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	bool v4 = sl_addr_is_v4(addr);
	int fd = socket(v4 ? AF_INET : AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	/* Closing ends it, so that the next test hears no more of it. */
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){ .l_onoff = 1 },
				    sizeof(struct linger)),
			 0);
	memcpy(&four.sin_addr, addr->b + 12, 4);
	memcpy(&six.sin6_addr, addr->b, 16);
	if (connect(fd, v4 ? (struct sockaddr *)&four : (struct sockaddr *)&six,
		    v4 ? sizeof(four) : sizeof(six)) != 0 &&
	    errno != EINPROGRESS)
		fail_msg("connect: %s", strerror(errno));
	return fd;
}

static int
socket_error(int fd)
{
	int error = 0;
	socklen_t len = sizeof(error);

	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len), 0);
	return error;
}

/* The packet of the last frame that was sent to the server, and its length. */
static unsigned int
sent_packet(const char *row, uint8_t packet[PROBE_BOX_MAX])
{
	for (unsigned int i = pipe_box.sent_count; i-- > 0;) {
		const struct pipe_frame *frame = &pipe_box.sent[i];

		if (frame->bytes[4] != 2)
			continue;
		memcpy(packet, frame->bytes + ETH_LEN, frame->len - ETH_LEN);
		return frame->len - ETH_LEN;
	}
	fail_msg("row \"%s\": nothing was sent", row);
	return 0;
}

/* ---- TCP ---- */

/* The server answers the SYN in `syn` so; its acknowledgement is right. */
static void
syn_answer(const uint8_t *syn, bool v6, uint8_t flags)
{
	const uint8_t *tcp = syn + (v6 ? 40 : 20);
	struct probe_packet p = {
		v6 ? VIP6 : VIP4, v6 ? OWN6 : OWN4, TCP, 80, (uint16_t)(tcp[0] << 8 | tcp[1]), flags
	};
	uint8_t frame[PROBE_BOX_MAX] = { 0 }, *answer;
	unsigned int len = probe_box_build(&p, frame + ETH_LEN);

	answer = frame + ETH_LEN + (v6 ? 40 : 20);
	memcpy(answer + 8, tcp + 4, 4);
	for (unsigned int i = 4; i-- > 0 && ++answer[8 + i] == 0;)
		;
	pipe_sums(frame);
	probe_box_server_sends(LAN, frame + ETH_LEN, len);
}

static void
test_tcp(void **state)
{
	static const struct {
		const char *row;
		bool v6;
		uint8_t answer;
		int error;
	} rows[] = {
		{ "taken", false, SYN | ACK, 0 },
		{ "taken, IPv6", true, SYN | ACK, 0 },
		{ "refused", false, RST | ACK, ECONNREFUSED },
		{ "refused, IPv6", true, RST | ACK, ECONNREFUSED },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		bool v6 = rows[i].v6;
		struct sl_addr addr =
			probe_box_add(v6 ? VIP6 : VIP4, v6 ? SERVER6 : SERVER4, SL_FWD_DR, NULL);
		struct pollfd wait = { .fd = connect_begin(&addr, SOCK_STREAM, 80), .events = POLLOUT };
		uint8_t packet[PROBE_BOX_MAX];

		pipe_forget();
		probe_box_turn(1);
		sl_check_int(rows[i].row, poll(&wait, 1, 0), 0);
		(void)sent_packet(rows[i].row, packet);
		syn_answer(packet, v6, rows[i].answer);
		sl_check_int(rows[i].row, poll(&wait, 1, 1000), 1);
		sl_check_int(rows[i].row, socket_error(wait.fd), rows[i].error);
		if (rows[i].error == 0) {
			/* What is sent now is as long as sl-check's MTU allows, and no longer. */
			uint8_t data[4000] = { 0 };

			pipe_forget();
			sl_check(rows[i].row, write(wait.fd, data, sizeof(data)) > 0);
			probe_box_turn(1);
			sl_check_int(rows[i].row, sent_packet(rows[i].row, packet) <= PROBE_MTU, true);
			sl_check(rows[i].row, pipe_sums_right(pipe_box.sent[0].bytes, pipe_box.sent[0].len));
		}
		close(wait.fd);
		dp_probe_remove(&addr);
	}
}

/* ---- ICMP errors ---- */

static void
test_errors(void **state)
{
	static const struct dp_tunnel gue = { .type = SL_TUN_GUE, .port = 6080 }, ipip = { 0 };
	static const struct dp_tunnel gre = { .type = SL_TUN_GRE, .sum = SL_TUN_SUM_FULL };
	static const struct {
		const char *row, *vip, *real;
		const struct dp_tunnel *tunnel; /* NULL: DR */
		uint16_t type;                  /* and code of the error */
		unsigned int quoted;            /* bytes of the packet; 0: all */
		int broken; /* a byte of the message that is changed afterwards; 0: none */
		bool told;  /* the kernel hears of it */
		int error;  /* what that makes of it; 0: it waits on */
	} rows[] = {
		{ "port unreachable", VIP4, SERVER4, NULL, 0x0303, 0, 0, true, ECONNREFUSED },
		{ "port unreachable, in few words", VIP4, SERVER4, NULL, 0x0303, 28, 0, true, ECONNREFUSED },
		{ "in too few", VIP4, SERVER4, NULL, 0x0303, 27, 0, false, 0 },
		{ "host prohibited", VIP4, SERVER4, NULL, 0x030a, 0, 0, true, EHOSTUNREACH },
		{ "port unreachable, IPv6", VIP6, SERVER6, NULL, 0x0104, 0, 0, true, ECONNREFUSED },
		{ "wrong checksum", VIP4, SERVER4, NULL, 0x0303, 0, 24, false, 0 },
		{ "no tunnel there (IPIP)", VIP4, SERVER4, &ipip, 0x0302, 0, 0, true, ENOPROTOOPT },
		{ "no tunnel there (GUE)", VIP4, SERVER4, &gue, 0x0303, 0, 0, true, ECONNREFUSED },
		{ "no tunnel there (GRE)", VIP4, SERVER4, &gre, 0x0302, 0, 0, true, ENOPROTOOPT },
		{ "no tunnel there, IPv6 in IPv4", VIP6, SERVER4, &gue, 0x0303, 0, 0, true, ECONNREFUSED },
		{ "no tunnel there, IPv4 in IPv6", VIP4, SERVER6, &gue, 0x0104, 0, 0, true, ECONNREFUSED },
		{ "no tunnel there, IPv6", VIP6, SERVER6, &gue, 0x0104, 0, 0, true, ECONNREFUSED },
		{ "a router: host unreachable", VIP4, SERVER4, &gue, 0x0301, 0, 0, true, 0 },
		{ "little of the inner packet", VIP4, SERVER4, &ipip, 0x0302, 48, 0, true, ENOPROTOOPT },
		{ "too little of it", VIP4, SERVER4, &ipip, 0x0302, 47, 0, false, 0 },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		bool outer6 = rows[i].real[0] == '2';
		struct sl_addr addr =
			probe_box_add(rows[i].vip, rows[i].real,
				      rows[i].tunnel != NULL ? SL_FWD_TUN : SL_FWD_DR, rows[i].tunnel);
		int fd = connect_begin(&addr, SOCK_DGRAM, 53);
		uint8_t quote[PROBE_BOX_MAX], bytes[PROBE_BOX_MAX];
		struct probe_packet p = { rows[i].real, outer6 ? OWN6 : OWN4, outer6 ? ICMP6 : ICMP,
					  rows[i].type, .quote = quote };
		struct dp_probe_info info;
		uint64_t told;
		unsigned int len;

		dp_probe_info(&info);
		told = info.errors;
		pipe_forget();
		sl_check_int(rows[i].row, write(fd, "ping", 4), 4);
		probe_box_turn(1);
		p.payload = (uint16_t)sent_packet(rows[i].row, quote);
		if (rows[i].quoted != 0)
			p.payload = (uint16_t)rows[i].quoted;
		len = probe_box_build(&p, bytes);
		bytes[rows[i].broken] ^= rows[i].broken != 0;
		probe_box_server_sends(LAN, bytes, len);
		dp_probe_info(&info);
		sl_check_int(rows[i].row, info.errors - told, rows[i].told);
		sl_check_int(rows[i].row, socket_error(fd), rows[i].error);
		close(fd);
		dp_probe_remove(&addr);
	}
}

/* An error about a packet that was never sent, or was another tunnel's, or is a forgery of endless headers. */
static void
test_errors_are_doubted(void **state)
{
	struct sl_addr addr = probe_box_add(VIP6, SERVER6, SL_FWD_DR, NULL);
	struct probe_packet p = { PROBE_OWN6, probe_box_text(&addr), UDP, 40000, 53 };
	uint8_t bytes[PROBE_BOX_MAX], quote[PROBE_BOX_MAX];
	struct dp_probe_info info;

	probe_box_kernel_sends(bytes, probe_box_build(&p, bytes));
	for (unsigned int kind = 0; kind < 3; kind++) {
		struct probe_packet error = { SERVER6, OWN6, ICMP6, 0x0104, .quote = quote };

		p = (struct probe_packet){ OWN6, VIP6, UDP, kind == 0 ? 40001 : 40000, 53 };
		error.payload = (uint16_t)probe_box_build(&p, quote);
		if (kind == 1) {
			/* Destination options up to the very end of what may be quoted, then the ports. */
			memmove(quote + 40 + 1232 - 44, quote + 40, 8);
			memset(quote + 40, 0, 1232 - 44);
			quote[6] = 60;
			quote[40] = UDP;
			quote[41] = (1232 - 44) / 8 - 1;
			be16_put(quote + 4, 1232 - 44 + 8);
			error.payload = 40 + 1232 - 44 + 8;
		}
		error.src = kind == 2 ? "2001:db8:2::99" : SERVER6;
		probe_box_server_sends(LAN, bytes, probe_box_build(&error, bytes));
		dp_probe_info(&info);
		/* Routers may speak of it, too; who quotes it exactly is believed. */
		assert_int_equal(info.errors, kind == 2);
	}
}

/* ---- adding and removing ---- */

static void
test_addresses(void **state)
{
	struct sl_addr first = probe_box_add(VIP4, SERVER4, SL_FWD_DR, NULL);
	struct sl_addr again = probe_box_add(VIP4, SERVER4, SL_FWD_DR, NULL);
	struct sl_addr other = probe_box_add(VIP4, SERVER4, SL_FWD_TUN, NULL), six;
	struct dp_probe_info info;

	assert_string_equal(probe_box_text(&first), "169.254.64.2");
	assert_true(sl_addr_eq(&first, &again));
	assert_string_equal(probe_box_text(&other), "169.254.64.3");
	six = probe_box_add(VIP6, SERVER6, SL_FWD_DR, NULL);
	assert_string_equal(probe_box_text(&six), "fd11:4082:f92f:4ee0::4");
	dp_probe_remove(&first);
	dp_probe_remove(&other);
	dp_probe_remove(&six);
	dp_probe_info(&info);
	assert_int_equal(info.probes, 1);
	assert_true(info.present && if_nametoindex(PROBE_LINK_NAME) != 0);
	/* An address that was freed rests. */
	six = probe_box_add(VIP6, SERVER6, SL_FWD_DR, NULL);
	assert_string_equal(probe_box_text(&six), "fd11:4082:f92f:4ee0::5");
	dp_probe_remove(&six);
	dp_probe_remove(&again);
	dp_probe_info(&info);
	assert_true(info.probes == 0 && !info.present);
	assert_int_equal(if_nametoindex(PROBE_LINK_NAME), 0);
	/* One that is not there. */
	dp_probe_remove(&again);
	first = probe_box_addr("203.0.113.1");
	dp_probe_remove(&first);
}

/* As many as there are addresses; each has its own. */
static void
test_all(void **state)
{
	struct dp_probe conf = { .vip = probe_box_addr(VIP4), .fwd = SL_FWD_DR };
	char error[DP_ERROR_SIZE] = "";
	struct sl_addr addr, last;
	struct dp_probe_info info;

	for (unsigned int i = 0; i <= DP_PROBES_MAX; i++) {
		conf.real = probe_box_addr("10.0.0.0");
		conf.real.b[14] = (uint8_t)(i >> 8);
		conf.real.b[15] = (uint8_t)i;
		if (dp_probe_add(&conf, &addr, error) != 0) {
			assert_int_equal(i, DP_PROBES_MAX);
			break;
		}
		assert_non_null(dp_probe_find(&addr));
		last = addr;
	}
	assert_string_equal(probe_box_text(&last), "169.254.127.254");
	assert_non_null(strstr(error, "all addresses for them are in use"));
	dp_probe_info(&info);
	assert_int_equal(info.probes, DP_PROBES_MAX);
	dp_probe_remove(&last);
	assert_int_equal(dp_probe_add(&conf, &addr, error), 0);
	assert_true(sl_addr_eq(&addr, &last));
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
	enum { NOTHING, CAPABILITY, PORT_CALLED_CHECK };
	static const struct {
		const char *row, *vip, *real;
		uint8_t fwd;
		int lacks, code;
		const char *words;
	} rows[] = {
		{ "NAT", VIP4, SERVER4, SL_FWD_NAT, NOTHING, -EINVAL,
		  "others are checked at their own address" },
		{ "DR between families", VIP4, SERVER6, SL_FWD_DR, NOTHING, -EINVAL,
		  "its VIP's address family" },
		{ "not allowed", VIP4, SERVER4, SL_FWD_DR, CAPABILITY, -EPERM,
		  "sl-check cannot be made (Operation not permitted); sluiced must run as root" },
		{ "a port of that name", VIP4, SERVER4, SL_FWD_DR, PORT_CALLED_CHECK, -EINVAL,
		  "call the port something else" },
	};
	char error[DP_ERROR_SIZE];
	struct dp_probe_info info;
	struct sl_addr addr;

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct dp_probe conf = { .vip = probe_box_addr(rows[i].vip),
					 .real = probe_box_addr(rows[i].real),
					 .fwd = rows[i].fwd };

		error[0] = '\0';
		if (rows[i].lacks == CAPABILITY)
			capability_set(false);
		if (rows[i].lacks == PORT_CALLED_CHECK) {
			snprintf(dp_ports[WAN].conf.name, sizeof(dp_ports[WAN].conf.name), "check");
			dp_ports[WAN].conf.tap = true;
			assert_int_equal(dp_tap_start(error), 0);
		}
		sl_check_int(rows[i].row, dp_probe_add(&conf, &addr, error), rows[i].code);
		if (strstr(error, rows[i].words) == NULL)
			fail_msg("row \"%s\": \"%s\"", rows[i].row, error);
		capability_set(true);
		dp_probe_info(&info);
		sl_check_int(rows[i].row, info.probes != 0 || info.present, false);
	}
}

/* ---- the network changes ---- */

/* Own addresses of wan and lan, and the port that leads to 10.0.0.0/24 unless lan has an address there. */
static void
net_set(const char *wan, const char *lan, unsigned int port)
{
	struct dp_net_addr own[2] = { { WAN, { probe_box_addr(wan), 24 } },
				      { LAN, { probe_box_addr(lan), 24 } } };
	struct dp_route route = { { probe_box_addr("10.0.0.0"), 24 }, { .b = { 0 } }, (int)port };
	struct dp_net net = { .addrs = own, .addr_count = 2, .routes = &route, .route_count = 1 };
	struct dp_txn *txn = dp_txn_begin();
	char error[DP_ERROR_SIZE] = "";

	assert_non_null(txn);
	if (dp_txn_net_set(txn, &net, error) != 0 || dp_txn_commit(txn, error) != 0)
		fail_msg("%s", error);
}

static void
test_no_own_address(void **state)
{
	struct dp_probe conf = { .vip = probe_box_addr(VIP6),
				 .real = probe_box_addr("10.0.0.11"),
				 .fwd = SL_FWD_TUN };
	char error[DP_ERROR_SIZE] = "";
	struct sl_addr addr;

	net_set("198.51.100.2", "10.0.0.1", LAN);
	assert_int_equal(dp_probe_add(&conf, &addr, error), -EADDRNOTAVAIL);
	assert_string_equal(error,
			    "checks by the way of clients' packets: port lan, which leads to 10.0.0.11, has "
			    "no IPv6 address to send them from; give it one (address)");
}

/* The way follows the routes; a connection keeps its source as long as the box has it. */
static void
test_route_changes(void **state)
{
	struct sl_addr addr = probe_box_add(VIP4, SERVER4, SL_FWD_DR, NULL);
	struct probe_packet p = { PROBE_OWN4, probe_box_text(&addr), TCP, 40000, 80, SYN };
	const struct pipe_frame *frame = &pipe_box.sent[0];
	uint8_t bytes[PROBE_BOX_MAX];
	static const struct {
		const char *row, *wan, *lan;
		unsigned int port, leaves;
		uint8_t source[4];
	} rows[] = {
		{ "as it was", "198.51.100.2", "10.0.0.1", LAN, LAN, { 10, 0, 0, 1 } },
		{ "by wan", "10.0.0.1", "10.1.0.1", WAN, WAN, { 10, 0, 0, 1 } },
		{ "without the old address", "198.51.100.2", "10.1.0.1", WAN, WAN, { 198, 51, 100, 2 } },
		{ "by lan again", "198.51.100.2", "10.0.0.1", LAN, LAN, { 198, 51, 100, 2 } },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct sl_addr server = probe_box_addr(SERVER4);

		net_set(rows[i].wan, rows[i].lan, rows[i].port);
		(void)dp_neigh_want(rows[i].leaves, &server);
		pipe_neigh_set(rows[i].leaves, SERVER4,
			       DP_NH_VALID | (uint64_t)rows[i].leaves << DP_NH_PORT_SHIFT |
				       UINT64_C(0x110200000002));
		probe_box_kernel_sends(bytes, probe_box_build(&p, bytes));
		frame = NULL;
		for (unsigned int n = 0; n < pipe_box.sent_count; n++)
			if (pipe_box.sent[n].bytes[5] == 0x11)
				frame = &pipe_box.sent[n];
		sl_check(rows[i].row, frame != NULL);
		sl_check_int(rows[i].row, frame->port, rows[i].leaves);
		assert_memory_equal(frame->bytes + ETH_LEN + 12, rows[i].source, 4);
		sl_check(rows[i].row, pipe_sums_right(frame->bytes, frame->len));
	}
}

/* A next hop that nobody knows yet is asked for, and the packet waits. One that is silent costs it. */
static void
test_next_hop(void **state)
{
	struct sl_addr addr = probe_box_add(VIP4, "10.0.0.99", SL_FWD_DR, NULL);
	struct probe_packet p = { PROBE_OWN4, probe_box_text(&addr), UDP, 40000, 53 };
	struct dp_worker *w = dp_workers[0];
	uint8_t bytes[PROBE_BOX_MAX];

	pipe_neigh_set(LAN, "10.0.0.99", 0);
	probe_box_kernel_sends(bytes, probe_box_build(&p, bytes));
	assert_int_equal(w->held, 1);
	pipe_neigh_set(LAN, "10.0.0.99",
		       DP_NH_VALID | (uint64_t)LAN << DP_NH_PORT_SHIFT | UINT64_C(0x990200000002));
	pipe_forget();
	dp_hold_serve(w, 0);
	dp_transmit_flush(w);
	assert_int_equal(w->held, 0);
	assert_int_equal(pipe_box.sent_count, 1);
	assert_memory_equal(pipe_box.sent[0].bytes,
			    ((const uint8_t[]){ 2, 0, 0, 0, 2, 0x99, 2, 0, 0, 0, 0, 0xb0, 8, 0 }), 14);
	pipe_neigh_set(LAN, "10.0.0.99", DP_NH_FAILED);
	probe_box_kernel_sends(bytes, probe_box_build(&p, bytes));
	assert_int_equal(w->count.drop[SL_DROP_NEIGH_FAILED], 1);
}

static void
test_interface_taken_away(void **state)
{
	struct sl_addr addr = probe_box_add(VIP4, SERVER4, SL_FWD_DR, NULL);
	char command[100];
	int fd;

	snprintf(command, sizeof(command), "ip link del %s", PROBE_LINK_NAME);
	assert_int_equal(system(command), 0);
	probe_box_turn(1);
	probe_box_turn(1500);
	assert_true(if_nametoindex(PROBE_LINK_NAME) != 0);
	/* The probe is what it was. */
	fd = connect_begin(&addr, SOCK_DGRAM, 53);
	pipe_forget();
	assert_int_equal(write(fd, "ping", 4), 4);
	probe_box_turn(1);
	assert_int_equal(pipe_box.sent_count, 1);
	close(fd);
}

/* ---- floods ---- */

/*
 * Answers reach the control thread whatever the kernel's rate, beside floods to an own address, with a
 * kernel interface and without; and cannot keep sessions of the kernel's from their ring.
 */
static void
test_floods(void **state)
{
	static const struct {
		const char *row;
		bool tap;
		const char *flood; /* source; NULL: none */
		unsigned int rate; /* of packets for the kernel */
		const char *then;  /* source */
		uint8_t flags;
		bool passes;
	} rows[] = {
		{ "the kernel gets nothing", true, NULL, 0, VIP4, SYN | ACK, true },
		{ "flood of SYNs", true, "203.0.113.5", UINT32_MAX, VIP4, SYN | ACK, true },
		{ "flood of SYNs beyond the rate", true, "203.0.113.5", 10, VIP4, SYN | ACK, true },
		{ "flood of SYNs, no interface", false, "203.0.113.5", UINT32_MAX, VIP4, SYN | ACK, true },
		{ "flood as from the VIP: no room for more of it", true, VIP4, UINT32_MAX, VIP4, SYN | ACK,
		  false },
		{ "... but for sessions", true, VIP4, UINT32_MAX, "203.0.113.5", ACK, true },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct dp_worker *w = dp_workers[0];
		struct rte_ring *ring = rows[i].tap ? w->ring_kernel : w->ring_punt;
		struct pipe_spec spec = { .src = rows[i].flood, .dst = OWN4, .from_lan = true };
		uint8_t bytes[PIPE_FRAME_MAX];
		uint64_t punts;
		void *m;

		dp_ports[LAN].conf.tap = rows[i].tap;
		atomic_store(&dp_kernel_rate, rows[i].rate);
		memset(&w->police, 0, sizeof(w->police));
		for (unsigned int n = 0; rows[i].flood != NULL && n < KERNEL_RING_SIZE; n++) {
			struct rte_mbuf *one = pipe_mbuf(bytes, pipe_build(&spec, bytes), NULL);

			pipe_burst(0, LAN, &one, 1);
		}
		spec = (struct pipe_spec){
			.src = rows[i].then, .dst = OWN4, .flags = rows[i].flags, .from_lan = true
		};
		punts = w->count.punts;
		m = pipe_mbuf(bytes, pipe_build(&spec, bytes), NULL);
		pipe_burst(0, LAN, (struct rte_mbuf **)&m, 1);
		sl_check_int(rows[i].row, w->count.punts - punts, rows[i].passes);
		while (rte_ring_sc_dequeue(ring, &m) == 0)
			rte_pktmbuf_free(m);
	}
}

/* Five thousand checks a second for a minute, each of a server that does not answer. */
static void
test_many(void **state)
{
	enum { PROBES = 5000, SECONDS = 60, VIPS = 10 };
	static struct sl_addr addrs[PROBES];
	struct dp_probe conf = { .fwd = SL_FWD_DR };
	char error[DP_ERROR_SIZE] = "";
	uint8_t bytes[PROBE_BOX_MAX];
	struct dp_probe_info info;

	for (unsigned int i = 0; i < PROBES; i++) {
		conf.vip = probe_box_addr("192.0.2.0");
		conf.vip.b[15] = (uint8_t)(i % VIPS);
		conf.real = probe_box_addr("10.0.0.0");
		conf.real.b[13] = (uint8_t)(i >> 8);
		conf.real.b[15] = (uint8_t)i;
		assert_int_equal(dp_probe_add(&conf, &addrs[i], error), 0);
	}
	for (unsigned int second = 0; second < SECONDS; second++) {
		probe_box_turn(1000);
		for (unsigned int i = 0; i < PROBES; i++) {
			struct probe_packet p = { PROBE_OWN4, probe_box_text(&addrs[i]),
						  TCP,        (uint16_t)(32768 + second),
						  80,         SYN };
			unsigned int len = probe_box_build(&p, bytes);
			struct rte_mbuf *m = rte_pktmbuf_alloc(dp_control.pool);

			assert_non_null(m);
			memcpy(rte_pktmbuf_append(m, (uint16_t)(ETH_LEN + len)) + ETH_LEN, bytes, len);
			dp_control.generated++;
			dp_probe_send(m);
			if (i % 500 == 499) {
				pipe_forget();
				probe_box_turn(0);
			}
		}
		/* What expires does so by portions. */
		for (unsigned int n = 0; n < 10; n++)
			probe_box_turn(0);
	}
	dp_probe_info(&info);
	assert_int_equal(dp_control.drop[SL_DROP_TABLE_FULL] + dp_control.drop[SL_DROP_LOCAL_FULL], 0);
	assert_int_equal(info.sent + dp_control.drop[SL_DROP_NO_ROUTE], (uint64_t)PROBES * SECONDS);
	assert_true(info.connections <= 12 * PROBES);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, probe_box_setup, probe_box_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_tcp),
		TEST(test_errors),
		TEST(test_errors_are_doubted),
		TEST(test_addresses),
		TEST(test_all),
		TEST(test_refused),
		TEST(test_no_own_address),
		TEST(test_route_changes),
		TEST(test_next_hop),
		TEST(test_interface_taken_away),
		TEST(test_floods),
		TEST(test_many),
	};

	if (!probe_box_possible())
		return PROBE_BOX_SKIPPED;
	return cmocka_run_group_tests(tests, probe_box_open, NULL);
}
