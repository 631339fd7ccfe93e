/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Heartbeat messages as bytes. Numbers are big-endian:
 *
 *	"SLHB"          4
 *	version         1   HEARTBEAT_VERSION
 *	flags           1   1: in sync; others 0
 *	name's length   1   0..63
 *	echoes          1   0..HEARTBEAT_ECHOES_MAX
 *	instances       1   0..255
 *	reserved        3   0
 *	boot id         8   of the sender, never 0
 *	number          8   of the message, growing (replay.h)
 *	router id       the name
 *	echoes          16 each: boot id, highest number heard of it
 *	instances       8 each: vrid, family and state in a nibble each, priority, the source's length (0, 4, 16),
 *	                advert_ms (4), and the source
 *	HMAC-SHA256     32  under the channel's key, over "sluice heartbeat KIND\n" and all before
 *
 * The kind of the channel is signed, so that what was recorded on one is nothing on another kind. Pure
 * functions. Any thread.
 */
#ifndef HEARTBEAT_MESSAGE_H
#define HEARTBEAT_MESSAGE_H

#include "heartbeat.h"

enum {
	HEARTBEAT_VERSION = 1,
	HEARTBEAT_ECHOES_MAX = 8,
	HEARTBEAT_HEADER_SIZE = 28,
	HEARTBEAT_MAC_SIZE = 32,
	HEARTBEAT_SIZE_MAX = HEARTBEAT_HEADER_SIZE + (KA_NAME_SIZE - 1) + 16 * HEARTBEAT_ECHOES_MAX +
			     (8 + 16) * HEARTBEAT_INSTANCES_MAX + HEARTBEAT_MAC_SIZE,
};

/* "I have heard you": the boot id of somebody, and the highest number that was heard of it. */
struct heartbeat_echo {
	uint64_t boot_id, number;
};

/* What goes with a message against replay. */
struct heartbeat_proof {
	uint64_t number;
	unsigned int echo_count;
	struct heartbeat_echo echoes[HEARTBEAT_ECHOES_MAX];
};

enum heartbeat_fault {
	HEARTBEAT_GOOD,
	HEARTBEAT_BAD_FRAME, /* no message of ours, cut short, or with values that there are not */
	HEARTBEAT_VERSION_OTHER,
	HEARTBEAT_BAD_AUTH,
};

/* The bytes written, HEARTBEAT_SIZE_MAX at most. `kind`: enum ka_heartbeat_kind. */
size_t heartbeat_message_format(const struct heartbeat_message *message, const struct heartbeat_proof *proof,
				enum ka_heartbeat_kind kind, const char *key,
				uint8_t ret_data[HEARTBEAT_SIZE_MAX]);
enum heartbeat_fault heartbeat_message_parse(const uint8_t *data, size_t size, enum ka_heartbeat_kind kind,
					     const char *key, struct heartbeat_message *ret_message,
					     struct heartbeat_proof *ret_proof);

#endif
