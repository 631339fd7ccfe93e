# SPDX-License-Identifier: BSD-3-Clause
"""
What a network engineer tries first: ping, who has which address, one request,
the counters, and what is left when somebody vanishes.
"""

import json

from case import test
from load import Queries
from rig import check, run, wait_for
from sluice import Service, Sluice, configuration, endpoint
from topology import FAMILIES, Direct, Nat, bracketed

PINGS = 10
SHORT = "tcp 4 tcpfin 3 udp 3"      # timeouts, in seconds


def web(net, family, **more):
    return Service(net.vip[family], 80, net.reals(family), net.kind, **more)


def active(sluice, service):
    return [sluice.real(service, real)["active"] for real in service.reals]


def ping(netns, address, count=PINGS, size=56, ok=True, patience_s=5):
    """How many of `count` were answered."""
    done = run(["ping", "-n", "-q", "-c", count, "-i", "0.05", "-W", patience_s, "-s", size, address], netns,
               ok=False)
    words = done.stdout.replace(",", "").split()
    got = int(words[words.index("received") - 1]) if "received" in words else 0
    check("duplicates" not in words, f"ping {address}: {done.stdout.strip()}")
    if ok:
        check(got == count, f"ping {address}: {got} of {count} answered")
    return got


@test("nat-ping", cases=FAMILIES)
def ping_nat(t):
    net = t.world.get(Nat)
    services = [web(net, f) for f in FAMILIES]
    services += [Service(net.routed_vip[f], 80, net.reals(f), net.kind) for f in FAMILIES]
    nobody = {"ipv4": "10.1.0.99", "ipv6": "fd01::99"}
    with Sluice(net, t.build, configuration(net, services)) as sluice:
        for family in FAMILIES:
            with t.case(family):
                wan, lan = net.own[family]
                for address in (wan, net.vip[family], net.routed_vip[family]):
                    ping(net.client, address)
                    ping(net.client, address, 3, size=1400)
                for server in net.servers:
                    ping(server.netns, lan)
                got = ping(net.client, nobody[family], 2, ok=False, patience_s=1)
                check(got == 0, "an address of nobody answers ping")
                net.ask(family, vip=net.routed_vip[family])
        sluice.quiet()
        sluice.check_accounting()


@test("dr-ping", cases=FAMILIES)
def ping_dr(t):
    net = t.world.get(Direct)
    with Sluice(net, t.build, configuration(net, [web(net, f) for f in FAMILIES])) as sluice:
        for family in FAMILIES:
            with t.case(family):
                for address in (net.own[family][0], net.vip[family]):
                    ping(net.client, address)
        sluice.quiet()
        sluice.check_accounting()


def interface_mac(netns, name):
    return json.loads(run(["ip", "-j", "link", "show", name], netns).stdout)[0]["address"]


def check_kernel_neighbour(net, netns, address, mac):
    known = net.neighbour(netns, address)
    check(known == mac, f"{netns} has {known} for {address}, not {mac}")


@test("nat-neighbours", cases=FAMILIES)
def neighbours(t):
    """ARP and neighbour discovery, both ways, with nothing static anywhere."""
    net = t.world.get(Nat)
    mac = {name: interface_mac(net.sluice, name) for name in ("wan", "lan")}
    with Sluice(net, t.build, configuration(net, [web(net, f) for f in FAMILIES])) as sluice:
        for family in FAMILIES:
            with t.case(family):
                for _ in range(2):
                    net.ask(family)
                check_kernel_neighbour(net, net.client, net.vip[family], mac["wan"])
                for number, server in enumerate(net.servers):
                    address = net.real(number, family)[0]
                    known = sluice.neighbour(address)
                    check(known and known["mac"] == interface_mac(server.netns, "eth0"),
                          f"Sluice has {known} for {address}")
                    check(known["state"] in ("reachable", "probe"), f"{address} is {known['state']}")
                    check_kernel_neighbour(net, server.netns, net.own[family][1], mac["lan"])
                check(any(sluice.neighbour(address) for address in net.client_addresses[family]),
                      "Sluice does not know the client")


@test("dr-neighbours", cases=FAMILIES)
def neighbours_dr(t):
    """The VIP is Sluice's on the wire, although both servers hold it."""
    net = t.world.get(Direct)
    mac = interface_mac(net.sluice, "one")
    with Sluice(net, t.build, configuration(net, [web(net, f) for f in FAMILIES])):
        for family in FAMILIES:
            with t.case(family):
                names = [net.ask(family) for _ in range(4)]
                check(set(names) == {"server-1", "server-2"}, f"{names} answered")
                check_kernel_neighbour(net, net.client, net.vip[family], mac)


