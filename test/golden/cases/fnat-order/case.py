# SPDX-License-Identifier: BSD-3-Clause
"""Connections by full NAT keep the order of their packets in both directions, when those of all arrive together and
are handed from worker to worker."""

from rig import *

workers = (1, 2, 4)

config = (
    one_arm()
    + local_group("snat", "10.0.0.200-203")
    + service("TCP", VIP4, 80, "FNAT", [(SERVER4[1], 8080)], "rr", "laddr_group_name snat")
)

flows = [FnatFlow("TCP", cport=9000 + n, locals_=[f"10.0.0.{200 + n}" for n in range(4)]) for n in range(25)]

traffic = [flow.request(flags="S") for flow in flows] + [Then()]
for number in range(8):
    for flow in flows:
        traffic += [
            flow.reply(b"%d" % number, flags="PA", seq=number),
            flow.request(b"%d" % number, flags="PA", seq=number),
        ]

stats = {
    f"TCP 192.0.2.1:80{real}": (25, 25 * 9, 25 * 8, 25 * (9 * 40 + 8), 25 * 8 * 41, *more)
    for real, more in (("", ()), (" -> 10.0.0.11:8080", (25, 0)))
}
