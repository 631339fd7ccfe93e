/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * LVS's synchronisation messages, byte by byte: what is written, what is read,
 * and what is refused. The bytes are written by hand from the protocol's description.
 */
#include "sl_addr.h"
#include "sl_test.h"
#include "sync_trailer.h"
#include "sync_wire.h"

#include <sluice/conn.h>

#include <stdio.h>

/* clang-format off */
#define V4_ADDRS "c0000201 c6336401 0a000001"
#define V6_ADDRS "20010db8000000000000000000000001 20010db8000000000000000000000002 20010db8000000000000000000000003"
/* 192.0.2.1:1000 198.51.100.1:80 10.0.0.1:8080, TCP, ESTABLISHED, 900 s */
#define V4 "00 06 0024 00000000 0001 03e8 0050 1f90 00000000 00000384 " V4_ADDRS
#define V6 "01 06 0048 00000000 0001 03e8 0050 1f90 00000000 00000384 " V6_ADDRS
#define V0 "00 06 03e8 0050 1f90 " V4_ADDRS
/* clang-format on */

static size_t
bytes_make(const char *text, uint8_t *ret_bytes)
{
	char digits[4096];
	size_t count = 0;

	for (; *text != '\0'; text++) {
		if (*text != ' ')
			digits[count++] = *text;
	}
	assert_true(sl_hex_parse(digits, count, ret_bytes, count / 2));
	return count / 2;
}

static const char *
conn_text(const struct dp_sync_conn *conn)
{
	static char text[512];
	char client[SL_ENDPOINT_STRLEN], vip[SL_ENDPOINT_STRLEN], real[SL_ENDPOINT_STRLEN],
		local[SL_ENDPOINT_STRLEN];

	snprintf(text, sizeof(text), "%u %s %s %s fwd %u state %u %u s idle %u flags %u local %s",
		 conn->proto, sl_endpoint_format(&conn->client, conn->client_port, client),
		 sl_endpoint_format(&conn->vip, conn->vip_port, vip),
		 sl_endpoint_format(&conn->real, conn->real_port, real), conn->fwd, conn->state,
		 conn->timeout_s, conn->idle_s, conn->flags,
		 sl_addr_is_none(&conn->local) ? "-"
					       : sl_endpoint_format(&conn->local, conn->local_port, local));
	return text;
}

/* ---- writing ---- */

static struct sl_addr
addr(const char *text)
{
	struct sl_addr a = { 0 };

	if (text != NULL)
		assert_int_equal(sl_addr_parse(text, &a), 0);
	return a;
}

