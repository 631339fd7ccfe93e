# SPDX-License-Identifier: BSD-3-Clause
"""A server's port with an MTU of 1400: one that fits goes, one byte more is answered with 1400 by the VIP (DF, IPv6),
or fragmented with its identification kept (DF clear). NAT, DR and full NAT."""

from rig import *

variants = {f"{mode}-{family}": dict(mode=mode, family=family) for mode in ("nat", "dr", "fnat") for family in (4, 6)}
variants["fnat-64"] = dict(mode="fnat", family=64)


def make(mode, family):
    four = family == 4
    client, vip = (CLIENT4, VIP4) if four else (CLIENT6, VIP6)
    outer = 6 if family == 6 else 4
    real, group = (SERVER6[1], LOCAL6) if outer == 6 else (SERVER4[1], LOCAL4)
    fields = dict(proto="UDP", client=client, vip=vip, server_port="lan", sport=80)
    flow = FnatFlow(outer=outer, **fields) if mode == "fnat" else Flow(kind=mode.upper(), **fields)
    fits, header = 1420 if family == 64 else 1400, 28 if four else 48

    def request(size, ip_fields):
        return flow.request(bytes(n % 251 for n in range(size - header)), ip_fields=ip_fields)

    kept = dict(flags="DF", id=5) if four else {}
    long = [request(size, kept)[0] for size in (fits + 1, 1500)]
    traffic = [flow.request(b"small", ip_fields=kept), request(fits, kept)]
    traffic += [(each, too_big(each, fits)) for each in long]
    if four:
        for size in (fits + 1, 1500):
            sent, left = request(size, dict(id=size))
            traffic.append((sent, cut_by_box(left, fits)))
    config = two_arm(lan="mtu 1400") + local_group("snat", group, port="lan")
    config += service(
        "UDP", vip, 80, mode.upper(), [(real, 80)], "rr", *(["laddr_group_name snat"] if mode == "fnat" else [])
    )
    return dict(config=config, traffic=traffic, drops={"too_big": 2}, answers=(2, 0))
