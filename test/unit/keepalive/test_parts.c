/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The small pure parts: what tracked things make of a priority, when neighbours are told and by which frame, and the
 * fence.
 */
#include "announce.h"
#include "fence.h"
#include "vrrp_track.h"

#include "sl_addr.h"
#include "sl_sha256.h"
#include "sl_test.h"

#include <stdio.h>

/* ---- tracked things ---- */

enum { UNKNOWN = -99999 };

/* { what, kind, weight, reverse, init_fail, value (UNKNOWN), base -> fault, effective priority } */
static const struct {
	const char *name;
	uint8_t kind;
	int16_t weight;
	bool reverse, init_fail;
	int32_t value;
	bool fault;
	uint8_t priority; /* of a base of 100 */
} tracks[] = {
	{ "weight 0, good", KA_TRACK_SCRIPT, 0, false, false, 1, false, 100 },
	{ "weight 0, bad", KA_TRACK_SCRIPT, 0, false, false, 0, true, 100 },
	{ "weight 0, reverse, good", KA_TRACK_SCRIPT, 0, true, false, 1, true, 100 },
	{ "weight 0, reverse, bad", KA_TRACK_SCRIPT, 0, true, false, 0, false, 100 },
	{ "added while good", KA_TRACK_SCRIPT, 20, false, false, 1, false, 120 },
	{ "not while bad", KA_TRACK_SCRIPT, 20, false, false, 0, false, 100 },
	{ "not while good", KA_TRACK_SCRIPT, -20, false, false, 1, false, 100 },
	{ "taken away while bad", KA_TRACK_SCRIPT, -20, false, false, 0, false, 80 },
	{ "reverse: taken away while good", KA_TRACK_PROCESS, 20, true, false, 1, false, 80 },
	{ "reverse: added while bad", KA_TRACK_PROCESS, -20, true, false, 0, false, 120 },
	{ "not known yet", KA_TRACK_SCRIPT, 0, false, false, UNKNOWN, false, 100 },
	{ "not known yet, init_fail", KA_TRACK_SCRIPT, 0, false, true, UNKNOWN, true, 100 },
	{ "not known yet, reverse", KA_TRACK_SCRIPT, 0, true, false, UNKNOWN, false, 100 },
	{ "not known yet, reverse, init_fail", KA_TRACK_SCRIPT, 0, true, true, UNKNOWN, true, 100 },
	{ "not known yet, weight", KA_TRACK_QUORUM, -20, false, false, UNKNOWN, false, 100 },
	{ "not known yet, weight, init_fail", KA_TRACK_QUORUM, -20, false, true, UNKNOWN, false, 80 },
	{ "a file's number", KA_TRACK_FILE, 2, false, false, 15, false, 130 },
	{ "a file's number, reverse", KA_TRACK_FILE, 2, true, false, 15, false, 70 },
	{ "below nothing", KA_TRACK_FILE, 1, false, false, -200, false, 1 },
	{ "above all", KA_TRACK_FILE, 1, false, false, 200, false, 254 },
	{ "a file that takes it all", KA_TRACK_FILE, 1, false, false, -254, true, 100 },
	{ "a file with a large number", KA_TRACK_FILE, 253, false, false, 2000000000, false, 254 },
	{ "a file with a small number", KA_TRACK_FILE, 253, false, false, -2000000000, true, 100 },
	{ "a file of weight 0", KA_TRACK_FILE, 0, false, false, 0, false, 100 },
	{ "a file of weight 0 that says something", KA_TRACK_FILE, 0, false, false, 1, true, 100 },
	{ "a file of weight 0, reverse", KA_TRACK_FILE, 0, true, false, 0, true, 100 },
	{ "a file that is not there yet", KA_TRACK_FILE, 0, true, false, UNKNOWN, false, 100 },
};

static bool
look(const struct ka_track *track, int32_t *ret_value, void *context)
{
	*ret_value = *(const int32_t *)context;
	return *ret_value != UNKNOWN;
}

