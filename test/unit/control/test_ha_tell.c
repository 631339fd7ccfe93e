/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What becomes of what keepalive tells: commands with their words, lines in a FIFO, events,
 * the fence, and which VIPs are here. And a life of it: start, other configurations,
 * hand-over.
 */
#include "sl_addr.h"
#include "sl_test.h"
#include "test_ha_farm.h"
#include "watch.h"

#include <errno.h>
#include <event2/event.h>
#include <sys/stat.h>
#include <unistd.h>

#define VIP(n) " virtual_ipaddress {\n  192.0.2." #n "/24\n }\n"
#define INSTANCE(name, id, more)                                                                             \
	"vrrp_instance " name " {\n interface wan\n virtual_router_id " #id                                  \
	"\n priority 100\n advert_int 1\n" more "}\n"
#define SAYS                                                                                                 \
	" notify_master \"FOLDER/say master\"\n notify_backup \"FOLDER/say backup\"\n"                       \
	" notify_fault \"FOLDER/say fault\"\n notify_stop \"FOLDER/say stop\"\n"                             \
	" notify_master_rx_lower_pri \"FOLDER/say lower\"\n notify \"FOLDER/say any\"\n"
#define FIFO "global_defs {\n notify_fifo FOLDER/fifo\n}\n"

static void
test_words(void **state)
{
	static const struct {
		const char *name;
		enum ka_event_kind kind;
		const char *whom;
		enum ka_state state;
		uint8_t priority;
		const char *said, *fifo; /* the lines that are new */
	} rows[] = {
		{ "to BACKUP", KA_EVENT_STATE, "VI_1", KA_BACKUP, 100,
		  "backup\nany INSTANCE VI_1 BACKUP 100\n", "INSTANCE \"VI_1\" BACKUP 100\n" },
		{ "to MASTER", KA_EVENT_STATE, "VI_1", KA_MASTER, 100,
		  "master\nany INSTANCE VI_1 MASTER 100\n", "INSTANCE \"VI_1\" MASTER 100\n" },
		{ "a lower one is heard", KA_EVENT_LOWER, "VI_1", KA_MASTER, 100,
		  "lower\nany INSTANCE VI_1 MASTER_RX_LOWER_PRI 100\n",
		  "INSTANCE \"VI_1\" MASTER_RX_LOWER_PRI 100\n" },
		{ "another priority", KA_EVENT_PRIORITY, "VI_1", KA_MASTER, 90, "",
		  "INSTANCE \"VI_1\" MASTER_PRIORITY 90\n" },
		{ "to FAULT", KA_EVENT_STATE, "VI_1", KA_FAULT, 90, "fault\nany INSTANCE VI_1 FAULT 90\n",
		  "INSTANCE \"VI_1\" FAULT 90\n" },
		{ "another priority, no MASTER", KA_EVENT_PRIORITY, "VI_1", KA_FAULT, 80, "",
		  "INSTANCE \"VI_1\" BACKUP_PRIORITY 80\n" },
		{ "told to stop", KA_EVENT_STATE, "VI_1", KA_STOP, 80, "stop\nany INSTANCE VI_1 STOP 80\n",
		  "INSTANCE \"VI_1\" STOP 80\n" },
		{ "to INIT", KA_EVENT_STATE, "VI_1", KA_INIT, 80, "", "" },
		{ "the group, to MASTER", KA_EVENT_GROUP, "G", KA_MASTER, 100, "any GROUP G MASTER 0\n",
		  "GROUP \"G\" MASTER 0\n" },
		{ "without commands", KA_EVENT_STATE, "VI_2", KA_MASTER, 7, "",
		  "INSTANCE \"VI_2\" MASTER 7\n" },
		{ "its priority is not told", KA_EVENT_PRIORITY, "VI_2", KA_MASTER, 8, "", "" },
		{ "nobody we know", KA_EVENT_STATE, "VI_9", KA_MASTER, 100, "", "" },
		{ "a group, by an instance's name", KA_EVENT_GROUP, "VI_1", KA_MASTER, 100, "", "" },
		{ "a channel", KA_EVENT_CHANNEL, "VI_1", KA_INIT, 0, "", "" },
		{ "split brain", KA_EVENT_SPLIT, "VI_1", KA_MASTER, 100, "", "" },
		{ "sync", KA_EVENT_SYNC, "", KA_INIT, 0, "", "" },
	};
	struct farm farm;

	farm_open(&farm, FIFO INSTANCE("VI_1", 51, VIP(10) SAYS " notify_priority_changes on\n")
				 INSTANCE("VI_2", 52, VIP(11)) "vrrp_sync_group G {\n group {\n  VI_1\n  "
							       "VI_2\n }\n notify \"FOLDER/say any\"\n}\n");
	assert_non_null(farm.ha);
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		farm_write(&farm, "said", "");
		fake_ka_tell(rows[i].kind, rows[i].whom, rows[i].state, rows[i].priority, true, "");
		/* An event that comes behind it, and its command, are the end. */
		fake_ka_tell(KA_EVENT_GROUP, "G", KA_BACKUP, 0, true, "");
		farm_wait(&farm, strstr(farm_read(&farm, "said"), "GROUP G BACKUP") != NULL);
		farm_wait(&farm, strlen(farm_read(&farm, "said")) >=
					 strlen(rows[i].said) + strlen("any GROUP G BACKUP 0\n"));
		farm_rest(&farm, 5);
		if (rows[i].kind != KA_EVENT_GROUP) {
			/* Of two members: side by side. */
			char said[512] = "", *end;

			strcpy(said, farm_read(&farm, "said"));
			end = strstr(said, "any GROUP G BACKUP 0\n");
			memmove(end, end + strlen("any GROUP G BACKUP 0\n"),
				strlen(end + strlen("any GROUP G BACKUP 0\n")) + 1);
			sl_check_str(rows[i].name, said, rows[i].said);
		} else if (rows[i].said[0] != '\0') {
			sl_check_str(rows[i].name, farm_read(&farm, "said"),
				     "any GROUP G MASTER 0\nany GROUP G BACKUP 0\n");
		}
		{
			char fifo[512] = "";

			snprintf(fifo, sizeof(fifo), "%sGROUP \"G\" BACKUP 0\n", rows[i].fifo);
			sl_check_str(rows[i].name, farm_read(&farm, "fifo"), fifo);
		}
	}
	farm_close(&farm);
}

