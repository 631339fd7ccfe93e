/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Builders of `port`: a DPDK device, its addresses, its gateways. What a port
 * says against the others is compared in conf_check.c.
 */
#include "conf_keywords.h"
#include "conf_value.h"
#include "sl_addr.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

enum {
	MTU_MIN = 68,
	MTU_MAX = 16110,   /* DPDK's largest frame, less its Ethernet header and checksum */
	TAP_NAME_MAX = 12, /* IFNAMSIZ - 1, less "sl-" */
};

struct port_object {
	struct conf_port *port;
	struct conf_port_draft *draft;
};

static void kernel_check(struct conf_load *load, const struct port_object *self);
static void choice_read(struct conf_load *load, const struct conf_stmt *stmt, const char *yes, const char *no,
			bool *ret_yes);
static bool device_check(const char *text);
static bool pci_check(const char *text);
static bool hex_run(const char **text, unsigned int least, unsigned int most);
static bool host_part_check(struct conf_load *load, const struct conf_word *word,
			    const struct sl_prefix *prefix);

void
conf_build_port(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf *conf = load->conf;
	struct conf_port *port;
	struct conf_port_draft *draft;
	const struct conf_word *name = &stmt->words[1];
	bool name_good = conf_value_name(load, name, "port");

	load->port_seen = true;
	if (conf->port_count == DP_PORTS_MAX) {
		conf_error(load, &stmt->words[0].place, "there can be at most %d ports", DP_PORTS_MAX);
		return;
	}
	for (unsigned int i = 0; name_good && i < conf->port_count; i++) {
		if (strcmp(conf->ports[i].dp.name, name->text) == 0) {
			conf_error(load, &name->place, "port %s is defined in %s already", name->text,
				   conf_where(load, &conf->ports[i].place, &name->place));
			name_good = false;
		}
	}
	conf->ports = conf_arena_grow(load->keep, conf->ports, conf->port_count, sizeof(*conf->ports));
	load->port_drafts = conf_arena_grow(load->scratch, load->port_drafts, conf->port_count,
					    sizeof(*load->port_drafts));
	port = &conf->ports[conf->port_count];
	draft = &load->port_drafts[conf->port_count++];
	port->place = name->place;
	if (name_good)
		strcpy(port->dp.name, name->text);

	struct port_object port_object = { .port = port, .draft = draft };
	unsigned int errors = load->faults->errors;

	conf_walk(load, stmt->first, &conf_block_port, &port_object);
	if (errors == load->faults->errors)
		kernel_check(load, &port_object);
	if (draft->device_place.file == NULL && errors == load->faults->errors && !load->incomplete)
		conf_error(load, &stmt->words[0].place,
			   "port %s has no device: a PCI address, or a DPDK device such as "
			   "\"net_af_packet0,iface=eth1\"",
			   port->dp.name);
}

void
conf_build_device(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct port_object *self = object;
	const struct conf_word *word = &stmt->words[1];

	self->draft->device_place = word->place;
	if (!conf_value_text(load, word, "device", self->port->dp.device, sizeof(self->port->dp.device)))
		self->port->dp.device[0] = '\0';
	else if (!device_check(word->text)) {
		conf_error(load, &word->place,
			   "device must be a PCI address (0000:3b:00.0) or a DPDK device "
			   "(\"net_af_packet0,iface=eth1\" for a kernel interface), not %s",
			   conf_show(load, word->text));
		self->port->dp.device[0] = '\0';
	}
}

void
conf_build_queues(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct port_object *self = object;
	const struct conf_word *word = &stmt->words[1];

	if (strcmp(word->text, "auto") == 0)
		self->port->dp.queues = 0;
	else
		conf_value_number(load, word, "queues (or auto)", 1, DP_QUEUES_MAX, &self->port->dp.queues);
}

void
conf_build_address(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct port_object *self = object;
	struct conf_port *port = self->port;
	struct conf_port_draft *draft = self->draft;
	const struct conf_word *word = &stmt->words[1];
	struct sl_prefix prefix;

	if (!conf_value_prefix(load, word, "address", &prefix)) {
		draft->addrs_uncertain = true;
		return;
	}
	if (!host_part_check(load, word, &prefix))
		draft->addrs_uncertain = true;
	port->addrs = conf_arena_grow(load->keep, port->addrs, port->addr_count, sizeof(*port->addrs));
	draft->addr_places = conf_arena_grow(load->scratch, draft->addr_places, port->addr_count,
					     sizeof(*draft->addr_places));
	draft->addr_places[port->addr_count] = word->place;
	port->addrs[port->addr_count++] = prefix;
}

void
conf_build_gateway(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct port_object *self = object;
	const struct conf_word *word = &stmt->words[1];
	struct sl_addr addr;

	if (!conf_value_addr(load, word, "gateway", &addr))
		return;

	bool v4 = sl_addr_is_v4(&addr);
	struct sl_addr *gateway = v4 ? &self->port->gateway4 : &self->port->gateway6;
	struct conf_place *place = v4 ? &self->draft->gateway4_place : &self->draft->gateway6_place;

	if (!sl_addr_is_none(gateway)) {
		conf_error(load, &word->place, "port %s has its %s gateway in %s already: one of each family",
			   self->port->dp.name, v4 ? "IPv4" : "IPv6", conf_where(load, place, &word->place));
		return;
	}
	*gateway = addr;
	*place = word->place;
}

