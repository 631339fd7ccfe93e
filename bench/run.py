# SPDX-License-Identifier: BSD-3-Clause
"""The benchmark: sluiced beside dpdk-testpmd's 5tswap on the same packets and core.

Started by tools/bench, which installs and builds what it needs. How rows are
made is in workload.py, how programs are run and checked in program.py; what
the figures mean is in doc/benchmarks.md.
"""

import argparse
import json
import os
import re
import signal
import statistics
import sys
import tempfile

import machine
import program
import workload

DISTURBED_BELOW = 0.98  # of its CPU: somebody else used the core


def main():
    args = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    rows = [row for row in workload.rows(args.quick, args.proto) if args.rows.search(row.name)]
    if not rows:
        sys.exit(f"bench: no row matches \"{args.rows.pattern}\"; "
                 f"rows are {' '.join(row.name for row in workload.rows(False, args.proto))}")
    try:
        control_cpu, data_cpu = machine.choose_cpus(args.cpu)
        os.sched_setaffinity(0, {control_cpu})
        with machine.hugepages(max(row.memory_bytes(True) for row in rows)) as have_hugepages, \
                tempfile.TemporaryDirectory(prefix="sluice-bench-") as work_dir:
            if not have_hugepages:
                print("bench: not enough hugepages (run as root, or free memory): both programs run without",
                      file=sys.stderr)
            setup = program.Setup(args.source, args.build, work_dir, control_cpu, data_cpu, have_hugepages)
            failed = run(setup, rows, args)
    except (machine.MachineError, OSError) as error:
        sys.exit(f"bench: {error}")
    sys.exit(1 if failed else 0)


