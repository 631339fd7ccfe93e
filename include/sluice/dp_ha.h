/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The data plane as keepalive sees it: addresses that are held or not, a way to
 * send and hear at once, and signs of life.
 *
 * Addresses belong to groups. Group 0 is always held. Which address is in which group comes with the
 * configuration (struct dp_net's `moving`, control thread); whether a group is held, the keepalive
 * thread says, and that takes effect with the workers' next burst, whatever the control thread is
 * busy with. A group begins as not held. An address that is not held is nobody's: no ARP or neighbour
 * discovery for it, no ping, no forwarding of clients' packets, no local port of full NAT is given; connections
 * keep their entries, and a server that still answers one through this box is heard.
 *
 * All calls but those marked are for the keepalive thread alone, and none blocks.
 */
#ifndef SLUICE_DP_HA_H
#define SLUICE_DP_HA_H

#include <sluice/addr.h>
#include <sluice/dp.h>

enum {
	DP_HA_GROUPS_MAX = 256,
	DP_HA_FRAME_MAX = 1514, /* without a VLAN tag and the checksum */
};

/*
 * From the next burst on. `vmac` NULL: the ports' own MAC addresses answer for the group's addresses; else this
 * one does, and frames to it are taken, as long as the group is held. Named early, while the group is not held,
 * it costs no time later: devices are made to let it in by dp_poll, once, when it is first named.
 */
void dp_ha_hold(unsigned int group, bool held, const uint8_t vmac[6]);
/* Any thread. */
bool dp_ha_is_held(unsigned int group);
/* Is the address held? True for one of group 0, false for one that is not the box's. Any thread. */
bool dp_ha_addr_is_held(const struct sl_addr *addr);

struct dp_ha_port {
	uint8_t mac[6];
	bool link_up;
	unsigned int mtu;
	struct sl_addr source4; /* the first own address of the family; none: there is none */
	struct sl_addr source6; /* link-local: VRRP over IPv6 is spoken from there (RFC 5798, 5.1.2.1) */
};

void dp_ha_port(unsigned int port, struct dp_ha_port *ret_port);
/* Is the address an own one of the port, its link-local one included? */
bool dp_ha_port_owns(unsigned int port, const struct sl_addr *addr);

/*
 * Sends a complete Ethernet frame, before anything that waits at the port: on a transmit queue of its own where
 * the device has one, else through a ring that the worker drains first. From buffers of its own, so
 * that traffic cannot take them all. 0, or -ENOBUFS, -EMSGSIZE, -ENODEV.
 */
int dp_ha_send(unsigned int port, const void *frame, size_t len);
/* The same for an IP packet to a neighbour (or through the port's route), whose MAC address is looked up. */
int dp_ha_send_ip(unsigned int port, const struct sl_addr *dst, const void *packet, size_t len);

/*
 * While a port's bit is set, VRRP packets (IP protocol 112) that come in by it, to a multicast group or to an
 * own address of the box, are kept for dp_ha_receive; else they go to the kernel, if at all. A device that does
 * not hear all multicast is made to let in 224.0.0.18 and ff02::12, or, where it cannot, everything.
 */
void dp_ha_listen(uint32_t ports);

struct dp_ha_packet {
	unsigned int port;
	uint16_t len;                   /* of the frame, from its Ethernet header */
	uint8_t frame[DP_HA_FRAME_MAX]; /* longer ones are dropped, counted */
};

/* The next packet that has come in; false: none. Poll every millisecond or so. */
bool dp_ha_receive(struct dp_ha_packet *ret_packet);

/* Turns of a worker's loop so far, as it last made them known (every millisecond): one that advances lives. */
uint64_t dp_ha_worker_turns(unsigned int worker);

#endif
