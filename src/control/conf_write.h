/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a configuration says of health, written as the lines of a file that say
 * the same: for saving, and for showing what a new file changes. Text is
 * ASCII. Whatever has its default in the file's grammar may be left out, but a
 * check says its timing in full, so that nothing around it matters. Reads only.
 */
#ifndef CONF_WRITE_H
#define CONF_WRITE_H

#include "conf.h"

/* `KEYWORD "TEXT"`, escaped. */
void conf_write_quoted(FILE *out, const char *keyword, const char *text);

/* ` "TEXT"` as a further word of a line. */
void conf_write_word(FILE *out, const char *text);

/* The lines of a real_server: notifiers, inhibit_on_failure, checks, agent; each begins with `indent`. */
void conf_write_health(FILE *out, const char *indent, const struct conf_health *health);

/* The lines of a virtual_server. `udp`: what flush_on_failure is by default. */
void conf_write_pool(FILE *out, const char *indent, const struct conf_pool *pool, bool udp);

/* Whole blocks of the outermost level. An empty SSL is none. */
void conf_write_ssl(FILE *out, const struct conf_ssl *ssl);
void conf_write_track_file(FILE *out, const struct conf_track_file *file);
/*
 * Blocks of two boxes (VRRP, heartbeats, connection sync), kind by kind in the order in which a file reads
 * well: how many there are, how each begins ("heartbeat udp") and is called (NULL: it has no name), and the lines
 * in it. What global_defs gives to all instances stands in each.
 */
enum conf_ha_block {
	CONF_HA_SCRIPT,
	CONF_HA_PROCESS,
	CONF_HA_DELAYS,
	CONF_HA_INSTANCE,
	CONF_HA_SYNC_GROUP,
	CONF_HA_HEARTBEAT,
	CONF_HA_SYNC,
	CONF_HA_BLOCK_MAX
};

unsigned int conf_write_ha_count(const struct conf *conf, enum conf_ha_block kind);
const char *conf_write_ha_keyword(const struct conf *conf, enum conf_ha_block kind, unsigned int i);
const char *conf_write_ha_name(const struct conf *conf, enum conf_ha_block kind, unsigned int i);
void conf_write_ha(FILE *out, const char *indent, const struct conf *conf, enum conf_ha_block kind,
		   unsigned int i);
/* The lines in global_defs. */
void conf_write_ha_global(FILE *out, const char *indent, const struct conf *conf);

/* virtual_server_group, of the services of a pool that has a name. */
void conf_write_vip_group(FILE *out, const struct conf *conf, const struct conf_pool *pool);

#endif
