# SPDX-License-Identifier: BSD-3-Clause
"""
From results to states, and from states to what a service does: how many
failures count, who starts up and who down, quorum and sorry server, what
becomes of a failed server's connections, what commands and new files change.
Mostly counted: attempts at the servers, calls of scripts, connections.
"""

import dataclasses

from case import test
from farm import Farm, Odd, Web
from health import (ALLOWANCE_S, TIMERS, Diary, Watch, check_traffic, checker, farm_configuration, given, moves,
                    real_of, service_of)
from rig import check, wait_for
from sluice import Sluice, block, endpoint
from test_change import Download

# More than sockets buffer, or it may be over before the server fails.
DOWNLOAD_BYTES, DOWNLOAD_RATE = 24_000_000, 5_000_000
NEVER = dataclasses.replace(TIMERS, delay_loop=600, warmup=600)


def webs(net, count, machine=0, family="ipv4", **more):
    return [Web(net.servers[machine], net.extra(machine + 1, number, family), **more).start()
            for number in range(count)]


def odds(net, *words_of_each, machine=0):
    return [Odd(net.servers[machine], net.extra(machine + 1, number), 80, *words).start()
            for number, words in enumerate(words_of_each)]


def http_check(*lines, timers=TIMERS, without=()):
    return checker("HTTP_GET", *lines, *block("url", "path /", "status_code 200").splitlines(), timers=timers,
                   without=without)


# What an HTTP server answers, one attempt after the other, and how its state moves. The last answer stays.
GOOD, BAD = "200", "503"
SEQUENCES = {
    "retry-spared": (("retry 2",), [GOOD, GOOD, BAD, BAD, GOOD], []),
    "retry-spent": (("retry 2",), [GOOD, GOOD, BAD, BAD, BAD, GOOD], ["down", "up"]),
    "retry-anew": (("retry 2",), [GOOD, BAD, BAD, GOOD, BAD, BAD, GOOD], []),
    "retry-0": (("retry 0",), [GOOD, BAD, GOOD, BAD, GOOD], ["down", "up", "down", "up"]),
    "fall-3": (("fall 3",), [GOOD, BAD, BAD, GOOD, BAD, BAD, BAD, GOOD], ["down", "up"]),
    "rise-2": (("fall 1", "rise 2"), [GOOD, BAD, GOOD, GOOD], ["down", "up"]),
    "rise-2-not": (("fall 1", "rise 2"), [GOOD, BAD, GOOD, BAD, GOOD, BAD, GOOD, BAD], ["down"]),
}


@test("health-counts", cases=tuple(SEQUENCES))
def counts(t):
    """So many failures more, no fewer: retry, fall and rise."""
    net = t.world.get(Farm)
    programs = {name: odd for name, odd in zip(SEQUENCES, odds(
        net, *(("http", *answers) for _, answers, _ in SEQUENCES.values())))}
    lines = {program.address: SEQUENCES[name][0] for name, program in programs.items()}
    service = service_of(net, list(programs.values()),
                         lambda program: http_check(*lines[program.address], without=("retry",)))
    with Sluice(net, t.build, farm_configuration(net, [service])) as sluice:
        watch = Watch(sluice, service)
        for name, program in programs.items():
            with t.case(name):
                _, answers, wanted = SEQUENCES[name]
                wait_for(lambda p=program, n=len(answers): len(p.seen()) > n + 2, 20,
                         lambda p=program: f"all answers are given: {len(p.seen())}")
                told = watch.told(real_of(program))
                check(moves(told) == wanted, f"{' '.join(answers)} moved it {moves(told)}, should be {wanted}")


