# SPDX-License-Identifier: BSD-3-Clause
"""An echo request that arrives with its last hop (TTL 1) has arrived: it is answered, by VIPs and own addresses, with a
TTL of its own; a neighbour on the link is answered directly."""

from rig import *

config = (one_arm() + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080)])
          + service("TCP", VIP6, 80, "NAT", [(SERVER6[1], 8080)]))


def near(sent, left):
    """From and to the client on the link."""
    return (Frame("wan", Ether(src=LINK_CLIENT_MAC, dst=PORT_MAC["wan"]) / sent),
            Frame("wan", Ether(src=PORT_MAC["wan"], dst=LINK_CLIENT_MAC) / left))


def ping4(address, who, frames):
    sent, left = frames(ip(who, address, 1) / ICMP(type=8, id=7) / b"?", ip(address, who) / ICMP(type=0, id=7) / b"?")
    return sent, loosely(left, "ip4.ttl", "ip4.id", "ip4.flags")


def ping6(address, who, frames):
    sent, left = frames(ip(who, address, 1) / ICMPv6EchoRequest(id=7, data=b"?"),
                        ip(address, who) / ICMPv6EchoReply(id=7, data=b"?"))
    return sent, loosely(left, "ip6.hlim", "ip6.flow")


def far(sent, left):
    return from_client(sent), to_client(left)


traffic = [ping4(address, who, frames)
           for address in (VIP4, OWN4) for who, frames in ((CLIENT4, far), (LINK_CLIENT4, near))]
traffic += [ping6(address, who, frames)
            for address in (VIP6, OWN6) for who, frames in ((CLIENT6, far), (LINK_CLIENT6, near))]


def check(result):
    """Those that left may have any TTL, but one that gets them home."""
    ttls = {raw[22] if raw[12:14] == b"\x08\x00" else raw[21] for raw in result.output["wan"]}
    return [] if ttls and min(ttls) >= 64 else [f"echo replies left with TTL {sorted(ttls)}"]
