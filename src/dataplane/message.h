/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Checksums over messages that may lie in several buffers. Any thread.
 */
#ifndef DP_MESSAGE_H
#define DP_MESSAGE_H

#include "wire.h"

#include <rte_ip.h>
#include <rte_mbuf.h>

enum { MESSAGE_SUM_OK = 0xffff };

/*
 * The one's complement sum over `len` bytes from `at`, which lies in the first buffer;
 * the packet has them. Not rte_raw_cksum_mbuf: DPDK 22.11's loses the carries of segments
 * that begin at an odd byte.
 */
static inline uint16_t
message_sum(const struct rte_mbuf *m, uint32_t at, uint32_t len)
{
	uint64_t sum = 0;
	bool odd = false;

	for (; m != NULL && len > 0; m = m->next, at = 0) {
		uint32_t here = RTE_MIN(m->data_len - at, len);
		uint16_t part = rte_raw_cksum(rte_pktmbuf_mtod_offset(m, const uint8_t *, at), here);

		sum += odd ? rte_bswap16(part) : part;
		odd ^= here & 1;
		len -= here;
	}
	return sum_fold(sum);
}

/* The sum over IP's pseudo header, of a transport message of `len` bytes. */
static inline uint16_t
message_pseudo_sum(const uint8_t *ip, uint8_t proto, uint32_t len)
{
	uint64_t sum = (uint64_t)rte_cpu_to_be_16(proto) + rte_cpu_to_be_16((uint16_t)len);

	return sum_fold(sum +
			(ip[0] >> 4 == 6 ? sum_bytes(ip + IP6_SRC_AT, 32) : sum_bytes(ip + IP4_SRC_AT, 8)));
}

#endif
