/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The box on the bench: what the rest of the data plane does in the program (ports, buffers,
 * transmission, grace periods) in the simplest way, with a record of it.
 */
#include "neigh_box.h"

#include "addr_book.h"
#include "control_tx.h"
#include "ha.h"
#include "neigh.h"
#include "port.h"
#include "probe.h"
#include "punt_rx.h"
#include "rcu.h"
#include "sl_addr.h"
#include "sl_log.h"
#include "tap.h"

#include <rte_eal.h>
#include <rte_mbuf.h>

#include <stdio.h>

enum { BUFFERS = 255, SEGMENTS_MAX = 200 };

struct box box;

static struct rte_mempool *pool;
static uint64_t generated, transmitted;

static const struct dp_port ports[BOX_PORTS] = {
	[WAN] = { .mac = { 2, 0, 0, 0, 0, 0xa0 }, .mtu = BOX_MTU, .conf.name = "wan" },
	[LAN] = { .mac = { 2, 0, 0, 0, 0, 0xb0 }, .mtu = BOX_MTU, .conf.name = "lan" },
};

/* ---- what the code under test calls ---- */

const struct dp_port *
dp_port_get(unsigned int port)
{
	assert_true(port < BOX_PORTS);
	return &ports[port];
}

const uint8_t *
dp_port_mac(unsigned int port)
{
	return dp_port_get(port)->mac;
}

unsigned int
dp_port_mtu(unsigned int port)
{
	return dp_port_get(port)->mtu;
}

unsigned int
dp_port_count(void)
{
	return BOX_PORTS;
}

void
dp_rcu_defer(void (*fn)(void *), void *arg)
{
	fn(arg);
}

void
sl_log(enum sl_log_level level, const char *format, ...)
{
	box.warned++;
}

bool
dp_tap_copy(const struct rte_mbuf *m)
{
	box.copied += box.tap;
	return box.tap;
}

/* Full NAT's ports are not on this bench. */
void
dp_local_hold(uint32_t index, bool held)
{
}

/* There are no probes. */
bool
dp_probe_receive(struct rte_mbuf *m)
{
	return false;
}

struct rte_mbuf *
dp_control_mbuf(void)
{
	struct rte_mbuf *m = box.no_buffers ? NULL : rte_pktmbuf_alloc(pool);

	generated += m != NULL;
	return m;
}

void
dp_control_drop(struct rte_mbuf *m, enum sl_drop reason)
{
	assert_true(reason < SL_DROP_MAX);
	box.dropped[reason]++;
	rte_pktmbuf_free(m);
}

void
dp_control_tx(unsigned int port, struct rte_mbuf *m)
{
	struct box_frame *frame = &box.sent[box.sent_count];

	assert_true(box.sent_count < BOX_SENT_MAX);
	assert_true(port < BOX_PORTS);
	assert_int_equal(rte_mbuf_check(m, 1, &(const char *){ NULL }), 0);
	assert_true(m->ol_flags == 0); /* nothing is left to the device */
	frame->port = port;
	frame->len = m->pkt_len;
	assert_true(frame->len <= sizeof(frame->bytes));
	for (unsigned int at = 0; m != NULL;) {
		struct rte_mbuf *next = m->next;

		memcpy(frame->bytes + at, rte_pktmbuf_mtod(m, uint8_t *), m->data_len);
		at += m->data_len;
		rte_pktmbuf_free_seg(m);
		m = next;
	}
	box.sent_count++;
	transmitted++;
}

/* ---- what tests call ---- */

