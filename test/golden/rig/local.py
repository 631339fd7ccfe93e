# SPDX-License-Identifier: BSD-3-Clause
"""Full NAT's local addresses and ports: the box chooses them, so a case says `Local` for one, and frames that depend
on it are `Later` ones, built when it is known.

It is known from the first packet that leaves for the server: `bind` looks for the frame that fits but for its source,
and what it finds there holds for all other frames of that connection, in both directions. A `Local` belongs to one
run of a case; `forget` takes it back.
"""

from scapy.layers.inet import TCP

from . import frames
from .judge import loosely
from .topology import SERVER4, SERVER6, Flow, Frame, from_server, ip, to_client, to_server

LOCAL4, LOCAL6 = "10.0.0.200", "fd00::200"
PORT_FIRST, PORT_LAST = 1024, 65535


class Unbound(Exception):
    """A frame was wanted whose local port is not known, because the packet that tells it never left."""


class Local:
    """One connection's local address and port. `addresses`: those of its group."""

    def __init__(self, proto, addresses, name=""):
        self.proto, self.addresses, self.name = proto, tuple(addresses), name
        self.address = self.port = None
        self.numbers = {}  # of its datagrams in fragments: the client's identification -> the box's

    def bound(self):
        return self.port is not None


class Later(Frame):
    """A frame that needs a local address and port: `build(address, port)` makes its packet. `tells`: it may be the
    first of its connection, and has ports in it. `number`: it is a fragment over IPv4 of the datagram that had this
    identification; the box gives it another one, which `build` finds in local.numbers."""

    def __init__(self, port, local, build, tells=True, queue=0, number=None):
        super().__init__(port, None, queue)
        self.local, self.build, self.tells, self.number = local, build, tells, number

    def raw(self):
        if self._raw is None:
            if not self.local.bound():
                raise Unbound(f"the local port of {self.local.name} is not known: its first packet did not leave")
            if self.number is not None and self.number not in self.local.numbers:
                raise Unbound(f"datagram {self.number} of {self.local.name}: its first fragment did not leave")
            self._raw = bytes(self.build(self.local.address, self.local.port))
        return self._raw

    def forget(self):
        self._raw, self.local.address, self.local.port, self.local.numbers = None, None, None, {}


def forget(all_frames):
    for frame in all_frames:
        if isinstance(frame, Later):
            frame.forget()


def known(frame):
    return not isinstance(frame, Later) or (
        frame.local.bound() and (frame.number is None or frame.number in frame.local.numbers)
    )


def bind(expected, output):
    """Makes known what `output` (port -> raw frames) tells of local ports. `expected`: frames, the oldest first."""
    waiting, taken = {}, set()
    for frame in expected:
        if isinstance(frame, Later):
            if frame.local.bound():
                taken.add((frame.local.proto, frame.local.address, frame.local.port))
            elif frame.tells:
                waiting.setdefault(id(frame.local), frame)
    if not waiting:
        return
    came = {}
    for port, list_of_frames in output.items():
        for raw in list_of_frames:
            source = frames.source_of(raw)
            if source:
                came.setdefault((port, frames.without_source(raw)), []).append((raw, source))
    for frame in waiting.values():
        model = bytes(frame.build(frame.local.addresses[0], PORT_FIRST))
        for raw, (address, port) in came.get((frame.port, frames.without_source(model)), []):
            if (frame.local.proto, address, port) in taken or address not in frame.local.addresses:
                continue
            fits = bytes(frame.build(address, port))
            if frames.borrow(raw, fits, ("ip4.id", "padding") if fits[12:14] == b"\x08\x00" else ("padding",)) == fits:
                frame.local.address, frame.local.port = address, port
                taken.add((frame.local.proto, address, port))
                break


    _bind_numbers(expected, output)


def _bind_numbers(expected, output):
    """What the box has given datagrams in fragments for an identification: their first fragments tell."""
    for frame in expected:
        if not isinstance(frame, Later) or frame.number is None or not frame.tells or not frame.local.bound():
            continue
        fits = bytes(frame.build(frame.local.address, frame.local.port))
        for raw in output.get(frame.port, []):
            if frame.number not in frame.local.numbers and frames.borrow(raw, fits, ("ip4.id",)) == fits:
                frame.local.numbers[frame.number] = int.from_bytes(raw[18:20], "big")


