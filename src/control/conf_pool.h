/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The pool of a virtual_server while its block is read (conf_pool.c).
 */
#ifndef CONF_POOL_H
#define CONF_POOL_H

#include "conf_service.h"

/* All defaults. */
void conf_pool_init(struct conf_pool *pool);

/* When the block ends and its servers are known: puts the pool among the others. */
void conf_pool_finish(struct conf_load *load, struct conf_service_object *self);

/* The same, before: can passive_check and feedback do anything here? */
void conf_feedback_finish(struct conf_load *load, struct conf_service_object *self);

/* At the end of the file, when no pool moves any more: every service gets its own. */
void conf_pools_link(struct conf *conf);

#endif
