#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""mh against Maglev hashing as Linux IPVS has it, written down a second time.

Random services (both families, all kinds of weights) and random clients go
through the real code (mh_print, its path is the only argument) and through the
functions below: every place of every table and every choice must be the same.
The one wanted difference to IPVS is in population(): turns go by address and
port, not by the order of the list.
"""
import functools
import ipaddress
import math
import random
import subprocess
import sys

SIZE = 4093
PLACE, STEP = 2654435761, 2654446892
FALLBACK, PORT = 1, 2
M64 = (1 << 64) - 1


def rotate(x, n):
    return ((x << n) | (x >> (64 - n))) & M64


def siphash13(data, k0, k1):
    """SipHash-1-3 after its paper (Aumasson, Bernstein 2012), any length."""
    a, b, c, d = (k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D,
                  k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573)

    def rounds(n, a, b, c, d):
        for _ in range(n):
            a = (a + b) & M64
            b = rotate(b, 13) ^ a
            a = rotate(a, 32)
            c = (c + d) & M64
            d = rotate(d, 16) ^ c
            a = (a + d) & M64
            d = rotate(d, 21) ^ a
            c = (c + b) & M64
            b = rotate(b, 17) ^ c
            c = rotate(c, 32)
        return a, b, c, d

    padded = data + bytes(7 - len(data) % 8) + bytes([len(data) & 255])
    for at in range(0, len(padded), 8):
        word = int.from_bytes(padded[at:at + 8], "little")
        a, b, c, d = rounds(1, a, b, c, d ^ word)
        a ^= word
    a, b, c, d = rounds(3, a, b, c ^ 255, d)
    return a ^ b ^ c ^ d


@functools.lru_cache(maxsize=None)
def hsiphash(number, key):
    return siphash13((number & 0xFFFFFFFF).to_bytes(4, "little"), key, key) & 0xFFFFFFFF


def fold(address):
    raw = ipaddress.ip_address(address).packed
    result = 0
    for at in range(0, len(raw), 4):
        result ^= int.from_bytes(raw[at:at + 4], "big")
    return result


def turns_of(servers):
    weights = [last for _, _, last, _ in servers if last]
    divisor = functools.reduce(math.gcd, weights, 0)
    if divisor == 0:
        return [0] * len(servers)
    shift = max(0, (max(weights) // divisor).bit_length() - 6)
    return [((last // divisor) >> shift) or int(last != 0) for _, _, last, _ in servers]


def population(servers):
    """The index of each place's server: everyone's permutation written out, as the paper has it."""
    owner = [-1] * SIZE
    turns = turns_of(servers)
    order = sorted((i for i in range(len(servers)) if turns[i]),
                   key=lambda i: (ipaddress.ip_address(servers[i][0]).version == 6,
                                  ipaddress.ip_address(servers[i][0]).packed, servers[i][1]))

    def likes(address, port, *_):
        first = hsiphash(port + fold(address), PLACE) % SIZE
        step = hsiphash(port + fold(address), STEP) % (SIZE - 1) + 1
        for n in range(SIZE):
            yield (first + n * step) % SIZE

    wanted = {i: likes(*servers[i]) for i in order}
    left = SIZE if order else 0
    while left:
        for i in order:
            for _ in range(turns[i]):
                if left:
                    owner[next(p for p in wanted[i] if owner[p] < 0)] = i
                    left -= 1
    return owner


def choice(servers, owner, address, port, options):
    def hashed(offset):
        return hsiphash(offset + (port if options & PORT else 0) + fold(address), PLACE) % SIZE

    def good(i):
        return servers[i][3] > 0

    first = hashed(0)
    if owner[first] < 0:
        return -1
    if good(owner[first]):
        return owner[first]
    if not options & FALLBACK:
        return -1
    for offset in range(SIZE):
        other = owner[hashed((offset + first) % SIZE)]
        if good(other):
            return other
    return -1


def random_address(v6):
    bits = 128 if v6 else 32
    base = int(ipaddress.ip_address("2001:db8::" if v6 else "10.0.0.0"))
    return str(ipaddress.ip_address(base + random.getrandbits(bits // 4)))


def random_service():
    weights = random.choice([[1], [1, 2, 3], [100, 51], [0, 1], range(1, 256), range(1, 65536), [0]])
    v6 = random.random() < 0.5
    servers = {}
    for _ in range(random.choice([1, 2, 3, 5, 10, 50, 400])):
        last = random.choice(weights)
        weight = random.choice([last, last, last, 0])
        servers[random_address(v6), random.choice([80, 443, 8080])] = (last, weight)
    if random.random() < 0.3:  # nearly all are down: who falls back searches long
        alive = random.choices(list(servers), k=2)
        servers = {key: (last, last if key in alive else 0) for key, (last, _) in servers.items()}
    return [(*key, *value) for key, value in servers.items()], v6


def main():
    # The kernel's own vector, so that two who agree are not both wrong.
    assert siphash13(bytes(range(4)), 0x0706050403020100, 0x0F0E0D0C0B0A0908) & 0xFFFFFFFF == 0x88D38328
    random.seed(5)
    for run in range(60):
        servers, v6 = random_service()
        clients = [(random_address(v6), random.randrange(1, 65536), random.randrange(4)) for _ in range(50)]
        text = "".join(" ".join(map(str, s)) + "\n" for s in servers) + "-\n"
        text += "".join(" ".join(map(str, c)) + "\n" for c in clients)
        answer = subprocess.run(sys.argv[1], input=text, capture_output=True, text=True, check=True)
        lines = answer.stdout.splitlines()
        owner = population(servers)
        assert [int(x) for x in lines[0].split()] == owner, f"run {run}: another table for {servers}"
        for client, got in zip(clients, lines[1:], strict=True):
            want = choice(servers, owner, *client)
            assert int(got) == want, f"run {run}: {client} is given {got}, not {want}"
    print("60 services, all places and choices alike")


if __name__ == "__main__":
    main()