/* { what, connection, its entry, its extra } */
static const struct {
	const char *name, *client, *vip, *real, *local;
	uint8_t proto, fwd, state, flags;
	uint32_t timeout_s, idle_s;
	const char *entry, *extra;
} writes[] = {
	{ "NAT", "192.0.2.1", "198.51.100.1", "10.0.0.1", NULL, 6, SL_FWD_NAT, 1, 0, 900, 0, V4, "" },
	{ "DR sees no answers", "192.0.2.1", "198.51.100.1", "10.0.0.1", NULL, 6, SL_FWD_DR, 1, 0, 900, 0,
	  "00 06 0024 00000083 0001 03e8 0050 1f90 00000000 00000384 " V4_ADDRS, "" },
	{ "tunnel, no longer established", "192.0.2.1", "198.51.100.1", "10.0.0.1", NULL, 6, SL_FWD_TUN, 4, 0,
	  120, 0, "00 06 0024 00000182 0004 03e8 0050 1f90 00000000 00000078 " V4_ADDRS, "" },
	{ "UDP is never inactive, and in LVS's one state", "192.0.2.1", "198.51.100.1", "10.0.0.1", NULL, 17,
	  SL_FWD_NAT, SL_STATE_UDP, 0, 300, 0,
	  "00 11 0024 00000000 0000 03e8 0050 1f90 00000000 0000012c " V4_ADDRS, "" },
	{ "IPv6", "2001:db8::1", "2001:db8::2", "2001:db8::3", NULL, 6, SL_FWD_NAT, 1, 0, 900, 0, V6, "" },
	{ "IPv6 to IPv4 server", "2001:db8::1", "2001:db8::2", "10.0.0.1", NULL, 6, SL_FWD_NAT, 1, 0, 900, 0,
	  "01 06 0048 00000000 0001 03e8 0050 1f90 00000000 00000384 20010db8000000000000000000000001 "
	  "20010db8000000000000000000000002 00000000000000000000ffff0a000001",
	  "" },
	{ "ended: CLOSE for a second, and said so", "192.0.2.1", "198.51.100.1", "10.0.0.1", NULL, 6,
	  SL_FWD_NAT, 1, DP_SYNC_ENDED, 900, 0,
	  "00 06 0024 00000100 0006 03e8 0050 1f90 00000000 00000001 " V4_ADDRS, "00 08 01 00 00000000" },
	{ "UDP ended", "192.0.2.1", "198.51.100.1", "10.0.0.1", NULL, 17, SL_FWD_NAT, SL_STATE_UDP,
	  DP_SYNC_ENDED, 300, 0, "00 11 0024 00000000 0000 03e8 0050 1f90 00000000 00000001 " V4_ADDRS,
	  "00 08 01 00 00000000" },
	{ "idle", "192.0.2.1", "198.51.100.1", "10.0.0.1", NULL, 6, SL_FWD_NAT, 1, 0, 900, 77, V4,
	  "00 08 00 00 0000004d" },
	{ "full NAT is masquerading to LVS", "192.0.2.1", "198.51.100.1", "10.0.0.1", "10.0.0.9", 6,
	  SL_FWD_FNAT, 1, DP_SYNC_TOA, 900, 3, V4, "00 10 06 00 00000003 2711 0000 0a000009" },
	{ "full NAT, IPv6", "2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8::9", 6, SL_FWD_FNAT, 1, 0,
	  900, 0, V6, "00 1c 04 00 00000000 2711 0000 20010db8000000000000000000000009" },
};

static struct dp_sync_conn
conn_of(size_t i)
{
	return (struct dp_sync_conn){
		.client = addr(writes[i].client),
		.vip = addr(writes[i].vip),
		.real = addr(writes[i].real),
		.local = addr(writes[i].local),
		.client_port = 1000,
		.vip_port = 80,
		.real_port = 8080,
		.local_port = writes[i].local != NULL ? 10001 : 0,
		.proto = writes[i].proto,
		.fwd = writes[i].fwd,
		.state = writes[i].state,
		.flags = writes[i].flags,
		.timeout_s = writes[i].timeout_s,
		.idle_s = writes[i].idle_s,
	};
}

static void
write_and_read_back(void **state)
{
	for (size_t i = 0; i < SL_COUNT(writes); i++) {
		static struct sync_wire_out out;
		const struct dp_sync_conn conn = conn_of(i);
		struct dp_sync_conn back, want = conn;
		struct sync_wire_message message;
		struct sync_wire_reader reader;
		uint8_t bytes[2048], entry[256], extra[64];
		size_t entry_size = bytes_make(writes[i].entry, entry),
		       extra_size = bytes_make(writes[i].extra, extra);
		char wanted[512];

		sync_wire_begin(&out, bytes, sizeof(bytes), 7, 0);
		sl_check(writes[i].name, sync_wire_add(&out, &conn));
		sl_check_int(writes[i].name, out.size, SYNC_WIRE_HEADER + entry_size);
		sync_wire_end(&out, out.size);
		sl_check(writes[i].name, memcmp(bytes + SYNC_WIRE_HEADER, entry, entry_size) == 0);
		sl_check_int(writes[i].name, out.extras_size, extra_size);
		sl_check(writes[i].name, memcmp(out.extras, extra, extra_size) == 0);
		sl_check_int(writes[i].name, bytes[0], 0);
		sl_check_int(writes[i].name, bytes[1], 7);
		sl_check_int(writes[i].name, sync_get16(bytes + 2), out.size);
		sl_check_int(writes[i].name, bytes[4], 1);
		sl_check_int(writes[i].name, bytes[5], 1);

		sl_check(writes[i].name, sync_wire_open(bytes, out.size, &message));
		sync_wire_read(&reader, &message, out.extras, out.extras_size);
		sl_check_int(writes[i].name, sync_wire_next(&reader, &back), SYNC_WIRE_CONN);
		if ((conn.flags & DP_SYNC_ENDED) != 0) {
			want.timeout_s = 1;
			if (want.proto == SL_PROTO_TCP)
				want.state = SL_STATE_CLOSE;
		}
		snprintf(wanted, sizeof(wanted), "%s", conn_text(&want));
		sl_check_str(writes[i].name, conn_text(&back), wanted);
		sl_check_int(writes[i].name, sync_wire_next(&reader, &back), SYNC_WIRE_END);
	}
}

