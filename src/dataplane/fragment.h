/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fragments on their way through the pipeline: what parse_slow.c found in the
 * headers, and what becomes of it. See fragment.c.
 */
#ifndef DP_FRAGMENT_H
#define DP_FRAGMENT_H

#include "worker.h"

/* A fragment of TCP or UDP, as its IP headers have it; or of what only the first one tells. */
struct fragment {
	uint32_t id;         /* as it lies in the packet */
	uint32_t at;         /* where its data begins, from the IP header */
	uint32_t l4_at;      /* of a first one: where the transport header is */
	uint32_t header;     /* bytes of headers that count in the datagram's length, up to 65,535 with it */
	uint32_t start, end; /* of the data, in the datagram */
	bool more;
	uint8_t proto;     /* IPv6, not the first: may be that of a header between */
	uint8_t key_proto; /* as in struct frag_key */
};

/*
 * Row i is a fragment whose IP headers are right and whose first `seen` bytes from the IP
 * header on lie in one buffer. FRAGMENT_STAYS: its columns are filled, as far as
 * parsing goes. FRAGMENT_GONE: it waits, or went to another worker. Else the
 * reason why it is to be dropped. Cold.
 */
enum { FRAGMENT_STAYS = -1, FRAGMENT_GONE = -2 };
int dp_fragment_take(struct dp_worker *w, struct burst *b, unsigned int i, const struct fragment *fragment,
		     uint32_t seen);

/* A secret that all workers share. Before the first packet. */
void dp_fragment_secret_set(const uint64_t secret[2]);

/* A worker's table; packets that wait in it may be an eighth of its share of `mbufs`. 0 or -ENOMEM. */
int dp_fragment_init(struct dp_worker *w, uint32_t mbufs);
/* Frees what waits, and the table. */
void dp_fragment_fini(struct dp_worker *w);

#endif
