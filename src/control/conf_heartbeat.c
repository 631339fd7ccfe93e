/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Builders of `heartbeat udp NAME { }` and `heartbeat serial NAME { }`, channels
 * to the peer besides VRRP, and of their shared key, which connection_sync has,
 * too. A key stands in no message.
 */
#include "conf_value.h"
#include "conf_vrrp.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	KEY_MIN = 8,
	INTERVAL_MIN_MS = 10,
	INTERVAL_MAX_MS = 60 * 1000,
	DEAD_MAX_MS = 600 * 1000,
	PORT_DEFAULT = 694,
	BAUD_DEFAULT = 115200,
};

/* What termios has. */
static const uint32_t bauds[] = { 1200,   2400,   4800,   9600,   19200,  38400,   57600,
				  115200, 230400, 460800, 500000, 921600, 1000000, 2000000 };

static bool kind_find(struct conf_load *load, const struct conf_word *word,
		      struct conf_heartbeat_draft *draft);
static void heartbeat_finish(struct conf_check *check, struct conf_heartbeat_draft *draft);
static void place_check(struct conf_load *load, unsigned int number);
static bool has_place(const struct conf_heartbeat_draft *draft);
static bool is_same_place(const struct ka_heartbeat *a, const struct ka_heartbeat *b);
static bool file_read(struct conf_load *load, const struct conf_word *word, char ret_key[KA_KEY_SIZE]);

void
conf_build_heartbeat(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_ha_load *ha = load->ha;
	unsigned int errors = load->faults->errors, i = ha->heartbeat_count;
	struct conf_heartbeat_draft *draft;
	const char *name;

	if (i == KA_HEARTBEATS_MAX) {
		conf_error(load, &stmt->words[0].place, "there can be at most %d heartbeats",
			   KA_HEARTBEATS_MAX);
		return;
	}
	ha->heartbeats = conf_arena_grow(load->scratch, ha->heartbeats, i, sizeof(*ha->heartbeats));
	draft = &ha->heartbeats[i];
	*draft = (struct conf_heartbeat_draft){
		.keyword = &stmt->words[0],
		.name = &stmt->words[2],
		.ka = { .interval_ms = 100, .udp_port = PORT_DEFAULT, .baud = BAUD_DEFAULT },
	};
	ha->heartbeat_count++;
	if (conf_value_host(load, draft->name, "the name of a heartbeat", KA_NAME_SIZE - 1, &name))
		strcpy(draft->ka.name, name);
	for (unsigned int j = 0; draft->ka.name[0] != '\0' && j < i; j++) {
		if (strcmp(ha->heartbeats[j].ka.name, draft->ka.name) == 0)
			conf_error(load, &draft->name->place, "heartbeat %s is defined in %s already",
				   conf_show(load, draft->ka.name),
				   conf_where(load, &ha->heartbeats[j].name->place, &draft->name->place));
	}
	if (kind_find(load, &stmt->words[1], draft))
		conf_walk(load, stmt->first,
			  draft->ka.kind == KA_HEARTBEAT_UDP ? &conf_block_heartbeat_udp
							     : &conf_block_heartbeat_serial,
			  draft);
	draft->bad = load->faults->errors != errors;
}

void
conf_build_heartbeat_interface(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_heartbeat_draft *self = object;

	self->interface = &stmt->words[1];
}

/* local, peer */
void
conf_build_heartbeat_addr(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_heartbeat_draft *self = object;
	const struct conf_word *word = &stmt->words[1];

	if (strcmp(stmt->words[0].text, "local") == 0) {
		if (conf_value_addr(load, word, "local", &self->ka.local))
			self->local = word;
	} else if (conf_value_addr_any(load, word, "peer", &self->ka.peer)) {
		self->peer = word;
	}
}

void
conf_build_heartbeat_port(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_heartbeat_draft *self = object;

	conf_value_port(load, &stmt->words[1], &self->ka.udp_port);
}

void
conf_build_heartbeat_ttl(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_heartbeat_draft *self = object;
	uint32_t ttl;

	if (conf_value_number(load, &stmt->words[1], "ttl", 1, 255, &ttl))
		self->ka.ttl = (uint8_t)ttl;
}

