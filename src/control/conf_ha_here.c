/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What two boxes' configuration names on the box itself: kernel interfaces and
 * serial lines. Those may come later, or a file is checked on another box, so
 * that what is missing is a warning, which a strict load takes, too. What is
 * there and can never be right is an error.
 */
#include "conf_value.h"
#include "conf_vrrp.h"
#include "sl_near.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/stat.h>

static bool is_here(const struct conf *conf, const char *name);
static const char *port_at(unsigned int i, const void *context);

void
conf_ha_interface_here(struct conf_load *load, const struct conf_word *word)
{
	if (!load->incomplete && !is_here(load->conf, word->text))
		conf_warn_here(load, &word->place,
			       "interface %s does not exist: nothing is heard until it does",
			       conf_show(load, word->text));
}

void
conf_ha_track_here(struct conf_load *load, const struct conf_word *word, const char *name)
{
	const char *near;

	if (load->incomplete || is_here(load->conf, name))
		return;
	near = sl_near_find(name, port_at, load->conf);
	conf_warn_here(
		load, &word->place,
		"%s does not exist, neither as a port nor as a kernel interface%s%s%s: it counts as down "
		"until it does",
		conf_show(load, name), near == NULL ? "" : " (did you mean ", near == NULL ? "" : near,
		near == NULL ? "" : "?)");
}

void
conf_ha_line_here(struct conf_load *load, const struct conf_word *word)
{
	struct stat file;

	if (stat(word->text, &file) != 0)
		conf_warn_here(load, &word->place, "device %s %s: nothing is heard until it does",
			       conf_show(load, word->text),
			       errno == ENOENT ? "does not exist"
					       : conf_arena_printf(load->scratch, "does not open (%s)",
								   strerror(errno)));
	else if (!S_ISCHR(file.st_mode))
		conf_error(load, &word->place, "device %s is %s: a serial line is a character device",
			   conf_show(load, word->text),
			   S_ISDIR(file.st_mode)   ? "a directory"
			   : S_ISREG(file.st_mode) ? "a regular file"
						   : "something else");
}

/* A kernel interface, or what will be the tap of a port. Where the kernel does not say, it is. */
static bool
is_here(const struct conf *conf, const char *name)
{
	for (unsigned int i = 0; strncmp(name, "sl-", 3) == 0 && i < conf->port_count; i++) {
		const struct dp_port_conf *dp = &conf->ports[i].dp;

		if (dp->tap && strncmp(name + 3, dp->name, 12) == 0)
			return true;
	}
	return if_nametoindex(name) != 0 || errno != ENODEV;
}

static const char *
port_at(unsigned int i, const void *context)
{
	const struct conf *conf = context;

	return i < conf->port_count ? conf->ports[i].dp.name : NULL;
}
