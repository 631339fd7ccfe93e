/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Methods that show the daemon and its data plane: status, drops, workers,
 * ports, neigh. They read counters that others own and change nothing.
 */
#include "verb.h"

#include "json_text.h"
#include "sl_addr.h"

#include <sluice/ka.h>

#include <errno.h>
#include <event2/buffer.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NEIGHS_A_STEP = 128 };

/* Neighbours as they were at one moment, given out step by step. */
struct neigh_stream {
	struct verb_stream stream;
	struct dp_neigh *neighs;
	size_t count, room, given;
	char port_name[DP_PORTS_MAX][DP_NAME_SIZE]; /* dp_port_info reads the device: once is enough */
	bool failed;
};

static json_t *ha_json(void);
static json_t *kernel_json(unsigned int port);
static json_t *worker_json(const struct dp_worker_stats *stats);
static json_t *reason_json(unsigned int reason, const struct dp_worker_stats *workers, unsigned int count);
static struct dp_worker_stats *workers_get(unsigned int *ret_count);
static void neigh_collect(const struct dp_neigh *neigh, void *context);
static int neigh_step(struct verb_stream *base, struct evbuffer *out);
static void neigh_destroy(struct verb_stream *base);

int
verb_status(struct verb_call *call)
{
	struct model *model = call->context->model;
	unsigned int tcp_s, tcp_fin_s, udp_s, reals = 0, workers = dp_worker_count();
	uint64_t flows = 0, capacity = 0;

	for (const struct model_service *s = model_services(model); s != NULL; s = s->next)
		reals += s->real_count;
	for (unsigned int i = 0; i < workers; i++) {
		struct dp_worker_stats stats;

		dp_worker_stats(i, &stats);
		flows += stats.flows;
		capacity += stats.flow_capacity;
	}
	dp_timeouts_get(&tcp_s, &tcp_fin_s, &udp_s);
	call->result = json_pack(
		"{s:s, s:i, s:I, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:{s:I, s:I, s:I}}", "version",
		SLUICE_VERSION, "pid", (int)getpid(), "uptime_s",
		(json_int_t)(time(NULL) - call->context->started), "router_id",
		json_text(model_conf(model)->router_id), "config", json_text(call->context->conf_path),
		"ports", (json_int_t)dp_port_count(), "workers", (json_int_t)workers, "services",
		(json_int_t)model_service_count(model), "reals", (json_int_t)reals, "connections",
		(json_int_t)flows, "connection_capacity", (json_int_t)capacity, "ha", ha_json(), "timeouts_s",
		"tcp", (json_int_t)tcp_s, "tcpfin", (json_int_t)tcp_fin_s, "udp", (json_int_t)udp_s);
	return 0;
}

/* Per reason: the sum, and each worker's part; the last part is the control core's. */
int
verb_drops(struct verb_call *call)
{
	unsigned int count;
	struct dp_worker_stats *workers = workers_get(&count);

	if (workers == NULL)
		return 0;
	call->result = json_array();
	for (unsigned int reason = 0; reason < SL_DROP_MAX; reason++)
		json_array_append_new(call->result, reason_json(reason, workers, count));
	free(workers);
	return 0;
}

int
verb_workers(struct verb_call *call)
{
	unsigned int count;
	struct dp_worker_stats *workers = workers_get(&count);

	if (workers == NULL)
		return 0;
	call->result = json_array();
	for (unsigned int i = 0; i < count; i++) {
		json_t *json = worker_json(&workers[i]);

		json_object_set_new(json, "worker", i + 1 < count ? json_integer(i) : json_string("control"));
		json_array_append_new(call->result, json);
	}
	free(workers);
	return 0;
}

