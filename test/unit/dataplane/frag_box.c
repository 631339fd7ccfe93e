/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cutting up and putting together; see frag_box.h. Byte by byte, by RFC 791 and RFC 8200.
 */
#include "frag_box.h"

#include "wire.h"

enum { IP = ETH_LEN, NEXT_FRAGMENT = 44, FRAGMENT_LEN = 8 };

static bool
is_v6(const uint8_t *bytes)
{
	return bytes[IP] >> 4 == 6;
}

static unsigned int
get16(const uint8_t *p)
{
	return (unsigned int)p[0] << 8 | p[1];
}

static void
put16(uint8_t *p, unsigned int v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static unsigned int
header_len(const uint8_t *bytes)
{
	return is_v6(bytes) ? IP6_LEN : (bytes[IP] & 15) * 4u;
}

static void
sum4_write(uint8_t *bytes)
{
	uint32_t sum = 0;

	put16(bytes + IP + IP4_SUM_AT, 0);
	for (unsigned int i = 0; i < header_len(bytes); i += 2)
		sum += get16(bytes + IP + i);
	sum = (sum & 0xffff) + (sum >> 16);
	put16(bytes + IP + IP4_SUM_AT, ~((sum & 0xffff) + (sum >> 16)) & 0xffff);
}

unsigned int
frag_payload(const uint8_t *whole, unsigned int len)
{
	return len - IP - header_len(whole);
}

unsigned int
frag_cut(const uint8_t *whole, unsigned int len, uint32_t id, unsigned int start, unsigned int end,
	 uint8_t bytes[PIPE_FRAME_MAX])
{
	unsigned int at = IP + header_len(whole), more = end < frag_payload(whole, len);

	assert_true(start % 8 == 0 && start < end && end <= frag_payload(whole, len));
	memcpy(bytes, whole, at);
	if (is_v6(whole)) {
		bytes[at] = whole[IP + IP6_NEXT_AT];
		bytes[at + 1] = 0;
		put16(bytes + at + 2, start | more);
		put16(bytes + at + 4, id >> 16);
		put16(bytes + at + 6, id & 0xffff);
		bytes[IP + IP6_NEXT_AT] = NEXT_FRAGMENT;
		put16(bytes + IP + IP6_PAYLOAD_AT, FRAGMENT_LEN + end - start);
		memcpy(bytes + at + FRAGMENT_LEN, whole + at + start, end - start);
		return at + FRAGMENT_LEN + end - start;
	}
	put16(bytes + IP + IP4_TOTAL_AT, at - IP + end - start);
	put16(bytes + IP + 4, id & 0xffff);
	put16(bytes + IP + IP4_FRAG_AT, start / 8 | more << 13);
	sum4_write(bytes);
	memcpy(bytes + at, whole + at + start, end - start);
	return at + end - start;
}

void
frag_more_set(uint8_t *bytes, bool more)
{
	if (is_v6(bytes)) {
		bytes[IP + IP6_LEN + 3] = (uint8_t)((bytes[IP + IP6_LEN + 3] & 0xfe) | more);
		return;
	}
	bytes[IP + IP4_FRAG_AT] = (uint8_t)((bytes[IP + IP4_FRAG_AT] & 0xdf) | more << 5);
	sum4_write(bytes);
}

bool
frag_read(const uint8_t *bytes, unsigned int len, struct frag_info *ret_info)
{
	unsigned int at = IP + header_len(bytes), field;

	if (is_v6(bytes)) {
		if (bytes[IP + IP6_NEXT_AT] != NEXT_FRAGMENT)
			return false;
		field = get16(bytes + at + 2);
		at += FRAGMENT_LEN;
		ret_info->id = get16(bytes + at - 4) << 16 | get16(bytes + at - 2);
		ret_info->start = field & 0xfff8;
		ret_info->more = field & 1;
	} else {
		field = get16(bytes + IP + IP4_FRAG_AT);
		if ((field & 0x3fff) == 0)
			return false;
		ret_info->id = get16(bytes + IP + 4);
		ret_info->start = (field & 0x1fff) * 8;
		ret_info->more = field >> 13 & 1;
	}
	ret_info->end = ret_info->start + len - at;
	return true;
}

unsigned int
frag_join(const struct pipe_frame *frames, unsigned int count, uint8_t bytes[PIPE_FRAME_MAX])
{
	unsigned int at = IP + header_len(frames[0].bytes), have = 0, end = 0;
	bool v6 = is_v6(frames[0].bytes);

	memcpy(bytes, frames[0].bytes, at);
	for (unsigned int i = 0; i < count; i++) {
		const struct pipe_frame *f = &frames[i];
		struct frag_info first, info;

		assert_true(frag_read(frames[0].bytes, frames[0].len, &first) &&
			    frag_read(f->bytes, f->len, &info));
		assert_int_equal(info.id, first.id);
		assert_int_equal(f->port, frames[0].port);
		/* Ethernet's addresses and IP's, TTL, protocol: all alike. */
		assert_memory_equal(f->bytes, frames[0].bytes, ETH_LEN);
		assert_memory_equal(f->bytes + IP + (v6 ? IP6_NEXT_AT : IP4_TTL_AT),
				    frames[0].bytes + IP + (v6 ? IP6_NEXT_AT : IP4_TTL_AT), 2);
		assert_memory_equal(f->bytes + IP + (v6 ? IP6_SRC_AT : IP4_SRC_AT),
				    frames[0].bytes + IP + (v6 ? IP6_SRC_AT : IP4_SRC_AT), v6 ? 32 : 8);
		if (!v6) {
			uint8_t copy[PIPE_FRAME_MAX];

			memcpy(copy, f->bytes, at);
			sum4_write(copy);
			assert_memory_equal(copy, f->bytes, at);
		}
		memcpy(bytes + at + info.start, f->bytes + f->len - (info.end - info.start),
		       info.end - info.start);
		have += info.end - info.start;
		if (!info.more)
			end = info.end;
	}
	/* No gap, no overlap: as many bytes as the last one says. */
	assert_int_equal(have, end);
	if (v6) {
		bytes[IP + IP6_NEXT_AT] = frames[0].bytes[at];
		put16(bytes + IP + IP6_PAYLOAD_AT, end);
	} else {
		put16(bytes + IP + IP4_TOTAL_AT, at - IP + end);
		put16(bytes + IP + IP4_FRAG_AT, 0);
		sum4_write(bytes);
	}
	return at + end;
}
