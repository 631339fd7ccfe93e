/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ranges of addresses (conf_range.h).
 */
#include "conf_range.h"
#include "conf_value.h"
#include "sl_addr.h"

#include <stdlib.h>
#include <string.h>

static bool ends_read(struct conf_load *load, const struct conf_word *word,
		      const struct conf_range_kind *kind, struct sl_addr *ret_first,
		      struct sl_addr *ret_last);
static bool last_read(const struct sl_addr *first, const char *text, struct sl_addr *ret_last);
static uint64_t half(const struct sl_addr *addr, unsigned int number);

bool
conf_range_read(struct conf_load *load, const struct conf_word *word, const struct conf_range_kind *kind,
		struct sl_addr *ret_first, uint32_t *ret_count)
{
	struct sl_addr first, last;
	uint64_t count;

	if (!conf_value_defined(load, word))
		return false;
	if (!ends_read(load, word, kind, &first, &last)) {
		conf_error(load, &word->place,
			   "%s must be ADDRESS or ADDRESS-ADDRESS (10.0.0.200-10.0.0.207, "
			   "10.0.0.200-207)%s, not %s",
			   kind->what, kind->networks ? " or a network (10.0.0.200/29)" : "",
			   conf_show(load, word->text));
		return false;
	}
	if (!sl_addr_is_unicast(&first) || !sl_addr_is_unicast(&last)) {
		conf_error(load, &word->place,
			   "%s must be that of a host, not %s (zero, loopback, multicast or broadcast)",
			   kind->what, conf_show(load, word->text));
		return false;
	}
	if (memcmp(last.b, first.b, sizeof(last.b)) < 0) {
		conf_error(load, &word->place, "the range %s runs backwards", word->text);
		return false;
	}
	count = half(&last, 1) - half(&first, 1);
	if (half(&last, 0) != half(&first, 0) || count >= kind->max) {
		conf_error(load, &word->place, "the range %s is too long: %s", word->text, kind->limit);
		return false;
	}
	*ret_first = first;
	*ret_count = (uint32_t)count + 1;
	return true;
}

static bool
ends_read(struct conf_load *load, const struct conf_word *word, const struct conf_range_kind *kind,
	  struct sl_addr *ret_first, struct sl_addr *ret_last)
{
	const char *dash = strchr(word->text, '-');
	struct sl_prefix prefix;

	if (kind->networks && strchr(word->text, '/') != NULL) {
		if (sl_prefix_parse(word->text, &prefix) < 0)
			return false;
		*ret_first = *ret_last = prefix.addr;
		for (unsigned int bit = sl_prefix_bits(&prefix); bit < 128; bit++)
			ret_last->b[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
		return true;
	}
	return sl_addr_parse(dash == NULL ? word->text
					  : conf_arena_strndup(load->scratch, word->text,
							       (size_t)(dash - word->text)),
			     ret_first) == 0 &&
	       last_read(ret_first, dash == NULL ? NULL : dash + 1, ret_last);
}

/* What stands behind the dash: an address of the same family, or its last byte (IPv6: its last group). */
static bool
last_read(const struct sl_addr *first, const char *text, struct sl_addr *ret_last)
{
	bool v4 = sl_addr_is_v4(first);
	unsigned long part;
	char *end;

	*ret_last = *first;
	if (text == NULL)
		return true;
	if (strchr(text, v4 ? '.' : ':') != NULL)
		return sl_addr_parse(text, ret_last) == 0 && sl_addr_is_v4(ret_last) == v4;
	if (strlen(text) > (v4 ? 3 : 4) ||
	    text[strspn(text, v4 ? "0123456789" : "0123456789abcdefABCDEF")] != '\0')
		return false;
	part = strtoul(text, &end, v4 ? 10 : 16);
	if (end == text || part > (v4 ? 255 : 65535))
		return false;
	ret_last->b[15] = (uint8_t)part;
	if (!v4)
		ret_last->b[14] = (uint8_t)(part >> 8);
	return true;
}

static uint64_t
half(const struct sl_addr *addr, unsigned int number)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < 8; i++)
		value = value << 8 | addr->b[8 * number + i];
	return value;
}
