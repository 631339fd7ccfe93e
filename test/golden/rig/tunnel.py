# SPDX-License-Identifier: BSD-3-Clause
"""Tunnels as a server at their other end expects them: IPIP (RFC 2003, 2473, 4213), GUE variant 0, GRE (RFC 2784).

A `Tunnel` says how it is configured, what it makes of a packet, and how much longer that is. Constant.

What the box may choose is left open where frames are compared (frames.borrow): the identification of an outer IPv4
header and GUE's source port. `chosen` then judges the choices as a whole.
"""

import struct
from collections import defaultdict

from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import GRE
from scapy.packet import Raw

from . import frames
from .judge import loosely
from .topology import OWN_LAN4, OWN_LAN6, SERVER4, SERVER6, Flow, to_server

GUE_PORT = frames.GUE_PORT


class Tunnel:
    """`kind`: ipip, gue or gre; `checksum`: nocsum, csum, remcsum or nothing. `names` has all there are."""

    def __init__(self, kind="ipip", checksum=""):
        self.kind, self.checksum = kind, checksum

    @classmethod
    def named(cls, name):
        return cls(*name.split("-"))

    def words(self):
        """keepalived's, after `lvs_method`."""
        port = f"port {GUE_PORT}" if self.kind == "gue" else ""
        return " ".join(f"TUN type {self.kind} {port} {self.checksum}".split())

    def overhead(self, family):
        """Bytes that an outer header of this family (4, 6) and what stands behind it have."""
        between = {"ipip": 0, "gue": 12, "gre": 8 if self.checksum == "csum" else 4}[self.kind]
        return between + (20 if family == 4 else 40)

    def wrap(self, inner, src, dst, pmtu_disc=True):
        """The tunnel packet from `src` to `dst` around an IP packet that is as it will leave."""
        four = inner.version == 4
        ttl, tos = (inner.ttl, inner.tos) if four else (inner.hlim, inner.tc)
        if tos & 3 == 3:  # RFC 6040 and LVS: congestion that is met inside is not said outside again
            tos = tos & ~3 | 2
        if ":" in dst:
            outer = IPv6(src=src, dst=dst, hlim=ttl, tc=tos, fl=0)
        else:
            outer = IP(src=src, dst=dst, ttl=ttl, tos=tos, flags=("DF" if four and pmtu_disc and inner.flags.DF else 0))
        proto = 4 if four else 41
        if self.kind == "ipip":
            return self._ip(outer, proto) / inner
        if self.kind == "gre":
            return outer / GRE(proto=0x0800 if four else 0x86DD, chksum_present=int(self.checksum == "csum")) / inner
        datagram = UDP(sport=0xC000, dport=GUE_PORT)
        if self.checksum in ("", "nocsum"):
            datagram.chksum = 0
        return outer / datagram / Raw(struct.pack(">BBH", 0, proto, 0) + bytes(inner))

    @staticmethod
    def _ip(outer, proto):
        outer.setfieldval("nh" if outer.version == 6 else "proto", proto)
        return outer


names = ("ipip", "gue-nocsum", "gue-csum", "gue-remcsum", "gre-nocsum", "gre-csum")


class TunnelFlow(Flow):
    """A client's packets to one server through a tunnel; replies are never seen. `outer`: the server's family."""

    def __init__(self, tunnel, outer=4, server=1, pmtu_disc=True, real=None, source=None, **fields):
        super().__init__(kind="TUN", server=server, **fields)
        self.tunnel, self.outer, self.pmtu_disc = tunnel, outer, pmtu_disc
        self.real = real or (SERVER4 if outer == 4 else SERVER6)[server]
        self.source = source or (OWN_LAN4 if outer == 4 else OWN_LAN6)

    def wrapped(self, inner):
        """The frame that carries this IP packet to the server; give it as it will be in the tunnel."""
        packet = self.tunnel.wrap(inner, self.source, self.real, self.pmtu_disc)
        return loosely(to_server(self.server, packet, self.server_port), *open_fields(packet))

    def delivered(self, payload=b"", ttl=64, ip_fields=None, **l4):
        inner = self.packet(payload, ttl - 1, ip_fields, **l4)
        return self.wrapped(inner)


def open_fields(packet):
    """What the box may choose of this tunnel packet."""
    fields = ["ip4.id"] if packet.version == 4 else []
    return fields + (["gue.sport"] if UDP in packet and packet[UDP].dport == GUE_PORT else [])


def chosen(output):
    """Lines about what the box chose badly: GUE source ports out of range or not one a flow, and identifications of
    outer IPv4 packets that may be fragmented (DF clear) which are not different."""
    lines, ports, numbers = [], defaultdict(set), defaultdict(list)
    for raw in (raw for came in output.values() for raw in came):
        outer = frames.tunnel_of(raw)
        if outer is None:
            continue
        if outer.sport is not None:
            ports[outer.inner_flow].add(outer.sport)
        if outer.number is not None:
            numbers[outer.ends].append(outer.number)
    for flow, chosen_ports in ports.items():
        if len(chosen_ports) > 1 or not 49152 <= min(chosen_ports) <= max(chosen_ports) <= 65535:
            lines.append(f"GUE source ports of flow {flow}: {sorted(chosen_ports)}")
    for ends, used in numbers.items():
        if len(set(used)) != len(used):
            lines.append(f"{len(used)} tunnel packets between {ends} have {len(set(used))} identifications")
    return lines
