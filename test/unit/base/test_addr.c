/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Text to address and back: which spellings count, which do not, and that what
 * we write is what we read.
 */
#include "sl_addr.h"
#include "sl_test.h"

#include <errno.h>

static const char overlong[] = "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd:eeee";

/* { text, what it is printed as; NULL: refused } */
static const struct {
	const char *text, *printed;
} addr_rows[] = {
	{ "192.0.2.1", "192.0.2.1" },
	{ "0.0.0.0", "0.0.0.0" },
	{ "255.255.255.255", "255.255.255.255" },
	{ "2001:db8::1", "2001:db8::1" },
	{ "2001:0DB8:0:0:0:0:0:1", "2001:db8::1" },
	{ "::", "::" },
	{ "::1", "::1" },
	{ "fe80::1", "fe80::1" },
	{ "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8" },
	{ "64:ff9b::192.0.2.1", "64:ff9b::c000:201" },
	{ "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1" },
	{ "", NULL },
	{ " 192.0.2.1", NULL },
	{ "192.0.2.1 ", NULL },
	{ "192.0.2.1\n", NULL },
	{ "192.0.2", NULL },
	{ "192.0.2.1.1", NULL },
	{ "192.0.2.256", NULL },
	{ "192.0.02.1", NULL }, /* octal to some, decimal to others */
	{ "192.0.2.0x1", NULL },
	{ "192.0.2.-1", NULL },
	{ "3221225985", NULL }, /* inet_aton's one number */
	{ "localhost", NULL },
	{ "2001:db8::1::2", NULL },
	{ "2001:db8", NULL },
	{ "2001:db8::12345", NULL },
	{ "fe80::1%eth0", NULL },
	{ "[2001:db8::1]", NULL },
	{ "2001:db8::1/64", NULL },
	{ "1:2:3:4:5:6:7:8:9", NULL },
	{ "::ffff:192.0.2.1", NULL }, /* would turn into IPv4 unseen */
	{ overlong, NULL },
};

static void
addr_texts(void **state)
{
	for (size_t i = 0; i < SL_COUNT(addr_rows); i++) {
		const char *text = addr_rows[i].text;
		struct sl_addr addr = { .b = { 0xaa } }, again;
		char buf[SL_ADDR_STRLEN];

		if (addr_rows[i].printed == NULL) {
			sl_check_int(text, sl_addr_parse(text, &addr), -EINVAL);
			sl_check_int(text, addr.b[0], 0xaa); /* results only on success */
			continue;
		}
		sl_check_int(text, sl_addr_parse(text, &addr), 0);
		sl_check_int(text, sl_addr_is_v4(&addr), strchr(text, ':') == NULL);
		sl_check_str(text, sl_addr_format(&addr, buf), addr_rows[i].printed);
		sl_check_int(text, sl_addr_parse(buf, &again), 0);
		sl_check(text, sl_addr_eq(&addr, &again));
	}
}

/* { text, printed or NULL, its network, leading bits of the 16-byte form } */
static const struct {
	const char *text, *printed, *network;
	unsigned int bits;
} prefix_rows[] = {
	{ "192.0.2.77/24", "192.0.2.77/24", "192.0.2.0/24", 120 },
	{ "192.0.2.77/25", "192.0.2.77/25", "192.0.2.0/25", 121 },
	{ "192.0.2.129/25", "192.0.2.129/25", "192.0.2.128/25", 121 },
	{ "192.0.2.77", "192.0.2.77/32", "192.0.2.77/32", 128 },
	{ "192.0.2.77/32", "192.0.2.77/32", "192.0.2.77/32", 128 },
	{ "192.0.2.77/31", "192.0.2.77/31", "192.0.2.76/31", 127 },
	{ "0.0.0.0/0", "0.0.0.0/0", "0.0.0.0/0", 96 },
	{ "10.1.2.3/0", "10.1.2.3/0", "0.0.0.0/0", 96 },
	{ "10.129.2.3/9", "10.129.2.3/9", "10.128.0.0/9", 105 },
	{ "2001:db8::1/64", "2001:db8::1/64", "2001:db8::/64", 64 },
	{ "2001:db8:1:2:8000::1/65", "2001:db8:1:2:8000::1/65", "2001:db8:1:2:8000::/65", 65 },
	{ "2001:db8::1", "2001:db8::1/128", "2001:db8::1/128", 128 },
	{ "::/0", "::/0", "::/0", 0 },
	{ "192.0.2.0/33", NULL, NULL, 0 },
	{ "2001:db8::/129", NULL, NULL, 0 },
	{ "192.0.2.0/", NULL, NULL, 0 },
	{ "192.0.2.0/024", NULL, NULL, 0 },
	{ "192.0.2.0/+24", NULL, NULL, 0 },
	{ "192.0.2.0/-1", NULL, NULL, 0 },
	{ "192.0.2.0/24 ", NULL, NULL, 0 },
	{ "192.0.2.0/ 24", NULL, NULL, 0 },
	{ "192.0.2.0/24/24", NULL, NULL, 0 },
	{ "192.0.2.0/255.255.255.0", NULL, NULL, 0 },
	{ "192.0.2.0/4294967320", NULL, NULL, 0 }, /* 2^32 + 24 */
	{ "/24", NULL, NULL, 0 },
	{ "", NULL, NULL, 0 },
	{ overlong, NULL, NULL, 0 },
};

