/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A box on the bench for the tests of ARP, neighbour discovery and ping: two
 * ports, a few addresses, a clock to turn, and everything that it sends and drops
 * kept to be looked at. Real packet buffers (EAL without hugepages), fake ports.
 *
 *	wan, port 0   02:00:00:00:00:a0   198.51.100.2/24  2001:db8:1::2/64
 *	lan, port 1   02:00:00:00:00:b0   10.0.0.1/24      2001:db8:2::1/64
 *	VIPs          192.0.2.10 (in no subnet: both ports), 198.51.100.80 and 2001:db8:1::80 (wan)
 *
 * Neighbours used throughout: 02:00:00:00:01:01 is who it should be,
 * 02:00:00:00:06:66 is not. Expected frames were written by scapy.
 */
#ifndef NEIGH_BOX_H
#define NEIGH_BOX_H

#include <sluice/addr.h>
#include <sluice/drop.h>

#include "sl_test.h"

#include <stdbool.h>

enum { WAN, LAN, BOX_PORTS, BOX_MTU = 1500, BOX_FRAME_MAX = 4096, BOX_SENT_MAX = 4096 };

struct box_frame {
	unsigned int port, len;
	uint8_t bytes[BOX_FRAME_MAX];
};

struct box {
	uint64_t now_ms;
	unsigned int sent_count; /* frames since box_forget() */
	struct box_frame sent[BOX_SENT_MAX];
	uint64_t dropped[SL_DROP_MAX]; /* since box_forget() */
	unsigned int warned;
	bool no_buffers;     /* dp_control_mbuf has none */
	bool tap;            /* ports have kernel interfaces */
	unsigned int copied; /* frames that the kernel was given, since box_forget() */
};

extern struct box box;

/* Of cmocka: once a program, and before and after each test (every buffer is back). */
int box_open(void **state);
int box_setup(void **state);
int box_teardown(void **state);

/* Forgets what has been sent, dropped and warned. */
void box_forget(void);

/* Lets time pass, millisecond by millisecond. */
void box_advance(unsigned int ms);

struct sl_addr box_addr(const char *text);

/* Bytes of hexadecimal text. Returns how many. */
unsigned int box_bytes(const char *hex, uint8_t ret_bytes[BOX_FRAME_MAX]);

/*
 * A frame comes in by `port` in segments of at most seg_len bytes (0: in one). Returns
 * why it was dropped, or SL_DROP_MAX when it was answered or did its work. Fails
 * unless it was sent, dropped or consumed exactly once.
 */
enum sl_drop box_receive(unsigned int port, const uint8_t *bytes, unsigned int len, unsigned int seg_len);
enum sl_drop box_receive_hex(unsigned int port, const char *hex);

/* The box has sent exactly this frame (hexadecimal; NULL: nothing) since box_forget(). */
void box_check_sent(const char *row, unsigned int port, const char *hex);

/*
 * Every length of the frame, in one segment and in segments of 1 to 41 bytes, then
 * `rounds` copies with random bytes changed: the box survives and loses no buffer.
 * mend() makes every other of these well-formed again as far as a checksum goes; NULL: none.
 */
void box_check_hostile(const char *hex, unsigned int rounds, void (*mend)(uint8_t *frame, unsigned int len));

#endif
