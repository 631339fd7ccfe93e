/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What Sluices say to each other behind the last entry of a message, where
 * LVS does not look and Wireshark sees no fault:
 *
 *	 0 u32 magic  4 u8 version 1  5 u8 flags  6 u8 threads  7 u8 thread
 *	 8 u16 size of the extras    10 u16 size of the signature (0 or 32)  12 u32 0
 *	16 u64 boot id  24 u64 echo  32 u64 number  40 u64 count  48 u64 mark
 *	56 extras (sync_wire.h), signature
 *
 * The signature is HMAC-SHA256 over the whole message before it. Pure functions. Any thread.
 */
#ifndef SYNC_TRAILER_H
#define SYNC_TRAILER_H

#include "sl_sha256.h"
#include "sync_wire.h"

enum {
	SYNC_TRAILER_SIZE = 56,
	/* the least that a message may be allowed to have */
	SYNC_MESSAGE_MIN =
		SYNC_WIRE_HEADER + SYNC_WIRE_V6 + SYNC_WIRE_EXTRA_MAX + SYNC_TRAILER_SIZE + SL_SHA256_SIZE,
};

enum {
	SYNC_FLAG_HELLO = 1 << 0,
	SYNC_FLAG_IN_SYNC = 1 << 1, /* the sender knows what its peers know */
	SYNC_FLAG_GOODBYE = 1 << 2, /* nothing more comes from this boot */
	SYNC_FLAG_BULK = 1 << 3,    /* of a bulk stream, numbered for itself */
	SYNC_FLAG_END = 1 << 4,     /* bulk: that was all */
};

/* A key, ready for use, and whether there is one. */
struct sync_key {
	bool is_set;
	struct sl_hmac_sha256 hmac;
};

struct sync_trailer {
	uint8_t flags;           /* SYNC_FLAG_* */
	uint8_t threads, thread; /* how many the sender has, and which speaks */
	uint64_t boot_id;        /* the sender's */
	uint64_t echo;           /* the boot id of a peer that the sender hears; 0: none */
	uint64_t number;         /* of the message, from 1 on in each boot and thread */
	uint64_t count;          /* bulk: entries so far, those of this message counted */
	uint64_t mark;           /* bulk: the number of the last message that went to all */
	const uint8_t *extras;
	size_t extras_size;
};

void sync_key_init(struct sync_key *key, const void *text, size_t size);

/* How much a trailer takes besides the extras. */
size_t sync_trailer_room(const struct sync_key *key);

/* Ends a message: extras, trailer, signature, header. Returns its size. `trailer`'s extras are ignored. */
size_t sync_trailer_write(struct sync_wire_out *out, const struct sync_trailer *trailer,
			  const struct sync_key *key);

enum sync_trailer_result {
	SYNC_TRAILER_NONE,     /* the message is LVS's */
	SYNC_TRAILER_GOOD,     /* signed by the key, or neither signed nor a key */
	SYNC_TRAILER_UNSIGNED, /* there is a key, and no signature; or a signature and no key */
	SYNC_TRAILER_FORGED,   /* the signature is not this message's under this key */
	SYNC_TRAILER_BAD,      /* cut short, or of another version */
};

/* ret_trailer is written if GOOD or UNSIGNED; its extras point into the message. */
enum sync_trailer_result sync_trailer_read(const struct sync_wire_message *message,
					   const struct sync_key *key, struct sync_trailer *ret_trailer);

#endif
