/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * See test_ha_farm.h.
 */
#include "test_ha_farm.h"

#include "sl_log.h"
#include "sl_test.h"
#include "test_conf_load.h"

#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 20000, TEXT_SIZE = 8192 };

static struct conf *
conf_make(const struct farm *farm, const char *text)
{
	static char whole[TEXT_SIZE];
	size_t len = (size_t)snprintf(whole, sizeof(whole),
				      "global_defs {\n router_id lb1\n}\n"
				      "port wan {\n device net_null0\n address 192.0.2.2/24\n}\n");

	for (const char *at = text; *at != '\0'; at++) {
		if (strncmp(at, "FOLDER", 6) == 0) {
			len += (size_t)snprintf(whole + len, sizeof(whole) - len, "%s", farm->folder);
			at += 5;
		} else {
			whole[len++] = *at;
		}
		assert_true(len < sizeof(whole) - 100);
	}
	whole[len] = '\0';
	return conf_load_good("a file", whole);
}

void
farm_open(struct farm *farm, const char *text)
{
	struct dp_params params = { .workers = 1, .connections = 1000 };
	struct model_error refused;
	struct conf *conf;

	fake_dp_reset(); /* a test before may have failed half-way */
	*farm = (struct farm){ .folder = "/tmp/test_ha.XXXXXX" };
	sl_log_limit_set(SL_LOG_ERROR);
	assert_non_null(mkdtemp(farm->folder));
	farm_write(farm, "say", "#!/bin/sh\necho \"$*\" >>\"${0%/*}/said\"\n");
	conf = conf_make(farm, text);
	assert_int_equal(dp_eal_start(&params, NULL, 0, 0, NULL, farm->error), 0);
	assert_int_equal(dp_port_open(&conf->ports[0].dp, farm->error), 0);
	assert_int_equal(dp_start(farm->error), 0);
	farm->model = model_create(conf, &refused);
	assert_non_null(farm->model);
	farm->base = event_base_new();
	assert_non_null(farm->base);
	farm->ha = ha_create(farm->base, farm->model, NULL, farm->error);
}

void
farm_close(struct farm *farm)
{
	char command[128];

	ha_destroy(farm->ha);
	event_base_loop(farm->base, EVLOOP_NONBLOCK);
	event_base_free(farm->base);
	model_destroy(farm->model);
	dp_stop();
	fake_ka_reset();
	fake_health = (struct fake_health){ 0 };
	snprintf(command, sizeof(command), "rm -r %s", farm->folder);
	assert_int_equal(system(command), 0);
}

void
farm_apply(struct farm *farm, const char *text)
{
	struct conf_faults faults = { 0 };
	int rc = model_apply(farm->model, conf_make(farm, text), &faults);

	if (rc < 0)
		conf_faults_print(&faults, stderr);
	assert_int_equal(rc, 0);
	conf_faults_free(&faults);
}

/* The loop waits for descriptors a millisecond at the longest. */
void
farm_turn(struct farm *farm, const char *condition, unsigned int waited)
{
	const struct timespec ms = { 0, 1000000 };

	if (waited > PATIENCE_MS)
		fail_msg("not within %d s: %s", PATIENCE_MS / 1000, condition);
	event_base_loop(farm->base, EVLOOP_NONBLOCK);
	nanosleep(&ms, NULL);
}

void
farm_rest(struct farm *farm, unsigned int ms)
{
	for (unsigned int i = 0; i < ms; i++)
		farm_turn(farm, "", 0);
}

const char *
farm_read(struct farm *farm, const char *name)
{
	static char text[TEXT_SIZE];
	char path[128];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", farm->folder, name);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	len = fd >= 0 ? read(fd, text, sizeof(text) - 1) : 0;
	if (fd >= 0)
		close(fd);
	text[len > 0 ? len : 0] = '\0';
	return text;
}

void
farm_write(struct farm *farm, const char *name, const char *text)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", farm->folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}