@test("health-schedule", cases=("loop", "retries", "warmup"))
def schedule(t):
    """Attempts come when they are due: never before; and over many, on the average."""
    net = t.world.get(Farm)
    steady, failing, *spread = odds(net, ("http", GOOD), ("http", GOOD, BAD), *[("http", GOOD)] * 12)
    timers = {steady.address: TIMERS,
              failing.address: dataclasses.replace(TIMERS, delay_loop=3, retry=4, delay_before_retry=0.3)}
    late = dataclasses.replace(TIMERS, delay_loop=30, warmup=3)
    service = service_of(net, [steady, failing, *spread],
                         lambda program: http_check(timers=timers.get(program.address, late)))
    with Sluice(net, t.build, farm_configuration(net, [service])) as sluice:
        watch = Watch(sluice, service)
        with t.case("loop"):
            wait_for(lambda: len(steady.seen()) > 25, 20, "25 attempts")
            gaps = differences(steady.seen()[:26])
            t.note(f"every {sum(gaps) / len(gaps):.3f} s, {min(gaps):.3f}..{max(gaps):.3f}")
            check(min(gaps) > TIMERS.delay_loop * 0.7, f"an attempt came after {min(gaps):.3f} s")
            check(sum(gaps) / len(gaps) < TIMERS.delay_loop * 2,
                  f"attempts come every {sum(gaps) / len(gaps):.3f} s")
        with t.case("retries"):
            watch.wait(real_of(failing), "down", 3 + 4 * (0.3 + 0.5) + ALLOWANCE_S)
            seen = failing.seen()
            gaps = differences(seen[1:6])   # after the first good one: a failure and 4 retries
            t.note("gaps " + ", ".join(f"{gap:.2f}" for gap in gaps))
            check(len(gaps) == 4, f"{len(seen)} attempts until it was down, should be 6")
            check(min(gaps) > 0.3 * 0.9, f"a retry came after {min(gaps):.3f} s")
            check(sum(gaps) < 3, f"four retries took {sum(gaps):.1f} s")
        with t.case("warmup"):
            wait_for(lambda: all(odd.seen() for odd in spread), 3 + 1 + ALLOWANCE_S,
                     "each has had its first attempt")
            first = sorted(odd.seen()[0] for odd in spread)
            t.note(f"first attempts over {first[-1] - first[0]:.2f} s")
            check(0.5 < first[-1] - first[0] < 3 + 1 + ALLOWANCE_S, "the first attempts are not spread")


def differences(times):
    return [after - before for before, after in zip(times, times[1:])]


@test("health-alpha", cases=("before", "after"))
def alpha(t):
    """Without alpha a server is up until it fails; with it, down until it has been seen well."""
    net = t.world.get(Farm)
    plain, waits, quick, service_wide = webs(net, 4)
    lines = {plain.address: checker("TCP_CHECK", timers=NEVER),
             waits.address: checker("TCP_CHECK", "alpha", timers=NEVER),
             quick.address: checker("TCP_CHECK", "alpha")}
    one = service_of(net, [plain, waits, quick], lambda program: lines[program.address])
    two = service_of(net, [plain, service_wide], lambda program: checker(
        "TCP_CHECK", timers=TIMERS if program is plain else NEVER), port=81, more=("alpha",))
    with Sluice(net, t.build, farm_configuration(net, [one, two])) as sluice:
        watch, second = Watch(sluice, one), Watch(sluice, two)
        with t.case("before"):
            states = watch.states()
            check(states[endpoint(real_of(plain))] == "up", f"without alpha: {states}")
            check(states[endpoint(real_of(waits))] == "starting", f"with alpha, before its first attempt: {states}")
            check(second.states()[endpoint(real_of(service_wide))] == "starting",
                  f"alpha of the service: {second.states()}")
        with t.case("after"):
            watch.wait(real_of(quick), "up", TIMERS.warmup + TIMERS.up_s() + ALLOWANCE_S)
            check_traffic(net, sluice, one, [real_of(plain), real_of(quick)])
            second.wait(real_of(plain), "up", TIMERS.warmup + TIMERS.up_s() + ALLOWANCE_S)
            check_traffic(net, sluice, two, [real_of(plain)])


