/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One sync thread and all that is its own: its sockets, what it sends, whom it
 * hears, the bulks that it serves and the one that it fetches. Thread t speaks on UDP and TCP port
 * `udp_port` + t with thread t of the peer, reads the changes of its own workers, and shares nothing with the
 * others but what `struct sync` names.
 *
 *	open sockets -> { receive, turn (changes, refreshes, hellos), bulks } until told to end -> flush, goodbye
 *
 * Private to this folder. Everything here is called by the link's own thread, but where another is named.
 */
#ifndef SYNC_LINK_H
#define SYNC_LINK_H

#include "sl_addr.h"
#include "sl_clock.h"
#include "sync.h"
#include "sync_peer.h"
#include "sync_trailer.h"
#include "sync_wire.h"

#include <sluice/dp_sync.h>

#include <pthread.h>
#include <stdatomic.h>

enum {
	SYNC_TURN_MS = 4,        /* between two looks at the changes; so old is one at most when it is sent */
	SYNC_HELLO_MS = 200,     /* between two hellos */
	SYNC_SOCKET_MS = 1000,   /* between two looks at the interface */
	SYNC_PAUSE_MS = 1000,    /* between two turns: the thread was stopped */
	SYNC_REFUSED_MS = 60000, /* without a message by another key: the next is told of */
	SYNC_BULK_CLIENTS_MAX = 2,
	SYNC_BULK_STREAM_MAX = 8 << 20, /* that a slow client may leave unread */
	SYNC_BULK_MESSAGE_MAX = 16384,
	SYNC_CONNS = 64,          /* taken from the data plane at a time */
	SYNC_PENDING_MAX = 65536, /* entries that wait for a worker */
	SYNC_EVENTS_MAX = 64,
	SYNC_EVENT_SIZE = 192,
	SYNC_NONCE = 32,
	SYNC_BULK_GREETING = 48,
	SYNC_BULK_REQUEST = 88,
};

/* X(enum suffix, member of struct ka_sync_status) */
#define SYNC_COUNTER_LIST(X)                                                                                 \
	X(MESSAGES_SENT, messages_sent)                                                                      \
	X(MESSAGES_RECEIVED, messages_received)                                                              \
	X(BYTES_SENT, bytes_sent)                                                                            \
	X(BYTES_RECEIVED, bytes_received)                                                                    \
	X(CONNS_SENT, conns_sent)                                                                            \
	X(CONNS_RECEIVED, conns_received)                                                                    \
	X(DELETES_SENT, deletes_sent)                                                                        \
	X(DELETES_RECEIVED, deletes_received)                                                                \
	X(DROPPED, dropped)                                                                                  \
	X(LOST, lost)                                                                                        \
	X(BAD_MESSAGE, bad_message)                                                                          \
	X(BAD_AUTH, bad_auth)                                                                                \
	X(REPLAYED, replayed)                                                                                \
	X(BAD_ENTRY, bad_entry)                                                                              \
	X(UNKNOWN_SERVER, unknown_server)                                                                    \
	X(FOREIGN, foreign)                                                                                  \
	X(SKIPPED, skipped)                                                                                  \
	X(OVERRUN, overrun)

enum sync_counter {
#define X(id, member) SYNC_##id,
	SYNC_COUNTER_LIST(X)
#undef X
		SYNC_COUNTER_MAX
};

struct sync_sockets {
	int udp_in, udp_out, listener; /* -1: not open */
	unsigned int ifindex;          /* they are bound to; 0: to none */
	uint64_t tried_ms;             /* opened, or looked at */
	bool told;                     /* a failure is in the log */
	size_t max_len;                /* of a message */
};

/* The one message that is being filled, and the repeats of what was sent. */
struct sync_sender {
	struct sync_wire_out out;
	uint8_t *bytes;               /* of `out` */
	size_t ready;                 /* bytes of a whole message that the socket did not take; 0: none */
	uint64_t number;              /* of the last message */
	uint64_t hello_ms;            /* when the last was sent */
	uint64_t deletes;             /* in `out` */
	bool sent_before;             /* what the rings lost before our role began is no loss */
	struct sync_repeats *repeats; /* NULL: none are wanted */
	struct dp_sync_conn
		batch[SYNC_CONNS]; /* changes taken from the data plane; those from batch_at on wait */
	size_t batch_at, batch_count;
};

/* Entries that came in while the ring of their worker was full. */
struct sync_pending {
	struct dp_sync_conn *conns;
	uint32_t first, count;
};

