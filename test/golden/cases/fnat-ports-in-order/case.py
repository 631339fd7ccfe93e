# SPDX-License-Identifier: BSD-3-Clause
"""One worker gives out local ports in order, starting at 1024, for each protocol by itself; several give each
connection one of its own."""

from rig import *

config = (
    one_arm()
    + local_group("snat", LOCAL4)
    + service("TCP", VIP4, 80, "FNAT", [(SERVER4[1], 8080)], "rr", "laddr_group_name snat")
    + service("UDP", VIP4, 53, "FNAT", [(SERVER4[1], 53)], "rr", "laddr_group_name snat")
)

tcp = [FnatFlow("TCP", cport=3000 + n) for n in range(40)]
udp = [FnatFlow("UDP", cport=3000 + n, vport=53, sport=53) for n in range(40)]

traffic = [row for one, two in zip(tcp, udp) for row in (one.request(flags="S"), two.request(b"%d" % two.cport))]
traffic += [Then()] + [flow.reply(flags="SA", seq=9) for flow in tcp] + [flow.reply(b"answer") for flow in udp]


def check(result):
    if result.workers > 1:
        return []
    lines = []
    for flows in (tcp, udp):
        ports = [flow.local.port for flow in flows]
        if ports != list(range(1024, 1024 + len(flows))):
            lines.append(f"local ports of {flows[0].l4.__name__}: {ports}, expected 1024 and up in order")
    return lines
