/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Local ports of full NAT: giving them out, finding flows by them, taking them back.
 * See local.h for the idea.
 *
 * Of an address and a protocol, each worker has a share of the ports and keeps it in
 * queues, one a class, linked through an array of the ports' neighbours. The shares
 * are disjoint, so a queue and the links of its ports are touched by one worker
 * alone. Whose share a port is in depends on its number, the number of workers and the
 * classes only, so that two boxes of one kind agree. A slot is stored by the worker whose port it is and read by any. The
 * control thread makes and forgets all of it while no snapshot names the index.
 *
 * The class of a port is what it adds to the low bits of the hash by which devices
 * spread packets (Toeplitz, the key repeats every 16 bits: the hash of a tuple is that of the
 * exclusive or of its 16-bit words, and it is linear).
 */
#include "local.h"

#include "flow.h"
#include "worker.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { PROTOS = 2, PORTS = 65536, HASH_KEY = 0x6d5a, CLASS_BITS_MAX = 6 };

/* Free ports of one class, by number in network order as they lie in packets; 0: there is none. */
struct local_queue {
	uint16_t first, last;
};

/* A worker's share of the ports of an address and protocol. */
struct local_share {
	_Alignas(64) uint64_t filled; /* classes whose queues are not empty */
	_Atomic uint32_t used;
	uint32_t classes;
	/* Ports that other workers gave back, linked by `next`; the owner takes them all at once. */
	_Atomic uint32_t returned, returned_count;
	struct local_queue queue[];
};

/* Beside a port in its queue; void of a port that is not in one, and `prev` of the first. */
struct local_link {
	uint16_t next, prev;
};

struct local_ports {
	unsigned char *shares; /* of the workers, TCP's and UDP's by turns */
	size_t share_size;
	unsigned int workers;
	uint32_t classes;
};

struct sl_addr dp_local_addrs[LOCAL_MAX];
_Atomic uint32_t *dp_local_slots;

static struct local_ports ports_of[LOCAL_MAX];
static _Atomic uint64_t away[LOCAL_MAX / 64]; /* a bit an address: it gives no port just now */
static struct local_link *links;              /* by slot */
static uint8_t owner_of[CLASS_BITS_MAX + 1]
		       [PORTS];   /* by classes (their logarithm) and port: whose share it is in */
static uint8_t hash_of[1u << 16]; /* low bits of the hash of a 16-bit word as it lies in the packet */

static_assert(LOCAL_CLASSES_MAX <= 256, "classes are low bits of hash_of[]");
static_assert(LOCAL_CLASSES_MAX <= 64, "`filled` has a bit a class");
static_assert(LOCAL_CLASSES_MAX == 1 << CLASS_BITS_MAX, "classes are a power of two");

static inline struct local_share *
share_of(uint32_t index, uint8_t proto, unsigned int worker)
{
	const struct local_ports *ports = &ports_of[index];

	return (struct local_share *)(ports->shares + (worker * PROTOS + (proto & 1)) * ports->share_size);
}

static inline struct local_link *
link_of(uint32_t local, uint8_t proto)
{
	return &links[local_slot(local, proto) - dp_local_slots];
}

static inline uint32_t
local_beside(uint32_t local, uint16_t port_be)
{
	return (local & 0xffff0000) | port_be;
}

/* ---- workers ---- */

int
dp_local_owner(uint32_t index, uint8_t proto, uint16_t port_be)
{
	uint32_t slot =
		atomic_load_explicit(local_slot(local_make(index, port_be), proto), memory_order_relaxed);

	return slot != 0 ? (int)local_owner(slot) : -1;
}

struct flow *
dp_local_flow(const struct dp_worker *w, uint32_t index, uint8_t proto, uint16_t port_be)
{
	uint32_t slot =
		atomic_load_explicit(local_slot(local_make(index, port_be), proto), memory_order_relaxed);

	return slot != 0 && local_owner(slot) == w->id ? &w->table.flow[local_number(slot)] : NULL;
}

static uint16_t
fold(const struct sl_addr *a, const struct sl_addr *b)
{
	uint64_t a8[2], b8[2], x;

	memcpy(a8, a->b, 16);
	memcpy(b8, b->b, 16);
	x = a8[0] ^ a8[1] ^ b8[0] ^ b8[1];
	x ^= x >> 32;
	return (uint16_t)(x ^ x >> 16);
}