int
verb_ports(struct verb_call *call)
{
	call->result = json_array();
	for (unsigned int i = 0; i < dp_port_count(); i++) {
		struct dp_port_info p;
		char mac[SL_MAC_STRLEN];

		dp_port_info(i, &p);
		json_array_append_new(
			call->result,
			json_pack("{s:s, s:o, s:s, s:s, s:b, s:I, s:I, s:I, s:I, s:i, s:s, s:s, "
				  "s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}",
				  "port", p.name, "device", json_text(p.device), "driver", p.driver, "mac",
				  sl_mac_format(p.mac, mac), "link", p.link_up, "speed_mbps",
				  (json_int_t)p.speed_mbps, "mtu", (json_int_t)p.mtu, "rx_queues",
				  (json_int_t)p.rx_queues, "tx_queues", (json_int_t)p.tx_queues, "numa_node",
				  p.numa_node, "rss", p.rss != NULL ? p.rss : "none", "checksum",
				  p.checksum != NULL ? p.checksum : "software", "rx_packets",
				  (json_int_t)p.rx_packets, "tx_packets", (json_int_t)p.tx_packets,
				  "rx_bytes", (json_int_t)p.rx_bytes, "tx_bytes", (json_int_t)p.tx_bytes,
				  "rx_missed", (json_int_t)p.rx_missed, "rx_errors", (json_int_t)p.rx_errors,
				  "tx_errors", (json_int_t)p.tx_errors, "rx_no_mbuf",
				  (json_int_t)p.rx_no_mbuf, "kernel", kernel_json(i)));
	}
	return 0;
}

int
verb_neigh(struct verb_call *call)
{
	struct neigh_stream *stream = calloc(1, sizeof(*stream));

	if (stream == NULL)
		return 0;
	stream->stream = (struct verb_stream){ neigh_step, neigh_destroy };
	for (unsigned int i = 0; i < dp_port_count() && i < DP_PORTS_MAX; i++) {
		struct dp_port_info port;

		dp_port_info(i, &port);
		memcpy(stream->port_name[i], port.name, sizeof(port.name));
	}
	dp_neigh_walk(neigh_collect, stream);
	if (stream->failed)
		neigh_destroy(&stream->stream);
	else
		call->stream = &stream->stream;
	return 0;
}

/* vrrp_instances; null where there is none. */
static json_t *
ha_json(void)
{
	unsigned int states[KA_STATE_MAX] = { 0 }, count = 0;
	struct ka_instance_status status;

	for (; ka_instance_status(count, &status); count++)
		if (status.state < KA_STATE_MAX)
			states[status.state]++;
	if (count == 0)
		return json_null();
	return json_pack("{s:i, s:i, s:i}", "instances", (int)count, "master", (int)states[KA_MASTER],
			 "fault", (int)states[KA_FAULT]);
}

/* The kernel's interface of a port; null without `tap on`. */
static json_t *
kernel_json(unsigned int port)
{
	struct dp_tap_info tap;

	dp_tap_info(port, &tap);
	if (tap.name[0] == '\0')
		return json_null();
	return json_pack("{s:s, s:b, s:I, s:I, s:I, s:I}", "name", tap.name, "present", tap.present,
			 "to_kernel_packets", (json_int_t)tap.to_kernel_packets, "to_kernel_bytes",
			 (json_int_t)tap.to_kernel_bytes, "from_kernel_packets",
			 (json_int_t)tap.from_kernel_packets, "from_kernel_bytes",
			 (json_int_t)tap.from_kernel_bytes);
}

/* All workers and, last, the control core. */
static struct dp_worker_stats *
workers_get(unsigned int *ret_count)
{
	unsigned int workers = dp_worker_count();
	struct dp_worker_stats *stats = calloc(workers + 1, sizeof(*stats));

	if (stats == NULL)
		return NULL;
	for (unsigned int i = 0; i < workers; i++)
		dp_worker_stats(i, &stats[i]);
	dp_control_stats(&stats[workers]);
	*ret_count = workers + 1;
	return stats;
}

