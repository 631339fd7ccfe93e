#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
#
# sluicectl against a daemon without packets: every verb, what it prints, and
# every exit code. Needs no root: the socket lies in a directory of its own.
#
# usage: test_sluicectl.sh SLUICED-FAKE SLUICECTL SOURCE-ROOT [sanitized]

set -u
daemon=$1
ctl=$2
root=$3
sanitized=${4:-}
dir=$(mktemp -d)
pid=
failed=0
checks=0

finish() {
	[ -z "$pid" ] || { kill -CONT "$pid"; kill "$pid"; wait "$pid"; } 2>/dev/null
	rm -rf "$dir"
}
trap finish EXIT
trap 'exit 1' INT TERM

# check EXIT-CODE PATTERN ARGUMENTS...: PATTERN (grep -E; empty: nothing is printed) is
# looked for in standard output if EXIT-CODE is 0, else in standard error.
check() {
	want=$1
	pattern=$2
	shift 2
	"$ctl" -s "$dir/run/control.sock" "$@" >"$dir/out" 2>"$dir/err"
	code=$?
	checks=$((checks + 1))
	said=$dir/err
	[ "$want" -ne 0 ] || said=$dir/out
	if [ "$code" -ne "$want" ]; then
		echo "FAILED: sluicectl $*: exit code $code, not $want"
	elif [ "$want" -eq 0 ] && [ -s "$dir/err" ]; then
		echo "FAILED: sluicectl $*: says something on standard error"
	elif [ -z "$pattern" ] && [ -s "$said" ]; then
		echo "FAILED: sluicectl $*: should print nothing"
	elif [ -n "$pattern" ] && ! grep -Eq -e "$pattern" "$said"; then
		echo "FAILED: sluicectl $*: nothing matches $pattern"
	else
		return
	fi
	sed 's/^/  out: /' "$dir/out" | head -20
	sed 's/^/  err: /' "$dir/err" | head -20
	failed=$((failed + 1))
}

# same NAME: standard input is what the last check must have printed, to the letter.
same() {
	checks=$((checks + 1))
	diff -u - "$dir/out" >"$dir/diff" && return
	echo "FAILED: $1 looks different"
	cat "$dir/diff"
	failed=$((failed + 1))
}

start() {
	FAKE_DP_CONNS=$1 "$daemon" -f "$dir/sluice.conf" --socket "$dir/run/control.sock" 2>"$dir/log" &
	pid=$!
	tries=0
	until "$ctl" -s "$dir/run/control.sock" status >/dev/null 2>&1; do
		tries=$((tries + 1))
		if [ $tries -gt 100 ] || ! kill -0 "$pid" 2>/dev/null; then
			echo "FAILED: the daemon does not start"
			cat "$dir/log"
			exit 1
		fi
		sleep 0.1
	done
}

stop() {
	kill "$pid"
	wait "$pid"
	pid=
}

cat >"$dir/sluice.conf" <<'CONF'
global_defs {
    router_id lb1
}
port wan {
    device net_null0
    address 10.0.0.1/24
    address 2001:db8::2/64
    tap on
}
local_address_group snat {
    10.0.0.200 wan
}
virtual_server 192.0.2.1 80 {
    protocol TCP
    lb_algo wlc
    lb_kind NAT
    real_server 10.0.0.11 8080 {
        weight 2
    }
    real_server 10.0.0.12 8080 {
        weight 1
    }
}
virtual_server 2001:db8::1 53 {
    protocol UDP
    lb_algo rr
    lb_kind DR
    real_server 2001:db8::11 53 {
        weight 1
    }
}
CONF
sed 's/weight 1$/weight 5/' "$dir/sluice.conf" >"$dir/other.conf"
sed 's/weight 2$/weight 2\n        uthreshold 100\n        lthreshold 80/' "$dir/sluice.conf" >"$dir/limited.conf"
sed 's/virtual_server 192/virtual_servr 192/' "$dir/sluice.conf" >"$dir/bad.conf"

