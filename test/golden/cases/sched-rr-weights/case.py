# SPDX-License-Identifier: BSD-3-Clause
"""Round robin knows weights only as zero or not: a server of weight 0 gets nothing, the others take equal turns."""

from rig import *
from rig import sequence

ORDER = "C A C A C A C A C A"
WEIGHTS = {1: 1, 2: 0, 3: 7}  # in the order in which they are added; the newest stands first in LVS's list

config = one_arm() + service("TCP", VIP4, 80, "DR", [(SERVER4[n], 80, weight) for n, weight in WEIGHTS.items()], "rr")


def traffic(workers):
    return sequence.connections(ORDER, workers, proto="TCP")


def check(result):
    rows = {"ABCD"[n - 1]: f"TCP 192.0.2.1:80 -> {SERVER4[n]}:80" for n in WEIGHTS}
    return sequence.spread(result, ORDER, rows)
