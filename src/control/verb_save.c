/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Method `config.save`: what runs, as the lines of a configuration file
 * (save.h). A large one is made part by part while its reader drains it;
 * services that come and go meanwhile are met as verb_walk.h says.
 */
#include "verb.h"
#include "verb_walk.h"

#include "conf_write.h"
#include "save.h"

#include <errno.h>
#include <event2/buffer.h>
#include <stdlib.h>
#include <string.h>

enum { ITEMS_A_STEP = 32 };

/* What a file consists of, in its order. Each part has a number of items. */
enum part { GLOBALS, PORTS, ROUTES, NEIGHS, GROUPS, TRACK_FILES, TWO_BOXES, POOLS, SERVICES };

struct save_stream {
	struct verb_stream stream;
	struct model *model;
	enum part part;
	unsigned int item; /* of the part */
	struct verb_walk walk;
	unsigned int lines;
	const struct conf *conf; /* that is being written */
	bool *grouped;           /* its pools that were written as a group */
};

static int save_step(struct verb_stream *base, struct evbuffer *out);
static void save_destroy(struct verb_stream *base);
static int item_write(struct save_stream *save, FILE *text);
static int pool_write(struct save_stream *save, const struct conf *conf, unsigned int number, FILE *text);
static int service_write(struct save_stream *save, FILE *text);
static void lines_write(struct save_stream *save, struct evbuffer *out, const char *text);

int
verb_config_save(struct verb_call *call)
{
	struct save_stream *save = calloc(1, sizeof(*save));

	if (save == NULL)
		return 0;
	save->stream = (struct verb_stream){ save_step, save_destroy };
	save->model = call->context->model;
	call->stream = &save->stream;
	return 0;
}

static int
save_step(struct verb_stream *base, struct evbuffer *out)
{
	struct save_stream *save = (struct save_stream *)base;
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);
	int rc = 1;

	if (stream == NULL)
		return -ENOMEM;
	verb_walk_resume(&save->walk, save->model);
	for (unsigned int items = 0; rc > 0 && items < ITEMS_A_STEP; items++)
		rc = item_write(save, stream);
	if (fclose(stream) != 0)
		rc = -ENOMEM;
	if (save->lines == 0)
		evbuffer_add(out, "[", 1);
	if (rc >= 0)
		lines_write(save, out, text);
	if (rc == 0)
		evbuffer_add(out, "]", 1);
	free(text);
	return rc;
}

static void
save_destroy(struct verb_stream *base)
{
	struct save_stream *save = (struct save_stream *)base;

	free(save->grouped);
	free(save);
}

/* The next item: 1 there may be more, 0 that was the last, or -ENOMEM, -EAGAIN. */
static int
item_write(struct save_stream *save, FILE *text)
{
	const struct conf *conf = model_conf(save->model);
	const unsigned int counts[] = {
		[GLOBALS] = 1,
		[PORTS] = conf->port_count,
		[ROUTES] = conf->route_count,
		[NEIGHS] = conf->neigh_count,
		[GROUPS] = conf->group_count,
		[TRACK_FILES] = conf->track_file_count,
		[TWO_BOXES] = CONF_HA_BLOCK_MAX,
		[POOLS] = conf->pool_count,
	};
	unsigned int i = save->item++;

	if (save->part == GLOBALS)
		save->conf = conf;
	else if (save->conf != conf)
		return -EAGAIN; /* a file was applied meanwhile: half of each would be none */
	if (save->part < SERVICES && i >= counts[save->part]) {
		save->part++;
		save->item = 0;
		return 1;
	}
	switch (save->part) {
	case GLOBALS:
		fprintf(text, "# Written by sluicectl config save: what ran then.\n\n");
		save_globals(text, conf);
		conf_write_ssl(text, &conf->ssl);
		break;
	case PORTS:
		save_port(text, &conf->ports[i]);
		break;
	case ROUTES:
		fputs(i == 0 ? "\n" : "", text);
		save_route(text, conf, &conf->routes[i].dp);
		break;
	case NEIGHS:
		fputs(i == 0 ? "\n" : "", text);
		save_neigh(text, conf, &conf->neighs[i].dp);
		break;
	case GROUPS:
		save_group(text, conf, &conf->groups[i]);
		break;
	case TRACK_FILES:
		conf_write_track_file(text, &conf->track_files[i]);
		break;
	case TWO_BOXES:
		/* Hundreds of blocks at most: all of a kind at once. */
		for (unsigned int number = 0; number < conf_write_ha_count(conf, i); number++)
			save_ha(text, conf, i, number);
		break;
	case POOLS:
		return pool_write(save, conf, i, text);
	default:
		return service_write(save, text);
	}
	return 1;
}

static int
pool_write(struct save_stream *save, const struct conf *conf, unsigned int number, FILE *text)
{
	const struct conf_pool *pool = &conf->pools[number];

	if (number == 0) {
		free(save->grouped);
		save->grouped = calloc(conf->pool_count, sizeof(*save->grouped));
		if (save->grouped == NULL)
			return -ENOMEM;
	}
	if (pool->name == NULL || !save_group_alike(save->model, conf, pool))
		return 1;
	save->grouped[number] = true;
	return save_service_group(text, save->model, conf, pool) < 0 ? -ENOMEM : 1;
}

static int
service_write(struct save_stream *save, FILE *text)
{
	const struct conf *conf = model_conf(save->model);
	enum verb_walk_at at = verb_walk_next(&save->walk);
	const struct conf_service *service;

	if (at == VERB_WALK_END)
		return 0;
	if (at != VERB_WALK_SERVICE)
		return 1;
	service = conf_service_find(conf, &save->walk.service->key);
	if (service != NULL && save->grouped[service->pool - conf->pools])
		return 1;
	return save_service(text, conf, save->walk.service) < 0 ? -ENOMEM : 1;
}

/* Lines as strings of the array. They are ASCII and have no tabs. */
static void
lines_write(struct save_stream *save, struct evbuffer *out, const char *text)
{
	while (*text != '\0') {
		const char *end = text + strcspn(text, "\n");

		evbuffer_add_printf(out, "%s\"", save->lines++ > 0 ? "," : "");
		while (text < end) {
			size_t plain = strcspn(text, "\"\\\n");

			evbuffer_add(out, text, plain);
			text += plain;
			if (text < end)
				evbuffer_add_printf(out, "\\%c", *text++);
		}
		evbuffer_add(out, "\"", 1);
		text = end + (*end == '\n');
	}
}
