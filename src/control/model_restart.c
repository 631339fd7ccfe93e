/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What cannot change while running, because it was given to EAL, to devices
 * and to memory at start-up: a file that changes any of it is refused, with
 * one fault for each. Everything else changes live. Control thread only.
 */
#include "model_private.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

/* Numbers of the dataplane block; 0 is "as many as needed". */
static const struct {
	const char *name;
	size_t offset;
} numbers[] = {
	{ "connections", offsetof(struct conf, connections) },
	{ "mbufs", offsetof(struct conf, mbufs) },
	{ "memory", offsetof(struct conf, memory_mb) },
};

static bool workers_same(const struct conf *old, const struct conf *new);
static void check_ports(const struct model *model, const struct conf *conf, struct conf_faults *faults);
static void check_port(const struct dp_port_conf *now, const struct conf_port *port,
		       struct conf_faults *faults);
static void check_port_number(const struct conf_port *port, const char *what, unsigned int now,
			      unsigned int wanted, struct conf_faults *faults);

int
model_check(const struct model *model, const struct conf *conf, struct conf_faults *faults)
{
	const struct conf_place *place = model_conf_place(conf);
	const struct conf *old = model->conf;
	unsigned int errors = faults->errors;

	if (old == NULL)
		return 0;
	if (!workers_same(old, conf))
		conf_fault_add(faults, CONF_ERROR, place,
			       "workers cannot change while running (now %u): restart sluiced",
			       dp_worker_count());
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		uint32_t now, wanted;
		char text[16] = "auto";

		memcpy(&now, (const char *)old + numbers[i].offset, sizeof(now));
		memcpy(&wanted, (const char *)conf + numbers[i].offset, sizeof(wanted));
		if (now == wanted)
			continue;
		if (now != 0)
			snprintf(text, sizeof(text), "%u", now);
		conf_fault_add(faults, CONF_ERROR, place,
			       "%s cannot change while running (now %s): restart sluiced", numbers[i].name,
			       text);
	}
	if (strcmp(old->socket_path, conf->socket_path) != 0)
		conf_fault_add(faults, CONF_ERROR, place,
			       "control socket cannot change while running (now %s): restart sluiced",
			       old->socket_path[0] != '\0' ? old->socket_path : "the default");
	check_ports(model, conf, faults);
	return faults->errors > errors ? -EINVAL : 0;
}

const struct conf_place *
model_conf_place(const struct conf *conf)
{
	static const struct conf_place nowhere = { .file = "configuration", .line = 1, .column = 1 };

	if (conf->dataplane_place.file != NULL)
		return &conf->dataplane_place;
	if (conf->port_count > 0)
		return &conf->ports[0].place;
	if (conf->service_count > 0)
		return &conf->services[0].place;
	return &nowhere;
}

/* A count that comes to what runs already changes nothing. */
static bool
workers_same(const struct conf *old, const struct conf *new)
{
	if (old->worker_cpu_count != new->worker_cpu_count)
		return false;
	if (new->worker_cpu_count > 0)
		return memcmp(old->worker_cpus, new->worker_cpus,
			      new->worker_cpu_count * sizeof(*new->worker_cpus)) == 0;
	return old->workers == new->workers || new->workers == dp_worker_count();
}

static void
check_ports(const struct model *model, const struct conf *conf, struct conf_faults *faults)
{
	for (unsigned int i = 0; i < conf->port_count; i++) {
		const struct dp_port_conf *now = NULL;

		for (unsigned int p = 0; p < model->port_count; p++)
			if (strcmp(model->ports[p].name, conf->ports[i].dp.name) == 0)
				now = &model->ports[p];
		if (now != NULL)
			check_port(now, &conf->ports[i], faults);
		else
			conf_fault_add(faults, CONF_ERROR, &conf->ports[i].place,
				       "port %s cannot be added while running: restart sluiced",
				       conf->ports[i].dp.name);
	}
	for (unsigned int p = 0; p < model->port_count; p++) {
		bool found = false;

		for (unsigned int i = 0; i < conf->port_count && !found; i++)
			found = strcmp(model->ports[p].name, conf->ports[i].dp.name) == 0;
		if (!found)
			conf_fault_add(faults, CONF_ERROR, model_conf_place(conf),
				       "port %s cannot be removed while running: restart sluiced",
				       model->ports[p].name);
	}
}

static void
check_port(const struct dp_port_conf *now, const struct conf_port *port, struct conf_faults *faults)
{
	const struct dp_port_conf *wanted = &port->dp;
	const struct {
		const char *what;
		bool now, wanted;
		const char *on, *off;
	} switches[] = {
		{ "promiscuous mode", now->promiscuous, wanted->promiscuous, "on", "off" },
		{ "tap", now->tap, wanted->tap, "on", "off" },
		{ "transit", now->transit_kernel, wanted->transit_kernel, "kernel", "drop" },
		{ "closed_port", now->closed_drop, wanted->closed_drop, "drop", "reject" },
	};

	if (strcmp(now->device, wanted->device) != 0)
		conf_fault_add(faults, CONF_ERROR, &port->place,
			       "device of port %s cannot change while running (now %s): restart sluiced",
			       now->name, now->device);
	check_port_number(port, "queues", now->queues, wanted->queues, faults);
	check_port_number(port, "mtu", now->mtu, wanted->mtu, faults);
	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
		if (switches[i].now == switches[i].wanted)
			continue;
		conf_fault_add(faults, CONF_ERROR, &port->place,
			       "%s of port %s cannot change while running (now %s): restart sluiced",
			       switches[i].what, now->name,
			       switches[i].now ? switches[i].on : switches[i].off);
	}
}

static void
check_port_number(const struct conf_port *port, const char *what, unsigned int now, unsigned int wanted,
		  struct conf_faults *faults)
{
	char text[16] = "auto";

	if (now == wanted)
		return;
	if (now != 0)
		snprintf(text, sizeof(text), "%u", now);
	conf_fault_add(faults, CONF_ERROR, &port->place,
		       "%s of port %s cannot change while running (now %s): restart sluiced", what,
		       port->dp.name, text);
}
