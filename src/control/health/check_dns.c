/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DNS_CHECK: a query by UDP is answered, and without an error.
 *
 * What is no answer to this query (another id, another question, cut off) is
 * passed over until the time limit: whoever forges answers must not be able to
 * take a server out, or to keep it in.
 */
#include "check_kinds.h"
#include "check_net.h"
#include "check_words.h"
#include "dns_message.h"

#include <errno.h>
#include <event2/util.h>
#include <stdio.h>
#include <sys/socket.h>

/* An answer's question is all that is read of it. */
enum { ANSWER_READ = 2 * DNS_QUERY_SIZE, ANSWERS_A_TURN = 16 };

struct check_dns {
	struct check_net net;
	bool asked;
	uint32_t passed_over;
	enum dns_answer last; /* why */
	uint16_t query_len;
	uint8_t query[DNS_QUERY_SIZE];
};

static void dns_ready(struct check_net *net);
static void dns_late(struct check_net *net);

static const struct check_net_kind dns_kind = {
	.size = sizeof(struct check_dns),
	.type = SOCK_DGRAM,
	.ready = dns_ready,
	.late = dns_late,
};

static void *
dns_start(struct check_env *env, const struct conf_checker *conf, unsigned int step,
	  const struct check_target *target, check_done_fn *done, void *context,
	  char ret_text[CHECK_TEXT_SIZE])
{
	struct check_net_order order = { env, &conf->connect, target, done, context };
	const char *name = conf->dns.name != NULL ? conf->dns.name : ".";
	uint8_t query[DNS_QUERY_SIZE];
	struct check_dns *dns;
	uint16_t id;
	int len;

	evutil_secure_rng_get_bytes(&id, sizeof(id));
	len = dns_query_build(query, id, name, conf->dns.type);
	if (len < 0) {
		snprintf(ret_text, CHECK_TEXT_SIZE, "name %.100s cannot be asked for", name);
		return NULL;
	}
	dns = check_net_start(&dns_kind, &order, ret_text);
	if (dns == NULL)
		return NULL;
	memcpy(dns->query, query, (size_t)len);
	dns->query_len = (uint16_t)len;
	return dns;
}

const struct check_ops check_dns = { .start = dns_start, .cancel = check_net_cancel };

/* True: with the verdict. */
static bool
answer_take(struct check_dns *dns, const uint8_t *answer, size_t len)
{
	struct check_net *net = &dns->net;
	char took[CHECK_TIME_SIZE];
	const char *name;
	unsigned int rcode;

	dns->last = dns_answer_check(dns->query, dns->query_len, answer, len, &rcode);
	if (dns->last != DNS_ANSWER_OURS) {
		dns->passed_over++;
		return false;
	}
	name = dns_rcode_name(rcode);
	if (rcode == 0)
		check_net_verdict(net, true, "answered in %s",
				  check_words_time(check_net_took_us(net), took));
	else if (name != NULL)
		check_net_verdict(net, false, "answer %s, want NOERROR", name);
	else
		check_net_verdict(net, false, "answer with RCODE %u, want 0", rcode);
	return true;
}

static void
dns_ready(struct check_net *net)
{
	struct check_dns *dns = (struct check_dns *)net;
	uint8_t answer[ANSWER_READ];

	if (!dns->asked && send(net->fd, dns->query, dns->query_len, 0) < 0) {
		check_net_fail(net, errno);
		return;
	}
	dns->asked = true;
	for (unsigned int i = 0; i < ANSWERS_A_TURN; i++) {
		ssize_t len = recv(net->fd, answer, sizeof(answer), 0);

		if (len < 0) {
			if (errno != EAGAIN)
				check_net_fail(net, errno);
			return;
		}
		if (answer_take(dns, answer, (size_t)len))
			return;
	}
	check_net_again(net);
}

static void
dns_late(struct check_net *net)
{
	struct check_dns *dns = (struct check_dns *)net;
	char time[CHECK_TIME_SIZE];

	check_words_time(net->connect->timeout_ms * UINT64_C(1000), time);
	if (dns->passed_over == 0)
		check_net_verdict(net, false, "no answer within %s", time);
	else
		check_net_verdict(net, false, "no good answer within %s; %u passed over, the last %s", time,
				  dns->passed_over, dns_answer_words[dns->last]);
}