@test("health-quorum", cases=("lost", "gained", "scripts", "notify", "omega"))
def quorum(t):
    """Quorum 3, hysteresis 1, of four servers: lost below 2, gained at 4. A sorry server meanwhile."""
    net = t.world.get(Farm)
    programs, (sorry,) = webs(net, 4), webs(net, 1, machine=1)
    pool, server = Diary(net.rig), Diary(net.rig)
    service = service_of(
        net, programs, lambda program: [
            f"notify_up {server.call('up', program.address)}",
            f"notify_down {server.call('down', program.address)}",
            *checker("TCP_CHECK")],
        more=("quorum 3", "hysteresis 1", "omega", f"quorum_up {pool.call('gained', 'quorum')}",
              f"quorum_down {pool.call('lost', 'quorum')}", f"sorry_server {sorry.address} {sorry.port}"))
    reals = service.reals
    service.reals = [*reals, real_of(sorry)]    # for the counters
    text = farm_configuration(net, [dataclasses.replace(service, reals=reals)])
    with Sluice(net, t.build, text) as sluice:
        watch = Watch(sluice, service)
        watch.wait_checked()
        begun = len(pool.lines())
        with t.case("lost"):
            for number in range(3):
                check_traffic(net, sluice, service, reals[number:])
                programs[number].kill()
                watch.wait(reals[number], "down", TIMERS.down_s() + ALLOWANCE_S)
            check_traffic(net, sluice, service, [real_of(sorry)])
        with t.case("gained"):
            for number in range(3):
                check_traffic(net, sluice, service, [real_of(sorry)])
                programs[number].start()
                watch.wait(reals[number], "up", TIMERS.up_s() + ALLOWANCE_S)
            check_traffic(net, sluice, service, reals)
        with t.case("scripts"):
            wait_for(lambda: pool.lines()[begun:] == ["lost quorum", "gained quorum"], ALLOWANCE_S,
                     lambda: f"quorum's scripts were called {pool.lines()}")
        with t.case("notify"):
            wanted = [f"{what} {program.address}" for what in ("down", "up") for program in programs[:3]]
            wait_for(lambda: [line for line in server.lines() if line in wanted][-6:] == wanted, ALLOWANCE_S,
                     lambda: f"the servers' scripts were called {server.lines()}")
        ended = len(server.lines())
    with t.case("omega"):
        wanted = sorted(f"down {program.address}" for program in programs)
        wait_for(lambda: sorted(server.lines()[ended:]) == wanted, ALLOWANCE_S,
                 lambda: f"at the end of the daemon the scripts were called {server.lines()[ended:]}")
        check(pool.lines()[-1] == "lost quorum", f"at the end: {pool.lines()}")


@test("health-failed", cases=("out", "inhibit", "flush"))
def failed(t):
    """A server's check fails while a client downloads from it: the download goes on, unless it is to end."""
    net = t.world.get(Farm)
    blob = net.rig.directory / "blob"
    blob.write_bytes(bytes(DOWNLOAD_BYTES))
    content = f"root {blob.parent}; try_files /blob =404;"
    ways = {"out": (), "inhibit": ("inhibit_on_failure",), "flush": ()}
    of_service = {"out": (), "inhibit": (), "flush": ("flush_on_failure on",)}
    served, checked, services = {}, {}, {}
    for number, name in enumerate(ways):
        bad, good = net.extra(1, number), net.extra(2, number)
        served[name] = [Web(net.servers[0], bad, answer=content).start(),
                        Web(net.servers[1], good, answer=content).start()]
        checked[name] = Web(net.servers[0], bad, 8000).start()
        services[name] = service_of(
            net, served[name], lambda program, name=name: [
                *ways[name], *(checker("TCP_CHECK", "connect_port 8000")
                               if program.machine is net.servers[0] else [])],
            port=80 + number, more=of_service[name])
    with Sluice(net, t.build, farm_configuration(net, services.values())) as sluice:
        for name, service in services.items():
            with t.case(name):
                failed_one(net, sluice, service, name, checked[name])


def failed_one(net, sluice, service, name, checked):
    watch, real = Watch(sluice, service), service.reals[0]
    loads = [Download(net, "ipv4", DOWNLOAD_BYTES, DOWNLOAD_RATE, service.port) for _ in range(2)]
    wait_for(lambda: sluice.real(service, real)["active"] == 1, 5, "one download is at the server")
    checked.kill()
    watch.wait(real, "down", TIMERS.down_s() + ALLOWANCE_S)
    check(given(net, sluice, service, 4) == [0, 4], "a failed server gets connections")
    weight = watch.told(real)["weight"]
    check(name != "inhibit" or weight == 0, f"with inhibit_on_failure its weight is {weight}")
    codes = sorted(load.process.wait(30) for load in loads)
    check(codes == [0, 0] if name != "flush" else codes[1] != 0 and codes[0] == 0,
          f"the downloads' exit codes are {codes}")
    checked.start()
    watch.wait(real, "up", TIMERS.up_s() + ALLOWANCE_S)
    check(given(net, sluice, service, 4) == [2, 2], "a server that is back gets its share")


