/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The boxes' tables (fake_dp_sync.h): open addressing, never smaller; a lock around
 * each box, which is what the real one does not need.
 */
#include "fake_dp_sync.h"

#include <sluice/conn.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

enum { PLACES = FAKE_CONNS_MAX * 2, CHANGES = 1 << 16, REFRESHES = 1 << 10, FREE = 0, USED = 1, GONE = 2 };

struct box {
	pthread_mutex_t lock;
	unsigned int thread_count, opened;
	struct dp_sync_conn *conns;
	uint8_t *marks;
	uint32_t count;
	struct dp_sync_conn changes[CHANGES];
	uint32_t change_first, change_count;
	uint64_t lost;
	enum dp_sync_result puts;
	unsigned int busy, put_count;
	struct dp_sync_conn refreshes[REFRESHES];
	uint32_t refresh_first, refresh_count;
	bool elsewhere;
	struct dp_sync_put_stats stats;
};

static struct box boxes[FAKE_BOXES];
static unsigned int box_count;
static _Thread_local struct box *own;

void
fake_reset(void)
{
	for (unsigned int i = 0; i < FAKE_BOXES; i++) {
		free(boxes[i].conns);
		free(boxes[i].marks);
		memset(&boxes[i], 0, sizeof(boxes[i]));
		pthread_mutex_init(&boxes[i].lock, NULL);
		boxes[i].conns = calloc(PLACES, sizeof(*boxes[i].conns));
		boxes[i].marks = calloc(PLACES, 1);
		if (boxes[i].conns == NULL || boxes[i].marks == NULL)
			abort();
	}
	box_count = 0;
}

unsigned int
fake_box_threads(unsigned int box)
{
	unsigned int opened;

	pthread_mutex_lock(&boxes[box].lock);
	opened = boxes[box].opened;
	pthread_mutex_unlock(&boxes[box].lock);
	return opened;
}

struct dp_sync_conn
fake_conn(uint32_t i)
{
	bool six = i % 2 == 1;
	uint8_t client[16] = { 0x20, 1, 0xd, 0xb8, [12] = 10, (uint8_t)(i >> 24), (uint8_t)(i >> 16), 1 };
	uint8_t vip[16] = { 0x20, 1, 0xd, 0xb8, [12] = 198, 51, 100, 1 };
	uint8_t real[16] = { 0x20, 1, 0xd, 0xb8, [12] = 10, 0, 0, (uint8_t)(1 + i % 8) };
	uint32_t client_be, vip_be, real_be;

	memcpy(&client_be, client + 12, 4);
	memcpy(&vip_be, vip + 12, 4);
	memcpy(&real_be, real + 12, 4);
	return (struct dp_sync_conn){
		.client = six ? sl_addr_from_v6(client) : sl_addr_from_v4(client_be),
		.vip = six ? sl_addr_from_v6(vip) : sl_addr_from_v4(vip_be),
		.real = six ? sl_addr_from_v6(real) : sl_addr_from_v4(real_be),
		.client_port = (uint16_t)i,
		.vip_port = 80,
		.real_port = 8080,
		.proto = SL_PROTO_TCP,
		.fwd = SL_FWD_NAT,
		.state = SL_STATE_ESTABLISHED,
		.timeout_s = 900,
	};
}

static uint32_t
hash(const struct dp_sync_conn *conn)
{
	uint64_t h = (uint64_t)conn->client_port << 32 | conn->proto, word;

	for (unsigned int i = 0; i < 16; i += 8) {
		memcpy(&word, conn->client.b + i, 8);
		h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 29;
	}
	return (uint32_t)h;
}

/* Its place, or the first free one. */
static uint32_t
place(const struct box *box, const struct dp_sync_conn *conn)
{
	uint32_t at = hash(conn) % PLACES;

	while (box->marks[at] != FREE &&
	       (box->marks[at] == GONE || box->conns[at].client_port != conn->client_port ||
		!sl_addr_eq(&box->conns[at].client, &conn->client)))
		at = (at + 1) % PLACES;
	return at;
}

static void
set(struct box *box, const struct dp_sync_conn *conn)
{
	uint32_t at = place(box, conn);

	if ((conn->flags & DP_SYNC_ENDED) != 0) {
		if (box->marks[at] == USED) {
			box->marks[at] = GONE;
			box->count--;
			box->stats.removed++;
		}
		return;
	}
	if (box->marks[at] != USED)
		box->count++;
	box->marks[at] = USED;
	box->conns[at] = *conn;
}

void
fake_add(unsigned int box, const struct dp_sync_conn *conn)
{
	pthread_mutex_lock(&boxes[box].lock);
	set(&boxes[box], conn);
	pthread_mutex_unlock(&boxes[box].lock);
}

void
fake_change(unsigned int i, const struct dp_sync_conn *conn)
{
	struct box *box = &boxes[i];

	pthread_mutex_lock(&box->lock);
	set(box, conn);
	if (box->change_count == CHANGES) {
		box->change_first++;
		box->change_count--;
		box->lost++;
	}
	box->changes[(box->change_first + box->change_count++) % CHANGES] = *conn;
	pthread_mutex_unlock(&box->lock);
}