static json_t *
worker_json(const struct dp_worker_stats *stats)
{
	const struct {
		const char *name;
		uint64_t value;
	} counters[] = {
		{ "rx", stats->rx },
		{ "handed_in", stats->handed_in },
		{ "generated", stats->generated },
		{ "tx", stats->tx },
		{ "drops", stats->drops },
		{ "punts", stats->punts },
		{ "handed_out", stats->handed_out },
		{ "held", stats->held },
		{ "flows", stats->flows },
		{ "flow_capacity", stats->flow_capacity },
		{ "flows_created", stats->flows_created },
		{ "flows_expired", stats->flows_expired },
		{ "hits", stats->hits },
		{ "misses", stats->misses },
		{ "answered", stats->answered },
		{ "answers_limited", stats->answers_limited },
		{ "loops", stats->loops },
		{ "busy_loops", stats->busy_loops },
		{ "sleeps", stats->sleeps },
	};
	uint64_t in = stats->rx + stats->handed_in + stats->generated;
	uint64_t out = stats->tx + stats->drops + stats->punts + stats->handed_out + stats->held;
	json_t *json = json_object();

	json_object_set_new(json, "cpu", json_integer(stats->cpu));
	json_object_set_new(json, "balanced", json_boolean(in == out));
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		json_object_set_new(json, counters[i].name, json_integer((json_int_t)counters[i].value));
	return json;
}

static json_t *
reason_json(unsigned int reason, const struct dp_worker_stats *workers, unsigned int count)
{
	static const struct {
		const char *name, *text;
	} reasons[SL_DROP_MAX] = {
#define X(id, name, text) [SL_DROP_##id] = { (name), (text) },
		SL_DROP_LIST(X)
#undef X
	};
	json_t *parts = json_array();
	uint64_t sum = 0;

	for (unsigned int i = 0; i < count; i++) {
		sum += workers[i].drop[reason];
		if (i + 1 < count)
			json_array_append_new(parts, json_integer((json_int_t)workers[i].drop[reason]));
	}
	return json_pack("{s:s, s:s, s:I, s:o, s:I}", "reason", reasons[reason].name, "text",
			 reasons[reason].text, "packets", (json_int_t)sum, "workers", parts, "control",
			 (json_int_t)workers[count - 1].drop[reason]);
}

static void
neigh_collect(const struct dp_neigh *neigh, void *context)
{
	struct neigh_stream *stream = context;

	if (stream->count == stream->room) {
		size_t room = stream->room == 0 ? NEIGHS_A_STEP : stream->room * 2;
		struct dp_neigh *neighs = realloc(stream->neighs, room * sizeof(*neighs));

		if (neighs == NULL) {
			stream->failed = true;
			return;
		}
		stream->neighs = neighs;
		stream->room = room;
	}
	stream->neighs[stream->count++] = *neigh;
}

static int
neigh_step(struct verb_stream *base, struct evbuffer *out)
{
	static const char *const states[] = {
#define X(id, name) [id] = (name),
		DP_NEIGH_STATE_LIST(X)
#undef X
	};
	struct neigh_stream *stream = (struct neigh_stream *)base;
	size_t end = stream->given + NEIGHS_A_STEP;

	if (stream->given == 0)
		evbuffer_add(out, "[", 1);
	for (; stream->given < stream->count && stream->given < end; stream->given++) {
		const struct dp_neigh *n = &stream->neighs[stream->given];
		char addr[SL_ADDR_STRLEN], mac[SL_MAC_STRLEN];
		bool known = n->state != DP_NEIGH_INCOMPLETE && n->state != DP_NEIGH_FAILED;

		evbuffer_add_printf(out,
				    "%s{\"port\":\"%s\",\"address\":\"%s\",\"mac\":%s%s%s,\"state\":\"%s\","
				    "\"age_s\":%u,\"pinned\":%s}",
				    stream->given > 0 ? "," : "",
				    n->port < DP_PORTS_MAX ? stream->port_name[n->port] : "",
				    sl_addr_format(&n->addr, addr), known ? "\"" : "",
				    known ? sl_mac_format(n->mac, mac) : "null", known ? "\"" : "",
				    states[n->state], n->age_s, n->pinned ? "true" : "false");
	}
	if (stream->given < stream->count)
		return 1;
	evbuffer_add(out, "]", 1);
	return 0;
}

static void
neigh_destroy(struct verb_stream *base)
{
	struct neigh_stream *stream = (struct neigh_stream *)base;

	free(stream->neighs);
	free(stream);
}