void
conf_build_heartbeat_key(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_heartbeat_draft *self = object;

	conf_ha_key(load, stmt, &self->key, self->ka.key, &self->key_file);
}

/* interval, dead */
void
conf_build_heartbeat_time(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_heartbeat_draft *self = object;
	const struct conf_word *word = &stmt->words[1];

	if (strcmp(stmt->words[0].text, "interval") == 0)
		conf_value_time(load, word, "interval", INTERVAL_MIN_MS, INTERVAL_MAX_MS,
				&self->ka.interval_ms);
	else if (conf_value_time(load, word, "dead", INTERVAL_MIN_MS, DEAD_MAX_MS, &self->ka.dead_ms))
		self->dead = word;
}

void
conf_build_heartbeat_device(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_heartbeat_draft *self = object;
	const struct conf_word *word = &stmt->words[1];
	const char *path;

	if (!conf_value_keep(load, word, "device", KA_PATH_SIZE - 1, &path))
		return;
	strcpy(self->ka.device, path);
	self->device = word;
	if (path[0] != '/')
		conf_error(load, &word->place,
			   "device must be a path from the root, such as /dev/ttyS0, not %s",
			   conf_show(load, path));
}

void
conf_build_heartbeat_baud(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_heartbeat_draft *self = object;
	const struct conf_word *word = &stmt->words[1];
	uint32_t baud;

	if (!conf_value_number(load, word, "baud", bauds[0], bauds[sizeof(bauds) / sizeof(bauds[0]) - 1],
			       &baud))
		return;
	for (size_t i = 0; i < sizeof(bauds) / sizeof(bauds[0]); i++) {
		if (bauds[i] != baud)
			continue;
		self->ka.baud = baud;
		return;
	}
	conf_error(load, &word->place, "a serial line has 9600, 19200, 38400, 57600, 115200 ... baud, not %s",
		   conf_show(load, word->text));
}

void
conf_ha_finish_heartbeats(struct conf_check *check)
{
	struct conf_load *load = check->load;
	struct conf_ha_load *ha = load->ha;
	struct conf *conf = load->conf;
	unsigned int count = ha->heartbeat_count;

	conf->ka.heartbeats = conf_arena_alloc(load->keep, (count + 1) * sizeof(*conf->ka.heartbeats));
	conf->ha.heartbeat_key_files =
		conf_arena_alloc(load->keep, (count + 1) * sizeof(*conf->ha.heartbeat_key_files));
	for (unsigned int i = 0; i < count; i++) {
		heartbeat_finish(check, &ha->heartbeats[i]);
		place_check(load, i);
		conf->ka.heartbeats[i] = ha->heartbeats[i].ka;
		conf->ha.heartbeat_key_files[i] = ha->heartbeats[i].key_file;
	}
	conf->ka.heartbeat_count = count;
}

bool
conf_ha_key(struct conf_load *load, const struct conf_stmt *stmt, const struct conf_word **key,
	    char ret_key[KA_KEY_SIZE], const char **ret_file)
{
	const struct conf_word *word = &stmt->words[1];
	bool is_file = strcmp(stmt->words[0].text, "key_file") == 0;
	char text[KA_KEY_SIZE] = "";
	size_t len;

	if (!conf_value_defined(load, word))
		return false;
	if (*key != NULL && is_file != (*ret_file != NULL)) {
		conf_error(load, &stmt->words[0].place, "key and key_file are both given (%s): one of them",
			   conf_where(load, &(*key)->place, &stmt->words[0].place));
		return false;
	}
	*key = &stmt->words[0];
	if (is_file && (!conf_value_keep(load, word, "key_file", PATH_MAX - 1, ret_file) ||
			!file_read(load, word, text)))
		return false;
	len = is_file ? strlen(text) : strlen(word->text);
	if (len < KEY_MIN || len >= KA_KEY_SIZE) {
		conf_error(load, &word->place, "%s must have %d to %d characters, not %zu",
			   is_file ? "the first line of key_file" : "key", KEY_MIN, KA_KEY_SIZE - 1, len);
		return false;
	}
	strcpy(ret_key, is_file ? text : word->text);
	return true;
}

