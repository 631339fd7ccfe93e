/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A place in a configuration file, for messages about what stands there. On its
 * own because both conf.h and conf_health.h, which it includes, have places.
 * Plain data, written while the file is loaded.
 */
#ifndef SLUICE_CONF_PLACE_H
#define SLUICE_CONF_PLACE_H

/* `file` lives as long as the conf. */
struct conf_place {
	const char *file;
	unsigned int line, column;
};

#endif
