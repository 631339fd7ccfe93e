/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside the model: what its files share.
 *
 * model.c         questions about what runs, and the commands
 * model_apply.c   makes a new configuration file what runs
 * model_merge.c   the file applied last, the new file and what runs, side by side
 * model_check.c   what may be asked for at all
 * model_forward.c how packets reach servers: what goes with what
 * model_restart.c what cannot change while running
 * model_diff.c    changes as text
 * model_diff_health.c  the same of checks and pools
 * model_diff_ha.c the same of two boxes: VRRP, heartbeats, connection sync
 * model_diff_text.c  what those two compare by
 * model_health.c  what health makes of servers
 * model_net.c     addresses, routes, neighbours and local addresses
 * model_groups.c  the numbers by which the data plane knows vrrp_instances
 * model_change.c  a change: staged beside what runs, then made in one transaction
 * model_index.c   finding services by key, listing them in order
 *
 * A change never touches what runs until the data plane has taken it: it is a
 * set of future services, each beside the running one that it will replace.
 * Only the control thread is here; nothing needs protection.
 */
#ifndef SLUICE_MODEL_PRIVATE_H
#define SLUICE_MODEL_PRIVATE_H

#include "model.h"
#include "sl_addr.h"

#include <sluice/dp_ha.h>

/* "TCP [2001:db8::1]:80" */
#define MODEL_KEY_STRLEN (SL_ENDPOINT_STRLEN + 4)

/* `pub` comes first: a struct model_service of ours is one of these. */
struct service {
	struct model_service pub;
	uint32_t next_order;      /* of the next server to be added */
	bool staged;              /* a step is about this running service */
	struct service *hashed;   /* next in its bucket */
	struct service **in_hash; /* what points at us in the bucket */
	struct model_service **in_list;
};

static inline struct service *
service_of(struct model_service *pub)
{
	return (struct service *)pub;
}

/* ---- model_index.c ---- */

/*
 * Services by key, and in sorted order. What was added since somebody last
 * asked for the order waits in `added` and is merged in then.
 */
struct model_index {
	struct service **bucket;
	uint32_t bucket_count; /* a power of two, or 0 */
	uint32_t count;
	struct model_service *sorted;
	struct model_service *added;
};

int model_key_compare(const struct dp_service_key *a, const struct dp_service_key *b);

/* Room for `more` services, so that adding them cannot fail. 0 or -ENOMEM. */
int model_index_reserve(struct model_index *index, uint32_t more);
void model_index_add(struct model_index *index, struct service *service);
void model_index_remove(struct model_index *index, struct service *service);
struct service *model_index_find(const struct model_index *index, const struct dp_service_key *key);
struct model_service *model_index_sorted(struct model_index *index);
void model_index_fini(struct model_index *index);

/* NULL when out of memory. A copy has the servers too, but is in no index. */
struct service *service_create(const struct dp_service_key *key);
struct service *service_copy(const struct service *from);
void service_destroy(struct service *service);

/* At the head, as Linux IPVS does. NULL when out of memory. */
struct model_real *service_real_add(struct service *service, const struct sl_addr *addr, uint16_t port);
void service_real_remove(struct service *service, struct model_real *real);

/* ---- model_groups.c ---- */

/* Whose addresses each group of the data plane (dp_ha.h) has: the vrrp_instance's name; "": nobody's. */
struct model_groups {
	char name[DP_HA_GROUPS_MAX][KA_NAME_SIZE];
	unsigned int last; /* given out */
};

/*
 * A number for each instance of `conf`: its own as long as it exists. Those of instances that are
 * gone are free, but given out again as late as can be, for keepalive may still hold them.
 */
void model_groups_assign(struct model_groups *groups, const struct conf *conf);
/* 0: it has none. */
uint16_t model_groups_find(const struct model_groups *groups, const char *name);

/* What keepalive takes of `conf`, in the data plane's numbers: conf_ha_copy. */
struct ka_conf *model_groups_ka(const struct model_groups *groups, const struct conf *conf,
				const struct model *model);

/* ---- model_net.c ---- */

/* The network of a configuration as the data plane takes it: ports numbered as they were opened. */
struct model_net {
	struct dp_net dp;
	const struct model_groups *owners; /* of dp.moving */
	struct dp_net_addr *addrs;
	struct dp_route *routes;
	struct dp_static_neigh *neighs;
	struct dp_local_group *groups;
	struct dp_local_addr *locals; /* of all groups, one behind the other */
	struct dp_moving *moving;
	struct sl_addr *kept;
};

/* `conf` may be NULL: an empty network. `owners` lives as long as it. 0 or -ENOMEM. */
int model_net_build(struct model_net *ret_net, const struct conf *conf, const struct model *model,
		    const struct model_groups *owners);
void model_net_fini(struct model_net *net);

/* Ports of a file that passed the check are all open; one that is not keeps its own number. */
unsigned int model_port_opened(const struct model *model, const struct conf *conf, unsigned int index);

/*
 * How `to` differs from `from`: one line() each ("+ route ...", "- address ..."), NULL to only ask
 * whether it does. 1 or 0, or -ENOMEM.
 */