def arguments():
    parser = argparse.ArgumentParser(prog="bench", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--quick", action="store_true", help="one round, 4,096 flows only")
    parser.add_argument("--json", metavar="FILE", help="write one JSON object a row to FILE (- for standard output)")
    parser.add_argument("--rows", metavar="REGEX", type=re.compile, default=re.compile(""),
                        help="only rows whose name matches, such as ^NAT/IPv6 or /4096$")
    parser.add_argument("--rounds", metavar="N", type=positive(int), help="rounds a row (default 5; 1 with --quick)")
    parser.add_argument("--seconds", metavar="S", type=positive(float), default=3.0,
                        help="how long one measurement lasts (default 3)")
    parser.add_argument("--cpu", metavar="N", type=int, help="the CPU that is measured (default: the last one)")
    parser.add_argument("--cpu-time", action="store_true",
                        help="rates a second that the program had the CPU, not of the clock: for busy machines")
    parser.add_argument("--udp", dest="proto", action="store_const", const="UDP", default="TCP",
                        help="UDP instead of TCP")
    parser.add_argument("--source", default=os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                        help=argparse.SUPPRESS)
    parser.add_argument("--build", metavar="DIR", help="the build directory (default: build)")
    args = parser.parse_args()
    args.rounds = args.rounds or (1 if args.quick else 5)
    args.build = os.path.abspath(args.build or os.path.join(args.source, "build"))
    return args


def positive(kind):
    def parse(text):
        value = kind(text)
        if value <= 0:
            raise argparse.ArgumentTypeError("must be more than zero")
        return value

    return parse


def run(setup, rows, args):
    """Measures and prints row by row. Returns the names of rows that failed."""
    table = sys.stderr if args.json == "-" else sys.stdout
    out = None
    if args.json is not None:
        out = sys.stdout if args.json == "-" else open(args.json, "w", encoding="ascii")
    generator = workload.build_generator(setup.source_dir, setup.work_dir)
    failed = []
    print_head(setup, args, table)
    for row in rows:
        try:
            result = measure_row(setup, generator, row, args)
        except program.BenchError as error:
            failed.append(row.name)
            print(f"bench: row {row.name} FAILED: {error}", file=sys.stderr, flush=True)
            continue
        print_row(row, result, table)
        if out is not None:
            print(json.dumps(result), file=out, flush=True)
    if failed:
        print(f"bench: {len(failed)} of {len(rows)} rows failed: {' '.join(failed)}", file=sys.stderr)
    return failed


def measure_row(setup, generator, row, args):
    traffic = workload.generate(generator, setup.work_dir, row)
    ours, theirs = [], []
    try:
        for number in range(args.rounds):
            turns = [(program.Sluiced, ours), (program.Testpmd, theirs)]
            # Whoever goes second finds another machine than who went first: take turns in that too.
            for kind, intervals in turns if number % 2 == 0 else reversed(turns):
                with kind(setup, traffic) as running:
                    running.warm_up()
                    intervals.append(running.measure(args.seconds))
    finally:
        traffic.remove()
    return summary(setup, row, args, ours, theirs)


def summary(setup, row, args, ours, theirs):
    def rates(intervals):
        return [interval.mpps / (interval.cpu_share if args.cpu_time else 1) for interval in intervals]

    mpps, yardstick = rates(ours), rates(theirs)
    ratios = [mine / its for mine, its in zip(mpps, yardstick)]
    hits = sum(interval.counters["hits"] for interval in ours)
    looked_up = hits + sum(interval.counters["misses"] for interval in ours)
    return {
        "mode": row.mode,
        "family": row.family,
        "flows": row.flows,
        "workers": 1,
        "mpps": round(statistics.median(mpps), 3),
        "yardstick_mpps": round(statistics.median(yardstick), 3),
        "ratio": round(statistics.median(mpps) / statistics.median(yardstick), 4),
        "ratio_min": round(min(ratios), 4),
        "ratio_max": round(max(ratios), 4),
        "mpps_min": round(min(mpps), 3),
        "mpps_max": round(max(mpps), 3),
        "yardstick_mpps_min": round(min(yardstick), 3),
        "yardstick_mpps_max": round(max(yardstick), 3),
        "ns_per_packet": round(1000 / statistics.median(mpps), 2),
        "yardstick_ns_per_packet": round(1000 / statistics.median(yardstick), 2),
        "floor": row.floor,
        "protocol": row.proto,
        "frame_bytes": row.frame_bytes,
        "pcap_packets": row.packets,
        "hit_rate": round(hits / looked_up, 6),
        "rounds": args.rounds,
        "seconds": args.seconds,
        "cpu_share_min": round(min(interval.cpu_share for interval in ours + theirs), 3),
        "per": "cpu second" if args.cpu_time else "second",
        "hugepages": setup.hugepages,
        "yardstick": "5tswap",
        "yardstick_burst": program.BURST,
        "cpu": machine.cpu_model(),
    }


def print_head(setup, args, table):
    memory = "hugepages" if setup.hugepages else "no hugepages"
    print(f"{machine.cpu_model()}, CPU {setup.data_cpu}, {memory}, {args.proto}; median (min-max) of "
          f"{args.rounds} x {args.seconds:g} s; Mpps{' of CPU time' if args.cpu_time else ''}\n\n"
          f"{'mode':<9} {'family':<6} {'flows':>9}  {'sluiced':<22} {'5tswap':<22} {'ratio':<19} floor",
          file=table, flush=True)


def print_row(row, result, table):
    def cell(name, digits):
        return f"{result[name]:.{digits}f} ({result[name + '_min']:.{digits}f}-{result[name + '_max']:.{digits}f})"

    floor = "" if row.floor is None else f"{row.floor:.2f} {'met' if result['ratio'] >= row.floor else 'MISSED'}"
    share = result["cpu_share_min"]
    note = f"  disturbed: {share:.0%} of the CPU" if share < DISTURBED_BELOW else ""
    print(f"{row.mode:<9} {row.family:<6} {row.flows:>9,}  {cell('mpps', 1):<22} {cell('yardstick_mpps', 1):<22} "
          f"{cell('ratio', 2):<19} {floor}{note}", file=table, flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
