/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libFuzzer's entry for connection sync: any bytes as messages that came by
 * UDP, as the stream of a bulk, and as the first words of one who asks for a bulk.
 *
 * The first byte says which, whether there is a key, and whether messages are signed by it (else hardly one would get
 * past the signature). The rest is messages, one after the other by the sizes they say. What is put into the data
 * plane is a connection within all its bounds; every message ends in a counter; nothing unsigned is taken where
 * there is a key; and what is read and written again reads the same.
 *
 *	clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Iinclude -Isrc/base -Isrc/keepalive \
 *		-Isrc/keepalive/sync test/fuzz/fuzz_sync.c test/unit/keepalive/no_dp_sync.c \
 *		src/keepalive/sync/[a-z]*.c src/base/addr.c src/base/log.c src/base/sha256.c -lpthread \
 *		-o /tmp/fuzz_sync
 *	/tmp/fuzz_sync -max_len=8192 test/fuzz/corpus/sync
 *
 * The corpus is replayed by the unit test sync_corpus.
 */
#include "sync_link.h"

#include <sluice/conn.h>

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MODE_KEY = 1, MODE_SIGN = 2, MODE_STREAM = 4, MODE_LVS = 8, MODE_BUSY = 16, MODE_ID = 32 };
enum { OWN_BOOT = 99, PEER_BOOT = 7 };

static const char key_text[] = "fuzz";
static struct sync sync_state;
static struct sync_news news;
static struct sync_link *link_state;
static unsigned int put_count, busy_each;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
demand(bool condition)
{
	if (!condition)
		abort();
}

/* ---- the data plane: what it takes (no_dp_sync.c has the rest) ---- */

enum dp_sync_result
dp_sync_put(unsigned int t, const struct dp_sync_conn *conn)
{
	bool udp = conn->proto == SL_PROTO_UDP;

	demand(udp || conn->proto == SL_PROTO_TCP);
	demand(conn->fwd < SL_FWD_MAX);
	demand(udp ? conn->state == SL_STATE_UDP : conn->state < SL_STATE_UDP);
	demand(conn->timeout_s > 0 && conn->timeout_s <= SYNC_WIRE_TIMEOUT_MAX_S);
	demand((conn->flags & ~(DP_SYNC_ENDED | DP_SYNC_TOA)) == 0);
	demand(conn->fwd == SL_FWD_FNAT || sl_addr_is_none(&conn->local));
	put_count++;
	if (busy_each > 1 && put_count % busy_each != 0)
		return DP_SYNC_BUSY;
	return put_count % 5 == 0 ? DP_SYNC_UNKNOWN : put_count % 7 == 0 ? DP_SYNC_BAD : DP_SYNC_TAKEN;
}

void
dp_sync_put_stats(struct dp_sync_put_stats *ret_stats)
{
	*ret_stats = (struct dp_sync_put_stats){ 0 };
}

/* ---- inputs ---- */

static void
link_begin(unsigned int mode)
{
	struct sync_link *link = link_state;

	if (link == NULL) {
		link = link_state = calloc(1, sizeof(*link));
		demand(link != NULL);
		sync_state.news = &news;
		sync_state.links = link;
		sync_state.link_count = 1;
		sync_state.boot_id = OWN_BOOT;
		demand(pthread_mutex_init(&news.lock, NULL) == 0);
		demand(sync_link_init(link, &sync_state, 0) == 0);
	}
	sync_state.conf.group = sl_addr_from_v4(htonl((mode & MODE_ID) != 0 ? 0xc0000201 : 0xe0000051));
	sync_state.conf.sync_id = (mode & MODE_ID) != 0 ? 1 : 0;
	sync_state.conf.lvs_peer = (mode & MODE_LVS) != 0;
	atomic_store(&sync_state.receives, true);
	sync_key_init(&link->key, key_text, (mode & MODE_KEY) != 0 ? sizeof(key_text) - 1 : 0);
	sync_peers_init(&link->peers, OWN_BOOT, (mode & MODE_KEY) == 0);
	memset(link->counters, 0, sizeof(link->counters));
	link->pending.first = link->pending.count = 0;
	link->now_ms = 1000;
	busy_each = (mode & MODE_BUSY) != 0 ? 3 : 1;
	put_count = 0;
}

static uint64_t
counter(enum sync_counter i)
{
	return atomic_load(&link_state->counters[i]);
}

/* Its last bytes become the signature of what goes before. */
static void
message_sign(uint8_t *message, size_t size)
{
	if (size > SL_SHA256_SIZE)
		sl_hmac_sha256(key_text, sizeof(key_text) - 1, message, size - SL_SHA256_SIZE,
			       message + size - SL_SHA256_SIZE);
}

