/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Adverts to and from bytes. The oracle is keepalived 2.2.7: its own frames, as captured, are
 * taken, and ours differ from them in the IP identification (and IPv6 flow label) alone. Then each way to be wrong.
 */
#include "vrrp_packet.h"

#include "sl_addr.h"
#include "sl_sha256.h"
#include "sl_test.h"

#include <sluice/ka.h>

#include <stdio.h>

enum { ADDRS = 4 };

/* One instance in keepalived's configuration, and what it sent. */
struct sample {
	const char *name;
	struct vrrp_wire wire;
	const char *addrs[ADDRS];
	uint8_t priority;
	const char *source, *dst, *frame;
};

static const struct sample samples[] = {
	{ "v2 with a password",
	  { .family = 4,
	    .version = 2,
	    .vrid = 51,
	    .advert_ms = 1000,
	    .auth = KA_AUTH_PASS,
	    .auth_pass = "secret" },
	  { "192.0.2.1", "192.0.2.2" },
	  150,
	  "198.51.100.1",
	  "224.0.0.18",
	  "01005e0000125e44f089d893080045c0002c00010000ff70b059c6336401e0000012"
	  "2133960201018778c0000201c00002027365637265740000" },
	{ "v2, priority 0",
	  { .family = 4,
	    .version = 2,
	    .vrid = 51,
	    .advert_ms = 1000,
	    .auth = KA_AUTH_PASS,
	    .auth_pass = "secret" },
	  { "192.0.2.1", "192.0.2.2" },
	  0,
	  "198.51.100.1",
	  "224.0.0.18",
	  "01005e0000125e44f089d893080045c0002c00090000ff70b051c6336401e0000012"
	  "2133000201011d79c0000201c00002027365637265740000" },
	{ "v3 over IPv4",
	  { .family = 4, .version = 3, .vrid = 52, .advert_ms = 100 },
	  { "192.0.2.3" },
	  100,
	  "198.51.100.1",
	  "224.0.0.18",
	  "01005e0000125e44f089d893080045c0002000010000ff70b065c6336401e0000012"
	  "31346401000a9df8c0000203" },
	{ "v3 over IPv6",
	  { .family = 6, .version = 3, .vrid = 53, .advert_ms = 100 },
	  { "fe80::5", "2001:db8::1" },
	  100,
	  "fe80::5c44:f0ff:fe89:d893",
	  "ff02::12",
	  "3333000000125e44f089d89386dd6c03a9cf002870fffe800000000000005c44f0fffe89d893"
	  "ff02000000000000000000000000001231356402000a1bee"
	  "fe80000000000000000000000000000520010db8000000000000000000000001" },
	{ "v2 to a unicast peer",
	  { .family = 4, .version = 2, .vrid = 54, .advert_ms = 1000, .unicast = true },
	  { "192.0.2.4" },
	  100,
	  "198.51.100.1",
	  "198.51.100.2",
	  "36d5c144569d5e44f089d893080045c0002800010000ff70663ac6336401c6336402"
	  "213664010001b8c2c00002040000000000000000" },
};

static size_t
bytes_make(const char *hex, uint8_t *ret_bytes)
{
	size_t size = strlen(hex) / 2;

	assert_true(sl_hex_parse(hex, 2 * size, ret_bytes, size));
	return size;
}

/* The wire of a sample, with its addresses in `ret_addrs`. */
static struct vrrp_wire
wire_make(const struct sample *sample, struct sl_addr ret_addrs[ADDRS])
{
	struct vrrp_wire wire = sample->wire;

	for (wire.addr_count = 0; wire.addr_count < ADDRS && sample->addrs[wire.addr_count] != NULL;
	     wire.addr_count++)
		sl_addr_parse(sample->addrs[wire.addr_count], &ret_addrs[wire.addr_count]);
	wire.addrs = ret_addrs;
	return wire;
}