/* The class whose ports bring the replies of a server to this worker. Both addresses are of one family. */
static unsigned int
class_wanted(const struct dp_worker *w, uint32_t index, const struct sl_addr *real, uint16_t real_port_be,
	     uint32_t classes)
{
	uint16_t rest = fold(real, &dp_local_addrs[index]) ^ real_port_be;

	return (hash_of[rest] ^ w->id) & (classes - 1);
}

static inline bool
is_away(uint32_t index)
{
	return (atomic_load_explicit(&away[index / 64], memory_order_relaxed) >> index % 64 & 1) != 0;
}

static uint32_t
queue_take(struct local_share *share, uint32_t index, uint8_t proto, unsigned int class)
{
	struct local_queue *queue = &share->queue[class];
	uint32_t local = local_make(index, queue->first);

	if (queue->first == queue->last) {
		*queue = (struct local_queue){ 0 };
		share->filled &= ~(UINT64_C(1) << class);
	} else {
		queue->first = link_of(local, proto)->next;
	}
	atomic_store_explicit(&share->used, share->used + 1, memory_order_relaxed);
	return local;
}

static void
queue_put(struct local_share *share, uint32_t local, uint8_t proto)
{
	unsigned int class = hash_of[local_port_be(local)] & (share->classes - 1);
	struct local_queue *queue = &share->queue[class];

	if (queue->last != 0) {
		link_of(local_beside(local, queue->last), proto)->next = local_port_be(local);
		link_of(local, proto)->prev = queue->last;
	} else {
		queue->first = local_port_be(local);
	}
	queue->last = local_port_be(local);
	share->filled |= UINT64_C(1) << class;
}

unsigned int
dp_local_share(uint32_t index, uint16_t port_be)
{
	return owner_of[__builtin_ctz(ports_of[index].classes)][port_be];
}

__rte_cold void
dp_local_lend(uint32_t local, uint8_t proto, unsigned int from, unsigned int to)
{
	/* Not 0, and flow number 0 is nobody's. */
	atomic_store_explicit(local_slot(local, proto), RTE_MAX(from, to) << LOCAL_NUMBER_BITS,
			      memory_order_relaxed);
}

__rte_cold void
dp_local_return(uint32_t local, uint8_t proto)
{
	struct local_share *share =
		share_of(local >> 16, proto, dp_local_share(local >> 16, local_port_be(local)));
	uint32_t first = atomic_load_explicit(&share->returned, memory_order_relaxed);

	do
		link_of(local, proto)->next = (uint16_t)first;
	while (!atomic_compare_exchange_weak_explicit(&share->returned, &first, local_port_be(local),
						      memory_order_release, memory_order_relaxed));
	atomic_fetch_add_explicit(&share->returned_count, 1, memory_order_release);
}

/* What others gave back is free again. */
static __rte_cold void
returned_take(struct local_share *share, uint32_t index, uint8_t proto)
{
	uint32_t port = atomic_exchange_explicit(&share->returned, 0, memory_order_acquire), count = 0;

	while (port != 0) {
		uint32_t local = local_make(index, (uint16_t)port);

		port = link_of(local, proto)->next;
		atomic_store_explicit(local_slot(local, proto), 0, memory_order_relaxed);
		queue_put(share, local, proto);
		count++;
	}
	/* In this order: a reader may count too many as used, never too few. */
	atomic_fetch_sub_explicit(&share->returned_count, count, memory_order_relaxed);
	atomic_store_explicit(&share->used, atomic_load_explicit(&share->used, memory_order_relaxed) - count,
			      memory_order_release);
}

/*
 * Round the addresses of the group, from the one behind the last one taken from. First
 * those that have a port of the right class, then any.
 */