# ---- nobody there ----
check 3 'sluiced running' status
mkdir "$dir/run"
: >"$dir/run/control.sock"
check 3 'control.sock' status
rm -r "$dir/run"

# ---- usage ----
check 2 'usage'
check 2 'did you mean "service list"' servce list
check 2 'service add' service
check 2 'there is no verb "make coffee"' make coffee
check 2 'VIP:PORT is missing' service add tcp
check 2 'REAL:PORT is missing' real add tcp 192.0.2.1:80
check 2 'unexpected "wieght" \(did you mean weight\?\)' real add tcp 192.0.2.1:80 10.0.0.1:80 wieght 2
check 2 'weight wants N' real add tcp 192.0.2.1:80 10.0.0.1:80 weight
check 2 'weight "two": a number' real add tcp 192.0.2.1:80 10.0.0.1:80 weight two
check 2 'weight is given twice' real add tcp 192.0.2.1:80 10.0.0.1:80 weight 1 weight 2
check 2 'unexpected "now"' status now
check 2 'does not know that option' status --rate
check 2 'unrecognized option' --colour status
check 2 'seconds are wanted' -t soon status
check 2 'No such file' config check "$dir/none.conf"
check 2 'UTF-8' service del tcp "$(printf '\377')"
check 0 'service edit .*change a virtual service' help
check 0 'sluicectl real add tcp\|udp VIP:PORT REAL:PORT \[weight N\]' help real add
check 0 '\[client ADDRESS\[/LEN\]\[:PORT\]\] \[vip ADDRESS\[:PORT\]\]' help conn list
check 0 '\[tcp\|udp VIP:PORT\] \[--rate\] \[--watch N\]' help stats
check 2 '"service" needs its second word' service
check 0 '^sluicectl [0-9]' --version

# ---- help of a verb, and of verbs that begin with the same word ----
check 0 . help ha
same 'help ha' <<'END'
sluicectl ha status [--watch N] [--all]
  vrrp_instances, channels to the peer, connection sync (--all: counters)
sluicectl ha failover [INSTANCE] [--force]
  give the addresses of one instance, or of all, to the peer (--force: even if none is heard)
sluicectl ha release [INSTANCE]
  end what a failover holds back: the priority decides again
END
cp "$dir/out" "$dir/help"
check 0 . ha -h
same 'ha -h' <"$dir/help"
check 0 . help ha status
same 'help ha status' <<'END'
sluicectl ha status [--watch N] [--all]
  vrrp_instances, channels to the peer, connection sync (--all: counters)
END
cp "$dir/out" "$dir/help"
check 0 . ha status -h
same 'ha status -h' <"$dir/help"
check 0 '^sluicectl ha failover \[INSTANCE\] \[--force\]$' help ha failover
check 0 '^sluicectl ha failover \[INSTANCE\] \[--force\]$' ha failover VI_1 --help
check 0 '^sluicectl conn count ' help conn
check 2 'there is no verb "ha stauts" \(did you mean "ha status"\?\)' help ha stauts
check 2 'there is no verb "ha stauts" \(did you mean "ha status"\?\)' ha stauts -h
check 0 'service edit .*change a virtual service' -h

# ---- every verb ----
start 4
check 0 '^router id    lb1$' status
check 0 '"router_id":"lb1"' -j status
check 0 'wlc' service list
same 'service list' <<'TABLE'
PROTO  SERVICE               SCHEDULER  METHOD  TUNNEL  WEIGHT  ACTIVE  INACTIVE  NOTE
tcp    192.0.2.1:80          wlc        nat                          4         4
       -> 10.0.0.12:8080                nat                  1       2         2
       -> 10.0.0.11:8080                nat                  2       2         2
udp    [2001:db8::1]:53      rr         dr                           0         4
       -> [2001:db8::11]:53             dr                   1       0         4