static void
keepalived(void **state)
{
	for (size_t i = 0; i < SL_COUNT(samples); i++) {
		const struct sample *sample = &samples[i];
		struct sl_addr addrs[ADDRS], source, dst;
		struct vrrp_wire wire = wire_make(sample, addrs);
		uint8_t theirs[256], ours[DP_HA_FRAME_MAX], family, vrid;
		size_t len = bytes_make(sample->frame, theirs);
		struct vrrp_advert advert;

		sl_check(sample->name, vrrp_packet_key(theirs, len, &family, &vrid));
		sl_check_int(sample->name, family, wire.family);
		sl_check_int(sample->name, vrid, wire.vrid);
		sl_check_int(sample->name, vrrp_packet_parse(&wire, theirs, len, &advert), VRRP_OK);
		sl_check_int(sample->name, advert.priority, sample->priority);
		sl_check_int(sample->name, advert.advert_ms, wire.advert_ms);
		sl_check_int(sample->name, advert.addrs_differ, false);
		sl_addr_parse(sample->source, &source);
		sl_addr_parse(sample->dst, &dst);
		sl_check(sample->name, sl_addr_eq(&advert.source, &source));

		sl_check_int(sample->name,
			     vrrp_packet_build(&wire, sample->priority, &source, &dst, 255, theirs + 6, ours),
			     len);
		/* What may differ: the identification with its checksum, the flow label, a neighbour's MAC. */
		if (wire.family == 4) {
			memcpy(ours + 18, theirs + 18, 2);
			memcpy(ours + 24, theirs + 24, 2);
		} else {
			ours[15] = (uint8_t)((ours[15] & 0xf0) | (theirs[15] & 0x0f));
			memcpy(ours + 16, theirs + 16, 2);
		}
		if (wire.unicast)
			memcpy(ours, theirs, 6);
		sl_check_int(sample->name, memcmp(ours, theirs, len), 0);
	}
}

/* What is changed in a good frame. */
struct bad {
	const char *name;
	unsigned int sample;
	int at; /* byte of the frame; -1: none */
	uint8_t value;
	int cut;  /* bytes less; below zero: more, as Ethernet pads */
	bool sum; /* the checksums are made right again */
	enum vrrp_verdict verdict;
};

enum { IP4 = 14, VRRP4 = 34, VRRP6 = 54 };

static const struct bad bads[] = {
	{ "as it is", 0, -1, 0, 0, false, VRRP_OK },
	{ "padded", 2, -1, 0, -14, false, VRRP_OK },
	{ "padded, IPv6", 3, -1, 0, -3, false, VRRP_OK },
	{ "cut in the password", 0, -1, 0, 1, false, VRRP_BAD_LENGTH },
	{ "cut in the addresses", 2, -1, 0, 1, false, VRRP_BAD_LENGTH },
	{ "cut in the header", 2, -1, 0, 6, false, VRRP_BAD_LENGTH },
	{ "cut, IPv6", 3, -1, 0, 1, false, VRRP_BAD_LENGTH },
	{ "more addresses than there are", 2, VRRP4 + 3, 200, 0, true, VRRP_BAD_LENGTH },
	{ "fewer addresses than there are", 0, VRRP4 + 3, 1, 0, true, VRRP_BAD_AUTH },
	{ "fewer addresses than there are, v3", 3, VRRP6 + 3, 1, 0, true, VRRP_BAD_LENGTH },
	{ "IP says less than there is", 2, IP4 + 3, 0x1f, 0, true, VRRP_BAD_LENGTH },
	{ "IP says more than there is", 2, IP4 + 3, 0x40, 0, true, VRRP_BAD_LENGTH },
	{ "IP says nothing", 2, IP4 + 3, 0, 0, true, VRRP_BAD_LENGTH },
	{ "IPv6 says more than there is", 3, 14 + 5, 0x29, 0, true, VRRP_BAD_LENGTH },
	{ "TTL 254", 0, IP4 + 8, 254, 0, true, VRRP_BAD_TTL },
	{ "hop limit 254", 3, 14 + 7, 254, 0, true, VRRP_BAD_TTL },
	{ "TTL 64 from a unicast peer", 4, IP4 + 8, 64, 0, true, VRRP_OK },
	{ "version 3 instead of 2", 4, VRRP4, 0x31, 0, true, VRRP_BAD_VERSION },
	{ "version 2 instead of 3, which is shorter", 2, VRRP4, 0x21, 0, true, VRRP_BAD_LENGTH },
	{ "version 4", 2, VRRP4, 0x41, 0, true, VRRP_BAD_VERSION },
	{ "no password", 0, VRRP4 + 4, 0, 0, true, VRRP_BAD_AUTH },
	{ "AH", 0, VRRP4 + 4, 2, 0, true, VRRP_BAD_AUTH },
	{ "another password", 0, VRRP4 + 16, 'S', 0, true, VRRP_BAD_AUTH },
	{ "a password where none is wanted", 4, VRRP4 + 4, 1, 0, true, VRRP_BAD_AUTH },
	{ "another interval, v2", 0, VRRP4 + 5, 2, 0, true, VRRP_BAD_INTERVAL },
	{ "another interval, v3", 2, VRRP4 + 5, 100, 0, true, VRRP_OK },
	{ "an interval of nothing, v3", 2, VRRP4 + 5, 0, 0, true, VRRP_BAD_INTERVAL },
	{ "reserved bits, v3", 2, VRRP4 + 4, 0xf0, 0, true, VRRP_OK },
	{ "type 2", 0, VRRP4, 0x22, 0, true, VRRP_BAD_TYPE },
	{ "checksum, v2", 0, VRRP4 + 6, 0x88, 0, false, VRRP_BAD_CHECKSUM },
	{ "checksum, v3", 2, VRRP4 + 6, 0, 0, false, VRRP_BAD_CHECKSUM },
	{ "checksum, IPv6", 3, VRRP6 + 7, 0, 0, false, VRRP_BAD_CHECKSUM },
	{ "pseudo header: another source", 2, IP4 + 15, 9, 0, false, VRRP_BAD_CHECKSUM },
	{ "multicast, where a unicast peer is wanted", 4, IP4 + 16, 224, 0, true, VRRP_BAD_SOURCE },
	{ "unicast, where multicast is wanted", 0, IP4 + 16, 198, 0, true, VRRP_BAD_SOURCE },
	{ "from a multicast address", 0, IP4 + 12, 224, 0, true, VRRP_BAD_SOURCE },
	{ "a fragment", 0, IP4 + 6, 0x20, 0, true, VRRP_BAD_LENGTH },
	{ "the end of one", 0, IP4 + 7, 1, 0, true, VRRP_BAD_LENGTH },
	{ "not to be fragmented", 0, IP4 + 6, 0x40, 0, true, VRRP_OK },
	{ "UDP", 0, IP4 + 9, 17, 0, true, VRRP_BAD_LENGTH },
	{ "a header of 16 bytes", 0, IP4, 0x44, 0, true, VRRP_BAD_LENGTH },
	{ "a header of 60 bytes", 0, IP4, 0x4f, 0, true, VRRP_BAD_LENGTH },
	{ "IPv4 of version 5", 0, IP4, 0x55, 0, true, VRRP_BAD_LENGTH },
	{ "ARP", 0, 13, 0x06, 0, true, VRRP_BAD_LENGTH },
};

