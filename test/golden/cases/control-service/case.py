# SPDX-License-Identifier: BSD-3-Clause
"""A service added by command works from its next packet on; removed, it takes no new connection, those it had go on,
and its VIP is nobody's then; services beside it do not notice."""

from rig import *

config = one_arm(port="closed_port drop") + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080)])

NEW = ("udp", "192.0.2.2:53")

old = Flow()
new = Flow("UDP", vip=OTHER_VIP4, vport=53, server=2, sport=5353)
later = Flow("UDP", vip=OTHER_VIP4, vport=53, server=2, sport=5353, cport=7)

also_out = [announcement(OTHER_VIP4)]

traffic = [
    old.request(flags="S"), (new.sent(b"early"), None),
    Then(("service", "add", *NEW, "scheduler", "rr", "method", "nat"), ("real", "add", *NEW, "10.0.0.12:5353")),
    new.request(b"q"), new.reply(b"a"), old.reply(flags="SA"),
    Then(("service", "del", *NEW), conns=["TCP SYN_RECV 203.0.113.5:40000 192.0.2.1:80 10.0.0.11:8080",
                                          "UDP UDP 203.0.113.5:40000 192.0.2.2:53 10.0.0.12:5353"]),
    new.request(b"q2"), new.reply(b"a2"), (later.sent(b"late"), None), old.request(flags="A"),
]

drops = {"transit": 1, ("transit", "no_service"): 1}
conns = ["TCP ESTABLISHED 203.0.113.5:40000 192.0.2.1:80 10.0.0.11:8080",
         "UDP UDP 203.0.113.5:40000 192.0.2.2:53 10.0.0.12:5353"]
stats = {
    # service, server                      Conns InPkts OutPkts InBytes OutBytes Active InAct
    "TCP 192.0.2.1:80":                    (1, 2, 1, 80, 40),
    "TCP 192.0.2.1:80 -> 10.0.0.11:8080":  (1, 2, 1, 80, 40, 1, 0),
}
