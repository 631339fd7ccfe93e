/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The protocol and the methods, line by line: what is sent, and what the
 * answer must hold. No socket: messages go in and out of buffers.
 */
#include "rpc_message.h"
#include "sl_test.h"
#include "fake_health.h"
#include "fake_ka.h"
#include "test_rpc_fixture.h"
#include "verb_rate.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>

enum { STEPS_MAX = 100000, LINE_SIZE = 4096 };

#define CONF_HEAD                                                                                            \
	"global_defs {\n router_id lb1\n}\n"                                                                 \
	"port wan {\n device net_null0\n address 10.0.0.1/24\n address 2001:db8::5/64\n}\n"                  \
	"static_neighbor 10.0.0.9 02:00:00:00:00:09 dev wan\n"
#define CONF_WEB                                                                                             \
	"virtual_server 192.0.2.1 80 {\n protocol TCP\n lb_algo wlc\n lb_kind NAT\n"                         \
	" real_server 10.0.0.11 8080 {\n  weight 2\n }\n"                                                    \
	" real_server 10.0.0.12 8080 {\n  weight 1\n }\n}\n"
#define CONF_DNS                                                                                             \
	"virtual_server 2001:db8::1 53 {\n protocol UDP\n lb_algo rr\n lb_kind DR\n"                         \
	" real_server 2001:db8::11 53 {\n  weight 1\n }\n}\n"

static const char conf_text[] = CONF_HEAD CONF_WEB CONF_DNS;
static const char other_text[] = CONF_HEAD CONF_DNS;

/* A request with these members; and with these params. */
#define CALL(method) "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" method "\"}"
#define CALLP(method, params)                                                                                \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" method "\",\"params\":{" params "}}"
#define ERROR(code, part) "{\"id\":1,\"error\":{\"code\":" #code ",\"message\":\"~" part "\"}}"
#define RESULT(json) "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":" json "}"

#define WEB "\"proto\":\"tcp\",\"vip\":\"192.0.2.1:80\""
#define DNS "\"proto\":\"udp\",\"vip\":\"[2001:db8::1]:53\""
#define NEW "\"proto\":\"tcp\",\"vip\":\"192.0.2.9:80\""

/*
 * `answer`: NULL for none at all. In a line FILE is the path of the file that
 * runs, OTHER of another, BAD of a bad one, DIR of a directory; LONG is a long
 * text.
 */
struct row {
	const char *name;
	const char *line;
	const char *answer;
};

/* ---- JSON-RPC itself ---- */

static const struct row protocol_rows[] = {
	{ "not JSON", "garbage",
	  "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,\"message\":\"~not JSON\"}}" },
	{ "bytes that are no text", "\xff\xfe\x01{", "{\"id\":null,\"error\":{\"code\":-32700}}" },
	{ "half an object", "{\"jsonrpc\":\"2.0\",", "{\"id\":null,\"error\":{\"code\":-32700}}" },
	{ "two objects on one line", CALL("status") CALL("status"),
	  "{\"id\":null,\"error\":{\"code\":-32700}}" },
	{ "a member twice", "{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"status\"}",
	  "{\"id\":null,\"error\":{\"code\":-32700,\"message\":\"~duplicate\"}}" },
	{ "a number", "5", "{\"id\":null,\"error\":{\"code\":-32700}}" },
	{ "brackets without end", "[[[[[[[[[[[[[[[[[[[[[[", "{\"id\":null,\"error\":{\"code\":-32700}}" },
	{ "no version", "{\"id\":1,\"method\":\"status\"}", ERROR(-32600, "2.0") },
	{ "wrong version", "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"status\"}", ERROR(-32600, "2.0") },
	{ "no method", "{\"jsonrpc\":\"2.0\",\"id\":1}", ERROR(-32600, "method") },
	{ "method is no name", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":7}", ERROR(-32600, "method") },
	{ "id is an object", "{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"status\"}",
	  "{\"id\":null,\"error\":{\"code\":-32600,\"message\":\"~id\"}}" },
	{ "unknown member of the request",
	  "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\",\"parms\":{}}", ERROR(-32600, "parms") },
	{ "unknown method", CALL("service.lst"), ERROR(-32601, "did you mean \\\"service.list\\\"?") },
	{ "unknown method like no other", CALL("make.coffee"), ERROR(-32601, "make.coffee") },
	{ "params as an array", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\",\"params\":[1]}",
	  ERROR(-32602, "must be an object") },
	{ "empty params", CALLP("status", ""), RESULT("{\"router_id\":\"lb1\"}") },
	{ "id is a string", "{\"jsonrpc\":\"2.0\",\"id\":\"a\\n\\u00e9\",\"method\":\"status\"}",
	  "{\"id\":\"a\\n\\u00e9\",\"result\":{\"router_id\":\"lb1\"}}" },
	{ "id is null", "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"status\"}",
	  "{\"id\":null,\"result\":{\"router_id\":\"lb1\"}}" },
	{ "notification", "{\"jsonrpc\":\"2.0\",\"method\":\"status\"}", NULL },
	{ "notification of a stream", "{\"jsonrpc\":\"2.0\",\"method\":\"service.list\"}", NULL },
	{ "notification that fails", "{\"jsonrpc\":\"2.0\",\"method\":\"nothing\"}", NULL },
	{ "empty batch", "[]", "{\"id\":null,\"error\":{\"code\":-32600}}" },
	{ "batch of one", "[" CALL("status") "]", "[" RESULT("{\"router_id\":\"lb1\"}") "]" },
	{ "batch with streams, errors, garbage and a notification",
	  "[" CALL("service.list") ",{\"jsonrpc\":\"2.0\",\"method\":\"status\"},7," CALL("nothing") "," CALL(
		  "conn.list") "]",
	  "[" RESULT("[\"*\",\"*\"]") ",{\"id\":null,\"error\":{\"code\":-32600}}," ERROR(
		  -32601, "nothing") "," RESULT("[\"*\",\"*\",\"*\",\"*\",\"*\",\"*\",\"*\",\"*\",\"*\",\"*"
						"\",\"*\",\"*\"]") "]" },
	{ "batch of notifications",
	  "[{\"jsonrpc\":\"2.0\",\"method\":\"status\"},{\"jsonrpc\":\"2.0\",\"method\":\"drops\"}]", NULL },
	{ "batch in a batch", "[[]]", "[{\"id\":null,\"error\":{\"code\":-32600}}]" },
	{ "carriage return", CALL("status") "\r", RESULT("{\"router_id\":\"lb1\"}") },
};

