# SPDX-License-Identifier: BSD-3-Clause
"""What the rig asks of a running daemon. The only place that knows the control protocol's member names.

Questions go to the socket itself (JSON-RPC 2.0, one object a line), because they are asked many times;
commands go through `sluicectl`, as a person would give them.
"""

import json
import socket
import subprocess
from typing import NamedTuple

_LIMIT_S = 5.0
COMMAND_LIMIT_S = 10.0


class ControlError(Exception):
    """No daemon, no answer, or one that says no."""


class Balance(NamedTuple):
    """The packet-accounting invariant of one worker, or of the control core."""

    name: str
    worker: bool
    rx: int
    handed_in: int
    generated: int
    tx: int
    drops: int
    punts: int
    handed_out: int
    held: int
    answered: int = 0  # ICMP errors and resets, part of `generated`
    answers_limited: int = 0

    def fault(self):
        came = self.rx + self.handed_in + self.generated
        went = self.tx + self.drops + self.punts + self.handed_out + self.held
        if came == went:
            return ""
        numbers = " ".join(f"{field}={value}" for field, value in self._asdict().items()
                           if field not in ("name", "worker"))
        return f"{self.name}: {came} packets came, {went} went: {numbers}"


class Connection(NamedTuple):
    """One line of the connection list."""

    proto: str
    state: str
    client: str
    vip: str
    real: str
    expires_s: float
    worker: int
    local: str = ""

    def text(self):
        return f"{self.proto} {self.state} {self.client} {self.vip} {self.real}"


class Control:
    """A client of one daemon's socket. Connects when first asked."""

    def __init__(self, sluicectl, path):
        self.sluicectl, self.path = sluicectl, path
        self._stream, self._number = None, 0

    # ---- questions ----

    def balances(self):
        """Of every worker, and last of the control core."""
        return [self._balance(row) for row in self._call("workers")]

    def flow_counts(self):
        """Worker's number -> connections that it owns."""
        return {row["worker"]: row["flows"] for row in self._call("workers") if row["worker"] != "control"}

    def drops(self):
        """Reason -> count of the whole box, those that happened."""
        return {row["reason"]: row["packets"] for row in self._call("drops") if row["packets"]}

    def stats(self):
        """Rows as `ipvsadm --stats` names them: the columns of judge.stats."""
        loads = {(service["proto"], service["vip"], real["real"]): (real["active"], real["inactive"])
                 for service in self._call("service.list") for real in service["reals"]}
        rows = {}
        for service in self._call("stats")["services"]:
            name = f"{service['proto'].upper()} {service['vip']}"
            rows[name] = self._traffic(service)
            for real in service["reals"]:
                load = loads[service["proto"], service["vip"], real["real"]]
                rows[f"{name} -> {real['real']}"] = self._traffic(real) + load
        return rows

    def connections(self):
        return [Connection(row["proto"].upper(), row["state"], row["client"], row["vip"], row["real"],
                           row["expires_s"], row["worker"], row.get("local", "")) for row in self._call("conn.list")]

    def overloaded(self):
        """Server -> is it at its limit?"""
        return {real["real"]: real["overloaded"] for service in self._call("service.list") for real in service["reals"]}

    # ---- commands ----

    def run(self, *arguments):
        """A sluicectl command that has to succeed."""
        done = subprocess.run([self.sluicectl, "--socket", self.path, *arguments], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=COMMAND_LIMIT_S, check=False)
        if done.returncode != 0:
            raise ControlError(f"sluicectl {' '.join(arguments)}: exit {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def close(self):
        if self._stream:
            self._stream.close()
            self._stream = None

    # ---- helpers ----

    @staticmethod
    def _balance(row):
        worker = row["worker"] != "control"
        name = f"worker {row['worker']}" if worker else "control core"
        return Balance(name, worker, *(row.get(field, 0) for field in Balance._fields[2:]))

    @staticmethod
    def _traffic(row):
        return tuple(row[field] for field in ("conns", "in_packets", "out_packets", "in_bytes", "out_bytes"))

    def _call(self, method):
        self._number += 1
        question = {"jsonrpc": "2.0", "id": self._number, "method": method}
        try:
            if not self._stream:
                connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                connection.settimeout(_LIMIT_S)
                connection.connect(self.path)
                self._stream = connection.makefile("rwb")
                connection.close()  # the stream keeps it
            self._stream.write(json.dumps(question).encode() + b"\n")
            self._stream.flush()
            answer = json.loads(self._stream.readline() or b"{}")
        except (OSError, ValueError) as error:
            self.close()
            raise ControlError(f"{method}: {error}") from error
        if answer.get("id") != self._number or "result" not in answer:
            raise ControlError(f"{method}: {answer.get('error', 'no answer')}")
        return answer["result"]
