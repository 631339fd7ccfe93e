/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Params of a call against what its method takes: what is missing, what is
 * not known, what is wrong, and what would be right. The members themselves
 * are in verb_member.c. Pure: JSON in, struct verb_args out.
 */
#include "verb_member.h"

#include <stdio.h>
#include <string.h>

enum { SHOWN_SIZE = 80 };

static int members_check(const char *method, json_t *params, uint32_t allowed, struct verb_call *call);
static int value_refuse(const char *method, enum verb_member member, const json_t *value,
			struct verb_call *call);
static const char *member_at(unsigned int i, const void *context);

int
verb_args_parse(const char *method, json_t *params, uint32_t required, uint32_t optional,
		struct verb_args *ret_args, struct verb_call *call)
{
	uint32_t allowed = required | optional;
	int error;

	memset(ret_args, 0, sizeof(*ret_args));
	ret_args->fwd = -1;
	if (params != NULL && !json_is_object(params))
		return verb_refuse(call, VERB_ERROR_PARAMS,
				   "%s: \"params\" must be an object: {\"proto\":\"tcp\",...}", method);
	if ((error = members_check(method, params, allowed, call)) != 0)
		return error;
	for (unsigned int i = 0; i < VERB_MEMBER_MAX; i++) {
		json_t *value = json_object_get(params, verb_members[i].name);

		if ((allowed & (1u << i)) == 0)
			continue;
		if (value == NULL) {
			if (required & (1u << i))
				return verb_refuse(call, VERB_ERROR_PARAMS, "%s: \"%s\" is missing: %s",
						   method, verb_members[i].name, verb_members[i].right);
			continue;
		}
		if (verb_members[i].parse(value, ret_args) != 0)
			return value_refuse(method, (enum verb_member)i, value, call);
		ret_args->present |= 1u << i;
	}
	return 0;
}

/* What is not known is not skipped: a misspelt "limit" must not list ten million connections. */
static int
members_check(const char *method, json_t *params, uint32_t allowed, struct verb_call *call)
{
	const char *name;
	json_t *value;

	json_object_foreach(params, name, value)
	{
		char known[256] = "";
		size_t len = 0;
		bool found = false;

		for (unsigned int i = 0; i < VERB_MEMBER_MAX; i++) {
			if ((allowed & (1u << i)) == 0)
				continue;
			found = found || strcmp(verb_members[i].name, name) == 0;
			len += (size_t)snprintf(known + len, sizeof(known) - len, "%s%s", len > 0 ? ", " : "",
						verb_members[i].name);
		}
		if (found)
			continue;
		if (len == 0)
			return verb_refuse(call, VERB_ERROR_PARAMS,
					   "%s: unknown member \"%.64s\"; it takes no params", method, name);
		const char *near = sl_near_find(name, member_at, &allowed);

		if (near != NULL)
			return verb_refuse(call, VERB_ERROR_PARAMS,
					   "%s: unknown member \"%.64s\" (did you mean \"%s\"?)", method,
					   name, near);
		return verb_refuse(call, VERB_ERROR_PARAMS, "%s: unknown member \"%.64s\"; there are %s",
				   method, name, known);
	}
	return 0;
}

static int
value_refuse(const char *method, enum verb_member member, const json_t *value, struct verb_call *call)
{
	char shown[SHOWN_SIZE], list[256] = "";
	sl_near_at *choices = verb_members[member].choices;
	const char *near = NULL, *name;
	size_t len = 0;

	verb_text(value, shown, sizeof(shown));
	if (choices == NULL)
		return verb_refuse(call, VERB_ERROR_PARAMS, "%s: \"%s\" is %s; it must be %s", method,
				   verb_members[member].name, shown, verb_members[member].right);
	if (json_is_string(value))
		near = sl_near_find(json_string_value(value), choices, NULL);
	for (unsigned int i = 0; (name = choices(i, NULL)) != NULL && len < sizeof(list); i++)
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s", len > 0 ? ", " : "", name);
	return verb_refuse(call, VERB_ERROR_PARAMS, "%s: \"%s\" is %s; it must be %s: %s%s%s%s", method,
			   verb_members[member].name, shown, verb_members[member].right, list,
			   near != NULL ? " (did you mean " : "", near != NULL ? near : "",
			   near != NULL ? "?)" : "");
}

static const char *
member_at(unsigned int i, const void *context)
{
	uint32_t allowed = *(const uint32_t *)context;

	for (unsigned int m = 0; m < VERB_MEMBER_MAX; m++)
		if ((allowed & (1u << m)) != 0 && i-- == 0)
			return verb_members[m].name;
	return NULL;
}
