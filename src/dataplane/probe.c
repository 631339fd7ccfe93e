/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The probes: which address stands for which server and VIP; see probe.h.
 *
 * The first probe makes the interface, the last one takes it away; while there are any and
 * it has disappeared, it is made again every second. A probe's address is its number in a subnet. Numbers
 * are given out in turn, so that one that was freed rests before it means another server.
 */
#include "probe.h"

#include "addr_book.h"
#include "control.h"
#include "control_tx.h"
#include "port.h"
#include "probe_conn.h"
#include "tunnel.h"
#include "wire.h"

#include "sl_addr.h"
#include "sl_log.h"

#include <rte_mbuf.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	READ_BATCH = 128,
	RETRY_MS = 1000,
	NUMBER_END = PROBE_NUMBER_FIRST + DP_PROBES_MAX,
};

struct dp_probe_info dp_probe_count;

static struct probe *by_number[NUMBER_END];
static struct probe *probes; /* hash by conf */
static uint32_t last_number;
static struct rte_mbuf *spare; /* what the next packet is read into */
static uint64_t now, next_retry_ms;
static bool said; /* that the interface cannot be made again */

static int conf_check(const struct dp_probe *conf, char *ret_error);
static int probe_create(const struct dp_probe *conf, struct probe **ret_probe, char *ret_error);
static void probe_destroy(struct probe *probe);
static bool packet_read(void);

static int
refuse(char *ret_error, int code, const char *what)
{
	snprintf(ret_error, DP_ERROR_SIZE, "checks by the way of clients' packets: %s", what);
	return code;
}

int
dp_probe_add(const struct dp_probe *wanted, struct sl_addr *ret_addr, char ret_error[DP_ERROR_SIZE])
{
	struct dp_probe conf;
	struct probe *probe;
	int code;

	/* As a key it has no padding that differs. */
	memset(&conf, 0, sizeof(conf));
	conf.vip = wanted->vip;
	conf.real = wanted->real;
	conf.fwd = wanted->fwd;
	if (wanted->fwd == SL_FWD_TUN) {
		conf.tunnel.type = wanted->tunnel.type;
		conf.tunnel.sum = wanted->tunnel.sum;
		conf.tunnel.port = wanted->tunnel.port;
	}
	HASH_FIND(hh, probes, &conf, sizeof(conf), probe);
	if (probe == NULL) {
		code = conf_check(&conf, ret_error);
		if (code == 0)
			code = probe_create(&conf, &probe, ret_error);
		if (code != 0)
			return code;
	}
	probe->refs++;
	*ret_addr = probe->addr;
	return 0;
}

void
dp_probe_remove(const struct sl_addr *addr)
{
	struct probe *probe = dp_probe_find(addr);

	if (probe != NULL && --probe->refs == 0)
		probe_destroy(probe);
}

void
dp_probe_info(struct dp_probe_info *ret_info)
{
	*ret_info = dp_probe_count;
	ret_info->probes = HASH_COUNT(probes);
	ret_info->connections = dp_probe_conns_count();
	ret_info->present = dp_probe_link_present();
}

bool
dp_probe_exist(void)
{
	return probes != NULL;
}

struct probe *
dp_probe_find(const struct sl_addr *addr)
{
	uint32_t number = dp_probe_link_number(addr);

	return number < NUMBER_END ? by_number[number] : NULL;
}

uint64_t
dp_probe_now(void)
{
	return now;
}

static void
link_retry(void)
{
	char error[DP_ERROR_SIZE];

	if (now < next_retry_ms)
		return;
	next_retry_ms = now + RETRY_MS;
	if (dp_probe_link_open(error) == 0) {
		sl_notice("kernel interface " PROBE_LINK_NAME " was made again");
		said = false;
	} else if (!said) {
		sl_error("%s; tried again every second", error);
		said = true;
	}
}

unsigned int
dp_probe_poll(uint64_t now_ms)
{
	unsigned int work;

	now = now_ms;
	if (probes == NULL)
		return 0;
	work = dp_probe_conns_expire();
	if (!dp_probe_link_present())
		link_retry();
	for (unsigned int n = 0; n < READ_BATCH && dp_control_tx_room() && packet_read(); n++)
		work++;
	return work;
}

void
dp_probe_stop(void)
{
	struct probe *probe, *tmp;

	HASH_ITER(hh, probes, probe, tmp)
	{
		HASH_DEL(probes, probe);
		free(probe);
	}
	memset(by_number, 0, sizeof(by_number));
	last_number = 0;
	next_retry_ms = 0;
	said = false;
	rte_pktmbuf_free(spare);
	spare = NULL;
	dp_probe_link_close();
	dp_probe_conns_fini();
	dp_probe_count = (struct dp_probe_info){ 0 };
}

