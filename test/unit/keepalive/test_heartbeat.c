/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Heartbeats between two boxes in one loop: over UDP of both families, and over
 * pseudo terminals that the test joins, with noise, with a far end that takes nothing, and one that
 * vanishes. What needs interfaces of its own runs in a network namespace, and is skipped where none can be had.
 */
#include "frame.h"
#include "log_catch.h"
#include "sl_clock.h"
#include "sl_test.h"

#include "sl_addr.h"

#include <event2/event.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

enum { INTERVAL_MS = 20, DEAD_MS = 400, LIMIT_MS = 20000, PORT = 26694 };

struct box {
	struct ka_heartbeat conf;
	uint64_t boot_id;
	struct heartbeat *heartbeat;
	unsigned int heard, ups, downs;
	struct heartbeat_message last;
};

/* Two pseudo terminals whose far ends are joined. */
struct cable {
	int masters[2];
	struct event *ends[2];
	bool noisy;
	unsigned int passed;
};

static struct event_base *base;

static void
heard(unsigned int channel, const struct heartbeat_message *message, void *context)
{
	struct box *box = context;

	assert_int_equal(channel, 0);
	box->heard++;
	box->last = *message;
}

static void
channel_told(unsigned int channel, bool alive, const char *why, void *context)
{
	struct box *box = context;

	if (alive)
		box->ups++;
	else
		box->downs++;
}

static void
box_start(struct box *box, const struct ka_heartbeat *conf, uint64_t boot_id)
{
	struct heartbeat_calls calls = { .heard = heard, .channel = channel_told, .context = box };
	static struct heartbeat_message message;

	memset(box, 0, sizeof(*box));
	box->conf = *conf;
	box->boot_id = boot_id;
	box->heartbeat = heartbeat_create(base, &box->conf, 1, boot_id, &calls);
	assert_non_null(box->heartbeat);
	snprintf(message.router_id, sizeof(message.router_id), "box%u", (unsigned int)boot_id % 10);
	message.instance_count = 1;
	message.instances[0] = (struct heartbeat_instance){
		.vrid = (uint8_t)boot_id, .family = 4, .state = KA_BACKUP, .priority = 100, .advert_ms = 100
	};
	heartbeat_say(box->heartbeat, &message);
}

static struct ka_heartbeat
udp_conf(const char *local, const char *peer, const char *interface)
{
	struct ka_heartbeat conf = { .name = "test",
				     .kind = KA_HEARTBEAT_UDP,
				     .key = "secret",
				     .interval_ms = INTERVAL_MS,
				     .dead_ms = DEAD_MS,
				     .udp_port = PORT,
				     .ttl = 1 };

	if (local != NULL)
		assert_int_equal(sl_addr_parse(local, &conf.local), 0);
	assert_int_equal(sl_addr_parse(peer, &conf.peer), 0);
	snprintf(conf.interface, sizeof(conf.interface), "%s", interface);
	return conf;
}

static struct ka_heartbeat
serial_conf(const char *device)
{
	struct ka_heartbeat conf = { .name = "test",
				     .kind = KA_HEARTBEAT_SERIAL,
				     .key = "secret",
				     .interval_ms = INTERVAL_MS,
				     .dead_ms = DEAD_MS,
				     .baud = 115200 };

	snprintf(conf.device, sizeof(conf.device), "%s", device);
	return conf;
}

static struct ka_channel_status
status_of(const struct box *box)
{
	struct ka_channel_status status;

	heartbeat_status(box->heartbeat, 0, &status);
	return status;
}

static void
run_ms(unsigned int ms)
{
	const struct timeval time = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	event_base_loopexit(base, &time);
	event_base_dispatch(base);
}

