/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Local addresses and their groups over the changes of configuration: see local_book.h.
 * A table of records by index, a table of names by slot, and, for the time of a
 * transaction, what each is going to be. Control thread only.
 */
#include "local_book.h"

#include "port.h"
#include "rcu.h"
#include "snapshot.h"
#include "worker.h"

#include "sl_addr.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* The life of an index, in this order. */
enum local_state {
	LOCAL_FREE,
	LOCAL_FRESH, /* of the open plan: nobody has seen it */
	LOCAL_LIVE,  /* published; with a group, or serving its last flows */
	LOCAL_ENDED, /* published, left its group, has no flow: not in the next snapshot */
	LOCAL_GONE,  /* no longer published; a worker may still hold the old snapshot */
};

struct local_record {
	struct sl_addr addr;
	enum local_state state;
	unsigned int port;
	uint16_t group;   /* slot of the group that lists it; 0: it left */
	uint16_t planned; /* group in the open plan; 0: not in it */
	unsigned int planned_port;
	unsigned int graces; /* grace periods to pass until no worker can take a port */
};

static struct {
	struct local_record *record; /* LOCAL_MAX of them, once there is one */
	uint32_t high;               /* no index from this one on was ever used */
	char group[LOCAL_GROUPS_MAX][DP_NAME_SIZE];
	bool exists[LOCAL_GROUPS_MAX];
	bool asked[LOCAL_GROUPS_MAX]; /* by the open transaction */
} book = { .high = 1 };

struct local_plan {
	struct dp_locals *locals;
	bool exists[LOCAL_GROUPS_MAX];
};

static int
fail(char *ret_error, int code, const char *group, const struct sl_addr *addr, const char *what)
{
	char text[SL_ADDR_STRLEN] = "";

	if (addr != NULL)
		sl_addr_format(addr, text);
	snprintf(ret_error, DP_ERROR_SIZE, "local_address_group %s: %s%s%s", group, text,
		 addr != NULL ? ": " : "", what);
	return code;
}

/* ---- names of groups ---- */

/* A slot that no group, no service and nothing in the open transaction has. 0: all are taken. */
static uint16_t
slot_unused(void)
{
	const struct dp_snapshot *snapshot = atomic_load_explicit(&dp_snapshot_current, memory_order_relaxed);
	bool taken[LOCAL_GROUPS_MAX] = { [0] = true };

	for (uint32_t svc = 0; snapshot != NULL && svc < snapshot->svc_count; svc++)
		if (snapshot->svc[svc] != NULL)
			taken[snapshot->svc[svc]->local_group] = true;
	for (uint16_t slot = 1; slot < LOCAL_GROUPS_MAX; slot++)
		if (!taken[slot] && !book.exists[slot] && !book.asked[slot])
			return slot;
	return 0;
}

uint16_t
local_group_slot(const char *name)
{
	uint16_t slot = 1;

	while (slot < LOCAL_GROUPS_MAX && strncmp(book.group[slot], name, DP_NAME_SIZE) != 0)
		slot++;
	if (slot == LOCAL_GROUPS_MAX) {
		slot = slot_unused();
		if (slot == 0)
			return 0;
		snprintf(book.group[slot], DP_NAME_SIZE, "%s", name);
	}
	book.asked[slot] = true;
	return slot;
}

void
local_groups_settle(void)
{
	memset(book.asked, 0, sizeof(book.asked));
}

const char *
local_group_name(uint16_t slot)
{
	return book.group[slot];
}

bool
local_group_exists(const struct local_plan *plan, uint16_t slot)
{
	return plan != NULL ? plan->exists[slot] : book.exists[slot];
}

/* ---- plans ---- */

static uint32_t
record_find(const struct sl_addr *addr)
{
	for (uint32_t index = 1; index < book.high; index++)
		if (book.record[index].state != LOCAL_FREE && book.record[index].state != LOCAL_GONE &&
		    sl_addr_eq(&book.record[index].addr, addr))
			return index;
	return 0;
}

/* Replies are spread by a hash that we know, and the workers' share of it can be told by low bits. */
static unsigned int
classes_of(unsigned int port, unsigned int workers)
{
	const struct dp_port *p = &dp_ports[port];

	return p->rss && (workers & (workers - 1)) == 0 && p->rx_queues % workers == 0 ? workers : 1;
}

