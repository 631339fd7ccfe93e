/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections to and from the bytes of Linux IPVS's synchronisation protocol:
 * version 1 is written, 1 and 0 are read.
 *
 *	header   u8 0, u8 sync id, u16 size, u8 count, u8 version 1, u16 0
 *	entries  36 bytes (IPv4) or 72 (IPv6) and optional parameters, each at a multiple of 4
 *	tail     what LVS does not look at: extras, one an entry at most, within a trailer (sync_trailer.h)
 *
 * What LVS has no field for (FullNAT's local address, how long a connection was idle, that it is over) is in the
 * extras, not in optional parameters of the entries: LVS skips either, but Wireshark's dissector knows no
 * parameters and would read all further entries at the wrong place.
 *
 * Pure functions over memory of the caller. Any thread.
 */
#ifndef SYNC_WIRE_H
#define SYNC_WIRE_H

#include <sluice/dp_sync.h>

enum {
	SYNC_WIRE_HEADER = 8,
	SYNC_WIRE_V4 = 36,
	SYNC_WIRE_V6 = 72,
	SYNC_WIRE_EXTRA_MAX = 28,
	SYNC_WIRE_ENTRIES_MAX = 255,
	SYNC_WIRE_SIZE_MAX = 65535,
	SYNC_WIRE_TIMEOUT_MAX_S = 31 * 86400,
};

/* A message that is being written. */
struct sync_wire_out {
	uint8_t *bytes; /* of the caller, `max` of them */
	size_t max, size;
	size_t tail_size; /* kept free for the tail, extras not counted */
	unsigned int count;
	size_t extras_size;
	uint8_t extras[SYNC_WIRE_ENTRIES_MAX * SYNC_WIRE_EXTRA_MAX];
};

/* `max` is at least the header, `tail_size` and one entry with its extra. */
void sync_wire_begin(struct sync_wire_out *out, uint8_t *bytes, size_t max, uint8_t sync_id,
		     size_t tail_size);
/* False: the message is full, and the connection is not in it. */
bool sync_wire_add(struct sync_wire_out *out, const struct dp_sync_conn *conn);
/* Writes size and count into the header, once `tail_size` bytes and the extras stand behind the entries. */
void sync_wire_end(struct sync_wire_out *out, size_t size);

/* A message whose header and entries lie within it. */
struct sync_wire_message {
	const uint8_t *bytes, *tail; /* the tail of version 1; empty in version 0 */
	size_t size, tail_size;
	uint8_t sync_id, version;
	unsigned int count;
};

/* False: it is cut short, its size is not the one it says, or an entry reaches past its end. */
bool sync_wire_open(const uint8_t *bytes, size_t size, struct sync_wire_message *ret_message);

/* Where a reader of entries stands. */
struct sync_wire_reader {
	const struct sync_wire_message *message;
	const uint8_t *extras, *extras_end;
	unsigned int index;
	size_t offset;
};

enum sync_wire_entry {
	SYNC_WIRE_END,  /* no more */
	SYNC_WIRE_CONN, /* a connection */
	SYNC_WIRE_SKIP, /* a persistence template: nothing to be kept here */
	SYNC_WIRE_BAD,  /* refused, as LVS would, or because it cannot be a connection */
};

void sync_wire_read(struct sync_wire_reader *reader, const struct sync_wire_message *message,
		    const uint8_t *extras, size_t extras_size);
enum sync_wire_entry sync_wire_next(struct sync_wire_reader *reader, struct dp_sync_conn *ret_conn);

/* ---- numbers in network order, at any address ---- */

static inline void
sync_put16(uint8_t *to, uint16_t value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

static inline void
sync_put32(uint8_t *to, uint32_t value)
{
	sync_put16(to, (uint16_t)(value >> 16));
	sync_put16(to + 2, (uint16_t)value);
}

static inline void
sync_put64(uint8_t *to, uint64_t value)
{
	sync_put32(to, (uint32_t)(value >> 32));
	sync_put32(to + 4, (uint32_t)value);
}

static inline uint16_t
sync_get16(const uint8_t *from)
{
	return (uint16_t)(from[0] << 8 | from[1]);
}

static inline uint32_t
sync_get32(const uint8_t *from)
{
	return (uint32_t)sync_get16(from) << 16 | sync_get16(from + 2);
}

static inline uint64_t
sync_get64(const uint8_t *from)
{
	return (uint64_t)sync_get32(from) << 32 | sync_get32(from + 4);
}

#endif
