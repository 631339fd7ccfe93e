/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An attempt that talks.
 *
 * TLS is OpenSSL directly on the socket, not libevent's bufferevent: that
 * would keep two buffers an attempt and free itself in a later turn of the
 * loop, while here a cancelled attempt is gone at once and its descriptor
 * with it. As the socket is watched for edges, what OpenSSL waits for does not
 * matter: at each edge it is asked again.
 */
#include "check_stream.h"
#include "check_tls.h"
#include "check_words.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* After so many pieces from one server it is the others' turn. */
enum { PIECE_SIZE = 16384, PIECES_A_TURN = 4 };

/* What the operation at the connection came to; else a count of bytes. */
enum { IO_WAIT = -1, IO_OVER = -2 };

static bool handshake(struct check_stream *stream);
static bool flush(struct check_stream *stream);
static ssize_t piece_read(struct check_stream *stream, char *buf, size_t size);
static ssize_t tls_failed(struct check_stream *stream, int rc);

void
check_stream_run(struct check_stream *stream, check_stream_take_fn *take)
{
	static char piece[PIECE_SIZE];

	if (stream->ssl != NULL && !stream->secured && !handshake(stream))
		return;
	for (unsigned int i = 0; i < PIECES_A_TURN; i++) {
		ssize_t len;

		if (!flush(stream))
			return;
		len = piece_read(stream, piece, sizeof(piece));
		if (len < 0)
			return;
		if (len == 0)
			stream->net.peer_closed = true;
		stream->answered = true;
		if (take(stream, len == 0 ? NULL : piece, (size_t)len) || len == 0)
			return;
	}
	check_net_again(&stream->net);
}

void
check_stream_send(struct check_stream *stream, char *text)
{
	free(stream->out);
	stream->out = text;
	stream->out_len = strlen(text);
	stream->out_sent = 0;
}

void
check_stream_late(struct check_net *net)
{
	struct check_stream *stream = (struct check_stream *)net;
	char time[CHECK_TIME_SIZE];
	const char *what = "no answer";

	if (stream->ssl != NULL && !stream->secured)
		what = "TLS handshake not complete";
	else if (stream->answered)
		what = "answer not complete";
	check_net_verdict(net, false, "%s within %s", what,
			  check_words_time(net->connect->timeout_ms * UINT64_C(1000), time));
}

void
check_stream_fini(struct check_stream *stream)
{
	SSL_free(stream->ssl);
	free(stream->out);
}

static bool
handshake(struct check_stream *stream)
{
	int rc;

	ERR_clear_error();
	check_tls_fault_clear();
	if (SSL_get_fd(stream->ssl) != stream->net.fd && SSL_set_fd(stream->ssl, stream->net.fd) != 1) {
		check_net_fail(&stream->net, ENOMEM);
		return false;
	}
	rc = SSL_connect(stream->ssl);
	if (rc == 1)
		stream->secured = true;
	else if (tls_failed(stream, rc) == 0)
		check_net_verdict(&stream->net, false, "connection closed in the TLS handshake");
	return rc == 1;
}

/* False: wait, or the attempt is gone. */
static bool
flush(struct check_stream *stream)
{
	while (stream->out_sent < stream->out_len) {
		const char *rest = stream->out + stream->out_sent;
		size_t left = stream->out_len - stream->out_sent;
		ssize_t sent;

		if (stream->ssl != NULL) {
			ERR_clear_error();
			sent = SSL_write(stream->ssl, rest, (int)left);
			if (sent <= 0)
				return tls_failed(stream, (int)sent) == 0;
		} else {
			sent = send(stream->net.fd, rest, left, MSG_NOSIGNAL);
			if (sent < 0) {
				if (errno == EAGAIN)
					return false;
				/* What the server said before it closed is still to be read, and tells more. */
				if (errno == EPIPE || errno == ECONNRESET)
					return true;
				check_net_fail(&stream->net, errno);
				return false;
			}
		}
		stream->out_sent += (size_t)sent;
	}
	return true;
}

static ssize_t
piece_read(struct check_stream *stream, char *buf, size_t size)
{
	ssize_t len;

	if (stream->ssl == NULL) {
		len = recv(stream->net.fd, buf, size, 0);
		if (len >= 0)
			return len;
		if (errno == EAGAIN)
			return IO_WAIT;
		if (stream->farewell)
			return 0;
		check_net_fail(&stream->net, errno);
		return IO_OVER;
	}
	ERR_clear_error();
	len = SSL_read(stream->ssl, buf, (int)size);
	return len > 0 ? len : tls_failed(stream, (int)len);
}

/* 0 at the end of what comes, IO_WAIT, or IO_OVER with the verdict given. */
static ssize_t
tls_failed(struct check_stream *stream, int rc)
{
	int err = errno;

	switch (SSL_get_error(stream->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return IO_WAIT;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_SYSCALL:
		check_net_fail(&stream->net, err != 0 ? err : ECONNRESET);
		return IO_OVER;
	default:
		check_net_verdict(&stream->net, false, "%s", check_tls_fault());
		return IO_OVER;
	}
}
