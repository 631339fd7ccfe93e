/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kinds of checks, and what all attempts share.
 */
#include "check.h"
#include "check_kinds.h"
#include "check_tls.h"

#include <errno.h>
#include <event2/dns.h>
#include <stdio.h>
#include <unistd.h>

const struct check_ops *const check_kinds[CONF_CHECK_MAX] = {
	[CONF_CHECK_TCP] = &check_tcp,   [CONF_CHECK_HTTP] = &check_http, [CONF_CHECK_SSL] = &check_http,
	[CONF_CHECK_SMTP] = &check_smtp, [CONF_CHECK_DNS] = &check_dns,   [CONF_CHECK_UDP] = &check_udp,
	[CONF_CHECK_PING] = &check_ping, [CONF_CHECK_MISC] = &check_misc, [CONF_CHECK_FILE] = &check_file,
};

int
check_env_init(struct check_env *env, struct event_base *base, const struct conf *conf,
	       char ret_error[DP_ERROR_SIZE])
{
	int rc;

	memset(env, 0, sizeof(*env));
	env->base = base;
	rc = check_tls_init(env, conf, ret_error);
	if (rc != 0)
		return rc;
	/* Reads /etc/resolv.conf and /etc/hosts. Without a name server, checks by name fail and say so. */
	env->dns = evdns_base_new(base, EVDNS_BASE_INITIALIZE_NAMESERVERS | EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	if (gethostname(env->host_name, sizeof(env->host_name)) != 0 || env->host_name[0] == '\0')
		snprintf(env->host_name, sizeof(env->host_name), "localhost");
	env->host_name[sizeof(env->host_name) - 1] = '\0';
	return 0;
}

/* After the last attempt. */
void
check_env_fini(struct check_env *env)
{
	if (env->dns != NULL)
		evdns_base_free(env->dns, 1);
	env->dns = NULL;
	check_tls_fini(env);
}