/* A record for a new address. 0 with the reason. */
static uint32_t
record_create(const struct dp_local_group *group, const struct dp_local_addr *local, char *ret_error)
{
	unsigned int workers = RTE_MAX(dp_workers_count, 1u);
	uint32_t index = 1;

	while (index < book.high && book.record[index].state != LOCAL_FREE)
		index++;
	if (index == LOCAL_MAX) {
		errno = -fail(ret_error, -ENOSPC, group->name, &local->addr,
			      "too many local addresses; the box can have 4095");
		return 0;
	}
	if (dp_local_init() != 0 ||
	    dp_local_open(index, &local->addr, workers, classes_of(local->port, workers)) != 0) {
		errno = -fail(ret_error, -ENOMEM, group->name, &local->addr, "out of memory for its ports");
		return 0;
	}
	if (index == book.high)
		book.high++;
	book.record[index] = (struct local_record){
		.addr = local->addr,
		.state = LOCAL_FRESH,
	};
	return index;
}

static int
plan_add(const struct dp_local_group *group, uint16_t slot, const struct dp_local_addr *local,
	 char *ret_error)
{
	uint32_t index = record_find(&local->addr);

	if (local->port >= DP_PORTS_MAX)
		return fail(ret_error, -EINVAL, group->name, &local->addr, "there is no such port");
	if (index == 0)
		index = record_create(group, local, ret_error);
	if (index == 0)
		return -errno;
	if (book.record[index].planned != 0)
		return fail(ret_error, -EINVAL, group->name, &local->addr,
			    "listed twice; an address belongs to one group, once");
	book.record[index].planned = slot;
	book.record[index].planned_port = local->port;
	return 0;
}

/* The groups' addresses, by group and family, as they are planned. */
static struct dp_locals *
locals_make(void)
{
	size_t ranges = sizeof(struct dp_local_range[LOCAL_GROUPS_MAX][2]);
	struct dp_locals *locals = calloc(1, sizeof(*locals) + ranges + (size_t)book.high * sizeof(uint16_t));
	uint16_t *list;
	uint32_t at = 0;

	if (locals == NULL)
		return NULL;
	list = (uint16_t *)(void *)((char *)(locals + 1) + ranges);
	locals->group_count = LOCAL_GROUPS_MAX;
	locals->index = list;
	for (uint32_t index = 1; index < book.high; index++)
		if (book.record[index].planned != 0)
			locals->range[book.record[index].planned][!sl_addr_is_v4(&book.record[index].addr)]
				.count++;
	for (uint32_t group = 1; group < LOCAL_GROUPS_MAX; group++)
		for (unsigned int v6 = 0; v6 < 2; v6++) {
			locals->range[group][v6].first = at;
			at += locals->range[group][v6].count;
			locals->range[group][v6].count = 0;
		}
	for (uint32_t index = 1; index < book.high; index++) {
		const struct local_record *r = &book.record[index];
		struct dp_local_range *range;

		if (r->planned == 0)
			continue;
		range = &locals->range[r->planned][!sl_addr_is_v4(&r->addr)];
		list[range->first + range->count++] = (uint16_t)index;
		locals->listed[index / 64] |= UINT64_C(1) << index % 64;
	}
	return locals;
}

/* Addresses are as they were before the plan; those that are new are nothing again. */
static void
plan_forget(void)
{
	for (uint32_t index = 1; index < book.high; index++) {
		struct local_record *r = &book.record[index];

		r->planned = 0;
		if (r->state == LOCAL_FRESH) {
			dp_local_close(index);
			*r = (struct local_record){ 0 };
		}
	}
}

static void
plan_free(struct local_plan *plan)
{
	if (plan != NULL)
		free(plan->locals);
	free(plan);
}

struct local_plan *
local_plan_create(const struct dp_net *net, char ret_error[DP_ERROR_SIZE])
{
	struct local_plan *plan = calloc(1, sizeof(*plan));
	int code = plan != NULL ? 0 : -ENOMEM;

	if (book.record == NULL && net->group_count != 0)
		book.record = calloc(LOCAL_MAX, sizeof(*book.record));
	if (plan == NULL || (book.record == NULL && net->group_count != 0)) {
		snprintf(ret_error, DP_ERROR_SIZE, "out of memory for local addresses");
		code = -ENOMEM;
	}
	for (unsigned int i = 0; code == 0 && i < net->group_count; i++) {
		const struct dp_local_group *group = &net->groups[i];
		uint16_t slot = local_group_slot(group->name);

		if (slot == 0 || plan->exists[slot]) {
			code = fail(ret_error, slot == 0 ? -ENOSPC : -EINVAL, group->name, NULL,
				    slot == 0 ? "too many groups; the box can have 1023" : "given twice");
			break;
		}
		plan->exists[slot] = true;
		for (unsigned int n = 0; code == 0 && n < group->addr_count; n++)
			code = plan_add(group, slot, &group->addrs[n], ret_error);
	}
	if (code == 0) {
		plan->locals = locals_make();
		if (plan->locals == NULL) {
			snprintf(ret_error, DP_ERROR_SIZE, "out of memory for local addresses");
			code = -ENOMEM;
		}
	}
	if (code != 0) {
		plan_forget();
		plan_free(plan);
		errno = -code;
		return NULL;
	}
	return plan;
}

