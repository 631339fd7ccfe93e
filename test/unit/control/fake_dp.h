/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A data plane without packets: include/sluice/dp.h in memory, for tests of
 * the control core and for a daemon without devices (sluiced-fake).
 *
 * It keeps what was committed, and is strict: what the contract forbids
 * (servers out of order, two transactions at once, a transaction used after a
 * failure) ends the process with a message. Tests may make calls fail and look
 * at the result. One thread.
 */
#ifndef FAKE_DP_H
#define FAKE_DP_H

#include <sluice/dp.h>

/* Which call fake_dp_fail() lets fail. */
enum fake_dp_call {
	FAKE_DP_BEGIN,
	FAKE_DP_PUT,
	FAKE_DP_REMOVE,
	FAKE_DP_NET,
	FAKE_DP_FLUSH,
	FAKE_DP_COMMIT,
	FAKE_DP_PROBE_ADD,
	FAKE_DP_HOST_ROUTE,
	FAKE_DP_CALL_MAX
};

struct fake_dp_service {
	struct dp_service_key key;
	const struct sched_ops *sched;
	struct dp_real *reals;
	uint32_t real_count;
	char local_group[DP_NAME_SIZE];
	uint16_t mss;
	uint8_t options;
	uint32_t slot;
	uint32_t at; /* in the fake's array */
};

/* Back to the state before dp_eal_start, nothing left allocated. */
void fake_dp_reset(void);

/* The n-th (1: the next) of these calls from now on fails once with `rc`. 0: none. */
void fake_dp_fail(enum fake_dp_call call, unsigned int n, int rc);

/* How often each was called, and how many transactions were committed. */
unsigned int fake_dp_calls(enum fake_dp_call call);
unsigned int fake_dp_commits(void);

/* What was committed: NULL past the end or when there is none. In no order. */
const struct fake_dp_service *fake_dp_service_at(unsigned int i);
const struct fake_dp_service *fake_dp_service_find(const struct dp_service_key *key);
const struct dp_net *fake_dp_net(void);
bool fake_dp_flushed(uint32_t real_slot);

/* The i-th of the probes there are, in the order they came; NULL past the end. */
struct fake_dp_probe {
	struct dp_probe probe;
	struct sl_addr addr;
	unsigned int refs; /* how often it was added and not removed */
};

const struct fake_dp_probe *fake_dp_probe_at(unsigned int i);

/* What dp_real_stats says of a server from now on: how its connections went; that it is at its limit. */
void fake_dp_outcomes_set(uint32_t real_slot, uint64_t syns, uint64_t answered, uint64_t refused);
void fake_dp_overloaded_set(uint32_t real_slot, bool on);

/* A neighbour that is there from now on, in this state. One at a time. */
void fake_dp_neigh_set(const struct sl_addr *addr, enum dp_neigh_state state);
/* Host routes as "TABLE PORT ADDRESS", sorted, each with " [" and "]" around it. Valid until the next call. */
const char *fake_dp_host_routes(void);
/* The port's kernel interface has this number from now on, and no routes; 0: it is gone. */
void fake_dp_tap_index_set(unsigned int port, unsigned int index);
/* Workers go round from now on, or no more, as at first. */
void fake_dp_run(bool on);

enum dp_idle fake_dp_idle(void);
unsigned int fake_dp_conn_reuse_mode(void);
bool fake_dp_pmtu_disc(void);
unsigned int fake_dp_answer_rate(void);
unsigned int fake_dp_kernel_rate(void);

/* How often dp_poll was called. */
unsigned int fake_dp_polls(void);
/*
 * A packet from the kernel on a port with `tap on`: its descriptor becomes readable until the
 * next dp_poll. `anew`: on an interface that was made again, with another descriptor.
 */
void fake_dp_from_kernel(unsigned int port, bool anew);
/* dp_poll takes nothing from the kernel, as when it is not allowed to. */
void fake_dp_deaf(bool on);

#endif
