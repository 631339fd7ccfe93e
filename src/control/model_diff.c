/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A changed service as lines for people: "+ service ...", "~ service ...
 * scheduler rr -> wlc", "- real ...". Control thread only.
 */
#include "model_private.h"

#include <stdio.h>

enum { DIFF_LINE_SIZE = 256 };

/* Where the lines go, and the name of the service that they are about. */
struct output {
	void (*line)(const char *text, void *context);
	void *context;
	char service[MODEL_KEY_STRLEN];
};

static void diff_reals(const struct output *out, const struct model_real *now, const struct model_real *then);
static void diff_real(const struct output *out, const struct model_real *now, const struct model_real *then);
static void put_service(const struct output *out, char sign, const struct model_service *service);
static void put_real(const struct output *out, char sign, const struct model_real *real);
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
	if (now->fwd != then->fwd)
		put_change(&out, object, "forwarding", model_fwd_name(now->fwd), model_fwd_name(then->fwd));
	diff_reals(&out, now->reals, then->reals);
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
	char endpoint[SL_ENDPOINT_STRLEN], object[MODEL_KEY_STRLEN + SL_ENDPOINT_STRLEN + 16];
	char before[16], after[16];

	snprintf(object, sizeof(object), "real %s -> %s", out->service,
		 sl_endpoint_format(&now->addr, now->port, endpoint));
	if (now->weight != then->weight) {
		snprintf(before, sizeof(before), "%u", now->weight);
		snprintf(after, sizeof(after), "%u", then->weight);
		put_change(out, object, "weight", before, after);
	}
	if (now->fwd != then->fwd)
		put_change(out, object, "forwarding", model_fwd_name(now->fwd), model_fwd_name(then->fwd));
}

static void
put_service(const struct output *out, char sign, const struct model_service *service)
{
	char text[DIFF_LINE_SIZE];

	snprintf(text, sizeof(text), "%c service %s %s %s", sign, out->service, service->sched->name,
		 model_fwd_name(service->fwd));
	out->line(text, out->context);
}

static void
put_real(const struct output *out, char sign, const struct model_real *real)
{
	char text[DIFF_LINE_SIZE], endpoint[SL_ENDPOINT_STRLEN];

	snprintf(text, sizeof(text), "%c real %s -> %s %s weight %u", sign, out->service,
		 sl_endpoint_format(&real->addr, real->port, endpoint), model_fwd_name(real->fwd),
		 real->weight);
	out->line(text, out->context);
}

static void
put_change(const struct output *out, const char *object, const char *field, const char *now, const char *then)
{
	char text[DIFF_LINE_SIZE];

	snprintf(text, sizeof(text), "~ %s %s %s -> %s", object, field, now, then);
	out->line(text, out->context);
}
