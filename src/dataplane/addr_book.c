/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The address book: which addresses the box answers for, and on which ports.
 *
 * Kept as the lists it was given and, made from them, one array of entries
 * sorted by address. When a list is replaced, the array is made anew, entries
 * that were there before keep what is going on with them (announcements due,
 * when they were defended), and ports that an address is new on get their two
 * rounds of announcements. Control thread only, so nothing protects it.
 */
#include "addr_book.h"

#include "ha.h"
#include "neigh.h"
#include "port.h"
#include "sl_addr.h"
#include "sl_log.h"

#include <errno.h>
#include <stdlib.h>

enum {
	ANNOUNCE_AGAIN_MS = 1000, /* the second round after the first */
	ANNOUNCE_RETRY_MS = 10,   /* when there was no buffer */
	ANNOUNCE_BUDGET = 64,     /* frames a tick, so that 10,000 VIPs do not flood the link */
	DEFEND_MS = 1000,         /* between two announcements in defence of one address */
	WARN_MS = 10000,          /* between two warnings about one address */
};

static struct {
	struct dp_book_lists lists;    /* copies */
	struct dp_addr_entry *entries; /* sorted by address, each once */
	unsigned int entry_count;
	uint64_t announce_ms; /* when something is to be announced; UINT64_MAX: nothing is */
	/* the same of the ports' link-local addresses, which have no entry */
	uint64_t link_local_defended_ms[DP_PORTS_MAX], link_local_warned_ms[DP_PORTS_MAX];
} book = { .announce_ms = UINT64_MAX };

static int entries_make(const struct dp_book_lists *lists);
static unsigned int announce_due(struct dp_addr_entry *entry, uint16_t *ports, unsigned int budget,
				 uint16_t *ret_sent);

/* At least one, so that NULL says only that there is no memory. */
static void *
copy_of(const void *items, size_t size)
{
	void *copy = malloc(size + 1);

	if (copy != NULL && size > 0)
		memcpy(copy, items, size);
	return copy;
}

static void
lists_free(struct dp_book_lists *lists)
{
	free((void *)(uintptr_t)lists->own);
	free((void *)(uintptr_t)lists->vips);
	free((void *)(uintptr_t)lists->locals);
	free((void *)(uintptr_t)lists->moving);
}

int
dp_addr_book_set(const struct dp_book_lists *lists)
{
	struct dp_book_lists next = *lists;

	next.own = copy_of(lists->own, lists->own_count * sizeof(*lists->own));
	next.vips = copy_of(lists->vips, lists->vip_count * sizeof(*lists->vips));
	next.locals = copy_of(lists->locals, lists->local_count * sizeof(*lists->locals));
	next.moving = copy_of(lists->moving, lists->moving_count * sizeof(*lists->moving));
	if (next.own == NULL || next.vips == NULL || next.locals == NULL || next.moving == NULL ||
	    entries_make(&next) != 0) {
		lists_free(&next);
		return -ENOMEM;
	}
	lists_free(&book.lists);
	book.lists = next;
	return 0;
}

int
dp_addr_book_set_own(const struct dp_net_addr *addrs, unsigned int count)
{
	struct dp_book_lists next = book.lists;

	next.own = addrs;
	next.own_count = count;
	return dp_addr_book_set(&next);
}

int
dp_addr_book_set_vips(const struct sl_addr *vips, unsigned int count)
{
	struct dp_book_lists next = book.lists;

	next.vips = vips;
	next.vip_count = count;
	return dp_addr_book_set(&next);
}

int
dp_addr_book_set_moving(const struct dp_moving *moving, unsigned int count)
{
	struct dp_book_lists next = book.lists;

	next.moving = moving;
	next.moving_count = count;
	return dp_addr_book_set(&next);
}

void
dp_addr_book_fini(void)
{
	lists_free(&book.lists);
	free(book.entries);
	memset(&book, 0, sizeof(book));
	book.announce_ms = UINT64_MAX;
}

