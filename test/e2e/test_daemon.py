# SPDX-License-Identifier: BSD-3-Clause
"""
The daemon's own life: start and stop, what it says when it cannot start, and
a control socket that anybody may throw anything at.
"""

import contextlib
import json
import os
import pathlib
import re
import signal
import socket

from case import Skip, test
from load import Wrk
from rig import check, run, wait_for
from sluice import START_S, Service, Sluice, configuration
from topology import FAMILIES, Nat

HUGEPAGES = pathlib.Path("/proc/sys/vm/nr_hugepages")
HUGEPAGES_WANTED = 256      # of 2 MB
CRASH = re.compile(r"segmentation|abort|panic|assert|sanitizer|core dumped|backtrace", re.I)


def two_services(net):
    return [Service(net.vip[f], 80, net.reals(f), net.kind) for f in FAMILIES]


@test("stop", cases=("SIGTERM", "SIGINT", "again", "SIGKILL"))
def stop(t):
    """Under load it is gone within two seconds, with exit code 0, and starts again, even after SIGKILL."""
    net = t.world.get(Nat)
    sluice = Sluice(net, t.build, configuration(net, two_services(net), workers=2, queues=2))
    for name in ("SIGTERM", "SIGINT"):
        with t.case(name):
            sluice.start()
            load = Wrk(net, net.url("ipv4"), "ipv4", 60, keep_alive=False)
            wait_for(lambda: sum(sluice.real_conns(two_services(net)[0])) > 100, 10, "traffic flows")
            sluice.stop(signal.Signals[name])
            load.process.kill()
            check(not sluice.socket.exists(), "its control socket is still there")
            check(not CRASH.search(sluice.process.output()), f"it says {sluice.process.output()[-300:]!r}")
            done = sluice.ctl("status", ok=False)
            check(done.returncode == 3, f"sluicectl without a daemon: exit code {done.returncode}, not 3")
    for name in ("again", "SIGKILL"):
        with t.case(name):
            sluice.start()
            net.ask("ipv4")
            if name == "SIGKILL":
                sluice.process.kill()
                sluice.start()
                net.ask("ipv4")
            sluice.stop()


def refused(sluice, says, *options, user=None, code=1):
    """It ends by itself, with one line that names what is wrong, or that and one that it does not start."""
    process = sluice.spawn(*options, user=user)
    try:
        got = process.wait(START_S)
    finally:
        process.kill()
    lines = [line for line in process.output().splitlines() if line.strip()]
    named = [line for line in lines if re.search(says, line)]
    check(got == code, f"exit code {got}, not {code}: {lines[-3:]}")
    check(not CRASH.search(process.output()), f"it says {lines[-5:]}")
    check(named, f"it says {lines[-3:]}, nothing like {says!r}")
    check(len(lines) <= 2, f"it says {len(lines)} lines: {lines[:8]}")
    return named[0]


@test("refused", cases=("interface", "pci", "permission", "second", "configuration", "file"))
def refusals(t):
    net = t.world.get(Nat)
    good = configuration(net, two_services(net))
    with t.case("interface"):
        t.note(refused(Sluice(net, t.build, good.replace("iface=lan", "iface=nosuch")), "nosuch"))
    with t.case("pci"):
        device = re.compile(r'device "net_af_packet1[^"]*"')
        t.note(refused(Sluice(net, t.build, device.sub("device 0000:ff:1f.7", good)), "0000:ff:1f.7"))
    with t.case("permission"):
        sluice = Sluice(net, t.build, good)
        sluice.conf.chmod(0o644)
        # A directory where that user may make the socket, so that only the device is out of reach.
        open_directory = net.rig.directory / "nobody"
        open_directory.mkdir(exist_ok=True)
        os.chown(open_directory, 65534, 65534)
        sluice.socket = open_directory / "control.sock"
        t.note(refused(sluice, "(?i)permission|root|CAP_NET_RAW", user=65534))
    with t.case("second"):
        with Sluice(net, t.build, good) as first:
            second = Sluice(net, t.build, good)
            t.note(refused(second, re.escape(str(first.socket))))
            check(first.answers(), "the first does not answer any more")
            net.ask("ipv4")
    with t.case("configuration"):
        broken = Sluice(net, t.build, good.replace("lb_algo rr", "lb_algo rrr", 1))
        line = broken.conf.read_text().splitlines().index("    lb_algo rrr") + 1
        where = rf"{re.escape(str(broken.conf))}:{line}:\d+: .*rrr"
        t.note(refused(broken, where))
        checked = run([*broken.argv(), "--check"], ok=False)
        check(checked.returncode == 1 and re.search(where, checked.stdout + checked.stderr),
              f"--check: exit code {checked.returncode}: {checked.stdout}{checked.stderr}")
    with t.case("file"):
        missing = Sluice(net, t.build, good)
        missing.conf = net.rig.directory / "missing.conf"
        t.note(refused(missing, "missing.conf"))


