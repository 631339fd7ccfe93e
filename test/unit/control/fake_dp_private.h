/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the two halves of the fake data plane share: fake_dp.c keeps what was
 * committed, fake_dp_stats.c makes counters and lists up from it.
 */
#ifndef FAKE_DP_PRIVATE_H
#define FAKE_DP_PRIVATE_H

#include "fake_dp.h"

/* A real server's slot. It stays after the server has gone, so that one that comes back finds it. */
struct fake_real {
	struct dp_service_key service; /* with addr and port, the key */
	struct sl_addr addr;
	uint16_t port;
	uint8_t fwd;
	uint32_t slot;
	bool present; /* in its service now */
	bool flushed;
	bool served; /* has had a weight while it was not out: so it has connections */
	bool overloaded;
	uint64_t syns, answered, refused;
};

struct fake_dp {
	struct dp_params params;
	struct dp_port_conf port[DP_PORTS_MAX];
	unsigned int port_count;
	bool eal_started, started;

	struct fake_dp_service **service; /* array, in no order */
	uint32_t service_count, service_size;
	void *service_tree; /* the same by key */
	uint32_t service_slots;

	struct fake_real **real; /* by slot */
	uint32_t real_count, real_size;
	void *real_tree;

	struct dp_net net;
	struct dp_net_addr *addrs;
	struct dp_route *routes;
	struct dp_static_neigh *neighs;

	enum dp_idle idle;
	unsigned int tcp_s, tcp_fin_s, udp_s, conn_reuse_mode;
	bool pmtu_disc;
	unsigned int answer_rate, kernel_rate;

	/* the kernel's end of each port with `tap on`: a pipe; 0: not made yet */
	int tap_read[DP_PORTS_MAX], tap_write[DP_PORTS_MAX];
	uint64_t from_kernel[DP_PORTS_MAX];
	struct dp_neigh neigh; /* that a test has set; its address is none: not yet */
	unsigned int polls;
	bool deaf;

	struct fake_host_route {
		unsigned int port;
		uint32_t table;
		struct sl_addr addr;
	} * host_route;
	unsigned int host_route_count;
	unsigned int tap_gone[DP_PORTS_MAX],
		tap_index[DP_PORTS_MAX]; /* gone; else 0: 10 and the port's number */
	uint64_t loops;
	bool running;

	struct fake_dp_probe *probe; /* array; refs 0: it has gone, and its address with it */
	uint32_t probe_count;

	struct dp_txn *txn; /* the open one */
	unsigned int calls[FAKE_DP_CALL_MAX];
	unsigned int fail_at[FAKE_DP_CALL_MAX];
	int fail_rc[FAKE_DP_CALL_MAX];
	unsigned int commits;
};

extern struct fake_dp fake_dp;

/* Ends the process when the contract is broken. */
void fake_dp_require(bool condition, const char *promise);

/* Counts a call. True: it shall fail, so. */
bool fake_dp_fails(enum fake_dp_call call, int *ret_rc, char *ret_error);

unsigned int fake_dp_tap_index(unsigned int port);
void fake_dp_route_reset(void);

void fake_dp_probe_reset(void);

/* What the keepalive thread asks is kept apart, under a lock (fake_dp_ha.c). */
void fake_dp_ha_net_set(const struct dp_net *net);
void fake_dp_ha_reset(void);

/* Closes what the kernel's interfaces have open. */
void fake_dp_kernel_reset(void);

#endif