int
box_open(void **state)
{
	static char program[] = "test", no_huge[] = "--no-huge", no_shconf[] = "--no-shconf", memory[] = "-m",
		    mb[] = "64", no_pci[] = "--no-pci", lcores[] = "-l", lcore[] = "0",
		    level[] = "--log-level=*:4", no_telemetry[] = "--no-telemetry";
	char *argv[] = {
		program, no_huge, no_shconf, memory, mb, no_pci, lcores, lcore, level, no_telemetry
	};

	if (rte_eal_init(SL_COUNT(argv), argv) < 0)
		return -1;
	pool = rte_pktmbuf_pool_create("box", BUFFERS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	return pool != NULL ? 0 : -1;
}

struct sl_addr
box_addr(const char *text)
{
	struct sl_addr a;

	if (sl_addr_parse(text, &a) != 0)
		fail_msg("not an address: %s", text);
	return a;
}

void
box_forget(void)
{
	box.sent_count = 0;
	box.warned = 0;
	box.copied = 0;
	memset(box.dropped, 0, sizeof(box.dropped));
}

void
box_advance(unsigned int ms)
{
	while (ms-- > 0)
		dp_neigh_tick(++box.now_ms);
}

int
box_setup(void **state)
{
	struct dp_net_addr own[] = { { .port = WAN }, { .port = LAN }, { .port = WAN }, { .port = LAN } };
	const struct sl_addr vips[] = { box_addr("192.0.2.10"), box_addr("198.51.100.80"),
					box_addr("2001:db8:1::80") };

	assert_int_equal(sl_prefix_parse("198.51.100.2/24", &own[0].prefix), 0);
	assert_int_equal(sl_prefix_parse("10.0.0.1/24", &own[1].prefix), 0);
	assert_int_equal(sl_prefix_parse("2001:db8:1::2/64", &own[2].prefix), 0);
	assert_int_equal(sl_prefix_parse("2001:db8:2::1/64", &own[3].prefix), 0);
	box.now_ms = 5000;
	box.no_buffers = box.tap = false;
	assert_int_equal(dp_neigh_init(7, box.now_ms), 0);
	dp_ha_fini();
	assert_int_equal(dp_addr_book_set_moving(NULL, 0), 0);
	assert_int_equal(dp_addr_book_set_own(own, SL_COUNT(own)), 0);
	assert_int_equal(dp_addr_book_set_vips(vips, SL_COUNT(vips)), 0);
	box_advance(1100); /* past both rounds of announcements */
	box_forget();
	return 0;
}

int
box_teardown(void **state)
{
	dp_neigh_fini();
	assert_int_equal(rte_mempool_avail_count(pool), BUFFERS);
	return 0;
}

unsigned int
box_bytes(const char *hex, uint8_t ret_bytes[BOX_FRAME_MAX])
{
	unsigned int len = 0, value;

	while (sscanf(hex + 2 * (size_t)len, "%2x", &value) == 1)
		ret_bytes[len++] = (uint8_t)value;
	assert_int_equal(strlen(hex), 2 * (size_t)len);
	return len;
}

static struct rte_mbuf *
frame_make(unsigned int port, const uint8_t *bytes, unsigned int len, unsigned int seg_len)
{
	struct rte_mbuf *first = rte_pktmbuf_alloc(pool), *last = first;

	if (seg_len == 0 || seg_len > rte_pktmbuf_tailroom(first))
		seg_len = rte_pktmbuf_tailroom(first);
	for (unsigned int at = 0, n; at < len; at += n) {
		n = len - at < seg_len ? len - at : seg_len;
		if (at > 0) {
			last->next = rte_pktmbuf_alloc(pool);
			last = last->next;
			first->nb_segs++;
		}
		assert_non_null(last);
		memcpy(rte_pktmbuf_mtod(last, uint8_t *), bytes + at, n);
		/* What follows in the buffer is not part of the frame: reading it shows. */
		memset(rte_pktmbuf_mtod(last, uint8_t *) + n, 0xee, 64);
		last->data_len = (uint16_t)n;
		first->pkt_len += n;
	}
	first->port = (uint16_t)port;
	first->ol_flags = RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	return first;
}

static uint64_t
dropped_total(void)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < SL_DROP_MAX; i++)
		sum += box.dropped[i];
	return sum;
}

enum sl_drop
box_receive(unsigned int port, const uint8_t *bytes, unsigned int len, unsigned int seg_len)
{
	struct rte_mbuf *m = frame_make(port, bytes, len, seg_len);
	uint64_t in = 1 + dropped_total() + dp_punt_consumed() + transmitted, before[SL_DROP_MAX];

	memcpy(before, box.dropped, sizeof(before));
	in -= generated;
	dp_punt_rx(&m, 1);
	/* One more in, so one more out, and what it made the box generate as well. */
	assert_int_equal(in + generated, dropped_total() + dp_punt_consumed() + transmitted);
	assert_int_equal(rte_mempool_avail_count(pool), BUFFERS);
	for (unsigned int i = 0; i < SL_DROP_MAX; i++)
		if (box.dropped[i] != before[i])
			return (enum sl_drop)i;
	return SL_DROP_MAX;
}

enum sl_drop
box_receive_hex(unsigned int port, const char *hex)
{
	uint8_t bytes[BOX_FRAME_MAX];
	unsigned int len = box_bytes(hex, bytes);

	return box_receive(port, bytes, len, 0);
}

void
box_check_sent(const char *row, unsigned int port, const char *hex)
{
	static char sent[2 * BOX_FRAME_MAX + 1];
	const struct box_frame *frame = &box.sent[0];

	sl_check_int(row, box.sent_count, hex != NULL);
	if (hex == NULL)
		return;
	sent[0] = '\0';
	for (unsigned int i = 0; i < frame->len; i++)
		snprintf(sent + 2 * (size_t)i, 3, "%02x", frame->bytes[i]);
	sl_check_int(row, frame->port, port);
	sl_check_str(row, sent, hex);
}

void
box_check_hostile(const char *hex, unsigned int rounds, void (*mend)(uint8_t *frame, unsigned int len))
{
	uint8_t bytes[BOX_FRAME_MAX], changed[BOX_FRAME_MAX];
	unsigned int len = box_bytes(hex, bytes);
	uint64_t random = 99;

	for (unsigned int cut = 0; cut <= len; cut++)
		for (unsigned int seg_len = 0; seg_len <= 41; seg_len++) {
			box_receive(WAN, bytes, cut, seg_len);
			box_forget();
		}
	for (unsigned int round = 0; round < rounds; round++) {
		unsigned int cut;

		memcpy(changed, bytes, len);
		for (unsigned int change = 0; change < 1 + round % 4; change++) {
			random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
			changed[(random >> 33) % len] = (uint8_t)(random >> 56);
		}
		cut = (random >> 20) % 4 == 0 ? (unsigned int)(random >> 40) % (len + 1) : len;
		if (mend != NULL && round % 2 == 0)
			mend(changed, cut);
		box_receive(round / 2 % BOX_PORTS, changed, cut, (unsigned int)(random >> 50) % 90);
		if (round % 16 == 0)
			box_advance(50);
		box_forget();
	}
}
