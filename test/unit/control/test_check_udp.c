/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * UDP_CHECK: silence, refusals, replies and their patterns. And PING_CHECK.
 */
#include "test_check_kit.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/* Answers with what it got, and a "!". Nothing to "mute". */
static int
answer_echo(const uint8_t *query, int len, uint8_t *answer, unsigned int number, void *context)
{
	if (number > 0 || (len == 4 && memcmp(query, "mute", 4) == 0))
		return -1;
	memcpy(answer, query, (size_t)len);
	answer[len] = '!';
	return len + 1;
}

static void
test_replies(void **state)
{
	static const struct {
		const char *row, *payload;
		bool require;
		const char *data, *mask; /* NULL: none */
		uint32_t min, max;
		bool good;
		const char *text;
	} rows[] = {
		{ "silence is good", "mute", false, NULL, NULL, 0, 0, true, "not refused within 300 ms" },
		{ "any answer is good", "x", false, NULL, NULL, 0, 0, true, "answered in *" },
		{ "an empty payload", "", true, "!", NULL, 0, 65535, true, "answered in *" },
		{ "silence is not", "mute", true, NULL, NULL, 0, 65535, false, "no answer within 300 ms" },
		{ "any answer", "x", true, NULL, NULL, 0, 65535, true, "answered in *" },
		{ "the pattern", "ping", true, "ping!", NULL, 0, 65535, true, "answered in *" },
		{ "the pattern at its beginning", "ping", true, "pi", NULL, 0, 65535, true, "answered in *" },
		{ "another byte", "ping", true, "pong!", NULL, 0, 65535, false,
		  "reply differs from the pattern at byte 1: 0x69" },
		{ "another byte that does not matter", "ping", true, "pong!", "\xff\0\xff\xff\xff", 0, 65535,
		  true, "answered in *" },
		{ "a bit that matters", "ping", true, "pong!", "\xff\x04\xff\xff\xff", 0, 65535, false,
		  "reply differs from the pattern at byte 1: 0x69" },
		{ "bits that do not", "ping", true, "pong!", "\xff\xf9\xff\xff\xff", 0, 65535, true,
		  "answered in *" },
		{ "shorter than the pattern", "p", true, "p!..", NULL, 0, 65535, false,
		  "reply of 2 bytes, the pattern has 4" },
		{ "too short", "p", true, NULL, NULL, 3, 65535, false, "reply of 2 bytes, want 3 to 65535" },
		{ "as short as may be", "pp", true, NULL, NULL, 3, 3, true, "answered in *" },
		{ "too long", "ppp", true, NULL, NULL, 3, 3, false, "reply of 4 bytes, want 3 to 3" },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct conf_checker conf = kit_checker(CONF_CHECK_UDP);
		struct check_target target = kit_target("127.0.0.1", 0);
		struct kit_udp *udp = kit_udp_start(answer_echo, NULL, &target.port);
		uint8_t payload[8], data[8], mask[8];
		struct check_result result;

		conf.udp.payload_size = (uint32_t)strlen(rows[i].payload);
		conf.udp.payload = memcpy(payload, rows[i].payload, conf.udp.payload_size);
		conf.udp.require_reply = rows[i].require;
		conf.udp.min_reply_size = rows[i].min;
		conf.udp.max_reply_size = rows[i].max;
		if (rows[i].data != NULL) {
			conf.udp.reply_size = (uint32_t)strlen(rows[i].data);
			conf.udp.reply_data = memcpy(data, rows[i].data, conf.udp.reply_size);
			memset(mask, 0xff, sizeof(mask));
			if (rows[i].mask != NULL)
				memcpy(mask, rows[i].mask, conf.udp.reply_size);
			conf.udp.reply_mask = mask;
		}
		if (strstr(rows[i].text, "300 ms") != NULL)
			conf.connect.timeout_ms = KIT_SHORT_MS;
		result = kit_run(&conf, &target);
		kit_verdict(rows[i].row, &result, rows[i].good, rows[i].text);
		if (i == 1)
			kit_cancel_everywhere(&conf, &target);
		kit_udp_stop(udp);
	}
}

static void
test_refused(void **state)
{
	static const char *const addrs[] = { "127.0.0.1", "::1" };

	for (size_t i = 0; i < SL_COUNT(addrs); i++) {
		struct conf_checker conf = kit_checker(CONF_CHECK_UDP);
		struct check_target target = kit_target(addrs[i], 0);
		struct check_result result;

		close(kit_socket(addrs[i], SOCK_DGRAM, &target.port));
		result = kit_run(&conf, &target);
		kit_verdict(addrs[i], &result, false, "port unreachable");
	}
}

