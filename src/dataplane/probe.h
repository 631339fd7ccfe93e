/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Checks by the way of clients' packets (dp_probe_add): what the parts of it share.
 *
 *	probe.c         the probes, by the address that each has and by what it is
 *	probe_link.c    the kernel interface "sl-check", and its subnets of such addresses
 *	probe_conn.c    the connections of checks that are alive
 *	probe_out.c     from the kernel to a server
 *	probe_in.c      and back
 *	probe_error.c   ICMP errors about what was sent
 *
 * A check is an ordinary socket of the control thread's. It connects to the probe's
 * address, the kernel routes that by sl-check, and what comes out there becomes the packet
 * that a client would have sent from the box's own address: to the VIP, by the server's MAC
 * address or in its tunnel. What the server answers comes to the own address as any packet
 * for the kernel does, and is turned round before the kernel sees it. Workers know nothing of probes.
 *
 * Control thread only.
 */
#ifndef DP_PROBE_H
#define DP_PROBE_H

#include "ip_headers.h"
#include "route.h"
#include "snapshot.h"

#include <sluice/dp.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include <stdbool.h>
#include <stdint.h>

struct rte_mbuf;

#define PROBE_LINK_NAME "sl-check"

enum {
	PROBE_NUMBER_OWN = 1,   /* of sl-check's own addresses in its subnets; */
	PROBE_NUMBER_FIRST = 2, /* probes' follow */
	/* Fits into any tunnel over Ethernet, and is the least that IPv6 takes. */
	PROBE_MTU = 1280,
};

struct probe {
	struct dp_probe conf; /* its key; padding is zero */
	struct sl_addr addr;
	uint32_t refs;
	uint32_t tunnel; /* its use of tunnel.h's; 0: none yet */
	uint32_t conns;  /* the first of its connections (probe_conn.h), 0: none */
	UT_hash_handle hh;
};

/* What was done so far, for dp_probe_info. */
extern struct dp_probe_info dp_probe_count;

/* ---- probe.c ---- */

bool dp_probe_exist(void);
/* The probe of an address; NULL: none has it. */
struct probe *dp_probe_find(const struct sl_addr *addr);

/* Reads what the kernel has for servers, a bounded number of packets. Returns how much it did. */
unsigned int dp_probe_poll(uint64_t now_ms);
uint64_t dp_probe_now(void);

/* Forgets everything; the interface goes. */
void dp_probe_stop(void);

/* The snapshot that workers are given; the control thread alone replaces it. */
static inline const struct dp_snapshot *
probe_snapshot(void)
{
	return atomic_load_explicit(&dp_snapshot_current, memory_order_relaxed);
}

/* ---- probe_link.c ---- */

enum probe_written { PROBE_WRITTEN, PROBE_REFUSED, PROBE_GONE };

/* Makes the interface. 0 or -errno with the reason and its remedy. */
int dp_probe_link_open(char ret_error[DP_ERROR_SIZE]);
void dp_probe_link_close(void);
bool dp_probe_link_present(void);
/* Whether the kernel has taken its IPv6 address. */
bool dp_probe_link_has6(void);

/* The address of this number in the subnet of the family. */
struct sl_addr dp_probe_link_addr(bool v4, uint32_t number);
/* ... and back; 0: it is in neither subnet. */
uint32_t dp_probe_link_number(const struct sl_addr *addr);

/* What the kernel sends, at most `room` bytes of it: how many, 0 when there is nothing, or -errno. */
int dp_probe_link_read(uint8_t *packet, uint32_t room);
enum probe_written dp_probe_link_write(const uint8_t *packet, uint32_t len);

/* ---- probe_out.c ---- */

/* An IP packet of the kernel's behind ETH_LEN bytes. Takes it over. */
void dp_probe_send(struct rte_mbuf *m);

/* ---- probe_in.c ---- */

/*
 * A frame that has come in for the box itself. True: it was for a check, or claims to be a VIP's
 * answer that nobody waits for; it was taken over. False: not concerned.
 */
bool dp_probe_receive(struct rte_mbuf *m);

/* Gives the kernel a packet as from a probe's address, and ends the frame that it came in. */
void dp_probe_deliver(struct rte_mbuf *m, const uint8_t *packet, uint32_t len);

/* Who a packet of a check is of and for: the end that is ours (port, or identifier of an echo) and the VIP's. */
struct probe_ends {
	uint16_t near_be, far_be; /* far: 0 of an echo */
};

/*
 * False: neither TCP, UDP nor an echo (`out`: request; else reply), or less than eight bytes of it,
 * or its header does not fit into the packet.
 */
bool dp_probe_ends_read(const uint8_t *ip, uint32_t len, const struct ip_headers *h, bool out,
			struct probe_ends *ret_ends);

/*
 * Gives a packet other addresses and another near end; checksums change with them, as far as
 * `len` bytes hold them.
 */
void dp_probe_readdress(uint8_t *ip, uint32_t len, const struct ip_headers *h, bool out,
			const struct sl_addr *src, const struct sl_addr *dst, uint16_t near_be);

/* ---- probe_error.c ---- */

/* An ICMP error to an own address. True: it was about a check's packet, and was taken over. */
bool dp_probe_error_receive(struct rte_mbuf *m, const struct ip_headers *h);

#endif
