/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How servers take TCP connections whose replies pass here: given to the server,
 * answered by a SYN, refused by a reset, each counted once. A table of lives, run in
 * every mode, with conn_reuse_mode 1 and 0; clients that try to make a good server look
 * bad are part of it.
 */
#include "fnat_box.h"
#include "wire.h"

enum { FIN = 1, SYN = 2, RST = 4, ACK = 16 };

/* "<" is towards the server, ">" from it; letters are the flags of the segment, "0" none. */
static const struct {
	const char *name, *life;
	unsigned int syns, answered, refused;
} lives[] = {
	{ "no answer", "<S", 1, 0, 0 },
	{ "no answer, whatever often it is asked", "<S <S <S", 1, 0, 0 },
	{ "answered", "<S >SA", 1, 1, 0 },
	{ "answered again, as the client asked again", "<S >SA <S >SA >SA", 1, 1, 0 },
	{ "a whole connection", "<S >SA <A >A <FA >FA <A", 1, 1, 0 },
	{ "refused", "<S >RA", 1, 0, 1 },
	{ "refused twice", "<S >RA >R", 1, 0, 1 },
	{ "refused at the second SYN", "<S <S >R", 1, 0, 1 },
	{ "reset later on is no refusal", "<S >SA <A >A >R", 1, 1, 0 },
	{ "reset half open is none either", "<S >SA >R", 1, 1, 0 },
	{ "both at once (simultaneous open)", "<S >S <SA >SA", 1, 1, 0 },
	{ "an old connection of the server's: it acknowledges", "<S >A", 1, 0, 0 },
	{ "... the client resets that, and asks again", "<S >A <R <S >SA", 2, 1, 0 },
	{ "SYN and ACK open one too, and are refused", "<SA >R", 1, 0, 1 },
	{ "the client does not wait for the answer", "<S <A >SA", 1, 1, 0 },
	{ "... nor for the refusal", "<S <A >R", 1, 0, 1 },
	{ "it closes before the answer", "<S <FA >SA", 1, 1, 0 },
	{ "it closes, and a reset of what it closed tells nothing", "<S <FA >R", 1, 0, 0 },
	{ "it gives up before the answer", "<S <R >SA", 1, 1, 0 },
	{ "it ends it with no flags before the answer", "<S <0 >SA", 1, 1, 0 },
	{ "a segment with no flags from the client is no refusal", "<S <0", 1, 0, 0 },
	{ "nor is the client's reset", "<S <R", 1, 0, 0 },
	{ "the port comes again after a refusal", "<S >R <S >SA", 2, 1, 1 },
	{ "... and is refused again", "<S >R <S >R <S >R", 3, 0, 3 },
	{ "the port comes again after a connection", "<S >SA <A <FA >FA <A <S >SA", 2, 2, 0 },
	{ "... and is refused", "<S >SA <A <FA >FA <A <S >R", 2, 1, 1 },
	{ "an unanswered one that ended comes again", "<S <0 <S >SA", 2, 1, 0 },
};

static const struct {
	const char *name, *src, *dst;
	uint16_t dport;
	uint8_t proto;
	bool counted;
} modes[] = {
	{ "NAT", "203.0.113.5", "192.0.2.1", 80, SL_PROTO_TCP, true },
	{ "NAT, IPv6", "2001:db8:9::5", "2001:db8:ff::1", 80, SL_PROTO_TCP, true },
	{ "full NAT", "203.0.113.5", "192.0.2.3", 80, SL_PROTO_TCP, true },
	{ "full NAT with TOA", "203.0.113.5", "192.0.2.3", 81, SL_PROTO_TCP, true },
	{ "full NAT, IPv6", "2001:db8:9::5", "2001:db8:ff::3", 80, SL_PROTO_TCP, true },
	{ "NAT64", "2001:db8:9::5", "2001:db8:ff::4", 80, SL_PROTO_TCP, true },
	{ "DR: answers do not pass here", "203.0.113.5", "192.0.2.2", 80, SL_PROTO_TCP, false },
	{ "UDP has none", "203.0.113.5", "192.0.2.1", 80, SL_PROTO_UDP, false },
};

static uint8_t
flags_of(const char *letters)
{
	uint8_t flags = 0;

	for (; *letters != '\0'; letters++)
		flags |= *letters == 'S'   ? SYN
			 : *letters == 'A' ? ACK
			 : *letters == 'F' ? FIN
			 : *letters == 'R' ? RST
					   : 0;
	return flags;
}

