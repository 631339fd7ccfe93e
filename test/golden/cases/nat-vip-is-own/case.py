# SPDX-License-Identifier: BSD-3-Clause
"""A VIP may be an own address of the box: its service is balanced, ping and ARP are answered as before."""

from rig import *

config = (one_arm() + service("TCP", OWN4, 80, "NAT", [(SERVER4[1], 8080)])
          + service("UDP", OWN6, 53, "NAT", [(SERVER6[1], 5353)]))

WAN, ALL = PORT_MAC["wan"], "ff:ff:ff:ff:ff:ff"

tcp, udp = Flow(vip=OWN4), Flow("UDP", vip=OWN6, vport=53, sport=5353, client=CLIENT6)

traffic = [
    tcp.request(flags="S"), tcp.reply(flags="SA"), tcp.request(flags="A"),
    udp.request(b"q"), udp.reply(b"a"),
    (from_client(ip(CLIENT4, OWN4) / ICMP(type=8, id=1) / b"ping"),
     loosely(to_client(ip(OWN4, CLIENT4) / ICMP(type=0, id=1) / b"ping"), "ip4.ttl", "ip4.id", "ip4.flags")),
    (Frame("wan", Ether(src=GATEWAY_MAC, dst=ALL) / ARP(op=1, hwsrc=GATEWAY_MAC, psrc=GATEWAY4, pdst=OWN4)),
     Frame("wan", Ether(src=WAN, dst=GATEWAY_MAC) /
           ARP(op=2, hwsrc=WAN, psrc=OWN4, hwdst=GATEWAY_MAC, pdst=GATEWAY4))),
]

conns = ["TCP ESTABLISHED 203.0.113.5:40000 198.51.100.2:80 10.0.0.11:8080",
         "UDP UDP [2001:db8:c::5]:40000 [2001:db8:1::2]:53 [fd00::11]:5353"]
