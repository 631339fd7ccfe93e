/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Commands in a configuration: notify_up, quorum_down, misc_path, and who runs
 * them. What is not known before the end of the file (script_user, and whether
 * scripts must be secure) is made good by conf_scripts_finish.
 */
#ifndef CONF_SCRIPT_H
#define CONF_SCRIPT_H

#include "conf_keywords.h"

/* `COMMAND [USER [GROUP]]` behind the keyword; in the configuration's memory. NULL after reporting a fault. */
struct conf_script *conf_script_notify(struct conf_load *load, const struct conf_stmt *stmt);

/*
 * A command: one word, which is cut at its blanks if it is quoted, and its further arguments. False
 * after reporting a fault.
 */
bool conf_script_read(struct conf_load *load, const struct conf_word *words, unsigned int count,
		      struct conf_script *ret_script);

/* `NAME [GROUP]`, or numbers: false after reporting a fault. */
bool conf_script_user(struct conf_load *load, const struct conf_word *words, unsigned int count,
		      uid_t *ret_uid, gid_t *ret_gid);

/* Remembers a script that stays where it is: `word` is its path. Without `has_user`, it gets script_user's. */
void conf_script_keep(struct conf_load *load, struct conf_script *script, const struct conf_word *word,
		      bool has_user);

void conf_scripts_finish(struct conf_load *load);

#endif
