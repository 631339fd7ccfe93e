/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control thread's record of local addresses: which groups there are, which index
 * each address has, and which addresses have left their group but not their flows.
 *
 * An address's life: taken by a transaction's plan, listed in a group by its commit,
 * unlisted when a later network leaves it out (no new flows once a grace period has
 * passed; still answered for, still looked up), ended when its last flow is over,
 * forgotten with the next snapshot; its index is used again after one more grace
 * period. If it comes back before it is forgotten, it goes on as it was.
 *
 * Groups have slots by name, so that services need not be made anew when the network
 * is. Control thread only.
 */
#ifndef DP_LOCAL_BOOK_H
#define DP_LOCAL_BOOK_H

#include "local.h"

#include <sluice/dp.h>

struct addr_entry;

/* What a transaction's network makes of the groups; nobody can see it yet. */
struct local_plan;

/* NULL with errno and the reason in ret_error. */
struct local_plan *local_plan_create(const struct dp_net *net, char ret_error[DP_ERROR_SIZE]);
/* Forgets a plan that was not committed. NULL: nothing to do. */
void local_plan_abort(struct local_plan *plan);
/* The groups as workers read them, in the next snapshot; the plan is gone. Cannot fail. */
const struct dp_locals *local_plan_commit(struct local_plan *plan);

/*
 * The slot of a group's name, whether or not there is such a group; 0: out of slots. It
 * stays the name's until local_groups_settle() at least, which ends the transaction.
 */
uint16_t local_group_slot(const char *name);
void local_groups_settle(void);
const char *local_group_name(uint16_t slot);
/* Does this group exist in the plan, or, without one, now? */
bool local_group_exists(const struct local_plan *plan, uint16_t slot);

/* All addresses that are to be found in the next snapshot: of the plan, or of now without one. */
uint32_t local_book_count(const struct local_plan *plan);
/* Fills in both as far as they are not NULL; room for local_book_count(). Returns how many. */
uint32_t local_book_list(const struct local_plan *plan, struct addr_entry *ret_entries,
			 struct dp_local_addr *ret_addrs);

/* Looks for unlisted addresses without flows: true if there are, so a snapshot without them is due. */
bool local_book_reap(void);
/* A snapshot without them was published: they go. */
void local_book_forget(void);

void local_book_fini(void);

#endif
