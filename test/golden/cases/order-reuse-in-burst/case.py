# SPDX-License-Identifier: BSD-3-Clause
"""A client that resets its connection and opens a new one from the same port, all in packets that arrive at once: what
belongs to the old connection goes to the old server, the new one's to the new server. NAT and DR."""

from rig import *

workers = (1,)  # the exact turn of round robin is a worker's own

config = (one_arm() + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080), (SERVER4[2], 8080)])
          + service("TCP", VIP6, 80, "DR", [(SERVER6[1], 80), (SERVER6[2], 80)]))


def life(first, second, **flow_fields):
    """A connection to one server, its end by the client's RST, and the next one to the other server."""
    old, new = Flow(server=first, **flow_fields), Flow(server=second, **flow_fields)
    return [old.request(flags="S", seq=1), old.request(flags="A", seq=2), old.request(b"GET", flags="PA", seq=2),
            old.request(flags="R", seq=5), new.request(flags="S", seq=100), new.request(flags="A", seq=101)]


# The turn of round robin: newest first.
traffic = life(2, 1) + life(2, 1, kind="DR", client=CLIENT6, vip=VIP6)

conns = ["TCP ESTABLISHED 203.0.113.5:40000 192.0.2.1:80 10.0.0.11:8080",
         "TCP ESTABLISHED [2001:db8:c::5]:40000 [2001:db8:2::1]:80 [fd00::11]:80"]

stats = {
    # service, server                            Conns InPkts OutPkts InBytes OutBytes Active InAct
    "TCP 192.0.2.1:80":                          (2, 6, 0, 6 * 40 + 3, 0),
    "TCP 192.0.2.1:80 -> 10.0.0.11:8080":        (1, 2, 0, 2 * 40, 0, 1, 0),
    "TCP 192.0.2.1:80 -> 10.0.0.12:8080":        (1, 4, 0, 4 * 40 + 3, 0, 0, 0),
    "TCP [2001:db8:2::1]:80":                    (2, 6, 0, 6 * 60 + 3, 0),
    "TCP [2001:db8:2::1]:80 -> [fd00::11]:80":   (1, 2, 0, 2 * 60, 0, 1, 0),
    "TCP [2001:db8:2::1]:80 -> [fd00::12]:80":   (1, 4, 0, 4 * 60 + 3, 0, 0, 0),
}
