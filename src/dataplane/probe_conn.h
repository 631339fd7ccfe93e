/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The connections of checks that are alive: which of the kernel's ports is which on the wire.
 *
 * Checks of several servers of one VIP go to the same address and port and may come from
 * the same port of the kernel's, since to the kernel each server has an address of its own.
 * On the wire they differ by our port alone, so the later one gets another. An echo's identifier
 * is its port, and it has none on the VIP's side.
 *
 * An entry lives as long as packets come, and then for a time that depends on how far the
 * connection has got. Its number is bounded; what finds no room is refused. Control thread only.
 */
#ifndef DP_PROBE_CONN_H
#define DP_PROBE_CONN_H

#include "probe.h"

enum probe_conn_state {
	PROBE_CONN_OPENING, /* TCP: nothing came back yet */
	PROBE_CONN_OPEN,
	PROBE_CONN_CLOSED,   /* reset, or both have said their FIN */
	PROBE_CONN_DATAGRAM, /* UDP and echoes */
	PROBE_CONN_STATES,
};

struct probe_conn {
	struct probe *probe;
	struct sl_addr own;      /* our address on the wire */
	uint16_t port_be;        /* our port there */
	uint16_t kernel_port_be; /* and at sl-check */
	uint16_t vip_port_be;
	uint8_t proto;
	uint8_t state; /* enum probe_conn_state */
	uint8_t fins;  /* PROBE_FIN_* */
	uint64_t expires_ms;
	uint32_t next_out, next_in; /* in their buckets */
	uint32_t older, newer;      /* of the same state */
	uint32_t before, after;     /* of the same probe */
};

enum { PROBE_CONNS_MAX = 1 << 18 };

/* 0 or -ENOMEM. */
int dp_probe_conns_init(void);
void dp_probe_conns_fini(void);

/* NULL: there is none. */
struct probe_conn *dp_probe_conn_by_kernel(const struct probe *probe, uint8_t proto, uint16_t kernel_port_be,
					   uint16_t vip_port_be);
struct probe_conn *dp_probe_conn_by_wire(uint8_t proto, const struct sl_addr *own, uint16_t port_be,
					 const struct sl_addr *vip, uint16_t vip_port_be);

/*
 * A new one, by the kernel's port on the wire too if that is free. SL_DROP_MAX, or the reason why
 * there is none.
 */
enum sl_drop dp_probe_conn_open(struct probe *probe, uint8_t proto, uint16_t kernel_port_be,
				uint16_t vip_port_be, const struct sl_addr *own,
				struct probe_conn **ret_conn);
void dp_probe_conn_close(struct probe_conn *conn);
/* All of a probe's. */
void dp_probe_conns_close(struct probe *probe);

/* A packet of it has passed; `tcp_flags`: of TCP. */
void dp_probe_conn_pass(struct probe_conn *conn, bool from_kernel, uint8_t tcp_flags);

/* Closes a bounded number of those whose time is over. Returns how many. */
unsigned int dp_probe_conns_expire(void);
uint32_t dp_probe_conns_count(void);

#endif
