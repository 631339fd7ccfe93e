/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A socket as a check wants it: bindto, bind_port, bind_if, fwmark; and
 * connected, or on the way to it. Nothing blocks. Any thread.
 */
#ifndef SLUICE_CHECK_SOCKET_H
#define SLUICE_CHECK_SOCKET_H

#include "check_net.h"

#include <sys/socket.h>

/* A descriptor, or -1 with the reason in ret_text. */
int check_socket_open(const struct check_net_kind *kind, const struct conf_connect *connect,
		      const struct sl_addr *addr, uint16_t port, char ret_text[CHECK_TEXT_SIZE]);
/* The error that waits at a socket (SO_ERROR), or 0. Errors of ICMP are among them. */
int check_socket_error(int fd);
/* 0, or -EAFNOSUPPORT for what is no IP address. */
int check_socket_addr(const struct sockaddr *from, struct sl_addr *ret_addr);

#endif
