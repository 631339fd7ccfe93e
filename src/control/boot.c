/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The daemon from start to end (boot.h).
 *
 * Starting is the table `steps` from top to bottom. A step that fails says why
 * in one line, and the steps before it are undone from there upwards; the end
 * of a daemon's life is the same way back from the last step. Everything runs
 * in the control thread.
 */
#include "boot.h"

#include "announce.h"
#include "boot_cpu.h"
#include "boot_loop.h"
#include "boot_notify.h"
#include "ha.h"
#include "health.h"
#include "model.h"
#include "rpc.h"
#include "sl_log.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct {
	const struct boot_options *options;
	char socket_path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	struct conf *conf; /* until the model owns it */
	struct dp_params params;
	cpu_set_t cpus; /* those that this process may use */
	struct boot_loop *loop;
	struct model *model;
	struct health *health;
	struct ha *ha;
	struct rpc_server *rpc;
	struct announce *announce;
} boot;

/* So many changes of one reload are logged one by one; the rest is counted. */
enum { LOGGED_LINES = 1000 };

/* Lines of a change, kept until it has been made. */
struct lines {
	char **line;
	size_t count;
	bool incomplete; /* there was no memory for all */
};

static int parse_run(char error[DP_ERROR_SIZE]);
static void parse_undo(void);
static int alone_run(char error[DP_ERROR_SIZE]);
static int eal_run(char error[DP_ERROR_SIZE]);
static int ports_run(char error[DP_ERROR_SIZE]);
static int dataplane_run(char error[DP_ERROR_SIZE]);
static int loop_run(char error[DP_ERROR_SIZE]);
static void loop_undo(void);
static int model_run(char error[DP_ERROR_SIZE]);
static void model_undo(void);
static int health_run(char error[DP_ERROR_SIZE]);
static void health_undo(void);
static int keepalive_run(char error[DP_ERROR_SIZE]);
static void keepalive_undo(void);
static int socket_run(char error[DP_ERROR_SIZE]);
static void socket_undo(void);
static int announce_run(char error[DP_ERROR_SIZE]);
static void announce_undo(void);
static int ready_run(char error[DP_ERROR_SIZE]);
static void hangup(void);
static void faults_log(const struct conf_faults *faults);
static void line_keep(const char *text, void *context);
static void line_log(const char *text, void *context);
static void lines_free(struct lines *lines);

static const struct {
	const char *name;
	int (*run)(char error[DP_ERROR_SIZE]);
	void (*undo)(void); /* NULL: nothing of its own to undo */
} steps[] = {
	{ "parse", parse_run, parse_undo },
	{ "alone", alone_run, NULL },
	{ "eal", eal_run, dp_stop },
	{ "ports", ports_run, NULL },
	{ "dataplane", dataplane_run, NULL },
	{ "loop", loop_run, loop_undo },
	{ "model", model_run, model_undo },
	{ "health", health_run, health_undo },
	{ "keepalive", keepalive_run, keepalive_undo },
	{ "socket", socket_run, socket_undo },
	{ "announce", announce_run, announce_undo },
	{ "ready", ready_run, boot_notify_stopping },
};
enum { STEP_COUNT = sizeof(steps) / sizeof(steps[0]) };

int
boot_run(const struct boot_options *options)
{
	char error[DP_ERROR_SIZE] = "";
	int done = 0;

	boot.options = options;
	while (done < STEP_COUNT && steps[done].run(error) == 0) {
		sl_debug("start: %s: done", steps[done].name);
		done++;
	}
	if (done == STEP_COUNT)
		boot_loop_run(boot.loop);
	else
		sl_error("%s", error);
	for (int i = done - 1; i >= 0; i--)
		if (steps[i].undo != NULL)
			steps[i].undo();
	return done == STEP_COUNT ? 0 : 1;
}

int
boot_check(const char *conf_path, bool strict)
{
	struct conf_faults faults = { 0 };
	struct conf *conf = conf_load(conf_path, strict, &faults);
	bool ok = conf != NULL;

	conf_faults_print(&faults, stdout);
	if (ok && faults.warnings == 0)
		printf("%s: ok\n", conf_path);
	else
		printf("%s: %s%u error%s, %u warning%s\n", conf_path, ok ? "ok: " : "", faults.errors,
		       faults.errors == 1 ? "" : "s", faults.warnings, faults.warnings == 1 ? "" : "s");
	conf_faults_free(&faults);
	conf_free(conf);
	return ok ? 0 : 1;
}

int
boot_reload(bool dry_run, struct conf_faults *faults, void (*line)(const char *text, void *context),
	    void *context)
{
	struct conf *conf = conf_load(boot.options->conf_path, false, faults);
	struct lines lines = { 0 };
	int rc;

	if (conf == NULL)
		return -EINVAL;
	rc = model_check(boot.model, conf, faults);
	if (rc == 0)
		model_diff(boot.model, conf, line_keep, &lines);
	if (rc == 0 && !dry_run)
		rc = model_apply(boot.model, conf, faults);
	if (rc < 0 || dry_run)
		conf_free(conf);
	for (size_t i = 0; rc == 0 && line != NULL && i < lines.count; i++)
		line(lines.line[i], context);
	if (rc == 0 && line != NULL && lines.incomplete)
		line("(and more, for which there was no memory)", context);
	lines_free(&lines);
	return rc;
}

