# SPDX-License-Identifier: BSD-3-Clause
"""
Much data: a gigabyte that has to arrive as it was sent, and a hundred
thousand UDP queries of which each has to be answered, without a second try.
"""

import hashlib

from case import test
from load import Queries
from rig import check, run
from sluice import Service, Sluice, configuration
from topology import BIG_BYTES, FAMILIES, Direct, Nat

UDP_SOCKETS = 400


def digest(path, length):
    """Of the first `length` bytes of a file."""
    sha = hashlib.sha256()
    with open(path, "rb") as stream:
        while length > 0:
            piece = stream.read(min(length, 1 << 20))
            sha.update(piece)
            length -= len(piece)
    return sha.hexdigest()


@test("nat-download", cases=FAMILIES)
def download(t):
    net = t.world.get(Nat)
    length = t.long(BIG_BYTES, 100_000_000)
    expected = digest(t.world.big(), length)
    services = {family: Service(net.vip[family], 80, net.reals(family), net.kind) for family in FAMILIES}
    with Sluice(net, t.build, configuration(net, services.values(), workers=2, queues=2)) as sluice:
        for family in FAMILIES:
            with t.case(family):
                told, got = fetch(net, net.url(family, path="/big"), length)
                t.note(f"{told['bytes']} bytes, {told['speed'] / 1e6:.0f} MB/s")
                check(told["bytes"] == length, f"{told['bytes']} bytes arrived of {length}")
                check(got == expected, f"sha256 is {got}, should be {expected}")
        sluice.quiet()
        sluice.check_accounting()


def fetch(net, url, length):
    """({bytes, speed}, sha256) of the first `length` bytes of a URL."""
    told = net.rig.directory / "download.told"
    script = (f"curl -sS -g --max-time 170 -r 0-{length - 1} -w '%{{stderr}}%{{size_download}} "
              f"%{{speed_download}}' '{url}' 2> {told} | sha256sum")
    text = run(["bash", "-o", "pipefail", "-c", script], net.client, timeout_s=180).stdout
    words = told.read_text().split()
    return {"bytes": int(words[0]), "speed": float(words[1])}, text.split()[0]


def queries(t, topology, count, per_second):
    """Both families at once; `per_second` is of each."""
    net = t.world.get(topology)
    services = {family: Service(net.vip[family], 53, [(*server.dns[family], 1) for server in net.servers],
                                net.kind, proto="UDP") for family in FAMILIES}
    with Sluice(net, t.build, configuration(net, services.values(), workers=2, queues=2)) as sluice:
        loads = {family: Queries(net, family, t.long(count, 10_000), per_second, sockets=UDP_SOCKETS)
                 for family in FAMILIES}
        for family in FAMILIES:
            with t.case(family):
                told = loads[family].result()
                t.note(f"{told['answered']} of {told['sent']} answered at {per_second}/s, slowest "
                       f"{told['slowest_ms']} ms, by server {told['tally']}")
                check(told["sent"] == loads[family].count, f"stuck after {told['sent']} queries")
                check(told["answered"] == told["sent"], f"{told['sent'] - told['answered']} queries lost")
                check(told["wrong"] == told["repeated"] == told["unsendable"] == 0, f"bad answers: {told}")
                share = told["sent"] / len(net.servers)
                # Two workers may each be one connection off.
                slack = 2 * told["sent"] / UDP_SOCKETS
                for server in net.servers:
                    got = told["tally"].get(str(server.number), 0)
                    check(abs(got - share) <= slack, f"{server.name} answered {got}, not {share:.0f}")
        sluice.quiet()
        t.note(sluice.drops_text())
        sluice.check_accounting()


test("nat-udp", cases=FAMILIES, topology=Nat, count=100_000, per_second=5_000)(queries)
test("dr-udp", cases=FAMILIES, topology=Direct, count=20_000, per_second=5_000)(queries)
