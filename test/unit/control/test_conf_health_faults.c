/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What faulty configurations of health are told: every keyword, out of range,
 * missing, given twice, contradicting another.
 */
#include "test_conf_rows.h"

/* In a real_server: the row begins in the third line. */
#define REAL(text)                                                                                           \
	"virtual_server 192.0.2.1 80 {\nreal_server 10.0.0.2 80 {\n" text                                    \
	"\n}\n}\ntrack_file ff {\nfile /run/f\n}\n"

/* In a virtual_server: the row begins in the second line. */
#define SERVICE(text) "virtual_server 192.0.2.1 80 {\n" text "\nreal_server 10.0.0.2 80\n}\n"

/* ---- in real_server ---- */

static const struct conf_row real_rows[] = {
	{ "delay_loop too short", REAL("delay_loop 0.001\nTCP_CHECK {\n}"),
	  "3:12: delay_loop must be seconds from 0.01 to 86400, with three decimals at most, not "
	  "\"0.001\"\n" },
	{ "delay_loop, no number", REAL("delay_loop 1s\nTCP_CHECK {\n}"),
	  "3:12: delay_loop must be seconds from 0.01 to 86400, with three decimals at most, not \"1s\"\n" },
	{ "finer than a millisecond", REAL("delay_loop 1.0005\nTCP_CHECK {\n}"),
	  "3:12: delay_loop must be seconds from 0.01 to 86400, with three decimals at most, not "
	  "\"1.0005\"\n" },
	{ "retry, negative", REAL("retry -1\nTCP_CHECK {\n}"),
	  "3:7: retry must be a number from 0 to 1000, not \"-1\"\n" },
	{ "fall 0", REAL("fall 0\nTCP_CHECK {\n}"),
	  "3:6: fall must be a number from 1 to 1001, not \"0\"\n" },
	{ "fall beside retry", REAL("fall 3\nretry 1\nTCP_CHECK {\n}"),
	  "4:1: warning: \"retry\" says what \"fall\" says in line 8 already: the last one counts\n" },
	{ "a switch that is none", REAL("alpha maybe\nTCP_CHECK {\n}"),
	  "3:7: alpha must be on or off, not \"maybe\"\n" },
	{ "a check without its block", REAL("TCP_CHECK"),
	  "3:1: \"TCP_CHECK\" needs a block: it is written TCP_CHECK { ... }\n" },
	{ "a check misspelt", REAL("TCP_CHEK {\n}"),
	  "3:1: unknown keyword \"TCP_CHEK\" in real_server (did you mean \"TCP_CHECK\"?)\n" },
	{ "a keyword misspelt in a check", REAL("TCP_CHECK {\nconect_port 3\n}"),
	  "4:1: unknown keyword \"conect_port\" in TCP_CHECK (did you mean \"connect_port\"?)\n" },
	{ "a keyword of another check", REAL("TCP_CHECK {\nmisc_path /bin/true\n}"),
	  "4:1: \"misc_path\" cannot stand in TCP_CHECK: it belongs in MISC_CHECK\n" },
	{ "a keyword twice", REAL("TCP_CHECK {\nconnect_port 3\nconnect_port 4\n}"),
	  "5:1: warning: \"connect_port\" stands in line 9 already: the last one counts\n" },
	{ "connect_ip, mistyped", REAL("TCP_CHECK {\nconnect_ip 10.0.0.300\n}"),
	  "4:12: connect_ip must be an address or a host's name, not \"10.0.0.300\"\n" },
	{ "connect_ip with a port", REAL("TCP_CHECK {\nconnect_ip 10.0.0.3:80\n}"),
	  "4:12: connect_ip must be an address or a host's name, not \"10.0.0.3:80\"\n" },
	{ "bindto of the other family", REAL("TCP_CHECK {\nbindto 2001:db8::1\n}"),
	  "4:8: bindto 2001:db8::1 and 10.0.0.2 are not of one family\n" },
	{ "bindto, a name", REAL("TCP_CHECK {\nbindto eth0\n}"),
	  "4:8: bindto must be an address of this box, not \"eth0\"\n" },
	{ "bind_if, too long", REAL("TCP_CHECK {\nbind_if abcdefghijklmnop\n}"),
	  "4:9: bind_if must have 1 to 15 characters, not 16\n" },
	{ "inhibit_on_failure in a check", REAL("TCP_CHECK {\ninhibit_on_failure\n}"),
	  "4:1: \"inhibit_on_failure\" cannot stand in TCP_CHECK: it belongs in virtual_server\n" },
	{ "no url", REAL("HTTP_GET {\n}"), "3:1: HTTP_GET lacks a url { path ... }\n" },
	{ "no path", REAL("HTTP_GET {\nurl {\nstatus_code 200\n}\n}"),
	  "4:1: url lacks its path, such as path /health\n" },
	{ "a path without its slash", REAL("HTTP_GET {\nurl {\npath a\n}\n}"),
	  "5:6: path must begin with \"/\", not \"a\"\n" },
	{ "status backwards", REAL("HTTP_GET {\nurl {\npath /\nstatus_code 299-200\n}\n}"),
	  "6:13: status_code: the range 299-200 runs backwards\n" },
	{ "status out of range", REAL("HTTP_GET {\nurl {\npath /\nstatus_code 200 600\n}\n}"),
	  "6:17: status_code must be codes from 100 to 599 or ranges of them, such as 200-299, not "
	  "\"600\"\n" },
	{ "status, no number", REAL("HTTP_GET {\nurl {\npath /\nstatus_code 2xx\n}\n}"),
	  "6:13: status_code must be codes from 100 to 599 or ranges of them, such as 200-299, not "
	  "\"2xx\"\n" },
	{ "digest too short", REAL("HTTP_GET {\nurl {\npath /\ndigest 9b3a0c85a887a256d6939da88aabd8c\n}\n}"),
	  "6:8: digest must be an MD5 sum, 32 hexadecimal digits, not \"9b3a0c85a887a256d6939da88aabd8c\" "
	  "(31 characters)\n" },
	{ "digest, not hexadecimal",
	  REAL("HTTP_GET {\nurl {\npath /\ndigest 9b3a0c85a887a256d6939da88aabd8cg\n}\n}"),
	  "6:8: digest must be an MD5 sum, 32 hexadecimal digits, not \"9b3a0c85a887a256d6939da88aabd8cg\" "
	  "(32 characters)\n" },
	{ "a pattern that is none", REAL("HTTP_GET {\nurl {\npath /\nregex \"a(b\"\n}\n}"),
	  "6:7: regex \"a(b\" is wrong at its character 4: missing closing parenthesis\n" },
	{ "an option of patterns misspelt",
	  REAL("HTTP_GET {\nurl {\npath /\nregex a\nregex_options caselss\n}\n}"),
	  "7:15: unknown option of a regex \"caselss\" (did you mean caseless?)\n" },
	{ "offsets crossed",
	  REAL("HTTP_GET {\nurl {\npath /\nregex a\nregex_min_offset 9\nregex_max_offset 8\n}\n}"),
	  "8:1: regex_min_offset 9 is more than regex_max_offset 8: nothing can match\n" },
	{ "an option without a pattern", REAL("HTTP_GET {\nurl {\npath /\nregex_no_match\n}\n}"),
	  "6:1: warning: \"regex_no_match\" has no effect: the url has no regex\n" },
	{ "http_protocol", REAL("HTTP_GET {\nhttp_protocol 2\nurl {\npath /\n}\n}"),
	  "4:15: http_protocol must be 1.0, 1.0C or 1.1, not \"2\"\n" },
	{ "sni in HTTP_GET", REAL("HTTP_GET {\nenable_sni\nurl {\npath /\n}\n}"),
	  "4:1: \"enable_sni\" cannot stand in HTTP_GET: it belongs in SSL_GET\n" },
	{ "tls_verify without a name", REAL("SSL_GET {\ntls_verify on\nurl {\npath /\n}\n}"),
	  "3:1: warning: tls_verify has no name to compare the certificate with: give sni_name or "
	  "virtualhost\n" },
	{ "keywords that do nothing",
	  REAL("SSL_GET {\ntls_compliant\nurl {\npath /\nregex a\nregex_stack 1 2\n}\n}"),
	  "4:1: warning: \"tls_compliant\" has no effect yet: a check ends its TLS connection as the "
	  "protocol wants it\n8:1: warning: \"regex_stack\" has no effect yet: a pattern takes what memory "
	  "it needs, within a bound\n" },
	{ "helo_name with a blank", REAL("SMTP_CHECK {\nhelo_name \"a b\"\n}"),
	  "4:11: helo_name must be without blanks, not \"a b\"\n" },
	{ "a host's keyword misspelt", REAL("SMTP_CHECK {\nhost {\nconnect_prt 3\n}\n}"),
	  "5:1: unknown keyword \"connect_prt\" in host (did you mean \"connect_port\"?)\n" },
	{ "type of DNS", REAL("DNS_CHECK {\ntype AAA\n}"),
	  "4:6: type must be one of A, NS, CNAME, SOA, PTR, MX, TXT, AAAA, SRV, not \"AAA\" (did you mean "
	  "AAAA?)\n" },
	{ "name of DNS", REAL("DNS_CHECK {\nname a..b\n}"),
	  "4:6: name must be a domain name, its parts of 1 to 63 characters, or \".\", not \"a..b\"\n" },
	{ "payload", REAL("UDP_CHECK {\npayload 0g\n}"),
	  "4:9: payload must be hexadecimal digits, such as 1f 00 a0, not \"0g\"\n" },
	{ "an x in a payload", REAL("UDP_CHECK {\npayload 0x\n}"),
	  "4:9: payload must be hexadecimal digits, such as 1f 00 a0, not \"0x\"\n" },
	{ "lengths crossed", REAL("UDP_CHECK {\nrequire_reply\nmin_reply_length 9\nmax_reply_length 8\n}"),
	  "6:1: min_reply_length 9 is more than max_reply_length 8: no reply would do\n" },
	{ "a length without a reply", REAL("UDP_CHECK {\nmin_reply_length 9\n}"),
	  "4:1: warning: \"min_reply_length\" has no effect without require_reply\n" },
	{ "no command", REAL("MISC_CHECK {\n}"), "3:1: MISC_CHECK lacks its command: misc_path COMMAND\n" },
	{ "a command without its path", REAL("MISC_CHECK {\nmisc_path check.sh\n}"),
	  "4:11: a command must begin with a path from the root, as \"/usr/local/bin/check arg\", not "
	  "\"check.sh\"\n" },
	{ "a quote left open in a command", REAL("MISC_CHECK {\nmisc_path \"/bin/true 'a\"\n}"),
	  "4:11: a ' quote in the command \"/bin/true 'a\" is not closed\n" },
	{ "a command that is not there", REAL("MISC_CHECK {\nmisc_path /nowhere/check\n}"),
	  "4:11: warning: command \"/nowhere/check\": No such file or directory\n" },
	{ "a command that is a directory", REAL("MISC_CHECK {\nmisc_path /tmp\n}"),
	  "4:11: warning: command \"/tmp\" is no file\n" },
	{ "a command that cannot be run", REAL("MISC_CHECK {\nmisc_path /etc/passwd\n}"),
	  "4:11: warning: command \"/etc/passwd\" may not be run by its user (chmod +x?)\n" },
	{ "a user", REAL("MISC_CHECK {\nmisc_path /bin/true\nuser no-such-user\n}"),
	  "5:6: there is no user \"no-such-user\"\n" },
	{ "a group", REAL("MISC_CHECK {\nmisc_path /bin/true\nuser root no-such-group\n}"),
	  "5:11: there is no group \"no-such-group\"\n" },
	{ "misc_timeout", REAL("MISC_CHECK {\nmisc_path /bin/true\nmisc_timeout 0\n}"),
	  "5:14: misc_timeout must be seconds from 0.01 to 86400, with three decimals at most, not \"0\"\n" },
	{ "no track_file", REAL("FILE_CHECK {\n}"), "3:1: FILE_CHECK lacks its file: track_file NAME\n" },
	{ "a track_file that does not exist", REAL("FILE_CHECK {\ntrack_file g\n}"),
	  "4:12: there is no track_file \"g\": it is written track_file NAME { file PATH }\n" },
	{ "weight of a file", REAL("FILE_CHECK {\ntrack_file ff\nweight 1 backwards\n}"),
	  "5:10: behind a weight may stand reverse or noreverse, not \"backwards\"\n" },
	{ "BFD", REAL("BFD_CHECK {\nname x\nnamo y\n}"),
	  "3:1: warning: \"BFD_CHECK\" has no effect yet: no BFD session is run here: BIRD can run one on "
	  "the tap, and MISC_CHECK or FILE_CHECK take its word\n5:1: unknown keyword \"namo\" in BFD_CHECK "
	  "(did you mean \"name\"?)\n" },
	{ "an agent without its port", REAL("AGENT_CHECK {\n}"),
	  "3:1: AGENT_CHECK lacks the agent's port: port NUMBER, such as port 3333\n" },
	{ "two agents", REAL("AGENT_CHECK {\nport 1\n}\nAGENT_CHECK {\nport 2\n}"),
	  "6:1: warning: \"AGENT_CHECK\" stands in line 8 already: the last one counts\n" },
	{ "an agent's retry", REAL("AGENT_CHECK {\nport 1\nretry 3\n}"),
	  "5:1: \"retry\" cannot stand in AGENT_CHECK: it belongs in virtual_server\n" },
	{ "a notifier", REAL("notify_up notify.sh"),
	  "3:11: a command must begin with a path from the root, as \"/usr/local/bin/check arg\", not "
	  "\"notify.sh\"\n" },
	{ "check_via_dataplane by NAT", REAL("check_via_dataplane\nTCP_CHECK {\n}"),
	  "3:1: warning: \"check_via_dataplane\" has no effect: it is for servers by DR and TUN, which own "
	  "the VIP\n" },
	{ "checks by a port that the kernel does not see, once; some have a way of their own",
	  "port q {\ndevice net_null1\naddress 172.16.0.1/24\n}\nvirtual_server 192.0.2.1 80 {\n"
	  "real_server 172.16.0.2 80 {\nMISC_CHECK {\nmisc_path /bin/true\n}\nTCP_CHECK {\nbind_if eth9\n}\n"
	  "PING_CHECK {\nconnect_ip 203.0.113.5\n}\n}\nreal_server 172.16.0.3 80 {\nlvs_method DR\n"
	  "TCP_CHECK {\ncheck_via_dataplane\n}\n}\nreal_server 172.16.0.4 80 {\nTCP_CHECK {\n}\n}\n"
	  "real_server 172.16.0.5 80 {\nTCP_CHECK {\n}\n}\n}\n",
	  "24:1: warning: checks of 172.16.0.4 leave by the kernel, and port q has not \"tap on\": unless "
	  "another "
	  "interface of the box leads there they fail, and the servers on that link count as down\n" },
	{ "check_via_dataplane and bindto",
	  REAL("lvs_method DR\nTCP_CHECK {\ncheck_via_dataplane\nbindto 10.0.0.3\n}"),
	  "6:8: warning: \"bindto\" has no effect: a check with check_via_dataplane leaves by an interface "
	  "of its "
	  "own, with its address\n" },
	{ "check_via_dataplane and bind_if",
	  REAL("lvs_method DR\nTCP_CHECK {\nbind_if eth0\ncheck_via_dataplane\n}"),
	  "6:1: warning: \"bind_if\" has no effect: a check with check_via_dataplane leaves by an interface "
	  "of its "
	  "own, with its address\n" },
	{ "check_via_dataplane and connect_ip",
	  REAL("lvs_method DR\nTCP_CHECK {\ncheck_via_dataplane\nconnect_ip 10.0.0.3\n}"),
	  "5:1: warning: \"check_via_dataplane\" has no effect: connect_ip leads past the data plane\n" },
};

