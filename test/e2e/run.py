#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""
Runs the end-to-end tests: real clients, Sluice, real servers, each in a
network namespace of its own.

    run.py [--build DIR] [--list] [--quick] [--suite NAME] [NAME...]

A NAME chooses the tests that contain it, or that match it as a pattern
(`nat-*-close`); a suite is the tests whose files begin with its name
(`forwarding`: test_forwarding_*.py), `base` all that are of none. One line a
case and, last, `N passed, N failed`; the exit code is 1 when one failed. Needs
root. Logs of a failed test are kept in
BUILD/e2e-logs/TEST and their tails are printed.
"""

import argparse
import fnmatch
import importlib
import os
import pathlib
import shutil
import signal
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

from case import TESTS, Context, Skip          # noqa: E402
from rig import Rig, sweep_dead_runs           # noqa: E402
from topology import World                     # noqa: E402

SUITES = ("forwarding", "health", "takeover")
SKIPPED = 77    # meson's exit code for "could not be run"
TAIL_LINES = 12


def arguments():
    parser = argparse.ArgumentParser(description="Sluice's end-to-end tests")
    parser.add_argument("--build", type=pathlib.Path, help="build directory (default: build)",
                        default=os.environ.get("SLUICE_BUILD", HERE.parent.parent / "build"))
    parser.add_argument("--list", action="store_true", help="only list the cases")
    parser.add_argument("--quick", action="store_true", help="seconds instead of minutes")
    parser.add_argument("--suite", choices=("base", *SUITES), help="only this suite's tests")
    parser.add_argument("names", nargs="*", metavar="NAME", help="which tests; all without one")
    return parser.parse_args()


def suite_of(test):
    return next((suite for suite in SUITES if test.function.__module__.startswith(f"test_{suite}_")), "base")


def chosen(names, suite):
    def wanted(test):
        if suite and suite_of(test) != suite:
            return False
        return not names or any(name in test.name or fnmatch.fnmatch(test.name, name) for name in names)
    return [test for test in TESTS if wanted(test)]


def logs_keep(rig, build, name, since):
    """What was written since the test began, copied to where it stays; the tails go to the reader."""
    where = build / "e2e-logs" / name
    shutil.rmtree(where, ignore_errors=True)
    where.mkdir(parents=True)
    for path in sorted(rig.directory.iterdir()):
        if path.suffix not in (".log", ".conf") or path.stat().st_mtime < since or not path.stat().st_size:
            continue
        shutil.copy(path, where)
        if path.suffix == ".log":
            lines = path.read_text(errors="replace").splitlines()[-TAIL_LINES:]
            print("\n".join([f"     {path.name}:", *(f"     | {line[:200]}" for line in lines)]))
    print(f"     all of it: {where}", flush=True)


def run_all(tests, rig, options):
    passed = failed = skipped = 0
    world = World(rig)
    for test in tests:
        began, since = time.monotonic(), time.time()
        try:
            rows = Context(test, rig, world, options.build.resolve(), options.quick).run()
        except Skip as reason:
            for name in test.case_names():
                print(f"skip {name}: {reason}", flush=True)
                skipped += 1
            continue
        took = time.monotonic() - began
        for name, failure, note in rows:
            if failure is None:
                passed += 1
                print(f"ok   {name} ({took:.1f} s) {note}".rstrip(), flush=True)
            else:
                failed += 1
                print(f"FAIL {name} ({took:.1f} s): {failure}" + (f" [{note}]" if note else ""), flush=True)
        rig.processes_end()
        if any(failure is not None for _, failure, _ in rows):
            logs_keep(rig, options.build.resolve(), test.name, since)
    if skipped:
        print(f"{skipped} skipped")
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed or not passed else 0


def main():
    options = arguments()
    for path in sorted(HERE.glob("test_*.py")):
        importlib.import_module(path.stem)
    tests = chosen(options.names, options.suite)
    if options.list:
        print("\n".join(name for test in tests for name in test.case_names()))
        return 0
    if not tests:
        print(f"no test has a name like {' or '.join(options.names)}", file=sys.stderr)
        return 2
    if os.geteuid() != 0:
        print("skipped: the end-to-end tests need root, for network namespaces", file=sys.stderr)
        return SKIPPED
    # Either ends the run through the `finally` below.
    signal.signal(signal.SIGINT, signal.default_int_handler)    # even when started in the background
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(143))
    signal.signal(signal.SIGHUP, lambda number, frame: sys.exit(129))
    sweep_dead_runs()
    rig = Rig()
    try:
        return run_all(tests, rig, options)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        rig.cleanup()


if __name__ == "__main__":
    sys.exit(main())
