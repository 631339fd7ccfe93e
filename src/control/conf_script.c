/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Commands: their words, their users, and whether they can be run at all.
 *
 * Users are looked up with the C library, which asks what nsswitch.conf(5)
 * names: a directory service that hangs holds up the loading of a file.
 */
#include "conf_script.h"
#include "conf_service.h"
#include "conf_value.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ARGS_MAX = 256 };

struct conf_script_draft {
	struct conf_script *script;
	const struct conf_word *word;
	bool has_user;
};

static bool arg_add(struct conf_load *load, const struct conf_word *word, char **argv, unsigned int *count,
		    const char *text, size_t len);
static bool word_split(struct conf_load *load, const struct conf_word *word, char **argv,
		       unsigned int *count);
static char *path_find(struct conf_load *load, char *name);
static bool number_read(const char *text, uint32_t *ret_number);
static void script_check(struct conf_load *load, const struct conf_script_draft *draft);
static bool may_run(const struct conf_script *script, const struct stat *file);
static const char *writable_part(struct conf_load *load, const char *path);

void
conf_build_script_user(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	uid_t uid;
	gid_t gid;

	if (!conf_script_user(load, &stmt->words[1], stmt->word_count - 1, &uid, &gid))
		return;
	load->has_script_user = true;
	load->script_uid = uid;
	load->script_gid = gid;
}

void
conf_build_enable_script_security(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	conf_value_flag(load, stmt, &load->conf->script_security);
}

void
conf_build_notify(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_real_object *self = object;
	bool up = strcmp(stmt->words[0].text, "notify_up") == 0;

	*(up ? &self->notify_up : &self->notify_down) = conf_script_notify(load, stmt);
}

void
conf_build_quorum_notify(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_service_object *self = object;
	bool up = strcmp(stmt->words[0].text, "quorum_up") == 0;

	*(up ? &self->pool.quorum_up : &self->pool.quorum_down) = conf_script_notify(load, stmt);
}

struct conf_script *
conf_script_notify(struct conf_load *load, const struct conf_stmt *stmt)
{
	struct conf_script *script = conf_arena_alloc(load->keep, sizeof(*script));
	bool has_user = stmt->word_count > 2;

	if (!conf_script_read(load, &stmt->words[1], 1, script) ||
	    (has_user &&
	     !conf_script_user(load, &stmt->words[2], stmt->word_count - 2, &script->uid, &script->gid)))
		return NULL;
	conf_script_keep(load, script, &stmt->words[1], has_user);
	return script;
}

bool
conf_script_read(struct conf_load *load, const struct conf_word *words, unsigned int count,
		 struct conf_script *ret_script)
{
	char *argv[ARGS_MAX + 1];
	unsigned int args = 0;

	for (unsigned int i = 0; i < count; i++) {
		const struct conf_word *word = &words[i];

		if (!conf_value_defined(load, word))
			return false;
		if (i == 0 && word->quoted
			    ? !word_split(load, word, argv, &args)
			    : !arg_add(load, word, argv, &args, word->text, strlen(word->text)))
			return false;
	}
	if (args > 0 && argv[0][0] != '\0' && strchr(argv[0], '/') == NULL)
		argv[0] = path_find(load, argv[0]);
	if (args == 0 || argv[0][0] != '/') {
		conf_error(load, &words[0].place,
			   "a command must begin with a path from the root, as \"/usr/local/bin/check arg\", "
			   "not %s",
			   conf_show(load, words[0].text));
		return false;
	}
	argv[args++] = NULL;
	ret_script->argv = conf_arena_alloc(load->keep, args * sizeof(*argv));
	memcpy(ret_script->argv, argv, args * sizeof(*argv));
	return true;
}

/* keepalived writes a group with or without a colon before it. */
bool
conf_script_user(struct conf_load *load, const struct conf_word *words, unsigned int count, uid_t *ret_uid,
		 gid_t *ret_gid)
{
	const char *name = words[0].text, *group = strchr(name, ':');
	const struct conf_word *group_word = &words[0];
	const struct passwd *user;
	uint32_t number;

	if (!conf_value_defined(load, &words[0]))
		return false;
	if (group != NULL) {
		name = conf_arena_strndup(load->scratch, name, (size_t)(group - name));
		group++;
	}
	for (unsigned int i = 1; i < count && (group == NULL || *group == '\0'); i++) {
		group_word = &words[i];
		if (!conf_value_defined(load, group_word))
			return false;
		group = group_word->text + (group_word->text[0] == ':');
	}
	user = getpwnam(name);
	if (user == NULL && number_read(name, &number)) {
		*ret_uid = number;
		user = getpwuid(number);
	} else if (user != NULL) {
		*ret_uid = user->pw_uid;
	} else {
		conf_error(load, &words[0].place, "there is no user %s", conf_show(load, name));
		return false;
	}
	*ret_gid = user != NULL ? user->pw_gid : (gid_t)*ret_uid;
	if (group == NULL || *group == '\0')
		return true;

	const struct group *entry = getgrnam(group);

	if (entry == NULL && !number_read(group, &number)) {
		conf_error(load, &group_word->place, "there is no group %s", conf_show(load, group));
		return false;
	}
	*ret_gid = entry != NULL ? entry->gr_gid : number;
	return true;
}