uint32_t
dp_local_take(struct dp_worker *w, uint32_t group, uint8_t proto, const struct sl_addr *real,
	      uint16_t real_port_be)
{
	const struct dp_locals *locals = w->snapshot->locals;
	bool v6 = !sl_addr_is_v4(real);
	struct dp_local_range range;
	uint32_t *cursor;

	if (locals == NULL || group == 0 || group >= locals->group_count)
		return 0;
	range = locals->range[group][v6];
	cursor = &w->local_cursor[group][v6];
	for (unsigned int pass = 0; pass < 2; pass++) {
		for (uint32_t n = 0; n < range.count; n++) {
			uint32_t at = (*cursor + n) % range.count;
			uint32_t index = locals->index[range.first + at];
			struct local_share *share = share_of(index, proto, w->id);
			uint64_t filled;

			if (unlikely(atomic_load_explicit(&share->returned, memory_order_relaxed) != 0))
				returned_take(share, index, proto);
			filled = is_away(index) ? 0 : share->filled;

			if (pass == 0)
				filled &= UINT64_C(1)
					  << class_wanted(w, index, real, real_port_be, share->classes);
			if (filled == 0)
				continue;
			*cursor = at + 1;
			return queue_take(share, index, proto, (unsigned int)__builtin_ctzll(filled));
		}
	}
	return 0;
}

/* Out of the middle of its queue. */
static void
queue_unlink(struct local_share *share, uint32_t local, uint8_t proto)
{
	unsigned int class = hash_of[local_port_be(local)] & (share->classes - 1);
	struct local_queue *queue = &share->queue[class];
	const struct local_link *link = link_of(local, proto);

	link_of(local_beside(local, link->prev), proto)->next = link->next;
	if (queue->last == local_port_be(local))
		queue->last = link->prev;
	else
		link_of(local_beside(local, link->next), proto)->prev = link->prev;
	atomic_store_explicit(&share->used, share->used + 1, memory_order_relaxed);
}

__rte_cold bool
dp_local_take_this(const struct dp_worker *w, uint32_t local, uint8_t proto)
{
	uint32_t index = local >> 16;
	const struct dp_locals *locals = w->snapshot->locals;
	struct local_share *share;
	unsigned int class;

	if (rte_be_to_cpu_16(local_port_be(local)) < LOCAL_PORT_FIRST || locals == NULL ||
	    (locals->listed[index / 64] >> index % 64 & 1) == 0 ||
	    dp_local_share(index, local_port_be(local)) != w->id)
		return false;
	share = share_of(index, proto, w->id);
	if (atomic_load_explicit(&share->returned, memory_order_relaxed) != 0)
		returned_take(share, index, proto);
	if (atomic_load_explicit(local_slot(local, proto), memory_order_relaxed) != 0)
		return false;
	class = hash_of[local_port_be(local)] & (share->classes - 1);
	if (share->queue[class].first == local_port_be(local))
		(void)queue_take(share, index, proto, class);
	else
		queue_unlink(share, local, proto);
	return true;
}

void
dp_local_bind(const struct dp_worker *w, uint32_t local, uint8_t proto, uint32_t number)
{
	atomic_store_explicit(local_slot(local, proto), w->id << LOCAL_NUMBER_BITS | number,
			      memory_order_relaxed);
}

void
dp_local_put(const struct dp_worker *w, uint32_t local, uint8_t proto)
{
	struct local_share *share = share_of(local >> 16, proto, w->id);
	unsigned int owner = dp_local_share(local >> 16, local_port_be(local));

	if (unlikely(owner != w->id)) {
		dp_local_lend(local, proto, w->id, owner);
		dp_local_return(local, proto);
		return;
	}

	atomic_store_explicit(local_slot(local, proto), 0, memory_order_relaxed);
	queue_put(share, local, proto);
	atomic_store_explicit(&share->used, share->used - 1, memory_order_release);
}

/* ---- control thread ---- */

static uint32_t first_port; /* how far above LOCAL_PORT_FIRST addresses begin */

void
dp_local_begin_at(uint64_t number)
{
	first_port = (uint32_t)(number % LOCAL_PORTS);
}

static void *
reserve(size_t size)
{
	void *memory =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return memory != MAP_FAILED ? memory : NULL;
}

static void
hash_fill(void)
{
	const uint32_t key = (uint32_t)HASH_KEY << 16 | HASH_KEY;

	for (uint32_t word = 0; word < PORTS; word++) {
		uint16_t bits = rte_bswap16((uint16_t)word);
		uint32_t hash = 0;

		for (unsigned int bit = 0; bit < 16; bit++)
			if ((bits & (0x8000u >> bit)) != 0)
				hash ^= bit == 0 ? key : key << bit | key >> (32 - bit);
		hash_of[word] = (uint8_t)hash;
	}
}

