/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What building the table of mh (mh_table.c) and choosing by it (mh.c) share:
 * its size and its hash, both those of Linux IPVS. Pure functions.
 *
 * The hash is the kernel's hsiphash of one 32-bit word, which on 64-bit
 * machines is SipHash-1-3 cut to 32 bits. Its keys are fixed, so every box
 * places a client alike. They are no secret: who chooses source addresses can
 * choose the server, as with every scheduler that boxes must agree on.
 */
#ifndef SCHED_MH_H
#define SCHED_MH_H

#include "sched_room.h"

enum {
	MH_SIZE = 4093, /* a prime: every step but 0 visits every place */
	MH_NOBODY = UINT16_MAX,
};

/* Both halves of the keys of IPVS's two hashes: of a server's first place and of clients, of its step. */
#define MH_KEY_PLACE UINT64_C(2654435761)
#define MH_KEY_STEP UINT64_C(2654446892)

/* Whose turn each place is: an index into the view's servers, or MH_NOBODY. */
struct mh_table {
	uint16_t owner[MH_SIZE];
};

void *sched_mh_table_build(const struct sched_member *member, uint32_t count);

static inline uint64_t
mh_rotate(uint64_t x, unsigned int bits)
{
	return x << bits | x >> (64 - bits);
}

static inline void
mh_sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = mh_rotate(v[1], 13) ^ v[0];
	v[0] = mh_rotate(v[0], 32);
	v[2] += v[3];
	v[3] = mh_rotate(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = mh_rotate(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = mh_rotate(v[1], 17) ^ v[2];
	v[2] = mh_rotate(v[2], 32);
}

/* SipHash-1-3 of four bytes, the lower half of it. */
static inline uint32_t
mh_hash(uint32_t word, uint64_t key0, uint64_t key1)
{
	uint64_t v[4] = {
		UINT64_C(0x736f6d6570736575) ^ key0,
		UINT64_C(0x646f72616e646f6d) ^ key1,
		UINT64_C(0x6c7967656e657261) ^ key0,
		UINT64_C(0x7465646279746573) ^ key1,
	};
	uint64_t block = UINT64_C(4) << 56 | word;

	v[3] ^= block;
	mh_sip_round(v);
	v[0] ^= block;
	v[2] ^= 0xff;
	mh_sip_round(v);
	mh_sip_round(v);
	mh_sip_round(v);
	return (uint32_t)(v[0] ^ v[1] ^ v[2] ^ v[3]);
}

/* An address as one number, and the port (0: does not count) added to it. */
static inline uint32_t
mh_word(const struct sl_addr *addr, uint16_t port)
{
	uint32_t fold = 0;

	for (unsigned int i = sl_addr_is_v4(addr) ? 12 : 0; i < 16; i += 4)
		fold ^= (uint32_t)addr->b[i] << 24 | (uint32_t)addr->b[i + 1] << 16 |
			(uint32_t)addr->b[i + 2] << 8 | addr->b[i + 3];
	return fold + port;
}

#endif