/* ---- the steps ---- */

static int
parse_run(char error[DP_ERROR_SIZE])
{
	const char *path = boot.options->conf_path;
	struct conf_faults faults = { 0 };

	boot.conf = conf_load(path, false, &faults);
	faults_log(&faults);
	if (boot.conf == NULL)
		snprintf(error, DP_ERROR_SIZE,
			 "%s: %u error%s: sluiced does not start (`sluiced -f %s --check` "
			 "shows them again)",
			 path, faults.errors, faults.errors == 1 ? "" : "s", path);
	conf_faults_free(&faults);
	if (boot.conf == NULL)
		return -EINVAL;
	return 0;
}

static void
parse_undo(void)
{
	conf_free(boot.conf);
	boot.conf = NULL;
}

/* Before anything is taken: a daemon that answers at our socket has the devices too. */
static int
alone_run(char error[DP_ERROR_SIZE])
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = boot.options->socket_path;
	bool answered;
	int fd;

	if (path == NULL)
		path = boot.conf->socket_path[0] != '\0' ? boot.conf->socket_path : BOOT_SOCKET_PATH;
	if (strlen(path) >= sizeof(address.sun_path)) {
		snprintf(error, DP_ERROR_SIZE,
			 "control socket %s: the path is longer than %zu characters: give a shorter one",
			 path, sizeof(address.sun_path) - 1);
		return -ENAMETOOLONG;
	}
	strcpy(boot.socket_path, path);
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		snprintf(error, DP_ERROR_SIZE, "control socket %s: %s", boot.socket_path, strerror(errno));
		return -errno;
	}
	/* EAGAIN: its queue of clients is full, so there is one. */
	answered = connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 || errno == EAGAIN;
	close(fd);
	if (!answered)
		return 0;
	snprintf(error, DP_ERROR_SIZE,
		 "another sluiced answers at %s: stop it first, or give this one its own "
		 "devices and --socket PATH",
		 boot.socket_path);
	return -EADDRINUSE;
}

static int
eal_run(char error[DP_ERROR_SIZE])
{
	const struct conf *conf = boot.conf;
	struct dp_port_conf ports[DP_PORTS_MAX];
	int rc;

	if (conf->port_count > DP_PORTS_MAX) {
		snprintf(error, DP_ERROR_SIZE, "%u ports: at most %d are possible", conf->port_count,
			 DP_PORTS_MAX);
		return -EINVAL;
	}
	for (unsigned int i = 0; i < conf->port_count; i++)
		ports[i] = conf->ports[i].dp;
	if (sched_getaffinity(0, sizeof(boot.cpus), &boot.cpus) < 0) {
		snprintf(error, DP_ERROR_SIZE, "cannot find out which CPUs there are: %s", strerror(errno));
		return -errno;
	}
	rc = boot_cpu_choose(conf, &boot.cpus, &boot.params, error);
	if (rc < 0)
		return rc;
	boot.params.idle = conf->idle;
	boot.params.connections = conf->connections;
	boot.params.mbufs = conf->mbufs;
	boot.params.memory_mb = conf->memory_mb;
	boot.params.seeded = boot.options->seeded;
	boot.params.seed = boot.options->seed;
	rc = dp_eal_start(&boot.params, ports, conf->port_count, boot.options->eal_argc,
			  boot.options->eal_argv, error);
	return rc < 0 ? rc : 0;
}

static int
ports_run(char error[DP_ERROR_SIZE])
{
	int rc = 0;

	for (unsigned int i = 0; rc >= 0 && i < boot.conf->port_count; i++)
		rc = dp_port_open(&boot.conf->ports[i].dp, error);
	return rc < 0 ? rc : 0;
}

static int
dataplane_run(char error[DP_ERROR_SIZE])
{
	cpu_set_t control = boot_cpu_control(&boot.cpus, &boot.params);
	int rc;

	rc = dp_start(error);
	if (rc < 0)
		return rc;
	if (pthread_setaffinity_np(pthread_self(), sizeof(control), &control) != 0)
		sl_warn("control stays on the CPU that EAL gave it");
	return 0;
}

/* Signals are handled from here on. Before, they end the process at once, however long a device takes. */
static int
loop_run(char error[DP_ERROR_SIZE])
{
	boot.loop = boot_loop_create(hangup);
	if (boot.loop != NULL)
		return 0;
	snprintf(error, DP_ERROR_SIZE, "event loop: %s", strerror(errno));
	return -ENOMEM;
}

static void
loop_undo(void)
{
	boot_loop_destroy(boot.loop);
	boot.loop = NULL;
}

