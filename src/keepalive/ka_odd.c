/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Adverts that show another configuration on the other box: named in the log once for each instance, until it is
 * configured anew. Counters go on. Keepalive thread, with the lock.
 */
#include "ka_room.h"

#include "sl_addr.h"
#include "sl_log.h"

#include <stdio.h>

void
ka_odd_taken(struct instance *instance, const struct vrrp_advert *advert)
{
	char text[SL_ADDR_STRLEN];

	if (advert->addrs_differ) {
		instance->counts.bad_addrs++;
		if (!instance->addrs_told)
			sl_warn("vrrp_instance %s: %s lists other addresses than are configured here",
				instance->conf.name, sl_addr_format(&advert->source, text));
		instance->addrs_told = true;
	}
	if (advert->advert_ms != instance->conf.advert_ms && !instance->interval_told) {
		sl_warn("vrrp_instance %s: %s sends an advert every %u ms, this box would every %u ms",
			instance->conf.name, sl_addr_format(&advert->source, text), advert->advert_ms,
			instance->conf.advert_ms);
		instance->interval_told = true;
	}
}

/* False: what is wrong with it says nothing of a configuration. */
static bool
reason_format(const struct instance *instance, enum vrrp_verdict verdict, const struct vrrp_advert *advert,
	      char *ret_text, size_t size)
{
	switch (verdict) {
	case VRRP_BAD_VERSION:
		snprintf(ret_text, size, "speaks version %u, this box version %u", advert->version,
			 instance->conf.version);
		return true;
	case VRRP_BAD_AUTH:
		snprintf(ret_text, size, "has another auth_type or auth_pass than is configured here");
		return true;
	case VRRP_BAD_INTERVAL:
		snprintf(ret_text, size, "has an advert_int of %u ms, this box one of %u ms",
			 advert->advert_ms, instance->conf.advert_ms);
		return true;
	default:
		return false;
	}
}

void
ka_odd_refused(struct instance *instance, enum vrrp_verdict verdict, const struct vrrp_advert *advert)
{
	uint16_t bit = (uint16_t)(1U << verdict);
	char reason[128], text[SL_ADDR_STRLEN];

	if ((instance->refused_told & bit) != 0 ||
	    !reason_format(instance, verdict, advert, reason, sizeof(reason)))
		return;
	instance->refused_told |= bit;
	sl_warn("vrrp_instance %s: %s %s: its adverts are not taken", instance->conf.name,
		sl_addr_format(&advert->source, text), reason);
}
