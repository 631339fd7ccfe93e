/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Settings of a network interface; see sysctl.h. In a container /proc/sys is often read-only,
 * so what is right already is not written.
 */
#include "sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void
dp_sysctl_path(char ret_path[SYSCTL_PATH_SIZE], const char *family, const char *interface, const char *name)
{
	snprintf(ret_path, SYSCTL_PATH_SIZE, "/proc/sys/net/%s/conf/%s/%s", family, interface, name);
}

int
dp_sysctl_get(const char *path, char ret_value[SYSCTL_VALUE_SIZE])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	if (fd < 0)
		return -errno;
	len = read(fd, ret_value, SYSCTL_VALUE_SIZE - 1);
	close(fd);
	if (len < 0)
		return -EIO;
	ret_value[len] = '\0';
	ret_value[strcspn(ret_value, "\n")] = '\0';
	return 0;
}

int
dp_sysctl_set(const char *path, const char *value)
{
	char present[SYSCTL_VALUE_SIZE];
	int code = dp_sysctl_get(path, present), fd;

	if (code == -ENOENT || (code == 0 && strcmp(present, value) == 0))
		return 0;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	code = write(fd, value, strlen(value)) < 0 ? -errno : 0;
	close(fd);
	return code;
}
