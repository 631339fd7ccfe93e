# SPDX-License-Identifier: BSD-3-Clause
"""A segment of no connection opens one only if it has SYN and no RST: everything else to a service is no_connection
and leaves no trace but a reset, unless it is one. SYN with ACK does open one, as in LVS."""

from rig import *

config = (one_arm() + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080)])
          + service("TCP", VIP6, 80, "DR", [(SERVER6[1], 80)]))

REFUSED = ["A", "PA", "FA", "F", "R", "RA", "SR", "SRA", "SFR", "", "P", "U", "FPU"]
TAKEN = ["S", "SA", "SF", "SPU"]


def flows(number):
    return [Flow(cport=41000 + number), Flow(kind="DR", client=CLIENT6, vip=VIP6, cport=41000 + number)]


sent = [(flags, flow.sent(flags=flags, seq=1000, ack=2000)) for n, flags in enumerate(REFUSED) for flow in flows(n)]
traffic = [(frame, None if "R" in flags else reset(frame)) for flags, frame in sent]
traffic += [flow.request(flags=flags) for n, flags in enumerate(TAKEN) for flow in flows(100 + n)]

drops = {"no_connection": 2 * len(REFUSED)}
answers = (2 * sum("R" not in flags for flags in REFUSED), 0)

conns = [f"TCP SYN_RECV 203.0.113.5:{41100 + n} 192.0.2.1:80 10.0.0.11:8080" for n in range(len(TAKEN))]
conns += [f"TCP SYN_RECV [2001:db8:c::5]:{41100 + n} [2001:db8:2::1]:80 [fd00::11]:80" for n in range(len(TAKEN))]

stats = {
    # service, server                           Conns InPkts OutPkts InBytes OutBytes Active InAct
    "TCP 192.0.2.1:80":                         (4, 4, 0, 160, 0),
    "TCP 192.0.2.1:80 -> 10.0.0.11:8080":       (4, 4, 0, 160, 0, 4, 0),
    "TCP [2001:db8:2::1]:80":                   (4, 4, 0, 240, 0),
    "TCP [2001:db8:2::1]:80 -> [fd00::11]:80":  (4, 4, 0, 240, 0, 4, 0),
}