@test("nat-drops", cases=FAMILIES)
def drops(t):
    """What cannot be forwarded is dropped for a reason that has a name."""
    net = t.world.get(Nat)
    services = [web(net, f) for f in FAMILIES]
    services += [Service(net.vip[f], 81, net.reals(f, 0, (0, 0)), net.kind) for f in FAMILIES]
    with Sluice(net, t.build, configuration(net, services)) as sluice:
        for family in FAMILIES:
            with t.case(family):
                for port, reason in ((85, "no_service"), (81, "no_server")):
                    before = sluice.drops()[reason]
                    done = net.curl(net.url(family, port), "--connect-timeout", "1.5", ok=False)
                    check(done.returncode in (7, 28), f"port {port}: curl's exit code is {done.returncode}")
                    check(sluice.drops()[reason] > before, f"port {port}: no drop is counted as {reason}")
        sluice.check_accounting()


@test("nat-vanished", cases=(*FAMILIES, "udp"))
def vanished(t):
    """A client that falls silent leaves a connection behind, for exactly as long as the timeout says."""
    net = t.world.get(Nat)
    services = {f: web(net, f) for f in FAMILIES}
    dns = Service(net.vip["ipv4"], 53, [(*server.dns["ipv4"], 1) for server in net.servers], net.kind,
                  proto="UDP")
    with Sluice(net, t.build, configuration(net, [*services.values(), dns], timeouts=SHORT)) as sluice:
        for family in FAMILIES:
            with t.case(family):
                vanish(net, sluice, services[family], family)
        with t.case("udp"):
            told = Queries(net, "ipv4", 100, 1000, sockets=20).result()
            check(told["answered"] == 100, f"{told['answered']} of 100 queries answered")
            count = sluice.conn_count("proto", "udp")
            check(count == 20, f"{count} UDP connections, not 20")
            wait_for(lambda: sluice.conn_count("proto", "udp") == 0, 8, "UDP connections expire")
        sluice.check_accounting()


def vanish(net, sluice, service, family):
    rig = net.rig
    client = net.client_addresses[family][7]
    word = "ip" if family == "ipv4" else "ip6"
    holder = rig.spawn(rig.numbered("holder"), [
        "socat", "-u", f"TCP{family[3]}:{service.name},bind={bracketed(client)}", "STDOUT"], net.client)
    try:
        wait_for(lambda: sluice.conn_count("client", client, "state", "established") == 1, 5,
                 lambda: f"the connection is established: {sluice.conns('client', client)}")
        check(active(sluice, service) == [0, 1] or active(sluice, service) == [1, 0], "it is not active")
        # From here on not even its end of the connection reaches anybody.
        run(["nft", f"add table {word} gone; "
             f"add chain {word} gone out {{ type filter hook output priority 0; }}; "
             f"add rule {word} gone out {word} saddr {client} drop"], net.client)
        holder.kill()
        wait_for(lambda: sluice.conn_count("client", client) == 0, 9, "the connection expires")
        for real in service.reals:
            left = sluice.real(service, real)
            check(left["active"] == left["inactive"] == 0, f"counts are not zero again: {left}")
    finally:
        holder.kill()
        run(["nft", f"delete table {word} gone"], net.client, ok=False)


@test("nat-schedulers", cases=("lc", "wlc", "wrr"))
def schedulers(t):
    """Long downloads, one after the other: where each goes is known beforehand, to the connection."""
    net = t.world.get(Nat)
    for algo, weights, shares in (("lc", (1, 1), [3, 3]), ("wlc", (2, 1), [4, 2]), ("wrr", (2, 1), [4, 2])):
        with t.case(algo):
            service = Service(net.vip["ipv4"], 80, net.reals("ipv4", 0, weights), net.kind, algo)
            with Sluice(net, t.build, configuration(net, [service])) as sluice:
                held = [hold(net, sluice, service, number) for number in range(sum(shares))]
                got = active(sluice, service)
                for process in held:
                    process.kill()
                check(got == shares, f"{algo} with weights {weights} placed {got}, not {shares}")
                wait_for(lambda: sum(active(sluice, service)) == 0, 10, "the connections end")


