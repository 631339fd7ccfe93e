# SPDX-License-Identifier: BSD-3-Clause
"""One running `sluiced` in a directory of its own: start it, feed it, wait until it has digested, stop it.

Each port is a net_pcap device that reads inNAME0.pcap and writes outNAME0.pcap, and so on for each of its queues.
net_pcap replays a file at once; a case that needs an order between its packets and something else (a command, an
answer, time) makes one port *live*: its pcap is standard input (`rx_pcap=-`), a pipe that never blocks, into which the
rig writes frames when their time has come. Nothing here needs privileges, hugepages or a fixed path.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import termios
import time

from . import judge, pcap
from .control import Control, ControlError

START_LIMIT_S = 10.0
STOP_LIMIT_S = 10.0
_POLL_S = 0.004

_SANITIZER_SIGNS = (b"runtime error:", b"AddressSanitizer", b"LeakSanitizer", b"ThreadSanitizer")


class DaemonError(Exception):
    """The daemon did not do what any case expects of it: start, answer, stop cleanly."""


class Daemon:
    """Use as a context manager; the directory goes with it unless `keep` is set by then."""

    def __init__(self, sluiced, sluicectl):
        self.sluiced, self.sluicectl, self.keep = sluiced, sluicectl, False
        # Short, because device strings and socket paths are limited; relative paths are used below for the same reason.
        self.directory = tempfile.mkdtemp(prefix="slg.", dir=os.environ.get("TMPDIR", "/tmp"))
        self.process = None
        self.feed = None
        self.control = None
        self.ports, self.queues = (), 1

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._feed_close()
        if self.control:
            self.control.close()
        if not self.keep:
            shutil.rmtree(self.directory, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.directory, name)

    def start(self, config, workers, frames_by_port, live=None, queues=1):
        """`frames_by_port`: port name -> what its file holds, in the order of the ports; `live`: a port or None."""
        self.ports, self.queues = tuple(frames_by_port), queues
        text = config.replace("@workers@", str(workers))
        for index, (port, frames) in enumerate(frames_by_port.items()):
            arguments = [f"net_pcap{index}"]
            for queue in range(queues):
                source = "-" if port == live else f"in{port}{queue}.pcap"
                if port != live:
                    pcap.write(self.path(source), [frame.raw() for frame in frames if frame.queue == queue])
                arguments.append(f"rx_pcap={source}")
            arguments += [f"tx_pcap=out{port}{queue}.pcap" for queue in range(queues)]
            text = text.replace(f"@{port}@", ",".join(arguments))
        with open(self.path("case.conf"), "w", encoding="ascii") as file:
            file.write(text)

        stdin = self._feed_open() if live else subprocess.DEVNULL
        command = [self.sluiced, "-f", "case.conf", "--seed", "1", "--socket", "sock"]
        command += ["--", "--no-shconf", "--no-pci", f"--file-prefix={os.path.basename(self.directory)}"]
        environment = dict(os.environ, XDG_RUNTIME_DIR=self.directory)
        with open(self.path("log"), "wb") as log:
            self.process = subprocess.Popen(command, cwd=self.directory, stdin=stdin, stdout=log, stderr=log,
                                            env=environment)
        if live:
            os.close(stdin)
        self.control = Control(self.sluicectl, self.path("sock"))
        self._wait("no answer on the control socket", START_LIMIT_S, self._answers)

    def send(self, frames):
        """Frames into the live port. The reader must never find half a record: a write that fits into the pipe is one
        step for it, so no write is larger than the room that there is."""
        room = fcntl.fcntl(self.feed, fcntl.F_GETPIPE_SZ) // 2
        pieces = [b""]
        for frame in frames:
            record = pcap.record(frame)
            if len(pieces[-1]) + len(record) > room:
                pieces.append(b"")
            pieces[-1] += record
        for piece in pieces:
            self._wait("the device reads nothing", START_LIMIT_S, self._feed_empty)
            os.write(self.feed, piece)

    def settle(self, received, limit_s=3.0):
        """Waits until `received` frames have come in and each of them, and each answer to one, has found its end."""
        seen = [None]

        def still():
            now = self.control.balances()
            same, seen[0] = now == seen[0], now
            return same and judge.settled(received, now)

        try:
            self._wait("", limit_s, still)
        except TimeoutError:
            pass  # what is wrong shows in the comparison, better than a time-out would tell it

    def wait(self, what, condition, limit_s=8.0):
        try:
            self._wait(what, limit_s, lambda: condition(self.control))
        except TimeoutError:
            raise DaemonError(f"within {limit_s:g} s: {what}") from None

    def stop(self):
        """Ends it by SIGTERM. Returns the frames that left: port name -> list."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            raise DaemonError(f"still runs {STOP_LIMIT_S:g} s after SIGTERM{self._log_tail()}") from None
        finally:
            self._feed_close()
        if code != 0:
            raise DaemonError(f"ended with {code} after SIGTERM{self._log_tail()}")
        with open(self.path("log"), "rb") as file:
            log = file.read()
        if any(sign in log for sign in _SANITIZER_SIGNS):
            raise DaemonError(f"a sanitizer complains{self._log_tail()}")
        return self.output()

    def output(self):
        """The frames that have left: port name -> list. net_pcap writes them out burst by burst."""
        return {port: [frame for queue in range(self.queues)
                       for frame in pcap.read(self.path(f"out{port}{queue}.pcap"))]
                for port in self.ports}

    # ---- helpers ----

    def _answers(self):
        if not os.path.exists(self.path("sock")):
            return False
        try:
            self.control.balances()
        except ControlError:
            return False
        return True

    def _wait(self, what, limit_s, condition):
        end = time.monotonic() + limit_s
        while not condition():
            if self.process.poll() is not None:
                raise DaemonError(f"ended by itself with {self.process.returncode}{self._log_tail()}")
            if time.monotonic() > end:
                if not what:
                    raise TimeoutError
                raise DaemonError(f"{what} within {limit_s:g} s{self._log_tail()}")
            time.sleep(_POLL_S)

    def _feed_open(self):
        reader, self.feed = os.pipe()
        fcntl.fcntl(reader, fcntl.F_SETFL, fcntl.fcntl(reader, fcntl.F_GETFL) | os.O_NONBLOCK)
        try:
            fcntl.fcntl(self.feed, fcntl.F_SETPIPE_SZ, 1 << 20)
        except PermissionError:
            pass  # then with more and smaller writes
        os.write(self.feed, pcap.file_header())
        return reader

    def _feed_empty(self):
        unread = fcntl.ioctl(self.feed, termios.FIONREAD, bytes(4))
        return int.from_bytes(unread, sys.byteorder) == 0

    def _feed_close(self):
        if self.feed is not None:
            os.close(self.feed)
            self.feed = None

    def _log_tail(self):
        with open(self.path("log"), "r", encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()[-25:]
        return "".join("\n    | " + line for line in lines)
