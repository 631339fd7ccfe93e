/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rows that the tables of checks share with those of virtual_server and
 * real_server: what these say for the checks inside them (conf_inherit.h).
 */
#ifndef CONF_KEYWORDS_CHECK_H
#define CONF_KEYWORDS_CHECK_H

#include "conf_keyword_rows.h"

#define CONF_KEYWORD_INHERITED(keyword, value) WORD(keyword, conf_build_inherited, value)
#define CONF_KEYWORD_SWITCH(keyword) SWITCH(keyword, conf_build_inherited)

/* When a check is done, and how often it may fail. */
#define CONF_KEYWORDS_OF_SCHEDULE                                                                            \
	CONF_KEYWORD_INHERITED("delay_loop", "SECONDS"), CONF_KEYWORD_INHERITED("retry", "COUNT"),           \
		CONF_KEYWORD_INHERITED("delay_before_retry", "SECONDS"),                                     \
		CONF_KEYWORD_INHERITED("warmup", "SECONDS"), CONF_KEYWORD_INHERITED("fall", "COUNT"),        \
		CONF_KEYWORD_INHERITED("rise", "COUNT"), CONF_KEYWORD_SWITCH("alpha"),                       \
		CONF_KEYWORD_SWITCH("log_all_failures")
#define CONF_KEYWORDS_OF_CHECKS                                                                              \
	CONF_KEYWORDS_OF_SCHEDULE, CONF_KEYWORD_INHERITED("connect_timeout", "SECONDS")

#define CONF_KEYWORD_INHIBIT CONF_KEYWORD_SWITCH("inhibit_on_failure")
#define CONF_KEYWORD_VIA_DATAPLANE CONF_KEYWORD_SWITCH("check_via_dataplane")

#endif