void
conf_script_keep(struct conf_load *load, struct conf_script *script, const struct conf_word *word,
		 bool has_user)
{
	load->scripts =
		conf_arena_grow(load->scratch, load->scripts, load->script_count, sizeof(*load->scripts));
	load->scripts[load->script_count++] = (struct conf_script_draft){ script, word, has_user };
}

void
conf_scripts_finish(struct conf_load *load)
{
	struct conf_table seen = { 0 };

	for (unsigned int i = 0; i < load->script_count; i++) {
		const struct conf_script_draft *draft = &load->scripts[i];
		const char *path = draft->script->argv[0];

		if (!draft->has_user) {
			draft->script->uid = load->has_script_user ? load->script_uid : geteuid();
			draft->script->gid = load->has_script_user ? load->script_gid : getegid();
		}
		/* One script that many servers name is one fault. */
		if (conf_table_put(&seen, load->scratch, path, strlen(path), draft->script) == NULL)
			script_check(load, draft);
	}
}

static bool
arg_add(struct conf_load *load, const struct conf_word *word, char **argv, unsigned int *count,
	const char *text, size_t len)
{
	if (*count == ARGS_MAX) {
		conf_error(load, &word->place, "a command can have %d arguments", ARGS_MAX);
		return false;
	}
	argv[(*count)++] = conf_arena_strndup(load->keep, text, len);
	return true;
}

/* At blanks; inside quotes of either kind they stay, and a backslash takes what follows as it is. */
static bool
word_split(struct conf_load *load, const struct conf_word *word, char **argv, unsigned int *count)
{
	char *arg = conf_arena_alloc(load->scratch, strlen(word->text) + 1);
	const char *c = word->text;

	for (;;) {
		char quote = '\0';
		size_t len = 0;

		c += strspn(c, " \t\n");
		if (*c == '\0')
			return true;
		for (; *c != '\0' && (quote != '\0' || strchr(" \t\n", *c) == NULL); c++) {
			if (*c == '\\' && c[1] != '\0' && quote != '\'')
				arg[len++] = *++c;
			else if (quote == '\0' && (*c == '\'' || *c == '"'))
				quote = *c;
			else if (*c == quote)
				quote = '\0';
			else
				arg[len++] = *c;
		}
		if (quote != '\0') {
			conf_error(load, &word->place, "a %c quote in the command %s is not closed", quote,
				   conf_show(load, word->text));
			return false;
		}
		if (!arg_add(load, word, argv, count, arg, len))
			return false;
	}
}

/* As keepalived: a name without a path is looked for where commands are. Itself, when there is none. */
static char *
path_find(struct conf_load *load, char *name)
{
	static const char *const directories[] = { "/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
						   "/usr/bin",        "/sbin",          "/bin" };

	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
		char *path = conf_arena_printf(load->keep, "%s/%s", directories[i], name);

		if (access(path, X_OK) == 0)
			return path;
	}
	return name;
}

static bool
number_read(const char *text, uint32_t *ret_number)
{
	char *end;
	unsigned long long number;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno != 0 || *end != '\0' || number >= UINT32_MAX)
		return false;
	*ret_number = (uint32_t)number;
	return true;
}

static void
script_check(struct conf_load *load, const struct conf_script_draft *draft)
{
	const struct conf_script *script = draft->script;
	const char *path = script->argv[0], *part;
	struct stat file;

	if (stat(path, &file) < 0) {
		conf_warn(load, &draft->word->place, "command %s: %s", conf_show(load, path),
			  strerror(errno));
		return;
	}
	if (!S_ISREG(file.st_mode) || !may_run(script, &file)) {
		conf_warn(load, &draft->word->place, "command %s %s", conf_show(load, path),
			  S_ISREG(file.st_mode) ? "may not be run by its user (chmod +x?)" : "is no file");
		return;
	}
	if (!load->conf->script_security || script->uid != 0)
		return;
	part = writable_part(load, path);
	if (part != NULL)
		conf_error(load, &draft->word->place,
			   "command %s would run as root, and others than root can write %s: "
			   "enable_script_security refuses that",
			   conf_show(load, path), conf_show(load, part));
}

/* By its modes; a right that only a further group of the user gives is given the benefit of the doubt. */
static bool
may_run(const struct conf_script *script, const struct stat *file)
{
	mode_t any = S_IXUSR | S_IXGRP | S_IXOTH;

	if (script->uid == 0)
		return (file->st_mode & any) != 0;
	if (script->uid == file->st_uid)
		return (file->st_mode & S_IXUSR) != 0;
	return (file->st_mode & (S_IXGRP | S_IXOTH)) != 0;
}

/* The first part of the path that somebody else than root could exchange, or NULL. */
static const char *
writable_part(struct conf_load *load, const char *path)
{
	for (size_t len = 1;; len += 1 + strcspn(path + len + 1, "/")) {
		const char *part = conf_arena_strndup(load->scratch, path, len);
		struct stat st;
		bool sticky;

		if (stat(part, &st) == 0) {
			sticky = S_ISDIR(st.st_mode) && (st.st_mode & S_ISVTX) != 0;
			if (st.st_uid != 0 || ((st.st_mode & S_IWGRP) != 0 && st.st_gid != 0 && !sticky) ||
			    ((st.st_mode & S_IWOTH) != 0 && !sticky))
				return part;
		}
		if (path[len] == '\0')
			return NULL;
		if (len == 1)
			len = 0;
	}
}
