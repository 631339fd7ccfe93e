# SPDX-License-Identifier: BSD-3-Clause
"""A case: one claim about the box, loaded from cases/NAME/case.py, run with a number of workers, judged.

A case module is a docstring (the claim) and tables:

    config      configuration text (topology.one_arm, two_arm, service)
    traffic     rows (frame in, frame out); out may be None (nothing leaves), loosely(...), one_of(...),
                repeated(...), cut_by_box(...) or a list. A `Then` between rows: all before it has been digested when
                the rest is sent. Frames that depend on a local port (local.Later) may be fed only after a `Then`.
    also_out    frames that leave and answer no frame (ARP requests); default none. None: whatever leaves is only for
                the case's own `check`
    drops       reason -> count, a tuple of reasons stands for any of them; default none at all; None: not compared
    stats       "PROTO VIP:PORT" -> Conns InPkts OutPkts InBytes OutBytes, and "PROTO VIP:PORT -> REAL:PORT" ->
                the same, ActiveConn, InActConn; rows that are not listed are zero. Default: not compared.
    conns       lines "PROTO STATE CLIENT VIP REAL" that the connection list has at the end. Default: not compared.
    expires     state -> seconds that connections of that state have left at the end
    answers     (ICMP errors and resets that the box sent, those that its rate limit suppressed). Default: not compared.
    check       function(Result) -> lines that say what else is wrong
    workers     with how many workers to run it; default (1, 2)
    queues      receive (and transmit) queues of each port; frames name theirs; default 1
    live        the port that is fed step by step; default "wan" if the traffic has a `Then`

Each table may be a function of the number of workers instead.

A module may be a family of cases that differ in arguments only: `variants` (suffix of the case's name -> arguments) and
a function `make(**arguments)` that returns a dictionary of the tables.
"""

import importlib.util
import os
import re
from types import SimpleNamespace
from typing import NamedTuple

from . import fragments, judge, local, tunnel
from .announce import announcements
from .control import ControlError
from .sluiced import Daemon, DaemonError
from .topology import PORT_MAC


class Then:
    """A pause in the traffic: compare `conns` and `expires`, run commands (argument lists of sluicectl), wait."""

    def __init__(self, *commands, conns=None, expires=None, wait=None, what="a condition of the case"):
        self.commands, self.conns, self.expires, self.wait, self.what = commands, conns, expires, wait, what


class Result(NamedTuple):
    """Everything known of the box after the last packet."""

    workers: int
    output: dict  # port -> raw frames that left, announcements not among them
    balances: list
    drops: dict
    stats: dict
    conns: list
    flow_counts: dict


def names(root):
    """The cases of all folders, sorted: (folder, variant or "")."""
    found = []
    for folder in sorted(os.listdir(root)):
        path = os.path.join(root, folder, "case.py")
        if os.path.exists(path):
            with open(path, encoding="ascii") as file:
                several = re.search(r"^variants = ", file.read(), re.MULTILINE)
            found += [(folder, variant) for variant in (_load(root, folder).variants if several else [""])]
    return found


