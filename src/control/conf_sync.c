/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connection sync with the peer: keepalived's `lvs_sync_daemon` in global_defs,
 * and our block `connection_sync`, which says the same and more. Each is read
 * into a draft of its own; at the end they are one, and must not contradict.
 */
#include "conf_value.h"
#include "conf_vrrp.h"
#include "sl_addr.h"

#include <sluice/dp_sync.h>

#include <arpa/inet.h>
#include <string.h>

enum {
	MAX_LEN_MAX = 65507,
	PORT_DEFAULT = 8848,
	THREADS_MAX = DP_SYNC_THREADS_MAX,
	QUEUE_MIN = 64,
	QUEUE_MAX = 16 * 1024 * 1024,
	QUEUE_DEFAULT = 65536,
	GATE_DEFAULT_MS = 30 * 1000,
};

/* The words of both, and what is one word in both. */
static const struct sync_word {
	const char *keyword; /* of lvs_sync_daemon and, unless `block` is given, of connection_sync */
	enum conf_sync_word id;
	uint32_t low, high; /* of numbers */
} sync_words[] = {
	{ "id", CONF_SYNC_ID, 0, 255 },
	{ "maxlen", CONF_SYNC_MAX_LEN, 1, MAX_LEN_MAX },
	{ "port", CONF_SYNC_PORT, 1, 65535 },
	{ "ttl", CONF_SYNC_TTL, 1, 255 },
	{ "group", CONF_SYNC_GROUP, 0, 0 },
	{ "peer", CONF_SYNC_GROUP, 0, 0 },
	{ "inst", CONF_SYNC_INSTANCE, 0, 0 },
	{ "instance", CONF_SYNC_INSTANCE, 0, 0 },
	{ "interface", CONF_SYNC_INTERFACE, 0, 0 },
};

static void again_check(struct conf_load *load, const struct conf_sync_draft *before,
			const struct conf_word *keyword);
static const struct sync_word *word_find(const char *keyword);
static bool word_read(struct conf_load *load, struct conf_sync_draft *draft, const struct sync_word *kind,
		      const struct conf_word *keyword, const struct conf_word *value);
static void drafts_join(struct conf_load *load, struct conf_sync_draft *into,
			const struct conf_sync_draft *from);
static void sync_defaults(struct conf_load *load, struct conf_sync_draft *draft);
static void sync_check(struct conf_check *check, const struct conf_sync_draft *draft);
static uint64_t value_of(const struct ka_sync *ka, enum conf_sync_word id);

/* `lvs_sync_daemon INTERFACE [[inst] INSTANCE] [id N] [maxlen N] [port N] [ttl N] [group ADDRESS]` */
void
conf_build_lvs_sync_daemon(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_sync_draft *draft = &load->ha->daemon;
	unsigned int errors = load->faults->errors, i = 2;

	again_check(load, draft, &stmt->words[0]);
	*draft = (struct conf_sync_draft){ .keyword = &stmt->words[0] };
	draft->given[CONF_SYNC_INTERFACE] = &stmt->words[1];
	if (stmt->word_count > 2 && word_find(stmt->words[2].text) == NULL) {
		draft->given[CONF_SYNC_INSTANCE] = &stmt->words[2];
		i = 3;
	}
	for (; i < stmt->word_count; i += 2) {
		const struct conf_word *word = &stmt->words[i];
		const struct sync_word *kind = word_find(word->text);

		if (kind == NULL || strcmp(word->text, "peer") == 0 || strcmp(word->text, "instance") == 0 ||
		    strcmp(word->text, "interface") == 0) {
			conf_error(load, &word->place,
				   "lvs_sync_daemon has inst, id, maxlen, port, ttl and group, not %s",
				   conf_show(load, word->text));
			break;
		}
		if (i + 1 == stmt->word_count) {
			conf_error(load, &word->place, "\"%s\" lacks its value", word->text);
			break;
		}
		if (!word_read(load, draft, kind, word, &stmt->words[i + 1]))
			break;
	}
	draft->bad = load->faults->errors != errors;
}

void
conf_build_connection_sync(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_sync_draft *draft = &load->ha->sync;
	unsigned int errors = load->faults->errors;

	again_check(load, draft, &stmt->words[0]);
	*draft = (struct conf_sync_draft){
		.keyword = &stmt->words[0],
		.ka = { .threads = 1, .queue = QUEUE_DEFAULT, .gate_ms = GATE_DEFAULT_MS },
	};
	conf_walk(load, stmt->first, &conf_block_connection_sync, draft);
	draft->bad = load->faults->errors != errors;
}

/* What lvs_sync_daemon has, too. */
void
conf_build_sync_word(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	word_read(load, object, word_find(stmt->words[0].text), &stmt->words[0], &stmt->words[1]);
}

void
conf_build_sync_threads(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_sync_draft *self = object;

	conf_value_number(load, &stmt->words[1], "threads", 1, THREADS_MAX, &self->ka.threads);
}

