# SPDX-License-Identifier: BSD-3-Clause
"""
Real load on every way that packets can take: NAT and direct routing, one
worker, two on a device with two queues, two on a device with one queue (so
that packets are handed over), connections kept and connections per request,
IPv4 and IPv6 side by side. No request may fail, servers must be used exactly
as their scheduler says, and no worker may lose count of a packet.
"""

from case import test
from load import Wrk
from rig import check, syns_resent
from sluice import Service, Sluice, configuration
from topology import FAMILIES, Direct, Nat

ALGO = {"ipv4": "rr", "ipv6": "wrr"}
WEIGHTS = {"ipv4": (1, 1), "ipv6": (3, 1)}
SHAPES = {"1w": (1, 1), "2w2q": (2, 2), "2w1q": (2, 1)}     # workers, queues of each device
CONNECTIONS = 8


def traffic(t, topology, workers, queues, keep_alive):
    net = t.world.get(topology)
    services = {family: Service(net.vip[family], 80, net.reals(family, 0, WEIGHTS[family]), net.kind,
                                ALGO[family]) for family in FAMILIES}
    counted = {family: [server.requests(family) for server in net.servers] for family in FAMILIES}
    resent = syns_resent(net.client)
    with Sluice(net, t.build, configuration(net, services.values(), workers, queues)) as sluice:
        seconds = t.long(20, 3)
        loads = {family: Wrk(net, net.url(family), family, seconds, CONNECTIONS, keep_alive=keep_alive)
                 for family in FAMILIES}
        results = {family: load.result() for family, load in loads.items()}
        workers_seen = sluice.quiet()
        resent = syns_resent(net.client) - resent
        for family in FAMILIES:
            with t.case(family):
                result = results[family]
                t.note(result.summary())
                result.check(at_least=100 * seconds)
                spread = sluice.real_conns(services[family])
                t.note(f"{'/'.join(map(str, spread))} connections by {ALGO[family]}")
                check_servers(net, family, counted[family], spread, result)
                check_spread(spread, WEIGHTS[family], workers)
                check_count(net, sum(spread), result, resent)
        with t.case("accounting"):
            t.note(sluice.drops_text())
            sluice.check_accounting()
            # With direct routing a flow belongs to the worker by whose queue it came: no hand-over.
            for worker in workers_seen[:queues if net.kind == "DR" else workers]:
                check(worker["hits"] > 0, f"worker {worker['worker']} forwarded no packet")
            handed = sum(worker["handed_in"] for worker in workers_seen)
            check((handed > 0) == (net.kind == "NAT" and workers > 1), f"{handed} packets were handed over")


def check_spread(spread, weights, workers):
    """Rotating schedulers are exact per worker, so the box is within one connection per worker."""
    total = sum(spread)
    for number, (conns, weight) in enumerate(zip(spread, weights)):
        exact = total * weight / sum(weights)
        check(abs(conns - exact) <= workers,
              f"server {number + 1} got {conns} of {total} connections, its weight says {exact:.0f}")


def check_count(net, total, result, resent):
    """
    Each connection was scheduled once. A client's port that comes again finds
    its old connection in TIME_WAIT and is scheduled anew (conn_reuse_mode 1);
    with direct routing only the client's FIN was seen, and, as in LVS, the
    new connection goes on in the old one's place.

    A SYN that the client's kernel sends again may be scheduled again: where the
    server still had a connection of that port, it answers with that one's ACK,
    the client resets it, and the entry is in CLOSE when the SYN returns. The
    kernel counts how often it did that; without, the bound is exact.
    """
    least = result.tuples if net.kind == "DR" else result.connects
    check(least - CONNECTIONS - 1 <= total <= result.connects + resent,
          f"{total} connections were scheduled, {result.connects} opened from {result.tuples} ports, "
          f"{resent} SYNs sent again")


def check_servers(net, family, before, spread, result):
    """What Sluice says it did is what nginx saw. Ports that came again: see check_count."""
    again = result.connects - result.tuples if net.kind == "DR" else 0
    after = [server.requests(family) for server in net.servers]
    accepted = [now[0] - then[0] for now, then in zip(after, before)]
    answered = sum(now[1] - then[1] for now, then in zip(after, before))
    for server, conns, count in zip(net.servers, spread, accepted):
        check(conns - CONNECTIONS <= count <= conns + CONNECTIONS + again,
              f"{server.name}: nginx accepted {count} connections, Sluice sent it {conns}")
    check(0 <= answered - result.requests <= CONNECTIONS,
          f"nginx answered {answered} requests, the client got {result.requests}")


for _topology in (Nat, Direct):
    for _shape, (_workers, _queues) in SHAPES.items():
        for _mode, _keep in (("keep", True), ("close", False)):
            test(f"{_topology.name}-{_shape}-{_mode}", cases=(*FAMILIES, "accounting"), topology=_topology,
                 workers=_workers, queues=_queues, keep_alive=_keep)(traffic)
