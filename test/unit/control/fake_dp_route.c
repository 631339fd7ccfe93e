/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A data plane without packets (fake_dp.h): host routes, and the interfaces
 * that they vanish with.
 */
#include "fake_dp_private.h"

#include "sl_addr.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_SIZE = 65536, TAP_INDEX = 10 };

static int route_compare(const void *a, const void *b);

/* ---- for tests ---- */

const char *
fake_dp_host_routes(void)
{
	static char text[TEXT_SIZE];
	size_t len = 0;

	text[0] = '\0';
	if (fake_dp.host_route_count > 0)
		qsort(fake_dp.host_route, fake_dp.host_route_count, sizeof(*fake_dp.host_route),
		      route_compare);
	for (unsigned int i = 0; i < fake_dp.host_route_count && len < TEXT_SIZE - 128; i++) {
		const struct fake_host_route *route = &fake_dp.host_route[i];
		char addr[SL_ADDR_STRLEN];

		len += (size_t)snprintf(text + len, TEXT_SIZE - len, " [%u %s %s]", route->table,
					fake_dp.port[route->port].name, sl_addr_format(&route->addr, addr));
	}
	return text;
}

void
fake_dp_tap_index_set(unsigned int port, unsigned int index)
{
	unsigned int count = 0;

	fake_dp.tap_gone[port] = index == 0;
	fake_dp.tap_index[port] = index;
	for (unsigned int i = 0; i < fake_dp.host_route_count; i++)
		if (fake_dp.host_route[i].port != port)
			fake_dp.host_route[count++] = fake_dp.host_route[i];
	fake_dp.host_route_count = count;
}

void
fake_dp_run(bool on)
{
	fake_dp.running = on;
}

unsigned int
fake_dp_tap_index(unsigned int port)
{
	if (fake_dp.tap_gone[port])
		return 0;
	return fake_dp.tap_index[port] != 0 ? fake_dp.tap_index[port] : TAP_INDEX + port;
}

void
fake_dp_route_reset(void)
{
	free(fake_dp.host_route);
}

/* ---- dp.h ---- */

int
dp_host_route_set(unsigned int port, uint32_t table, const struct sl_addr *addr, bool add)
{
	const struct fake_host_route wanted = { port, table, *addr };
	unsigned int i = 0;
	int rc;

	fake_dp_require(table != 0, "a routing table has a number");
	if (port >= fake_dp.port_count || !fake_dp.port[port].tap || fake_dp_tap_index(port) == 0)
		return -ENODEV;
	if (fake_dp_fails(FAKE_DP_HOST_ROUTE, &rc, NULL))
		return rc;
	while (i < fake_dp.host_route_count && route_compare(&fake_dp.host_route[i], &wanted) != 0)
		i++;
	if (add && i == fake_dp.host_route_count) {
		fake_dp.host_route = reallocarray(fake_dp.host_route, i + 1, sizeof(wanted));
		fake_dp_require(fake_dp.host_route != NULL, "the fake has memory");
		fake_dp.host_route[fake_dp.host_route_count++] = wanted;
	} else if (!add && i < fake_dp.host_route_count) {
		fake_dp.host_route[i] = fake_dp.host_route[--fake_dp.host_route_count];
	}
	return 0;
}

static int
route_compare(const void *a, const void *b)
{
	const struct fake_host_route *x = a, *y = b;

	if (x->table != y->table)
		return x->table < y->table ? -1 : 1;
	if (x->port != y->port)
		return x->port < y->port ? -1 : 1;
	return memcmp(x->addr.b, y->addr.b, sizeof(x->addr.b));
}
