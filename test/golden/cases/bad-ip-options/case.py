# SPDX-License-Identifier: BSD-3-Clause
"""IPv4 packets with options are forwarded, options and all, by NAT and DR, both ways, with exact checksums; they belong
to the same connection as those without."""

from rig import *

config = (one_arm() + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080)])
          + service("UDP", VIP4, 53, "DR", [(SERVER4[2], 53)]))

OPTIONS = [
    [IPOption_NOP()],
    [IPOption_NOP() for _ in range(4)],
    [IPOption_RR(routers=["0.0.0.0"] * 3)],
    [IPOption_NOP() for _ in range(40)],
]


def nat(options, **tcp):
    return (from_client(IP(src=CLIENT4, dst=VIP4, ttl=64, options=options) / TCP(sport=40000, dport=80, **tcp) / b"to"),
            to_server(1, IP(src=CLIENT4, dst=SERVER4[1], ttl=63, options=options) /
                      TCP(sport=40000, dport=8080, **tcp) / b"to"))


def back(options, **tcp):
    return (from_server(1, IP(src=SERVER4[1], dst=CLIENT4, ttl=64, options=options) /
                        TCP(sport=8080, dport=40000, **tcp) / b"fro"),
            to_client(IP(src=VIP4, dst=CLIENT4, ttl=63, options=options) / TCP(sport=80, dport=40000, **tcp) / b"fro"))


def direct(options):
    return (from_client(IP(src=CLIENT4, dst=VIP4, ttl=64, options=options) / UDP(sport=40000, dport=53) / b"q"),
            to_server(2, IP(src=CLIENT4, dst=VIP4, ttl=63, options=options) / UDP(sport=40000, dport=53) / b"q"))


traffic = [nat(OPTIONS[0], flags="S"), back([], flags="SA"), nat([], flags="A")]
for options in OPTIONS:
    traffic += [nat(options, flags="PA"), back(options, flags="PA"), direct(options)]

conns = [
    "TCP ESTABLISHED 203.0.113.5:40000 192.0.2.1:80 10.0.0.11:8080",
    "UDP UDP 203.0.113.5:40000 192.0.2.1:53 10.0.0.12:53",
]
