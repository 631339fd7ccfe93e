# SPDX-License-Identifier: BSD-3-Clause
"""The golden rig: what a case imports with `from rig import *`, and what run.py drives.

One idea a file: topology (the network of the cases), tunnel, local (full NAT's ports), icmp and fragments (what those
look like), frames (raw frames), pcap (files), control (the control socket), sluiced (the process), judge (comparisons),
case (a case's life), lvs (states and timeouts by the book).
"""

from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_NOP, IPOption_RR
from scapy.layers.inet6 import (ICMPv6DestUnreach, ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6ND_NA, ICMPv6ND_NS,
                                ICMPv6NDOptDstLLAddr, ICMPv6NDOptSrcLLAddr, IPv6, IPv6ExtHdrDestOpt,
                                IPv6ExtHdrFragment, IPv6ExtHdrHopByHop, PadN)
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.packet import Raw

from .announce import announcement
from .case import Then
from .fragments import cut_by_box, piece, pieces
from .frames import GUE_PORT, broken_alike, ones_sum
from .icmp import error, own_error, ran_out, reset, seen_as, too_big, unreachable_port
from .judge import loosely, one_of, repeated
from .local import LOCAL4, LOCAL6, FnatFlow, Later, Local
from .topology import *  # pylint: disable=wildcard-import
from .tunnel import Tunnel, TunnelFlow
