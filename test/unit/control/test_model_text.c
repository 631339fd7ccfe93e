/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Text for the tests of the model (test_model_text.h), and the few functions
 * of the configuration room that the model calls, over it.
 */
#include "test_model_text.h"

#include "fake_dp.h"
#include "sl_addr.h"
#include "sl_test.h"
#include "tunnel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { WORDS_MAX = 64 };

struct words {
	char text[1024];
	char *word[WORDS_MAX];
	unsigned int count;
};

/* One server as in the line of a service: "ADDR:PORT*WEIGHT/FWD!". */
struct server {
	struct sl_addr addr;
	uint16_t port;
	int64_t weight; /* -1: not given */
	int fwd;        /* -1: not given */
	struct dp_tunnel tunnel;
	bool has_tunnel;
	uint32_t upper, lower;
	bool sorry, alpha;
};

/* What every file says of health. */
static const struct conf_health no_checks, alpha_checks = { .alpha = true };
static const struct conf_pool one_pool = { .quorum = 1 };

/* Options of a service; of a file's service, those that are not given are off. */
struct extras {
	const char *local_group; /* NULL: not given */
	int mss, options;        /* -1: not given */
};

static const char *const kinds[SL_FWD_MAX] = {
#define X(id, kind, word) [id] = kind,
	SL_FWD_LIST(X)
#undef X
};

static void words_split(struct words *words, const char *line, size_t len);
static void line_service(struct conf *conf, const struct words *words, unsigned int line);
static void line_port(struct conf *conf, const struct words *words, unsigned int line);
static void line_route(struct conf *conf, const struct words *words);
static void line_neigh(struct conf *conf, const struct words *words);
static unsigned int port_find(const struct conf *conf, const char *name);
static void line_set(struct conf *conf, const struct words *words);
static struct dp_service_key key_parse(const char *proto, const char *endpoint);
static struct server server_parse(const char *text);
static int fwd_parse(const char *text, struct dp_tunnel *ret_tunnel, bool *ret_has_tunnel);
static unsigned int extras_parse(const struct words *words, unsigned int i, struct extras *ret_extras);
static void line_local(struct conf *conf, const struct words *words);
static int print_extras(char *buf, size_t size, int fwd, const struct dp_tunnel *tunnel,
			const char *local_group, uint16_t mss, uint8_t options);
static const char *method_print(int fwd, const struct dp_tunnel *tunnel, char buf[64]);
static const struct sched_ops *sched_parse(const char *text);
static void *grow(void *array, unsigned int count, size_t size);
static int print_service(char *buf, size_t size, const struct dp_service_key *key,
			 const struct sched_ops *sched);
static int print_server(char *buf, size_t size, const struct model_real *real, const char *method,
			const char *default_method);
static struct model_real as_model_has_it(const struct dp_real *dp, const struct model_real *real);

struct conf *
conf_from_text(const char *text)
{
	struct conf *conf = calloc(1, sizeof(*conf));
	unsigned int number = 1;

	assert_non_null(conf);
	conf->conn_reuse_mode = 1;
	conf->connections = 1000000;
	conf->pmtu_disc = true;
	conf->answer_rate = 1000;
	conf->kernel_rate = 50000;
	conf->dataplane_place = (struct conf_place){ "test.conf", 1, 1 };
	for (const char *line = text; *line != '\0'; number++) {
		size_t len = strcspn(line, "\n");
		struct words words;

		words_split(&words, line, len);
		line += line[len] == '\n' ? len + 1 : len;
		if (words.count == 0)
			continue;
		if (strcmp(words.word[0], "port") == 0)
			line_port(conf, &words, number);
		else if (strcmp(words.word[0], "route") == 0)
			line_route(conf, &words);
		else if (strcmp(words.word[0], "neigh") == 0)
			line_neigh(conf, &words);
		else if (strcmp(words.word[0], "local") == 0)
			line_local(conf, &words);
		else if (strcmp(words.word[0], "set") == 0)
			line_set(conf, &words);
		else
			line_service(conf, &words, number);
	}
	return conf;
}

