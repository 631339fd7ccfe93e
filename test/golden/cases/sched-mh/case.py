# SPDX-License-Identifier: BSD-3-Clause
"""Maglev hashing gives a connection the same server on every worker of every box, in whatever order servers were added: the
one that an independent count says. Draining a server by weight 0 moves its new connections alone."""

from rig import *

# From test_mh_oracle.py: client ports 1000 to 1039, servers of weight 1, 2 and 1.
ORACLE4 = "CCCBBBBCCCACBBBCCBCBBBCBCAAABABBCBCBCBAC"
ORACLE6 = "CBBBBBABABAABABBBBACBABCAABCABCCBACBCABA"
DRAINED = "CCCAACACCCACAACCCCCCCACCCAAACACCCCCCCCAC"  # IPv4, and the second one takes no new connections
WEIGHTS = {1: 1, 2: 2, 3: 1}


def mh(vip, servers, order, *more):
    reals = [(servers[n], 53, WEIGHTS[n]) for n in order]
    return service("UDP", vip, 53, "DR", reals, "mh", "mh-port", *more)


config = (one_arm() + mh(VIP4, SERVER4, (3, 1, 2)) + mh(OTHER_VIP4, SERVER4, (2, 3, 1), "mh-fallback")
          + mh(VIP6, SERVER6, (1, 2, 3)))


def rows(vip, client, letters):
    return [Flow("UDP", "DR", client=client, vip=vip, vport=53, server="ABC".index(letter) + 1, cport=1000 + n).request(b"q")
            for n, letter in enumerate(letters)]


traffic = [
    *rows(VIP4, CLIENT4, ORACLE4), *rows(VIP6, CLIENT6, ORACLE6),
    Then(("real", "edit", "udp", f"{OTHER_VIP4}:53", f"{SERVER4[2]}:53", "weight", "0")),
    *rows(OTHER_VIP4, CLIENT4, DRAINED),
]


def lines(name, servers, letters, size):
    counts = {n: letters.count("ABC"[n - 1]) for n in WEIGHTS}
    whole = {f"UDP {name}:53": (40, 40, 0, 40 * size, 0)}
    each = {f"UDP {name}:53 -> {servers(n)}:53": (count, count, 0, count * size, 0, 0, count) for n, count in counts.items()}
    return whole | each


stats = (lines(VIP4, SERVER4.get, ORACLE4, 29) | lines(OTHER_VIP4, SERVER4.get, DRAINED, 29)
         | lines(f"[{VIP6}]", lambda n: f"[{SERVER6[n]}]", ORACLE6, 49))
