# SPDX-License-Identifier: BSD-3-Clause
"""DR between two ports: requests come in by wan and leave by lan, whose MAC they carry; clients on either port are
served, because what counts is where the server is."""

from rig import *

config = (two_arm() + service("TCP", VIP4, 80, "DR", [(SERVER4[1], 80)])
          + service("TCP", VIP6, 80, "DR", [(SERVER6[1], 80)]))

outside = dict(kind="DR", server_port="lan")
inside = dict(kind="DR", server_port="lan", client_port="lan")

traffic = [
    Flow(**outside).request(flags="S"),
    Flow(**outside, client=CLIENT6, vip=VIP6).request(flags="S"),
    Flow(**inside, client="10.0.0.99").request(flags="S"),
    Flow(**outside).request(flags="A"),
    Flow(**inside, client="10.0.0.99").request(flags="A"),
]

conns = [
    "TCP ESTABLISHED 203.0.113.5:40000 192.0.2.1:80 10.0.0.11:80",
    "TCP ESTABLISHED 10.0.0.99:40000 192.0.2.1:80 10.0.0.11:80",
    "TCP SYN_RECV [2001:db8:c::5]:40000 [2001:db8:2::1]:80 [fd00::11]:80",
]
