/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Checks by the way of clients' packets on a bench: the data plane of pipe_box.h, the control
 * thread's rings, and sl-check for real in a network namespace of the process alone. A
 * test says what the kernel sends by it and sees what the kernel gets, byte by byte,
 * or has the kernel's own sockets do it.
 *
 *	own addresses   10.0.0.1, 2001:db8:2::1 of lan; 198.51.100.2, 2001:db8:1::2 of wan
 *	servers         10.0.0.11, 2001:db8:2::11 at 02:00:00:00:02:11 of lan, .12 at :12
 *	VIPs            192.0.2.2, 2001:db8:ff::2
 */
#ifndef PROBE_BOX_H
#define PROBE_BOX_H

#include "pipe_box.h"

#include "probe.h"

enum { PROBE_BOX_SKIPPED = 77, PROBE_BOX_MAX = 2000 };

#define PROBE_OWN4 "169.254.64.1"
#define PROBE_OWN6 "fd11:4082:f92f:4ee0::1"

/* An IP packet as a test describes it. */
struct probe_packet {
	const char *src, *dst;
	uint8_t proto;         /* SL_PROTO_*, 1 or 58 */
	uint16_t sport, dport; /* of ICMP: its type, and the identifier */
	uint8_t flags;         /* of TCP */
	uint16_t payload;      /* bytes */
	uint8_t ttl;           /* 0: 64 */
	bool no_sum;           /* UDP checksum 0 */
	const uint8_t *quote;  /* in place of a payload of 0, 1, 2 ... */
};

/* Cmocka's, of the group and of each test. */
int probe_box_open(void **state);
int probe_box_setup(void **state);
int probe_box_teardown(void **state);
/* False, said: there is no root, namespace or /dev/net/tun. */
bool probe_box_possible(void);

struct sl_addr probe_box_addr(const char *text);
const char *probe_box_text(const struct sl_addr *addr);

/* Adds a probe; its address. */
struct sl_addr probe_box_add(const char *vip, const char *real, uint8_t fwd, const struct dp_tunnel *tunnel);

/* Writes the packet; its length. */
unsigned int probe_box_build(const struct probe_packet *packet, uint8_t *bytes);
uint16_t probe_box_sum(const uint8_t *bytes, unsigned int len, uint32_t sum);

/* The kernel sends these bytes by sl-check, and the data plane what becomes of them: pipe_box.sent. */
void probe_box_kernel_sends(const uint8_t *bytes, unsigned int len);
/* One of the ports receives this packet from a server, and the control thread has it. */
void probe_box_server_sends(unsigned int port, const uint8_t *bytes, unsigned int len);
/* What the kernel got by sl-check since the last call: the length of the next packet, 0: nothing more. */
unsigned int probe_box_kernel_got(uint8_t bytes[PROBE_BOX_MAX]);

/* The control thread's turn, and worker 0's. */
void probe_box_turn(unsigned int ms);
/* What the control thread dropped for this reason since the test began. */
uint64_t probe_box_dropped(enum sl_drop reason);

#endif
