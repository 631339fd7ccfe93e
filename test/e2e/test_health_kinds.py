# SPDX-License-Identifier: BSD-3-Clause
"""
Each kind of check against a real server of its kind, which is up, fails in
many ways, and comes back: noticed within the bound, told in words, and
followed by the traffic.
"""

import hashlib

from case import test
from farm import Certificates, Mail, Names, Odd, Web
from health import (Kind, changed, checker, dropped, killed, paused, rejected, replaced, reset, unaddressed,
                    ways_test)
from sluice import block

LATE = r"tim|answer|late|within"
REFUSED = r"refus|reset|unreachable"
UNREACHABLE = r"unreach|no route|refus|within"
PAGE = "the page of a web farm\\n"
DIGEST = hashlib.md5(PAGE.replace("\\n", "\n").encode()).hexdigest()
HOST = Certificates.host


def web(machine, address, **more):
    return Web(machine, address, 80, f'return 200 "{PAGE}";', **more).start()


def shows(certificate):
    """Its server has another certificate, of those that Certificates knows."""
    def breaks(program):
        program.change(tls=Certificates(program.rig).pair(certificate))
        return program.restore
    return breaks


KINDS = {
    "tcp": Kind(
        make=web,
        lines=lambda program: checker("TCP_CHECK"),
        ways={
            "killed-4": (killed, REFUSED), "killed-6": (killed, REFUSED),
            "dropped-4": (dropped, LATE), "dropped-6": (dropped, LATE),
            "rejected-4": (rejected, REFUSED), "rejected-6": (rejected, REFUSED),
            "reset-4": (reset, REFUSED), "reset-6": (reset, REFUSED),
            "unaddressed-4": (unaddressed, UNREACHABLE), "unaddressed-6": (unaddressed, UNREACHABLE),
        }),
    "http": Kind(
        make=web,
        lines=lambda program: checker("HTTP_GET", *block("url", "path /", f"digest {DIGEST}").splitlines()),
        ways={
            "killed": (killed, REFUSED),
            "paused": (paused, LATE),
            "dropped": (dropped, LATE),
            "rejected": (rejected, REFUSED),
            "status-503": (changed(answer='return 503 "no\\n";'), r"503"),
            "status-404": (changed(answer="return 404;"), r"404"),
            "other-page": (changed(answer='return 200 "other\\n";'), r"digest|md5"),
            "silent": (replaced("silent"), LATE),
            "drip": (replaced("drip", "HTTP/1.0 200 OK\\r\\n\\r\\nx"), LATE),
            "headers": (replaced("headers"), r"head|long|large|much|more than|big"),
            "endless": (replaced("body"), r"tim|digest|long|large|much|more than|big|end"),
            "close": (replaced("close"), r"close|end|answer|reset"),
            "reset": (replaced("reset"), r"reset|close"),
            "garbage": (replaced("garbage"), r"HTTP|not|bad|garbage|status"),
        }),
    "http-match": Kind(
        make=lambda machine, address: web(machine, address, server_name=HOST),
        lines=lambda program: checker("HTTP_GET", f"virtualhost {HOST}", *block(
            "url", "path /status", "status_code 200 301-302", 'regex "web +farm"').splitlines()),
        ways={
            "status": (changed(answer='return 201 "the page of a web farm\\n";'), r"201"),
            "no-match": (changed(answer='return 200 "the page of a webfarm\\n";'), r"regex|match|pattern"),
            "other-host": (changed(server_name="www.example.net"), r"404"),
            "killed": (killed, REFUSED),
            "paused": (paused, LATE),
        }),
    "ssl": Kind(
        make=lambda machine, address: web(machine, address, tls=Certificates(machine.rig).pair("good")),
        globals=lambda rig, programs: block("SSL", f"ca {Certificates(rig).ca}"),
        lines=lambda program: checker("SSL_GET", "enable_sni", "tls_verify on", f"virtualhost {HOST}",
                                      *block("url", "path /", f"digest {DIGEST}").splitlines()),
        ways={
            "expired": (shows("expired"), r"expired"),
            "other-name": (shows("other"), r"mail\.example\.org"),
            "self-signed": (shows("self"), r"self.signed"),
            "stranger": (shows("stranger"), r"issuer|authority|local|verif|chain"),
            "plain": (changed(tls=None), r"TLS|SSL|version|record"),
            "status-503": (changed(answer='return 503 "no\\n";'), "503"),
            "killed": (killed, REFUSED),
            "paused": (paused, LATE),
            "silent": (replaced("silent"), LATE),
            "drip": (replaced("drip", "\\x16\\x03\\x03\\x00\\x50" + "a" * 80), LATE),
            "close": (replaced("close"), r"close|end|eof|reset"),
            "garbage": (replaced("garbage"), r"TLS|SSL|version|record"),
        }),
    # Without tls_verify any certificate will do, as it always has with keepalived.
    "ssl-plain": Kind(
        make=lambda machine, address: web(machine, address, tls=Certificates(machine.rig).pair("self")),
        lines=lambda program: checker("SSL_GET", *block("url", "path /", "status_code 200").splitlines()),
        ways={
            "killed": (killed, REFUSED),
            "status-403": (changed(answer="return 403;"), r"403"),
            "dropped": (dropped, LATE),
            "plain": (changed(tls=None), r"TLS|SSL|version|record"),
        }),
    "smtp": Kind(
        make=lambda machine, address: Mail(machine, address, 25).start(),
        lines=lambda program: checker("SMTP_CHECK", "helo_name checker.example.com"),
        ways={
            "killed": (killed, REFUSED),
            "paused": (paused, LATE),
            "dropped": (dropped, LATE),
            "rejected": (rejected, REFUSED),
            "banner-554": (replaced("smtp", "554 go away", "250 hello"), r"554"),
            "helo-550": (replaced("smtp", "220 welcome", "550 go away"), r"550"),
            "silent": (replaced("silent"), LATE),
            "drip": (replaced("drip", "220 hello\\r\\n"), LATE),
            "garbage": (replaced("garbage"), r"220|SMTP|long|banner|not|bad|line"),
            "close": (replaced("close"), r"close|end|answer|reset"),
        }),
    "dns": Kind(
        make=lambda machine, address: Names(machine, address).start(),
        lines=lambda program: checker("DNS_CHECK", "type A", "name www.example.com"),
        proto="UDP",
        ways={
            "killed-4": (killed, REFUSED), "killed-6": (killed, REFUSED),
            "paused-4": (paused, LATE), "paused-6": (paused, LATE),
            "dropped": (dropped, LATE),
            "rejected": (rejected, REFUSED),
            "servfail": (replaced("udp-rcode", 2), r"SERVFAIL|rcode|code 2"),
            "refused": (replaced("udp-rcode", 5), r"REFUSED|rcode|code 5"),
            "wrong-id": (replaced("udp-wrong-id"), r"id|tim|answer"),
            "no-answer": (replaced("udp-not-answer"), r"answer|query|tim|response"),
            "garbage": (replaced("udp-say", "00ff17"), r"short|not|tim|bad|id|answer"),
        }),
    "udp": Kind(
        make=lambda machine, address: Odd(machine, address, 7, "udp-echo").start(),
        lines=lambda program: checker("UDP_CHECK", "payload 70696e67", "require_reply 70696e67",
                                      "min_reply_length 4", "max_reply_length 8"),
        proto="UDP",
        ways={
            "killed-4": (killed, REFUSED), "killed-6": (killed, REFUSED),
            "paused-4": (paused, LATE), "paused-6": (paused, LATE),
            "dropped": (dropped, LATE),
            "rejected": (rejected, REFUSED),
            "other-reply": (replaced("udp-say", "706f6e67"), r"reply|match|answer"),
            "short-reply": (replaced("udp-say", "706966"), r"reply|length|short|bytes"),
            "long-reply": (replaced("udp-say", "70696e67" * 3), r"reply|length|long|bytes"),
        }),
    # Without require_reply only the word of the kernel at the other end counts.
    "udp-send": Kind(
        make=lambda machine, address: Odd(machine, address, 7, "udp-echo").start(),
        lines=lambda program: checker("UDP_CHECK", "payload 70696e67"),
        proto="UDP",
        ways={
            "killed-4": (killed, REFUSED), "killed-6": (killed, REFUSED),
            "rejected-4": (rejected, REFUSED), "rejected-6": (rejected, REFUSED),
        }),
}


def ways(t, kind):
    ways_test(t, kind)


for _name, _kind in KINDS.items():
    test(f"health-{_name}", cases=tuple(_kind.ways), kind=_kind)(ways)