TABLE
check 0 '^udp ' service list udp '[2001:db8::1]:53'
check 0 '' service add tcp 192.0.2.9:80 scheduler rr method nat
check 0 '' real add tcp 192.0.2.9:80 10.0.0.13:80 weight 7
check 0 '' real drain tcp 192.0.2.9:80 10.0.0.13:80
check 0 '10.0.0.13:80 .* 7 .* draining$' service list tcp 192.0.2.9:80
check 0 '' real undrain tcp 192.0.2.9:80 10.0.0.13:80
check 0 '' real edit tcp 192.0.2.9:80 10.0.0.13:80 weight 3
check 0 '10.0.0.13:80 .* 3  ' service list
check 0 '' service edit tcp 192.0.2.9:80 scheduler wrr
check 0 '192.0.2.9:80 +wrr ' service list
check 0 '' real del tcp 192.0.2.9:80 10.0.0.13:80 flush
check 0 '' service del tcp 192.0.2.9:80
check 0 'ESTABLISHED' conn list proto tcp real 10.0.0.11:8080
same 'conn list' <<'TABLE'
PROTO  CLIENT           VIP           REAL            LOCAL  METHOD  EXPIRES  WORKER  STATE
tcp    192.64.0.2:1024  192.0.2.1:80  10.0.0.11:8080         nat       01:00       0  ESTABLISHED
tcp    192.64.0.2:1025  192.0.2.1:80  10.0.0.11:8080         nat       01:01       0  ESTABLISHED
tcp    192.64.0.2:1026  192.0.2.1:80  10.0.0.11:8080         nat       01:01       0  FIN_WAIT
tcp    192.64.0.2:1027  192.0.2.1:80  10.0.0.11:8080         nat       01:01       0  TIME_WAIT
TABLE
check 0 '1027 .* TIME_WAIT$' conn list client 192.64.0.0/16:1027 vip 192.0.2.1 state time_wait limit 1
check 0 '^all +12$' conn count
check 0 '^all +4$' conn count proto udp
check 0 '^\[\]$' -j conn list client 203.0.113.1
check 0 '^all +12 +120 ' stats
check 0 '^tcp .* 8 +80 +80 +8000 +8000$' stats tcp 192.0.2.1:80
check 0 'CONNS/S' stats --rate
check 0 '^ +3  no_service +0:3 +no virtual service' drops
check 0 '^ +0  truncated ' drops --all
check 0 ' yes ' workers
check 0 '^wan +up +10 Gbit/s' ports
check 0 '10.0.0.11 .* reachable .* yes$' neigh
check 0 'is good' config check
check 0 'is good' config check "$dir/other.conf"
check 0 '^$|changes' -j config diff
check 0 '10.0.0.12:8080' config diff "$dir/other.conf"
check 0 'applied: 2 changes' config apply "$dir/other.conf"
check 0 '10.0.0.12:8080 .* 5  ' service list
check 0 'applied: ' config apply
check 0 '10.0.0.12:8080 .* 1  ' service list

check 0 '^    real_server 10.0.0.11 8080 \{$' config save
"$ctl" -s "$dir/run/control.sock" config save >"$dir/saved.conf"
check 0 '' config diff "$dir/saved.conf"
check 0 '^\["# Written by' -j config save

# ---- two boxes ----
check 0 'no vrrp_instance' ha status
check 0 '"ha":null' -j status
check 1 'no vrrp_instance "VI_9"' ha failover VI_9
check 2 'does not know that option' ha release --force
check 0 'sluicectl ha failover \[INSTANCE\] \[--force\]' help ha failover
cat "$dir/sluice.conf" - >"$dir/ha.conf" <<'CONF'
vrrp_instance VI_1 {
    interface wan
    virtual_router_id 51
    priority 150
    version 3
    advert_int 0.05
    virtual_ipaddress {
        10.0.0.100/24
    }
}
heartbeat serial line {
    device /dev/null
    key "sixteen or so octets"
}
connection_sync {
    interface lo
    peer 192.0.2.9
    instance VI_1
    gate off
    key "sixteen or so octets"
}
CONF
check 0 'address 10.0.0.100/24 of vrrp_instance VI_1 on port wan' config apply "$dir/ha.conf"
tries=0
until "$ctl" -s "$dir/run/control.sock" ha status | grep -q '^VI_1 *MASTER *150 '; do
	tries=$((tries + 1))
	[ $tries -le 100 ] || { echo "FAILED: VI_1 does not become MASTER"; failed=$((failed + 1)); break; }
	sleep 0.1
