# SPDX-License-Identifier: BSD-3-Clause
"""
Agents on the servers: the words of HAProxy's agent-check and what they do, an
exact limit of connections, and loads that the weights follow. The agents are
a shell's `cat` behind socat, which knows nothing of Sluice.
"""

import sys
import time

from case import test
from farm import HERE, Farm, Program, Web
from health import ALLOWANCE_S, Watch, checker, farm_configuration, given, service_of
from load import Wrk
from rig import check, wait_for
from sluice import Sluice, block

AGENT_PORT = 3333
INTERVAL_S = 0.2
HELD = 20


class Agent(Program):
    """Says its line to whoever connects."""

    def __init__(self, web, line="ready"):
        super().__init__(web.machine, web.address, AGENT_PORT)
        self.file = self.rig.directory / f"{self.name}.line"
        self.say(line)

    def argv(self):
        return ["socat", f"TCP-LISTEN:{self.port},bind={self.address},fork,reuseaddr,backlog=64",
                f"SYSTEM:cat {self.file}"]

    def say(self, line):
        new = self.file.with_suffix(".new")
        new.write_text(f"{line}\n")
        new.rename(self.file)


def agent_check(*lines):
    return block("AGENT_CHECK", f"port {AGENT_PORT}", f"delay_loop {INTERVAL_S}", "connect_timeout 0.5",
                 *lines).splitlines()


def farm_of(net, count, weight, *more, algo="wrr"):
    webs = [Web(net.servers[n], net.extra(n + 1, 0)).start() for n in range(count)]
    agents = [Agent(web).start() for web in webs]
    service = service_of(net, webs, lambda program: [*agent_check(), *checker("TCP_CHECK")],
                         weights=[weight] * count, more=tuple(more), algo=algo)
    return webs, agents, service


class Held:
    """Connections that a client keeps."""

    def __init__(self, net, service, count):
        self.process = net.rig.spawn(net.rig.numbered("hold"), [
            sys.executable, HERE / "knock.py", "hold", service.vip, service.port, count], net.client)
        wait_for(lambda: f"holds {count}" in self.process.output(), 10, lambda: f"{count} connections are open: "
                 f"{self.process.output()[-200:]}")


WORDS = ("percent", "drain", "ready", "zero", "maint", "down", "up", "silence")


@test("health-agent", cases=WORDS)
def agent(t):
    net = t.world.get(Farm)
    _, agents, service = farm_of(net, 2, 10)
    said, real = agents[0], service.reals[0]
    with Sluice(net, t.build, farm_configuration(net, [service])) as sluice:
        watch = Watch(sluice, service)
        watch.wait_checked()

        def becomes(what, line, **wanted):
            if line:
                said.say(line)

            def told():
                seen = watch.told(real)
                return all(seen[key] == value for key, value in wanted.items())
            wait_for(told, INTERVAL_S + ALLOWANCE_S, lambda: f"after {what!r}: {watch.told(real)}")
        with t.case("percent"):
            becomes("50%", "50%", state="up", weight=5)
            check(given(net, sluice, service, 30) == [10, 20], "weights 5 and 10 do not spread 10 to 20")
        with t.case("drain"):
            held = Held(net, service, 3)
            active = sluice.real(service, real)["active"]
            becomes("drain", "drain", state="drain")
            check(given(net, sluice, service, 4) == [0, 4], "a draining server gets connections")
            check(active == 1 and sluice.real(service, real)["active"] == 1, "its connections did not stay")
            held.process.kill()
        with t.case("ready"):
            becomes("ready", "ready 100%", state="up", weight=10)
            check(given(net, sluice, service, 4) == [2, 2], "a server that is ready again gets no share")
        with t.case("zero"):
            becomes("0%", "0%", weight=0)
            check(given(net, sluice, service, 4) == [0, 4], "a server at 0% gets connections")
        with t.case("maint"):
            becomes("maint", "maint,100%", state="maint")
            check(given(net, sluice, service, 4) == [0, 4], "a server in maintenance gets connections")
        with t.case("down"):
            becomes("ready down", "ready down#disk is full", state="down")
            check("disk is full" in str(watch.told(real)), f"its reason is not told: {watch.told(real)}")
            check(given(net, sluice, service, 4) == [0, 4], "a server that is down gets connections")
        with t.case("up"):
            becomes("up", "up\t100%", state="up", weight=10)
            check(given(net, sluice, service, 4) == [2, 2], "a server that is up again gets no share")
        with t.case("silence"):
            said.say("drain")
            becomes("drain", None, state="drain")
            said.kill()
            wait_for(lambda: not watch.told(real)["agent"]["reached"], 2 * INTERVAL_S + ALLOWANCE_S,
                     lambda: f"the agent is missed: {watch.told(real)}")
            check(watch.told(real)["state"] == "drain", "a missing agent has changed a state")
            said.start()
            becomes("ready", "ready", state="up")


