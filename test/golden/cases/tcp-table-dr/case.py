# SPDX-License-Identifier: BSD-3-Clause
"""DR: every cell of LVS's input-only TCP table that packets can reach. Each conversation is one client port: a way
into a state, then one segment; a client's FIN ends in FIN_WAIT and stays there, because the server is not heard."""

from rig import *
from rig import lvs

config = one_arm() + service("TCP", VIP6, 80, "DR", [(SERVER6[1], 80)])

# state -> segments that lead there
WAYS = {
    lvs.SR: ["S"],
    lvs.EST: ["S", "A"],
    lvs.FW: ["S", "A", "FA"],
    lvs.TW: ["S", "FA"],
    lvs.CL: ["S", "A", "R"],
}

EVENTS = ["S", "FA", "A", "R", "SA", "RA", "SF", "FR", "", "P", "U"]

conversations = [way + [event] for way in WAYS.values() for event in EVENTS]
conversations += [["S", "A", "FA", "A"], ["S", "A", "FA", "A", "A", "FA", "A"]]
for state, way in WAYS.items():
    assert lvs.tcp_state(lvs.INPUT_ONLY, way) == state, (state, way)


def opens_again(conversation):
    """A SYN in TIME_WAIT or CLOSE is a new connection (conn_reuse_mode 1)."""
    before = lvs.tcp_state(lvs.INPUT_ONLY, conversation[:-1])
    return before in (lvs.TW, lvs.CL) and conversation[-1] in ("S", "SA", "SF")


traffic, conns, states = [], [], []
for number, conversation in enumerate(conversations):
    flow = Flow(kind="DR", client=CLIENT6, vip=VIP6, cport=30000 + number)
    traffic += [flow.request(flags=segment) for segment in conversation]
    states.append(lvs.tcp_state(lvs.INPUT_ONLY, conversation))
    conns.append(f"TCP {states[-1]} [2001:db8:c::5]:{30000 + number} [2001:db8:2::1]:80 [fd00::11]:80")

active = sum(state in lvs.ACTIVE for state in states)
opened = len(conversations) + sum(map(opens_again, conversations))

stats = {
    # service, server                           Conns InPkts OutPkts InBytes OutBytes Active InAct
    "TCP [2001:db8:2::1]:80":                   (opened, len(traffic), 0, 60 * len(traffic), 0),
    "TCP [2001:db8:2::1]:80 -> [fd00::11]:80":  (opened, len(traffic), 0, 60 * len(traffic), 0,
                                                 active, len(conversations) - active),
}

expires = lvs.TIMEOUT_S