bool
fake_lookup(unsigned int i, const struct dp_sync_conn *conn, struct dp_sync_conn *ret_conn)
{
	struct box *box = &boxes[i];
	uint32_t at;
	bool is_there;

	pthread_mutex_lock(&box->lock);
	at = place(box, conn);
	is_there = box->marks[at] == USED;
	if (is_there)
		*ret_conn = box->conns[at];
	pthread_mutex_unlock(&box->lock);
	return is_there;
}

uint32_t
fake_count(unsigned int box)
{
	uint32_t count;

	pthread_mutex_lock(&boxes[box].lock);
	count = boxes[box].count;
	pthread_mutex_unlock(&boxes[box].lock);
	return count;
}

void
fake_lose(unsigned int box, uint64_t count)
{
	pthread_mutex_lock(&boxes[box].lock);
	boxes[box].lost += count;
	pthread_mutex_unlock(&boxes[box].lock);
}

void
fake_puts(unsigned int box, enum dp_sync_result result)
{
	pthread_mutex_lock(&boxes[box].lock);
	boxes[box].puts = result;
	pthread_mutex_unlock(&boxes[box].lock);
}

void
fake_busy(unsigned int box, unsigned int n)
{
	pthread_mutex_lock(&boxes[box].lock);
	boxes[box].busy = n;
	pthread_mutex_unlock(&boxes[box].lock);
}

void
fake_holds(unsigned int box, bool holds)
{
	pthread_mutex_lock(&boxes[box].lock);
	boxes[box].elsewhere = !holds;
	pthread_mutex_unlock(&boxes[box].lock);
}

void
fake_refresh(unsigned int i, const struct dp_sync_conn *conn)
{
	struct box *box = &boxes[i];

	pthread_mutex_lock(&box->lock);
	if (box->refresh_count == REFRESHES)
		abort();
	box->refreshes[(box->refresh_first + box->refresh_count++) % REFRESHES] = *conn;
	pthread_mutex_unlock(&box->lock);
}

/* ---- dp_sync.h ---- */

int
dp_sync_init(unsigned int n, uint32_t queue)
{
	boxes[box_count++].thread_count = n;
	return 0;
}

void
dp_sync_fini(void)
{
}

int
dp_sync_open(unsigned int t)
{
	own = &boxes[box_count - 1];
	pthread_mutex_lock(&own->lock);
	own->opened++;
	pthread_mutex_unlock(&own->lock);
	return t < own->thread_count ? 0 : -EINVAL;
}

void
dp_sync_close(unsigned int t)
{
	pthread_mutex_lock(&own->lock);
	own->opened--;
	pthread_mutex_unlock(&own->lock);
}

size_t
dp_sync_changes(unsigned int t, struct dp_sync_conn *ret_conns, size_t max, uint64_t *ret_lost)
{
	struct box *box = own;
	size_t count = 0;

	pthread_mutex_lock(&box->lock);
	*ret_lost += box->lost;
	box->lost = 0;
	/* The first thread has all of them, which is enough for a test of one. */
	while (t == 0 && count < max && box->change_count > 0) {
		ret_conns[count++] = box->changes[box->change_first % CHANGES];
		box->change_first++;
		box->change_count--;
	}
	pthread_mutex_unlock(&box->lock);
	return count;
}

size_t
dp_sync_walk(unsigned int t, struct dp_sync_cursor *cursor, uint32_t seen_s, struct dp_sync_conn *ret_conns,
	     size_t max, size_t budget)
{
	struct box *box = own;
	size_t count = 0;

	pthread_mutex_lock(&box->lock);
	for (; cursor->index < PLACES && count < max && budget > 0; cursor->index++, budget--) {
		if (box->marks[cursor->index] == USED && !box->elsewhere &&
		    hash(&box->conns[cursor->index]) % box->thread_count == t)
			ret_conns[count++] = box->conns[cursor->index];
	}
	cursor->done = cursor->index == PLACES;
	pthread_mutex_unlock(&box->lock);
	return count;
}

size_t
dp_sync_refresh(unsigned int t, uint32_t refresh_ms, struct dp_sync_conn *ret_conns, size_t max,
		size_t budget, bool *ret_round)
{
	struct box *box = own;
	size_t count = 0;

	pthread_mutex_lock(&box->lock);
	while (t == 0 && count < max && box->refresh_count > 0) {
		ret_conns[count++] = box->refreshes[box->refresh_first % REFRESHES];
		box->refresh_first++;
		box->refresh_count--;
	}
	*ret_round = box->refresh_count == 0;
	pthread_mutex_unlock(&box->lock);
	return count;
}

enum dp_sync_result
dp_sync_put(unsigned int t, const struct dp_sync_conn *conn)
{
	struct box *box = own;
	enum dp_sync_result result;

	pthread_mutex_lock(&box->lock);
	result = box->puts;
	if (result == DP_SYNC_TAKEN && box->busy > 1 && ++box->put_count % box->busy != 0)
		result = DP_SYNC_BUSY;
	if (result == DP_SYNC_TAKEN) {
		box->stats.inserted++;
		set(box, conn);
	}
	pthread_mutex_unlock(&box->lock);
	return result;
}

void
dp_sync_put_stats(struct dp_sync_put_stats *ret_stats)
{
	*ret_stats = (struct dp_sync_put_stats){ .conflict = 3, .table_full = 4 };
}
