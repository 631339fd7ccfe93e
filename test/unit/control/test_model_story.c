/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The runner of stories (test_model_story.h).
 */
#include "test_model_story.h"

#include "fake_dp.h"
#include "sl_test.h"

#include <stdio.h>

void
stories_run(const struct story *stories, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct story *story = &stories[i];
		struct model *model = model_from_text(story->first);
		char says[DP_ERROR_SIZE], text[TEXT_SIZE];

		for (const struct step *step = story->steps; step->text != NULL; step++) {
			char before[TEXT_SIZE];

			text_from_model(model, before);
			sl_check_int(step->text, step_run(model, step->text, says), step->rc);
			if (step->says != NULL && strstr(says, step->says) == NULL)
				fail_msg("%s: %s: says \"%s\", not \"%s\"", story->name, step->text, says,
					 step->says);
			if (step->rc != 0)
				sl_check_str(step->text, text_from_model(model, text), before);
			sl_check_str(step->text, text_from_dp(model, before), text_from_model(model, text));
		}
		sl_check_str(story->name, text_from_model(model, text), story->runs);
		sl_check_str(story->name, text_from_dp(model, text), story->runs);
		model_destroy(model);
		fake_dp_reset();
	}
}

struct model *
model_from_text(const char *text)
{
	struct dp_params params = { .workers = 2, .cpu = { 0, 1 } };
	struct conf *conf = conf_from_text(text);
	struct model_error error;
	struct model *model;
	char why[DP_ERROR_SIZE];

	assert_int_equal(dp_eal_start(&params, NULL, 0, 0, NULL, why), 0);
	for (unsigned int i = 0; i < conf->port_count; i++)
		assert_int_equal(dp_port_open(&conf->ports[i].dp, why), i);
	model = model_create(conf, &error);
	if (model == NULL)
		fail_msg("%s", error.text);
	return model;
}

int
step_run(struct model *model, const char *text, char ret_says[DP_ERROR_SIZE])
{
	struct conf_faults faults = { 0 };
	struct model_error error = { 0 };
	struct conf *conf;
	int rc;

	if (strncmp(text, "= ", 2) != 0) {
		rc = command_from_text(model, text, &error);
		assert_true(rc == 0 || rc == error.code);
		snprintf(ret_says, DP_ERROR_SIZE, "%s", error.text);
		return rc;
	}
	conf = conf_from_text(text + 2);
	rc = model_apply(model, conf, &faults);
	ret_says[0] = '\0';
	if (rc < 0) {
		snprintf(ret_says, DP_ERROR_SIZE, "%s:%u:%u: %s", faults.first->file, faults.first->line,
			 faults.first->column, faults.first->text);
		conf_free(conf);
	}
	conf_faults_free(&faults);
	return rc;
}