/* A message ends before it would be too long, and never has more than 255 entries. */
static void
full(void **state)
{
	static struct sync_wire_out out;
	static uint8_t bytes[SYNC_WIRE_SIZE_MAX];
	struct dp_sync_conn conn = conn_of(0);
	unsigned int count = 0;

	/* 8 + 38 * 36 = 1376, and 96 for the tail is 1472. */
	sync_wire_begin(&out, bytes, 1472, 0, 96);
	while (sync_wire_add(&out, &conn))
		count++;
	assert_int_equal(count, 38);
	assert_int_equal(out.size, 1376);

	count = 0;
	conn.idle_s = 1;
	sync_wire_begin(&out, bytes, 1472, 0, 96);
	while (sync_wire_add(&out, &conn))
		count++;
	assert_int_equal(count, (1472 - 8 - 96) / 44);

	count = 0;
	sync_wire_begin(&out, bytes, sizeof(bytes), 0, 96);
	while (sync_wire_add(&out, &conn))
		count++;
	assert_int_equal(count, 255);
}

/* ---- reading ---- */

#define NAT_CONN "6 192.0.2.1:1000 198.51.100.1:80 10.0.0.1:8080 fwd 0 state 1 900 s idle 0 flags 0 local -"

/* { what, the message, how its first entry is taken; as text, if it is a connection } */
static const struct {
	const char *name, *message;
	enum sync_wire_entry entry;
	const char *conn;
} reads[] = {
	{ "one", "00 00 002c 01 01 0000 " V4, SYNC_WIRE_CONN, NAT_CONN },
	{ "IPv6", "00 00 0050 01 01 0000 " V6, SYNC_WIRE_CONN,
	  "6 [2001:db8::1]:1000 [2001:db8::2]:80 [2001:db8::3]:8080 fwd 0 state 1 900 s idle 0 flags 0 local "
	  "-" },
	{ "none", "00 00 0008 00 01 0000", SYNC_WIRE_END, NULL },
	{ "HASHED, SYNC and INACTIVE are not ours to look at",
	  "00 00 002c 01 01 0000 00 06 0024 00000160 0001 03e8 0050 1f90 00000000 00000384 " V4_ADDRS,
	  SYNC_WIRE_CONN, NAT_CONN },
	{ "tunnel",
	  "00 00 002c 01 01 0000 00 06 0024 00000082 0001 03e8 0050 1f90 00000000 00000384 " V4_ADDRS,
	  SYNC_WIRE_CONN,
	  "6 192.0.2.1:1000 198.51.100.1:80 10.0.0.1:8080 fwd 2 state 1 900 s idle 0 flags 0 local -" },
	{ "direct routing",
	  "00 00 002c 01 01 0000 00 06 0024 00000083 0001 03e8 0050 1f90 00000000 00000384 " V4_ADDRS,
	  SYNC_WIRE_CONN,
	  "6 192.0.2.1:1000 198.51.100.1:80 10.0.0.1:8080 fwd 1 state 1 900 s idle 0 flags 0 local -" },
	{ "local node: the server's own method counts",
	  "00 00 002c 01 01 0000 00 06 0024 00000001 0001 03e8 0050 1f90 00000000 00000384 " V4_ADDRS,
	  SYNC_WIRE_CONN, NAT_CONN },
	{ "bypass has no server",
	  "00 00 002c 01 01 0000 00 06 0024 00000004 0001 03e8 0050 1f90 00000000 00000384 " V4_ADDRS,
	  SYNC_WIRE_BAD, NULL },
	{ "a template",
	  "00 00 002c 01 01 0000 00 06 0024 00001000 0000 0000 0050 1f90 00000000 00000384 " V4_ADDRS,
	  SYNC_WIRE_SKIP, NULL },
	{ "a template without the client's port",
	  "00 00 002c 01 01 0000 00 06 0024 00001800 0000 0000 0050 1f90 00000000 00000384 " V4_ADDRS,
	  SYNC_WIRE_BAD, NULL },
	{ "one packet",
	  "00 00 002c 01 01 0000 00 11 0024 00002000 0000 03e8 0050 1f90 00000000 00000384 " V4_ADDRS,
	  SYNC_WIRE_BAD, NULL },
	{ "no client port yet",
	  "00 00 002c 01 01 0000 00 06 0024 00000800 0001 0000 0050 1f90 00000000 00000384 " V4_ADDRS,
	  SYNC_WIRE_BAD, NULL },
	{ "a mark is of no interest",
	  "00 00 002c 01 01 0000 00 06 0024 00000000 0001 03e8 0050 1f90 00000005 00000384 " V4_ADDRS,
	  SYNC_WIRE_CONN, NAT_CONN },
	{ "no timeout: the state's",
	  "00 00 002c 01 01 0000 00 06 0024 00000100 0007 03e8 0050 1f90 00000000 00000000 " V4_ADDRS,
	  SYNC_WIRE_CONN,
	  "6 192.0.2.1:1000 198.51.100.1:80 10.0.0.1:8080 fwd 0 state 7 60 s idle 0 flags 0 local -" },
	{ "a timeout without end is a month",
	  "00 00 002c 01 01 0000 00 06 0024 00000000 0001 03e8 0050 1f90 00000000 ffffffff " V4_ADDRS,
	  SYNC_WIRE_CONN,
	  "6 192.0.2.1:1000 198.51.100.1:80 10.0.0.1:8080 fwd 0 state 1 2678400 s idle 0 flags 0 local -" },
	{ "TCP's last state",
	  "00 00 002c 01 01 0000 00 06 0024 00000100 000a 03e8 0050 1f90 00000000 00000001 " V4_ADDRS,
	  SYNC_WIRE_CONN,
	  "6 192.0.2.1:1000 198.51.100.1:80 10.0.0.1:8080 fwd 0 state 10 1 s idle 0 flags 0 local -" },
	{ "a state past it",
	  "00 00 002c 01 01 0000 00 06 0024 00000100 000b 03e8 0050 1f90 00000000 00000001 " V4_ADDRS,
	  SYNC_WIRE_BAD, NULL },
	{ "UDP", "00 00 002c 01 01 0000 00 11 0024 00000000 0000 03e8 0050 1f90 00000000 0000012c " V4_ADDRS,
	  SYNC_WIRE_CONN,
	  "17 192.0.2.1:1000 198.51.100.1:80 10.0.0.1:8080 fwd 0 state 11 300 s idle 0 flags 0 local -" },
	{ "UDP has one state",
	  "00 00 002c 01 01 0000 00 11 0024 00000000 0001 03e8 0050 1f90 00000000 0000012c " V4_ADDRS,
	  SYNC_WIRE_BAD, NULL },
	{ "SCTP", "00 00 002c 01 01 0000 00 84 0024 00000000 0001 03e8 0050 1f90 00000000 0000012c " V4_ADDRS,
	  SYNC_WIRE_BAD, NULL },
	{ "an unknown type",
	  "00 00 002c 01 01 0000 02 06 0024 00000000 0001 03e8 0050 1f90 00000000 00000384 " V4_ADDRS,
	  SYNC_WIRE_BAD, NULL },
	{ "IPv6 in the room of IPv4",
	  "00 00 002c 01 01 0000 01 06 0024 00000000 0001 03e8 0050 1f90 00000000 00000384 " V4_ADDRS,
	  SYNC_WIRE_BAD, NULL },
	{ "IPv4 dressed as IPv6",
	  "00 00 0050 01 01 0000 01 06 0048 00000000 0001 03e8 0050 1f90 00000000 00000384 "
	  "00000000000000000000ffffc0000201 00000000000000000000ffffc6336401 "
	  "00000000000000000000ffff0a000001",
	  SYNC_WIRE_BAD, NULL },
	{ "sequence data",
	  "00 00 0046 01 01 0000 00 06 003e 00000600 0001 03e8 0050 1f90 00000000 00000384 " V4_ADDRS
	  "01 18 000000010000000200000003 000000040000000500000006",
	  SYNC_WIRE_CONN, NAT_CONN },
	{ "sequence data that is too short",
	  "00 00 0045 01 01 0000 00 06 003d 00000600 0001 03e8 0050 1f90 00000000 00000384 " V4_ADDRS
	  "01 17 000000010000000200000003 0000000400000005000000",
	  SYNC_WIRE_BAD, NULL },
	{ "persistence engine",
	  "00 00 0038 01 01 0000 00 06 0030 00000000 0001 03e8 0050 1f90 00000000 00000384 " V4_ADDRS
	  "02 04 61626364 03 04 73697000",
	  SYNC_WIRE_CONN, NAT_CONN },
	{ "a name that is too long",
	  "00 00 003f 01 01 0000 00 06 0037 00000000 0001 03e8 0050 1f90 00000000 00000384 " V4_ADDRS
	  "03 11 7373737373737373737373737373737373",
	  SYNC_WIRE_BAD, NULL },
	{ "an unknown parameter that need not be understood",
	  "00 00 0030 01 01 0000 00 06 0028 00000000 0001 03e8 0050 1f90 00000000 00000384 " V4_ADDRS
	  "50 02 abcd",
	  SYNC_WIRE_CONN, NAT_CONN },
	{ "one that must be",
	  "00 00 0030 01 01 0000 00 06 0028 00000000 0001 03e8 0050 1f90 00000000 00000384 " V4_ADDRS
	  "10 02 abcd",
	  SYNC_WIRE_BAD, NULL },
	{ "a parameter of no size",
	  "00 00 002e 01 01 0000 00 06 0026 00000000 0001 03e8 0050 1f90 00000000 00000384 " V4_ADDRS "50 00",
	  SYNC_WIRE_BAD, NULL },
	{ "a parameter past the entry's end",
	  "00 00 0030 01 01 0000 00 06 0028 00000000 0001 03e8 0050 1f90 00000000 00000384 " V4_ADDRS
	  "50 03 abcd",
	  SYNC_WIRE_BAD, NULL },
	{ "half a parameter",
	  "00 00 002d 01 01 0000 00 06 0025 00000000 0001 03e8 0050 1f90 00000000 00000384 " V4_ADDRS "50",
	  SYNC_WIRE_BAD, NULL },
	{ "version 0", "01 00 001c " V0 "0000 0001", SYNC_WIRE_CONN, NAT_CONN },
	{ "version 0, with sequence data",
	  "01 00 0034 " V0 "0703 0004 000000010000000200000003 000000040000000500000006", SYNC_WIRE_CONN,
	  "6 192.0.2.1:1000 198.51.100.1:80 10.0.0.1:8080 fwd 1 state 4 120 s idle 0 flags 0 local -" },
	{ "version 0, a template", "01 00 001c " V0 "1000 0000", SYNC_WIRE_SKIP, NULL },
	{ "version 0, a state too many", "01 00 001c " V0 "0000 000b", SYNC_WIRE_BAD, NULL },
	{ "version 1 with something in its reserved bytes is version 0",
	  "01 00 001e 06 01 0001 03e8 0050 1f90 c0000201 c6336401 0a000001 00000000", SYNC_WIRE_BAD, NULL },
};

