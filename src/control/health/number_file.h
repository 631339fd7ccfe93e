/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A number in a file: track_file, vrrp_track_file. Only a regular file is
 * read, and of it only what a number can take: a FIFO or a device could block. (So
 * can a file on a network file system that is gone; none belongs here.)
 */
#ifndef SLUICE_NUMBER_FILE_H
#define SLUICE_NUMBER_FILE_H

#include "check.h"

#include <sys/types.h>

enum { NUMBER_FILE_SIZE = 64 };

/* The count of bytes read; or -1 with the reason in ret_text. */
ssize_t number_file_read(const char *path, char buf[NUMBER_FILE_SIZE], char ret_text[CHECK_TEXT_SIZE]);

/* One whole number of 32 bits, and blanks around it. */
bool number_file_parse(const char *text, size_t len, int64_t *ret_value);

#endif
