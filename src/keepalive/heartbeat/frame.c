/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames on a serial line (frame.h).
 */
#include "frame.h"

#include <string.h>

static uint32_t crc_add(uint32_t crc, const uint8_t *data, size_t size);
static size_t unstuff(uint8_t *body, size_t size);

size_t
frame_format(const uint8_t *message, size_t size, uint8_t ret_frame[FRAME_SIZE_MAX])
{
	uint32_t crc = frame_crc32(message, size);
	uint8_t tail[FRAME_CRC_SIZE] = { (uint8_t)(crc >> 24), (uint8_t)(crc >> 16), (uint8_t)(crc >> 8),
					 (uint8_t)crc };
	uint8_t *code = ret_frame + 1, *at = code + 1;

	ret_frame[0] = 0;
	for (size_t i = 0; i < size + sizeof(tail); i++) {
		uint8_t byte = i < size ? message[i] : tail[i - size];

		if (byte != 0)
			*at++ = byte;
		/* A code says how far the next zero is; 255: 254 bytes without one. */
		if (byte == 0 || at - code == 255) {
			*code = (uint8_t)(at - code);
			code = at++;
		}
	}
	*code = (uint8_t)(at - code);
	*at++ = 0;
	return (size_t)(at - ret_frame);
}

size_t
frame_read(struct frame_reader *reader, const uint8_t *data, size_t size, size_t *ret_size)
{
	*ret_size = 0;
	for (size_t i = 0; i < size; i++) {
		size_t body_size = reader->size;

		if (data[i] != 0) {
			if (reader->size == sizeof(reader->body))
				reader->lost = true;
			else
				reader->body[reader->size++] = data[i];
			continue;
		}
		reader->size = 0;
		if (body_size == 0)
			continue; /* between two frames */
		*ret_size = reader->lost ? SIZE_MAX : unstuff(reader->body, body_size);
		reader->lost = false;
		return i + 1;
	}
	return size;
}

uint32_t
frame_crc32(const uint8_t *data, size_t size)
{
	return ~crc_add(0xffffffff, data, size);
}

/* A bit at a time: a hundred bytes, ten times a second. */
static uint32_t
crc_add(uint32_t crc, const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		crc ^= data[i];
		for (unsigned int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return crc;
}

/* The message's size, in place; SIZE_MAX: it is none. */
static size_t
unstuff(uint8_t *body, size_t size)
{
	size_t to = 0;

	for (size_t at = 0; at < size;) {
		uint8_t code = body[at++];
		size_t count = (size_t)code - 1;

		if (count > size - at)
			return SIZE_MAX;
		memmove(body + to, body + at, count);
		to += count;
		at += count;
		if (code != 255 && at < size)
			body[to++] = 0;
	}
	if (to <= FRAME_CRC_SIZE || to > HEARTBEAT_SIZE_MAX + FRAME_CRC_SIZE)
		return SIZE_MAX;
	to -= FRAME_CRC_SIZE;
	if (frame_crc32(body, to) != ((uint32_t)body[to] << 24 | (uint32_t)body[to + 1] << 16 |
				      (uint32_t)body[to + 2] << 8 | body[to + 3]))
		return SIZE_MAX;
	return to;
}
