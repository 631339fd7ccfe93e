/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keepalive as the control core sees it: two boxes, one of which holds the
 * virtual addresses, and both of which know the connections.
 *
 * Life cycle: ka_start after dp_start and the first commit, ka_apply for each new
 * configuration, ka_stop before dp_stop. Everything here is for the control thread
 * and does not block on the keepalive thread (but ka_stop, for a second at most).
 *
 * A VRRP instance is, for the data plane, a group of addresses (dp_ha.h): instance i of
 * ka_conf has group `group`, a number that it keeps as long as it exists. The keepalive
 * thread holds and releases groups itself, without asking control, which may be busy.
 *
 * Specification: RFC 5798 and RFC 3768 as keepalived reads them; what the keywords mean
 * stands in doc/man/sluice.conf.5.
 */
#ifndef SLUICE_KA_H
#define SLUICE_KA_H

#include <sluice/addr.h>
#include <sluice/dp.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	KA_NAME_SIZE = 64,
	KA_PATH_SIZE = 256,
	KA_KEY_SIZE = 128, /* of a shared key, as text with its zero */
	KA_INSTANCES_MAX = 255,
	KA_HEARTBEATS_MAX = 16,
	KA_PRIORITY_OWNER = 255,
};

/* ---- configuration: plain data, defaults filled in. Times are milliseconds. ---- */

/* X(enum suffix, word): as keepalived says it */
#define KA_STATE_LIST(X)                                                                                     \
	X(INIT, "INIT")                                                                                      \
	X(BACKUP, "BACKUP")                                                                                  \
	X(MASTER, "MASTER")                                                                                  \
	X(FAULT, "FAULT")                                                                                    \
	X(STOP, "STOP")

enum ka_state {
#define X(id, word) KA_##id,
	KA_STATE_LIST(X)
#undef X
		KA_STATE_MAX
};

/*
 * What an instance or a sync group can depend on. PORT, INTERFACE and WORKERS are watched by the
 * keepalive thread itself, the others by control, which says what it finds (ka_track_set).
 * X(enum suffix, word)
 */
#define KA_TRACK_LIST(X)                                                                                     \
	X(PORT, "port")           /* the link of a port of the data plane */                                 \
	X(INTERFACE, "interface") /* a kernel interface: exists, is up and running */                        \
	X(WORKERS, "workers")     /* every worker advances */                                                \
	X(SCRIPT, "script")       /* vrrp_script */                                                          \
	X(FILE, "file")           /* vrrp_track_file: its value counts, times the weight */                  \
	X(PROCESS, "process")     /* vrrp_track_process */                                                   \
	X(GATEWAY, "gateway")     /* a next hop answers (ARP, neighbour discovery) */                        \
	X(QUORUM, "quorum")       /* a pool of real servers has its quorum */

enum ka_track_kind {
#define X(id, word) KA_TRACK_##id,
	KA_TRACK_LIST(X)
#undef X
		KA_TRACK_MAX
};

struct ka_track {
	uint8_t kind;      /* enum ka_track_kind */
	bool reverse;      /* good is bad */
	bool init_fail;    /* SCRIPT, PROCESS ...: counts as failed until something is known */
	int16_t weight;    /* 0: a failure is FAULT; > 0: added while good; < 0: added while bad */
	unsigned int port; /* PORT: its number */
	uint32_t debounce_down_ms, debounce_up_ms; /* PORT: its interface_up_down_delays */
	char name
		[KA_NAME_SIZE]; /* the interface; the script's, file's, process's, pool's name; the gateway as text */
};

/* An address that moves with an instance. */
struct ka_addr {
	struct sl_prefix prefix; /* the address itself, and its subnet's length */
	int port;                /* where it is announced; -1: the instance's */
	bool excluded; /* not listed in adverts: virtual_ipaddress_excluded, other family, FullNAT's */
	bool local;    /* a local address of full NAT */
};

struct ka_garp {
	uint32_t repeat, delay_ms; /* garp_master_repeat (5), garp_master_delay (5 s; 0: no second round) */
	uint32_t refresh_ms, refresh_repeat;   /* garp_master_refresh (0: none), ..._repeat (1) */
	uint32_t lower_repeat, lower_delay_ms; /* garp_lower_prio_*; as those above unless given */
	uint32_t interval_us,
		na_interval_us; /* garp_interval, gna_interval: between two of a port; 0: none */
};

enum ka_auth { KA_AUTH_NONE = 0, KA_AUTH_PASS = 1, KA_AUTH_AH = 2 };

