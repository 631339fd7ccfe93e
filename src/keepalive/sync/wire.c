/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Linux IPVS's synchronisation messages (sync_wire.h). Layouts, by the offset in
 * an entry:
 *
 *	version 1                                         version 0 (IPv4 only, 24 bytes)
 *	 0 u8 type (bit 0: IPv6)    1 u8 protocol          0 u8 0       1 u8 protocol
 *	 2 u16 version << 12 | size                        2 u16 cport  4 u16 vport  6 u16 dport
 *	 4 u32 flags                8 u16 state            8 client    12 virtual   16 destination
 *	10 u16 cport 12 u16 vport  14 u16 dport           20 u16 flags 22 u16 state
 *	16 u32 fwmark              20 u32 timeout         24 sequence data, if the flags say so: 24 bytes
 *	24 client, virtual, destination address
 *	   parameters: u8 type, u8 size, data
 *
 * An extra (of ours, in the tail):
 *
 *	0 u8 index of its entry  1 u8 size  2 u8 flags  3 u8 0  4 u32 idle seconds
 *	8 u16 local port        10 u16 0   12 local address, 4 or 16 bytes
 */
#include "sync_wire.h"

#include <sluice/conn.h>

enum {
	TYPE_V6 = 0x01,
	PARAMETER_OPTIONAL = 0x40,
	PARAMETER_SEQ = 1,
	PARAMETER_PE_DATA = 2,
	PARAMETER_PE_NAME = 3,
	SEQ_SIZE = 24,
	PE_NAME_MAX = 16,
	V0_HEADER = 4,
	V0_ENTRY = 24,

	FLAG_FORWARD = 0x0007,
	FLAG_NO_OUTPUT = 0x0080,
	FLAG_INACTIVE = 0x0100,
	FLAG_SEQ = 0x0600,
	FLAG_NO_CPORT = 0x0800,
	FLAG_TEMPLATE = 0x1000,
	FLAG_ONE_PACKET = 0x2000,

	FORWARD_MASQ = 0,
	FORWARD_LOCAL = 1,
	FORWARD_TUNNEL = 2,
	FORWARD_ROUTE = 3,

	EXTRA_OVER = 0x01,
	EXTRA_TOA = 0x02,
	EXTRA_LOCAL = 0x04,
	EXTRA_BASE = 8,
	EXTRA_V4 = 16,
	EXTRA_V6 = 28,
};

/* LVS's UDP has one state, number 0; how long a state lasts where the sender does not say. */
enum { UDP_NORMAL = 0, UDP_TIMEOUT_S = 300, OVER_TIMEOUT_S = 1 };
static const uint16_t tcp_timeouts_s[] = {
	[SL_STATE_NONE] = 2,      [SL_STATE_ESTABLISHED] = 900, [SL_STATE_SYN_SENT] = 120,
	[SL_STATE_SYN_RECV] = 60, [SL_STATE_FIN_WAIT] = 120,    [SL_STATE_TIME_WAIT] = 120,
	[SL_STATE_CLOSE] = 10,    [SL_STATE_CLOSE_WAIT] = 60,   [SL_STATE_LAST_ACK] = 30,
	[SL_STATE_LISTEN] = 120,  [SL_STATE_SYNACK] = 120,
};

/* Sluice's methods in LVS's numbers. A FullNAT connection is a masqueraded one to who does not know better. */
static const uint8_t forward_numbers[SL_FWD_MAX] = {
	[SL_FWD_NAT] = FORWARD_MASQ,
	[SL_FWD_DR] = FORWARD_ROUTE,
	[SL_FWD_TUN] = FORWARD_TUNNEL,
	[SL_FWD_FNAT] = FORWARD_MASQ,
};

static void entry_write(uint8_t *to, const struct dp_sync_conn *conn, bool six);
static size_t extra_write(uint8_t *to, unsigned int index, const struct dp_sync_conn *conn);
static void extra_read(struct sync_wire_reader *reader, struct dp_sync_conn *conn);
static enum sync_wire_entry entry_read(const uint8_t *entry, size_t size, struct dp_sync_conn *conn);
static enum sync_wire_entry entry_read_v0(const uint8_t *entry, struct dp_sync_conn *conn);
static enum sync_wire_entry conn_finish(struct dp_sync_conn *conn, uint32_t flags, unsigned int state,
					uint32_t timeout_s);

static size_t
aligned(size_t size)
{
	return (size + 3) & ~(size_t)3;
}

/* ---- writing ---- */

