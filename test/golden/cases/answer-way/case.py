# SPDX-License-Identifier: BSD-3-Clause
"""An answer goes the way that packets to the client go: to the gateway for one behind it, directly to a neighbour,
whatever MAC the packet came from; never to the port it came by as such."""

from rig import *

config = (
    two_arm()
    + service("UDP", VIP4, 80, "NAT", [(SERVER4[1], 8080)])
    + service("TCP", VIP6, 80, "NAT", [(SERVER6[1], 8080)])
)

STRANGER = "02:00:00:00:0f:0f"


def near(sent, answer):
    """From the client on the link, by whatever MAC, back to the link's own."""
    packet = answer.frame.data.payload
    return (
        Frame("wan", Ether(src=STRANGER, dst=PORT_MAC["wan"]) / sent.data.payload),
        own_error(Frame("wan", Ether(src=PORT_MAC["wan"], dst=LINK_CLIENT_MAC) / packet)),
    )


def far(sent, answer, port="wan"):
    return Frame(port, Ether(src=STRANGER, dst=PORT_MAC[port]) / sent.data.payload), answer


udp = Flow("UDP", vport=9).sent(b"x")
tcp = Flow("TCP", vport=9, client=CLIENT6, vip=VIP6).sent(flags="S", seq=4)
udp_near = Flow("UDP", vport=9, client=LINK_CLIENT4).sent(b"x")
tcp_near = Flow("TCP", vport=9, client=LINK_CLIENT6, vip=VIP6).sent(flags="S", seq=4)
udp_lan = Flow("UDP", vport=10).sent(b"x")

traffic = [
    far(udp, unreachable_port(udp)),
    far(tcp, reset(tcp)),
    near(udp_near, unreachable_port(udp_near)),
    near(tcp_near, reset(tcp_near)),
    far(udp_lan, unreachable_port(udp_lan), "lan"),
]
drops = {"no_service": 5}
answers = (5, 0)
