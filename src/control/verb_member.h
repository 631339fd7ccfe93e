/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What each member of params is (verb_member.c), for the check of a call's
 * params (verb_args.c).
 */
#ifndef SLUICE_VERB_MEMBER_H
#define SLUICE_VERB_MEMBER_H

#include "verb.h"

#include "sl_near.h"

struct verb_member_kind {
	const char *name;
	const char *right; /* what it has to be, for messages */
	/* 0, or -EINVAL with nothing said. */
	int (*parse)(const json_t *value, struct verb_args *args);
	sl_near_at *choices; /* the words there are, if it takes one of a list */
};

extern const struct verb_member_kind verb_members[VERB_MEMBER_MAX];

#endif