/* A command that takes its time holds up those behind it, and nobody else. */
static void
test_order(void **state)
{
	struct farm farm;

	farm_open(&farm, INSTANCE("VI_1", 51, VIP(10) " notify \"FOLDER/slow\"\n")
				 INSTANCE("VI_2", 52, VIP(11) " notify \"FOLDER/say\"\n"));
	farm_write(&farm, "slow", "#!/bin/sh\nsleep 0.3\nexec \"${0%/*}/say\" \"$@\"\n");
	for (unsigned int i = 0; i < 3; i++)
		fake_ka_tell(KA_EVENT_STATE, "VI_1", i == 1 ? KA_BACKUP : KA_MASTER, 100, true, "");
	fake_ka_tell(KA_EVENT_STATE, "VI_2", KA_MASTER, 100, true, "");
	farm_wait(&farm, strchr(farm_read(&farm, "said"), '\n') != NULL);
	assert_string_equal(farm_read(&farm, "said"), "INSTANCE VI_2 MASTER 100\n");
	farm_wait(&farm, strlen(farm_read(&farm, "said")) >= 4 * strlen("INSTANCE VI_2 MASTER 100\n"));
	assert_string_equal(farm_read(&farm, "said"), "INSTANCE VI_2 MASTER 100\nINSTANCE VI_1 MASTER 100\n"
						      "INSTANCE VI_1 BACKUP 100\nINSTANCE VI_1 MASTER 100\n");
	farm_close(&farm);
}

/* ---- FIFO ---- */

static bool
is_fifo(struct farm *farm, const char *name)
{
	struct stat info;
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", farm->folder, name);
	return stat(path, &info) == 0 && S_ISFIFO(info.st_mode);
}

