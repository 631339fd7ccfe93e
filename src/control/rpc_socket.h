/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The listening Unix socket of the control API as a file: who may open it, and
 * what to do about one that is already there.
 */
#ifndef SLUICE_RPC_SOCKET_H
#define SLUICE_RPC_SOCKET_H

#include <sluice/dp.h>

#include <sys/types.h>

/* The socket's file, so that only our own is removed in the end. */
struct rpc_socket {
	char path[108];
	dev_t device;
	ino_t inode;
};

/* Bound, not yet listening, non-blocking. Its descriptor, or -errno with the reason in ret_error. */
int rpc_socket_open(const char *path, struct rpc_socket *ret_socket, char ret_error[DP_ERROR_SIZE]);

/* Removes the file unless somebody has put another in its place. Does not close the descriptor. */
void rpc_socket_unlink(const struct rpc_socket *socket);

#endif