#define wait_for(condition)                                                                                  \
	do {                                                                                                 \
		uint64_t begun_ms_ = sl_clock_ms();                                                          \
		while (!(condition)) {                                                                       \
			if (sl_clock_ms() - begun_ms_ > LIMIT_MS)                                            \
				fail_msg("not within %d ms: %s", LIMIT_MS, #condition);                      \
			run_ms(5);                                                                           \
		}                                                                                            \
	} while (0)

/* They meet, one dies and is missed, and comes back as another boot; its earlier words are not wanted any more. */
static void
life_and_death(const struct ka_heartbeat *a_conf, const struct ka_heartbeat *b_conf)
{
	static struct box a, b;
	struct ka_channel_status status;
	struct ka_heartbeat stranger;

	box_start(&a, a_conf, 11);
	wait_for(a.downs == 1); /* nobody from the start */
	box_start(&b, b_conf, 12);
	wait_for(a.heard > 3 && b.heard > 3);
	assert_int_equal(a.ups, 1);
	assert_int_equal(a.last.boot_id, 12);
	assert_int_equal(a.last.instances[0].vrid, 12);
	assert_string_equal(b.last.router_id, "box1");
	status = status_of(&a);
	assert_true(status.alive && status.sent > 0 && status.received > 0);
	assert_string_equal(status.peer, "box2");
	assert_int_equal(status.bad_auth + status.bad_frame + status.replayed, 0);

	heartbeat_destroy(b.heartbeat);
	wait_for(a.downs == 2);
	assert_true(!status_of(&a).alive);
	box_start(&b, b_conf, 22);
	wait_for(a.last.boot_id == 22 && b.heard > 0);
	assert_int_equal(a.ups, 2);
	heartbeat_destroy(b.heartbeat);

	/* Somebody without the key is nobody. */
	wait_for(a.downs == 3);
	stranger = *b_conf;
	strcpy(stranger.key, "Secret");
	box_start(&b, &stranger, 32);
	wait_for(status_of(&a).bad_auth > 3 && status_of(&b).bad_auth > 3);
	assert_int_equal(a.last.boot_id, 22);
	heartbeat_destroy(b.heartbeat);
	heartbeat_destroy(a.heartbeat);
}

static void
udp(void **state)
{
	struct ka_heartbeat a = udp_conf("127.0.0.1", "127.0.0.2", ""),
			    b = udp_conf("127.0.0.2", "127.0.0.1", "");

	life_and_death(&a, &b);
}

/* Another key is named, and whose it is: not while the peer is heard, and once however many come. */
static void
other_key(void **state)
{
	struct ka_heartbeat a_conf = udp_conf("127.0.0.1", "127.0.0.2", ""),
			    b_conf = udp_conf("127.0.0.2", "127.0.0.1", ""),
			    stranger_conf = udp_conf("127.0.0.3", "127.0.0.1", "");
	static struct box a, b, stranger;

	box_start(&a, &a_conf, 11);
	box_start(&b, &b_conf, 12);
	wait_for(a.heard > 3);
	log_catch_clear();
	strcpy(stranger_conf.key, "Secret");
	box_start(&stranger, &stranger_conf, 13);
	wait_for(status_of(&a).bad_auth > 3);
	assert_int_equal(log_catch_count("another key"), 0);
	heartbeat_destroy(b.heartbeat);
	wait_for(a.downs == 1 && log_catch_count("another key") == 1);
	assert_int_equal(log_catch_count("heartbeat test: a message with another key"), 1);
	assert_int_equal(log_catch_count("has come in from 127.0.0.3: key and key_file"), 1);
	/* Heard and gone again within the minute: no more of it. */
	box_start(&b, &b_conf, 22);
	wait_for(a.last.boot_id == 22);
	heartbeat_destroy(b.heartbeat);
	wait_for(a.downs == 2);
	for (uint64_t before = status_of(&a).bad_auth; status_of(&a).bad_auth < before + 50;)
		run_ms(5);
	assert_int_equal(log_catch_count("another key"), 1);
	heartbeat_destroy(stranger.heartbeat);
	heartbeat_destroy(a.heartbeat);
}

/* Two channels of a box that tells by number what it hears. */
struct many {
	struct heartbeat *heartbeat;
	unsigned int heard[2], told;
};

static void
many_heard(unsigned int channel, const struct heartbeat_message *message, void *context)
{
	struct many *many = context;

	assert_true(channel < 2);
	many->heard[channel]++;
}

static void
many_told(unsigned int channel, bool alive, const char *why, void *context)
{
	((struct many *)context)->told++;
}

/* A channel that a reload leaves as it is goes on, at whatever place. */
static void
change(void **state)
{
	const struct heartbeat_calls a_calls = { many_heard, many_told, NULL };
	struct ka_heartbeat kept = udp_conf("127.0.0.1", "127.0.0.2", ""),
			    other = udp_conf("127.0.0.3", "127.0.0.4", ""), confs[2] = { other, kept },
			    peer_conf = udp_conf("127.0.0.2", "127.0.0.1", "");
	static struct heartbeat_message message = { .router_id = "box1" };
	static struct many a;
	struct heartbeat_calls calls = a_calls;
	struct ka_channel_status before, after;
	static struct box b;
	unsigned int told;

	memset(&a, 0, sizeof(a));
	calls.context = &a;
	a.heartbeat = heartbeat_create(base, confs, 2, 11, &calls);
	assert_non_null(a.heartbeat);
	heartbeat_say(a.heartbeat, &message);
	box_start(&b, &peer_conf, 12);
	wait_for(a.heard[1] > 3 && b.heard > 3 && a.told == 2);
	heartbeat_status(a.heartbeat, 1, &before);
	told = a.told;
	a.heard[1] = 0;
	/* Turned round, and the other one has another key. */
	confs[0] = kept;
	confs[1] = other;
	strcpy(confs[1].key, "another");
	assert_true(heartbeat_change(a.heartbeat, confs, 2));
	heartbeat_status(a.heartbeat, 0, &after);
	assert_true(after.alive && after.sent >= before.sent && after.received >= before.received);
	assert_string_equal(after.peer, "box2");
	wait_for(a.heard[0] > 3);
	heartbeat_status(a.heartbeat, 0, &after);
	assert_true(after.sent > before.sent && after.received >= before.received + 3);
	/* Nobody had to prove anew who he is. */
	assert_int_equal(after.foreign, before.foreign);
	assert_int_equal(a.told, told);
	assert_int_equal(b.ups, 1);
	heartbeat_status(a.heartbeat, 1, &after);
	assert_false(after.alive);
	wait_for(a.told == told + 1);
	/* It alone, then none. */
	assert_true(heartbeat_change(a.heartbeat, confs, 1));
	a.heard[0] = 0;
	wait_for(a.heard[0] > 3);
	assert_int_equal(a.heard[1] + b.downs, 0);
	assert_true(heartbeat_change(a.heartbeat, confs, 0));
	wait_for(b.downs == 1);
	heartbeat_destroy(b.heartbeat);
	heartbeat_destroy(a.heartbeat);
}

static bool
own_namespace(void)
{
	static bool tried, got;

	if (!tried)
		got = (unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0) &&
		      system("ip link set lo up && ip link add hb0 type veth peer name hb1 && "
			     "sysctl -q -w net.ipv6.conf.hb0.accept_dad=0 net.ipv6.conf.hb1.accept_dad=0 && "
			     "ip link set hb0 up && ip link set hb1 up") == 0;
	tried = true;
	return got;
}

/* Both ends of a veth pair, by their link-local addresses. */
static void
udp_multicast_v6(void **state)
{
	struct ka_heartbeat a = udp_conf(NULL, "ff02::694", "hb0"), b = udp_conf(NULL, "ff02::694", "hb1");

	if (!own_namespace())
		skip();
	life_and_death(&a, &b);
}

static void
udp_unicast_v6(void **state)
{
	struct ka_heartbeat a = udp_conf("2001:db8::1", "2001:db8::2", ""),
			    b = udp_conf("2001:db8::2", "2001:db8::1", "");

	if (!own_namespace())
		skip();
	assert_int_equal(system("ip addr add 2001:db8::1/128 dev lo nodad && ip addr add 2001:db8::2/128 dev "
				"lo nodad"),
			 0);
	life_and_death(&a, &b);
}

/* Neither address nor interface is there at the start; then they are; then they go, and come back. */
static void
udp_later(void **state)
{
	struct ka_heartbeat a_conf = udp_conf("192.0.2.1", "192.0.2.2", ""),
			    b_conf = udp_conf("192.0.2.2", "192.0.2.1", "later0");
	static struct box a, b;

	if (!own_namespace())
		skip();
	box_start(&a, &a_conf, 11);
	box_start(&b, &b_conf, 12);
	run_ms(50);
	assert_int_equal(status_of(&a).sent + status_of(&b).sent, 0);
	for (unsigned int i = 0; i < 2; i++) {
		uint64_t a_sent = status_of(&a).sent, b_sent = status_of(&b).sent;

		assert_int_equal(
			system("ip addr add 192.0.2.1/32 dev lo && ip addr add 192.0.2.2/32 dev lo && "
			       "ip link add later0 type veth peer name later1 && ip link set later0 up && "
			       "ip link set later1 up"),
			0);
		wait_for(status_of(&a).sent > a_sent && status_of(&b).sent > b_sent);
		assert_int_equal(system("ip link del later0 && ip addr del 192.0.2.1/32 dev lo && "
					"ip addr del 192.0.2.2/32 dev lo"),
				 0);
		run_ms(1200);
		a_sent = status_of(&a).sent;
		b_sent = status_of(&b).sent;
		run_ms(100);
		assert_int_equal(status_of(&a).sent, a_sent);
		assert_int_equal(status_of(&b).sent, b_sent);
	}
	heartbeat_destroy(a.heartbeat);
	heartbeat_destroy(b.heartbeat);
}

static void
cable_pass(evutil_socket_t fd, short what, void *context)
{
	struct cable *cable = context;
	int other = cable->masters[fd == cable->masters[0] ? 1 : 0];
	uint8_t data[512];
	ssize_t size = read(fd, data, sizeof(data));

	if (size <= 0)
		return;
	cable->passed++;
	if (cable->noisy && cable->passed % 7 == 0)
		data[rand() % size] ^= (uint8_t)(1 << rand() % 8);
	if (cable->noisy && cable->passed % 11 == 0)
		assert_true(write(other, "\x55\xaa", 2) <= 2);
	assert_true(write(other, data, (size_t)size) <= size);
}

static int
terminal_open(char ret_device[KA_PATH_SIZE])
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
	struct termios raw;

	assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	assert_int_equal(ptsname_r(master, ret_device, KA_PATH_SIZE), 0);
	/* A line has no echo, also while nobody has opened it. */
	assert_int_equal(tcgetattr(master, &raw), 0);
	cfmakeraw(&raw);
	assert_int_equal(tcsetattr(master, TCSANOW, &raw), 0);
	return master;
}