/* ---- params ---- */

static const struct row params_rows[] = {
	{ "unknown member", CALLP("service.add", NEW ",\"schedular\":\"rr\""),
	  ERROR(-32602, "unknown member \\\"schedular\\\" (did you mean \\\"scheduler\\\"?)") },
	{ "unknown member, like none", CALLP("service.add", NEW ",\"colour\":1"),
	  ERROR(-32602, "there are proto, vip, scheduler, method") },
	{ "member of another method", CALLP("service.add", NEW ",\"weight\":1"), ERROR(-32602, "weight") },
	{ "no params known at all", CALLP("status", "\"all\":1"), ERROR(-32602, "takes no params") },
	{ "member missing", CALLP("service.add", "\"proto\":\"tcp\""),
	  ERROR(-32602, "\\\"vip\\\" is missing: an address with a port") },
	{ "params missing", CALL("service.del"), ERROR(-32602, "\\\"proto\\\" is missing") },
	{ "protocol unknown", CALLP("service.del", "\"proto\":\"sctp\",\"vip\":\"1.2.3.4:80\""),
	  ERROR(-32602, "tcp") },
	{ "protocol is a number", CALLP("service.del", "\"proto\":6,\"vip\":\"1.2.3.4:80\""),
	  ERROR(-32602, "\\\"proto\\\" is 6") },
	{ "vip without a port", CALLP("service.del", "\"proto\":\"tcp\",\"vip\":\"1.2.3.4\""),
	  ERROR(-32602, "address with a port") },
	{ "vip is no address", CALLP("service.del", "\"proto\":\"tcp\",\"vip\":\"www:80\""),
	  ERROR(-32602, "www:80") },
	{ "port too large", CALLP("service.del", "\"proto\":\"tcp\",\"vip\":\"1.2.3.4:65536\""),
	  ERROR(-32602, "vip") },
	{ "scheduler mistyped", CALLP("service.add", NEW ",\"scheduler\":\"wlcc\""),
	  ERROR(-32602, "rr, wrr, lc, wlc, mh (did you mean wlc?)") },
	{ "scheduler is null", CALLP("service.add", NEW ",\"scheduler\":null"), ERROR(-32602, "scheduler") },
	{ "method unknown", CALLP("service.add", NEW ",\"method\":\"masq\""), ERROR(-32602, "nat, dr") },
	{ "weight negative", CALLP("real.add", WEB ",\"real\":\"10.0.0.1:1\",\"weight\":-1"),
	  ERROR(-32602, "0 to 65535") },
	{ "weight too large", CALLP("real.add", WEB ",\"real\":\"10.0.0.1:1\",\"weight\":65536"),
	  ERROR(-32602, "65536") },
	{ "weight is a fraction", CALLP("real.add", WEB ",\"real\":\"10.0.0.1:1\",\"weight\":1.5"),
	  ERROR(-32602, "1.5") },
	{ "weight is a text", CALLP("real.add", WEB ",\"real\":\"10.0.0.1:1\",\"weight\":\"1\""),
	  ERROR(-32602, "integer") },
	{ "flush is a number", CALLP("real.del", WEB ",\"real\":\"10.0.0.11:8080\",\"flush\":1"),
	  ERROR(-32602, "true or false") },
	{ "limit 0", CALLP("conn.list", "\"limit\":0"), ERROR(-32602, "from 1") },
	{ "state unknown", CALLP("conn.list", "\"state\":\"ESTABLISHD\""),
	  ERROR(-32602, "(did you mean ESTABLISHED?)") },
	{ "client is no prefix", CALLP("conn.list", "\"client\":\"10.0.0.0/33\""),
	  ERROR(-32602, "a prefix") },
	{ "client with port 0", CALLP("conn.list", "\"client\":\"10.0.0.1:0\""), ERROR(-32602, "client") },
	{ "client with an open bracket", CALLP("conn.list", "\"client\":\"[2001:db8::1:80\""),
	  ERROR(-32602, "client") },
	{ "file is not absolute", CALLP("config.check", "\"file\":\"sluice.conf\""),
	  ERROR(-32602, "absolute") },
	{ "service named by half", CALLP("service.list", "\"vip\":\"192.0.2.1:80\""), ERROR(-32602, "both") },
	{ "service of stats named by half", CALLP("stats", "\"proto\":\"tcp\""), ERROR(-32602, "both") },
	{ "a very long value", CALLP("real.del", WEB ",\"real\":\"LONG\""), ERROR(-32602, "xxx...") },
};