/* Somebody who fetches all connections. */
struct sync_bulk_client {
	int fd; /* -1: free */
	bool streams, ended;
	uint64_t since_ms, moved_ms; /* connected; last progress */
	uint8_t nonce[SYNC_NONCE], request[SYNC_BULK_REQUEST];
	size_t request_size;
	struct sync_key key; /* of this stream */
	struct dp_sync_cursor cursor;
	struct sync_wire_out out;
	uint8_t message[SYNC_BULK_MESSAGE_MAX];
	uint64_t number, count;
	uint8_t *stream; /* SYNC_BULK_STREAM_MAX */
	size_t stream_from, stream_to;
	char name[SL_ADDR_STRLEN];
};

/* Fetching all connections of a peer. */
struct sync_bulk {
	enum { SYNC_BULK_IDLE, SYNC_BULK_CONNECTS, SYNC_BULK_GREETED, SYNC_BULK_STREAMS } state;
	int fd;
	uint64_t boot_id; /* of the peer */
	uint64_t since_ms, moved_ms;
	struct sync_key key;
	uint64_t number, count;
	uint8_t bytes[2 * SYNC_WIRE_SIZE_MAX];
	size_t size, at; /* at: of the message that is being put in, or comes next */
	bool reading;    /* `message` is being put in, and `conn` waits for its worker */
	bool waiting;
	struct sync_wire_message message;
	struct sync_trailer trailer;
	struct sync_wire_reader reader;
	struct dp_sync_conn conn;
	char name[SL_ADDR_STRLEN];
};

/* How a box is heard (watch.c). */
struct sync_sight {
	char name[SL_ADDR_STRLEN];
	enum ka_sync_peer state;
	uint64_t since_ms, heard_ms; /* in this state; last */
};

struct sync_view {
	uint64_t opened_ms; /* the thread's sockets were, first; 0: never */
	unsigned int count;
	struct sync_sight sights[SYNC_PEERS_MAX];
};

struct sync_link {
	struct sync *sync;
	unsigned int thread;
	pthread_t pthread;
	bool started;
	struct sync_key key;
	struct sync_sockets sockets;
	struct sync_sender sender;
	struct sync_pending pending;
	struct sync_peers peers;
	struct sync_bulk_client clients[SYNC_BULK_CLIENTS_MAX];
	struct sync_bulk bulk;
	uint64_t opened_ms, heard_ms; /* the sockets were, first; a Sluice was, last; 0: never */
	uint64_t now_ms;              /* of this turn of the loop */
	bool received_before;         /* our role was to receive */
	bool greet;                   /* a hello is due, because somebody new speaks */
	uint64_t watched_ms;          /* when the view was made; 0: it is to be made anew */
	bool threads_told;

	/* written by this thread, read by any */
	_Atomic uint64_t counters[SYNC_COUNTER_MAX];
	_Atomic uint64_t bulk_done, bulk_total, bulk_ms;
	_Atomic bool bulk_runs, in_sync;
	struct sync_view view; /* behind the lock of the news */
};

/* What the threads tell; behind a lock that nobody holds for long. */
struct sync_news {
	pthread_mutex_t lock;
	struct {
		bool good;
		char text[SYNC_EVENT_SIZE];
	} events[SYNC_EVENTS_MAX];
	unsigned int first, count;
	char peer[SL_ADDR_STRLEN];
};

struct sync {
	struct ka_sync conf;
	uint64_t boot_id;
	unsigned int link_count;
	struct sync_link *links;
	int end_fd;              /* readable when the threads are to end */
	_Atomic uint64_t end_ms; /* 0: they are not to end; else: by then */
	_Atomic bool sends, receives;
	_Atomic bool in_sync; /* all links were, when last asked */
	_Atomic bool heard;   /* a Sluice has become known to any of them */
	/* when a message came by another key, and with a key or without where it should be otherwise; 0: never */
	_Atomic uint64_t forged_ms, unsigned_ms;
	struct sync_news *news;
};

static inline void
sync_count(struct sync_link *link, enum sync_counter counter, uint64_t n)
{
	atomic_fetch_add_explicit(&link->counters[counter], n, memory_order_relaxed);
}

static inline uint64_t
sync_now_ms(void)
{
	return sl_clock_ms();
}

/* ---- sync.c ---- */

