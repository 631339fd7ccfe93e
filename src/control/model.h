/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What runs: services and their servers, as changed by configuration files
 * and by commands, and the one way by which either reaches the data plane.
 *
 * Only the control thread touches the model. Every change is checked whole
 * first; then the model and the data plane change together, or neither does.
 *
 * A new file is compared with the file applied last, not with what runs: what
 * was changed by command and whose text did not change stays as it is.
 */
#ifndef SLUICE_MODEL_H
#define SLUICE_MODEL_H

#include "conf.h"

struct model_real {
	struct model_real *next; /* towards older servers: the list falls by order */
	struct sl_addr addr;
	uint16_t port;
	enum sl_fwd fwd;
	struct dp_tunnel tunnel;
	uint32_t weight;       /* configured, or set by command */
	uint32_t last_weight;  /* that schedulers saw and was not 0; 0: none yet */
	bool draining;         /* takes no new connections until undrained */
	uint32_t upper, lower; /* as in struct dp_real; configured */
	uint32_t order;
	uint32_t slot; /* for dp_real_stats */

	/* what health made of it: model_health_set */
	bool sorry; /* the service's sorry_server */
	bool out; /* has no part in the service just now: failed, not yet up, or a sorry server not needed */
	int64_t health_weight; /* in place of `weight`; -1: `weight` holds */
	uint32_t maxconn;      /* the agent's limit; 0: none */
};

struct model_service {
	struct model_service *next; /* in sorted order: protocol, address, port */
	struct dp_service_key key;
	const struct sched_ops *sched;
	enum sl_fwd fwd;
	struct dp_tunnel tunnel; /* of servers that do not name one */
	char local_group[DP_NAME_SIZE];
	uint16_t mss;
	uint8_t options;          /* DP_SERVICE_*, CONF_SERVICE_UNANNOUNCED */
	struct model_real *reals; /* newest first, as Linux IPVS lists them */
	uint32_t real_count;
	uint32_t slot; /* for dp_service_stats */
};

/* Why a change was refused, for the person who asked for it. */
struct model_error {
	int code; /* -ENOENT, -EEXIST, -EINVAL, -ENOMEM, ... */
	char text[DP_ERROR_SIZE];
};

struct model;

/*
 * `conf` is the first configuration; the model owns it from here on, unless
 * NULL comes back. The ports are open.
 */
struct model *model_create(struct conf *conf, struct model_error *ret_error);
void model_destroy(struct model *model);

/*
 * Makes `conf` what runs and owns it then; on failure it is the caller's and
 * nothing has changed. A change that needs a restart (ports' devices, workers,
 * capacity) is an error that says so, added to `faults` with its place.
 */
int model_apply(struct model *model, struct conf *conf, struct conf_faults *faults);

/*
 * What of `conf` needs a restart, as model_apply would refuse it: 0, or -EINVAL
 * with the faults added.
 */
int model_check(const struct model *model, const struct conf *conf, struct conf_faults *faults);

/* What model_apply would do, one line a change ("+ service TCP ...", "- real ..."), without doing it. */
void model_diff(struct model *model, const struct conf *conf, void (*line)(const char *text, void *context),
		void *context);

const struct conf *model_conf(const struct model *model);
/*
 * What keepalive takes of the configuration that runs, with ports as the data plane numbers them, and each
 * instance's own group of addresses. To be freed by free(). NULL: out of memory.
 */
struct ka_conf *model_ka(const struct model *model);
struct model_service *model_services(struct model *model);
unsigned int model_service_count(const struct model *model);
struct model_service *model_service_find(struct model *model, const struct dp_service_key *key);
struct model_real *model_real_find(struct model_service *service, const struct sl_addr *addr, uint16_t port);

/*
 * What a command may set; NULL or -1 leaves it as it is (edit) or takes the default (add).
 * Start from the initialisers below, which set nothing.
 */
