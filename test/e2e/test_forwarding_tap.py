# SPDX-License-Identifier: BSD-3-Clause
"""
The kernel's path: with `tap on` each port has a kernel interface, by which
everything that is not balanced passes both ways, while the balancer balances.
Nothing that the kernel is sent, or that happens to its interface, may cost
the balanced traffic a request.
"""

import contextlib
import json
import sys
import time

from case import test
from load import Wrk
from rig import check, run, wait_for
from sluice import AF_PACKET, AF_XDP, Service, Sluice, configuration
from test_basic import interface_mac, ping
from test_forwarding_packets import LINK_MTU, SMALL_MTU, small_lan
from topology import FAMILIES, NGINX, Nat, bracketed

# Device and workers. net_af_xdp on a veth loses receive buffers when another CPU polls than the kernel's.
DEVICES = {"packet": (AF_PACKET, 2), "xdp": (AF_XDP, 1)}
KERNEL_PORT = 8088
FETCHES = 100
FLOOD_S = 5
FLOOD_RATE = 2_000      # packets a second that the kernel may get meanwhile
ANSWER_S = 1.0


def web(net):
    return {f: Service(net.vip[f], 80, net.reals(f), "NAT") for f in FAMILIES}


def text(net, workers=2, queues=1, port=(), **more):
    return configuration(net, web(net).values(), workers, queues, port=("tap on", *port), **more)


def interface(netns, name):
    """What `ip` knows of an interface, or None."""
    done = run(["ip", "-j", "address", "show", "dev", name], netns, ok=False)
    found = [entry for entry in json.loads(done.stdout or "[]") if entry] if done.returncode == 0 else []
    return found[0] if found else None


def appears(netns, name, limit_s=5):
    return wait_for(lambda: (interface(netns, name) or {}).get("addr_info"), limit_s, f"{name} has addresses")


def taps_appear(net):
    for name, _, _ in net.ports:
        appears(net.sluice, f"sl-{name}")
    # The kernel uses no IPv6 address before it has found that nobody else does.
    wait_for(lambda: "tentative" not in run(["ip", "-6", "address"], net.sluice).stdout, 5,
             "no address is tentative")


def kernel_server(net):
    """nginx in Sluice's namespace, at Sluice's own addresses."""
    name = net.rig.numbered("kernel-nginx")
    wan = [net.own[f][0] for f in FAMILIES]
    listen = "\n        ".join(f"listen {bracketed(address)}:{KERNEL_PORT};" for address in wan)
    path = net.rig.directory / f"{name}.conf"
    path.write_text(NGINX.format(directory=net.rig.directory, name=name, listen=listen, server="the-kernel",
                                 big=net.rig.directory / "big"))
    net.rig.spawn(name, ["nginx", "-c", path], net.sluice)
    wait_for((net.rig.directory / f"{name}.sock").exists, 10, f"{name} listens")


def ask_kernel(net, family, count=1):
    """So many requests to the kernel's server, each on a connection of its own."""
    url = net.url(family, KERNEL_PORT, vip=net.own[family][0])
    words = " ".join([f"'{url}'"] * count)
    said = run(["sh", "-c", f"for url in {words}; do curl -sS -g --max-time 5 \"$url\" || exit; done"],
               net.client, timeout_s=60).stdout.split()
    check(said == ["the-kernel"] * count, f"{url}: {len(said)} of {count} answers: {set(said)}")


@contextlib.contextmanager
def loads_running(net):
    """wrk for both families; whatever happens, it ends."""
    loads = {family: Wrk(net, net.url(family), family, 60, 4, 1, keep_alive=False) for family in FAMILIES}
    try:
        yield loads
    finally:
        for load in loads.values():
            load.process.kill()


def loads_check(t, loads):
    for family, load in loads.items():
        result = load.finish()
        t.note(f"{family}: {result.summary()}")
        result.check(at_least=100)


