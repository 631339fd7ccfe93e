# SPDX-License-Identifier: BSD-3-Clause
"""A server to whom the box has no address of the outer family, or no way, gets no tunnel packet: counted as tunnel or
no_route, and nothing leaves."""

from rig import *

config = """
global_defs {
    router_id golden
}
dataplane {
    workers @workers@
    connections 4096
}
port wan {
    device "@wan@"
    address 198.51.100.2/24
    gateway 198.51.100.1
}
static_neighbor 198.51.100.1 02:00:00:00:01:01 dev wan
static_neighbor fd00::11 02:00:00:00:00:11 dev wan
static_route fd00::/64 dev wan
""" + service(
    "UDP", VIP4, 80, "TUN", [(SERVER6[1], 80)]
)

flow = Flow("UDP")
traffic = [(flow.sent(b"q"), None), (flow.sent(b"q"), None)]
drops = {("tunnel", "no_route"): 2}
