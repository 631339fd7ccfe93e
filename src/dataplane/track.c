/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Move every connection's state on and count its packet.
 * Reads:  flow, info, in.   Writes: live, later, syn, method; the flow's state and time; the server's record.
 * Drops:  SERVER_REMOVED, and what schedule.c drops.   Prefetches: nothing.
 * Cost:   entry and record, both fetched by the look-up; the entry is written when the tick or state changed.
 *
 * A segment that opens a connection and meets one that has just ended
 * (TIME_WAIT, CLOSE) ends that one and is scheduled again: Linux IPVS's
 * conn_reuse_mode 1. The packets before it in the burst go out first, since they
 * belong to the old server: it and those behind it wait for a second pass
 * (later). From there on packets look their flows up anew, because entries have
 * changed hands.
 */
#include "answer.h"
#include "kernel.h"
#include "sync.h"
#include "tcp_state.h"
#include "wire.h"
#include "worker.h"

#include <stddef.h>

#define REUSABLE_STATES ((1u << SL_STATE_TIME_WAIT) | (1u << SL_STATE_CLOSE))

/*
 * How the server takes a connection that was opened by SYN is counted once: by its first SYN, or
 * by a reset before that. What it does later, or does not do, is no answer to the SYN.
 */
static __rte_cold void
outcome_note(struct dp_worker *w, const struct burst *b, unsigned int i, struct flow *flow)
{
	struct dp_real_outcome *outcome = &w->outcome[flow->real];

	if ((flow->flags & FLOW_ASKED) == 0 || (b->in >> i & 1) != 0)
		return;
	if (b->info[i].event == TCP_EVENT_SYN)
		outcome->answered++;
	else if (b->info[i].event == TCP_EVENT_RST)
		outcome->refused++;
	else
		return;
	flow->flags &= (uint8_t)~FLOW_ASKED;
}

/* A SYN may change no state: the server's answer does not. One that meets an ended connection opens it again. */
static __rte_cold void
syn_note(struct dp_worker *w, const struct burst *b, unsigned int i, struct flow *flow)
{
	if ((b->in >> i & 1) != 0 && (REUSABLE_STATES >> flow->state & 1) != 0 &&
	    (flow->flags & FLOW_IN_ONLY) == 0) {
		flow->flags |= FLOW_ASKED;
		w->outcome[flow->real].syns++;
	}
	outcome_note(w, b, i, flow);
}

/* Packet i changes its flow's state: counts of active connections follow. */
static __rte_cold void
state_change(struct dp_worker *w, const struct burst *b, unsigned int i, struct flow *flow, uint8_t state)
{
	struct dp_real_own *real = &w->real[flow->real];
	uint8_t old;

	real->active -= TCP_ACTIVE_STATES >> flow->state & 1;
	real->active += TCP_ACTIVE_STATES >> state & 1;
	outcome_note(w, b, i, flow);
	old = flow->state;
	flow->state = state;
	dp_sync_changed(w, flow, old);
}

/* Does packet i open a connection where an old one has ended? */
static bool
reopens(const struct burst *b, unsigned int i, const struct flow *flow)
{
	return b->info[i].event == TCP_EVENT_SYN && (b->in >> i & 1) != 0 &&
	       (REUSABLE_STATES >> flow->state & 1) != 0 &&
	       atomic_load_explicit(&dp_reuse_mode, memory_order_relaxed) != 0;
}

/* The flow of packet i is looked up, or opened, again. False: the packet was dropped. */
static __rte_cold bool
flow_renew(struct dp_worker *w, struct burst *b, unsigned int i)
{
	int reason = dp_schedule_one(w, b, i);

	if (reason >= 0 && !dp_kernel_takes(w, b, i, (enum sl_drop)reason))
		dp_answer_drop(w, b, i, (enum sl_drop)reason);
	return reason < 0;
}

/*
 * The rare cases before a packet is tracked. False: the packet was dropped, or
 * waits for the next pass.
 */
static __rte_cold bool
track_rare(struct dp_worker *w, struct burst *b, unsigned int i)
{
	bool opens = b->info[i].event == TCP_EVENT_SYN && (b->in >> i & 1) != 0;
	uint64_t before = b->live & ((UINT64_C(1) << i) - 1);
	struct flow *flow;

	if (b->moved && !flow_renew(w, b, i))
		return false;
	flow = b->flow[i];
	if ((flow->generation & FLOW_FOREIGN) != 0)
		dp_sync_adopt(w, b, i);
	if (flow_is_removed(flow) && !opens) {
		dp_drop(w, b, i, SL_DROP_SERVER_REMOVED);
		return false;
	}
	if (!flow_is_removed(flow) && !reopens(b, i, flow))
		return true;
	if (before != 0) {
		b->later = b->live & ~before;
		b->live = before;
		return false;
	}
	dp_flow_end(w, flow);
	b->moved = true;
	/* Found on its search: the new one begins where its packets come in. */
	if (((b->searching & ~b->gathered) >> i & 1) != 0 && dp_side_search(w, b, i))
		return false;
	return flow_renew(w, b, i);
}

