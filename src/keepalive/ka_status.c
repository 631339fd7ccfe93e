/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Copies for those who look (ka.h). Control thread; each is taken under the lock.
 */
#include "ka_room.h"

#include "sl_addr.h"

#include <stdio.h>

unsigned int
ka_instance_count(void)
{
	struct ka_run *run = ka_running;
	unsigned int count;

	if (run == NULL)
		return 0;
	pthread_mutex_lock(&run->lock);
	count = run->instance_count;
	pthread_mutex_unlock(&run->lock);
	return count;
}

static void
instance_copy(const struct instance *instance, uint64_t now_us, struct ka_instance_status *status)
{
	const struct vrrp_fsm *fsm = &instance->fsm;

	*status = instance->counts;
	memcpy(status->name, instance->conf.name, sizeof(status->name));
	memcpy(status->why, fsm->why, sizeof(status->why));
	status->group = instance->conf.group;
	status->state = (uint8_t)fsm->state;
	status->priority = fsm->priority;
	status->base_priority = instance->conf.priority;
	status->held_back = vrrp_fsm_is_held_back(fsm);
	status->since_ms = now_us > fsm->since_us ? (now_us - fsm->since_us) / 1000 : 0;
	status->master = fsm->state == KA_MASTER ? fsm->source : fsm->master;
	status->master_priority = fsm->state == KA_MASTER ? fsm->priority : fsm->master_priority;
	status->master_down_ms = (uint32_t)(fsm->down_us / 1000);
}

bool
ka_instance_status(unsigned int i, struct ka_instance_status *ret_status)
{
	struct ka_run *run = ka_running;
	bool found;

	if (run == NULL)
		return false;
	pthread_mutex_lock(&run->lock);
	found = i < run->instance_count;
	if (found)
		instance_copy(&run->instances[i], ka_now_us(), ret_status);
	pthread_mutex_unlock(&run->lock);
	return found;
}

static void
vrrp_copy(const struct instance *instance, uint64_t now_us, struct ka_channel_status *status)
{
	const struct ka_instance_status *counts = &instance->counts;
	char text[SL_ADDR_STRLEN];

	*status = (struct ka_channel_status){
		.kind = "vrrp",
		.alive = instance->heard_us != VRRP_NEVER && !instance->silent,
		.heard_ago_ms =
			instance->heard_us == VRRP_NEVER ? UINT64_MAX : (now_us - instance->heard_us) / 1000,
		.sent = counts->adverts_sent,
		.received = counts->adverts_received,
		.bad_frame = counts->bad_length + counts->bad_ttl + counts->bad_version +
			     counts->bad_interval + counts->bad_type + counts->bad_checksum,
		.bad_auth = counts->bad_auth,
		.foreign = counts->bad_source,
	};
	snprintf(status->name, sizeof(status->name), "vrrp %.58s", instance->conf.name);
	if (instance->heard_us != VRRP_NEVER)
		snprintf(status->peer, sizeof(status->peer), "%s",
			 sl_addr_format(&instance->heard_from, text));
}

/* Heartbeats first, then the instances that speak VRRP. */
bool
ka_channel_status(unsigned int i, struct ka_channel_status *ret_status)
{
	struct ka_run *run = ka_running;
	bool found = false;

	if (run == NULL)
		return false;
	pthread_mutex_lock(&run->lock);
	if (i < run->channel_count) {
		*ret_status = run->channels[i].status;
		found = ret_status->kind != NULL;
	} else {
		i -= run->channel_count;
		for (unsigned int k = 0; k < run->instance_count && !found; k++) {
			if (!run->instances[k].conf.adverts || i-- > 0)
				continue;
			vrrp_copy(&run->instances[k], ka_now_us(), ret_status);
			found = true;
		}
	}
	pthread_mutex_unlock(&run->lock);
	return found;
}

void
ka_sync_status(struct ka_sync_status *ret_status)
{
	struct ka_run *run = ka_running;

	*ret_status = (struct ka_sync_status){ 0 };
	if (run != NULL && run->sync != NULL)
		sync_status(run->sync, ret_status);
}
