/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The data plane as the control core sees it.
 *
 * Life cycle: dp_eal_start, dp_port_open for each port, dp_start, then any
 * number of transactions and queries while dp_poll is called every millisecond
 * or so, then dp_stop. Everything here is for the control thread alone, never
 * blocks on a worker and may be called at any packet load.
 *
 * What workers shall do is changed by transactions: begin, put and remove
 * services, replace the network (addresses, routes, static neighbours), then
 * commit, which publishes all of it to the workers with one pointer store, or
 * abort. Objects are found by their keys: a service by protocol, VIP and port,
 * a real server by service, address and port. An object that is put again
 * under the same key keeps its slot, its connections and its counters.
 *
 * A real server that is left out of its service (or goes with it) takes no new
 * connection; those it has go on, and when the last has ended its slot is
 * freed. If it comes back before that, it takes them up again.
 */
#ifndef SLUICE_DP_H
#define SLUICE_DP_H

#include <sluice/addr.h>
#include <sluice/conn.h>
#include <sluice/drop.h>
#include <sluice/sched.h>

#include <stddef.h>
#include <stdint.h>

enum {
	DP_WORKERS_MAX = 64,
	DP_PORTS_MAX = 16,
	DP_QUEUES_MAX = 64,
	DP_NAME_SIZE = 32,
	DP_DEVICE_SIZE = 256,
	DP_ERROR_SIZE = 512,
};

/* ---- start and stop ---- */

enum dp_idle {
	DP_IDLE_ADAPTIVE, /* a worker without traffic sleeps, briefly */
	DP_IDLE_BUSY,     /* workers poll at 100 % */
};

struct dp_params {
	unsigned int workers;    /* 1..DP_WORKERS_MAX */
	int cpu[DP_WORKERS_MAX]; /* the CPU of each worker; several may share one */
	enum dp_idle idle;
	uint32_t connections; /* capacity of the flow tables of the box */
	uint32_t mbufs;       /* packet buffers; 0: as many as ports and workers need */
	uint32_t memory_mb;   /* EAL memory without hugepages; 0: as much as mbufs need */
	bool seeded;          /* hash keys from `seed`, not from the kernel (tests) */
	uint64_t seed;
};

struct dp_port_conf {
	char name[DP_NAME_SIZE];     /* as in `port NAME` */
	char device[DP_DEVICE_SIZE]; /* PCI address or vdev string */
	unsigned int queues;         /* receive queues; 0: as many as workers and device allow */
	unsigned int mtu;            /* 0: the device's */
	bool promiscuous;
	bool tap;            /* a kernel interface sl-NAME for all that is not balanced */
	bool transit_kernel; /* with `tap`: what is for neither a VIP nor an own address goes there too */
	bool closed_drop;    /* closed VIP ports are silent; else answered, as a host does */
};

/*
 * Starts EAL for these ports: with hugepages if enough of them are free, else
 * without, and says so in the log. `eal_argv` are the user's own EAL options
 * (after `--`), passed on as they are. 0 or -errno with the reason and its
 * remedy, one line for a person, in `ret_error`. Once a process.
 */
int dp_eal_start(const struct dp_params *params, const struct dp_port_conf *ports, unsigned int port_count,
		 int eal_argc, char **eal_argv, char ret_error[DP_ERROR_SIZE]);

/* Opens and starts the device. Ports are numbered from 0 in this order. */
int dp_port_open(const struct dp_port_conf *conf, char ret_error[DP_ERROR_SIZE]);

/* Makes the workers; they run from the first commit on. */
int dp_start(char ret_error[DP_ERROR_SIZE]);

/*
 * Punted packets, neighbours' timers, reclamation. Every 1..5 ms; handles a
 * bounded batch a call. Returns how much it did (0: idle).
 */
unsigned int dp_poll(void);

/* Ends the workers, closes the ports, frees everything. */
void dp_stop(void);

void dp_idle_set(enum dp_idle idle);

/* Timeouts in seconds as `ipvsadm --set` has them; 0 leaves one unchanged. */
void dp_timeouts_set(unsigned int tcp_s, unsigned int tcp_fin_s, unsigned int udp_s);
void dp_timeouts_get(unsigned int *ret_tcp_s, unsigned int *ret_tcp_fin_s, unsigned int *ret_udp_s);

/* LVS's conn_reuse_mode: 0 or 1. */
void dp_conn_reuse_mode_set(unsigned int mode);

/*
 * LVS's pmtu_disc. On (the default): tunnel packets take DF from the packet in them, and
 * one with DF that is too long for the tunnel is answered with the MTU that fits.
 * Off: tunnel packets over IPv4 never have DF, and are fragmented where they must be.
 */
void dp_pmtu_disc_set(bool on);

