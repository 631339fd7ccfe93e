/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP_CHECK, and with it what all attempts over the network share: where they
 * go to and come from, names, descriptors that run out, the time limit.
 */
#include "test_check_kit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/dns.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* A port of 127.0.0.1 that nobody listens at: bound, so that nobody will. */
static int
refused_socket(uint16_t *ret_port)
{
	int fd = kit_socket("127.0.0.1", SOCK_DGRAM, ret_port),
	    tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_port = htons(*ret_port) };

	close(fd);
	name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(tcp, (struct sockaddr *)&name, sizeof(name)), 0);
	return tcp;
}

static void
test_families(void **state)
{
	static const char *const addrs[] = { "127.0.0.1", "::1" };

	for (size_t i = 0; i < SL_COUNT(addrs); i++) {
		struct conf_checker conf = kit_checker(CONF_CHECK_TCP);
		struct check_target target;
		struct check_result result;
		uint16_t port;
		int fd = kit_socket(addrs[i], SOCK_STREAM, &port);

		target = kit_target(addrs[i], port);
		result = kit_run(&conf, &target);
		kit_verdict(addrs[i], &result, true, "connected in *");
		sl_check(addrs[i], result.took_us > 0 && !result.has_weight);
		kit_cancel_everywhere(&conf, &target);
		close(fd);
	}
}

static void
test_refused(void **state)
{
	struct conf_checker conf = kit_checker(CONF_CHECK_TCP);
	struct check_target target = kit_target("127.0.0.1", 0);
	struct check_result result;
	int fd = refused_socket(&target.port);

	result = kit_run(&conf, &target);
	kit_verdict("nobody listens", &result, false, "connection refused");
	kit_cancel_everywhere(&conf, &target);
	close(fd);
}

/* A listener whose queue is full answers no SYN: nothing comes, as from a host that is down. */
static void
test_silent(void **state)
{
	struct conf_checker conf = kit_checker(CONF_CHECK_TCP);
	struct check_target target = kit_target("127.0.0.1", 0);
	struct sockaddr_in name = { .sin_family = AF_INET };
	struct check_result result;
	int fd = kit_socket("127.0.0.1", SOCK_STREAM, &target.port), fillers[8];

	assert_int_equal(listen(fd, 0), 0);
	name.sin_port = htons(target.port);
	name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (size_t i = 0; i < SL_COUNT(fillers); i++) {
		fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		(void)!connect(fillers[i], (struct sockaddr *)&name, sizeof(name));
	}
	conf.connect.timeout_ms = KIT_SHORT_MS;
	result = kit_run(&conf, &target);
	kit_verdict("nothing comes", &result, false, "not connected within 300 ms");
	for (size_t i = 0; i < SL_COUNT(fillers); i++)
		close(fillers[i]);
	close(fd);
}

/*
 * The server's program does not see the connection: there is nothing to accept. (The kernel gives up
 * waiting after 40 ms, so where a machine is that slow now and then, some are seen.)
 */
static void
test_unseen(void **state)
{
	struct conf_checker conf = kit_checker(CONF_CHECK_TCP);
	struct check_target target = kit_target("127.0.0.1", 0);
	int fd = kit_socket("127.0.0.1", SOCK_STREAM, &target.port);
	unsigned int unseen = 0;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	for (unsigned int i = 0; i < 20; i++) {
		struct check_result result = kit_run(&conf, &target);
		int seen = accept(fd, NULL, NULL);

		kit_verdict("unseen", &result, true, "connected in *");
		if (seen >= 0)
			close(seen);
		else
			unseen++;
	}
	assert_true(unseen > 0);
	close(fd);
}

static void
test_places(void **state)
{
	static const struct {
		const char *row, *bindto, *bind_if;
		bool good;
		const char *text;
	} rows[] = {
		{ "from another address of the box", "127.0.0.9", NULL, true, "connected in *" },
		{ "from an address that is none", "192.0.2.77", NULL, false,
		  "cannot be sent from 192.0.2.77: not an address of this box" },
		{ "from the other family", "::1", NULL, false,
		  "cannot be sent from bindto ::1: the server's address is IPv4" },
		{ "by lo", NULL, "lo", true, "connected in *" },
		{ "by no interface", NULL, "nosuchif0", false,
		  "cannot leave by bind_if nosuchif0: there is no such interface" },
	};
	struct check_target target = kit_target("127.0.0.1", 0);
	int fd = kit_socket("127.0.0.1", SOCK_STREAM, &target.port);

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct conf_checker conf = kit_checker(CONF_CHECK_TCP);
		struct check_result result;

		if (rows[i].bindto != NULL)
			conf.connect.bindto = kit_target(rows[i].bindto, 0).addr;
		conf.connect.bind_if = rows[i].bind_if;
		result = kit_run(&conf, &target);
		kit_verdict(rows[i].row, &result, rows[i].good, rows[i].text);
	}
	close(fd);
}

