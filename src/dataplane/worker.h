/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A worker: one thread, pinned, that polls its queues and runs the pipeline.
 *
 * Everything in struct dp_worker is written by its worker alone, once started;
 * others read counters. What passes between threads goes through rings with
 * one producer and one consumer: worker to worker (hand-over), worker to
 * control (punts, wishes for a neighbour), control to worker 0 (transmission), and the
 * same between workers and the keepalive thread (ha.h).
 */
#ifndef DP_WORKER_H
#define DP_WORKER_H

#include "answer_rate.h"
#include "burst.h"
#include "flow.h"
#include "fragment_table.h"
#include "neigh.h"
#include "police.h"
#include "real.h"
#include "snapshot.h"

#include <sluice/dp.h>

#include <rte_ring.h>

enum {
	TX_BUFFER = 4 * BURST_MAX,
	HANDOVER_RING_SIZE = 2048,
	SIDE_RING_SIZE = 512,
	PUNT_RING_SIZE = 1024,
	KERNEL_RING_SIZE = 1024,
	WISH_RING_SIZE = 256,
	HA_RING_SIZE = 512,
	VRRP_RING_SIZE = 64,
	HOLD_LANES = 64,
	HOLD_LANE_SIZE = 8,
	TICK_MS = 500, /* resolution of connection timeouts */
};

/* Packets of one port on their way to its device. */
struct tx_buffer {
	uint32_t count;
	struct rte_mbuf *mbuf[TX_BUFFER];
};

/* Packets that wait for a neighbour's address, by hash of that neighbour. */
struct hold_lane {
	uint32_t count;
	struct hold_packet {
		struct rte_mbuf *mbuf;
		struct sl_addr addr;
		uint64_t deadline_tsc;
		uint32_t port;
		uint32_t mtu; /* of its pieces, if it is to be cut up */
	} packet[HOLD_LANE_SIZE];
};

/* A wish for the control core: resolve this neighbour. Goes through a ring by value. */
struct neigh_wish {
	struct sl_addr addr;
	uint32_t port;
	uint32_t pad;
};

/* What a worker remembers of a service, by the service's slot. */
struct svc_own {
	struct sched_state sched;
	uint32_t sched_generation; /* of the service when `sched` was made */
	uint32_t pad;
	uint64_t others_tsc; /* when the other workers' counts were read */
};

/* Counts of the worker. Names as in struct dp_worker_stats. */
struct worker_counters {
	uint64_t rx, handed_in, generated;
	uint64_t tx, drops, punts, handed_out;
	uint64_t flows_created, flows_expired;
	uint64_t hits, misses;
	uint64_t answered, answers_limited;
	uint64_t loops, busy_loops, sleeps;
	uint64_t drop[SL_DROP_MAX];
};

struct worker_queue {
	uint16_t port, ethdev, queue;
};

/*
 * Tag of a packet in ring_control: its frame begins with a struct sl_addr, the neighbour that it
 * goes to, and wants an Ethernet header.
 */
#define CONTROL_TO_NEIGHBOUR ((uintptr_t)2)

struct dp_worker {
	_Alignas(64) unsigned int id;
	unsigned int worker_count;
	uint32_t tick;      /* now, in TICK_MS since start */
	uint32_t split_id;  /* identification of the last IPv6 packet that was cut up */
	uint16_t tunnel_id; /* ... of the last tunnel packet over IPv4 */
	unsigned int rx_count;
	const struct dp_snapshot *snapshot; /* of the present burst */
	struct dp_real_own *real;           /* by slot of the server */
	struct dp_real_outcome *outcome;    /* the same */
	struct svc_own *svc;                /* by slot of the service */
	uint64_t net_epoch;                 /* of the present burst; cached routes of another one are void */
	struct flow_table table;
	struct worker_counters count;

	struct tx_buffer tx[DP_PORTS_MAX];
	struct rte_mbuf *free_mbuf[BURST_MAX]; /* of dropped packets, freed once a burst */
	uint32_t free_count;

	struct tx_buffer handover[DP_WORKERS_MAX]; /* leave for another worker */
	struct rte_ring *ring_in[DP_WORKERS_MAX];  /* from each other worker */
	struct rte_ring *ring_out[DP_WORKERS_MAX];
	struct rte_ring *side_in[DP_WORKERS_MAX]; /* fragments and ICMP errors: see side.c */
	struct rte_ring *side_out[DP_WORKERS_MAX];
	struct rte_ring *ring_punt;
	struct rte_ring *ring_kernel; /* to the control core, for the kernel: kernel.c */
	struct rte_ring *ring_wish;
	struct rte_ring *ring_control; /* worker 0 only: the control core's packets */
	struct rte_ring *ring_ha;      /* worker 0 only: keepalive's frames: ha_tx.c */
	struct rte_ring *ring_vrrp;    /* to keepalive, by value: ha_rx.c */