/*
 * How many ICMP errors, and as many resets, the box sends a second, all workers together
 * (default 1000; 0: none).
 */
void dp_answer_rate_set(unsigned int per_second);

/* How many packets a second the kernel interfaces are given, all together (default 50000). */
void dp_kernel_rate_set(unsigned int per_second);

/*
 * Descriptors that become readable when dp_poll has something to do before its time
 * (packets from the kernel). Stable from the first commit on, but for interfaces that were
 * made anew. Returns how many, at most `max`.
 */
unsigned int dp_poll_fds(int *ret_fds, unsigned int max);

/* ---- transactions ---- */

struct dp_service_key {
	struct sl_addr vip;
	uint16_t port; /* host order */
	uint8_t proto; /* enum sl_proto */
};

/* How packets to a server by SL_FWD_TUN are wrapped. Zero is IPIP. */
struct dp_tunnel {
	uint8_t type;  /* enum sl_tun */
	uint8_t sum;   /* enum sl_tun_sum; IPIP has none */
	uint16_t port; /* of GUE, host order, not 0; else 0 */
};

struct dp_real {
	struct sl_addr addr;  /* with port, the key within its service */
	uint16_t port;        /* host order */
	uint8_t fwd;          /* enum sl_fwd: of new connections */
	bool out;             /* keeps its slot, connections and counters, but schedulers do not see it */
	uint32_t upper;       /* no new connection when it has so many on the whole box; 0: no limit */
	uint32_t lower;       /* ... until it has less than this; 0: less than `upper`. At most `upper` */
	uint32_t weight;      /* 0: no new connections */
	uint32_t last_weight; /* where weight is 0: the one before it; 0: there was none */
	uint32_t order;       /* as in struct sched_server */
	struct dp_tunnel tunnel;
	uint32_t ret_slot; /* out: for dp_real_stats */
};

/*
 * A server's address family may differ from its VIP's by SL_FWD_TUN, and by SL_FWD_FNAT
 * where the VIP is IPv6 and the server IPv4 (NAT64).
 */

/* What a service does besides. Changes hold for new connections; those there are go on as they began. */
enum {
	DP_SERVICE_TOA = 1 << 0,      /* FNAT, TCP: tell the server the client's address, by TCP option */
	DP_SERVICE_STRIP_TS = 1 << 1, /* TCP: take the timestamps option out of the client's SYN */
	DP_SERVICE_SILENT = 1 << 2,   /* no answer where no server is available, or to a stray segment */
	DP_SERVICE_FALLBACK = 1 << 3, /* SCHED_FALLBACK, where the scheduler knows it */
	DP_SERVICE_PORT = 1 << 4,     /* SCHED_PORT, the same */
};

enum {
	DP_MSS_KEEP = 0,
	DP_MSS_AUTO = 1, /* what fits the way to the server and back */
};

struct dp_service {
	struct dp_service_key key;
	const struct sched_ops *sched;
	struct dp_real *reals; /* sorted by falling order; copied */
	uint32_t real_count;
	char local_group[DP_NAME_SIZE]; /* of servers by SL_FWD_FNAT; "": there are none */
	uint16_t mss;                   /* greatest MSS that is let through in SYNs, or DP_MSS_* */
	uint8_t options;                /* DP_SERVICE_* */
	uint32_t ret_slot;              /* out: for dp_service_stats */
};

struct dp_net_addr {
	unsigned int port;
	struct sl_prefix prefix; /* the address itself, and its subnet's length */
};

struct dp_route {
	struct sl_prefix prefix;
	struct sl_addr via; /* sl_addr_is_none(): destinations are on the link of `port` */
	int port;           /* -1: the port whose subnet holds `via` */
};

struct dp_static_neigh {
	unsigned int port;
	struct sl_addr addr;
	uint8_t mac[6];
};

/*
 * Full NAT's source addresses. `port` is where each is answered for (ARP, neighbour
 * discovery). An address that leaves its group serves its connections to their end.
 */
struct dp_local_addr {
	struct sl_addr addr;
	unsigned int port;
};

struct dp_local_group {
	char name[DP_NAME_SIZE];
	const struct dp_local_addr *addrs; /* of both families, as may be; each in one group only */
	unsigned int addr_count;
};

/*
 * An address that belongs to a group (dp_ha.h) and is the box's only while that is held: a VIP
 * of services, a local address of full NAT, or, if it is neither, an own address of `port`.
 */
struct dp_moving {
	struct sl_prefix prefix; /* the address itself, and its subnet's length */
	unsigned int port;       /* of one that is neither; else it counts for nothing */
	uint16_t group;          /* 1..DP_HA_GROUPS_MAX - 1 */
	bool no_ping;            /* echo requests to it are dropped */
};