struct ka_instance {
	char name[KA_NAME_SIZE];
	uint16_t group;        /* of the data plane (dp_ha.h), 1.. */
	unsigned int port;     /* `interface`: where adverts go, a port of the data plane */
	bool adverts;          /* VRRP packets are sent and heard (default); false: heartbeats alone decide */
	uint8_t family;        /* 4 or 6: of the adverts */
	uint8_t version;       /* 2 or 3 */
	uint8_t vrid;          /* 1..255 */
	uint8_t priority;      /* 1..255; 255: address owner */
	uint8_t initial;       /* enum ka_state: MASTER or BACKUP */
	uint32_t advert_ms;    /* advert_int; v2: whole seconds; v3: hundredths, 10..40950 */
	uint32_t down_adverts; /* down_timer_adverts: 3 */
	bool nopreempt;
	uint32_t preempt_delay_ms; /* 0: none */
	bool lower_prio_no_advert, higher_prio_send_advert;
	uint8_t auth;      /* enum ka_auth; v2 only */
	char auth_pass[9]; /* 8 octets, zero padded */

	struct sl_addr source;     /* unicast_src_ip, mcast_src_ip; none: the port's */
	struct sl_addr group_addr; /* mcast_dst_ip; none: 224.0.0.18, ff02::12 */
	struct sl_addr *peers;     /* unicast_peer: none: multicast */
	unsigned int peer_count;
	uint8_t unicast_ttl;    /* default 255 */
	bool check_unicast_src; /* adverts of strangers are dropped */
	bool skip_check_addrs;  /* skip_check_adv_addr */
	bool checksum_as_v2;    /* v3_checksum_as_v2: IPv4 without pseudo header */

	bool vmac;             /* use_vmac: 00:00:5e:00:01:VRID answers for the addresses */
	bool accept;           /* ping to its addresses is answered (default here) */
	struct ka_addr *addrs; /* all of it: in adverts those that are not excluded, in this order */
	unsigned int addr_count;
	struct ka_garp garp;

	struct ka_track *tracks;
	unsigned int track_count;
	bool track_port;      /* the link of `port` is tracked (not dont_track_primary) */
	int sync_group;       /* index of ka_conf.groups; -1: none */
	bool notify_priority; /* notify_priority_changes: an event for each */
	uint32_t debounce_down_ms, debounce_up_ms; /* interface_up_down_delays of `port` */
};

/* vrrp_sync_group: its instances change state together. */
struct ka_sync_group {
	char name[KA_NAME_SIZE];
	bool track_weights; /* sync_group_tracking_weight */
	struct ka_track *tracks;
	unsigned int track_count;
};

enum ka_heartbeat_kind { KA_HEARTBEAT_UDP, KA_HEARTBEAT_SERIAL };

/* A channel to the peer besides VRRP. */
struct ka_heartbeat {
	char name[KA_NAME_SIZE];
	uint8_t kind;          /* enum ka_heartbeat_kind */
	char key[KA_KEY_SIZE]; /* shared key: HMAC-SHA256 over each message; never empty */
	uint32_t interval_ms;  /* between two messages (100); those at a change of state come at once */
	uint32_t dead_ms;      /* so long silent: the channel is (interval * 3 + 100) */
	/* UDP */
	struct sl_addr local; /* bound to; none: any */
	struct sl_addr peer;  /* or a multicast group */
	uint16_t udp_port;    /* 694 */
	uint8_t ttl;          /* 1 for multicast, 64 else */
	char interface[16];   /* a kernel interface; "": the route's */
	/* serial */
	char device[KA_PATH_SIZE];
	uint32_t baud; /* 115200 */
};

/* lvs_sync_daemon and connection_sync. */
struct ka_sync {
	bool enabled;
	char interface[16]; /* a kernel interface; a port's name becomes its sl-NAME */
	char instance
		[KA_NAME_SIZE]; /* "": sends and receives always; else sends as its MASTER, receives as BACKUP */
	uint8_t sync_id;        /* 0..255; 0 as a receiver: any */
	uint16_t max_len;       /* UDP payload; 0: 1472, or what the interface's MTU allows */
	struct sl_addr group; /* 224.0.0.81, or a unicast peer */
	uint16_t udp_port;    /* 8848; thread i uses udp_port + i */
	uint8_t ttl;          /* 1 */
	unsigned int threads; /* 1 */
	uint32_t refresh_ms;  /* sync_refresh_period: 0: by the timeout alone */
	unsigned int retries; /* sync_retries: 0..3 */
	uint32_t queue;       /* entries that may wait, a worker (sync_qlen_max) */
	/* between Sluices */
	char key[KA_KEY_SIZE]; /* "": LVS's protocol as it is, from anybody on the link */
	struct sl_addr
		local; /* own address for bulk resynchronisation (TCP, the same port number); none: any */
	uint32_t
		gate_ms; /* a box that joins does not preempt before it is in sync, or this has passed; 0: no gate */
	bool lvs_peer; /* the other side is LVS: accepts unsigned messages though there is a key; no bulk, no gate */
};