/* tcp_next as one row of bytes: the offsets of side, event and state are added up. */
enum { SIDE_BYTES = TCP_EVENT_MAX * 16, EVENT_BYTES = 16, IN_ONLY_TO_SIDE = SIDE_BYTES / FLOW_IN_ONLY };

static_assert(ADDR_VIP == 1, "a flag is a mask's lowest bit");
static_assert(offsetof(struct dp_real_own, out_packets) == 8 &&
		      offsetof(struct dp_real_own, in_bytes) == 16 &&
		      offsetof(struct dp_real_own, out_bytes) == 24,
	      "the four counters stand in this order");
static_assert(IN_ONLY_TO_SIDE * FLOW_IN_ONLY == SIDE_BYTES * TCP_SIDE_IN_ONLY,
	      "a flag is the offset of its table");

static inline void
track_one(struct dp_worker *w, const struct burst *b, unsigned int i, struct flow *flow,
	  struct dp_real_own *real, uint32_t out)
{
	uint32_t side = (flow->flags & FLOW_IN_ONLY) * IN_ONLY_TO_SIDE + out * TCP_SIDE_OUT * SIDE_BYTES;
	uint8_t state = (&tcp_next[0][0][0])[side + b->info[i].event * EVENT_BYTES + flow->state];
	uint64_t *traffic = &real->in_packets + out; /* or out_packets, the next */

	if (unlikely(state != flow->state))
		state_change(w, b, i, flow, state);
	if (unlikely(flow->seen != w->tick))
		flow->seen = w->tick;
	traffic[0]++;
	traffic[2] += b->info[i].ip_len; /* in_bytes or out_bytes: two words on */
}

/* 1: the packet goes out. Directions may alternate at random: no branch on them. */
static inline uint32_t
goes_out(const struct burst *b, unsigned int i)
{
	return ~(uint32_t)b->vip_flags[i] & ADDR_VIP;
}

/* A packet that has passed track_rare. */
static __rte_cold void
track_checked(struct dp_worker *w, struct burst *b, unsigned int i)
{
	struct flow *flow = b->flow[i];

	if (b->info[i].event == TCP_EVENT_SYN)
		syn_note(w, b, i, flow);
	track_one(w, b, i, flow, &w->real[flow->real], goes_out(b, i));
	b->syn |= (uint64_t)(b->info[i].event == TCP_EVENT_SYN) << i;
}

/* The rest of a burst once entries have changed hands: every packet is a rare case. */
static __rte_cold void
track_rest(struct dp_worker *w, struct burst *b, uint64_t rest)
{
	unsigned int i;

	BURST_FOREACH(i, rest)
	{
		if (track_rare(w, b, i))
			track_checked(w, b, i);
		else if (b->later != 0)
			return;
	}
}

/* What opens a connection may replace one. */
static inline bool
is_rare(const struct burst *b, unsigned int i, const struct flow *flow, const struct dp_real_slot *slots)
{
	return unlikely(flow->generation !=
			atomic_load_explicit(&slots[flow->real].generation, memory_order_relaxed)) ||
	       unlikely(b->info[i].event == TCP_EVENT_SYN);
}

/* A burst of which all goes in, up to the first rare packet. Returns how many. */
static inline unsigned int
track_all_in(struct dp_worker *w, struct burst *b)
{
	const struct dp_real_slot *slots = dp_real_slots;
	struct dp_real_own *reals = w->real;
	uint8_t any = 0, all = 0xff;
	unsigned int i, count = b->count;

	for (i = 0; i < count; i++) {
		struct flow *flow = b->flow[i];

		if (is_rare(b, i, flow, slots))
			return i;
		any |= flow->flags;
		all &= flow->flags;
		track_one(w, b, i, flow, &reals[flow->real], 0);
	}
	if (((any ^ all) & FLOW_FWD_MASK) == 0)
		b->method = any & FLOW_FWD_MASK;
	return i;
}

void
dp_stage_track(struct dp_worker *w, struct burst *b)
{
	struct dp_real_own *reals = w->real;
	uint64_t live = b->live;
	unsigned int i;

	b->later = 0;
	b->syn = 0;
	b->method = METHODS_DIFFER;
	if (unlikely(b->moved)) {
		track_rest(w, b, live);
		return;
	}
	if ((live & b->in) == burst_all(b->count))
		live &= ~burst_all(track_all_in(w, b));
	BURST_FOREACH(i, live)
	{
		struct flow *flow = b->flow[i];

		if (is_rare(b, i, flow, dp_real_slots)) {
			bool good = track_rare(w, b, i);

			if (b->later != 0)
				return;
			if (good)
				track_checked(w, b, i);
			if (b->moved) {
				track_rest(w, b, live & ~burst_all(i + 1));
				return;
			}
			continue;
		}
		track_one(w, b, i, flow, &reals[flow->real], goes_out(b, i));
	}
}
