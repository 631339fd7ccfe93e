#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""
A client that only knocks: COUNT connections, opened and closed one after the
other, or datagrams, each from a port of its own.

    knock.py tcp|udp ADDRESS PORT COUNT
    knock.py hold ADDRESS PORT COUNT        keeps its connections: says "holds N" and stays until it is killed
    knock.py pace ADDRESS PORT PER_SECOND   so many connections a second, whether they are answered or not
"""

import collections
import signal
import socket
import sys
import time

TIMEOUT_S = 5
PATIENCE_S = 0.5    # of a paced connection


def connected(family, where, count, proto):
    for _ in range(count):
        client = socket.socket(family, socket.SOCK_DGRAM if proto == "udp" else socket.SOCK_STREAM)
        client.settimeout(TIMEOUT_S)
        client.connect(where)
        if proto == "udp":
            client.send(b"knock")
        if proto == "tcp":
            client.close()
        else:
            yield client    # of a datagram too, so that the next has another port


def paced(family, where, per_second):
    waiting, due = collections.deque(), time.monotonic()
    while True:
        client = socket.socket(family)
        client.setblocking(False)
        client.connect_ex(where)
        waiting.append((time.monotonic(), client))
        while waiting and waiting[0][0] < time.monotonic() - PATIENCE_S:
            waiting.popleft()[1].close()
        due += 1 / per_second
        time.sleep(max(0, due - time.monotonic()))


def main():
    proto, address, port, number = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    if proto == "pace":
        paced(family, (address, port), number)
    kept = list(connected(family, (address, port), number, proto))
    if proto == "hold":
        print(f"holds {len(kept)}", flush=True)
        signal.pause()


if __name__ == "__main__":
    main()
