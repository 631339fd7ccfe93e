# SPDX-License-Identifier: BSD-3-Clause
"""
Bad input: agents that lie, servers and agents that flap, scripts that leave
their children behind, a clock that steps, and servers that answer checks and
not clients. Nothing of it may cost a well server its place, or the daemon its
answers.
"""

import dataclasses
import pathlib
import time

from case import Skip, test
from farm import HERE, Farm, Firewall, Odd, Program, Web, addressed
from health import (ALLOWANCE_S, TIMERS, Watch, check_traffic, checker, farm_configuration, given, moves, real_of,
                    service_of)
from rig import check, run, wait_for
from sluice import Sluice, block
from test_health_many import answers
from test_health_states import differences, http_check, odds

ANSWER_S = 1.0
LONG = "x" * 100_000

# What an agent says; each may do to its server nothing at all.
LIES = {
    "empty": "",
    "binary": "\\x00\\xff\\x80\\n" * 50,
    "long": LONG,
    "negative": "-50%\n",
    "huge": "99999999999999999999%\n",
    "no-number": "%\n",
    "words": "dorwn upp reaady\n",
    "maxconn": "maxconn:-1 maxconn:99999999999999999999 maxconn:\n",
    "loads": "cpu: cpu:-5 cpu:99999999999 cpu:nan :7\n",
    "markup": "<html><body>down</body></html>\n",
}


class Liar(Odd):
    """Says what is in its file."""

    def __init__(self, web, text, port=3333):
        self.file = web.rig.directory / f"{web.name}.lie"
        self.file.write_text(text)
        super().__init__(web.machine, web.address, port, "say", self.file)


