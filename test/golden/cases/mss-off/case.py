# SPDX-License-Identifier: BSD-3-Clause
"""Without `mss_clamp`, and with `mss_clamp off`, no SYN is touched, by a tunnel neither."""

from rig import *

config = (
    one_arm()
    + service("TCP", VIP4, 80, "TUN", [(SERVER4[1], 80)])
    + service("TCP", VIP4, 81, "TUN", [(SERVER4[1], 81)], "rr", "mss_clamp off")
    + service("TCP", VIP6, 82, "NAT", [(SERVER6[1], 82)])
)

traffic = [
    TunnelFlow(Tunnel(), vport=port, cport=mss).request(options=[("MSS", mss)], flags="S")
    for port in (80, 81)
    for mss in (1400, 1460, 8960)
]
traffic += [Flow(client=CLIENT6, vip=VIP6, vport=82, sport=82).request(options=[("MSS", 8940)], flags="S")]