struct ka_conf {
	char router_id[KA_NAME_SIZE];
	struct ka_instance *instances;
	unsigned int instance_count;
	struct ka_sync_group *groups;
	unsigned int group_count;
	struct ka_heartbeat *heartbeats;
	unsigned int heartbeat_count;
	struct ka_sync sync;
	uint32_t startup_delay_ms; /* vrrp_startup_delay */
	bool own_health;           /* a worker that stands still is FAULT of every instance (default) */
	bool fence; /* a fence command must have succeeded before a silent peer's addresses are taken */
	uint32_t fence_timeout_ms; /* then it counts as failed: 10 s */
	int rt_priority;           /* vrrp_rt_priority: SCHED_FIFO 1..99; 0: not real time. Default 50 */
};

/* ---- what happened ---- */

/* X(enum suffix, word) */
#define KA_EVENT_LIST(X)                                                                                     \
	X(STATE, "ha_state")          /* of an instance */                                                   \
	X(GROUP, "ha_group")          /* of a sync group */                                                  \
	X(PRIORITY, "ha_priority")    /* the effective one changed */                                        \
	X(CHANNEL, "ha_channel")      /* a channel to the peer is silent, or speaks again */                 \
	X(PEER, "ha_peer")            /* appeared, partly silent, dead, restarted */                         \
	X(SPLIT, "ha_split")          /* both boxes were MASTER; which one gives way */                      \
	X(LOWER, "ha_lower_priority") /* a MASTER hears adverts of lower priority */                         \
	X(FENCE, "ha_fence")          /* wants the fence command to run: answer by ka_fenced */              \
	X(SYNC, "ha_sync")            /* in sync, out of sync, bulk began, bulk ended, gate opened */

enum ka_event_kind {
#define X(id, word) KA_EVENT_##id,
	KA_EVENT_LIST(X)
#undef X
		KA_EVENT_MAX
};

struct ka_event {
	uint8_t kind;            /* enum ka_event_kind */
	uint8_t state;           /* STATE, GROUP: enum ka_state */
	uint8_t priority;        /* STATE, GROUP, PRIORITY: effective */
	bool good;               /* CHANNEL, PEER, SYNC: up, alive, in sync */
	uint16_t group;          /* STATE, PRIORITY: the instance's */
	char name[KA_NAME_SIZE]; /* of the instance, sync group or channel; the peer's router id */
	char text[192];          /* why, for the log: "no advert for 360 ms", "priority 0 from 192.0.2.2" */
};

/* ---- life ---- */

/*
 * Starts the keepalive thread and the sync threads. 0, or -errno with the reason in ret_error. Does
 * not keep `conf`. No instance, no heartbeat and no sync: no thread is needed, and none runs.
 */
int ka_start(const struct ka_conf *conf, char ret_error[DP_ERROR_SIZE]);

/*
 * The new configuration takes effect soon after. Instances keep their state by name; one that
 * is gone says priority 0 and releases its addresses first. 0, or -errno with nothing changed.
 */
int ka_apply(const struct ka_conf *conf, char ret_error[DP_ERROR_SIZE]);

/*
 * Hands over: priority 0, addresses released, what is still to be synced sent; then the threads
 * end. Returns after a second at the latest.
 */
void ka_stop(void);

/*
 * Readable while there are events; stable from ka_start on. -1: nothing ran yet. What happened during ka_stop
 * can be taken after it.
 */
int ka_event_fd(void);
/* The next event; false: there is none. An overflow of the queue is told as an event of its own kind PEER. */
bool ka_event_next(struct ka_event *ret_event);

/*
 * What control found of a tracked thing: FILE: its number; others: 0 bad, 1 good. By kind and name, for
 * all who track it, in this configuration or the one that was last given. Kept until a configuration tracks it no more.
 */
