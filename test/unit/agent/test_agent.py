#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""sluice-agent from outside: what it measures, whom it tells, what it survives.

Runs the real program (its path is the only argument) on a /proc of our making.
Seals are checked by Python's own hmac, and where HAProxy is installed it is
the client.
"""
import hashlib
import hmac
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

AGENT = ""
LIMIT_S = 20
SECRET = "an old secret"
NONCE = "00112233445566778899aabbccddeeff"


def until(condition, what):
    """The condition's first true value; it is asked for again and again."""
    end = time.monotonic() + LIMIT_S
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {LIMIT_S} s: {what}")
        time.sleep(0.02)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def mac(text, secret=SECRET):
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def question(nonce=NONCE, secret=SECRET):
    return f"sluice {nonce} {mac('ask ' + nonce, secret)}\n".encode()


class Agent:
    """A running sluice-agent with a root of its own."""

    def __init__(self, folder, *arguments):
        self.folder, self.port = folder, free_port()
        self.stat(0, 0)
        self.write("proc/meminfo", "MemTotal: 1000 kB\nMemFree: 1 kB\nMemAvailable: 750 kB\n")
        self.write("proc/loadavg", "1.50 0.10 0.10 1/100 12345\n")
        self.start(*arguments)

    def start(self, *arguments):
        self.log = open(os.path.join(self.folder, "log"), "w+")
        self.process = subprocess.Popen(
            [AGENT, "--bind", "127.0.0.1", "--port", str(self.port), "--root", self.folder, *arguments],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        until(lambda: self.said("listening") or self.process.poll() is not None, "it listens")

    def said(self, text):
        self.log.seek(0)
        return text in self.log.read()

    def write(self, path, text):
        path = os.path.join(self.folder, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path + ".new", "w") as stream:
            stream.write(text)
        os.rename(path + ".new", path)
        return path

    def stat(self, busy, idle, cpus=2):
        lines = [f"cpu  {busy} 0 0 {idle} 0 0 0 0 0 0"] + [f"cpu{i} 0 0 0 0 0 0 0 0 0 0" for i in range(cpus)]
        self.write("proc/stat", "\n".join(lines) + "\nintr 1\n")

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=LIMIT_S)

    def ask(self, send=b""):
        """All that it says to one who connects."""
        with self.connect() as client:
            client.sendall(send)
            text = b""
            while part := client.recv(4096):
                text += part
            return text.decode()

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(LIMIT_S)
        self.log.close()
        return code