/* The whole network of the box. Subnets of `addrs` are routes by themselves. */
struct dp_net {
	const struct dp_net_addr *addrs;
	const struct dp_route *routes;
	const struct dp_static_neigh *neighs;
	const struct dp_local_group *groups;
	const struct dp_moving *moving;
	const struct sl_addr *kept; /* on a port's link: kept resolved, as gateways are, for dp_neigh_walk */
	unsigned int addr_count, route_count, neigh_count, group_count, moving_count, kept_count;
};

struct dp_txn;

/* NULL when out of memory. One transaction at a time. */
struct dp_txn *dp_txn_begin(void);

/*
 * Each: 0, or -errno with the reason in ret_error; the transaction can then
 * only be aborted. `service` is copied; its ret_slot and those of its reals
 * are set, and hold once the transaction is committed.
 */
int dp_txn_service_put(struct dp_txn *txn, struct dp_service *service, char ret_error[DP_ERROR_SIZE]);
int dp_txn_service_remove(struct dp_txn *txn, const struct dp_service_key *key,
			  char ret_error[DP_ERROR_SIZE]);
int dp_txn_net_set(struct dp_txn *txn, const struct dp_net *net, char ret_error[DP_ERROR_SIZE]);

/*
 * End the connections of a real server at commit: packets of them are dropped
 * (SL_DROP_SERVER_REMOVED), their entries freed by the sweep.
 */
int dp_txn_real_flush(struct dp_txn *txn, uint32_t real_slot);

/* Publishes. Either consumes the transaction. 0 or -ENOMEM with nothing changed. */
int dp_txn_commit(struct dp_txn *txn, char ret_error[DP_ERROR_SIZE]);
void dp_txn_abort(struct dp_txn *txn);

/* ---- checks by the way of clients' packets ---- */

/*
 * A server's own VIP, reachable by the kernel's sockets: what is sent to the address that
 * dp_probe_add gives (by interface "sl-check", which is made with the first) goes to this server
 * as a client's packet to the VIP would, by DR with the server's MAC, by TUN in its tunnel; its
 * answers come back to the socket as from that address. TCP, UDP and ICMP echo; ports stay as
 * they are, the VIP's side always. The source is the own address of the port that leads to the server, of
 * the VIP's family. No port needs a kernel interface of its own for it.
 */
struct dp_probe {
	struct sl_addr vip;
	struct sl_addr real;
	uint8_t fwd; /* SL_FWD_DR or SL_FWD_TUN */
	struct dp_tunnel tunnel;
};

enum { DP_PROBES_MAX = 16381 };

/*
 * The same probe again is the same address, and wants as many removals. 0, or -errno with the
 * reason in ret_error. The route to the server is looked up for each packet.
 */
int dp_probe_add(const struct dp_probe *probe, struct sl_addr *ret_addr, char ret_error[DP_ERROR_SIZE]);
void dp_probe_remove(const struct sl_addr *addr);

struct dp_probe_info {
	bool present;         /* sl-check exists just now */
	uint32_t probes;      /* there are so many */
	uint32_t connections; /* of theirs that are remembered */
	/* What did not pass is among the drops of dp_control_stats. */
	uint64_t sent, answered;
	uint64_t errors; /* ICMP errors about what was sent, that the sockets were told */
};

void dp_probe_info(struct dp_probe_info *ret_info);

/* ---- what happened: counters and lists ---- */

/* As ipvsadm counts: in is client to server; bytes are IP total lengths. */
struct dp_traffic {
	uint64_t conns;
	uint64_t in_packets, out_packets;
	uint64_t in_bytes, out_bytes;
};

struct dp_real_stats {
	struct dp_traffic traffic;
	uint32_t active;
	uint32_t inactive;
	bool overloaded; /* at its limit now */
	/* TCP by SL_FWD_NAT and SL_FWD_FNAT, of connections opened by SYN; how they went, each counted once */
	uint64_t syns;     /* were given to the server */
	uint64_t answered; /* it sent a SYN of its own */
	uint64_t refused;  /* it sent a reset instead */
};

/* Sums over the workers. Zero for a slot that is not in use. */
void dp_real_stats(uint32_t slot, struct dp_real_stats *ret_stats);

/* Traffic of the service since it was made, servers since removed included. */
void dp_service_stats(uint32_t slot, struct dp_traffic *ret_traffic);

struct dp_worker_stats {
	int cpu;
	/* rx + handed_in + generated == tx + drops + punts + handed_out + held, always */
	uint64_t rx, handed_in, generated;
	uint64_t tx, drops, punts, handed_out, held;
	uint64_t drop[SL_DROP_MAX];
	uint64_t flows; /* entries in use now */
	uint64_t flow_capacity;
	uint64_t flows_created, flows_expired;
	uint64_t hits, misses;      /* packets that met, or did not meet, an established flow */
	uint64_t answered;          /* ICMP errors and resets sent, part of `generated` */
	uint64_t answers_limited;   /* ... and those not sent, because of dp_answer_rate_set */
	uint64_t loops, busy_loops; /* turns of the worker's loop; those that had packets */
	uint64_t sleeps;
};