static void
sums_repair(const struct vrrp_wire *wire, uint8_t *frame, size_t len)
{
	uint8_t *vrrp = frame + (wire->family == 4 ? VRRP4 : VRRP6);
	size_t vrrp_len = len - (size_t)(vrrp - frame);
	uint32_t sum = 0;
	uint16_t check;

	if (wire->version == 3) {
		sum = vrrp_sum(112 + (uint32_t)vrrp_len, vrrp - (wire->family == 4 ? 8 : 32),
			       wire->family == 4 ? 8 : 32);
	}
	vrrp[6] = vrrp[7] = 0;
	check = vrrp_sum_end(vrrp_sum(sum, vrrp, vrrp_len));
	vrrp[6] = (uint8_t)(check >> 8);
	vrrp[7] = (uint8_t)check;
}

static void
wrong(void **state)
{
	for (size_t i = 0; i < SL_COUNT(bads); i++) {
		const struct bad *bad = &bads[i];
		struct sl_addr addrs[ADDRS];
		struct vrrp_wire wire = wire_make(&samples[bad->sample], addrs);
		uint8_t frame[256] = { 0 };
		size_t len = bytes_make(samples[bad->sample].frame, frame);
		struct vrrp_advert advert;

		if (bad->at >= 0)
			frame[bad->at] = bad->value;
		if (bad->sum)
			sums_repair(&wire, frame, len);
		sl_check_int(bad->name,
			     vrrp_packet_parse(&wire, frame, (size_t)((long)len - bad->cut), &advert),
			     bad->verdict);
	}
}

/* { what, addresses here, do they differ from 192.0.2.1, 192.0.2.2 } */
static const struct {
	const char *name, *addrs[ADDRS];
	bool skip, differ;
} lists[] = {
	{ "the same", { "192.0.2.1", "192.0.2.2" }, false, false },
	{ "in another order", { "192.0.2.2", "192.0.2.1" }, false, false },
	{ "one more", { "192.0.2.1", "192.0.2.2", "192.0.2.3" }, false, true },
	{ "one less", { "192.0.2.1" }, false, true },
	{ "another", { "192.0.2.1", "192.0.2.3" }, false, true },
	{ "another, but nobody looks", { "192.0.2.1", "192.0.2.3" }, true, false },
};