@test("health-liars", cases=(*LIES, "silent", "flood", "alive"))
def liars(t):
    """Whatever an agent says that is not a word of the grammar changes nothing."""
    net = t.world.get(Farm)
    names = [*LIES, "silent", "flood"]
    webs = {name: Web(net.servers[0], net.extra(1, number)).start() for number, name in enumerate(names)}
    agents = {name: Liar(webs[name], text).start() for name, text in LIES.items()}
    agents["silent"] = Odd(net.servers[0], webs["silent"].address, 3333, "silent").start()
    agents["flood"] = Odd(net.servers[0], webs["flood"].address, 3333, "garbage").start()
    service = service_of(net, list(webs.values()), lambda program: [
        *block("AGENT_CHECK", "port 3333", "delay_loop 0.1", "connect_timeout 0.5").splitlines(),
        *checker("TCP_CHECK")], weights=[10] * len(webs))
    with Sluice(net, t.build, farm_configuration(net, [service])) as sluice:
        watch = Watch(sluice, service)
        watch.wait_checked()
        for name in names:
            with t.case(name):
                wait_for(lambda name=name: len(agents[name].seen()) > 5, 10, "the agent is asked")
                told = watch.told(real_of(webs[name]))
                check(told["state"] == "up" and told["weight"] == 10 and told["maxconn"] == 0, f"it is {told}")
        with t.case("alive"):
            check_traffic(net, sluice, service, service.reals)
            took = answers(sluice.socket, 1)
            check(took[len(took) * 99 // 100] < ANSWER_S, f"answers take {took[-1]:.2f} s")


class Flapping(Program):
    """Changes a file between two texts every 100 ms, from now on."""

    def __init__(self, odd, one, other):
        super().__init__(odd.machine, odd.address, odd.port)
        self.file = pathlib.Path(odd.words[1])
        self.texts = one, other

    def start(self):
        self.process = self.rig.spawn(self.name, [
            "/usr/bin/python3", "-c", "import sys, time, os\npath, *texts = sys.argv[1:]\nwhile True:\n"
            "    for text in texts:\n        open(path + '.new', 'w').write(text)\n"
            "        os.rename(path + '.new', path)\n        time.sleep(0.1)\n", self.file, *self.texts],
            self.netns)
        return self


@test("health-flapping", cases=("agent", "server", "history", "answers", "settled"))
def flapping(t):
    """An agent that flaps every 100 ms, and a server that does: told, and no harm to the third."""
    net = t.world.get(Farm)
    steady, with_agent = (Web(net.servers[0], net.extra(1, n)).start() for n in range(2))
    state = net.rig.directory / f"{net.rig.numbered('flap')}.status"
    state.write_text("200")
    flaps = Odd(net.servers[0], net.extra(1, 2), 80, "http-file", state).start()
    liar = Liar(with_agent, "up\n").start()
    quick = dataclasses.replace(TIMERS, delay_loop=0.05, retry=0)
    lines = {steady.address: checker("TCP_CHECK"), flaps.address: http_check(timers=quick),
             with_agent.address: [*block("AGENT_CHECK", "port 3333", "delay_loop 0.05").splitlines(),
                                  *checker("TCP_CHECK")]}
    service = service_of(net, [steady, with_agent, flaps], lambda program: lines[program.address])
    with Sluice(net, t.build, farm_configuration(net, [service])) as sluice:
        watch = Watch(sluice, service)
        watch.wait_checked()
        flappers = [Flapping(liar, "up\n", "down#again\n").start(), Flapping(flaps, "200", "503").start()]
        for name, program in (("agent", with_agent), ("server", flaps)):
            with t.case(name):
                wait_for(lambda p=program: len(watch.told(real_of(p))["history"]) >= 16, 20,
                         lambda p=program: f"it flaps: {watch.told(real_of(p))}")
        with t.case("answers"):
            took = answers(sluice.socket, 2)
            t.note(f"the slowest of {len(took)} answers {took[-1] * 1000:.0f} ms")
            check(took[len(took) * 99 // 100] < ANSWER_S, f"answers take {took[-1]:.2f} s")
        with t.case("history"):
            for program in (with_agent, flaps):
                history = watch.told(real_of(program))["history"]
                check(len(history) == 16, f"the history has {len(history)} lines")
                ages = [move["ago_ms"] for move in history]
                check(ages == sorted(ages), f"it is not the newest first: {ages}")
                states = [move["state"] for move in history]
                check(all(a != b for a, b in zip(states, states[1:])), f"states of the history: {states}")
        for flapper in flappers:
            flapper.kill()
        liar.file.write_text("up\n")
        state.write_text("200")
        with t.case("settled"):
            for program in (with_agent, flaps):
                watch.wait(real_of(program), "up", ALLOWANCE_S)
            check(not moves(watch.told(real_of(steady))), "the steady server's state moved")
            check_traffic(net, sluice, service, service.reals)


@test("health-scripts", cases=("user", "children", "dynamic", "end"))
def scripts(t):
    """A script runs as its user; its children end with it; its exit code is a weight; nothing outlives sluiced."""
    net = t.world.get(Farm)
    webs = [Web(net.servers[0], net.extra(1, n)).start() for n in range(3)]
    out = net.rig.directory / net.rig.numbered("whoami")
    out.touch()
    out.chmod(0o666)
    code = net.rig.directory / f"{out.name}.code"
    code.write_text("22")
    texts = [f"id -un > {out}", "for i in 1 2 3 4; do sleep 1000 & done\nsleep 1000", f"exit $(cat {code})"]
    paths = [net.rig.directory / f"{out.name}-{number}.sh" for number in range(3)]
    for path, text in zip(paths, texts):
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
    more = [["user nobody"], [], ["misc_dynamic"]]
    lines = {web.address: checker("MISC_CHECK", f'misc_path "{path}"', "misc_timeout 0.5", *extra,
                                  without=("connect_timeout",)) for web, path, extra in zip(webs, paths, more)}
    service = service_of(net, webs, lambda program: lines[program.address], weights=[10] * 3, algo="wrr")
    with Sluice(net, t.build, farm_configuration(net, [service])) as sluice:
        watch = Watch(sluice, service)
        with t.case("user"):
            wait_for(lambda: out.read_text().strip() == "nobody", 5, lambda: f"it runs as {out.read_text()!r}")
        with t.case("children"):
            watch.wait(real_of(webs[1]), "down", TIMERS.down_s() + 3 * 2 + ALLOWANCE_S)
            wait_for(lambda: len(attempts(watch, webs[1])) >= 1 and sleepers(net) <= 2 * 5, 5,
                     lambda: f"{sleepers(net)} children of scripts are alive")
            time.sleep(3)      # of more attempts, each of which leaves four if it leaves any
            check(sleepers(net) <= 2 * 5, f"{sleepers(net)} children of scripts are alive")
        with t.case("dynamic"):
            wait_for(lambda: watch.told(real_of(webs[2]))["weight"] == 20, 5,
                     lambda: f"exit code 22 is weight 20: {watch.told(real_of(webs[2]))}")
            check(given(net, sluice, service, 30) == [10, 0, 20], "weights 10 and 20 do not spread 10 to 20")
            code.write_text("2")
            wait_for(lambda: watch.told(real_of(webs[2]))["weight"] == 0, 5,
                     lambda: f"exit code 2 is weight 0: {watch.told(real_of(webs[2]))}")
            check(given(net, sluice, service, 4) == [4, 0, 0], "a server of weight 0 gets connections")
    with t.case("end"):
        wait_for(lambda: sleepers(net) == 0, 3, lambda: f"{sleepers(net)} children of scripts outlive the daemon")


def attempts(watch, web):
    return [one for one in watch.told(real_of(web))["checks"] if not one["good"]]


def sleepers(net):
    """Processes of Sluice's namespace that are called sleep."""
    pids = run(["ip", "netns", "pids", net.sluice]).stdout.split()
    count = 0
    for pid in pids:
        try:
            count += pathlib.Path(f"/proc/{pid}/comm").read_text().strip() == "sleep"
        except OSError:
            pass
    return count


LIBRARY = "/usr/lib/*/faketime/libfaketimeMT.so.1"


class SteppedSluice(Sluice):
    """Its real-time clock is what a file says; its monotonic clock is the machine's."""

    def argv(self, *options):
        found = sorted(pathlib.Path("/").glob(LIBRARY[1:]))
        if not found:
            raise Skip("Debian's package libfaketime is not installed")
        self.clock = self.rig.directory / "clock"
        if not self.clock.exists():
            self.clock.write_text("+0\n")
        return ["env", f"LD_PRELOAD={found[0]}", f"FAKETIME_TIMESTAMP_FILE={self.clock}", "FAKETIME_NO_CACHE=1",
                "DONT_FAKE_MONOTONIC=1", "FAKETIME_DONT_FAKE_MONOTONIC=1", *super().argv(*options)]


@test("health-clock", cases=("stepped", "schedule", "noticed"))
def clock(t):
    """The system clock steps an hour forth and back: checks come as they did, and no state moves."""
    net = t.world.get(Farm)
    odd, web = odds(net, ("http", "200"))[0], Web(net.servers[1], net.extra(2, 0)).start()
    service = service_of(net, [odd, web], lambda program: http_check())
    with SteppedSluice(net, t.build, farm_configuration(net, [service])) as sluice:
        watch = Watch(sluice, service)
        watch.wait_checked()
        monitor = net.rig.spawn(net.rig.numbered("monitor"), [
            sluice.client, "-s", sluice.socket, "-j", "monitor"])
        steps = ("+3600", "-3600", "+0", "+86400")
        for step in steps:
            sluice.clock.write_text(f"{step}\n")
            seen = len(odd.seen())
            wait_for(lambda seen=seen: len(odd.seen()) > seen + 5, 5, f"checks go on after {step}")
        with t.case("schedule"):
            gaps = differences(odd.seen())
            t.note(f"attempts {min(gaps):.2f} to {max(gaps):.2f} s apart over {len(steps)} steps")
            check(min(gaps) > TIMERS.delay_loop * 0.5, f"an attempt came {min(gaps):.3f} s after another")
            check(not any(moves(told) for told in sluice.health(service).values()), "a state moved")
        web.kill()
        with t.case("noticed"):
            watch.wait(real_of(web), "down", TIMERS.down_s() + ALLOWANCE_S)
            told = watch.told(real_of(web))
            check(0 <= told["since_ago_ms"] < 60_000, f"it is down since {told['since_ago_ms']} ms")
        with t.case("stepped"):     # or nothing was proved
            wait_for(lambda: '"server_down"' in monitor.output(), 5, "the monitor tells it")
            line = next(line for line in monitor.output().splitlines() if "server_down" in line)
            day = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 86400))
            check(day in line, f"the daemon's clock did not step: {line}")


PASSIVE = ("passive_check", "window 1", "failures 5", "percent 50", "retry 2")
PACE = 100      # connections a second
# A check that alone would need long: so many failures more, so far apart.
SLOW = dataclasses.replace(TIMERS, delay_loop=4, retry=8, delay_before_retry=4)
DEATHS = {"drops": "drop", "resets": "reject with tcp reset"}
FOUND_S = 1 + 3     # the window, and until a SYN counts as unanswered


@test("health-passive", cases=(*(f"{name}-{what}" for name in DEATHS for what in ("found", "back")),
                               "clients-only", "off"))
def passive(t):
    """A server that does not answer is found by its clients' SYNs, long before its check would; it comes back by that."""
    net = t.world.get(Farm)
    webs = [Web(net.servers[n], net.extra(n + 1, 0)).start() for n in range(3)]
    watched = service_of(net, webs, lambda program: checker("TCP_CHECK", timers=SLOW), 80,
                         more=tuple(block(*PASSIVE).splitlines()))
    plain = service_of(net, webs, lambda program: checker("TCP_CHECK", timers=SLOW), 81)
    with Sluice(net, t.build, farm_configuration(net, [watched, plain])) as sluice:
        watch, other = Watch(sluice, watched), Watch(sluice, plain)
        watch.wait_checked()
        load = net.rig.spawn(net.rig.numbered("pace"), [
            "/usr/bin/python3", HERE / "knock.py", "pace", watched.vip, watched.port, PACE], net.client)
        wait_for(lambda: sum(sluice.real_conns(watched)) > PACE, 10, "traffic flows")
        for web, (name, verdict) in zip(webs, DEATHS.items()):
            mend = Firewall(web.machine).add(f"{addressed(web.address)} meta l4proto tcp", verdict)
            with t.case(f"{name}-found"):
                took = watch.wait(real_of(web), "down", FOUND_S + 2 * ALLOWANCE_S)
                told = watch.told(real_of(web))
                t.note(f"down after {took:.1f} s: {told['passive']['text']}")
                check(told["passive"]["down"] and told["checks"][0]["state"] == "up", f"it says {told}")
            mend()
            with t.case(f"{name}-back"):
                took = watch.wait(real_of(web), "up", SLOW.up_s() + ALLOWANCE_S)
                t.note(f"up after {took:.1f} s")
                before = sluice.real(watched, real_of(web))["conns"]
                wait_for(lambda web=web, before=before: sluice.real(watched, real_of(web))["conns"] > before + 10,
                         5, "it gets connections again")
        with t.case("clients-only"):
            # Clients keep their addresses with NAT; checks come from Sluice's own.
            web = webs[2]
            Firewall(web.machine).add(f"{addressed(web.address)} ip saddr 10.1.0.0/24", "drop")
            wait_for(lambda: "down" in moves(watch.told(real_of(web))), FOUND_S + 2 * ALLOWANCE_S,
                     lambda: f"it is found: {watch.told(real_of(web))}")
            t.note(watch.told(real_of(web))["history"][-2]["text"])
        load.kill()
        with t.case("off"):
            check(all(told["passive"] is None and not moves(told) for told in sluice.health(plain).values()),
                  f"a service without passive_check: {other.states()}")
