/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Full NAT on the bench of the pipeline: see fnat_box.h.
 */
#include "fnat_box.h"

#include "sl_addr.h"
#include "wire.h"

enum { LOCALS_MAX = 64 };

static struct sl_addr
addr(const char *text)
{
	struct sl_addr a;

	if (sl_addr_parse(text, &a) != 0)
		fail_msg("not an address: %s", text);
	return a;
}

static void
service_put(struct dp_txn *txn, const char *vip, uint16_t port, uint8_t proto, const char *server,
	    uint8_t options)
{
	struct dp_real real = { .addr = addr(server), .port = 8080, .fwd = SL_FWD_FNAT, .weight = 1 };
	struct dp_service service = {
		.key = { .vip = addr(vip), .port = port, .proto = proto },
		.sched = sched_find("rr"),
		.reals = &real,
		.real_count = 1,
		.local_group = "snat",
		.options = options,
	};
	char error[DP_ERROR_SIZE] = "";

	if (dp_txn_service_put(txn, &service, error) != 0)
		fail_msg("%s", error);
}

void
fnat_configure(const char *const *locals, unsigned int count)
{
	static const char *const pairs[][2] = {
		{ "192.0.2.3", "10.0.0.11" },
		{ "2001:db8:ff::3", "2001:db8:2::11" },
		{ "2001:db8:ff::4", "10.0.0.11" },
	};
	struct dp_local_addr local[LOCALS_MAX];
	const struct dp_local_group group = { .name = "snat", .addrs = local, .addr_count = count };
	struct dp_txn *txn = dp_txn_begin();
	char error[DP_ERROR_SIZE] = "";

	assert_non_null(txn);
	for (unsigned int i = 0; i < count; i++)
		local[i] = (struct dp_local_addr){ addr(locals[i]), LAN };
	for (unsigned int i = 0; i < SL_COUNT(pairs); i++) {
		service_put(txn, pairs[i][0], 80, SL_PROTO_TCP, pairs[i][1], 0);
		service_put(txn, pairs[i][0], 80, SL_PROTO_UDP, pairs[i][1], 0);
		service_put(txn, pairs[i][0], 81, SL_PROTO_TCP, pairs[i][1], DP_SERVICE_TOA);
		service_put(txn, pairs[i][0], 82, SL_PROTO_TCP, pairs[i][1], DP_SERVICE_STRIP_TS);
	}
	pipe_net_put(txn, NULL, 0, &group, 1);
	if (dp_txn_commit(txn, error) != 0)
		fail_msg("%s", error);
}

void
fnat_configure_all(void)
{
	static const char *const locals[] = { "10.0.0.200", "10.0.0.201", "2001:db8:2::200" };

	fnat_configure(locals, SL_COUNT(locals));
}

int
fnat_setup1(void **state)
{
	int code = pipe_setup1(state);

	if (code == 0)
		fnat_configure_all();
	return code;
}

int
fnat_setup2(void **state)
{
	int code = pipe_setup2(state);

	if (code == 0)
		fnat_configure_all();
	return code;
}

static void
swap(uint8_t *a, uint8_t *b, unsigned int len)
{
	for (unsigned int i = 0; i < len; i++) {
		uint8_t byte = a[i];

		a[i] = b[i];
		b[i] = byte;
	}
}

unsigned int
fnat_answer(const uint8_t *frame, unsigned int len, uint8_t bytes[PIPE_FRAME_MAX])
{
	static const uint8_t lan_mac[6] = { 2, 0, 0, 0, 0, 0xb0 };
	uint8_t *ip = bytes + ETH_LEN;
	bool v6;

	memmove(bytes, frame, len);
	v6 = ip[0] >> 4 == 6;
	memcpy(bytes, lan_mac, 6);
	swap(ip + (v6 ? IP6_SRC_AT : IP4_SRC_AT), ip + (v6 ? IP6_DST_AT : IP4_DST_AT), v6 ? 16 : 4);
	swap(ip + (v6 ? IP6_LEN : IP4_LEN), ip + (v6 ? IP6_LEN : IP4_LEN) + 2, 2);
	ip[v6 ? IP6_HOPS_AT : IP4_TTL_AT] = 64;
	pipe_sums(bytes);
	return len;
}
