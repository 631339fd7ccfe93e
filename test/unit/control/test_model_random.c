/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The model against a second one that is too simple to be wrong: arrays over a
 * handful of services and servers, no sorting, no transactions. Long random
 * sequences of files and commands, some with a data plane that fails, must
 * leave both with the same; and the data plane with the same as the model.
 *
 * SLUICE_TEST_SEED in the environment repeats a run, whose seed every failure
 * names.
 */
#include "fake_dp.h"
#include "sl_test.h"
#include "test_model_story.h"
#include "test_model_text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { SERVICES = 4, SERVERS = 5, SEQUENCES = 400, STEPS = 40 };

static const char *const service_names[SERVICES] = { "TCP 10.0.0.1:80", "TCP 10.0.0.1:443",
						     "TCP [2001:db8::1]:80", "UDP 10.0.0.1:80" };
static const char *const sched_names[] = { "rr", "wrr", "lc", "wlc" };

/* How a method is written, and how it is shown. */
static const struct {
	const char *text, *shown;
} methods[] = {
	{ "NAT", "NAT" },
	{ "DR", "DR" },
	{ "TUN=ipip", "TUN" },
	{ "TUN=gue:7:+c", "TUN=gue:7:+c" },
	{ "TUN=gre", "TUN=gre:-c" },
	{ "FNAT", "FNAT" },
};

/* Every file has these; each service may have the group. */
static const char network[] = "port wan dev0 10.0.9.1/24\nlocal g 10.0.9.2 wan\nlocal g 2001:db8:9::2 wan\n";

struct server {
	bool there, draining;
	unsigned int weight;
	unsigned int method;
	unsigned int age; /* counts additions: the highest stands first */
};
struct service {
	bool there;
	unsigned int sched;
	unsigned int method;
	bool silent;
	unsigned int additions;
	unsigned int file_order[SERVERS]; /* of a file: positions of its servers */
	struct server server[SERVERS];
};

/* Servers are at the service's port, so that all methods suit. */
static void
server_name(unsigned int service, unsigned int server, char buf[64])
{
	const char *port = strrchr(service_names[service], ':') + 1;

	snprintf(buf, 64, strchr(service_names[service], '[') ? "[2001:db8:1::%u]:%s" : "10.1.0.%u:%s",
		 server + 1, port);
}

static unsigned int
pick(unsigned int below)
{
	return (unsigned int)(random() % below);
}

static void
server_add(struct service *service, unsigned int i, unsigned int weight, unsigned int method)
{
	service->server[i] = (struct server){
		.there = true, .weight = weight, .method = method, .age = ++service->additions
	};
}

/* ---- files ---- */

static void
file_change(struct service file[SERVICES])
{
	for (unsigned int s = 0; s < SERVICES; s++) {
		struct service *service = &file[s];

		if (pick(4) == 0)
			service->there = !service->there;
		if (pick(4) == 0)
			service->sched = pick(SL_COUNT(sched_names));
		if (pick(6) == 0)
			service->method = pick(SL_COUNT(methods));
		if (pick(6) == 0)
			service->silent = !service->silent;
		for (unsigned int i = 0; i < SERVERS; i++) {
			struct server *server = &service->server[i];
			unsigned int swap = pick(SERVERS), at;

			if (pick(4) == 0)
				server->there = !server->there;
			if (pick(4) == 0)
				server->weight = pick(3);
			if (pick(6) == 0)
				server->method = pick(SL_COUNT(methods));
			at = service->file_order[i];
			service->file_order[i] = service->file_order[swap];
			service->file_order[swap] = at;
		}
	}
}

static void
file_print(const struct service file[SERVICES], char buf[TEXT_SIZE])
{
	int len = snprintf(buf, TEXT_SIZE, "%s", network);

	for (unsigned int s = 0; s < SERVICES; s++) {
		if (!file[s].there)
			continue;
		len += snprintf(buf + len, TEXT_SIZE - (size_t)len, "%s %s %s +laddr=g%s", service_names[s],
				sched_names[file[s].sched], methods[file[s].method].text,
				file[s].silent ? " +silent" : "");
		for (unsigned int p = 0; p < SERVERS; p++) {
			const struct server *server = &file[s].server[file[s].file_order[p]];
			char name[64];

			if (!server->there)
				continue;
			server_name(s, file[s].file_order[p], name);
			len += snprintf(buf + len, TEXT_SIZE - (size_t)len, " %s*%u/%s", name, server->weight,
					methods[server->method].text);
		}
		len += snprintf(buf + len, TEXT_SIZE - (size_t)len, "\n");
	}
}

