/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The look-up tables of a snapshot: what was put in is found under its key and
 * nothing under any other, and addresses and ports as people number them do not
 * pile up in one place.
 */
#include "snapshot.h"

#include "sl_addr.h"
#include "sl_test.h"

#include <stdio.h>
#include <stdlib.h>

static struct sl_addr
addr(const char *text)
{
	struct sl_addr a;

	assert_int_equal(sl_addr_parse(text, &a), 0);
	return a;
}

/* The address `step` further on, as people count. */
static struct sl_addr
addr_next(struct sl_addr a, uint32_t step)
{
	for (int i = 15; i >= 0 && step > 0; i--) {
		step += a.b[i];
		a.b[i] = (uint8_t)step;
		step >>= 8;
	}
	return a;
}

static void
test_addr_flags(void **state)
{
	static const struct {
		const char *text;
		uint32_t flags;
	} put[] = {
		{ "192.0.2.1", ADDR_VIP },
		{ "192.0.2.2", ADDR_VIP | ADDR_OWNER_HASH },
		{ "192.0.2.3", ADDR_OWN },
		{ "192.0.2.4", ADDR_VIP }, /* a VIP that is an own address too */
		{ "192.0.2.4", ADDR_OWN },
		{ "192.0.2.5", ADDR_VIP }, /* two services of a VIP, one of them NAT */
		{ "192.0.2.5", ADDR_VIP | ADDR_OWNER_HASH | ADDR_LOCAL_FIRST },
		{ "2001:db8::1", ADDR_VIP },
		{ "0.0.0.0", ADDR_OWN },
	};
	static const struct {
		const char *text;
		uint32_t flags;
	} rows[] = {
		{ "192.0.2.1", ADDR_VIP },
		{ "192.0.2.2", ADDR_VIP | ADDR_OWNER_HASH },
		{ "192.0.2.3", ADDR_OWN },
		{ "192.0.2.4", ADDR_VIP | ADDR_OWN },
		{ "192.0.2.5", ADDR_VIP | ADDR_OWNER_HASH | ADDR_LOCAL_FIRST },
		{ "2001:db8::1", ADDR_VIP },
		{ "0.0.0.0", ADDR_OWN },
		{ "192.0.2.0", 0 },
		{ "192.0.2.6", 0 },
		{ "1.2.0.192", 0 },
		{ "2001:db8::2", 0 },
		{ "::", 0 },          /* an empty entry's address */
		{ "::192.0.2.1", 0 }, /* an IPv6 address that ends like a VIP */
		{ "255.255.255.255", 0 },
	};
	struct addr_entry entries[SL_COUNT(put)];
	struct addr_table *table;

	for (size_t i = 0; i < SL_COUNT(put); i++)
		entries[i] = (struct addr_entry){ .addr = addr(put[i].text), .flags = put[i].flags };
	table = addr_table_build(entries, SL_COUNT(put));
	assert_non_null(table);
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct sl_addr a = addr(rows[i].text);

		sl_check_int(rows[i].text, addr_table_find(table, &a), rows[i].flags);
	}
	free(table);
}

static void
test_service_keys(void **state)
{
	static const struct {
		const char *vip;
		uint16_t port;
		uint8_t proto;
		uint32_t slot; /* 0: is looked for, but was not put in */
	} rows[] = {
		{ "192.0.2.1", 80, SL_PROTO_TCP, 1 },
		{ "192.0.2.1", 80, SL_PROTO_UDP, 2 },
		{ "192.0.2.1", 443, SL_PROTO_TCP, 3 },
		{ "192.0.2.2", 80, SL_PROTO_TCP, 4 },
		{ "2001:db8::1", 80, SL_PROTO_TCP, 5 },
		{ "192.0.2.1", 65535, SL_PROTO_TCP, 131071 },
		{ "192.0.2.1", 443, SL_PROTO_UDP, 0 },
		{ "192.0.2.1", 0, SL_PROTO_TCP, 0 },
		{ "192.0.2.1", 20480, SL_PROTO_TCP, 0 }, /* 80 in the other byte order */
		{ "192.0.2.3", 80, SL_PROTO_TCP, 0 },
		{ "2001:db8::1", 80, SL_PROTO_UDP, 0 },
		{ "::", 0, 0, 0 },
	};
	struct service_entry entries[SL_COUNT(rows)];
	struct service_table *table;
	uint32_t count = 0;

	for (size_t i = 0; i < SL_COUNT(rows); i++)
		if (rows[i].slot != 0)
			entries[count++] = (struct service_entry){
				.key = { .vip = addr(rows[i].vip),
					 .port = rows[i].port,
					 .proto = rows[i].proto },
				.slot = rows[i].slot,
			};
	table = service_table_build(entries, count);
	assert_non_null(table);
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct dp_service_key key;

		/* Padding takes no part. */
		memset(&key, 0xa5, sizeof(key));
		key.vip = addr(rows[i].vip);
		key.port = rows[i].port;
		key.proto = rows[i].proto;
		sl_check_int(rows[i].vip, service_table_find(table, &key), rows[i].slot);
	}
	free(table);
}