/* Any thread of ours. The oldest event gives way when there is no room. */
void sync_event(struct sync *sync, bool good, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The link's state may have changed: says so if all of them are in sync now, or are no more. */
void sync_state_update(struct sync_link *link);

/* ---- watch.c: who is heard ---- */

/* Looks at the peers, a few times a second, and tells what has changed. */
void sync_watch(struct sync_link *link);
/* `peer`, which is left as it is where none is watched, `peer_state` and its time. Any thread, with the lock of the news. */
void sync_watch_status(const struct sync *sync, struct ka_sync_status *ret_status);

/* ---- link.c: the thread ---- */
int sync_link_init(struct sync_link *link, struct sync *sync, unsigned int thread);
void sync_link_fini(struct sync_link *link);
void *sync_link_run(void *link);

/* ---- socket.c ---- */

/*
 * Opens what is not open, at most once in SYNC_SOCKET_MS, and closes what is bound to an interface that is no more. False: there
 * are no sockets now.
 */
bool sync_sockets_tend(struct sync_link *link);
void sync_sockets_close(struct sync_sockets *sockets);
/* A TCP connection to the peer's thread of the same number, being made. Its descriptor, or -errno. */
int sync_socket_connect(const struct sync_link *link, const struct sockaddr_storage *peer);
void sync_addr_text(const struct sockaddr_storage *addr, char ret_text[SL_ADDR_STRLEN]);
/* Is it the one peer that the configuration names? Always, where it names a multicast group. */
bool sync_addr_expected(const struct sync_link *link, const struct sockaddr_storage *from);

/* ---- send.c ---- */
int sync_sender_init(struct sync_link *link);
void sync_sender_fini(struct sync_link *link);
/* Changes, refreshes, repeats and hellos that are due. True: it has all been sent. */
bool sync_send_turn(struct sync_link *link);
void sync_send_goodbye(struct sync_link *link);

/* ---- receive.c ---- */
int sync_pending_init(struct sync_link *link);
/* What the socket has, but a bounded number of messages. */
void sync_receive(struct sync_link *link);
/* One message, from wherever: what the tests and the fuzzer call. */
void sync_receive_message(struct sync_link *link, const uint8_t *bytes, size_t size,
			  const struct sockaddr_storage *from);
/* Offers what waits to the workers again. */
void sync_pending_retry(struct sync_link *link);
/* Puts one and counts. False: its worker is busy; it is the caller's still. */
bool sync_put(struct sync_link *link, const struct dp_sync_conn *conn);

/* ---- bulk_serve.c: connections to who asks for them ---- */
void sync_serve_accept(struct sync_link *link);
/* A step of a client; `readable`: it has said something, or left. */
void sync_serve_step(struct sync_link *link, struct sync_bulk_client *client, bool readable);
/* A change that is told to all is told to those who fetch as well, in its place among what they are told. */
void sync_serve_change(struct sync_link *link, const struct dp_sync_conn *conn);
/* Changes were lost before they could be told: who fetches is told all once more. */
void sync_serve_again(struct sync_link *link);
void sync_serve_close(struct sync_bulk_client *client);
/* Is there something to be written to it? */
static inline bool
sync_serve_writes(const struct sync_bulk_client *client)
{
	return client->fd >= 0 && client->streams &&
	       (!client->ended || client->stream_to > client->stream_from);
}

/* ---- bulk_fetch.c: connections of a peer ---- */

/* Begins one if it is wanted and none runs; looks after its time. */
void sync_fetch_tend(struct sync_link *link);
/* The socket is ready, or a worker may be again. */
void sync_fetch_step(struct sync_link *link);
void sync_fetch_close(struct sync_link *link);

/* ---- bulk_seal.c: how the two prove to each other that they know the key ---- */

/*
 *	server: greeting  magic, flags (1: signed), its nonce
 *	client: request   magic, its boot id, its nonce, HMAC(key, "sluice bulk ask", thread, boot id, both nonces)
 *	then messages, each signed by the stream's key, HMAC(key, "sluice bulk stream", both nonces)
 *
 * Without a key the signatures are zeros, and the stream's messages have none.
 */
void sync_seal_greeting(const struct sync_key *key, const uint8_t nonce[SYNC_NONCE],
			uint8_t ret_greeting[SYNC_BULK_GREETING]);
/* False: this is no greeting. */
bool sync_seal_greeted(const uint8_t greeting[SYNC_BULK_GREETING], bool *ret_signed);
/* Answers a greeting. */
void sync_seal_request(const struct sync_key *key, unsigned int thread, uint64_t boot_id,
		       const uint8_t greeting[SYNC_BULK_GREETING], const uint8_t nonce[SYNC_NONCE],
		       uint8_t ret_request[SYNC_BULK_REQUEST], struct sync_key *ret_stream);
/* False: it is not the answer to this nonce by somebody who knows the key. */
bool sync_seal_requested(const struct sync_key *key, unsigned int thread, const uint8_t nonce[SYNC_NONCE],
			 const uint8_t request[SYNC_BULK_REQUEST], struct sync_key *ret_stream);
bool sync_seal_nonce(uint8_t ret_nonce[SYNC_NONCE]);

#endif