void
conf_build_mtu(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct port_object *self = object;

	if (conf_value_number(load, &stmt->words[1], "mtu", MTU_MIN, MTU_MAX, &self->port->dp.mtu))
		self->draft->mtu_place = stmt->words[1].place;
}

void
conf_build_promiscuous(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct port_object *self = object;

	conf_value_bool(load, &stmt->words[1], "promiscuous", &self->port->dp.promiscuous);
}

void
conf_build_tap(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct port_object *self = object;

	conf_value_bool(load, &stmt->words[1], "tap", &self->port->dp.tap);
}

void
conf_build_transit(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct port_object *self = object;

	self->draft->transit_place = stmt->words[0].place;
	choice_read(load, stmt, "kernel", "drop", &self->port->dp.transit_kernel);
}

void
conf_build_closed_port(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct port_object *self = object;

	choice_read(load, stmt, "drop", "reject", &self->port->dp.closed_drop);
}

/* The kernel's interface needs a name that the kernel takes, and transit such an interface. */
static void
kernel_check(struct conf_load *load, const struct port_object *self)
{
	const struct dp_port_conf *dp = &self->port->dp;

	if (dp->tap && strlen(dp->name) > TAP_NAME_MAX)
		conf_error(load, &self->port->place,
			   "port %s: with \"tap on\" the name can have %d characters, not %zu: its kernel "
			   "interface is sl-%s, and Linux allows 15",
			   dp->name, TAP_NAME_MAX, strlen(dp->name), dp->name);
	if (dp->transit_kernel && !dp->tap)
		conf_error(load, &self->draft->transit_place,
			   "\"transit kernel\" needs \"tap on\": without it port %s has no kernel interface",
			   dp->name);
}

/* One of two words. */
static void
choice_read(struct conf_load *load, const struct conf_stmt *stmt, const char *yes, const char *no,
	    bool *ret_yes)
{
	const struct conf_word *word = &stmt->words[1];

	if (strcmp(word->text, yes) == 0 || strcmp(word->text, no) == 0) {
		*ret_yes = strcmp(word->text, yes) == 0;
		return;
	}
	if (conf_value_defined(load, word))
		conf_error(load, &word->place, "%s must be %s or %s, not %s", stmt->words[0].text, yes, no,
			   conf_show(load, word->text));
}

/* A PCI address, a virtual device, or a device with its bus; each with ",key=value" behind it. */
static bool
device_check(const char *text)
{
	static const char *const starts[] = { "net_",       "eth_",   "vdev:",  "pci:",
					      "auxiliary:", "vmbus:", "fslmc:", "dpaa_bus:" };

	for (const char *c = text; *c != '\0'; c++) {
		if ((unsigned char)*c <= ' ' && *c != ' ')
			return false;
	}
	for (unsigned int i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		size_t len = strlen(starts[i]);

		if (strncmp(text, starts[i], len) == 0 && isalnum((unsigned char)text[len]))
			return true;
	}
	return pci_check(text);
}

/* [DDDD:]BB:DD.F */
static bool
pci_check(const char *text)
{
	const char *c = text, *colon = strchr(text, ':');
	bool domain = colon != NULL && strchr(colon + 1, ':') != NULL &&
		      strchr(colon + 1, ':') < text + strcspn(text, ",");

	if (domain && (!hex_run(&c, 4, 8) || *c++ != ':'))
		return false;
	if (!hex_run(&c, 2, 2) || *c++ != ':')
		return false;
	if (!hex_run(&c, 2, 2) || *c++ != '.')
		return false;
	return *c >= '0' && *c <= '7' && (c[1] == '\0' || c[1] == ',');
}

static bool
hex_run(const char **text, unsigned int least, unsigned int most)
{
	unsigned int len = 0;

	while (len < most && isxdigit((unsigned char)(*text)[len]))
		len++;
	*text += len;
	return len >= least;
}

/* An address of ours is neither its network's nor its broadcast address. */
static bool
host_part_check(struct conf_load *load, const struct conf_word *word, const struct sl_prefix *prefix)
{
	bool v4 = sl_addr_is_v4(&prefix->addr);
	struct sl_prefix network = sl_prefix_network(prefix);

	if (!sl_addr_is_unicast(&prefix->addr)) {
		conf_error(load, &word->place,
			   "address must be that of a host, not %s (zero, loopback, multicast or broadcast)",
			   conf_show(load, word->text));
		return false;
	}
	if (prefix->len >= (v4 ? 31 : 127))
		return true;
	if (sl_addr_eq(&network.addr, &prefix->addr)) {
		conf_error(load, &word->place,
			   "address %s is that of the network itself: give one of its hosts", word->text);
		return false;
	}
	if (v4) {
		uint32_t hosts = UINT32_MAX >> prefix->len;

		if ((ntohl(sl_addr_v4_be(&prefix->addr)) & hosts) == hosts) {
			conf_error(
				load, &word->place,
				"address %s is the broadcast address of its network: give one of its hosts",
				word->text);
			return false;
		}
	}
	return true;
}
