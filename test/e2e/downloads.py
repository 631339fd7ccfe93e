#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""
Many downloads at once, each on a connection of its own that lives for
seconds.

    downloads.py ADDRESS PORT COUNT BYTES SHA256 SECONDS LIMIT SOURCE...

Half of them ask for /slow, which the server sends slowly; the others for /big, which they read slowly, so that
both ends have something to wait for. Each is BYTES long, takes about SECONDS, and has to have that hash. Says
"running" once each has got something, and prints one JSON object when all have ended, or after LIMIT seconds:
`complete`, `wrong` (their content is), `failed` ({why: how many}), `stall_ms`, the longest time that any of them got nothing.
"""

import collections
import errno
import hashlib
import json
import selectors
import socket
import sys
import time

RECEIVE_BUFFER = 16384
TICK_S = 0.02


class Download:
    def __init__(self, address, port, source, path, size, rate):
        self.size, self.rate = size, rate       # rate: bytes a second; None: as they come
        self.hash = hashlib.sha256()
        self.head = b""
        self.got = 0
        self.ended = None       # why
        self.stall_s = 0.0
        self.socket = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        if rate:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        self.socket.setblocking(False)
        self.socket.bind((source, 0))
        self.request = (f"GET {path} HTTP/1.1\r\nHost: e2e\r\nRange: bytes=0-{size - 1}\r\n"
                        "Connection: close\r\n\r\n").encode()
        self.begun = self.last = time.monotonic()
        if self.socket.connect_ex((address, port)) not in (0, errno.EINPROGRESS):
            self.end("connect")

    def end(self, why):
        self.ended = why
        self.socket.close()

    def write(self):
        """Connected, or refused."""
        fault = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if fault:
            self.end(errno.errorcode.get(fault, str(fault)))
            return
        self.socket.send(self.request)
        self.request = None
        self.begun = time.monotonic()

    def may_read(self, now):
        """How much its rate allows by now."""
        return 1 << 20 if not self.rate else int((now - self.begun) * self.rate) + 2048 - self.got

    def read(self, now):
        try:
            data = self.socket.recv(max(1, min(self.may_read(now), 1 << 16)))
        except BlockingIOError:
            return
        except OSError as fault:
            self.end(errno.errorcode.get(fault.errno, str(fault)))
            return
        self.stall_s = max(self.stall_s, now - self.last)
        self.last = now
        if not data:
            self.end("short" if self.got < self.size else "complete")
            return
        if self.head is not None:
            self.head += data
            head, found, data = self.head.partition(b"\r\n\r\n")
            if not found:
                return
            self.head = None
            if not head.startswith(b"HTTP/1.1 206"):
                self.end(head.split(b"\r\n")[0].decode(errors="replace"))
                return
        self.hash.update(data)
        self.got += len(data)
        if self.got >= self.size:
            self.end("complete")


def main():
    address, port, count, size, sha, seconds, limit, *sources = sys.argv[1:]
    count, size, seconds = int(count), int(size), float(seconds)
    end = time.monotonic() + float(limit)
    downloads = [Download(address, int(port), sources[i % len(sources)], ("/slow", "/big")[i % 2], size,
                          size / seconds if i % 2 else None) for i in range(count)]
    said = False
    while time.monotonic() < end:
        live = [one for one in downloads if not one.ended]
        if not live:
            break
        now = time.monotonic()
        selector = selectors.DefaultSelector()
        for one in live:
            if one.request:
                selector.register(one.socket, selectors.EVENT_WRITE, one.write)
            elif one.may_read(now) > 0:
                selector.register(one.socket, selectors.EVENT_READ, lambda one=one: one.read(time.monotonic()))
        ready = selector.select(TICK_S)
        for key, _ in ready:
            key.data()
        selector.close()
        if not ready or len(ready) > len(live) // 2:
            time.sleep(TICK_S / 4)
        if not said and all(one.got or one.ended for one in downloads):
            said = True
            print("running", flush=True)
    good = [one for one in downloads if one.ended == "complete"]
    wrong = sum(one.hash.hexdigest() != sha for one in good)
    failed = collections.Counter(one.ended or "not ended" for one in downloads if one.ended != "complete")
    print(json.dumps({"complete": len(good) - wrong, "wrong": wrong, "failed": failed,
                      "seconds": round(time.monotonic() - min(one.begun for one in downloads), 1),
                      "stall_ms": round(1000 * max(one.stall_s for one in downloads))}), flush=True)


if __name__ == "__main__":
    main()
