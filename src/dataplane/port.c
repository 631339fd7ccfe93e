/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Opening and starting Ethernet devices: queues, RSS and checksum offloads as
 * the device offers them. See port.h. Control thread only.
 */
#include "port.h"

#include "sl_log.h"

#include <rte_dev.h>
#include <rte_ethdev.h>
#include <rte_errno.h>
#include <rte_log.h>

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { RX_DESCRIPTORS = 1024, TX_DESCRIPTORS = 1024, HA_DESCRIPTORS = 256, RSS_KEY_MAX = 128 };

struct dp_port dp_ports[DP_PORTS_MAX];
struct dp_port_l2 dp_ports_l2[256];
unsigned int dp_ports_count;

const struct dp_port *
dp_port_get(unsigned int port)
{
	return &dp_ports[port];
}

const uint8_t *
dp_port_mac(unsigned int port)
{
	return dp_ports[port].mac;
}

unsigned int
dp_port_mtu(unsigned int port)
{
	return dp_ports[port].mtu;
}

/* A PCI address (with or without domain) is nothing but hexadecimal digits, ':' and '.'. */
bool
dp_device_is_pci(const char *device)
{
	size_t len = strcspn(device, ",");

	return len >= 7 && strspn(device, "0123456789abcdefABCDEF:.") == len && strchr(device, ':') != NULL;
}

static int
refuse(char *ret_error, int code, const struct dp_port_conf *conf, const char *what)
{
	snprintf(ret_error, DP_ERROR_SIZE, "port %s: device %s: %s", conf->name, conf->device, what);
	return code;
}

/* The kernel interface that a virtual device's arguments name must exist. A tap's does not: it makes it. */
static int
interface_find(const struct dp_port_conf *conf, unsigned int *ret_index, char *ret_error)
{
	const char *at = strstr(conf->device, "iface=");
	char name[IF_NAMESIZE + 1], what[DP_ERROR_SIZE / 2];

	if (at == NULL || strncmp(conf->device, "net_tap", 7) == 0)
		return 0;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(at + 6, ","), at + 6);
	*ret_index = if_nametoindex(name);
	if (*ret_index != 0)
		return 0;
	snprintf(what, sizeof(what), "there is no interface \"%s\"; `ip link` shows those there are", name);
	return refuse(ret_error, -ENODEV, conf, what);
}

/* Makes a virtual device. What the driver has to say of a failure is said here in one line. */
static int
device_make(const struct dp_port_conf *conf, char *ret_error)
{
	uint32_t level = rte_log_get_global_level();
	char what[DP_ERROR_SIZE / 2];
	int code;

	rte_log_set_global_level(RTE_LOG_CRIT);
	code = rte_dev_probe(conf->device);
	rte_log_set_global_level(level);
	if (code == 0)
		return 0;
	if (geteuid() != 0 && strncmp(conf->device, "net_pcap", 8) != 0 &&
	    strncmp(conf->device, "net_null", 8) != 0)
		snprintf(what, sizeof(what),
			 "cannot be opened; sluiced must run as root, or with CAP_NET_RAW and "
			 "CAP_NET_ADMIN");
	else
		snprintf(what, sizeof(what),
			 "cannot be opened (%s); check the driver's name and its arguments",
			 strerror(code < 0 ? -code : EINVAL));
	return refuse(ret_error, code < 0 ? code : -EINVAL, conf, what);
}

/* Makes the virtual device, or finds the PCI one that EAL has probed. */
static int
device_find(const struct dp_port_conf *conf, uint16_t *ret_ethdev, char *ret_error)
{
	size_t len = strcspn(conf->device, ",");
	bool pci = dp_device_is_pci(conf->device);
	char name[DP_DEVICE_SIZE];
	int code = pci ? 0 : device_make(conf, ret_error);

	if (code != 0)
		return code;
	memcpy(name, conf->device, len);
	name[len] = '\0';
	if (rte_eth_dev_get_port_by_name(name, ret_ethdev) == 0)
		return 0;
	return refuse(ret_error, -ENODEV, conf,
		      pci ? "not found; see that it exists (lspci) and is bound to vfio-pci "
			    "(dpdk-devbind.py -b vfio-pci ADDRESS)"
			  : "its driver made no Ethernet port of that name");
}

int
dp_port_open(const struct dp_port_conf *conf, char ret_error[DP_ERROR_SIZE])
{
	struct dp_port *port = &dp_ports[dp_ports_count];
	struct rte_ether_addr mac;
	int code;

	if (dp_ports_count == DP_PORTS_MAX)
		return refuse(ret_error, -ENOSPC, conf, "too many ports");
	*port = (struct dp_port){ .conf = *conf, .dma = dp_device_is_pci(conf->device) };
	code = port->dma ? 0 : interface_find(conf, &port->interface, ret_error);
	if (code == 0)
		code = device_find(conf, &port->ethdev, ret_error);
	if (code != 0)
		return code;
	if (rte_eth_macaddr_get(port->ethdev, &mac) != 0)
		return refuse(ret_error, -EIO, conf, "has no MAC address");
	memcpy(port->mac, mac.addr_bytes, 6);
	memcpy(&port->mac_word, port->mac, 6);
	dp_ports_l2[dp_ports_count].mac_low16_shifted = port->mac_word << 48;
	dp_ports_l2[dp_ports_count].mac_high32 = (uint32_t)(port->mac_word >> 16);
	port->numa_node = rte_eth_dev_socket_id(port->ethdev);
	dp_ports_count++;
	return 0;
}

