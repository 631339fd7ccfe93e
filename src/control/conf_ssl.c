/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The SSL block: files that all SSL_GETs use, in keepalived's words. Whether
 * they are what they should be is found by whoever reads them; here it is said
 * when one cannot be read at all.
 */
#include "conf_keywords.h"
#include "conf_value.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

void
conf_build_ssl(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_ssl *ssl = &load->conf->ssl;

	conf_walk(load, stmt->first, &conf_block_ssl, ssl);
	if (ssl->key != NULL && ssl->certificate == NULL && !load->incomplete)
		conf_error(load, &stmt->words[0].place, "SSL has a key, and lacks its certificate");
}

void
conf_build_ssl_file(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_ssl *self = object;
	const struct conf_word *keyword = &stmt->words[0], *word = &stmt->words[1];
	const char **file = strcmp(keyword->text, "ca") == 0            ? &self->ca
			    : strcmp(keyword->text, "certificate") == 0 ? &self->certificate
									: &self->key;

	if (!conf_value_keep(load, word, keyword->text, PATH_MAX - 1, file))
		return;
	if (word->text[0] != '/')
		conf_error(load, &word->place, "%s must be a path from the root, not %s", keyword->text,
			   conf_show(load, word->text));
	else if (access(*file, R_OK) < 0)
		conf_warn(load, &word->place, "%s %s: %s", keyword->text, conf_show(load, *file),
			  strerror(errno));
}

void
conf_build_ssl_password(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_ssl *self = object;

	conf_value_keep(load, &stmt->words[1], "password", 1023, &self->password);
}