void
sync_wire_begin(struct sync_wire_out *out, uint8_t *bytes, size_t max, uint8_t sync_id, size_t tail_size)
{
	out->bytes = bytes;
	out->max = max < SYNC_WIRE_SIZE_MAX ? max : SYNC_WIRE_SIZE_MAX;
	out->size = SYNC_WIRE_HEADER;
	out->tail_size = tail_size;
	out->count = 0;
	out->extras_size = 0;
	memset(bytes, 0, SYNC_WIRE_HEADER);
	bytes[1] = sync_id;
	bytes[5] = 1;
}

bool
sync_wire_add(struct sync_wire_out *out, const struct dp_sync_conn *conn)
{
	uint8_t extra[SYNC_WIRE_EXTRA_MAX];
	size_t extra_size = extra_write(extra, out->count, conn);
	bool six = !sl_addr_is_v4(&conn->client) || !sl_addr_is_v4(&conn->vip) || !sl_addr_is_v4(&conn->real);
	size_t size = six ? SYNC_WIRE_V6 : SYNC_WIRE_V4;

	if (out->count == SYNC_WIRE_ENTRIES_MAX ||
	    out->size + size + out->extras_size + extra_size + out->tail_size > out->max)
		return false;
	entry_write(out->bytes + out->size, conn, six);
	memcpy(out->extras + out->extras_size, extra, extra_size);
	out->extras_size += extra_size;
	out->size += size;
	out->count++;
	return true;
}

void
sync_wire_end(struct sync_wire_out *out, size_t size)
{
	sync_put16(out->bytes + 2, (uint16_t)size);
	out->bytes[4] = (uint8_t)out->count;
}

static uint8_t *
addr_write(uint8_t *to, const struct sl_addr *addr, bool six)
{
	size_t size = six ? 16 : 4;

	memcpy(to, addr->b + 16 - size, size);
	return to + size;
}

static void
entry_write(uint8_t *to, const struct dp_sync_conn *conn, bool six)
{
	bool over = (conn->flags & DP_SYNC_ENDED) != 0, udp = conn->proto == SL_PROTO_UDP;
	unsigned int state = udp ? UDP_NORMAL : over ? (unsigned int)SL_STATE_CLOSE : conn->state;
	uint32_t flags = conn->fwd < SL_FWD_MAX ? forward_numbers[conn->fwd] : FORWARD_MASQ;

	if (!udp && state != SL_STATE_ESTABLISHED)
		flags |= FLAG_INACTIVE;
	if (conn->fwd == SL_FWD_DR || conn->fwd == SL_FWD_TUN)
		flags |= FLAG_NO_OUTPUT;
	to[0] = six ? TYPE_V6 : 0;
	to[1] = conn->proto;
	sync_put16(to + 2, six ? SYNC_WIRE_V6 : SYNC_WIRE_V4);
	sync_put32(to + 4, flags);
	sync_put16(to + 8, (uint16_t)state);
	sync_put16(to + 10, conn->client_port);
	sync_put16(to + 12, conn->vip_port);
	sync_put16(to + 14, conn->real_port);
	sync_put32(to + 16, 0);
	sync_put32(to + 20, over ? (uint32_t)OVER_TIMEOUT_S : conn->timeout_s);
	to = addr_write(to + 24, &conn->client, six);
	to = addr_write(to, &conn->vip, six);
	addr_write(to, &conn->real, six);
}

/* 0: the entry says it all. */
static size_t
extra_write(uint8_t *to, unsigned int index, const struct dp_sync_conn *conn)
{
	bool local = conn->fwd == SL_FWD_FNAT, six = !sl_addr_is_v4(&conn->local);
	uint8_t flags = (uint8_t)((conn->flags & DP_SYNC_ENDED ? EXTRA_OVER : 0) |
				  (conn->flags & DP_SYNC_TOA ? EXTRA_TOA : 0) | (local ? EXTRA_LOCAL : 0));
	size_t size = !local ? EXTRA_BASE : six ? EXTRA_V6 : EXTRA_V4;

	if (flags == 0 && conn->idle_s == 0)
		return 0;
	to[0] = (uint8_t)index;
	to[1] = (uint8_t)size;
	to[2] = flags;
	to[3] = 0;
	sync_put32(to + 4, conn->idle_s);
	if (local) {
		sync_put16(to + 8, conn->local_port);
		sync_put16(to + 10, 0);
		addr_write(to + 12, &conn->local, six);
	}
	return size;
}

/* ---- reading ---- */

