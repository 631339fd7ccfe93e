# SPDX-License-Identifier: BSD-3-Clause
"""What a connection has left after its last packet, by state, is LVS's default: 60 s half-open, 900 s established,
120 s in FIN_WAIT and TIME_WAIT, 60 s in CLOSE_WAIT, 10 s in CLOSE, 300 s for UDP."""

from rig import *

config = (one_arm() + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080)])
          + service("UDP", VIP4, 53, "NAT", [(SERVER4[1], 5353)]))

half, up, fin, closing, closed, dead = (Flow(cport=port) for port in range(1, 7))
udp = Flow("UDP", vport=53, sport=5353, cport=7)

traffic = [half.request(flags="S")]
for flow in (up, fin, closing, closed, dead):
    traffic += [flow.request(flags="S"), flow.reply(flags="SA"), flow.request(flags="A")]
traffic += [fin.reply(flags="FA"), closing.request(flags="FA"), closed.request(flags="FA"), closed.reply(flags="FA"),
            dead.reply(flags="R"), udp.request(b"q")]

conns = [
    "TCP SYN_RECV    203.0.113.5:1 192.0.2.1:80 10.0.0.11:8080",
    "TCP ESTABLISHED 203.0.113.5:2 192.0.2.1:80 10.0.0.11:8080",
    "TCP FIN_WAIT    203.0.113.5:3 192.0.2.1:80 10.0.0.11:8080",
    "TCP CLOSE_WAIT  203.0.113.5:4 192.0.2.1:80 10.0.0.11:8080",
    "TCP TIME_WAIT   203.0.113.5:5 192.0.2.1:80 10.0.0.11:8080",
    "TCP CLOSE       203.0.113.5:6 192.0.2.1:80 10.0.0.11:8080",
    "UDP UDP         203.0.113.5:7 192.0.2.1:53 10.0.0.11:5353",
]
expires = {"SYN_RECV": 60, "ESTABLISHED": 900, "FIN_WAIT": 120, "CLOSE_WAIT": 60, "TIME_WAIT": 120, "CLOSE": 10,
           "UDP": 300}
