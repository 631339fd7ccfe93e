/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writes one message of every kind that connection sync sends to its standard
 * output, each behind its size (two bytes), for a dissector that is not ours (test_sync_tshark.py).
 */
#include "fake_dp_sync.h"
#include "sync_trailer.h"

#include <sluice/conn.h>

#include <stdio.h>

enum { EACH = 1000 };

static struct sync_wire_out out;
static uint8_t bytes[SYNC_WIRE_SIZE_MAX];

/* `count` connections from number `first` on, every `step`-th; as many as there is room for. */
static void
message(unsigned int first, unsigned int step, unsigned int count, size_t max, const char *key_text,
	uint8_t fwd, uint8_t flags, uint8_t trailer_flags)
{
	const struct sync_trailer trailer = { .flags = trailer_flags,
					      .threads = 1,
					      .boot_id = UINT64_C(0x1122334455667788),
					      .echo = 2,
					      .number = 3 };
	struct sync_key key;
	uint8_t size[2];

	sync_key_init(&key, key_text, strlen(key_text));
	sync_wire_begin(&out, bytes, max, 1, sync_trailer_room(&key));
	for (unsigned int i = 0; i < count; i++) {
		struct dp_sync_conn conn = fake_conn(first + i * step);

		conn.fwd = fwd;
		conn.flags = flags;
		if (fwd == SL_FWD_FNAT) {
			conn.local = conn.real;
			conn.local_port = (uint16_t)(1024 + i);
			conn.idle_s = i;
		}
		if (!sync_wire_add(&out, &conn))
			break;
	}
	sync_put16(size, (uint16_t)sync_trailer_write(&out, &trailer, &key));
	fwrite(size, 1, sizeof(size), stdout);
	fwrite(bytes, 1, sync_get16(size), stdout);
}

int
main(void)
{
	static const char *const keys[] = { "", "a shared key" };

	for (unsigned int k = 0; k < 2; k++) {
		message(0, 2, 1, 1472, keys[k], SL_FWD_NAT, 0, 0);
		message(1, 2, 1, 1472, keys[k], SL_FWD_NAT, 0, 0);
		for (uint8_t fwd = 0; fwd < SL_FWD_MAX; fwd++)
			message(0, 1, EACH, 1472, keys[k], fwd, 0, SYNC_FLAG_IN_SYNC);
		message(0, 1, EACH, 1472, keys[k], SL_FWD_FNAT, DP_SYNC_TOA, 0);
		message(0, 1, EACH, 1472, keys[k], SL_FWD_NAT, DP_SYNC_ENDED, 0);
		message(0, 1, EACH, 16384, keys[k], SL_FWD_FNAT, 0, SYNC_FLAG_BULK);
		message(0, 1, 0, 1472, keys[k], 0, 0, SYNC_FLAG_HELLO);
		message(0, 1, 0, 1472, keys[k], 0, 0, SYNC_FLAG_GOODBYE);
	}
	return 0;
}
