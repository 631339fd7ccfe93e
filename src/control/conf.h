/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A configuration file, parsed and checked, as plain data.
 *
 * conf_load reads the file (and what it includes), reports every fault it
 * finds, and gives a struct conf only if there was none. A struct conf is
 * never changed afterwards; conf_free ends it. No DPDK, no running state:
 * tests and `sluiced --check` use it alone.
 */
#ifndef SLUICE_CONF_H
#define SLUICE_CONF_H

#include <sluice/addr.h>
#include <sluice/conn.h>
#include <sluice/dp.h>
#include <sluice/sched.h>

#include "conf_ha.h"
#include "conf_health.h"

#include <stdio.h>

enum conf_severity { CONF_ERROR, CONF_WARNING };

/* One fault. `text` says what is wrong and what would be right. */
struct conf_fault {
	struct conf_fault *next;
	enum conf_severity severity;
	char *file;
	unsigned int line, column;
	char *text;
};

/* All faults of one load, in order of appearance. Zero is empty. */
struct conf_faults {
	struct conf_fault *first, **last_next;
	unsigned int errors, warnings;
	unsigned int here; /* of the warnings: what this box lacks at the moment, which a strict load takes */
};

void conf_fault_add(struct conf_faults *faults, enum conf_severity severity, const struct conf_place *place,
		    const char *format, ...) __attribute__((format(printf, 4, 5)));
/* One `file:line:col: message` a line; warnings say "warning: " before the message. */
void conf_faults_print(const struct conf_faults *faults, FILE *stream);
void conf_faults_free(struct conf_faults *faults);

struct conf_port {
	struct conf_place place;
	struct dp_port_conf dp;
	struct sl_prefix *addrs;
	unsigned int addr_count;
	struct sl_addr gateway4, gateway6; /* none: sl_addr_is_none */
};

struct conf_route {
	struct conf_place place;
	struct dp_route dp;
};

struct conf_neigh {
	struct conf_place place;
	struct dp_static_neigh dp;
};

struct conf_real {
	struct conf_place place;
	struct sl_addr addr;
	uint16_t port;
	enum sl_fwd fwd;
	struct dp_tunnel tunnel;
	uint32_t weight;
	uint32_t upper, lower;            /* uthreshold, lthreshold; 0: none */
	const struct conf_health *health; /* its checks; never NULL, and one for all services of a group */
};

struct conf_service {
	struct conf_place place;
	struct dp_service_key key;
	const struct sched_ops *sched;
	enum sl_fwd fwd; /* lb_kind: the servers' default, and its tunnel */
	struct dp_tunnel tunnel;
	char local_group[DP_NAME_SIZE]; /* laddr_group_name; "": none */
	uint16_t mss;                   /* mss_clamp: a number, or DP_MSS_* */
	uint8_t options;                /* DP_SERVICE_*, CONF_SERVICE_UNANNOUNCED */
	struct conf_real *reals;        /* in the file's order */
	unsigned int real_count;
	struct conf_real *sorry;      /* sorry_server; NULL: none. Weight 1, no checks */
	const struct conf_pool *pool; /* never NULL, and one for all services of a group */
};

/* local_address_group NAME { ADDRESS[-ADDRESS] PORT ... }, ranges spread out. */
struct conf_local_group {
	struct conf_place place;
	char name[DP_NAME_SIZE];
	char instance[KA_NAME_SIZE]; /* vrrp_instance that they move with; "": none, they stay */
	struct dp_local_addr *addrs;
	unsigned int addr_count;
};

/* VIPs as routes of the kernel, for a routing daemon: announce.h. */
struct conf_announce {
	struct conf_place place;
	uint32_t table;          /* announce_table; 0: none are made */
	char port[DP_NAME_SIZE]; /* announce_port, or the first that has a kernel interface */
	bool any;                /* announce_while any: one good service of a VIP is enough */
};

/* Beside DP_SERVICE_*, for the control core alone: what the VIP announces does not depend on this service. */
enum { CONF_SERVICE_UNANNOUNCED = 1 << 7 };

struct conf {
	char router_id[64];
	char socket_path[108];                /* "" : the built-in default */
	unsigned int tcp_s, tcp_fin_s, udp_s; /* lvs_timeouts; 0: default */
	unsigned int conn_reuse_mode;         /* default 1 */
	struct conf_ssl ssl;                  /* the SSL block */
	bool script_security;                 /* enable_script_security */
	struct conf_announce announce;

	unsigned int workers; /* 0: auto */
	int *worker_cpus;     /* from worker_cores; NULL: chosen by count */
	unsigned int worker_cpu_count;
	enum dp_idle idle;
	uint32_t connections;      /* default 1,000,000 */
	uint32_t mbufs, memory_mb; /* 0: auto */
	bool pmtu_disc;            /* default on */
	uint32_t answer_rate;      /* default 1000 a second; 0: none */
	uint32_t kernel_rate;      /* default 50000 a second */
	struct conf_place dataplane_place;

	struct conf_port *ports;
	unsigned int port_count;
	struct conf_route *routes; /* gateways of ports not included */
	unsigned int route_count;
	struct conf_neigh *neighs;
	unsigned int neigh_count;
	struct conf_local_group *groups;
	unsigned int group_count;
	struct conf_service *services; /* a group's are many, one for each address and port */
	unsigned int service_count;
	struct conf_pool *pools; /* in the file's order */
	unsigned int pool_count;
	struct conf_track_file *track_files;
	unsigned int track_file_count;
	uint32_t *service_order; /* for conf_service_find */

	struct ka_conf ka; /* VRRP, heartbeats, connection sync; conf_ha.h says how it counts */
	struct conf_ha ha;

	void *arena; /* conf_free's business */
};

/*
 * Loads a file. NULL if there is an error (faults->errors > 0, or `strict`
 * and faults->warnings > faults->here); faults tell why, file-not-found included.
 */
struct conf *conf_load(const char *path, bool strict, struct conf_faults *faults);

/* The same from memory; `name` stands in messages and is the base of includes. */
struct conf *conf_load_text(const char *name, const char *text, size_t len, bool strict,
			    struct conf_faults *faults);
void conf_free(struct conf *conf);

/* NULL: not in it. */
const struct conf_service *conf_service_find(const struct conf *conf, const struct dp_service_key *key);
const struct conf_real *conf_real_find(const struct conf_service *service, const struct sl_addr *addr,
				       uint16_t port);
/* For the loader: makes the former work, in memory for a number for each service. */
void conf_order_make(struct conf *conf, uint32_t *room);

#endif
