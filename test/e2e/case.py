# SPDX-License-Identifier: BSD-3-Clause
"""
What a test is, and how it says what came out.

A test is a function registered with @test. It reports one or more cases:
without `cases` it is one case itself; with `cases` each named part is judged
in a `with t.case(name):` block, and an exception outside of these blocks
fails every case that has not been judged yet. A case counts once, as passed
or failed; nothing is counted that did not run.
"""

import contextlib
import pathlib
import time

from rig import Failure

TESTS = []


class Skip(Exception):
    """The machine lacks something that is not the project's to bring. The text says what."""


class Definition:
    def __init__(self, name, function, cases, arguments):
        self.name = name
        self.function = function
        self.cases = cases
        self.arguments = arguments

    def case_names(self):
        return [f"{self.name}.{case}" for case in self.cases] if self.cases else [self.name]


def test(name, cases=(), **arguments):
    """Registers a test; `arguments` are given to the function after its context."""
    def register(function):
        TESTS.append(Definition(name, function, tuple(cases), arguments))
        return function
    return register


class Context:
    """What a test function gets: the networks, the build, and where to report."""

    def __init__(self, definition, rig, world, build, quick):
        self.definition = definition
        self.rig = rig
        self.world = world
        self.build = build
        self.quick = quick
        self.verdicts = {}     # case: None or the failure's text
        self.notes = {}
        self.current = None
        self.started = time.monotonic()

    def long(self, full, quick):
        """How much of something: `quick` with --quick."""
        return quick if self.quick else full

    def note(self, text):
        self.notes.setdefault(self.current, []).append(text)

    @contextlib.contextmanager
    def case(self, name):
        if self.definition.cases and name not in self.definition.cases:
            raise ValueError(f"{self.definition.name} has no case {name}")
        self.current = name
        try:
            yield
            self.verdicts.setdefault(name, None)
        except (Failure, ValueError, KeyError, TypeError, OSError) as fault:
            self.verdicts[name] = describe(fault)
        finally:
            self.current = None

    def run(self):
        """Returns [(case name, failure or None, note)], in the order of their declaration."""
        fault = None
        try:
            self.definition.function(self, **self.definition.arguments)
        except Skip:
            raise
        except Exception as error:  # pylint: disable=broad-except
            fault = describe(error)
        if not self.definition.cases:
            text = "; ".join(note for notes in self.notes.values() for note in notes)
            return [(self.definition.name, fault or next(filter(None, self.verdicts.values()), None), text)]
        whole = self.notes.get(None, [])
        rows = []
        for case in self.definition.cases:
            failure = self.verdicts.get(case, fault or "was never reached")
            rows.append((f"{self.definition.name}.{case}", failure,
                         "; ".join([*self.notes.get(case, []), *whole])))
        if fault and all(failure is None for _, failure, _ in rows):
            rows[-1] = (rows[-1][0], f"after its cases: {fault}", rows[-1][2])
        return rows


def describe(error):
    """A Failure speaks for itself; anything else is a fault of the test and says where."""
    if isinstance(error, Failure):
        return str(error)
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    where = f" ({pathlib.Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno})" if trace else ""
    return f"{type(error).__name__}: {error}{where}"
