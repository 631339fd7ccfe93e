/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the builders of VRRP, heartbeats and connection sync share: drafts. Much
 * of what they need may stand further on in the file (ports, defaults of
 * global_defs, scripts, other instances), so words are kept, and made good by
 * conf_ha_finish when all of the file is known. Scratch memory.
 */
#ifndef CONF_VRRP_H
#define CONF_VRRP_H

#include "conf_check.h"
#include "conf_ha.h"
#include "conf_keywords.h"

enum conf_setting_kind { CONF_SETTING_NUMBER, CONF_SETTING_TIME, CONF_SETTING_MICRO, CONF_SETTING_FLAG };

/*
 * What an instance can say, and global_defs for all that do not. X(enum suffix, what the keyword begins with in
 * global_defs, keyword, value as it is written, kind, lowest, highest, default): milliseconds, microseconds.
 */
#define CONF_SETTING_LIST(X)                                                                                 \
	X(VERSION, "vrrp_", "version", "2|3", NUMBER, 2, 3, 2)                                               \
	X(DOWN_ADVERTS, "vrrp_", "down_timer_adverts", "NUMBER", NUMBER, 1, 100, 3)                          \
	X(GARP_DELAY, "vrrp_", "garp_master_delay", "SECONDS", TIME, 0, 86400000, 5000)                      \
	X(GARP_REPEAT, "vrrp_", "garp_master_repeat", "NUMBER", NUMBER, 1, 1000, 5)                          \
	X(GARP_REFRESH, "vrrp_", "garp_master_refresh", "SECONDS", TIME, 0, 86400000, 0)                     \
	X(GARP_REFRESH_REPEAT, "vrrp_", "garp_master_refresh_repeat", "NUMBER", NUMBER, 1, 1000, 1)          \
	X(GARP_LOWER_DELAY, "vrrp_", "garp_lower_prio_delay", "SECONDS", TIME, 0, 86400000, 0)               \
	X(GARP_LOWER_REPEAT, "vrrp_", "garp_lower_prio_repeat", "NUMBER", NUMBER, 0, 1000, 0)                \
	X(GARP_INTERVAL, "vrrp_", "garp_interval", "SECONDS", MICRO, 0, 10000000, 0)                         \
	X(GNA_INTERVAL, "vrrp_", "gna_interval", "SECONDS", MICRO, 0, 10000000, 0)                           \
	X(LOWER_NO_ADVERT, "vrrp_", "lower_prio_no_advert", "[on|off]", FLAG, 0, 1, 0)                       \
	X(HIGHER_SEND_ADVERT, "vrrp_", "higher_prio_send_advert", "[on|off]", FLAG, 0, 1, 1)                 \
	X(CHECK_UNICAST, "vrrp_", "check_unicast_src", "[on|off]", FLAG, 0, 1, 0)                            \
	X(SKIP_CHECK, "vrrp_", "skip_check_adv_addr", "[on|off]", FLAG, 0, 1, 0)                             \
	X(CHECKSUM_V2, "", "v3_checksum_as_v2", "[on|off]", FLAG, 0, 1, 0)                                   \
	X(NOTIFY_PRIORITY, "vrrp_", "notify_priority_changes", "[on|off]", FLAG, 0, 1, 0)

enum conf_setting {
#define X(id, prefix, keyword, value, kind, low, high, standard) CONF_SETTING_##id,
	CONF_SETTING_LIST(X)
#undef X
		CONF_SETTING_MAX
};

/* The row of one of them, with its whole keyword, in a table of keywords. */
#define CONF_SETTING_ROW(keyword, value, kind)                                                               \
	WORDS(keyword, conf_build_vrrp_setting, (kind) == CONF_SETTING_FLAG ? 0 : 1, 1, keyword " " value)

struct conf_settings {
	const struct conf_word *given[CONF_SETTING_MAX]; /* NULL: not */
	uint32_t value[CONF_SETTING_MAX];
};

/* A line of virtual_ipaddress. */
struct conf_vip_draft {
	struct sl_prefix prefix;
	const struct conf_word *word, *dev; /* dev NULL: the instance's */
	bool excluded;
};

/* A line of track_script and the like. */
struct conf_track_draft {
	enum ka_track_kind kind; /* INTERFACE: it may be a port, too */
	const struct conf_word *word;
	char name[KA_NAME_SIZE];
	bool has_weight, reverse;
	int32_t weight;
};

struct conf_tracks {
	struct conf_track_draft *draft;
	unsigned int count;
};

struct conf_instance_draft {
	const struct conf_word *name;
	struct ka_instance ka; /* name, and whatever needs nothing else */
	struct conf_ha_notify notify;
	struct conf_settings settings;
	struct conf_tracks tracks;
	struct conf_vip_draft *vips;
	unsigned int vip_count;
	/* Where things stand; NULL: not given. */
	const struct conf_word *interface, *vrid, *priority, *state, *advert, *source, *group_addr,
		*auth_type, *auth_pass, *nopreempt, *preempt_delay, *adverts, *ttl;
	const struct conf_word **peers; /* of ka.peers */
	int port;                       /* found by the name; -1 */
	bool bad;                       /* has had a fault: what it lacks may be in that */
};

