/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the workers work by: an immutable picture of the configuration.
 *
 * The control thread builds a snapshot, publishes it with one pointer store and
 * frees what it replaced after a grace period (rcu.h). Parts that did not
 * change are shared between a snapshot and the next. A worker reads the
 * pointer once a burst.
 */
#ifndef DP_SNAPSHOT_H
#define DP_SNAPSHOT_H

#include <sluice/dp.h>
#include <sluice/dp_ha.h>
#include <sluice/sched.h>

#include "local.h"
#include "route.h"

#include <stdatomic.h>

/* What an address of the box is. Several may be set. */
enum {
	ADDR_VIP = 1 << 0,
	ADDR_OWN = 1 << 1,
	ADDR_OWNER_HASH = 1 << 2,  /* a VIP whose flows belong to the worker of the client's hash */
	ADDR_LOCAL_FIRST = 1 << 3, /* ... but once belonged to the one that received them */
	ADDR_LOCAL = 1 << 4,       /* full NAT's source: its index is in bits 32 and up (local.h) */
	ADDR_KINDS = (1 << 5) - 1, /* all of these */
	ADDR_NOT_HELD = 1 << 5,    /* instead of them, in an entry of a group that is not held (ha.h) */
	ADDR_NO_PING = 1 << 6,     /* echo requests to it are dropped */
	/* of an entry that belongs to a group: its kinds, held or not, and the group's number */
	ADDR_KEPT_SHIFT = 8,
	ADDR_GROUP_SHIFT = 16,
};

static_assert(DP_HA_GROUPS_MAX <= 256, "a group's number has eight bits");

struct addr_entry {
	struct sl_addr addr;
	uint64_t flags; /* 0: the entry is empty */
	uint64_t pad;   /* to 32 bytes: found by a shift */
};

/*
 * Open addressing, at most an eighth full (half, where there are very many). Once published, nothing
 * in it changes but the flags of entries that belong to a group, in ha.c.
 */
struct addr_table {
	uint32_t mask;
	uint32_t shift;
	uint32_t moving_count; /* entries that belong to a group */
	uint32_t *moving;      /* their places; behind entry[] */
	struct addr_entry entry[];
};

struct service_entry {
	struct dp_service_key key;
	uint32_t slot; /* 0: the entry is empty */
};

struct service_table {
	uint32_t mask;
	uint32_t shift;
	struct service_entry entry[];
};

/* A server's limits, as in struct dp_real. */
struct dp_svc_limit {
	uint32_t upper, lower;
};

/*
 * A service, ready to be scheduled. server[i].slot is a slot of real.h. Schedulers see the
 * first `count` servers; behind them stand those that are out, which only keep what they have.
 */
struct dp_svc {
	struct dp_service_key key;
	const struct sched_ops *sched;
	const void *table;         /* of schedulers that have one, of the first `count` servers; else NULL */
	struct svc_table *shared;  /* which holds it */
	uint32_t sched_generation; /* changes when the service gets another scheduler or is made anew */
	uint32_t epoch;
	uint32_t slot;
	uint32_t count;             /* servers that may be chosen */
	uint32_t all;               /* with those that are out */
	uint16_t mss;               /* as in struct dp_service */
	uint16_t local_group;       /* slot of the group that servers by FNAT take ports from; 0: none */
	uint8_t options;            /* DP_SERVICE_* */
	uint8_t sched_options;      /* SCHED_* */
	struct dp_svc_limit *limit; /* of server[i]; behind server[] */
	struct dp_tunnel *tunnel;   /* of server[i], by SL_FWD_TUN; behind that and the index */
	uint8_t *fwd;               /* enum sl_fwd of server[i]; behind that */
	uint32_t *index;            /* of many servers, by address and port: place + 1; 0: empty */
	uint32_t index_mask;        /* 0: so few that they are looked through */
	struct sched_server server[];
};

enum { DP_OWN_MAX = 8 };

