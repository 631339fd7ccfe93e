/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Builders of what announces VIPs: announce_table, announce_port and
 * announce_while in global_defs, announce in virtual_server. Ports are known at
 * the end of the file only; conf_check_announce then looks for the one.
 */
#include "conf_check.h"
#include "conf_service.h"
#include "conf_value.h"

#include <string.h>

/* The kernel's own: what stands there carries packets. */
enum { TABLE_DEFAULT = 253, TABLE_MAIN = 254, TABLE_LOCAL = 255 };

static const struct conf_port *port_choose(struct conf_load *load);

void
conf_build_announce_table(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	const struct conf_word *word = &stmt->words[1];
	uint32_t table;

	load->announce_seen = true;
	if (!conf_value_number(load, word, "announce_table", 1, UINT32_MAX, &table))
		return;
	if (table >= TABLE_DEFAULT && table <= TABLE_LOCAL) {
		conf_error(
			load, &word->place,
			"announce_table %u is a routing table that the kernel forwards by: give a number of "
			"its own, such as 100",
			table);
		return;
	}
	load->conf->announce.table = table;
	load->conf->announce.place = stmt->words[0].place;
}

void
conf_build_announce_port(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	load->announce_port = &stmt->words[1];
}

void
conf_build_announce_while(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	const struct conf_word *word = &stmt->words[1];

	load->announce_while = &stmt->words[0];
	load->conf->announce.any = strcmp(word->text, "any") == 0;
	if (!load->conf->announce.any && strcmp(word->text, "all") != 0 && conf_value_defined(load, word))
		conf_error(load, &word->place, "announce_while must be all or any, not %s",
			   conf_show(load, word->text));
}

void
conf_build_announce(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_service_object *self = object;
	bool on;

	if (!conf_value_bool(load, &stmt->words[1], "announce", &on))
		return;
	self->service->options &= (uint8_t)~CONF_SERVICE_UNANNOUNCED;
	self->service->options |= on ? 0 : CONF_SERVICE_UNANNOUNCED;
}

void
conf_check_announce(struct conf_load *load)
{
	struct conf_announce *announce = &load->conf->announce;
	const struct conf_word *needless =
		load->announce_port != NULL ? load->announce_port : load->announce_while;
	const struct conf_port *port;

	if (announce->table == 0) {
		if (needless != NULL && !load->announce_seen)
			conf_warn(load, &needless->place,
				  "there is no announce_table: VIPs are not announced, and %s has no effect",
				  load->announce_port != NULL ? "announce_port" : "announce_while");
		return;
	}
	port = port_choose(load);
	if (port != NULL)
		memcpy(announce->port, port->dp.name, sizeof(announce->port));
}

static const struct conf_port *
port_choose(struct conf_load *load)
{
	const struct conf_word *name = load->announce_port;
	const struct conf *conf = load->conf;

	for (unsigned int i = 0; i < conf->port_count; i++) {
		const struct conf_port *port = &conf->ports[i];

		if (name != NULL ? strcmp(port->dp.name, name->text) != 0 : !port->dp.tap)
			continue;
		if (port->dp.tap)
			return port;
		conf_error(load, &name->place,
			   "port %s has no kernel interface that a route could lead to: it needs \"tap on\"",
			   port->dp.name);
		return NULL;
	}
	if (load->incomplete)
		return NULL;
	if (name == NULL)
		conf_error(load, &conf->announce.place,
			   "announce_table needs a port with a kernel interface, for its routes: none has "
			   "\"tap on\"");
	else if (conf_value_defined(load, name))
		conf_error(load, &name->place, "there is no port %s", conf_show(load, name->text));
	return NULL;
}
