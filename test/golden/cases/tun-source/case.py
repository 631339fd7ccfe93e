# SPDX-License-Identifier: BSD-3-Clause
"""The outer source is the address that the box itself would use towards the server: that of the subnet the server is
on, with two ports the server's port's, and for a server behind the gateway the one on the gateway's subnet."""

from rig import *

FAR4, FAR6 = "203.0.113.200", "2001:db8:c::200"

config = (
    two_arm(extra=f"static_neighbor {LINK_CLIENT4}0 02:00:00:00:09:09 dev wan\n")
    + service("UDP", VIP4, 1, "TUN", [(SERVER4[1], 1)])
    + service("UDP", VIP4, 2, "TUN", [(SERVER6[1], 2)])
    + service("UDP", VIP4, 3, "TUN", [(FAR4, 3)])
    + service("UDP", VIP4, 4, "TUN", [(FAR6, 4)])
    + service("UDP", VIP4, 5, "TUN", [(LINK_CLIENT4, 5)])
).replace(f"{LINK_CLIENT4}0", "198.51.100.70")


def far(vport, real, source, mac):
    flow = TunnelFlow(Tunnel(), proto="UDP", vport=vport)
    packet = flow.tunnel.wrap(flow.packet(b"q", 63), source, real)
    return flow.sent(b"q"), loosely(Frame("wan", Ether(src=PORT_MAC["wan"], dst=mac) / packet), "ip4.id")


near4 = TunnelFlow(Tunnel(), 4, proto="UDP", vport=1, server_port="lan")
near6 = TunnelFlow(Tunnel(), 6, proto="UDP", vport=2, server_port="lan")


def off(exchange):
    """The outer IPv6 header has no identification."""
    return exchange[0], exchange[1].frame


traffic = [
    near4.request(b"q"),
    near6.request(b"q"),
    far(3, FAR4, OWN4, GATEWAY_MAC),
    off(far(4, FAR6, OWN6, GATEWAY_MAC)),
    far(5, LINK_CLIENT4, OWN4, LINK_CLIENT_MAC),
]

stats = {
    f"UDP 192.0.2.1:{port}{real}": (1, 1, 0, 29, 0, *more)
    for port, server in enumerate(("10.0.0.11", "[fd00::11]", FAR4, f"[{FAR6}]", LINK_CLIENT4), 1)
    for real, more in (("", ()), (f" -> {server}:{port}", (0, 1)))
}