unsigned int dp_worker_count(void);
void dp_worker_stats(unsigned int worker, struct dp_worker_stats *ret_stats);

/* The same balance for packets the control core received by punt and sent itself. */
void dp_control_stats(struct dp_worker_stats *ret_stats);

struct dp_port_info {
	char name[DP_NAME_SIZE];
	char device[DP_DEVICE_SIZE];
	char driver[DP_NAME_SIZE];
	uint8_t mac[6];
	unsigned int mtu;
	unsigned int rx_queues, tx_queues;
	bool link_up;
	uint32_t speed_mbps;  /* 0: unknown */
	int numa_node;        /* -1: unknown */
	const char *rss;      /* "none", "hardware" */
	const char *checksum; /* "software", "hardware" */
	/* the device's own counters */
	uint64_t rx_packets, tx_packets, rx_bytes, tx_bytes, rx_missed, rx_errors, tx_errors, rx_no_mbuf;
};

unsigned int dp_port_count(void);
void dp_port_info(unsigned int port, struct dp_port_info *ret_info);

/* The kernel's interface of a port, as far as there is one. */
struct dp_tap_info {
	char name[16]; /* "": `tap off` */
	bool present;  /* it exists just now */
	unsigned int
		index; /* the kernel's number of it; another one when it has been made anew; 0: none, or set down */
	uint64_t to_kernel_packets, to_kernel_bytes;
	uint64_t from_kernel_packets, from_kernel_bytes;
};

void dp_tap_info(unsigned int port, struct dp_tap_info *ret_info);

/*
 * A route to one address by the port's kernel interface, in one of the kernel's routing tables: for a
 * routing daemon that announces what stands there. It carries no packets, and ends with the
 * interface, however that ends. Adding again and deleting what is not there is no error. 0, or -errno:
 * -ENODEV the interface is not there just now, or what the kernel says.
 */
int dp_host_route_set(unsigned int port, uint32_t table, const struct sl_addr *addr, bool add);

/* A local address of full NAT, and how much of it is in use. */
struct dp_local_info {
	const char *group; /* "": it left its group, and serves its last connections */
	struct sl_addr addr;
	unsigned int port;
	uint32_t ports; /* how many each protocol has */
	uint32_t tcp_used, udp_used;
};

void dp_local_walk(void (*visit)(const struct dp_local_info *local, void *context), void *context);

/* X(enum, name) */
#define DP_NEIGH_STATE_LIST(X)                                                                               \
	X(DP_NEIGH_INCOMPLETE, "incomplete")                                                                 \
	X(DP_NEIGH_REACHABLE, "reachable")                                                                   \
	X(DP_NEIGH_PROBE, "probe")                                                                           \
	X(DP_NEIGH_FAILED, "failed")                                                                         \
	X(DP_NEIGH_STATIC, "static")

enum dp_neigh_state {
#define X(id, name) id,
	DP_NEIGH_STATE_LIST(X)
#undef X
};

struct dp_neigh {
	unsigned int port;
	struct sl_addr addr;
	uint8_t mac[6];
	enum dp_neigh_state state;
	uint32_t age_s; /* since it last proved itself */
	bool pinned;    /* a real server's or a gateway's: kept resolved */
};

/* Calls visit() for each neighbour. */
void dp_neigh_walk(void (*visit)(const struct dp_neigh *neigh, void *context), void *context);

struct dp_conn {
	struct sl_addr client, vip, real;
	uint16_t client_port, vip_port, real_port; /* host order */
	struct sl_addr local;                      /* full NAT's source towards the server, else none */
	uint16_t local_port;
	uint8_t proto, fwd, state;
	uint8_t worker;
	uint32_t expires_ms;
};

/* A zero field does not filter; an address is none when sl_addr_is_none(). */
struct dp_conn_filter {
	struct sl_prefix client; /* len counts only with an addr */
	struct sl_addr vip, real;
	uint16_t client_port, vip_port, real_port;
	uint8_t proto;
	bool by_state;
	uint8_t state;
};

/* Where a walk over all connections stands. Starts as zero. */
struct dp_conn_cursor {
	uint32_t worker, index;
	bool done;
};

/*
 * The next connections that pass the filter, at most `max`, looking at no more
 * than `budget` table entries, read beside the running workers without
 * disturbing them. Returns how many; it is over when cursor->done.
 */
size_t dp_conn_next(struct dp_conn_cursor *cursor, const struct dp_conn_filter *filter,
		    struct dp_conn *ret_conns, size_t max, size_t budget);

#endif