/* Whether all entries lie within the message; and where they end. */
static bool
entries_walk(struct sync_wire_message *message)
{
	size_t offset = SYNC_WIRE_HEADER;

	for (unsigned int i = 0; i < message->count; i++) {
		unsigned int ver_size, size;

		if (offset + SYNC_WIRE_V4 > message->size)
			return false;
		ver_size = sync_get16(message->bytes + offset + 2);
		size = ver_size & 0xfff;
		if (ver_size >> 12 != 0 || size < SYNC_WIRE_V4 || offset + size > message->size)
			return false;
		offset += aligned(size);
	}
	if (offset < message->size) {
		message->tail = message->bytes + offset;
		message->tail_size = message->size - offset;
	}
	return true;
}

static size_t
entry_size_v0(const uint8_t *entry)
{
	return V0_ENTRY + ((sync_get16(entry + 20) & FLAG_SEQ) != 0 ? SEQ_SIZE : 0);
}

static bool
entries_walk_v0(const struct sync_wire_message *message)
{
	size_t offset = V0_HEADER;

	for (unsigned int i = 0; i < message->count; i++) {
		if (offset + V0_ENTRY > message->size)
			return false;
		offset += entry_size_v0(message->bytes + offset);
		if (offset > message->size)
			return false;
	}
	return true;
}

bool
sync_wire_open(const uint8_t *bytes, size_t size, struct sync_wire_message *ret_message)
{
	struct sync_wire_message message = { .bytes = bytes, .size = size, .tail = bytes + size };

	if (size < V0_HEADER || sync_get16(bytes + 2) != size)
		return false;
	message.sync_id = bytes[1];
	if (size >= SYNC_WIRE_HEADER && bytes[0] == 0 && bytes[5] == 1 && sync_get16(bytes + 6) == 0) {
		message.version = 1;
		message.count = bytes[4];
		if (!entries_walk(&message))
			return false;
	} else {
		message.count = bytes[0];
		if (!entries_walk_v0(&message))
			return false;
	}
	*ret_message = message;
	return true;
}

void
sync_wire_read(struct sync_wire_reader *reader, const struct sync_wire_message *message,
	       const uint8_t *extras, size_t extras_size)
{
	reader->message = message;
	reader->extras = extras;
	reader->extras_end = extras != NULL ? extras + extras_size : NULL;
	reader->index = 0;
	reader->offset = message->version == 1 ? SYNC_WIRE_HEADER : V0_HEADER;
}

enum sync_wire_entry
sync_wire_next(struct sync_wire_reader *reader, struct dp_sync_conn *ret_conn)
{
	const uint8_t *entry = reader->message->bytes + reader->offset;
	enum sync_wire_entry result;
	size_t size;

	if (reader->index == reader->message->count)
		return SYNC_WIRE_END;
	*ret_conn = (struct dp_sync_conn){ 0 };
	if (reader->message->version == 1) {
		size = sync_get16(entry + 2) & 0xfff;
		result = entry_read(entry, size, ret_conn);
		reader->offset += aligned(size);
	} else {
		result = entry_read_v0(entry, ret_conn);
		reader->offset += entry_size_v0(entry);
	}
	extra_read(reader, ret_conn);
	reader->index++;
	return result;
}

/* Extras stand in the order of their entries. One that is nonsense ends them all. */
static void
extra_read(struct sync_wire_reader *reader, struct dp_sync_conn *conn)
{
	const uint8_t *extra = reader->extras;
	size_t left = extra != NULL ? (size_t)(reader->extras_end - extra) : 0, size;

	if (left < EXTRA_BASE || extra[0] != reader->index)
		return;
	size = extra[1];
	if (size < EXTRA_BASE || size % 4 != 0 || size > left) {
		reader->extras = NULL;
		return;
	}
	reader->extras += size;
	conn->idle_s = sync_get32(extra + 4);
	if ((extra[2] & EXTRA_OVER) != 0)
		conn->flags |= DP_SYNC_ENDED;
	if ((extra[2] & EXTRA_TOA) != 0)
		conn->flags |= DP_SYNC_TOA;
	if ((extra[2] & EXTRA_LOCAL) != 0 && size >= EXTRA_V4) {
		uint32_t four_be;

		conn->fwd = SL_FWD_FNAT;
		conn->local_port = sync_get16(extra + 8);
		memcpy(&four_be, extra + 12, sizeof(four_be));
		conn->local = size >= EXTRA_V6 ? sl_addr_from_v6(extra + 12) : sl_addr_from_v4(four_be);
	}
}

static void
addrs_read(const uint8_t *from, bool six, struct dp_sync_conn *conn)
{
	struct sl_addr *const addrs[] = { &conn->client, &conn->vip, &conn->real };

	for (unsigned int i = 0; i < 3; i++) {
		uint32_t four_be;

		if (six) {
			*addrs[i] = sl_addr_from_v6(from + i * 16);
		} else {
			memcpy(&four_be, from + i * sizeof(four_be), sizeof(four_be));
			*addrs[i] = sl_addr_from_v4(four_be);
		}
	}
}

