# SPDX-License-Identifier: BSD-3-Clause
"""A client's RST in SYN_RECV does not close the half-open connection, the server's does; later either does."""

from rig import *

config = one_arm() + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080)])

# segments ("<": the server's), state after them
ROWS = [
    (["S", "R"], "SYN_RECV"),
    (["S", "R", "R"], "SYN_RECV"),
    (["S", "<SA", "R"], "SYN_RECV"),
    (["S", "<R"], "CLOSE"),
    (["S", "<RA"], "CLOSE"),
    (["S", "R", "A"], "ESTABLISHED"),
    (["S", "<SA", "A", "R"], "CLOSE"),
    (["S", "<SA", "A", "<R"], "CLOSE"),
    (["S", "<SA", "A", "FA", "R"], "CLOSE"),
    (["S", "<SA", "A", "FA", "<FA", "<R"], "TIME_WAIT"),
]

traffic, conns = [], []
for number, (segments, state) in enumerate(ROWS):
    flow = Flow(cport=42000 + number)
    for segment in segments:
        exchange = flow.reply if segment.startswith("<") else flow.request
        traffic.append(exchange(flags=segment.lstrip("<")))
    conns.append(f"TCP {state} 203.0.113.5:{42000 + number} 192.0.2.1:80 10.0.0.11:8080")

expires = {"SYN_RECV": 60, "CLOSE": 10, "ESTABLISHED": 900, "TIME_WAIT": 120}