done
check 0 '^INSTANCE +STATE +PRIORITY +SINCE +MASTER +WHY$' ha status
check 0 '^VI_1 +MASTER +150 +[0-9]+ s +this box +no MASTER is heard$' ha status
check 0 '^line +serial +silent +never ' ha status
check 0 '^vrrp VI_1 +vrrp +speaks +never ' ha status
check 0 '^VI_1 +adverts_sent +[1-9]' ha status --all
check 0 '^connection sync: sends, alone: nobody has been heard$' ha status
check 0 '"peer_state":"none"' -j ha status
check 0 '"state":"MASTER"' -j ha status
check 0 '^two boxes    instances: 1, MASTER: 1, FAULT: 0$' status
check 0 '^VI_1$' complete ha failover
check 1 'peer' ha failover
check 0 '' ha failover VI_1 --force
check 0 '^VI_1 +BACKUP \(held back\) +150 ' ha status
check 0 '' ha release
tries=0
until "$ctl" -s "$dir/run/control.sock" ha status | grep -q '^VI_1 *MASTER *150 '; do
	tries=$((tries + 1))
	[ $tries -le 100 ] || { echo "FAILED: VI_1 does not become MASTER again"; failed=$((failed + 1)); break; }
	sleep 0.1
done

# ---- tunnels, full NAT, options ----
check 2 'toa "maybe": on or off is wanted' service edit tcp 192.0.2.1:80 toa maybe
check 0 '\[tunnel ipip\|gue:PORT\[:SUM\]\|gre\[:SUM\]\]' help real add
check 0 '\[mss_clamp auto\|N\|off\] \[reject on\|off\]' help service edit
check 0 '' service add tcp 192.0.2.7:80 scheduler rr method tun tunnel gue:6080 mss_clamp auto reject off
check 0 '' real add tcp 192.0.2.7:80 10.0.0.31:80
check 0 '' real add tcp 192.0.2.7:80 '[2001:db8::31]:80' tunnel gre:+c
check 0 '' real add tcp 192.0.2.7:80 10.0.0.32:8080 method nat
check 0 'gue:6080:-c' service list tcp 192.0.2.7:80
same 'service list of tunnels' <<'TABLE'
PROTO  SERVICE               SCHEDULER  METHOD  TUNNEL       WEIGHT  ACTIVE  INACTIVE  NOTE
tcp    192.0.2.7:80          rr         tun     gue:6080:-c               6         6  mss_clamp auto reject off
       -> 10.0.0.32:8080                nat                       1       2         2
       -> [2001:db8::31]:80             tun     gre:+c            1       2         2
       -> 10.0.0.31:80                  tun     gue:6080:-c       1       2         2
