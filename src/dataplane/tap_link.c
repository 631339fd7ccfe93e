/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What kernel interfaces are to the kernel's network stack, through rtnetlink.
 *
 * One list holds what shall be: addresses first, then routes, and addresses that belong to groups,
 * which are wanted while their group is held. A new network takes away
 * what it has no more and then sets everything again, also what was there before:
 * the kernel takes routes away together with an interface's last address,
 * and secondary addresses together with their primary one. Each request replaces
 * what is there, so saying it twice does no harm. What the kernel refuses stays in the
 * list as not set and is tried again.
 *
 * Requests are answered by the kernel before sending them returns, so nothing here
 * waits. Control thread only.
 */
#include "tap_link.h"

#include "ha.h"
#include "rtnl.h"
#include "sysctl.h"

#include "sl_addr.h"
#include "sl_log.h"

#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <unistd.h>

/* An address or a route that an interface shall have. */
struct item {
	unsigned int port;
	bool is_route;
	bool set;
	uint16_t group; /* an address's: it is wanted while this is held */
	struct sl_prefix prefix;
	struct sl_addr via; /* of a route; none: the destinations are on the link */
};

struct link {
	char name[IF_NAMESIZE];
	unsigned int index; /* 0: there is none */
	bool down;          /* somebody has set it so */
};

static struct link links[DP_PORTS_MAX];
static struct item *items;
static unsigned int item_count;
static bool said_item, said_sysctl;

static int link_up(const struct link *link, const uint8_t mac[6], unsigned int mtu);
static void sysctls_set(const char *name);
static void items_set(unsigned int port);
static int item_change(const struct item *item, bool add);

int
dp_tap_link_add(unsigned int port, const char *name, const uint8_t mac[6], unsigned int mtu)
{
	struct link *link = &links[port];
	int code;

	snprintf(link->name, sizeof(link->name), "%s", name);
	link->down = false;
	link->index = if_nametoindex(name);
	if (link->index == 0)
		return -errno;
	sysctls_set(name);
	code = link_up(link, mac, mtu);
	if (code == 0)
		items_set(port);
	return code;
}

unsigned int
dp_tap_link_index(unsigned int port)
{
	return port < DP_PORTS_MAX && !links[port].down ? links[port].index : 0;
}

void
dp_tap_link_lost(unsigned int port)
{
	links[port].index = 0;
	for (unsigned int i = 0; i < item_count; i++)
		if (items[i].port == port)
			items[i].set = false;
}

static bool
item_eq(const struct item *a, const struct item *b)
{
	return a->port == b->port && a->is_route == b->is_route && a->group == b->group &&
	       a->prefix.len == b->prefix.len && sl_addr_eq(&a->prefix.addr, &b->prefix.addr) &&
	       sl_addr_eq(&a->via, &b->via);
}

static bool
item_in(const struct item *item, const struct item *list, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		if (item_eq(item, &list[i]))
			return true;
	return false;
}

static bool
is_wanted(const struct item *item)
{
	return dp_ha_is_held(item->group);
}

/* This is the list from now on. */
static void
items_replace(struct item *next, unsigned int count)
{
	/* Routes before the addresses that they may need. */
	for (unsigned int i = item_count; i-- > 0;)
		if (items[i].set && !item_in(&items[i], next, count))
			(void)item_change(&items[i], false);
	free(items);
	items = next;
	item_count = count;
	for (unsigned int port = 0; port < DP_PORTS_MAX; port++)
		items_set(port);
}

int
dp_tap_link_moving_set(const struct dp_moving *moving, unsigned int moving_count)
{
	struct item *next = calloc((size_t)item_count + moving_count + 1, sizeof(*next));
	unsigned int count = 0;

	if (next == NULL)
		return -ENOMEM;
	for (unsigned int i = 0; i < item_count; i++)
		if (items[i].group == 0)
			next[count++] = items[i];
	for (unsigned int i = 0; i < moving_count; i++)
		next[count++] = (struct item){ .port = moving[i].port,
					       .group = moving[i].group,
					       .prefix = moving[i].prefix };
	items_replace(next, count);
	return 0;
}

void
dp_tap_link_held_changed(void)
{
	for (unsigned int port = 0; port < DP_PORTS_MAX; port++) {
		bool changed = false;

		for (unsigned int i = 0; i < item_count; i++)
			changed |= items[i].port == port && items[i].group != 0 &&
				   items[i].set != is_wanted(&items[i]);
		if (changed)
			items_set(port);
	}
}

int
dp_tap_link_net_set(const struct dp_net_addr *addrs, unsigned int addr_count, const struct dp_route *routes,
		    unsigned int route_count)
{
	struct item *next = calloc((size_t)addr_count + route_count + item_count + 1, sizeof(*next));
	unsigned int count = 0;

	if (next == NULL)
		return -ENOMEM;
	for (unsigned int i = 0; i < addr_count; i++)
		next[count++] = (struct item){ .port = addrs[i].port, .prefix = addrs[i].prefix };
	for (unsigned int i = 0; i < route_count; i++)
		if (routes[i].port >= 0)
			next[count++] = (struct item){ .port = (unsigned int)routes[i].port,
						       .is_route = true,
						       .prefix = routes[i].prefix,
						       .via = routes[i].via };
	for (unsigned int i = 0; i < item_count; i++)
		if (items[i].group != 0)
			next[count++] = items[i];
	items_replace(next, count);
	return 0;
}

