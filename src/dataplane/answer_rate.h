/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How much a worker may answer. A part of struct dp_worker, its worker's alone.
 *
 * Two buckets have to agree to an answer: the worker's share of dp_answer_rate, and
 * one of the receiver's, so that whoever is flooded, or floods, leaves something
 * for others. ICMP errors and resets have buckets of their own. A bucket holds a
 * second's worth.
 */
#ifndef DP_ANSWER_RATE_H
#define DP_ANSWER_RATE_H

#include <sluice/addr.h>

#include <stdint.h>

struct dp_worker;

enum answer_class {
	ANSWER_ICMP,
	ANSWER_RESET,
	ANSWER_CLASSES,
};

enum {
	ANSWER_PEERS = 512,     /* buckets of receivers, by a keyed hash of the address */
	ANSWER_PEER_SHARE = 8,  /* a receiver gets this part of the rate ... */
	ANSWER_PEER_LEAST = 32, /* ... but this much a second, if the rate allows it */
};

/* Cycles that have not been spent yet. Zero: full. */
struct answer_bucket {
	uint64_t credit, tsc;
};

struct answer_limits {
	struct answer_bucket all[ANSWER_CLASSES];
	struct answer_bucket peer[ANSWER_CLASSES][ANSWER_PEERS];
};

/* Takes an answer to `peer` out of the buckets; false, and counted, when there is none left. Cold. */
bool dp_answer_allowed(struct dp_worker *w, enum answer_class class, const struct sl_addr *peer);

#endif
