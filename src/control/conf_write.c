/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pools, agents, files and groups as text (conf_write.h); checks are in
 * conf_write_check.c.
 */
#include "conf_write_private.h"

#include <string.h>

static void vip_run(FILE *out, const struct conf_service *services, unsigned int count, unsigned int *at);
static bool addr_follows(const struct dp_service_key *before, const struct dp_service_key *after);

void
conf_write_quoted(FILE *out, const char *keyword, const char *text)
{
	fputs(keyword, out);
	conf_write_word(out, text);
	fputc('\n', out);
}

void
conf_write_word(FILE *out, const char *text)
{
	fputs(" \"", out);
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < ' ' || c > '~' || c == '"' || c == '\\' || c == '$')
			fprintf(out, "\\%03o", c);
		else
			fputc(c, out);
	}
	fputc('"', out);
}

void
conf_write_pool(FILE *out, const char *indent, const struct conf_pool *pool, bool udp)
{
	const struct {
		const char *keyword;
		bool on;
	} switches[] = {
		{ "omega", pool->omega },
		{ "ha_suspend", pool->ha_suspend },
		{ "sorry_server_inhibit", pool->sorry_server_inhibit },
	};
	const struct conf_passive *passive = &pool->passive;
	const struct conf_feedback *feedback = &pool->feedback;

	if (pool->quorum != 1)
		fprintf(out, "%squorum %u\n", indent, pool->quorum);
	if (pool->hysteresis != 0)
		fprintf(out, "%shysteresis %u\n", indent, pool->hysteresis);
	conf_write_script(out, indent, "quorum_up", pool->quorum_up);
	conf_write_script(out, indent, "quorum_down", pool->quorum_down);
	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
		if (switches[i].on)
			fprintf(out, "%s%s on\n", indent, switches[i].keyword);
	}
	if (pool->flush_on_failure != udp)
		fprintf(out, "%sflush_on_failure %s\n", indent, pool->flush_on_failure ? "on" : "off");
	if (passive->on) {
		fprintf(out, "%spassive_check {\n", indent);
		conf_write_time(out, indent, "    window", passive->window_ms);
		fprintf(out, "%s    failures %u\n%s    percent %u\n", indent, passive->failures, indent,
			passive->percent);
		conf_write_time(out, indent, "    retry", passive->retry_ms);
		fprintf(out, "%s}\n", indent);
	}
	if (!feedback->on)
		return;
	fprintf(out, "%sfeedback {\n", indent);
	conf_write_time(out, indent, "    interval", feedback->interval_ms);
	fprintf(out, "%s    cpu %u\n%s    memory %u\n%s    response %u\n", indent,
		feedback->factor[CONF_LOAD_CPU], indent, feedback->factor[CONF_LOAD_MEMORY], indent,
		feedback->factor[CONF_LOAD_RESPONSE]);
	conf_write_time(out, indent, "    response_time", feedback->response_ms);
	if (feedback->custom != NULL) {
		fprintf(out, "%s    custom", indent);
		conf_write_word(out, feedback->custom);
		fprintf(out, " %u\n", feedback->factor[CONF_LOAD_CUSTOM]);
	}
	fprintf(out, "%s    smoothing %u\n%s    dead_band %u\n%s    step %u\n", indent, feedback->smoothing,
		indent, feedback->dead_band, indent, feedback->step);
	fprintf(out, "%s    floor %u\n%s    ceiling %u\n", indent, feedback->floor, indent,
		feedback->ceiling);
	conf_write_time(out, indent, "    stale", feedback->stale_ms);
	fprintf(out, "%s}\n", indent);
}

void
conf_write_ssl(FILE *out, const struct conf_ssl *ssl)
{
	const struct {
		const char *keyword, *text;
	} lines[] = {
		{ "    ca", ssl->ca },
		{ "    certificate", ssl->certificate },
		{ "    key", ssl->key },
		{ "    password", ssl->password },
	};

	if (ssl->ca == NULL && ssl->certificate == NULL && ssl->key == NULL && ssl->password == NULL)
		return;
	fprintf(out, "\nSSL {\n");
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (lines[i].text != NULL)
			conf_write_quoted(out, lines[i].keyword, lines[i].text);
	}
	fprintf(out, "}\n");
}

void
conf_write_track_file(FILE *out, const struct conf_track_file *file)
{
	fprintf(out, "\ntrack_file");
	conf_write_word(out, file->name);
	fprintf(out, " {\n");
	conf_write_quoted(out, "    file", file->path);
	fprintf(out, "    weight %d%s\n}\n", file->weight, file->reverse ? " reverse" : "");
}

void
conf_write_vip_group(FILE *out, const struct conf *conf, const struct conf_pool *pool)
{
	fprintf(out, "\nvirtual_server_group");
	conf_write_word(out, pool->name);
	fprintf(out, " {\n");
	for (unsigned int at = 0; at < pool->service_count;)
		vip_run(out, &conf->services[pool->first_service], pool->service_count, &at);
	fprintf(out, "}\n");
}

/* One line: as many members behind each other as are a range of addresses, or of ports. */
static void
vip_run(FILE *out, const struct conf_service *services, unsigned int count, unsigned int *at)
{
	const struct dp_service_key *first = &services[*at].key;
	unsigned int addrs = *at + 1, ports = *at + 1;
	char from[SL_ADDR_STRLEN], to[SL_ADDR_STRLEN];

	while (addrs < count && addr_follows(&services[addrs - 1].key, &services[addrs].key))
		addrs++;
	while (ports < count && services[ports].key.port == services[ports - 1].key.port + 1 &&
	       sl_addr_eq(&services[ports].key.vip, &first->vip))
		ports++;
	sl_addr_format(&first->vip, from);
	if (addrs > *at + 1)
		fprintf(out, "    %s-%s %u\n", from, sl_addr_format(&services[addrs - 1].key.vip, to),
			first->port);
	else if (ports > *at + 1)
		fprintf(out, "    %s %u-%u\n", from, first->port, services[ports - 1].key.port);
	else
		fprintf(out, "    %s %u\n", from, first->port);
	*at = addrs > *at + 1 ? addrs : ports;
}

static bool
addr_follows(const struct dp_service_key *before, const struct dp_service_key *after)
{
	struct sl_addr next = sl_addr_next(&before->vip);

	return before->port == after->port && sl_addr_eq(&next, &after->vip) &&
	       sl_addr_is_v4(&before->vip) == sl_addr_is_v4(&after->vip);
}
