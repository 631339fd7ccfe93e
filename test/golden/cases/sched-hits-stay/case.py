# SPDX-License-Identifier: BSD-3-Clause
"""A connection is scheduled once: whatever comes after its first packet goes where that went, between many others."""

from rig import *

workers = (1,)  # the exact turn of round robin is a worker's own

config = one_arm() + service("TCP", VIP4, 80, "DR", [(SERVER4[n], 80) for n in (1, 2, 3)], "rr")

flows = [Flow(kind="DR", cport=1000 + n, server=3 - n % 3) for n in range(60)]

traffic = [flow.request(flags="S") for flow in flows]
traffic += [flow.request(flags="A", seq=1) for flow in flows]
traffic += [flow.request(b"data" * n, flags="PA", seq=2) for n, flow in enumerate(reversed(flows))]
traffic += [flow.request(flags="S", seq=3) for flow in flows]  # in ESTABLISHED: no new connection

stats = {
    # service, server                    Conns InPkts OutPkts InBytes OutBytes Active InAct
    "TCP 192.0.2.1:80":                  (60, 240, 0, 240 * 40 + 4 * sum(range(60)), 0),
    "TCP 192.0.2.1:80 -> 10.0.0.11:80":  (20, 80, 0, 80 * 40 + 4 * sum(59 - n for n in range(2, 60, 3)), 0, 20, 0),
    "TCP 192.0.2.1:80 -> 10.0.0.12:80":  (20, 80, 0, 80 * 40 + 4 * sum(59 - n for n in range(1, 60, 3)), 0, 20, 0),
    "TCP 192.0.2.1:80 -> 10.0.0.13:80":  (20, 80, 0, 80 * 40 + 4 * sum(59 - n for n in range(0, 60, 3)), 0, 20, 0),
}