static void
read_entries(void **state)
{
	for (size_t i = 0; i < SL_COUNT(reads); i++) {
		uint8_t bytes[2048];
		size_t size = bytes_make(reads[i].message, bytes);
		struct sync_wire_message message;
		struct sync_wire_reader reader;
		struct dp_sync_conn conn;

		sl_check(reads[i].name, sync_wire_open(bytes, size, &message));
		sync_wire_read(&reader, &message, NULL, 0);
		sl_check_int(reads[i].name, sync_wire_next(&reader, &conn), reads[i].entry);
		if (reads[i].conn != NULL)
			sl_check_str(reads[i].name, conn_text(&conn), reads[i].conn);
	}
}

/* An entry that is refused, or has parameters and padding, does not hide the next. */
static void
several(void **state)
{
	static const char text[] =
		"00 00 00f0 05 01 0000 "
		"00 84 0024 00000000 0001 03e8 0050 1f90 00000000 0000012c " V4_ADDRS
		"00 06 0027 00000000 0001 03e8 0050 1f90 00000000 00000384 " V4_ADDRS "50 01 ff 00 " V6 V4 V4;
	static const enum sync_wire_entry want[] = { SYNC_WIRE_BAD,  SYNC_WIRE_CONN, SYNC_WIRE_CONN,
						     SYNC_WIRE_CONN, SYNC_WIRE_CONN, SYNC_WIRE_END,
						     SYNC_WIRE_END };
	uint8_t bytes[2048];
	size_t size = bytes_make(text, bytes);
	struct sync_wire_message message;
	struct sync_wire_reader reader;
	struct dp_sync_conn conn;

	sync_put16(bytes + 2, (uint16_t)size);
	assert_true(sync_wire_open(bytes, size, &message));
	sync_wire_read(&reader, &message, NULL, 0);
	for (size_t i = 0; i < SL_COUNT(want); i++)
		sl_check_int("entry", sync_wire_next(&reader, &conn), want[i]);
	assert_int_equal(message.tail_size, 0);
}