/* Parameters lie within the entry, and those that must be understood are. What they say is of no use here. */
static bool
parameters_good(const uint8_t *at, const uint8_t *end)
{
	while (at < end) {
		unsigned int type, size;

		if (at + 2 > end)
			return false;
		type = at[0];
		size = at[1];
		at += 2;
		if (size == 0 || at + size > end)
			return false;
		switch (type & ~(unsigned int)PARAMETER_OPTIONAL) {
		case PARAMETER_SEQ:
			if (size != SEQ_SIZE)
				return false;
			break;
		case PARAMETER_PE_DATA:
			break;
		case PARAMETER_PE_NAME:
			if (size > PE_NAME_MAX)
				return false;
			break;
		default:
			if ((type & PARAMETER_OPTIONAL) == 0)
				return false;
		}
		at += size;
	}
	return true;
}

static enum sync_wire_entry
entry_read(const uint8_t *entry, size_t size, struct dp_sync_conn *conn)
{
	bool six = (entry[0] & TYPE_V6) != 0;
	size_t base = six ? SYNC_WIRE_V6 : SYNC_WIRE_V4;

	if ((!six && entry[0] != 0) || size < base || !parameters_good(entry + base, entry + size))
		return SYNC_WIRE_BAD;
	conn->proto = entry[1];
	conn->client_port = sync_get16(entry + 10);
	conn->vip_port = sync_get16(entry + 12);
	conn->real_port = sync_get16(entry + 14);
	addrs_read(entry + 24, six, conn);
	if (six && sl_addr_is_v4(&conn->client) && sl_addr_is_v4(&conn->vip) && sl_addr_is_v4(&conn->real))
		return SYNC_WIRE_BAD;
	return conn_finish(conn, sync_get32(entry + 4), sync_get16(entry + 8), sync_get32(entry + 20));
}

static enum sync_wire_entry
entry_read_v0(const uint8_t *entry, struct dp_sync_conn *conn)
{
	conn->proto = entry[1];
	conn->client_port = sync_get16(entry + 2);
	conn->vip_port = sync_get16(entry + 4);
	conn->real_port = sync_get16(entry + 6);
	addrs_read(entry + 8, false, conn);
	return conn_finish(conn, sync_get16(entry + 20), sync_get16(entry + 22), 0);
}

/* What both versions say of a connection, in Sluice's words. */
static enum sync_wire_entry
conn_finish(struct dp_sync_conn *conn, uint32_t flags, unsigned int state, uint32_t timeout_s)
{
	static const uint8_t forwards[FLAG_FORWARD + 1] = {
		[FORWARD_MASQ] = SL_FWD_NAT,     [FORWARD_LOCAL] = SL_FWD_NAT,
		[FORWARD_TUNNEL] = SL_FWD_TUN,   [FORWARD_ROUTE] = SL_FWD_DR,
		[FORWARD_ROUTE + 1] = UINT8_MAX, [FORWARD_ROUTE + 2] = UINT8_MAX,
		[FORWARD_ROUTE + 3] = UINT8_MAX, [FORWARD_ROUTE + 4] = UINT8_MAX,
	};
	bool udp = conn->proto == SL_PROTO_UDP;

	/* A connection of one packet is none; one whose client's port is not known yet cannot be looked up. */
	if ((flags & (FLAG_ONE_PACKET | FLAG_NO_CPORT)) != 0)
		return SYNC_WIRE_BAD;
	if ((flags & FLAG_TEMPLATE) != 0)
		return SYNC_WIRE_SKIP;
	conn->fwd = forwards[flags & FLAG_FORWARD];
	if (conn->fwd >= SL_FWD_MAX || (!udp && conn->proto != SL_PROTO_TCP) ||
	    state >= (udp ? UDP_NORMAL + 1U : sizeof(tcp_timeouts_s) / sizeof(tcp_timeouts_s[0])))
		return SYNC_WIRE_BAD;
	conn->state = udp ? SL_STATE_UDP : (uint8_t)state;
	if (timeout_s == 0)
		timeout_s = udp ? UDP_TIMEOUT_S : tcp_timeouts_s[state];
	conn->timeout_s = timeout_s < SYNC_WIRE_TIMEOUT_MAX_S ? timeout_s : SYNC_WIRE_TIMEOUT_MAX_S;
	return SYNC_WIRE_CONN;
}