static void
cable_open(struct cable *cable, char devices[2][KA_PATH_SIZE])
{
	memset(cable, 0, sizeof(*cable));
	for (unsigned int i = 0; i < 2; i++) {
		cable->masters[i] = terminal_open(devices[i]);
		cable->ends[i] = event_new(base, cable->masters[i], EV_READ | EV_PERSIST, cable_pass, cable);
		event_add(cable->ends[i], NULL);
	}
}

static void
cable_close(struct cable *cable)
{
	for (unsigned int i = 0; i < 2; i++) {
		event_free(cable->ends[i]);
		close(cable->masters[i]);
	}
}

static void
serial(void **state)
{
	static struct cable cable;
	char devices[2][KA_PATH_SIZE];
	struct ka_heartbeat a, b;

	cable_open(&cable, devices);
	a = serial_conf(devices[0]);
	b = serial_conf(devices[1]);
	life_and_death(&a, &b);
	cable_close(&cable);
}

/* Noise costs messages, not the channel; it is counted, and nothing false is heard. */
static void
serial_noise(void **state)
{
	static struct cable cable;
	static struct box a, b;
	char devices[2][KA_PATH_SIZE];
	struct ka_heartbeat a_conf, b_conf;

	cable_open(&cable, devices);
	cable.noisy = true;
	a_conf = serial_conf(devices[0]);
	b_conf = serial_conf(devices[1]);
	a_conf.dead_ms = b_conf.dead_ms = LIMIT_MS;
	box_start(&a, &a_conf, 11);
	box_start(&b, &b_conf, 12);
	wait_for(status_of(&a).bad_frame > 3 && status_of(&b).bad_frame > 3 && a.heard > 10 && b.heard > 10);
	assert_int_equal(status_of(&a).bad_auth, 0);
	assert_int_equal(a.last.boot_id, 12);
	assert_int_equal(a.downs + b.downs, 0);
	heartbeat_destroy(a.heartbeat);
	heartbeat_destroy(b.heartbeat);
	cable_close(&cable);
}