void
conf_free(struct conf *conf)
{
	if (conf == NULL)
		return;
	for (unsigned int i = 0; i < conf->service_count; i++) {
		free(conf->services[i].reals);
		free(conf->services[i].sorry);
	}
	for (unsigned int i = 0; i < conf->port_count; i++)
		free(conf->ports[i].addrs);
	for (unsigned int i = 0; i < conf->group_count; i++)
		free(conf->groups[i].addrs);
	free(conf->groups);
	free(conf->services);
	free(conf->ports);
	free(conf->routes);
	free(conf->neighs);
	free(conf);
}

void
conf_fault_add(struct conf_faults *faults, enum conf_severity severity, const struct conf_place *place,
	       const char *format, ...)
{
	struct conf_fault *fault = calloc(1, sizeof(*fault));
	va_list args;

	assert_non_null(fault);
	assert_non_null(place);
	va_start(args, format);
	assert_true(vasprintf(&fault->text, format, args) >= 0);
	va_end(args);
	fault->severity = severity;
	fault->file = strdup(place->file);
	fault->line = place->line;
	fault->column = place->column;
	if (faults->first == NULL)
		faults->last_next = &faults->first;
	*faults->last_next = fault;
	faults->last_next = &fault->next;
	faults->errors += severity == CONF_ERROR;
	faults->warnings += severity == CONF_WARNING;
}

void
conf_faults_free(struct conf_faults *faults)
{
	for (struct conf_fault *fault = faults->first, *next; fault != NULL; fault = next) {
		next = fault->next;
		free(fault->file);
		free(fault->text);
		free(fault);
	}
	*faults = (struct conf_faults){ 0 };
}

int
command_from_text(struct model *model, const char *text, struct model_error *ret_error)
{
	struct model_service_change service = MODEL_SERVICE_CHANGE_NONE;
	struct model_real_change real;
	struct dp_tunnel tunnel;
	bool has_tunnel;
	struct dp_service_key key;
	struct server server = { .weight = -1, .fwd = -1 };
	struct words words;
	const char *verb;

	words_split(&words, text, strlen(text));
	assert_true(words.count >= 3);
	verb = words.word[0];
	key = key_parse(words.word[1], words.word[2]);
	if (strcmp(verb, "del-service") == 0)
		return model_service_del(model, &key, ret_error);
	assert_true(words.count >= 4);
	if (strcmp(verb, "add-service") == 0 || strcmp(verb, "edit-service") == 0) {
		struct extras extras;

		assert_true(words.count >= 5);
		service.sched = sched_parse(words.word[3]);
		service.fwd = fwd_parse(words.word[4], &tunnel, &has_tunnel);
		service.tunnel = has_tunnel ? &tunnel : NULL;
		assert_int_equal(extras_parse(&words, 5, &extras), words.count);
		service.local_group = extras.local_group;
		service.mss = extras.mss;
		service.options = extras.options;
		return verb[0] == 'a' ? model_service_add(model, &key, &service, ret_error)
				      : model_service_edit(model, &key, &service, ret_error);
	}
	server = server_parse(words.word[3]);
	real = (struct model_real_change){
		.weight = server.weight,
		.fwd = server.fwd,
		.tunnel = server.has_tunnel ? &server.tunnel : NULL,
	};
	if (strcmp(verb, "add") == 0)
		return model_real_add(model, &key, &server.addr, server.port, &real, ret_error);
	if (strcmp(verb, "edit") == 0)
		return model_real_edit(model, &key, &server.addr, server.port, &real, ret_error);
	if (strcmp(verb, "drain") == 0 || strcmp(verb, "undrain") == 0)
		return model_real_drain(model, &key, &server.addr, server.port, verb[0] == 'd', ret_error);
	assert_true(strcmp(verb, "del") == 0 || strcmp(verb, "flush") == 0);
	return model_real_del(model, &key, &server.addr, server.port, verb[0] == 'f', ret_error);
}

const char *
text_from_model(struct model *model, char buf[TEXT_SIZE])
{
	char method[64], default_method[64];
	int len = 0;

	buf[0] = '\0';
	for (const struct model_service *s = model_services(model); s != NULL; s = s->next) {
		len += print_service(buf + len, TEXT_SIZE - (size_t)len, &s->key, s->sched);
		len += print_extras(buf + len, TEXT_SIZE - (size_t)len, (int)s->fwd, &s->tunnel,
				    s->local_group, s->mss, s->options);
		method_print((int)s->fwd, &s->tunnel, default_method);
		for (const struct model_real *r = s->reals; r != NULL; r = r->next)
			len += print_server(buf + len, TEXT_SIZE - (size_t)len, r,
					    method_print((int)r->fwd, &r->tunnel, method), default_method);
		len += snprintf(buf + len, TEXT_SIZE - (size_t)len, "\n");
	}
	assert_true(len < TEXT_SIZE);
	return buf;
}