bool
conf_ha_kernel_interface(struct conf_check *check, const struct conf_word *word, char ret_name[16])
{
	struct conf_load *load = check->load;
	const struct conf *conf = load->conf;

	if (!conf_value_defined(load, word))
		return false;
	for (unsigned int i = 0; i < conf->port_count; i++) {
		const struct dp_port_conf *dp = &conf->ports[i].dp;

		if (strcmp(dp->name, word->text) != 0)
			continue;
		if (!dp->tap) {
			conf_error(load, &word->place,
				   "port %s has no kernel interface: it needs \"tap on\", or give a kernel "
				   "interface "
				   "here",
				   dp->name);
			return false;
		}
		snprintf(ret_name, 16, "sl-%.12s", dp->name);
		return true;
	}
	if (word->text[0] == '\0' || strlen(word->text) >= 16 || strpbrk(word->text, "/ \t") != NULL) {
		conf_error(
			load, &word->place,
			"interface must be a kernel interface, whose names have 1 to 15 characters, not %s",
			conf_show(load, word->text));
		return false;
	}
	conf_ha_interface_here(load, word);
	strcpy(ret_name, word->text);
	return true;
}

static bool
kind_find(struct conf_load *load, const struct conf_word *word, struct conf_heartbeat_draft *draft)
{
	if (strcmp(word->text, "udp") == 0)
		draft->ka.kind = KA_HEARTBEAT_UDP;
	else if (strcmp(word->text, "serial") == 0)
		draft->ka.kind = KA_HEARTBEAT_SERIAL;
	else {
		if (conf_value_defined(load, word))
			conf_error(load, &word->place, "a heartbeat is udp or serial, not %s",
				   conf_show(load, word->text));
		return false;
	}
	return true;
}

static void
heartbeat_finish(struct conf_check *check, struct conf_heartbeat_draft *draft)
{
	struct conf_load *load = check->load;
	struct ka_heartbeat *ka = &draft->ka;
	const struct conf_place *place = &draft->keyword->place;
	bool complete = !draft->bad && !load->incomplete;

	if (ka->ttl == 0)
		ka->ttl = conf_addr_is_multicast(&ka->peer) ? 1 : 64;
	if (ka->dead_ms == 0)
		ka->dead_ms = ka->interval_ms * 3 + 100;
	else if (ka->dead_ms <= ka->interval_ms && draft->dead != NULL)
		conf_error(load, &draft->dead->place,
			   "dead, %s, must be more than the interval, %s: several messages may be lost "
			   "before the "
			   "channel is",
			   draft->dead->text, conf_time_text(load, ka->interval_ms));
	if (draft->key == NULL && complete)
		conf_error(load, place,
			   "heartbeat %s lacks its key: whoever reaches the box could speak for the peer; "
			   "key \"...\" "
			   "or key_file PATH, the same on both boxes",
			   ka->name);
	if (draft->interface != NULL)
		conf_ha_kernel_interface(check, draft->interface, ka->interface);
	if (ka->kind == KA_HEARTBEAT_SERIAL && draft->device == NULL && complete)
		conf_error(load, place, "heartbeat %s lacks its line: device PATH", ka->name);
	if (ka->kind == KA_HEARTBEAT_SERIAL && draft->device != NULL && !draft->bad)
		conf_ha_line_here(load, draft->device);
	if (ka->kind == KA_HEARTBEAT_SERIAL)
		return;
	if (draft->peer == NULL && complete)
		conf_error(load, place, "heartbeat %s lacks its peer: an address, or a multicast group",
			   ka->name);
	if (draft->peer != NULL && draft->local != NULL &&
	    sl_addr_is_v4(&ka->peer) != sl_addr_is_v4(&ka->local))
		conf_error(load, &draft->local->place, "local is IPv%c, and peer is IPv%c",
			   sl_addr_is_v4(&ka->local) ? '4' : '6', sl_addr_is_v4(&ka->peer) ? '4' : '6');
	if (draft->peer != NULL && draft->local != NULL && sl_addr_eq(&ka->peer, &ka->local))
		conf_error(load, &draft->peer->place, "peer is local: it is the address of the other box");
	if (draft->peer != NULL && draft->interface == NULL && conf_addr_is_multicast(&ka->peer))
		conf_error(load, &draft->peer->place, "a multicast group needs an interface");
}

