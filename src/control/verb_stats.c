/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Method `stats`: what services and real servers have counted, and their
 * rates, as ipvsadm's --stats and --rate; last the totals of the box, which
 * include services that are gone.
 */
#include "verb.h"
#include "verb_rate.h"
#include "verb_walk.h"

#include "sl_addr.h"

#include <event2/buffer.h>
#include <stdlib.h>

enum { ITEMS_A_STEP = 48 };

/* One service, or all; the total is the box's either way. */
struct stats_stream {
	struct verb_stream stream;
	struct verb_context *context;
	struct verb_walk walk;
	bool only, open;
	struct dp_service_key key;
	unsigned int services, reals;
	struct dp_traffic total, total_per_s;
};

static int stats_step(struct verb_stream *base, struct evbuffer *out);
static void stats_destroy(struct verb_stream *base);
static void service_item(struct stats_stream *stats, struct evbuffer *out, bool shown);
static void real_item(struct stats_stream *stats, struct evbuffer *out);
static void answers_write(struct evbuffer *out);
static void traffic_write(struct evbuffer *out, const struct dp_traffic *traffic,
			  const struct dp_traffic *per_s);

int
verb_stats(struct verb_call *call)
{
	const struct verb_args *args = call->args;
	struct stats_stream *stats = calloc(1, sizeof(*stats));

	if (stats == NULL)
		return 0;
	*stats = (struct stats_stream){
		.stream = { stats_step, stats_destroy },
		.context = call->context,
		.only = args->present != 0,
		.key = args->key,
	};
	if (stats->only && (args->present != (VERB_BIT(PROTO) | VERB_BIT(VIP)))) {
		free(stats);
		return verb_refuse(call, VERB_ERROR_PARAMS,
				   "stats: one service is named by both \"proto\" and \"vip\"");
	}
	call->stream = &stats->stream;
	return 0;
}

static int
stats_step(struct verb_stream *base, struct evbuffer *out)
{
	struct stats_stream *stats = (struct stats_stream *)base;

	if (!stats->open)
		evbuffer_add_printf(out, "{\"services\":[");
	stats->open = true;
	verb_walk_resume(&stats->walk, stats->context->model);
	for (unsigned int items = 0; items < ITEMS_A_STEP; items++) {
		enum verb_walk_at at = verb_walk_next(&stats->walk);
		bool shown = !stats->only || verb_key_compare(&stats->walk.key, &stats->key) == 0;

		if (at == VERB_WALK_SERVICE)
			service_item(stats, out, shown);
		else if (at == VERB_WALK_REAL && shown)
			real_item(stats, out);
		else if (at == VERB_WALK_SERVICE_END && shown)
			evbuffer_add(out, "]}", 2);
		else if (at == VERB_WALK_END) {
			struct dp_traffic gone;

			verb_rates_gone(stats->context->rates, &gone);
			verb_traffic_add(&stats->total, &gone);
			evbuffer_add_printf(out, "],\"total\":{");
			traffic_write(out, &stats->total, &stats->total_per_s);
			answers_write(out);
			evbuffer_add(out, "}}", 2);
			return 0;
		}
	}
	return 1;
}

static void
stats_destroy(struct verb_stream *base)
{
	free(base);
}

static void
service_item(struct stats_stream *stats, struct evbuffer *out, bool shown)
{
	const struct model_service *service = stats->walk.service;
	struct dp_traffic traffic, per_s;
	char vip[SL_ENDPOINT_STRLEN];

	dp_service_stats(service->slot, &traffic);
	verb_rates_service(stats->context->rates, &service->key, &per_s);
	verb_traffic_add(&stats->total, &traffic);
	verb_traffic_add(&stats->total_per_s, &per_s);
	if (!shown)
		return;
	stats->reals = 0;
	evbuffer_add_printf(out, "%s{\"proto\":\"%s\",\"vip\":\"%s\",", stats->services++ > 0 ? "," : "",
			    verb_proto_name(service->key.proto),
			    sl_endpoint_format(&service->key.vip, service->key.port, vip));
	traffic_write(out, &traffic, &per_s);
	evbuffer_add_printf(out, ",\"reals\":[");
}

static void
real_item(struct stats_stream *stats, struct evbuffer *out)
{
	const struct model_real *real = stats->walk.real;
	struct dp_real_stats counted;
	struct dp_traffic per_s;
	char text[SL_ENDPOINT_STRLEN];

	dp_real_stats(real->slot, &counted);
	verb_rates_real(stats->context->rates, &stats->walk.key, real->order, &per_s);
	evbuffer_add_printf(out, "%s{\"real\":\"%s\",", stats->reals++ > 0 ? "," : "",
			    sl_endpoint_format(&real->addr, real->port, text));
	traffic_write(out, &counted.traffic, &per_s);
	evbuffer_add(out, "}", 1);
}

/* ICMP errors and resets of the box: no service's own. */
static void
answers_write(struct evbuffer *out)
{
	uint64_t answered = 0, limited = 0;

	for (unsigned int i = 0; i < dp_worker_count(); i++) {
		struct dp_worker_stats worker;

		dp_worker_stats(i, &worker);
		answered += worker.answered;
		limited += worker.answers_limited;
	}
	evbuffer_add_printf(out, ",\"answered\":%ju,\"answers_limited\":%ju", (uintmax_t)answered,
			    (uintmax_t)limited);
}

static void
traffic_write(struct evbuffer *out, const struct dp_traffic *t, const struct dp_traffic *r)
{
	evbuffer_add_printf(
		out,
		"\"conns\":%ju,\"in_packets\":%ju,\"out_packets\":%ju,\"in_bytes\":%ju,"
		"\"out_bytes\":%ju,\"rate\":{\"conns\":%ju,\"in_packets\":%ju,\"out_packets\":%ju,"
		"\"in_bytes\":%ju,\"out_bytes\":%ju}",
		(uintmax_t)t->conns, (uintmax_t)t->in_packets, (uintmax_t)t->out_packets,
		(uintmax_t)t->in_bytes, (uintmax_t)t->out_bytes, (uintmax_t)r->conns,
		(uintmax_t)r->in_packets, (uintmax_t)r->out_packets, (uintmax_t)r->in_bytes,
		(uintmax_t)r->out_bytes);
}