void
conf_build_sync_refresh(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_sync_draft *self = object;

	conf_value_time(load, &stmt->words[1], "refresh", 0, 86400 * 1000, &self->ka.refresh_ms);
}

void
conf_build_sync_retries(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_sync_draft *self = object;

	conf_value_number(load, &stmt->words[1], "retries", 0, 3, &self->ka.retries);
}

void
conf_build_sync_queue(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_sync_draft *self = object;

	conf_value_count(load, &stmt->words[1], "queue", QUEUE_MIN, QUEUE_MAX, &self->ka.queue);
}

void
conf_build_sync_key(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_sync_draft *self = object;

	conf_ha_key(load, stmt, &self->key, self->ka.key, &self->key_file);
}

void
conf_build_sync_local(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_sync_draft *self = object;

	if (conf_value_addr(load, &stmt->words[1], "local", &self->ka.local))
		self->local = &stmt->words[1];
}

void
conf_build_sync_gate(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_sync_draft *self = object;

	self->gate = &stmt->words[0];
	if (strcmp(stmt->words[1].text, "off") == 0)
		self->ka.gate_ms = 0;
	else
		conf_value_time(load, &stmt->words[1], "gate (or off)", 0, 3600 * 1000, &self->ka.gate_ms);
}

void
conf_build_sync_lvs_peer(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_sync_draft *self = object;

	conf_value_flag(load, stmt, &self->ka.lvs_peer);
}

void
conf_ha_finish_sync(struct conf_check *check)
{
	struct conf_load *load = check->load;
	struct conf_sync_draft *daemon = &load->ha->daemon, *draft = &load->ha->sync;

	if (daemon->keyword == NULL && draft->keyword == NULL)
		return;
	if (draft->keyword == NULL) {
		/* As keepalived has it: LVS's protocol, and nothing that only Sluices know. */
		*draft = *daemon;
		draft->ka.threads = 1;
		draft->ka.queue = QUEUE_DEFAULT;
		draft->ka.lvs_peer = true;
	} else if (daemon->keyword != NULL) {
		drafts_join(load, draft, daemon);
	}
	if (draft->given[CONF_SYNC_INTERFACE] == NULL) {
		if (!draft->bad && !load->incomplete)
			conf_error(load, &draft->keyword->place,
				   "connection_sync lacks its interface: where the peer is heard");
	} else {
		conf_ha_kernel_interface(check, draft->given[CONF_SYNC_INTERFACE], draft->ka.interface);
	}
	sync_defaults(load, draft);
	sync_check(check, draft);
	draft->ka.enabled = true;
	load->conf->ka.sync = draft->ka;
	load->conf->ha.sync_key_file = draft->key_file;
}

/* Of two, neither can be what is meant: keepalived takes the first line, and other keywords count by their last. */
static void
again_check(struct conf_load *load, const struct conf_sync_draft *before, const struct conf_word *keyword)
{
	if (before->keyword != NULL)
		conf_error(load, &keyword->place, "%s stands in %s already: there is one connection sync",
			   keyword->text, conf_where(load, &before->keyword->place, &keyword->place));
}

static const struct sync_word *
word_find(const char *keyword)
{
	for (size_t i = 0; i < sizeof(sync_words) / sizeof(sync_words[0]); i++) {
		if (strcmp(sync_words[i].keyword, keyword) == 0)
			return &sync_words[i];
	}
	return NULL;
}

static bool
word_read(struct conf_load *load, struct conf_sync_draft *draft, const struct sync_word *kind,
	  const struct conf_word *keyword, const struct conf_word *value)
{
	struct ka_sync *ka = &draft->ka;
	uint32_t number = 0;

	if (draft->given[kind->id] != NULL && kind->id == CONF_SYNC_GROUP) {
		conf_error(load, &keyword->place, "%s is one too many: %s is given in %s", keyword->text,
			   "where messages go",
			   conf_where(load, &draft->given[kind->id]->place, &keyword->place));
		return false;
	}
	if (kind->high > 0 && !conf_value_number(load, value, keyword->text, kind->low, kind->high, &number))
		return false;
	if (kind->id == CONF_SYNC_GROUP) {
		bool is_group = strcmp(keyword->text, "group") == 0;

		if (!conf_value_addr_any(load, value, keyword->text, &ka->group))
			return false;
		if (is_group != conf_addr_is_multicast(&ka->group)) {
			conf_error(load, &value->place,
				   is_group
					   ? "group must be a multicast address, such as 224.0.0.81, not %s%s"
					   : "peer must be the address of the other box, not %s%s",
				   conf_show(load, value->text),
				   is_group ? " (a peer is given by connection_sync's \"peer\")" : "");
			return false;
		}
	}
	switch (kind->id) {
	case CONF_SYNC_ID:
		ka->sync_id = (uint8_t)number;
		break;
	case CONF_SYNC_MAX_LEN:
		ka->max_len = (uint16_t)number;
		break;
	case CONF_SYNC_PORT:
		ka->udp_port = (uint16_t)number;
		break;
	case CONF_SYNC_TTL:
		ka->ttl = (uint8_t)number;
		break;
	default:
		break;
	}
	draft->given[kind->id] = value;
	return conf_value_defined(load, value);
}