	uint8_t scratch[64]; /* the transport header of packets that have none */

	struct hold_lane hold[HOLD_LANES];
	uint64_t hold_lanes; /* which lanes hold something */
	uint64_t held;
	struct frag_table fragments; /* datagrams that come in pieces: fragment.c */

	struct sched_load *load;     /* scratch for schedulers */
	struct sched_server *server; /* the same, where some are full */

	uint32_t (*local_cursor)[2]; /* by group and family: the address that is next to give a port */
	uint16_t fragment_id;        /* number of the last datagram that came in fragments */
	uint16_t nat64_id;           /* identification of the last IPv4 packet that had none */
	uint32_t *toa_ack;           /* by flow, while FLOW_TOA: what acknowledges the server's SYN alone */

	_Atomic(struct dp_sync_worker *) sync; /* connection sync: sync.h; NULL while there is none */

	unsigned int lcore;
	int cpu;
	bool one_destination; /* of the last burst that was asked: classify.c */
	bool rings;           /* there are other workers, or the control core sends through this one */

	/* A copy of the counters that is consistent in itself; see counters_publish. */
	_Atomic uint32_t published_seq;
	_Atomic uint64_t published_loops; /* the same as in the copy, for who must not wait for it */
	_Atomic uint32_t limit_round;     /* the last one that it followed: limit.h */
	struct worker_counters published;
	uint64_t published_held, published_flows;

	struct worker_queue rx[DP_QUEUES_MAX];
	uint64_t tick_tsc, next_house_tsc;
	struct burst burst;

	struct police police; /* of packets to the kernel */
	struct answer_limits answers;
	uint16_t answer_id; /* IPv4 identification of the last ICMP error */
};

extern struct dp_worker *dp_workers[DP_WORKERS_MAX];
extern unsigned int dp_workers_count;
extern _Atomic bool dp_workers_stop;
extern _Atomic unsigned int dp_idle_mode;
extern _Atomic unsigned int dp_reuse_mode;                  /* LVS's conn_reuse_mode */
extern _Atomic bool dp_pmtu_disc;                           /* LVS's pmtu_disc */
extern _Atomic unsigned int dp_answer_rate, dp_kernel_rate; /* packets a second, for all workers */

/*
 * Starts the workers' threads: with the first commit, so that no packet meets an
 * empty snapshot. 0 or -errno. Control thread.
 */
int dp_workers_launch(void);

/* The thread's function. */
int dp_worker_run(void *worker);

/* ---- stages, in the order of pipeline.c; each file opens with what its stage reads and writes ---- */
void dp_pipeline_run(struct dp_worker *w, struct burst *b);
void dp_stage_parse(struct dp_worker *w, struct burst *b);
void dp_stage_classify(struct dp_worker *w, struct burst *b);
void dp_stage_handover(struct dp_worker *w, struct burst *b);
void dp_stage_lookup(struct dp_worker *w, struct burst *b);
void dp_stage_schedule(struct dp_worker *w, struct burst *b);
void dp_stage_icmp(struct dp_worker *w, struct burst *b);
void dp_stage_track(struct dp_worker *w, struct burst *b);
void dp_stage_rewrite(struct dp_worker *w, struct burst *b);
void dp_stage_transmit(struct dp_worker *w, struct burst *b);
void dp_stage_punt(struct dp_worker *w, struct burst *b);

/* The rare packet: options, extension headers, anything wrong. Cold. */
void dp_parse_slow(struct dp_worker *w, struct burst *b, unsigned int i);

/* After a burst with fragments: makes the next one of those that need not wait any more. False: none. Cold. */
bool dp_fragment_next(struct dp_worker *w, struct burst *b);
/* Fragments whose first one did not come in time. */
void dp_fragment_serve(struct dp_worker *w, uint64_t now_tsc);
/* Packet i found no flow here. True: it went on to look for it at the other workers. Cold. */
bool dp_fragment_search(struct dp_worker *w, struct burst *b, unsigned int i);
/* Packet i, a fragment, opened this flow. Cold. */
void dp_fragment_opened(const struct dp_worker *w, const struct burst *b, unsigned int i, struct flow *flow);

/*
 * The flow of packet i, found or opened: sets flow[i] and returns -1, or returns
 * the reason why there is none.
 */
int dp_schedule_one(struct dp_worker *w, struct burst *b, unsigned int i);

/* Addresses that nobody can send from, and our own. */
bool dp_source_is_bad(const struct dp_worker *w, const struct sl_addr *source);