def hold(net, sluice, service, number):
    """A download that lasts; returns when Sluice counts it as active."""
    rig = net.rig
    process = rig.spawn(rig.numbered("hold"), [
        "curl", "-sS", "--max-time", "60", "--limit-rate", "20000", "-o", "/dev/null",
        net.url("ipv4", path="/big")], net.client)
    wait_for(lambda: sum(active(sluice, service)) == number + 1, 5, f"connection {number + 1} is active")
    return process


@test("nat-lists")
def lists(t):
    """The connection list and its filters, and traffic counters that fit what a client fetched."""
    net = t.world.get(Nat)
    service = web(net, "ipv4")
    size = 1_000_000
    with Sluice(net, t.build, configuration(net, [service], workers=2, queues=2)) as sluice:
        held = [hold(net, sluice, service, number) for number in range(4)]
        conns = sluice.conns()
        client = net.client_addresses["ipv4"][0]
        check(len(conns) == 4, f"{len(conns)} connections are listed, not 4")
        for conn in conns:
            check(conn["client"].startswith(f"{client}:") and conn["vip"] == service.name
                  and conn["real"] in [endpoint(real) for real in service.reals]
                  and conn["state"].upper() == "ESTABLISHED", f"a connection is listed as {conn}")
        check(len({conn["client"] for conn in conns}) == 4, "a connection is listed twice")
        for filters, count in ((["client", client], 4), (["client", "10.9.9.9"], 0),
                               (["vip", service.name], 4), (["real", endpoint(service.reals[0])], 2),
                               (["state", "established"], 4), (["state", "fin_wait"], 0),
                               (["proto", "tcp"], 4), (["proto", "udp"], 0)):
            check(len(sluice.conns(*filters)) == count, f"conn list {filters}: not {count} connections")
            check(sluice.conn_count(*filters) == count, f"conn count {filters}: not {count}")
        for process in held:
            process.kill()
        sluice.quiet()
        before = sluice.totals()
        net.curl(net.url("ipv4", path="/big"), "-r", f"0-{size - 1}", "-o", "/dev/null")
        sluice.quiet()
        after = sluice.totals()
        check(after["conns"] - before["conns"] == 1, f"one connection more: {before}, then {after}")
        out = after["out_bytes"] - before["out_bytes"]
        check(size < out < size * 1.1, f"{out} bytes out are counted for {size} bytes fetched")


@test("dr-one-arm-nat", cases=FAMILIES)
def one_arm_nat(t):
    """NAT over a single port: clients and servers on one wire, in two subnets."""
    net = t.world.get(Direct)
    services = {f: Service(net.far_vip[f], 80, net.reals(f), "NAT") for f in FAMILIES}
    with Sluice(net, t.build, configuration(net, services.values())) as sluice:
        for family in FAMILIES:
            with t.case(family):
                names = [net.ask(family, "--interface", net.far_client[family], vip=net.far_vip[family])
                         for _ in range(6)]
                check(sorted(names) == ["server-1"] * 3 + ["server-2"] * 3, f"{names} answered")
        sluice.quiet()
        sluice.check_accounting()


@test("nat-shared-server", cases=FAMILIES)
def shared_server(t):
    """
    One real server behind two services, one client port for both, one after
    the other. To the server the connections look alike, and the first one's
    entry still lives when the second comes: replies belong to the newest.
    """
    net = t.world.get(Nat)
    services = [Service(net.vip[f], port, [net.real(0, f)], net.kind) for f in FAMILIES for port in (80, 81)]
    with Sluice(net, t.build, configuration(net, services)) as sluice:
        for family in FAMILIES:
            with t.case(family):
                client = net.client_addresses[family][3]
                for port in (80, 81, 80, 81):
                    # The server closes first, because the client reads until then, so the client's port is free again
                    # once its last segment is acknowledged; and it is one that no other test's connection was given
                    # by the kernel (1024 and up).
                    wait_for(lambda: not run(["ss", "-tanH", "sport", "=", ":911"], net.client).stdout, 5,
                             "the client's port is free again")
                    net.ask(family, "-H", "Connection: close", "--ignore-content-length", "--local-port", "911",
                            "--interface", client, "--connect-timeout", "3", port=port)
                count = sluice.conn_count("client", client)
                t.note(f"{count} connections are known")
        sluice.check_accounting()
