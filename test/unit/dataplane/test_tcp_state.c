/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The states of a connection against Linux IPVS 6.12's tables, typed off again
 * from its documentation: every cell, every flags byte, every timeout, and the
 * lives of whole connections.
 */
#include "tcp_state.h"

#include "sl_test.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* As the tables' columns and cells abbreviate them. */
static const struct {
	const char *text;
	enum sl_state state;
} words[] = {
	{ "NONE", SL_STATE_NONE },   { "EST", SL_STATE_ESTABLISHED }, { "SS", SL_STATE_SYN_SENT },
	{ "SR", SL_STATE_SYN_RECV }, { "FW", SL_STATE_FIN_WAIT },     { "TW", SL_STATE_TIME_WAIT },
	{ "CL", SL_STATE_CLOSE },    { "CW", SL_STATE_CLOSE_WAIT },   { "LA", SL_STATE_LAST_ACK },
	{ "LI", SL_STATE_LISTEN },   { "SA", SL_STATE_SYNACK },
};

static enum sl_state
state_of(const char *text)
{
	for (size_t i = 0; i < SL_COUNT(words); i++)
		if (strcmp(words[i].text, text) == 0)
			return words[i].state;
	fail_msg("no such state: %s", text);
	return SL_STATE_NONE;
}

static const char *
word_of(unsigned int state)
{
	for (size_t i = 0; i < SL_COUNT(words); i++)
		if (words[i].state == state)
			return words[i].text;
	return "?";
}

static void
test_numbers(void **state)
{
	/* They travel in the synchronisation protocol. */
	static const struct {
		const char *text;
		int number;
	} rows[] = {
		{ "NONE", 0 }, { "EST", 1 }, { "SS", 2 }, { "SR", 3 }, { "FW", 4 },  { "TW", 5 },
		{ "CL", 6 },   { "CW", 7 },  { "LA", 8 }, { "LI", 9 }, { "SA", 10 },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++)
		sl_check_int(rows[i].text, state_of(rows[i].text), rows[i].number);
}

static void
test_tables(void **state)
{
	static const char columns[] = "NONE EST SS SR FW TW CL CW LA LI SA";
	static const struct {
		const char *name;
		enum tcp_side side;
		enum tcp_event event;
		const char *next;
	} rows[] = {
		/*                                            NONE EST SS SR FW TW CL CW LA LI SA */
		{ "in SYN", TCP_SIDE_IN, TCP_EVENT_SYN, "SR EST EST SR SR SR SR SR SR SR SR" },
		{ "in FIN", TCP_SIDE_IN, TCP_EVENT_FIN, "CL CW SS TW TW TW CL CW LA LI TW" },
		{ "in ACK", TCP_SIDE_IN, TCP_EVENT_ACK, "EST EST SS EST FW TW CL CW CL LI EST" },
		{ "in RST", TCP_SIDE_IN, TCP_EVENT_RST, "CL CL CL SR CL CL CL CL LA LI SR" },
		{ "in nothing", TCP_SIDE_IN, TCP_EVENT_NONE, "CL CL CL CL CL CL CL CL CL CL CL" },
		{ "out SYN", TCP_SIDE_OUT, TCP_EVENT_SYN, "SS EST SS SR SS SS SS SS SS LI SR" },
		{ "out FIN", TCP_SIDE_OUT, TCP_EVENT_FIN, "TW FW SS TW FW TW CL TW LA LI TW" },
		{ "out ACK", TCP_SIDE_OUT, TCP_EVENT_ACK, "EST EST SS EST FW TW CL CW LA EST EST" },
		{ "out RST", TCP_SIDE_OUT, TCP_EVENT_RST, "CL CL SS CL CL TW CL CL CL CL CL" },
		{ "out nothing", TCP_SIDE_OUT, TCP_EVENT_NONE, "CL CL CL CL CL CL CL CL CL CL CL" },
		{ "in-only SYN", TCP_SIDE_IN_ONLY, TCP_EVENT_SYN, "SR EST EST SR SR SR SR SR SR SR SR" },
		{ "in-only FIN", TCP_SIDE_IN_ONLY, TCP_EVENT_FIN, "CL FW SS TW FW TW CL CW LA LI TW" },
		{ "in-only ACK", TCP_SIDE_IN_ONLY, TCP_EVENT_ACK, "EST EST SS EST FW TW CL CW CL LI EST" },
		{ "in-only RST", TCP_SIDE_IN_ONLY, TCP_EVENT_RST, "CL CL CL SR CL CL CL CL LA LI CL" },
		{ "in-only nothing", TCP_SIDE_IN_ONLY, TCP_EVENT_NONE, "CL CL CL CL CL CL CL CL CL CL CL" },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		char from[sizeof(columns)], to[64], *from_save = NULL, *to_save = NULL, *cell;
		unsigned int cells = 0;

		snprintf(from, sizeof(from), "%s", columns);
		snprintf(to, sizeof(to), "%s", rows[i].next);
		cell = strtok_r(to, " ", &to_save);
		for (char *column = strtok_r(from, " ", &from_save); column != NULL;
		     column = strtok_r(NULL, " ", &from_save), cell = strtok_r(NULL, " ", &to_save)) {
			unsigned int got = tcp_next[rows[i].side][rows[i].event][state_of(column)];

			if (cell == NULL || got != state_of(cell))
				fail_msg("%s in %s: %s, not %s", rows[i].name, column, word_of(got), cell);
			cells++;
		}
		sl_check_int(rows[i].name, cells, SL_COUNT(words));
	}
}

