/* SPDX-License-Identifier: BSD-3-Clause */
/* What the kernel has of an interface; see kernel_box.h. */
#include "kernel_box.h"

#include "tap_link.h"

#include "sl_addr.h"

#include <ifaddrs.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ITEMS_MAX = 64 };

static int
compare_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, each behind a space. */
static void
join(char texts[][100], unsigned int count, char ret_text[KERNEL_BOX_TEXT])
{
	const char *sorted[ITEMS_MAX];
	size_t len = 0;

	assert_true(count <= SL_COUNT(sorted));
	for (unsigned int i = 0; i < count; i++)
		sorted[i] = texts[i];
	qsort(sorted, count, sizeof(sorted[0]), compare_text);
	ret_text[0] = '\0';
	for (unsigned int i = 0; i < count; i++)
		len += (size_t)snprintf(ret_text + len, KERNEL_BOX_TEXT - len, " [%s]", sorted[i]);
}

void
kernel_box_list(const char *const *list, const char *more, char ret_text[KERNEL_BOX_TEXT])
{
	char texts[ITEMS_MAX][100];
	unsigned int count = 0;

	for (; list[count] != NULL; count++)
		snprintf(texts[count], sizeof(texts[0]), "%s", list[count]);
	if (more != NULL)
		snprintf(texts[count++], sizeof(texts[0]), "%s", more);
	join(texts, count, ret_text);
}

static struct sl_addr
addr_of(const struct sockaddr *sa)
{
	return sa->sa_family == AF_INET
		       ? sl_addr_from_v4(((const struct sockaddr_in *)(const void *)sa)->sin_addr.s_addr)
		       : sl_addr_from_v6(&((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr);
}

static unsigned int
bits_of(const struct sl_addr *mask, bool v4)
{
	unsigned int bits = 0;

	for (unsigned int i = v4 ? 12 : 0; i < 16; i++)
		bits += (unsigned int)__builtin_popcount(mask->b[i]);
	return bits;
}

void
kernel_box_addrs(char ret_text[KERNEL_BOX_TEXT])
{
	char texts[ITEMS_MAX][100];
	struct ifaddrs *all;
	unsigned int count = 0;

	assert_int_equal(getifaddrs(&all), 0);
	for (const struct ifaddrs *a = all; a != NULL && count < ITEMS_MAX; a = a->ifa_next) {
		struct sl_addr address, mask;
		char text[SL_ADDR_STRLEN];

		if (strcmp(a->ifa_name, KERNEL_BOX_NAME) != 0 || a->ifa_addr == NULL ||
		    (a->ifa_addr->sa_family != AF_INET && a->ifa_addr->sa_family != AF_INET6))
			continue;
		address = addr_of(a->ifa_addr);
		mask = addr_of(a->ifa_netmask);
		snprintf(texts[count++], sizeof(texts[0]), "%s/%u", sl_addr_format(&address, text),
			 bits_of(&mask, a->ifa_addr->sa_family == AF_INET));
	}
	freeifaddrs(all);
	join(texts, count, ret_text);
}

struct route_list {
	uint32_t table; /* of host routes */
	char texts[ITEMS_MAX][100];
	unsigned int count;
};

static struct sl_addr
attr_addr(const struct nlattr *attr, bool v4)
{
	uint32_t be;

	if (!v4)
		return sl_addr_from_v6(mnl_attr_get_payload(attr));
	memcpy(&be, mnl_attr_get_payload(attr), sizeof(be));
	return sl_addr_from_v4(be);
}

/* Ours have our protocol number, our metric, our interface. */
static int
route_visit(const struct nlmsghdr *message, void *context)
{
	const struct rtmsg *route = mnl_nlmsg_get_payload(message);
	struct route_list *list = context;
	bool v4 = route->rtm_family == AF_INET;
	struct sl_prefix dst = { .len = route->rtm_dst_len };
	char dst_text[SL_PREFIX_STRLEN], via_text[SL_ADDR_STRLEN] = "";
	const struct nlattr *attr;
	uint32_t metric = 0, index = 0;

	if (route->rtm_protocol != TAP_ROUTE_PROTOCOL || list->count == ITEMS_MAX)
		return MNL_CB_OK;
	if (v4)
		dst.addr = sl_addr_from_v4(0);
	mnl_attr_for_each(attr, message, sizeof(*route))
	{
		struct sl_addr via;

		switch (mnl_attr_get_type(attr)) {
		case RTA_DST:
			dst.addr = attr_addr(attr, v4);
			break;
		case RTA_GATEWAY:
			via = attr_addr(attr, v4);
			sl_addr_format(&via, via_text);
			break;
		case RTA_PRIORITY:
			metric = mnl_attr_get_u32(attr);
			break;
		case RTA_OIF:
			index = mnl_attr_get_u32(attr);
			break;
		default:
			break;
		}
	}
	assert_int_equal(metric, TAP_ROUTE_METRIC);
	assert_int_equal(index, if_nametoindex(KERNEL_BOX_NAME));
	snprintf(list->texts[list->count++], sizeof(list->texts[0]), "%s%s%s",
		 sl_prefix_format(&dst, dst_text), via_text[0] != '\0' ? " via " : "", via_text);
	return MNL_CB_OK;
}

/* All routes of the kernel go to visit(). */
static void
routes_walk(mnl_cb_t visit, void *context)
{
	static const int families[] = { AF_INET, AF_INET6 };
	struct mnl_socket *socket = mnl_socket_open(NETLINK_ROUTE);
	char buffer[16384];

	assert_non_null(socket);
	assert_int_equal(mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID), 0);
	for (unsigned int f = 0; f < SL_COUNT(families); f++) {
		struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
		struct rtmsg *route;
		int more = 1;

		request->nlmsg_type = RTM_GETROUTE;
		request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
		request->nlmsg_seq = f + 1;
		route = mnl_nlmsg_put_extra_header(request, sizeof(*route));
		route->rtm_family = (unsigned char)families[f];
		assert_true(mnl_socket_sendto(socket, request, request->nlmsg_len) > 0);
		while (more > 0) {
			ssize_t len = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));

			assert_true(len > 0);
			more = mnl_cb_run(buffer, (size_t)len, f + 1, mnl_socket_get_portid(socket), visit,
					  context);
			assert_true(more >= 0);
		}
	}
	mnl_socket_close(socket);
}

