# SPDX-License-Identifier: BSD-3-Clause
"""`lb_kind TUN` alone is IPIP, and a server's own `lvs_method` goes before the service's: one service sends to IPIP,
GUE, GRE, DR and NAT servers side by side, each connection by the method of its server."""

from rig import *

workers = (1,)  # the exact turn of round robin is a worker's own

config = (
    one_arm()
    + f"""
virtual_server 192.0.2.1 53 {{
    protocol UDP
    lb_algo rr
    lb_kind TUN
    real_server 10.0.0.11 53 {{
        weight 1
    }}
    real_server 10.0.0.12 53 {{
        weight 1
        lvs_method TUN type gue port {GUE_PORT} csum
    }}
    real_server fd00::13 53 {{
        weight 1
        lvs_method TUN type gre
    }}
    real_server 10.0.0.14 53 {{
        weight 1
        lvs_method DR
    }}
    real_server 10.0.0.15 5353 {{
        weight 1
        lvs_method NAT
    }}
}}
"""
)

# Newest first.
flows = [
    Flow("UDP", "NAT", vport=53, server=5, sport=5353, cport=1),
    Flow("UDP", "DR", vport=53, server=4, cport=2),
    TunnelFlow(Tunnel("gre"), 6, server=3, proto="UDP", vport=53, cport=3),
    TunnelFlow(Tunnel("gue", "csum"), 4, server=2, proto="UDP", vport=53, cport=4),
    TunnelFlow(Tunnel("ipip"), 4, server=1, proto="UDP", vport=53, cport=5),
]

traffic = [flow.request(b"first") for flow in flows] + [flow.request(b"second") for flow in flows]
traffic += [Then(), flows[0].reply(b"answer")]

conns = [
    f"UDP UDP 203.0.113.5:{port} 192.0.2.1:53 {real}"
    for port, real in (
        (1, "10.0.0.15:5353"),
        (2, "10.0.0.14:53"),
        (3, "[fd00::13]:53"),
        (4, "10.0.0.12:53"),
        (5, "10.0.0.11:53"),
    )
]
