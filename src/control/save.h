/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What runs, written as a configuration file: part by part, so that whoever
 * writes a long one can stop between them. The file's own comments, variables
 * and includes are gone; what it says is the same. Text is ASCII. Reads only;
 * control thread.
 */
#ifndef SLUICE_SAVE_H
#define SLUICE_SAVE_H

#include "conf_write.h"
#include "model.h"

/* global_defs and dataplane; timeouts as they are now. */
void save_globals(FILE *out, const struct conf *conf);
void save_port(FILE *out, const struct conf_port *port);
/* These name ports, which are in `conf`. */
void save_route(FILE *out, const struct conf *conf, const struct dp_route *route);
void save_neigh(FILE *out, const struct conf *conf, const struct dp_static_neigh *neigh);
void save_group(FILE *out, const struct conf *conf, const struct conf_local_group *group);
/* A block of two boxes, by its kind and number (conf_write.h). */
void save_ha(FILE *out, const struct conf *conf, enum conf_ha_block kind, unsigned int i);

/* With its servers, in the order in which a file has to add them. 0 or -ENOMEM. */
int save_service(FILE *out, const struct conf *conf, const struct model_service *service);

/* Do all services of a pool with a name run, and alike? */
bool save_group_alike(struct model *model, const struct conf *conf, const struct conf_pool *pool);
/* Those that do, as one: virtual_server_group and `virtual_server group`. 0 or -ENOMEM. */
int save_service_group(FILE *out, struct model *model, const struct conf *conf, const struct conf_pool *pool);

#endif