static void
tracking(void **state)
{
	for (size_t i = 0; i < SL_COUNT(tracks); i++) {
		struct ka_track track = { .kind = tracks[i].kind,
					  .weight = tracks[i].weight,
					  .reverse = tracks[i].reverse,
					  .init_fail = tracks[i].init_fail,
					  .name = "it" };
		int32_t value = tracks[i].value;
		struct vrrp_tracked tracked = { 0 };

		vrrp_track_sum(&track, 1, true, look, &value, &tracked);
		sl_check_int(tracks[i].name, tracked.fault, tracks[i].fault);
		sl_check_int(tracks[i].name, tracked.why[0] != '\0', tracks[i].fault);
		sl_check_int(tracks[i].name, vrrp_track_priority(100, tracked.weight), tracks[i].priority);
		sl_check_int(tracks[i].name, vrrp_track_priority(255, tracked.weight), 255);
		/* A member of a sync group: no weights, FAULT. */
		tracked = (struct vrrp_tracked){ 0 };
		vrrp_track_sum(&track, 1, false, look, &value, &tracked);
		sl_check_int(tracks[i].name, tracked.weight, 0);
	}
}

static void
tracking_sums(void **state)
{
	const struct ka_track both[] = { { .kind = KA_TRACK_SCRIPT, .weight = 20 },
					 { .kind = KA_TRACK_SCRIPT, .weight = -50 },
					 { .kind = KA_TRACK_SCRIPT, .weight = 5 } };
	struct vrrp_tracked good = { 0 }, bad = { 0 }, grouped = { 0 };
	int32_t one = 1, zero = 0;

	vrrp_track_sum(both, 3, true, look, &one, &good);
	vrrp_track_sum(both, 3, true, look, &zero, &bad);
	vrrp_track_sum(both, 3, false, look, &zero, &grouped);
	assert_int_equal(good.weight, 25);
	assert_int_equal(bad.weight, -50);
	assert_false(bad.fault);
	assert_true(grouped.fault);
}

/* ---- announcements ---- */

/* { what, the schedule, lower priority heard at, when are how many rounds sent (ms) } */
static const struct {
	const char *name;
	struct ka_garp garp;
	unsigned int lower_ms;
	struct {
		unsigned int at_ms, rounds;
	} want[6];
} schedules[] = {
	{ "keepalived's default", { .repeat = 5, .delay_ms = 5000 }, 0, { { 0, 5 }, { 5000, 5 } } },
	{ "no second lot", { .repeat = 3 }, 0, { { 0, 3 } } },
	{ "nothing at all", { .delay_ms = 5000 }, 0, { { 0 } } },
	{ "refreshed",
	  { .repeat = 5, .delay_ms = 2000, .refresh_ms = 3000, .refresh_repeat = 2 },
	  0,
	  { { 0, 5 }, { 2000, 5 }, { 5000, 2 }, { 8000, 2 } } },
	{ "after a lower priority",
	  { .repeat = 2, .delay_ms = 1000, .lower_repeat = 3, .lower_delay_ms = 2000 },
	  4000,
	  { { 0, 2 }, { 1000, 2 }, { 4000, 3 }, { 6000, 3 } } },
	{ "after a lower priority, once",
	  { .repeat = 2, .delay_ms = 1000, .lower_repeat = 3 },
	  4000,
	  { { 0, 2 }, { 1000, 2 }, { 4000, 3 } } },
	{ "a lower priority is nothing to it",
	  { .repeat = 2, .delay_ms = 1000, .lower_delay_ms = 2000 },
	  4000,
	  { { 0, 2 }, { 1000, 2 } } },
};

static void
schedule(void **state)
{
	for (size_t i = 0; i < SL_COUNT(schedules); i++) {
		struct announce announce;
		unsigned int at = 0;

		announce_begin(&announce, &schedules[i].garp, 0);
		for (unsigned int ms = 0; ms < 9000; ms++) {
			unsigned int sent = 0;
			char row[96];

			if (schedules[i].lower_ms > 0 && ms == schedules[i].lower_ms)
				announce_lower(&announce, &schedules[i].garp, (uint64_t)ms * 1000);
			while (announce_is_due(&announce, &schedules[i].garp, (uint64_t)ms * 1000)) {
				sl_check_int(schedules[i].name, announce.at, sent % 3);
				announce_sent(&announce, 3);
				sent++;
			}
			if (sent == 0)
				continue;
			snprintf(row, sizeof(row), "%s, at %u ms", schedules[i].name, ms);
			sl_check_int(row, ms, schedules[i].want[at].at_ms);
			sl_check_int(row, sent, 3 * schedules[i].want[at].rounds);
			at++;
		}
		sl_check(schedules[i].name, schedules[i].want[at].rounds == 0);
		announce_stop(&announce);
		sl_check(schedules[i].name, !announce_is_due(&announce, &schedules[i].garp, UINT64_MAX - 1));
	}
}