/* ---- coming and going ---- */

/* What the contract asks, and an own address to send from, as far as the way is known now. */
static int
conf_check(const struct dp_probe *conf, char *ret_error)
{
	bool v4 = sl_addr_is_v4(&conf->vip);
	char real[SL_ADDR_STRLEN], what[DP_ERROR_SIZE / 2];
	struct dp_fib_hop hop;
	struct sl_addr own;

	if (conf->fwd != SL_FWD_DR && conf->fwd != SL_FWD_TUN)
		return refuse(ret_error, -EINVAL,
			      "they are for servers by DR and TUN; others are checked at their own address");
	if (conf->fwd == SL_FWD_DR && v4 != sl_addr_is_v4(&conf->real))
		return refuse(ret_error, -EINVAL, "by DR a server has its VIP's address family");
	if (!dp_fib_lookup(probe_snapshot()->fib, &conf->real, &hop) ||
	    (dp_net_source(hop.port, &conf->vip, &own) && !dp_is_link_local6(&own)))
		return 0;
	snprintf(what, sizeof(what),
		 "port %s, which leads to %s, has no IPv%d address to send them from; give it one (address)",
		 dp_ports[hop.port].conf.name, sl_addr_format(&conf->real, real), v4 ? 4 : 6);
	return refuse(ret_error, -EADDRNOTAVAIL, what);
}

/* 0: all are in use. */
static uint32_t
number_take(void)
{
	for (uint32_t n = 0; n < DP_PROBES_MAX; n++) {
		last_number = last_number + 1 < NUMBER_END && last_number != 0 ? last_number + 1
									       : (uint32_t)PROBE_NUMBER_FIRST;
		if (by_number[last_number] == NULL)
			return last_number;
	}
	return 0;
}

/* What the first one needs. */
static int
surroundings_make(char *ret_error)
{
	if (dp_probe_conns_init() != 0)
		return refuse(ret_error, -ENOMEM, "no memory for their connections");
	return dp_probe_link_open(ret_error);
}

static void
surroundings_end(void)
{
	if (probes == NULL)
		dp_probe_link_close();
}

static int
probe_create(const struct dp_probe *conf, struct probe **ret_probe, char *ret_error)
{
	bool v4 = sl_addr_is_v4(&conf->vip);
	struct probe *probe;
	uint32_t number;
	int code = probes == NULL ? surroundings_make(ret_error) : 0;

	if (code != 0)
		return code;
	number = number_take();
	probe = calloc(1, sizeof(*probe));
	if (!v4 && dp_probe_link_present() && !dp_probe_link_has6()) {
		code = refuse(ret_error, -EAFNOSUPPORT,
			      "the kernel gives " PROBE_LINK_NAME
			      " no IPv6 address; is IPv6 switched off (ipv6.disable)?");
	} else if (number == 0) {
		code = refuse(ret_error, -ENOSPC, "there are too many; all addresses for them are in use");
	} else if (probe != NULL) {
		probe->conf = *conf;
		probe->addr = dp_probe_link_addr(v4, number);
		HASH_ADD(hh, probes, conf, sizeof(probe->conf), probe);
	}
	if (code == 0 && (probe == NULL || probe->hh.tbl == NULL))
		code = refuse(ret_error, -ENOMEM, "out of memory");
	if (code != 0) {
		free(probe);
		surroundings_end();
		return code;
	}
	by_number[number] = probe;
	*ret_probe = probe;
	return 0;
}

static void
probe_destroy(struct probe *probe)
{
	dp_probe_conns_close(probe);
	dp_tunnel_put(probe->tunnel);
	by_number[dp_probe_link_number(&probe->addr)] = NULL;
	HASH_DEL(probes, probe);
	free(probe);
	surroundings_end();
}

/* ---- from the kernel ---- */

/* False: there is nothing (or nothing to read it into). */
static bool
packet_read(void)
{
	int len;

	if (spare == NULL)
		spare = rte_pktmbuf_alloc(dp_control.pool);
	if (spare == NULL)
		return false; /* it waits in the interface's queue */
	len = dp_probe_link_read(rte_pktmbuf_mtod_offset(spare, uint8_t *, ETH_LEN),
				 rte_pktmbuf_tailroom(spare) - (uint32_t)ETH_LEN);
	if (len <= 0)
		return false;
	(void)rte_pktmbuf_append(spare, (uint16_t)(ETH_LEN + len));
	dp_control.generated++;
	dp_probe_send(spare);
	spare = NULL;
	return true;
}
