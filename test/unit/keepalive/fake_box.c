/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Boxes without packets (fake_box.h).
 */
#include "fake_box.h"

#include "sl_addr.h"
#include "sl_clock.h"
#include "sl_test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

struct fake_box fake_boxes[FAKE_BOXES];
uint64_t fake_now_us, fake_delay_us, fake_jitter_us, fake_dead_us;
unsigned int fake_loss, fake_seed;

enum { HEARTBEAT_US = 100000 };

/* Whose turn it is. */
static unsigned int current;

static uint32_t
chance(uint32_t below)
{
	return (uint32_t)rand_r(&fake_seed) % below;
}

/* The clock of the keepalive room. */
uint64_t
ka_now_us(void)
{
	return fake_now_us != 0 ? fake_now_us : sl_clock_us();
}

/* ---- data plane ---- */

static struct fake_box *
other(void)
{
	return &fake_boxes[1 - current];
}

static void
frame_put(struct fake_box *to, unsigned int port, const uint8_t *frame, size_t len)
{
	struct fake_frame *at;
	uint8_t family, vrid;

	if (vrrp_packet_key(frame, len, &family, &vrid) && vrid == to->deaf_vrid)
		return;
	if (to->run == NULL || to->deaf || (to->listens & 1U << port) == 0 || chance(1000) < fake_loss ||
	    to->count == FAKE_QUEUE)
		return;
	at = &to->queue[(to->first + to->count++) % FAKE_QUEUE];
	at->due_us =
		fake_now_us + fake_delay_us + (fake_jitter_us > 0 ? chance((uint32_t)fake_jitter_us) : 0);
	at->port = port;
	at->len = (uint16_t)len;
	memcpy(at->bytes, frame, len);
}

/* Is it VRRP, which is all that the other one's keepalive is given? */
static bool
frame_count(struct fake_box *box, const uint8_t *frame, size_t len)
{
	uint8_t family, vrid;

	box->frames++;
	if (frame[12] == 0x08 && frame[13] == 0x06) {
		if (box->arps < 64)
			box->arp_us[box->arps] = fake_now_us;
		box->arps++;
		box->arps_of[frame[41]]++;
	} else if (vrrp_packet_key(frame, len, &family, &vrid)) {
		const uint8_t *vrrp = frame + 14 + (family == 4 ? 20 : 40);

		box->adverts++;
		box->zeros += vrrp[2] == 0;
		return true;
	} else {
		box->nas++;
	}
	return false;
}

int
dp_ha_send(unsigned int port, const void *frame, size_t len)
{
	struct fake_box *box = &fake_boxes[current];

	if (!box->port.link_up)
		return -ENODEV;
	if (frame_count(box, frame, len))
		frame_put(other(), port, frame, len);
	return 0;
}

int
dp_ha_send_ip(unsigned int port, const struct sl_addr *dst, const void *packet, size_t len)
{
	uint8_t frame[DP_HA_FRAME_MAX] = {
		[12] = sl_addr_is_v4(dst) ? 0x08 : 0x86, [13] = sl_addr_is_v4(dst) ? 0x00 : 0xdd
	};

	memcpy(frame + 14, packet, len);
	return dp_ha_send(port, frame, len + 14);
}

void
dp_ha_listen(uint32_t ports)
{
	fake_boxes[current].listens = ports;
}

bool
dp_ha_receive(struct dp_ha_packet *ret_packet)
{
	struct fake_box *box = &fake_boxes[current];
	struct fake_frame *frame = &box->queue[box->first];

	if (box->count == 0 || frame->due_us > fake_now_us)
		return false;
	ret_packet->port = frame->port;
	ret_packet->len = frame->len;
	memcpy(ret_packet->frame, frame->bytes, frame->len);
	box->first = (box->first + 1) % FAKE_QUEUE;
	box->count--;
	return true;
}

void
dp_ha_hold(unsigned int group, bool held, const uint8_t vmac[6])
{
	fake_boxes[current].held[group] = held;
	fake_boxes[current].vmac[group] = vmac != NULL;
}

void
dp_ha_port(unsigned int port, struct dp_ha_port *ret_port)
{
	*ret_port = fake_boxes[current].port;
	if ((fake_boxes[current].links_down >> port & 1) != 0)
		ret_port->link_up = false;
}