/* ---- methods; each row on a state of its own ---- */

static const struct row method_rows[] = {
	{ "status", CALL("status"),
	  RESULT("{\"version\":\"*\",\"pid\":\"*\",\"uptime_s\":0,\"router_id\":\"lb1\",\"config\":\"~sluice."
		 "conf\","
		 "\"ports\":1,\"workers\":2,\"services\":2,\"reals\":3,\"connections\":12,"
		 "\"connection_capacity\":1000000,\"timeouts_s\":{\"tcp\":900,\"tcpfin\":120,\"udp\":300}"
		 "}") },
	{ "service.list", CALL("service.list"),
	  RESULT("[{\"proto\":\"tcp\",\"vip\":\"192.0.2.1:80\",\"scheduler\":\"wlc\",\"method\":\"nat\","
		 "\"reals\":["
		 "{\"real\":\"10.0.0.12:8080\",\"method\":\"nat\",\"weight\":1,\"draining\":false,\"active\":"
		 "2,\"inactive\":2},"
		 "{\"real\":\"10.0.0.11:8080\",\"weight\":2}]},"
		 "{\"proto\":\"udp\",\"vip\":\"[2001:db8::1]:53\",\"scheduler\":\"rr\",\"method\":\"dr\","
		 "\"reals\":["
		 "{\"real\":\"[2001:db8::11]:53\",\"active\":0,\"inactive\":4}]}]") },
	{ "service.list of one", CALLP("service.list", DNS),
	  RESULT("[{\"proto\":\"udp\",\"vip\":\"[2001:db8::1]:53\"}]") },
	{ "service.list of none", CALLP("service.list", NEW), RESULT("[]") },
	{ "service.add",
	  "[" CALLP("service.add", NEW ",\"scheduler\":\"rr\",\"method\":\"nat\"") "," CALLP("service.list",
											     NEW) "]",
	  "[" RESULT("{}") "," RESULT(
		  "[{\"vip\":\"192.0.2.9:80\",\"scheduler\":\"rr\",\"method\":\"nat\",\"reals\":[]}]") "]" },
	{ "service.add by default", "[" CALLP("service.add", NEW) "," CALLP("service.list", NEW) "]",
	  "[" RESULT("{}") "," RESULT("[{\"scheduler\":\"wlc\",\"method\":\"dr\"}]") "]" },
	{ "service.add of one that is there", CALLP("service.add", WEB), ERROR(-32002, "already exists") },
	{ "service.add at port 0", CALLP("service.add", "\"proto\":\"tcp\",\"vip\":\"192.0.2.9:0\""),
	  ERROR(-32602, "port") },
	{ "service.edit",
	  "[" CALLP("service.edit", WEB ",\"scheduler\":\"rr\"") "," CALLP("service.list", WEB) "]",
	  "[" RESULT("{}") "," RESULT("[{\"scheduler\":\"rr\",\"method\":\"nat\"}]") "]" },
	{ "service.edit of none", CALLP("service.edit", NEW), ERROR(-32001, "192.0.2.9:80") },
	{ "service.del", "[" CALLP("service.del", WEB) "," CALLP("service.list", WEB) "]",
	  "[" RESULT("{}") "," RESULT("[]") "]" },
	{ "service.del of none", CALLP("service.del", NEW), ERROR(-32001, "does not exist") },
	{ "service.del as notification",
	  "[{\"jsonrpc\":\"2.0\",\"method\":\"service.del\",\"params\":{" WEB "}}," CALL("status") "]",
	  "[" RESULT("{\"services\":1}") "]" },
	{ "real.add with all",
	  "[" CALLP("real.add", WEB ",\"real\":\"10.0.0.13:80\",\"weight\":7,\"method\":\"dr\"") "," CALLP(
		  "service.list", WEB) "]",
	  "[" RESULT("{}") "," RESULT("[{\"reals\":[{\"real\":\"10.0.0.13:80\",\"method\":\"dr\",\"weight\":"
				      "7},\"*\",\"*\"]}]") "]" },
	{ "real.add, DR to another port",
	  CALLP("real.add", WEB ",\"real\":\"10.0.0.13:8080\",\"method\":\"dr\""), ERROR(-32602, "port") },
	{ "real.add with a weight",
	  "[" CALLP("real.add", WEB ",\"real\":\"10.0.0.13:8080\",\"weight\":7") "," CALLP("service.list",
											   WEB) "]",
	  "[" RESULT("{}") "," RESULT("[{\"reals\":[{\"real\":\"10.0.0.13:8080\",\"method\":\"nat\","
				      "\"weight\":7},\"*\",\"*\"]}]") "]" },
	{ "real.add by default",
	  "[" CALLP("real.add", DNS ",\"real\":\"[2001:db8::12]:53\"") "," CALLP("service.list", DNS) "]",
	  "[" RESULT("{}") "," RESULT("[{\"reals\":[{\"real\":\"[2001:db8::12]:53\",\"method\":\"dr\","
				      "\"weight\":1},\"*\"]}]") "]" },
	{ "real.add with weight 0",
	  "[" CALLP("real.add", WEB ",\"real\":\"10.0.0.13:8080\",\"weight\":0") "," CALLP("service.list",
											   WEB) "]",
	  "[" RESULT("{}") "," RESULT("[{\"reals\":[{\"weight\":0},\"*\",\"*\"]}]") "]" },
	{ "real.add of one that is there", CALLP("real.add", WEB ",\"real\":\"10.0.0.11:8080\""),
	  ERROR(-32002, "already exists") },
	{ "real.add to no service", CALLP("real.add", NEW ",\"real\":\"10.0.0.11:8080\""),
	  ERROR(-32001, "does not exist") },
	{ "real.add of the other family", CALLP("real.add", WEB ",\"real\":\"[2001:db8::5]:80\""),
	  ERROR(-32602, "family") },
	{ "real.edit",
	  "[" CALLP("real.edit", WEB ",\"real\":\"10.0.0.11:8080\",\"weight\":9") "," CALLP("service.list",
											    WEB) "]",
	  "[" RESULT("{}") "," RESULT(
		  "[{\"reals\":[\"*\",{\"real\":\"10.0.0.11:8080\",\"weight\":9}]}]") "]" },
	{ "real.edit of none", CALLP("real.edit", WEB ",\"real\":\"10.0.0.99:8080\",\"weight\":9"),
	  ERROR(-32004, "10.0.0.99:8080") },
	{ "real.del",
	  "[" CALLP("real.del", WEB ",\"real\":\"10.0.0.11:8080\",\"flush\":true") "," CALLP("service.list",
											     WEB) "]",
	  "[" RESULT("{}") "," RESULT("[{\"reals\":[{\"real\":\"10.0.0.12:8080\"}]}]") "]" },
	{ "real.del of none", CALLP("real.del", WEB ",\"real\":\"10.0.0.99:8080\""),
	  ERROR(-32004, "does not exist") },
	{ "real.drain",
	  "[" CALLP("real.drain", WEB ",\"real\":\"10.0.0.11:8080\"") "," CALLP("service.list", WEB) "]",
	  "[" RESULT("{}") "," RESULT(
		  "[{\"reals\":[{\"draining\":false},{\"draining\":true,\"weight\":2}]}]") "]" },
	{ "real.drain and undrain",
	  "[" CALLP("real.drain", WEB ",\"real\":\"10.0.0.11:8080\"") "," CALLP(
		  "real.undrain", WEB ",\"real\":\"10.0.0.11:8080\"") "," CALLP("service.list", WEB) "]",
	  "[" RESULT("{}") "," RESULT("{}") "," RESULT(
		  "[{\"reals\":[{\"draining\":false},{\"draining\":false}]}]") "]" },
	{ "real.drain of none", CALLP("real.drain", NEW ",\"real\":\"10.0.0.11:8080\""),
	  ERROR(-32001, "does not exist") },
	{ "conn.list with a limit", CALLP("conn.list", "\"limit\":2"),
	  RESULT("[{\"proto\":\"tcp\",\"client\":\"*\",\"vip\":\"192.0.2.1:80\",\"real\":\"*\",\"method\":"
		 "\"nat\","
		 "\"state\":\"ESTABLISHED\",\"expires_s\":\"*\",\"worker\":0},\"*\"]") },
	{ "conn.list by protocol, state and server",
	  CALLP("conn.list",
		"\"proto\":\"tcp\",\"state\":\"fin_wait\",\"real\":\"10.0.0.11:8080\",\"vip\":\"192.0.2.1\""),
	  RESULT("[{\"real\":\"10.0.0.11:8080\",\"state\":\"FIN_WAIT\",\"worker\":0}]") },
	{ "conn.list by address of the server", CALLP("conn.list", "\"real\":\"2001:db8::11\",\"limit\":1"),
	  RESULT("[{\"proto\":\"udp\",\"client\":\"~[2001:\",\"method\":\"dr\",\"state\":\"UDP\"}]") },
	{ "conn.list by prefix and port of the client",
	  CALLP("conn.list", "\"client\":\"192.64.0.0/10:1027\""),
	  RESULT("[{\"client\":\"~:1027\",\"state\":\"TIME_WAIT\"},\"*\"]") },
	{ "conn.list by prefix and port, IPv6", CALLP("conn.list", "\"client\":\"[2001::/16]:1026\""),
	  RESULT("[{\"client\":\"~]:1026\"}]") },
	{ "conn.list, nothing fits", CALLP("conn.list", "\"client\":\"203.0.113.0/24\""), RESULT("[]") },
	{ "conn.list, no such service", CALLP("conn.list", "\"vip\":\"192.0.2.1:81\""), RESULT("[]") },
	{ "conn.count", CALL("conn.count"),
	  RESULT("{\"count\":12,\"states\":{\"ESTABLISHED\":4,\"FIN_WAIT\":2,\"TIME_WAIT\":2,\"UDP\":4}}") },
	{ "conn.count with a filter", CALLP("conn.count", "\"proto\":\"udp\""),
	  RESULT("{\"count\":4,\"states\":{\"UDP\":4}}") },
	{ "stats", CALL("stats"),
	  RESULT("{\"services\":[{\"proto\":\"tcp\",\"vip\":\"192.0.2.1:80\",\"conns\":8,\"in_packets\":80,"
		 "\"out_packets\":80,"
		 "\"in_bytes\":8000,\"out_bytes\":8000,\"rate\":{\"conns\":0,\"in_packets\":0,\"out_"
		 "packets\":0,\"in_bytes\":0,"
		 "\"out_bytes\":0},\"reals\":[{\"real\":\"10.0.0.12:8080\",\"conns\":4,\"in_packets\":40},"
		 "{\"real\":\"10.0.0.11:8080\",\"conns\":4}]},"
		 "{\"proto\":\"udp\",\"conns\":4,\"in_packets\":40,\"out_packets\":0,\"reals\":[\"*\"]}],"
		 "\"total\":{\"conns\":12,\"in_packets\":120,\"out_packets\":80,\"in_bytes\":12000,\"out_"
		 "bytes\":8000,\"rate\":\"*\",\"answered\":8,\"answers_limited\":11}}") },
	{ "stats of one service", CALLP("stats", DNS),
	  RESULT("{\"services\":[{\"proto\":\"udp\"}],\"total\":{\"conns\":12}}") },
	{ "stats keep what a removed service had counted",
	  "[" CALLP("service.del", WEB) "," CALL("stats") "]",
	  "[" RESULT("{}") "," RESULT(
		  "{\"services\":[{\"proto\":\"udp\"}],\"total\":{\"conns\":12,\"out_bytes\":8000}}") "]" },
	{ "workers", CALL("workers"),
	  RESULT("[{\"worker\":0,\"cpu\":0,\"balanced\":true,\"rx\":65,\"handed_in\":0,\"generated\":4,"
		 "\"tx\":64,\"drops\":3,"
		 "\"punts\":2,\"handed_out\":0,\"held\":0,\"flows\":6,\"hits\":54,\"misses\":6,\"answered\":"
		 "4,"
		 "\"answers_limited\":5},"
		 "{\"worker\":1,\"cpu\":1,\"balanced\":true,\"drops\":4},"
		 "{\"worker\":\"control\",\"balanced\":true,\"handed_in\":2,\"generated\":1,\"tx\":3}]") },
	{ "ports", CALL("ports"),
	  RESULT("[{\"port\":\"wan\",\"device\":\"net_null0\",\"driver\":\"fake\",\"mac\":\"02:00:00:00:01:"
		 "00\",\"link\":true,"
		 "\"speed_mbps\":10000,\"mtu\":1500,\"rx_queues\":1,\"tx_queues\":2,\"numa_node\":-1,\"rss\":"
		 "\"none\","
		 "\"checksum\":\"software\",\"rx_packets\":1000,\"tx_packets\":900,\"rx_bytes\":100000,\"tx_"
		 "bytes\":90000,"
		 "\"rx_missed\":0,\"rx_errors\":0,\"tx_errors\":0,\"rx_no_mbuf\":0,\"kernel\":null}]") },
	{ "neigh", CALL("neigh"),
	  RESULT("[{\"port\":\"wan\",\"address\":\"10.0.0.9\",\"mac\":\"02:00:00:00:00:09\",\"state\":"
		 "\"static\",\"pinned\":false},"
		 "{\"address\":\"10.0.0.12\",\"state\":\"reachable\",\"age_s\":1,\"pinned\":true},\"*\",\"*"
		 "\"]") },
	{ "config.check of a file", CALLP("config.check", "\"file\":\"FILE\""), RESULT("{\"faults\":[]}") },
	{ "config.check of a bad file", CALLP("config.check", "\"file\":\"BAD\""),
	  "{\"error\":{\"code\":-32003,\"message\":\"~1 "
	  "error\",\"data\":{\"faults\":[{\"severity\":\"error\",\"file\":\"~bad.conf\","
	  "\"line\":10,\"column\":1,\"text\":\"~virtual_servr\"}]}}}" },
	{ "config.check of nothing", CALLP("config.check", "\"file\":\"DIR/none\""),
	  ERROR(-32602, "No such file") },
	{ "config.check of a directory", CALLP("config.check", "\"file\":\"DIR\""),
	  ERROR(-32602, "not a regular file") },
	{ "config.diff of a file", CALLP("config.diff", "\"file\":\"FILE\""),
	  RESULT("{\"faults\":[],\"changes\":[]}") },
	{ "config.diff of a bad file", CALLP("config.diff", "\"file\":\"BAD\""),
	  ERROR(-32003, "bad.conf:10:1") },
	{ "config.apply of a file", "[" CALLP("config.apply", "\"file\":\"OTHER\"") "," CALL("status") "]",
	  "[" RESULT("{\"faults\":[],\"changes\":[\"- service TCP 192.0.2.1:80 wlc NAT\"]"
		     "}") "," RESULT("{\"services\":1}") "]" },
	{ "config.apply of a bad file", "[" CALLP("config.apply", "\"file\":\"BAD\"") "," CALL("status") "]",
	  "[" ERROR(-32003, "nothing is changed") "," RESULT("{\"services\":2}") "]" },
};

