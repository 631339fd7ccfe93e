/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rtnetlink; see rtnl.h. One socket, opened by the first request.
 */
#include "rtnl.h"

#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>

enum { ANSWER_SIZE = 8192 };

static struct mnl_socket *kernel;
static uint32_t sequence;

int
dp_rtnl_link_set(unsigned int index, const struct rtnl_link *link)
{
	char buffer[RTNL_REQUEST_SIZE] = { 0 };
	struct nlmsghdr *request = dp_rtnl_begin(buffer, RTM_NEWLINK, 0);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(request, sizeof(*info));

	info->ifi_index = (int)index;
	info->ifi_flags = info->ifi_change = link->up ? IFF_UP : 0;
	if (link->mac != NULL)
		mnl_attr_put(request, IFLA_ADDRESS, 6, link->mac);
	if (link->mtu != 0)
		mnl_attr_put_u32(request, IFLA_MTU, link->mtu);
	if (link->queue_len != 0)
		mnl_attr_put_u32(request, IFLA_TXQLEN, link->queue_len);
	return dp_rtnl_do(request);
}

int
dp_rtnl_link_local_set(unsigned int index, bool on)
{
	char buffer[RTNL_REQUEST_SIZE] = { 0 };
	struct nlmsghdr *request = dp_rtnl_begin(buffer, RTM_NEWLINK, 0);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(request, sizeof(*info));
	struct nlattr *families, *inet6;

	info->ifi_index = (int)index;
	families = mnl_attr_nest_start(request, IFLA_AF_SPEC);
	inet6 = mnl_attr_nest_start(request, AF_INET6);
	mnl_attr_put_u8(request, IFLA_INET6_ADDR_GEN_MODE,
			on ? IN6_ADDR_GEN_MODE_EUI64 : IN6_ADDR_GEN_MODE_NONE);
	mnl_attr_nest_end(request, inet6);
	mnl_attr_nest_end(request, families);
	return dp_rtnl_do(request);
}

int
dp_rtnl_addr_set(unsigned int index, const struct sl_prefix *prefix, uint8_t scope, bool add)
{
	char buffer[RTNL_REQUEST_SIZE] = { 0 };
	struct nlmsghdr *request = dp_rtnl_begin(buffer, add ? RTM_NEWADDR : RTM_DELADDR,
						 add ? NLM_F_CREATE | NLM_F_REPLACE : 0);
	struct ifaddrmsg *info = mnl_nlmsg_put_extra_header(request, sizeof(*info));
	bool v4 = sl_addr_is_v4(&prefix->addr);

	info->ifa_family = v4 ? AF_INET : AF_INET6;
	info->ifa_prefixlen = (uint8_t)prefix->len;
	info->ifa_flags = v4 ? 0 : IFA_F_NODAD;
	info->ifa_scope = scope;
	info->ifa_index = index;
	dp_rtnl_addr_put(request, IFA_LOCAL, &prefix->addr);
	dp_rtnl_addr_put(request, IFA_ADDRESS, &prefix->addr);
	return dp_rtnl_do(request);
}

int
dp_rtnl_local6_add(unsigned int index, const struct sl_addr *addr)
{
	char buffer[RTNL_REQUEST_SIZE] = { 0 };
	struct nlmsghdr *request = dp_rtnl_begin(buffer, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE);
	struct rtmsg *info = mnl_nlmsg_put_extra_header(request, sizeof(*info));

	info->rtm_family = AF_INET6;
	info->rtm_dst_len = 128;
	info->rtm_table = RT_TABLE_LOCAL;
	info->rtm_protocol = RTPROT_KERNEL;
	info->rtm_scope = RT_SCOPE_HOST;
	info->rtm_type = RTN_LOCAL;
	dp_rtnl_addr_put(request, RTA_DST, addr);
	mnl_attr_put_u32(request, RTA_OIF, index);
	return dp_rtnl_do(request);
}

struct nlmsghdr *
dp_rtnl_begin(char buffer[RTNL_REQUEST_SIZE], uint16_t type, uint16_t flags)
{
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);

	request->nlmsg_type = type;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	request->nlmsg_seq = ++sequence;
	return request;
}

void
dp_rtnl_addr_put(struct nlmsghdr *request, uint16_t type, const struct sl_addr *addr)
{
	if (sl_addr_is_v4(addr))
		mnl_attr_put(request, type, 4, addr->b + 12);
	else
		mnl_attr_put(request, type, 16, addr->b);
}

static int
socket_open(void)
{
	struct timeval limit = { .tv_sec = 1 }; /* never needed: the answer is there already */

	if (kernel != NULL)
		return 0;
	kernel = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (kernel == NULL)
		return -errno;
	if (mnl_socket_bind(kernel, 0, MNL_SOCKET_AUTOPID) == 0 &&
	    setsockopt(mnl_socket_get_fd(kernel), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0)
		return 0;
	dp_rtnl_fini();
	return -EIO;
}

int
dp_rtnl_do(const struct nlmsghdr *request)
{
	char answer[ANSWER_SIZE];
	int code = socket_open();
	ssize_t len;

	if (code != 0)
		return code;
	if (mnl_socket_sendto(kernel, request, request->nlmsg_len) < 0)
		return -errno;
	len = mnl_socket_recvfrom(kernel, answer, sizeof(answer));
	if (len < 0)
		return -errno;
	return mnl_cb_run(answer, (size_t)len, request->nlmsg_seq, mnl_socket_get_portid(kernel), NULL,
			  NULL) < 0
		       ? -errno
		       : 0;
}

void
dp_rtnl_fini(void)
{
	if (kernel != NULL)
		mnl_socket_close(kernel);
	kernel = NULL;
}
