/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What good configurations say of health: every keyword's value, defaults and
 * who inherits from whom; that a configuration written back is the same; and
 * that the comparison of two sees every member.
 */
#include "conf_health_eq.h"
#include "conf_write.h"
#include "sl_addr.h"
#include "sl_test.h"
#include "test_conf_load.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <unistd.h>

#define PORT "port p {\n device net_null0\n address 10.0.0.1/8\n address 2001:db8::1/64\n tap on\n}\n"

/* A service with one server: lines of the service, of the server, of its check. */
static struct conf *
load_check(const char *service, const char *real, const char *check)
{
	char *text = NULL;
	struct conf *conf;

	assert_true(asprintf(&text,
			     PORT
			     "track_file f {\n file /run/f\n weight 3 reverse\n}\n"
			     "virtual_server 192.0.2.1 80 {\n%s\nreal_server 10.0.0.2 {\n%s\n%s\n}\n%s\n}\n",
			     strncmp(service, "late", 4) == 0 ? "" : service, real, check,
			     strncmp(service, "late", 4) == 0 ? service + 4 : "") > 0);
	conf = conf_load_clean(text, text);
	free(text);
	return conf;
}

/* ---- numbers: defaults, and who says them ---- */

#define CHECKER(member) offsetof(struct conf_checker, member)

/* { service's lines, server's, the check, member, its value } */
static const struct {
	const char *service, *real, *check;
	size_t offset;
	uint32_t want;
} number_rows[] = {
	{ "", "", "TCP_CHECK {\n}", CHECKER(type), CONF_CHECK_TCP },
	{ "", "", "TCP_CHECK {\n}", CHECKER(delay_loop_ms), 60000 },
	{ "", "", "TCP_CHECK {\n}", CHECKER(connect.timeout_ms), 5000 },
	{ "", "", "TCP_CHECK {\n}", CHECKER(retry), 1 },
	{ "", "", "TCP_CHECK {\n}", CHECKER(fall), 2 },
	{ "", "", "TCP_CHECK {\n}", CHECKER(rise), 1 },
	{ "", "", "TCP_CHECK {\n}", CHECKER(delay_before_retry_ms), 1000 },
	{ "", "", "TCP_CHECK {\n}", CHECKER(warmup_ms), 60000 },
	{ "", "", "HTTP_GET {\nurl {\npath /\n}\n}", CHECKER(delay_before_retry_ms), 3000 },
	{ "", "", "SSL_GET {\nurl {\npath /\n}\n}", CHECKER(delay_before_retry_ms), 3000 },
	{ "", "", "SSL_GET {\nurl {\npath /\n}\n}", CHECKER(type), CONF_CHECK_SSL },
	{ "", "", "DNS_CHECK {\n}", CHECKER(retry), 3 },
	{ "", "", "DNS_CHECK {\n}", CHECKER(delay_before_retry_ms), 60000 },
	{ "delay_loop 7", "", "DNS_CHECK {\n}", CHECKER(delay_before_retry_ms), 7000 },
	{ "", "", "MISC_CHECK {\nmisc_path /bin/true\n}", CHECKER(retry), 0 },
	{ "", "", "MISC_CHECK {\nmisc_path /bin/true\n}", CHECKER(misc.timeout_ms), 60000 },
	{ "delay_loop 2", "", "MISC_CHECK {\nmisc_path /bin/true\n}", CHECKER(misc.timeout_ms), 2000 },
	{ "", "", "MISC_CHECK {\nmisc_path /bin/true\nmisc_timeout 0.5\n}", CHECKER(misc.timeout_ms), 500 },
	{ "", "", "FILE_CHECK {\ntrack_file f\n}", CHECKER(delay_loop_ms), 1000 },
	{ "", "", "FILE_CHECK {\ntrack_file f\n}", CHECKER(retry), 0 },
	{ "", "", "FILE_CHECK {\ntrack_file f\n}", CHECKER(file.weight), 3 },
	{ "", "", "FILE_CHECK {\ntrack_file f\nweight -5\n}", CHECKER(file.weight), (uint32_t)-5 },
	{ "", "", "UDP_CHECK {\n}", CHECKER(udp.max_reply_size), 255 },
	{ "", "", "UDP_CHECK {\nrequire_reply\nmax_reply_length 900\n}", CHECKER(udp.max_reply_size), 900 },
	{ "", "", "UDP_CHECK {\nrequire_reply\nmin_reply_length 9\n}", CHECKER(udp.min_reply_size), 9 },

	{ "delay_loop 2", "", "TCP_CHECK {\n}", CHECKER(delay_loop_ms), 2000 },
	{ "delay_loop 0.1", "", "TCP_CHECK {\n}", CHECKER(delay_loop_ms), 100 },
	{ "delay_loop 2", "", "TCP_CHECK {\n}", CHECKER(warmup_ms), 2000 },
	{ "delay_loop 2", "delay_loop 3.25", "TCP_CHECK {\n}", CHECKER(delay_loop_ms), 3250 },
	{ "delay_loop 2", "delay_loop 3", "TCP_CHECK {\ndelay_loop 4\n}", CHECKER(delay_loop_ms), 4000 },
	{ "late delay_loop 2", "", "TCP_CHECK {\n}", CHECKER(delay_loop_ms), 2000 },
	{ "connect_timeout 1", "", "PING_CHECK {\n}", CHECKER(connect.timeout_ms), 1000 },
	{ "connect_timeout 1", "connect_timeout 2", "PING_CHECK {\n}", CHECKER(connect.timeout_ms), 2000 },
	{ "retry 4", "", "TCP_CHECK {\n}", CHECKER(fall), 5 },
	{ "retry 4", "", "TCP_CHECK {\nretry 0\n}", CHECKER(fall), 1 },
	{ "retry 4", "fall 3", "TCP_CHECK {\n}", CHECKER(retry), 2 },
	{ "", "", "HTTP_GET {\nnb_get_retry 6\nurl {\npath /\n}\n}", CHECKER(retry), 6 },
	{ "rise 3", "", "TCP_CHECK {\n}", CHECKER(rise), 3 },
	{ "delay_before_retry 0", "", "HTTP_GET {\nurl {\npath /\n}\n}", CHECKER(delay_before_retry_ms), 0 },
	{ "warmup 0", "", "TCP_CHECK {\n}", CHECKER(warmup_ms), 0 },
	{ "", "", "SMTP_CHECK {\nfwmark 7\n}", CHECKER(connect.fwmark), 7 },
};

