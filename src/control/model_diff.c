/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A changed service as lines for people: "+ service ...", "~ service ...
 * scheduler rr -> wlc", "- real ...". Control thread only.
 */
#include "model_private.h"
#include "tunnel.h"

#include <stdio.h>

enum { DIFF_LINE_SIZE = 256 };

/* Where the lines go, and the name of the service that they are about. */
struct output {
	void (*line)(const char *text, void *context);
	void *context;
	char service[MODEL_KEY_STRLEN];
};

/* How packets reach a server. */
struct method {
	enum sl_fwd fwd;
	const struct dp_tunnel *tunnel;
};
enum { METHOD_STRLEN = TUNNEL_STRLEN + 8 };

static void diff_method(const struct output *out, const char *object, const struct method *now,
			const struct method *then);
static void diff_options(const struct output *out, const char *object, const struct model_service *now,
			 const struct model_service *then);
static void diff_reals(const struct output *out, const struct model_real *now, const struct model_real *then);
static void diff_real(const struct output *out, const struct model_real *now, const struct model_real *then);
static void put_service(const struct output *out, char sign, const struct model_service *service);
static void put_real(const struct output *out, char sign, const struct model_real *real);
static const char *method_format(enum sl_fwd fwd, const struct dp_tunnel *tunnel, char buf[METHOD_STRLEN]);
static const char *mss_format(uint16_t mss, char buf[16]);
static void put_change(const struct output *out, const char *object, const char *field, const char *now,
		       const char *then);

void
model_diff_service(const struct service *running, const struct service *future,
		   void (*line)(const char *text, void *context), void *context)
{
	const struct model_service *now = running != NULL ? &running->pub : NULL;
	const struct model_service *then = future != NULL ? &future->pub : NULL;
	struct output out = { .line = line, .context = context };
	char object[MODEL_KEY_STRLEN + 8];

	model_key_format(now != NULL ? &now->key : &then->key, out.service);
	if (then == NULL) {
		put_service(&out, '-', now);
		return;
	}
	if (now == NULL) {
		put_service(&out, '+', then);
		diff_reals(&out, NULL, then->reals);
		return;
	}
	snprintf(object, sizeof(object), "service %s", out.service);
	if (now->sched != then->sched)
		put_change(&out, object, "scheduler", now->sched->name, then->sched->name);
	diff_method(&out, object, &(struct method){ now->fwd, &now->tunnel },
		    &(struct method){ then->fwd, &then->tunnel });
	diff_options(&out, object, now, then);
	diff_reals(&out, now->reals, then->reals);
}

static void
diff_method(const struct output *out, const char *object, const struct method *now, const struct method *then)
{
	char before[METHOD_STRLEN], after[METHOD_STRLEN];

	if (now->fwd != then->fwd || !tunnel_eq(now->tunnel, then->tunnel))
		put_change(out, object, "forwarding", method_format(now->fwd, now->tunnel, before),
			   method_format(then->fwd, then->tunnel, after));
}

static void
diff_options(const struct output *out, const char *object, const struct model_service *now,
	     const struct model_service *then)
{
	static const struct {
		uint8_t option;
		const char *name, *set, *clear;
	} options[] = {
		{ DP_SERVICE_TOA, "toa", "on", "off" },
		{ DP_SERVICE_STRIP_TS, "strip_tcp_timestamps", "on", "off" },
		{ DP_SERVICE_SILENT, "reject", "off", "on" },
		{ DP_SERVICE_PORT, "mh-port", "on", "off" },
		{ DP_SERVICE_FALLBACK, "mh-fallback", "on", "off" },
		{ CONF_SERVICE_UNANNOUNCED, "announce", "off", "on" },
	};
	char before[16], after[16];

	if (strcmp(now->local_group, then->local_group) != 0)
		put_change(out, object, "laddr_group_name",
			   now->local_group[0] != '\0' ? now->local_group : "none",
			   then->local_group[0] != '\0' ? then->local_group : "none");
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		bool was = now->options & options[i].option, is = then->options & options[i].option;

		if (was != is)
			put_change(out, object, options[i].name, was ? options[i].set : options[i].clear,
				   is ? options[i].set : options[i].clear);
	}
	if (now->mss != then->mss)
		put_change(out, object, "mss_clamp", mss_format(now->mss, before),
			   mss_format(then->mss, after));
}

