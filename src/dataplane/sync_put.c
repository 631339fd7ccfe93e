/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections of the peer on their way in, on the sync thread: what can be found out there is found
 * out there (service, server, worker), so that a worker has little to do for one.
 *
 * Whose will it be? Where the VIP's flows belong to the worker of the client's hash (handover.c), its.
 * Else the one that has it already; for that the thread looks into the workers' tables beside them: what
 * it sees may be old, and then the worst is a connection that is there twice for a time. Else the worker to which
 * a device would bring its packets that hashes as ours are told to. Where that is wrong, the packets find the
 * flow (sync_move.c).
 *
 * A local port of full NAT can be had from the worker alone in whose share it is: the connection goes by there.
 */
#include "sync.h"

#include "local.h"
#include "wire.h"

/* TCP's states that the peer may name. */
#define TCP_STATES (((1u << SL_STATE_LISTEN) - 2) | 1u << SL_STATE_SYNACK)

static bool
client_is_bad(const struct sl_addr *client)
{
	static const struct sl_addr loopback = { .b = { [15] = 1 } };

	if (sl_addr_is_v4(client))
		return client->b[12] == 0 || client->b[12] == 127 || client->b[12] >= 224;
	return client->b[0] == 0xff || sl_addr_is_none(client) || sl_addr_eq(client, &loopback);
}

static bool
conn_is_good(const struct dp_sync_conn *c)
{
	bool state = c->proto == SL_PROTO_UDP ? c->state == SL_STATE_UDP
					      : c->state < SL_STATE_MAX && (TCP_STATES >> c->state & 1) != 0;

	return (c->proto == SL_PROTO_TCP || c->proto == SL_PROTO_UDP) && c->fwd < SL_FWD_MAX &&
	       (state || (c->flags & DP_SYNC_ENDED) != 0) && !client_is_bad(&c->client) &&
	       sl_addr_is_v4(&c->client) == sl_addr_is_v4(&c->vip) && !sl_addr_is_none(&c->real) &&
	       (c->fwd != SL_FWD_FNAT ||
		(c->local_port != 0 && sl_addr_is_v4(&c->local) == sl_addr_is_v4(&c->real)));
}

/* ---- whose ---- */

static struct pkt_key
key_of(const struct sync_message *m)
{
	return (struct pkt_key){ .client = m->client, .other = m->vip, .ports = m->ports };
}

/* May a worker have this flow? Its table changes meanwhile: nothing is believed but the answer's likelihood. */
static bool
table_seems_to_have(const struct flow_table *table, const struct sync_message *m, struct flow_hash hash)
{
	uint32_t bucket = hash.bucket;

	for (unsigned int depth = 0; depth < BUCKET_CHAIN_MAX; depth++) {
		const struct flow_bucket *b = &table->bucket[bucket];
		uint32_t match = bucket_match(b, hash.tag);

		for (; match != 0; match &= match - 1, match &= match - 1) {
			uint32_t number = bucket_flow(b, match);
			const struct flow *flow = &table->flow[number <= table->capacity ? number : 0];

			if (((flow->ports ^ m->ports) & KEY_PORTS_IN) == 0 &&
			    sl_addr_eq(&flow->client, &m->client) && sl_addr_eq(&flow->vip, &m->vip))
				return true;
		}
		bucket = b->next;
		if (bucket == 0)
			break;
	}
	return false;
}

/* The worker that has it, or -1. All their lines are on their way at once. */
static int
worker_that_has(const struct sync_message *m)
{
	struct flow_hash hash[DP_WORKERS_MAX];

	for (unsigned int id = 0; id < dp_sync.workers; id++) {
		hash[id] = flow_hash_ports(&dp_workers[id]->table, &m->client, m->ports);
		__builtin_prefetch(&dp_workers[id]->table.bucket[hash[id].bucket]);
	}
	for (unsigned int id = 0; id < dp_sync.workers; id++)
		if (table_seems_to_have(&dp_workers[id]->table, m, hash[id]))
			return (int)id;
	return -1;
}

static unsigned int
worker_of(const struct sync_message *m, uint64_t vip_flags)
{
	struct pkt_key key = key_of(m);
	int has = -1;

	if (dp_sync.workers == 1)
		return 0;
	if ((vip_flags & (ADDR_OWNER_HASH | ADDR_LOCAL_FIRST)) != ADDR_OWNER_HASH)
		has = worker_that_has(m);
	if (has >= 0)
		return (unsigned int)has;
	return (vip_flags & ADDR_OWNER_HASH) != 0 ? dp_owner(dp_workers[0], &key.client, (uint16_t)key.ports)
						  : dp_owner_rss(dp_workers[0], &key);
}

/* ---- the message ---- */