/* Its reader is begun once, gets the path, and all lines to the last; one that was there before stays. */
static void
test_fifo(void **state)
{
	static const char text[] =
		"global_defs {\n notify_fifo FOLDER/fifo\n"
		" notify_fifo_script \"FOLDER/reader word\"\n vrrp_notify_fifo FOLDER/old\n}\n" INSTANCE(
			"VI_1", 51, VIP(10));
	char path[128], want[256];
	struct farm farm;

	farm_open(&farm, "");
	farm_write(&farm, "reader",
		   "#!/bin/sh\necho \"$*\" >>\"${0%/*}/begun\"\ncat \"$2\" >\"${0%/*}/read\"\n"
		   "echo end >>\"${0%/*}/begun\"\n");
	snprintf(path, sizeof(path), "%s/old", farm.folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	farm_apply(&farm, text);
	assert_true(is_fifo(&farm, "fifo"));
	fake_ka_tell(KA_EVENT_STATE, "VI_1", KA_MASTER, 100, true, "");
	farm_wait(&farm, strcmp(farm_read(&farm, "read"), "INSTANCE \"VI_1\" MASTER 100\n") == 0);
	assert_string_equal(farm_read(&farm, "old"), "INSTANCE \"VI_1\" MASTER 100\n");
	farm_apply(&farm, text);
	farm_rest(&farm, 50);
	snprintf(want, sizeof(want), "word %s/fifo\n", farm.folder);
	assert_string_equal(farm_read(&farm, "begun"), want);

	ha_destroy(farm.ha);
	farm.ha = NULL;
	farm_wait(&farm, strstr(farm_read(&farm, "begun"), "end") != NULL);
	assert_string_equal(farm_read(&farm, "read"),
			    "INSTANCE \"VI_1\" MASTER 100\nINSTANCE \"VI_1\" STOP 100\n");
	assert_false(is_fifo(&farm, "fifo"));
	assert_true(is_fifo(&farm, "old"));
	farm_close(&farm);
}

static void
owner_is(struct farm *farm, const char *what, const char *name, uid_t uid, gid_t gid)
{
	struct stat info;
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", farm->folder, name);
	assert_int_equal(stat(path, &info), 0);
	sl_check_int(what, info.st_uid, uid);
	sl_check_int(what, info.st_gid, gid);
	sl_check_int(what, info.st_mode & 0777, 0600);
}

/* { what, behind notify_fifo, behind its script, whose the FIFO is }: each is a reload of the one before. */
static const struct {
	const char *name, *fifo, *script;
	uid_t uid;
	gid_t gid;
} owners[] = {
	{ "script_user", "", "", 65534, 65534 },
	{ "the script's own", "", " 65533 65532", 65533, 65532 },
	{ "its own", " 65531 65530", " 65533 65532", 65531, 65530 },
	{ "another of its own", " 0 65529", " 65533 65532", 0, 65529 },
	{ "none any more", "", " 65533 65532", 65533, 65532 },
};

/* Whoever runs its script can read it, unless it is given to somebody; also when that is another one by a reload. */
static void
test_fifo_owner(void **state)
{
	char text[1024], path[128];
	struct farm farm;

	if (geteuid() != 0)
		skip();
	farm_open(&farm, "");
	assert_int_equal(chmod(farm.folder, 0777), 0);
	farm_write(&farm, "reader", "#!/bin/sh\ncat \"$1\" >\"${0%/*}/read\"\n");
	snprintf(path, sizeof(path), "%s/reader", farm.folder);
	assert_int_equal(chmod(path, 0755), 0);
	for (size_t i = 0; i < SL_COUNT(owners); i++) {
		snprintf(text, sizeof(text),
			 "global_defs {\n script_user 65534 65534\n notify_fifo FOLDER/fifo%s\n"
			 " notify_fifo_script FOLDER/reader%s\n vrrp_notify_fifo FOLDER/plain\n}\n%s",
			 owners[i].fifo, owners[i].script, INSTANCE("VI_1", 51, VIP(10)));
		farm_apply(&farm, text);
		owner_is(&farm, owners[i].name, "fifo", owners[i].uid, owners[i].gid);
		owner_is(&farm, owners[i].name, "plain", geteuid(), getegid());
		if (i > 0)
			continue;
		fake_ka_tell(KA_EVENT_STATE, "VI_1", KA_MASTER, 100, true, "");
		farm_wait(&farm, strcmp(farm_read(&farm, "read"), "INSTANCE \"VI_1\" MASTER 100\n") == 0);
	}
	farm_close(&farm);
}

/* Something else in its place is left alone; nobody reads: lines are lost, nothing waits. */
static void
test_fifo_bad(void **state)
{
	struct farm farm;

	farm_open(&farm, "");
	farm_write(&farm, "fifo", "mine");
	farm_apply(&farm, FIFO INSTANCE("VI_1", 51, VIP(10)));
	fake_ka_tell(KA_EVENT_STATE, "VI_1", KA_MASTER, 100, true, "");
	farm_rest(&farm, 5);
	assert_string_equal(farm_read(&farm, "fifo"), "mine");
	farm_apply(&farm, "global_defs {\n notify_fifo FOLDER/other\n}\n" INSTANCE("VI_1", 51, VIP(10)));
	for (unsigned int i = 0; i < 4000; i++) {
		fake_ka_tell(KA_EVENT_STATE, "VI_1", i % 2 ? KA_MASTER : KA_BACKUP, 100, true, "");
		if (i % 50 == 0)
			farm_turn(&farm, "", 0);
	}
	farm_rest(&farm, 50);
	assert_true(strlen(farm_read(&farm, "other")) > 0);
	farm_close(&farm);
}

/* ---- who watches ---- */

static json_t *last_event;

static void
event_keep(json_t *event, void *context)
{
	json_decref(last_event);
	last_event = json_incref(event);
}

static void
test_events(void **state)
{
	static const struct {
		enum ka_event_kind kind;
		const char *name, *text;
		bool good;
		const char *want; /* members, but for the time */
	} rows[] = {
		{ KA_EVENT_STATE, "VI_1", "no advert for 360 ms", true,
		  "{\"event\":\"ha_state\",\"instance\":\"VI_1\",\"state\":\"MASTER\",\"priority\":90,"
		  "\"text\":\"vrrp_instance VI_1: MASTER, priority 90: no advert for 360 ms\"}" },
		{ KA_EVENT_GROUP, "G", "", true,
		  "{\"event\":\"ha_group\",\"group\":\"G\",\"state\":\"MASTER\",\"priority\":90,"
		  "\"text\":\"vrrp_sync_group G: MASTER, priority 90\"}" },
		{ KA_EVENT_PRIORITY, "VI_1", "script chk failed", true,
		  "{\"event\":\"ha_priority\",\"instance\":\"VI_1\",\"priority\":90,"
		  "\"text\":\"vrrp_instance VI_1: script chk failed\"}" },
		{ KA_EVENT_CHANNEL, "mgmt", "silent for 400 ms", false,
		  "{\"event\":\"ha_channel\",\"channel\":\"mgmt\",\"good\":false,"
		  "\"text\":\"channel mgmt: silent for 400 ms\"}" },
		{ KA_EVENT_PEER, "lb\xff", "is dead", false,
		  "{\"event\":\"ha_peer\",\"peer\":\"lb?\",\"good\":false,\"text\":\"peer lb?: is dead\"}" },
		{ KA_EVENT_SPLIT, "VI_1", "both were MASTER", true,
		  "{\"event\":\"ha_split\",\"instance\":\"VI_1\",\"text\":\"vrrp_instance VI_1: both were "
		  "MASTER\"}" },
		{ KA_EVENT_SYNC, "", "in sync", true,
		  "{\"event\":\"ha_sync\",\"good\":true,\"text\":\"connection sync: in sync\"}" },
	};
	struct watch *watch;
	struct farm farm;

	farm_open(&farm, INSTANCE("VI_1", 51, VIP(10)));
	watch = ha_watch_add(farm.ha, event_keep, NULL);
	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		json_t *want = json_loads(rows[i].want, 0, NULL);

		assert_non_null(want);
		last_event = NULL;
		fake_ka_tell(rows[i].kind, rows[i].name, KA_MASTER, 90, rows[i].good, rows[i].text);
		farm_wait(&farm, last_event != NULL);
		assert_int_equal(strlen(json_string_value(json_object_get(last_event, "time"))),
				 strlen("2026-11-29T17:31:47.123Z"));
		json_object_del(last_event, "time");
		if (!json_equal(last_event, want))
			fail_msg("row %zu: got %s", i, json_dumps(last_event, JSON_ENSURE_ASCII));
		json_decref(want);
		json_decref(last_event);
	}
	for (unsigned int announced = 0; announced < 2; announced++) {
		struct sl_addr vip;

		assert_int_equal(sl_addr_parse("192.0.2.1", &vip), 0);
		last_event = NULL;
		ha_vip_announced(farm.ha, &vip, announced, "in words");
		assert_string_equal(json_string_value(json_object_get(last_event, "event")),
				    announced ? "vip_announced" : "vip_withdrawn");
		assert_string_equal(json_string_value(json_object_get(last_event, "vip")), "192.0.2.1");
		assert_string_equal(json_string_value(json_object_get(last_event, "text")), "in words");
		json_decref(last_event);
	}
	watch_remove(watch);
	last_event = NULL;
	fake_ka_tell(KA_EVENT_SYNC, "", KA_INIT, 0, true, "");
	farm_rest(&farm, 5);
	assert_null(last_event);
	farm_close(&farm);
}