static void
outcomes_sum(struct dp_real_stats *ret_sum)
{
	*ret_sum = (struct dp_real_stats){ 0 };
	for (uint32_t slot = 1; slot < 64; slot++) {
		struct dp_real_stats stats;

		dp_real_stats(slot, &stats);
		ret_sum->syns += stats.syns;
		ret_sum->answered += stats.answered;
		ret_sum->refused += stats.refused;
	}
}

/* One segment of the client's; the frame that the server gets is kept. */
static void
client_sends(const char *row, size_t mode, uint16_t port, uint8_t flags, struct pipe_frame *ret_got)
{
	struct pipe_spec spec = { .src = modes[mode].src,
				  .dst = modes[mode].dst,
				  .sport = port,
				  .dport = modes[mode].dport,
				  .proto = modes[mode].proto,
				  .flags = flags != 0 ? flags : 0x40 }; /* ECN's: none that counts */

	sl_check_str(row, pipe_verdict(pipe_spec_one(&spec)), "sent");
	*ret_got = pipe_box.sent[0];
}

/* One of the server's, in answer to what it got. */
static void
server_sends(const char *row, const struct pipe_frame *got, uint8_t flags)
{
	uint8_t frame[PIPE_FRAME_MAX];
	unsigned int at =
		ETH_LEN + (got->bytes[ETH_LEN] >> 4 == 6 ? (unsigned int)IP6_LEN : (unsigned int)IP4_LEN);

	(void)fnat_answer(got->bytes, got->len, frame);
	frame[at + TCP_FLAGS_AT] = flags;
	pipe_sums(frame);
	sl_check_str(row, pipe_verdict(pipe_one(LAN, frame, got->len, NULL)), "sent");
}

static void
life_run(size_t life, size_t mode, uint16_t port)
{
	char steps[64], *save = NULL;
	struct pipe_frame got = { 0 };

	snprintf(steps, sizeof(steps), "%s", lives[life].life);
	for (char *step = strtok_r(steps, " ", &save); step != NULL; step = strtok_r(NULL, " ", &save)) {
		if (step[0] == '<')
			client_sends(lives[life].name, mode, port, flags_of(step + 1), &got);
		else if (modes[mode].counted)
			server_sends(lives[life].name, &got, flags_of(step + 1));
	}
}

static void
lives_run(bool reuse)
{
	uint16_t port = 1000;

	dp_conn_reuse_mode_set(reuse);
	for (size_t mode = 0; mode < SL_COUNT(modes); mode++) {
		for (size_t i = 0; i < SL_COUNT(lives); i++) {
			struct dp_real_stats before, after;
			char row[160];

			snprintf(row, sizeof(row), "%s: %s, reuse %d", modes[mode].name, lives[i].name,
				 reuse);
			outcomes_sum(&before);
			life_run(i, mode, port++);
			outcomes_sum(&after);
			sl_check_int(row, after.syns - before.syns, modes[mode].counted ? lives[i].syns : 0);
			sl_check_int(row, after.answered - before.answered,
				     modes[mode].counted ? lives[i].answered : 0);
			sl_check_int(row, after.refused - before.refused,
				     modes[mode].counted ? lives[i].refused : 0);
		}
	}
	dp_conn_reuse_mode_set(1);
}

static void
test_lives(void **state)
{
	lives_run(true);
}

static void
test_lives_no_reuse(void **state)
{
	lives_run(false);
}

/* A burst in which one client's port opens, is refused and opens again. */
static void
test_burst(void **state)
{
	static const uint8_t flags[] = { SYN, SYN, 0x40, SYN, 0x40, SYN };
	struct rte_mbuf *packets[SL_COUNT(flags)];
	struct dp_real_stats sum;

	for (size_t i = 0; i < SL_COUNT(flags); i++) {
		uint8_t bytes[PIPE_FRAME_MAX];

		packets[i] =
			pipe_mbuf(bytes, pipe_build(&(struct pipe_spec){ .flags = flags[i] }, bytes), NULL);
	}
	pipe_burst(0, WAN, packets, SL_COUNT(flags));
	outcomes_sum(&sum);
	assert_int_equal(sum.syns, 3);
	assert_int_equal(sum.answered + sum.refused, 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fnat_setup1, pipe_teardown)
	const struct CMUnitTest tests[] = { TEST(test_lives), TEST(test_lives_no_reuse), TEST(test_burst) };

	return cmocka_run_group_tests(tests, pipe_open, NULL);
}
