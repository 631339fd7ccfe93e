/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Gratuitous ARP and neighbour advertisements of all instances: turn by turn, so many a turn at most, in the
 * pace that garp_interval and gna_interval ask for. Instances send one each, the one that has waited for
 * longest first: of those that wait for one port each is the next one some time, whoever else sends on other
 * ports meanwhile. Keepalive thread, with the lock.
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
	instance->announced = ++run->announced;
	/* A port that is away is no reason to wait for the others. */
	announce_sent(&instance->announce, instance->conf.addr_count);
	if (err != 0)
		return true;
	instance->counts.garps_sent++;
	if (port < DP_PORTS_MAX)
		run->port_ready_us[port][v4] = now_us + interval_us;
	return true;
}

/* Instances that have something to send, the one that has waited for longest first. Returns how many. */
static unsigned int
due_list(struct ka_run *run, uint64_t now_us, struct instance *ret_due[KA_INSTANCES_MAX])
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < run->instance_count; i++) {
		struct instance *instance = &run->instances[i];
		unsigned int at = count;

		if (instance->conf.addr_count == 0)
			announce_stop(&instance->announce);
		if (!announce_is_due(&instance->announce, &instance->conf.garp, now_us))
			continue;
		for (; at > 0 && ret_due[at - 1]->announced > instance->announced; at--)
			ret_due[at] = ret_due[at - 1];
		ret_due[at] = instance;
		count++;
	}
	return count;
}

void
ka_announce_turn(struct ka_run *run, uint64_t now_us)
{
	struct instance *due[KA_INSTANCES_MAX];
	unsigned int count = due_list(run, now_us, due), budget = FRAMES_A_TURN;

	while (count > 0 && budget > 0) {
		unsigned int kept = 0;

		/* One each; those that cannot go on now, or need not, are left out. */
		for (unsigned int i = 0; i < count && budget > 0; i++) {
			if (!one_send(run, due[i], now_us))
				continue;
			budget--;
			if (announce_is_due(&due[i]->announce, &due[i]->conf.garp, now_us))
				due[kept++] = due[i];
		}
		count = kept;
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