struct world {
	struct fixture fixture;
	struct verb_context context;
};

static void
world_setup(struct world *world, unsigned int conns)
{
	fixture_setup(&world->fixture, conf_text, conns);
	world->context = (struct verb_context){
		.model = world->fixture.model,
		.conf_path = world->fixture.conf_path,
		.rates = verb_rates_create(world->fixture.base, world->fixture.model),
		.started = time(NULL),
	};
	assert_non_null(world->context.rates);
}

static void
world_teardown(struct world *world)
{
	verb_rates_destroy(world->context.rates);
	fixture_teardown(&world->fixture);
}

/* Sends a line as root and gives the whole answer; "" for none. */
static char *
answer_get(struct world *world, const char *line, uid_t uid)
{
	struct rpc_message message = { .context = &world->context, .caller = { .uid = uid, .pid = 42 } };
	struct evbuffer *out = evbuffer_new();
	unsigned int steps = 0;
	size_t len;
	char *text;

	rpc_message_start(&message, line, strlen(line), out);
	while (rpc_message_step(&message, out) > 0)
		assert_true(steps++ < STEPS_MAX);
	assert_false(rpc_message_busy(&message));
	len = evbuffer_get_length(out);
	text = calloc(1, len + 1);
	evbuffer_remove(out, text, len);
	evbuffer_free(out);
	return text;
}

