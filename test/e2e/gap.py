#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""
How long nothing came through: a UDP echo server, and a client that asks it
every millisecond from one socket to each address.

    gap.py echo PORT ADDRESS...
    gap.py probe PORT ADDRESS...

The client says "ready" once each address has answered, and at SIGTERM, half a second later, prints one JSON object:
for each address `sent`, `answered`, and `gap_ms`, the longest time from a datagram that was answered to the next
that was, as they were sent. A gap includes datagrams lost one by one.
"""

import json
import select
import signal
import socket
import struct
import sys
import time

EVERY_S = 0.001
AFTER_S = 0.5
BUFFER = 1 << 22


def udp(address):
    made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
    made.setblocking(False)
    return made


def echo(port, addresses):
    sockets = []
    for address in addresses:
        made = udp(address)
        made.bind((address, port))
        sockets.append(made)
    while True:
        for readable in select.select(sockets, [], [])[0]:
            try:
                data, where = readable.recvfrom(64)
                readable.sendto(data, where)
            except OSError:
                pass        # nobody there any more, or no neighbour just now


class Probe:
    def __init__(self, address, port):
        self.socket = udp(address)
        self.socket.connect((address, port))
        self.sent = []          # when, by number
        self.answered = []      # numbers

    def send(self):
        try:
            self.socket.send(struct.pack("!I", len(self.sent)))
        except OSError:
            pass                # unreachable counts as not answered
        self.sent.append(time.monotonic())

    def receive(self):
        while True:
            try:
                self.answered.append(struct.unpack("!I", self.socket.recv(64))[0])
            except BlockingIOError:
                return
            except OSError:
                pass            # "unreachable", about an earlier one

    def report(self):
        times = [self.sent[number] for number in sorted(set(self.answered))]
        gap = max((later - earlier for earlier, later in zip(times, times[1:])), default=0)
        return {"sent": len(self.sent), "answered": len(times), "gap_ms": round(gap * 1000, 1)}


def probe(port, addresses):
    ended = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(time.monotonic()))
    probes = {address: Probe(address, port) for address in addresses}
    sockets = [one.socket for one in probes.values()]
    said = False
    due = time.monotonic()
    while not ended or time.monotonic() < ended[0] + AFTER_S:
        if time.monotonic() >= due:
            due = max(due + EVERY_S, time.monotonic() - 10 * EVERY_S)
            for one in probes.values():
                one.send()
        if select.select(sockets, [], [], max(0, due - time.monotonic()))[0]:
            for one in probes.values():
                one.receive()
        if not said and all(one.answered for one in probes.values()):
            said = True
            print("ready", flush=True)
    print(json.dumps({address: one.report() for address, one in probes.items()}), flush=True)


if __name__ == "__main__":
    {"echo": echo, "probe": probe}[sys.argv[1]](int(sys.argv[2]), sys.argv[3:])
