/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * See json_text.h.
 */
#include "json_text.h"

#include <stdlib.h>
#include <string.h>

json_t *
json_text(const char *text)
{
	json_t *json = json_string(text);
	char *plain;

	if (json != NULL || (plain = strdup(text)) == NULL)
		return json;
	for (char *c = plain; *c != '\0'; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	json = json_string(plain);
	free(plain);
	return json;
}
