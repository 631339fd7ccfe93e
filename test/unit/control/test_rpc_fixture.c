/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * See test_rpc_fixture.h.
 */
#include "test_rpc_fixture.h"

#include "boot.h"
#include "fake_dp.h"
#include "sl_log.h"
#include "sl_test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct reload reload;

int
boot_reload(bool dry_run, struct conf_faults *faults, void (*line)(const char *text, void *context),
	    void *context)
{
	static const struct conf_place place = { "sluice.conf", 3, 7 };

	reload.called++;
	reload.dry_run = dry_run;
	if (reload.fails) {
		conf_fault_add(faults, CONF_ERROR, &place, "no such thing");
		return -EINVAL;
	}
	if (line != NULL && reload.change != NULL)
		line(reload.change, context);
	return 0;
}

void
fixture_setup(struct fixture *fixture, const char *conf_text, unsigned int conns)
{
	struct dp_params params = { .workers = 2, .cpu = { 0, 1 }, .connections = 1000000 };
	struct conf_faults faults = { 0 };
	struct model_error refused;
	char error[DP_ERROR_SIZE], number[16];
	struct conf *conf;

	fake_dp_reset(); /* a test before may have failed half-way */
	*fixture = (struct fixture){ .directory = "/tmp/test_rpc.XXXXXX" };
	reload = (struct reload){ 0 };
	sl_log_limit_set(SL_LOG_ERROR);
	assert_non_null(mkdtemp(fixture->directory));
	snprintf(fixture->socket_path, sizeof(fixture->socket_path), "%s/control.sock", fixture->directory);
	strcpy(fixture->conf_path, fixture_file(fixture, "sluice.conf", conf_text));
	snprintf(number, sizeof(number), "%u", conns);
	setenv("FAKE_DP_CONNS", number, 1);
	unsetenv("FAKE_DP_RATE");

	conf = conf_load(fixture->conf_path, false, &faults);
	if (conf == NULL)
		conf_faults_print(&faults, stderr);
	assert_non_null(conf);
	conf_faults_free(&faults);
	assert_int_equal(dp_eal_start(&params, NULL, 0, 0, NULL, error), 0);
	for (unsigned int i = 0; i < conf->port_count; i++)
		assert_int_equal(dp_port_open(&conf->ports[i].dp, error), i);
	assert_int_equal(dp_start(error), 0);
	fixture->model = model_create(conf, &refused);
	assert_non_null(fixture->model);
	fixture->base = event_base_new();
	assert_non_null(fixture->base);
}

void
fixture_teardown(struct fixture *fixture)
{
	char command[128];

	event_base_free(fixture->base);
	model_destroy(fixture->model);
	dp_stop();
	fake_dp_reset();
	snprintf(command, sizeof(command), "rm -r %s", fixture->directory);
	assert_int_equal(system(command), 0);
}

const char *
fixture_file(struct fixture *fixture, const char *name, const char *text)
{
	static char path[96];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", fixture->directory, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	return path;
}

bool
json_holds(const json_t *got, const json_t *want)
{
	const char *text = json_string_value(want), *member;
	json_t *value;
	size_t i;

	if (text != NULL && strcmp(text, "*") == 0)
		return got != NULL;
	if (text != NULL && text[0] == '~')
		return json_is_string(got) && strstr(json_string_value(got), text + 1) != NULL;
	if (json_is_array(want)) {
		json_array_foreach(want, i, value)
		{
			if (json_is_string(value) && strcmp(json_string_value(value), "...") == 0)
				return i + 1 == json_array_size(want) && json_array_size(got) > i;
			if (!json_holds(json_array_get(got, i), value))
				return false;
		}
		return json_is_array(got) && json_array_size(got) == json_array_size(want);
	}
	if (!json_is_object(want))
		return got != NULL && json_equal(got, want);
	json_object_foreach((json_t *)(uintptr_t)want, member,
			    value) if (!json_holds(json_object_get(got, member), value)) return false;
	return json_is_object(got);
}