/* What was read is written, and reads the same. */
static void
message_rewrite(const uint8_t *bytes, size_t size)
{
	static struct sync_wire_out out;
	static uint8_t again[SYNC_WIRE_SIZE_MAX];
	struct sync_wire_message message, copy;
	struct sync_wire_reader reader, copy_reader;
	struct sync_trailer trailer = { 0 };
	struct sync_key no_key;
	struct dp_sync_conn conn, twin;
	enum sync_wire_entry entry;

	sync_key_init(&no_key, "", 0);
	if (!sync_wire_open(bytes, size, &message))
		return;
	if (sync_trailer_read(&message, &no_key, &trailer) != SYNC_TRAILER_GOOD)
		trailer.extras = NULL;
	sync_wire_read(&reader, &message, trailer.extras, trailer.extras_size);
	while ((entry = sync_wire_next(&reader, &conn)) != SYNC_WIRE_END) {
		if (entry != SYNC_WIRE_CONN)
			continue;
		sync_wire_begin(&out, again, sizeof(again), 0, sync_trailer_room(&no_key));
		demand(sync_wire_add(&out, &conn));
		demand(sync_wire_open(again, sync_trailer_write(&out, &(struct sync_trailer){ 0 }, &no_key),
				      &copy));
		demand(sync_trailer_read(&copy, &no_key, &trailer) == SYNC_TRAILER_GOOD);
		sync_wire_read(&copy_reader, &copy, trailer.extras, trailer.extras_size);
		demand(sync_wire_next(&copy_reader, &twin) == SYNC_WIRE_CONN);
		demand(sl_addr_eq(&conn.client, &twin.client) && sl_addr_eq(&conn.vip, &twin.vip) &&
		       sl_addr_eq(&conn.real, &twin.real) && sl_addr_eq(&conn.local, &twin.local));
		demand(conn.client_port == twin.client_port && conn.local_port == twin.local_port &&
		       conn.fwd == twin.fwd && conn.flags == twin.flags && conn.idle_s == twin.idle_s &&
		       conn.proto == twin.proto);
		demand((conn.flags & DP_SYNC_ENDED) != 0 ||
		       (conn.state == twin.state && conn.timeout_s == twin.timeout_s));
	}
}

static void
messages_hear(uint8_t *bytes, size_t size, unsigned int mode)
{
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0xc0000201) };
	struct sockaddr_storage from = { 0 };
	uint64_t count = 0;

	memcpy(&from, &four, sizeof(four));
	for (size_t at = 0; at < size; count++) {
		size_t part = size - at >= 4 ? sync_get16(bytes + at + 2) : size - at;
		uint8_t *copy;

		if (part == 0 || part > size - at)
			part = size - at;
		/* Of its own, so that a step past its end is seen. */
		copy = malloc(part);
		demand(copy != NULL);
		memcpy(copy, bytes + at, part);
		message_rewrite(copy, part);
		if ((mode & MODE_SIGN) != 0)
			message_sign(copy, part);
		sync_receive_message(link_state, copy, part, &from);
		free(copy);
		at += part;
		link_state->now_ms += 500;
		for (unsigned int i = 0; i < SYNC_PEERS_MAX; i++) {
			if (link_state->peers.peers[i].boot_id != 0)
				sync_peer_check(&link_state->peers, &link_state->peers.peers[i],
						link_state->now_ms);
		}
		sync_pending_retry(link_state);
	}
	demand(counter(SYNC_MESSAGES_RECEIVED) == count);
	demand(counter(SYNC_BAD_MESSAGE) + counter(SYNC_BAD_AUTH) + counter(SYNC_REPLAYED) +
		       counter(SYNC_FOREIGN) <=
	       count);
	demand(put_count == 0 || (mode & (MODE_KEY | MODE_SIGN | MODE_LVS)) != MODE_KEY);
}

static void
stream_hear(uint8_t *bytes, size_t size, unsigned int mode)
{
	struct sync_bulk *bulk = &link_state->bulk;
	int pair[2];

	demand(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
	bulk->fd = pair[0];
	bulk->state = SYNC_BULK_GREETED;
	bulk->boot_id = PEER_BOOT;
	bulk->number = bulk->count = 0;
	bulk->size = bulk->at = 0;
	bulk->key = link_state->key;
	for (size_t at = 0; (mode & MODE_SIGN) != 0 && size - at >= SYNC_WIRE_HEADER;) {
		size_t part = sync_get16(bytes + at + 2);

		if (part < SYNC_WIRE_HEADER || part > size - at)
			break;
		message_sign(bytes + at, part);
		at += part;
	}
	(void)!send(pair[1], bytes, size, MSG_NOSIGNAL);
	close(pair[1]);
	for (unsigned int i = 0; i < 10000 && bulk->state != SYNC_BULK_IDLE; i++)
		sync_fetch_step(link_state);
	demand(bulk->state == SYNC_BULK_IDLE && bulk->fd == -1);
	demand(put_count == 0 || (mode & (MODE_KEY | MODE_SIGN)) != MODE_KEY);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t bytes[8192];
	static const uint8_t nonce[SYNC_NONCE];
	unsigned int mode = size > 0 ? data[0] : 0;
	struct sync_key stream;
	bool is_signed;

	if (size == 0 || size - 1 > sizeof(bytes))
		return 0;
	memcpy(bytes, data + 1, size - 1);
	link_begin(mode);
	if (size - 1 >= SYNC_BULK_REQUEST) {
		demand(!sync_seal_requested(&link_state->key, 0, nonce, bytes, &stream) ||
		       !link_state->key.is_set);
		sync_seal_greeted(bytes, &is_signed);
	}
	if ((mode & MODE_STREAM) != 0)
		stream_hear(bytes, size - 1, mode);
	else
		messages_hear(bytes, size - 1, mode);
	return 0;
}
