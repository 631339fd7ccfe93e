# SPDX-License-Identifier: BSD-3-Clause
"""Full NAT: the client's packet goes to the server from a local address and port, the reply comes back to that and
goes to the client from the VIP; checksums exact, one hop less each way, both directions counted. 4 to 4, 6 to 6, 6 to
4; TCP and UDP; servers on the clients' port and on one of their own."""

from rig import *

FAMILIES = {"44": (CLIENT4, VIP4, 4), "66": (CLIENT6, VIP6, 6), "64": (CLIENT6, VIP6, 4)}

variants = {
    f"{families}-{proto.lower()}-{arms}": dict(families=families, proto=proto, arms=arms)
    for families in FAMILIES
    for proto in ("TCP", "UDP")
    for arms in ("one", "two")
}


def make(families, proto, arms):
    client, vip, outer = FAMILIES[families]
    real, group = ((SERVER4, SERVER6)[outer == 6][1], (LOCAL4, LOCAL6)[outer == 6])
    server_port = "wan" if arms == "one" else "lan"
    flow = FnatFlow(proto, outer, client=client, vip=vip, server_port=server_port)
    config = (one_arm if arms == "one" else two_arm)()
    config += local_group("snat", group, port=server_port)
    config += service(proto, vip, 80, "FNAT", [(real, 8080)], "rr", "laddr_group_name snat")
    if proto == "TCP":
        there = [flow.request(flags="S", seq=100)]
        back = [
            flow.reply(flags="SA", seq=500, ack=101),
            flow.reply(b"odd", flags="PA", seq=501, ack=104, ttl=2),
            flow.reply(bytes(range(256)) * 4, flags="PA", seq=504, ack=104, ttl=255),
        ]
        on = [
            flow.request(flags="A", seq=101, ack=501),
            flow.request(b"GET", flags="PA", seq=101, ack=501, ttl=2),
            flow.request(b"\xff" * 333, flags="PA", seq=104, ack=1528),
        ]
        sizes = (20, 4, 3 + 333, 3, 3 + 1024)
    else:
        there = [flow.request(b"question")]
        back = [flow.reply(b"odd", ttl=2), flow.reply(bytes(range(256)) * 4, ttl=255)]
        on = [flow.request(b"even"), flow.request(b"more" * 77 + b"!", ttl=2)]
        sizes = (8, 3, 8 + 4 + 309, 2, 3 + 1024)
    header, count_in, bytes_in, count_out, bytes_out = sizes
    # Bytes are those of the client's side: of packets as they came from it, and of replies as they came from the server.
    bytes_in += count_in * (header + (20 if vip == VIP4 else 40))
    bytes_out += count_out * (header + (20 if outer == 4 else 40))
    text = {VIP4: "192.0.2.1:80", VIP6: "[2001:db8:2::1]:80"}[vip]
    server = f"{real}:8080" if outer == 4 else f"[{real}]:8080"
    source = f"{client}:40000" if vip == VIP4 else f"[{client}]:40000"
    tcp = proto == "TCP"
    traffic = there + [Then()] + [*zip_rows(back, on)]
    live = "wan"
    if arms == "two":  # one port only can be fed step by step: the servers'
        traffic, live = there + on + [Then()] + back, "lan"
    return dict(
        config=config,
        traffic=traffic,
        live=live,
        stats={
            f"{proto} {text}": (1, count_in, count_out, bytes_in, bytes_out),
            f"{proto} {text} -> {server}": (1, count_in, count_out, bytes_in, bytes_out, int(tcp), int(not tcp)),
        },
        conns=[f"{proto} {'ESTABLISHED' if tcp else 'UDP'} {source} {text} {server}"],
    )


def zip_rows(back, on):
    """A reply, a packet of the client's, a reply, and so on."""
    for index in range(max(len(back), len(on))):
        yield from back[index : index + 1]
        yield from on[index : index + 1]