static void
word_replace(char line[LINE_SIZE], const char *word, const char *by)
{
	char *at = strstr(line, word);
	char rest[LINE_SIZE];

	if (at == NULL)
		return;
	strcpy(rest, at + strlen(word));
	snprintf(at, (size_t)(LINE_SIZE - (at - line)), "%s%s", by, rest);
}

static void
row_check(struct world *world, const struct row *row)
{
	char line[LINE_SIZE], x[2000] = "";
	json_t *want = row->answer != NULL ? json_loads(row->answer, 0, NULL) : NULL;
	char *answer;
	json_t *got;

	snprintf(line, sizeof(line), "%s", row->line);
	memset(x, 'x', sizeof(x) - 1);
	word_replace(line, "LONG", x);
	word_replace(line, "FILE", world->fixture.conf_path);
	if (strstr(line, "BAD") != NULL)
		word_replace(line, "BAD",
			     fixture_file(&world->fixture, "bad.conf",
					  CONF_HEAD "virtual_servr 1.2.3.4 80 {\n}\n"));
	if (strstr(line, "OTHER") != NULL)
		word_replace(line, "OTHER", fixture_file(&world->fixture, "other.conf", other_text));
	word_replace(line, "DIR", world->fixture.directory);

	answer = answer_get(world, line, 0);
	if (row->answer == NULL) {
		sl_check_str(row->name, answer, "");
	} else {
		sl_check(row->name, want != NULL);
		/* One line, and JSON to its end. */
		sl_check(row->name, strchr(answer, '\n') == answer + strlen(answer) - 1);
		got = json_loads(answer, 0, NULL);
		if (got == NULL || !json_holds(got, want))
			fail_msg("row \"%s\": the answer is %s instead of %s", row->name, answer,
				 row->answer);
		json_decref(got);
	}
	json_decref(want);
	free(answer);
}

