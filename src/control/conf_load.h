/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the parts of the configuration loader share: the load in progress, and
 * statements as the tree hands them to the builders.
 *
 * A load runs in four steps, each in files of its own:
 *   conf_file, conf_lex, conf_tree   text -> statements, with includes and
 *                                    variables resolved; knows no keyword
 *   conf_walk, conf_keywords*        statements -> calls of builders, by table
 *   conf_global, _port, _net, _local, _service, _option, _method, _pool,
 *   _inherit, _checker, _connect, _http, _smtp, _dns, _udp, _misc, _script,
 *   _track_file, _agent, _feedback, _vip_group, _ssl, _vrrp*,
 *   _heartbeat, _sync, _announce
 *                                    builders: words -> values
 *   conf_check                       what one object says against another
 *
 * Every step reports its faults and goes on. A struct conf_load lives for one
 * call of conf_load, on one thread.
 */
#ifndef CONF_LOAD_H
#define CONF_LOAD_H

#include "conf.h"
#include "conf_arena.h"
#include "conf_table.h"

/*
 * As many local addresses, and groups of them, as the data plane has room for (src/dataplane/local.h):
 * each address takes port slots for two protocols. Those that serve their last connections count, too.
 */
enum { CONF_LOCALS_MAX = 4095, CONF_GROUPS_MAX = 1023 };

struct conf_word {
	const char *text; /* zero-terminated, without its quotes */
	struct conf_place place;
	bool quoted;    /* some of it stood in quotes */
	bool undefined; /* an undefined variable stands in it, outside quotes */
	bool broken;    /* its quote is not closed: reported already */
};

/* `words [ { statements } ]`. The first word is the keyword. */
struct conf_stmt {
	struct conf_word *words;
	unsigned int word_count;
	bool has_block;
	struct conf_stmt *first; /* in its block */
	struct conf_stmt *next;  /* in the block it stands in */
};

/* What refers to a port by name, until all ports are known. */
struct conf_route_draft {
	struct conf_route route;
	const struct conf_word *dev;    /* NULL: none given */
	const struct conf_word *prefix; /* NULL: it was no prefix */
	const struct conf_word *via;    /* NULL: none given */
	bool lost;                      /* its port does not exist */
};

struct conf_neigh_draft {
	struct conf_neigh neigh;
	const struct conf_word *addr;
	const struct conf_word *dev;
};

/* A range of a local_address_group. */
struct conf_local_draft {
	unsigned int group; /* of conf->groups */
	const struct conf_word *word, *dev;
	struct sl_addr first;
	uint32_t count;
};

struct conf_group_draft {
	bool uncertain;                   /* a range had a fault: do not miss its addresses */
	bool has_family[2];               /* an IPv4 address, an IPv6 address */
	const struct conf_word *instance; /* vrrp_instance; NULL: none given */
};

struct conf_service_draft {
	bool key_good;                 /* VIP, port, protocol */
	const struct conf_word *group; /* laddr_group_name; NULL: none given */
};

struct conf_port_draft {
	struct conf_place *addr_places; /* of each of conf_port's addrs */
	struct conf_place gateway4_place, gateway6_place, device_place, mtu_place, transit_place;
	bool addrs_uncertain; /* an address had a fault: do not judge by subnets */
};

struct conf_load {
	struct conf_faults *faults;
	struct conf *conf;          /* what is being built */
	struct conf_arena *keep;    /* lives as long as conf */
	const char *first_file;     /* its name */
	struct conf_arena *scratch; /* lives as long as the load */

	struct conf_table vars;  /* conf_lex's: name -> value */
	struct conf_table files; /* names, in order of appearance: name -> number + 1 */
	unsigned int file_count;
	size_t text_size, expanded_size, stmt_count; /* against limits */

	/* What is open right now, to be closed if memory runs out. */
	void (*undo)(void *object);
	void *undo_object;

	/* Keywords of blocks that may be repeated but mean one thing: keyword -> its first statement. */
	struct conf_table once;

	/* All statements, and what conf_vip_group has read of them: statement -> its group. */
	const struct conf_stmt *top;
	struct conf_table vip_groups;

	/* Something could not be read, so that what seems missing may not be. */
	bool incomplete;

	/* builders' drafts, finished by conf_check */
	struct conf_port_draft *port_drafts;       /* beside conf->ports */
	bool port_seen;                            /* a `port` statement, good or bad */
	struct conf_service_draft *service_drafts; /* beside conf->services */
	struct conf_group_draft *group_drafts;     /* beside conf->groups */
	struct conf_local_draft *locals;
	struct conf_route_draft *routes;
	struct conf_neigh_draft *neighs;
	struct conf_script_draft *scripts; /* conf_script's */
	unsigned int script_count;
	struct conf_file_draft *files_wanted; /* conf_track_file's */
	unsigned int file_wanted_count;
	struct conf_ha_load *ha;                                /* conf_vrrp.h */
	const struct conf_word *announce_port, *announce_while; /* where they are given; else NULL */
	bool announce_seen;                                     /* an announce_table, good or bad */
	bool log_all_failures;                                  /* checker_log_all_failures */
	bool has_script_user;                                   /* script_user is given */
	uid_t script_uid;
	gid_t script_gid;
	const struct dp_route **links; /* routes that put a network on a port's link */
	unsigned int route_count, neigh_count, link_count, local_count;
};

void conf_error(struct conf_load *load, const struct conf_place *place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void conf_warn(struct conf_load *load, const struct conf_place *place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* A warning that is none of the file's: what this box lacks now may come, or be there on another. */
void conf_warn_here(struct conf_load *load, const struct conf_place *place, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* "line 3", or "line 3 of FILE" when that is another file than `here`'s. Scratch memory. */
const char *conf_where(struct conf_load *load, const struct conf_place *there, const struct conf_place *here);

/* A text of the file as it may stand in a message: short, printable, quoted. Scratch memory. */
const char *conf_show(struct conf_load *load, const char *text);

/* Puts the faults of a finished load into the order of their places. */
void conf_faults_sort(struct conf_load *load);

/* True when one more of this severity would only be counted, so that texts need not be made. */
bool conf_faults_full(const struct conf_faults *faults, enum conf_severity severity);

/*
 * A file's text in scratch memory, or NULL after reporting why not, at `place`
 * (where it is included; NULL: it is the first file). `name` is kept.
 */
struct conf_file {
	const char *name;
	const char *text;
	size_t len;
	uint64_t device, inode; /* 0, 0: from memory */
};

bool conf_file_read(struct conf_load *load, const char *name, const struct conf_place *place,
		    struct conf_file *ret_file);
/* Takes text that is in memory already; false after reporting that it is none. */
bool conf_file_take(struct conf_load *load, const char *name, const char *text, size_t len,
		    struct conf_file *ret_file);

/* All statements of a file and of what it includes. */
struct conf_stmt *conf_tree_parse(struct conf_load *load, const struct conf_file *file);

/* Ends the drafts and compares the objects with each other. */
void conf_check(struct conf_load *load);

#endif
