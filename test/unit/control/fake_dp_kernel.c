/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A data plane without packets (fake_dp.h): rates, local addresses and the
 * kernel's interfaces. Behind each interface is a pipe, so that whoever waits
 * for its descriptor sees it become readable.
 */
#include "fake_dp_private.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LOCAL_PORTS = 65536 - 1024 };

static void tap_make(unsigned int port);

/* ---- for tests ---- */

bool
fake_dp_pmtu_disc(void)
{
	return fake_dp.pmtu_disc;
}

unsigned int
fake_dp_answer_rate(void)
{
	return fake_dp.answer_rate;
}

unsigned int
fake_dp_kernel_rate(void)
{
	return fake_dp.kernel_rate;
}

unsigned int
fake_dp_polls(void)
{
	return fake_dp.polls;
}

void
fake_dp_from_kernel(unsigned int port, bool anew)
{
	if (anew && fake_dp.tap_read[port] != 0) {
		int read_end = fake_dp.tap_read[port], write_end = fake_dp.tap_write[port];

		/* The new one is made before the old one is closed, so that its number differs. */
		fake_dp.tap_read[port] = 0;
		tap_make(port);
		close(read_end);
		close(write_end);
	}
	tap_make(port);
	if (write(fake_dp.tap_write[port], "", 1) != 1)
		abort();
}

void
fake_dp_deaf(bool on)
{
	fake_dp.deaf = on;
}

void
fake_dp_kernel_reset(void)
{
	for (unsigned int i = 0; i < DP_PORTS_MAX; i++) {
		if (fake_dp.tap_read[i] == 0)
			continue;
		close(fake_dp.tap_read[i]);
		close(fake_dp.tap_write[i]);
		fake_dp.tap_read[i] = 0;
	}
}

/* ---- dp.h ---- */

void
dp_pmtu_disc_set(bool on)
{
	fake_dp.pmtu_disc = on;
}

void
dp_answer_rate_set(unsigned int per_second)
{
	fake_dp.answer_rate = per_second;
}

void
dp_kernel_rate_set(unsigned int per_second)
{
	fake_dp.kernel_rate = per_second;
}

unsigned int
dp_poll(void)
{
	unsigned int done = 0;
	char byte;

	fake_dp.polls++;
	for (unsigned int i = 0; i < fake_dp.port_count && !fake_dp.deaf; i++) {
		while (fake_dp.tap_read[i] != 0 && read(fake_dp.tap_read[i], &byte, 1) == 1) {
			fake_dp.from_kernel[i]++;
			done++;
		}
	}
	return done;
}

unsigned int
dp_poll_fds(int *ret_fds, unsigned int max)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < fake_dp.port_count && count < max; i++) {
		if (!fake_dp.port[i].tap)
			continue;
		tap_make(i);
		ret_fds[count++] = fake_dp.tap_read[i];
	}
	return count;
}

void
dp_tap_info(unsigned int port, struct dp_tap_info *ret_info)
{
	*ret_info = (struct dp_tap_info){ 0 };
	if (!fake_dp.port[port].tap)
		return;
	snprintf(ret_info->name, sizeof(ret_info->name), "sl-%.12s", fake_dp.port[port].name);
	ret_info->present = true;
	ret_info->index = fake_dp_tap_index(port);
	ret_info->to_kernel_packets = 7;
	ret_info->to_kernel_bytes = 700;
	ret_info->from_kernel_packets = fake_dp.from_kernel[port];
	ret_info->from_kernel_bytes = 60 * fake_dp.from_kernel[port];
}

/* As many ports in use as the address's last byte says; half as many of UDP. */
void
dp_local_walk(void (*visit)(const struct dp_local_info *local, void *context), void *context)
{
	for (unsigned int i = 0; i < fake_dp.net.group_count; i++) {
		const struct dp_local_group *group = &fake_dp.net.groups[i];

		for (unsigned int a = 0; a < group->addr_count; a++) {
			struct dp_local_info local = {
				.group = group->name,
				.addr = group->addrs[a].addr,
				.port = group->addrs[a].port,
				.ports = LOCAL_PORTS,
				.tcp_used = group->addrs[a].addr.b[15],
				.udp_used = group->addrs[a].addr.b[15] / 2,
			};

			visit(&local, context);
		}
	}
}

static void
tap_make(unsigned int port)
{
	int ends[2];

	if (fake_dp.tap_read[port] != 0)
		return;
	if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0)
		abort();
	fake_dp.tap_read[port] = ends[0];
	fake_dp.tap_write[port] = ends[1];
}
