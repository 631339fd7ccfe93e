/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A burst of packets on its way through the pipeline: structure of arrays,
 * one column an item, one row a packet, and sets of packets as bit masks.
 *
 * The worker fills mbuf[], count and port; each stage reads what stages before
 * it wrote and takes packets out of `live` when it drops or punts them. Only
 * the worker that polled the packets touches any of it.
 */
#ifndef DP_BURST_H
#define DP_BURST_H

#include <sluice/addr.h>
#include <sluice/drop.h>

#include <rte_branch_prediction.h>
#include <rte_mbuf.h>

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

enum { BURST_MAX = 64, METHODS_DIFFER = 0xff };

/*
 * The tuple by which a flow is found. `client` is the client's side, `other`
 * the VIP (towards the server) or the real server (back). `ports` has the
 * layout of struct flow's: client port, VIP port, server port, protocol, and
 * a byte that never takes part.
 */
struct pkt_key {
	struct sl_addr client;
	struct sl_addr other;
	uint64_t ports;
};

/* Which bytes of `ports` identify a flow in either direction. Little-endian. */
#define KEY_PORTS_IN 0x00ff0000ffffffffull
#define KEY_PORTS_OUT 0x00ffffff0000ffffull

enum {
	KEY_SHIFT_VIP_PORT = 16,
	KEY_SHIFT_REAL_PORT = 32,
	KEY_SHIFT_PROTO = 48,
};

/* What else the headers said. Written as one word. */
struct pkt_info {
	uint16_t ip_len; /* total length of the IP packet, bytes */
	uint8_t event;   /* enum tcp_event */
	uint8_t family6; /* 1: IPv6 */
};

static inline struct pkt_info
pkt_info_make(uint32_t ip_len, uint32_t event, uint32_t family6)
{
	uint32_t word = ip_len | event << 16 | family6 << 24;
	struct pkt_info info;

	memcpy(&info, &word, sizeof(info));
	return info;
}

/* The word that pkt_info_make() wrote: as one load, of which the length is the lower half. */
static inline uint32_t
pkt_info_word(const struct pkt_info *info)
{
	uint32_t word;

	memcpy(&word, info, sizeof(word));
	return word;
}

struct burst {
	uint64_t live;         /* still in the pipeline */
	uint64_t in;           /* towards a VIP: client to server */
	uint64_t out;          /* not towards a VIP: perhaps a server's reply */
	uint64_t reply;        /* towards a local address of full NAT; once the flow is found, in `out` too */
	uint64_t hit;          /* flow[] is set */
	uint64_t miss;         /* towards a VIP, but no flow yet */
	uint64_t punt;         /* for the control core */
	uint64_t icmp;         /* errors about connections: icmp.c */
	uint64_t later;        /* wait for a second pass: see track.c */
	uint64_t ports_differ; /* bits in which the next hops' words differ from the first live one's */
	uint64_t segments;     /* lie in several buffers */
	uint64_t syn;          /* tracked segments with SYN, either way: their options may change */
	uint64_t split;        /* rewritten, but too long for their way: cut up as they are sent */
	uint64_t owned;     /* handed over by another worker: this one owns them, or looks for their flow */
	uint64_t gathered;  /* fragments whose ports are known: mbuf_note() has them */
	uint64_t searching; /* looking for their flow from worker to worker: side.c */
	uint64_t headless;  /* fragments without a transport header: l4[] is scratch */
	uint8_t method;     /* all packets are live and go in by this one, SL_FWD_*; METHODS_DIFFER: or not */
	bool moved;         /* entries changed hands since the look-up */
	uint32_t count;
	uint32_t port; /* where they came in; of `owned` ones it does not matter */

	struct rte_mbuf *mbuf[BURST_MAX];
	uint8_t *l3[BURST_MAX]; /* the IP header */
	uint8_t *l4[BURST_MAX]; /* the TCP or UDP header */
	struct pkt_key key[BURST_MAX];
	uint32_t ports[BURST_MAX]; /* source and destination port as they lie in the packet */
	struct pkt_info info[BURST_MAX];
	uint8_t vip_flags[BURST_MAX]; /* ADDR_* of the destination */
	uint32_t local[BURST_MAX];    /* of `reply`: as struct flow's member */
	uint32_t bucket[BURST_MAX];
	uint16_t tag[BURST_MAX];
	struct flow *flow[BURST_MAX]; /* first a candidate, then, with `hit`, the flow */
	uint64_t nexthop[BURST_MAX];  /* the word of neigh.h */
};

/*
 * What goes with a packet from worker to worker through a side ring: the ports as
 * they lie in its first fragment, and how many workers it has passed.
 */
struct pkt_note {
	uint32_t ports;
	uint8_t hops;
	uint8_t proto; /* of a fragment */
	uint16_t id;   /* of its datagram, where it leaves by full NAT over IPv4 */
};

static_assert(sizeof(struct pkt_note) == sizeof(((struct rte_mbuf *)NULL)->hash.fdir), "fits");

/* Kept where a device would write its hash, which nothing here reads. */
static inline struct pkt_note *
mbuf_note(struct rte_mbuf *m)
{
	return (struct pkt_note *)&m->hash.fdir;
}

#define BURST_FOREACH(i, mask)                                                                               \
	for (uint64_t left_ = (mask); left_ != 0 && ((i) = (unsigned int)__builtin_ctzll(left_), 1);         \
	     left_ &= left_ - 1)

static inline uint64_t
burst_all(unsigned int count)
{
	return count >= 64 ? UINT64_MAX : (UINT64_C(1) << count) - 1;
}

#endif
