# SPDX-License-Identifier: BSD-3-Clause
"""NAT: every cell of LVS's TCP table that packets can reach. Each conversation is one client port: a way into a
state, then one segment; the connection list shows the state that the table says, and active means what LVS means."""

from rig import *
from rig import lvs

config = one_arm() + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080)])

# state -> segments that lead there; "<" is the server's
WAYS = {
    lvs.SR: ["S"],
    lvs.EST: ["S", "<SA", "A"],
    lvs.CW: ["S", "<SA", "A", "FA"],
    lvs.FW: ["S", "<SA", "A", "<FA"],
    lvs.TW: ["S", "<SA", "A", "FA", "<FA"],
    lvs.CL: ["S", "<SA", "A", "<R"],
    lvs.SS: ["S", "<SA", "A", "<FA", "<S"],
}

EVENTS = ["S", "FA", "A", "R", "SA", "RA", "SF", "FR", "", "P", "U",
          "<S", "<FA", "<A", "<R", "<SA", "<RA", "<SF", "<FR", "<", "<P", "<U"]

conversations = [way + [event] for way in WAYS.values() for event in EVENTS]
for state, way in WAYS.items():
    assert lvs.tcp_state(lvs.NORMAL, way) == state, (state, way)


def opens_again(conversation):
    """A SYN in TIME_WAIT or CLOSE is a new connection (conn_reuse_mode 1)."""
    before = lvs.tcp_state(lvs.NORMAL, conversation[:-1])
    return before in (lvs.TW, lvs.CL) and "S" in conversation[-1] and "<" not in conversation[-1]


traffic, conns, states = [], [], []
for number, conversation in enumerate(conversations):
    flow = Flow(cport=30000 + number)
    for segment in conversation:
        exchange = flow.reply if segment.startswith("<") else flow.request
        traffic.append(exchange(flags=segment.lstrip("<")))
    states.append(lvs.tcp_state(lvs.NORMAL, conversation))
    conns.append(f"TCP {states[-1]} 203.0.113.5:{30000 + number} 192.0.2.1:80 10.0.0.11:8080")

requests = sum(not segment.startswith("<") for conversation in conversations for segment in conversation)
replies = len(traffic) - requests
active = sum(state in lvs.ACTIVE for state in states)
opened = len(conversations) + sum(map(opens_again, conversations))

stats = {
    # service, server                     Conns InPkts OutPkts InBytes OutBytes Active InAct
    "TCP 192.0.2.1:80":                   (opened, requests, replies, 40 * requests, 40 * replies),
    "TCP 192.0.2.1:80 -> 10.0.0.11:8080": (opened, requests, replies, 40 * requests, 40 * replies,
                                           active, len(conversations) - active),
}

expires = lvs.TIMEOUT_S
