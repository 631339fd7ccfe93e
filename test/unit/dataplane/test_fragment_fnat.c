/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fragments by full NAT and NAT64, both ways: whichever worker each comes to, they go to
 * the flow's, or to the one that the local port names, and what comes out is put
 * together again and is what a whole packet would have become.
 */
#include "fnat_box.h"
#include "frag_box.h"
#include "wire.h"

#include <stdio.h>

enum { PIECES = 4, IP = ETH_LEN, ORDERS = 24, STEP = 5 };

static uint32_t
random_next(uint64_t *x)
{
	*x = *x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*x >> 33);
}

static void
drain(void)
{
	unsigned int count;

	do {
		count = 0;
		for (unsigned int id = 0; id < dp_workers_count; id++)
			count += pipe_receive(id);
	} while (count != 0);
}

/* The n-th order of PIECES pieces. */
static void
order_make(unsigned int n, unsigned int order[PIECES])
{
	unsigned int left[PIECES] = { 0, 1, 2, 3 };

	for (unsigned int i = 0; i < PIECES; i++) {
		unsigned int k = n % (PIECES - i);

		n /= PIECES - i;
		order[i] = left[k];
		memmove(&left[k], &left[k + 1], (PIECES - 1 - k) * sizeof(left[0]));
	}
}

/* A whole frame in pieces, each to any worker; what is sent is put together. Returns its length. */
static unsigned int
through(const char *row, const uint8_t *whole, unsigned int len, unsigned int port, unsigned int n,
	uint64_t *x, uint8_t joined[PIPE_FRAME_MAX])
{
	static const unsigned int cuts[PIECES] = { 0, 800, 1400, 1600 };
	unsigned int order[PIECES];

	order_make(n, order);
	pipe_forget();
	for (unsigned int i = 0; i < PIECES; i++) {
		unsigned int k = order[i], end = k + 1 < PIECES ? cuts[k + 1] : frag_payload(whole, len);
		uint8_t bytes[PIPE_FRAME_MAX];
		struct rte_mbuf *m =
			pipe_mbuf(bytes, frag_cut(whole, len, 0x5000 + n, cuts[k], end, bytes), NULL);

		pipe_burst(random_next(x) % dp_workers_count, port, &m, 1);
		drain();
	}
	sl_check_int(row, pipe_box.sent_count, PIECES);
	sl_check_int(row, pipe_box.sent[0].port, port == WAN ? LAN : WAN);
	return frag_join(pipe_box.sent, pipe_box.sent_count, joined);
}

static const uint8_t *
ports_of(const uint8_t *frame)
{
	return frame + IP + (frame[IP] >> 4 == 6 ? IP6_LEN : IP4_LEN);
}

static const struct {
	const char *name;
	struct pipe_spec spec;
} modes[] = {
	{ "UDP4", { .proto = SL_PROTO_UDP, .dst = "192.0.2.3", .payload = 2000 } },
	{ "TCP4", { .dst = "192.0.2.3", .payload = 1990 } },
	{ "TCP4 with TOA, for which a fragment has no room",
	  { .dst = "192.0.2.3", .dport = 81, .payload = 1990 } },
	{ "UDP6",
	  { .proto = SL_PROTO_UDP, .src = "2001:db8:9::5", .dst = "2001:db8:ff::3", .payload = 2000 } },
	{ "TCP6", { .src = "2001:db8:9::5", .dst = "2001:db8:ff::3", .payload = 1990 } },
	{ "UDP by NAT64",
	  { .proto = SL_PROTO_UDP, .src = "2001:db8:9::5", .dst = "2001:db8:ff::4", .payload = 2000 } },
	{ "TCP by NAT64", { .src = "2001:db8:9::5", .dst = "2001:db8:ff::4", .payload = 1990 } },
};

/* There and back: a question in pieces, and its answer, by the same bytes. */
static void
test_both_ways(void **state)
{
	uint64_t x = 9;

	for (size_t m = 0; m < SL_COUNT(modes); m++) {
		for (unsigned int n = m % STEP; n < ORDERS; n += STEP) {
			uint8_t whole[PIPE_FRAME_MAX], asked[PIPE_FRAME_MAX], answer[PIPE_FRAME_MAX],
				back[PIPE_FRAME_MAX];
			struct pipe_spec spec = modes[m].spec;
			unsigned int len, flows = 0;
			const uint8_t *data;
			char row[96];

			snprintf(row, sizeof(row), "%s, order %u, %u workers", modes[m].name, n,
				 dp_workers_count);
			spec.sport = (uint16_t)(1000 + random_next(&x) % 60000);
			spec.seed = random_next(&x);
			len = pipe_build(&spec, whole);
			data = whole + len - spec.payload;
			len = through(row, whole, len, WAN, n, &x, asked);
			sl_check(row, pipe_sums_right(asked, len));
			sl_check(row, memcmp(asked + len - spec.payload, data, spec.payload) == 0);
			len = fnat_answer(asked, len, answer);
			len = through(row, answer, len, LAN, ORDERS - 1 - n, &x, back);
			sl_check(row, pipe_sums_right(back, len));
			sl_check(row, memcmp(back + len - spec.payload, data, spec.payload) == 0);
			/* From the VIP to the client, as the question came. */
			sl_check_int(row, back[IP] >> 4, whole[IP] >> 4);
			sl_check(row, memcmp(ports_of(back), ports_of(whole) + 2, 2) == 0 &&
					      memcmp(ports_of(back) + 2, ports_of(whole), 2) == 0);
			for (unsigned int id = 0; id < dp_workers_count; id++) {
				flows += dp_workers[id]->table.used;
				sl_check_int(row, dp_workers[id]->count.drops, 0);
				sl_check_int(row, dp_workers[id]->fragments.used, 0);
			}
			sl_check_int(row, flows, 1);
			pipe_flows_end();
		}
	}
}

static int
setup4(void **state)
{
	int code = pipe_setup4(state);

	if (code == 0)
		fnat_configure_all();
	return code;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		{ "one worker", test_both_ways, fnat_setup1, pipe_teardown, NULL },
		{ "two workers", test_both_ways, fnat_setup2, pipe_teardown, NULL },
		{ "four workers", test_both_ways, setup4, pipe_teardown, NULL },
	};

	return cmocka_run_group_tests(tests, pipe_open, NULL);
}
