/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages on a line of bytes: each is a frame between two zero bytes,
 *
 *	00  COBS(message, CRC-32 of it, big-endian)  00
 *
 * Consistent overhead byte stuffing (Cheshire and Baker, 1997) leaves no zero in between for one byte in
 * 254, so whoever comes in the middle, or after noise, is right again at the next zero. The zero in front
 * ends what noise has begun. The CRC (that of IEEE 802.3) finds noise before a signature has to be
 * computed; it proves nothing.
 *
 * Pure functions; a reader belongs to one thread.
 */
#ifndef HEARTBEAT_FRAME_H
#define HEARTBEAT_FRAME_H

#include "message.h"

enum {
	FRAME_CRC_SIZE = 4,
	/* Between the zeros: one byte for each 254 begun, and one. */
	FRAME_BODY_MAX =
		HEARTBEAT_SIZE_MAX + FRAME_CRC_SIZE + (HEARTBEAT_SIZE_MAX + FRAME_CRC_SIZE) / 254 + 1,
	FRAME_SIZE_MAX = FRAME_BODY_MAX + 2,
};

struct frame_reader {
	uint8_t body[FRAME_BODY_MAX];
	size_t size;
	bool lost; /* what comes until the next zero is too long for a frame */
};

/* The bytes written. `size` is at most HEARTBEAT_SIZE_MAX. */
size_t frame_format(const uint8_t *message, size_t size, uint8_t ret_frame[FRAME_SIZE_MAX]);

/*
 * Takes bytes until a frame ends, and says by the result how many it took, which is all of them if none does. Then
 * *ret_size is that of a whole message in reader->body, which lives until the next call; 0: none; SIZE_MAX: what ended was none.
 */
size_t frame_read(struct frame_reader *reader, const uint8_t *data, size_t size, size_t *ret_size);

uint32_t frame_crc32(const uint8_t *data, size_t size);

#endif