def chosen(all_frames):
    """Lines about local ports that are out of range, or used by two connections."""
    lines, owner = [], {}
    for local in {id(frame.local): frame.local for frame in all_frames if isinstance(frame, Later)}.values():
        if not local.bound():
            lines.append(f"local port: {local.name} never left, so its local port is not known")
            continue
        for number in local.numbers.values():
            key = (local.proto, local.address, "datagram", number)
            if key in owner:
                lines.append(f"identification: {number} belongs to datagrams of {owner[key]} and {local.name}")
            owner[key] = local.name
        key = (local.proto, local.address, local.port)
        if not PORT_FIRST <= local.port <= PORT_LAST:
            lines.append(f"local port: {local.name} has {local.port}")
        if key in owner:
            lines.append(f"local port: {key} belongs to {owner[key]} and {local.name}")
        owner[key] = local.name
    return lines


class FnatFlow(Flow):
    """A client's conversation by full NAT: 4 to 4, 6 to 6, or 6 to 4 (`outer` is the server's family).

    Segments are told apart by what they carry, so give each connection its own client port and, where it opens without
    a payload, let `seq` follow it (it does by default).
    """

    def __init__(self, proto="TCP", outer=None, server=1, locals_=None, client_port="wan", server_port="wan", **fields):
        super().__init__(proto, "FNAT", server=server, client_port=client_port, server_port=server_port, **fields)
        family = outer or (6 if ":" in self.vip else 4)
        self.nat64 = family == 4 and ":" in self.vip
        self.real = (SERVER4 if family == 4 else SERVER6)[server]
        name = f"{proto} {self.client}:{self.cport} -> {self.vip}:{self.vport}"
        self.local = Local(proto, locals_ or [LOCAL4 if family == 4 else LOCAL6], name)

    def ip_out(self, address, ttl, length, fields):
        """The IP header in which `length` bytes go to the server."""
        if self.nat64:
            df = "DF" if length + 40 > 1280 else 0
            return ip(address, self.real, ttl, tos=fields.get("tc", 0), flags=df)
        return ip(address, self.real, ttl, **fields)

    def delivered(self, payload=b"", ttl=64, ip_fields=None, out=None, **l4):
        """`out`: what of the segment is different at the server (options and the like)."""
        if self.l4 is TCP:
            l4.setdefault("seq", self.cport)
        if "chksum" in l4 and l4["chksum"] != 0:
            raise ValueError("a checksum that is wrong on purpose is for the case to follow")

        def build(address, port):
            segment = self.l4(**{**l4, "sport": port, "dport": self.sport, **(out or {})}) / payload
            header = self.ip_out(address, ttl - 1, len(segment), ip_fields or {})
            return to_server(self.server, header / segment, self.server_port).data

        later = Later(self.server_port, self.local, build)
        return loosely(later, "ip4.id") if self.nat64 else later

    def sent(self, payload=b"", ttl=64, ip_fields=None, **l4):
        if self.l4 is TCP:
            l4.setdefault("seq", self.cport)
        return super().sent(payload, ttl, ip_fields, **l4)

    def reply(self, payload=b"", ttl=64, ip_fields=None, out=None, **l4):
        """`out`: what of the segment is different at the client."""
        fields = ip_fields or {}

        def build(address, port):
            there = ip(self.real, address, ttl, **fields) / self.l4(sport=self.sport, dport=port, **l4) / payload
            return from_server(self.server, there, self.server_port).data

        back_fields = dict(tc=fields.get("tos", 0)) if self.nat64 else fields
        segment = self.l4(**{**l4, "sport": self.vport, "dport": self.cport, **(out or {})}) / payload
        back = ip(self.vip, self.client, ttl - 1, **back_fields) / segment
        return Later(self.server_port, self.local, build), to_client(back, self.client_port)