struct dp_snapshot {
	const struct addr_table *addrs;
	const struct service_table *services;
	const struct dp_fib *fib;
	uint32_t svc_count; /* entries of svc[], by slot */
	bool any_nat;       /* replies are possible */
	bool any_local;     /* addrs has local addresses of full NAT */
	const struct dp_locals *locals;
	const struct dp_svc *const *svc;
	/* Own addresses of each port with their subnets, the first so many; one of length 0 ends them. */
	struct sl_prefix own[DP_PORTS_MAX][DP_OWN_MAX];
};

extern _Atomic(const struct dp_snapshot *) dp_snapshot_current;

/* The place of a server in its service, or -1. */
int dp_svc_server_find(const struct dp_svc *svc, const struct sl_addr *addr, uint16_t port_be);
/* How many entries the index of so many servers has; 0: there is none. */
uint32_t dp_svc_index_size(uint32_t servers);
/* Fills in the index, once all servers are there. */
void dp_svc_index_fill(struct dp_svc *svc);

/* Where the search for an address starts. */
static inline uint64_t
addr_table_hash(uint32_t shift, uint64_t low, uint64_t high)
{
	return ((high ^ low * UINT64_C(0xc2b2ae3d27d4eb4f)) * UINT64_C(0x9e3779b97f4a7c15)) >> shift;
}

/* An entry's flags may change while they are read: each reader loads them once. */
static inline uint64_t
addr_flags_load(const struct addr_entry *e)
{
	return __atomic_load_n(&e->flags, __ATOMIC_RELAXED);
}

static inline void
addr_flags_store(struct addr_entry *e, uint64_t flags)
{
	__atomic_store_n(&e->flags, flags, __ATOMIC_RELAXED);
}

/* 0: the address belongs to none, and is always held. */
static inline unsigned int
addr_flags_group(uint64_t flags)
{
	return (uint8_t)(flags >> ADDR_GROUP_SHIFT);
}

/* What the address is when it is held. */
static inline uint64_t
addr_flags_kinds(uint64_t flags)
{
	return (addr_flags_group(flags) != 0 ? flags >> ADDR_KEPT_SHIFT : flags) & ADDR_KINDS;
}

/* Of an entry that belongs to a group. */
static inline uint64_t
addr_flags_held(uint64_t flags)
{
	return (flags & ~(uint64_t)(ADDR_KINDS | ADDR_NOT_HELD)) | addr_flags_kinds(flags);
}

static inline uint64_t
addr_flags_not_held(uint64_t flags)
{
	return (flags & ~(uint64_t)ADDR_KINDS) | ADDR_NOT_HELD;
}

/* The entry's flags, which are `has`, if it has this address, else 0. */
static inline uint64_t
addr_entry_flags(const struct addr_entry *e, uint64_t has, uint64_t low, uint64_t high)
{
	uint64_t entry_low, entry_high, differ;

	memcpy(&entry_low, e->addr.b, 8);
	memcpy(&entry_high, e->addr.b + 8, 8);
	differ = (entry_low ^ low) | (entry_high ^ high);
	return has & -(uint64_t)(differ == 0);
}

/* The flags of an address; 0 when it is not the box's, without any of ADDR_KINDS when it is not so just now. */
static inline uint64_t
addr_table_find(const struct addr_table *table, const struct sl_addr *addr)
{
	uint64_t low, high, at;

	memcpy(&low, addr->b, 8);
	memcpy(&high, addr->b + 8, 8);
	for (at = addr_table_hash(table->shift, low, high);; at = (at + 1) & table->mask) {
		uint64_t has = addr_flags_load(&table->entry[at]);
		uint64_t flags = addr_entry_flags(&table->entry[at], has, low, high);

		if (flags == has)
			return flags; /* this address, or an empty entry */
	}
}

/* Slot of the service at exactly this key, 0 if there is none. */
uint32_t service_table_find(const struct service_table *table, const struct dp_service_key *key);

/* Of one address may be several entries, which become one. All are held. */
struct addr_table *addr_table_build(const struct addr_entry *entries, uint32_t count);
struct service_table *service_table_build(const struct service_entry *entries, uint32_t count);

#endif
