/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Deferred frees in the order of their tokens: a list, because the control
 * thread alone adds and takes. See rcu.h.
 */
#include "rcu.h"

#include <rte_common.h>
#include <rte_malloc.h>
#include <rte_rcu_qsbr.h>

#include <errno.h>
#include <stdlib.h>

/* Calls a poll: freeing a hundred thousand services does not keep the control thread from its other work. */
enum { RUN_MAX = 2048 };

struct deferred {
	struct deferred *next;
	void (*fn)(void *);
	void *arg;
	uint64_t token;
};

struct rte_rcu_qsbr *dp_rcu;

static struct deferred *first, **last_next = &first;

int
dp_rcu_init(unsigned int workers, unsigned int others)
{
	size_t size = rte_rcu_qsbr_get_memsize(workers + others);

	dp_rcu = rte_zmalloc("rcu", size, RTE_CACHE_LINE_SIZE);
	if (dp_rcu == NULL)
		return -ENOMEM;
	return rte_rcu_qsbr_init(dp_rcu, workers + others) == 0 ? 0 : -EINVAL;
}

static void
run_first(void)
{
	struct deferred *d = first;

	first = d->next;
	if (first == NULL)
		last_next = &first;
	d->fn(d->arg);
	free(d);
}

void
dp_rcu_fini(void)
{
	while (first != NULL)
		run_first();
	rte_free(dp_rcu);
	dp_rcu = NULL;
}

void
dp_rcu_defer(void (*fn)(void *), void *arg)
{
	struct deferred *d = malloc(sizeof(*d));

	if (d == NULL)
		return; /* out of memory: better leaked than freed under a reader */
	*d = (struct deferred){ .fn = fn,
				.arg = arg,
				.token = dp_rcu != NULL ? rte_rcu_qsbr_start(dp_rcu) : 0 };
	*last_next = d;
	last_next = &d->next;
}

unsigned int
dp_rcu_poll(void)
{
	unsigned int count = 0;

	for (; count < RUN_MAX && first != NULL && dp_rcu != NULL; count++) {
		if (rte_rcu_qsbr_check(dp_rcu, first->token, false) != 1)
			break;
		run_first();
	}
	return count;
}
