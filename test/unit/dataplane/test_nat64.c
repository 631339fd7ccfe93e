/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Headers between the families, field by field as RFC 7915 sections 4.1 and 5.1 have
 * them, and what cannot be said in the other one.
 */
#include "nat64.h"
#include "wire.h"

#include "sl_addr.h"
#include "sl_test.h"

enum { ID = 0x1234, LEN_MAX = 128 };

static struct sl_addr
addr(const char *text)
{
	struct sl_addr a;

	assert_int_equal(sl_addr_parse(text, &a), 0);
	return a;
}

/* Extension headers lie behind the IPv6 header as they are written here. */
struct row6 {
	const char *name;
	uint8_t traffic_class, next, hops, ext[24];
	unsigned int ext_len;
	uint32_t payload; /* of the transport */
	bool good;
	uint8_t proto;
	uint16_t id, frag; /* of the IPv4 header, host order */
	bool fragment, first;
};

static const struct row6 rows6[] = {
	{ "small: may be fragmented", 0, 6, 64, { 0 }, 0, 20, true, 6, ID, 0, false, true },
	{ "1260 bytes: may be fragmented", 0, 17, 64, { 0 }, 0, 1220, true, 17, ID, 0, false, true },
	{ "1261 bytes: may not", 0, 17, 64, { 0 }, 0, 1221, true, 17, 0, 0x4000, false, true },
	{ "traffic class, hop limit 1", 0xb9, 6, 1, { 0 }, 0, 20, true, 6, ID, 0, false, true },
	{ "ICMPv6 becomes ICMP", 0, 58, 64, { 0 }, 0, 8, true, 1, ID, 0, false, true },
	{ "hop-by-hop options go", 0, 0, 64, { 6, 0, 1, 4 }, 8, 20, true, 6, ID, 0, false, true },
	{ "destination options go", 0, 60, 64, { 17, 1, 1, 12 }, 16, 8, true, 17, ID, 0, false, true },
	{ "a used routing header goes", 0, 43, 64, { 6, 0, 4, 0 }, 8, 20, true, 6, ID, 0, false, true },
	{ "one with segments left", 0, 43, 64, { 6, 0, 4, 1 }, 8, 20, false, 0, 0, 0, false, false },
	{ "first fragment",
	  0,
	  44,
	  64,
	  { 17, 0, 0, 1, 0xaa, 0xbb, 0xcc, 0xdd },
	  8,
	  64,
	  true,
	  17,
	  0xccdd,
	  0x2000,
	  true,
	  true },
	{ "middle fragment",
	  0,
	  44,
	  64,
	  { 17, 0, 0x05, 0xb1, 0, 0, 0, 7 },
	  8,
	  64,
	  true,
	  17,
	  7,
	  0x20b6,
	  true,
	  false },
	{ "last fragment",
	  0,
	  44,
	  64,
	  { 6, 0, 0x05, 0xb0, 0, 0, 0, 7 },
	  8,
	  60,
	  true,
	  6,
	  7,
	  0x00b6,
	  true,
	  false },
	{ "options, then a fragment",
	  0,
	  60,
	  64,
	  { 44, 0, 1, 4, 0, 0, 0, 0, 6, 0, 0, 1, 0, 0, 1, 2 },
	  16,
	  64,
	  true,
	  6,
	  0x102,
	  0x2000,
	  true,
	  true },
	{ "options in what is fragmented",
	  0,
	  44,
	  64,
	  { 60, 0, 0, 1, 0, 0, 0, 7, 6, 0, 1, 4 },
	  16,
	  64,
	  false,
	  0,
	  0,
	  0,
	  false,
	  false },
};

static void
test_to4(void **state)
{
	const struct sl_addr src = addr("10.0.0.200"), dst = addr("10.0.0.11");

	for (unsigned int i = 0; i < SL_COUNT(rows6); i++) {
		const struct row6 *r = &rows6[i];
		uint8_t ip6[LEN_MAX] = { (uint8_t)(0x60 | r->traffic_class >> 4),
					 (uint8_t)(r->traffic_class << 4) };
		struct nat64_header h = { 0 };
		bool good;

		store16(ip6 + IP6_PAYLOAD_AT, rte_cpu_to_be_16((uint16_t)(r->payload + r->ext_len)));
		ip6[IP6_NEXT_AT] = r->next;
		ip6[IP6_HOPS_AT] = r->hops;
		memcpy(ip6 + IP6_LEN, r->ext, r->ext_len);
		good = dp_nat64_to4(ip6, IP6_LEN + r->ext_len, &src, &dst, RTE_BE16(ID), &h);
		sl_check_int(r->name, good, r->good);
		if (r->ext_len != 0) /* cut off in the middle of its headers */
			sl_check_int(r->name, dp_nat64_to4(ip6, IP6_LEN + r->ext_len - 1, &src, &dst, 0, &h),
				     0);
		if (!good)
			continue;
		assert_true(dp_nat64_to4(ip6, IP6_LEN + r->ext_len, &src, &dst, RTE_BE16(ID), &h));
		sl_check_int(r->name, h.len, IP4_LEN);
		sl_check_int(r->name, h.used, IP6_LEN + r->ext_len);
		sl_check_int(r->name, h.bytes[0], 0x45);
		sl_check_int(r->name, h.bytes[1], r->traffic_class);
		sl_check_int(r->name, rte_be_to_cpu_16(load16(h.bytes + IP4_TOTAL_AT)), IP4_LEN + r->payload);
		sl_check_int(r->name, rte_be_to_cpu_16(load16(h.bytes + 4)), r->id);
		sl_check_int(r->name, rte_be_to_cpu_16(load16(h.bytes + IP4_FRAG_AT)), r->frag);
		sl_check_int(r->name, h.bytes[IP4_TTL_AT], r->hops);
		sl_check_int(r->name, h.bytes[IP4_PROTO_AT], r->proto);
		sl_check_int(r->name, sum_fold(sum_bytes(h.bytes, IP4_LEN)), 0xffff);
		sl_check_int(r->name, h.fragment, r->fragment);
		sl_check_int(r->name, h.first, r->first);
	}
}