static bool
server_text_same(const struct server *a, const struct server *b)
{
	return a->there == b->there && (!a->there || (a->weight == b->weight && a->method == b->method));
}

/* The order of servers in the text counts as text, too. */
static bool
service_text_same(const struct service *a, const struct service *b)
{
	unsigned int p = 0, q = 0;

	if (a->sched != b->sched || a->method != b->method || a->silent != b->silent)
		return false;
	for (unsigned int i = 0; i < SERVERS; i++)
		if (!server_text_same(&a->server[i], &b->server[i]))
			return false;
	while (p < SERVERS || q < SERVERS) {
		while (p < SERVERS && !a->server[a->file_order[p]].there)
			p++;
		while (q < SERVERS && !b->server[b->file_order[q]].there)
			q++;
		if (p < SERVERS && q < SERVERS && a->file_order[p] != b->file_order[q])
			return false;
		p++;
		q++;
	}
	return true;
}

/* Design: the new file is compared with the old one; only what differs is done. */
static void
service_apply(struct service *runs, const struct service *old, const struct service *new)
{
	bool old_there = old->there;

	if (!new->there) {
		if (old_there)
			*runs = (struct service){ 0 };
		return;
	}
	if (!runs->there) {
		if (old_there && service_text_same(old, new))
			return;
		*runs = (struct service){ .there = true };
		old_there = false;
	}
	if (!old_there || old->sched != new->sched)
		runs->sched = new->sched;
	if (!old_there || old->method != new->method)
		runs->method = new->method;
	if (!old_there || old->silent != new->silent)
		runs->silent = new->silent;
	for (unsigned int p = 0; p < SERVERS; p++) {
		unsigned int i = new->file_order[p];
		const struct server *was = &old->server[i], *is = &new->server[i];
		bool known = old_there && was->there;

		if (!is->there) {
			if (known)
				runs->server[i] = (struct server){ 0 };
		} else if (!runs->server[i].there) {
			if (!known || !server_text_same(was, is))
				server_add(runs, i, is->weight, is->method);
		} else {
			if (!known || was->weight != is->weight)
				runs->server[i].weight = is->weight;
			if (!known || was->method != is->method)
				runs->server[i].method = is->method;
		}
	}
}

static void
runs_print(const struct service runs[SERVICES], char buf[TEXT_SIZE])
{
	static const unsigned int sorted[SERVICES] = { 0, 1, 2, 3 };
	int len = 0;

	buf[0] = '\0';
	for (unsigned int n = 0; n < SERVICES; n++) {
		const struct service *service = &runs[sorted[n]];

		if (!service->there)
			continue;
		len += snprintf(buf + len, TEXT_SIZE - (size_t)len, "%s %s %s +laddr=g%s",
				service_names[sorted[n]], sched_names[service->sched],
				methods[service->method].shown, service->silent ? " +silent" : "");
		for (unsigned int age = service->additions; age > 0; age--) {
			for (unsigned int i = 0; i < SERVERS; i++) {
				const struct server *server = &service->server[i];
				char name[64];

				if (!server->there || server->age != age)
					continue;
				server_name(sorted[n], i, name);
				len += snprintf(buf + len, TEXT_SIZE - (size_t)len, " %s*%u%s%s%s", name,
						server->weight, server->method == service->method ? "" : "/",
						server->method == service->method
							? ""
							: methods[server->method].shown,
						server->draining ? "!" : "");
			}
		}
		len += snprintf(buf + len, TEXT_SIZE - (size_t)len, "\n");
	}
}

/* ---- commands: text for the model, and what should come of it ---- */

