# SPDX-License-Identifier: BSD-3-Clause
"""
What the tests of health share: timers and the bounds that follow from them,
ways to break a server and to mend it, and a test that is a table of such ways.

A bound is what the configuration promises, computed from its numbers, and
ALLOWANCE_S for what a loaded machine of two cores may add to it: the test's
own questions, and everybody's wait for a core.
"""

import dataclasses
import re
import sys
import time

from farm import HERE, Farm, Firewall, Odd, addressed
from rig import check, run, syns_resent, wait_for
from sluice import Service, Sluice, block, configuration, endpoint
from topology import FAMILIES

ALLOWANCE_S = 3.0
ROUNDS = 3      # of traffic over a service's servers
TRIES = 3       # to measure where connections go, without a SYN that is sent again


@dataclasses.dataclass(frozen=True)
class Timers:
    """Of a check, in seconds, shortened."""
    delay_loop: float = 0.2
    retry: int = 1
    delay_before_retry: float = 0.1
    connect_timeout: float = 0.5
    warmup: float = 0.1

    def lines(self, *without):
        return [f"{field.name} {getattr(self, field.name)}" for field in dataclasses.fields(self)
                if field.name not in without]

    def down_s(self):
        """A server fails just after a good attempt has begun, and each attempt takes all the time that it may."""
        return self.delay_loop + self.retry * self.delay_before_retry + (2 + self.retry) * self.connect_timeout

    def up_s(self, attempts=1):
        return attempts * (max(self.delay_loop, self.delay_before_retry) + self.connect_timeout)


TIMERS = Timers()


def checker(name, *lines, timers=TIMERS, without=()):
    """The text of a checker, one line each."""
    return block(name, *timers.lines(*without), *lines).splitlines()


def farm_configuration(net, services, more="", **rest):
    return configuration(net, services, port=("tap on",), more=more, **rest)


# ---- ways to break a server; each returns how it is mended ----

def killed(program):
    program.kill()
    return program.start


def paused(program):
    program.pause()
    return program.resume


def dropped(program):
    return Firewall(program.machine).add(addressed(program.address), "drop")


def rejected(program):
    return Firewall(program.machine).add(addressed(program.address), "reject")


def reset(program):
    return Firewall(program.machine).add(f"{addressed(program.address)} tcp dport {program.port}",
                                         "reject with tcp reset")


def prefixed(address):
    return f"{address}/{64 if ':' in address else 24}"


def unaddressed(program):
    """Nobody has its address any more: neighbour discovery fails."""
    run(["ip", "address", "del", prefixed(program.address), "dev", "eth0"], program.netns)
    return lambda: Farm.addresses_add(program.netns, "eth0", prefixed(program.address))


def changed(**what):
    """It answers something else, or shows another certificate."""
    def breaks(program):
        program.change(**what)
        return program.restore
    return breaks


def replaced(*words):
    """An odd server in its place."""
    def breaks(program):
        program.kill()
        odd = Odd(program.machine, program.address, program.port, *words).start()

        def mend():
            odd.kill()
            program.start()
        return mend
    return breaks


# ---- states and traffic ----

class Watch:
    """What Sluice says of a service's servers."""

    def __init__(self, sluice, service):
        self.sluice, self.service = sluice, service

    def told(self, real):
        return self.sluice.health(self.service).get(endpoint(real))

    def states(self):
        return {name: told["state"] for name, told in self.sluice.health(self.service).items()}

    def wait(self, real, state, limit_s, what=""):
        """Seconds that it took."""
        began = time.monotonic()

        def reached():
            return (self.told(real) or {}).get("state") == state
        wait_for(reached, limit_s, lambda: f"{what or endpoint(real)} is {state}: {self.told(real)}", every_s=0.05)
        return time.monotonic() - began

    def wait_checked(self, limit_s=10):
        """Until each check of each server has had a good result."""
        def done():
            told = self.sluice.health(self.service)
            return all(endpoint(real) in told and all(map(succeeded, told[endpoint(real)]["checks"]))
                       for real in self.service.reals)
        wait_for(done, limit_s, lambda: f"all are checked: {self.sluice.health(self.service)}", every_s=0.05)


def succeeded(told):
    """Whether a check has had a good result."""
    return told["good"] and told["state"] == "up" and bool(told["text"])


def knock(net, service, count):
    """So many connections (or datagrams) of a client to a service."""
    run([sys.executable, HERE / "knock.py", service.proto.lower(), service.vip, service.port, count], net.client)


def given(net, sluice, service, count):
    """
    How many of `count` new connections each server gets, in the order of service.reals.

    On a loaded machine the client's kernel may send a SYN again, and one that comes when
    its connection is over already opens another. The kernel counts them: such a round is
    no measurement, and there is another one.
    """
    for _ in range(TRIES):
        resent, before = syns_resent(net.client), sluice.real_conns(service)
        knock(net, service, count)
        wait_for(lambda before=before: sum(sluice.real_conns(service)) - sum(before) >= count, 5,
                 "connections are counted")
        got = [now - then for now, then in zip(sluice.real_conns(service), before)]
        if sum(got) == count or syns_resent(net.client) == resent:
            break
    return got


def check_traffic(net, sluice, service, alive):
    """Round robin over those that are alive, and nobody else gets anything."""
    count = ROUNDS * len(alive)
    got = given(net, sluice, service, count)
    wanted = [ROUNDS if real in alive else 0 for real in service.reals]
    went = dict(zip(map(endpoint, service.reals), got))
    check(got == wanted, f"{service.name}: {count} connections went {went}, "
          f"alive are {[endpoint(real) for real in alive]}")


# ---- a table of ways ----

