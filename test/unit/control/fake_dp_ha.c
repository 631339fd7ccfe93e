/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * See fake_dp_ha.h.
 */
#include "fake_dp_ha.h"

#include "fake_dp_private.h"
#include "sl_clock.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

enum { OWN_MAX = 64, MOVING_MAX = 1024 };

static struct {
	pthread_mutex_t lock;
	bool held[DP_HA_GROUPS_MAX];
	struct dp_net_addr own[OWN_MAX];
	unsigned int own_count;
	struct dp_moving moving[MOVING_MAX];
	unsigned int moving_count;
	uint64_t sent[DP_PORTS_MAX];
	bool link_down[DP_PORTS_MAX], stalled;
	struct dp_sync_put_stats put;
} ha = { .lock = PTHREAD_MUTEX_INITIALIZER };

static struct sl_addr
link_local(unsigned int port)
{
	return (struct sl_addr){ .b = { 0xfe, 0x80, [9] = 1, [11] = 0xff, 0xfe, [14] = 1, (uint8_t)port } };
}

/* ---- for the control thread's half ---- */

void
fake_dp_ha_net_set(const struct dp_net *net)
{
	fake_dp_require(net->addr_count <= OWN_MAX && net->moving_count <= MOVING_MAX,
			"a test's network is small");
	pthread_mutex_lock(&ha.lock);
	ha.own_count = net->addr_count;
	for (unsigned int i = 0; i < net->addr_count; i++)
		ha.own[i] = net->addrs[i];
	ha.moving_count = net->moving_count;
	for (unsigned int i = 0; i < net->moving_count; i++)
		ha.moving[i] = net->moving[i];
	pthread_mutex_unlock(&ha.lock);
}

void
fake_dp_ha_reset(void)
{
	pthread_mutex_lock(&ha.lock);
	memset(ha.held, 0, sizeof(ha.held));
	memset(ha.sent, 0, sizeof(ha.sent));
	memset(ha.link_down, 0, sizeof(ha.link_down));
	ha.own_count = ha.moving_count = 0;
	ha.stalled = false;
	ha.put = (struct dp_sync_put_stats){ 0 };
	pthread_mutex_unlock(&ha.lock);
}

/* ---- for tests ---- */

uint64_t
fake_dp_ha_sent(unsigned int port)
{
	uint64_t sent;

	pthread_mutex_lock(&ha.lock);
	sent = ha.sent[port];
	pthread_mutex_unlock(&ha.lock);
	return sent;
}

void
fake_dp_ha_link_set(unsigned int port, bool up)
{
	pthread_mutex_lock(&ha.lock);
	ha.link_down[port] = !up;
	pthread_mutex_unlock(&ha.lock);
}

void
fake_dp_ha_stall(bool on)
{
	pthread_mutex_lock(&ha.lock);
	ha.stalled = on;
	pthread_mutex_unlock(&ha.lock);
}

/* ---- dp_ha.h ---- */

void
dp_ha_hold(unsigned int group, bool held, const uint8_t vmac[6])
{
	fake_dp_require(group > 0 && group < DP_HA_GROUPS_MAX, "a group that is held or not is 1 .. 255");
	pthread_mutex_lock(&ha.lock);
	ha.held[group] = held;
	pthread_mutex_unlock(&ha.lock);
}

bool
dp_ha_is_held(unsigned int group)
{
	bool held;

	pthread_mutex_lock(&ha.lock);
	held = group == 0 || (group < DP_HA_GROUPS_MAX && ha.held[group]);
	pthread_mutex_unlock(&ha.lock);
	return held;
}

/* Addresses of no instance count as held, whether they are the box's or not. */
bool
dp_ha_addr_is_held(const struct sl_addr *addr)
{
	bool held = true;

	pthread_mutex_lock(&ha.lock);
	for (unsigned int i = 0; i < ha.moving_count; i++)
		if (sl_addr_eq(&ha.moving[i].prefix.addr, addr))
			held = ha.held[ha.moving[i].group];
	pthread_mutex_unlock(&ha.lock);
	return held;
}

void
dp_ha_port(unsigned int port, struct dp_ha_port *ret_port)
{
	*ret_port = (struct dp_ha_port){
		.mac = { 0x02, 0, 0, 0, 1, (uint8_t)port },
		.mtu = 1500,
		.source6 = link_local(port),
	};
	pthread_mutex_lock(&ha.lock);
	ret_port->link_up = port < DP_PORTS_MAX && !ha.link_down[port];
	for (unsigned int i = ha.own_count; i-- > 0;)
		if (ha.own[i].port == port && sl_addr_is_v4(&ha.own[i].prefix.addr))
			ret_port->source4 = ha.own[i].prefix.addr;
	pthread_mutex_unlock(&ha.lock);
}

bool
dp_ha_port_owns(unsigned int port, const struct sl_addr *addr)
{
	struct sl_addr own = link_local(port);
	bool owns = sl_addr_eq(&own, addr);

	pthread_mutex_lock(&ha.lock);
	for (unsigned int i = 0; i < ha.own_count; i++)
		owns = owns || (ha.own[i].port == port && sl_addr_eq(&ha.own[i].prefix.addr, addr));
	pthread_mutex_unlock(&ha.lock);
	return owns;
}

int
dp_ha_send(unsigned int port, const void *frame, size_t len)
{
	if (len > DP_HA_FRAME_MAX)
		return -EMSGSIZE;
	if (port >= DP_PORTS_MAX)
		return -ENODEV;
	pthread_mutex_lock(&ha.lock);
	ha.sent[port]++;
	pthread_mutex_unlock(&ha.lock);
	return 0;
}

int
dp_ha_send_ip(unsigned int port, const struct sl_addr *dst, const void *packet, size_t len)
{
	return dp_ha_send(port, packet, len);
}

void
dp_ha_listen(uint32_t ports)
{
}

bool
dp_ha_receive(struct dp_ha_packet *ret_packet)
{
	return false;
}

/* As the clock does. */
uint64_t
dp_ha_worker_turns(unsigned int worker)
{
	bool stalled;

	pthread_mutex_lock(&ha.lock);
	stalled = ha.stalled;
	pthread_mutex_unlock(&ha.lock);
	return stalled ? 1 : sl_clock_us();
}

/* ---- dp_sync.h: what it takes (../keepalive/no_dp_sync.c has the rest) ---- */

enum dp_sync_result
dp_sync_put(unsigned int t, const struct dp_sync_conn *conn)
{
	pthread_mutex_lock(&ha.lock);
	if (conn->flags & DP_SYNC_ENDED)
		ha.put.removed++;
	else
		ha.put.inserted++;
	pthread_mutex_unlock(&ha.lock);
	return DP_SYNC_TAKEN;
}

void
dp_sync_put_stats(struct dp_sync_put_stats *ret_stats)
{
	pthread_mutex_lock(&ha.lock);
	*ret_stats = ha.put;
	pthread_mutex_unlock(&ha.lock);
}
