# SPDX-License-Identifier: BSD-3-Clause
"""A clients' port with an MTU of 1400: a server's reply that is too long is answered to the server (DF, IPv6), by an
address of the box, with 1400, or fragmented (DF clear). NAT and full NAT."""

from rig import *
from rig import icmp

variants = {f"{mode}-{family}": dict(mode=mode, family=family) for mode in ("nat", "fnat") for family in (4, 6)}


def make(mode, family):
    four = family == 4
    client, vip = (CLIENT4, VIP4) if four else (CLIENT6, VIP6)
    real, group, own = (SERVER4[1], LOCAL4, OWN_LAN4) if four else (SERVER6[1], LOCAL6, OWN_LAN6)
    fields = dict(proto="UDP", client=client, vip=vip, server_port="lan", sport=80)
    flow = FnatFlow(**fields) if mode == "fnat" else Flow(kind="NAT", **fields)
    header = 28 if four else 48

    def reply(size, ip_fields):
        return flow.reply(bytes(n % 251 for n in range(size - header)), ip_fields=ip_fields)

    kept = dict(flags="DF", id=5) if four else {}

    def told(source):
        """To the server, by an address of the box on that link; it quotes what the server sent."""

        def build(address, port):
            frame = came.build(address, port) if mode == "fnat" else came.data
            quote = bytes(frame.payload)[: icmp.QUOTE4 if four else icmp.QUOTE6]
            return to_server(1, error(source, real, *((3, 4) if four else (2, 0)), quote, 1400), "lan").data

        frame = Later("lan", flow.local, build, tells=False) if mode == "fnat" else Frame("lan", build(None, None))
        return loosely(frame, *(("ip4.ttl", "ip4.id", "ip4.flags", "ip4.tos") if four else ("ip6.hlim", "ip6.flow")))

    came, _left = reply(1450, kept)
    answer = one_of(told(own), told(group)) if mode == "fnat" else told(own)
    traffic = [flow.request(b"small", ip_fields=kept), Then(), reply(1400, kept), (came, answer)]
    if four:
        there, back = reply(1450, dict(id=77))
        traffic.append((there, cut_by_box(back, 1400)))
    config = two_arm(port="mtu 1400") + local_group("snat", group, port="lan")
    config += service(
        "UDP", vip, 80, mode.upper(), [(real, 80)], "rr", *(["laddr_group_name snat"] if mode == "fnat" else [])
    )
    return dict(config=config, traffic=traffic, live="lan", drops={"too_big": 1}, answers=(1, 0))
