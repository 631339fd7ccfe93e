/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TLS of SSL_GET: contexts out of the SSL block, a session for each attempt,
 * and faults in words. Control thread only.
 */
#ifndef SLUICE_CHECK_TLS_H
#define SLUICE_CHECK_TLS_H

#include "check.h"

struct ssl_st;

/* Makes env's contexts, those that `conf` needs. 0 or -errno with the reason in ret_error. */
int check_tls_init(struct check_env *env, const struct conf *conf, char ret_error[DP_ERROR_SIZE]);
void check_tls_fini(struct check_env *env);

/*
 * A session. `name`: who it shall be, as of a Host: header; NULL or an address: the address
 * `addr`. NULL when out of memory.
 */
struct ssl_st *check_tls_session(struct check_env *env, const struct conf_http *http, const char *name,
				 const struct sl_addr *addr);

/* Why the last operation failed: "certificate has expired". Valid until the next one. */
const char *check_tls_fault(void);
void check_tls_fault_clear(void);

#endif
