# SPDX-License-Identifier: BSD-3-Clause
"""
Changes under load: by the configuration file (SIGHUP and `config apply` in
turn) and by command. What did not change must not lose a request, nor must
what did: a server that leaves finishes what it has. A new server is used at
once, a drained one gets nothing new and empties as its connections end.
"""

from case import test
from load import Wrk
from rig import check, wait_for
from sluice import Service, Sluice, configuration, endpoint
from topology import FAMILIES, Direct, Nat

AT_ONCE_S = 1.0     # a wait for connections to arrive, not for the change itself
BROKEN = "virtual_server 10.1.0.100 83 {\n    lb_algo wlcc\n    real_server 10.2.0.11\n}\n"


class Plan:
    """Twenty variants of the changing part of a file. `a` and `b` are the two server machines."""

    def __init__(self, net, family):
        self.net, self.family = net, family
        self.moving = Service(net.vip[family], 81, [], net.kind)
        self.extra = Service(net.vip[family], 82, [net.real(0, family, 2, 1, 82)], net.kind)
        self.with_extra = False
        self.set("rr", (0, 0, 1), (1, 0, 1))

    def set(self, algo, *reals):
        self.moving.algo = algo
        self.moving.reals = [self.net.real(machine, self.family, index, weight, 81)
                             for machine, index, weight in reals]

    def services(self):
        return [self.moving, self.extra] if self.with_extra else [self.moving]

    def steps(self):
        """Each changes the plan and returns the servers that are new in it."""
        a0, b0, a1, b1 = (0, 0, 1), (1, 0, 1), (0, 1, 1), (1, 1, 1)
        for round_number in range(2):
            heavy = (0, 1, 5 + round_number)
            yield self.step("add a server", "rr", a0, b0, a1)
            yield self.step("change a weight", "rr", a0, b0, heavy)
            yield self.step("change the scheduler", "wrr", a0, b0, heavy)
            yield self.step("remove a server", "wrr", a0, heavy)
            yield self.step("add another server", "wrr", a0, heavy, b1)
            yield self.step("change the scheduler again", "wlc", a0, heavy, b1)
            self.with_extra = True
            yield self.step("add a service", "wlc", a0, heavy, b1)
            yield self.step("bring a server back", "wlc", a0, heavy, b1, b0)
            yield self.step("remove two servers", "rr", a0, b0)
            self.with_extra = False
            yield self.step("remove a service", "rr", a0, b0)

    def step(self, what, algo, *reals):
        before = {real[:2] for real in self.moving.reals}
        self.set(algo, *reals)
        return what, [real for real in self.moving.reals if real[:2] not in before]


def config_changes(t, topology, family):
    net = t.world.get(topology)
    other = FAMILIES[1 - FAMILIES.index(family)]
    steady = {f: Service(net.vip[f], 80, net.reals(f), net.kind) for f in FAMILIES}
    plan = Plan(net, family)

    def text():
        return configuration(net, [*steady.values(), *plan.services()], workers=2, queues=2)

    with Sluice(net, t.build, text()) as sluice:
        check_runs(sluice, [*steady.values(), *plan.services()])
        loads = {
            "kept": Wrk(net, net.url(other), other, 120, 4, 1),
            "per request": Wrk(net, net.url(family), family, 120, 4, 1, keep_alive=False),
            "changing": Wrk(net, net.url(family, 81), family, 120, 4, 1, keep_alive=False),
        }
        started = {f: sluice.real_conns(service) for f, service in steady.items()}
        with t.case("applied"):
            wait_for(lambda: sum(sluice.real_conns(plan.moving)) > 0, 5, "the changing service is used")
            changes = 0
            for number, (what, new) in enumerate(plan.steps()):
                sluice.conf.write_text(text())
                apply(sluice, number, what, [*steady.values(), *plan.services()])
                changes += 1
                for real in new:
                    check_used(sluice, plan.moving, real)
                if number in (4, 11):
                    check_refused(sluice, number, text(), [*steady.values(), *plan.services()])
            t.note(f"{changes} changes, 2 refusals")
        results = {name: load.finish() for name, load in loads.items()}
        with t.case("unchanged"):
            for name in ("kept", "per request"):
                t.note(f"{name}: {results[name].summary()}")
                results[name].check(at_least=100)
            check(results["kept"].connects == 4 + 1, "kept connections were opened again")
            for f, service in steady.items():
                now = sluice.real_conns(service)
                check(all(after >= before for after, before in zip(now, started[f])),
                      f"{service.name}: connection counts went from {started[f]} to {now}")
        with t.case("changed"):
            t.note(results["changing"].summary())
            results["changing"].check(at_least=100)
        sluice.quiet()
        sluice.check_accounting()