struct conf_sync_group_draft {
	const struct conf_word *name;
	struct ka_sync_group ka;
	struct conf_ha_notify notify;
	struct conf_tracks tracks;
	const struct conf_word **members;
	unsigned int member_count;
	bool bad;
};

/* connection_sync, or lvs_sync_daemon. */
#define CONF_SYNC_LIST(X)                                                                                    \
	X(INTERFACE)                                                                                         \
	X(INSTANCE)                                                                                          \
	X(ID)                                                                                                \
	X(MAX_LEN)                                                                                           \
	X(PORT)                                                                                              \
	X(TTL)                                                                                               \
	X(GROUP)

enum conf_sync_word {
#define X(id) CONF_SYNC_##id,
	CONF_SYNC_LIST(X)
#undef X
		CONF_SYNC_MAX
};

struct conf_sync_draft {
	const struct conf_word *keyword;              /* NULL: it is not there */
	const struct conf_word *given[CONF_SYNC_MAX]; /* NULL: not */
	struct ka_sync ka;
	const char *key_file;
	const struct conf_word *local, *gate, *key;
	bool bad;
};

/* interface_up_down_delays */
struct conf_delay_draft {
	const struct conf_word *name;
	uint32_t down_ms, up_ms;
};

struct conf_heartbeat_draft {
	const struct conf_word *keyword, *name;
	struct ka_heartbeat ka;
	const char *key_file;
	const struct conf_word *interface, *key, *peer, *local, *device, *dead;
	bool bad;
};

struct conf_ha_load {
	struct conf_settings defaults; /* global_defs */
	bool min_garp;
	struct sl_addr mcast4, mcast6;
	struct conf_instance_draft *instances;
	unsigned int instance_count;
	struct conf_sync_group_draft *groups;
	unsigned int group_count;
	struct conf_heartbeat_draft *heartbeats;
	unsigned int heartbeat_count;
	struct conf_sync_draft daemon, sync;
	struct conf_delay_draft *delays;
	unsigned int delay_count;
	const struct conf_word *fence_timeout;
	struct conf_table addrs; /* that move: address -> its struct conf_moving_draft */
};

/* Whose an address is that moves. */
struct conf_moving_draft {
	const struct conf_instance_draft *instance;
	const struct conf_place *place;
};

/* At the beginning of a load: defaults. */
void conf_ha_begin(struct conf_load *load);

/* When all else has been checked: drafts become conf->ka and conf->ha. */
void conf_ha_finish(struct conf_check *check);

/* Steps of it, in this order. */
void conf_ha_finish_heartbeats(struct conf_check *check);
void conf_ha_finish_instances(struct conf_check *check);
void conf_ha_finish_groups(struct conf_check *check);
void conf_ha_finish_sync(struct conf_check *check);

/* The addresses of an instance, whose port is known, and its family. */
void conf_ha_finish_addrs(struct conf_check *check, struct conf_instance_draft *draft);

/* Whether an address that moves is also something that must be elsewhere: a server, a gateway. */
void conf_ha_finish_servers(struct conf_check *check);

/* Looks names up; `owner`: what tracks, "vrrp_instance VI_1". Weights are made 0 where `no_weights` says why. */
struct ka_track *conf_ha_finish_tracks(struct conf_check *check, const struct conf_tracks *tracks,
				       const char *owner, const char *no_weights, unsigned int *ret_count);

/*
 * The number of a port, by its name, or by that of the kernel interface that is its device, as a keepalived.conf
 * has it. -1 after reporting that there is none.
 */
int conf_ha_port(struct conf_check *check, const struct conf_word *name);

/* The same, without reporting. */
int conf_ha_port_find(const struct conf *conf, const char *name);

/* How long a change of a port's link must last: its last line counts. Written only if it has one. */
void conf_ha_delays(const struct conf_load *load, int port, uint32_t *ret_down_ms, uint32_t *ret_up_ms);

/* The draft of a name, or NULL after reporting that there is none, with the nearest. */
struct conf_instance_draft *conf_ha_instance_find(struct conf_load *load, const struct conf_word *name);

/* A kernel interface by its name, or that of a port with a tap. False after reporting a fault. */
bool conf_ha_kernel_interface(struct conf_check *check, const struct conf_word *word, char ret_name[16]);

/* Warns if this box has no kernel interface of that name at the moment, and no tap will be it. */
void conf_ha_interface_here(struct conf_load *load, const struct conf_word *word);

/* The same of an interface that is tracked. */
void conf_ha_track_here(struct conf_load *load, const struct conf_word *word, const char *name);

/* A device that is none is an error; one that this box lacks at the moment is a warning. */
void conf_ha_line_here(struct conf_load *load, const struct conf_word *word);

/* key "..." and key_file PATH; `key` is where either stands. False after reporting a fault. */
bool conf_ha_key(struct conf_load *load, const struct conf_stmt *stmt, const struct conf_word **key,
		 char ret_key[KA_KEY_SIZE], const char **ret_file);

/* `NUMBER [reverse|noreverse]`, the number from -most to most. */
bool conf_ha_weight(struct conf_load *load, const struct conf_word *words, unsigned int count, int32_t most,
		    int32_t *ret_weight, bool *ret_reverse);

/* "there is no WHAT NAME (did you mean ...?)" */
void conf_ha_missing(struct conf_load *load, const struct conf_word *name, const char *what,
		     const char *near);

#endif
