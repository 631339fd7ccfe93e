/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames that the control thread writes from nothing: a buffer with its
 * Ethernet header. Control thread only.
 */
#ifndef DP_FRAME_H
#define DP_FRAME_H

#include "control_tx.h"
#include "ha.h"
#include "port.h"
#include "wire.h"

#include <rte_mbuf.h>

/*
 * A frame from `port` to dst_mac with `len` bytes behind the Ethernet header,
 * all zero. Returns these, and the frame in ret_frame; NULL: no buffer.
 */
static inline uint8_t *
dp_frame_create(unsigned int port, const uint8_t dst_mac[6], uint16_t type_be, uint16_t len,
		struct rte_mbuf **ret_frame)
{
	struct rte_mbuf *m = dp_control_mbuf();
	uint8_t *p;

	if (m == NULL)
		return NULL;
	p = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)(ETH_LEN + len));
	if (p == NULL) {
		dp_control_drop(m, SL_DROP_NO_MBUF);
		return NULL;
	}
	memset(p, 0, (size_t)ETH_LEN + len);
	memcpy(p, dst_mac, 6);
	memcpy(p + 6, dp_port_mac(port), 6);
	store16(p + ETH_TYPE_AT, type_be);
	*ret_frame = m;
	return p + ETH_LEN;
}

/* An address that a single station may have. */
static inline bool
dp_mac_is_station(const uint8_t mac[6])
{
	static const uint8_t zero[6];

	return (mac[0] & 1) == 0 && memcmp(mac, zero, 6) != 0;
}

/* A virtual one that is ours just now (ha.h). */
static inline bool
dp_mac_is_taken(const uint8_t mac[6])
{
	uint64_t word = 0;

	memcpy(&word, mac, 6);
	return dp_ha_takes_mac(word);
}

/* One of our ports': whatever claims to be there is a mistake or a lie. */
static inline bool
dp_mac_is_ours(const uint8_t mac[6])
{
	for (unsigned int port = 0; port < dp_port_count(); port++)
		if (memcmp(mac, dp_port_mac(port), 6) == 0)
			return true;
	return false;
}

#endif
