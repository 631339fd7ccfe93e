/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libFuzzer's entry for VRRP adverts: the first byte chooses whose packet is expected, and whether its checksum is made
 * right (or nothing would come past it); the rest is the frame. It holds the parser to its promises: nothing outside the
 * frame is read, and what is taken is what was asked for, has an interval, and comes out the same when it is built anew.
 *
 *	clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Iinclude -Isrc/base -Isrc/keepalive \
 *		test/fuzz/fuzz_vrrp.c src/keepalive/vrrp_packet.c src/base/sha256.c src/base/addr.c -o /tmp/fuzz_vrrp
 *	/tmp/fuzz_vrrp -max_len=1515 test/fuzz/corpus/vrrp
 *
 * The corpus is replayed by the unit test vrrp_corpus.
 */
#include "vrrp_packet.h"

#include <sluice/ka.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { REPAIR = 0x80 };

static const struct vrrp_wire wires[] = {
	{ .family = 4, .version = 2, .advert_ms = 1000, .auth = KA_AUTH_PASS, .auth_pass = "secret" },
	{ .family = 4, .version = 2, .advert_ms = 1000, .unicast = true },
	{ .family = 4, .version = 3, .advert_ms = 100 },
	{ .family = 4, .version = 3, .advert_ms = 100, .checksum_as_v2 = true, .skip_check_addrs = true },
	{ .family = 6, .version = 3, .advert_ms = 100 },
	{ .family = 6, .version = 3, .advert_ms = 100, .unicast = true, .check_source = true },
};

static void
demand(bool condition)
{
	if (!condition)
		abort();
}

static void
checksum_repair(const struct vrrp_wire *wire, uint8_t *frame, size_t len)
{
	size_t header = 40, addrs = wire->family == 4 ? 8 : 32, at, vrrp_len;
	uint32_t sum = 0;
	uint16_t check;

	if (len <= VRRP_ETHER_SIZE)
		return;
	if (wire->family == 4)
		header = (size_t)(frame[VRRP_ETHER_SIZE] & 15) * 4;
	at = VRRP_ETHER_SIZE + header;
	if (at + 8 > len || header < 20)
		return;
	vrrp_len = 8 + (size_t)frame[at + 3] * (addrs / 2) + (wire->version == 2 ? VRRP_AUTH_SIZE : 0);
	if (at + vrrp_len > len)
		return;
	frame[at + 6] = frame[at + 7] = 0;
	if (wire->version == 3 && !(wire->family == 4 && wire->checksum_as_v2))
		sum = vrrp_sum(VRRP_PROTO + (uint32_t)vrrp_len,
			       frame + VRRP_ETHER_SIZE + (wire->family == 4 ? 12 : 8), addrs);
	check = vrrp_sum_end(vrrp_sum(sum, frame + at, vrrp_len));
	frame[at + 6] = (uint8_t)(check >> 8);
	frame[at + 7] = (uint8_t)check;
}

/* What was taken, said by ourselves, is taken again. */
static void
rebuilt_check(const struct vrrp_wire *wire, const struct vrrp_advert *advert)
{
	struct vrrp_wire own = *wire;
	struct sl_addr dst = wire->family == 4 ? sl_addr_from_v4(wire->unicast ? 0x0100000a : 0x120000e0)
					       : (struct sl_addr){ .b = { wire->unicast ? 0xfe : 0xff, 2 } };
	uint8_t frame[DP_HA_FRAME_MAX], mac[6] = { 2 };
	struct vrrp_advert again;
	size_t len;

	own.advert_ms = advert->advert_ms;
	own.peers = &advert->source;
	own.peer_count = 1;
	len = vrrp_packet_build(&own, advert->priority, &advert->source, &dst, VRRP_TTL, mac, frame);
	demand(vrrp_packet_parse(&own, frame, len, &again) == VRRP_OK);
	demand(again.priority == advert->priority && again.advert_ms == advert->advert_ms &&
	       sl_addr_eq(&again.source, &advert->source));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sl_addr addrs[2] = { { .b = { 1 } }, { .b = { 2 } } };
	struct vrrp_wire wire;
	struct vrrp_advert advert;
	uint8_t *frame, family, vrid;
	enum vrrp_verdict verdict;

	if (size == 0 || size > DP_HA_FRAME_MAX + 1)
		return 0;
	/* Of exactly this size, so that a byte too far is seen. */
	frame = malloc(size);
	demand(frame != NULL);
	memcpy(frame, data + 1, --size);
	wire = wires[(data[0] & ~REPAIR) % (sizeof(wires) / sizeof(wires[0]))];
	wire.addrs = addrs;
	wire.addr_count = 2;
	if ((data[0] & REPAIR) != 0)
		checksum_repair(&wire, frame, size);
	verdict = vrrp_packet_parse(&wire, frame, size, &advert);
	demand(verdict < VRRP_VERDICT_MAX);
	if (verdict == VRRP_OK) {
		demand(vrrp_packet_key(frame, size, &family, &vrid) && family == wire.family);
		demand(sl_addr_is_v4(&advert.source) == (family == 4));
		demand(advert.advert_ms > 0 && (wire.version == 3 || advert.advert_ms == wire.advert_ms));
		demand(!wire.check_source);
		rebuilt_check(&wire, &advert);
	}
	free(frame);
	return 0;
}
