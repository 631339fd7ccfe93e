/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Routes to single addresses by a port's kernel interface, in a routing table of the
 * operator's: there a routing daemon finds which VIPs it shall announce. The kernel itself
 * asks that table nothing, unless a rule says so.
 *
 * Nothing is remembered here. Who sets them keeps the list, and sets them again when the
 * interface's number has changed: they went with the interface. Control thread only.
 */
#include "rtnl.h"
#include "tap_link.h"

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include <errno.h>
#include <sys/socket.h>

int
dp_host_route_set(unsigned int port, uint32_t table, const struct sl_addr *addr, bool add)
{
	char buffer[RTNL_REQUEST_SIZE] = { 0 };
	unsigned int index = dp_tap_link_index(port);
	bool v4 = sl_addr_is_v4(addr);
	struct nlmsghdr *request;
	struct rtmsg *info;
	int code;

	if (index == 0)
		return -ENODEV;
	request = dp_rtnl_begin(buffer, add ? RTM_NEWROUTE : RTM_DELROUTE,
				add ? NLM_F_CREATE | NLM_F_REPLACE : 0);
	info = mnl_nlmsg_put_extra_header(request, sizeof(*info));
	info->rtm_family = v4 ? AF_INET : AF_INET6;
	info->rtm_dst_len = v4 ? 32 : 128;
	info->rtm_table = RT_TABLE_UNSPEC; /* its number may not fit; RTA_TABLE says it */
	info->rtm_protocol = HOST_ROUTE_PROTOCOL;
	info->rtm_scope = add ? RT_SCOPE_LINK : RT_SCOPE_NOWHERE;
	info->rtm_type = RTN_UNICAST;
	dp_rtnl_addr_put(request, RTA_DST, addr);
	mnl_attr_put_u32(request, RTA_TABLE, table);
	mnl_attr_put_u32(request, RTA_OIF, index);
	code = dp_rtnl_do(request);
	return code == -ESRCH && !add ? 0 : code;
}