def apply(sluice, number, what, services):
    """By command every other time: that one has happened when it returns."""
    if number % 2:
        sluice.ctl("config", "apply")
        check_runs(sluice, services, what)
    else:
        sluice.reload()
        wait_for(lambda: runs(sluice, services), 5,
                 lambda: f"SIGHUP {number + 1} ({what}): {difference(sluice, services)}")


def runs(sluice, services):
    return sluice.services() == expected(services)


def check_runs(sluice, services, what="start"):
    check(runs(sluice, services), f"{what}: {difference(sluice, services)}")


def expected(services):
    return {(service.proto.lower(), service.name):
            (service.algo, {endpoint(real): real[2] for real in service.reals}) for service in services}


def difference(sluice, services):
    wanted, got = expected(services), sluice.services()
    parts = [f"{key[1]} is {got.get(key)}, should be {wanted.get(key)}"
             for key in sorted({*wanted, *got}) if wanted.get(key) != got.get(key)]
    return "; ".join(parts) or "as it should be"


def check_used(sluice, service, real):
    before = sluice.real(service, real)["conns"]     # it may have been here before
    wait_for(lambda: sluice.real(service, real)["conns"] > before, AT_ONCE_S,
             f"new server {endpoint(real)} of {service.name} gets a connection")


def check_refused(sluice, number, good, services):
    """A fault anywhere leaves what runs untouched, and is named."""
    sluice.conf.write_text(good + BROKEN)
    if number % 2:
        sluice.reload()
        wait_for(lambda: "wlcc" in sluice.process.output(), 5, "the daemon logs the fault")
    else:
        done = sluice.ctl("config", "apply", ok=False)
        check(done.returncode == 4, f"config apply of a broken file: exit code {done.returncode}, not 4")
        check("wlcc" in done.stderr, f"config apply does not name the fault: {done.stderr!r}")
    check_runs(sluice, services, "after a broken file")
    sluice.conf.write_text(good)


test("nat-config-changes", cases=("applied", "unchanged", "changed"), topology=Nat,
     family="ipv4")(config_changes)
test("dr-config-changes", cases=("applied", "unchanged", "changed"), topology=Direct,
     family="ipv6")(config_changes)


ROUNDS = 10


