#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""
Every fuzzer (test/fuzz/fuzz_*.c) for ten minutes, one after the other, on
top of its corpus.

    fuzz.py [--seconds N] [--keep] [NAME...]

How a fuzzer is built and run is read from the opening comment of its source. What takes the code somewhere new stays in a
folder of its own; with --keep it is merged into the corpus. A finding is printed with its file, and makes
the exit code 1: mend the code and put the file into the corpus.
"""

import argparse
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
FUZZ = ROOT / "test" / "fuzz"
# The sanitizers, the corpus's replay, and a hanging input take their time.
SLACK_S = 120


def commands(source):
    """(how to build it, how to run it): the command lines of its opening comment."""
    comment = source.read_text().split("*/")[1]     # the first is the licence
    lines = re.sub(r"\\\n \*\s*", "", comment).splitlines()
    words = [line.lstrip(" *\t") for line in lines]
    build = next((line for line in words if line.startswith("clang ")), None)
    start = next((line for line in words if line.startswith("/tmp/fuzz_")), None)
    if not build or not start:
        sys.exit(f"{source.relative_to(ROOT)}: its opening comment does not say how it is built and run")
    return build, start


def compiler():
    for name in ("clang", *(f"clang-{version}" for version in range(20, 12, -1))):
        if shutil.which(name):
            return name
    sys.exit("there is no clang; as root: apt-get install clang")


def fuzz(source, seconds, where, keep):
    """True: nothing was found."""
    name = source.stem.removeprefix("fuzz_")
    build, start = commands(source)
    binary, new = where / source.stem, where / f"{name}.new"
    new.mkdir()
    build = build.replace("clang ", f"{compiler()} ", 1).replace(f"/tmp/{source.stem}", str(binary))
    subprocess.run(["sh", "-c", build], cwd=ROOT, check=True)
    _, *options, corpus = shlex.split(start)
    done = subprocess.run([binary, *options, f"-max_total_time={seconds}", "-rss_limit_mb=2048", "-print_final_stats=1",
                           f"-artifact_prefix={where}/{name}-finding-", new, corpus], cwd=ROOT, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                          timeout=seconds + SLACK_S)
    runs = re.search(r"number_of_executed_units: (\d+)", done.stdout)
    print(f"{name}: {runs[1] if runs else '?'} inputs in {seconds} s, {len(list(new.iterdir()))} of them new, "
          f"{'no finding' if done.returncode == 0 else 'A FINDING'}", flush=True)
    if done.returncode != 0:
        print("\n".join(done.stdout.splitlines()[-40:]))
    elif keep:
        subprocess.run([binary, *options, "-merge=1", corpus, new], cwd=ROOT, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return done.returncode == 0


def main():
    parser = argparse.ArgumentParser(description="every fuzzer, for long")
    parser.add_argument("--seconds", type=int, default=600, help="for each (default: 600)")
    parser.add_argument("--keep", action="store_true", help="merge what is new into the corpus")
    parser.add_argument("names", nargs="*", metavar="NAME", help="which (heartbeat, conf ...); all without one")
    options = parser.parse_args()
    sources = [source for source in sorted(FUZZ.glob("fuzz_*.c"))
               if not options.names or source.stem.removeprefix("fuzz_") in options.names]
    if not sources:
        sys.exit(f"there is no fuzzer called {' or '.join(options.names)}")
    where = pathlib.Path(tempfile.mkdtemp(prefix="sluice-fuzz-"))
    good = [fuzz(source, options.seconds, where, options.keep) for source in sources]
    if all(good):
        shutil.rmtree(where)
    else:
        print(f"what was found lies in {where}")
    print(f"{good.count(True)} passed, {good.count(False)} failed")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
