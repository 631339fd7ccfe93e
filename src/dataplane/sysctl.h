/* SPDX-License-Identifier: BSD-3-Clause */
/* Settings of a network interface in /proc/sys/net. Control thread only. */
#ifndef DP_SYSCTL_H
#define DP_SYSCTL_H

#include <stddef.h>

enum { SYSCTL_VALUE_SIZE = 16, SYSCTL_PATH_SIZE = 128 };

/* "ipv4" or "ipv6", the interface, the setting. */
void dp_sysctl_path(char ret_path[SYSCTL_PATH_SIZE], const char *family, const char *interface,
		    const char *name);

/* The value without its newline. 0 or -errno (-ENOENT: this kernel does not have it). */
int dp_sysctl_get(const char *path, char ret_value[SYSCTL_VALUE_SIZE]);

/* 0, also when it is so already or this kernel does not have it, or -errno. */
int dp_sysctl_set(const char *path, const char *value);

#endif
