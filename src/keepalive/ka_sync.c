/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connection sync and the state machines: who of the two boxes sends, the gate that keeps a box from preempting
 * before it knows the connections, and sync's own events. Keepalive thread, with the lock. Sync itself is started and
 * stopped by control (ka.c).
 */
#include "ka_room.h"

void
ka_sync_roles(struct ka_run *run)
{
	const struct ka_sync *conf = &run->conf->sync;
	struct instance *instance = ka_instance_find(run, conf->instance);
	bool sends, receives;

	if (run->sync == NULL)
		return;
	sends = conf->instance[0] == '\0' || (instance != NULL && instance->fsm.state == KA_MASTER);
	receives = conf->instance[0] == '\0' || (instance != NULL && instance->fsm.state != KA_MASTER);
	if (run->sync_told && sends == run->sync_sends && receives == run->sync_receives)
		return;
	run->sync_told = true;
	run->sync_sends = sends;
	run->sync_receives = receives;
	sync_role_set(run->sync, sends, receives);
}

static void
gate_set(struct ka_run *run, uint64_t now_us)
{
	const struct ka_sync *conf = &run->conf->sync;
	bool synced = run->sync != NULL && sync_is_in_sync(run->sync),
	     late = now_us - run->started_us >= (uint64_t)conf->gate_ms * 1000;

	if (!run->gate)
		return;
	if (conf->enabled && conf->gate_ms > 0 && !conf->lvs_peer && !synced && !late)
		return;
	/* Once open it stays so: it is for a box that joins. */
	run->gate = false;
	run->say = true;
	for (unsigned int i = 0; i < run->instance_count; i++)
		run->instances[i].fsm.gate = false;
	if (conf->enabled && conf->gate_ms > 0 && !conf->lvs_peer)
		ka_tell(KA_EVENT_SYNC, synced, NULL, "gate opened: %s",
			synced ? "the connections are known" : "connection sync took too long");
}

void
ka_sync_turn(struct ka_run *run, uint64_t now_us)
{
	bool good;
	char text[192];

	gate_set(run, now_us);
	if (run->sync == NULL)
		return;
	while (sync_event_next(run->sync, &good, text))
		ka_tell(KA_EVENT_SYNC, good, NULL, "%s", text);
}