int model_net_diff(const struct model *model, const struct model_net *from, const struct model_net *to,
		   void (*line)(const char *text, void *context), void *context);

/* ---- model_change.c ---- */

/* One service as it shall be. */
struct model_step {
	struct model_step *next;
	struct service *running; /* NULL: is added */
	struct service *future;  /* NULL: is removed */
	const struct conf_place *place;
	uint32_t *flush; /* slots of servers whose connections end at once */
	uint32_t flush_count;
};

struct model_change {
	struct model_step *first, **last_next;
	uint32_t added;           /* services, for model_index_reserve */
	const struct dp_net *net; /* NULL: stays as it is */
};

void model_change_init(struct model_change *change);
/* Takes `future` over in any case. NULL when out of memory. */
struct model_step *model_change_add(struct model_change *change, struct service *running,
				    struct service *future);
/* The connections of the server at `slot` end when the change is made. 0 or -ENOMEM. */
int model_step_flush(struct model_step *step, uint32_t slot);
/*
 * Makes the change: in the data plane, then here. 0, or -errno with the reason
 * in *ret_error, the step that failed in *ret_step (NULL: none in particular),
 * and nothing changed anywhere.
 */
int model_change_commit(struct model *model, struct model_change *change, struct model_error *ret_error,
			const struct model_step **ret_step);
/* Frees what is left of it. */
void model_change_fini(struct model_change *change);

/* ---- model_check.c ---- */

int model_error_set(struct model_error *ret_error, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int model_error_memory(struct model_error *ret_error);

const char *model_key_format(const struct dp_service_key *key, char buf[MODEL_KEY_STRLEN]);
const char *model_fwd_name(int fwd);

/* May there be such a service, such a server? 0, or -EINVAL with the reason. */
int model_check_service(const struct dp_service_key *key, struct model_error *ret_error);
int model_check_real(const struct dp_service_key *key, const struct sl_addr *addr, uint16_t port,
		     int64_t weight, struct model_error *ret_error);

/* ---- model_forward.c ---- */

/*
 * Do the methods, tunnels, options and local addresses of a service and its servers
 * fit together, with the groups of `conf`? 0, or -EINVAL with the reason, and the server that it
 * is about in *ret_real (NULL: none in particular; ret_real may be NULL).
 */
int model_forward_check(const struct conf *conf, const struct model_service *service,
			struct model_error *ret_error, const struct model_real **ret_real);

/* Which of DP_SERVICE_FALLBACK and DP_SERVICE_PORT the service's scheduler knows nothing of. */
uint8_t model_sched_unknown(const struct model_service *service);

/* The same of all that run and are not staged: does `conf` leave them their local addresses? */
int model_forward_check_rest(struct model *model, const struct conf *conf, struct model_error *ret_error);

/* A change of method and tunnel by command: `now` and `now_tunnel` become what they shall be. */
int model_forward_set(enum sl_fwd *now, struct dp_tunnel *now_tunnel, int fwd, const struct dp_tunnel *tunnel,
		      const struct dp_tunnel *otherwise, const char *object, struct model_error *ret_error);

/* ---- model_restart.c ---- */

/* Where a fault of the file as a whole is shown. */
const struct conf_place *model_conf_place(const struct conf *conf);

/* ---- model_diff.c ---- */

/* What changes between the two: the first is NULL for a new service, the second for a removed one. */
void model_diff_service(const struct service *running, const struct service *future,
			void (*line)(const char *text, void *context), void *context);

/* ---- model_diff_health.c ---- */

/* What changes of checks and pools, of services and servers that both have. `old` may be NULL. */
void model_diff_health(const struct conf *old, const struct conf *new,
		       void (*line)(const char *text, void *context), void *context);

/* ---- model_diff_ha.c ---- */

/* What changes of two boxes. `old` may be NULL. */
void model_diff_ha(const struct conf *old, const struct conf *new,
		   void (*line)(const char *text, void *context), void *context);

/* ---- model_diff_text.c ---- */

/* Lines of an object, old and new, each to be freed: this does it. NULL: out of memory, and then nothing is said. */
void model_diff_texts(const char *object, char *old, char *new, void (*line)(const char *text, void *context),
		      void *context);

/* ---- the model itself ---- */

struct model {
	struct conf *conf; /* applied last; NULL before the first */
	struct model_index index;

	struct model_watcher watchers[MODEL_WATCHERS_MAX];
	unsigned int watcher_count;

	/* as they were opened, for the data plane's numbers */
	struct dp_port_conf *ports;
	unsigned int port_count;
	struct model_groups groups;

	/* the data plane's own, before any configuration said otherwise */
	unsigned int tcp_s, tcp_fin_s, udp_s;
};

/* ---- model_merge.c ---- */

/*
 * Stages what `conf` changes in the services. 0, or -errno with *ret_error
 * filled and the place of what was wrong (or NULL) in *ret_place.
 */
int model_merge(struct model *model, const struct conf *conf, struct model_change *change,
		struct model_error *ret_error, const struct conf_place **ret_place);

#endif