struct row4 {
	const char *name;
	uint8_t tos, proto, options[8];
	unsigned int option_len;
	uint16_t id, frag;
	bool good;
	uint8_t next, fragment[8]; /* the fragment header, if `next` is 44 */
};

static const struct row4 rows4[] = {
	{ "TCP", 0, 6, { 0 }, 0, 7, 0x4000, true, 6, { 0 } },
	{ "DF or not, no fragment header", 0xb9, 17, { 0 }, 0, 7, 0, true, 17, { 0 } },
	{ "ICMP becomes ICMPv6", 0, 1, { 0 }, 0, 7, 0, true, 58, { 0 } },
	{ "options go", 0, 6, { 7, 7, 4, 0, 0, 0, 0, 0 }, 8, 7, 0, true, 6, { 0 } },
	{ "a source route to its end", 0, 6, { 131, 7, 8, 1, 2, 3, 4, 0 }, 8, 7, 0, true, 6, { 0 } },
	{ "one that leads on", 0, 6, { 131, 7, 4, 1, 2, 3, 4, 0 }, 8, 7, 0, false, 0, { 0 } },
	{ "a strict one", 0, 6, { 1, 137, 7, 4, 1, 2, 3, 4 }, 8, 7, 0, false, 0, { 0 } },
	{ "an option without a length", 0, 6, { 7, 0 }, 8, 7, 0, false, 0, { 0 } },
	{ "first fragment", 0, 17, { 0 }, 0, 0xabcd, 0x2000, true, 44, { 17, 0, 0, 1, 0, 0, 0xab, 0xcd } },
	{ "last fragment", 0, 6, { 0 }, 0, 7, 0x00b6, true, 44, { 6, 0, 0x05, 0xb0, 0, 0, 0, 7 } },
};

static void
test_to6(void **state)
{
	const struct sl_addr src = addr("2001:db8:ff::4"), dst = addr("2001:db8:9::5");
	enum { PAYLOAD = 40 };

	for (unsigned int i = 0; i < SL_COUNT(rows4); i++) {
		const struct row4 *r = &rows4[i];
		unsigned int header = IP4_LEN + r->option_len, extra = r->next == 44 ? 8 : 0;
		uint8_t ip4[LEN_MAX] = { (uint8_t)(0x40 | header / 4), r->tos };
		struct nat64_header h = { 0 };
		bool good;

		store16(ip4 + IP4_TOTAL_AT, rte_cpu_to_be_16((uint16_t)(header + PAYLOAD)));
		store16(ip4 + 4, rte_cpu_to_be_16(r->id));
		store16(ip4 + IP4_FRAG_AT, rte_cpu_to_be_16(r->frag));
		ip4[IP4_TTL_AT] = 9;
		ip4[IP4_PROTO_AT] = r->proto;
		memcpy(ip4 + IP4_LEN, r->options, r->option_len);
		sl_check_int(r->name, dp_nat64_to6(ip4, header - 1, &src, &dst, &h), 0);
		good = dp_nat64_to6(ip4, header, &src, &dst, &h);
		sl_check_int(r->name, good, r->good);
		if (!good)
			continue;
		sl_check_int(r->name, h.len, IP6_LEN + extra);
		sl_check_int(r->name, h.used, header);
		sl_check_int(r->name, h.bytes[0], 0x60 | r->tos >> 4);
		sl_check_int(r->name, h.bytes[1], (uint8_t)(r->tos << 4));
		sl_check_int(r->name, load16(h.bytes + 2), 0);
		sl_check_int(r->name, rte_be_to_cpu_16(load16(h.bytes + IP6_PAYLOAD_AT)), PAYLOAD + extra);
		sl_check_int(r->name, h.bytes[IP6_NEXT_AT], r->next);
		sl_check_int(r->name, h.bytes[IP6_HOPS_AT], 9);
		sl_check_int(r->name, memcmp(h.bytes + IP6_SRC_AT, src.b, 16), 0);
		sl_check_int(r->name, memcmp(h.bytes + IP6_DST_AT, dst.b, 16), 0);
		if (extra != 0)
			sl_check_int(r->name, memcmp(h.bytes + IP6_LEN, r->fragment, 8), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_to4),
		cmocka_unit_test(test_to6),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
