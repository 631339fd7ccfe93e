/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What instances and sync groups depend on: the blocks track_interface,
 * track_script, track_file, track_process, track_gateway and track_quorum, a
 * line for each thing, `NAME [weight NUMBER [reverse|noreverse]]`. Names are
 * looked up at the end, for what they name may follow.
 */
#include "conf_value.h"
#include "conf_vrrp.h"
#include "sl_addr.h"
#include "sl_near.h"

#include <string.h>

static const struct track_kind {
	const char *keyword;
	enum ka_track_kind kind;
	int32_t weight_max;
	const char *what; /* in messages */
} kinds[] = {
	{ "track_interface", KA_TRACK_INTERFACE, 253, "PORT" },
	{ "track_script", KA_TRACK_SCRIPT, 253, "SCRIPT" },
	{ "track_file", KA_TRACK_FILE, 254, "FILE" },
	{ "track_process", KA_TRACK_PROCESS, 254, "PROCESS" },
	{ "track_gateway", KA_TRACK_GATEWAY, 253, "ADDRESS" },
	{ "track_quorum", KA_TRACK_QUORUM, 253, "GROUP, or PROTOCOL ADDRESS PORT," },
};

static void tracks_read(struct conf_load *load, const struct conf_stmt *stmt, struct conf_tracks *tracks);
static bool line_read(struct conf_load *load, const struct conf_stmt *line, const struct track_kind *kind,
		      struct conf_track_draft *draft);
static bool name_read(struct conf_load *load, const struct conf_stmt *line, const struct track_kind *kind,
		      struct conf_track_draft *draft, unsigned int *ret_used);
static bool service_read(struct conf_load *load, const struct conf_stmt *line,
			 struct conf_track_draft *draft);
static bool find(struct conf_check *check, const struct conf_track_draft *draft, struct ka_track *track,
		 int32_t *ret_weight);
static bool find_interface(struct conf_check *check, const struct conf_track_draft *draft,
			   struct ka_track *track);
static const char *script_at(unsigned int i, const void *context);
static const char *process_at(unsigned int i, const void *context);
static const char *file_at(unsigned int i, const void *context);
static const char *pool_at(unsigned int i, const void *context);

void
conf_build_instance_track(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_instance_draft *self = object;

	tracks_read(load, stmt, &self->tracks);
}

void
conf_build_group_track(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_sync_group_draft *self = object;

	tracks_read(load, stmt, &self->tracks);
}

struct ka_track *
conf_ha_finish_tracks(struct conf_check *check, const struct conf_tracks *tracks, const char *owner,
		      const char *no_weights, unsigned int *ret_count)
{
	struct conf_load *load = check->load;
	struct ka_track *track = conf_arena_alloc(load->keep, (tracks->count + 1) * sizeof(*track));
	unsigned int count = 0;

	for (unsigned int i = 0; i < tracks->count; i++) {
		const struct conf_track_draft *draft = &tracks->draft[i];
		struct ka_track *self = &track[count];
		int32_t weight = 0;

		self->kind = (uint8_t)draft->kind;
		strcpy(self->name, draft->name);
		if (!find(check, draft, self, &weight))
			continue;
		if (draft->has_weight) {
			weight = draft->weight;
			self->reverse = draft->reverse;
		}
		if (weight < -254 || weight > 254) {
			conf_error(load, &draft->word->place,
				   "the weight of %s is %d, and a priority takes -254 to 254: give it one "
				   "here, \"%s "
				   "weight NUMBER\"",
				   conf_show(load, draft->word->text), weight, draft->word->text);
			continue;
		}
		if (weight != 0 && no_weights != NULL) {
			conf_warn(load, &draft->word->place,
				  "the weight %d of %s has no effect in %s: %s; its failure is FAULT", weight,
				  conf_show(load, draft->word->text), owner, no_weights);
			weight = 0;
		}
		self->weight = (int16_t)weight;
		for (unsigned int j = 0; j < count; j++) {
			if (track[j].kind == self->kind && strcmp(track[j].name, self->name) == 0)
				conf_error(load, &draft->word->place, "%s tracks %s already", owner,
					   conf_show(load, draft->word->text));
		}
		count++;
	}
	*ret_count = count;
	return count > 0 ? track : NULL;
}

