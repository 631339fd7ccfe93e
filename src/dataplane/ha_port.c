/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What ports are to keepalive, and what devices must let in for it.
 *
 * Devices are configured by the control thread alone, in dp_ha_poll: a virtual MAC address as soon
 * as it was first named, held or not, so that a take-over does not wait for it, and VRRP's
 * groups where not all multicast is heard anyway. What a device cannot tell apart it
 * lets in with everything else (promiscuous), and workers tell it apart.
 */
#include "ha.h"

#include "addr_book.h"
#include "port.h"
#include "snapshot.h"
#include "tap.h"

#include "sl_log.h"

#include <rte_ethdev.h>

#include <string.h>

/* Control thread. */
static struct {
	unsigned int macs;  /* so many virtual MAC addresses are let in */
	uint32_t listening; /* the ports whose groups are */
	uint32_t round;     /* of dp_ha_hold that the kernel's addresses are of */
} done;

void
dp_ha_port_fini(void)
{
	memset(&done, 0, sizeof(done));
	atomic_store(&dp_ha_listening, 0);
}

/* ---- the keepalive thread ---- */

struct port_question {
	unsigned int port;
	const struct sl_addr *addr; /* NULL: none is asked for */
	bool is_own;                /* of some port, and of no group */
	struct sl_prefix own[DP_OWN_MAX];
};

static void
own_copy(const struct dp_snapshot *snapshot, void *context)
{
	struct port_question *q = context;

	uint64_t flags = q->addr != NULL ? addr_table_find(snapshot->addrs, q->addr) : 0;

	memcpy(q->own, snapshot->own[q->port], sizeof(q->own));
	q->is_own = addr_flags_group(flags) == 0 && (flags & ADDR_OWN) != 0;
}

void
dp_ha_port(unsigned int port, struct dp_ha_port *ret_port)
{
	struct port_question q = { .port = port };

	*ret_port = (struct dp_ha_port){ 0 };
	if (port >= dp_ports_count)
		return;
	dp_ha_with_snapshot(own_copy, &q);
	memcpy(ret_port->mac, dp_ports[port].mac, 6);
	ret_port->mtu = dp_ports[port].mtu;
	ret_port->link_up = dp_port_link_is_up(port, NULL);
	ret_port->source6 = dp_addr_link_local(port);
	for (unsigned int i = 0; i < DP_OWN_MAX && q.own[i].len != 0; i++)
		if (sl_addr_is_v4(&q.own[i].addr)) {
			ret_port->source4 = q.own[i].addr;
			break;
		}
}

/* A port with more addresses than a snapshot lists by port is taken to have what any has. */
bool
dp_ha_port_owns(unsigned int port, const struct sl_addr *addr)
{
	struct port_question q = { .port = port, .addr = addr };
	struct sl_addr link_local;

	if (port >= dp_ports_count)
		return false;
	dp_ha_with_snapshot(own_copy, &q);
	for (unsigned int i = 0; i < DP_OWN_MAX && q.own[i].len != 0; i++)
		if (sl_addr_eq(&q.own[i].addr, addr))
			return true;
	if (q.own[DP_OWN_MAX - 1].len != 0 && q.is_own)
		return true;
	link_local = dp_addr_link_local(port);
	return sl_addr_eq(addr, &link_local);
}

/* ---- the control thread ---- */

static void
let_all_in(const struct dp_port *port, const char *why)
{
	int code = rte_eth_promiscuous_enable(port->ethdev);

	if (code != 0 && code != -ENOTSUP)
		sl_warn("port %s: the device neither lets in %s alone nor everything (%s)", port->conf.name,
			why, strerror(-code));
}

static unsigned int
macs_let_in(void)
{
	uint64_t words[DP_HA_VMACS_MAX];
	unsigned int count = dp_ha_vmacs_told(words, DP_HA_VMACS_MAX), before = done.macs;

	for (; done.macs < count; done.macs++) {
		struct rte_ether_addr mac;

		memcpy(mac.addr_bytes, &words[done.macs], 6);
		for (unsigned int i = 0; i < dp_ports_count; i++)
			if (rte_eth_dev_mac_addr_add(dp_ports[i].ethdev, &mac, 0) != 0)
				let_all_in(&dp_ports[i], "a virtual MAC address");
	}
	return count - before;
}

static unsigned int
groups_let_in(void)
{
	static struct rte_ether_addr groups[] = { { { 0x01, 0x00, 0x5e, 0x00, 0x00, 0x12 } },
						  { { 0x33, 0x33, 0x00, 0x00, 0x00, 0x12 } } };
	uint32_t wanted = atomic_load_explicit(&dp_ha_listening, memory_order_relaxed);
	uint32_t missing = wanted & ~done.listening;

	done.listening |= wanted;
	for (unsigned int i = 0; missing != 0 && i < dp_ports_count; i++)
		if ((missing >> i & 1) != 0 && !dp_ports[i].all_multicast &&
		    rte_eth_dev_set_mc_addr_list(dp_ports[i].ethdev, groups, RTE_DIM(groups)) != 0)
			let_all_in(&dp_ports[i], "VRRP's groups");
	return missing != 0;
}

unsigned int
dp_ha_poll(void)
{
	uint32_t round = dp_ha_round();
	unsigned int work = groups_let_in();

	if (round == done.round)
		return work;
	done.round = round;
	dp_tap_held_changed();
	return work + macs_let_in() + 1;
}