static void
address_lists(void **state)
{
	for (size_t i = 0; i < SL_COUNT(lists); i++) {
		struct sample sample = samples[0];
		struct sl_addr addrs[ADDRS];
		struct vrrp_wire wire;
		uint8_t frame[256];
		size_t len = bytes_make(sample.frame, frame);
		struct vrrp_advert advert;

		memcpy(sample.addrs, lists[i].addrs, sizeof(sample.addrs));
		wire = wire_make(&sample, addrs);
		wire.skip_check_addrs = lists[i].skip;
		sl_check_int(lists[i].name, vrrp_packet_parse(&wire, frame, len, &advert), VRRP_OK);
		sl_check_int(lists[i].name, advert.addrs_differ, lists[i].differ);
	}
}

static void
strangers(void **state)
{
	struct sl_addr addrs[ADDRS], peers[2];
	struct vrrp_wire wire = wire_make(&samples[4], addrs);
	uint8_t frame[256];
	size_t len = bytes_make(samples[4].frame, frame);
	struct vrrp_advert advert;

	sl_addr_parse("198.51.100.7", &peers[0]);
	sl_addr_parse("198.51.100.1", &peers[1]);
	wire.check_source = true;
	wire.peers = peers;
	wire.peer_count = 1;
	assert_int_equal(vrrp_packet_parse(&wire, frame, len, &advert), VRRP_BAD_SOURCE);
	wire.peer_count = 2;
	assert_int_equal(vrrp_packet_parse(&wire, frame, len, &advert), VRRP_OK);
}

/* v3_checksum_as_v2: no pseudo header, over IPv4 alone. */
static void
old_checksum(void **state)
{
	for (unsigned int i = 2; i <= 3; i++) {
		struct sl_addr addrs[ADDRS], source, dst;
		struct vrrp_wire wire = wire_make(&samples[i], addrs), plain = wire;
		uint8_t frame[DP_HA_FRAME_MAX], mac[6] = { 2 };
		struct vrrp_advert advert;
		size_t len;

		sl_addr_parse(samples[i].source, &source);
		sl_addr_parse(samples[i].dst, &dst);
		wire.checksum_as_v2 = true;
		len = vrrp_packet_build(&wire, 100, &source, &dst, 255, mac, frame);
		assert_int_equal(vrrp_packet_parse(&wire, frame, len, &advert), VRRP_OK);
		assert_int_equal(vrrp_packet_parse(&plain, frame, len, &advert),
				 wire.family == 4 ? VRRP_BAD_CHECKSUM : VRRP_OK);
	}
}

/* The longest there can be. */
static void
many_addresses(void **state)
{
	static struct sl_addr addrs[VRRP_ADDRS4_MAX];
	static const struct {
		uint8_t family, version;
		unsigned int count;
		const char *source, *dst;
	} rows[] = {
		{ 4, 2, VRRP_ADDRS4_MAX, "192.0.2.9", "224.0.0.18" },
		{ 4, 3, VRRP_ADDRS4_MAX, "192.0.2.9", "224.0.0.18" },
		{ 6, 3, VRRP_ADDRS6_MAX, "fe80::9", "ff02::12" },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct vrrp_wire wire = { .family = rows[i].family,
					  .version = rows[i].version,
					  .vrid = 1,
					  .advert_ms = 1000,
					  .addrs = addrs,
					  .addr_count = rows[i].count };
		uint8_t frame[DP_HA_FRAME_MAX], mac[6] = { 2 };
		struct sl_addr source, dst;
		struct vrrp_advert advert;
		size_t len;

		for (unsigned int k = 0; k < rows[i].count; k++) {
			char text[32];

			snprintf(text, sizeof(text), rows[i].family == 4 ? "10.0.0.%u" : "2001:db8::%x", k);
			sl_addr_parse(text, &addrs[k]);
		}
		sl_addr_parse(rows[i].source, &source);
		sl_addr_parse(rows[i].dst, &dst);
		len = vrrp_packet_build(&wire, 100, &source, &dst, 255, mac, frame);
		assert_true(len <= DP_HA_FRAME_MAX);
		assert_int_equal(vrrp_packet_parse(&wire, frame, len, &advert), VRRP_OK);
		assert_false(advert.addrs_differ);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keepalived),    cmocka_unit_test(wrong),
		cmocka_unit_test(address_lists), cmocka_unit_test(strangers),
		cmocka_unit_test(old_checksum),  cmocka_unit_test(many_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
