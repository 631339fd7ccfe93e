/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Do checks find their way? They are the kernel's own connections. A port is
 * gone from the kernel unless it has a tap, so checks of servers on its link
 * would leave by some other interface, or not at all, and the servers count as
 * down. That is said once a port.
 */
#include "conf_check.h"
#include "conf_value.h"
#include "sl_addr.h"

static const struct conf_port *port_without_tap(const struct conf_check *check, const struct sl_addr *addr);
static bool leaves_by_kernel(const struct conf_checker *checker);
static void way_check(struct conf_check *check, const struct conf_place *place,
		      const struct conf_connect *connect, const struct conf_real *real);

void
conf_check_tap(struct conf_check *check, const struct conf_real *real)
{
	const struct conf_health *health = real->health;

	for (unsigned int i = 0; i < health->check_count; i++)
		if (leaves_by_kernel(&health->checks[i]))
			way_check(check, &health->checks[i].place, &health->checks[i].connect, real);
	if (health->agent != NULL)
		way_check(check, &health->agent->place, &health->agent->connect, real);
}

/* MISC_CHECK's command and FILE_CHECK's file have ways of their own. */
static bool
leaves_by_kernel(const struct conf_checker *checker)
{
	return checker->type != CONF_CHECK_MISC && checker->type != CONF_CHECK_FILE;
}

/* Who names an interface or a source knows the ways. */
static void
way_check(struct conf_check *check, const struct conf_place *place, const struct conf_connect *connect,
	  const struct conf_real *real)
{
	const struct sl_addr *to = sl_addr_is_none(&connect->ip) ? &real->addr : &connect->ip;
	const struct conf_port *port;

	if (connect->via_dataplane || connect->name != NULL || connect->bind_if != NULL ||
	    !sl_addr_is_none(&connect->bindto))
		return;
	port = port_without_tap(check, to);
	if (port == NULL)
		return;
	check->tap_missed |= UINT64_C(1) << (port - check->load->conf->ports);
	conf_warn(check->load, place,
		  "checks of %s leave by the kernel, and port %s has not \"tap on\": unless another "
		  "interface of "
		  "the box leads there they fail, and the servers on that link count as down",
		  conf_addr_text(check->load, to), port->dp.name);
}

/* The port on whose link the address is, if it has none and that has not been said. */
static const struct conf_port *
port_without_tap(const struct conf_check *check, const struct sl_addr *addr)
{
	const struct conf *conf = check->load->conf;

	for (unsigned int i = 0; i < conf->port_count && i < DP_PORTS_MAX; i++) {
		const struct conf_port *port = &conf->ports[i];

		if (port->dp.tap || (check->tap_missed >> i & 1) != 0)
			continue;
		for (unsigned int a = 0; a < port->addr_count; a++)
			if (sl_prefix_contains(&port->addrs[a], addr))
				return port;
	}
	return NULL;
}