@test("health-reload", cases=("kept", "changed", "added", "commands"))
def reload(t):
    """What a new file or a command leaves alone keeps its state; what it changes is checked anew."""
    net = t.world.get(Farm)
    programs = webs(net, 5)
    slow = dataclasses.replace(TIMERS, delay_loop=1)
    lines = {program.address: checker("TCP_CHECK", timers=slow) for program in programs}

    def service(count, weights=None):
        return service_of(net, programs[:count], lambda program: lines[program.address], weights=weights)
    with Sluice(net, t.build, farm_configuration(net, [service(3)])) as sluice:
        one = service(3)
        watch = Watch(sluice, one)
        watch.wait_checked()
        programs[0].kill()
        watch.wait(one.reals[0], "down", slow.down_s() + ALLOWANCE_S)
        with t.case("kept"):
            before = story(watch.told(one.reals[0]))
            for number in range(5):     # each within less than a check's time
                apply(sluice, net, service(3, [1, 1, 2 + number]))
                states = watch.states()
                check(states[endpoint(one.reals[0])] == "down", f"after new file {number}: {states}")
            after = story(watch.told(one.reals[0]))
            check(after == before, f"its history was {before}, is {after}")
            apply(sluice, net, one)
            check_traffic(net, sluice, one, one.reals[1:])
        with t.case("added"):
            more = service(4)
            apply(sluice, net, more)
            check(watch.states()[endpoint(more.reals[3])] in ("up", "starting"), f"a new server: {watch.states()}")
            check_traffic(net, sluice, more, more.reals[1:])
            programs[3].kill()
            watch.wait(more.reals[3], "down", slow.down_s() + ALLOWANCE_S)
        with t.case("changed"):
            # Now it is checked at a port where something listens.
            lines[programs[0].address] = checker("TCP_CHECK", "connect_port 22", timers=slow)
            Odd(net.servers[0], programs[0].address, 22, "close").start()
            apply(sluice, net, service(4))
            watch.wait(one.reals[0], "up", slow.delay_loop + slow.up_s() + ALLOWANCE_S)
        with t.case("commands"):
            check_commands(net, sluice, service(4), programs)


def story(told):
    """A server's history without its times."""
    return [(move["state"], move["text"]) for move in told["history"]]


def check_commands(net, sluice, service, programs):
    """A server that a command adds has no check; one that a command removes is checked no more."""
    watch, new = Watch(sluice, service), real_of(programs[4])
    programs[0].start()
    sluice.real_add(service, new, 1)
    more = dataclasses.replace(service, reals=[*service.reals, new])
    check(given(net, sluice, more, 8) == [2, 2, 2, 0, 2], "an added server does not get its share")
    sluice.real_edit(service, service.reals[3], 5)
    check(given(net, sluice, more, 8) == [2, 2, 2, 0, 2], "a failed server whose weight is changed gets connections")
    sluice.real_del(service, service.reals[3])
    check(endpoint(service.reals[3]) not in watch.states(), f"a removed server: {watch.states()}")
    sluice.real_del(service, new)
    check_traffic(net, sluice, service, service.reals[:3])


def apply(sluice, net, service):
    sluice.conf.write_text(farm_configuration(net, [service]))
    sluice.ctl("config", "apply")


@test("health-group", cases=("shared", "follows"))
def group(t):
    """Two addresses, three ports: six services of a group, and one set of checks."""
    net = t.world.get(Farm)
    programs = odds(net, ("http", GOOD), ("http", GOOD))
    second = "10.1.0.101"
    vips = [(net.vip["ipv4"], port) for port in (80, 81)] + [(second, port) for port in (80, 81, 82)]
    one = service_of(net, programs, lambda program: http_check())
    text = one.text().replace(f"virtual_server {one.vip} {one.port}", "virtual_server group farm")
    more = "\n".join([block("virtual_server_group farm", *(f"{vip} {port}" for vip, port in vips)), text])
    with Sluice(net, t.build, farm_configuration(net, [], more=more)) as sluice:
        services = [dataclasses.replace(one, vip=vip, port=port) for vip, port in vips]
        with t.case("shared"):
            wait_for(lambda: len(programs[0].seen()) > 5, 10, "attempts come")
            gaps = differences(programs[0].seen())
            t.note(f"an attempt every {sum(gaps) / len(gaps):.2f} s at {len(vips)} services")
            check(min(gaps) > TIMERS.delay_loop * 0.7,
                  f"an attempt came after {min(gaps):.3f} s: they are not shared")
        with t.case("follows"):
            programs[0].kill()
            Watch(sluice, services[0]).wait(one.reals[0], "down", TIMERS.down_s() + ALLOWANCE_S)
            for service in services:
                check_traffic(net, sluice, service, one.reals[1:])
            programs[0].start()
            Watch(sluice, services[0]).wait(one.reals[0], "up", TIMERS.up_s() + ALLOWANCE_S)
            for service in services:
                check_traffic(net, sluice, service, one.reals)
