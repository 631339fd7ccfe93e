#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""
The end-to-end tests of crashes and planned moves (test/e2e/test_takeover_crash.py,
test_takeover_planned.py), again and again: what they say of the gap that a
client's 1 ms probe sees, as lists, medians and worst cases, beside
Master_Down_Interval.

    takeover.py [--build DIR] [--times N] [NAME...]

A NAME chooses among the tests (part of their names). One download that does not complete intact makes the exit code 1.
"""

import argparse
import pathlib
import re
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
RUN = ROOT / "test" / "e2e" / "run.py"
TESTS = ("takeover-crash-*", "takeover-planned-*")
CASE = re.compile(r"^(ok  |FAIL) ([\w-]+)\.(\w+) ")
GAP = re.compile(r"gap (?:(away|back) )?ipv4 (\d+) ms, ipv6 (\d+) ms(?:, Master_Down_Interval (\d+) ms)?")
DOWNLOADS = re.compile(r"(\d+) of (\d+) downloads")


def main():
    parser = argparse.ArgumentParser(description="take-overs, again and again")
    parser.add_argument("--build", default=ROOT / "build", help="build directory (default: build)")
    parser.add_argument("--times", type=int, default=20, help="how often (default: 20)")
    parser.add_argument("names", nargs="*", default=TESTS, metavar="NAME", help="which tests; all without one")
    options = parser.parse_args()

    gaps, down_ms = {}, {}      # (test, way, family): [ms]; test: ms
    complete = asked = failures = 0
    began = time.monotonic()
    for number in range(options.times):
        done = subprocess.run([sys.executable, RUN, "--build", options.build, "--suite", "takeover", *options.names],
                              stdout=subprocess.PIPE, text=True, errors="replace", check=False)
        if done.returncode not in (0, 1):
            sys.exit(f"round {number + 1}: {RUN.name} ended with exit code {done.returncode}")
        for line in done.stdout.splitlines():
            case = CASE.match(line)
            if not case:
                continue
            if case[1] == "FAIL":
                failures += 1
                print(f"round {number + 1}: {line}", flush=True)
            told = DOWNLOADS.search(line)
            if told:
                complete, asked = complete + int(told[1]), asked + int(told[2])
            for way, *ms, down in GAP.findall(line) if case[3] == "ipv4" else ():
                for family, gap in zip(("ipv4", "ipv6"), ms):
                    gaps.setdefault((case[2], way, family), []).append(int(gap))
                if down:
                    down_ms[case[2]] = int(down)
        print(f"round {number + 1} of {options.times}: {complete} of {asked} downloads intact, {failures} cases failed, "
              f"{time.monotonic() - began:.0f} s", flush=True)

    report(gaps, down_ms)
    print(f"{complete} of {asked} downloads intact, {failures} cases failed")
    return 0 if asked and complete == asked and not failures else 1


def report(gaps, down_ms):
    print(f"\n{'test':<28} {'move':<5} {'family':<6} {'n':>3} {'median':>7} {'worst':>7} {'Master_Down':>11}  gaps, ms")
    for (test, way, family), each in gaps.items():
        down = down_ms.get(test, "")
        print(f"{test:<28} {way or 'crash':<5} {family:<6} {len(each):>3} {statistics.median(each):>7.0f} {max(each):>7} "
              f"{down:>11}  {' '.join(map(str, each))}")
    crashes = [gap for (_, way, _), each in gaps.items() if not way for gap in each]
    moves = [gap for (_, way, _), each in gaps.items() if way for gap in each]
    for name, each in (("crashes", crashes), ("planned moves", moves)):
        if each:
            print(f"{name}: {len(each)} gaps, median {statistics.median(each):.0f} ms, worst {max(each)} ms")


if __name__ == "__main__":
    sys.exit(main())