TABLE
check 0 '' service add tcp 192.0.2.8:80 scheduler rr method fnat laddr_group_name snat toa on strip_tcp_timestamps on mss_clamp 1400
check 0 '' real add tcp 192.0.2.8:80 10.0.0.33:8080
check 0 '192.0.2.8:80 .* laddr_group_name snat toa strip_tcp_timestamps mss_clamp 1400$' service list tcp 192.0.2.8:80
check 0 '10.0.0.33:8080  10.0.0.200:1024  fnat ' conn list real 10.0.0.33:8080
check 0 '' service edit tcp 192.0.2.8:80 toa off strip_tcp_timestamps off mss_clamp off reject on
check 0 '192.0.2.8:80 .* laddr_group_name snat$' service list tcp 192.0.2.8:80
check 1 'gue:PORT' real edit tcp 192.0.2.7:80 10.0.0.31:80 tunnel gue
check 1 'FNAT needs laddr_group_name' service edit tcp 192.0.2.8:80 laddr_group_name ''
check 1 'out of range|536' service edit tcp 192.0.2.8:80 mss_clamp 9
check 0 '"mss_clamp":"off"' -j service list tcp 192.0.2.8:80
check 0 'ICMP errors and resets sent: 4, not sent because of answer_rate: 5$' stats
check 0 'ANSWERED +LIMITED ' workers
check 0 ' sl-wan +7 +0 ' ports
check 0 '^10.0.0.200 +snat +wan +200 +100 +64512$' locals
check 0 '"tcp_used":200' -j locals
check 0 '^PROTO +SERVICE +SERVER +STATE +SINCE +NEXT +WEIGHT +WHY$' health
check 0 ' up ' health --all
check 0 '"state":"up"' -j health
check 1 'does not exist|no such' health tcp 192.0.2.77:80
check 0 '' service del tcp 192.0.2.7:80
check 0 '' service del tcp 192.0.2.8:80

# ---- what may follow ----
# follows WORDS-OF-THE-ANSWER WORD...
follows() {
	want=$1
	shift
	checks=$((checks + 1))
	got=$("$ctl" -s "$dir/run/control.sock" complete "$@" | tr '\n' ' ')
	[ "$got" = "$want" ] && return
	echo "FAILED: after \"$*\" comes \"$got\", not \"$want\""
	failed=$((failed + 1))
}
follows 'status service real conn stats drops workers ports neigh locals health monitor ha config help '
follows 'list count ' conn
follows 'status failover release ' ha
follows '--force ' ha failover VI_1
follows '--watch --all ' ha status
follows '' real frobnicate
follows 'tcp udp ' real add
follows '192.0.2.1:80 ' real add tcp
follows '192.0.2.1:80 [2001:db8::1]:53 ' conn list vip
follows '10.0.0.12:8080 10.0.0.11:8080 ' real drain tcp 192.0.2.1:80
follows 'weight method tunnel ' real add tcp 192.0.2.1:80 10.0.0.13:80
follows 'method tunnel ' real add tcp 192.0.2.1:80 10.0.0.13:80 weight 2
follows 'nat dr tun fnat ' real add tcp 192.0.2.1:80 10.0.0.13:80 weight 2 method
follows 'ipip gue: gre ' real add tcp 192.0.2.1:80 10.0.0.13:80 tunnel
follows 'on off ' service edit tcp 192.0.2.1:80 reject
follows 'auto off ' service edit tcp 192.0.2.1:80 toa on mss_clamp
follows 'flush ' real del tcp 192.0.2.1:80 10.0.0.11:8080
follows '' real del tcp 192.0.2.1:80 10.0.0.11:8080 flush
follows '--rate --watch ' stats tcp 192.0.2.1:80
follows '@file ' config check
for name in $("$ctl" complete service edit tcp 192.0.2.1:80 scheduler); do
	check 0 '' service edit tcp 192.0.2.1:80 scheduler "$name"
done
check 0 '' service edit tcp 192.0.2.1:80 laddr_group_name snat
for name in $("$ctl" complete service edit tcp 192.0.2.1:80 method); do
	check 0 '' service edit tcp 192.0.2.1:80 method "$name"
done
check 0 '' service edit tcp 192.0.2.1:80 scheduler wlc method nat laddr_group_name ''

