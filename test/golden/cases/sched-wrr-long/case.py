# SPDX-License-Identifier: BSD-3-Clause
"""Weighted round robin goes on without slip over hundreds of connections: with weights 5, 1, 3, 1, thirty
rounds of ten."""

from rig import *
from rig import sequence

ORDER = " ".join(["A A C A C A D C B A"] * 30)
WEIGHTS = {1: 5, 2: 1, 3: 3, 4: 1}  # in the order in which they are added; the newest stands first in LVS's list

config = one_arm() + service("UDP", VIP4, 80, "DR", [(SERVER4[n], 80, weight) for n, weight in WEIGHTS.items()], "wrr")


def traffic(workers):
    return sequence.connections(ORDER, workers, proto="UDP")


def check(result):
    rows = {"ABCD"[n - 1]: f"UDP 192.0.2.1:80 -> {SERVER4[n]}:80" for n in WEIGHTS}
    return sequence.spread(result, ORDER, rows)