static void
prefix_texts(void **state)
{
	for (size_t i = 0; i < SL_COUNT(prefix_rows); i++) {
		const char *text = prefix_rows[i].text;
		struct sl_prefix prefix = { .len = 0xaa }, network;
		char buf[SL_PREFIX_STRLEN];

		if (prefix_rows[i].printed == NULL) {
			sl_check_int(text, sl_prefix_parse(text, &prefix), -EINVAL);
			sl_check_int(text, prefix.len, 0xaa);
			continue;
		}
		sl_check_int(text, sl_prefix_parse(text, &prefix), 0);
		sl_check_str(text, sl_prefix_format(&prefix, buf), prefix_rows[i].printed);
		sl_check_int(text, sl_prefix_bits(&prefix), prefix_rows[i].bits);
		network = sl_prefix_network(&prefix);
		sl_check_str(text, sl_prefix_format(&network, buf), prefix_rows[i].network);
	}
}

/* { text, printed or NULL, port } */
static const struct {
	const char *text, *printed;
	unsigned int port;
} endpoint_rows[] = {
	{ "192.0.2.1:80", "192.0.2.1:80", 80 },
	{ "192.0.2.1:0", "192.0.2.1:0", 0 },
	{ "192.0.2.1:65535", "192.0.2.1:65535", 65535 },
	{ "[2001:db8::1]:443", "[2001:db8::1]:443", 443 },
	{ "[::]:1", "[::]:1", 1 },
	{ "192.0.2.1", NULL, 0 },
	{ "192.0.2.1:", NULL, 0 },
	{ "192.0.2.1:65536", NULL, 0 },
	{ "192.0.2.1:080", NULL, 0 },
	{ "192.0.2.1:00", NULL, 0 },
	{ "192.0.2.1:+80", NULL, 0 },
	{ "192.0.2.1:-1", NULL, 0 },
	{ "192.0.2.1: 80", NULL, 0 },
	{ "192.0.2.1:80 ", NULL, 0 },
	{ "192.0.2.1:http", NULL, 0 },
	{ "192.0.2.1:4294967376", NULL, 0 }, /* 2^32 + 80 */
	{ "[192.0.2.1]:80", NULL, 0 },       /* brackets say IPv6 */
	{ "2001:db8::1:443", NULL, 0 },      /* is :443 the port? */
	{ "[2001:db8::1]", NULL, 0 },
	{ "[2001:db8::1]443", NULL, 0 },
	{ "[2001:db8::1:443", NULL, 0 },
	{ "2001:db8::1]:443", NULL, 0 },
	{ "[]:80", NULL, 0 },
	{ "[:80", NULL, 0 },
	{ "]:80", NULL, 0 },
	{ "[fe80::1%1]:80", NULL, 0 },
	{ ":80", NULL, 0 },
	{ "", NULL, 0 },
	{ overlong, NULL, 0 },
};

static void
endpoint_texts(void **state)
{
	for (size_t i = 0; i < SL_COUNT(endpoint_rows); i++) {
		const char *text = endpoint_rows[i].text;
		char buf[SL_ENDPOINT_STRLEN];
		struct sl_addr addr;
		uint16_t port = 0xaaaa;

		if (endpoint_rows[i].printed == NULL) {
			sl_check_int(text, sl_endpoint_parse(text, &addr, &port), -EINVAL);
			sl_check_int(text, port, 0xaaaa);
			continue;
		}
		sl_check_int(text, sl_endpoint_parse(text, &addr, &port), 0);
		sl_check_int(text, port, endpoint_rows[i].port);
		sl_check_str(text, sl_endpoint_format(&addr, port, buf), endpoint_rows[i].printed);
	}
}

static const struct {
	const char *text, *printed;
} mac_rows[] = {
	{ "02:00:00:00:00:11", "02:00:00:00:00:11" },
	{ "aB:Cd:eF:01:23:45", "ab:cd:ef:01:23:45" },
	{ "2:0:0:0:0:11", NULL },
	{ "02:00:00:00:00", NULL },
	{ "02:00:00:00:00:", NULL },
	{ "02:00:00:00:00:1", NULL },
	{ "02:00:00:00:00:11:22", NULL },
	{ "02:00:00:00:00:11 ", NULL },
	{ "02-00-00-00-00-11", NULL },
	{ "02:00:00:00:00:1g", NULL },
	{ "020000000011", NULL },
	{ "", NULL },
};

static void
mac_texts(void **state)
{
	for (size_t i = 0; i < SL_COUNT(mac_rows); i++) {
		const char *text = mac_rows[i].text;
		uint8_t mac[6] = { 0xaa };
		char buf[SL_MAC_STRLEN];

		if (mac_rows[i].printed == NULL) {
			sl_check_int(text, sl_mac_parse(text, mac), -EINVAL);
			sl_check_int(text, mac[0], 0xaa);
			continue;
		}
		sl_check_int(text, sl_mac_parse(text, mac), 0);
		sl_check_str(text, sl_mac_format(mac, buf), mac_rows[i].printed);
	}
}