def kernel_path(t, device):
    net = t.world.get(Nat)
    driver, workers = DEVICES[device]
    conf = text(net, workers, device=driver, port=(("lan", f"mtu {SMALL_MTU}"),))
    with small_lan(net), Sluice(net, t.build, conf) as sluice:
        taps_appear(net)
        with t.case("interfaces"):
            check_interfaces(net)
        for family in FAMILIES:
            with t.case(f"ping-{family[-1]}"):
                check_kernel_pings(net, family)
        kernel_server(net)
        with t.case("served"), loads_running(net) as loads:
            for family in FAMILIES:
                ask_kernel(net, family, FETCHES)
            loads_check(t, loads)
            t.note(f"{FETCHES} requests to the kernel a family")
        with t.case("outbound"):
            run(["ip", "neigh", "flush", "all"], net.sluice)
            for family in FAMILIES:
                address, port = net.servers[0].reals[family][0]
                url = f"http://{bracketed(address)}:{port}/who"
                said = run(["curl", "-sS", "-g", "--max-time", "5", url], net.sluice).stdout.split()[0]
                check(said == net.own[family][1], f"the server was asked by {said}")
                ping(net.sluice, net.client_addresses[family][0])
        with t.case("accounting"):
            sluice.quiet()
            t.note(sluice.drops_text())
            sluice.check_accounting()
    with t.case("exit"):
        for name, _, _ in net.ports:
            check(interface(net.sluice, f"sl-{name}") is None, f"sl-{name} outlives the daemon")


def check_interfaces(net):
    for number, (name, wire, _) in enumerate(net.ports):
        link = interface(net.sluice, f"sl-{name}")
        mac, mtu = interface_mac(net.sluice, wire), SMALL_MTU if name == "lan" else LINK_MTU
        check(link["address"] == mac, f"sl-{name} has MAC {link['address']}, the port {mac}")
        check(link["mtu"] == mtu, f"sl-{name} has MTU {link['mtu']}, not {mtu}")
        check_addresses(net, number)


def check_addresses(net, number):
    name, _, addresses = net.ports[number]
    known = interface(net.sluice, f"sl-{name}")["addr_info"]
    has = {f"{entry['local']}/{entry['prefixlen']}" for entry in known if entry["scope"] == "global"}
    check(has == set(addresses), f"sl-{name} has addresses {has}, the port {set(addresses)}")


def check_kernel_pings(net, family):
    """The kernel answers, and nobody else: told to be silent, it is."""
    knob = "net__ipv4__icmp_echo_ignore_all" if family == "ipv4" else "net__ipv6__icmp__echo_ignore_all"
    wan, lan = net.own[family]
    ping(net.client, wan)
    ping(net.client, wan, 3, size=1400)
    ping(net.servers[0].netns, lan)
    net.rig.sysctl(net.sluice, **{knob: 1})
    try:
        got = ping(net.client, wan, 2, ok=False, patience_s=1)
        check(got == 0, f"{got} of 2 pings were answered, though the kernel is silent")
        ping(net.client, net.vip[family])
    finally:
        net.rig.sysctl(net.sluice, **{knob: 0})


for _device in DEVICES:
    test(f"tap-{_device}", device=_device,
         cases=("interfaces", "ping-4", "ping-6", "served", "outbound", "accounting", "exit"))(kernel_path)


@test("tap-transit", cases=("kernel", "mtu", "drop"))
def transit(t):
    """Past the balancer, to a server's own address: by the kernel, if it forwards, or not at all."""
    net = t.world.get(Nat)
    ways = {"ipv4": ("10.2.0.0/24", "10.1.0.1"), "ipv6": ("fd02::/64", "fd01::1")}
    for prefix, via in ways.values():
        run(["ip", "route", "add", prefix, "via", via], net.client)
        net.rig.undo.append(lambda prefix=prefix: run(["ip", "route", "del", prefix], net.client))
    forward_set(net, 1)
    net.rig.undo.append(lambda: forward_set(net, 0))
    lan = (("lan", f"mtu {SMALL_MTU}"),)
    with small_lan(net), Sluice(net, t.build, text(net, port=("transit kernel", *lan))) as sluice:
        taps_appear(net)
        forward_set(net, 1)     # of the new interfaces too
        with t.case("kernel"):
            for family in FAMILIES:
                for server in net.servers:
                    ping(net.client, server.reals[family][0][0])
                    past(net, server, family)
                net.ask(family)
        with t.case("mtu"):
            said = run(["ping", "-n", "-c", 1, "-W", 2, "-M", "do", "-s", LINK_MTU - 28,
                        net.servers[0].reals["ipv4"][0][0]], net.client, ok=False)
            check(f"mtu = {SMALL_MTU}" in said.stdout, f"ping says {said.stdout}{said.stderr}")
        sluice.quiet()
        t.note(sluice.drops_text())
        sluice.check_accounting()
    with Sluice(net, t.build, text(net, port=("transit drop",))) as sluice:
        taps_appear(net)
        forward_set(net, 1)
        with t.case("drop"):
            before = sluice.drops()["transit"]
            for family in FAMILIES:
                got = ping(net.client, net.servers[0].reals[family][0][0], 2, ok=False, patience_s=1)
                check(got == 0, f"{got} of 2 pings passed")
                net.ask(family)
            check(sluice.drops()["transit"] >= before + 4, "they are not counted as transit")
        sluice.quiet()
        sluice.check_accounting()