const char *
text_from_dp(struct model *model, char buf[TEXT_SIZE])
{
	char method[64], default_method[64];
	unsigned int count = 0;
	int len = 0;

	buf[0] = '\0';
	for (struct model_service *s = model_services(model); s != NULL; s = s->next, count++) {
		const struct fake_dp_service *dp = fake_dp_service_find(&s->key);

		assert_non_null(dp);
		assert_int_equal(dp->slot, s->slot);
		len += print_service(buf + len, TEXT_SIZE - (size_t)len, &dp->key, dp->sched);
		len += print_extras(buf + len, TEXT_SIZE - (size_t)len, (int)s->fwd, &s->tunnel,
				    dp->local_group, dp->mss, dp->options);
		method_print((int)s->fwd, &s->tunnel, default_method);
		for (uint32_t i = 0; i < dp->real_count; i++) {
			const struct dp_real *real = &dp->reals[i];
			const struct model_real *r = model_real_find(s, &real->addr, real->port);
			struct model_real shown = as_model_has_it(real, r);

			assert_true(r == NULL || r->slot == real->ret_slot);
			len += print_server(buf + len, TEXT_SIZE - (size_t)len, &shown,
					    method_print(real->fwd, &real->tunnel, method), default_method);
		}
		len += snprintf(buf + len, TEXT_SIZE - (size_t)len, "\n");
	}
	assert_null(fake_dp_service_at(count));
	assert_true(len < TEXT_SIZE);
	return buf;
}

static void
words_split(struct words *words, const char *line, size_t len)
{
	assert_true(len < sizeof(words->text));
	memcpy(words->text, line, len);
	words->text[len] = '\0';
	words->count = 0;
	for (char *word = strtok(words->text, " \t"); word != NULL; word = strtok(NULL, " \t")) {
		assert_true(words->count < WORDS_MAX);
		words->word[words->count++] = word;
	}
}

static void
line_service(struct conf *conf, const struct words *words, unsigned int line)
{
	struct conf_service *service;
	struct extras extras;
	bool has_tunnel;

	assert_true(words->count >= 4);
	conf->services = grow(conf->services, conf->service_count, sizeof(*service));
	service = &conf->services[conf->service_count++];
	*service = (struct conf_service){
		.place = { "test.conf", line, 1 },
		.key = key_parse(words->word[0], words->word[1]),
		.sched = sched_parse(words->word[2]),
		.pool = &one_pool,
	};
	service->fwd = (enum sl_fwd)fwd_parse(words->word[3], &service->tunnel, &has_tunnel);
	for (unsigned int i = extras_parse(words, 4, &extras); i < words->count; i++) {
		struct server server = server_parse(words->word[i]);
		struct conf_real *real;

		if (server.sorry) {
			assert_null(service->sorry);
			real = service->sorry = calloc(1, sizeof(*real));
			assert_non_null(real);
		} else {
			service->reals = grow(service->reals, service->real_count, sizeof(*service->reals));
			real = &service->reals[service->real_count++];
		}
		*real = (struct conf_real){
			.place = { "test.conf", line, i },
			.addr = server.addr,
			.port = server.port,
			.weight = server.weight < 0 ? 1 : (uint32_t)server.weight,
			.fwd = server.fwd < 0 ? service->fwd : (enum sl_fwd)server.fwd,
			.tunnel = server.fwd < 0 ? service->tunnel : server.tunnel,
			.upper = server.upper,
			.lower = server.lower,
			.health = server.alpha ? &alpha_checks : &no_checks,
		};
	}
	if (extras.local_group != NULL)
		snprintf(service->local_group, sizeof(service->local_group), "%s", extras.local_group);
	service->mss = extras.mss > 0 ? (uint16_t)extras.mss : DP_MSS_KEEP;
	service->options = extras.options > 0 ? (uint8_t)extras.options : 0;
}