/* ---- the fence ---- */

static void
test_fence(void **state)
{
	static const struct {
		const char *name, *fence;
		unsigned int asked, good, bad;
	} rows[] = {
		{ "done", "fence \"/bin/true\"\n", 1, 1, 0 },
		{ "failed", "fence \"/bin/false\"\n", 1, 0, 1 },
		{ "takes too long", "fence \"/bin/sleep 30\"\n fence_timeout 1\n", 1, 0, 1 },
		{ "asked twice while it runs", "fence \"/bin/sleep 0.3\"\n", 2, 1, 0 },
		{ "there is none", "", 1, 0, 1 },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		char text[512];
		struct farm farm;

		snprintf(text, sizeof(text), "global_defs {\n %s}\n" INSTANCE("VI_1", 51, VIP(10)),
			 rows[i].fence);
		farm_open(&farm, text);
		for (unsigned int asked = 0; asked < rows[i].asked; asked++)
			fake_ka_tell(KA_EVENT_FENCE, "lb2", KA_INIT, 0, false, "");
		farm_wait(&farm, fake_ka.fenced_good + fake_ka.fenced_bad > 0);
		farm_rest(&farm, 20);
		sl_check_int(rows[i].name, fake_ka.fenced_good, rows[i].good);
		sl_check_int(rows[i].name, fake_ka.fenced_bad, rows[i].bad);
		farm_close(&farm);
	}
}