static bool
is_down(const struct link *link)
{
	struct ifreq request = { .ifr_flags = 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool down;

	if (fd < 0)
		return false;
	memcpy(request.ifr_name, link->name, sizeof(request.ifr_name));
	down = ioctl(fd, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP) == 0;
	close(fd);
	return down;
}

void
dp_tap_link_retry(void)
{
	for (unsigned int port = 0; port < DP_PORTS_MAX; port++) {
		struct link *link = &links[port];
		bool down = link->index != 0 && is_down(link), again = link->down && !down;

		/* An interface that was down has lost its routes, and one that is down cannot have them. */
		link->down = down;
		for (unsigned int i = 0; i < item_count && !again; i++)
			again = items[i].port == port && items[i].set != is_wanted(&items[i]);
		if (again && !down)
			items_set(port);
	}
}

void
dp_tap_link_fini(void)
{
	dp_rtnl_fini();
	free(items);
	items = NULL;
	item_count = 0;
	memset(links, 0, sizeof(links));
	said_item = said_sysctl = false;
}

/* ---- the interface ---- */

static int
link_up(const struct link *link, const uint8_t mac[6], unsigned int mtu)
{
	int code = dp_rtnl_link_set(link->index, &(struct rtnl_link){ .mac = mac, .mtu = mtu });

	if (code != 0)
		return code;
	/*
	 * Its link-local address shall be the one that Sluice answers for (addr_book.c). A kernel
	 * without IPv6 refuses this, and needs it not.
	 */
	(void)dp_rtnl_link_local_set(link->index, true);
	return dp_rtnl_link_set(link->index, &(struct rtnl_link){ .up = true });
}

/* ---- /proc/sys ---- */

static const struct {
	const char *family, *name, *value;
} sysctls[] = {
	{ "ipv6", "disable_ipv6", "0" },
	{ "ipv6", "accept_ra", "0" },  /* routes come from the configuration, not from the link */
	{ "ipv6", "accept_dad", "0" }, /* Sluice speaks for the addresses, and defends them */
	{ "ipv6", "keep_addr_on_down", "1" },
	{ "ipv4", "arp_announce", "2" }, /* ask from an address of the link */
	{ "ipv4", "rp_filter", "2" },    /* the way back may be another interface's default route */
	{ "ipv4", "promote_secondaries", "1" },
};

static void
sysctls_set(const char *name)
{
	for (unsigned int i = 0; i < sizeof(sysctls) / sizeof(sysctls[0]); i++) {
		char path[SYSCTL_PATH_SIZE];
		int code;

		dp_sysctl_path(path, sysctls[i].family, name, sysctls[i].name);
		code = dp_sysctl_set(path, sysctls[i].value);
		if (code == 0 || said_sysctl)
			continue;
		sl_warn("kernel interface %s: %s cannot be set to %s (%s), nor may others; set it by sysctl "
			"if the interface does not do what it should",
			name, path, sysctls[i].value, strerror(-code));
		said_sysctl = true;
	}
}

/* ---- addresses and routes ---- */

static int
route_change(const struct item *item, bool add)
{
	char buffer[RTNL_REQUEST_SIZE] = { 0 };
	struct nlmsghdr *request = dp_rtnl_begin(buffer, add ? RTM_NEWROUTE : RTM_DELROUTE,
						 add ? NLM_F_CREATE | NLM_F_REPLACE : 0);
	struct rtmsg *info = mnl_nlmsg_put_extra_header(request, sizeof(*info));
	struct sl_prefix network = sl_prefix_network(&item->prefix);
	bool on_link = sl_addr_is_none(&item->via);

	info->rtm_family = sl_addr_is_v4(&item->prefix.addr) ? AF_INET : AF_INET6;
	info->rtm_dst_len = (uint8_t)item->prefix.len;
	info->rtm_table = RT_TABLE_MAIN;
	info->rtm_protocol = TAP_ROUTE_PROTOCOL;
	info->rtm_scope = on_link ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	info->rtm_type = RTN_UNICAST;
	info->rtm_flags = on_link ? 0 : RTNH_F_ONLINK;
	dp_rtnl_addr_put(request, RTA_DST, &network.addr);
	mnl_attr_put_u32(request, RTA_OIF, links[item->port].index);
	/* By port, so that the same destination may be reached by several. */
	mnl_attr_put_u32(request, RTA_PRIORITY, TAP_ROUTE_METRIC + item->port);
	if (!on_link)
		dp_rtnl_addr_put(request, RTA_GATEWAY, &item->via);
	return dp_rtnl_do(request);
}

static int
item_change(const struct item *item, bool add)
{
	if (links[item->port].index == 0)
		return -ENODEV;
	return item->is_route
		       ? route_change(item, add)
		       : dp_rtnl_addr_set(links[item->port].index, &item->prefix, RT_SCOPE_UNIVERSE, add);
}

static void
item_complain(const struct item *item, int code)
{
	char prefix[SL_PREFIX_STRLEN];

	if (said_item)
		return;
	said_item = true;
	sl_error("kernel interface %s: the kernel refuses %s %s (%s); tried again every second",
		 links[item->port].name, item->is_route ? "the route" : "the address",
		 sl_prefix_format(&item->prefix, prefix), strerror(-code));
}

/* Everything that the port's interface shall have, in order. */
static void
items_set(unsigned int port)
{
	bool good = true;

	if (links[port].index == 0)
		return;
	for (unsigned int i = 0; i < item_count; i++) {
		int code;

		if (items[i].port != port)
			continue;
		if (!is_wanted(&items[i])) {
			if (items[i].set)
				(void)item_change(&items[i], false);
			items[i].set = false;
			continue;
		}
		code = item_change(&items[i], true);
		items[i].set = code == 0;
		if (code != 0)
			item_complain(&items[i], code);
		good &= code == 0;
	}
	if (good)
		said_item = false;
}
