#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""
A TCP server that tells each client how its connection looks from there, and
the client that asks it.

    peer.py server INTERFACE PORT
    peer.py client ADDRESS PORT COUNT [SOURCE...]

The server keeps the SYN of each connection (TCP_SAVE_SYN) and hears the
segments that come in by INTERFACE with a packet socket. A client sends two
lines, the second after the answer to the first. The answer to the second is
one JSON object: `peer` (the source that the server sees), `mss` of the SYN
(null: none), `timestamps` (whether the connection has them), and the TCP
option 254 (TOA) as [address, port] or null: `toa` in the SYN, `toa_data` in
each segment with data before the server's first answer, `toa_late` in those
after it was acknowledged. The client prints a list of [its own address, its
own port, the MSS it sends with, what the server said].
"""

import ipaddress
import json
import select
import socket
import struct
import sys

TCP_MAXSEG, TCP_INFO, TCP_SAVE_SYN, TCP_SAVED_SYN = 2, 11, 27, 28
INFO_TIMESTAMPS = 1     # a bit of tcpi_options
ETH_P_ALL = 3
MSS, TIMESTAMPS, TOA = 2, 8, 254
TIMEOUT_S = 5


def options(tcp):
    """{kind: value} of a TCP header."""
    end, at, found = (tcp[12] >> 4) * 4, 20, {}
    while at < end and tcp[at] != 0:
        if tcp[at] == 1:
            at += 1
            continue
        length = tcp[at + 1]
        if length < 2 or at + length > end:
            raise ValueError(f"TCP option {tcp[at]} has length {length}")
        if tcp[at] in found:
            raise ValueError(f"TCP option {tcp[at]} is there twice")
        found[tcp[at]] = tcp[at + 2:at + length]
        at += length
    return found


def toa_of(found):
    value = found.get(TOA)
    if value is None:
        return None
    if len(value) not in (6, 18):
        raise ValueError(f"a TOA of length {len(value) + 2}")
    return [str(ipaddress.ip_address(value[2:])), struct.unpack("!H", value[:2])[0]]


def transport(packet):
    """(source address, its TCP header and what follows), or None, of an IP packet."""
    version = packet[0] >> 4
    if version == 4 and packet[9] == 6:
        return packet[12:16], packet[(packet[0] & 15) * 4:struct.unpack("!H", packet[2:4])[0]]
    if version == 6 and packet[6] == 6:
        return packet[8:24], packet[40:40 + struct.unpack("!H", packet[4:6])[0]]
    return None


class Segments:
    """TOA options of the segments with data that came in for a port, by who sent them."""

    def __init__(self, interface, port):
        self.port = port
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
        self.socket.bind((interface, ETH_P_ALL))
        self.socket.setblocking(False)
        self.seen = {}

    def read(self):
        while True:
            try:
                frame, whence = self.socket.recvfrom(65536)
            except BlockingIOError:
                return
            if whence[2] == socket.PACKET_OUTGOING:
                continue
            ethernet = 14 if whence[3] == 1 else 0     # a tun device has no such header
            found = transport(frame[ethernet:]) if len(frame) >= ethernet + 40 else None
            if found is None or struct.unpack("!H", found[1][2:4])[0] != self.port:
                continue
            source, tcp = found
            if len(tcp) > (tcp[12] >> 4) * 4:
                key = (source, struct.unpack("!H", tcp[:2])[0])
                self.seen.setdefault(key, []).append(toa_of(options(tcp)))

    def take(self, peer):
        """What was seen of this peer since the last question."""
        self.read()
        address = ipaddress.ip_address(peer[0])
        address = getattr(address, "ipv4_mapped", None) or address
        return self.seen.pop((address.packed, peer[1]), [])


def describe(connection, peer, early, late):
    syn = transport(connection.getsockopt(socket.IPPROTO_TCP, TCP_SAVED_SYN, 512))
    found = options(syn[1])
    info = connection.getsockopt(socket.IPPROTO_TCP, TCP_INFO, 8)
    address = ipaddress.ip_address(peer[0])
    return {"peer": [str(getattr(address, "ipv4_mapped", None) or address), peer[1]],
            "mss": struct.unpack("!H", found[MSS])[0] if MSS in found else None,
            "timestamps": bool(info[5] & INFO_TIMESTAMPS),
            "toa": toa_of(found), "toa_data": early, "toa_late": late}


def line_read(connection):
    data = b""
    while not data.endswith(b"\n"):
        more = connection.recv(4096)
        if not more:
            raise OSError("the connection ended")
        data += more
    return data


def attend(connection, peer, segments):
    connection.settimeout(TIMEOUT_S)
    line_read(connection)
    early = segments.take(peer)
    connection.sendall(b"go on\n")
    line_read(connection)
    late = segments.take(peer)
    connection.sendall(json.dumps(describe(connection, peer, early, late)).encode() + b"\n")


def server(interface, port):
    listening = socket.socket(socket.AF_INET6)
    listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.setsockopt(socket.IPPROTO_TCP, TCP_SAVE_SYN, 1)
    listening.bind(("::", port))
    listening.listen(1000)
    segments = Segments(interface, port)
    print("ready", flush=True)
    while True:
        ready, _, _ = select.select([listening, segments.socket], [], [])
        segments.read()
        if listening not in ready:
            continue
        connection, peer = listening.accept()
        try:
            with connection:
                attend(connection, peer, segments)
        except OSError as fault:
            print(f"{peer}: {fault}", file=sys.stderr, flush=True)


def client(address, port, count, *sources):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    rows = []
    for number in range(count):
        with socket.socket(family) as connection:
            connection.settimeout(TIMEOUT_S)
            if sources:
                connection.bind((sources[number % len(sources)], 0))
            connection.connect((address, port))
            connection.sendall(b"first\n")
            line_read(connection)
            connection.sendall(b"second\n")
            said = json.loads(line_read(connection))
            rows.append([*connection.getsockname()[:2],
                         connection.getsockopt(socket.IPPROTO_TCP, TCP_MAXSEG), said])
    print(json.dumps(rows))


if __name__ == "__main__":
    if sys.argv[1] == "server":
        server(sys.argv[2], int(sys.argv[3]))
    else:
        client(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), *sys.argv[5:])