bool
dp_ha_port_owns(unsigned int port, const struct sl_addr *addr)
{
	return sl_addr_eq(addr, &fake_boxes[current].port.source4) ||
	       sl_addr_eq(addr, &fake_boxes[current].port.source6);
}

uint64_t
dp_ha_worker_turns(unsigned int worker)
{
	return fake_boxes[current].turns;
}

unsigned int
dp_worker_count(void)
{
	return 1;
}

/* ---- heartbeats: the handle is the box ---- */

struct heartbeat *
heartbeat_create(struct event_base *base, const struct ka_heartbeat *confs, unsigned int count,
		 uint64_t boot_id, const struct heartbeat_calls *calls)
{
	struct fake_box *box = &fake_boxes[current];

	box->calls = *calls;
	box->heartbeats = true;
	box->heard_us = 0;
	box->told_silent = false;
	memset(&box->said, 0, sizeof(box->said));
	return (struct heartbeat *)box;
}

bool
heartbeat_change(struct heartbeat *heartbeat, const struct ka_heartbeat *confs, unsigned int count)
{
	return true;
}

void
heartbeat_destroy(struct heartbeat *heartbeat)
{
	if (heartbeat != NULL)
		((struct fake_box *)heartbeat)->heartbeats = false;
}

void
heartbeat_drain(struct heartbeat *heartbeat, unsigned int limit_ms)
{
}

/* What `current` says comes to the other. */
static void
heartbeat_deliver(void)
{
	struct fake_box *box = &fake_boxes[current], *to = other();
	unsigned int saved = current;

	if (!box->heartbeats || !to->heartbeats || to->heartbeat_cut || to->stands || box->said.boot_id == 0)
		return;
	current = 1 - current;
	if (to->told_silent)
		to->calls.channel(0, true, "heard again", to->calls.context);
	to->told_silent = false;
	to->heard_us = fake_now_us;
	to->calls.heard(0, &box->said, to->calls.context);
	current = saved;
}

void
heartbeat_say(struct heartbeat *heartbeat, const struct heartbeat_message *message)
{
	((struct fake_box *)heartbeat)->said = *message;
	heartbeat_deliver();
}

/* Every interval. */
static void
heartbeat_turn(void)
{
	struct fake_box *box = &fake_boxes[current];

	if (!box->heartbeats || box->stands)
		return;
	if (fake_now_us % HEARTBEAT_US == 0)
		heartbeat_deliver();
	if (!box->told_silent && box->heard_us != 0 && fake_now_us - box->heard_us > fake_dead_us) {
		box->told_silent = true;
		box->calls.channel(0, false, "silent", box->calls.context);
	}
}

void
heartbeat_status(const struct heartbeat *heartbeat, unsigned int channel,
		 struct ka_channel_status *ret_status)
{
	*ret_status = (struct ka_channel_status){ .kind = "udp", .name = "fake" };
}

/* ---- connection sync ---- */

struct sync *
sync_start(const struct ka_sync *conf, uint64_t boot_id, char ret_error[DP_ERROR_SIZE])
{
	if (conf->udp_port == 1) {
		snprintf(ret_error, DP_ERROR_SIZE, "connection_sync: port 1 is refused");
		return NULL;
	}
	return (struct sync *)&fake_boxes[current];
}

void
sync_stop(struct sync *sync, unsigned int flush_ms)
{
}

void
sync_role_set(struct sync *sync, bool sends, bool receives)
{
	((struct fake_box *)sync)->sends = sends;
	((struct fake_box *)sync)->receives = receives;
}

bool
sync_is_in_sync(const struct sync *sync)
{
	return ((const struct fake_box *)sync)->in_sync;
}

bool
sync_is_unheard(const struct sync *sync)
{
	return ((const struct fake_box *)sync)->sync_unheard;
}

void
sync_status(const struct sync *sync, struct ka_sync_status *ret_status)
{
	*ret_status = (struct ka_sync_status){ .enabled = true, .in_sync = sync_is_in_sync(sync) };
}

bool
sync_event_next(struct sync *sync, bool *ret_good, char ret_text[192])
{
	return false;
}

/* ---- the test's side ---- */