struct model_service_change {
	const struct sched_ops *sched;  /* default wlc */
	int fwd;                        /* enum sl_fwd; default DR, as ipvsadm */
	const struct dp_tunnel *tunnel; /* default IPIP; only with SL_FWD_TUN */
	const char *local_group;        /* default "" */
	int mss;                        /* default DP_MSS_KEEP */
	int options;                    /* default 0 */
};
struct model_real_change {
	int64_t weight;                 /* default 1 */
	int fwd;                        /* default: the service's */
	const struct dp_tunnel *tunnel; /* default: the service's; only with SL_FWD_TUN */
};

#define MODEL_SERVICE_CHANGE_NONE                                                                            \
	{                                                                                                    \
		.fwd = -1, .mss = -1, .options = -1                                                          \
	}
#define MODEL_REAL_CHANGE_NONE                                                                               \
	{                                                                                                    \
		.weight = -1, .fwd = -1                                                                      \
	}

/*
 * Each: 0, or -errno with *ret_error filled and nothing changed. As in Linux,
 * -ESRCH is a service that does not exist, -ENOENT a server that does not,
 * -EEXIST either that does.
 */
int model_service_add(struct model *model, const struct dp_service_key *key,
		      const struct model_service_change *change, struct model_error *ret_error);
int model_service_edit(struct model *model, const struct dp_service_key *key,
		       const struct model_service_change *change, struct model_error *ret_error);
int model_service_del(struct model *model, const struct dp_service_key *key, struct model_error *ret_error);
int model_real_add(struct model *model, const struct dp_service_key *key, const struct sl_addr *addr,
		   uint16_t port, const struct model_real_change *change, struct model_error *ret_error);
int model_real_edit(struct model *model, const struct dp_service_key *key, const struct sl_addr *addr,
		    uint16_t port, const struct model_real_change *change, struct model_error *ret_error);
/* `flush`: end its connections too, instead of letting them finish. */
int model_real_del(struct model *model, const struct dp_service_key *key, const struct sl_addr *addr,
		   uint16_t port, bool flush, struct model_error *ret_error);
/* No new connections (on) or again (off); those it has go on. */
int model_real_drain(struct model *model, const struct dp_service_key *key, const struct sl_addr *addr,
		     uint16_t port, bool on, struct model_error *ret_error);

/* The weight that schedulers see: the configured one, health's in its place, 0 while draining. */
uint32_t model_real_weight(const struct model_real *real);

/* The limits in force on a server's connections: as configured, with LVS's default, or as its agent says. 0: none. */
void model_real_limits(const struct model_real *real, uint32_t *ret_upper, uint32_t *ret_lower);

/*
 * What health decides about one server. It holds until the next decision, over configuration files
 * and commands: those change `weight`, which this may stand in for.
 */
struct model_health {
	struct dp_service_key key;
	struct sl_addr addr;
	uint16_t port;
	bool out;
	int64_t weight; /* -1: as configured */
	uint32_t maxconn;
	bool flush; /* and its connections end */
};

/*
 * All in one transaction; each server is named once at most. One that does not exist is passed
 * over. 0, or -errno with *ret_error filled and nothing changed.
 */
int model_health_set(struct model *model, const struct model_health *changes, size_t count,
		     struct model_error *ret_error);

/* Who wants to know of changes: health, and high availability. */
struct model_watcher {
	/* A file has become what runs. The one before it (NULL: there was none) is freed after the call. */
	void (*applied)(const struct conf *old, const struct conf *now, void *context);
	/* A command has changed a service. May be NULL. */
	void (*changed)(const struct dp_service_key *key, void *context);
	void *context;
};
/*
 * Called in the order in which they came, MODEL_WATCHERS_MAX at most; not for model_health_set. A watcher
 * changes nothing from inside its calls.
 */
enum { MODEL_WATCHERS_MAX = 2 };
void model_watch(struct model *model, const struct model_watcher *watcher);
/* The one with this context. One that is not there does nothing. */
void model_unwatch(struct model *model, const void *context);

#endif
