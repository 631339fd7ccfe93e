# SPDX-License-Identifier: BSD-3-Clause
"""
Tunnels through real stacks: every type, with and without checksum, each in all
four combinations of families. The servers hold the VIP and answer the client
themselves; decap.c takes the tunnel off and holds every header against what
LVS would send, and the first that differs fails the case.
"""

from case import test
from forwarding import GUE_PORT, Decap, check_download, check_requests, requests
from rig import check
from sluice import Service, Sluice, configuration
from topology import FAMILIES, Direct

# Name: lvs_method, what decap.c calls it, workers, queues, combinations.
TYPES = {
    "ipip": ("TUN", "ipip", "nocsum", 1, 1, ("4in4", "6in6", "4in6", "6in4")),
    "gue": (f"TUN type gue port {GUE_PORT} nocsum", "gue", "nocsum", 1, 1, ("4in4", "6in6")),
    "gue-csum": (f"TUN type gue port {GUE_PORT} csum", "gue", "csum", 2, 2, ("4in6", "6in4")),
    "gre": ("TUN type gre nocsum", "gre", "nocsum", 1, 2, ("4in6", "6in4")),
    "gre-csum": ("TUN type gre csum", "gre", "csum", 2, 1, ("4in4", "6in6")),
}
# Name: family of client and VIP, of the servers, and the VIP's port.
COMBINATIONS = {"4in4": ("ipv4", "ipv4", 80), "6in6": ("ipv6", "ipv6", 80),
                "4in6": ("ipv4", "ipv6", 81), "6in4": ("ipv6", "ipv4", 81)}


def tunnel(t, method, kind, checksum, workers, queues, names):
    net = t.world.get(Direct)
    ways = {name: COMBINATIONS[name] for name in names}
    made = {name: Service(net.vip[inside], port, net.reals(outside, port=port), method)
            for name, (inside, outside, port) in ways.items()}
    with Sluice(net, t.build, configuration(net, made.values(), workers, queues)) as sluice:
        decap = Decap(net)
        results = {}
        for port in sorted({port for _, _, port in ways.values()}):
            pairs = {name: inside for name, (inside, _, p) in ways.items() if p == port}
            got = requests(net, {inside: net.url(inside, port) for inside in pairs.values()}, [decap])
            results.update({name: got[inside] for name, inside in pairs.items()})
        for name, (inside, _, port) in ways.items():
            with t.case(name):
                decap.check()
                check_requests(t, results[name])
                spread = sluice.real_conns(made[name])
                check(abs(spread[0] - spread[1]) <= workers, f"round robin placed {spread} connections")
                check_download(t, net, net.url(inside, port, "/big"))
        with t.case("accounting"):
            sluice.quiet()
            counts = decap.counts()
            t.note(", ".join(f"{key} {count}" for key, count in counts.items()))
            t.note(sluice.drops_text())
            kinds = {f"{kind} {name} {checksum}" for name in ways}
            check(set(counts) - {"total", "longest"} == kinds, f"tunnels were {counts}, should be {kinds}")
            sent = sluice.totals()["in_packets"]
            check(counts["total"] == sent, f"{sent} packets were sent, {counts['total']} arrived")
            sluice.check_accounting()


for _name, (_method, _kind, _checksum, _workers, _queues, _names) in TYPES.items():
    test(f"tun-{_name}", cases=(*_names, "accounting"), method=_method, kind=_kind, checksum=_checksum,
         workers=_workers, queues=_queues, names=_names)(tunnel)
