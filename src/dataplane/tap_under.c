/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Interfaces under ports that share them with the kernel.
 *
 * A net_af_packet port sees copies of frames that the kernel goes on to handle itself.
 * That is harmless as long as the interface has no address. With `tap on` the port's
 * addresses are the kernel's, however, and it would take what is for them from either
 * interface: every packet twice, past the policer, and ARP answered by two. So an interface
 * without an address of its own gets a strict check of sources, which nothing passes where
 * no route leads out, and no IPv6. One that has addresses is somebody's, and is left alone.
 * Values are put back at the end. Control thread only.
 */
#include "tap_under.h"

#include "port.h"
#include "sysctl.h"

#include "sl_log.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *family, *name, *value;
} quiet[] = {
	{ "ipv4", "rp_filter", "1" },
	{ "ipv4", "arp_ignore", "8" },
	{ "ipv6", "disable_ipv6", "1" },
};

enum { QUIET_COUNT = sizeof(quiet) / sizeof(quiet[0]) };

static struct {
	char path[SYSCTL_PATH_SIZE];
	char value[SYSCTL_VALUE_SIZE];
} before[DP_PORTS_MAX * QUIET_COUNT];
static unsigned int before_count;

/* Link-local ones do not count: they come by themselves. */
static bool
has_address(const char *interface)
{
	struct ifaddrs *all, *a;
	bool has = false;

	if (getifaddrs(&all) != 0)
		return true;
	for (a = all; a != NULL && !has; a = a->ifa_next) {
		const void *sa = a->ifa_addr;

		if (sa == NULL || strcmp(a->ifa_name, interface) != 0)
			continue;
		has = a->ifa_addr->sa_family == AF_INET ||
		      (a->ifa_addr->sa_family == AF_INET6 &&
		       !IN6_IS_ADDR_LINKLOCAL(&((const struct sockaddr_in6 *)sa)->sin6_addr));
	}
	freeifaddrs(all);
	return has;
}

static bool
interface_of(const struct dp_port_conf *conf, char ret_name[IF_NAMESIZE])
{
	const char *at = strstr(conf->device, "iface=");

	if (strncmp(conf->device, "net_af_packet", 13) != 0 || at == NULL)
		return false;
	snprintf(ret_name, IF_NAMESIZE, "%.*s", (int)strcspn(at + 6, ","), at + 6);
	return true;
}

void
dp_tap_under_quiet(unsigned int port)
{
	const struct dp_port_conf *conf = &dp_ports[port].conf;
	char name[IF_NAMESIZE];

	if (!interface_of(conf, name))
		return;
	if (has_address(name)) {
		sl_warn("port %s: interface %s has addresses of its own, so the kernel handles there what is "
			"for the port's addresses, too; take them away (ip addr flush dev %s)",
			conf->name, name, name);
		return;
	}
	for (unsigned int i = 0; i < QUIET_COUNT; i++) {
		char *path = before[before_count].path;
		int code;

		dp_sysctl_path(path, quiet[i].family, name, quiet[i].name);
		if (dp_sysctl_get(path, before[before_count].value) != 0)
			continue;
		code = dp_sysctl_set(path, quiet[i].value);
		if (code == 0)
			before_count++;
		else
			sl_warn("port %s: %s cannot be set to %s (%s); the kernel may handle packets twice",
				conf->name, path, quiet[i].value, strerror(-code));
	}
}

void
dp_tap_under_restore(void)
{
	while (before_count > 0) {
		before_count--;
		(void)dp_sysctl_set(before[before_count].path, before[before_count].value);
	}
}
