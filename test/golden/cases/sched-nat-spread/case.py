# SPDX-License-Identifier: BSD-3-Clause
"""NAT connections of many clients, spread over the workers that own them: whoever schedules, the box's totals are
those of the rule within one per worker, and every packet of a connection goes to the server it was given."""

from collections import Counter, defaultdict

from rig import *
from rig import sequence

workers = (2,)

config = one_arm() + service("UDP", VIP4, 53, "NAT", [(SERVER4[n], 5353) for n in (1, 2, 3)], "rr")

ORDER = " ".join("CBA" * 40)
CLIENTS = [(f"203.0.113.{1 + n % 20}", 1024 + n) for n in range(120)]
PACKETS = 4


def rows(client, cport, number):
    choices = [Flow("UDP", vport=53, sport=5353, client=client, cport=cport, server=server) for server in (1, 2, 3)]
    return choices[0].sent(bytes([number])), [flow.delivered(bytes([number])) for flow in choices]


sent = [rows(client, cport, number) for number in range(PACKETS) for client, cport in CLIENTS]
traffic = [(frame, None) for frame, _choices in sent]
also_out = None  # looked at by `output`, because any server will do


def output(frames):
    """Each connection's packets, all to one server and in their order."""
    lines, of_client = [], defaultdict(list)
    allowed = {choice.raw(): (frame.data[IP].src, frame.data[UDP].sport, server)
               for frame, choices in sent for server, choice in enumerate(choices, 1)}
    for frame in frames:
        if frame not in allowed:
            return [f"not a packet that should leave: {Ether(frame).summary()}"]
        client, cport, server = allowed[frame]
        of_client[client, cport].append((server, frame[-1]))
    for who, packets in of_client.items():
        if packets != [(packets[0][0], number) for number in range(PACKETS)]:
            lines.append(f"{who}: (server, packet) {packets}")
    totals = Counter(packets[0][0] for packets in of_client.values())
    return lines + ([] if len(of_client) == len(CLIENTS) else [f"connections seen to leave: {totals}"])


def check(result):
    names = {letter: f"UDP 192.0.2.1:53 -> {SERVER4[n]}:5353" for n, letter in enumerate("ABC", 1)}
    busy = [number for number in result.flow_counts.values() if number]
    return (output(result.output["wan"]) + sequence.spread(result, ORDER, names)
            + ([] if len(busy) == 2 else [f"connections by worker: {result.flow_counts}, both should own some"]))