def forward_set(net, value):
    net.rig.sysctl(net.sluice, net__ipv4__ip_forward=value, net__ipv6__conf__all__forwarding=value)


def past(net, server, family):
    """One request to a server's own address."""
    address, port = server.reals[family][0]
    name = net.curl(f"http://{bracketed(address)}:{port}/").stdout.strip()
    check(name == server.name, f"{address} answers {name!r}")


FLOOD = """
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect((sys.argv[1], 9))
end, sent = time.monotonic() + float(sys.argv[2]), 0
while time.monotonic() < end:
    for _ in range(200):
        try:
            s.send(bytes(18))
            sent += 1
        except OSError:
            pass
print(sent)
"""


@test("tap-flood", cases=("balanced", "control", "policed", "served"))
def flood(t):
    """A flood to an own address is cut down to kernel_rate; the rest of the box does not notice."""
    net = t.world.get(Nat)
    with Sluice(net, t.build, text(net, 2, 2, dataplane=(f"kernel_rate {FLOOD_RATE}",))) as sluice:
        taps_appear(net)
        kernel_server(net)
        before, received = sluice.drops()["kernel_limit"], kernel_received(net)
        with loads_running(net) as loads:
            sender = net.rig.spawn(net.rig.numbered("flood"),
                                   [sys.executable, "-c", FLOOD, net.own["ipv4"][0], FLOOD_S], net.client)
            with t.case("control"):
                control_answers(t, sluice, sender)
            with t.case("balanced"):
                loads_check(t, loads)
        with t.case("policed"):
            sent = int(sender.output().split()[-1])
            sluice.quiet()
            limited = sluice.drops()["kernel_limit"] - before
            got = kernel_received(net) - received
            t.note(f"{sent} sent, {limited} dropped as kernel_limit, the kernel got {got}")
            check(limited > 0, f"{sent} packets were sent, none was limited")
            check(got <= FLOOD_RATE * (FLOOD_S + 3), f"the kernel got {got} packets in about {FLOOD_S} s")
            sluice.check_accounting()
        with t.case("served"):
            for family in FAMILIES:
                ask_kernel(net, family, 3)


def control_answers(t, sluice, sender):
    """As long as the flood lasts."""
    slowest, questions = 0.0, 0
    while sender.running():
        began = time.monotonic()
        sluice.ctl("status")
        slowest = max(slowest, time.monotonic() - began)
        questions += 1
        time.sleep(0.05)
    t.note(f"{questions} answers, the slowest after {slowest * 1000:.0f} ms")
    check(questions > 0 and slowest < ANSWER_S, f"the slowest answer took {slowest:.2f} s")


def kernel_received(net):
    return int(run(["cat", "/sys/class/net/sl-wan/statistics/rx_packets"], net.sluice).stdout)


@test("tap-deleted", cases=("balanced", "again", "told", "exit"))
def deleted(t):
    """Somebody deletes the interface under traffic: it comes back, and nothing else notices."""
    net = t.world.get(Nat)
    with Sluice(net, t.build, text(net)) as sluice:
        taps_appear(net)
        number = interface(net.sluice, "sl-wan")["ifindex"]
        with loads_running(net) as loads:
            wait_for(lambda: sluice.totals()["conns"] > 100, 10, "traffic flows")
            pings = net.rig.spawn(net.rig.numbered("pings"), [
                "ping", "-n", "-q", "-i", "0.01", "-w", "20", net.own["ipv4"][0]], net.client)
            run(["ip", "link", "del", "sl-wan"], net.sluice)
            with t.case("again"):
                wait_for(lambda: (interface(net.sluice, "sl-wan") or {}).get("ifindex", number) != number, 10,
                         "sl-wan comes back")
                taps_appear(net)
                check_addresses(net, 0)
                for family in FAMILIES:
                    ping(net.client, net.own[family][0])
            pings.kill()
            with t.case("balanced"):
                loads_check(t, loads)
        with t.case("told"):
            gone = sluice.drops()["kernel_gone"]
            said = [line for line in sluice.process.output().splitlines() if "sl-wan" in line]
            t.note(f"kernel_gone {gone}; {'; '.join(said[-2:])}")
            check(gone > 0, "no packet is counted as kernel_gone")
            check(said, "the log does not say that it was gone")
            sluice.quiet()
            sluice.check_accounting()
        sluice.process.kill()
        with t.case("exit"):
            wait_for(lambda: interface(net.sluice, "sl-wan") is None, 2, "sl-wan goes with a killed daemon")
        sluice.start()
