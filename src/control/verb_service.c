/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Methods on services and their real servers: service.* and real.*. Each
 * change is one call of the model, which makes it whole or not at all.
 */
#include "verb.h"
#include "verb_rate.h"
#include "verb_walk.h"

#include "sl_addr.h"

#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ITEMS_A_STEP = 64 };

/* service.list: all services, or the one that was asked for. */
struct list_stream {
	struct verb_stream stream;
	struct model *model;
	struct verb_walk walk;
	bool only;
	struct dp_service_key key;
	unsigned int services, reals; /* written: of all; of the service under way */
	bool open;
};

static int list_step(struct verb_stream *base, struct evbuffer *out);
static void list_destroy(struct verb_stream *base);
static void service_write(struct evbuffer *out, const struct model_service *service);
static void real_write(struct evbuffer *out, const struct model_real *real);
static int drain_set(struct verb_call *call, bool on);

/* What a method that changes something answers: {}. */
static int
done(struct verb_call *call, int refused, const struct model_error *error)
{
	if (refused != 0)
		return verb_refuse_model(call, error);
	call->result = json_object();
	return 0;
}

int
verb_service_list(struct verb_call *call)
{
	const struct verb_args *args = call->args;
	struct list_stream *list = calloc(1, sizeof(*list));

	if (list == NULL)
		return 0;
	*list = (struct list_stream){
		.stream = { list_step, list_destroy },
		.model = call->context->model,
		.only = args->present != 0,
		.key = args->key,
	};
	if (list->only && (args->present != (VERB_BIT(PROTO) | VERB_BIT(VIP)))) {
		free(list);
		return verb_refuse(call, VERB_ERROR_PARAMS,
				   "service.list: one service is named by both \"proto\" and \"vip\"");
	}
	call->stream = &list->stream;
	return 0;
}

/* Options that are not given stay as they are `now`. */
static struct model_service_change
service_change(const struct verb_args *args, uint8_t now)
{
	struct model_service_change change = MODEL_SERVICE_CHANGE_NONE;

	change.sched = args->sched;
	change.fwd = args->fwd;
	if (args->present & VERB_BIT(TUNNEL))
		change.tunnel = &args->tunnel;
	change.local_group = args->local_group;
	if (args->present & VERB_BIT(MSS))
		change.mss = args->mss;
	if (args->options != 0)
		change.options = (now & ~args->options) | args->options_set;
	return change;
}

int
verb_service_add(struct verb_call *call)
{
	const struct verb_args *args = call->args;
	struct model_service_change change = service_change(args, 0);
	struct model_error error;

	return done(call, model_service_add(call->context->model, &args->key, &change, &error), &error);
}

int
verb_service_edit(struct verb_call *call)
{
	const struct verb_args *args = call->args;
	const struct model_service *now = model_service_find(call->context->model, &args->key);
	struct model_service_change change = service_change(args, now != NULL ? now->options : 0);
	struct model_error error;

	return done(call, model_service_edit(call->context->model, &args->key, &change, &error), &error);
}

int
verb_service_del(struct verb_call *call)
{
	const struct verb_args *args = call->args;
	const struct model_service *service = model_service_find(call->context->model, &args->key);
	struct dp_traffic traffic = { 0 };
	struct model_error error;
	int refused;

	if (service != NULL)
		dp_service_stats(service->slot, &traffic);
	refused = model_service_del(call->context->model, &args->key, &error);
	if (refused == 0)
		verb_rates_service_removed(call->context->rates, &args->key, &traffic);
	return done(call, refused, &error);
}

static struct model_real_change
real_change(const struct verb_args *args)
{
	return (struct model_real_change){
		.weight = args->present & VERB_BIT(WEIGHT) ? (int64_t)args->weight : -1,
		.fwd = args->fwd,
		.tunnel = args->present & VERB_BIT(TUNNEL) ? &args->tunnel : NULL,
	};
}

int
verb_real_add(struct verb_call *call)
{
	const struct verb_args *args = call->args;
	struct model_real_change change = real_change(args);
	struct model_error error;

	return done(call,
		    model_real_add(call->context->model, &args->key, &args->real_addr, args->real_port,
				   &change, &error),
		    &error);
}

int
verb_real_edit(struct verb_call *call)
{
	const struct verb_args *args = call->args;
	struct model_real_change change = real_change(args);
	struct model_error error;

	return done(call,
		    model_real_edit(call->context->model, &args->key, &args->real_addr, args->real_port,
				    &change, &error),
		    &error);
}