/*
 * Devices whose queues were made with them and receive whether or not anybody
 * polls: all of them must be polled.
 */
static bool
queues_are_fixed(const struct rte_eth_dev_info *info)
{
	static const char *const drivers[] = { "net_af_packet", "net_af_xdp", "net_pcap" };

	for (unsigned int i = 0; i < RTE_DIM(drivers); i++)
		if (strcmp(info->driver_name, drivers[i]) == 0)
			return true;
	return false;
}

static unsigned int
queue_count(unsigned int wanted, unsigned int workers, unsigned int max, bool fixed)
{
	unsigned int count = fixed ? max : wanted != 0 ? wanted : workers;

	if (count > max)
		count = max;
	return count > DP_QUEUES_MAX ? DP_QUEUES_MAX : count < 1 ? 1 : count;
}

/* The key whose hash does not depend on where in the input a 16-bit word stands: see handover.c. */
static void
rss_configure(struct dp_port *port, const struct rte_eth_dev_info *info, struct rte_eth_conf *eth,
	      uint8_t *key)
{
	uint64_t wanted = RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP;

	if (port->rx_queues < 2 || (info->flow_type_rss_offloads & wanted) == 0)
		return;
	for (unsigned int i = 0; i < RSS_KEY_MAX; i += 2) {
		key[i] = 0x6d;
		key[i + 1] = 0x5a;
	}
	eth->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	eth->rx_adv_conf.rss_conf.rss_hf = info->flow_type_rss_offloads & wanted;
	if (info->hash_key_size > 0 && info->hash_key_size <= RSS_KEY_MAX) {
		eth->rx_adv_conf.rss_conf.rss_key = key;
		eth->rx_adv_conf.rss_conf.rss_key_len = info->hash_key_size;
	}
	port->rss = true;
}

static void
offloads_configure(struct dp_port *port, const struct rte_eth_dev_info *info, struct rte_eth_conf *eth)
{
	eth->rxmode.offloads = info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_IPV4_CKSUM;
	port->rx_ip_checksum = eth->rxmode.offloads != 0;
	if (port->mtu + RTE_ETHER_HDR_LEN > RTE_MBUF_DEFAULT_DATAROOM)
		eth->rxmode.offloads |= info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER;
	eth->txmode.offloads = info->tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
	port->tx_segments = eth->txmode.offloads != 0;
}

static int
mtu_refused(const struct dp_port *port, int code, unsigned int has, char *ret_error)
{
	char what[DP_ERROR_SIZE / 2];

	snprintf(what, sizeof(what), "refuses MTU %u (%s); it has %u", port->conf.mtu, strerror(-code), has);
	return refuse(ret_error, code, &port->conf, what);
}

/* Which MTU the port shall have: buffers and offloads depend on it, so before the device is configured. */
static int
mtu_choose(struct dp_port *port, const struct rte_eth_dev_info *info, char *ret_error)
{
	uint16_t mtu = 1500;

	(void)rte_eth_dev_get_mtu(port->ethdev, &mtu);
	port->mtu = port->conf.mtu != 0 ? (uint16_t)port->conf.mtu : mtu;
	if (port->conf.mtu != 0 && (port->mtu < info->min_mtu || port->mtu > info->max_mtu))
		return mtu_refused(port, -EINVAL, mtu, ret_error);
	return 0;
}

/* A device takes its MTU only once it is configured. */
static int
mtu_set(struct dp_port *port, char *ret_error)
{
	uint16_t mtu = 1500;
	int code;

	if (port->conf.mtu == 0)
		return 0;
	code = rte_eth_dev_set_mtu(port->ethdev, port->mtu);
	if (code == 0 || code == -ENOTSUP)
		return 0; /* a device without the notion of an MTU takes what comes */
	(void)rte_eth_dev_get_mtu(port->ethdev, &mtu);
	return mtu_refused(port, code, mtu, ret_error);
}