# completed LINE COMPLETIONS: what bash offers at the end of the line
completed() {
	checks=$((checks + 1))
	got=$(
		# shellcheck source=/dev/null
		. "$root/conf/completions/sluicectl.bash"
		# shellcheck disable=SC2317
		compopt() { :; }
		COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDS=("$ctl") COMPREPLY=()
		_sluicectl
		echo "${COMPREPLY[*]}"
	)
	[ "$got" = "$2" ] && return
	echo "FAILED: bash completes \"$1\" to \"$got\", not \"$2\""
	failed=$((failed + 1))
}
completed 'sluicectl st' 'status stats'
completed 'sluicectl -j config ' 'check apply diff save'
completed 'sluicectl help real u' 'undrain'
completed 'sluicectl --ver' '--version'
completed "sluicectl -s $dir/run/control.sock real drain tcp 192" '192.0.2.1:80'
completed "sluicectl -s $dir/run/control.sock real drain tcp 192.0.2.1:" '80'
completed "sluicectl -s $dir/run/con" "$dir/run/control.sock"
completed "sluicectl config check $dir/slui" "$dir/sluice.conf"

# ---- the manual has every verb ----
"$ctl" help | sed -n 's/^  \([a-z]* \{0,1\}[a-z]*\)  .*/\1/p' >"$dir/verbs"
checks=$((checks + 1))
[ "$(wc -l <"$dir/verbs")" -ge 20 ] || {
	echo "FAILED: help lists too few verbs"
	failed=$((failed + 1))
}
while read -r verb; do
	checks=$((checks + 1))
	grep -Eq "^(\.It )?\.?Cm $verb( |\$)" "$root/doc/man/sluicectl.1" && continue
	echo "FAILED: doc/man/sluicectl.1 does not know \"$verb\""
	failed=$((failed + 1))
done <"$dir/verbs"

# ---- refused ----
check 1 'already exists' service add tcp 192.0.2.1:80
check 1 'does not exist' service del tcp 192.0.2.9:80
check 1 'did you mean wlc' service edit tcp 192.0.2.1:80 scheduler wlcc
check 1 '"vip"' service del tcp 192.0.2.1
check 1 'does not exist' -j real del tcp 192.0.2.1:80 10.0.0.99:80
grep -q '{"error":{"code":-32004,' "$dir/out" || {
	echo "FAILED: no error object with -j"
	failed=$((failed + 1))
}
check 1 'did you mean FIN_WAIT' conn list state finwait

# ---- bad configuration ----
check 4 "^$dir/bad.conf:13:1: .*virtual_server" config check "$dir/bad.conf"
check 4 'nothing is changed' config apply "$dir/bad.conf"
check 4 'bad.conf:13:1' config diff "$dir/bad.conf"
check 4 '"?' -j config check "$dir/bad.conf"
cp "$dir/bad.conf" "$dir/sluice.conf"
check 4 'sluice.conf:13:1' config check
check 4 'sluice.conf:13:1' config apply
check 0 '192.0.2.1:80' service list
cp "$dir/other.conf" "$dir/sluice.conf"

# ---- limits ----
check 0 'lthreshold 0 -> 80' config apply "$dir/limited.conf"
check 0 '10.0.0.11:8080 .* uthreshold 100 lthreshold 80$' service list tcp 192.0.2.1:80

# ---- changes are logged with who made them ----
checks=$((checks + 1))
grep -q "uid $(id -u) pid [0-9]*: service.add .*192.0.2.9:80.*: done" "$dir/log" || {
	echo "FAILED: the change is not in the log"
	failed=$((failed + 1))
}

# ---- timed out: the daemon stands still ----
kill -STOP "$pid"
check 5 'not answered within 1 s' -t 1 status
kill -CONT "$pid"
check 0 'lb1' status
stop

# ---- a long list: 300,000 connections, in little memory ----
start 100000
checks=$((checks + 1))
lines=$( ([ -n "$sanitized" ] || ulimit -v 32768
	"$ctl" -s "$dir/run/control.sock" conn list) | wc -l)
[ "$lines" -eq 300001 ] || {
	echo "FAILED: conn list has $lines lines instead of 300001"
	failed=$((failed + 1))
}
check 0 '^all +300000$' conn count
checks=$((checks + 1))
"$ctl" -s "$dir/run/control.sock" conn list | head -1 >/dev/null
check 0 'lb1' status
stop
check 3 'sluiced running' status

echo "$checks checks, $failed failed"
[ $failed -eq 0 ]