static void
line_local(struct conf *conf, const struct words *words)
{
	struct conf_local_group *group;
	unsigned int i = 0;

	assert_int_equal(words->count, 4);
	while (i < conf->group_count && strcmp(conf->groups[i].name, words->word[1]) != 0)
		i++;
	if (i == conf->group_count) {
		conf->groups = grow(conf->groups, conf->group_count++, sizeof(*conf->groups));
		snprintf(conf->groups[i].name, sizeof(conf->groups[i].name), "%s", words->word[1]);
	}
	group = &conf->groups[i];
	group->addrs = grow(group->addrs, group->addr_count, sizeof(*group->addrs));
	assert_int_equal(sl_addr_parse(words->word[2], &group->addrs[group->addr_count].addr), 0);
	group->addrs[group->addr_count++].port = port_find(conf, words->word[3]);
}

/* The words with a plus from the i-th on; the index behind the last. */
static unsigned int
extras_parse(const struct words *words, unsigned int i, struct extras *ret_extras)
{
	static const struct {
		const char *word;
		int option;
	} options[] = {
		{ "+toa", DP_SERVICE_TOA },           { "+strip", DP_SERVICE_STRIP_TS },
		{ "+silent", DP_SERVICE_SILENT },     { "+port", DP_SERVICE_PORT },
		{ "+fallback", DP_SERVICE_FALLBACK }, { "+none", 0 },
	};

	*ret_extras = (struct extras){ .mss = -1, .options = -1 };
	for (; i < words->count && words->word[i][0] == '+'; i++) {
		const char *word = words->word[i];
		bool known = true;

		if (strncmp(word, "+laddr=", 7) == 0)
			ret_extras->local_group = word + 7;
		else if (strncmp(word, "+mss=", 5) == 0)
			ret_extras->mss = strcmp(word + 5, "auto") == 0 ? DP_MSS_AUTO : atoi(word + 5);
		else
			known = false;
		for (size_t o = 0; o < SL_COUNT(options) && !known; o++) {
			if (strcmp(options[o].word, word) != 0)
				continue;
			known = true;
			ret_extras->options =
				options[o].option | (ret_extras->options > 0 ? ret_extras->options : 0);
		}
		if (!known)
			fail_msg("no option %s", word);
	}
	return i;
}

static void
line_port(struct conf *conf, const struct words *words, unsigned int line)
{
	struct conf_port *port;

	assert_true(words->count >= 3);
	conf->ports = grow(conf->ports, conf->port_count, sizeof(*port));
	port = &conf->ports[conf->port_count++];
	*port = (struct conf_port){ .place = { "test.conf", line, 1 } };
	snprintf(port->dp.name, sizeof(port->dp.name), "%s", words->word[1]);
	snprintf(port->dp.device, sizeof(port->dp.device), "%s", words->word[2]);
	for (unsigned int i = 3; i < words->count; i++) {
		struct sl_addr gateway;

		if (strcmp(words->word[i], "gw") == 0) {
			assert_int_equal(sl_addr_parse(words->word[++i], &gateway), 0);
			if (sl_addr_is_v4(&gateway))
				port->gateway4 = gateway;
			else
				port->gateway6 = gateway;
			continue;
		}
		port->addrs = grow(port->addrs, port->addr_count, sizeof(*port->addrs));
		assert_int_equal(sl_prefix_parse(words->word[i], &port->addrs[port->addr_count++]), 0);
	}
}

static void
line_route(struct conf *conf, const struct words *words)
{
	struct dp_route route = { .port = -1 };

	assert_true(words->count == 3 || words->count == 4);
	if (words->count == 4)
		route.port = (int)port_find(conf, words->word[3]);
	assert_int_equal(sl_prefix_parse(words->word[1], &route.prefix), 0);
	assert_int_equal(sl_addr_parse(words->word[2], &route.via), 0);
	conf->routes = grow(conf->routes, conf->route_count, sizeof(*conf->routes));
	conf->routes[conf->route_count++].dp = route;
}

static void
line_neigh(struct conf *conf, const struct words *words)
{
	struct dp_static_neigh neigh = { 0 };

	assert_int_equal(words->count, 4);
	assert_int_equal(sl_addr_parse(words->word[1], &neigh.addr), 0);
	assert_int_equal(sl_mac_parse(words->word[2], neigh.mac), 0);
	neigh.port = port_find(conf, words->word[3]);
	conf->neighs = grow(conf->neighs, conf->neigh_count, sizeof(*conf->neighs));
	conf->neighs[conf->neigh_count++].dp = neigh;
}

