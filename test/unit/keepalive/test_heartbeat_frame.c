/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames on a serial line: whatever is framed comes out, whatever the line
 * adds, loses or turns over costs the frames that it touches and no more.
 */
#include "frame.h"
#include "sl_test.h"

#include <stdlib.h>

/* What came of a line: messages and broken frames. */
struct found {
	unsigned int good, bad;
	size_t size;
	uint8_t message[HEARTBEAT_SIZE_MAX];
};

static struct frame_reader reader;

static void
line_read(const uint8_t *line, size_t size, size_t piece, struct found *ret_found)
{
	while (size > 0) {
		size_t message_size,
			took = frame_read(&reader, line, size < piece ? size : piece, &message_size);

		assert_true(took > 0 && took <= size);
		line += took;
		size -= took;
		if (message_size == SIZE_MAX) {
			ret_found->bad++;
		} else if (message_size > 0) {
			ret_found->good++;
			ret_found->size = message_size;
			memcpy(ret_found->message, reader.body, message_size);
		}
	}
}

/* The check value of the catalogue of CRCs. */
static void
crc(void **state)
{
	assert_int_equal(frame_crc32((const uint8_t *)"123456789", 9), 0xcbf43926);
}

/* Every size around the code's 254, of zeros, of none, and of both, in pieces of every kind. */
static void
there_and_back(void **state)
{
	static const size_t sizes[] = { 1,   2,   249, 250,  251,
					252, 253, 254, 255,  256,
					507, 508, 509, 1000, HEARTBEAT_SIZE_MAX };
	static uint8_t message[HEARTBEAT_SIZE_MAX], frame[FRAME_SIZE_MAX];
	static struct found found;

	for (size_t i = 0; i < SL_COUNT(sizes); i++)
		for (unsigned int zeros = 0; zeros < 4; zeros++)
			for (size_t piece = 1; piece < 4000; piece = piece * 3 + 1) {
				size_t size;

				for (size_t at = 0; at < sizes[i]; at++)
					message[at] = zeros == 0   ? (uint8_t)(at % 255 + 1)
						      : zeros == 1 ? 0
						      : zeros == 2 ? (uint8_t)at
								   : (uint8_t)rand();
				size = frame_format(message, sizes[i], frame);
				assert_true(size <= FRAME_SIZE_MAX);
				assert_null(memchr(frame + 1, 0, size - 2));
				memset(&found, 0, sizeof(found));
				line_read(frame, size, piece, &found);
				assert_int_equal(found.good, 1);
				assert_int_equal(found.bad, 0);
				assert_int_equal(found.size, sizes[i]);
				assert_memory_equal(found.message, message, sizes[i]);
			}
}

/* { name, bytes before the frame, how many, broken frames } */
static const struct {
	const char *name, *noise;
	size_t size;
	unsigned int bad;
} noise_rows[] = {
	{ "a quiet line", "", 0, 0 },
	{ "zeros", "\0\0\0\0", 4, 0 },
	{ "a burst of noise", "\x55\xaa\xff\x13\x11", 5, 1 },
	{ "noise with zeros", "\x55\0\xaa\0\x01", 5, 3 },
	{ "the end of another frame", "abcdef\0", 7, 1 },
	{ "a code beyond the end", "\xff\x01\x02\0", 4, 1 },
	{ "an empty frame", "\x01\0", 2, 1 },
	{ "nothing but a CRC", "\x05\x01\x02\x03\x04\0", 6, 1 },
};

static void
noise(void **state)
{
	static const uint8_t message[] = "heartbeat";
	static struct found found;
	uint8_t frame[FRAME_SIZE_MAX];
	size_t size = frame_format(message, sizeof(message), frame);

	for (size_t i = 0; i < SL_COUNT(noise_rows); i++) {
		memset(&found, 0, sizeof(found));
		line_read((const uint8_t *)noise_rows[i].noise, noise_rows[i].size, 100, &found);
		line_read(frame, size, 100, &found);
		sl_check_int(noise_rows[i].name, found.bad, noise_rows[i].bad);
		sl_check_int(noise_rows[i].name, found.good, 1);
		assert_memory_equal(found.message, message, sizeof(message));
	}
}

/* Each bit of a frame turned over, and each byte of it lost: that frame is gone, the next is not, and nothing false is read. */
static void
damage(void **state)
{
	static const uint8_t message[] = "heart\0beat\0\0of lb1";
	static struct found found;
	uint8_t frame[FRAME_SIZE_MAX], broken[FRAME_SIZE_MAX];
	size_t size = frame_format(message, sizeof(message), frame);

	for (size_t bit = 0; bit < size * 8; bit++) {
		memset(&found, 0, sizeof(found));
		memcpy(broken, frame, size);
		broken[bit / 8] ^= (uint8_t)(1 << bit % 8);
		line_read(broken, size, 7, &found);
		/* A zero at either end is no loss where the neighbour's stands. */
		if (bit / 8 > 0 && bit / 8 < size - 1)
			assert_int_equal(found.good, 0);
		line_read(frame, size, 7, &found);
		assert_true(found.good >= 1);
		assert_memory_equal(found.message, message, sizeof(message));
	}
	for (size_t gone = 1; gone < size - 1; gone++) {
		memset(&found, 0, sizeof(found));
		line_read(frame, gone, 7, &found);
		line_read(frame + gone + 1, size - gone - 1, 7, &found);
		assert_int_equal(found.good, 0);
		assert_int_equal(found.bad, 1);
	}
}

/* A line that says no zero for long is one broken frame, and memory stays as it is. */
static void
endless(void **state)
{
	static uint8_t babble[3 * FRAME_SIZE_MAX];
	static struct found found;
	uint8_t frame[FRAME_SIZE_MAX];
	size_t size = frame_format((const uint8_t *)"x", 1, frame);

	memset(babble, 'U', sizeof(babble));
	memset(&found, 0, sizeof(found));
	for (unsigned int i = 0; i < 10; i++)
		line_read(babble, sizeof(babble), 1000, &found);
	line_read(frame, size, 1000, &found);
	assert_int_equal(found.bad, 1);
	assert_int_equal(found.good, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crc),    cmocka_unit_test(there_and_back), cmocka_unit_test(noise),
		cmocka_unit_test(damage), cmocka_unit_test(endless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
