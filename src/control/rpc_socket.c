/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Opening the control socket (rpc_socket.h). A file left by a daemon that died
 * is replaced; one that somebody answers at, or that is no socket, is not.
 * Called once at start by the control thread.
 */
#include "rpc_socket.h"

#include "sl_log.h"

#include <assert.h>
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { SOCKET_MODE = 0660, DIRECTORY_MODE = 0755 };
#define SOCKET_GROUP "sluice"

static int directory_make(const char *path, char ret_error[DP_ERROR_SIZE]);
static int stale_remove(const struct sockaddr_un *address, char ret_error[DP_ERROR_SIZE]);
static int address_bind(int fd, const struct sockaddr_un *address, char ret_error[DP_ERROR_SIZE]);
static void group_set(const char *path);

int
rpc_socket_open(const char *path, struct rpc_socket *ret_socket, char ret_error[DP_ERROR_SIZE])
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct stat st;
	int fd, error;

	static_assert(sizeof(ret_socket->path) == sizeof(address.sun_path),
		      "a path is as long as the kernel's");
	if (*path == '\0' || strlen(path) >= sizeof(address.sun_path)) {
		snprintf(ret_error, DP_ERROR_SIZE,
			 "control socket \"%s\": a path of 1 to %zu characters is needed", path,
			 sizeof(address.sun_path) - 1);
		return -ENAMETOOLONG;
	}
	strcpy(address.sun_path, path);
	if ((error = directory_make(path, ret_error)) != 0 ||
	    (error = stale_remove(&address, ret_error)) != 0)
		return error;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		error = -errno;
		snprintf(ret_error, DP_ERROR_SIZE, "control socket %s: %s", path, strerror(-error));
		return error;
	}
	error = address_bind(fd, &address, ret_error);
	if (error != 0 || stat(path, &st) != 0) {
		close(fd);
		return error != 0 ? error : -EIO;
	}
	group_set(path);
	strcpy(ret_socket->path, path);
	ret_socket->device = st.st_dev;
	ret_socket->inode = st.st_ino;
	return fd;
}

void
rpc_socket_unlink(const struct rpc_socket *socket)
{
	struct stat st;

	if (stat(socket->path, &st) == 0 && st.st_dev == socket->device && st.st_ino == socket->inode)
		unlink(socket->path);
}

static int
directory_make(const char *path, char ret_error[DP_ERROR_SIZE])
{
	char directory[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	char *slash;
	int error;

	strcpy(directory, path);
	slash = strrchr(directory, '/');
	if (slash == NULL || slash == directory)
		return 0;
	*slash = '\0';
	if (mkdir(directory, DIRECTORY_MODE) == 0 || errno == EEXIST)
		return 0;
	error = -errno;
	snprintf(ret_error, DP_ERROR_SIZE,
		 "control socket %s: cannot make the directory %s (%s); make it, or set another socket path",
		 path, directory, strerror(-error));
	return error;
}

/* A socket nobody listens at is a dead daemon's. */
static int
stale_remove(const struct sockaddr_un *address, char ret_error[DP_ERROR_SIZE])
{
	struct stat st;
	int fd, error;

	if (lstat(address->sun_path, &st) != 0)
		return 0;
	if (!S_ISSOCK(st.st_mode)) {
		snprintf(ret_error, DP_ERROR_SIZE,
			 "control socket %s: there is a file that is not a socket; remove it, or set another "
			 "path",
			 address->sun_path);
		return -EEXIST;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	error = connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ? 0 : errno;
	close(fd);
	if (error != ECONNREFUSED && error != ENOENT) {
		snprintf(ret_error, DP_ERROR_SIZE,
			 "control socket %s: another daemon answers there; stop it, or set another path",
			 address->sun_path);
		return -EADDRINUSE;
	}
	unlink(address->sun_path);
	return 0;
}

/* The mode is right from the first moment: nobody gets in between bind and a chmod. */
static int
address_bind(int fd, const struct sockaddr_un *address, char ret_error[DP_ERROR_SIZE])
{
	mode_t mask = umask(0777 & ~SOCKET_MODE);
	int error = bind(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ? 0 : -errno;

	umask(mask);
	if (error != 0)
		snprintf(ret_error, DP_ERROR_SIZE, "control socket %s: %s", address->sun_path,
			 strerror(-error));
	return error;
}

static void
group_set(const char *path)
{
	const struct group *group = getgrnam(SOCKET_GROUP);

	if (group != NULL && chown(path, (uid_t)-1, group->gr_gid) != 0)
		sl_warn("control socket %s: cannot give it to group %s (%s); only its owner can use it", path,
			SOCKET_GROUP, strerror(errno));
}