static unsigned int
port_find(const struct conf *conf, const char *name)
{
	for (unsigned int i = 0; i < conf->port_count; i++)
		if (strcmp(conf->ports[i].dp.name, name) == 0)
			return i;
	fail_msg("no port %s before its use", name);
	return 0;
}

static void
line_set(struct conf *conf, const struct words *words)
{
	struct dp_port_conf no_port, *port = conf->port_count > 0 ? &conf->ports[0].dp : &no_port;
	const struct {
		const char *name;
		unsigned int *field;
	} fields[] = {
		{ "workers", &conf->workers },    { "connections", &conf->connections },
		{ "mbufs", &conf->mbufs },        { "memory", &conf->memory_mb },
		{ "tcp", &conf->tcp_s },          { "tcpfin", &conf->tcp_fin_s },
		{ "udp", &conf->udp_s },          { "reuse", &conf->conn_reuse_mode },
		{ "queues", &port->queues },      { "mtu", &port->mtu },
		{ "answer", &conf->answer_rate }, { "kernel", &conf->kernel_rate },
	};
	const struct {
		const char *name;
		bool *field;
	} switches[] = {
		{ "promiscuous", &port->promiscuous }, { "tap", &port->tap },
		{ "transit", &port->transit_kernel },  { "closed", &port->closed_drop },
		{ "pmtu", &conf->pmtu_disc },
	};
	unsigned int number;

	assert_int_equal(words->count, 3);
	number = (unsigned int)strtoul(words->word[2], NULL, 10);
	if (strcmp(words->word[1], "idle") == 0) {
		conf->idle = number != 0 ? DP_IDLE_BUSY : DP_IDLE_ADAPTIVE;
		return;
	}
	if (strcmp(words->word[1], "socket") == 0) {
		snprintf(conf->socket_path, sizeof(conf->socket_path), "/socket%u", number);
		return;
	}
	for (size_t i = 0; i < SL_COUNT(switches); i++) {
		if (strcmp(switches[i].name, words->word[1]) == 0) {
			*switches[i].field = number != 0;
			return;
		}
	}
	for (size_t i = 0; i < SL_COUNT(fields); i++) {
		if (strcmp(fields[i].name, words->word[1]) == 0) {
			*fields[i].field = number;
			return;
		}
	}
	fail_msg("no field %s", words->word[1]);
}

static struct dp_service_key
key_parse(const char *proto, const char *endpoint)
{
	struct dp_service_key key = { .proto = strcmp(proto, "TCP") == 0 ? SL_PROTO_TCP : SL_PROTO_UDP };

	if (sl_endpoint_parse(endpoint, &key.vip, &key.port) != 0)
		fail_msg("not an endpoint: %s", endpoint);
	return key;
}

static struct server
server_parse(const char *text)
{
	struct server server = { .weight = -1, .fwd = -1, .sorry = text[0] == '?' };
	char copy[128];
	char *star, *slash, *limits;
	size_t len;

	snprintf(copy, sizeof(copy), "%s", text + server.sorry);
	len = strlen(copy);
	server.alpha = len > 0 && copy[len - 1] == '~';
	copy[len - server.alpha] = '\0';
	slash = strchr(copy, '/');
	if (slash != NULL) {
		*slash = '\0';
		server.fwd = fwd_parse(slash + 1, &server.tunnel, &server.has_tunnel);
	}
	limits = strchr(copy, '^');
	if (limits != NULL) {
		*limits = '\0';
		assert_int_equal(sscanf(limits + 1, "%u,%u", &server.upper, &server.lower), 2);
	}
	star = strchr(copy, '*');
	if (star != NULL) {
		*star = '\0';
		if (strcmp(star + 1, "-") != 0)
			server.weight = strtoll(star + 1, NULL, 10);
	}
	if (sl_endpoint_parse(copy, &server.addr, &server.port) != 0)
		fail_msg("not a server: %s", text);
	return server;
}

/* "TUN=gue:6080:+c", "-" for none. */
static int
fwd_parse(const char *text, struct dp_tunnel *ret_tunnel, bool *ret_has_tunnel)
{
	size_t len = strcspn(text, "=");
	int fwd = 0;

	*ret_tunnel = (struct dp_tunnel){ 0 };
	*ret_has_tunnel = text[len] == '=';
	if (*ret_has_tunnel && tunnel_parse(text + len + 1, ret_tunnel) != 0)
		fail_msg("no tunnel %s", text);
	if (text[0] == '-')
		return -1;
	while (fwd < SL_FWD_MAX && (strlen(kinds[fwd]) != len || strncmp(kinds[fwd], text, len) != 0))
		fwd++;
	return fwd;
}

