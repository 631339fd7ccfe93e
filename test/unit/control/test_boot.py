#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The daemon's life, from outside: its command line, start, reload and end.

Runs `sluiced` over a data plane without packets (its path is the only
argument): the real command line, configuration, event loop and control socket.
A device whose name begins with "net_missing" is not there, and the EAL option
--fail fails.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

SLUICED = ""
LIMIT_S = 20

CONF = """
dataplane {
    workers 1
}
port wan {
    device net_fake0
    address 192.0.2.1/24
}
virtual_server 192.0.2.10 80 {
    protocol TCP
    lb_algo wlc
    lb_kind NAT
    real_server 192.0.2.11 8080 {
        weight 2
    }
}
"""


class Daemon:
    """A running sluiced, its log in a file."""

    def __init__(self, folder, *arguments, **environment):
        self.log_path = os.path.join(folder, "log")
        with open(self.log_path, "w") as log:
            self.process = subprocess.Popen(
                [SLUICED, *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, **environment})

    def log(self):
        with open(self.log_path, errors="replace") as log:
            return log.read()

    def wait_for(self, text, count=1):
        end = time.monotonic() + LIMIT_S
        while self.log().count(text) < count:
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"no \"{text}\" ({count} times) in the log:\n{self.log()}")
            time.sleep(0.01)

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(LIMIT_S)