static int
compare_addr(const void *left, const void *right)
{
	const struct dp_addr_entry *a = left, *b = right;

	return memcmp(a->addr.b, b->addr.b, sizeof(a->addr.b));
}

struct dp_addr_entry *
dp_addr_book_find(const struct sl_addr *addr)
{
	struct dp_addr_entry key = { .addr = *addr };

	if (book.entry_count == 0)
		return NULL;
	return bsearch(&key, book.entries, book.entry_count, sizeof(key), compare_addr);
}

struct dp_addr_entry *
dp_addr_book_held(const struct sl_addr *addr)
{
	struct dp_addr_entry *entry = dp_addr_book_find(addr);

	return entry != NULL && dp_ha_is_held(entry->group) ? entry : NULL;
}

bool
dp_addr_book_answers(unsigned int port, const struct sl_addr *addr)
{
	const struct dp_addr_entry *entry = dp_addr_book_held(addr);
	struct sl_addr link_local;

	if (port >= DP_PORTS_MAX)
		return false;
	if (entry != NULL && (entry->ports & 1u << port) != 0)
		return true;
	link_local = dp_addr_link_local(port);
	return sl_addr_eq(addr, &link_local);
}

void
dp_addr_book_mac(unsigned int port, const struct sl_addr *addr, uint8_t ret_mac[6])
{
	const struct dp_addr_entry *entry = dp_addr_book_find(addr);

	if (entry == NULL || entry->group == 0 || !dp_ha_vmac(entry->group, ret_mac))
		memcpy(ret_mac, dp_port_mac(port), 6);
}

/* The network's own address and its broadcast address belong to no neighbour. */
static bool
is_host_of(const struct sl_prefix *prefix, const struct sl_addr *addr)
{
	uint32_t hosts, host;

	if (!sl_prefix_contains(prefix, addr))
		return false;
	if (!sl_addr_is_v4(addr) || prefix->len >= 31)
		return true;
	hosts = UINT32_MAX >> prefix->len;
	host = __builtin_bswap32(sl_addr_v4_be(addr)) & hosts;
	return host != 0 && host != hosts;
}

bool
dp_addr_book_on_link(unsigned int port, const struct sl_addr *addr)
{
	for (unsigned int i = 0; i < book.lists.own_count; i++)
		if (book.lists.own[i].port == port && is_host_of(&book.lists.own[i].prefix, addr))
			return true;
	return false;
}

bool
dp_net_source(unsigned int port, const struct sl_addr *dst, struct sl_addr *ret_addr)
{
	const struct dp_net_addr *first = NULL;
	bool v4 = sl_addr_is_v4(dst);

	for (unsigned int i = 0; i < book.lists.own_count; i++) {
		const struct dp_net_addr *a = &book.lists.own[i];

		if (a->port != port || sl_addr_is_v4(&a->prefix.addr) != v4)
			continue;
		if (sl_prefix_contains(&a->prefix, dst)) {
			*ret_addr = a->prefix.addr;
			return true;
		}
		if (first == NULL)
			first = a;
	}
	if (!v4 && (first == NULL || (dst->b[0] == 0xfe && (dst->b[1] & 0xc0) == 0x80)))
		*ret_addr = dp_addr_link_local(port);
	else if (first != NULL)
		*ret_addr = first->prefix.addr;
	else
		return false;
	return true;
}

struct sl_addr
dp_addr_link_local(unsigned int port)
{
	const uint8_t *mac = dp_port_mac(port);
	struct sl_addr a = { .b = { 0xfe, 0x80, [11] = 0xff, [12] = 0xfe } };

	memcpy(&a.b[8], mac, 3);
	memcpy(&a.b[13], mac + 3, 3);
	a.b[8] ^= 0x02; /* "universal" is a one here and a zero in the MAC address */
	return a;
}

void
dp_addr_book_announce_port(unsigned int port)
{
	for (unsigned int i = 0; i < book.entry_count; i++)
		if (book.entries[i].group == 0)
			book.entries[i].announce_first |= book.entries[i].ports & (uint16_t)(1u << port);
	book.announce_ms = 0;
}

