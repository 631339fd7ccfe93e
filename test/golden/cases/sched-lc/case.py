# SPDX-License-Identifier: BSD-3-Clause
"""Least-connection levels the servers, the newest first among equals."""

from rig import *
from rig import sequence

ORDER = "C B A C B A C B A C B A"
WEIGHTS = {1: 1, 2: 1, 3: 1}  # in the order in which they are added; the newest stands first in LVS's list

config = one_arm() + service("TCP", VIP4, 80, "DR", [(SERVER4[n], 80, weight) for n, weight in WEIGHTS.items()], "lc")


def traffic(workers):
    return sequence.connections(ORDER, workers, proto="TCP")


def check(result):
    rows = {"ABCD"[n - 1]: f"TCP 192.0.2.1:80 -> {SERVER4[n]}:80" for n in WEIGHTS}
    return sequence.spread(result, ORDER, rows)
