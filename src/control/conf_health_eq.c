/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Equality of what configurations say of health, member by member: the
 * structures have holes and unions, so their bytes cannot be compared.
 */
#include "conf_health_eq.h"

#include <string.h>

static bool text_eq(const char *a, const char *b);
static bool bytes_eq(const uint8_t *a, uint32_t a_size, const uint8_t *b, uint32_t b_size);
static bool connect_eq(const struct conf_connect *a, const struct conf_connect *b);
static bool http_eq(const struct conf_http *a, const struct conf_http *b);
static bool url_eq(const struct conf_http_url *a, const struct conf_http_url *b);
static bool smtp_eq(const struct conf_smtp *a, const struct conf_smtp *b);
static bool udp_eq(const struct conf_udp *a, const struct conf_udp *b);
static bool file_eq(const struct conf_file_check *a, const struct conf_file_check *b);
static bool passive_eq(const struct conf_passive *a, const struct conf_passive *b);
static bool feedback_eq(const struct conf_feedback *a, const struct conf_feedback *b);

bool
conf_checker_eq(const struct conf_checker *a, const struct conf_checker *b)
{
	if (a->type != b->type || a->delay_loop_ms != b->delay_loop_ms || a->retry != b->retry ||
	    a->delay_before_retry_ms != b->delay_before_retry_ms || a->warmup_ms != b->warmup_ms ||
	    a->fall != b->fall || a->rise != b->rise || a->alpha != b->alpha ||
	    a->log_all_failures != b->log_all_failures || !connect_eq(&a->connect, &b->connect))
		return false;
	switch (a->type) {
	case CONF_CHECK_HTTP:
	case CONF_CHECK_SSL:
		return http_eq(&a->http, &b->http);
	case CONF_CHECK_SMTP:
		return smtp_eq(&a->smtp, &b->smtp);
	case CONF_CHECK_DNS:
		return text_eq(a->dns.name, b->dns.name) && a->dns.type == b->dns.type;
	case CONF_CHECK_UDP:
		return udp_eq(&a->udp, &b->udp);
	case CONF_CHECK_MISC:
		return conf_script_eq(&a->misc.script, &b->misc.script) &&
		       a->misc.timeout_ms == b->misc.timeout_ms && a->misc.dynamic == b->misc.dynamic;
	case CONF_CHECK_FILE:
		return file_eq(&a->file, &b->file);
	default:
		return true;
	}
}

bool
conf_agent_eq(const struct conf_agent *a, const struct conf_agent *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return a->delay_loop_ms == b->delay_loop_ms && connect_eq(&a->connect, &b->connect) &&
	       text_eq(a->send, b->send) && text_eq(a->secret, b->secret);
}

bool
conf_script_eq(const struct conf_script *a, const struct conf_script *b)
{
	size_t i = 0;

	if (a == NULL || b == NULL)
		return a == b;
	if (a->uid != b->uid || a->gid != b->gid)
		return false;
	if (a->argv == NULL || b->argv == NULL)
		return a->argv == b->argv;
	while (a->argv[i] != NULL && text_eq(a->argv[i], b->argv[i]))
		i++;
	return a->argv[i] == NULL && b->argv[i] == NULL;
}

bool
conf_health_eq(const struct conf_health *a, const struct conf_health *b)
{
	if (a->check_count != b->check_count || a->inhibit_on_failure != b->inhibit_on_failure ||
	    a->alpha != b->alpha || !conf_agent_eq(a->agent, b->agent) ||
	    !conf_script_eq(a->notify_up, b->notify_up) || !conf_script_eq(a->notify_down, b->notify_down))
		return false;
	for (unsigned int i = 0; i < a->check_count; i++) {
		if (!conf_checker_eq(&a->checks[i], &b->checks[i]))
			return false;
	}
	return true;
}

bool
conf_pool_eq(const struct conf_pool *a, const struct conf_pool *b)
{
	return text_eq(a->name, b->name) && a->quorum == b->quorum && a->hysteresis == b->hysteresis &&
	       a->omega == b->omega && a->ha_suspend == b->ha_suspend &&
	       a->sorry_server_inhibit == b->sorry_server_inhibit &&
	       a->flush_on_failure == b->flush_on_failure && conf_script_eq(a->quorum_up, b->quorum_up) &&
	       conf_script_eq(a->quorum_down, b->quorum_down) && passive_eq(&a->passive, &b->passive) &&
	       feedback_eq(&a->feedback, &b->feedback);
}

