# SPDX-License-Identifier: BSD-3-Clause
"""Full NAT: an ICMP error of a server about a packet of a local address reaches the client as the VIP's, about the
client's own packet; one about a reply reaches the server from the local address, about what the server sent."""

from rig import *

KINDS4 = [(3, code) for code in (0, 1, 2, 3, 4, 5, 9, 10, 13)] + [(4, 0), (11, 0), (11, 1), (12, 0)]
KINDS6 = [(1, code) for code in (0, 1, 2, 3, 4)] + [(2, 0), (3, 0), (3, 1), (4, 0), (4, 1)]
REST = {(3, 4): 1400, (2, 0): 1400, (12, 0): 0x01000000, (4, 0): 6}

variants = {
    f"{family}-{proto.lower()}-{side}": dict(family=family, proto=proto, side=side)
    for family in (4, 6)
    for proto in ("TCP", "UDP")
    for side in ("server", "client")
}


def make(family, proto, side):
    client, vip, group = (CLIENT4, VIP4, LOCAL4) if family == 4 else (CLIENT6, VIP6, LOCAL6)
    flow = FnatFlow(proto, client=client, vip=vip)
    tcp = proto == "TCP"
    open_it = [
        flow.request(b"q", **dict(flags="S") if tcp else {}),
        Then(),
        flow.reply(b"a", **dict(flags="SA", seq=9) if tcp else {}),
    ]
    least = (20 if family == 4 else 40) + 8

    def row(kind, code, keep=None):
        rest = REST.get((kind, code), 0)
        if side == "server":

            def build(address, port):
                about = ip(address, flow.real, 60) / flow.l4(sport=port, dport=flow.sport) / (b"data" * 20)
                return from_server(1, error(flow.real, address, kind, code, seen_as(about, keep), rest)).data

            # The quoted TCP or UDP checksum stays what it was, so it takes one of the local side's.
            def expected(address, port):
                about = ip(address, flow.real, 60) / flow.l4(sport=port, dport=flow.sport) / (b"data" * 20)
                quote = seen_as(about, keep, client, vip, flow.cport, flow.vport)
                return to_client(error(vip, client, kind, code, quote, rest, ttl=63)).data

            return Later("wan", flow.local, build), Later("wan", flow.local, expected, tells=False)

        about = ip(vip, client, 60) / flow.l4(sport=flow.vport, dport=flow.cport) / (b"data" * 20)

        def delivered(address, port):
            quote = seen_as(about, keep, flow.real, address, flow.sport, port)
            return to_server(1, error(address, flow.real, kind, code, quote, rest, ttl=63)).data

        return (
            from_client(error(client, vip, kind, code, seen_as(about, keep), rest)),
            Later("wan", flow.local, delivered, tells=False),
        )

    traffic = [row(*each) for each in (KINDS4 if family == 4 else KINDS6)]
    traffic += [row(3 if family == 4 else 1, 1, keep) for keep in (least, least + 5, 99)]
    return dict(
        config=one_arm()
        + local_group("snat", group)
        + service(proto, vip, 80, "FNAT", [(flow.real, 8080)], "rr", "laddr_group_name snat"),
        traffic=open_it + traffic,
    )
