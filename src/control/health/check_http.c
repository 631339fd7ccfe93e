/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HTTP_GET and SSL_GET: a page answers with a good status and, where that is
 * asked for, with the body that it should have.
 *
 * A step is a url. The status decides as soon as the headers are over; a good
 * one has its body read to the end, so a server that breaks off is found. The
 * digest is reckoned as the body comes, and only for a regex is the body kept,
 * up to a bound.
 */
#include "check_kinds.h"
#include "check_regex.h"
#include "check_stream.h"
#include "check_tls.h"
#include "check_words.h"
#include "http_answer.h"

#include "sl_addr.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

/* What a regex sees of a body: so much, and more only if regex_max_offset says so. */
enum { BODY_KEPT = 64 << 10, BODY_KEPT_BEHIND = 4 << 10, BODY_KEPT_FIRST = 4 << 10 };

enum { DIGEST_SIZE = 16, STATUS_MAX = 599 };

struct check_http {
	struct check_stream stream;
	const struct conf_http_url *url;
	EVP_MD_CTX *digest; /* NULL: none is asked for */
	char *body;         /* for the regex; NULL: nothing kept */
	size_t body_len, body_size, body_max;
	bool out_of_memory;
	struct http_answer answer;
};

static void http_ready(struct check_net *net);
static void http_fini(struct check_net *net);
static char *request_make(const struct conf_checker *conf, const struct conf_http_url *url,
			  const struct check_net *net);

static const struct check_net_kind http_kind = {
	.size = sizeof(struct check_http),
	.type = SOCK_STREAM,
	.ready = http_ready,
	.late = check_stream_late,
	.fini = http_fini,
};

static unsigned int
http_step_count(const struct conf_checker *conf)
{
	return conf->http.url_count;
}

/* What the url asks of the body, and the request. 0 or -errno. */
static int
http_prepare(struct check_http *http, struct check_env *env, const struct conf_checker *conf)
{
	const struct conf_http_url *url = http->url;
	char *request = request_make(conf, url, &http->stream.net);

	if (request == NULL)
		return -ENOMEM;
	check_stream_send(&http->stream, request);
	if (url->regex != NULL) {
		size_t begin = url->regex_max_offset < HTTP_BODY_MAX ? url->regex_max_offset : HTTP_BODY_MAX;

		http->body_max = BODY_KEPT > begin + BODY_KEPT_BEHIND ? BODY_KEPT : begin + BODY_KEPT_BEHIND;
	}
	if (url->has_digest) {
		http->digest = EVP_MD_CTX_new();
		if (http->digest == NULL || EVP_DigestInit_ex(http->digest, EVP_md5(), NULL) != 1)
			return -EOPNOTSUPP;
	}
	if (conf->type == CONF_CHECK_SSL) {
		const char *name = conf->http.sni_name != NULL ? conf->http.sni_name : url->virtualhost;

		http->stream.ssl = check_tls_session(env, &conf->http, name, &http->stream.net.addr);
		if (http->stream.ssl == NULL)
			return -ENOMEM;
	}
	return 0;
}

static void *
http_start(struct check_env *env, const struct conf_checker *conf, unsigned int step,
	   const struct check_target *target, check_done_fn *done, void *context,
	   char ret_text[CHECK_TEXT_SIZE])
{
	struct check_net_order order = { env, &conf->connect, target, done, context };
	struct check_http *http = check_net_start(&http_kind, &order, ret_text);
	int rc;

	if (http == NULL)
		return NULL;
	http->url = &conf->http.urls[step];
	rc = http_prepare(http, env, conf);
	if (rc == 0)
		return http;
	snprintf(ret_text, CHECK_TEXT_SIZE, "%s",
		 rc == -ENOMEM ? "out of memory" : "digest: this box's OpenSSL has no MD5");
	check_net_cancel(http);
	return NULL;
}

const struct check_ops check_http = {
	.step_count = http_step_count,
	.start = http_start,
	.cancel = check_net_cancel,
};

static void
http_fini(struct check_net *net)
{
	struct check_http *http = (struct check_http *)net;

	EVP_MD_CTX_free(http->digest);
	free(http->body);
	check_stream_fini(&http->stream);
}

/* ---- what is sent ---- */