void
kernel_box_routes(char ret_text[KERNEL_BOX_TEXT])
{
	struct route_list list = { .count = 0 };

	routes_walk(route_visit, &list);
	join(list.texts, list.count, ret_text);
}

static int
host_route_visit(const struct nlmsghdr *message, void *context)
{
	const struct rtmsg *route = mnl_nlmsg_get_payload(message);
	struct route_list *list = context;
	bool v4 = route->rtm_family == AF_INET;
	struct sl_addr dst = { 0 };
	const struct nlattr *attr;
	uint32_t table = 0, index = 0;

	mnl_attr_for_each(attr, message, sizeof(*route))
	{
		if (mnl_attr_get_type(attr) == RTA_DST)
			dst = attr_addr(attr, v4);
		else if (mnl_attr_get_type(attr) == RTA_TABLE)
			table = mnl_attr_get_u32(attr);
		else if (mnl_attr_get_type(attr) == RTA_OIF)
			index = mnl_attr_get_u32(attr);
	}
	if (table != list->table || list->count == ITEMS_MAX)
		return MNL_CB_OK;
	assert_int_equal(route->rtm_dst_len, v4 ? 32 : 128);
	assert_int_equal(route->rtm_protocol, HOST_ROUTE_PROTOCOL);
	assert_int_equal(index, if_nametoindex(KERNEL_BOX_NAME));
	sl_addr_format(&dst, list->texts[list->count++]);
	return MNL_CB_OK;
}

void
kernel_box_host_routes(uint32_t table, char ret_text[KERNEL_BOX_TEXT])
{
	struct route_list list = { .table = table };

	routes_walk(host_route_visit, &list);
	join(list.texts, list.count, ret_text);
}

void
kernel_box_delete(void)
{
	struct mnl_socket *socket = mnl_socket_open(NETLINK_ROUTE);
	char buffer[1024];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *info;

	request->nlmsg_type = RTM_DELLINK;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	info = mnl_nlmsg_put_extra_header(request, sizeof(*info));
	info->ifi_index = (int)if_nametoindex(KERNEL_BOX_NAME);
	assert_true(mnl_socket_sendto(socket, request, request->nlmsg_len) > 0);
	assert_true(mnl_socket_recvfrom(socket, buffer, sizeof(buffer)) > 0);
	mnl_socket_close(socket);
	assert_int_equal(if_nametoindex(KERNEL_BOX_NAME), 0);
}

struct ifreq
kernel_box_request(unsigned long what, short flags)
{
	struct ifreq request = { .ifr_flags = flags };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", KERNEL_BOX_NAME);
	assert_int_equal(ioctl(fd, what, &request), 0);
	close(fd);
	return request;
}