/* Both lists fall by order, and a server that stays keeps its order. */
static void
diff_reals(const struct output *out, const struct model_real *now, const struct model_real *then)
{
	while (now != NULL || then != NULL) {
		if (now == NULL || (then != NULL && then->order > now->order)) {
			put_real(out, '+', then);
			then = then->next;
		} else if (then == NULL || now->order > then->order) {
			put_real(out, '-', now);
			now = now->next;
		} else {
			diff_real(out, now, then);
			now = now->next;
			then = then->next;
		}
	}
}

static void
diff_real(const struct output *out, const struct model_real *now, const struct model_real *then)
{
	const struct {
		const char *name;
		uint32_t now, then;
	} numbers[] = {
		{ "weight", now->weight, then->weight },
		{ "uthreshold", now->upper, then->upper },
		{ "lthreshold", now->lower, then->lower },
	};
	char endpoint[SL_ENDPOINT_STRLEN], object[MODEL_KEY_STRLEN + SL_ENDPOINT_STRLEN + 16];
	char before[16], after[16];

	snprintf(object, sizeof(object), "real %s -> %s", out->service,
		 sl_endpoint_format(&now->addr, now->port, endpoint));
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (numbers[i].now == numbers[i].then)
			continue;
		snprintf(before, sizeof(before), "%u", numbers[i].now);
		snprintf(after, sizeof(after), "%u", numbers[i].then);
		put_change(out, object, numbers[i].name, before, after);
	}
	if (now->sorry != then->sorry)
		put_change(out, object, "sorry_server", now->sorry ? "yes" : "no",
			   then->sorry ? "yes" : "no");
	diff_method(out, object, &(struct method){ now->fwd, &now->tunnel },
		    &(struct method){ then->fwd, &then->tunnel });
}

static void
put_service(const struct output *out, char sign, const struct model_service *service)
{
	char text[DIFF_LINE_SIZE], method[METHOD_STRLEN], object[MODEL_KEY_STRLEN + 8];

	snprintf(text, sizeof(text), "%c service %s %s %s", sign, out->service, service->sched->name,
		 method_format(service->fwd, &service->tunnel, method));
	out->line(text, out->context);
	if (sign == '-')
		return;
	snprintf(object, sizeof(object), "service %s", out->service);
	diff_options(out, object, &(struct model_service){ .mss = DP_MSS_KEEP }, service);
}

static void
put_real(const struct output *out, char sign, const struct model_real *real)
{
	char text[DIFF_LINE_SIZE], endpoint[SL_ENDPOINT_STRLEN], method[METHOD_STRLEN];
	char limits[64] = "";

	if (real->upper != 0)
		snprintf(limits, sizeof(limits), " uthreshold %u lthreshold %u", real->upper, real->lower);
	snprintf(text, sizeof(text), "%c real %s -> %s %s weight %u%s%s", sign, out->service,
		 sl_endpoint_format(&real->addr, real->port, endpoint),
		 method_format(real->fwd, &real->tunnel, method), real->weight, limits,
		 real->sorry ? " (sorry_server)" : "");
	out->line(text, out->context);
}

static void
put_change(const struct output *out, const char *object, const char *field, const char *now, const char *then)
{
	char text[DIFF_LINE_SIZE];

	snprintf(text, sizeof(text), "~ %s %s %s -> %s", object, field, now, then);
	out->line(text, out->context);
}

/* "NAT", "TUN gue:6080:-c". Returns `buf`. */
static const char *
method_format(enum sl_fwd fwd, const struct dp_tunnel *tunnel, char buf[METHOD_STRLEN])
{
	char info[TUNNEL_STRLEN];

	snprintf(buf, METHOD_STRLEN, "%s%s%s", model_fwd_name(fwd), fwd == SL_FWD_TUN ? " " : "",
		 fwd == SL_FWD_TUN ? tunnel_info(tunnel, info) : "");
	return buf;
}

static const char *
mss_format(uint16_t mss, char buf[16])
{
	if (mss == DP_MSS_KEEP || mss == DP_MSS_AUTO)
		return mss == DP_MSS_KEEP ? "off" : "auto";
	snprintf(buf, 16, "%u", mss);
	return buf;
}
