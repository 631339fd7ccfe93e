# SPDX-License-Identifier: BSD-3-Clause
"""Where every server has reached its uthreshold, a new connection is answered as by a service without an available
server and counts as no_server; the connections there are go on, both ways."""

from rig import *

UPPER, REFUSED = 3, 5

variants = {f"{proto.lower()}{family}": dict(proto=proto, family=family) for proto in ("TCP", "UDP") for family in (4, 6)}


def make(proto, family):
    client, vip, reals = (CLIENT4, VIP4, SERVER4) if family == 4 else (CLIENT6, VIP6, SERVER6)
    text = service(proto, vip, 80, "NAT", [(reals[1], 8080), (reals[2], 8080)])
    config = one_arm() + text.replace("weight 1\n", f"weight 1\n        uthreshold {UPPER}\n")
    fields = [{}, {}] if proto == "UDP" else [dict(flags="S", seq=1), dict(flags="A", seq=2)]
    flows = [
        [Flow(proto, client=client, vip=vip, cport=5000 + n, server=server) for server in (1, 2)] for n in range(2 * UPPER)
    ]
    refused = [
        Flow(proto, client=client, vip=vip, cport=6000 + n).sent(**fields[0]) for n in range(REFUSED)
    ]

    def packets(number):
        return [(each[0].sent(**fields[number]), one_of(*(flow.delivered(**fields[number]) for flow in each))) for each in flows]

    def full(control):
        return all(control.overloaded().values())

    return dict(
        config=config,
        traffic=packets(0)
        + [Then(wait=full, what="both servers are shown as overloaded")]
        + [(each, unreachable_port(each)) for each in refused]
        + packets(1),
        drops={"no_server": REFUSED},
        answers=(REFUSED, 0),
    )