static void
numbers(void **state)
{
	for (size_t i = 0; i < SL_COUNT(number_rows); i++) {
		struct conf *conf =
			load_check(number_rows[i].service, number_rows[i].real, number_rows[i].check);
		const struct conf_health *health = conf->services[0].reals[0].health;
		uint32_t got;

		sl_check_int(number_rows[i].check, health->check_count, 1);
		memcpy(&got, (const char *)&health->checks[0] + number_rows[i].offset, sizeof(got));
		sl_check_int(number_rows[i].check, got, number_rows[i].want);
		conf_free(conf);
	}
}

/* { where `alpha` and its like are said, whether the check has them } */
static const struct {
	const char *service, *real, *check;
	bool alpha, inhibit, log, via;
} switch_rows[] = {
	{ "lb_kind DR", "", "", false, false, false, false },
	{ "lb_kind DR\nalpha\ninhibit_on_failure\nlog_all_failures\ncheck_via_dataplane", "", "", true, true,
	  true, true },
	{ "lb_kind DR\nalpha\ninhibit_on_failure\ncheck_via_dataplane",
	  "alpha off\ninhibit_on_failure off\ncheck_via_dataplane off", "", false, false, false, false },
	{ "lb_kind DR", "alpha yes\ninhibit_on_failure on", "alpha off", false, true, false, false },
	{ "lb_kind TUN", "", "alpha\ncheck_via_dataplane", true, false, false, true },
};

static void
switches(void **state)
{
	for (size_t i = 0; i < SL_COUNT(switch_rows); i++) {
		char check[256], name[16];
		const struct conf_health *health;
		struct conf *conf;

		snprintf(name, sizeof(name), "row %zu", i);
		snprintf(check, sizeof(check), "TCP_CHECK {\n%s\n}", switch_rows[i].check);
		conf = load_check(switch_rows[i].service, switch_rows[i].real, check);
		health = conf->services[0].reals[0].health;
		sl_check_int(name, health->checks[0].alpha, switch_rows[i].alpha);
		sl_check_int(name, health->alpha, switch_rows[i].alpha);
		sl_check_int(name, health->inhibit_on_failure, switch_rows[i].inhibit);
		sl_check_int(name, health->checks[0].log_all_failures, switch_rows[i].log);
		sl_check_int(name, health->checks[0].connect.via_dataplane, switch_rows[i].via);
		conf_free(conf);
	}
}

