/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * See test_conf_load.h.
 */
#include "test_conf_load.h"

#include "sl_test.h"

#include <stdio.h>

static struct conf *load(const char *row, const char *text, bool strict);

struct conf *
conf_load_good(const char *row, const char *text)
{
	return load(row, text, false);
}

struct conf *
conf_load_clean(const char *row, const char *text)
{
	return load(row, text, true);
}

static struct conf *
load(const char *row, const char *text, bool strict)
{
	struct conf_faults faults = { 0 };
	struct conf *conf = conf_load_text("t.conf", text, strlen(text), strict, &faults);

	if (conf == NULL)
		conf_faults_print(&faults, stderr);
	sl_check(row, conf != NULL);
	conf_faults_free(&faults);
	return conf;
}
