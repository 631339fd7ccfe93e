/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kinds, for the table in check.c: each is a file of its own.
 */
#ifndef SLUICE_CHECK_KINDS_H
#define SLUICE_CHECK_KINDS_H

#include "check.h"

extern const struct check_ops check_tcp, check_http, check_smtp, check_dns, check_udp, check_ping, check_misc,
	check_file;

#endif
