/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The fence command: it switches a peer off, or away from the network, before
 * this box takes addresses that the peer may still hold.
 *
 * Keepalive asks, and waits for the answer up to its own limit; here one command runs at
 * a time, and what is asked meanwhile gets its answer. Control thread only.
 */
#include "ha_private.h"

#include "script.h"
#include "sl_log.h"

#include <stdlib.h>
#include <string.h>

struct ha_fence {
	struct ha *ha;
	struct script_run *run; /* NULL: none runs */
};

static void fence_ended(const struct script_result *result, void *context);

struct ha_fence *
ha_fence_create(struct ha *ha)
{
	struct ha_fence *fence = calloc(1, sizeof(*fence));

	if (fence != NULL)
		fence->ha = ha;
	return fence;
}

void
ha_fence_destroy(struct ha_fence *fence)
{
	if (fence == NULL)
		return;
	script_cancel(fence->run);
	free(fence);
}

void
ha_fence_run(struct ha_fence *fence, const char *peer)
{
	const struct conf *conf = fence->ha->conf;
	const struct conf_script *script = conf->ha.fence;
	char text[CHECK_TEXT_SIZE] = "the configuration has none any more";

	if (fence->run != NULL)
		return;
	if (script != NULL)
		fence->run = script_start(fence->ha->base, SCRIPT_NOTIFY, script, conf->ka.fence_timeout_ms,
					  fence_ended, fence, text);
	if (fence->run != NULL)
		return;
	ha_event_failed(fence->ha, "fence: %s", text);
	ka_fenced(false);
}

static void
fence_ended(const struct script_result *result, void *context)
{
	struct ha_fence *fence = context;
	bool good = result->exited && result->exit_code == 0;

	fence->run = NULL;
	if (good)
		sl_notice("fence: done after %u ms", result->took_us / 1000);
	else
		ha_event_failed(fence->ha, "fence: %s", result->text);
	ka_fenced(good);
}