/* { what, the message }: cut short, or not what it says */
static const struct {
	const char *name, *message;
} cuts[] = {
	{ "nothing", "" },
	{ "three bytes", "000003" },
	{ "less than it says", "00 00 002d 01 01 0000 " V4 },
	{ "more than it says", "00 00 002b 01 01 0000 " V4 },
	{ "an entry too few", "00 00 002c 02 01 0000 " V4 },
	{ "an entry of no size",
	  "00 00 002c 01 01 0000 00 06 0000 00000000 0001 03e8 0050 1f90 00000000 00000384 " V4_ADDRS },
	{ "an entry shorter than any",
	  "00 00 002c 01 01 0000 00 06 0023 00000000 0001 03e8 0050 1f90 00000000 00000384 " V4_ADDRS },
	{ "an entry past the end",
	  "00 00 002c 01 01 0000 00 06 0025 00000000 0001 03e8 0050 1f90 00000000 00000384 " V4_ADDRS },
	{ "an entry of another version",
	  "00 00 002c 01 01 0000 00 06 1024 00000000 0001 03e8 0050 1f90 00000000 00000384 " V4_ADDRS },
	{ "version 0, an entry too few", "02 00 001c " V0 "0000 0001" },
	{ "version 0, sequence data that is not there", "01 00 001c " V0 "0200 0001" },
};

