/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of checks' connections: which port one gets, how long it lives after which
 * packets, that a probe takes its own with it, and what happens when there is no room.
 */
#include "probe_conn.h"

#include "sl_addr.h"
#include "sl_test.h"

enum { TCP = SL_PROTO_TCP, UDP = SL_PROTO_UDP, ICMP = 1, SYN = 2, ACK = 16, FIN = 1, RST = 4 };

static uint64_t now;

uint64_t
dp_probe_now(void)
{
	return now;
}

static struct sl_addr
addr(const char *text)
{
	struct sl_addr a;

	assert_int_equal(sl_addr_parse(text, &a), 0);
	return a;
}

static int
setup(void **state)
{
	now = 1000000;
	return dp_probe_conns_init();
}

static int
teardown(void **state)
{
	dp_probe_conns_fini();
	return 0;
}

static struct probe
probe(const char *vip)
{
	return (struct probe){ .conf = { .vip = addr(vip) } };
}

/* By ports in host order. The port on the wire; fails when there is none. */
static struct probe_conn *
open_from(struct probe *p, uint8_t proto, uint16_t port, uint16_t vip_port, const char *own)
{
	struct sl_addr from = addr(own);
	struct probe_conn *conn = NULL;

	assert_int_equal(dp_probe_conn_open(p, proto, __builtin_bswap16(port), __builtin_bswap16(vip_port),
					    &from, &conn),
			 SL_DROP_MAX);
	return conn;
}

static struct probe_conn *
open(struct probe *p, uint8_t proto, uint16_t port, uint16_t vip_port)
{
	return open_from(p, proto, port, vip_port, "10.0.0.1");
}

static struct probe_conn *
by_wire(const struct probe *p, const struct probe_conn *like)
{
	return dp_probe_conn_by_wire(like->proto, &like->own, like->port_be, &p->conf.vip, like->vip_port_be);
}

/* ---- ports ---- */

static void
test_ports(void **state)
{
	/* A second connection beside that of `first` from 40000 to port 80 of 192.0.2.1 by TCP from 10.0.0.1. */
	static const struct {
		const char *row, *vip, *own;
		uint8_t proto;
		uint16_t port, vip_port;
		bool kept; /* it has the kernel's port on the wire */
	} rows[] = {
		{ "another server of the VIP", "192.0.2.1", "10.0.0.1", TCP, 40000, 80, false },
		{ "from another port", "192.0.2.1", "10.0.0.1", TCP, 40001, 80, true },
		{ "to another port", "192.0.2.1", "10.0.0.1", TCP, 40000, 81, true },
		{ "by another protocol", "192.0.2.1", "10.0.0.1", UDP, 40000, 80, true },
		{ "from another address", "192.0.2.1", "10.0.0.2", TCP, 40000, 80, true },
		{ "to another VIP", "192.0.2.2", "10.0.0.1", TCP, 40000, 80, true },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct probe first = probe("192.0.2.1"), second = probe(rows[i].vip);
		struct probe_conn *one = open(&first, TCP, 40000, 80);
		struct probe_conn *two =
			open_from(&second, rows[i].proto, rows[i].port, rows[i].vip_port, rows[i].own);

		sl_check_int(rows[i].row, __builtin_bswap16(one->port_be), 40000);
		sl_check_int(rows[i].row, two->port_be == two->kernel_port_be, rows[i].kept);
		sl_check_int(rows[i].row, __builtin_bswap16(two->port_be) >= 1024, true);
		assert_ptr_equal(by_wire(&first, one), one);
		assert_ptr_equal(by_wire(&second, two), two);
		assert_ptr_equal(
			dp_probe_conn_by_kernel(&second, two->proto, two->kernel_port_be, two->vip_port_be),
			two);
		assert_null(dp_probe_conn_by_kernel(&second, two->proto, two->kernel_port_be + 1,
						    two->vip_port_be));
		dp_probe_conns_close(&first);
		assert_null(by_wire(&first, one));
		assert_ptr_equal(by_wire(&second, two), two);
		dp_probe_conns_close(&second);
		assert_int_equal(dp_probe_conns_count(), 0);
	}
}

/* Ports of one address to one port of a VIP: as many as there are, all different. */
static void
test_ports_run_out(void **state)
{
	static struct probe probes[70000];
	static bool seen[65536];
	struct sl_addr own = addr("10.0.0.1");
	enum sl_drop reason = SL_DROP_MAX;
	unsigned int count = 0;

	while (reason == SL_DROP_MAX) {
		struct probe_conn *conn = NULL;

		assert_true(count < SL_COUNT(probes));
		probes[count] = probe("192.0.2.1");
		reason = dp_probe_conn_open(&probes[count], TCP, 40000, 80, &own, &conn);
		if (reason != SL_DROP_MAX)
			break;
		assert_false(seen[conn->port_be]);
		seen[conn->port_be] = true;
		count++;
	}
	assert_int_equal(reason, SL_DROP_LOCAL_FULL);
	/* It gives up after a bounded number of tries, long after the last that anybody needs. */
	assert_true(count > 55000);
	for (unsigned int i = 0; i < count; i++)
		dp_probe_conns_close(&probes[i]);
	assert_int_equal(dp_probe_conns_count(), 0);
}

