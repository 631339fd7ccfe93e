/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The pipeline on a bench: the data plane itself, with real buffers, snapshots and
 * rings, but devices that are functions of this rig: what a worker sends is kept to
 * be looked at, and a device takes no more than a test lets it. Workers do not run;
 * a test hands them packets, a burst at a time.
 *
 *	wan, port 0   02:00:00:00:00:a0   198.51.100.2/24  2001:db8:1::2/64
 *	lan, port 1   02:00:00:00:00:b0   10.0.0.1/24      2001:db8:2::1/64
 *	a route to 203.0.113.0/24 and 2001:db8:9::/64 by 198.51.100.1, 2001:db8:1::1 (wan)
 *
 *	VIP 192.0.2.1, 2001:db8:ff::1   TCP and UDP 80 by NAT to .11 and .12, port 8080, of lan
 *	VIP 192.0.2.2, 2001:db8:ff::2   TCP and UDP 80 by DR to .11 of lan
 *	VIP 192.0.2.1 TCP 81            no server; 82: by NAT to 10.0.0.99, whom nobody knows
 *
 * Clients 203.0.113.* and 2001:db8:9::* are behind the gateway, 198.51.100.77 is on wan's
 * link and unknown. Every buffer lies in memory of its own that ends where the frame
 * ends (but for a header's length), so that a sanitizer sees a read beyond it.
 */
#ifndef PIPE_BOX_H
#define PIPE_BOX_H

#include "worker.h"

#include "sl_test.h"

enum { WAN, LAN, PIPE_PORTS, PIPE_MTU = 1500, PIPE_FRAME_MAX = 9000, PIPE_SENT_MAX = 4096 };

/* What the fast path may read of any buffer, however short the frame in it. */
enum { PIPE_HEADROOM = 64, PIPE_HEADERS = 80 };

struct pipe_frame {
	unsigned int port, queue, len;
	uint8_t bytes[PIPE_FRAME_MAX];
};

struct pipe {
	unsigned int workers;
	unsigned int room;     /* how many more packets the devices take */
	unsigned int tailroom; /* behind the first segment of the packets to come; usually none */
	unsigned int sent_count;
	struct pipe_frame sent[PIPE_SENT_MAX];
	uint64_t given; /* packets that were given to workers, all in all */
};

extern struct pipe pipe_box;

/* A TCP segment or UDP datagram in Ethernet, as a test describes it. Zero members have usual values. */
struct pipe_spec {
	const char *src, *dst; /* 203.0.113.5, 192.0.2.1 */
	uint16_t sport, dport; /* 40000, 80 */
	uint8_t proto;         /* TCP */
	uint8_t flags;         /* of TCP: SYN */
	uint8_t ttl;           /* 64 */
	uint16_t payload;      /* bytes; 0: none */
	uint8_t options;       /* of IPv4, or of TCP in IPv6: words of padding behind the header */
	bool from_lan;         /* to lan's MAC address, not wan's */
	bool no_sum;           /* UDP checksum 0 */
	uint32_t seed;         /* of the payload */
};

/* Of cmocka: once a program; before and after each test, with one, two or four workers. */
int pipe_open(void **state);
int pipe_setup1(void **state);
int pipe_setup2(void **state);
int pipe_setup4(void **state);
int pipe_teardown(void **state);

/* Builds the frame; returns its length. */
unsigned int pipe_build(const struct pipe_spec *spec, uint8_t bytes[PIPE_FRAME_MAX]);
/* Writes IPv4's header checksum, and TCP's or UDP's, anew. */
void pipe_sums(uint8_t *bytes);
/* Are all checksums of a frame right? A UDP checksum of 0 in IPv4 is. */
bool pipe_sums_right(const uint8_t *bytes, unsigned int len);

/* A packet of these bytes, cut into segments at the given places (rising; 0 ends the list). */
struct rte_mbuf *pipe_mbuf(const uint8_t *bytes, unsigned int len, const unsigned int *cuts);

/* A worker gets a burst by a port. Then it sends all it has, and the accounts must balance. */
void pipe_burst(unsigned int worker, unsigned int port, struct rte_mbuf **packets, unsigned int count);
/* It takes what others have handed over, and sends. Returns how much there was. */
unsigned int pipe_receive(unsigned int worker);
/* Forgets what was sent. */
void pipe_forget(void);
/* rx + handed in + generated == tx + drops + punts + handed out + held, and no packet is lost or twice. */
void pipe_check(const char *row);

/*
 * What became of one packet alone: a drop reason, or one of these. The frame that was
 * sent, if it was, is pipe_box.sent[0].
 */
enum { PIPE_SENT = SL_DROP_MAX, PIPE_PUNTED, PIPE_HELD, PIPE_HANDED, PIPE_KERNEL, PIPE_VRRP };
int pipe_one(unsigned int port, const uint8_t *bytes, unsigned int len, const unsigned int *cuts);
int pipe_spec_one(const struct pipe_spec *spec);
const char *pipe_verdict(int verdict);

/* The bench's network, with these besides. */
void pipe_net_put(struct dp_txn *txn, const struct dp_moving *moving, unsigned int moving_count,
		  const struct dp_local_group *groups, unsigned int group_count);

/* One more service, or an old one made anew, with one server. `tunnel` NULL: IPIP. */
void pipe_serve(const char *vip, uint16_t port, uint8_t proto, uint8_t fwd, const char *server,
		const struct dp_tunnel *tunnel, uint16_t mss);
/* The same with several servers, in their order; `order` and ports are filled in. */
void pipe_serve_reals(const char *vip, uint16_t port, uint8_t proto, const char *sched, struct dp_real *reals,
		      uint32_t count);
/* The port's MTU is this; servers are looked up anew when they are next put. */
void pipe_mtu_set(unsigned int port, unsigned int mtu);
/* Ends all connections, so that the next row begins fresh. */
void pipe_flows_end(void);
/* The way to a neighbour is this (a word of neigh.h): 0 while it is being asked for. */
void pipe_neigh_set(unsigned int port, const char *addr, uint64_t word);

#endif
