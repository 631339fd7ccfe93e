/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Builders of `global_defs` and `dataplane`: what holds for the whole box.
 * They write the scalar members of struct conf.
 */
#include "conf_keywords.h"
#include "conf_value.h"

#include <string.h>
#include <strings.h>

enum {
	TIMEOUT_S_MAX = 2678400, /* as `ipvsadm --set`: 31 days */
	CPU_MAX = 1023,
	CONNECTIONS_MIN = 1000,
	CONNECTIONS_MAX = 1000 * 1000 * 1000,
	MBUFS_MIN = 512,
	MBUFS_MAX = 64 * 1000 * 1000,
	MEMORY_MB_MIN = 16,
	MEMORY_MB_MAX = 1 << 20,
	RATE_MAX = 1000 * 1000 * 1000,
};

static bool core_range_parse(struct conf_load *load, const struct conf_word *word, const char **text,
			     unsigned int *ret_first, unsigned int *ret_last);
static bool core_add(struct conf_load *load, const struct conf_word *word, unsigned int cpu);

void
conf_build_global_defs(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	conf_walk(load, stmt->first, &conf_block_global, NULL);
}

void
conf_build_router_id(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	conf_value_text(load, &stmt->words[1], "router_id", load->conf->router_id,
			sizeof(load->conf->router_id));
}

/* `lvs_timeouts [tcp N] [tcpfin N] [udp N]`, at least one of them. */
void
conf_build_lvs_timeouts(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct {
		const char *name, *what;
		unsigned int *seconds;
	} timeouts[] = {
		{ "tcp", "timeout tcp", &load->conf->tcp_s },
		{ "tcpfin", "timeout tcpfin", &load->conf->tcp_fin_s },
		{ "udp", "timeout udp", &load->conf->udp_s },
	};
	const size_t count = sizeof(timeouts) / sizeof(timeouts[0]);

	for (unsigned int i = 1; i < stmt->word_count; i += 2) {
		const struct conf_word *word = &stmt->words[i];
		size_t which = 0;

		while (which < count && strcmp(timeouts[which].name, word->text) != 0)
			which++;
		if (which == count) {
			conf_error(load, &word->place, "lvs_timeouts has tcp, tcpfin and udp, not %s",
				   conf_show(load, word->text));
			return;
		}
		if (i + 1 == stmt->word_count) {
			conf_error(load, &word->place, "timeout \"%s\" lacks its seconds", word->text);
			return;
		}
		conf_value_number(load, &stmt->words[i + 1], timeouts[which].what, 1, TIMEOUT_S_MAX,
				  timeouts[which].seconds);
	}
}

void
conf_build_control_socket(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	const struct conf_word *word = &stmt->words[1];

	if (conf_value_text(load, word, "control_socket", load->conf->socket_path,
			    sizeof(load->conf->socket_path)) &&
	    word->text[0] != '/')
		conf_error(load, &word->place, "control_socket must be a path from the root, not %s",
			   conf_show(load, word->text));
}

void
conf_build_conn_reuse_mode(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	conf_value_number(load, &stmt->words[1], "conn_reuse_mode", 0, 1, &load->conf->conn_reuse_mode);
}

void
conf_build_dataplane(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf *conf = load->conf;

	conf->dataplane_place = stmt->words[0].place;
	conf_walk(load, stmt->first, &conf_block_dataplane, NULL);
	if (conf->workers > 0 && conf->worker_cpu_count > 0 && conf->workers != conf->worker_cpu_count)
		conf_error(load, &conf->dataplane_place,
			   "%u workers but %u worker_cores: give one of them, or the same number",
			   conf->workers, conf->worker_cpu_count);
}

void
conf_build_workers(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	const struct conf_word *word = &stmt->words[1];

	if (strcmp(word->text, "auto") == 0)
		load->conf->workers = 0;
	else
		conf_value_number(load, word, "workers (or auto)", 1, DP_WORKERS_MAX, &load->conf->workers);
}

