/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Telling the neighbours who has the addresses now: gratuitous ARP, unsolicited neighbour advertisements, and when to send
 * them (keepalived's garp_* keywords). Pure: the caller has the clock and sends. Keepalive thread.
 *
 * A round is one announcement of each address. `repeat` rounds at once, as many again after a delay, and a
 * few whenever `refresh` is over; a MASTER that hears a lower priority begins anew. A round that is under way
 * is ended first, so that the last addresses have their turn whatever begins again and again.
 */
#ifndef ANNOUNCE_H
#define ANNOUNCE_H

#include <sluice/ka.h>

enum { ANNOUNCE_FRAME_MAX = 86 };

struct announce {
	uint32_t left;         /* rounds to send, with the one that is being sent */
	unsigned int at;       /* the address that is next in it */
	uint64_t again_us;     /* the second lot is due; UINT64_MAX: none */
	uint32_t again_repeat; /* its rounds */
	uint64_t refresh_us;   /* the next refresh; UINT64_MAX: none */
};

void announce_stop(struct announce *announce);
/* Of a new MASTER: from the first address on. */
void announce_begin(struct announce *announce, const struct ka_garp *garp, uint64_t now_us);
/* Of a MASTER that has new addresses, after announce_moved. */
void announce_added(struct announce *announce, const struct ka_garp *garp, uint64_t now_us);
/* The addresses may be others now, or stand elsewhere: `at` is one of them again, and none is left out. */
void announce_moved(struct announce *announce, unsigned int addr_count);
/* After an advert of lower priority. */
void announce_lower(struct announce *announce, const struct ka_garp *garp, uint64_t now_us);
/* Another configuration: its refresh counts from now on, unless one is due earlier. */
void announce_refresh(struct announce *announce, const struct ka_garp *garp, uint64_t now_us);
/* Takes up what is due. Is there something to be sent? */
bool announce_is_due(struct announce *announce, const struct ka_garp *garp, uint64_t now_us);
/* Address `at` of `addr_count` was sent. */
void announce_sent(struct announce *announce, unsigned int addr_count);

/*
 * The frame: an ARP request of the address for itself, target MAC all ones (keepalived's form), or a neighbour advertisement with
 * override to all nodes. Returns its length.
 */
size_t announce_build(const struct sl_addr *addr, const uint8_t mac[6],
		      uint8_t ret_frame[ANNOUNCE_FRAME_MAX]);

#endif
