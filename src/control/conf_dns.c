/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DNS_CHECK: what is asked for.
 */
#include "conf_checker.h"
#include "conf_dns.h"
#include "conf_value.h"
#include "sl_near.h"

#include <string.h>
#include <strings.h>

enum { TYPE_DEFAULT = 6, LABEL_MAX = 63, NAME_MAX_LEN = 253 };

static const struct {
	const char *name;
	uint16_t type;
} types[] = {
#define X(name, type) { name, type },
	CONF_DNS_TYPE_LIST(X)
#undef X
};

static bool name_good(const char *name);
static const char *type_at(unsigned int i, const void *context);

void
conf_dns_begin(struct conf_checker_draft *draft)
{
	draft->dns = (struct conf_dns){ .name = ".", .type = TYPE_DEFAULT };
}

void
conf_build_dns_type(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_checker_draft *self = object;
	const struct conf_word *word = &stmt->words[1];
	const char *near;

	if (!conf_value_defined(load, word))
		return;
	for (unsigned int i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcasecmp(types[i].name, word->text) == 0) {
			self->dns.type = types[i].type;
			return;
		}
	}
	near = sl_near_find(word->text, type_at, NULL);
	conf_error(load, &word->place, "type must be one of " CONF_DNS_TYPE_NAMES ", not %s%s%s%s",
		   conf_show(load, word->text), near == NULL ? "" : " (did you mean ",
		   near == NULL ? "" : near, near == NULL ? "" : "?)");
}

void
conf_build_dns_name(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_checker_draft *self = object;
	const struct conf_word *word = &stmt->words[1];

	if (!conf_value_host(load, word, "name", NAME_MAX_LEN + 1, &self->dns.name) ||
	    name_good(self->dns.name))
		return;
	conf_error(load, &word->place,
		   "name must be a domain name, its parts of 1 to %d characters, or \".\", not %s", LABEL_MAX,
		   conf_show(load, word->text));
}

void
conf_dns_finish(struct conf_load *load, const struct conf_checker_draft *draft,
		const struct conf_scope *scope, const struct conf_real *real,
		struct conf_checker *ret_checker)
{
	ret_checker->dns = draft->dns;
}

/* "." and "example.net." as well as "example.net". */
static bool
name_good(const char *name)
{
	if (strcmp(name, ".") == 0)
		return true;
	while (*name != '\0') {
		size_t len = strcspn(name, ".");

		if (len == 0 || len > LABEL_MAX)
			return false;
		name += len + (name[len] == '.');
	}
	return true;
}

static const char *
type_at(unsigned int i, const void *context)
{
	return i < sizeof(types) / sizeof(types[0]) ? types[i].name : NULL;
}
