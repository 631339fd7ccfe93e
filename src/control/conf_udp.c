/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * UDP_CHECK: what is sent, and which replies are good. Bytes are written as
 * keepalived has them: hexadecimal digits in words, two digits a byte, an odd
 * last digit of a word being a byte of its own ("Ab12f 3" is AB 12 0F 03). In
 * a reply an x stands for four bits that may be anything.
 */
#include "conf_checker.h"
#include "conf_value.h"

#include <string.h>

enum {
	PAYLOAD_MAX = 1472, /* what fits in one packet */
	REPLY_MAX = 65535,
	REPLY_DEFAULT = 255,
};

struct bytes {
	uint8_t *data, *mask;
	uint32_t count;
};

static bool bytes_read(struct conf_load *load, const struct conf_stmt *stmt, bool masked,
		       struct bytes *ret_bytes);
static int digit_read(char c);

void
conf_udp_begin(struct conf_checker_draft *draft)
{
	draft->udp.udp.max_reply_size = REPLY_DEFAULT;
}

void
conf_build_payload(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_checker_draft *self = object;
	struct bytes bytes;

	if (!bytes_read(load, stmt, false, &bytes))
		return;
	self->udp.udp.payload = bytes.data;
	self->udp.udp.payload_size = bytes.count;
}

/* Alone: any reply. */
void
conf_build_require_reply(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_checker_draft *self = object;
	struct bytes bytes = { NULL, NULL, 0 };

	if (stmt->word_count > 1 && !bytes_read(load, stmt, true, &bytes))
		return;
	self->udp.udp.require_reply = true;
	self->udp.udp.reply_data = bytes.data;
	self->udp.udp.reply_mask = bytes.mask;
	self->udp.udp.reply_size = bytes.count;
}

void
conf_build_reply_length(struct conf_load *load, const struct conf_stmt *stmt, void *object)
{
	struct conf_checker_draft *self = object;
	bool is_min = strcmp(stmt->words[0].text, "min_reply_length") == 0;

	self->udp.length = &stmt->words[0];
	conf_value_number(load, &stmt->words[1], stmt->words[0].text, 0, REPLY_MAX,
			  is_min ? &self->udp.udp.min_reply_size : &self->udp.udp.max_reply_size);
}

void
conf_udp_finish(struct conf_load *load, const struct conf_checker_draft *draft,
		const struct conf_scope *scope, const struct conf_real *real,
		struct conf_checker *ret_checker)
{
	const struct conf_udp *udp = &draft->udp.udp;
	const struct conf_word *length = draft->udp.length;

	ret_checker->udp = *udp;
	if (length == NULL)
		return;
	if (!udp->require_reply && !draft->bad)
		conf_warn(load, &length->place, "\"%s\" has no effect without require_reply", length->text);
	if (udp->min_reply_size > udp->max_reply_size)
		conf_error(load, &length->place,
			   "min_reply_length %u is more than max_reply_length %u: no reply would do",
			   udp->min_reply_size, udp->max_reply_size);
}

static bool
bytes_read(struct conf_load *load, const struct conf_stmt *stmt, bool masked, struct bytes *ret_bytes)
{
	struct bytes bytes = { .count = 0 };
	size_t room = 0;

	for (unsigned int i = 1; i < stmt->word_count; i++)
		room += strlen(stmt->words[i].text);
	bytes.data = conf_arena_alloc(load->keep, room + 1);
	bytes.mask = conf_arena_alloc(load->keep, room + 1);
	for (unsigned int i = 1; i < stmt->word_count; i++) {
		const struct conf_word *word = &stmt->words[i];
		unsigned int digits = 0; /* of the byte being read */

		if (!conf_value_defined(load, word))
			return false;
		for (const char *c = word->text; *c != '\0'; c++) {
			int digit = digit_read(*c);
			bool any = masked && (*c | ' ') == 'x';

			if (*c == ' ' || *c == '\t') {
				digits = 0;
				continue;
			}
			if (digit < 0 && !any) {
				conf_error(load, &word->place,
					   "%s must be hexadecimal digits%s, such as 1f 00 a0, not %s",
					   stmt->words[0].text, masked ? " (or x for any)" : "",
					   conf_show(load, word->text));
				return false;
			}
			/* A digit alone is the lower half of a byte whose upper one is 0. */
			if (digits == 0) {
				bytes.data[bytes.count] = 0;
				bytes.mask[bytes.count++] = 0xf0;
			} else {
				bytes.mask[bytes.count - 1] = (uint8_t)(bytes.mask[bytes.count - 1] << 4);
				bytes.data[bytes.count - 1] = (uint8_t)(bytes.data[bytes.count - 1] << 4);
			}
			bytes.mask[bytes.count - 1] |= any ? 0 : 0x0f;
			bytes.data[bytes.count - 1] |= any ? 0 : (uint8_t)digit;
			digits = (digits + 1) % 2;
		}
	}
	if (bytes.count == 0 || bytes.count > PAYLOAD_MAX) {
		conf_error(load, &stmt->words[1].place, "%s must have 1 to %d bytes, not %u",
			   stmt->words[0].text, PAYLOAD_MAX, bytes.count);
		return false;
	}
	*ret_bytes = bytes;
	return true;
}

/* -1: it is none. */
static int
digit_read(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | ' ') >= 'a' && (c | ' ') <= 'f')
		return (c | ' ') - 'a' + 10;
	return -1;
}