/* Two on one line, or on one port: what the peer says would be heard by one of them. */
static void
place_check(struct conf_load *load, unsigned int number)
{
	const struct conf_heartbeat_draft *draft = &load->ha->heartbeats[number];

	for (unsigned int i = 0; i < number && has_place(draft) && !load->incomplete; i++) {
		const struct conf_heartbeat_draft *other = &load->ha->heartbeats[i];
		const char *where = conf_where(load, &other->name->place, &draft->name->place);

		if (!has_place(other) || !is_same_place(&draft->ka, &other->ka))
			continue;
		if (draft->ka.kind == KA_HEARTBEAT_SERIAL)
			conf_error(load, &draft->device->place,
				   "device %s is that of heartbeat %s already (%s): a line has one heartbeat",
				   conf_show(load, draft->ka.device), other->ka.name, where);
		else
			conf_error(load, &draft->name->place,
				   "heartbeat %s is at the same port %u, interface and local address as "
				   "heartbeat %s (%s), where only one of two hears its peer: one of these "
				   "must be another",
				   draft->ka.name, draft->ka.udp_port, other->ka.name, where);
		return;
	}
}

/* One that lacks its line, or its peer, has been told of. */
static bool
has_place(const struct conf_heartbeat_draft *draft)
{
	return !draft->bad && (draft->ka.kind == KA_HEARTBEAT_SERIAL ? draft->device : draft->peer) != NULL;
}

/* As sockets are bound (heartbeat/udp.c). A group's is bound to no address, and each of several is given a copy. */
static bool
is_same_place(const struct ka_heartbeat *a, const struct ka_heartbeat *b)
{
	bool a_group = conf_addr_is_multicast(&a->peer), b_group = conf_addr_is_multicast(&b->peer);
	static const struct sl_addr any;

	if (a->kind != b->kind)
		return false;
	if (a->kind == KA_HEARTBEAT_SERIAL)
		return strcmp(a->device, b->device) == 0;
	return sl_addr_is_v4(&a->peer) == sl_addr_is_v4(&b->peer) && a->udp_port == b->udp_port &&
	       strcmp(a->interface, b->interface) == 0 &&
	       sl_addr_eq(a_group ? &any : &a->local, b_group ? &any : &b->local) &&
	       (!a_group || !b_group || sl_addr_eq(&a->peer, &b->peer));
}

/* The first line. A device or a pipe could make the loader wait, so it must be a file. */
static bool
file_read(struct conf_load *load, const struct conf_word *word, char ret_key[KA_KEY_SIZE])
{
	int fd = open(word->text, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char text[KA_KEY_SIZE + 1] = "";
	const char *wrong = NULL;
	struct stat file;
	ssize_t len = -1;

	if (fd >= 0 && fstat(fd, &file) == 0) {
		wrong = S_ISREG(file.st_mode)   ? NULL
			: S_ISDIR(file.st_mode) ? "it is a directory"
						: "it is not a regular file";
		if (wrong == NULL)
			len = read(fd, text, sizeof(text) - 1);
	}
	if (len < 0)
		conf_error(load, &word->place, "key_file %s: %s", conf_show(load, word->text),
			   wrong != NULL ? wrong : strerror(errno));
	else if ((file.st_mode & (S_IRWXO | S_IWGRP)) != 0)
		conf_warn(load, &word->place,
			  "key_file %s can be read by others: chmod 600 leaves it to its owner",
			  conf_show(load, word->text));
	if (fd >= 0)
		close(fd);
	if (len < 0)
		return false;
	text[strcspn(text, "\r\n")] = '\0';
	if (strlen(text) < KA_KEY_SIZE) {
		strcpy(ret_key, text);
		return true;
	}
	conf_error(load, &word->place, "the first line of key_file must have %d to %d characters", KEY_MIN,
		   KA_KEY_SIZE - 1);
	return false;
}
