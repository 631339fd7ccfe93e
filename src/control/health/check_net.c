/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An attempt over the network: address, socket, connection, time limit, verdict.
 *
 * A TCP connection that the server did not close first is closed with a reset
 * (SO_LINGER 0). The side that closes first keeps TIME_WAIT for a minute, and
 * that would be this box: 5,000 checks a second would hold 300,000 of them, and
 * a check with bind_port could not connect again until its own is gone. A
 * server that hangs would keep our FIN waiting besides. Where the server closes
 * first, as HTTP and SMTP have it, the close is an ordinary one.
 */
#include "check_net.h"
#include "check_socket.h"
#include "check_words.h"
#include "sl_clock.h"

#include <errno.h>
#include <event2/dns.h>
#include <event2/util.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* A name on its way through evdns, which tells of a cancelled request later: the attempt is gone by then. */
struct check_resolve {
	struct check_net *net; /* NULL: cancelled */
	struct evdns_getaddrinfo_request *request;
	bool starting; /* inside evdns_getaddrinfo, which may answer at once */
	int result;    /* an EVUTIL_EAI_* of that, or 0 */
};

static void limit_reached(evutil_socket_t fd, short what, void *context);
static int resolve_begin(struct check_net *net, char ret_text[CHECK_TEXT_SIZE]);
static void resolve_cancel(struct check_net *net);
static int connect_next(struct check_net *net, char ret_text[CHECK_TEXT_SIZE]);
static void socket_close(struct check_net *net);

void *
check_net_start(const struct check_net_kind *kind, const struct check_net_order *order,
		char ret_text[CHECK_TEXT_SIZE])
{
	const struct conf_connect *connect = order->connect;
	struct timeval limit = { connect->timeout_ms / 1000, connect->timeout_ms % 1000 * 1000 };
	struct check_net *net = calloc(1, kind->size);
	int rc;

	if (net == NULL) {
		snprintf(ret_text, CHECK_TEXT_SIZE, "out of memory");
		return NULL;
	}
	net->kind = kind;
	net->env = order->env;
	net->connect = connect;
	net->done = order->done;
	net->context = order->context;
	net->port = connect->port != 0 ? connect->port : order->target->port;
	net->fd = -1;
	net->begun_us = sl_clock_us();
	evtimer_assign(&net->limit, net->env->base, limit_reached, net);
	if (connect->name != NULL && !connect->via_dataplane) {
		rc = resolve_begin(net, ret_text);
	} else {
		bool own = !connect->via_dataplane && !sl_addr_is_none(&connect->ip);

		net->addrs[net->addr_count++] = own ? connect->ip : order->target->addr;
		rc = connect_next(net, ret_text);
	}
	if (rc != 0 || event_add(&net->limit, &limit) != 0) {
		if (rc == 0)
			snprintf(ret_text, CHECK_TEXT_SIZE, "out of memory");
		check_net_cancel(net);
		return NULL;
	}
	return net;
}

void
check_net_cancel(void *attempt)
{
	struct check_net *net = attempt;

	if (net->kind->fini != NULL)
		net->kind->fini(net);
	event_del(&net->limit);
	resolve_cancel(net);
	socket_close(net);
	free(net);
}

void
check_net_verdict(struct check_net *net, bool good, const char *format, ...)
{
	struct check_result result = { .good = good, .took_us = (uint32_t)check_net_took_us(net) };
	check_done_fn *done = net->done;
	void *context = net->context;
	va_list args;

	va_start(args, format);
	vsnprintf(result.text, sizeof(result.text), format, args);
	va_end(args);
	check_net_cancel(net);
	done(&result, context);
}

void
check_net_fail(struct check_net *net, int err)
{
	check_net_verdict(net, false, "%s", check_words_errno(err));
}

/* A descriptor that is added to epoll is reported again, if only as writable. */
void
check_net_again(struct check_net *net)
{
	event_del(&net->io);
	if (event_add(&net->io, NULL) != 0)
		check_net_fail(net, ENOMEM);
}

uint64_t
check_net_took_us(const struct check_net *net)
{
	return sl_clock_us() - net->begun_us;
}

static void
limit_reached(evutil_socket_t fd, short what, void *context)
{
	struct check_net *net = context;
	char time[CHECK_TIME_SIZE];

	check_words_time(net->connect->timeout_ms * UINT64_C(1000), time);
	if (net->resolve != NULL)
		check_net_verdict(net, false, "name %s not resolved within %s", net->connect->name, time);
	else if (!net->connected)
		check_net_verdict(net, false, "not connected within %s", time);
	else if (net->kind->late != NULL)
		net->kind->late(net);
	else
		check_net_verdict(net, false, "no answer within %s", time);
}

/* ---- names ---- */