/* A far end that takes nothing: saying goes on and does not wait, and what comes out at last is whole frames. */
static void
serial_stuck(void **state)
{
	static struct box a;
	static struct frame_reader reader;
	static struct heartbeat_message message;
	char device[KA_PATH_SIZE];
	int master = terminal_open(device);
	struct ka_heartbeat conf = serial_conf(device);
	unsigned int old = 0;
	bool newest = false;
	uint64_t begun_ms;

	box_start(&a, &conf, 11);
	message.instance_count = HEARTBEAT_INSTANCES_MAX;
	for (unsigned int i = 0; i < HEARTBEAT_INSTANCES_MAX; i++)
		message.instances[i] = (struct heartbeat_instance){ .vrid = 1, .family = 4 };
	begun_ms = sl_clock_ms();
	for (unsigned int i = 0; i < 1000; i++)
		heartbeat_say(a.heartbeat, &message);
	assert_true(sl_clock_ms() - begun_ms < LIMIT_MS);
	strcpy(message.router_id, "newest");
	heartbeat_say(a.heartbeat, &message);
	begun_ms = sl_clock_ms();
	while (sl_clock_ms() - begun_ms < 500) {
		uint8_t data[4096];
		ssize_t size = read(master, data, sizeof(data));

		for (ssize_t at = 0; at < size;) {
			size_t message_size;

			at += (ssize_t)frame_read(&reader, data + at, (size_t)(size - at), &message_size);
			assert_true(message_size != SIZE_MAX);
			if (message_size > 0)
				newest = memcmp(reader.body + HEARTBEAT_HEADER_SIZE, "newest", 6) == 0;
			old += message_size > 0 && !newest;
		}
		run_ms(1);
	}
	/* The terminal holds a few; of those that waited only the last is said. */
	assert_true(newest && old > 0 && old < 100);
	heartbeat_destroy(a.heartbeat);
	close(master);
}