static int
model_run(char error[DP_ERROR_SIZE])
{
	struct model_error why;

	boot.model = model_create(boot.conf, &why);
	if (boot.model == NULL) {
		snprintf(error, DP_ERROR_SIZE, "%s", why.text);
		return why.code;
	}
	boot.conf = NULL;
	return 0;
}

static void
model_undo(void)
{
	model_destroy(boot.model);
	boot.model = NULL;
}

/* Servers are watched from here on. Each check that is under way has a descriptor: as many as may be. */
static int
health_run(char error[DP_ERROR_SIZE])
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	boot.health = health_create(boot_loop_base(boot.loop), boot.model, error);
	return boot.health != NULL ? 0 : -EINVAL;
}

static void
health_undo(void)
{
	health_destroy(boot.health);
	boot.health = NULL;
}

/*
 * The addresses of vrrp_instances have been nobody's since the model's first commit. On the way back
 * the peer gets them, before anything ends that packets need.
 */
static int
keepalive_run(char error[DP_ERROR_SIZE])
{
	boot.ha = ha_create(boot_loop_base(boot.loop), boot.model, boot.health, error);
	return boot.ha != NULL ? 0 : -EINVAL;
}

static void
keepalive_undo(void)
{
	ha_destroy(boot.ha);
	boot.ha = NULL;
}

static int
socket_run(char error[DP_ERROR_SIZE])
{
	boot.rpc = rpc_server_create(boot_loop_base(boot.loop), boot.socket_path, boot.model,
				     boot.options->conf_path, error);
	if (boot.rpc == NULL)
		return -errno;
	rpc_server_health_set(boot.rpc, boot.health);
	rpc_server_ha_set(boot.rpc, boot.ha);
	return 0;
}

static void
socket_undo(void)
{
	rpc_server_destroy(boot.rpc);
	boot.rpc = NULL;
}

static int
announce_run(char error[DP_ERROR_SIZE])
{
	boot.announce = announce_create(boot_loop_base(boot.loop), boot.model, boot.health, boot.ha);
	if (boot.announce != NULL)
		return 0;
	snprintf(error, DP_ERROR_SIZE, "announcing VIPs: out of memory");
	return -ENOMEM;
}

/* Routers hear of it while everything else still runs. */
static void
announce_undo(void)
{
	announce_destroy(boot.announce);
	boot.announce = NULL;
}

static int
ready_run(char error[DP_ERROR_SIZE])
{
	char cpus[128];
	cpu_set_t set;

	CPU_ZERO(&set);
	for (unsigned int i = 0; i < boot.params.workers; i++)
		CPU_SET(boot.params.cpu[i], &set);
	sl_notice("ready: %u worker%s on CPU %s, %u port%s, %u service%s, control socket %s",
		  boot.params.workers, boot.params.workers == 1 ? "" : "s",
		  boot_cpu_format(&set, cpus, sizeof(cpus)), dp_port_count(), dp_port_count() == 1 ? "" : "s",
		  model_service_count(boot.model), model_service_count(boot.model) == 1 ? "" : "s",
		  boot.socket_path);
	boot_notify_ready();
	return 0;
}

/* ---- helpers ---- */

static void
hangup(void)
{
	const char *path = boot.options->conf_path;
	struct conf_faults faults = { 0 };
	unsigned int lines = 0;
	int rc;

	boot_notify_reloading();
	sl_notice("SIGHUP: loading %s", path);
	rc = boot_reload(false, &faults, line_log, &lines);
	faults_log(&faults);
	if (lines > LOGGED_LINES)
		sl_notice("and %u changes more", lines - LOGGED_LINES);
	if (rc == 0)
		sl_notice("%s is what runs now", path);
	else
		sl_error("%s was not applied (%u error%s): what ran before goes on unchanged", path,
			 faults.errors, faults.errors == 1 ? "" : "s");
	conf_faults_free(&faults);
	boot_notify_ready();
}

static void
faults_log(const struct conf_faults *faults)
{
	for (const struct conf_fault *fault = faults->first; fault != NULL; fault = fault->next)
		sl_log(fault->severity == CONF_ERROR ? SL_LOG_ERROR : SL_LOG_WARN, "%s:%u:%u: %s",
		       fault->file, fault->line, fault->column, fault->text);
}

static void
line_keep(const char *text, void *context)
{
	struct lines *lines = context;
	char *copy = strdup(text);
	char **more = NULL;

	/* Full at each power of two. */
	if (copy != NULL && (lines->count & (lines->count - 1)) == 0)
		more = reallocarray(lines->line, lines->count > 0 ? 2 * lines->count : 1, sizeof(*more));
	else if (copy != NULL)
		more = lines->line;
	if (more == NULL) {
		free(copy);
		lines->incomplete = true;
		return;
	}
	lines->line = more;
	lines->line[lines->count++] = copy;
}

static void
line_log(const char *text, void *context)
{
	unsigned int *count = context;

	if ((*count)++ < LOGGED_LINES)
		sl_notice("%s", text);
}

static void
lines_free(struct lines *lines)
{
	for (size_t i = 0; i < lines->count; i++)
		free(lines->line[i]);
	free(lines->line);
}
