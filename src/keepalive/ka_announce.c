/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Gratuitous ARP and neighbour advertisements of all instances: turn by turn, so many a turn at most, in the pace that
 * garp_interval and gna_interval ask for, the instances in rotation. Keepalive thread, with the lock.
 */
#include "ka_room.h"

#include <errno.h>

enum { FRAMES_A_TURN = 128 };

static void
mac_find(const struct instance *instance, unsigned int port, uint8_t ret_mac[6])
{
	const struct ka_instance *conf = &instance->conf;
	struct dp_ha_port state;

	if (conf->vmac) {
		const uint8_t mac[6] = { 0, 0, 0x5e, 0, conf->family == 4 ? 1 : 2, conf->vrid };

		memcpy(ret_mac, mac, 6);
		return;
	}
	dp_ha_port(port, &state);
	memcpy(ret_mac, state.mac, 6);
}

/* The next address of an instance. False: not now. */
static bool
one_send(struct ka_run *run, struct instance *instance, uint64_t now_us)
{
	const struct ka_addr *addr = &instance->conf.addrs[instance->announce.at];
	unsigned int port = addr->port < 0 ? instance->conf.port : (unsigned int)addr->port;
	bool v4 = sl_addr_is_v4(&addr->prefix.addr);
	uint32_t interval_us = v4 ? instance->conf.garp.interval_us : instance->conf.garp.na_interval_us;
	uint8_t frame[ANNOUNCE_FRAME_MAX], mac[6];
	int err;

	if (port < DP_PORTS_MAX && now_us < run->port_ready_us[port][v4])
		return false;
	mac_find(instance, port, mac);
	err = dp_ha_send(port, frame, announce_build(&addr->prefix.addr, mac, frame));
	if (err == -ENOBUFS)
		return false;
	/* A port that is away is no reason to wait for the others. */
	announce_sent(&instance->announce, instance->conf.addr_count);
	if (err != 0)
		return true;
	instance->counts.garps_sent++;
	if (port < DP_PORTS_MAX)
		run->port_ready_us[port][v4] = now_us + interval_us;
	return true;
}

void
ka_announce_turn(struct ka_run *run, uint64_t now_us)
{
	unsigned int budget = FRAMES_A_TURN;

	for (unsigned int n = 0; n < run->instance_count && budget > 0; n++) {
		struct instance *instance = &run->instances[run->announce_first % run->instance_count];

		run->announce_first++;
		if (instance->conf.addr_count == 0)
			announce_stop(&instance->announce);
		while (budget > 0 && announce_is_due(&instance->announce, &instance->conf.garp, now_us) &&
		       one_send(run, instance, now_us))
			budget--;
	}
}

void
ka_announce_source(struct instance *instance)
{
	const struct ka_instance *conf = &instance->conf;
	uint8_t frame[ANNOUNCE_FRAME_MAX];
	struct dp_ha_port port;

	if (conf->peer_count == 0 || sl_addr_is_none(&instance->fsm.source))
		return;
	dp_ha_port(conf->port, &port);
	(void)dp_ha_send(conf->port, frame, announce_build(&instance->fsm.source, port.mac, frame));
}