/* A server that nothing is said of has health all the same, and so has a sorry server. */
static void
nothing_said(void **state)
{
	struct conf *conf =
		conf_load_clean("nothing", PORT "virtual_server 192.0.2.1 80 {\n real_server 10.0.0.2\n"
						" sorry_server 10.0.0.9\n alpha\n}\n"
						"virtual_server 192.0.2.1 53 {\n protocol UDP\n"
						" real_server 10.0.0.2\n}\n");
	const struct conf_service *service = &conf->services[0];

	assert_int_equal(service->reals[0].health->check_count, 0);
	assert_false(service->reals[0].health->alpha);
	assert_int_equal(service->sorry->health->check_count, 0);
	assert_int_equal(service->sorry->port, 80);
	assert_int_equal(service->sorry->weight, 1);
	assert_ptr_equal(service->pool, &conf->pools[0]);
	assert_ptr_equal(conf->services[1].pool, &conf->pools[1]);
	assert_int_equal(service->pool->quorum, 1);
	assert_false(service->pool->flush_on_failure);
	assert_true(conf->pools[1].flush_on_failure);
	conf_free(conf);
}

/* ---- the kinds' own ---- */

static void
http(void **state)
{
	struct conf *conf = load_check(
		"virtualhost s.example", "",
		"SSL_GET {\nsni_name n.example\ntls_verify on\nhttp_protocol 1.1\nfast_recovery\n"
		"url {\npath /a\nstatus_code 200 204-205\ndigest 9b3a0c85a887a256d6939da88aabd8cd\n}\n"
		"url {\npath /b\nvirtualhost u.example\nregex \"o\\\\d+\"\nregex_no_match\n"
		"regex_options caseless dotall\nregex_min_offset 2\nregex_max_offset 9\n}\n}");
	const struct conf_http *http = &conf->services[0].reals[0].health->checks[0].http;

	assert_int_equal(http->url_count, 2);
	assert_int_equal(http->protocol, CONF_HTTP_1_1);
	assert_true(http->fast_recovery && http->sni && http->verify);
	assert_string_equal(http->sni_name, "n.example");
	assert_string_equal(http->urls[0].path, "/a");
	assert_string_equal(http->urls[0].virtualhost, "s.example");
	for (unsigned int code = 0; code < 600; code++)
		assert_int_equal(http->urls[0].status[code / 8] >> code % 8 & 1,
				 code == 200 || code == 204 || code == 205);
	assert_true(http->urls[0].has_digest);
	assert_memory_equal(http->urls[0].digest,
			    "\x9b\x3a\x0c\x85\xa8\x87\xa2\x56\xd6\x93\x9d\xa8\x8a\xab\xd8\xcd", 16);
	assert_string_equal(http->urls[1].virtualhost, "u.example");
	assert_string_equal(http->urls[1].regex, "o\\d+");
	assert_true(http->urls[1].regex_no_match);
	assert_int_equal(http->urls[1].regex_options, PCRE2_CASELESS | PCRE2_DOTALL | PCRE2_USE_OFFSET_LIMIT);
	assert_int_equal(http->urls[1].regex_min_offset, 2);
	assert_int_equal(http->urls[1].regex_max_offset, 9);
	for (unsigned int code = 0; code < 600; code++)
		assert_int_equal(http->urls[1].status[code / 8] >> code % 8 & 1, code / 100 == 2);
	conf_free(conf);
}