/* ---- time ---- */

/* Who sends: K the kernel, S the server. */
struct packet {
	char from;
	uint8_t flags;
};

static void
test_lifetimes(void **state)
{
	static const struct {
		const char *row;
		uint8_t proto;
		struct packet packets[8];
		unsigned int seconds; /* it lives after the last */
	} rows[] = {
		{ "SYN", TCP, { { 'K', SYN } }, 10 },
		{ "SYN, again", TCP, { { 'K', SYN }, { 'K', SYN } }, 10 },
		{ "refused", TCP, { { 'K', SYN }, { 'S', RST | ACK } }, 3 },
		{ "SYN/ACK", TCP, { { 'K', SYN }, { 'S', SYN | ACK } }, 120 },
		{ "open", TCP, { { 'K', SYN }, { 'S', SYN | ACK }, { 'K', ACK } }, 120 },
		{ "kernel's FIN", TCP, { { 'K', SYN }, { 'S', SYN | ACK }, { 'K', FIN | ACK } }, 120 },
		{ "both FINs",
		  TCP,
		  { { 'K', SYN }, { 'S', SYN | ACK }, { 'K', FIN | ACK }, { 'S', FIN | ACK }, { 'K', ACK } },
		  3 },
		{ "both FINs, server first",
		  TCP,
		  { { 'K', SYN }, { 'S', SYN | ACK }, { 'S', FIN | ACK }, { 'K', FIN | ACK } },
		  3 },
		{ "server's FIN twice",
		  TCP,
		  { { 'K', SYN }, { 'S', SYN | ACK }, { 'S', FIN | ACK }, { 'S', FIN | ACK } },
		  120 },
		{ "kernel's reset", TCP, { { 'K', SYN }, { 'S', SYN | ACK }, { 'K', RST } }, 3 },
		{ "port used again", TCP, { { 'K', SYN }, { 'S', RST }, { 'K', SYN } }, 10 },
		{ "datagram", UDP, { { 'K', 0 } }, 30 },
		{ "answered", UDP, { { 'K', 0 }, { 'S', 0 } }, 30 },
		{ "echo", ICMP, { { 'K', 0 }, { 'S', 0 } }, 30 },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct probe p = probe("192.0.2.1");
		struct probe_conn *conn = open(&p, rows[i].proto, 40000, 80);

		for (const struct packet *packet = rows[i].packets; packet->from != '\0'; packet++) {
			now += 2500;
			dp_probe_conns_expire();
			dp_probe_conn_pass(conn, packet->from == 'K', packet->flags);
		}
		now += rows[i].seconds * 1000 - 1;
		sl_check_int(rows[i].row, dp_probe_conns_expire(), 0);
		now += 1;
		sl_check_int(rows[i].row, dp_probe_conns_expire(), 1);
		assert_null(by_wire(&p, conn));
		sl_check_int(rows[i].row, p.conns, 0);
	}
}

/* Many at once end by bounded portions, the oldest first. */
static void
test_expiry_is_bounded(void **state)
{
	struct probe p = probe("192.0.2.1");
	unsigned int ended, most = 0, sum = 0;

	for (unsigned int i = 0; i < 20000; i++)
		(void)open(&p, UDP, (uint16_t)(1024 + i), 53);
	now += 30000;
	while ((ended = dp_probe_conns_expire()) != 0) {
		most = ended > most ? ended : most;
		sum += ended;
	}
	assert_int_equal(sum, 20000);
	assert_true(most <= 1024);
}

/* ---- room ---- */

static void
test_full(void **state)
{
	static struct probe probes[8];
	struct sl_addr own = addr("10.0.0.1");
	struct probe_conn *conn = NULL;
	unsigned int count = 0;

	/* Each to its own VIP, so that ports are no matter. */
	for (unsigned int i = 0; i < SL_COUNT(probes); i++) {
		probes[i] = probe("192.0.2.1");
		probes[i].conf.vip.b[15] = (uint8_t)i;
	}
	while (dp_probe_conn_open(&probes[count % 8], UDP, (uint16_t)(count / 8), 53, &own, &conn) ==
	       SL_DROP_MAX)
		count++;
	assert_int_equal(count, PROBE_CONNS_MAX - 1);
	assert_int_equal(dp_probe_conn_open(&probes[0], UDP, 60000, 53, &own, &conn), SL_DROP_TABLE_FULL);
	/* One that goes makes room for one, all make room for all. */
	dp_probe_conn_close(dp_probe_conn_by_kernel(&probes[3], UDP, 77, 53));
	assert_int_equal(dp_probe_conn_open(&probes[0], UDP, 60000, 53, &own, &conn), SL_DROP_MAX);
	assert_int_equal(dp_probe_conn_open(&probes[0], UDP, 60001, 53, &own, &conn), SL_DROP_TABLE_FULL);
	for (unsigned int i = 0; i < SL_COUNT(probes); i++)
		dp_probe_conns_close(&probes[i]);
	assert_int_equal(dp_probe_conns_count(), 0);
	assert_int_equal(dp_probe_conn_open(&probes[0], UDP, 60001, 53, &own, &conn), SL_DROP_MAX);
	dp_probe_conns_close(&probes[0]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_ports, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ports_run_out, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lifetimes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_expiry_is_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