static void
rows_check(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct world world;

		world_setup(&world, 4);
		row_check(&world, &rows[i]);
		world_teardown(&world);
	}
}

static void
test_protocol(void **state)
{
	rows_check(protocol_rows, SL_COUNT(protocol_rows));
}

static void
test_params(void **state)
{
	rows_check(params_rows, SL_COUNT(params_rows));
}

static void
test_methods(void **state)
{
	rows_check(method_rows, SL_COUNT(method_rows));
}

/* Every line of drop.h is there, with its sentence; the sums are right. */
static void
test_drops(void **state)
{
	static const char *const names[] = {
#define X(id, name, text) (name),
		SL_DROP_LIST(X)
#undef X
	};
	struct world world;
	json_t *answer, *reasons, *want;
	char *text;

	world_setup(&world, 4);
	text = answer_get(&world, CALL("drops"), 0);
	answer = json_loads(text, 0, NULL);
	reasons = json_object_get(answer, "result");
	assert_int_equal(json_array_size(reasons), SL_DROP_MAX);
	for (size_t i = 0; i < SL_DROP_MAX; i++)
		assert_string_equal(json_string_value(json_object_get(json_array_get(reasons, i), "reason")),
				    names[i]);
	want = json_pack("{s:s, s:s, s:i, s:[i, i], s:i}", "reason", "no_service", "text",
			 "~no virtual service", "packets", 6, "workers", 3, 3, "control", 0);
	assert_true(json_holds(json_array_get(reasons, SL_DROP_NO_SERVICE), want));
	json_decref(want);
	json_decref(answer);
	free(text);
	world_teardown(&world);
}