bool
conf_ha_weight(struct conf_load *load, const struct conf_word *words, unsigned int count, int32_t most,
	       int32_t *ret_weight, bool *ret_reverse)
{
	bool has_option = count > 1, negative = words[0].text[0] == '-';
	struct conf_word digits = words[0];
	uint32_t number;
	char what[64];

	snprintf(what, sizeof(what), "weight (or -%d to -1, when it is negative)", most);
	digits.text += negative;
	if (!conf_value_number(load, &digits, what, 0, (uint32_t)most, &number))
		return false;
	if (has_option && strcmp(words[1].text, "reverse") != 0 && strcmp(words[1].text, "noreverse") != 0 &&
	    strcmp(words[1].text, "no_reverse") != 0) {
		conf_error(load, &words[1].place, "behind a weight may stand reverse or noreverse, not %s",
			   conf_show(load, words[1].text));
		return false;
	}
	*ret_weight = negative ? -(int32_t)number : (int32_t)number;
	*ret_reverse = has_option && strcmp(words[1].text, "reverse") == 0;
	return true;
}

void
conf_ha_missing(struct conf_load *load, const struct conf_word *name, const char *what, const char *near)
{
	if (!load->incomplete && conf_value_defined(load, name))
		conf_error(load, &name->place, "there is no %s %s%s%s%s", what, conf_show(load, name->text),
			   near == NULL ? "" : " (did you mean ", near == NULL ? "" : near,
			   near == NULL ? "" : "?)");
}

static void
tracks_read(struct conf_load *load, const struct conf_stmt *stmt, struct conf_tracks *tracks)
{
	const struct track_kind *kind = kinds;

	while (strcmp(kind->keyword, stmt->words[0].text) != 0)
		kind++;
	for (const struct conf_stmt *line = stmt->first; line != NULL; line = line->next) {
		struct conf_track_draft draft = { .kind = kind->kind, .word = &line->words[0] };

		if (!line_read(load, line, kind, &draft))
			continue;
		tracks->draft = conf_arena_grow(load->scratch, tracks->draft, tracks->count, sizeof(draft));
		tracks->draft[tracks->count++] = draft;
	}
	if (stmt->first == NULL)
		conf_warn(load, &stmt->words[0].place, "%s is empty: it lacks lines %s [weight NUMBER]",
			  kind->keyword, kind->what);
}

static bool
line_read(struct conf_load *load, const struct conf_stmt *line, const struct track_kind *kind,
	  struct conf_track_draft *draft)
{
	unsigned int used;

	if (!name_read(load, line, kind, draft, &used))
		return false;
	if (used == line->word_count && !line->has_block)
		return true;
	if (line->has_block || line->word_count < used + 2 || line->word_count > used + 3 ||
	    strcmp(line->words[used].text, "weight") != 0) {
		conf_error(load, &line->words[used < line->word_count ? used : 0].place,
			   "a line of %s is %s [weight NUMBER [reverse]]", kind->keyword, kind->what);
		return false;
	}
	draft->has_weight = conf_ha_weight(load, &line->words[used + 1], line->word_count - used - 1,
					   kind->weight_max, &draft->weight, &draft->reverse);
	return draft->has_weight;
}

/* The words that are the name, and its one form. */
static bool
name_read(struct conf_load *load, const struct conf_stmt *line, const struct track_kind *kind,
	  struct conf_track_draft *draft, unsigned int *ret_used)
{
	const struct conf_word *word = &line->words[0];
	struct sl_addr addr;
	const char *name;

	*ret_used = 1;
	if (kind->kind == KA_TRACK_GATEWAY) {
		if (!conf_value_addr(load, word, "a gateway", &addr))
			return false;
		sl_addr_format(&addr, draft->name);
		return true;
	}
	if (kind->kind == KA_TRACK_QUORUM && line->word_count >= 3 &&
	    strcmp(line->words[1].text, "weight") != 0) {
		*ret_used = 3;
		return service_read(load, line, draft);
	}
	if (!conf_value_host(load, word, "a name", KA_NAME_SIZE - 1, &name))
		return false;
	strcpy(draft->name, name);
	return true;
}

/* `PROTOCOL ADDRESS PORT` becomes "TCP 192.0.2.1:80", as everywhere in the control core. */
static bool
service_read(struct conf_load *load, const struct conf_stmt *line, struct conf_track_draft *draft)
{
	const struct conf_word *words = line->words;
	char endpoint[SL_ENDPOINT_STRLEN];
	struct sl_addr addr;
	uint16_t port;

	if (strcmp(words[0].text, "TCP") != 0 && strcmp(words[0].text, "UDP") != 0) {
		conf_error(load, &words[0].place, "a service is written TCP|UDP ADDRESS PORT, not %s",
			   conf_show(load, words[0].text));
		return false;
	}
	if (!conf_value_addr(load, &words[1], "a service's address", &addr) ||
	    !conf_value_port(load, &words[2], &port))
		return false;
	snprintf(draft->name, sizeof(draft->name), "%s %s", words[0].text,
		 sl_endpoint_format(&addr, port, endpoint));
	return true;
}