static void
test_udp(void **state)
{
	static const enum tcp_side sides[] = { TCP_SIDE_IN, TCP_SIDE_IN_ONLY, TCP_SIDE_OUT };

	for (size_t i = 0; i < SL_COUNT(sides); i++)
		assert_int_equal(tcp_next[sides[i]][TCP_EVENT_UDP][SL_STATE_UDP], SL_STATE_UDP);
}

/* RST goes before SYN, SYN before FIN, FIN before ACK; the other bits say nothing. */
static void
test_flags(void **state)
{
	enum { FIN = 1, SYN = 2, RST = 4, ACK = 16 };

	for (unsigned int flags = 0; flags < 256; flags++) {
		enum tcp_event want = TCP_EVENT_NONE;

		if (flags & ACK)
			want = TCP_EVENT_ACK;
		if (flags & FIN)
			want = TCP_EVENT_FIN;
		if (flags & SYN)
			want = TCP_EVENT_SYN;
		if (flags & RST)
			want = TCP_EVENT_RST;
		if (tcp_event_of_flags[flags] != want)
			fail_msg("flags 0x%02x: event %u, not %u", flags, tcp_event_of_flags[flags], want);
	}
}

static void
test_timeouts(void **state)
{
	static const struct {
		const char *name;
		enum sl_state state;
		uint32_t seconds;
		bool active;
	} rows[] = {
		{ "NONE", SL_STATE_NONE, 2, false },
		{ "ESTABLISHED", SL_STATE_ESTABLISHED, 900, true },
		{ "SYN_SENT", SL_STATE_SYN_SENT, 120, true },
		{ "SYN_RECV", SL_STATE_SYN_RECV, 60, true },
		{ "FIN_WAIT", SL_STATE_FIN_WAIT, 120, false },
		{ "TIME_WAIT", SL_STATE_TIME_WAIT, 120, false },
		{ "CLOSE", SL_STATE_CLOSE, 10, false },
		{ "CLOSE_WAIT", SL_STATE_CLOSE_WAIT, 60, false },
		{ "LAST_ACK", SL_STATE_LAST_ACK, 30, false },
		{ "LISTEN", SL_STATE_LISTEN, 120, false },
		{ "SYNACK", SL_STATE_SYNACK, 120, true },
		{ "UDP", SL_STATE_UDP, 300, false },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		sl_check_int(rows[i].name, atomic_load(&tcp_timeout_s[rows[i].state]), rows[i].seconds);
		sl_check_int(rows[i].name, TCP_ACTIVE_STATES >> rows[i].state & 1, rows[i].active);
	}
}

/* "<" is towards the server, ">" from it, "-" towards it where replies are not seen. */
static void
test_lives(void **state)
{
	static const struct {
		const char *name, *life; /* what comes, and the state after it */
	} rows[] = {
		{ "client closes, NAT", "<S:SR >S:SR <A:EST >A:EST <F:CW >A:CW >F:TW <A:TW" },
		{ "server closes, NAT", "<S:SR >S:SR <A:EST >F:FW <A:FW <F:TW >A:TW" },
		{ "client resets", "<S:SR >S:SR <A:EST <R:CL >A:CL" },
		{ "server resets", "<S:SR >S:SR <A:EST >R:CL" },
		{ "server refuses", "<S:SR >R:CL" },
		{ "client gives up while half open: stays", "<S:SR <R:SR" },
		{ "client closes, DR: no reply is seen, so it waits", "-S:SR -A:EST -F:FW -A:FW" },
		{ "client resets, DR", "-S:SR -A:EST -R:CL" },
		{ "SYN again while established: stays", "<S:SR >S:SR <A:EST <S:EST" },
		{ "SYN again after it closed", "-S:SR -A:EST -F:FW -S:SR" },
		{ "no flags at all", "<S:SR <A:EST <0:CL" },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		unsigned int now = SL_STATE_NONE;
		char life[128], *save = NULL;

		snprintf(life, sizeof(life), "%s", rows[i].life);
		for (char *step = strtok_r(life, " ", &save); step != NULL;
		     step = strtok_r(NULL, " ", &save)) {
			enum tcp_side side = step[0] == '<'   ? TCP_SIDE_IN
					     : step[0] == '>' ? TCP_SIDE_OUT
							      : TCP_SIDE_IN_ONLY;
			uint8_t flags = step[1] == 'S'   ? 2
					: step[1] == 'F' ? 0x11
					: step[1] == 'R' ? 4
					: step[1] == 'A' ? 0x10
							 : 0;

			now = tcp_next[side][tcp_event_of_flags[flags]][now];
			if (now != state_of(step + 3))
				fail_msg("%s: after %s it is %s", rows[i].name, step, word_of(now));
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers), cmocka_unit_test(test_tables),   cmocka_unit_test(test_udp),
		cmocka_unit_test(test_flags),   cmocka_unit_test(test_timeouts), cmocka_unit_test(test_lives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