int
dp_local_init(void)
{
	size_t slots = (size_t)LOCAL_MAX * PROTOS * PORTS;

	if (dp_local_slots != NULL)
		return 0;
	hash_fill();
	dp_local_slots = reserve(slots * sizeof(*dp_local_slots));
	links = reserve(slots * sizeof(*links));
	if (dp_local_slots == NULL || links == NULL) {
		dp_local_fini();
		return -ENOMEM;
	}
	(void)madvise((void *)(uintptr_t)dp_local_slots, slots * sizeof(*dp_local_slots), MADV_HUGEPAGE);
	return 0;
}

void
dp_local_fini(void)
{
	size_t slots = (size_t)LOCAL_MAX * PROTOS * PORTS;

	for (uint32_t index = 0; index < LOCAL_MAX; index++)
		dp_local_close(index);
	if (dp_local_slots != NULL)
		munmap((void *)(uintptr_t)dp_local_slots, slots * sizeof(*dp_local_slots));
	if (links != NULL)
		munmap(links, slots * sizeof(*links));
	dp_local_slots = NULL;
	links = NULL;
}

/* Every port goes to the next worker in turn, of those of its class. The same for every address. */
static void
owners_fill(unsigned int workers, uint32_t classes)
{
	uint8_t *owner = owner_of[__builtin_ctz(classes)];
	unsigned int turn[LOCAL_CLASSES_MAX] = { 0 };

	for (uint32_t port = LOCAL_PORT_FIRST; port < PORTS; port++) {
		uint16_t port_be = rte_cpu_to_be_16((uint16_t)port);
		unsigned int class = hash_of[port_be] & (classes - 1);

		owner[port_be] = (uint8_t)turn[class];
		turn[class] = (turn[class] + 1) % workers;
	}
}

static void
shares_fill(uint32_t index, unsigned int workers, uint32_t classes)
{
	const uint8_t *owner = owner_of[__builtin_ctz(classes)];

	owners_fill(workers, classes);
	for (uint8_t proto = 0; proto < PROTOS; proto++) {
		for (unsigned int worker = 0; worker < workers; worker++)
			share_of(index, proto, worker)->classes = classes;
		for (uint32_t n = 0; n < LOCAL_PORTS; n++) {
			uint32_t port = LOCAL_PORT_FIRST + (first_port + n) % LOCAL_PORTS;
			uint16_t port_be = rte_cpu_to_be_16((uint16_t)port);

			queue_put(share_of(index, proto, owner[port_be]), local_make(index, port_be), proto);
		}
	}
}

int
dp_local_open(uint32_t index, const struct sl_addr *addr, unsigned int workers, unsigned int classes)
{
	struct local_ports *ports = &ports_of[index];

	ports->share_size = sizeof(struct local_share) + classes * sizeof(struct local_queue);
	ports->share_size = RTE_ALIGN_CEIL(ports->share_size, 64);
	ports->workers = workers;
	ports->classes = classes;
	ports->shares = aligned_alloc(64, workers * PROTOS * ports->share_size);
	if (ports->shares == NULL)
		return -ENOMEM;
	memset(ports->shares, 0, workers * PROTOS * ports->share_size);
	dp_local_addrs[index] = *addr;
	shares_fill(index, workers, classes);
	return 0;
}

void
dp_local_close(uint32_t index)
{
	/* Slots of ports that came back to nobody are not free yet. */
	for (unsigned int n = 0; n < ports_of[index].workers * PROTOS; n++) {
		struct local_share *share = share_of(index, n % PROTOS, n / PROTOS);

		if (atomic_load(&share->returned) != 0)
			returned_take(share, index, n % PROTOS);
	}
	free(ports_of[index].shares);
	ports_of[index] = (struct local_ports){ 0 };
	dp_local_hold(index, true);
}

void
dp_local_hold(uint32_t index, bool held)
{
	uint64_t bit = UINT64_C(1) << index % 64;

	if (held)
		atomic_fetch_and_explicit(&away[index / 64], ~bit, memory_order_relaxed);
	else
		atomic_fetch_or_explicit(&away[index / 64], bit, memory_order_relaxed);
}

uint32_t
dp_local_used(uint32_t index, uint8_t proto)
{
	uint32_t used = 0;

	for (unsigned int worker = 0; worker < ports_of[index].workers; worker++) {
		const struct local_share *share = share_of(index, proto, worker);

		used += atomic_load_explicit(&share->used, memory_order_acquire);
		used -= atomic_load_explicit(&share->returned_count, memory_order_relaxed);
	}
	return used;
}