/* Owner of a NAT flow: the worker of the client's address and port. */
unsigned int dp_owner(const struct dp_worker *w, const struct sl_addr *client, uint16_t client_port_be);
/* Where a device brings a client's packets that hashes as ours are told to. Cold. */
unsigned int dp_owner_rss(const struct dp_worker *w, const struct pkt_key *key);
void dp_owner_init(void);

/* The flow of a key, or NULL; looks at the whole chain. Cold: the stage finds nearly all by itself. */
struct flow *dp_flow_find_slow(struct dp_worker *w, const struct pkt_key *key, bool in,
			       struct flow_hash hash);
/* The flow of a reply to a local address (in `reply`), or NULL. Cold likewise. */
struct flow *dp_flow_find_reply(struct dp_worker *w, const struct burst *b, unsigned int i);
/* Ends a flow before its time: the peer is told, and what follows. Cold. */
void dp_flow_end(struct dp_worker *w, struct flow *flow);
/* Ends a flow: its local port, and what follows. Cold. */
void dp_flow_forget(struct dp_worker *w, struct flow *flow);
/* A flow is here no more: counts, index, entry. Cold. */
void dp_flow_leave(struct dp_worker *w, struct flow *flow);
/* Looks at the next `budget` entries for idle ones. */
void dp_flow_sweep(struct dp_worker *w, uint32_t budget);

/* Ways of packets i in `mask` out of the pipeline to a client, looked up. Cold. */
void dp_route_client(struct dp_worker *w, struct burst *b, unsigned int i);
/* Packet i waits until `addr` on `port` is resolved. Cold. */
void dp_hold_packet(struct dp_worker *w, struct burst *b, unsigned int i, unsigned int port,
		    const struct sl_addr *addr);
void dp_hold_mbuf(struct dp_worker *w, struct rte_mbuf *m, unsigned int port, const struct sl_addr *addr);
/*
 * Sends a single IP packet, complete behind ETH_LEN bytes for its Ethernet header: by
 * the route to its destination, or by the way to the server of a slot. Takes it over;
 * it may wait for a neighbour. Too long for the port it leaves by: dropped. Cold.
 */
void dp_output(struct dp_worker *w, struct rte_mbuf *m);
void dp_output_server(struct dp_worker *w, struct rte_mbuf *m, uint32_t slot);
/* The same for a packet of the control core's with the tag CONTROL_TO_NEIGHBOUR, by m->port. Cold. */
void dp_output_neighbour(struct dp_worker *w, struct rte_mbuf *m);
/* Sends or drops held packets whose time has come. */
void dp_hold_serve(struct dp_worker *w, uint64_t now_tsc);
void dp_hold_fini(struct dp_worker *w);

/* Sends everything that is buffered. */
void dp_transmit_flush(struct dp_worker *w);
void dp_transmit_flush_port(struct dp_worker *w, unsigned int port);
/* One frame, complete, to a port; takes it over. */
void dp_transmit_one(struct dp_worker *w, unsigned int port, struct rte_mbuf *m);
void dp_handover_flush(struct dp_worker *w);
void dp_handover_put(struct dp_worker *w, unsigned int to, struct rte_mbuf *tagged);
/* Takes what other workers and the control core sent; returns how many packets. */
unsigned int dp_handover_receive(struct dp_worker *w);

/*
 * Side rings, for what is rare and cannot be left to RSS: fragments and ICMP errors.
 * A flood of those fills these rings, not the hand-over's. See side.c. Cold.
 */

/* Gives packet i of the burst to the worker that owns it, with its note where it is gathered. */
void dp_side_give(struct dp_worker *w, struct burst *b, unsigned int i, unsigned int owner);
/*
 * Sends packet i on to the next worker to look for its flow. False: there is
 * nobody left to ask, so this worker decides.
 */
bool dp_side_search(struct dp_worker *w, struct burst *b, unsigned int i);
/* Takes what other workers sent; returns how many packets. */
unsigned int dp_side_receive(struct dp_worker *w);

void dp_drop_mbuf(struct dp_worker *w, struct rte_mbuf *m, enum sl_drop reason);
void dp_drop_flush(struct dp_worker *w);

/* Has the flow's server been removed together with its flows? */
static inline bool
flow_is_removed(const struct flow *flow)
{
	return (flow->generation & GENERATION_MASK) !=
	       atomic_load_explicit(&dp_real_slots[flow->real].generation, memory_order_relaxed);
}

/* Packet i ends here. Its place in `live` goes. */
static inline void
dp_drop(struct dp_worker *w, struct burst *b, unsigned int i, enum sl_drop reason)
{
	b->live &= ~(UINT64_C(1) << i);
	dp_drop_mbuf(w, b->mbuf[i], reason);
}

#endif