class AgentCase(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def agent(self, *arguments):
        agent = Agent(self.folder, *arguments)
        self.addCleanup(lambda: agent.process.poll() is None and agent.end())
        return agent

    def secret_file(self):
        path = os.path.join(self.folder, "secret")
        with open(path, "w") as stream:
            stream.write(f"  {SECRET} \nanother line\n")
        os.chmod(path, 0o600)
        return path


class Measures(AgentCase):
    def test_line(self):
        agent = self.agent()
        agent.stat(250, 750)
        until(lambda: agent.ask() == "ready 75% # cpu:25.0 mem:25.0 load:75.0\n", "25 % of CPU and memory")
        # Ticks that did not go on, or went back, tell nothing.
        agent.stat(0, 0)
        until(lambda: agent.ask() == "ready # mem:25.0 load:75.0\n", "no CPU")
        self.assertEqual(agent.end(), 0)

    def test_percent(self):
        for percent, want in [("mem", "75%"), ("max", "75%"), ("none", "#")]:
            agent = self.agent("--percent", percent)
            until(lambda: re.match(rf"ready {want} ?", agent.ask()), f"--percent {percent}")
            agent.end()

    def test_percent_never_drains(self):
        agent = self.agent()
        agent.stat(1000, 0)
        until(lambda: agent.ask().startswith("ready 1% # cpu:100.0 "), "1% at full load")

    def test_group(self):
        """In a container that may use half a CPU and 100 bytes, these are what counts."""
        agent = self.agent()
        agent.end()
        agent.write("sys/fs/cgroup/cpu.max", "50000 100000\n")
        agent.write("sys/fs/cgroup/cpu.stat", "usage_usec 1000\nuser_usec 1\n")
        agent.write("sys/fs/cgroup/memory.max", "100\n")
        agent.write("sys/fs/cgroup/memory.current", "90\n")
        agent.start("--percent", "mem")
        agent.write("sys/fs/cgroup/cpu.stat", "usage_usec 999999999\nuser_usec 1\n")
        until(lambda: agent.ask() == "ready 10% # cpu:100.0 mem:90.0 load:300.0\n", "the group's loads")
        agent.write("sys/fs/cgroup/memory.max", "max\n")
        until(lambda: "mem:25.0" in agent.ask(), "the machine's memory, where the group has no limit")

    def test_states(self):
        drain, maint = (os.path.join(self.folder, name) for name in ("drain", "maint"))
        agent = self.agent("--drain-file", drain, "--maint-file", maint)
        for files, want in [((), "ready"), ((drain,), "drain"), ((drain, maint), "maint"), ((maint,), "maint")]:
            for path in files:
                open(path, "w").close()
            self.assertEqual(agent.ask().split()[0], want)
            for path in files:
                os.unlink(path)

    def test_custom(self):
        value = os.path.join(self.folder, "value")
        mark = os.path.join(self.folder, "mark")
        os.mkfifo(os.path.join(self.folder, "fifo"))
        agent = self.agent(
            "--custom-file", f"file={value}", "--custom-file", f"fifo={self.folder}/fifo",
            "--custom-command", "good=echo it is 12.5 now",
            "--custom-command", "bad=echo 1; false",
            "--custom-command", f"hangs=echo 1; touch {mark}; sleep 1000",
            "--custom-command", "much=yes 7 | head -c 50000; sleep 1000 &",
            "--custom-command", "word=echo none")
        with open(value, "w") as stream:
            stream.write("queue: 3 of 5\n")
        line = until(lambda: (line := agent.ask()) and "file:3.00" in line and "good:12.50" in line
                     and "much:7.00" in line and line, "custom loads")
        for name in ("fifo", "bad", "hangs", "word"):
            self.assertNotIn(name, line)
        # Whoever hangs holds nobody up.
        until(lambda: os.path.exists(mark), "the command that hangs has begun")
        begin = time.monotonic()
        agent.ask()
        self.assertLess(time.monotonic() - begin, LIMIT_S / 2)
        os.unlink(value)
        until(lambda: "file:" not in agent.ask(), "a file that is gone is not told")
        self.assertEqual(agent.end(), 0)
        left = subprocess.run(["pgrep", "-f", f"touch {mark}"], capture_output=True, text=True).stdout
        self.assertEqual(left, "", "commands end with the agent")


class Secrets(AgentCase):
    def test_sealed(self):
        agent = self.agent("--secret-file", self.secret_file())
        until(lambda: "mem:" in agent.ask(question()), "a first measurement")
        words, seal = agent.ask(question()).rstrip("\n").split(" sig:")
        self.assertEqual(seal, mac("tell " + NONCE + words))
        self.assertTrue(words.startswith("ready"))

    def test_refused(self):
        agent = self.agent("--secret-file", self.secret_file())
        # { what a client sends } and none is told a word
        rows = {
            "nothing, as HAProxy": b"",
            "an empty line": b"\n",
            "another secret": question(secret="another"),
            "a nonce of other digits": question(nonce="zz" * 16),
            "another nonce's MAC": question().replace(NONCE.encode(), b"11" * 16),
            "a zero byte": b"sluice\0" + question()[7:],
            "too much": b"x" * 10000,
        }
        for name, send in rows.items():
            with self.subTest(name):
                try:
                    self.assertEqual(agent.ask(send), "")
                except ConnectionError:
                    pass


class Bad(AgentCase):
    def test_many_stay(self):
        """Three times as many as there is room for connect and stay."""
        for arguments in ((), ("--secret-file", self.secret_file())):
            agent = self.agent(*arguments)
            clients = [agent.connect() for _ in range(200)]
            for client in clients[::2]:
                try:
                    client.send(b"s")
                except ConnectionError:
                    pass
            self.assertIn("ready", agent.ask(question()))
            for client in clients:
                client.close()
            self.assertEqual(agent.end(), 0)

    def test_slow_question(self):
        agent = self.agent("--secret-file", self.secret_file())
        with agent.connect() as client:
            for byte in question():
                client.send(bytes([byte]))
            self.assertTrue(client.recv(4096).startswith(b"ready"))

    def test_flood(self):
        """Who sends without end gets its line, and is cut off."""
        agent = self.agent()
        with agent.connect() as client:
            with self.assertRaises(ConnectionError):
                for _ in range(10000):
                    client.sendall(b"x" * 10000)
        self.assertIn("ready", agent.ask())

    def test_line_survives_what_is_not_read(self):
        """HAProxy's agent-send: bytes that nobody reads must not reset the answer away."""
        agent = self.agent()
        for _ in range(50):
            self.assertTrue(agent.ask(b"web1\n" * 100).endswith("\n"))


class CommandLine(AgentCase):
    def test_faults(self):
        rows = [
            (["--prot", "1"], 'unknown option "--prot" (did you mean --port?)'),
            (["3333"], 'unknown option "3333"; --help shows them all'),
            (["--port"], "--port: PORT is missing"),
            (["--port", "0"], '--port: "0" is no whole number from 1 to 65535'),
            (["--port=99999"], '--port: "99999" is no whole number from 1 to 65535'),
            (["--interval", "0.5"], '--interval: "0.5" is no whole number from 1 to 3600'),
            (["--percent", "cup"], '--percent: "cup" is none of cpu, mem, max, none (did you mean cpu?)'),
            (["--bind", "localhost"], '--bind: "localhost" is no address'),
            (["--secret-file", "/nonexistent"], "--secret-file /nonexistent: No such file or directory"),
            (["--secret-file", "/dev/null"], "--secret-file /dev/null: its first line is empty"),
            (["--custom-file", "cpu=/x"], '--custom-file: "cpu" means something else already'),
            (["--custom-file", "a b=/x"], "--custom-file: a name has letters, digits, _ and -"),
            (["--custom-command", "name"], '--custom-command: "name" is not NAME=...'),
            (["--custom-file", "n=/x"] * 9, "--custom-file: there are 8 custom loads already"),
        ]
        for arguments, text in rows:
            with self.subTest(" ".join(arguments)):
                done = subprocess.run([AGENT, *arguments], capture_output=True, text=True, timeout=LIMIT_S)
                self.assertIn(text, done.stderr)
                self.assertIn(done.returncode, (1, 2))

    def test_help(self):
        done = subprocess.run([AGENT, "--help"], capture_output=True, text=True, timeout=LIMIT_S)
        self.assertEqual(done.returncode, 0)
        self.assertIn("--custom-command NAME=COMMAND", done.stdout)

    def test_port_taken(self):
        agent = self.agent()
        done = subprocess.run([AGENT, "--bind", "127.0.0.1", "--port", str(agent.port)], capture_output=True,
                              text=True, timeout=LIMIT_S)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"cannot listen on port {agent.port} of 127.0.0.1: Address already in use", done.stderr)

    @unittest.skipUnless(shutil.which("readelf"), "readelf is not installed")
    def test_needs_the_c_library_alone(self):
        dynamic = subprocess.run(["readelf", "-d", AGENT], capture_output=True, text=True, check=True).stdout
        needed = {name for name in re.findall(r"NEEDED.*\[(.*?)\]", dynamic) if "san" not in name}
        self.assertLessEqual(needed, {"libc.so.6", "libm.so.6"})


