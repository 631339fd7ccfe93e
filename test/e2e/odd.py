#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""
Servers that misbehave, and servers that count who comes.

    odd.py ADDRESS PORT KIND [WORD...]

Each prints `attempt TIME` for every connection or datagram (TIME: seconds of
the monotonic clock). Kinds of TCP:

    silent              takes the connection and never says a word
    drip TEXT           a byte of TEXT a second
    headers             10 MB of HTTP headers, as fast as they are read
    body                HTTP 200 and a body that does not end
    close               closes at once
    reset               resets at once
    garbage             a kilobyte of noise, again and again
    say FILE            what the file says (read for each), then closes
    smtp BANNER HELO    says BANNER, answers each line with HELO
    http STATUS...      one status after the other, a connection each; the last one stays
    http-file FILE      the status that the file says

and of UDP:

    udp-echo            what came
    udp-say HEX         always the same
    udp-wrong-id        a DNS answer with all right but its id
    udp-not-answer      the DNS query itself, as a query
    udp-rcode N         a DNS answer with this code
"""

import asyncio
import os
import pathlib
import socket
import struct
import sys
import time

BIG_HEADERS = 10 << 20


def attempt():
    print(f"attempt {time.monotonic():.6f}", flush=True)


def http(status, more=b"", body=b"x\n"):
    return b"HTTP/1.0 %d Odd\r\n%sContent-Length: %d\r\n\r\n%s" % (status, more, len(body), body)


async def request_read(reader):
    with_end = b""
    while b"\r\n\r\n" not in with_end:
        more = await reader.read(4096)
        if not more:
            break
        with_end += more


async def silent(reader, _writer):
    while await reader.read(4096):
        pass


async def drip(_reader, writer, text):
    for byte in text.encode().decode("unicode_escape").encode():
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(1)


async def headers(reader, writer):
    await request_read(reader)
    writer.write(b"HTTP/1.0 200 OK\r\n")
    sent = 0
    while sent < BIG_HEADERS:
        line = b"X-Odd: %s\r\n" % (b"o" * 1000)
        writer.write(line * 16)
        sent += 16 * len(line)
        await writer.drain()
    writer.write(b"\r\nx\n")


async def body(reader, writer):
    await request_read(reader)
    writer.write(b"HTTP/1.0 200 OK\r\n\r\n")
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


async def close(_reader, _writer):
    pass


async def reset(_reader, writer):
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def garbage(_reader, writer):
    while True:
        writer.write(os.urandom(1024))
        await writer.drain()
        await asyncio.sleep(0.01)


async def say(_reader, writer, path):
    writer.write(pathlib.Path(path).read_bytes())


async def smtp(reader, writer, banner, answer):
    writer.write(banner.encode() + b"\r\n")
    while await reader.readline():
        writer.write(answer.encode() + b"\r\n")


class Http:
    """One status after the other."""

    def __init__(self, *statuses):
        self.statuses = list(map(int, statuses))

    async def __call__(self, reader, writer):
        await request_read(reader)
        writer.write(http(self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]))


async def http_file(reader, writer, path):
    await request_read(reader)
    writer.write(http(int(pathlib.Path(path).read_text())))


def tcp_serve(address, port, kind, words):
    handler = Http(*words) if kind == "http" else TCP[kind]

    async def attend(reader, writer):
        attempt()
        try:
            await (handler(reader, writer) if kind == "http" else handler(reader, writer, *words))
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def main():
        server = await asyncio.start_server(attend, address, port, backlog=4096, reuse_address=True)
        await server.serve_forever()
    asyncio.run(main())


def dns_answer(query, identity=0, rcode=0, flags=0x8180):
    number = struct.unpack("!H", query[:2])[0]
    return struct.pack("!HH", (number + identity) & 0xffff, flags | rcode) + query[4:]


UDP = {
    "udp-echo": lambda data: data,
    "udp-say": lambda _data, text: bytes.fromhex(text),
    "udp-wrong-id": lambda data: dns_answer(data, identity=1),
    "udp-not-answer": lambda data: dns_answer(data, flags=0x0100),
    "udp-rcode": lambda data, code: dns_answer(data, rcode=int(code)),
}
TCP = {"silent": silent, "drip": drip, "headers": headers, "body": body, "close": close, "reset": reset,
       "garbage": garbage, "say": say, "smtp": smtp, "http-file": http_file}


def udp_serve(address, port, kind, words):
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind((address, port))
        while True:
            data, peer = listening.recvfrom(65536)
            attempt()
            listening.sendto(UDP[kind](data, *words), peer)


def main():
    address, port, kind, *words = sys.argv[1:]
    serve = udp_serve if kind in UDP else tcp_serve
    serve(address, int(port), kind, words)


if __name__ == "__main__":
    main()