static void
test_empty(void **state)
{
	struct addr_table *addrs = addr_table_build(NULL, 0);
	struct service_table *services = service_table_build(NULL, 0);
	struct dp_service_key key = { .vip = addr("192.0.2.1"), .port = 80, .proto = SL_PROTO_TCP };

	assert_int_equal(addr_table_find(addrs, &key.vip), 0);
	assert_int_equal(service_table_find(services, &key), 0);
	free(addrs);
	free(services);
}

/* The longest run of entries in use, over the table's end too: what the worst search may pass. */
static uint32_t
longest_run(const void *table, uint32_t size, bool (*used)(const void *table, uint32_t at))
{
	uint32_t run = 0, longest = 0;

	for (uint32_t i = 0; i < 2 * size; i++) {
		run = used(table, i % size) ? run + 1 : 0;
		if (run > longest)
			longest = run;
	}
	return longest;
}

static bool
addr_used(const void *table, uint32_t at)
{
	return ((const struct addr_table *)table)->entry[at].flags != 0;
}

static bool
service_used(const void *table, uint32_t at)
{
	return ((const struct service_table *)table)->entry[at].slot != 0;
}

/* Numberings of VIPs and ports that exist. Chance alone makes runs of about 8 log2(count) at half load. */
static void
test_spread(void **state)
{
	static const struct {
		const char *name, *first;
		uint32_t vips, vip_step, ports, first_port;
	} rows[] = {
		{ "a /24, one port", "198.51.100.0", 256, 1, 1, 80 },
		{ "a /16, one port", "10.7.0.0", 65536, 1, 1, 443 },
		{ "a VIP in each /24 of a /8", "10.0.0.1", 65536, 256, 1, 80 },
		{ "one VIP, all ports", "192.0.2.1", 1, 1, 65535, 1 },
		{ "256 VIPs of 256 ports", "192.0.2.0", 256, 1, 256, 8000 },
		{ "an IPv6 /112", "2001:db8::", 65536, 1, 1, 80 },
		{ "a VIP in each /112 of an IPv6 /96", "2001:db8::1", 65536, 65536, 1, 80 },
		{ "one IPv6 VIP, all ports", "2001:db8::1", 1, 1, 65535, 1 },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		uint32_t count = rows[i].vips * rows[i].ports, n = 0;
		struct service_entry *services = calloc(count, sizeof(*services));
		struct addr_entry *addrs = calloc(rows[i].vips, sizeof(*addrs));
		struct service_table *service_table;
		struct addr_table *addr_table;
		uint32_t addr_run, service_run;

		for (uint32_t v = 0; v < rows[i].vips; v++) {
			struct sl_addr vip = addr_next(addr(rows[i].first), v * rows[i].vip_step);

			addrs[v] = (struct addr_entry){ .addr = vip, .flags = ADDR_VIP };
			for (uint32_t p = 0; p < rows[i].ports; p++) {
				services[n] = (struct service_entry){
					.key = { .vip = vip,
						 .port = (uint16_t)(rows[i].first_port + p),
						 .proto = SL_PROTO_TCP },
					.slot = n + 1,
				};
				n++;
			}
		}
		addr_table = addr_table_build(addrs, rows[i].vips);
		service_table = service_table_build(services, count);
		for (uint32_t k = 0; k < count; k++)
			sl_check_int(rows[i].name, service_table_find(service_table, &services[k].key),
				     k + 1);
		for (uint32_t v = 0; v < rows[i].vips; v++)
			sl_check_int(rows[i].name, addr_table_find(addr_table, &addrs[v].addr), ADDR_VIP);
		addr_run = longest_run(addr_table, addr_table->mask + 1, addr_used);
		service_run = longest_run(service_table, service_table->mask + 1, service_used);
		print_message("%s: longest run of VIPs %u, of services %u\n", rows[i].name, addr_run,
			      service_run);
		sl_check(rows[i].name, addr_run <= 128);
		sl_check(rows[i].name, service_run <= 128);
		free(addr_table);
		free(service_table);
		free(services);
		free(addrs);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addr_flags),
		cmocka_unit_test(test_service_keys),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