/* ---- VIPs, for health ---- */

static void
away_expect(const char *name, unsigned int count, const char *want)
{
	char got[128] = "";

	sl_check_int(name, fake_health.away_count, count);
	for (unsigned int i = 0; i < count; i++)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%u ", fake_health.away[i].b[15]);
	sl_check_str(name, got, want);
}

static void
test_held(void **state)
{
	struct farm farm;

	farm_open(&farm, INSTANCE("VI_1", 51, VIP(10)) INSTANCE("VI_2", 52, VIP(11)));
	away_expect("at the start", 2, "10 11 ");
	fake_ka_tell(KA_EVENT_STATE, "VI_1", KA_BACKUP, 100, true, "");
	fake_ka_tell(KA_EVENT_STATE, "VI_2", KA_MASTER, 100, true, "");
	farm_wait(&farm, fake_health.away_count == 1);
	away_expect("one MASTER", 1, "10 ");
	farm_apply(&farm, INSTANCE("VI_3", 53, VIP(12)) INSTANCE("VI_2", 52, VIP(13)));
	away_expect("another file: VI_2 is still MASTER, and VI_1's VIP is nobody's", 1, "12 ");
	fake_ka_tell(KA_EVENT_STATE, "VI_2", KA_FAULT, 100, true, "");
	farm_wait(&farm, fake_health.away_count == 2);
	away_expect("none", 2, "12 13 ");
	farm_close(&farm);
}

/* ---- a life ---- */

static uint16_t
group_of(const char *name)
{
	for (unsigned int i = 0; i < fake_ka.instance_count; i++)
		if (strcmp(fake_ka.name[i], name) == 0)
			return fake_ka.group[i];
	return 0;
}

/* In what the data plane has, the address is of the group that keepalive has for the instance. */
static bool
moves_with(uint8_t last_byte, const char *name)
{
	const struct dp_net *net = fake_dp_net();

	for (unsigned int i = 0; i < net->moving_count; i++)
		if (net->moving[i].prefix.addr.b[15] == last_byte)
			return net->moving[i].group == group_of(name);
	return false;
}

