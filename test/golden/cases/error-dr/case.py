# SPDX-License-Identifier: BSD-3-Clause
"""DR: an ICMP error of the network about a packet that a server sent from the VIP goes to that server, found by the
quoted packet, unchanged but for the TTL: every type and code, short quotes, two servers side by side."""

from rig import *

KINDS4 = [(3, code) for code in (0, 1, 2, 3, 4, 5, 9, 10, 13)] + [(4, 0), (11, 0), (11, 1), (12, 0)]
KINDS6 = [(1, code) for code in (0, 1, 2, 3, 4)] + [(2, 0), (3, 0), (3, 1), (4, 0), (4, 1)]

variants = {
    f"{family}-{proto.lower()}": dict(family=family, proto=proto) for family in (4, 6) for proto in ("TCP", "UDP")
}


def make(family, proto):
    client, vip = (CLIENT4, VIP4) if family == 4 else (CLIENT6, VIP6)
    router = "203.0.113.254" if family == 4 else "2001:db8:c::fe"
    servers = SERVER4 if family == 4 else SERVER6
    flows = [Flow(proto, "DR", client=client, vip=vip, vport=80 + n, server=n) for n in (1, 2)]
    tcp = proto == "TCP"
    least = (20 if family == 4 else 40) + 8

    def row(flow, kind, code, keep, sender):
        about = ip(vip, client, 60) / flow.l4(sport=flow.vport, dport=flow.cport) / (b"data" * 20)
        rest = 1400 if (kind, code) in ((3, 4), (2, 0)) else 0
        return (
            from_client(error(sender, vip, kind, code, seen_as(about, keep), rest)),
            to_server(flow.server, error(sender, vip, kind, code, seen_as(about, keep), rest, ttl=63)),
        )

    traffic = [flow.request(**dict(flags="S") if tcp else {}) for flow in flows]
    traffic += [
        row(flow, kind, code, None, client) for kind, code in (KINDS4 if family == 4 else KINDS6) for flow in flows
    ]
    traffic += [
        row(flow, 3 if family == 4 else 1, 1, keep, router) for keep in (least, least + 3, 99) for flow in flows
    ]
    return dict(
        config=one_arm() + "".join(service(proto, vip, 80 + n, "DR", [(servers[n], 80 + n)]) for n in (1, 2)),
        traffic=traffic,
    )