static const struct sched_ops *
sched_parse(const char *text)
{
	const struct sched_ops *sched = strcmp(text, "-") == 0 ? NULL : sched_find(text);

	if (sched == NULL && strcmp(text, "-") != 0)
		fail_msg("no scheduler %s", text);
	return sched;
}

static void *
grow(void *array, unsigned int count, size_t size)
{
	char *more = array;

	/* Full at each power of two. */
	if ((count & (count - 1)) == 0)
		more = reallocarray(array, count > 0 ? 2 * count : 1, size);
	assert_non_null(more);
	memset(more + count * size, 0, size);
	return more;
}

static int
print_service(char *buf, size_t size, const struct dp_service_key *key, const struct sched_ops *sched)
{
	char endpoint[SL_ENDPOINT_STRLEN];

	return snprintf(buf, size, "%s %s %s", key->proto == SL_PROTO_TCP ? "TCP" : "UDP",
			sl_endpoint_format(&key->vip, key->port, endpoint), sched->name);
}

static int
print_server(char *buf, size_t size, const struct model_real *real, const char *method,
	     const char *default_method)
{
	char endpoint[SL_ENDPOINT_STRLEN], limits[32] = "";
	bool own = strcmp(method, default_method) != 0;

	if (real->upper != 0)
		snprintf(limits, sizeof(limits), "^%u,%u", real->upper, real->lower);
	return snprintf(buf, size, " %s%s*%u%s%s%s%s%s", real->sorry ? "?" : "",
			sl_endpoint_format(&real->addr, real->port, endpoint), real->weight, limits,
			own ? "/" : "", own ? method : "", real->draining ? "!" : "", real->out ? "~" : "");
}

/*
 * What the data plane has of a server, in the model's words: weight 0 may be one that drains, and
 * of thresholds it has LVS's default filled in. Where it is not so, it is shown as it is, so that
 * texts of both can be compared.
 */
static struct model_real
as_model_has_it(const struct dp_real *dp, const struct model_real *real)
{
	struct model_real shown = {
		.addr = dp->addr,
		.port = dp->port,
		.weight = dp->weight,
		.upper = dp->upper,
		.lower = dp->lower,
		.out = dp->out,
	};

	if (real == NULL)
		return shown;
	shown.sorry = real->sorry;
	shown.draining = real->draining && dp->weight == 0;
	if (shown.draining)
		shown.weight = real->weight;
	if (real->lower == 0 && dp->lower == (dp->upper * 3 + 3) / 4)
		shown.lower = 0;
	return shown;
}

static int
print_extras(char *buf, size_t size, int fwd, const struct dp_tunnel *tunnel, const char *local_group,
	     uint16_t mss, uint8_t options)
{
	char method[64], number[16] = "";

	if (mss != DP_MSS_KEEP)
		snprintf(number, sizeof(number), mss == DP_MSS_AUTO ? "auto" : "%u", mss);
	return snprintf(
		buf, size, " %s%s%s%s%s%s%s%s%s%s", method_print(fwd, tunnel, method),
		local_group[0] != '\0' ? " +laddr=" : "", local_group, number[0] != '\0' ? " +mss=" : "",
		number, options & DP_SERVICE_TOA ? " +toa" : "",
		options & DP_SERVICE_STRIP_TS ? " +strip" : "", options & DP_SERVICE_SILENT ? " +silent" : "",
		options & DP_SERVICE_PORT ? " +port" : "", options & DP_SERVICE_FALLBACK ? " +fallback" : "");
}

/* A tunnel that is not plain IPIP is shown. Returns `buf`. */
static const char *
method_print(int fwd, const struct dp_tunnel *tunnel, char buf[64])
{
	char info[TUNNEL_STRLEN];
	bool plain = (tunnel->type | tunnel->sum | tunnel->port) == 0;

	snprintf(buf, 64, "%s%s%s", kinds[fwd], plain ? "" : "=", plain ? "" : tunnel_info(tunnel, info));
	return buf;
}