/* connect_ip and connect_port come before the server's own; not so with check_via_dataplane. */
static void
test_connect_to(void **state)
{
	struct conf_checker conf = kit_checker(CONF_CHECK_TCP);
	struct check_target target = kit_target("127.0.0.1", 0);
	struct check_result result;
	uint16_t port;
	int refused = refused_socket(&target.port), fd = kit_socket("127.0.0.2", SOCK_STREAM, &port);

	conf.connect.ip = kit_target("127.0.0.2", 0).addr;
	conf.connect.port = port;
	result = kit_run(&conf, &target);
	kit_verdict("connect_ip", &result, true, "connected in *");
	conf.connect.via_dataplane = true;
	result = kit_run(&conf, &target);
	kit_verdict("via the data plane", &result, false, "connection refused");
	conf.connect.name = "www.example.test";
	result = kit_run(&conf, &target);
	kit_verdict("via the data plane, though by name", &result, false, "connection refused");
	close(fd);
	close(refused);
}

/* The same local port again and again: no TIME_WAIT is in the way. */
static void
test_bind_port(void **state)
{
	struct conf_checker conf = kit_checker(CONF_CHECK_TCP);
	struct check_target target = kit_target("127.0.0.1", 0);
	int fd = kit_socket("127.0.0.1", SOCK_STREAM, &target.port);

	close(kit_socket("127.0.0.1", SOCK_STREAM, &conf.connect.bind_port));
	for (unsigned int i = 0; i < 20; i++) {
		struct check_result result = kit_run(&conf, &target);

		kit_verdict("bind_port", &result, true, "connected in *");
	}
	close(fd);
}

static void
test_descriptors(void **state)
{
	struct conf_checker conf = kit_checker(CONF_CHECK_TCP);
	struct check_target target = kit_target("127.0.0.1", 1);
	struct rlimit before, none;
	struct check_result result;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	result = kit_run(&conf, &target);
	setrlimit(RLIMIT_NOFILE, &before);
	kit_verdict("no descriptor left", &result, false,
		    "too many open files: raise LimitNOFILE of sluiced");
}

/* ---- names ---- */

enum name_shape { NAME_TWO, NAME_UNKNOWN, NAME_SILENT };

/* Answers A with 127.0.0.3 and 127.0.0.1, AAAA with nothing. */
static int
name_answer(const uint8_t *query, int len, uint8_t *answer, unsigned int number, void *context)
{
	static const uint8_t addrs[2][4] = { { 127, 0, 0, 3 }, { 127, 0, 0, 1 } };
	enum name_shape shape = *(enum name_shape *)context;
	int used = len, type = query[len - 3];

	if (number > 0 || shape == NAME_SILENT)
		return -1;
	memcpy(answer, query, (size_t)len);
	answer[2] |= 0x80;
	answer[3] = shape == NAME_UNKNOWN ? 3 : 0;
	for (unsigned int i = 0; shape == NAME_TWO && type == 1 && i < 2; i++) {
		static const uint8_t head[] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4 };

		memcpy(answer + used, head, sizeof(head));
		memcpy(answer + used + sizeof(head), addrs[i], 4);
		used += (int)sizeof(head) + 4;
		answer[7]++;
	}
	return used;
}

static void
test_names(void **state)
{
	static const struct {
		const char *row;
		enum name_shape shape;
		uint32_t timeout_ms;
		bool good;
		const char *text;
	} rows[] = {
		{ "the first address refuses, the second is taken", NAME_TWO, KIT_LONG_MS, true,
		  "connected in *" },
		{ "no such name", NAME_UNKNOWN, KIT_LONG_MS, false,
		  "name www.example.test not resolved: no such name" },
		{ "no answer of the name server", NAME_SILENT, KIT_SHORT_MS, false,
		  "name www.example.test not resolved within 300 ms" },
	};
	struct check_target target = kit_target("192.0.2.1", 0);
	int fd = kit_socket("127.0.0.1", SOCK_STREAM, &target.port);
	struct evdns_base *usual = kit_env.dns;
	enum name_shape shape = NAME_TWO;
	char text[32];
	uint16_t port;
	struct kit_udp *udp = kit_udp_start(name_answer, &shape, &port);

	kit_env.dns = evdns_base_new(kit_env.base, 0);
	snprintf(text, sizeof(text), "127.0.0.1:%u", port);
	assert_int_equal(evdns_base_nameserver_ip_add(kit_env.dns, text), 0);
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct conf_checker conf = kit_checker(CONF_CHECK_TCP);
		struct check_result result;

		shape = rows[i].shape;
		conf.connect.name = "www.example.test";
		conf.connect.timeout_ms = rows[i].timeout_ms;
		result = kit_run(&conf, &target);
		kit_verdict(rows[i].row, &result, rows[i].good, rows[i].text);
		if (shape != NAME_SILENT)
			kit_cancel_everywhere(&conf, &target);
	}
	evdns_base_free(kit_env.dns, 1);
	event_base_loop(kit_env.base, EVLOOP_NONBLOCK);
	kit_udp_stop(udp);
	kit_env.dns = NULL;
	{
		struct conf_checker conf = kit_checker(CONF_CHECK_TCP);
		struct check_result result;

		conf.connect.name = "www.example.test";
		result = kit_run(&conf, &target);
		kit_verdict("no name server", &result, false,
			    "name www.example.test not resolved: this box knows no name server");
	}
	kit_env.dns = usual;
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_families),  cmocka_unit_test(test_refused),
		cmocka_unit_test(test_silent),    cmocka_unit_test(test_unseen),
		cmocka_unit_test(test_places),    cmocka_unit_test(test_connect_to),
		cmocka_unit_test(test_bind_port), cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, kit_setup, kit_teardown);
}