def _load(root, folder):
    spec = importlib.util.spec_from_file_location("case_" + folder.replace("-", "_"),
                                                  os.path.join(root, folder, "case.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Case:
    """`name` is its folder's and, of a family's, its variant's; what stands before the first dash is its family."""

    def __init__(self, root, folder, variant=""):
        self.name = f"{folder}-{variant}" if variant else folder
        module = _load(root, folder)
        self.claim = " ".join((module.__doc__ or "").split())
        self.module = SimpleNamespace(**module.make(**module.variants[variant])) if variant else module
        if not self.claim:
            raise ValueError(f"{folder}: case.py has no docstring that states its claim")

    def worker_counts(self):
        return getattr(self.module, "workers", (1, 2))

    def run(self, workers, sluiced, sluicectl, keep=False):
        """Lines that say what is wrong; none: passed."""
        with Daemon(sluiced, sluicectl) as daemon:
            try:
                lines = self._run(daemon, workers)
            except (DaemonError, ControlError, local.Unbound) as error:
                lines = str(error).splitlines()
            if lines and keep:
                daemon.keep = True
                lines.append(f"files are in {daemon.directory}")
            return lines

    # ---- helpers ----

    def _table(self, name, workers, default=None):
        value = getattr(self.module, name, default)
        return value(workers) if callable(value) else value

    def _run(self, daemon, workers):
        config = self._table("config", workers)
        steps, expected = _steps(self._table("traffic", workers))
        also_out = self._table("also_out", workers, [])
        expected = None if also_out is None else expected + also_out
        known = [frame for each in expected or [] for frame in judge.frames_in(each)]
        known += [frame for frames, _then in steps for frame in frames]
        local.forget(known)
        live = getattr(self.module, "live", "wan" if len(steps) > 1 else None)
        files = {port: [] for port in PORT_MAC if f"@{port}@" in config}
        for number, (frames, _then) in enumerate(steps):
            for frame in frames:
                if frame.port != live:
                    if number:
                        raise ValueError(f"{self.name}: frames of port {frame.port} after the first pause")
                    files[frame.port].append(frame)

        daemon.start(config, workers, files, live, getattr(self.module, "queues", 1))
        received, lines = sum(map(len, files.values())), []
        for frames, then in steps:
            if any(isinstance(frame, local.Later) for frame in frames):
                local.bind(known, daemon.output())
            fed = [frame.raw() for frame in frames if frame.port == live]
            if fed:
                daemon.send(fed)
                received += len(fed)
            daemon.settle(received)
            if then:
                lines += self._pause(daemon, then)
        return lines + self._judge(daemon, workers, received, expected)

    @staticmethod
    def _pause(daemon, then):
        lines = []
        if then.conns is not None:
            lines += judge.connections(then.conns, daemon.control.connections())
        if then.expires is not None:
            lines += judge.expiries(then.expires, daemon.control.connections())
        for command in then.commands:
            daemon.control.run(*command)
        if then.wait:
            daemon.wait(then.what, then.wait)
        return ["at a pause: " + line for line in lines]

    def _judge(self, daemon, workers, received, expected):
        control = daemon.control
        balances, conns = control.balances(), control.connections()
        drops, stats, flow_counts = control.drops(), control.stats(), control.flow_counts()
        output = daemon.stop()

        lines, pieces = tunnel.chosen(output), None
        if expected is not None:
            known = [frame for each in expected for frame in judge.frames_in(each)]
            local.bind(known, output)
            lines += local.chosen(known)
            expected = [each for each in expected if all(map(local.known, judge.frames_in(each)))]
        output = judge.without(announcements(self._table("config", workers)), expected or [], output)
        if expected is not None:
            expected, output, more, pieces = fragments.put_together(expected, output)
            lines += more + judge.output(expected, output)
        lines = judge.balances(received, balances, pieces) + lines
        for table, judged, actual, default in (("drops", judge.drops, drops, {}), ("stats", judge.stats, stats, None),
                                               ("conns", judge.connections, conns, None), ("answers", judge.answers, balances, None),
                                               ("expires", judge.expiries, conns, None)):
            wanted = self._table(table, workers, default)
            if wanted is not None:
                lines += judged(wanted, actual)
        if hasattr(self.module, "check"):
            result = Result(workers, output, balances, drops, stats, conns, flow_counts)
            lines += self.module.check(result)
        return lines


def _steps(traffic):
    """The traffic cut at its pauses: [(frames in, Then or None)], and all frames that are to leave."""
    steps, frames, expected = [], [], []
    for row in traffic:
        if isinstance(row, Then):
            steps.append((frames, row))
            frames = []
            continue
        frame, out = row
        if frame is not None:
            frames.append(frame)
        if out is not None:
            expected += out if isinstance(out, list) else [out]
    return steps + [(frames, None)], expected