/* What both say must be the same. */
static void
drafts_join(struct conf_load *load, struct conf_sync_draft *into, const struct conf_sync_draft *from)
{
	static const char *const names[CONF_SYNC_MAX] = { "interface", "instance", "id",   "maxlen",
							  "port",      "ttl",      "group" };

	for (unsigned int i = 0; i < CONF_SYNC_MAX; i++) {
		const struct conf_word *ours = into->given[i], *theirs = from->given[i];

		if (theirs == NULL)
			continue;
		if (ours == NULL) {
			into->given[i] = theirs;
			continue;
		}
		if (i == CONF_SYNC_INTERFACE || i == CONF_SYNC_INSTANCE
			    ? strcmp(ours->text, theirs->text) == 0
		    : i == CONF_SYNC_GROUP ? sl_addr_eq(&into->ka.group, &from->ka.group)
					   : value_of(&into->ka, i) == value_of(&from->ka, i))
			continue;
		conf_error(load, &ours->place,
			   "connection_sync has %s %s, and lvs_sync_daemon %s (%s): they are one, and must "
			   "say the "
			   "same",
			   names[i], conf_show(load, ours->text), conf_show(load, theirs->text),
			   conf_where(load, &theirs->place, &ours->place));
	}
	if (into->given[CONF_SYNC_ID] == from->given[CONF_SYNC_ID])
		into->ka.sync_id = from->ka.sync_id;
	if (into->given[CONF_SYNC_MAX_LEN] == from->given[CONF_SYNC_MAX_LEN])
		into->ka.max_len = from->ka.max_len;
	if (into->given[CONF_SYNC_PORT] == from->given[CONF_SYNC_PORT])
		into->ka.udp_port = from->ka.udp_port;
	if (into->given[CONF_SYNC_TTL] == from->given[CONF_SYNC_TTL])
		into->ka.ttl = from->ka.ttl;
	if (into->given[CONF_SYNC_GROUP] == from->given[CONF_SYNC_GROUP])
		into->ka.group = from->ka.group;
}

static void
sync_defaults(struct conf_load *load, struct conf_sync_draft *draft)
{
	struct ka_sync *ka = &draft->ka;
	const struct conf_word *name = draft->given[CONF_SYNC_INSTANCE];
	const struct conf_instance_draft *instance = name == NULL ? NULL : conf_ha_instance_find(load, name);

	if (instance != NULL) {
		strcpy(ka->instance, instance->ka.name);
		if (draft->given[CONF_SYNC_ID] == NULL)
			ka->sync_id = instance->ka.vrid;
	}
	if (draft->given[CONF_SYNC_PORT] == NULL)
		ka->udp_port = PORT_DEFAULT;
	if (draft->given[CONF_SYNC_TTL] == NULL)
		ka->ttl = 1;
	if (draft->given[CONF_SYNC_GROUP] == NULL)
		ka->group = sl_addr_from_v4(htonl(0xe0000051)); /* 224.0.0.81 */
	if (ka->lvs_peer)
		ka->gate_ms = 0;
}

static void
sync_check(struct conf_check *check, const struct conf_sync_draft *draft)
{
	struct conf_load *load = check->load;
	const struct ka_sync *ka = &draft->ka;
	const struct conf_word *group = draft->given[CONF_SYNC_GROUP];

	if (draft->local != NULL && sl_addr_is_v4(&ka->local) != sl_addr_is_v4(&ka->group))
		conf_error(load, &draft->local->place, "local is IPv%c, and %s is IPv%c",
			   sl_addr_is_v4(&ka->local) ? '4' : '6',
			   group == NULL ? "the group 224.0.0.81" : group->text,
			   sl_addr_is_v4(&ka->group) ? '4' : '6');
	if (draft->local != NULL && sl_addr_eq(&ka->local, &ka->group))
		conf_error(load, &draft->local->place, "local is peer: it is the address of this box");
	if (draft->gate != NULL && ka->lvs_peer)
		conf_warn(load, &draft->gate->place,
			  "gate has no effect with lvs_peer: LVS never says that it has told all it knows");
	if (ka->udp_port + ka->threads > 65536)
		conf_error(load, &draft->keyword->place,
			   "%u threads from port %u on pass the last port, 65535", ka->threads, ka->udp_port);
	if (draft->key == NULL && !ka->lvs_peer && !draft->bad && !load->incomplete)
		conf_warn(load, &draft->keyword->place,
			  "connection_sync has no key: whoever reaches its interface can make connections "
			  "up; key "
			  "\"...\" or key_file PATH, the same on both boxes (or \"lvs_peer on\", if the peer "
			  "is LVS)");
}

static uint64_t
value_of(const struct ka_sync *ka, enum conf_sync_word id)
{
	return id == CONF_SYNC_ID        ? ka->sync_id
	       : id == CONF_SYNC_MAX_LEN ? ka->max_len
	       : id == CONF_SYNC_PORT    ? ka->udp_port
					 : ka->ttl;
}