static int
queues_setup(struct dp_port *port, const struct rte_eth_dev_info *info, struct rte_mempool *pool)
{
	uint16_t rxd = RX_DESCRIPTORS, txd = TX_DESCRIPTORS;
	int socket = port->numa_node, code;
	struct rte_eth_txconf tx = info->default_txconf;

	code = rte_eth_dev_adjust_nb_rx_tx_desc(port->ethdev, &rxd, &txd);
	if (port->tx_segments)
		tx.offloads |= RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
	for (uint16_t q = 0; code == 0 && q < port->rx_queues; q++)
		code = rte_eth_rx_queue_setup(port->ethdev, q, rxd, (unsigned int)socket, NULL, pool);
	for (uint16_t q = 0; code == 0 && q < port->tx_queues; q++)
		code = rte_eth_tx_queue_setup(port->ethdev, q, txd, (unsigned int)socket, &tx);
	if (code == 0 && port->ha_queue != 0)
		code = rte_eth_tx_queue_setup(port->ethdev, port->ha_queue,
					      RTE_MIN(txd, (uint16_t)HA_DESCRIPTORS), (unsigned int)socket,
					      &tx);
	return code;
}

/*
 * Has the device a transmit queue more than the workers need, that it can be given without a
 * receive queue beside it? Virtual devices have theirs in pairs, and so has virtio.
 */
static uint16_t
ha_queue_find(const struct dp_port *port, const struct rte_eth_dev_info *info)
{
	return port->dma && info->max_tx_queues > port->tx_queues &&
			       strcmp(info->driver_name, "net_virtio") != 0
		       ? port->tx_queues
		       : 0;
}

/* With a transmit queue for keepalive, if the device takes that. */
static int
queues_configure(struct dp_port *port, const struct rte_eth_dev_info *info, const struct rte_eth_conf *eth)
{
	port->ha_queue = ha_queue_find(port, info);
	if (port->ha_queue != 0 &&
	    rte_eth_dev_configure(port->ethdev, port->rx_queues, (uint16_t)(port->tx_queues + 1), eth) == 0)
		return 0;
	port->ha_queue = 0;
	return rte_eth_dev_configure(port->ethdev, port->rx_queues, port->tx_queues, eth);
}

static int
port_start(struct dp_port *port, unsigned int workers, struct rte_mempool *pool, char *ret_error)
{
	uint8_t key[RSS_KEY_MAX];
	struct rte_eth_conf eth = { 0 };
	struct rte_eth_dev_info info;
	char what[DP_ERROR_SIZE / 2];
	int code = rte_eth_dev_info_get(port->ethdev, &info);

	if (code != 0)
		return refuse(ret_error, code, &port->conf, "does not tell what it can do");
	port->rx_queues = (uint16_t)queue_count(port->conf.queues, workers, info.max_rx_queues,
						queues_are_fixed(&info));
	port->tx_queues = (uint16_t)queue_count(workers, workers, info.max_tx_queues, false);
	if (port->conf.queues != 0 && port->conf.queues != port->rx_queues)
		sl_warn("port %s: queues %u wanted, the device has %u", port->conf.name, port->conf.queues,
			port->rx_queues);
	code = mtu_choose(port, &info, ret_error);
	if (code != 0)
		return code;
	dp_ports_l2[port - dp_ports].mtu = port->mtu;
	rss_configure(port, &info, &eth, key);
	offloads_configure(port, &info, &eth);
	eth.rxmode.mtu = port->mtu;
	code = queues_configure(port, &info, &eth);
	if (code == 0) {
		code = mtu_set(port, ret_error);
		if (code != 0)
			return code;
		code = queues_setup(port, &info, pool);
	}
	if (code == 0)
		code = rte_eth_dev_start(port->ethdev);
	if (code != 0) {
		snprintf(what, sizeof(what), "cannot be started with %u receive and %u transmit queues (%s)",
			 port->rx_queues, port->tx_queues, strerror(-code));
		return refuse(ret_error, code, &port->conf, what);
	}
	if (port->conf.promiscuous)
		(void)rte_eth_promiscuous_enable(port->ethdev);
	/* Neighbour discovery is multicast. Devices without the notion hear everything. */
	port->all_multicast = rte_eth_allmulticast_enable(port->ethdev) == 0;
	return 0;
}

int
dp_ports_start(unsigned int workers, struct rte_mempool *pool, char ret_error[DP_ERROR_SIZE])
{
	for (unsigned int i = 0; i < dp_ports_count; i++) {
		int code = port_start(&dp_ports[i], workers, pool, ret_error);

		if (code != 0)
			return code;
	}
	return 0;
}

void
dp_ports_stop(void)
{
	for (unsigned int i = 0; i < dp_ports_count; i++) {
		(void)rte_eth_dev_stop(dp_ports[i].ethdev);
		(void)rte_eth_dev_close(dp_ports[i].ethdev);
		dp_port_link_forget(i);
	}
	dp_ports_count = 0;
}

unsigned int
dp_ports_descriptors(unsigned int workers)
{
	unsigned int total = 0;

	for (unsigned int i = 0; i < dp_ports_count; i++) {
		struct rte_eth_dev_info info;
		unsigned int queues = workers;

		if (rte_eth_dev_info_get(dp_ports[i].ethdev, &info) == 0)
			queues = queue_count(dp_ports[i].conf.queues, workers, info.max_rx_queues,
					     queues_are_fixed(&info));
		total += queues * RX_DESCRIPTORS + workers * TX_DESCRIPTORS;
	}
	return total;
}
