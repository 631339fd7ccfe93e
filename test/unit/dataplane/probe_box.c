/* SPDX-License-Identifier: BSD-3-Clause */
/* Checks on a bench; see probe_box.h. */
#include "probe_box.h"

#include "control.h"
#include "port.h"
#include "punt_rx.h"
#include "rcu.h"
#include "tap.h"
#include "wire.h"

#include "sl_addr.h"

#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFERS = 2047, ANY_PROTOCOL = 0x0300 /* ETH_P_ALL, in network order */ };

static struct rte_mempool *pool;
static uint64_t clock_ms;
static int capture = -1; /* on sl-check */

bool
probe_box_possible(void)
{
	if (geteuid() == 0 && unshare(CLONE_NEWNET) == 0 && access("/dev/net/tun", R_OK | W_OK) == 0)
		return true;
	fprintf(stderr, "skipped: needs root, a network namespace of its own and /dev/net/tun\n");
	return false;
}

int
probe_box_open(void **state)
{
	int fd = open("/proc/sys/net/ipv4/conf/all/rp_filter", O_WRONLY);

	/* Strict, as some distributions have it. */
	if (fd < 0 || write(fd, "1", 1) != 1 || close(fd) != 0)
		return -1;
	if (pipe_open(state) != 0)
		return -1;
	pool = rte_pktmbuf_pool_create("control", BUFFERS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	return pool != NULL ? 0 : -1;
}

int
probe_box_setup(void **state)
{
	if (pipe_setup1(state) != 0)
		return -1;
	memset(&dp_control, 0, sizeof(dp_control));
	dp_control.rx = dp_punt_consumed(); /* what was consumed before came in before */
	dp_control.pool = pool;
	dp_control.ring = aligned_alloc(RTE_CACHE_LINE_SIZE, (size_t)rte_ring_get_memsize(PUNT_RING_SIZE));
	assert_int_equal(
		rte_ring_init(dp_control.ring, "control", PUNT_RING_SIZE, RING_F_SP_ENQ | RING_F_SC_DEQ), 0);
	dp_workers[0]->ring_control = dp_control.ring;
	clock_ms = 1000;
	atomic_store(&dp_kernel_rate, UINT32_MAX);
	return 0;
}

int
probe_box_teardown(void **state)
{
	void *m;

	if (capture >= 0)
		close(capture);
	capture = -1;
	dp_probe_stop();
	dp_tap_stop();
	while (rte_ring_sc_dequeue(dp_control.ring, &m) == 0)
		rte_pktmbuf_free((struct rte_mbuf *)((uintptr_t)m & ~(uintptr_t)3));
	free(dp_control.ring);
	dp_workers[0]->ring_control = NULL;
	dp_control.ring = NULL;
	if (pipe_teardown(state) != 0)
		return -1;
	return rte_mempool_in_use_count(pool) == 0 ? 0 : -1;
}

struct sl_addr
probe_box_addr(const char *text)
{
	struct sl_addr a;

	if (sl_addr_parse(text, &a) != 0)
		fail_msg("not an address: %s", text);
	return a;
}

const char *
probe_box_text(const struct sl_addr *addr)
{
	static char texts[4][SL_ADDR_STRLEN];
	static unsigned int next;

	return sl_addr_format(addr, texts[next++ % 4]);
}

struct sl_addr
probe_box_add(const char *vip, const char *real, uint8_t fwd, const struct dp_tunnel *tunnel)
{
	struct dp_probe conf = { .vip = probe_box_addr(vip), .real = probe_box_addr(real), .fwd = fwd };
	char error[DP_ERROR_SIZE] = "";
	struct sl_addr addr;

	if (tunnel != NULL)
		conf.tunnel = *tunnel;
	if (dp_probe_add(&conf, &addr, error) != 0)
		fail_msg("%s", error);
	return addr;
}

/* ---- packets, the plain way ---- */

uint16_t
probe_box_sum(const uint8_t *bytes, unsigned int len, uint32_t sum)
{
	for (unsigned int i = 0; i < len; i++)
		sum += (uint32_t)bytes[i] << (i % 2 == 0 ? 8 : 0);
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void
be16_put(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* Returns where the checksum is. */
static unsigned int
transport_build(const struct probe_packet *p, uint8_t *l4, unsigned int *ret_header)
{
	switch (p->proto) {
	case SL_PROTO_TCP:
		be16_put(l4, p->sport);
		be16_put(l4 + 2, p->dport);
		be16_put(l4 + 4, 0x1234);
		l4[12] = 0x50;
		l4[13] = p->flags;
		be16_put(l4 + 14, 0x4000);
		*ret_header = 20;
		return 16;
	case SL_PROTO_UDP:
		be16_put(l4, p->sport);
		be16_put(l4 + 2, p->dport);
		be16_put(l4 + 4, 8u + p->payload);
		*ret_header = 8;
		return 6;
	default:
		be16_put(l4, p->sport);
		be16_put(l4 + 4, p->dport);
		*ret_header = 8;
		return 2;
	}
}

unsigned int
probe_box_build(const struct probe_packet *p, uint8_t *bytes)
{
	struct sl_addr src = probe_box_addr(p->src), dst = probe_box_addr(p->dst);
	bool v4 = sl_addr_is_v4(&dst);
	unsigned int header = v4 ? 20 : 40, l4_header, len, sum_at;
	uint8_t *l4 = bytes + header;
	uint32_t pseudo;
	uint16_t sum;

	memset(bytes, 0, header + 20);
	sum_at = transport_build(p, l4, &l4_header);
	len = l4_header + p->payload;
	for (unsigned int i = 0; i < p->payload; i++)
		l4[l4_header + i] = p->quote != NULL ? p->quote[i] : (uint8_t)i;
	if (v4) {
		bytes[0] = 0x45;
		be16_put(bytes + 2, header + len);
		be16_put(bytes + 4, 0xabcd);
		bytes[6] = 0x40;
		bytes[8] = p->ttl != 0 ? p->ttl : 64;
		bytes[9] = p->proto;
		memcpy(bytes + 12, src.b + 12, 4);
		memcpy(bytes + 16, dst.b + 12, 4);
		be16_put(bytes + 10, probe_box_sum(bytes, 20, 0));
		pseudo = p->proto == 1 ? 0 : (uint16_t)~probe_box_sum(bytes + 12, 8, p->proto + len);
	} else {
		bytes[0] = 0x60;
		be16_put(bytes + 4, len);
		bytes[6] = p->proto;
		bytes[7] = p->ttl != 0 ? p->ttl : 64;
		memcpy(bytes + 8, src.b, 16);
		memcpy(bytes + 24, dst.b, 16);
		pseudo = (uint16_t)~probe_box_sum(bytes + 8, 32, p->proto + len);
	}
	sum = probe_box_sum(l4, len, pseudo);
	if (sum == 0 && p->proto == SL_PROTO_UDP)
		sum = 0xffff;
	if (!p->no_sum)
		be16_put(l4 + sum_at, sum);
	return header + len;
}

/* ---- both sides ---- */

static void
capture_open(void)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET,
				  .sll_protocol = ANY_PROTOCOL,
				  .sll_ifindex = (int)if_nametoindex(PROBE_LINK_NAME) };

	if (capture >= 0)
		return;
	capture = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0);
	assert_true(capture >= 0);
	assert_int_equal(bind(capture, (struct sockaddr *)&at, sizeof(at)), 0);
}