static bool
text_eq(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool
bytes_eq(const uint8_t *a, uint32_t a_size, const uint8_t *b, uint32_t b_size)
{
	return a_size == b_size && (a_size == 0 || memcmp(a, b, a_size) == 0);
}

static bool
connect_eq(const struct conf_connect *a, const struct conf_connect *b)
{
	return sl_addr_eq(&a->ip, &b->ip) && text_eq(a->name, b->name) && a->port == b->port &&
	       sl_addr_eq(&a->bindto, &b->bindto) && a->bind_port == b->bind_port &&
	       text_eq(a->bind_if, b->bind_if) && a->fwmark == b->fwmark && a->timeout_ms == b->timeout_ms &&
	       a->via_dataplane == b->via_dataplane;
}

static bool
http_eq(const struct conf_http *a, const struct conf_http *b)
{
	if (a->url_count != b->url_count || a->protocol != b->protocol ||
	    a->fast_recovery != b->fast_recovery || a->sni != b->sni || !text_eq(a->sni_name, b->sni_name) ||
	    a->verify != b->verify)
		return false;
	for (unsigned int i = 0; i < a->url_count; i++) {
		if (!url_eq(&a->urls[i], &b->urls[i]))
			return false;
	}
	return true;
}

static bool
url_eq(const struct conf_http_url *a, const struct conf_http_url *b)
{
	return text_eq(a->path, b->path) && text_eq(a->virtualhost, b->virtualhost) &&
	       a->has_digest == b->has_digest &&
	       (!a->has_digest || memcmp(a->digest, b->digest, sizeof(a->digest)) == 0) &&
	       memcmp(a->status, b->status, sizeof(a->status)) == 0 && text_eq(a->regex, b->regex) &&
	       a->regex_no_match == b->regex_no_match && a->regex_options == b->regex_options &&
	       a->regex_min_offset == b->regex_min_offset && a->regex_max_offset == b->regex_max_offset;
}

static bool
smtp_eq(const struct conf_smtp *a, const struct conf_smtp *b)
{
	if (!text_eq(a->helo_name, b->helo_name) || a->host_count != b->host_count)
		return false;
	for (unsigned int i = 0; i < a->host_count; i++) {
		if (!connect_eq(&a->hosts[i].connect, &b->hosts[i].connect))
			return false;
	}
	return true;
}

static bool
udp_eq(const struct conf_udp *a, const struct conf_udp *b)
{
	return bytes_eq(a->payload, a->payload_size, b->payload, b->payload_size) &&
	       a->require_reply == b->require_reply &&
	       bytes_eq(a->reply_data, a->reply_size, b->reply_data, b->reply_size) &&
	       bytes_eq(a->reply_mask, a->reply_size, b->reply_mask, b->reply_size) &&
	       a->min_reply_size == b->min_reply_size && a->max_reply_size == b->max_reply_size;
}

static bool
file_eq(const struct conf_file_check *a, const struct conf_file_check *b)
{
	return text_eq(a->name, b->name) && text_eq(a->path, b->path) && a->weight == b->weight &&
	       a->reverse == b->reverse && a->dynamic == b->dynamic;
}

static bool
passive_eq(const struct conf_passive *a, const struct conf_passive *b)
{
	return a->on == b->on && (!a->on || (a->window_ms == b->window_ms && a->failures == b->failures &&
					     a->percent == b->percent && a->retry_ms == b->retry_ms));
}

static bool
feedback_eq(const struct conf_feedback *a, const struct conf_feedback *b)
{
	return a->on == b->on &&
	       (!a->on ||
		(a->interval_ms == b->interval_ms && memcmp(a->factor, b->factor, sizeof(a->factor)) == 0 &&
		 a->response_ms == b->response_ms && text_eq(a->custom, b->custom) &&
		 a->smoothing == b->smoothing && a->dead_band == b->dead_band && a->step == b->step &&
		 a->floor == b->floor && a->ceiling == b->ceiling && a->stale_ms == b->stale_ms));
}