static void
cut_short(void **state)
{
	uint8_t bytes[2048];
	struct sync_wire_message message;

	for (size_t i = 0; i < SL_COUNT(cuts); i++)
		sl_check(cuts[i].name, !sync_wire_open(bytes, bytes_make(cuts[i].message, bytes), &message));
}

/* { what, the extras of a message with two entries, idle seconds of either, flags of either } */
static const struct {
	const char *name, *extras;
	uint32_t idle_s[2];
	uint8_t flags[2], fwd[2];
} extras[] = {
	{ "of the second", "01 08 02 00 00000005", { 0, 5 }, { 0, DP_SYNC_TOA }, { 0, 0 } },
	{ "of both", "00 08 00 00 00000005 01 08 00 00 00000006", { 5, 6 }, { 0, 0 }, { 0, 0 } },
	{ "longer than we know",
	  "00 20 00 00 00000005"
	  "000000000000000000000000000000000000000000000000"
	  "01 08 00 00 00000006",
	  { 5, 6 },
	  { 0, 0 },
	  { 0, 0 } },
	{ "an address that is not there", "00 08 04 00 00000005", { 5, 0 }, { 0, 0 }, { 0, 0 } },
	{ "out of order", "01 08 00 00 00000005 00 08 00 00 00000006", { 0, 5 }, { 0, 0 }, { 0, 0 } },
	{ "of no entry", "09 08 00 00 00000005", { 0, 0 }, { 0, 0 }, { 0, 0 } },
	{ "past the end", "00 0c 00 00 00000005", { 0, 0 }, { 0, 0 }, { 0, 0 } },
	{ "of no size", "00 00 00 00 00000005 01 08 00 00 00000006", { 0, 0 }, { 0, 0 }, { 0, 0 } },
	{ "half of one", "00 08 00 00", { 0, 0 }, { 0, 0 }, { 0, 0 } },
	{ "full NAT", "01 10 04 00 00000000 2711 0000 0a000009", { 0, 0 }, { 0, 0 }, { 0, SL_FWD_FNAT } },
};