/* Without "file": boot_reload, with what it says. */
static void
test_own_configuration(void **state)
{
	static const struct {
		const char *name, *line;
		bool fails, dry_run;
		const char *answer;
	} rows[] = {
		{ "check", CALL("config.check"), false, true, RESULT("{\"faults\":[]}") },
		{ "check fails", CALL("config.check"), true, true,
		  "{\"error\":{\"code\":-32003,\"message\":\"~sluice.conf:3:7: no such "
		  "thing\",\"data\":{\"faults\":["
		  "{\"file\":\"sluice.conf\",\"line\":3,\"column\":7,\"severity\":\"error\",\"text\":\"no "
		  "such thing\"}]}}}" },
		{ "diff", CALL("config.diff"), false, true, RESULT("{\"changes\":[\"+ service\"]}") },
		{ "diff fails", CALL("config.diff"), true, true, ERROR(-32003, "1 error") },
		{ "apply", CALL("config.apply"), false, false,
		  RESULT("{\"changes\":[\"+ service\"],\"faults\":[]}") },
		{ "apply fails", CALL("config.apply"), true, false, ERROR(-32003, "1 error") },
	};

	for (size_t i = 0; i < SL_COUNT(rows); i++) {
		struct row row = { rows[i].name, rows[i].line, rows[i].answer };
		struct world world;

		world_setup(&world, 4);
		reload.fails = rows[i].fails;
		reload.change = "+ service";
		row_check(&world, &row);
		sl_check_int(rows[i].name, reload.called, 1);
		sl_check_int(rows[i].name, reload.dry_run, rows[i].dry_run);
		world_teardown(&world);
	}
}

/* Messages quote files: only root may have one looked at. */
static void
test_file_for_root_only(void **state)
{
	static const char *const lines[] = {
		CALLP("config.check", "\"file\":\"/etc/passwd\""),
		CALLP("config.diff", "\"file\":\"/etc/passwd\""),
		CALLP("config.apply", "\"file\":\"/etc/passwd\""),
	};
	json_t *want = json_loads(ERROR(-32000, "only root"), 0, NULL);
	struct world world;

	world_setup(&world, 4);
	for (size_t i = 0; i < SL_COUNT(lines); i++) {
		char *text = answer_get(&world, lines[i], (uid_t)-2);
		json_t *answer = json_loads(text, 0, NULL);

		sl_check(lines[i], json_holds(answer, want));
		json_decref(answer);
		free(text);
	}
	json_decref(want);
	world_teardown(&world);
}

/* What is different each time: the document shows something. */
static void
volatile_remove(json_t *want)
{
	static const char *const members[] = { "version", "pid", "uptime_s", "config" };

	for (size_t i = 0; i < SL_COUNT(members); i++)
		json_object_del(json_object_get(want, "result"), members[i]);
}

/* The server of the document's example. */
static const char health_text[] = "[{\"proto\":\"tcp\",\"vip\":\"192.0.2.1:80\",\"real\":\"10.0.0.12:8080\","
				  "\"state\":\"down\",\"since_ago_ms\""
				  ":5210,\"weight\":0,\"configured\":1,\"why\":\"TCP_CHECK: connection "
				  "refused\",\"maxconn\":0,\"pool\":{"
				  "\"name\":null,\"quorum\":1,\"hysteresis\":0,\"alive_weight\":2,\"up\":"
				  "true,\"sorry\":false},\"checks\":["
				  "{\"check\":\"TCP_CHECK\",\"state\":\"down\",\"text\":\"connection "
				  "refused\",\"good\":false,\"last_ago_ms\""
				  ":210,\"took_ms\":0,\"next_ms\":1790,\"failures\":4}],\"agent\":null,"
				  "\"passive\":null,\"history\":[{\"ag"
				  "o_ms\":5210,\"state\":\"down\",\"text\":\"TCP_CHECK: connection "
				  "refused\"},{\"ago_ms\":86405210,\"stat"
				  "e\":\"up\",\"text\":\"TCP_CHECK: connected in 0.2 ms\"}]}]";

