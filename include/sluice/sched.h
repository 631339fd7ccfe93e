/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Schedulers: which server gets a new connection.
 *
 * A scheduler is a pure function of what it is shown (struct sched_view) and
 * of the little it remembers (struct sched_state). pick() allocates nothing, knows
 * no packet, no clock and no thread, and runs in the worker that has the new
 * connection. The view is immutable while pick() runs; the state belongs to
 * one worker and one service.
 *
 * A scheduler may choose by a table, which is a pure function too: of the
 * servers' addresses and weights. The control thread has it built when one of
 * these changes; it is never written afterwards, and all workers share it.
 *
 * Servers stand in the order in which Linux IPVS keeps them: the one added
 * last comes first. `order` is a number that grows with each server added, so
 * the list is sorted by falling `order`, and "the server after the one I chose
 * last" is the first whose order is smaller, whether or not that last one still
 * exists. Specification: Linux IPVS 6.12, exactly.
 */
#ifndef SLUICE_SCHED_H
#define SLUICE_SCHED_H

#include <sluice/addr.h>

#include <stdbool.h>
#include <stdint.h>

enum {
	SCHED_SERVER_OVERLOADED = 1u << 0, /* at its connection limit: no new ones */
};

struct sched_server {
	uint32_t order;  /* falls along the list; never 0, never UINT32_MAX */
	uint32_t weight; /* 0: no new connections */
	uint32_t flags;  /* SCHED_SERVER_* */
	uint32_t slot;   /* the data plane's own; schedulers do not look at it */
};

/* Connections of a server on the whole box. total = active + inactive. */
struct sched_load {
	uint32_t active;
	uint32_t total;
};

/* What a service may ask of its scheduler, where that knows it (sched_ops.options). */
enum {
	SCHED_FALLBACK = 1u << 0, /* if the server chosen is not available: another, always the same one */
	SCHED_PORT = 1u << 1,     /* the client's port counts, not its address alone */
};

/* Of a server, for schedulers that build a table. */
struct sched_member {
	struct sl_addr addr;
	uint16_t port;   /* host order */
	uint32_t weight; /* the last one that was not 0; 0: it never had any other */
};

struct sched_view {
	const struct sched_server *server;
	const struct sched_load *load; /* NULL unless the scheduler's needs_load */
	const void *table;             /* of table_build() for these servers, in this order; else NULL */
	uint32_t options;              /* SCHED_*, those that the scheduler knows */
	uint32_t count;
	uint32_t epoch;   /* changes with every server added or removed and every weight changed */
	uint32_t stagger; /* this worker's number: rotating schedulers start at a place of its own */
};

/* Of the connection that is to be placed; ports in host order. */
struct sched_flow {
	struct sl_addr client;
	struct sl_addr vip;
	uint16_t client_port;
	uint16_t vip_port;
};

/*
 * What a scheduler remembers between picks. All zero is "fresh": the service
 * has just been made or has just been given this scheduler.
 */
struct sched_state {
	uint32_t epoch; /* of the view that the rest was computed for; 0: fresh */
	uint32_t last;  /* order of the server chosen last; 0: none yet */
	int64_t cw;     /* the next three are wrr's: current weight, */
	int64_t mw;     /* highest weight - (gcd - 1), */
	int64_t di;     /* greatest common divisor of the weights */
};

struct sched_ops {
	const char *name;    /* as in `lb_algo` */
	const char *summary; /* one line for people */
	bool needs_load;
	uint32_t options;     /* SCHED_* that it knows */
	uint32_t servers_max; /* a service can have so many; 0: any number */
	/*
	 * NULL: it needs no table. member[i] is what view->server[i] will be, at most servers_max
	 * of them. The table is one block for free(), NULL when out of memory. Control thread.
	 */
	void *(*table_build)(const struct sched_member *member, uint32_t count);
	/* Index into view->server, or -1 when no server may be chosen. */
	int (*pick)(const struct sched_view *view, struct sched_state *state, const struct sched_flow *flow);
};

/* NULL when there is none of that name. Any thread. */
const struct sched_ops *sched_find(const char *name);

/* The i-th scheduler, NULL past the last: for listings and "did you mean". */
const struct sched_ops *sched_at(unsigned int i);

#endif