/* What a router says of a host that does not answer ARP, forged: the query is answered by an ICMP error. */
struct forgery {
	int fd; /* a raw socket */
	uint16_t from, to;
};

static int
answer_unreachable(const uint8_t *query, int len, uint8_t *answer, unsigned int number, void *context)
{
	const struct forgery *forgery = context;
	struct sockaddr_in to = { .sin_family = AF_INET };
	/* ICMP 3/1, then the IPv4 header and 8 bytes of the datagram that it is about. */
	uint8_t error[] = { 3,
			    1,
			    0,
			    0,
			    0,
			    0,
			    0,
			    0,
			    0x45,
			    0,
			    0,
			    29,
			    0,
			    0,
			    0,
			    0,
			    64,
			    17,
			    0,
			    0,
			    127,
			    0,
			    0,
			    1,
			    127,
			    0,
			    0,
			    1,
			    (uint8_t)(forgery->from >> 8),
			    (uint8_t)forgery->from,
			    (uint8_t)(forgery->to >> 8),
			    (uint8_t)forgery->to,
			    0,
			    9,
			    0,
			    0 };
	uint32_t sum = 0;

	for (size_t i = 0; i < sizeof(error); i += 2)
		sum += (uint32_t)error[i] << 8 | error[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~((sum & 0xffff) + (sum >> 16));
	error[2] = (uint8_t)(sum >> 8);
	error[3] = (uint8_t)sum;
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(sendto(forgery->fd, error, sizeof(error), 0, (struct sockaddr *)&to, sizeof(to)),
			 sizeof(error));
	return -1;
}

static void
test_unreachable(void **state)
{
	struct conf_checker conf = kit_checker(CONF_CHECK_UDP);
	struct check_target target = kit_target("127.0.0.1", 0);
	struct forgery forgery = { .fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP) };
	struct check_result result;
	struct kit_udp *udp;

	if (forgery.fd < 0)
		skip(); /* it takes CAP_NET_RAW */
	close(kit_socket("127.0.0.1", SOCK_DGRAM, &forgery.from));
	udp = kit_udp_start(answer_unreachable, &forgery, &forgery.to);
	target.port = forgery.to;
	conf.connect.bindto = target.addr;
	conf.connect.bind_port = forgery.from;
	conf.udp.payload = (uint8_t *)(uintptr_t) "x";
	conf.udp.payload_size = 1;
	result = kit_run(&conf, &target);
	kit_verdict("a router says so", &result, false, "host unreachable");
	kit_udp_stop(udp);
	close(forgery.fd);
}

/* Whether this process may ping at all: it needs CAP_NET_RAW, or ping_group_range. */
static bool
may_ping(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);

	if (fd < 0)
		fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void
test_ping(void **state)
{
	static const char *const addrs[] = { "127.0.0.1", "127.9.9.9", "::1" };

	for (size_t i = 0; i < SL_COUNT(addrs); i++) {
		struct conf_checker conf = kit_checker(CONF_CHECK_PING);
		struct check_target target = kit_target(addrs[i], 80);
		struct check_result result = kit_run(&conf, &target);

		if (may_ping()) {
			kit_verdict(addrs[i], &result, true, "echo in *");
			kit_cancel_everywhere(&conf, &target);
		} else {
			kit_verdict(addrs[i], &result, false, "not permitted*");
		}
	}
}

/* Many at once, each of whose raw sockets sees all the others' answers: one answer is each one's own. */
static void
count_good(const struct check_result *result, void *context)
{
	unsigned int *good = context;

	*good += result->good;
}

static void
test_ping_many(void **state)
{
	struct conf_checker conf = kit_checker(CONF_CHECK_PING);
	struct check_target target = kit_target("127.0.0.1", 0);
	unsigned int good = 0, begun = may_ping() ? 200 : 0;

	for (unsigned int i = 0; i < begun; i++) {
		char text[CHECK_TEXT_SIZE];

		assert_non_null(check_kinds[CONF_CHECK_PING]->start(&kit_env, &conf, 0, &target, count_good,
								    &good, text));
	}
	while (good < begun)
		assert_int_equal(event_base_loop(kit_env.base, EVLOOP_ONCE), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replies),     cmocka_unit_test(test_refused),
		cmocka_unit_test(test_unreachable), cmocka_unit_test(test_ping),
		cmocka_unit_test(test_ping_many),
	};

	return cmocka_run_group_tests(tests, kit_setup, kit_teardown);
}
