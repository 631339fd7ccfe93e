# SPDX-License-Identifier: BSD-3-Clause
"""The golden rig: what a case imports with `from rig import *`, and what run.py drives.

One idea a file: topology (the network of the cases), frames (raw frames), pcap (files), control (the control
socket), sluiced (the process), judge (comparisons), case (a case's life), lvs (states and timeouts by the book).
"""

from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_NOP, IPOption_RR
from scapy.layers.inet6 import (ICMPv6DestUnreach, ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6ND_NA, ICMPv6ND_NS,
                                ICMPv6NDOptDstLLAddr, ICMPv6NDOptSrcLLAddr, IPv6, IPv6ExtHdrDestOpt,
                                IPv6ExtHdrFragment, IPv6ExtHdrHopByHop, PadN)
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.packet import Raw

from .announce import announcement
from .case import Then
from .frames import broken_alike, ones_sum
from .judge import loosely, one_of, repeated
from .topology import *  # pylint: disable=wildcard-import