void
fake_reset(void)
{
	static const struct {
		const char *v4, *v6;
	} sources[FAKE_BOXES] = { { "192.0.2.11", "fe80::11" }, { "192.0.2.12", "fe80::12" } };

	for (unsigned int i = 0; i < FAKE_BOXES; i++) {
		struct fake_box *box = &fake_boxes[i];

		fake_box_kill(i);
		free(box->queue);
		*box = (struct fake_box){ .port = { .link_up = true, .mtu = 1500 } };
		box->queue = calloc(FAKE_QUEUE, sizeof(*box->queue));
		box->port.mac[0] = 2;
		box->port.mac[5] = (uint8_t)(i + 1);
		sl_addr_parse(sources[i].v4, &box->port.source4);
		sl_addr_parse(sources[i].v6, &box->port.source6);
	}
	ka_queue_open();
	fake_now_us = 1000000;
	fake_delay_us = 200;
	fake_jitter_us = 0;
	fake_dead_us = 400000;
	fake_loss = 0;
	fake_seed = 1;
	current = 0;
}

void
fake_box_start(unsigned int number, const struct ka_conf *conf)
{
	struct ka_run *run = calloc(1, sizeof(*run));

	current = number;
	ka_lock_init(&run->lock);
	run->started_us = fake_now_us;
	run->boot_id = fake_now_us + number + 1;
	run->gate = run->workers_good = true;
	run->interface_fd = socket(AF_INET, SOCK_DGRAM, 0);
	run->wake_fd = eventfd(0, EFD_NONBLOCK);
	fake_boxes[number].run = run;
	fake_boxes[number].count = 0;
	memset(fake_boxes[number].held, 0, sizeof(fake_boxes[number].held));
	if (conf->sync.enabled)
		run->sync = (struct sync *)&fake_boxes[number];
	run->next = ka_conf_copy(conf);
	/* Any base will do for heartbeats that are none. */
	ka_apply_next(run, (struct event_base *)run, fake_now_us);
}

void
fake_box_apply(unsigned int number, const struct ka_conf *conf)
{
	struct ka_run *run = fake_boxes[number].run;

	current = number;
	run->next = ka_conf_copy(conf);
	ka_apply_next(run, (struct event_base *)run, fake_now_us);
}

static void
run_free(struct fake_box *box)
{
	pthread_mutex_destroy(&box->run->lock);
	close(box->run->interface_fd);
	close(box->run->wake_fd);
	free(box->run->found);
	free(box->run);
	box->run = NULL;
	box->heartbeats = false;
}

void
fake_box_stop(unsigned int number)
{
	current = number;
	ka_apply_end(fake_boxes[number].run, fake_now_us);
	run_free(&fake_boxes[number]);
}

void
fake_box_kill(unsigned int number)
{
	struct fake_box *box = &fake_boxes[number], was;

	if (box->run == NULL)
		return;
	/* Nothing of what it would say at its end is heard. */
	was = fake_boxes[1 - number];
	fake_boxes[1 - number].listens = 0;
	fake_boxes[1 - number].heartbeats = false;
	fake_box_stop(number);
	fake_boxes[1 - number].listens = was.listens;
	fake_boxes[1 - number].heartbeats = was.heartbeats;
}

void
fake_run(unsigned int ms)
{
	for (unsigned int i = 0; i < ms; i++) {
		fake_now_us += 1000;
		for (current = 0; current < FAKE_BOXES; current++) {
			struct fake_box *box = &fake_boxes[current];

			if (box->run == NULL)
				continue;
			box->turns += !box->worker_stands;
			heartbeat_turn();
			if (!box->stands)
				ka_loop_turn(box->run, fake_now_us);
		}
	}
	current = 0;
}

struct instance *
fake_instance(unsigned int box, const char *name)
{
	return ka_instance_find(fake_boxes[box].run, name);
}

enum ka_state
fake_state(unsigned int box, const char *name)
{
	return fake_boxes[box].run == NULL ? KA_STOP : fake_instance(box, name)->fsm.state;
}

uint64_t
fake_wait(unsigned int box, const char *name, enum ka_state state, unsigned int ms)
{
	for (unsigned int i = 0; i < ms; i++) {
		if (fake_state(box, name) == state)
			return i;
		fake_run(1);
	}
	return UINT64_MAX;
}

unsigned int
fake_events_of(enum ka_event_kind kind, const char *name, const char *text)
{
	struct ka_event event;
	unsigned int count = 0;

	while (ka_event_next(&event))
		count += event.kind == kind && (name == NULL || strcmp(event.name, name) == 0) &&
			 strstr(event.text, text) != NULL;
	return count;
}

unsigned int
fake_events(enum ka_event_kind kind, const char *text)
{
	return fake_events_of(kind, NULL, text);
}
