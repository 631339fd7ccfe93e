#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Runs golden cases: `sluiced` on pcap files, against packets and counters that were expected beforehand.

    test/golden/run.py [--sluiced PATH] [--sluicectl PATH] [--workers N] [--jobs N] [--keep] [--list]
                       [--user NAME] [case or family ...]

Prints a line for each case and number of workers, and at the end `N passed, N failed`. Exit code: 0, 1 when a
case failed, 2 for a wrong command line. Needs no privileges and no hugepages; runs beside other runs.
"""

import argparse
import functools
import multiprocessing
import os
import pwd
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True  # the tree may belong to somebody else
sys.path.insert(0, HERE)

from rig.case import Case, names  # noqa: E402

CASES = os.path.join(HERE, "cases")


def main():
    options = _options()
    if options.user:
        _become(options.user)
    cases = _chosen(options.cases)
    if options.list:
        print("\n".join(map(_name, cases)))
        return 0
    for program in (options.sluiced, options.sluicectl):
        if not os.access(program, os.X_OK):
            return _usage(f"{program}: not there or not executable (build it, or name it by --sluiced, --sluicectl)")

    passed = failed = 0
    with multiprocessing.get_context("fork").Pool(options.jobs) as pool:
        for results in pool.imap(functools.partial(_run, options=options), cases):
            for good, text in results:
                print(text, flush=True)
                passed, failed = passed + good, failed + (not good)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


def _options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sluiced", default="build/src/control/sluiced", metavar="PATH")
    parser.add_argument("--sluicectl", default="build/src/cli/sluicectl", metavar="PATH")
    parser.add_argument("--workers", type=int, metavar="N", help="only with this number of workers")
    parser.add_argument("--jobs", type=int, metavar="N", default=os.cpu_count(), help="cases at a time (%(default)s)")
    parser.add_argument("--keep", action="store_true", help="leave the files of failed cases behind, and say where")
    parser.add_argument("--list", action="store_true", help="only say which cases would run")
    parser.add_argument("--user", metavar="NAME", help="give up root's rights for this user's first")
    parser.add_argument("cases", nargs="*", metavar="CASE", help="a case, a folder of cases, or what stands before a case's first dash")
    options = parser.parse_args()
    options.sluiced, options.sluicectl = map(os.path.abspath, (options.sluiced, options.sluicectl))
    return options


def _usage(text):
    print(f"run.py: {text}", file=sys.stderr)
    return 2


def _become(user):
    entry = pwd.getpwnam(user)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    os.environ["HOME"] = "/"


def _name(case):
    return "-".join(filter(None, case))


def _chosen(wanted):
    every = {case: {_name(case), case[0], case[0].split("-")[0]} for case in names(CASES)}
    for word in wanted:
        if not any(word in called for called in every.values()):
            sys.exit(_usage(f"{word}: no such case or family (--list shows them)"))
    return [case for case, called in every.items() if not wanted or called & set(wanted)]


def _run(name, options):
    """Results of one case, with each number of workers: (passed, lines for a person)."""
    try:
        case = Case(CASES, *name)
    except Exception:  # a broken case is a failed one, not the end of the run
        return [(False, f"FAIL {_name(name)}\n{traceback.format_exc()}")]
    return [_run_with(case, workers, options) for workers in case.worker_counts()
            if options.workers in (None, workers)]


def _run_with(case, workers, options):
    start = time.monotonic()
    try:
        lines = case.run(workers, options.sluiced, options.sluicectl, options.keep)
    except Exception:
        lines = traceback.format_exc().splitlines()
    took = time.monotonic() - start
    title = f"{case.name} ({workers} worker{'s' if workers > 1 else ''}, {took:.2f} s)"
    if not lines:
        return True, f"ok   {title}"
    return False, "\n    ".join([f"FAIL {title}", f"claim: {case.claim}", *lines])


if __name__ == "__main__":
    sys.exit(main())
