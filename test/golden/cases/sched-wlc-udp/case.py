# SPDX-License-Identifier: BSD-3-Clause
"""Weighted least-connection counts UDP's inactive connections too, each as one."""

from rig import *
from rig import sequence

ORDER = "C B A A B A A C B A A B A A"
WEIGHTS = {1: 4, 2: 2, 3: 1}  # in the order in which they are added; the newest stands first in LVS's list

config = one_arm() + service("UDP", VIP4, 80, "DR", [(SERVER4[n], 80, weight) for n, weight in WEIGHTS.items()], "wlc")


def traffic(workers):
    return sequence.connections(ORDER, workers, proto="UDP")


def check(result):
    rows = {"ABCD"[n - 1]: f"UDP 192.0.2.1:80 -> {SERVER4[n]}:80" for n in WEIGHTS}
    return sequence.spread(result, ORDER, rows)