/* False after reporting that there is no such thing; else its own weight, if it has one. */
static bool
find(struct conf_check *check, const struct conf_track_draft *draft, struct ka_track *track,
     int32_t *ret_weight)
{
	struct conf_load *load = check->load;
	const struct conf *conf = load->conf;
	const struct conf_vrrp_script *script;
	const struct conf_track_process *process;
	const struct conf_track_file *file;
	struct sl_addr addr;

	switch (draft->kind) {
	case KA_TRACK_SCRIPT:
		script = conf_ha_script(conf, draft->name);
		if (script == NULL) {
			conf_ha_missing(load, draft->word, "vrrp_script",
					sl_near_find(draft->name, script_at, conf));
			return false;
		}
		*ret_weight = script->weight;
		track->reverse = script->reverse;
		track->init_fail = script->init_fail;
		return true;
	case KA_TRACK_PROCESS:
		process = conf_ha_process(conf, draft->name);
		if (process == NULL) {
			conf_ha_missing(load, draft->word, "vrrp_track_process",
					sl_near_find(draft->name, process_at, conf));
			return false;
		}
		*ret_weight = process->weight;
		track->reverse = process->reverse;
		return true;
	case KA_TRACK_FILE:
		file = conf_ha_file(conf, draft->name);
		if (file == NULL) {
			conf_ha_missing(load, draft->word, "track_file",
					sl_near_find(draft->name, file_at, conf));
			return false;
		}
		*ret_weight = file->weight;
		track->reverse = file->reverse;
		return true;
	case KA_TRACK_QUORUM:
		if (conf_ha_pool(conf, draft->name) != NULL)
			return true;
		if (strchr(draft->name, ' ') == NULL)
			conf_ha_missing(load, draft->word, "virtual_server_group with a virtual_server",
					sl_near_find(draft->name, pool_at, conf));
		else if (!load->incomplete)
			conf_error(load, &draft->word->place, "there is no virtual_server %s", draft->name);
		return false;
	case KA_TRACK_GATEWAY:
		if (sl_addr_parse(draft->name, &addr) == 0 && !check->uncertain &&
		    conf_check_way(check, &addr) != CONF_WAY_LINK)
			conf_warn(load, &draft->word->place,
				  "gateway %s is in no port's subnet: it cannot be asked whether it is there",
				  draft->name);
		return true;
	default:
		return find_interface(check, draft, track);
	}
}

/* A port, or else a kernel interface, which may appear later. */
static bool
find_interface(struct conf_check *check, const struct conf_track_draft *draft, struct ka_track *track)
{
	int port = conf_ha_port_find(check->load->conf, draft->name);

	if (port >= 0) {
		track->kind = KA_TRACK_PORT;
		track->port = (unsigned int)port;
		conf_ha_delays(check->load, port, &track->debounce_down_ms, &track->debounce_up_ms);
		strcpy(track->name, check->load->conf->ports[port].dp.name);
		return true;
	}
	if (strlen(draft->name) >= 16 || strchr(draft->name, '/') != NULL) {
		conf_error(check->load, &draft->word->place,
			   "%s is neither a port nor can it be a kernel interface, whose names have 15 "
			   "characters",
			   conf_show(check->load, draft->name));
		return false;
	}
	conf_ha_track_here(check->load, draft->word, draft->name);
	return true;
}

static const char *
script_at(unsigned int i, const void *context)
{
	const struct conf *conf = context;

	return i < conf->ha.script_count ? conf->ha.scripts[i].name : NULL;
}

static const char *
process_at(unsigned int i, const void *context)
{
	const struct conf *conf = context;

	return i < conf->ha.process_count ? conf->ha.processes[i].name : NULL;
}

static const char *
file_at(unsigned int i, const void *context)
{
	const struct conf *conf = context;

	return i < conf->track_file_count ? conf->track_files[i].name : NULL;
}

static const char *
pool_at(unsigned int i, const void *context)
{
	const struct conf *conf = context;

	if (i >= conf->pool_count)
		return NULL;
	return conf->pools[i].name != NULL ? conf->pools[i].name : "";
}
