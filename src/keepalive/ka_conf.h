/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A configuration of one's own: copied whole, so that who gave it may free it. Any thread.
 */
#ifndef KA_CONF_H
#define KA_CONF_H

#include <sluice/ka.h>

/* NULL: no memory. */
struct ka_conf *ka_conf_copy(const struct ka_conf *conf);
void ka_conf_free(struct ka_conf *conf);

/* What cannot be run is said here, before anything changes. 0 or -EINVAL, -ENOTSUP. */
int ka_conf_check(const struct ka_conf *conf, char ret_error[DP_ERROR_SIZE]);

bool ka_conf_is_empty(const struct ka_conf *conf);

#endif
