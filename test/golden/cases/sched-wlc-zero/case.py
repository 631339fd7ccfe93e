# SPDX-License-Identifier: BSD-3-Clause
"""Weighted least-connection never gives a connection to weight 0, and the first of equals is the newest."""

from rig import *
from rig import sequence

ORDER = "B A B B B A B B B A B B"
WEIGHTS = {1: 1, 2: 3, 3: 0}  # in the order in which they are added; the newest stands first in LVS's list

config = one_arm() + service("TCP", VIP4, 80, "DR", [(SERVER4[n], 80, weight) for n, weight in WEIGHTS.items()], "wlc")


def traffic(workers):
    return sequence.connections(ORDER, workers, proto="TCP")


def check(result):
    rows = {"ABCD"[n - 1]: f"TCP 192.0.2.1:80 -> {SERVER4[n]}:80" for n in WEIGHTS}
    return sequence.spread(result, ORDER, rows)
