# SPDX-License-Identifier: BSD-3-Clause
"""
Checks by the way of clients' packets: a TUN server that takes no tunnel off,
and a DR server without the VIP on its loopback, are well by a check of their
own address and have no use for a client. `check_via_dataplane` finds them out.
"""

from case import test
from forwarding import Decap
from health import ALLOWANCE_S, TIMERS, Watch, check_traffic, checker, farm_configuration
from rig import check, run
from sluice import Service, Sluice
from topology import FAMILIES, Direct

PLAIN, THROUGH = 80, 81
METHODS = {"dr": "DR", "tun": "TUN", "gue": "TUN type gue port 6080 nocsum"}


def through(t, method):
    net = t.world.get(Direct)
    services = {}
    for family in FAMILIES:
        for port in (PLAIN, THROUGH):
            lines = checker("TCP_CHECK", *(["check_via_dataplane"] if port == THROUGH else []))
            reals = net.reals(family, port=port)
            services[family, port] = Service(net.vip[family], port, reals, METHODS[method],
                                             each={real[0]: lines for real in reals})
    with Sluice(net, t.build, farm_configuration(net, services.values())) as sluice:
        decap = Decap(net) if method != "dr" else None
        watches = {key: Watch(sluice, service) for key, service in services.items()}
        for key, watch in watches.items():
            with t.case(f"up-{key[0]}"):
                watch.wait_checked()
        mend = tunnel_down(decap) if decap else vips_remove(net)
        for family in FAMILIES:
            with t.case(f"found-{family}"):
                service, plain = services[family, THROUGH], services[family, PLAIN]
                took = watches[family, THROUGH].wait(service.reals[0], "down", TIMERS.down_s() + ALLOWANCE_S)
                t.note(f"down after {took:.1f} s")
                states = watches[family, PLAIN].states()
                check(set(states.values()) == {"up"}, f"the plain check of {plain.name} says {states}")
                check_traffic(net, sluice, service, service.reals[1:])
        mend()
        for family in FAMILIES:
            with t.case(f"back-{family}"):
                service = services[family, THROUGH]
                watches[family, THROUGH].wait(service.reals[0], "up", TIMERS.up_s() + ALLOWANCE_S)
                check_traffic(net, sluice, service, service.reals)
        if decap:
            decap.check()
        sluice.settle_accounting()


def vips_remove(net):
    """The first server's, of both families."""
    vips = [f"{net.vip['ipv4']}/32", f"{net.vip['ipv6']}/128"]
    for vip in vips:
        run(["ip", "address", "del", vip, "dev", "lo"], net.servers[0].netns)

    def mend():
        for vip in vips:
            run(["ip", "address", "replace", vip, "dev", "lo"], net.servers[0].netns)
    net.rig.undo.append(mend)
    return mend


def tunnel_down(decap):
    decap.processes[0].kill()
    return lambda: decap.restart(0)


for _method in METHODS:
    test(f"health-through-{_method}", method=_method, cases=tuple(
        f"{what}-{family}" for what in ("up", "found", "back") for family in FAMILIES))(through)