/* What begins amid a round lets it end, and has its own rounds whole. */
static void
lower_amid_a_round(void **state)
{
	static const struct ka_garp garp = { .repeat = 1, .lower_repeat = 2 };
	struct announce announce;
	unsigned int sent = 1;

	announce_begin(&announce, &garp, 0);
	announce_sent(&announce, 3);
	announce_lower(&announce, &garp, 1000);
	announce_lower(&announce, &garp, 2000);
	for (; announce_is_due(&announce, &garp, 3000); sent++) {
		assert_int_equal(announce.at, sent % 3);
		announce_sent(&announce, 3);
	}
	assert_int_equal(sent, 3 + 2 * 3);
}

/* keepalived's frames; ours say besides that they are of a router (0xa0 instead of 0x20), with the checksum for it. */
static const struct {
	const char *addr, *frame;
} frames[] = {
	{ "192.0.2.3",
	  "ffffffffffff5e44f089d893080600010800060400015e44f089d893c0000203ffffffffffffc0000203" },
	{ "2001:db8::1", "3333000000015e44f089d89386dd6000000000203aff20010db8000000000000000000000001"
			 "ff020000000000000000000000000001880053c9a000000020010db8000000000000000000000001"
			 "02015e44f089d893" },
};

static void
frame_bytes(void **state)
{
	static const uint8_t mac[6] = { 0x5e, 0x44, 0xf0, 0x89, 0xd8, 0x93 };

	for (size_t i = 0; i < SL_COUNT(frames); i++) {
		uint8_t frame[ANNOUNCE_FRAME_MAX];
		char text[2 * ANNOUNCE_FRAME_MAX + 1];
		struct sl_addr addr;

		sl_addr_parse(frames[i].addr, &addr);
		sl_hex_format(frame, announce_build(&addr, mac, frame), text);
		sl_check_str(frames[i].addr, text, frames[i].frame);
	}
}

/* ---- the fence ---- */

static void
fencing(void **state)
{
	struct fence fence = { 0 };

	assert_false(fence_ended(&fence, 500, true));
	assert_int_equal(fence_want(&fence, 1000, 500), FENCE_ASK);
	assert_int_equal(fence_want(&fence, 1100, 500), FENCE_WAIT);
	assert_false(fence_is_late(&fence, 1499));
	assert_true(fence_is_late(&fence, 1500));
	assert_true(fence_ended(&fence, 1500, false));
	assert_false(fence_is_late(&fence, 1500));
	/* Again, later and later. */
	for (uint64_t apart_us = FENCE_APART_US, now_us = 1500, i = 0; i < 10; i++) {
		assert_int_equal(fence_want(&fence, now_us + apart_us - 1, 500), FENCE_LATER);
		now_us += apart_us;
		assert_int_equal(fence_want(&fence, now_us, 500), FENCE_ASK);
		assert_true(fence_ended(&fence, now_us, false));
		apart_us = apart_us < FENCE_APART_MOST_US ? apart_us * 2 : apart_us;
	}
	/* Who was heard meanwhile falls silent anew. */
	fence_peer_heard(&fence);
	assert_int_equal(fence_want(&fence, 2000, 500), FENCE_ASK);
	assert_true(fence_ended(&fence, 2000, true));
	assert_int_equal(fence_want(&fence, 2000, 500), FENCE_GOOD);
	fence_peer_heard(&fence);
	assert_int_equal(fence_want(&fence, 2000, 500), FENCE_ASK);
	fence_peer_heard(&fence);
	assert_int_equal(fence_want(&fence, 2000, 500), FENCE_WAIT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tracking),    cmocka_unit_test(tracking_sums),
		cmocka_unit_test(schedule),    cmocka_unit_test(lower_amid_a_round),
		cmocka_unit_test(frame_bytes), cmocka_unit_test(fencing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
