# SPDX-License-Identifier: BSD-3-Clause
"""New connections and the servers that a scheduler has to give them, written as letters: "A B A" are servers 1, 2, 1.

One worker follows LVS's rule to the letter. Several follow it each for themselves, staggered, so that the box's totals
stay within one per worker of it; then any server will do for a packet, and `spread` compares the totals.
"""

from .judge import one_of
from .topology import Flow


def _servers(letters):
    return [ord(letter) - ord("A") + 1 for letter in letters.split()]


def connections(letters, workers, first_port=20000, **flow_fields):
    """A row for each letter: the first packet of a connection from a client port of its own, by DR."""
    rows = []
    for number, server in enumerate(_servers(letters)):
        flow_fields.update(kind="DR", cport=first_port + number)
        sent, delivered = Flow(server=server, **flow_fields).request()
        if workers > 1:
            choices = sorted(set(_servers(letters)))
            delivered = one_of(*(Flow(server=each, **flow_fields).delivered() for each in choices))
        rows.append((sent, delivered))
    return rows


def spread(result, letters, names):
    """Lines about servers whose connections are further from the rule than the number of workers allows.

    `names`: letter -> name of the server's row in the statistics.
    """
    tolerance = result.workers if result.workers > 1 else 0
    lines = []
    for letter, name in names.items():
        want, got = letters.split().count(letter), result.stats[name][0]
        if abs(want - got) > tolerance:
            lines.append(f"{name}: {got} connections, {want} by the rule (within {tolerance})")
    total = sum(result.stats[name][0] for name in names.values())
    if total != len(letters.split()):
        lines.append(f"{total} connections on all servers, {len(letters.split())} were opened")
    return lines
