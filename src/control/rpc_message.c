/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * JSON-RPC 2.0 (www.jsonrpc.org/specification): requests, notifications,
 * batches, and their answers (rpc_message.h).
 *
 * Answers are written member by member, "id" before "result", so that a result
 * can be streamed: the text before it, then whatever its steps append, then
 * the closing brace. Text that a client sent comes back only through jansson,
 * which escapes it.
 */
#include "rpc_message.h"

#include <errno.h>
#include <event2/buffer.h>
#include <string.h>

static int request_answer(struct rpc_message *message, json_t *request, struct evbuffer *out);
static int request_check(json_t *request, struct verb_error *error);
static void answer_open(struct rpc_message *message, json_t *id, struct evbuffer *out);
static void answer_error(struct rpc_message *message, json_t *id, struct verb_error *error,
			 struct evbuffer *out);
static int message_next(struct rpc_message *message, struct evbuffer *out);
static int stream_step(struct rpc_message *message, struct evbuffer *out);
static void json_write(struct evbuffer *out, const json_t *json);

void
rpc_message_start(struct rpc_message *message, const char *text, size_t len, struct evbuffer *out)
{
	struct verb_error error = { 0 };
	json_error_t parse;

	message->root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &parse);
	message->index = 0;
	message->answered = false;
	message->batch = json_is_array(message->root) && json_array_size(message->root) > 0;
	if (message->root != NULL)
		return;

	/* jansson quotes what it stumbled over, which may be any bytes. */
	for (char *c = parse.text; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || (unsigned char)*c > '~')
			*c = '?';
	error.code = VERB_ERROR_PARSE;
	snprintf(error.text, sizeof(error.text), "not JSON: %s (byte %d of the line)", parse.text,
		 parse.position);
	answer_error(message, NULL, &error, out);
	evbuffer_add(out, "\n", 1);
}

int
rpc_message_step(struct rpc_message *message, struct evbuffer *out)
{
	int more;

	if (message->root == NULL)
		return 0;
	if (message->stream != NULL)
		more = stream_step(message, out);
	else
		more = message_next(message, out);
	if (more < 0)
		rpc_message_abort(message);
	else if (more == 0) {
		if (message->answered)
			evbuffer_add(out, message->batch ? "]\n" : "\n", message->batch ? 2 : 1);
		rpc_message_abort(message);
	}
	return more;
}

void
rpc_message_abort(struct rpc_message *message)
{
	if (message->stream != NULL)
		message->stream->destroy(message->stream);
	message->stream = NULL;
	json_decref(message->root);
	message->root = NULL;
}

void
rpc_message_error(struct evbuffer *out, int code, const char *text)
{
	struct rpc_message message = { 0 };
	struct verb_error error = { .code = code };

	snprintf(error.text, sizeof(error.text), "%s", text);
	answer_error(&message, NULL, &error, out);
	evbuffer_add(out, "\n", 1);
}

/* The next request of the message, or its only one. 1: there are more. */
static int
message_next(struct rpc_message *message, struct evbuffer *out)
{
	json_t *request = message->batch ? json_array_get(message->root, message->index) : message->root;
	int result = request_answer(message, request, out);

	message->index++;
	if (result != 0 || message->stream != NULL)
		return result != 0 ? result : 1;
	return message->batch && message->index < json_array_size(message->root);
}

static int
stream_step(struct rpc_message *message, struct evbuffer *out)
{
	int more = message->stream->step(message->stream, out);

	if (more != 0)
		return more;
	evbuffer_add(out, "}", 1);
	message->stream->destroy(message->stream);
	message->stream = NULL;
	return message->batch && message->index < json_array_size(message->root);
}

