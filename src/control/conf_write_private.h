/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Words and lines that the files of conf_write.h share.
 */
#ifndef CONF_WRITE_PRIVATE_H
#define CONF_WRITE_PRIVATE_H

#include "conf_write.h"
#include "sl_addr.h"

/* `INDENT KEYWORD SECONDS` */
void conf_write_time(FILE *out, const char *indent, const char *keyword, uint32_t ms);

/* `INDENT KEYWORD "COMMAND ARG ..." UID GID`; NULL: nothing. */
void conf_write_script(FILE *out, const char *indent, const char *keyword, const struct conf_script *script);

/* `INDENT KEYWORD "COMMAND ARG ..."` */
void conf_write_command(FILE *out, const char *indent, const char *keyword, const struct conf_script *script);

/* The lines of vrrp_instance, of vrrp_sync_group. */
void conf_write_instance(FILE *out, const char *indent, const struct conf *conf, unsigned int number);
void conf_write_sync_group(FILE *out, const char *indent, const struct conf *conf, unsigned int number);

#endif
