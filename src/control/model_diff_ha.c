/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a new configuration file changes of two boxes, as lines for people:
 *
 *	~ vrrp_instance VI_1 priority 100 -> 150
 *	+ vrrp_instance VI_1 virtual_ipaddress 192.0.2.9/24
 *	- heartbeat serial line
 *	~ local_address_group snat vrrp_instance VI_1 -> VI_2
 *
 * All of it takes effect while running. Keys are named, and not shown. Control
 * thread only.
 */
#include "conf_write.h"
#include "model_private.h"

#include <stdio.h>
#include <stdlib.h>

enum { OBJECT_SIZE = KA_NAME_SIZE + 32, LINE_SIZE = OBJECT_SIZE + 2 * KA_NAME_SIZE + 32 };

struct output {
	void (*line)(const char *text, void *context);
	void *context;
};

static void kind_diff(const struct output *out, const struct conf *old, const struct conf *new,
		      enum conf_ha_block kind);
static void groups_diff(const struct output *out, const struct conf *old, const struct conf *new);
static int block_find(const struct conf *conf, enum conf_ha_block kind, const char *object);
static const char *object_format(const struct conf *conf, enum conf_ha_block kind, unsigned int i,
				 char buf[OBJECT_SIZE]);
static char *block_text(const struct conf *conf, int kind, unsigned int i);
static void put(const struct output *out, char sign, const char *object);

void
model_diff_ha(const struct conf *old, const struct conf *new, void (*line)(const char *text, void *context),
	      void *context)
{
	const struct output out = { line, context };

	if (old == NULL)
		return;
	model_diff_texts("global_defs", block_text(old, -1, 0), block_text(new, -1, 0), line, context);
	groups_diff(&out, old, new);
	for (int kind = 0; kind < CONF_HA_BLOCK_MAX; kind++)
		kind_diff(&out, old, new, kind);
}

static void
kind_diff(const struct output *out, const struct conf *old, const struct conf *new, enum conf_ha_block kind)
{
	char object[OBJECT_SIZE];

	for (unsigned int i = 0; i < conf_write_ha_count(new, kind); i++) {
		int before = block_find(old, kind, object_format(new, kind, i, object));

		if (before < 0)
			put(out, '+', object);
		else
			model_diff_texts(object, block_text(old, (int)kind, (unsigned int)before),
					 block_text(new, (int)kind, i), out->line, out->context);
	}
	for (unsigned int i = 0; i < conf_write_ha_count(old, kind); i++) {
		if (block_find(new, kind, object_format(old, kind, i, object)) < 0)
			put(out, '-', object);
	}
}

/* Which instance addresses of full NAT move with; the addresses are the network's. */
static void
groups_diff(const struct output *out, const struct conf *old, const struct conf *new)
{
	for (unsigned int i = 0; i < new->group_count; i++) {
		const struct conf_local_group *now = &new->groups[i], *before = NULL;
		char text[LINE_SIZE];

		for (unsigned int j = 0; j < old->group_count; j++) {
			if (strcmp(old->groups[j].name, now->name) == 0)
				before = &old->groups[j];
		}
		if (before == NULL || strcmp(before->instance, now->instance) == 0)
			continue;
		snprintf(text, sizeof(text), "~ local_address_group %s vrrp_instance %s -> %s", now->name,
			 before->instance[0] != '\0' ? before->instance : "none",
			 now->instance[0] != '\0' ? now->instance : "none");
		out->line(text, out->context);
	}
}

/* Its number, or -1. */
static int
block_find(const struct conf *conf, enum conf_ha_block kind, const char *object)
{
	char text[OBJECT_SIZE];

	for (unsigned int i = 0; i < conf_write_ha_count(conf, kind); i++) {
		if (strcmp(object_format(conf, kind, i, text), object) == 0)
			return (int)i;
	}
	return -1;
}

/* "vrrp_instance VI_1". Returns `buf`. */
static const char *
object_format(const struct conf *conf, enum conf_ha_block kind, unsigned int i, char buf[OBJECT_SIZE])
{
	const char *name = conf_write_ha_name(conf, kind, i);

	snprintf(buf, OBJECT_SIZE, "%s%s%s", conf_write_ha_keyword(conf, kind, i), name == NULL ? "" : " ",
		 name == NULL ? "" : name);
	return buf;
}

/* Kind -1: what stands in global_defs. */
static char *
block_text(const struct conf *conf, int kind, unsigned int i)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (stream == NULL)
		return NULL;
	if (kind < 0)
		conf_write_ha_global(stream, "", conf);
	else
		conf_write_ha(stream, "", conf, (enum conf_ha_block)kind, i);
	return fclose(stream) == 0 ? text : NULL;
}

static void
put(const struct output *out, char sign, const char *object)
{
	char text[OBJECT_SIZE + 2];

	snprintf(text, sizeof(text), "%c %s", sign, object);
	out->line(text, out->context);
}