static const struct {
	const char *prefix, *addr;
	bool contains;
} contains_rows[] = {
	{ "192.0.2.0/24", "192.0.2.255", true },
	{ "192.0.2.77/24", "192.0.2.1", true }, /* host bits of the prefix do not count */
	{ "192.0.2.0/24", "192.0.3.0", false },
	{ "192.0.2.4/30", "192.0.2.7", true },
	{ "192.0.2.4/30", "192.0.2.8", false },
	{ "0.0.0.0/0", "255.255.255.255", true },
	{ "0.0.0.0/0", "2001:db8::1", false },
	{ "::/0", "2001:db8::1", true },
	{ "::/0", "192.0.2.1", false }, /* although its sixteen bytes would match */
	{ "2001:db8::/33", "2001:db8:7fff::1", true },
	{ "2001:db8::/33", "2001:db8:8000::1", false },
	{ "2001:db8::1/128", "2001:db8::1", true },
	{ "2001:db8::1/128", "2001:db8::2", false },
};

static void
prefix_holds_address(void **state)
{
	for (size_t i = 0; i < SL_COUNT(contains_rows); i++) {
		struct sl_prefix prefix;
		struct sl_addr addr;

		sl_check_int(contains_rows[i].prefix, sl_prefix_parse(contains_rows[i].prefix, &prefix), 0);
		sl_check_int(contains_rows[i].addr, sl_addr_parse(contains_rows[i].addr, &addr), 0);
		if (sl_prefix_contains(&prefix, &addr) != contains_rows[i].contains)
			fail_msg("%s in %s: should be %d", contains_rows[i].addr, contains_rows[i].prefix,
				 contains_rows[i].contains);
	}
}

static const struct {
	const char *addr;
	bool unicast;
} unicast_rows[] = {
	{ "192.0.2.1", true },
	{ "1.0.0.0", true },
	{ "223.255.255.255", true },
	{ "240.0.0.1", true },
	{ "0.0.0.0", false },
	{ "0.1.2.3", false },
	{ "127.0.0.1", false },
	{ "224.0.0.18", false },
	{ "239.255.255.255", false },
	{ "2001:db8::1", true },
	{ "fe80::1", true },
	{ "::2", true },
	{ "::", false },
	{ "::1", false },
	{ "ff02::1", false },
	{ "255.255.255.255", false },
};

static void
unicast_addresses(void **state)
{
	for (size_t i = 0; i < SL_COUNT(unicast_rows); i++) {
		struct sl_addr addr;

		sl_check_int(unicast_rows[i].addr, sl_addr_parse(unicast_rows[i].addr, &addr), 0);
		sl_check_int(unicast_rows[i].addr, sl_addr_is_unicast(&addr), unicast_rows[i].unicast);
	}
}

static const struct {
	const char *addr, *next;
} next_rows[] = {
	{ "10.0.0.9", "10.0.0.10" },
	{ "10.0.0.255", "10.0.1.0" },
	{ "10.255.255.255", "11.0.0.0" },
	{ "255.255.255.255", "::1:0:0:0" },
	{ "2001:db8::f", "2001:db8::10" },
	{ "2001:db8::ffff:ffff", "2001:db8::1:0:0" },
	{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::" },
};

static void
next_addresses(void **state)
{
	for (size_t i = 0; i < SL_COUNT(next_rows); i++) {
		struct sl_addr addr;
		char buf[SL_ADDR_STRLEN];

		sl_check_int(next_rows[i].addr, sl_addr_parse(next_rows[i].addr, &addr), 0);
		addr = sl_addr_next(&addr);
		sl_check_str(next_rows[i].addr, sl_addr_format(&addr, buf), next_rows[i].next);
	}
}

/* The longest texts fit the sizes that the header names. */
static void
longest_texts_fit(void **state)
{
	static const char longest[] = "1111:2222:3333:4444:5555:6666:7777:8888";
	char addr_buf[SL_ADDR_STRLEN], prefix_buf[SL_PREFIX_STRLEN], endpoint_buf[SL_ENDPOINT_STRLEN];
	struct sl_prefix prefix;

	assert_int_equal(sl_prefix_parse(longest, &prefix), 0);
	assert_string_equal(sl_addr_format(&prefix.addr, addr_buf), longest);
	assert_string_equal(sl_prefix_format(&prefix, prefix_buf),
			    "1111:2222:3333:4444:5555:6666:7777:8888/128");
	assert_string_equal(sl_endpoint_format(&prefix.addr, 65535, endpoint_buf),
			    "[1111:2222:3333:4444:5555:6666:7777:8888]:65535");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addr_texts),           cmocka_unit_test(prefix_texts),
		cmocka_unit_test(endpoint_texts),       cmocka_unit_test(mac_texts),
		cmocka_unit_test(prefix_holds_address), cmocka_unit_test(unicast_addresses),
		cmocka_unit_test(next_addresses),       cmocka_unit_test(longest_texts_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
