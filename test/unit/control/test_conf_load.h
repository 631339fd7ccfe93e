/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Configurations that a test needs to be good.
 */
#ifndef TEST_CONF_LOAD_H
#define TEST_CONF_LOAD_H

#include "conf.h"

/* Without an error, and whatever warnings there are. Otherwise the test fails, and says where and why. */
struct conf *conf_load_good(const char *row, const char *text);
/* Without a warning, too. */
struct conf *conf_load_clean(const char *row, const char *text);

#endif