static void
message_begin(const struct dp_sync_conn *c, struct sync_message *m)
{
	*m = (struct sync_message){
		.client = c->client,
		.vip = c->vip,
		.ports = rte_cpu_to_be_16(c->client_port) |
			 (uint64_t)rte_cpu_to_be_16(c->vip_port) << KEY_SHIFT_VIP_PORT |
			 (uint64_t)rte_cpu_to_be_16(c->real_port) << KEY_SHIFT_REAL_PORT |
			 (uint64_t)c->proto << KEY_SHIFT_PROTO,
		.idle = (uint32_t)RTE_MIN((uint64_t)c->idle_s * 1000 / TICK_MS, (uint64_t)INT32_MAX),
		.state = c->state,
		.flags = c->flags,
	};
}

/* Service and server, as the snapshot has them. */
static enum dp_sync_result
message_bind(const struct dp_snapshot *snapshot, const struct dp_sync_conn *c, struct sync_message *m)
{
	struct dp_service_key key = { .vip = c->vip, .port = c->vip_port, .proto = c->proto };
	const struct dp_svc *svc;
	int place;

	m->service = service_table_find(snapshot->services, &key);
	if (m->service == 0)
		return DP_SYNC_UNKNOWN;
	svc = snapshot->svc[m->service];
	place = dp_svc_server_find(svc, &c->real, rte_cpu_to_be_16(c->real_port));
	if (place < 0)
		return DP_SYNC_UNKNOWN;
	m->place = (uint32_t)place;
	m->real = svc->server[place].slot;
	m->generation = atomic_load_explicit(&dp_real_slots[m->real].generation, memory_order_relaxed);
	m->fwd = c->fwd == SL_FWD_FNAT ? SL_FWD_FNAT : svc->fwd[place];
	if (m->fwd != SL_FWD_FNAT)
		return DP_SYNC_TAKEN;
	if (c->fwd != SL_FWD_FNAT || sl_addr_is_v4(&c->local) != sl_addr_is_v4(&c->real))
		return DP_SYNC_BAD; /* without its local port it is not that connection */
	m->other = c->local;
	m->local_port_be = rte_cpu_to_be_16(c->local_port);
	return DP_SYNC_TAKEN;
}

/* Which worker gets the message: where the flow is to be, or the one that has the local port to give. */
static unsigned int
message_address(const struct dp_snapshot *snapshot, struct sync_message *m)
{
	unsigned int worker = worker_of(m, addr_flags_kinds(addr_table_find(snapshot->addrs, &m->vip))),
		     share;
	uint64_t flags;

	m->to = (uint8_t)worker;
	m->kind = (m->flags & DP_SYNC_ENDED) != 0 ? SYNC_ENDED : SYNC_PUT;
	if (m->kind == SYNC_ENDED || m->fwd != SL_FWD_FNAT || dp_sync.workers == 1)
		return worker;
	flags = addr_table_find(snapshot->addrs, &m->other);
	if ((addr_flags_kinds(flags) & ADDR_LOCAL) == 0)
		return worker; /* counts it */
	share = dp_local_share(local_index_of(flags), m->local_port_be);
	if (share == worker)
		return worker;
	m->kind = SYNC_LEND;
	return share;
}

/* Which one is over: a key may have had several servers, and local ports, one after the other. */
static void
message_end(const struct dp_sync_conn *c, struct sync_message *m)
{
	m->other = c->real;
	m->local_port_be = c->fwd == SL_FWD_FNAT ? rte_cpu_to_be_16(c->local_port) : 0;
}

static enum dp_sync_result
put(unsigned int t, const struct dp_snapshot *snapshot, const struct dp_sync_conn *c)
{
	struct sync_message m, *room;
	enum dp_sync_result result = DP_SYNC_TAKEN;
	unsigned int worker;

	message_begin(c, &m);
	if ((c->flags & DP_SYNC_ENDED) == 0)
		result = message_bind(snapshot, c, &m);
	else
		message_end(c, &m);
	if (result != DP_SYNC_TAKEN)
		return result;
	worker = message_address(snapshot, &m);
	room = sync_ring_room(dp_sync.worker[worker]->ring[t]);
	if (room == NULL)
		return DP_SYNC_BUSY;
	*room = m;
	sync_ring_send(dp_sync.worker[worker], dp_sync.worker[worker]->ring[t]);
	return DP_SYNC_TAKEN;
}

enum dp_sync_result
dp_sync_put(unsigned int t, const struct dp_sync_conn *conn)
{
	enum dp_sync_result result;

	if (!conn_is_good(conn))
		return DP_SYNC_BAD;
	sync_reader_begin(t);
	result = put(t, atomic_load_explicit(&dp_snapshot_current, memory_order_acquire), conn);
	sync_reader_end(t);
	return result;
}
