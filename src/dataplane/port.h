/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ports: Ethernet devices as the data plane uses them. Opened by the
 * control thread before the workers start, not changed afterwards (but for
 * link state, which the device keeps); workers read them freely.
 */
#ifndef DP_PORT_H
#define DP_PORT_H

#include <sluice/dp.h>

#include <net/if.h>

struct rte_mempool;

struct dp_port {
	uint16_t ethdev;   /* DPDK's number */
	uint16_t mtu;      /* longest IP packet */
	uint64_t mac_word; /* six bytes, bits 0..47, to compare destinations with */
	uint16_t rx_queues, tx_queues;
	uint16_t ha_queue;   /* the keepalive thread's own transmit queue; 0: it has none */
	bool all_multicast;  /* every group is heard */
	bool tx_segments;    /* sends packets that lie in several buffers */
	bool rx_ip_checksum; /* checks IPv4 header checksums */
	bool rss;
	bool dma; /* a real device: packets are not in the cache yet */
	struct dp_port_conf conf;
	unsigned int interface; /* number of the kernel's that it takes its packets from; 0: none */
	uint8_t mac[6];
	int numa_node;
};

/* What a worker needs to send: the source MAC, ready to be stored behind a destination. */
struct dp_port_l2 {
	uint64_t mac_low16_shifted; /* the first two bytes, in bits 48..63 */
	uint32_t mac_high32;        /* the other four */
	uint32_t mtu;               /* as in struct dp_port */
};

extern struct dp_port_l2 dp_ports_l2[256]; /* by the eight bits that a next hop's word has for it */
extern struct dp_port dp_ports[DP_PORTS_MAX];
extern unsigned int dp_ports_count;

const struct dp_port *dp_port_get(unsigned int port);
const uint8_t *dp_port_mac(unsigned int port);
unsigned int dp_port_mtu(unsigned int port);
/*
 * What the device (and the kernel's interface) said of its link at most a few milliseconds ago. Any thread. ret_mbps, if
 * not NULL: 0: unknown.
 */
bool dp_port_link_is_up(unsigned int port, uint32_t *ret_mbps);
void dp_port_link_forget(unsigned int port);
/* Of an interface of the kernel's: it is up and has a carrier. */
bool dp_interface_is_up(unsigned int index);

/* Is the text a PCI address, rather than a virtual device with its arguments? */
bool dp_device_is_pci(const char *device);

/* Configures queues for `workers` workers and starts receiving. 0 or -errno. */
int dp_ports_start(unsigned int workers, struct rte_mempool *pool, char ret_error[DP_ERROR_SIZE]);
void dp_ports_stop(void);
/* Receive and send descriptors of all queues: what the devices may hold in buffers. */
unsigned int dp_ports_descriptors(unsigned int workers);

#endif