/* The examples of doc/control-socket.md, in their order on one daemon; every method has one. */
static void
test_document(void **state)
{
	enum { EXAMPLE_SIZE = 16384 };
	static char line[EXAMPLE_SIZE], sent[EXAMPLE_SIZE], seen[EXAMPLE_SIZE];
	FILE *document = fopen(DOCUMENT, "r");
	unsigned int examples = 0;
	const char *name;
	struct world world;

	assert_non_null(document);
	world_setup(&world, 4);
	reload.change = "+ service UDP 192.0.2.1:53 rr DR";
	fake_health.servers = json_loads(health_text, 0, NULL);
	fake_ka.instance_status_count = fake_ka.channel_count = 1;
	fake_ka.instances[0] = (struct ka_instance_status){
		.name = "VI_1",
		.state = KA_MASTER,
		.priority = 150,
		.base_priority = 150,
		.since_ms = 5210,
		.master = sl_addr_from_v4(htonl(0xc0000202)),
		.master_priority = 150,
		.master_down_ms = 360,
		.why = "no advert for 360 ms",
		.became_master = 1,
		.adverts_sent = 52,
		.garps_sent = 10,
	};
	fake_ka.channels[0] = (struct ka_channel_status){ .name = "mgmt",
							  .kind = "udp",
							  .alive = true,
							  .heard_ago_ms = 40,
							  .sent = 52,
							  .received = 50,
							  .peer = "lb2" };
	fake_ka.sync = (struct ka_sync_status){
		.enabled = true,
		.sending = true,
		.in_sync = true,
		.peer_state = KA_SYNC_PEER_ALIVE,
		.peer_state_ms = 5190,
		.peer = "172.16.0.2",
		.messages_sent = 27,
		.messages_received = 26,
		.bytes_sent = 2592,
		.bytes_received = 2496,
	};
	while (fgets(line, sizeof(line), document) != NULL) {
		char *at;

		if (strncmp(line, "    --> ", 8) == 0) {
			json_t *request = json_loads(line + 8, 0, NULL);

			strcpy(sent, line + 8);
			sent[strlen(sent) - 1] = '\0';
			snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "\"%s\"",
				 json_string_value(json_object_get(request, "method")));
			json_decref(request);
		} else if (strncmp(line, "    <-- ", 8) == 0) {
			json_t *want = json_loads(line + 8, 0, NULL), *got;

			at = answer_get(&world, sent, 0);
			got = json_loads(at, 0, NULL);
			sl_check(sent, want != NULL);
			volatile_remove(want);
			if (!json_holds(got, want))
				fail_msg("example %s: the answer is %s instead of %s", sent, at, line + 8);
			json_decref(want);
			json_decref(got);
			free(at);
			examples++;
		}
	}
	fclose(document);
	fake_ka_reset();
	json_decref(fake_health.servers);
	fake_health.servers = NULL;
	assert_true(examples > 20);
	for (unsigned int i = 0; (name = verb_name_at(i, NULL)) != NULL; i++) {
		char quoted[64];

		snprintf(quoted, sizeof(quoted), "\"%s\"", name);
		sl_check(name, strstr(seen, quoted) != NULL);
	}
	world_teardown(&world);
}

/* A list of 100,000 takes many steps, each of which writes little. */
static void
test_long_list(void **state)
{
	struct world world;
	struct rpc_message message = { 0 };
	struct evbuffer *out = evbuffer_new();
	size_t len, longest = 0;
	unsigned int steps = 0;
	json_t *answer;
	char *text;

	world_setup(&world, 40000);
	message.context = &world.context;
	rpc_message_start(&message, CALL("conn.list"), strlen(CALL("conn.list")), out);
	for (size_t before = 0; rpc_message_step(&message, out) > 0; before = len) {
		len = evbuffer_get_length(out);
		if (len - before > longest)
			longest = len - before;
		steps++;
	}
	assert_true(steps > 1000);
	assert_true(longest < 32768);
	len = evbuffer_get_length(out);
	text = (char *)evbuffer_pullup(out, -1);
	answer = json_loadb(text, len, 0, NULL);
	assert_int_equal(json_array_size(json_object_get(answer, "result")), 120000);
	json_decref(answer);
	evbuffer_free(out);
	world_teardown(&world);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_protocol),          cmocka_unit_test(test_params),
		cmocka_unit_test(test_methods),           cmocka_unit_test(test_drops),
		cmocka_unit_test(test_own_configuration), cmocka_unit_test(test_file_for_root_only),
		cmocka_unit_test(test_document),          cmocka_unit_test(test_long_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