unsigned int
dp_addr_book_tick(uint64_t now_ms)
{
	unsigned int sent = 0;
	uint64_t next = UINT64_MAX;

	if (now_ms < book.announce_ms)
		return 0;
	for (unsigned int i = 0; i < book.entry_count; i++) {
		struct dp_addr_entry *e = &book.entries[i];
		uint16_t done = 0;

		if (e->announce_again != 0 && e->again_ms <= now_ms)
			sent += announce_due(e, &e->announce_again, ANNOUNCE_BUDGET - sent, &done);
		if (e->announce_first != 0) {
			done = 0;
			sent += announce_due(e, &e->announce_first, ANNOUNCE_BUDGET - sent, &done);
			if (done != 0) {
				e->announce_again |= done;
				e->again_ms = now_ms + ANNOUNCE_AGAIN_MS;
			}
		}
		if (e->announce_first != 0 || (e->announce_again != 0 && e->again_ms <= now_ms))
			next = sent < ANNOUNCE_BUDGET ? now_ms + ANNOUNCE_RETRY_MS : now_ms;
		else if (e->announce_again != 0 && e->again_ms < next)
			next = e->again_ms;
	}
	book.announce_ms = next;
	return sent;
}

static bool
announce(unsigned int port, const struct sl_addr *addr)
{
	return sl_addr_is_v4(addr) ? dp_arp_announce(port, addr) : dp_nd_announce(port, addr);
}

/* Announces on each of *ports and takes it out. Returns how many frames were sent. */
static unsigned int
announce_due(struct dp_addr_entry *entry, uint16_t *ports, unsigned int budget, uint16_t *ret_sent)
{
	unsigned int sent = 0;

	for (unsigned int port = 0; port < DP_PORTS_MAX && sent < budget; port++) {
		uint16_t bit = (uint16_t)(1u << port);

		if ((*ports & bit) == 0 || !announce(port, &entry->addr))
			continue;
		*ports &= (uint16_t)~bit;
		*ret_sent |= bit;
		sent++;
	}
	return sent;
}

void
dp_addr_book_warn(unsigned int port, const struct sl_addr *addr, const uint8_t claimer[6], uint64_t now_ms)
{
	struct dp_addr_entry *entry = dp_addr_book_find(addr);
	uint64_t *warned_ms = entry != NULL ? &entry->warned_ms : &book.link_local_warned_ms[port];
	char addr_text[SL_ADDR_STRLEN], mac_text[SL_MAC_STRLEN];

	if (now_ms < *warned_ms || !dp_neigh_warn_allowed())
		return;
	*warned_ms = now_ms + WARN_MS;
	sl_warn("port %s: %s is ours, but %s claims it; is it configured elsewhere, or does a real server "
		"answer "
		"ARP for the VIP?",
		dp_port_get(port)->conf.name, sl_addr_format(addr, addr_text),
		sl_mac_format(claimer, mac_text));
}

void
dp_addr_book_defend(unsigned int port, const struct sl_addr *addr, const uint8_t claimer[6], uint64_t now_ms)
{
	struct dp_addr_entry *entry = dp_addr_book_find(addr);
	uint64_t *defended_ms = entry != NULL ? &entry->defended_ms : &book.link_local_defended_ms[port];

	if ((entry == NULL || entry->group == 0) && now_ms >= *defended_ms && announce(port, addr))
		*defended_ms = now_ms + DEFEND_MS;
	dp_addr_book_warn(port, addr, claimer, now_ms);
}

/* ---- making the entries ---- */

static uint16_t
all_ports(void)
{
	return (uint16_t)((1u << dp_port_count()) - 1);
}

