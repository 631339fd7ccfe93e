/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Values of a configuration, checked: numbers in their ranges, addresses,
 * texts. What a person reads says what was found and what would be right.
 */
#include "conf_value.h"

#include "sl_addr.h"

#include <string.h>
#include <strings.h>

static bool time_parse(const char *text, unsigned int decimals, uint64_t *ret_units);
static bool digits_parse(const char *text, size_t *ret_len, uint64_t *ret_number);

bool
conf_value_defined(struct conf_load *load, const struct conf_word *word)
{
	if (!word->undefined)
		return true;

	const char *name = strchr(word->text, '$');

	conf_error(load, &word->place, "variable %s is not defined: $NAME=VALUE must stand before its use",
		   conf_show(load, name == NULL ? word->text : name));
	return false;
}

bool
conf_value_number(struct conf_load *load, const struct conf_word *word, const char *what, uint32_t low,
		  uint32_t high, uint32_t *ret_number)
{
	uint64_t number;
	size_t len;

	if (!conf_value_defined(load, word))
		return false;
	if (!digits_parse(word->text, &len, &number) || word->text[len] != '\0' || number < low ||
	    number > high) {
		conf_error(load, &word->place, "%s must be a number from %u to %u, not %s", what, low, high,
			   conf_show(load, word->text));
		return false;
	}
	*ret_number = (uint32_t)number;
	return true;
}

bool
conf_value_count(struct conf_load *load, const struct conf_word *word, const char *what, uint32_t low,
		 uint32_t high, uint32_t *ret_number)
{
	uint64_t number, factor = 1;
	size_t len;
	bool good;

	if (!conf_value_defined(load, word))
		return false;
	good = digits_parse(word->text, &len, &number);
	if (good && word->text[len] != '\0') {
		switch (word->text[len] | ' ') {
		case 'k':
			factor = 1000;
			break;
		case 'm':
			factor = 1000 * 1000;
			break;
		case 'g':
			factor = 1000 * 1000 * 1000;
			break;
		default:
			good = false;
		}
		good = good && word->text[len + 1] == '\0';
	}
	if (!good || number * factor < low || number * factor > high) {
		conf_error(load, &word->place,
			   "%s must be a number from %u to %u (250k and 4m are decimal), not %s", what, low,
			   high, conf_show(load, word->text));
		return false;
	}
	*ret_number = (uint32_t)(number * factor);
	return true;
}

bool
conf_value_bool(struct conf_load *load, const struct conf_word *word, const char *what, bool *ret_on)
{
	static const char *const names[] = { "off", "on", "false", "true", "no", "yes" };

	if (!conf_value_defined(load, word))
		return false;
	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcasecmp(word->text, names[i]) == 0) {
			*ret_on = i % 2 == 1;
			return true;
		}
	}
	conf_error(load, &word->place, "%s must be on or off, not %s", what, conf_show(load, word->text));
	return false;
}

bool
conf_value_flag(struct conf_load *load, const struct conf_stmt *stmt, bool *ret_on)
{
	if (stmt->word_count > 1)
		return conf_value_bool(load, &stmt->words[1], stmt->words[0].text, ret_on);
	*ret_on = true;
	return true;
}

bool
conf_value_time(struct conf_load *load, const struct conf_word *word, const char *what, uint32_t low_ms,
		uint32_t high_ms, uint32_t *ret_ms)
{
	uint64_t ms;

	if (!conf_value_defined(load, word))
		return false;
	if (!time_parse(word->text, 3, &ms) || ms < low_ms || ms > high_ms) {
		conf_error(load, &word->place,
			   "%s must be seconds from %s to %s, with three decimals at most, not %s", what,
			   conf_time_text(load, low_ms), conf_time_text(load, high_ms),
			   conf_show(load, word->text));
		return false;
	}
	*ret_ms = (uint32_t)ms;
	return true;
}

bool
conf_value_micro(struct conf_load *load, const struct conf_word *word, const char *what, uint32_t high_us,
		 uint32_t *ret_us)
{
	uint64_t us;

	if (!conf_value_defined(load, word))
		return false;
	if (!time_parse(word->text, 6, &us) || us > high_us) {
		conf_error(load, &word->place,
			   "%s must be seconds from 0 to %s, with six decimals at most, not %s", what,
			   conf_time_text(load, high_us / 1000), conf_show(load, word->text));
		return false;
	}
	*ret_us = (uint32_t)us;
	return true;
}

bool
conf_value_port(struct conf_load *load, const struct conf_word *word, uint16_t *ret_port)
{
	uint32_t port;

	if (!conf_value_number(load, word, "port", 1, 65535, &port))
		return false;
	*ret_port = (uint16_t)port;
	return true;
}

bool
conf_value_addr(struct conf_load *load, const struct conf_word *word, const char *what,
		struct sl_addr *ret_addr)
{
	struct sl_addr addr;
	uint16_t port;

	if (!conf_value_defined(load, word))
		return false;
	if (sl_addr_parse(word->text, &addr) < 0) {
		const char *hint = "";

		if (sl_endpoint_parse(word->text, &addr, &port) == 0)
			hint = ": the port is a word of its own";
		else if (strchr(word->text, '/') != NULL)
			hint = ": no prefix length here";
		conf_error(load, &word->place, "%s must be an IPv4 or IPv6 address, not %s%s", what,
			   conf_show(load, word->text), hint);
		return false;
	}
	if (!sl_addr_is_unicast(&addr)) {
		conf_error(
			load, &word->place,
			"%s must be the address of a host, not %s (zero, loopback, multicast or broadcast)",
			what, conf_show(load, word->text));
		return false;
	}
	*ret_addr = addr;
	return true;
}

