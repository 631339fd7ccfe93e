/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Methods about high availability: ha.status, which tells what keepalive knows, and
 * ha.failover and ha.release, which move addresses. All of it is keepalive's (sluice/ka.h); none of it
 * waits.
 */
#include "verb.h"

#include "ha/ha.h"
#include "json_text.h"
#include "sl_addr.h"

#include <errno.h>

#define COUNTER(status, member)                                                                              \
	{                                                                                                    \
#member, (status)->member                                                                    \
	}

static const char *const peer_states[KA_SYNC_PEER_MAX] = {
	[KA_SYNC_PEER_NONE] = "none", [KA_SYNC_PEER_GONE] = "gone",     [KA_SYNC_PEER_ALIVE] = "alive",
	[KA_SYNC_PEER_DEAF] = "deaf", [KA_SYNC_PEER_SILENT] = "silent", [KA_SYNC_PEER_LVS] = "lvs",
};

struct counter {
	const char *name;
	uint64_t value;
};

static json_t *counters_json(const struct counter *counters, size_t count);
static json_t *instance_json(const struct ka_instance_status *status);
static json_t *channel_json(const struct ka_channel_status *status);
static json_t *sync_json(const struct ka_sync_status *status);
static int refuse(struct verb_call *call, int rc, const char *error);

int
verb_ha_status(struct verb_call *call)
{
	json_t *instances = json_array(), *channels = json_array();
	struct ka_instance_status instance;
	struct ka_channel_status channel;
	struct ka_sync_status sync = { 0 };

	for (unsigned int i = 0; ka_instance_status(i, &instance); i++)
		json_array_append_new(instances, instance_json(&instance));
	for (unsigned int i = 0; ka_channel_status(i, &channel); i++)
		json_array_append_new(channels, channel_json(&channel));
	ka_sync_status(&sync);
	call->result =
		json_pack("{s:s, s:o, s:o, s:o}", "router_id", model_conf(call->context->model)->router_id,
			  "instances", instances, "channels", channels, "sync", sync_json(&sync));
	return 0;
}

int
verb_ha_failover(struct verb_call *call)
{
	char error[DP_ERROR_SIZE] = "";
	int rc = ka_failover(call->args->instance, call->args->force, error);

	return refuse(call, rc, error);
}

int
verb_ha_release(struct verb_call *call)
{
	char error[DP_ERROR_SIZE] = "";
	int rc = ka_release(call->args->instance, error);

	return refuse(call, rc, error);
}

static int
refuse(struct verb_call *call, int rc, const char *error)
{
	const char *instance = call->args->instance;

	if (rc == 0) {
		call->result = json_object();
		return 0;
	}
	if (rc == -ENOENT && instance != NULL)
		return verb_refuse(call, VERB_ERROR_NO_INSTANCE, "there is no vrrp_instance \"%s\"",
				   instance);
	return verb_refuse(call, rc == -ENOMEM ? VERB_ERROR_INTERNAL : VERB_ERROR_REFUSED, "%s",
			   error[0] != '\0' ? error : strerror(-rc));
}

static json_t *
instance_json(const struct ka_instance_status *status)
{
	const struct counter counters[] = {
		COUNTER(status, became_master),
		COUNTER(status, released),
		COUNTER(status, adverts_sent),
		COUNTER(status, adverts_received),
		COUNTER(status, priority_zero_sent),
		COUNTER(status, priority_zero_received),
		COUNTER(status, garps_sent),
		COUNTER(status, bad_length),
		COUNTER(status, bad_ttl),
		COUNTER(status, bad_version),
		COUNTER(status, bad_auth),
		COUNTER(status, bad_interval),
		COUNTER(status, bad_type),
		COUNTER(status, bad_checksum),
		COUNTER(status, bad_source),
		COUNTER(status, bad_addrs),
	};
	char master[SL_ADDR_STRLEN];
	bool known = !sl_addr_is_none(&status->master);

	return json_pack("{s:o, s:s, s:i, s:i, s:b, s:I, s:o, s:i, s:i, s:o, s:o}", "instance",
			 json_text(status->name), "state", ha_state_name(status->state), "priority",
			 status->priority, "base_priority", status->base_priority, "held_back",
			 status->held_back, "since_ms", (json_int_t)status->since_ms, "master",
			 known ? json_string(sl_addr_format(&status->master, master)) : json_null(),
			 "master_priority", status->master_priority, "master_down_ms",
			 (int)status->master_down_ms, "why", json_text(status->why), "counters",
			 counters_json(counters, sizeof(counters) / sizeof(counters[0])));
}

static json_t *
channel_json(const struct ka_channel_status *status)
{
	const struct counter counters[] = {
		COUNTER(status, sent),     COUNTER(status, received), COUNTER(status, bad_frame),
		COUNTER(status, bad_auth), COUNTER(status, replayed), COUNTER(status, foreign),
	};
	bool heard = status->heard_ago_ms != UINT64_MAX;

	return json_pack("{s:o, s:s, s:b, s:o, s:o, s:o}", "channel", json_text(status->name), "kind",
			 status->kind != NULL ? status->kind : "?", "alive", status->alive, "heard_ago_ms",
			 heard ? json_integer((json_int_t)status->heard_ago_ms) : json_null(), "peer",
			 json_text(status->peer), "counters",
			 counters_json(counters, sizeof(counters) / sizeof(counters[0])));
}

/* null: there is none. */
static json_t *
sync_json(const struct ka_sync_status *status)
{
	const struct counter counters[] = {
		COUNTER(status, messages_sent),  COUNTER(status, messages_received),
		COUNTER(status, bytes_sent),     COUNTER(status, bytes_received),
		COUNTER(status, conns_sent),     COUNTER(status, conns_received),
		COUNTER(status, deletes_sent),   COUNTER(status, deletes_received),
		COUNTER(status, dropped),        COUNTER(status, lost),
		COUNTER(status, bad_message),    COUNTER(status, bad_auth),
		COUNTER(status, replayed),       COUNTER(status, bad_entry),
		COUNTER(status, unknown_server), COUNTER(status, conflict),
		COUNTER(status, table_full),     COUNTER(status, foreign),
		COUNTER(status, skipped),        COUNTER(status, overrun),
	};

	if (!status->enabled)
		return json_null();
	return json_pack("{s:b, s:b, s:b, s:s, s:I, s:b, s:I, s:I, s:I, s:o, s:o}", "sending",
			 status->sending, "receiving", status->receiving, "in_sync", status->in_sync,
			 "peer_state", peer_states[status->peer_state], "peer_state_ms",
			 (json_int_t)status->peer_state_ms, "bulk", status->bulk, "bulk_done",
			 (json_int_t)status->bulk_done, "bulk_total", (json_int_t)status->bulk_total,
			 "bulk_ms", (json_int_t)status->bulk_ms, "peer", json_text(status->peer), "counters",
			 counters_json(counters, sizeof(counters) / sizeof(counters[0])));
}

static json_t *
counters_json(const struct counter *counters, size_t count)
{
	json_t *json = json_object();

	for (size_t i = 0; i < count; i++)
		json_object_set_new(json, counters[i].name, json_integer((json_int_t)counters[i].value));
	return json;
}