/* Takes over what the name stands for, as far as the check can be sent from bindto's family. */
static void
addrs_take(struct check_net *net, const struct evutil_addrinfo *list)
{
	for (const struct evutil_addrinfo *info = list; info != NULL; info = info->ai_next) {
		struct sl_addr addr;

		if (check_socket_addr(info->ai_addr, &addr) != 0 || net->addr_count == CHECK_NET_ADDRS)
			continue;
		if (sl_addr_is_none(&net->connect->bindto) ||
		    sl_addr_is_v4(&net->connect->bindto) == sl_addr_is_v4(&addr))
			net->addrs[net->addr_count++] = addr;
	}
}

static const char *
resolve_words(int result)
{
	switch (result) {
	case 0:
		return "no address of bindto's family";
	case EVUTIL_EAI_NONAME:
	case EVUTIL_EAI_NODATA:
		return "no such name";
	default:
		return evutil_gai_strerror(result);
	}
}

static int
resolve_end(struct check_net *net, int result, char ret_text[CHECK_TEXT_SIZE])
{
	if (result == 0 && net->addr_count > 0)
		return connect_next(net, ret_text);
	snprintf(ret_text, CHECK_TEXT_SIZE, "name %.80s not resolved: %s", net->connect->name,
		 resolve_words(result));
	return -1;
}

static void
resolved(int result, struct evutil_addrinfo *list, void *context)
{
	struct check_resolve *resolve = context;
	struct check_net *net = resolve->net;
	char text[CHECK_TEXT_SIZE];

	if (net != NULL)
		addrs_take(net, list);
	if (list != NULL)
		evutil_freeaddrinfo(list);
	resolve->result = result;
	if (resolve->starting)
		return;
	free(resolve);
	if (net == NULL)
		return;
	net->resolve = NULL;
	if (resolve_end(net, result, text) != 0)
		check_net_verdict(net, false, "%s", text);
}

static int
resolve_begin(struct check_net *net, char ret_text[CHECK_TEXT_SIZE])
{
	struct evutil_addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM };
	struct check_resolve *resolve = calloc(1, sizeof(*resolve));
	int result;

	if (resolve == NULL || net->env->dns == NULL) {
		snprintf(ret_text, CHECK_TEXT_SIZE, "name %.80s not resolved: %s", net->connect->name,
			 resolve == NULL ? "out of memory" : "this box knows no name server");
		free(resolve);
		return -1;
	}
	resolve->net = net;
	resolve->starting = true;
	resolve->request =
		evdns_getaddrinfo(net->env->dns, net->connect->name, NULL, &hints, resolved, resolve);
	resolve->starting = false;
	if (resolve->request != NULL) {
		net->resolve = resolve;
		return 0;
	}
	result = resolve->result;
	free(resolve);
	return resolve_end(net, result, ret_text);
}

/* evdns still calls resolved(), in a later turn of the loop, and that frees what is left. */
static void
resolve_cancel(struct check_net *net)
{
	if (net->resolve == NULL)
		return;
	net->resolve->net = NULL;
	evdns_getaddrinfo_cancel(net->resolve->request);
	net->resolve = NULL;
}

/* ---- the socket ---- */

static void
socket_ready(evutil_socket_t fd, short what, void *context)
{
	struct check_net *net = context;
	char text[CHECK_TEXT_SIZE];
	int err = net->connected ? 0 : check_socket_error(fd);

	if (err == 0) {
		net->connected = true;
		net->kind->ready(net);
		return;
	}
	socket_close(net);
	if (net->addr_next == net->addr_count)
		check_net_fail(net, err);
	else if (connect_next(net, text) != 0)
		check_net_verdict(net, false, "%s", text);
}

static int
socket_connect(struct check_net *net, char ret_text[CHECK_TEXT_SIZE])
{
	net->fd = check_socket_open(net->kind, net->connect, &net->addr, net->port, ret_text);
	if (net->fd < 0)
		return -1;
	if (event_assign(&net->io, net->env->base, net->fd, EV_READ | EV_WRITE | EV_ET | EV_PERSIST,
			 socket_ready, net) == 0 &&
	    event_add(&net->io, NULL) == 0)
		return 0;
	close(net->fd);
	net->fd = -1;
	snprintf(ret_text, CHECK_TEXT_SIZE, "out of memory");
	return -1;
}

/* To the first address left that a connection can be begun to. */
static int
connect_next(struct check_net *net, char ret_text[CHECK_TEXT_SIZE])
{
	while (net->addr_next < net->addr_count) {
		net->addr = net->addrs[net->addr_next++];
		if (socket_connect(net, ret_text) == 0)
			return 0;
	}
	return -1;
}

static void
socket_close(struct check_net *net)
{
	static const struct linger reset = { .l_onoff = 1 };

	if (net->fd < 0)
		return;
	event_del(&net->io);
	if (net->kind->type == SOCK_STREAM && !net->peer_closed)
		setsockopt(net->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(net->fd);
	net->fd = -1;
}
