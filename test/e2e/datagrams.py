#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""
Large UDP questions with large answers, and what the kernel says of a path.

    datagrams.py server ADDRESS PORT
    datagrams.py client ADDRESS PORT COUNT QUESTION-BYTES ANSWER-BYTES [SOURCE...]
    datagrams.py path ADDRESS PORT BYTES
    datagrams.py refused ADDRESS PORT BYTES

The server answers with as many bytes as the question's head asks for; both
are noise of which either side can tell whether every byte is right. `client`
asks COUNT questions, each from a new socket and, because the first of them
may only teach the kernel a path's MTU, up to three times; it prints {answered,
tries, peers}. `path` sends with "do not fragment" until the kernel refuses
BYTES or time is up, and prints {mtu, error}. `refused` prints the error and
the time that a question to a closed port gets, and {error: null} for none.
"""

import errno
import hashlib
import json
import socket
import struct
import sys
import time

TRIES = 3
PATIENCE_S = 2
IP_MTU, IP_MTU_DISCOVER, IPV6_MTU, IPV6_MTU_DISCOVER, PMTUDISC_DO = 14, 10, 24, 23, 2
HEAD = struct.Struct("!QI")     # the question's number, the bytes of its answer


def noise(seed, length):
    """AES-free, and no two datagrams alike."""
    return hashlib.shake_128(seed).digest(length)


def opened(address, source=None):
    made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    if source:
        made.bind((source, 0))
    return made


def server(address, port):
    asked = opened(address)
    asked.bind((address, port))
    print("ready", flush=True)
    while True:
        question, peer = asked.recvfrom(65536)
        head = question[:HEAD.size]
        if question[HEAD.size:] != noise(head, len(question) - HEAD.size):
            print(f"{peer}: {len(question)} bytes are not as they were sent", file=sys.stderr, flush=True)
            continue
        length = HEAD.unpack(head)[1]
        told = json.dumps(peer[:2]).encode().ljust(128)
        try:
            asked.sendto(head + told + noise(head + told, length - HEAD.size - len(told)), peer)
        except OSError as fault:
            print(f"{peer}: {length} bytes: {fault}", file=sys.stderr, flush=True)


def ask(socket_, number, question_bytes, answer_bytes):
    """The address that the server saw, or None."""
    head = HEAD.pack(number, answer_bytes)
    socket_.settimeout(PATIENCE_S)
    try:
        socket_.send(head + noise(head, question_bytes - HEAD.size))
        answer = socket_.recv(65536)
    except (socket.timeout, ConnectionError):
        return None
    except OSError as fault:
        if fault.errno != errno.EMSGSIZE:      # the path's MTU, just learned
            raise
        return None
    told = answer[HEAD.size:HEAD.size + 128]
    if len(answer) != answer_bytes or answer[:HEAD.size] != head or \
            answer[HEAD.size + 128:] != noise(head + told, len(answer) - HEAD.size - 128):
        raise SystemExit(f"the answer of {len(answer)} bytes is not as it was sent")
    return json.loads(told)


def client(address, port, count, question_bytes, answer_bytes, *sources):
    answered, tries, peers = 0, 0, []
    for number in range(count):
        with opened(address, sources[number % len(sources)] if sources else None) as socket_:
            socket_.connect((address, port))
            for _ in range(TRIES):
                tries += 1
                peer = ask(socket_, number << 8 | tries & 0xff, question_bytes, answer_bytes)
                if peer:
                    answered += 1
                    peers.append(peer)
                    break
    print(json.dumps({"answered": answered, "tries": tries, "peers": peers}))


def path(address, port, length):
    six = ":" in address
    level = socket.IPPROTO_IPV6 if six else socket.IPPROTO_IP
    with opened(address) as socket_:
        socket_.setsockopt(level, IPV6_MTU_DISCOVER if six else IP_MTU_DISCOVER, PMTUDISC_DO)
        socket_.connect((address, port))
        before = socket_.getsockopt(level, IPV6_MTU if six else IP_MTU)
        error, end = None, time.monotonic() + PATIENCE_S
        while time.monotonic() < end and error is None:
            try:
                socket_.send(bytes(length))
            except OSError as fault:
                error = errno.errorcode[fault.errno]
            time.sleep(0.05)
        mtu = socket_.getsockopt(level, IPV6_MTU if six else IP_MTU)
    print(json.dumps({"before": before, "mtu": mtu, "error": error}))


def refused(address, port, length):
    with opened(address) as socket_:
        socket_.connect((address, port))
        socket_.settimeout(PATIENCE_S)
        began, error = time.monotonic(), None
        try:
            socket_.send(bytes(length))
            socket_.recv(100)
        except socket.timeout:
            pass
        except OSError as fault:
            error = errno.errorcode[fault.errno]
    print(json.dumps({"error": error, "seconds": time.monotonic() - began}))


if __name__ == "__main__":
    ADDRESS, PORT = sys.argv[2], int(sys.argv[3])
    NUMBERS = [int(word) for word in sys.argv[4:7]]
    {"server": server, "client": client, "path": path, "refused": refused}[sys.argv[1]](
        ADDRESS, PORT, *NUMBERS, *sys.argv[7:])
