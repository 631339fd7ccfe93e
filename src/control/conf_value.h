/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From words to values. Each returns false after reporting what is wrong with
 * the word, and then leaves its result alone. `what` names the value in the
 * message.
 */
#ifndef CONF_VALUE_H
#define CONF_VALUE_H

#include "conf_load.h"

/* False after reporting an undefined variable. The others call it themselves. */
bool conf_value_defined(struct conf_load *load, const struct conf_word *word);

bool conf_value_number(struct conf_load *load, const struct conf_word *word, const char *what, uint32_t low,
		       uint32_t high, uint32_t *ret_number);
/* The same with a decimal k, m or g behind it. */
bool conf_value_count(struct conf_load *load, const struct conf_word *word, const char *what, uint32_t low,
		      uint32_t high, uint32_t *ret_number);
bool conf_value_bool(struct conf_load *load, const struct conf_word *word, const char *what, bool *ret_on);
/* A switch that may stand alone, which is on. */
bool conf_value_flag(struct conf_load *load, const struct conf_stmt *stmt, bool *ret_on);
/* Seconds with up to three decimals, as milliseconds. */
bool conf_value_time(struct conf_load *load, const struct conf_word *word, const char *what, uint32_t low_ms,
		     uint32_t high_ms, uint32_t *ret_ms);
/* Seconds with up to six decimals, as microseconds. */
bool conf_value_micro(struct conf_load *load, const struct conf_word *word, const char *what,
		      uint32_t high_us, uint32_t *ret_us);
bool conf_value_port(struct conf_load *load, const struct conf_word *word, uint16_t *ret_port);

/* A host's address: not zero, loopback, multicast. */
bool conf_value_addr(struct conf_load *load, const struct conf_word *word, const char *what,
		     struct sl_addr *ret_addr);
/* A host's, or a multicast group. */
bool conf_value_addr_any(struct conf_load *load, const struct conf_word *word, const char *what,
			 struct sl_addr *ret_addr);
/* An address with a prefix length; what it may be is the caller's business. */
bool conf_value_prefix(struct conf_load *load, const struct conf_word *word, const char *what,
		       struct sl_prefix *ret_prefix);

/* The name of an object (`what`), 1 to DP_NAME_SIZE - 1 characters that need no quotes anywhere. */
bool conf_value_name(struct conf_load *load, const struct conf_word *word, const char *what);

/* Copies a name or path of at most size - 1 bytes. */
bool conf_value_text(struct conf_load *load, const struct conf_word *word, const char *what, char *ret_text,
		     size_t size);

/* The same in the configuration's own memory. Nothing below a blank stands in it. */
bool conf_value_keep(struct conf_load *load, const struct conf_word *word, const char *what, size_t len_max,
		     const char **ret_text);
/* The same, and no blank: what a protocol's line has as one word. */
bool conf_value_host(struct conf_load *load, const struct conf_word *word, const char *what, size_t len_max,
		     const char **ret_text);

/* "1.5": as conf_value_time reads it. Scratch memory. */
const char *conf_time_text(struct conf_load *load, uint32_t ms);
const char *conf_addr_text(struct conf_load *load, const struct sl_addr *addr);
const char *conf_prefix_text(struct conf_load *load, const struct sl_prefix *prefix);
const char *conf_endpoint_text(struct conf_load *load, const struct sl_addr *addr, uint16_t port);

#endif