def hugepages_kb(pid):
    """What a process has mapped of them."""
    rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(kb) for kb in re.findall(r"_Hugetlb:\s+(\d+) kB", rollup))


@test("hugepages", cases=("with", "without"))
def hugepages(t):
    """The same configuration starts either way, serves, and says which way it went."""
    net = t.world.get(Nat)
    before = HUGEPAGES.read_text()
    net.rig.undo.append(lambda: HUGEPAGES.write_text(before))
    sluice = Sluice(net, t.build, configuration(net, two_services(net), connections="100k"))
    for name, pages in (("with", max(HUGEPAGES_WANTED, int(before))), ("without", 0)):
        HUGEPAGES.write_text(str(pages))
        if int(HUGEPAGES.read_text()) != pages:
            raise Skip(f"the kernel gives {HUGEPAGES.read_text().strip()} of {pages} huge pages")
        with t.case(name), sluice:
            for family in FAMILIES:
                net.ask(family)
            used = hugepages_kb(sluice.process.pid)
            t.note(f"{used} KB in huge pages")
            check((used > 0) == (pages > 0), f"{used} KB are in huge pages, {pages} pages were to be had")
            check(pages or re.search("(?i)huge ?pages", sluice.process.output()),
                  "nothing is said about missing huge pages")


# ---- garbage on the control socket ----

def connect(path):
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(5)
    client.connect(str(path))
    return client


def throw(path, data, close=True):
    """Sends what the daemon takes of it; that it hangs up on us is its right."""
    client = connect(path)
    with contextlib.suppress(OSError):
        client.sendall(data)
    if close:
        client.close()
    return client


def exchange(path, line):
    """The first line of the answer, parsed."""
    with connect(path) as client:
        client.sendall(line)
        with client.makefile("rb") as stream:
            return json.loads(stream.readline())


@test("garbage")
def garbage(t):
    """Whatever arrives on the control socket, traffic goes on and others are answered."""
    net = t.world.get(Nat)
    services = two_services(net)
    noise = t.world.big().open("rb").read(1 << 16)
    whole = b'{"jsonrpc": "2.0", "id": 1, "method": "status"}\n'
    with Sluice(net, t.build, configuration(net, services, workers=2, queues=2)) as sluice:
        load = Wrk(net, net.url("ipv4"), "ipv4", 120, keep_alive=False)
        wait_for(lambda: sum(sluice.real_conns(services[0])) > 50, 10, "traffic flows")
        before = sluice.services()
        open_ends = []
        for _ in range(5):
            throw(sluice.socket, noise)
            throw(sluice.socket, noise.replace(b"\n", b"") + b"\n")
            throw(sluice.socket, b"\n" * 10_000)
            throw(sluice.socket, b"[" * 100_000 + b"\n")
            throw(sluice.socket, b'{"jsonrpc": "2.0", "id": 1, "method": "' + b"x" * (3 << 20) + b'"}\n')
            throw(sluice.socket, whole * 2000)      # and never reads an answer
            open_ends += [throw(sluice.socket, whole[:20], close=False) for _ in range(4)]
            open_ends += [throw(sluice.socket, whole * 500, close=False) for _ in range(4)]
            check("result" in exchange(sluice.socket, whole), "an honest client gets no answer")
        for line, code in ((b"nonsense\n", -32700), (b"[1\n", -32700), (b"{}\n", -32600),
                           (whole.replace(b"status", b"statuss"), -32601),
                           (whole.replace(b"status", b"service.add"), -32602)):
            answer = exchange(sluice.socket, line)
            got = answer.get("error", {}).get("code")
            check(got == code, f"{line!r} is answered with {answer}, not with error {code}")
        check(sluice.ctl("status").returncode == 0, "sluicectl gets no answer")
        for client in open_ends:
            client.close()
        check(sluice.services() == before, "services have changed")
        result = load.finish()
        t.note(result.summary())
        result.check(at_least=100)
        sluice.quiet()
        sluice.check_accounting()