int
verb_real_del(struct verb_call *call)
{
	const struct verb_args *args = call->args;
	struct model_error error;

	return done(call,
		    model_real_del(call->context->model, &args->key, &args->real_addr, args->real_port,
				   args->flush, &error),
		    &error);
}

int
verb_real_drain(struct verb_call *call)
{
	return drain_set(call, true);
}

int
verb_real_undrain(struct verb_call *call)
{
	return drain_set(call, false);
}

static int
drain_set(struct verb_call *call, bool on)
{
	const struct verb_args *args = call->args;
	struct model_error error;

	return done(call,
		    model_real_drain(call->context->model, &args->key, &args->real_addr, args->real_port, on,
				     &error),
		    &error);
}

static int
list_step(struct verb_stream *base, struct evbuffer *out)
{
	struct list_stream *list = (struct list_stream *)base;
	bool shown;

	if (!list->open)
		evbuffer_add(out, "[", 1);
	list->open = true;
	verb_walk_resume(&list->walk, list->model);
	for (unsigned int items = 0; items < ITEMS_A_STEP; items++) {
		enum verb_walk_at at = verb_walk_next(&list->walk);

		if (at == VERB_WALK_END) {
			evbuffer_add(out, "]", 1);
			return 0;
		}
		shown = !list->only || verb_key_compare(&list->walk.key, &list->key) == 0;
		if (!shown)
			continue;
		if (at == VERB_WALK_SERVICE) {
			evbuffer_add(out, ",", list->services++ > 0);
			service_write(out, list->walk.service);
			list->reals = 0;
		} else if (at == VERB_WALK_REAL) {
			evbuffer_add(out, ",", list->reals++ > 0);
			real_write(out, list->walk.real);
		} else {
			evbuffer_add(out, "]}", 2);
		}
	}
	return 1;
}

static void
list_destroy(struct verb_stream *base)
{
	free(base);
}

static void
service_write(struct evbuffer *out, const struct model_service *service)
{
	char vip[SL_ENDPOINT_STRLEN], tunnel[VERB_TUNNEL_SIZE], mss[16] = "\"off\"";
	uint8_t options = service->options;

	if (service->mss == DP_MSS_AUTO)
		strcpy(mss, "\"auto\"");
	else if (service->mss != DP_MSS_KEEP)
		snprintf(mss, sizeof(mss), "%u", service->mss);
	evbuffer_add_printf(
		out,
		"{\"proto\":\"%s\",\"vip\":\"%s\",\"scheduler\":\"%s\",\"method\":\"%s\",\"tunnel\":%s,"
		"\"laddr_group_name\":\"%s\",\"toa\":%s,\"strip_tcp_timestamps\":%s,\"mss_clamp\":%s,"
		"\"reject\":%s,\"mh-port\":%s,\"mh-fallback\":%s,\"announce\":%s,\"reals\":[",
		verb_proto_name(service->key.proto),
		sl_endpoint_format(&service->key.vip, service->key.port, vip), service->sched->name,
		verb_fwd_name((uint8_t)service->fwd),
		verb_tunnel_json((uint8_t)service->fwd, &service->tunnel, tunnel), service->local_group,
		options & DP_SERVICE_TOA ? "true" : "false", options & DP_SERVICE_STRIP_TS ? "true" : "false",
		mss, options & DP_SERVICE_SILENT ? "false" : "true",
		options & DP_SERVICE_PORT ? "true" : "false",
		options & DP_SERVICE_FALLBACK ? "true" : "false",
		options & CONF_SERVICE_UNANNOUNCED ? "false" : "true");
}

static void
real_write(struct evbuffer *out, const struct model_real *real)
{
	char text[SL_ENDPOINT_STRLEN], tunnel[VERB_TUNNEL_SIZE];
	struct dp_real_stats stats;
	uint32_t upper, lower;

	dp_real_stats(real->slot, &stats);
	model_real_limits(real, &upper, &lower);
	evbuffer_add_printf(
		out,
		"{\"real\":\"%s\",\"method\":\"%s\",\"tunnel\":%s,\"weight\":%u,"
		"\"effective_weight\":%u,\"draining\":%s,\"out\":%s,\"uthreshold\":%u,\"lthreshold\":%u,"
		"\"overloaded\":%s,\"active\":%u,\"inactive\":%u}",
		sl_endpoint_format(&real->addr, real->port, text), verb_fwd_name((uint8_t)real->fwd),
		verb_tunnel_json((uint8_t)real->fwd, &real->tunnel, tunnel), real->weight,
		model_real_weight(real), real->draining ? "true" : "false", real->out ? "true" : "false",
		upper, lower, stats.overloaded ? "true" : "false", stats.active, stats.inactive);
}
