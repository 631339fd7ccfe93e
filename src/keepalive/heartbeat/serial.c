/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Heartbeats over a serial line (line.h): raw, eight bits, no parity, one stop
 * bit, no flow control and no modem control; a message is a frame (frame.h).
 *
 * A line is slow: at 9600 baud a message takes a seventh of a second. What counts is the newest, so one frame is
 * on its way and one waits, and the next takes the waiting one's place; a frame that has begun is
 * never broken off. Nor is more than a frame left to the kernel, where it would grow old.
 * A device that vanishes (a USB adapter, the far end of a pseudo terminal) is opened again when it is back. A
 * pseudo terminal is a line like any other.
 */
#include "frame.h"
#include "line.h"

#include <asm/termbits.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { READ_BURST = 16 }; /* reads at a time, so that a babbling line does not stop the timers */

struct serial_line {
	struct line line;
	struct event *writable; /* pending while something waits */
	struct frame_reader reader;
	size_t size, done; /* of the frame on its way; done == size: none is */
	size_t next_size;  /* of the frame that waits; 0: none */
	uint8_t frame[FRAME_SIZE_MAX], next[FRAME_SIZE_MAX];
};

static int serial_open(struct line *line, char ret_error[DP_ERROR_SIZE]);
static void serial_close(struct line *line);
static void serial_readable(struct line *line);
static bool serial_send(struct line *line, const uint8_t *data, size_t size);
static const char *serial_check(struct line *line);
static void serial_drain(struct line *line, unsigned int limit_ms);

const struct line_ops serial_line_ops = {
	.size = sizeof(struct serial_line),
	.open = serial_open,
	.close = serial_close,
	.readable = serial_readable,
	.send = serial_send,
	.check = serial_check,
	.drain = serial_drain,
};

static int raw_set(int fd, uint32_t baud);
static void bytes_take(struct serial_line *serial, const uint8_t *data, size_t size);
static void bytes_write(struct serial_line *serial);
static void line_takes_more(evutil_socket_t fd, short what, void *context);

static int
serial_open(struct line *line, char ret_error[DP_ERROR_SIZE])
{
	struct serial_line *serial = (struct serial_line *)line;
	const char *device = line->conf->device;
	int fd = open(device, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC), err;

	if (fd < 0) {
		err = -errno;
		snprintf(ret_error, DP_ERROR_SIZE, "%s: %s", device, strerror(-err));
		return err;
	}
	err = raw_set(fd, line->conf->baud);
	if (err == 0) {
		serial->writable = event_new(line->base, fd, EV_WRITE, line_takes_more, serial);
		err = serial->writable == NULL ? -ENOMEM : 0;
	}
	if (err < 0) {
		snprintf(ret_error, DP_ERROR_SIZE, "%s: %s", device,
			 err == -ENOTTY ? "no serial line" : strerror(-err));
		close(fd);
		return err;
	}
	serial->reader.size = 0;
	serial->reader.lost = false;
	serial->size = serial->done = serial->next_size = 0;
	return fd;
}

static void
serial_close(struct line *line)
{
	struct serial_line *serial = (struct serial_line *)line;

	event_free(serial->writable);
	serial->writable = NULL;
	/* Else close() may wait for a line that takes nothing. */
	ioctl(line->fd, TCFLSH, TCOFLUSH);
}

static void
serial_readable(struct line *line)
{
	struct serial_line *serial = (struct serial_line *)line;
	uint8_t data[1024];

	for (unsigned int i = 0; i < READ_BURST && line->fd >= 0; i++) {
		ssize_t size = read(line->fd, data, sizeof(data));

		if (size > 0) {
			bytes_take(serial, data, (size_t)size);
		} else if (size == 0) {
			line_lost(line, "the device has hung up");
		} else if (errno == EAGAIN) {
			return;
		} else if (errno != EINTR) {
			line_lost(line, strerror(errno));
		}
	}
}

static bool
serial_send(struct line *line, const uint8_t *data, size_t size)
{
	struct serial_line *serial = (struct serial_line *)line;
	int queued = 0;

	if (ioctl(line->fd, TIOCOUTQ, &queued) == 0 && (size_t)queued > size)
		return false;
	if (serial->done < serial->size) {
		serial->next_size = frame_format(data, size, serial->next);
		return true;
	}
	serial->size = frame_format(data, size, serial->frame);
	serial->done = 0;
	bytes_write(serial);
	return line->fd >= 0;
}

/* Has its name become another device since it was opened, or none? */
static const char *
serial_check(struct line *line)
{
	struct stat opened, named;

	if (fstat(line->fd, &opened) == 0 && stat(line->conf->device, &named) == 0 &&
	    opened.st_rdev == named.st_rdev)
		return NULL;
	return "the device is gone";
}

static void
serial_drain(struct line *line, unsigned int limit_ms)
{
	struct serial_line *serial = (struct serial_line *)line;
	const struct timespec pause = { .tv_nsec = 1000000 };

	for (; limit_ms > 0 && line->fd >= 0; limit_ms--) {
		int queued = 0;

		bytes_write(serial);
		if (line->fd < 0 ||
		    (serial->done == serial->size && ioctl(line->fd, TIOCOUTQ, &queued) == 0 && queued == 0))
			return;
		nanosleep(&pause, NULL);
	}
}

/* By termios2, which takes any rate, not only those of a table. */
static int
raw_set(int fd, uint32_t baud)
{
	struct termios2 raw;

	if (ioctl(fd, TCGETS2, &raw) < 0)
		return -errno;
	raw.c_iflag = IGNBRK;
	raw.c_oflag = 0;
	raw.c_lflag = 0;
	raw.c_cflag = CS8 | CREAD | CLOCAL | BOTHER | BOTHER << IBSHIFT;
	raw.c_ispeed = raw.c_ospeed = baud;
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	if (ioctl(fd, TCSETS2, &raw) < 0 || ioctl(fd, TCFLSH, TCIOFLUSH) < 0)
		return -errno;
	return 0;
}

static void
bytes_take(struct serial_line *serial, const uint8_t *data, size_t size)
{
	struct line *line = &serial->line;

	while (size > 0 && line->fd >= 0) {
		size_t message_size, took = frame_read(&serial->reader, data, size, &message_size);

		data += took;
		size -= took;
		if (message_size == SIZE_MAX)
			line->calls.bad(line->calls.context);
		else if (message_size > 0)
			line->calls.take(serial->reader.body, message_size, line->calls.context);
	}
}

static void
bytes_write(struct serial_line *serial)
{
	while (serial->done < serial->size) {
		ssize_t size =
			write(serial->line.fd, serial->frame + serial->done, serial->size - serial->done);

		if (size < 0 && errno != EAGAIN && errno != EINTR) {
			line_lost(&serial->line, strerror(errno));
			return;
		}
		if (size < 0 || (serial->done += (size_t)size) < serial->size) {
			event_add(serial->writable, NULL);
			return;
		}
		if (serial->next_size > 0) {
			memcpy(serial->frame, serial->next, serial->next_size);
			serial->size = serial->next_size;
			serial->done = serial->next_size = 0;
		}
	}
}

static void
line_takes_more(evutil_socket_t fd, short what, void *context)
{
	bytes_write(context);
}