bool
conf_value_addr_any(struct conf_load *load, const struct conf_word *word, const char *what,
		    struct sl_addr *ret_addr)
{
	struct sl_addr addr;

	if (sl_addr_parse(word->text, &addr) < 0 || !conf_addr_is_multicast(&addr))
		return conf_value_addr(load, word, what, ret_addr);
	*ret_addr = addr;
	return true;
}

bool
conf_value_prefix(struct conf_load *load, const struct conf_word *word, const char *what,
		  struct sl_prefix *ret_prefix)
{
	if (!conf_value_defined(load, word))
		return false;
	if (sl_prefix_parse(word->text, ret_prefix) == 0)
		return true;
	conf_error(load, &word->place,
		   "%s must be ADDRESS/LENGTH, such as 192.0.2.1/24 or 2001:db8::1/64, not %s", what,
		   conf_show(load, word->text));
	return false;
}

bool
conf_value_name(struct conf_load *load, const struct conf_word *word, const char *what)
{
	size_t len = strlen(word->text);

	if (!conf_value_defined(load, word))
		return false;
	if (len >= 1 && len < DP_NAME_SIZE &&
	    strspn(word->text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") == len)
		return true;
	conf_error(load, &word->place,
		   "the name of a %s must have 1 to %d letters, digits, \"_\", \"-\" or \".\", not %s", what,
		   DP_NAME_SIZE - 1, conf_show(load, word->text));
	return false;
}

bool
conf_value_text(struct conf_load *load, const struct conf_word *word, const char *what, char *ret_text,
		size_t size)
{
	size_t len = strlen(word->text);

	if (!conf_value_defined(load, word))
		return false;
	if (len == 0 || len >= size) {
		conf_error(load, &word->place, "%s must have 1 to %zu characters, not %zu", what, size - 1,
			   len);
		return false;
	}
	memcpy(ret_text, word->text, len + 1);
	return true;
}

bool
conf_value_keep(struct conf_load *load, const struct conf_word *word, const char *what, size_t len_max,
		const char **ret_text)
{
	size_t len = strlen(word->text);

	if (!conf_value_defined(load, word))
		return false;
	if (len == 0 || len > len_max) {
		conf_error(load, &word->place, "%s must have 1 to %zu characters, not %zu", what, len_max,
			   len);
		return false;
	}
	for (const char *c = word->text; *c != '\0'; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f) {
			conf_error(load, &word->place, "%s must be printable text, not %s", what,
				   conf_show(load, word->text));
			return false;
		}
	}
	*ret_text = conf_arena_strndup(load->keep, word->text, len);
	return true;
}

bool
conf_value_host(struct conf_load *load, const struct conf_word *word, const char *what, size_t len_max,
		const char **ret_text)
{
	const char *text;

	if (!conf_value_keep(load, word, what, len_max, &text))
		return false;
	if (strchr(text, ' ') != NULL) {
		conf_error(load, &word->place, "%s must be without blanks, not %s", what,
			   conf_show(load, text));
		return false;
	}
	*ret_text = text;
	return true;
}

const char *
conf_time_text(struct conf_load *load, uint32_t ms)
{
	char *text = conf_arena_printf(load->scratch, "%u.%03u", ms / 1000, ms % 1000);
	char *end = text + strlen(text);

	while (end[-1] == '0')
		*--end = '\0';
	if (end[-1] == '.')
		end[-1] = '\0';
	return text;
}

const char *
conf_addr_text(struct conf_load *load, const struct sl_addr *addr)
{
	return sl_addr_format(addr, conf_arena_alloc(load->scratch, SL_ADDR_STRLEN));
}

const char *
conf_prefix_text(struct conf_load *load, const struct sl_prefix *prefix)
{
	return sl_prefix_format(prefix, conf_arena_alloc(load->scratch, SL_PREFIX_STRLEN));
}

const char *
conf_endpoint_text(struct conf_load *load, const struct sl_addr *addr, uint16_t port)
{
	return sl_endpoint_format(addr, port, conf_arena_alloc(load->scratch, SL_ENDPOINT_STRLEN));
}

/* "60", "0.1", "2.", in units of the last decimal: those beyond it must be zero. */
static bool
time_parse(const char *text, unsigned int decimals, uint64_t *ret_units)
{
	uint64_t seconds, second = 1, part = 0;
	size_t len;

	while (decimals-- > 0)
		second *= 10;
	if (!digits_parse(text, &len, &seconds))
		return false;
	text += len;
	if (*text == '.') {
		text++;
		for (uint64_t unit = second / 10; *text >= '0' && *text <= '9'; text++, unit /= 10) {
			if (unit == 0 && *text != '0')
				return false;
			part += (uint64_t)(*text - '0') * unit;
		}
	}
	*ret_units = seconds * second + part;
	return *text == '\0';
}

/* A run of decimal digits that fits in 40 bits. */
static bool
digits_parse(const char *text, size_t *ret_len, uint64_t *ret_number)
{
	uint64_t number = 0;
	size_t len = 0;

	for (; text[len] >= '0' && text[len] <= '9'; len++) {
		number = number * 10 + (uint64_t)(text[len] - '0');
		if (number >> 34 != 0)
			return false;
	}
	*ret_len = len;
	*ret_number = number;
	return len > 0;
}
