/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a new configuration file changes of health: checks, notifiers, settings
 * of pools, as lines for people (model_diff_text.c):
 *
 *	~ real TCP 192.0.2.1:80 -> 10.0.0.1:80 TCP_CHECK delay_loop 2 -> 5
 *	+ real TCP 192.0.2.1:80 -> 10.0.0.1:80 HTTP_GET
 *	- service TCP 192.0.2.1:80 quorum 2
 *
 * Services and servers that only one of the two has are the business of
 * model_diff.c. What a group shares is said for its first service.
 */
#include "conf_health_eq.h"
#include "conf_write.h"
#include "model_private.h"

#include <stdio.h>
#include <stdlib.h>

struct output {
	void (*line)(const char *text, void *context);
	void *context;
	const char *object; /* "real TCP ... -> ..." */
};

static void service_diff(struct output *out, const struct conf_service *old, const struct conf_service *new);
static void real_diff(struct output *out, const struct conf_real *old, const struct conf_real *new);
static char *health_text(const struct conf_health *health);
static char *pool_text(const struct conf_pool *pool, bool udp);

void
model_diff_health(const struct conf *old, const struct conf *new,
		  void (*line)(const char *text, void *context), void *context)
{
	struct output out = { .line = line, .context = context };

	if (old == NULL)
		return;
	for (unsigned int i = 0; i < new->pool_count; i++) {
		const struct conf_service *now = &new->services[new->pools[i].first_service];
		const struct conf_service *before = conf_service_find(old, &now->key);

		if (before != NULL)
			service_diff(&out, before, now);
	}
}

static void
service_diff(struct output *out, const struct conf_service *old, const struct conf_service *new)
{
	bool udp = new->key.proto == SL_PROTO_UDP;
	char key[MODEL_KEY_STRLEN], object[MODEL_KEY_STRLEN + SL_ENDPOINT_STRLEN + 16];

	model_key_format(&new->key, key);
	if (!conf_pool_eq(old->pool, new->pool)) {
		snprintf(object, sizeof(object), "service %s", key);
		out->object = object;
		model_diff_texts(object, pool_text(old->pool, udp), pool_text(new->pool, udp), out->line,
				 out->context);
	}
	for (unsigned int i = 0; i < new->real_count; i++) {
		const struct conf_real *now = &new->reals[i];
		const struct conf_real *before = conf_real_find(old, &now->addr, now->port);
		char endpoint[SL_ENDPOINT_STRLEN];

		if (before == NULL)
			continue;
		snprintf(object, sizeof(object), "real %s -> %s", key,
			 sl_endpoint_format(&now->addr, now->port, endpoint));
		out->object = object;
		real_diff(out, before, now);
	}
}

static void
real_diff(struct output *out, const struct conf_real *old, const struct conf_real *new)
{
	if (!conf_health_eq(old->health, new->health))
		model_diff_texts(out->object, health_text(old->health), health_text(new->health), out->line,
				 out->context);
}

static char *
health_text(const struct conf_health *health)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (stream == NULL)
		return NULL;
	conf_write_health(stream, "", health);
	return fclose(stream) == 0 ? text : NULL;
}

static char *
pool_text(const struct conf_pool *pool, bool udp)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (stream == NULL)
		return NULL;
	conf_write_pool(stream, "", pool, udp);
	return fclose(stream) == 0 ? text : NULL;
}