@unittest.skipUnless(shutil.which("haproxy"), "haproxy is not installed")
class HAProxy(AgentCase):
    """HAProxy as the client: its weight, its states, and that it finds nothing to complain of."""

    def state(self, command):
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(LIMIT_S)
            client.connect(f"{self.folder}/sock")
            client.sendall(command.encode() + b"\n")
            text = b""
            while part := client.recv(65536):
                text += part
            return text.decode()

    def field(self, name):
        match = re.search(rf"\.{name}\.\d+:.*:(?:u32|str):(.*)", self.state("show stat be 4 -1 typed"))
        return match and match[1]

    def test_client(self):
        drain = os.path.join(self.folder, "drain")
        agent = self.agent("--drain-file", drain, "--custom-command", "queue=echo 5")
        with open(f"{self.folder}/haproxy.cfg", "w") as stream:
            stream.write(f"""
global
    stats socket {self.folder}/sock mode 600
defaults
    mode tcp
    timeout connect 1s
    timeout client 5s
    timeout server 5s
backend be
    server s1 127.0.0.1:9 weight 200 agent-check agent-port {agent.port} agent-inter 100ms agent-send "be\\n"
""")
        haproxy = subprocess.Popen(["haproxy", "-f", f"{self.folder}/haproxy.cfg", "-db"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(lambda: (haproxy.kill(), haproxy.wait()))
        until(lambda: os.path.exists(f"{self.folder}/sock"), "HAProxy's socket")
        agent.stat(400, 600)
        until(lambda: self.field("uweight") == "120", "60 % of 200")
        self.assertEqual(self.field("last_agt"), "", "HAProxy understands every word")
        open(drain, "w").close()
        until(lambda: "DRAIN" in self.field("status"), "drained")
        os.unlink(drain)
        until(lambda: "DRAIN" not in self.field("status"), "ready again")


if __name__ == "__main__":
    AGENT = sys.argv.pop(1)
    unittest.main()
