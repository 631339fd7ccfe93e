# SPDX-License-Identifier: BSD-3-Clause
"""One client address and port talking to several VIPs and ports at once has a connection for each; replies of
the several servers find theirs, because the server's address and port tell them apart."""

from rig import *

VIPS = [VIP4, OTHER_VIP4]
PORTS = [80, 443, 8443]

# VIP, its port -> server's number, its port
PLACES = {(vip, port): (1 + VIPS.index(vip), 8000 + port) for vip in VIPS for port in PORTS}

config = one_arm() + "".join(service("TCP", vip, port, "NAT", [(SERVER4[number], real_port)])
                             for (vip, port), (number, real_port) in PLACES.items())

flows = [Flow(vip=vip, vport=port, server=number, sport=real_port)
         for (vip, port), (number, real_port) in PLACES.items()]

traffic = [flow.request(flags="S", seq=n) for n, flow in enumerate(flows)]
traffic += [flow.reply(flags="SA", seq=n, ack=n + 1) for n, flow in reversed(list(enumerate(flows)))]
traffic += [flow.request(b"x" * n, flags="PA", seq=n) for n, flow in enumerate(flows)]

conns = [f"TCP ESTABLISHED 203.0.113.5:40000 {vip}:{port} {SERVER4[number]}:{real_port}"
         for (vip, port), (number, real_port) in PLACES.items()]