void
local_plan_abort(struct local_plan *plan)
{
	if (plan == NULL)
		return;
	plan_forget();
	plan_free(plan);
}

/* Of several grace periods begun by leaving and coming back, only the last one tells. */
static void
grace_passed(void *index)
{
	book.record[(uintptr_t)index].graces--;
}

const struct dp_locals *
local_plan_commit(struct local_plan *plan)
{
	const struct dp_locals *locals = plan->locals;

	memcpy(book.exists, plan->exists, sizeof(book.exists));
	for (uint32_t index = 1; index < book.high; index++) {
		struct local_record *r = &book.record[index];

		if (r->planned != 0) {
			r->port = r->planned_port;
			r->state = LOCAL_LIVE;
		} else if (r->group != 0) {
			r->graces++;
			dp_rcu_defer(grace_passed, (void *)(uintptr_t)index);
		}
		r->group = r->planned;
		r->planned = 0;
	}
	free(plan);
	return locals;
}

/* ---- what the next snapshot has, and what goes ---- */

static bool
record_stays(const struct local_plan *plan, const struct local_record *r)
{
	return r->state == LOCAL_LIVE || (plan != NULL && r->planned != 0);
}

uint32_t
local_book_count(const struct local_plan *plan)
{
	return local_book_list(plan, NULL, NULL);
}

uint32_t
local_book_list(const struct local_plan *plan, struct addr_entry *ret_entries,
		struct dp_local_addr *ret_addrs)
{
	uint32_t count = 0;

	for (uint32_t index = 1; index < book.high; index++) {
		const struct local_record *r = &book.record[index];

		if (!record_stays(plan, r))
			continue;
		if (ret_entries != NULL)
			ret_entries[count] = (struct addr_entry){
				.addr = r->addr,
				.flags = ADDR_LOCAL | (uint64_t)index << 32,
			};
		if (ret_addrs != NULL)
			ret_addrs[count] = (struct dp_local_addr){
				.addr = r->addr,
				.port = plan != NULL && r->planned != 0 ? r->planned_port : r->port,
			};
		count++;
	}
	return count;
}

bool
local_book_reap(void)
{
	bool ended = false;

	for (uint32_t index = 1; index < book.high; index++) {
		struct local_record *r = &book.record[index];

		if (r->state == LOCAL_LIVE && r->group == 0 && r->graces == 0 &&
		    dp_local_used(index, SL_PROTO_TCP) == 0 && dp_local_used(index, SL_PROTO_UDP) == 0)
			r->state = LOCAL_ENDED;
		ended |= r->state == LOCAL_ENDED;
	}
	return ended;
}

static void
index_put(void *index)
{
	dp_local_close((uint32_t)(uintptr_t)index);
	book.record[(uintptr_t)index] = (struct local_record){ 0 };
}

void
local_book_forget(void)
{
	for (uint32_t index = 1; index < book.high; index++) {
		struct local_record *r = &book.record[index];

		if (r->state != LOCAL_ENDED)
			continue;
		r->state = LOCAL_GONE;
		dp_rcu_defer(index_put, (void *)(uintptr_t)index);
	}
}

void
dp_local_walk(void (*visit)(const struct dp_local_info *local, void *context), void *context)
{
	for (uint32_t index = 1; index < book.high; index++) {
		const struct local_record *r = &book.record[index];
		struct dp_local_info info;

		if (!record_stays(NULL, r))
			continue;
		info = (struct dp_local_info){
			.group = r->group != 0 ? book.group[r->group] : "",
			.addr = r->addr,
			.port = r->port,
			.ports = LOCAL_PORTS,
			.tcp_used = dp_local_used(index, SL_PROTO_TCP),
			.udp_used = dp_local_used(index, SL_PROTO_UDP),
		};
		visit(&info, context);
	}
}

void
local_book_fini(void)
{
	free(book.record);
	memset(&book, 0, sizeof(book));
	book.high = 1;
	dp_local_fini();
}
