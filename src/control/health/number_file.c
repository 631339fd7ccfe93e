/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * See number_file.h.
 */
#include "number_file.h"

#include "check_words.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

ssize_t
number_file_read(const char *path, char buf[NUMBER_FILE_SIZE], char ret_text[CHECK_TEXT_SIZE])
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	ssize_t len = -1;
	struct stat info;

	if (fd >= 0 && fstat(fd, &info) == 0 && !S_ISREG(info.st_mode)) {
		snprintf(ret_text, CHECK_TEXT_SIZE, "%.100s is not a regular file", path);
		close(fd);
		return -1;
	}
	if (fd >= 0)
		len = read(fd, buf, NUMBER_FILE_SIZE);
	if (len < 0)
		snprintf(ret_text, CHECK_TEXT_SIZE, "cannot read %.100s: %s", path, check_words_errno(errno));
	if (fd >= 0)
		close(fd);
	return len;
}

bool
number_file_parse(const char *text, size_t len, int64_t *ret_value)
{
	char copy[NUMBER_FILE_SIZE + 1], *end;
	long long value;

	memcpy(copy, text, len);
	copy[len] = '\0';
	if (memchr(copy, '\0', len) != NULL)
		return false;
	errno = 0;
	value = strtoll(copy, &end, 10);
	if (end == copy || errno != 0 || value < INT32_MIN || value > INT32_MAX)
		return false;
	while (isspace((unsigned char)*end))
		end++;
	if (*end != '\0' || len == NUMBER_FILE_SIZE)
		return false;
	*ret_value = value;
	return true;
}