class Boot(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="sluice-boot-")
        self.conf = os.path.join(self.folder, "sluice.conf")
        self.socket = os.path.join(self.folder, "control.sock")
        self.write(CONF)
        self.daemons = []

    def tearDown(self):
        for daemon in self.daemons:
            if daemon.process.poll() is None:
                daemon.process.kill()
                daemon.process.wait()
        shutil.rmtree(self.folder)

    def write(self, text):
        with open(self.conf, "w", encoding="latin-1") as conf:
            conf.write(text)

    def run_it(self, *arguments):
        return subprocess.run([SLUICED, *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=LIMIT_S)

    def start(self, *arguments, **environment):
        daemon = Daemon(self.folder, "-f", self.conf, "--socket", self.socket, *arguments, **environment)
        self.daemons.append(daemon)
        daemon.wait_for("ready: ")
        return daemon

    def call(self, method, **params):
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(LIMIT_S)
            client.connect(self.socket)
            request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
            client.sendall(json.dumps(request).encode() + b"\n")
            with client.makefile() as answers:
                return json.loads(answers.readline())

    def test_command_line(self):
        rows = [
            # arguments, exit code, on standard output, on standard error
            (["--version"], 0, r"^sluiced \d+\.\d+\.\d+\n$", r"^$"),
            (["--help"], 0, r"(?s)^Usage: sluiced .*--check.*SIGHUP", r"^$"),
            (["-h"], 0, r"^Usage: ", r"^$"),
            (["--chekc"], 2, r"^$", r"^sluiced: unknown option --chekc\n"),
            (["-x"], 2, r"^$", r"^sluiced: unknown option -x\n"),
            (["-f"], 2, r"^$", r"^sluiced: -f needs a value\n"),
            (["--seed"], 2, r"^$", r"^sluiced: --seed needs a value\n"),
            (["--seed", "1x"], 2, r"^$", r"--seed \"1x\": a number"),
            (["--seed", "-1"], 2, r"^$", r"--seed \"-1\": a number"),
            (["--seed", "18446744073709551616"], 2, r"^$", r"a number"),
            (["--log-level", "loud"], 2, r"^$", r"--log-level \"loud\": one of error, "),
            (["--strict"], 2, r"^$", r"--strict works with --check only"),
            (["--no-huge"], 2, r"^$", r"unknown option --no-huge"),
            (["extra"], 2, r"^$", r"unexpected \"extra\": EAL options stand after --"),
            (["--check", "extra", "--", "-l", "1"], 2, r"^$", r"unexpected \"extra\""),
        ]
        for arguments, code, out, err in rows:
            with self.subTest(arguments=arguments):
                done = self.run_it(*arguments)
                self.assertEqual(done.returncode, code)
                self.assertRegex(done.stdout, out)
                self.assertRegex(done.stderr, err)

    def test_check(self):
        path = re.escape(self.conf)
        warns = CONF + "garp_group {\n}\n"
        rows = [
            (CONF, [], 0, rf"^{path}: ok\n$"),
            (CONF, ["--strict"], 0, rf"^{path}: ok\n$"),
            (CONF.replace("wlc", "wlcc"), [], 1,
             rf"(?s)^{path}:11:13: [^\n]*\"wlcc\"[^\n]*wlc[^\n]*\n{path}: 1 error, 0 warnings\n$"),
            (CONF.replace("wlc", "wlcc").replace("lb_kind NAT", "lb_kind NUT"), [], 1,
             rf"(?s)^{path}:11:13: [^\n]*\n{path}:12:13: [^\n]*\n{path}: 2 errors, 0 warnings\n$"),
            (warns, [], 0, rf"(?s)^{path}:\d+:\d+: warning: .*{path}: ok: 0 errors, \d+ warnings?\n$"),
            (warns, ["--strict"], 1, rf"(?s)^{path}:\d+:\d+: .*{path}: \d+ errors?, \d+ warnings?\n$"),
        ]
        for text, arguments, code, out in rows:
            with self.subTest(text=text, arguments=arguments):
                self.write(text)
                done = self.run_it("-f", self.conf, "--check", *arguments)
                self.assertRegex(done.stdout, out)
                self.assertEqual(done.returncode, code)
                self.assertEqual(done.stderr, "")

    def test_failures(self):
        """Each ends with one clear line, code 1, and nothing left behind."""
        rows = [
            # what is different, further arguments, what the last line says
            (None, [], r"error .*sluice.conf: 1 error: sluiced does not start"),
            (CONF.replace("wlc", "wlcc"), [], r"error .*: 1 error: sluiced does not start"),
            (CONF.replace("net_fake0", "net_missing0"), [], r"error port wan: there is no device \"net_missing0\""),
            (CONF.replace("workers 1", "worker_cores 999"), [], r"error .*CPU 999 is not one that"),
            (CONF, ["--", "--fail"], r"error EAL does not start"),
            (CONF, ["--socket", "/proc/nowhere/control.sock"], r"error .*/proc/nowhere"),
            (CONF, ["--socket", "/" + "x" * 200], r"error control socket .*longer than 107"),
        ]
        for text, arguments, last in rows:
            with self.subTest(last=last):
                self.write(text or "")
                if text is None:
                    os.unlink(self.conf)
                done = self.run_it("-f", self.conf, "--socket", self.socket, *arguments)
                self.assertEqual(done.returncode, 1)
                self.assertEqual(done.stdout, "")
                self.assertRegex(done.stderr.splitlines()[-1], last)
                self.assertFalse(os.path.exists(self.socket))

    def test_end(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number=number):
                daemon = self.start()
                self.assertTrue(os.path.exists(self.socket))
                self.assertEqual(daemon.end(number), 0)
                self.assertFalse(os.path.exists(self.socket))
                self.assertIn(f"{number.name}: stopping", daemon.log())

    def test_latin1(self):
        """Names that are not UTF-8, the file's own among them, keep nobody from an answer."""
        self.conf = os.path.join(self.folder, os.fsdecode(b"k\xfcche.conf"))
        self.write("global_defs {\n    router_id k\xfcche\n}\n" + CONF.replace("net_fake0", "net_fake0,x=k\xfcche"))
        self.start()
        status = self.call("status")["result"]
        self.assertEqual((status["router_id"], os.path.basename(status["config"])), ("k?che", "k?che.conf"))
        self.assertEqual([port["device"] for port in self.call("ports")["result"]], ["net_fake0,x=k?che"])

    def test_second(self):
        """A second one at the same socket is refused, and the first goes on."""
        first = self.start()
        second = self.run_it("-f", self.conf, "--socket", self.socket)
        self.assertEqual(second.returncode, 1)
        self.assertRegex(second.stderr, "error another sluiced answers at ")
        self.assertIn("result", self.call("status"))
        self.assertEqual(first.end(), 0)

    def test_stale_socket(self):
        """A socket that a daemon left when it was killed is no obstacle."""
        first = self.start()
        self.assertEqual(first.end(signal.SIGKILL), -signal.SIGKILL)
        self.assertTrue(os.path.exists(self.socket))
        self.assertEqual(self.start().end(), 0)

    def test_hangup(self):
        daemon = self.start()
        rows = [
            # file, which lines the log then has, weight and scheduler of what runs
            (CONF.replace("weight 2", "weight 5"),
             ["~ real TCP 192.0.2.10:80 -> 192.0.2.11:8080 weight 2 -> 5", "is what runs now"], 5, "wlc"),
            (CONF.replace("weight 2", "weight 7").replace("wlc", "wlcc"), [":11:13: ", "was not applied (1 error)"],
             5, "wlc"),
            (CONF.replace("weight 2", "weight 7").replace("workers 1", "workers 2"),
             ["workers cannot change while running (now 1): restart sluiced", "was not applied (1 error)"],
             5, "wlc"),
            (CONF.replace("weight 2", "weight 5").replace("wlc", "rr"),
             ["~ service TCP 192.0.2.10:80 scheduler wlc -> rr", "is what runs now"], 5, "rr"),
        ]
        for number, (text, lines, weight, scheduler) in enumerate(rows, 1):
            with self.subTest(lines=lines):
                self.write(text)
                before = len(daemon.log())
                daemon.process.send_signal(signal.SIGHUP)
                daemon.wait_for("SIGHUP: loading", number)
                daemon.wait_for(lines[-1], sum(1 for row in rows[:number] if row[1][-1] == lines[-1]))
                for line in lines:
                    self.assertIn(line, daemon.log()[before:])
                services = json.dumps(self.call("service.list"))
                self.assertRegex(services, rf'"weight": {weight}\b')
                self.assertIn(f'"{scheduler}"', services)
        self.assertEqual(daemon.end(), 0)

    def ha_state(self, name):
        states = {instance["instance"]: instance["state"] for instance in self.call("ha.status")["result"]["instances"]}
        return states.get(name)

    def ha_wait(self, name, state):
        end = time.monotonic() + LIMIT_S
        while self.ha_state(name) != state:
            self.assertLess(time.monotonic(), end, f"{name} does not become {state}, is {self.ha_state(name)}")
            time.sleep(0.01)

    def test_two_boxes(self):
        """Keepalive by the real thing, over a data plane without packets: alone, it becomes MASTER."""
        said = os.path.join(self.folder, "said")
        script = os.path.join(self.folder, "say")
        with open(script, "w") as file:
            file.write(f"#!/bin/sh\necho \"$*\" >>{said}\n")
        os.chmod(script, 0o755)

        def instance(name, number, address):
            return f"""
vrrp_instance {name} {{
    interface wan
    virtual_router_id {number}
    version 3
    advert_int 0.05
    virtual_ipaddress {{
        {address}/24
    }}
    notify "{script}"
}}
"""
        def wait_said(text):
            end = time.monotonic() + LIMIT_S
            while not os.path.exists(said) or text not in pathlib.Path(said).read_text():
                self.assertLess(time.monotonic(), end, f"{text} was not said")
                time.sleep(0.01)

        self.write(CONF + instance("VI_1", 51, "192.0.2.10"))
        daemon = self.start()
        self.ha_wait("VI_1", "MASTER")
        wait_said("INSTANCE VI_1 MASTER 100\n")
        # Another one before it in the file, and then the first gone: states stay with their names.
        for number, (text, states) in enumerate([
                (instance("VI_2", 52, "192.0.2.12") + instance("VI_1", 51, "192.0.2.10"), {"VI_1", "VI_2"}),
                (instance("VI_2", 52, "192.0.2.12"), {"VI_2"})], 1):
            self.write(CONF + text)
            daemon.process.send_signal(signal.SIGHUP)
            daemon.wait_for("is what runs now", number)
            for name in states:
                self.ha_wait(name, "MASTER")
            self.assertEqual(self.ha_state("VI_1") is not None, "VI_1" in states)
        self.assertEqual(pathlib.Path(said).read_text().count("VI_1 MASTER"), 1)
        wait_said("INSTANCE VI_1 FAULT 100\n")
        self.assertIn("- address 192.0.2.10/24 of vrrp_instance VI_1 on port wan", daemon.log())
        began = time.monotonic()
        self.assertEqual(daemon.end(), 0)
        self.assertLess(time.monotonic() - began, 2)
        wait_said("INSTANCE VI_2 STOP 100\n")

    def test_many_changes(self):
        """A reload that changes very much does not flood the log."""
        daemon = self.start()
        self.write(CONF + "".join(f"virtual_server 10.0.{n >> 8}.{n & 255} 80 {{\nlb_algo rr\nlb_kind NAT\n}}\n"
                                  for n in range(1, 1502)))
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for("is what runs now")
        self.assertEqual(daemon.log().count("+ service"), 1000)
        self.assertIn("and 501 changes more", daemon.log())
        self.assertEqual(daemon.end(), 0)

    def test_notify(self):
        """What the service manager hears (sd_notify), if sluiced was built for it."""
        path = os.path.join(self.folder, "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(path)
            manager.settimeout(LIMIT_S)
            daemon = self.start(NOTIFY_SOCKET=path, WATCHDOG_USEC="200000")
            manager.setblocking(False)
            try:
                first = manager.recv(4096).decode()
            except BlockingIOError:
                self.skipTest("built without libsystemd")
            manager.settimeout(LIMIT_S)
            self.assertIn("READY=1", first)
            self.assertEqual(manager.recv(4096).decode(), "WATCHDOG=1")
            daemon.process.send_signal(signal.SIGHUP)
            heard = [first]
            while not (heard[-1].startswith("READY=1") and len(heard) > 1):
                heard.append(manager.recv(4096).decode())
            self.assertTrue(any("RELOADING=1\nMONOTONIC_USEC=" in text for text in heard))
            self.assertEqual(daemon.end(), 0)
            while heard[-1] != "STOPPING=1":
                heard.append(manager.recv(4096).decode())


if __name__ == "__main__":
    SLUICED = os.path.abspath(sys.argv.pop(1))
    unittest.main()
