# SPDX-License-Identifier: BSD-3-Clause
"""
5,000 checks, each once a second, on one thread: the schedule is kept, the
control socket answers meanwhile, and all of them may go down at once and come
back at once. The servers are 5,000 addresses of one machine behind a link of
the kernel's, so that what is measured is the checks and not the data plane.
"""

import json
import pathlib
import os
import socket
import time

from case import test
from farm import Farm
from health import ALLOWANCE_S
from rig import check, run, wait_for
from sluice import Service, Sluice, configuration

SERVERS, SERVERS_QUICK = 5000, 1000
SERVICES = 10
PORT = 7
TIMEOUT_S = 2
MEASURED_S = 10
KEPT = 0.95         # of the attempts that are due
LISTING_S = 60      # of so many servers, while the machine has other things to do
ANSWER_S = 1.0      # p99 of the socket's answers; a person would call that an answer at once


def link_make(net, machine):
    """Sluice's kernel reaches 10.9.0.0/16 at this machine by a cable of its own."""
    net.rig.link(net.sluice, "bulk0", machine.netns, "bulk1")
    net.rig.undo.append(lambda: run(["ip", "link", "del", "bulk0"], net.sluice))
    net.addresses_add(net.sluice, "bulk0", "10.8.0.1/30")
    net.addresses_add(machine.netns, "bulk1", "10.8.0.2/30")
    run(["ip", "route", "add", "10.9.0.0/16", "via", "10.8.0.2"], net.sluice)
    run(["ip", "route", "add", "local", "10.9.0.0/16", "dev", "lo"], machine.netns)
    net.rig.undo.append(lambda: run(["ip", "route", "del", "local", "10.9.0.0/16", "dev", "lo"], machine.netns))


def services_make(net, count):
    each = count // SERVICES
    made = []
    for number in range(SERVICES):
        reals = [(f"10.9.{(number * each + n) >> 8}.{(number * each + n) & 255}", PORT, 1) for n in range(each)]
        made.append(Service(net.vip["ipv4"], 80 + number, reals, "NAT",
                            more=("delay_loop 1", "retry 1", "delay_before_retry 0.5", "warmup 1",
                                  f"connect_timeout {TIMEOUT_S}"),
                            each={real[0]: ["TCP_CHECK {", "}"] for real in reals}))
    return made


COUNTER = """
table inet attempts {
    set seen { type ipv4_addr; size 65535; flags dynamic; counter; }
    chain input {
        type filter hook input priority -10;
        ip daddr 10.9.0.0/16 tcp flags & (syn | ack) == syn update @seen { ip daddr counter }
    }
}
"""


class Accepts:
    """accepts.c at a machine, and how many SYNs came to each of its addresses: a check needs no more than that."""

    def __init__(self, net, machine):
        self.rig, self.netns = net.rig, machine.netns
        run(["nft", "-f", "-"], self.netns, stdin=COUNTER)
        self.rig.undo.append(lambda: run(["nft", "delete", "table", "inet", "attempts"], self.netns))
        self.began = time.monotonic()
        self.process = None

    def start(self):
        self.process = self.rig.spawn(self.rig.numbered("accepts"), [self.rig.helper("accepts.c"), PORT],
                                      self.netns)
        wait_for(lambda: "ready" in self.process.output(), 5, "accepts is ready")
        return self

    def counts(self):
        """(seconds since the last question, {address: attempts} in them)."""
        told = json.loads(run(["nft", "-j", "list", "set", "inet", "attempts", "seen"], self.netns).stdout)
        run(["nft", "flush", "set", "inet", "attempts", "seen"], self.netns)
        now, began = time.monotonic(), self.began
        self.began = now
        elements = next(part["set"] for part in told["nftables"] if "set" in part).get("elem", [])
        return now - began, {entry["elem"]["val"]: entry["elem"]["counter"]["packets"] for entry in elements}


def cpu_s(pid):
    """CPU time of a process's main thread, which is the control thread."""
    fields = pathlib.Path(f"/proc/{pid}/task/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def answers(path, seconds):
    """How long each answer to `status` took, asked every 20 ms for so long."""
    took = []
    with socket.socket(socket.AF_UNIX) as control:
        control.settimeout(20)
        control.connect(str(path))
        end = time.monotonic() + seconds
        stream = control.makefile("rb")
        while time.monotonic() < end:
            began = time.monotonic()
            control.sendall(b'{"jsonrpc":"2.0","id":1,"method":"status"}\n')
            check(b'"result"' in stream.readline(), "status is not answered")
            took.append(time.monotonic() - began)
            time.sleep(0.02)
    return sorted(took)


def states(sluice):
    """{state: how many servers}."""
    counted = {}
    for told in json.loads(sluice.ctl("-j", "health", timeout_s=LISTING_S).stdout):
        counted[told["state"]] = counted.get(told["state"], 0) + 1
    return counted


@test("health-many", cases=("schedule", "control", "down", "up"))
def many(t):
    net = t.world.get(Farm)
    machine = net.servers[0]
    link_make(net, machine)
    count = t.long(SERVERS, SERVERS_QUICK)
    accepts = Accepts(net, machine).start()
    text = configuration(net, services_make(net, count), more="static_route 10.9.0.0/16 via 10.2.0.11")
    with Sluice(net, t.build, text) as sluice:
        wait_for(lambda: len(accepts.counts()[1]) == count, 20, "the checks run", every_s=1.2)
        accepts.counts()
        before = cpu_s(sluice.process.pid)
        with t.case("control"):
            took = answers(sluice.socket, MEASURED_S)
            p99 = took[len(took) * 99 // 100]
            t.note(f"{len(took)} answers, p99 {p99 * 1000:.1f} ms, the slowest {took[-1] * 1000:.1f} ms")
            check(p99 < ANSWER_S, f"p99 of the answers is {p99:.2f} s")
        (seconds, told), used = accepts.counts(), cpu_s(sluice.process.pid) - before
        with t.case("schedule"):
            due, made = seconds * count, sum(told.values())
            t.note(f"{made} attempts in {seconds:.1f} s, {due:.0f} are due; each server had {min(told.values())} to "
                   f"{max(told.values())}; the control core was busy {100 * used / seconds:.0f} %")
            check(made >= KEPT * due, f"{made} attempts of {due:.0f}")
            check(len(told) == count, f"{len(told)} servers of {count} were checked")
            check(states(sluice) == {"up": count}, f"states are {states(sluice)}")
        turn(t, sluice, accepts, count)


def turn(t, sluice, accepts, count):
    """All of them down at once, and back at once."""
    bound = 1 + 0.5 + 3 * TIMEOUT_S + ALLOWANCE_S + LISTING_S / 2
    for state, act in (("down", accepts.process.kill), ("up", accepts.start)):
        with t.case(state):
            act()
            began = time.monotonic()
            wait_for(lambda state=state: states(sluice) == {state: count}, bound,
                     lambda state=state: f"all are {state}: {states(sluice)}", every_s=1)
            t.note(f"all of {count} after {time.monotonic() - began:.1f} s")
            took = answers(sluice.socket, 2)
            t.note(f"the slowest answer after it {took[-1] * 1000:.0f} ms")
            p99 = took[len(took) * 99 // 100]
            check(p99 < ANSWER_S, f"p99 of the answers is {p99:.2f} s")