/* A request without an id is a notification: it is done, but not answered. */
static int
request_answer(struct rpc_message *message, json_t *request, struct evbuffer *out)
{
	struct verb_call call = { .context = message->context };
	json_t *id = json_object_get(request, "id");
	bool silent = json_is_object(request) && id == NULL;
	bool id_valid = json_is_string(id) || json_is_number(id);

	call.error.code = request_check(request, &call.error);
	if (call.error.code != 0)
		silent = false;
	else
		verb_run(json_string_value(json_object_get(request, "method")),
			 json_object_get(request, "params"), &message->caller, &call);
	if (call.error.code == 0 && call.watch)
		message->watch = true;
	if (silent) {
		if (call.stream != NULL)
			call.stream->destroy(call.stream);
	} else if (call.error.code != 0) {
		answer_error(message, id_valid ? id : NULL, &call.error, out);
	} else {
		answer_open(message, id, out);
		evbuffer_add(out, "\"result\":", 9);
		if (call.stream == NULL) {
			json_write(out, call.result);
			evbuffer_add(out, "}", 1);
		}
		message->stream = call.stream;
	}
	json_decref(call.result);
	json_decref(call.error.data);
	return 0;
}

static int
request_check(json_t *request, struct verb_error *error)
{
	static const char *const known[] = { "jsonrpc", "method", "params", "id" };
	json_t *version = json_object_get(request, "jsonrpc");
	json_t *id = json_object_get(request, "id");
	const char *name;
	json_t *value;

	if (!json_is_object(request)) {
		snprintf(error->text, sizeof(error->text),
			 "a request is an object: {\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\"}");
		return VERB_ERROR_REQUEST;
	}
	json_object_foreach(request, name, value)
	{
		size_t i = 0;

		while (i < sizeof(known) / sizeof(known[0]) && strcmp(name, known[i]) != 0)
			i++;
		if (i == sizeof(known) / sizeof(known[0])) {
			snprintf(error->text, sizeof(error->text),
				 "unknown member \"%.64s\" of the request; there are jsonrpc, id, method, "
				 "params",
				 name);
			return VERB_ERROR_REQUEST;
		}
	}
	if (!json_is_string(version) || strcmp(json_string_value(version), "2.0") != 0) {
		snprintf(error->text, sizeof(error->text), "\"jsonrpc\" must be \"2.0\"");
		return VERB_ERROR_REQUEST;
	}
	if (id != NULL && !json_is_string(id) && !json_is_number(id) && !json_is_null(id)) {
		snprintf(error->text, sizeof(error->text), "\"id\" must be a string, a number or null");
		return VERB_ERROR_REQUEST;
	}
	if (!json_is_string(json_object_get(request, "method"))) {
		snprintf(error->text, sizeof(error->text), "\"method\" must be the name of a method");
		return VERB_ERROR_REQUEST;
	}
	return 0;
}

static void
answer_open(struct rpc_message *message, json_t *id, struct evbuffer *out)
{
	if (message->batch)
		evbuffer_add(out, message->answered ? "," : "[", 1);
	message->answered = true;
	evbuffer_add_printf(out, "{\"jsonrpc\":\"2.0\",\"id\":");
	json_write(out, id);
	evbuffer_add(out, ",", 1);
}

static void
answer_error(struct rpc_message *message, json_t *id, struct verb_error *error, struct evbuffer *out)
{
	json_t *json = json_pack("{s:i, s:s}", "code", error->code, "message", error->text);

	/* A text cut in the middle of a letter is no JSON string; its code still is. */
	if (json == NULL)
		json = json_pack("{s:i, s:s}", "code", error->code, "message", "the request is refused");
	if (error->data != NULL)
		json_object_set(json, "data", error->data);
	answer_open(message, id, out);
	evbuffer_add(out, "\"error\":", 8);
	json_write(out, json);
	evbuffer_add(out, "}", 1);
	json_decref(json);
}

static int
chunk_write(const char *text, size_t len, void *out)
{
	return evbuffer_add(out, text, len);
}

/* NULL is written as null. */
static void
json_write(struct evbuffer *out, const json_t *json)
{
	if (json == NULL)
		evbuffer_add(out, "null", 4);
	else
		json_dump_callback(json, chunk_write, out, JSON_COMPACT | JSON_ENCODE_ANY);
}