@dataclasses.dataclass
class Kind:
    """A kind of check. `make(machine, address)` starts its server, `lines(program)` is its checker's text."""
    make: object
    lines: object
    ways: dict              # name: (breaks, what Sluice has to say, a pattern[, number of the machine, 0])
    proto: str = "TCP"
    timers: Timers = TIMERS
    globals: object = None  # globals(rig, programs): text before the services
    steps: int = 1          # attempts that a server needs to be up


class Trial:
    """One way: its server, and what happened to it."""

    def __init__(self, name, breaks, says, program):
        self.name, self.breaks, self.says, self.program = name, breaks, says, program
        self.mend = None
        self.broken_at = self.mended_at = self.down_after = self.up_after = None

    @property
    def real(self):
        return self.program.address, self.program.port, 1


def ways_test(t, kind):
    """All ways at once, each at a server of its own, the families in turn; a server of each family stays well."""
    net = t.world.get(Farm)
    trials, steady = {family: [] for family in FAMILIES}, {}
    for number, (name, (breaks, says, *where)) in enumerate(kind.ways.items()):
        family, machine = FAMILIES[number % 2], where[0] if where else 0
        program = kind.make(net.servers[machine], net.extra(machine + 1, number, family))
        trials[family].append(Trial(name, breaks, says, program))
    for family in FAMILIES:
        steady[family] = kind.make(net.servers[3], net.extra(4, 0, family))
    services = {family: Service(
        net.vip[family], 80, [(steady[family].address, steady[family].port, 1),
                              *(trial.real for trial in trials[family])], "NAT", proto=kind.proto,
        each={program.address: kind.lines(program)
              for program in (steady[family], *(trial.program for trial in trials[family]))})
        for family in FAMILIES}
    programs = [*steady.values(), *(trial.program for family in FAMILIES for trial in trials[family])]
    text = farm_configuration(net, services.values(),
                              more=kind.globals(net.rig, programs) if kind.globals else "")
    with Sluice(net, t.build, text) as sluice:
        watches = {family: Watch(sluice, services[family]) for family in FAMILIES}
        everyone = [(family, trial) for family in FAMILIES for trial in trials[family]]
        for watch in watches.values():
            watch.wait_checked()
        judge_all(t, kind, everyone, watches, "down")
        for family in FAMILIES:
            check_traffic(net, sluice, services[family], services[family].reals[:1])
        judge_all(t, kind, everyone, watches, "up")
        for family in FAMILIES:
            check_traffic(net, sluice, services[family], services[family].reals)
        for family, trial in everyone:
            with t.case(trial.name):
                told = watches[family].told(trial.real)
                check(moves(told) == ["down", "up"], f"its history is {told['history']}")
                t.note(f"down {trial.down_after:.1f} s, up {trial.up_after:.1f} s")
        for family in FAMILIES:
            told = watches[family].told(services[family].reals[0])
            check(not moves(told), f"the server that stayed well: {told}")


def judge_all(t, kind, everyone, watches, state):
    """Breaks (or mends) every trial's server, then waits for each in turn, from its own beginning."""
    began = {}
    for _, trial in everyone:
        with t.case(trial.name):
            began[trial.name] = time.monotonic()
            if state == "down":
                trial.mend = trial.breaks(trial.program)
            else:
                trial.mend()
    bound = (kind.timers.down_s() if state == "down" else kind.timers.up_s(kind.steps)) + ALLOWANCE_S
    for family, trial in everyone:
        with t.case(trial.name):
            left = began[trial.name] + bound - time.monotonic()
            watches[family].wait(trial.real, state, max(left, 0.1), trial.name)
            took = time.monotonic() - began[trial.name]
            if state == "down":
                trial.down_after = took
                words_wait(watches[family], trial, kind.timers)
            else:
                trial.up_after = took


def words_wait(watch, trial, timers):
    """What the last attempt says; the first ones may have come while the server was being replaced."""
    def texts():
        return [one["text"] for one in watch.told(trial.real)["checks"]]
    wait_for(lambda: any(re.search(trial.says, text, re.I) for text in texts()), timers.up_s() + ALLOWANCE_S,
             lambda: f"it says {texts()}, nothing like {trial.says!r}", every_s=0.05)


# ---- smaller tests ----

def service_of(net, programs, lines, port=80, weights=None, vip=None, **more):
    """A service of these programs, in their order; lines(program) is what stands in a server's block."""
    weights = weights or [1] * len(programs)
    family = "ipv6" if ":" in programs[0].address else "ipv4"
    return Service(vip or net.vip[family], port,
                   [(program.address, program.port, weight) for program, weight in zip(programs, weights)],
                   "NAT", proto="UDP" if programs[0].udp else "TCP",
                   each={program.address: lines(program) for program in programs}, **more)


def real_of(program):
    return program.address, program.port, 1


def moves(told):
    """The states that a server went to, the oldest first, after it had been up for the first time."""
    states = [move["state"] for move in reversed(told["history"])]
    while states and states[0] in ("starting", "up"):
        states.pop(0)
    return states


class Diary:
    """A script for notify_up and its like, that writes down what it is called with."""

    def __init__(self, rig):
        self.name = rig.numbered("diary")
        self.path = rig.directory / f"{self.name}.sh"
        self.file = rig.directory / f"{self.name}.txt"
        self.file.touch()
        self.file.chmod(0o666)
        self.path.write_text(f'#!/bin/sh\necho "$*" >> {self.file}\n')
        self.path.chmod(0o755)

    def call(self, *words):
        return f'"{" ".join([str(self.path), *words])}"'

    def lines(self):
        return self.file.read_text().splitlines()