@test("health-maxconn", cases=("exact", "raised", "drain", "freed"))
def maxconn(t):
    """So many connections at a time on the whole box, not one more: of two workers."""
    net = t.world.get(Farm)
    _, agents, service = farm_of(net, 2, 10)
    with Sluice(net, t.build, farm_configuration(net, [service], workers=2, queues=2)) as sluice:
        watch, real = Watch(sluice, service), service.reals[0]
        watch.wait_checked()

        def says(line, **wanted):
            agents[0].say(line)
            wait_for(lambda: all(watch.told(real)[key] == value for key, value in wanted.items()),
                     INTERVAL_S + ALLOWANCE_S, lambda: f"after {line!r}: {watch.told(real)}")

        def active():
            return [sluice.real(service, one)["active"] for one in service.reals]
        with t.case("exact"):
            says("maxconn:5", maxconn=5)
            Held(net, service, HELD)
            check(active() == [5, HELD - 5], f"with maxconn:5, {HELD} connections are at {active()}")
        with t.case("raised"):
            says("maxconn:8", maxconn=8)
            last = Held(net, service, HELD)
            check(active() == [8, 2 * HELD - 8], f"with maxconn:8, {2 * HELD} connections are at {active()}")
        with t.case("drain"):
            says("drain maxconn:100", state="drain", maxconn=100)
            check(given(net, sluice, service, 4) == [0, 4], "a draining server gets connections")
        with t.case("freed"):
            last.process.kill()
            wait_for(lambda: sum(active()) <= HELD, 5, lambda: f"connections end: {active()}")
            says("ready maxconn:100", state="up", maxconn=100)
            check(given(net, sluice, service, 4) == [2, 2], "a server below its limit gets no share")


class OwnAgent(Program):
    """sluice-agent, which reports what a file says, and nothing of the machine it is on."""

    def __init__(self, web, build, secret):
        super().__init__(web.machine, web.address, AGENT_PORT)
        self.program = build / "src" / "agent" / "sluice-agent"
        self.secret, self.load, self.drain = (
            self.base.with_suffix(f".{name}") for name in ("key", "load", "drain"))
        self.secret.touch(0o600)
        self.secret.write_text(f"{secret}\n")
        self.load.write_text("0\n")

    def argv(self):
        return [self.program, "--bind", self.address, "--port", self.port, "--interval", 1, "--percent", "none",
                "--secret-file", self.secret, "--custom-file", f"queue={self.load}", "--drain-file", self.drain]


@test("health-sluice-agent", cases=("reports", "drain", "stranger"))
def sluice_agent(t):
    """Our own agent: its loads move weights, its file drains, and one that has another secret is not heard."""
    net = t.world.get(Farm)
    webs = [Web(net.servers[n], net.extra(n + 1, 0)).start() for n in range(3)]
    agents = [OwnAgent(web, t.build, secret).start() for web, secret in zip(webs, ("shared", "shared", "another"))]
    service = service_of(net, webs, lambda program: [*agent_check('secret "shared"'), *checker("TCP_CHECK")],
                         weights=[100] * 3, algo="wrr", more=tuple(block(
                             "feedback", "cpu 0", "custom queue 100", f"interval {FEEDBACK_S}",
                             "smoothing 1").splitlines()))
    with Sluice(net, t.build, farm_configuration(net, [service])) as sluice:
        watch = Watch(sluice, service)
        watch.wait_checked()
        with t.case("reports"):
            agents[0].load.write_text("80\n")
            agents[1].load.write_text("20\n")
            wait_for(lambda: watch.told(service.reals[0])["weight"] < 80 < 120 < watch.told(service.reals[1])["weight"],
                     10 * FEEDBACK_S + ALLOWANCE_S, lambda: f"weights follow: {sluice.health(service)}", every_s=0.1)
        with t.case("drain"):
            agents[0].drain.touch()
            wait_for(lambda: watch.told(service.reals[0])["state"] == "drain", 3 + ALLOWANCE_S,
                     lambda: f"it drains: {watch.told(service.reals[0])}", every_s=0.1)
            agents[0].drain.unlink()
            wait_for(lambda: watch.told(service.reals[0])["state"] == "up", 3 + ALLOWANCE_S,
                     lambda: f"it is back: {watch.told(service.reals[0])}", every_s=0.1)
        with t.case("stranger"):
            told = watch.told(service.reals[2])
            check(not told["agent"]["reached"] and told["weight"] == 100 and told["state"] == "up", f"it is {told}")
            t.note(told["agent"]["text"])


