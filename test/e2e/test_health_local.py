# SPDX-License-Identifier: BSD-3-Clause
"""
Checks that ask no server program: ping, scripts and files. Up, failing in
many ways, and back, as in test_health_kinds.py.
"""

import dataclasses

from case import test
from farm import Farm, Web
from health import (ALLOWANCE_S, TIMERS, Kind, Watch, checker, dropped, farm_configuration, given, rejected, service_of,
                    unaddressed, ways_test)
from rig import check, run, wait_for
from sluice import Sluice, block
from topology import Nat

LATE = r"tim|answer|late|within|reply"
UNREACHABLE = r"unreach|no route|tim|refus|answer|reply"
KILL_AFTER_S = 2    # from SIGTERM to SIGKILL


def web(machine, address):
    return Web(machine, address).start()


# ---- ping ----

def link_down(program):
    """The whole machine's."""
    run(["ip", "link", "set", "eth0", "down"], program.netns)

    def mend():
        run(["ip", "link", "set", "eth0", "up"], program.netns)
        routes_add(program.netns)
    return mend


def routes_add(netns):
    run(["ip", "route", "replace", "default", "via", Nat.own["ipv4"][1]], netns)
    run(["ip", "-6", "route", "replace", "default", "via", Nat.own["ipv6"][1]], netns)


def ignored(program):
    program.rig.sysctl(program.netns, net__ipv4__icmp_echo_ignore_all=1)
    return lambda: program.rig.sysctl(program.netns, net__ipv4__icmp_echo_ignore_all=0)


def routeless(program):
    """It hears, and does not know the way back."""
    run(["ip", "-6", "route", "del", "default"], program.netns)
    run(["ip", "-6", "route", "del", "fd02::/64", "dev", "eth0"], program.netns)

    def mend():
        run(["ip", "-6", "route", "add", "fd02::/64", "dev", "eth0"], program.netns)
        routes_add(program.netns)
    return mend


# ---- scripts ----

GOOD = "exit 0"


class Scripted(Web):
    """A server with a script that checks it, for as long as the script's text says so."""

    def __init__(self, machine, address):
        super().__init__(machine, address)
        self.script = self.rig.directory / f"{self.name}.sh"
        self.write_script(GOOD)

    def write_script(self, text):
        new = self.script.with_suffix(".new")
        new.write_text(f"#!/bin/sh\n{text}\n")
        new.chmod(0o755)
        new.rename(self.script)


def script(text):
    def breaks(program):
        program.write_script(text)
        return lambda: program.write_script(GOOD)
    return breaks


def script_gone(program):
    program.script.unlink()
    return lambda: program.write_script(GOOD)


def script_shut(program):
    program.script.chmod(0o644)
    return lambda: program.write_script(GOOD)


# ---- files ----

class Filed(Web):
    """A server with a file that says how it is: 0 is well."""

    def __init__(self, machine, address):
        super().__init__(machine, address)
        self.file = self.rig.directory / f"{self.name}.track"
        self.write_file("0\n")

    def write_file(self, text):
        new = self.file.with_suffix(".new")
        new.write_text(text)
        new.rename(self.file)

    def track(self):
        return block(f"track_file {self.name}", f"file {self.file}", "weight 0")


def file(text):
    def breaks(program):
        program.write_file(text)
        return lambda: program.write_file("0\n")
    return breaks


def file_gone(program):
    program.file.unlink()
    return lambda: program.write_file("0\n")


def file_directory(program):
    program.file.unlink()
    program.file.mkdir()

    def mend():
        program.file.rmdir()
        program.write_file("0\n")
    return mend


MISC_TIMERS = dataclasses.replace(TIMERS, connect_timeout=0.5 + KILL_AFTER_S)

KINDS = {
    "ping": Kind(
        make=web,
        lines=lambda program: checker("PING_CHECK"),
        ways={
            "dropped-4": (dropped, LATE), "dropped-6": (dropped, LATE),
            "rejected-4": (rejected, UNREACHABLE), "rejected-6": (rejected, UNREACHABLE),
            "unaddressed-4": (unaddressed, UNREACHABLE), "unaddressed-6": (unaddressed, UNREACHABLE),
            "ignored-4": (ignored, LATE, 2), "routeless-6": (routeless, LATE, 2),
            "link-down-4": (link_down, UNREACHABLE, 1),
        }),
    "misc": Kind(
        make=lambda machine, address: Scripted(machine, address).start(),
        lines=lambda program: checker("MISC_CHECK", f'misc_path "{program.script}"', "misc_timeout 0.5",
                                      without=("connect_timeout",)),
        timers=MISC_TIMERS,
        ways={
            "exit-1": (script("exit 1"), r"1"),
            "exit-7": (script("exit 7"), r"7"),
            "hangs": (script("exec sleep 60"), r"tim|end|within"),
            "deaf": (script("trap '' TERM\nwhile :; do sleep 1; done"), r"tim|end|within"),
            "killed": (script("kill -KILL $$"), r"signal|kill"),
            "says-much": (script("head -c 30000000 /dev/zero\nexit 1"), r"1|tim|end"),
            "floods": (script("exec cat /dev/zero"), r"tim|end|within|signal"),
            "forks": (script("for i in 1 2 3 4 5 6 7 8; do sleep 60 & done\nexit 3"), r"3|tim"),
            "forks-hangs": (script("for i in 1 2 3 4 5 6 7 8; do sleep 60 & done\nwait"), r"tim|end|within"),
            "vanished": (script_gone, r"No such file|not|start|exec"),
            "not-executable": (script_shut, r"[Pp]ermission|not|start|exec"),
        }),
    "file": Kind(
        make=lambda machine, address: Filed(machine, address).start(),
        globals=lambda rig, programs: "\n".join(program.track() for program in programs),
        lines=lambda program: checker("FILE_CHECK", f"track_file {program.name}", without=("connect_timeout",)),
        ways={
            "one": (file("1\n"), "1"),
            "minus-one": (file("-1\n"), "-1"),
            "large": (file("2000000000\n"), "2000000000"),
            "word": (file("down\n"), r"number"),
            "empty": (file(""), r"number|empty"),
            "vanished": (file_gone, r"[Nn]o such file"),
            "directory": (file_directory, r"directory|regular"),
        }),
}


@test("health-file-weight")
def file_weight(t):
    """What a file says, times its weight, is added to its server's weight."""
    net = t.world.get(Farm)
    programs = [Filed(net.servers[0], net.extra(1, number)).start() for number in range(2)]
    service = service_of(net, programs, lambda program: checker(
        "FILE_CHECK", f"track_file {program.name}", "weight 2", without=("connect_timeout",)), weights=[10, 10],
        algo="wrr")
    more = "\n".join(program.track() for program in programs)
    with Sluice(net, t.build, farm_configuration(net, [service], more=more)) as sluice:
        watch = Watch(sluice, service)
        for text, weight in (("5", 20), ("-2", 6), ("-100", 0), ("0", 10)):
            programs[0].write_file(f"{text}\n")
            wait_for(lambda weight=weight: watch.told(service.reals[0])["weight"] == weight,
                     TIMERS.up_s() + ALLOWANCE_S, lambda: f"{text} in the file: {watch.told(service.reals[0])}")
            got = given(net, sluice, service, 10 + weight)
            check(got == [weight, 10], f"weights {weight} and 10 spread {got}")


def ways(t, kind):
    ways_test(t, kind)


for _name, _kind in KINDS.items():
    test(f"health-{_name}", cases=tuple(_kind.ways), kind=_kind)(ways)
