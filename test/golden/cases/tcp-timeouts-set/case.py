# SPDX-License-Identifier: BSD-3-Clause
"""lvs_timeouts sets what a connection has left in ESTABLISHED, FIN_WAIT and as UDP; the other states keep LVS's."""

from rig import *

config = (one_arm(global_defs="lvs_timeouts tcp 700 tcpfin 30 udp 45")
          + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080)])
          + service("UDP", VIP4, 53, "NAT", [(SERVER4[1], 5353)]))

half, up, fin, closing, udp = Flow(cport=1), Flow(cport=2), Flow(cport=3), Flow(cport=4), Flow(
    "UDP", vport=53, sport=5353, cport=5)

traffic = [half.request(flags="S")]
for flow in (up, fin, closing):
    traffic += [flow.request(flags="S"), flow.reply(flags="SA"), flow.request(flags="A")]
traffic += [fin.reply(flags="FA"), closing.request(flags="FA"), udp.request(b"q")]

conns = [
    "TCP SYN_RECV    203.0.113.5:1 192.0.2.1:80 10.0.0.11:8080",
    "TCP ESTABLISHED 203.0.113.5:2 192.0.2.1:80 10.0.0.11:8080",
    "TCP FIN_WAIT    203.0.113.5:3 192.0.2.1:80 10.0.0.11:8080",
    "TCP CLOSE_WAIT  203.0.113.5:4 192.0.2.1:80 10.0.0.11:8080",
    "UDP UDP         203.0.113.5:5 192.0.2.1:53 10.0.0.11:5353",
]
expires = {"SYN_RECV": 60, "ESTABLISHED": 700, "FIN_WAIT": 30, "CLOSE_WAIT": 60, "UDP": 45}