static void
read_extras(void **state)
{
	uint8_t bytes[2048], extra[64];
	size_t size = bytes_make("00 00 0050 02 01 0000 " V4 V4, bytes);

	for (size_t i = 0; i < SL_COUNT(extras); i++) {
		struct sync_wire_message message;
		struct sync_wire_reader reader;
		struct dp_sync_conn conn;

		assert_true(sync_wire_open(bytes, size, &message));
		sync_wire_read(&reader, &message, extra, bytes_make(extras[i].extras, extra));
		for (unsigned int k = 0; k < 2; k++) {
			sl_check_int(extras[i].name, sync_wire_next(&reader, &conn), SYNC_WIRE_CONN);
			sl_check_int(extras[i].name, conn.idle_s, extras[i].idle_s[k]);
			sl_check_int(extras[i].name, conn.flags, extras[i].flags[k]);
			sl_check_int(extras[i].name, conn.fwd, extras[i].fwd[k]);
		}
	}
}

/* ---- the trailer ---- */

static size_t
message_make(uint8_t *bytes, const char *key_text)
{
	static struct sync_wire_out out;
	const struct dp_sync_conn conns[2] = { conn_of(0), conn_of(9) };
	const struct sync_trailer trailer = {
		.flags = SYNC_FLAG_IN_SYNC,
		.threads = 2,
		.thread = 1,
		.boot_id = 0x0102030405060708,
		.echo = UINT64_MAX,
		.number = 1000,
		.count = 5,
		.mark = 6,
	};
	struct sync_key key;

	sync_key_init(&key, key_text, strlen(key_text));
	sync_wire_begin(&out, bytes, 1472, 0, sync_trailer_room(&key));
	assert_true(sync_wire_add(&out, &conns[0]) && sync_wire_add(&out, &conns[1]));
	return sync_trailer_write(&out, &trailer, &key);
}

static void
trailer_round(void **state)
{
	uint8_t bytes[1472];
	size_t size = message_make(bytes, "secret");
	struct sync_wire_message message;
	struct sync_wire_reader reader;
	struct sync_trailer trailer;
	struct dp_sync_conn conn;
	struct sync_key key;

	sync_key_init(&key, "secret", 6);
	assert_int_equal(size, 8 + 2 * 36 + 56 + 16 + 32);
	assert_true(sync_wire_open(bytes, size, &message));
	assert_int_equal(sync_trailer_read(&message, &key, &trailer), SYNC_TRAILER_GOOD);
	assert_int_equal(trailer.flags, SYNC_FLAG_IN_SYNC);
	assert_int_equal(trailer.threads, 2);
	assert_int_equal(trailer.thread, 1);
	assert_true(trailer.boot_id == 0x0102030405060708 && trailer.echo == UINT64_MAX);
	assert_true(trailer.number == 1000 && trailer.count == 5 && trailer.mark == 6);
	sync_wire_read(&reader, &message, trailer.extras, trailer.extras_size);
	assert_int_equal(sync_wire_next(&reader, &conn), SYNC_WIRE_CONN);
	assert_int_equal(conn.fwd, SL_FWD_NAT);
	assert_int_equal(sync_wire_next(&reader, &conn), SYNC_WIRE_CONN);
	assert_int_equal(conn.fwd, SL_FWD_FNAT);
	assert_int_equal(conn.local_port, 10001);
}

