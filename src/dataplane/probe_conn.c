/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of checks' connections; see probe_conn.h.
 *
 * An array of entries, found by two chained hashes: the kernel's side and the wire's. Entries of
 * one state stand in a list in the order of their last packets, and have the same time left,
 * so expiry looks at the lists' beginnings only. Entry 0 is nobody's.
 */
#include "probe_conn.h"

#include <errno.h>
#include <sys/mman.h>

enum {
	BUCKETS = 1 << 17,
	EXPIRE_BATCH = 1024,
	PORT_FIRST = 1024,
	PORT_TRIES = 128,
	TCP_FIN = 1,
	TCP_SYN = 2,
	TCP_RST = 4,
	TCP_ACK = 16,
	FIN_OF_KERNEL = 1,
	FIN_OF_SERVER = 2,
};

/*
 * How long after its last packet. A SYN that is sent again opens its connection anew, so one that
 * nobody answers need not be kept from one to the next; an open one must outlast a slow answer.
 */
static const uint32_t lifetime_ms[PROBE_CONN_STATES] = {
	[PROBE_CONN_OPENING] = 10000,
	[PROBE_CONN_OPEN] = 120000,
	[PROBE_CONN_CLOSED] = 3000,
	[PROBE_CONN_DATAGRAM] = 30000,
};

static struct table {
	struct probe_conn conn[PROBE_CONNS_MAX];
	uint32_t bucket_out[BUCKETS], bucket_in[BUCKETS];
	uint32_t oldest[PROBE_CONN_STATES], newest[PROBE_CONN_STATES];
	uint32_t free, high, count; /* free: a list by next_out */
	uint64_t random;
} * table;

