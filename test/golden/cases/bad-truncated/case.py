# SPDX-License-Identifier: BSD-3-Clause
"""Frames cut off inside Ethernet, IPv4, IPv6, TCP, UDP or ICMP headers, at every byte, are dropped, and traffic goes
on. What ends before a header that is announced is truncated; where the IP length is at odds with the frame, ip_header
may say so too."""

from rig import *

config = (one_arm() + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080)])
          + service("TCP", VIP6, 80, "DR", [(SERVER6[1], 80)])
          + service("UDP", VIP4, 53, "DR", [(SERVER4[1], 53)])
          + service("UDP", VIP6, 53, "NAT", [(SERVER6[1], 5353)]))

good = [
    Flow(cport=1), Flow(kind="DR", client=CLIENT6, vip=VIP6, cport=1),
    Flow("UDP", "DR", vport=53, cport=1), Flow("UDP", vport=53, sport=5353, client=CLIENT6, vip=VIP6, cport=1),
]
whole = [flow.sent().raw() for flow in good]
whole += [from_client(ip(CLIENT4, VIP4) / ICMP(type=8)).raw(),
          from_client(ip(CLIENT6, VIP6) / ICMPv6EchoRequest()).raw()]



def cut(frame, start, end):
    return [(Frame("wan", frame[:length]), None) for length in range(start, end)]


def ip_end(frame):
    return 14 + (20 if frame[12:14] == b"\x08\x00" else 40)


in_ethernet = cut(whole[0], 1, 14)
in_ip = [row for frame in whole for row in cut(frame, 14, ip_end(frame))]
in_l4 = [row for frame in whole for row in cut(frame, ip_end(frame), len(frame))]

traffic = in_ethernet + in_ip + in_l4
traffic += [flow.request() for flow in good]

drops = {
    "truncated": len(in_ethernet) + len(in_ip),
    ("truncated", "ip_header", "l4_header", "icmp_invalid"): len(in_l4),
}

conns = [
    "TCP SYN_RECV 203.0.113.5:1 192.0.2.1:80 10.0.0.11:8080",
    "TCP SYN_RECV [2001:db8:c::5]:1 [2001:db8:2::1]:80 [fd00::11]:80",
    "UDP UDP 203.0.113.5:1 192.0.2.1:53 10.0.0.11:53",
    "UDP UDP [2001:db8:c::5]:1 [2001:db8:2::1]:53 [fd00::11]:5353",
]
