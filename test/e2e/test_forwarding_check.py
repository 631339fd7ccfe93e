# SPDX-License-Identifier: BSD-3-Clause
"""
Checks by the way of clients' packets: a server that has lost the VIP, or what
takes tunnels off, answers at its own address as ever and has no use for a
client. A check by `check_via_dataplane` finds it, by each method, in each pair
of families, and finds that it is well again.
"""

from case import test
from forwarding import GUE_PORT, Decap
from rig import check, run, wait_for
from sluice import Service, Sluice, block, configuration
from topology import Direct

# Name: method, and which pairs of families it is tried in.
METHODS = {
    "dr": ("DR", ("4in4", "6in6")),
    "ipip": ("TUN type ipip", ("4in4", "6in6", "4in6", "6in4")),
    "gue": (f"TUN type gue port {GUE_PORT} nocsum", ("4in4", "6in6", "4in6", "6in4")),
    "gre-csum": ("TUN type gre csum", ("4in4", "6in6", "4in6", "6in4")),
}
# Family of client and VIP, of the servers, and the VIP's port.
COMBINATIONS = {"4in4": ("ipv4", "ipv4", 80), "6in6": ("ipv6", "ipv6", 80),
                "4in6": ("ipv4", "ipv6", 81), "6in4": ("ipv6", "ipv4", 81)}
CHECK = block("TCP_CHECK", "delay_loop 0.3", "retry 1", "delay_before_retry 0.2", "connect_timeout 0.5",
              "warmup 0.1", "check_via_dataplane")
ASKED = 6       # requests in a row that tell which servers there are
LIMIT_S = 20


class Checked(Service):
    def text(self):
        weight = "weight 1\n"
        return super().text().replace(weight, weight + "\n".join(
            " " * 8 + line for line in CHECK.splitlines()) + "\n")


def answering(net, family, port):
    """Who answers a few requests in a row; None for a request that is not answered."""
    names = [net.curl(net.url(family, port), "--connect-timeout", 0.5, ok=False, timeout_s=3).stdout.strip()
             for _ in range(ASKED)]
    return {name or None for name in names}


def wait_servers(net, ways, wanted, t, case):
    for name, (inside, _, port) in ways.items():
        with t.case(f"{case}-{name}"):
            wait_for(lambda inside=inside, port=port: answering(net, inside, port) == wanted, LIMIT_S,
                     f"{sorted(wanted)} and nobody else answer port {port} by {inside}")


def vips_change(net, verb):
    for vip in (f"{net.vip['ipv4']}/32", f"{net.vip['ipv6']}/128"):
        run(["ip", "address", verb, vip, "dev", "lo"], net.servers[0].netns)


def checked(t, method, names):
    net = t.world.get(Direct)
    ways = {name: COMBINATIONS[name] for name in names}
    services = [Checked(net.vip[inside], port, net.reals(outside, port=port), method)
                for inside, outside, port in ways.values()]
    both, left = {"server-1", "server-2"}, {"server-2"}
    with Sluice(net, t.build, configuration(net, services, port=("tap on",))) as sluice:
        decap = None if method == "DR" else Decap(net)
        wait_servers(net, ways, both, t, "well")
        if decap:
            decap.processes[0].kill()
        else:
            vips_change(net, "del")
            net.rig.undo.append(lambda: vips_change(net, "replace"))
        wait_servers(net, ways, left, t, "found")
        if decap:
            decap.restart(0)
        else:
            vips_change(net, "replace")
        wait_servers(net, ways, both, t, "back")
        with t.case("accounting"):
            t.note(sluice.drops_text())
            balanced = {entry["worker"]: entry["balanced"] for entry in sluice.json("workers")}
            check(all(balanced.values()), f"balanced: {balanced}")


for _name, (_method, _names) in METHODS.items():
    test(f"check-{_name}", method=_method, names=_names,
         cases=(*(f"{case}-{name}" for case in ("well", "found", "back") for name in _names),
                "accounting"))(checked)
