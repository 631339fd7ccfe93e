/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From a file's name to its text. Whatever is not a text file of reasonable
 * size ends here, with one fault, so that the lexer meets text only: no NUL,
 * no control bytes but white space.
 */
#include "conf_load.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	TEXT_SIZE_MAX = 64 << 20, /* of all files of one load together */
	READ_SIZE_MIN = 64 << 10,
	PIPE_WAIT_MS = 2000,
};

static void fd_undo(void *fd);
static bool fd_read(struct conf_load *load, int fd, const char *name, const struct conf_place *place,
		    struct conf_file *ret_file);
static bool is_readable(int fd);
static bool text_check(struct conf_load *load, const struct conf_file *file);
static bool file_refuse(struct conf_load *load, const char *name, const struct conf_place *place,
			const char *why);
static void file_register(struct conf_load *load, const char *name);

bool
conf_file_read(struct conf_load *load, const char *name, const struct conf_place *place,
	       struct conf_file *ret_file)
{
	name = conf_arena_strndup(load->keep, name, strlen(name));

	/* Never wait for the other end of a pipe: the daemon's loop may be what waits. */
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return file_refuse(load, name, place, strerror(errno));

	load->undo = fd_undo;
	load->undo_object = &fd;

	bool good = fd_read(load, fd, name, place, ret_file);

	load->undo = NULL;
	close(fd);
	if (!good)
		return false;
	file_register(load, ret_file->name);
	return text_check(load, ret_file);
}

bool
conf_file_take(struct conf_load *load, const char *name, const char *text, size_t len,
	       struct conf_file *ret_file)
{
	*ret_file = (struct conf_file){
		.name = conf_arena_strndup(load->keep, name, strlen(name)),
		.text = text,
		.len = len,
	};
	load->text_size += len;
	file_register(load, ret_file->name);
	if (load->text_size > TEXT_SIZE_MAX)
		return file_refuse(load, ret_file->name, NULL, "more than 64 MB of configuration");
	return text_check(load, ret_file);
}

static void
fd_undo(void *fd)
{
	close(*(int *)fd);
}

static bool
fd_read(struct conf_load *load, int fd, const char *name, const struct conf_place *place,
	struct conf_file *ret_file)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return file_refuse(load, name, place, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return file_refuse(load, name, place,
				   place != NULL
					   ? "it is a directory; include its files with DIRECTORY/*.conf"
					   : "it is a directory");
	if (!S_ISREG(st.st_mode) && (place != NULL || S_ISBLK(st.st_mode)))
		return file_refuse(load, name, place, "it is not a regular file");

	size_t size = S_ISREG(st.st_mode) && st.st_size < TEXT_SIZE_MAX ? (size_t)st.st_size + 1 : 0;
	size_t len = 0;
	char *text = NULL;

	/* A last read that gives nothing tells the end, also of a file that grew. */
	for (size_t room = 0;;) {
		if (len == room) {
			room = room == 0 && size > 0 ? size : room * 2 + READ_SIZE_MIN;

			char *larger = conf_arena_alloc(load->scratch, room);

			if (len > 0)
				memcpy(larger, text, len);
			text = larger;
		}

		ssize_t got = read(fd, text + len, room - len);

		if (got < 0 && (errno == EINTR || (errno == EAGAIN && is_readable(fd))))
			continue;
		if (got < 0 && errno == EAGAIN)
			return file_refuse(load, name, place, "nothing comes from it");
		if (got < 0)
			return file_refuse(load, name, place, strerror(errno));
		if (got == 0)
			break;
		len += (size_t)got;
		if (load->text_size + len > TEXT_SIZE_MAX)
			return file_refuse(load, name, place, "more than 64 MB of configuration");
	}
	load->text_size += len;
	*ret_file = (struct conf_file){
		.name = name, .text = text, .len = len, .device = st.st_dev, .inode = st.st_ino
	};
	return true;
}

/* A pipe, such as /dev/stdin, whose writer is slow gets a moment. */
static bool
is_readable(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	bool readable = poll(&poll_fd, 1, PIPE_WAIT_MS) > 0;

	errno = EAGAIN;
	return readable;
}

/* UTF-8 passes as it is; nobody's keywords contain it, but comments and names do. */
static bool
text_check(struct conf_load *load, const struct conf_file *file)
{
	static const bool is_text[256] = {
		[' ' ... 0x7e] = true, [0x80 ... 0xff] = true, ['\t' ... '\r'] = true, /* with \n, \v, \f */
	};
	struct conf_place place = { .file = file->name, .line = 1, .column = 1 };
	size_t len = 0;

	while (len < file->len && is_text[(unsigned char)file->text[len]])
		len++;
	if (len == file->len)
		return true;
	for (size_t i = 0; i < len; i++) {
		place.column++;
		if (file->text[i] == '\n') {
			place.line++;
			place.column = 1;
		}
	}
	conf_error(load, &place, "byte 0x%02x is not text: the file was not used",
		   (unsigned char)file->text[len]);
	load->incomplete = true;
	return false;
}

static bool
file_refuse(struct conf_load *load, const char *name, const struct conf_place *place, const char *why)
{
	struct conf_place nowhere = { .file = name };

	load->incomplete = true;
	if (place != NULL)
		conf_error(load, place, "cannot include %s: %s", conf_show(load, name), why);
	else
		conf_error(load, &nowhere, "cannot read the configuration: %s", why);
	return false;
}

static void
file_register(struct conf_load *load, const char *name)
{
	uintptr_t number = ++load->file_count;

	conf_table_put(&load->files, load->scratch, name, strlen(name), (void *)number);
}