/* As dp_poll does it. */
void
probe_box_turn(unsigned int ms)
{
	void *m;

	clock_ms += ms;
	while (rte_ring_sc_dequeue(dp_workers[0]->ring_punt, &m) == 0) {
		struct rte_mbuf *one = m;

		dp_control.rx++;
		dp_punt_rx(&one, 1);
	}
	(void)dp_tap_poll(clock_ms);
	(void)dp_probe_poll(clock_ms);
	(void)dp_rcu_poll();
	while (rte_ring_count(dp_control.ring) != 0)
		(void)pipe_receive(0);
	assert_int_equal(dp_control.rx + dp_control.generated,
			 dp_control.tx + dp_control.drops + dp_punt_consumed());
}

void
probe_box_kernel_sends(const uint8_t *bytes, unsigned int len)
{
	capture_open();
	pipe_forget();
	assert_int_equal(write(capture, bytes, len), len);
	probe_box_turn(1);
}

void
probe_box_server_sends(unsigned int port, const uint8_t *bytes, unsigned int len)
{
	uint8_t frame[PIPE_FRAME_MAX] = { 0 };
	struct rte_mbuf *m;

	capture_open();
	pipe_forget();
	memcpy(frame, dp_ports[port].mac, 6);
	memcpy(frame + 6, (const uint8_t[]){ 2, 0, 0, 0, 2, 0x11 }, 6);
	be16_put(frame + 12, bytes[0] >> 4 == 6 ? 0x86dd : 0x0800);
	memcpy(frame + ETH_LEN, bytes, len);
	m = pipe_mbuf(frame, ETH_LEN + len, NULL);
	pipe_burst(0, port, &m, 1);
	probe_box_turn(1);
}

unsigned int
probe_box_kernel_got(uint8_t bytes[PROBE_BOX_MAX])
{
	struct sockaddr_ll from;
	socklen_t from_len = sizeof(from);
	ssize_t len;

	capture_open();
	while ((len = recvfrom(capture, bytes, PROBE_BOX_MAX, 0, (struct sockaddr *)&from, &from_len)) > 0)
		if (from.sll_pkttype != PACKET_OUTGOING)
			return (unsigned int)len;
	return 0;
}

uint64_t
probe_box_dropped(enum sl_drop reason)
{
	return dp_control.drop[reason];
}