# ---- loads ----

JOB = 30            # percent of a processor, which something else takes at the first server
WORK = 90           # what all the requests together take of one
FEEDBACK_S = 0.5
SETTLE = 10         # intervals
MEASURED = 6        # intervals, before and after


class Load:
    """A model of three servers under real traffic: a server's load is its share of it, and the outside job."""

    def __init__(self, sluice, service, agents):
        self.sluice, self.service, self.agents = sluice, service, agents
        self.last = sluice.real_conns(service)
        self.trace = []

    def step(self, words):
        """One interval: what was given, the loads that follow, and what the agents say of it."""
        time.sleep(FEEDBACK_S)
        now = self.sluice.real_conns(self.service)
        delta = [after - before for after, before in zip(now, self.last)]
        self.last = now
        check(sum(delta) > 0, "no traffic")
        loads = [round(WORK * part / sum(delta) + (JOB if number == 0 else 0))
                 for number, part in enumerate(delta)]
        for number, (agent_, load) in enumerate(zip(self.agents, loads)):
            agent_.say(words(number, load))
        told = self.sluice.health(self.service)
        weights = [told[f"{real[0]}:{real[1]}"]["weight"] for real in self.service.reals]
        self.trace.append((loads, weights))
        return loads

    def spread(self, words, steps):
        """The mean distance between the most and the least loaded, over so many intervals."""
        seen = [self.step(words) for _ in range(steps)]
        return sum(max(loads) - min(loads) for loads in seen) / steps


@test("health-feedback", cases=("static", "shrinks", "settles", "stale"))
def feedback(t):
    """One of three servers has an outside job: weights move until all are loaded alike, and stay there."""
    net = t.world.get(Farm)
    _, agents, service = farm_of(net, 3, 100, *block(
        "feedback", "cpu 100", f"interval {FEEDBACK_S}", "smoothing 2").splitlines())
    with Sluice(net, t.build, farm_configuration(net, [service])) as sluice:
        watch = Watch(sluice, service)
        watch.wait_checked()
        load = Wrk(net, net.url("ipv4"), "ipv4", 120, 4, 1, keep_alive=False)
        wait_for(lambda: sum(sluice.real_conns(service)) > 100, 10, "traffic flows")
        model = Load(sluice, service, agents)
        with t.case("static"):
            static = model.spread(lambda number, load: "ready", MEASURED)
            t.note(f"with static weights the loads are {static:.0f} apart")
            check(static > JOB / 2, f"loads are {model.trace}")
        with t.case("shrinks"):
            model.spread(lambda number, load: f"cpu:{load}", SETTLE + 4)
            after = model.spread(lambda number, load: f"cpu:{load}", MEASURED)
            t.note(f"with feedback {after:.0f}")
            check(after * 3 <= static, f"loads were {static:.0f} apart and are {after:.0f}: {model.trace}")
        with t.case("settles"):
            last = [weights for _, weights in model.trace[-MEASURED:]]
            swings = [max(row) - min(row) for row in zip(*last)]
            t.note(f"weights {last[-1]}, they moved by {swings} in the last {MEASURED} intervals")
            check(all(swing <= 25 for swing in swings), f"the weights do not settle: {last}")
            check(last[-1][0] < last[-1][1] and last[-1][0] < last[-1][2], f"the weights are {last[-1]}")
        with t.case("stale"):
            for agent_ in agents:
                agent_.kill()
            wait_for(lambda: all(told["weight"] == 100 for told in sluice.health(service).values()),
                     FEEDBACK_S * 30 + ALLOWANCE_S, lambda: f"weights return: {sluice.health(service)}", every_s=0.2)
        result = load.finish()
        t.note(result.summary())
        result.check(at_least=100)