void ka_track_set(enum ka_track_kind kind, const char *name, int32_t value);

/* The fence command has ended. */
void ka_fenced(bool good);

/*
 * `instance` NULL: all. failover: a MASTER gives way (priority 0, then BACKUP that does not preempt until the peer
 * falls silent or `release`d again ...); -ENOENT no such instance, -EALREADY it is no MASTER, -EHOSTUNREACH no
 * peer is heard (unless `force`). release: what failover keeps back is let go: the instance runs by its
 * priority again.
 */
int ka_failover(const char *instance, bool force, char ret_error[DP_ERROR_SIZE]);
int ka_release(const char *instance, char ret_error[DP_ERROR_SIZE]);

/* ---- for those who look: copies, taken at one moment ---- */

struct ka_instance_status {
	char name[KA_NAME_SIZE];
	uint16_t group;
	uint8_t state;                   /* enum ka_state */
	uint8_t priority, base_priority; /* effective, configured */
	bool held_back;                  /* by failover, or by the gate */
	uint64_t since_ms;               /* in this state so long */
	struct sl_addr master;           /* who is MASTER as far as is known; none: nobody */
	uint8_t master_priority;
	uint32_t master_down_ms;          /* Master_Down_Interval now */
	char why[192];                    /* why it is in this state */
	uint64_t became_master, released; /* how often */
	uint64_t adverts_sent, adverts_received;
	uint64_t priority_zero_sent, priority_zero_received;
	uint64_t garps_sent;
	/* adverts not taken, by the reason */
	uint64_t bad_length, bad_ttl, bad_version, bad_auth, bad_interval, bad_type, bad_checksum, bad_source,
		bad_addrs;
};

struct ka_channel_status {
	char name[KA_NAME_SIZE]; /* the heartbeat's, or "vrrp INSTANCE" */
	const char *kind;        /* "udp", "serial", "vrrp" */
	bool alive;
	uint64_t heard_ago_ms; /* UINT64_MAX: never */
	uint64_t sent, received;
	uint64_t bad_frame, bad_auth, replayed, foreign; /* not taken */
	char peer[KA_NAME_SIZE];                         /* router id of whom was heard last */
};

/* How a peer of connection sync is heard; of several peers the last of these that holds for one of them. */
enum ka_sync_peer {
	KA_SYNC_PEER_NONE,   /* nobody has been heard since the start */
	KA_SYNC_PEER_GONE,   /* it has said goodbye */
	KA_SYNC_PEER_ALIVE,  /* it is heard, and hears this box */
	KA_SYNC_PEER_DEAF,   /* it is heard, but does not hear this box */
	KA_SYNC_PEER_SILENT, /* nothing has come of it for 3 s, and it has not said goodbye */
	KA_SYNC_PEER_LVS,    /* it is LVS, whose silence means nothing */
	KA_SYNC_PEER_MAX
};

struct ka_sync_status {
	bool enabled, sending, receiving;
	bool in_sync; /* knows all that the peer knows, as far as the peer has told; always so if it does not receive */
	uint8_t peer_state;             /* enum ka_sync_peer */
	uint64_t peer_state_ms;         /* in it for so long: SILENT: since it was heard; NONE: 0 */
	bool bulk;                      /* a bulk resynchronisation is running */
	uint64_t bulk_done, bulk_total; /* connections; the total is 0 until the peer has told all */
	uint64_t bulk_ms;               /* how long the last (or this) one took */
	uint64_t messages_sent, messages_received, bytes_sent, bytes_received;
	uint64_t conns_sent, conns_received, deletes_sent, deletes_received;
	uint64_t dropped; /* entries that were not sent, because the queue was full */
	uint64_t lost;    /* messages of the peer that never came, by their numbers */
	uint64_t bad_message, bad_auth, replayed, bad_entry, unknown_server, conflict, table_full;
	uint64_t foreign;        /* messages of another sync id, or of more peers than are followed */
	uint64_t skipped;        /* entries that are not kept here: persistence templates of LVS */
	uint64_t overrun;        /* entries that came in while the workers' rings were full for too long */
	char peer[KA_NAME_SIZE]; /* its address; "": none is known */
};

unsigned int ka_instance_count(void);
/* False: there are not so many. */
bool ka_instance_status(unsigned int i, struct ka_instance_status *ret_status);
bool ka_channel_status(unsigned int i, struct ka_channel_status *ret_status);
void ka_sync_status(struct ka_sync_status *ret_status);

#endif