/* { what, key of the writer, of the reader, byte that is changed (-1: none), what is found } */
static const struct {
	const char *name, *written, *read;
	int changed;
	enum sync_trailer_result result;
} signatures[] = {
	{ "the same key", "secret", "secret", -1, SYNC_TRAILER_GOOD },
	{ "no key", "", "", -1, SYNC_TRAILER_GOOD },
	{ "another key", "secret", "Secret", -1, SYNC_TRAILER_FORGED },
	{ "unsigned", "", "secret", -1, SYNC_TRAILER_UNSIGNED },
	{ "signed, and nothing to check it by", "secret", "", -1, SYNC_TRAILER_UNSIGNED },
	{ "another sync id", "secret", "secret", 1, SYNC_TRAILER_FORGED },
	{ "another client", "secret", "secret", 8 + 24, SYNC_TRAILER_FORGED },
	{ "another flag", "secret", "secret", 80 + 5, SYNC_TRAILER_FORGED },
	{ "another number", "secret", "secret", 80 + 39, SYNC_TRAILER_FORGED },
	{ "another local port", "secret", "secret", 80 + 56 + 9, SYNC_TRAILER_FORGED },
	{ "another signature", "secret", "secret", 80 + 56 + 16 + 31, SYNC_TRAILER_FORGED },
	{ "another magic is LVS's", "secret", "secret", 80, SYNC_TRAILER_NONE },
	{ "another version", "secret", "secret", 84, SYNC_TRAILER_BAD },
	{ "more extras than there are", "secret", "secret", 89, SYNC_TRAILER_BAD },
	{ "a signature of another size", "secret", "secret", 91, SYNC_TRAILER_BAD },
};

static void
trailer_signed(void **state)
{
	for (size_t i = 0; i < SL_COUNT(signatures); i++) {
		uint8_t bytes[1472];
		size_t size = message_make(bytes, signatures[i].written);
		struct sync_wire_message message;
		struct sync_trailer trailer;
		struct sync_key key;

		sync_key_init(&key, signatures[i].read, strlen(signatures[i].read));
		if (signatures[i].changed >= 0)
			bytes[signatures[i].changed] ^= 1;
		sl_check(signatures[i].name, sync_wire_open(bytes, size, &message));
		sl_check_int(signatures[i].name, sync_trailer_read(&message, &key, &trailer),
			     signatures[i].result);
	}
}

/* Whatever is cut off at the end, nothing is taken for good. */
static void
trailer_cut(void **state)
{
	uint8_t bytes[1472];
	size_t size = message_make(bytes, "secret");
	struct sync_key key;

	sync_key_init(&key, "secret", 6);
	for (size_t less = 1; less < size; less++) {
		struct sync_wire_message message;
		struct sync_trailer trailer;

		sync_put16(bytes + 2, (uint16_t)(size - less));
		assert_true(!sync_wire_open(bytes, size - less, &message) ||
			    sync_trailer_read(&message, &key, &trailer) != SYNC_TRAILER_GOOD);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(write_and_read_back), cmocka_unit_test(full),
		cmocka_unit_test(read_entries),        cmocka_unit_test(several),
		cmocka_unit_test(cut_short),           cmocka_unit_test(read_extras),
		cmocka_unit_test(trailer_round),       cmocka_unit_test(trailer_signed),
		cmocka_unit_test(trailer_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
