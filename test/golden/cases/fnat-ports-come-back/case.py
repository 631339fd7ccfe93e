# SPDX-License-Identifier: BSD-3-Clause
"""A local port is free again when its connection has ended, and the oldest free one is given out first: after some
connections have timed out, new ones still go on upwards."""

from rig import *

workers = (1,)  # the order is a worker's own

config = (
    one_arm(global_defs="lvs_timeouts udp 1")
    + local_group("snat", LOCAL4)
    + service("UDP", VIP4, 53, "FNAT", [(SERVER4[1], 53)], "rr", "laddr_group_name snat")
)

old = [FnatFlow("UDP", cport=3000 + n, vport=53, sport=53) for n in range(5)]
new = [FnatFlow("UDP", cport=4000 + n, vport=53, sport=53) for n in range(5)]

traffic = [flow.request(b"%d" % flow.cport) for flow in old]
traffic += [Then(wait=lambda control: not control.connections(), what="all connections have ended")]
traffic += [flow.request(b"%d" % flow.cport) for flow in new]


def check(result):
    ports = [flow.local.port for flow in old + new]
    return [] if ports == list(range(1024, 1034)) else [f"local ports {ports}, expected 1024 to 1033"]