/* The adapter is pulled out, and another one put in under the same name. */
static void
serial_hot_plug(void **state)
{
	static struct cable cable;
	static struct box a, b;
	char devices[2][KA_PATH_SIZE], link_name[] = "/tmp/sluice-heartbeat-XXXXXX";
	struct ka_heartbeat a_conf, b_conf;

	assert_true(mkdtemp(link_name) != NULL);
	a_conf = serial_conf("");
	snprintf(a_conf.device, sizeof(a_conf.device), "%s/line", link_name);
	box_start(&a, &a_conf, 11); /* not there yet */
	for (unsigned int i = 0; i < 3; i++) {
		unsigned int before = a.heard;

		cable_open(&cable, devices);
		assert_int_equal(symlink(devices[0], a_conf.device), 0);
		b_conf = serial_conf(devices[1]);
		box_start(&b, &b_conf, 12 + 10 * i);
		wait_for(a.heard > before && b.heard > 0);
		heartbeat_destroy(b.heartbeat);
		unlink(a_conf.device);
		cable_close(&cable);
		wait_for(a.downs == i + 1);
	}
	heartbeat_destroy(a.heartbeat);

	/* What is no line at all. */
	snprintf(a_conf.device, sizeof(a_conf.device), "/dev/null");
	box_start(&a, &a_conf, 11);
	run_ms(30);
	assert_int_equal(status_of(&a).sent, 0);
	heartbeat_destroy(a.heartbeat);
	rmdir(link_name);
}

static int
loop_create(void **state)
{
	base = event_base_new();
	return base == NULL;
}

static int
loop_free(void **state)
{
	event_base_free(base);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(udp),
		cmocka_unit_test(other_key),
		cmocka_unit_test(change),
		cmocka_unit_test(udp_multicast_v6),
		cmocka_unit_test(udp_unicast_v6),
		cmocka_unit_test(udp_later),
		cmocka_unit_test(serial),
		cmocka_unit_test(serial_noise),
		cmocka_unit_test(serial_stuck),
		cmocka_unit_test(serial_hot_plug),
	};

	return cmocka_run_group_tests(tests, loop_create, loop_free);
}
