# SPDX-License-Identifier: BSD-3-Clause
"""
Servers die and come back under load. What a client may lose is what was at
the killed server just then, or was given to it before its check could know:
Sluice counts these connections, and no more requests than so many may fail.
"""

import dataclasses

from case import test
from farm import Farm, Web
from health import ALLOWANCE_S, TIMERS, Watch, checker, farm_configuration, real_of, service_of
from load import Wrk
from rig import check, wait_for
from sluice import Sluice

# A busy machine answers late, and that is no failure.
PATIENT = dataclasses.replace(TIMERS, connect_timeout=2.0)
KILLS, KILLS_QUICK = 20, 4
SPREAD_CONNECTIONS = 60
CONNECTIONS = 6


class Toll:
    """How many requests may have failed: connections that were at, or were given to, servers that were dead."""

    def __init__(self, sluice, service):
        self.sluice, self.service = sluice, service
        self.sum = 0
        self.before = {}

    def dies(self, real):
        """Call before the server is killed."""
        told = self.sluice.real(self.service, real)
        self.before[real] = told["conns"]
        self.sum += told["active"]

    def known(self, real):
        """Call when it is out."""
        self.sum += self.sluice.real(self.service, real)["conns"] - self.before[real]


def spread_restored(sluice, service, count):
    """Round robin over the first `count` servers again."""
    begin = sluice.real_conns(service)

    def enough():
        delta = [now - then for now, then in zip(sluice.real_conns(service), begin)]
        return delta if sum(delta) > SPREAD_CONNECTIONS * count else None
    delta = wait_for(enough, 10, lambda: f"{service.name} is used")
    # Read while packets move, so a burst may be in one counter and not yet in the next.
    check(max(delta[:count]) - min(delta[:count]) <= max(4, sum(delta) // 20), f"connections are spread {delta}")
    check(sum(delta[count:]) == 0, f"connections are spread {delta}")


@test("health-kill", cases=("out", "inhibit", "bound", "sorry"))
def kill(t):
    net = t.world.get(Farm)
    programs = [Web(net.servers[n], net.extra(n + 1, 0)).start() for n in range(3)]
    sorry = Web(net.servers[3], net.extra(4, 0)).start()
    spare = f"sorry_server {sorry.address} {sorry.port}"
    services = {
        "out": service_of(net, programs, lambda program: checker("TCP_CHECK", timers=PATIENT), 80, more=(spare,)),
        "inhibit": service_of(net, programs, lambda program: [
            "inhibit_on_failure", *checker("TCP_CHECK", timers=PATIENT)], 81, more=(spare,)),
    }
    with Sluice(net, t.build, farm_configuration(net, services.values())) as sluice:
        with_sorry = {name: dataclasses.replace(service, reals=[*service.reals, real_of(sorry)])
                      for name, service in services.items()}
        watches = [Watch(sluice, service) for service in services.values()]
        for watch in watches:
            watch.wait_checked()
        tolls = {name: Toll(sluice, service) for name, service in services.items()}
        loads = {name: Wrk(net, net.url("ipv4", service.port), "ipv4", 300, CONNECTIONS, 1, keep_alive=False)
                 for name, service in services.items()}
        slowest = {"down": 0.0, "up": 0.0}
        with t.case("bound"):
            rounds = t.long(KILLS, KILLS_QUICK)
            for number in range(rounds):
                one_round(sluice, watches, tolls, programs[number % 3], slowest)
                for service in services.values():
                    spread_restored(sluice, service, 3)
            t.note(f"{rounds} kills, down within {slowest['down']:.2f} s, up within {slowest['up']:.2f} s")
        with t.case("sorry"):
            all_die(net, sluice, watches, tolls, programs, with_sorry)
        results = {name: load.finish() for name, load in loads.items()}
        for name, result in results.items():
            with t.case(name):
                t.note(f"{result.summary()}; {tolls[name].sum} connections were at dead servers")
                check(result.failed <= tolls[name].sum, f"{result.failed} requests failed, {tolls[name].sum} "
                      f"connections were at dead servers: {result.told}")
                check(result.requests > 500, f"only {result.requests} requests")
        sluice.settle_accounting()


def one_round(sluice, watches, tolls, program, slowest):
    real = real_of(program)
    for toll in tolls.values():
        toll.dies(real)
    program.kill()
    for watch, toll in zip(watches, tolls.values()):
        slowest["down"] = max(slowest["down"], watch.wait(real, "down", PATIENT.down_s() + ALLOWANCE_S))
        toll.known(real)
    program.start()
    for watch in watches:
        slowest["up"] = max(slowest["up"], watch.wait(real, "up", PATIENT.up_s() + ALLOWANCE_S))


def all_die(net, sluice, watches, tolls, programs, services):
    for program in programs:
        for toll in tolls.values():
            toll.dies(real_of(program))
    for program in programs:
        program.kill()
    for watch, toll in zip(watches, tolls.values()):
        for program in programs:
            watch.wait(real_of(program), "down", PATIENT.down_s() + ALLOWANCE_S)
            toll.known(real_of(program))
    for service in services.values():
        names = {net.ask("ipv4", port=service.port) for _ in range(4)}
        check(names == {"server-4"}, f"when all are dead, {names} answer")
    for program in programs:
        program.start()
    for watch in watches:
        for program in programs:
            watch.wait(real_of(program), "up", PATIENT.up_s() + ALLOWANCE_S)
    for service in services.values():
        wait_for(lambda service=service: net.ask("ipv4", port=service.port) != "server-4", 5,
                 "the sorry server is left")
        spread_restored(sluice, service, 3)
