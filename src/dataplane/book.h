/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control thread's record of services and real servers: which slot belongs
 * to which key, what has been removed but still has flows, and what was counted
 * before a slot's present life began.
 *
 * A real server's life: taken (in a transaction), listed in its service,
 * unlisted (no new flows once a grace period has passed), freed when its last
 * flow has ended; its slot is taken again only after one more grace period,
 * because a burst may still be rewriting that flow's last packet. A service's
 * record lives as long as one of its servers does, so that both are found again
 * when they come back. Control thread only.
 */
#ifndef DP_BOOK_H
#define DP_BOOK_H

#include "real.h"
#include "snapshot.h"

#include <sys/queue.h>

/* Out of memory is an answer (hh.tbl is NULL after HASH_ADD), not the end of the process. */
#define HASH_NONFATAL_OOM 1
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
	bool leaves;                  /* while a commit compares old and new */
	bool known;                   /* was listed once: workers may have flows to it */
	uint32_t refs;                /* places in services of the open transaction */
	uint32_t graces;              /* grace periods to pass until no worker can open a flow to it */
	uint32_t neigh;               /* pinned next hop, 0: none */
	uint32_t tunnel;              /* its use of tunnel.h's, 0: none */
	bool tunneled;                /* is, or was, reached by SL_FWD_TUN */
	struct dp_tunnel tunnel_conf; /* and that as this says */
	struct dp_real_stats base;    /* what the workers' counters showed when the slot was taken */
	struct book_service *service;
	struct book_real *next, *prev; /* of the service */
	TAILQ_ENTRY(book_real) unlisted;
	UT_hash_handle hh;
};

struct book_service {
	struct dp_service_key key;
	uint32_t slot;
	bool listed;
	bool nat;                  /* has, or had, servers by NAT: replies of its flows pass here */
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

/* Finds or makes (not yet listed). NULL: out of slots or memory. */
struct book_real *book_real_take(struct book_service *service, const struct sl_addr *addr, uint16_t port,
				 bool *ret_fresh);
struct book_real *book_real_at(uint32_t slot);
/* Frees the record of a server without flows, and its service's if nothing else keeps that. */
void book_real_free(struct book_real *real);
/* In its service, as published. */
void book_real_list(struct book_real *real);
/* No longer in its service: freed when its flows have ended. */
void book_real_unlist(struct book_real *real);
/*
 * Looks at a bounded number of unlisted servers and frees those without flows;
 * returns how many. *ret_services: how many services went with them.
 */
unsigned int book_reap(unsigned int *ret_services);

void book_traffic(const struct book_service *service, struct dp_traffic *ret_traffic);

#endif
