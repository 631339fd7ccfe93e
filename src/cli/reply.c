/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A scanner of the answer's brackets and strings (reply.h). It knows where a
 * value ends, not whether it is right; jansson parses each piece. Depth 1 is
 * inside the answer, depth 2 inside a result that is an array.
 */
#include "reply.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int byte_take(struct reply *reply, char c);
static int structure_take(struct reply *reply, char c);
static int byte_keep(struct reply *reply, char c);
static int member_begin(struct reply *reply);
static int member_end(struct reply *reply);
static int element_end(struct reply *reply);

int
reply_feed(struct reply *reply, const char *bytes, size_t len)
{
	int error = 0;

	for (size_t i = 0; i < len && error == 0 && !reply->done; i++)
		error = byte_take(reply, bytes[i]);
	return error;
}

void
reply_fini(struct reply *reply)
{
	json_decref(reply->result);
	json_decref(reply->error);
	free(reply->text);
	memset(reply, 0, sizeof(*reply));
}

static int
byte_take(struct reply *reply, char c)
{
	if (reply->in_string) {
		if (reply->escaped)
			reply->escaped = false;
		else if (c == '\\')
			reply->escaped = true;
		else if (c == '"')
			reply->in_string = false;
		return byte_keep(reply, c);
	}
	if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
		return 0;
	if (reply->depth == 0) {
		reply->depth = 1;
		return c == '{' ? 0 : -EPROTO;
	}
	return structure_take(reply, c);
}

static int
structure_take(struct reply *reply, char c)
{
	bool at_top = reply->depth == 1;

	if (at_top && !reply->in_value && c == ':')
		return member_begin(reply);
	if (at_top && (c == ',' || c == '}')) {
		reply->done = c == '}';
		return member_end(reply);
	}
	if (at_top && c == '[' && reply->in_value && reply->element != NULL && !reply->is_raw &&
	    strcmp(reply->member, "result") == 0) {
		reply->in_elements = true;
		reply->depth++;
		return 0;
	}
	if (reply->in_elements && reply->depth == 2 && (c == ',' || c == ']')) {
		reply->depth -= c == ']';
		return element_end(reply);
	}
	if (c == '"')
		reply->in_string = true;
	else if (c == '{' || c == '[')
		reply->depth++;
	else if (c == '}' || c == ']')
		reply->depth--;
	return byte_keep(reply, c);
}

static int
byte_keep(struct reply *reply, char c)
{
	if (reply->is_raw)
		return fputc(c, reply->raw) == EOF ? -EPIPE : 0;
	if (reply->len == reply->room) {
		size_t room = reply->room == 0 ? 4096 : reply->room * 2;
		char *text = realloc(reply->text, room);

		if (text == NULL)
			return -ENOMEM;
		reply->text = text;
		reply->room = room;
	}
	reply->text[reply->len++] = c;
	return 0;
}

static int
member_begin(struct reply *reply)
{
	if (reply->len < 2 || reply->len - 2 >= sizeof(reply->member))
		return -EPROTO;
	memcpy(reply->member, reply->text + 1, reply->len - 2);
	reply->member[reply->len - 2] = '\0';
	reply->len = 0;
	reply->in_value = true;
	reply->is_raw = reply->raw != NULL && strcmp(reply->member, "result") == 0;
	return 0;
}

static int
member_end(struct reply *reply)
{
	json_t **kept = strcmp(reply->member, "result") == 0  ? &reply->result
			: strcmp(reply->member, "error") == 0 ? &reply->error
							      : NULL;

	if (!reply->in_value)
		return -EPROTO;
	if (kept != NULL && !reply->is_raw && !reply->in_elements) {
		json_decref(*kept);
		*kept = json_loadb(reply->text, reply->len, JSON_DECODE_ANY, NULL);
		if (*kept == NULL)
			return -EPROTO;
	}
	reply->len = 0;
	reply->in_value = reply->is_raw = reply->in_elements = false;
	return 0;
}

/* in_elements stays set until the member ends, so that the value is not looked for in the text. */
static int
element_end(struct reply *reply)
{
	json_t *element;

	if (reply->len == 0)
		return 0;
	element = json_loadb(reply->text, reply->len, JSON_DECODE_ANY, NULL);
	reply->len = 0;
	if (element == NULL)
		return -EPROTO;
	reply->element(element, reply->context);
	json_decref(element);
	return 0;
}