/* `worker_cores 2-5,7`; words are joined, so `2-5, 7` is the same. */
void
conf_build_worker_cores(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	load->conf->worker_cpus = NULL;
	load->conf->worker_cpu_count = 0;
	for (unsigned int i = 1; i < stmt->word_count; i++) {
		const struct conf_word *word = &stmt->words[i];
		const char *text = word->text;

		if (!conf_value_defined(load, word))
			return;
		while (*text != '\0') {
			unsigned int first, last;

			if (!core_range_parse(load, word, &text, &first, &last))
				return;
			for (unsigned int cpu = first; cpu <= last; cpu++) {
				if (!core_add(load, word, cpu))
					return;
			}
		}
	}
}

void
conf_build_idle(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	const struct conf_word *word = &stmt->words[1];

	if (strcmp(word->text, "adaptive") == 0)
		load->conf->idle = DP_IDLE_ADAPTIVE;
	else if (strcmp(word->text, "busy") == 0)
		load->conf->idle = DP_IDLE_BUSY;
	else if (conf_value_defined(load, word))
		conf_error(load, &word->place, "idle must be adaptive or busy, not %s",
			   conf_show(load, word->text));
}

void
conf_build_connections(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	conf_value_count(load, &stmt->words[1], "connections", CONNECTIONS_MIN, CONNECTIONS_MAX,
			 &load->conf->connections);
}

void
conf_build_mbufs(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	conf_value_count(load, &stmt->words[1], "mbufs", MBUFS_MIN, MBUFS_MAX, &load->conf->mbufs);
}

void
conf_build_memory(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	conf_value_number(load, &stmt->words[1], "memory (in megabytes)", MEMORY_MB_MIN, MEMORY_MB_MAX,
			  &load->conf->memory_mb);
}

/* Linux's sysctl is 0 or 1. */
void
conf_build_pmtu_disc(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	const struct conf_word *word = &stmt->words[1];

	if (strcmp(word->text, "0") == 0 || strcmp(word->text, "1") == 0)
		load->conf->pmtu_disc = word->text[0] == '1';
	else
		conf_value_bool(load, word, "pmtu_disc", &load->conf->pmtu_disc);
}

void
conf_build_answer_rate(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	conf_value_count(load, &stmt->words[1], "answer_rate", 0, RATE_MAX, &load->conf->answer_rate);
}

void
conf_build_kernel_rate(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	conf_value_count(load, &stmt->words[1], "kernel_rate", 1, RATE_MAX, &load->conf->kernel_rate);
}

/* One number or range, and the comma behind it. */
static bool
core_range_parse(struct conf_load *load, const struct conf_word *word, const char **text,
		 unsigned int *ret_first, unsigned int *ret_last)
{
	unsigned int first, last;
	int used = 0;

	if ((*text)[0] < '0' || (*text)[0] > '9')
		goto malformed;
	if (sscanf(*text, "%4u-%4u%n", &first, &last, &used) < 2 || used == 0) {
		if (sscanf(*text, "%4u%n", &first, &used) < 1 || used == 0)
			goto malformed;
		last = first;
	}
	*text += used;
	if (**text == ',')
		(*text)++;
	else if (**text != '\0')
		goto malformed;
	if (first > last || last > CPU_MAX) {
		conf_error(load, &word->place,
			   first > last ? "worker_cores: the range %u-%u runs backwards"
					: "worker_cores: %u-%u passes the highest core that can be, 1023",
			   first, last);
		return false;
	}
	*ret_first = first;
	*ret_last = last;
	return true;

malformed:
	conf_error(load, &word->place, "worker_cores must be a list such as 2-5,7, not %s",
		   conf_show(load, word->text));
	return false;
}

static bool
core_add(struct conf_load *load, const struct conf_word *word, unsigned int cpu)
{
	struct conf *conf = load->conf;

	if (conf->worker_cpu_count == DP_WORKERS_MAX) {
		conf_error(load, &word->place, "worker_cores: there can be at most %d workers",
			   DP_WORKERS_MAX);
		return false;
	}
	for (unsigned int i = 0; i < conf->worker_cpu_count; i++) {
		if (conf->worker_cpus[i] == (int)cpu)
			conf_warn(load, &word->place,
				  "worker_cores: core %u is given twice, two workers will share it", cpu);
	}
	conf->worker_cpus = conf_arena_grow(load->keep, conf->worker_cpus, conf->worker_cpu_count,
					    sizeof(*conf->worker_cpus));
	conf->worker_cpus[conf->worker_cpu_count++] = (int)cpu;
	return true;
}