int
dp_probe_conns_init(void)
{
	void *memory;

	if (table != NULL)
		return 0;
	memory = mmap(NULL, sizeof(*table), PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		return -ENOMEM;
	table = memory;
	table->random = UINT64_C(0x9e3779b97f4a7c15);
	return 0;
}

void
dp_probe_conns_fini(void)
{
	if (table != NULL)
		munmap(table, sizeof(*table));
	table = NULL;
}

uint32_t
dp_probe_conns_count(void)
{
	return table != NULL ? table->count : 0;
}

/* ---- the two hashes ---- */

static uint32_t
mix(uint64_t a, uint64_t b)
{
	return (uint32_t)(((a ^ b * UINT64_C(0xc2b2ae3d27d4eb4f)) * UINT64_C(0x9e3779b97f4a7c15)) >> 47);
}

static_assert(BUCKETS == 1 << (64 - 47), "a hash is a bucket's number");

static uint64_t
ports_word(uint8_t proto, uint16_t near_be, uint16_t vip_port_be)
{
	return (uint64_t)proto << 32 | (uint32_t)near_be << 16 | vip_port_be;
}

static uint32_t *
bucket_out(const struct probe *probe, uint8_t proto, uint16_t kernel_port_be, uint16_t vip_port_be)
{
	return &table->bucket_out[mix((uintptr_t)probe, ports_word(proto, kernel_port_be, vip_port_be))];
}

static uint32_t *
bucket_in(uint8_t proto, const struct sl_addr *own, uint16_t port_be, const struct sl_addr *vip,
	  uint16_t vip_port_be)
{
	uint64_t part[4];

	memcpy(part, own->b, 16);
	memcpy(part + 2, vip->b, 16);
	return &table->bucket_in[mix((part[0] ^ part[2]) + part[1] + (part[3] << 29 | part[3] >> 35),
				     ports_word(proto, port_be, vip_port_be))];
}

static uint32_t *
bucket_in_of(const struct probe_conn *c)
{
	return bucket_in(c->proto, &c->own, c->port_be, &c->probe->conf.vip, c->vip_port_be);
}

struct probe_conn *
dp_probe_conn_by_kernel(const struct probe *probe, uint8_t proto, uint16_t kernel_port_be,
			uint16_t vip_port_be)
{
	for (uint32_t i = *bucket_out(probe, proto, kernel_port_be, vip_port_be); i != 0;
	     i = table->conn[i].next_out) {
		struct probe_conn *c = &table->conn[i];

		if (c->probe == probe && c->proto == proto && c->kernel_port_be == kernel_port_be &&
		    c->vip_port_be == vip_port_be)
			return c;
	}
	return NULL;
}

struct probe_conn *
dp_probe_conn_by_wire(uint8_t proto, const struct sl_addr *own, uint16_t port_be, const struct sl_addr *vip,
		      uint16_t vip_port_be)
{
	for (uint32_t i = *bucket_in(proto, own, port_be, vip, vip_port_be); i != 0;
	     i = table->conn[i].next_in) {
		struct probe_conn *c = &table->conn[i];

		if (c->proto == proto && c->port_be == port_be && c->vip_port_be == vip_port_be &&
		    sl_addr_eq(&c->own, own) && sl_addr_eq(&c->probe->conf.vip, vip))
			return c;
	}
	return NULL;
}

/* ---- the list of its state ---- */

static uint32_t
number_of(const struct probe_conn *c)
{
	return (uint32_t)(c - table->conn);
}

static void
state_leave(struct probe_conn *c)
{
	*(c->older != 0 ? &table->conn[c->older].newer : &table->oldest[c->state]) = c->newer;
	*(c->newer != 0 ? &table->conn[c->newer].older : &table->newest[c->state]) = c->older;
}

static void
state_join(struct probe_conn *c, enum probe_conn_state state)
{
	uint32_t last = table->newest[state], number = number_of(c);

	c->state = state;
	c->expires_ms = dp_probe_now() + lifetime_ms[state];
	c->older = last;
	c->newer = 0;
	*(last != 0 ? &table->conn[last].newer : &table->oldest[state]) = number;
	table->newest[state] = number;
}

/* ---- coming and going ---- */

/* A port that no other connection from this address to this end of the VIP has. False: none was found. */
static bool
port_choose(const struct probe *probe, uint8_t proto, const struct sl_addr *own, uint16_t vip_port_be,
	    uint16_t *port_be)
{
	for (unsigned int n = 0; n < PORT_TRIES; n++) {
		if (dp_probe_conn_by_wire(proto, own, *port_be, &probe->conf.vip, vip_port_be) == NULL)
			return true;
		table->random ^= table->random << 13;
		table->random ^= table->random >> 7;
		table->random ^= table->random << 17;
		*port_be = __builtin_bswap16(
			(uint16_t)(PORT_FIRST + (table->random >> 32) % (UINT16_MAX + 1 - PORT_FIRST)));
	}
	return false;
}

static uint32_t
entry_take(void)
{
	uint32_t number = table->free;

	if (number != 0)
		table->free = table->conn[number].next_out;
	else if (table->high + 1 < PROBE_CONNS_MAX)
		number = ++table->high;
	return number;
}

enum sl_drop
dp_probe_conn_open(struct probe *probe, uint8_t proto, uint16_t kernel_port_be, uint16_t vip_port_be,
		   const struct sl_addr *own, struct probe_conn **ret_conn)
{
	uint16_t port_be = kernel_port_be;
	uint32_t number, *bucket;
	struct probe_conn *c;

	if (!port_choose(probe, proto, own, vip_port_be, &port_be))
		return SL_DROP_LOCAL_FULL;
	number = entry_take();
	if (number == 0)
		return SL_DROP_TABLE_FULL;
	c = &table->conn[number];
	*c = (struct probe_conn){
		.probe = probe,
		.own = *own,
		.port_be = port_be,
		.kernel_port_be = kernel_port_be,
		.vip_port_be = vip_port_be,
		.proto = proto,
		.after = probe->conns,
	};
	bucket = bucket_out(probe, proto, kernel_port_be, vip_port_be);
	c->next_out = *bucket;
	*bucket = number;
	bucket = bucket_in_of(c);
	c->next_in = *bucket;
	*bucket = number;
	if (probe->conns != 0)
		table->conn[probe->conns].before = number;
	probe->conns = number;
	state_join(c, proto == SL_PROTO_TCP ? PROBE_CONN_OPENING : PROBE_CONN_DATAGRAM);
	table->count++;
	*ret_conn = c;
	return SL_DROP_MAX;
}

void
dp_probe_conn_close(struct probe_conn *c)
{
	uint32_t number = number_of(c), *link;

	for (link = bucket_out(c->probe, c->proto, c->kernel_port_be, c->vip_port_be); *link != number;
	     link = &table->conn[*link].next_out)
		;
	*link = c->next_out;
	for (link = bucket_in_of(c); *link != number; link = &table->conn[*link].next_in)
		;
	*link = c->next_in;
	*(c->before != 0 ? &table->conn[c->before].after : &c->probe->conns) = c->after;
	if (c->after != 0)
		table->conn[c->after].before = c->before;
	state_leave(c);
	c->next_out = table->free;
	table->free = number;
	table->count--;
}

void
dp_probe_conns_close(struct probe *probe)
{
	while (probe->conns != 0)
		dp_probe_conn_close(&table->conn[probe->conns]);
}

/* ---- time ---- */

static enum probe_conn_state
state_next(struct probe_conn *c, bool from_kernel, uint8_t flags)
{
	if (c->proto != SL_PROTO_TCP)
		return PROBE_CONN_DATAGRAM;
	if (from_kernel && (flags & (TCP_SYN | TCP_ACK)) == TCP_SYN) {
		c->fins = 0; /* also the next one from a port that the kernel uses again */
		return PROBE_CONN_OPENING;
	}
	if ((flags & TCP_FIN) != 0)
		c->fins |= from_kernel ? FIN_OF_KERNEL : FIN_OF_SERVER;
	if ((flags & TCP_RST) != 0 || c->fins == (FIN_OF_KERNEL | FIN_OF_SERVER))
		return PROBE_CONN_CLOSED;
	return c->state == PROBE_CONN_OPENING && !from_kernel ? PROBE_CONN_OPEN
							      : (enum probe_conn_state)c->state;
}

void
dp_probe_conn_pass(struct probe_conn *c, bool from_kernel, uint8_t tcp_flags)
{
	enum probe_conn_state state = state_next(c, from_kernel, tcp_flags);

	state_leave(c);
	state_join(c, state);
}

unsigned int
dp_probe_conns_expire(void)
{
	uint64_t now_ms = dp_probe_now();
	unsigned int count = 0;

	for (unsigned int state = 0; state < PROBE_CONN_STATES; state++)
		while (count < EXPIRE_BATCH && table->oldest[state] != 0 &&
		       table->conn[table->oldest[state]].expires_ms <= now_ms) {
			dp_probe_conn_close(&table->conn[table->oldest[state]]);
			count++;
		}
	return count;
}