/* ---- in virtual_server ---- */

static const struct conf_row service_rows[] = {
	{ "quorum 0", SERVICE("quorum 0"), "2:8: quorum must be a number from 1 to 2147483647, not \"0\"\n" },
	{ "hysteresis as large as the quorum", SERVICE("hysteresis 1"),
	  "2:12: warning: hysteresis 1 is not less than the quorum, which is 1: 0 is used\n" },
	{ "a quorum that is not reached", SERVICE("quorum 3"),
	  "2:8: warning: quorum 3 and hysteresis 0 are not reached: the weights of all servers are 1\n" },
	{ "flush_on_failure", SERVICE("flush_on_failure"),
	  "2:1: \"flush_on_failure\" lacks a value: it is written flush_on_failure on|off\n" },
	{ "a sorry server's method alone", SERVICE("sorry_server_lvs_method DR"),
	  "2:1: warning: \"sorry_server_lvs_method\" has no effect: there is no sorry_server\n" },
	{ "a sorry server that is a server", SERVICE("sorry_server 10.0.0.2 80"),
	  "2:14: sorry_server 10.0.0.2:80 is a real_server of this virtual_server (line 8)\n" },
	{ "a sorry server that is a VIP", SERVICE("sorry_server 192.0.2.1 81"),
	  "2:14: sorry_server 192.0.2.1 is a VIP: connections would come back to this box\n" },
	{ "a sorry server of the other family", SERVICE("sorry_server 2001:db8::9"),
	  "2:14: sorry_server 2001:db8::9 is IPv6 and its virtual_server IPv4: NAT and DR keep the "
	  "family\n" },
	{ "quorum_up", SERVICE("quorum_up \"/bin/true\" no-such-user"),
	  "2:23: there is no user \"no-such-user\"\n" },
	{ "passive_check, percent", SERVICE("passive_check {\npercent 101\n}"),
	  "3:9: percent must be a number from 1 to 100, not \"101\"\n" },
	{ "passive_check, by DR", SERVICE("lb_kind DR\npassive_check {\n}"),
	  "3:1: warning: \"passive_check\" has no effect: by DR and TUN the servers' answers do not pass "
	  "this box\n" },
	{ "passive_check, of UDP", SERVICE("protocol UDP\npassive_check {\n}"),
	  "3:1: warning: \"passive_check\" has no effect: it is about SYNs without an answer, and this "
	  "service is UDP\n" },
	{ "feedback without agents", SERVICE("feedback {\n}"),
	  "2:1: warning: \"feedback\" has no effect: no server reports a load (AGENT_CHECK), and none has "
	  "its response time measured (response, and a check)\n" },
	{ "feedback of nothing", SERVICE("feedback {\ncpu 0\n}"),
	  "2:1: feedback: cpu, memory, response and custom are all 0: no load would count\n" },
	{ "feedback that is stale at once", SERVICE("feedback {\ninterval 5\nstale 4\n}"),
	  "2:1: feedback: stale (4) is less than its interval (5): every report would be too old\n" },
	{ "feedback, ceiling", SERVICE("feedback {\nceiling 50\n}"),
	  "3:9: ceiling must be a number from 100 to 10000, not \"50\"\n" },
	{ "feedback, custom without its factor", SERVICE("feedback {\ncustom q\n}"),
	  "3:1: \"custom\" lacks a value: it is written custom NAME FACTOR\n" },
	{ "feedback, misspelt", SERVICE("feedback {\nsmothing 3\n}"),
	  "3:1: unknown keyword \"smothing\" in feedback (did you mean \"smoothing\"?)\n" },
	{ "check_via_dataplane, for nobody", SERVICE("check_via_dataplane"),
	  "2:1: warning: \"check_via_dataplane\" has no effect: it is for servers by DR and TUN, which own "
	  "the VIP, and here is none\n" },
	{ "alpha, misspelt", SERVICE("alhpa"),
	  "2:1: unknown keyword \"alhpa\" in virtual_server (did you mean \"alpha\"?)\n" },
};

