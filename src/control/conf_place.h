/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SLUICE_CONF_PLACE_H
#define SLUICE_CONF_PLACE_H

/* Where a thing stands in its file, for messages. `file` lives as long as the conf. */
struct conf_place {
	const char *file;
	unsigned int line, column;
};

#endif