static int
command_make(struct service runs[SERVICES], char text[256])
{
	unsigned int s = pick(SERVICES), i = pick(SERVERS), sched = pick(SL_COUNT(sched_names)),
		     weight = pick(3);
	unsigned int method = pick(SL_COUNT(methods));
	bool on = pick(2) == 0;
	struct service *service = &runs[s];
	struct server *server = &service->server[i];
	const char *name = service_names[s], *words = methods[method].text;
	char real[64];

	server_name(s, i, real);
	switch (pick(9)) {
	case 0:
		snprintf(text, 256, "add-service %s %s %s +laddr=g", name, sched_names[sched], words);
		if (service->there)
			return -EEXIST;
		*service = (struct service){ .there = true, .sched = sched, .method = method };
		return 0;
	case 1:
		snprintf(text, 256, "edit-service %s %s -", name, sched_names[sched]);
		if (!service->there)
			return -ESRCH;
		service->sched = sched;
		return 0;
	case 2:
		snprintf(text, 256, "del-service %s", name);
		if (!service->there)
			return -ESRCH;
		*service = (struct service){ 0 };
		return 0;
	case 3:
		snprintf(text, 256, "add %s %s*%u/%s", name, real, weight, words);
		if (!service->there)
			return -ESRCH;
		if (server->there)
			return -EEXIST;
		server_add(service, i, weight, method);
		return 0;
	case 4:
		snprintf(text, 256, "edit %s %s*%u", name, real, weight);
		if (!service->there || !server->there)
			return service->there ? -ENOENT : -ESRCH;
		server->weight = weight;
		return 0;
	case 5:
		snprintf(text, 256, "%s %s %s", on ? "flush" : "del", name, real);
		if (!service->there || !server->there)
			return service->there ? -ENOENT : -ESRCH;
		*server = (struct server){ 0 };
		return 0;
	case 6:
		snprintf(text, 256, "edit %s %s*-/%s", name, real, words);
		if (!service->there || !server->there)
			return service->there ? -ENOENT : -ESRCH;
		server->method = method;
		return 0;
	case 7:
		snprintf(text, 256, "edit-service %s - %s %s", name, words, on ? "+silent" : "+none");
		if (!service->there)
			return -ESRCH;
		service->method = method;
		service->silent = on;
		return 0;
	default:
		snprintf(text, 256, "%s %s %s", on ? "drain" : "undrain", name, real);
		if (!service->there || !server->there)
			return service->there ? -ENOENT : -ESRCH;
		server->draining = on;
		return 0;
	}
}

/* ---- the test ---- */

static void
sequence_run(unsigned int seed)
{
	struct service file[SERVICES] = { 0 }, runs[SERVICES] = { 0 };
	char text[TEXT_SIZE], want[TEXT_SIZE], row[TEXT_SIZE];
	struct model_error error;
	struct model *model = model_from_text(network);

	srandom(seed);
	for (unsigned int s = 0; s < SERVICES; s++)
		for (unsigned int i = 0; i < SERVERS; i++)
			file[s].file_order[i] = i;
	for (unsigned int step = 0; step < STEPS; step++) {
		struct service new_file[SERVICES], new_runs[SERVICES];
		enum fake_dp_call call = pick(FAKE_DP_CALL_MAX);
		unsigned int calls = fake_dp_calls(call), n = pick(5) == 0 ? 1 + pick(2) : 0;
		int rc, expected = 0;
		bool failed;

		memcpy(new_file, file, sizeof(file));
		memcpy(new_runs, runs, sizeof(runs));
		fake_dp_fail(call, n, -ENOSPC);
		if (pick(4) == 0) {
			struct conf_faults faults = { 0 };
			struct conf *conf;

			file_change(new_file);
			file_print(new_file, text);
			for (unsigned int s = 0; s < SERVICES; s++)
				service_apply(&new_runs[s], &file[s], &new_file[s]);
			conf = conf_from_text(text);
			rc = model_apply(model, conf, &faults);
			if (rc < 0)
				conf_free(conf);
			conf_faults_free(&faults);
		} else {
			expected = command_make(new_runs, text);
			rc = command_from_text(model, text, &error);
		}
		snprintf(row, sizeof(row), "SLUICE_TEST_SEED=%u, step %u: %.3900s", seed, step, text);
		failed = n > 0 && fake_dp_calls(call) - calls >= n;
		fake_dp_fail(call, 0, 0);
		if (failed)
			expected = call == FAKE_DP_BEGIN ? -ENOMEM : -ENOSPC;
		sl_check_int(row, rc, expected);
		if (rc == 0) {
			memcpy(file, new_file, sizeof(file));
			memcpy(runs, new_runs, sizeof(runs));
		}
		runs_print(runs, want);
		sl_check_str(row, text_from_model(model, text), want);
		sl_check_str(row, text_from_dp(model, text), want);
	}
	model_destroy(model);
	fake_dp_reset();
}

static void
test_random(void **state)
{
	const char *given = getenv("SLUICE_TEST_SEED");
	unsigned int seed = given != NULL ? (unsigned int)strtoul(given, NULL, 10) : (unsigned int)time(NULL);

	for (unsigned int i = 0; i < (given != NULL ? 1 : SEQUENCES); i++)
		sequence_run(seed + i);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