/* ---- at the outermost level ---- */

static const struct conf_row top_rows[] = {
	{ "a group that does not exist",
	  "virtual_server_group grp {\n 192.0.2.1 80\n}\nvirtual_server group gpr {\n real_server "
	  "10.0.0.2\n}\n",
	  "4:22: there is no virtual_server_group \"gpr\" (did you mean grp?)\n" },
	{ "a group without its name", "virtual_server group {\n real_server 10.0.0.2\n}\n",
	  "1:16: \"virtual_server group\" lacks the name of its virtual_server_group\n" },
	{ "fwmark in a group",
	  "virtual_server_group g {\n fwmark 3\n}\nvirtual_server group g {\n real_server 10.0.0.2\n}\n",
	  "2:2: fwmark is not available: packets reach Sluice without passing a firewall that could mark "
	  "them; give their addresses and ports\n" },
	{ "a group without ports", "virtual_server_group g {\n 192.0.2.1\n 192.0.2.2 0\n}\n",
	  "2:2: 192.0.2.1 needs a port from 1 to 65535: all ports at once (port 0) take persistence, which "
	  "is not available yet\n3:12: 192.0.2.2 needs a port from 1 to 65535: all ports at once (port 0) "
	  "take persistence, which is not available yet\n" },
	{ "a group's ports backwards", "virtual_server_group g {\n 192.0.2.1 81-80\n}\n",
	  "2:12: the range of ports 81-80 runs backwards\n" },
	{ "a group's addresses backwards", "virtual_server_group g {\n 192.0.2.9-2 80\n}\n",
	  "2:2: the range 192.0.2.9-2 runs backwards\n" },
	{ "a group's line", "virtual_server_group g {\n 192.0.2.9 80 81\n}\n",
	  "2:2: a line of virtual_server_group is ADDRESS[-ADDRESS] PORT[-PORT], such as "
	  "192.0.2.10-192.0.2.19 80\n" },
	{ "a group too large", "virtual_server_group g {\n 192.0.2.1-9 1-65535\n}\n",
	  "2:2: this line is too much: a group can have 65536 members\n" },
	{ "a group twice",
	  "virtual_server_group g {\n 192.0.2.1 80\n}\nvirtual_server_group g {\n 192.0.2.2 80\n}\n",
	  "4:22: virtual_server_group \"g\" is defined in line 6 already\n" },
	{ "a group that is empty", "virtual_server_group g {\n}\n",
	  "1:22: warning: virtual_server_group \"g\" is empty: it lacks lines ADDRESS[-ADDRESS] "
	  "PORT[-PORT]\n" },
	{ "a member twice",
	  "virtual_server_group g {\n 192.0.2.1 80\n 192.0.2.1-2 80\n}\nvirtual_server group g {\n "
	  "real_server 10.0.0.2\n}\n",
	  "3:2: virtual_server TCP 192.0.2.1:80 is in line 7 already\n" },
	{ "what is wrong with a server of a group is said once",
	  "virtual_server_group g {\n 192.0.2.1-9 80\n}\nvirtual_server group g {\n lb_kind DR\n real_server "
	  "10.0.0.2 81\n real_server 10.0.0.1\n real_server 198.51.100.7\n}\n",
	  "6:23: warning: DR cannot change the port: port 80 of the virtual_server is used, not 81\n7:14: "
	  "real_server 10.0.0.1 is this box itself (port p, line 3): servers run elsewhere\n8:14: warning: "
	  "there is no way to real_server 198.51.100.7: no port's subnet, static_route or gateway leads "
	  "there\n" },
	{ "a server's port makes it one twice, for a member",
	  "virtual_server_group g {\n 192.0.2.1 80-81\n}\nvirtual_server group g {\n real_server 10.0.0.2\n "
	  "real_server 10.0.0.2 81\n}\n",
	  "6:14: real_server 10.0.0.2:81 is in this virtual_server already (line 10)\n" },
	{ "families of a group",
	  "virtual_server_group g {\n 192.0.2.1-2 80\n 2001:db8:9::1-2 80\n}\nvirtual_server group g {\n "
	  "real_server 10.0.0.2\n}\n",
	  "6:14: real_server 10.0.0.2 is IPv4 and its virtual_server IPv6: NAT and DR keep the family\n" },
	{ "a track_file without its file", "track_file f {\n}\n",
	  "1:12: track_file \"f\" lacks its file: file PATH\n" },
	{ "a track_file twice", "track_file f {\n file /a\n}\nvrrp_track_file f {\n file /b\n}\n",
	  "4:17: track_file \"f\" is defined in line 6 already\n" },
	{ "a track_file's path", "track_file f {\n file a\n}\n",
	  "2:7: file must be a path from the root, not \"a\"\n" },
	{ "a track_file's init_file", "track_file f {\n file /a\n init_file 0\n}\n",
	  "3:2: warning: \"init_file\" has no effect yet: files are read, and never written\n" },
	{ "SSL, a key alone", "SSL {\n key /etc/passwd\n}\n",
	  "1:1: SSL has a key, and lacks its certificate\n" },
	{ "SSL, a file that is not there", "SSL {\n ca /nowhere/ca.pem\n}\n",
	  "2:5: warning: ca \"/nowhere/ca.pem\": No such file or directory\n" },
	{ "SSL, a path", "SSL {\n ca ca.pem\n}\n", "2:5: ca must be a path from the root, not \"ca.pem\"\n" },
	{ "SSL, misspelt", "SSL {\n certificates /etc/passwd\n}\n",
	  "2:2: unknown keyword \"certificates\" in SSL (did you mean \"certificate\"?)\n" },
	{ "script_user", "global_defs {\n script_user no-such-user\n}\n",
	  "2:14: there is no user \"no-such-user\"\n" },
};

static void
in_real_server(void **state)
{
	conf_rows_check(real_rows, SL_COUNT(real_rows));
}

static void
in_virtual_server(void **state)
{
	conf_rows_check(service_rows, SL_COUNT(service_rows));
}

static void
at_the_outermost_level(void **state)
{
	conf_rows_check(top_rows, SL_COUNT(top_rows));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_real_server),
		cmocka_unit_test(in_virtual_server),
		cmocka_unit_test(at_the_outermost_level),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
