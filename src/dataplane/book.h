/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control thread's record of services and real servers: which slot belongs
 * to which key, what has been removed but still has flows, and what was counted
 * before a slot's present life began.
 *
 * A real server's life: taken (in a transaction), listed in its service,
 * unlisted (no new flows; reapable after a grace period), freed when its last
 * flow has ended. A service's record lives as long as one of its servers does,
 * so that both are found again when they come back. Control thread only.
 */
#ifndef DP_BOOK_H
#define DP_BOOK_H

#include "real.h"
#include "snapshot.h"

#include <uthash.h>

struct book_service;

struct book_real_key {
	struct sl_addr addr;
	uint32_t service;
	uint16_t port;
	uint16_t pad;
};

struct book_real {
	struct book_real_key key;
	uint32_t slot;
	bool listed;
	bool leaves;            /* while a commit compares old and new */
	bool reapable;          /* unlisted, and no worker can still open a flow to it */
	uint32_t neigh;         /* pinned next hop, 0: none */
	struct dp_traffic base; /* what the workers' counters showed when the slot was taken */
	struct book_service *service;
	struct book_real *next, *prev; /* of the service */
	UT_hash_handle hh;
};

struct book_service {
	struct dp_service_key key;
	uint32_t slot;
	bool listed;
	uint32_t refs;             /* changes of the open transaction that name it */
	const struct dp_svc *svc;  /* as published; NULL while unlisted */
	struct book_real *reals;   /* listed and not */
	struct dp_traffic retired; /* of servers whose slots were freed */
	struct dp_traffic base;    /* when the service was made */
	UT_hash_handle hh;
};

extern struct book_service *book_services; /* hash; iterate with HASH_ITER */
extern struct book_real *book_reals;

int book_init(void);
void book_fini(void);

struct book_service *book_service_find(const struct dp_service_key *key);
/* Finds or makes. NULL: out of slots or memory. */
struct book_service *book_service_take(const struct dp_service_key *key);
struct book_service *book_service_at(uint32_t slot);
/* Frees the record if nothing keeps it. */
void book_service_release(struct book_service *service);

struct book_real *book_real_take(struct book_service *service, const struct sl_addr *addr, uint16_t port,
				 bool *ret_fresh);
struct book_real *book_real_at(uint32_t slot);
void book_real_free(struct book_real *real);
/* No longer in its service: freed when its flows have ended. */
void book_real_unlist(struct book_real *real);
/* Frees what has no flows left, a bounded number a call; returns how many. */
unsigned int book_reap(void);

void book_traffic(const struct book_service *service, struct dp_traffic *ret_traffic);

#endif
