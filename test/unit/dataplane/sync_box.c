/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connection sync on the bench of the pipeline: see sync_box.h.
 */
#include "sync_box.h"

#include "limit.h"
#include "sl_addr.h"
#include "wire.h"

enum { SLOTS = 64 };

static int
begin(int code)
{
	if (code != 0)
		return code;
	dp_answer_rate_set(0);
	if (dp_sync_init(1, SYNC_BOX_QUEUE) != 0)
		return -1;
	return dp_sync_open(0);
}

int
sync_setup1(void **state)
{
	return begin(fnat_setup1(state));
}

int
sync_setup2(void **state)
{
	return begin(fnat_setup2(state));
}

int
sync_setup4(void **state)
{
	int code = pipe_setup4(state);

	if (code == 0)
		fnat_configure_all();
	return begin(code);
}

static struct sl_addr
addr(const char *text)
{
	struct sl_addr a;

	if (sl_addr_parse(text, &a) != 0)
		fail_msg("not an address: %s", text);
	return a;
}

struct dp_sync_conn
sync_conn(const struct sync_spec *s)
{
	const char *vip = s->vip != NULL ? s->vip : "192.0.2.1";
	bool v6 = strchr(vip, ':') != NULL;
	bool nat = s->fwd == SL_FWD_NAT || s->fwd == SL_FWD_FNAT;
	struct dp_sync_conn c = {
		.client = addr(s->client != NULL ? s->client
			       : v6              ? "2001:db8:9::5"
						 : "203.0.113.5"),
		.vip = addr(vip),
		.real = addr(s->real != NULL ? s->real
			     : v6            ? "2001:db8:2::11"
					     : "10.0.0.11"),
		.client_port = s->client_port != 0 ? s->client_port : 40000,
		.vip_port = s->vip_port != 0 ? s->vip_port : 80,
		.real_port = s->real_port != 0 ? s->real_port
			     : nat             ? 8080
					       : 80,
		.local_port = s->local_port,
		.proto = s->proto != 0 ? s->proto : SL_PROTO_TCP,
		.fwd = s->fwd,
		.state = s->state != 0              ? s->state
			 : s->proto == SL_PROTO_UDP ? SL_STATE_UDP
						    : SL_STATE_ESTABLISHED,
		.flags = s->flags,
		.idle_s = s->idle_s,
	};

	if (s->local != NULL)
		c.local = addr(s->local);
	return c;
}

enum dp_sync_result
sync_put(const struct sync_spec *spec)
{
	struct dp_sync_conn conn = sync_conn(spec);

	return dp_sync_put(0, &conn);
}

void
sync_take_all(void)
{
	for (unsigned int turn = 0; turn < 100; turn++)
		for (unsigned int id = 0; id < dp_workers_count; id++) {
			dp_workers[id]->snapshot = atomic_load(&dp_snapshot_current);
			(void)dp_sync_serve(dp_workers[id], 0);
		}
}

void
sync_put_taken(const struct sync_spec *spec)
{
	assert_int_equal(sync_put(spec), DP_SYNC_TAKEN);
	sync_take_all();
}

struct flow *
sync_flow(unsigned int worker, const struct sync_spec *spec)
{
	struct dp_sync_conn c = sync_conn(spec);
	struct pkt_key key = {
		.client = c.client,
		.other = c.vip,
		.ports = rte_cpu_to_be_16(c.client_port) |
			 (uint64_t)rte_cpu_to_be_16(c.vip_port) << KEY_SHIFT_VIP_PORT |
			 (uint64_t)c.proto << KEY_SHIFT_PROTO,
	};
	struct dp_worker *w = dp_workers[worker];

	return dp_flow_find_slow(w, &key, true, flow_hash_ports(&w->table, &key.client, key.ports));
}

int
sync_worker(const struct sync_spec *spec)
{
	int worker = -1;

	for (unsigned int id = 0; id < dp_workers_count; id++) {
		if (sync_flow(id, spec) == NULL)
			continue;
		assert_int_equal(worker, -1);
		worker = (int)id;
	}
	return worker;
}

size_t
sync_changes(struct dp_sync_conn *ret_conns, size_t max)
{
	uint64_t lost = 0;
	size_t count = dp_sync_changes(0, ret_conns, max, &lost);

	assert_int_equal(lost, 0);
	return count;
}

bool
sync_is(const struct dp_sync_conn *a, const struct sync_spec *spec)
{
	struct dp_sync_conn b = sync_conn(spec);

	return sl_addr_eq(&a->client, &b.client) && sl_addr_eq(&a->vip, &b.vip) &&
	       sl_addr_eq(&a->real, &b.real) && sl_addr_eq(&a->local, &b.local) &&
	       a->client_port == b.client_port && a->vip_port == b.vip_port && a->real_port == b.real_port &&
	       a->local_port == b.local_port && a->proto == b.proto && a->fwd == b.fwd &&
	       a->state == b.state && a->flags == b.flags && a->idle_s == b.idle_s;
}

uint32_t
sync_counts_check(const char *row)
{
	uint32_t flows = 0;

	for (unsigned int id = 0; id < dp_workers_count; id++) {
		const struct dp_worker *w = dp_workers[id];
		uint32_t total[SLOTS] = { 0 }, active[SLOTS] = { 0 };

		for (uint32_t i = 1; i <= w->table.high; i++) {
			const struct flow *flow = &w->table.flow[i];

			if (flow->proto == 0)
				continue;
			total[flow->real]++;
			active[flow->real] += TCP_ACTIVE_STATES >> flow->state & 1;
		}
		for (uint32_t slot = 1; slot < SLOTS; slot++) {
			sl_check_int(row, w->real[slot].total, total[slot]);
			sl_check_int(row, w->real[slot].active, active[slot]);
		}
		sl_check_int(row, w->count.flows_created - w->count.flows_expired, w->table.used);
		flows += w->table.used;
	}
	return flows;
}