@test("nat-commands", cases=("applied", "unchanged", "changed"))
def commands(t):
    """Fifty changes: ten rounds of add, reweight, drain, remove, and a reweight of a server that stays."""
    net = t.world.get(Nat)
    steady = {f: Service(net.vip[f], 80, net.reals(f), net.kind) for f in FAMILIES}
    moving = {f: Service(net.vip[f], 81, net.reals(f, port=81), net.kind, "wrr") for f in FAMILIES}
    text = configuration(net, [*steady.values(), *moving.values()], workers=2, queues=2)
    with Sluice(net, t.build, text) as sluice:
        loads = {
            "kept": Wrk(net, net.url("ipv6"), "ipv6", 120, 4, 1),
            "per request": Wrk(net, net.url("ipv4"), "ipv4", 120, 4, 1, keep_alive=False),
            "changing ipv4": Wrk(net, net.url("ipv4", 81), "ipv4", 120, 2, 1, keep_alive=False),
            "changing ipv6": Wrk(net, net.url("ipv6", 81), "ipv6", 120, 2, 1, keep_alive=False),
        }
        with t.case("applied"):
            changes = 0
            for number in range(ROUNDS):
                family = FAMILIES[number % 2]
                real = net.real(number // 2 % 2, family, 1 + number % 3, port=81)
                changes += round_of_commands(sluice, moving[family], real, number)
            t.note(f"{changes} changes")
            check(changes == 5 * ROUNDS, f"{changes} changes were made, not {5 * ROUNDS}")
        results = {name: load.finish() for name, load in loads.items()}
        with t.case("unchanged"):
            for name in ("kept", "per request"):
                t.note(f"{name}: {results[name].summary()}")
                results[name].check(at_least=100)
            check(results["kept"].connects == 4 + 1, "kept connections were opened again")
        with t.case("changed"):
            for name in ("changing ipv4", "changing ipv6"):
                t.note(f"{name}: {results[name].summary()}")
                results[name].check(at_least=100)
        sluice.quiet()
        sluice.check_accounting()


def round_of_commands(sluice, service, real, number):
    """Returns how many changes it made."""
    sluice.real_add(service, real, weight=1)
    check_used(sluice, service, real)
    sluice.real_edit(service, real, weight=3)
    check(sluice.real(service, real)["weight"] == 3, f"weight of {endpoint(real)} did not become 3")
    before = sluice.real(service, real)["conns"]
    wait_for(lambda: sluice.real(service, real)["conns"] > before, AT_ONCE_S,
             f"reweighted server {endpoint(real)} gets a connection")
    sluice.real_drain(service, real)
    check_drained(sluice, service, real)
    sluice.real_del(service, real)
    check(sluice.real(service, real) is None, f"{endpoint(real)} is still there after its removal")
    stays = service.reals[number % 2]
    sluice.real_edit(service, stays, weight=1 + number % 4)
    return 5


def check_drained(sluice, service, real):
    """No new connection from the moment the command has returned; those there were end."""
    before = sluice.real(service, real)["conns"]
    others = sum(sluice.real_conns(service))
    wait_for(lambda: sum(sluice.real_conns(service)) > others + 50, 10, f"{service.name} goes on being used")
    after = sluice.real(service, real)["conns"]
    # A burst that was under way at the commit may still place what it had picked.
    check(after - before <= 2, f"drained server {endpoint(real)} got {after - before} new connections")
    wait_for(lambda: sluice.real(service, real)["active"] == 0, 10,
             lambda: f"drained server {endpoint(real)} empties: {sluice.real(service, real)}")


@test("nat-drain", cases=FAMILIES)
def drain(t):
    """A long download outlives the drain and the removal of its server, whole."""
    net = t.world.get(Nat)
    services = {f: Service(net.vip[f], 80, net.reals(f), net.kind) for f in FAMILIES}
    with Sluice(net, t.build, configuration(net, services.values(), workers=2, queues=2)) as sluice:
        for family in FAMILIES:
            with t.case(family):
                drain_one(net, sluice, services[family], Download(net, family, 6_000_000, 1_000_000))


class Download:
    """`size` bytes at so many bytes a second, in the background."""

    def __init__(self, net, family, size, rate, port=80):
        self.family, self.size = family, size
        self.whole = net.rig.directory / "big"
        name = net.rig.numbered("drain")
        self.got = net.rig.directory / f"{name}.got"
        self.process = net.rig.spawn(name, [
            "curl", "-sS", "-g", "--max-time", "60", "--limit-rate", rate, "-r", f"0-{size - 1}",
            "-o", self.got, net.url(family, port, "/big")], net.client)

    def check(self):
        code = self.process.wait(60)
        check(code == 0, f"the download from the removed server: exit code {code}: {self.process.output()}")
        with open(self.got, "rb") as one, open(self.whole, "rb") as two:
            check(one.read() == two.read(self.size), "the download from the removed server has other bytes")


def drain_one(net, sluice, service, download):
    wait_for(lambda: any(sluice.real(service, real)["active"] for real in service.reals), 5,
             "the download is an active connection")
    held = next(real for real in service.reals if sluice.real(service, real)["active"])
    free = next(real for real in service.reals if real != held)
    sluice.real_drain(service, held)
    names = {net.ask(download.family) for _ in range(6)}
    number = service.reals.index(free) + 1
    check(names == {f"server-{number}"}, f"while {endpoint(held)} drains, {names} answer")
    sluice.real_del(service, held)
    check(download.process.running(), "the download was over before its server was removed")
    download.check()
