/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the service manager is told (boot_notify.h).
 */
#include "boot_notify.h"

#include "sl_clock.h"

#ifdef SLUICE_SYSTEMD

#include <systemd/sd-daemon.h>

void
boot_notify_ready(void)
{
	sd_notify(0, "READY=1\nSTATUS=Balancing");
}

/* Type=notify-reload wants the time with it, to tell this reload's READY from an older one. */
void
boot_notify_reloading(void)
{
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)sl_clock_us());
}

void
boot_notify_stopping(void)
{
	sd_notify(0, "STOPPING=1");
}

void
boot_notify_watchdog(void)
{
	sd_notify(0, "WATCHDOG=1");
}

uint64_t
boot_notify_watchdog_us(void)
{
	uint64_t limit_us;

	return sd_watchdog_enabled(0, &limit_us) > 0 ? limit_us / 2 : 0;
}

#else

void
boot_notify_ready(void)
{
}

void
boot_notify_reloading(void)
{
}

void
boot_notify_stopping(void)
{
}

void
boot_notify_watchdog(void)
{
}

uint64_t
boot_notify_watchdog_us(void)
{
	return 0;
}

#endif
