/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The daemon's event loop: the data plane's turn, signals, the watchdog. The
 * control socket adds its own events to the same base. Control thread.
 */
#ifndef SLUICE_BOOT_LOOP_H
#define SLUICE_BOOT_LOOP_H

struct boot_loop;
struct event_base;

/* SIGHUP calls reload(). Signals count from here on. NULL when out of memory. */
struct boot_loop *boot_loop_create(void (*reload)(void));
void boot_loop_destroy(struct boot_loop *loop);

struct event_base *boot_loop_base(struct boot_loop *loop);

/* Until SIGTERM or SIGINT. */
void boot_loop_run(struct boot_loop *loop);

#endif