static void
test_reload(void **state)
{
	uint16_t one, two;
	struct farm farm;

	farm_open(&farm, INSTANCE("VI_1", 51, VIP(10) SAYS) INSTANCE("VI_2", 52, VIP(11)));
	assert_int_equal(fake_ka.starts, 1);
	one = group_of("VI_1");
	two = group_of("VI_2");
	assert_true(one != 0 && two != 0 && one != two);
	assert_true(moves_with(10, "VI_1") && moves_with(11, "VI_2"));
	fake_ka_tell(KA_EVENT_STATE, "VI_1", KA_MASTER, 100, true, "");
	farm_wait(&farm, strcmp(farm_read(&farm, "said"), "master\nany INSTANCE VI_1 MASTER 100\n") == 0);

	/* The other way round, and one that is new: each keeps its number, the new one has one of its own. */
	farm_apply(&farm, INSTANCE("VI_3", 53, VIP(12)) INSTANCE("VI_2", 52, VIP(11))
				  INSTANCE("VI_1", 51, VIP(10) SAYS));
	assert_int_equal(fake_ka.applies, 1);
	assert_int_equal(group_of("VI_1"), one);
	assert_int_equal(group_of("VI_2"), two);
	assert_true(group_of("VI_3") != 0 && group_of("VI_3") != one && group_of("VI_3") != two);
	assert_true(moves_with(10, "VI_1") && moves_with(11, "VI_2") && moves_with(12, "VI_3"));

	/* One gone, one come: the number of the former is not the latter's, for it may still be held. */
	farm_write(&farm, "said", "");
	farm_apply(&farm, INSTANCE("VI_4", 54, VIP(10)) INSTANCE("VI_2", 52, VIP(11)));
	assert_true(group_of("VI_4") != one && group_of("VI_4") != 0);
	farm_wait(&farm, strcmp(farm_read(&farm, "said"), "fault\nany INSTANCE VI_1 FAULT 100\n") == 0);

	/* Keepalive refuses: said, and no harm done. None at all: nothing to listen to. And back. */
	fake_ka.apply_rc = -EINVAL;
	farm_apply(&farm, INSTANCE("VI_2", 52, VIP(11)));
	fake_ka.apply_rc = 0;
	farm_apply(&farm, "");
	assert_int_equal(ka_event_fd(), -1);
	assert_int_equal(fake_dp_net()->moving_count, 0);
	farm_apply(&farm, INSTANCE("VI_1", 51, VIP(10) SAYS " notify_deleted \"FOLDER/say deleted\"\n"));
	farm_write(&farm, "said", "");
	fake_ka_tell(KA_EVENT_STATE, "VI_1", KA_BACKUP, 50, true, "");
	farm_wait(&farm, strcmp(farm_read(&farm, "said"), "backup\nany INSTANCE VI_1 BACKUP 50\n") == 0);
	farm_apply(&farm, "");
	farm_wait(&farm, strstr(farm_read(&farm, "said"), "deleted\nany INSTANCE VI_1 DELETED 50\n") != NULL);
	farm_close(&farm);
}

/* Numbers go round: each instance of many that come and go has one, and no two have the same. */
static void
test_groups(void **state)
{
	struct farm farm;

	farm_open(&farm, "");
	for (unsigned int i = 0; i < 600; i++) {
		char text[1024];

		snprintf(text, sizeof(text),
			 INSTANCE("VI_0", 51,
				  VIP(10)) "vrrp_instance VI_%u {\n interface wan\n virtual_router_id 52\n"
					   " priority 100\n" VIP(11) "}\n",
			 i + 1);
		farm_apply(&farm, text);
		assert_int_equal(fake_ka.group[0], 1);
		assert_int_equal(fake_ka.group[1], 2 + i % 254);
	}
	farm_close(&farm);
}

static void
test_life(void **state)
{
	struct farm farm;

	/* Keepalive cannot start: neither can we, and say why. */
	fake_ka_reset();
	fake_ka.start_rc = -EPERM;
	farm_open(&farm, INSTANCE("VI_1", 51, VIP(10)));
	assert_null(farm.ha);
	assert_string_equal(farm.error, "keepalive was told to fail");
	farm_close(&farm);

	/* At the end keepalive hands over first; then notify_stop, even behind one that hangs. */
	farm_open(&farm,
		  INSTANCE("VI_1", 51,
			   VIP(10) " notify_master \"/bin/sleep 5\"\n notify_stop \"FOLDER/say stop\"\n"
				   " notify \"FOLDER/say any\"\n"));
	fake_ka_tell(KA_EVENT_STATE, "VI_1", KA_MASTER, 100, true, "");
	farm_rest(&farm, 20);
	ha_destroy(farm.ha);
	farm.ha = NULL;
	assert_int_equal(fake_ka.stops, 1);
	farm_wait(&farm, strstr(farm_read(&farm, "said"), "stop\n") != NULL);
	farm_wait(&farm, strstr(farm_read(&farm, "said"), "any INSTANCE VI_1 STOP 100\n") != NULL);
	farm_close(&farm);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),    cmocka_unit_test(test_order),
		cmocka_unit_test(test_fifo),     cmocka_unit_test(test_fifo_owner),
		cmocka_unit_test(test_fifo_bad), cmocka_unit_test(test_events),
		cmocka_unit_test(test_fence),    cmocka_unit_test(test_held),
		cmocka_unit_test(test_reload),   cmocka_unit_test(test_groups),
		cmocka_unit_test(test_life),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