static char *
request_make(const struct conf_checker *conf, const struct conf_http_url *url, const struct check_net *net)
{
	uint16_t usual = conf->type == CONF_CHECK_SSL ? 443 : 80;
	const char *path = url->path != NULL ? url->path : "/";
	char host[SL_ENDPOINT_STRLEN], *request;

	if (net->port != usual) {
		sl_endpoint_format(&net->addr, net->port, host);
	} else {
		char text[SL_ADDR_STRLEN];

		snprintf(host, sizeof(host), sl_addr_is_v4(&net->addr) ? "%s" : "[%s]",
			 sl_addr_format(&net->addr, text));
	}
	if (asprintf(&request,
		     "GET %s HTTP/1.%c\r\nHost: %s\r\nUser-Agent: sluice\r\nAccept: */*\r\nConnection: "
		     "close\r\n\r\n",
		     path, conf->http.protocol == CONF_HTTP_1_0 ? '0' : '1',
		     url->virtualhost != NULL ? url->virtualhost : host) < 0)
		return NULL;
	return request;
}

/* ---- what comes ---- */

static void
body_keep(struct check_http *http, const char *data, size_t len)
{
	size_t room = http->body_max - http->body_len;

	if (len > room)
		len = room;
	if (http->body_len + len > http->body_size) {
		size_t size = http->body_size != 0 ? http->body_size : BODY_KEPT_FIRST;
		char *grown;

		while (size < http->body_len + len)
			size *= 2;
		grown = realloc(http->body, size);
		if (grown == NULL) {
			http->out_of_memory = true;
			return;
		}
		http->body = grown;
		http->body_size = size;
	}
	if (len > 0)
		memcpy(http->body + http->body_len, data, len);
	http->body_len += len;
}

static void
body_take(const char *data, size_t len, void *context)
{
	struct check_http *http = context;

	if (http->digest != NULL)
		EVP_DigestUpdate(http->digest, data, len);
	if (http->url->regex != NULL)
		body_keep(http, data, len);
}

static bool
status_good(const struct conf_http_url *url, unsigned int status)
{
	return status <= STATUS_MAX && (url->status[status / 8] >> status % 8 & 1) != 0;
}

/* "200-299, 401": as much of it as there is room for. */
static void
status_wanted(const struct conf_http_url *url, char *buf, size_t size)
{
	size_t used = 0;

	buf[0] = '\0';
	for (unsigned int first = 0; first <= STATUS_MAX && used < size; first++) {
		unsigned int last = first;

		if (!status_good(url, first))
			continue;
		while (status_good(url, last + 1))
			last++;
		used += (size_t)snprintf(buf + used, size - used, first == last ? "%s%u" : "%s%u-%u",
					 used > 0 ? ", " : "", first, last);
		first = last;
	}
}

/* The answer is whole, and its status good. */
static void
body_judge(struct check_http *http)
{
	struct check_net *net = &http->stream.net;
	uint8_t digest[EVP_MAX_MD_SIZE];
	char text[CHECK_TEXT_SIZE] = "", took[CHECK_TIME_SIZE];
	unsigned int size;

	if (http->out_of_memory) {
		check_net_fail(net, ENOMEM);
		return;
	}
	if (http->digest != NULL && (EVP_DigestFinal_ex(http->digest, digest, &size) != 1 ||
				     memcmp(digest, http->url->digest, DIGEST_SIZE) != 0)) {
		char hex[2 * DIGEST_SIZE + 1];

		for (unsigned int i = 0; i < DIGEST_SIZE; i++)
			snprintf(hex + 2 * i, 3, "%02x", digest[i]);
		check_net_verdict(net, false, "status %u, but the body's digest is %s (%u bytes)",
				  http->answer.status, hex, http->answer.body_bytes);
		return;
	}
	if (http->url->regex != NULL &&
	    !check_regex_good(http->url, http->body != NULL ? http->body : "", http->body_len,
			      http->answer.body_bytes > http->body_len, text)) {
		check_net_verdict(net, false, "status %u, but %.120s", http->answer.status, text);
		return;
	}
	check_net_verdict(net, true, "status %u in %s", http->answer.status,
			  check_words_time(check_net_took_us(net), took));
}

static bool
http_take(struct check_stream *stream, const char *data, size_t len)
{
	struct check_http *http = (struct check_http *)stream;
	char text[CHECK_TEXT_SIZE], wanted[64];
	enum http_answer_result result;

	result = data != NULL ? http_answer_feed(&http->answer, data, len, body_take, http, text)
			      : http_answer_end(&http->answer, text);
	if (http_answer_has_status(&http->answer) && !status_good(http->url, http->answer.status)) {
		status_wanted(http->url, wanted, sizeof(wanted));
		check_net_verdict(&stream->net, false, "status %u, want %s", http->answer.status, wanted);
	} else if (result == HTTP_ANSWER_FAULT) {
		check_net_verdict(&stream->net, false, "%s", text);
	} else if (result == HTTP_ANSWER_WHOLE) {
		body_judge(http);
	} else {
		return false;
	}
	return true;
}

static void
http_ready(struct check_net *net)
{
	check_stream_run((struct check_stream *)net, http_take);
}