/* { hexadecimal text, data, mask, bytes }; the first is the example of keepalived's manual */
static const struct {
	const char *text;
	const char *data, *mask;
	uint32_t count;
} reply_rows[] = {
	{ "Ab12f 3 456 546443123", "\xab\x12\x0f\x03\x45\x06\x54\x64\x43\x12\x03",
	  "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 11 },
	{ "1x Xf xx", "\x10\x0f\x00", "\xf0\x0f\x00", 3 },
	{ "\"00 ff\" a", "\x00\xff\x0a", "\xff\xff\xff", 3 },
};

static void
udp_bytes(void **state)
{
	for (size_t i = 0; i < SL_COUNT(reply_rows); i++) {
		char check[256];
		const struct conf_udp *udp;
		struct conf *conf;

		snprintf(check, sizeof(check), "UDP_CHECK {\npayload 00 1\nrequire_reply %s\n}",
			 reply_rows[i].text);
		conf = load_check("", "", check);
		udp = &conf->services[0].reals[0].health->checks[0].udp;
		sl_check_int(check, udp->payload_size, 2);
		assert_memory_equal(udp->payload, "\x00\x01", 2);
		sl_check_int(check, udp->reply_size, reply_rows[i].count);
		assert_memory_equal(udp->reply_data, reply_rows[i].data, reply_rows[i].count);
		assert_memory_equal(udp->reply_mask, reply_rows[i].mask, reply_rows[i].count);
		conf_free(conf);
	}
}

/* { misc_path, its arguments with a | between } */
static const struct {
	const char *text, *argv;
} command_rows[] = {
	{ "/bin/true", "/bin/true" },
	{ "/bin/true a b", "/bin/true|a|b" },
	{ "\"/bin/true a  b\"", "/bin/true|a|b" },
	{ "\"/bin/true 'a b' ''\"", "/bin/true|a b|" },
	{ "'/bin/true \"a \\\\\" b\" c'", "/bin/true|a \" b|c" },
	{ "\"/bin/true a\\\\ b\"", "/bin/true|a b" },
	{ "\"/bin/true a\" \"b c\"", "/bin/true|a|b c" },
};

static void
commands(void **state)
{
	for (size_t i = 0; i < SL_COUNT(command_rows); i++) {
		char check[256], got[256] = "";
		struct conf *conf;

		snprintf(check, sizeof(check), "MISC_CHECK {\nmisc_path %s\n}", command_rows[i].text);
		conf = load_check("", "", check);
		for (char **arg = conf->services[0].reals[0].health->checks[0].misc.script.argv; *arg != NULL;
		     arg++) {
			strcat(got, got[0] == '\0' ? "" : "|");
			strcat(got, *arg);
		}
		sl_check_str(command_rows[i].text, got, command_rows[i].argv);
		conf_free(conf);
	}
}

/* { global_defs, the check's own line, whose it is } */
static const struct {
	const char *global, *line;
	uid_t uid;
	gid_t gid;
} user_rows[] = {
	{ "", "user nobody", 65534, 65534 },         { "", "user nobody root", 65534, 0 },
	{ "", "user nobody :root", 65534, 0 },       { "", "user nobody:root", 65534, 0 },
	{ "", "user nobody : root", 65534, 0 },      { "", "user 1234 77", 1234, 77 },
	{ "script_user nobody root", "", 65534, 0 }, { "script_user nobody root", "user root", 0, 0 },
};

static void
users(void **state)
{
	for (size_t i = 0; i < SL_COUNT(user_rows); i++) {
		char text[512];
		const struct conf_script *script;
		struct conf *conf;

		/* global_defs stands behind what it is for */
		snprintf(text, sizeof(text),
			 PORT "virtual_server 192.0.2.1 80 {\nreal_server 10.0.0.2 {\nMISC_CHECK {\n"
			      "misc_path /bin/true\n%s\n}\n}\n}\nglobal_defs {\n%s\n}\n",
			 user_rows[i].line, user_rows[i].global);
		conf = conf_load_clean(text, text);
		script = &conf->services[0].reals[0].health->checks[0].misc.script;
		sl_check_int(text, script->uid, user_rows[i].uid);
		sl_check_int(text, script->gid, user_rows[i].gid);
		conf_free(conf);
	}
}

/* ---- groups ---- */

static void
groups(void **state)
{
	static const struct {
		const char *vip;
		uint16_t port, real_port;
	} want[] = {
		{ "192.0.2.1", 80, 80 },      { "192.0.2.10", 8080, 8080 }, { "192.0.2.10", 8081, 8081 },
		{ "192.0.2.11", 8080, 8080 }, { "192.0.2.11", 8081, 8081 }, { "192.0.2.30", 53, 53 },
		{ "192.0.2.31", 53, 53 },
	};
	/* the group stands behind its use */
	struct conf *conf =
		conf_load_clean("groups", PORT "virtual_server group g {\n quorum 1\n sorry_server 10.0.0.9\n"
					       " real_server 10.0.0.2 {\n  TCP_CHECK {\n  }\n }\n"
					       " real_server 10.0.0.3 99\n}\n"
					       "virtual_server_group g {\n 192.0.2.1 80\n"
					       " 192.0.2.10-11 8080-8081\n 192.0.2.30/31 53\n}\n");
	char buf[SL_ADDR_STRLEN];

	assert_int_equal(conf->service_count, SL_COUNT(want));
	assert_int_equal(conf->pool_count, 1);
	assert_string_equal(conf->pools[0].name, "g");
	assert_int_equal(conf->pools[0].service_count, SL_COUNT(want));
	for (size_t i = 0; i < SL_COUNT(want); i++) {
		const struct conf_service *service = &conf->services[i];

		assert_string_equal(sl_addr_format(&service->key.vip, buf), want[i].vip);
		assert_int_equal(service->key.port, want[i].port);
		assert_int_equal(service->reals[0].port, want[i].real_port);
		assert_int_equal(service->reals[1].port, 99);
		assert_int_equal(service->sorry->port, want[i].real_port);
		assert_ptr_equal(service->pool, &conf->pools[0]);
		assert_ptr_equal(service->reals[0].health, conf->services[0].reals[0].health);
		assert_ptr_equal(conf_service_find(conf, &service->key), service);
	}
	conf_free(conf);
}

/* ---- written and read again ---- */

/* Every keyword, none with its default. */
static const char everything[] =
	"late real_server 10.0.0.3\ndelay_loop 2.5\nconnect_timeout 1\nquorum 2\nhysteresis "
	"1\nomega\nha_suspend\nflush_on_failure on\n"
	"quorum_up \"/bin/true up 'a b'\" nobody\nquorum_down /bin/false nobody root\n"
	"sorry_server 10.0.0.9\nsorry_server_inhibit\n"
	"passive_check {\nwindow 4\nfailures 11\npercent 51\nretry 12.5\n}\n"
	"feedback {\ninterval 3\ncpu 1\nmemory 2\nresponse 3\nresponse_time 0.25\ncustom \"q\" 4\nsmoothing "
	"6\n"
	"dead_band 7\nstep 21\nfloor 11\nceiling 201\nstale 40\n}\n";

static const char everything_real[] =
	"inhibit_on_failure\nnotify_up /bin/true\nnotify_down \"/bin/true down \\\\\\\"x\\\\\\\"\" nobody\n"
	"lvs_method DR\nweight 3\nuthreshold 100\nlthreshold 50\n"
	"AGENT_CHECK {\nport 3333\ninterval 0.5\nconnect_timeout 2\nsend \"hello\\n\"\nsecret \"a $b\\\\ "
	"\\\"c\"\n"
	"connect_ip agent.example\nbindto 10.0.0.1\nbind_port 99\nbind_if eth0\nfwmark 5\n}\n";

static const char everything_checks[] =
	"TCP_CHECK {\nconnect_ip 10.0.0.7\nconnect_port 81\nbindto 10.0.0.1\nbind_port 82\nbind_if eth0\n"
	"fwmark 9\nfall 4\nrise 2\ndelay_before_retry 0.75\nwarmup 0\nalpha\nlog_all_failures\n}\n"
	"PING_CHECK {\ncheck_via_dataplane\n}\n"
	"HTTP_GET {\nhttp_protocol 1.1\nfast_recovery\nvirtualhost v.example\nurl {\npath \"/a?b=c;d\"\n"
	"status_code 200-204 301 599\ndigest 9b3a0c85a887a256d6939da88aabd8cd\n}\n"
	"url {\npath /b\nregex \"a\\\\.(b|\\\"c\\\")$\"\nregex_no_match\nregex_options caseless utf\n"
	"regex_min_offset 1\nregex_max_offset 2\nvirtualhost u.example\n}\n}\n"
	"SSL_GET {\nenable_sni\nsni_name s.example\ntls_verify on\nurl {\npath /\n}\n}\n"
	"SMTP_CHECK {\nhelo_name h.example\nhost {\nconnect_ip 10.0.0.8\nconnect_port 26\n}\n"
	"host {\nconnect_ip mx.example\nconnect_timeout 7\nbindto 10.0.0.1\n}\n}\n"
	"DNS_CHECK {\ntype AAAA\nname www.example.\n}\n"
	"UDP_CHECK {\npayload 00 a1 f\nrequire_reply 0x xf 12 xx\nmin_reply_length 2\nmax_reply_length "
	"300\n}\n"
	"MISC_CHECK {\nmisc_path \"/bin/true 'a b' c\\\\\\\\d\"\nmisc_timeout 1.25\nmisc_dynamic\nuser "
	"nobody root\n}\n"
	"FILE_CHECK {\ntrack_file f\nweight -7 reverse\n}\n"
	"FILE_CHECK {\ntrack_file f\ndynamic off\n}\n";

static void
written_and_read_again(void **state)
{
	struct conf *conf = load_check(everything, everything_real, everything_checks), *again;
	const struct conf_service *service = &conf->services[0], *other;
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	assert_int_equal(service->reals[0].health->check_count, 10);
	fprintf(stream, PORT);
	for (unsigned int i = 0; i < conf->track_file_count; i++)
		conf_write_track_file(stream, &conf->track_files[i]);
	fprintf(stream, "virtual_server 192.0.2.1 80 {\n real_server 10.0.0.3\n sorry_server 10.0.0.9\n");
	conf_write_pool(stream, "    ", service->pool, false);
	fprintf(stream, "    real_server 10.0.0.2 80 {\n lvs_method DR\n weight 3\n");
	conf_write_health(stream, "        ", service->reals[0].health);
	fprintf(stream, "    }\n}\n");
	fclose(stream);
	again = conf_load_clean("again", text);
	other = &again->services[0];
	if (!conf_pool_eq(service->pool, other->pool) ||
	    !conf_health_eq(service->reals[0].health, other->reals[1].health))
		fail_msg("not the same when it is read again:\n%s", text);
	assert_int_equal(again->track_files[0].weight, 3);
	assert_true(again->track_files[0].reverse);
	free(text);
	conf_free(conf);
	conf_free(again);
}

/* ---- equality ---- */

/* Each changes one thing of the text above it. { before, after } */
static const struct {
	const char *a, *b;
} check_pairs[] = {
	{ "TCP_CHECK {\n}", "PING_CHECK {\n}" },
	{ "TCP_CHECK {\n}", "TCP_CHECK {\ndelay_loop 1\nwarmup 60\n}" },
	{ "TCP_CHECK {\n}", "TCP_CHECK {\nretry 2\n}" },
	{ "TCP_CHECK {\n}", "TCP_CHECK {\nrise 2\n}" },
	{ "TCP_CHECK {\n}", "TCP_CHECK {\ndelay_before_retry 2\n}" },
	{ "TCP_CHECK {\n}", "TCP_CHECK {\nwarmup 2\n}" },
	{ "TCP_CHECK {\n}", "TCP_CHECK {\nalpha\n}" },
	{ "TCP_CHECK {\n}", "TCP_CHECK {\nlog_all_failures\n}" },
	{ "TCP_CHECK {\n}", "TCP_CHECK {\nconnect_timeout 2\n}" },
	{ "TCP_CHECK {\n}", "TCP_CHECK {\nconnect_ip 10.0.0.7\n}" },
	{ "TCP_CHECK {\nconnect_ip a.example\n}", "TCP_CHECK {\nconnect_ip b.example\n}" },
	{ "TCP_CHECK {\n}", "TCP_CHECK {\nconnect_port 7\n}" },
	{ "TCP_CHECK {\n}", "TCP_CHECK {\nbindto 10.0.0.1\n}" },
	{ "TCP_CHECK {\n}", "TCP_CHECK {\nbind_port 7\n}" },
	{ "TCP_CHECK {\n}", "TCP_CHECK {\nbind_if eth0\n}" },
	{ "TCP_CHECK {\n}", "TCP_CHECK {\nfwmark 1\n}" },
	{ "HTTP_GET {\nurl {\npath /\n}\n}", "SSL_GET {\nurl {\npath /\n}\n}" },
	{ "HTTP_GET {\nurl {\npath /\n}\n}", "HTTP_GET {\nurl {\npath /a\n}\n}" },
	{ "HTTP_GET {\nurl {\npath /\n}\n}", "HTTP_GET {\nurl {\npath /\n}\nurl {\npath /\n}\n}" },
	{ "HTTP_GET {\nurl {\npath /\n}\n}", "HTTP_GET {\nvirtualhost a\nurl {\npath /\n}\n}" },
	{ "HTTP_GET {\nurl {\npath /\n}\n}", "HTTP_GET {\nhttp_protocol 1.1\nurl {\npath /\n}\n}" },
	{ "HTTP_GET {\nurl {\npath /\n}\n}", "HTTP_GET {\nfast_recovery\nurl {\npath /\n}\n}" },
	{ "HTTP_GET {\nurl {\npath /\n}\n}", "HTTP_GET {\nurl {\npath /\nstatus_code 200-298\n}\n}" },
	{ "HTTP_GET {\nurl {\npath /\n}\n}",
	  "HTTP_GET {\nurl {\npath /\ndigest 00000000000000000000000000000000\n}\n}" },
	{ "HTTP_GET {\nurl {\npath /\nregex a\n}\n}", "HTTP_GET {\nurl {\npath /\nregex b\n}\n}" },
	{ "HTTP_GET {\nurl {\npath /\nregex a\n}\n}",
	  "HTTP_GET {\nurl {\npath /\nregex a\nregex_no_match\n}\n}" },
	{ "HTTP_GET {\nurl {\npath /\nregex a\n}\n}",
	  "HTTP_GET {\nurl {\npath /\nregex a\nregex_options caseless\n}\n}" },
	{ "HTTP_GET {\nurl {\npath /\nregex a\n}\n}",
	  "HTTP_GET {\nurl {\npath /\nregex a\nregex_min_offset 1\n}\n}" },
	{ "HTTP_GET {\nurl {\npath /\nregex a\nregex_max_offset 2\n}\n}",
	  "HTTP_GET {\nurl {\npath /\nregex a\nregex_max_offset 1\n}\n}" },
	{ "SSL_GET {\nurl {\npath /\n}\n}", "SSL_GET {\nenable_sni\nurl {\npath /\n}\n}" },
	{ "SSL_GET {\nsni_name a\nurl {\npath /\n}\n}", "SSL_GET {\nsni_name b\nurl {\npath /\n}\n}" },
	{ "SSL_GET {\nsni_name a\nurl {\npath /\n}\n}",
	  "SSL_GET {\nsni_name a\ntls_verify on\nurl {\npath /\n}\n}" },
	{ "SMTP_CHECK {\n}", "SMTP_CHECK {\nhelo_name a\n}" },
	{ "SMTP_CHECK {\n}", "SMTP_CHECK {\nhost {\n}\n}" },
	{ "SMTP_CHECK {\nhost {\n}\n}", "SMTP_CHECK {\nhost {\nconnect_port 1\n}\n}" },
	{ "DNS_CHECK {\n}", "DNS_CHECK {\ntype A\n}" },
	{ "DNS_CHECK {\n}", "DNS_CHECK {\nname a\n}" },
	{ "UDP_CHECK {\n}", "UDP_CHECK {\npayload 00\n}" },
	{ "UDP_CHECK {\npayload 01\n}", "UDP_CHECK {\npayload 00\n}" },
	{ "UDP_CHECK {\n}", "UDP_CHECK {\nrequire_reply\n}" },
	{ "UDP_CHECK {\nrequire_reply\n}", "UDP_CHECK {\nrequire_reply 00\n}" },
	{ "UDP_CHECK {\nrequire_reply x0\n}", "UDP_CHECK {\nrequire_reply 00\n}" },
	{ "UDP_CHECK {\nrequire_reply 01\n}", "UDP_CHECK {\nrequire_reply 00\n}" },
	{ "UDP_CHECK {\nrequire_reply\n}", "UDP_CHECK {\nrequire_reply\nmin_reply_length 1\n}" },
	{ "UDP_CHECK {\nrequire_reply\n}", "UDP_CHECK {\nrequire_reply\nmax_reply_length 1\n}" },
	{ "MISC_CHECK {\nmisc_path /bin/true\n}", "MISC_CHECK {\nmisc_path /bin/false\n}" },
	{ "MISC_CHECK {\nmisc_path /bin/true\n}", "MISC_CHECK {\nmisc_path /bin/true a\n}" },
	{ "MISC_CHECK {\nmisc_path /bin/true a\n}", "MISC_CHECK {\nmisc_path /bin/true\n}" },
	{ "MISC_CHECK {\nmisc_path /bin/true\n}", "MISC_CHECK {\nmisc_path /bin/true\nmisc_timeout 1\n}" },
	{ "MISC_CHECK {\nmisc_path /bin/true\n}", "MISC_CHECK {\nmisc_path /bin/true\nmisc_dynamic\n}" },
	{ "MISC_CHECK {\nmisc_path /bin/true\n}", "MISC_CHECK {\nmisc_path /bin/true\nuser 77\n}" },
	{ "MISC_CHECK {\nmisc_path /bin/true\nuser 77\n}",
	  "MISC_CHECK {\nmisc_path /bin/true\nuser 77 78\n}" },
	{ "FILE_CHECK {\ntrack_file f\n}", "FILE_CHECK {\ntrack_file f\nweight 3\n}" },
	{ "FILE_CHECK {\ntrack_file f\n}", "FILE_CHECK {\ntrack_file f\nweight 4 reverse\n}" },
	{ "FILE_CHECK {\ntrack_file f\n}", "FILE_CHECK {\ntrack_file f\ndynamic off\n}" },
};

static void
every_member_is_compared(void **state)
{
	for (size_t i = 0; i < SL_COUNT(check_pairs); i++) {
		struct conf *a = load_check("", "", check_pairs[i].a),
			    *b = load_check("", "", check_pairs[i].b);
		struct conf *moved = load_check("\n\n", "\n", check_pairs[i].b);
		const struct conf_health *x = a->services[0].reals[0].health,
					 *y = b->services[0].reals[0].health;
		const struct conf_health *z = moved->services[0].reals[0].health;

		sl_check_int(check_pairs[i].b, conf_checker_eq(&x->checks[0], &y->checks[0]), false);
		sl_check_int(check_pairs[i].b, conf_checker_eq(&y->checks[0], &x->checks[0]), false);
		sl_check_int(check_pairs[i].b, conf_checker_eq(&z->checks[0], &y->checks[0]), true);
		conf_free(a);
		conf_free(b);
		conf_free(moved);
	}
}

/* { lines of the service, and of the server, that make a difference } */
static const struct {
	const char *service, *real;
	bool pool;
} other_pairs[] = {
	{ "quorum 2\nhysteresis 0", "weight 5", true },
	{ "omega", "", true },
	{ "ha_suspend", "", true },
	{ "flush_on_failure on", "", true },
	{ "sorry_server 10.0.0.9\nsorry_server_inhibit", "", true },
	{ "quorum_up /bin/true", "", true },
	{ "quorum_down /bin/true", "", true },
	{ "passive_check {\n}", "", true },
	{ "", "inhibit_on_failure", false },
	{ "", "notify_up /bin/true", false },
	{ "", "notify_down /bin/true", false },
	{ "", "AGENT_CHECK {\nport 1\n}", false },
	{ "", "PING_CHECK {\n}", false },
};

static void
pools_and_servers_are_compared(void **state)
{
	struct conf *plain = load_check("", "", "TCP_CHECK {\n}");

	for (size_t i = 0; i < SL_COUNT(other_pairs); i++) {
		struct conf *conf = load_check(other_pairs[i].service, other_pairs[i].real, "TCP_CHECK {\n}");
		bool pools = conf_pool_eq(&plain->pools[0], &conf->pools[0]);
		bool healths =
			conf_health_eq(plain->services[0].reals[0].health, conf->services[0].reals[0].health);

		sl_check_int(other_pairs[i].service, pools, !other_pairs[i].pool);
		sl_check_int(other_pairs[i].real, healths, other_pairs[i].pool);
		sl_check(other_pairs[i].service, conf_pool_eq(&conf->pools[0], &conf->pools[0]));
		conf_free(conf);
	}
	conf_free(plain);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(switches),
		cmocka_unit_test(nothing_said),
		cmocka_unit_test(http),
		cmocka_unit_test(udp_bytes),
		cmocka_unit_test(commands),
		cmocka_unit_test(users),
		cmocka_unit_test(groups),
		cmocka_unit_test(written_and_read_again),
		cmocka_unit_test(every_member_is_compared),
		cmocka_unit_test(pools_and_servers_are_compared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
