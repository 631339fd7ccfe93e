# SPDX-License-Identifier: BSD-3-Clause
"""Weighted round robin with weights far apart and one of 0: the heaviest alone first, then with the next,
the lightest last."""

from rig import *
from rig import sequence

ORDER = "C C C C C C A C A C A C A D C A C C C C C C A C A C A C A D C A"
WEIGHTS = {1: 5, 2: 0, 3: 10, 4: 1}  # in the order in which they are added; the newest stands first in LVS's list

config = one_arm() + service("TCP", VIP4, 80, "DR", [(SERVER4[n], 80, weight) for n, weight in WEIGHTS.items()], "wrr")


def traffic(workers):
    return sequence.connections(ORDER, workers, proto="TCP")


def check(result):
    rows = {"ABCD"[n - 1]: f"TCP 192.0.2.1:80 -> {SERVER4[n]}:80" for n in WEIGHTS}
    return sequence.spread(result, ORDER, rows)
