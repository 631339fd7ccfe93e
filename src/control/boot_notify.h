/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the service manager is told (sd_notify(3)). Without libsystemd, or
 * without a service manager that listens, each does nothing. Control thread.
 */
#ifndef SLUICE_BOOT_NOTIFY_H
#define SLUICE_BOOT_NOTIFY_H

#include <stdint.h>

void boot_notify_ready(void);
void boot_notify_reloading(void);
void boot_notify_stopping(void);
void boot_notify_watchdog(void);

/* How often boot_notify_watchdog is to be called, in microseconds; 0: not at all. */
uint64_t boot_notify_watchdog_us(void);

#endif
