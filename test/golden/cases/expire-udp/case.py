# SPDX-License-Identifier: BSD-3-Clause
"""A UDP connection ends when its timeout has passed without a packet; the counts go back to zero, what it counted
stays, its replies are transit then, and its client's next datagram opens a new one."""

from rig import *

config = (one_arm(global_defs="lvs_timeouts udp 1")
          + service("UDP", VIP4, 53, "NAT", [(SERVER4[1], 5353)]))

flows = [Flow("UDP", vport=53, sport=5353, cport=2000 + n) for n in range(20)]

traffic = [flow.request(b"first") for flow in flows]
traffic += [Then(conns=[f"UDP UDP 203.0.113.5:{2000 + n} 192.0.2.1:53 10.0.0.11:5353" for n in range(20)],
                 wait=lambda control: not control.connections(), what="UDP connections end after 1 s")]
traffic += [(flows[0].reply(b"late")[0], None), flows[0].request(b"again"), flows[0].reply(b"in time")]

drops = {"transit": 1}
conns = ["UDP UDP 203.0.113.5:2000 192.0.2.1:53 10.0.0.11:5353"]

stats = {
    # service, server                      Conns InPkts OutPkts InBytes OutBytes Active InAct
    "UDP 192.0.2.1:53":                    (21, 21, 1, 21 * 33, 35),
    "UDP 192.0.2.1:53 -> 10.0.0.11:5353":  (21, 21, 1, 21 * 33, 35, 0, 1),
}
