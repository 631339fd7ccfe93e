# SPDX-License-Identifier: BSD-3-Clause
"""IPv6 packets with hop-by-hop and destination options are forwarded, headers and all, by NAT and DR, both ways, with
exact checksums; they belong to the same connection as those without."""

from rig import *

config = (one_arm() + service("TCP", VIP6, 80, "NAT", [(SERVER6[1], 8080)])
          + service("UDP", VIP6, 53, "DR", [(SERVER6[2], 53)]))


def chains():
    return [
        [],
        [IPv6ExtHdrHopByHop(options=[PadN(optdata=b"\0" * 4)])],
        [IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * 4)])],
        [IPv6ExtHdrHopByHop(options=[PadN(optdata=b"\0" * 12)]), IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * 20)])],
        [IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * 100)])],
    ]


def chained(header, headers, rest):
    for each in headers:
        header = header / each
    return header / rest


def nat(headers, **tcp):
    return (from_client(chained(ip(CLIENT6, VIP6, 64), headers, TCP(sport=40000, dport=80, **tcp) / b"to")),
            to_server(1, chained(ip(CLIENT6, SERVER6[1], 63), headers, TCP(sport=40000, dport=8080, **tcp) / b"to")))


def back(headers, **tcp):
    return (from_server(1, chained(ip(SERVER6[1], CLIENT6, 64), headers, TCP(sport=8080, dport=40000, **tcp) / b"fro")),
            to_client(chained(ip(VIP6, CLIENT6, 63), headers, TCP(sport=80, dport=40000, **tcp) / b"fro")))


def direct(headers):
    return (from_client(chained(ip(CLIENT6, VIP6, 64), headers, UDP(sport=40000, dport=53) / b"q")),
            to_server(2, chained(ip(CLIENT6, VIP6, 63), headers, UDP(sport=40000, dport=53) / b"q")))


traffic = [nat(chains()[1], flags="S"), back([], flags="SA"), nat([], flags="A")]
for headers in chains():
    traffic += [nat(headers, flags="PA"), back(headers, flags="PA"), direct(headers)]

conns = [
    "TCP ESTABLISHED [2001:db8:c::5]:40000 [2001:db8:2::1]:80 [fd00::11]:8080",
    "UDP UDP [2001:db8:c::5]:40000 [2001:db8:2::1]:53 [fd00::12]:53",
]