/* The ports with a subnet around the VIP, or all. */
static uint16_t
vip_ports(const struct dp_net_addr *own, unsigned int own_count, const struct sl_addr *vip)
{
	uint16_t ports = 0;

	for (unsigned int i = 0; i < own_count; i++)
		if (sl_prefix_contains(&own[i].prefix, vip))
			ports |= (uint16_t)(1u << own[i].port);
	return ports != 0 ? ports : all_ports();
}

/* Entries of one address become one. Returns how many remain. */
static unsigned int
entries_merge(struct dp_addr_entry *entries, unsigned int count)
{
	unsigned int kept = 0;

	qsort(entries, count, sizeof(*entries), compare_addr);
	for (unsigned int i = 0; i < count; i++) {
		if (kept > 0 && sl_addr_eq(&entries[kept - 1].addr, &entries[i].addr)) {
			entries[kept - 1].kinds |= entries[i].kinds;
			entries[kept - 1].ports |= entries[i].ports;
		} else {
			entries[kept++] = entries[i];
		}
	}
	return kept;
}

/* Those that belong to a group are told so, and added where they are nothing yet. Returns how many there are. */
static unsigned int
moving_mark(struct dp_addr_entry *entries, unsigned int count, const struct dp_book_lists *lists)
{
	unsigned int known = count;

	for (unsigned int i = 0; i < lists->moving_count; i++) {
		const struct dp_moving *m = &lists->moving[i];
		struct dp_addr_entry key = { .addr = m->prefix.addr };
		struct dp_addr_entry *e = bsearch(&key, entries, known, sizeof(key), compare_addr);

		if (e == NULL) {
			e = &entries[count++];
			*e = (struct dp_addr_entry){ .addr = m->prefix.addr,
						     .kinds = DP_BOOK_OWN,
						     .ports = (uint16_t)(1u << m->port) };
		}
		e->group = m->group;
		e->no_ping = m->no_ping;
	}
	qsort(entries, count, sizeof(*entries), compare_addr);
	return count;
}

/* What is going on with an address goes on, where it is still answered. */
static void
entry_inherit(struct dp_addr_entry *e, const struct dp_addr_entry *old)
{
	e->announce_first = e->group == 0 ? e->ports : 0;
	if (old == NULL)
		return;
	if (old->group == 0)
		e->announce_first &= (uint16_t)(old->announce_first | ~old->ports);
	if (e->group == 0)
		e->announce_again = old->announce_again & e->ports;
	e->again_ms = old->again_ms;
	e->defended_ms = old->defended_ms;
	e->warned_ms = old->warned_ms;
}

static int
entries_make(const struct dp_book_lists *lists)
{
	struct dp_addr_entry *entries = calloc((size_t)lists->own_count + lists->vip_count +
						       lists->local_count + lists->moving_count + 1,
					       sizeof(*entries));
	unsigned int count = 0;

	if (entries == NULL)
		return -ENOMEM;
	for (unsigned int i = 0; i < lists->own_count; i++)
		entries[count++] = (struct dp_addr_entry){ .addr = lists->own[i].prefix.addr,
							   .kinds = DP_BOOK_OWN,
							   .ports = (uint16_t)(1u << lists->own[i].port) };
	for (unsigned int i = 0; i < lists->vip_count; i++)
		entries[count++] = (struct dp_addr_entry){
			.addr = lists->vips[i],
			.kinds = DP_BOOK_VIP,
			.ports = vip_ports(lists->own, lists->own_count, &lists->vips[i]),
		};
	for (unsigned int i = 0; i < lists->local_count; i++)
		entries[count++] = (struct dp_addr_entry){ .addr = lists->locals[i].addr,
							   .kinds = DP_BOOK_LOCAL,
							   .ports = (uint16_t)(1u << lists->locals[i].port) };
	count = entries_merge(entries, count);
	count = moving_mark(entries, count, lists);
	for (unsigned int i = 0; i < count; i++)
		entry_inherit(&entries[i], dp_addr_book_find(&entries[i].addr));
	free(book.entries);
	book.entries = entries;
	book.entry_count = count;
	book.announce_ms = 0; /* the next tick sees what is due */
	return 0;
}
