/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An attempt over the network: what all kinds but scripts and files share.
 *
 * check_net_start finds the address (by name where the check has one), opens a
 * socket as connect_ip, bindto, bind_if and fwmark want it, connects it, and
 * sets the one time limit of the whole attempt. From then on the kind is told
 * when there may be something to do, until it gives its verdict. An attempt is
 * one allocation, which begins with its struct check_net:
 *
 *	start -> [name resolved] -> connected -> ready() ... ready() -> verdict
 *	           each of them -> time limit: late() -> verdict
 *	           each of them -> cancel
 *
 * The socket is watched for edges: ready() reads and writes until the kernel
 * says EAGAIN, or asks by check_net_again for another turn of the loop, so
 * that a server that never stops sending takes turns with everything else.
 * After a verdict the attempt is gone. Control thread only.
 */
#ifndef SLUICE_CHECK_NET_H
#define SLUICE_CHECK_NET_H

#include "check.h"

#include <event2/event.h>
#include <event2/event_struct.h>

enum { CHECK_NET_ADDRS = 4 }; /* so many of a name's addresses are tried */

struct check_net;
struct check_resolve;

struct check_net_kind {
	size_t size;            /* of an attempt of this kind */
	int type;               /* SOCK_STREAM or SOCK_DGRAM */
	bool unseen;            /* TCP: the server's program need not notice */
	int (*open)(bool ipv4); /* a socket that does not block, or -errno; NULL: TCP or UDP */
	void (*ready)(struct check_net *net);
	void (*late)(struct check_net *net); /* NULL: that is a failure, "no answer within 5 s" */
	void (*fini)(struct check_net *net); /* frees what the kind holds; NULL: nothing */
};

struct check_net {
	const struct check_net_kind *kind;
	struct check_env *env;
	const struct conf_connect *connect;
	check_done_fn *done;
	void *context;
	struct sl_addr addrs[CHECK_NET_ADDRS]; /* to be tried in turn; addr_next: the first untried */
	unsigned int addr_count, addr_next;
	struct sl_addr addr; /* that of fd */
	uint16_t port;
	int fd; /* -1: none */
	bool connected;
	bool peer_closed; /* the kind has read the end of the stream */
	uint64_t begun_us;
	struct check_resolve *resolve; /* NULL: no name is being resolved */
	struct event io, limit;
};

/* What check_ops.start is given, for one connection. */
struct check_net_order {
	struct check_env *env;
	const struct conf_connect *connect;
	const struct check_target *target;
	check_done_fn *done;
	void *context;
};

/* NULL with the reason in ret_text. Calls nothing of the kind but `open`. */
void *check_net_start(const struct check_net_kind *kind, const struct check_net_order *order,
		      char ret_text[CHECK_TEXT_SIZE]);
/* check_ops.cancel, and for a kind whose start fails after check_net_start. */
void check_net_cancel(void *net);

/* The end: frees `net` and reports. */
void check_net_verdict(struct check_net *net, bool good, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The same for an error of the socket. */
void check_net_fail(struct check_net *net, int err);
/* ready() is called again in the next turn of the loop, whether or not anything comes. */
void check_net_again(struct check_net *net);

/* Since the attempt began; for "connected in 3 ms". */
uint64_t check_net_took_us(const struct check_net *net);

#endif
