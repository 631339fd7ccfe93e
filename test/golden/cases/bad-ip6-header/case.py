# SPDX-License-Identifier: BSD-3-Clause
"""IPv6 headers with a wrong version, or a payload length past the frame, are ip_header (truncated will do for the
length); what is behind the payload is padding."""

from rig import *

config = one_arm() + service("TCP", VIP6, 80, "NAT", [(SERVER6[1], 8080)])

flow = Flow(client=CLIENT6, vip=VIP6)
base = flow.sent(flags="S").raw()


def patched(offset, value):
    return Frame("wan", base[:offset] + value + base[offset + len(value):])


def payload_length(value):
    return patched(18, value.to_bytes(2, "big")), None


wrong = [(patched(14, bytes([version << 4])), None) for version in (0, 4, 5, 7, 15)]
past = [payload_length(value) for value in (21, 40, 1400, 65535)]
short = [payload_length(value) for value in (0, 1, 19)]  # no room for the TCP header

traffic = wrong + past + short + [flow.request(flags="S")]

drops = {"ip_header": len(wrong), ("ip_header", "truncated"): len(past),
         ("l4_header", "truncated", "ip_header"): len(short)}
conns = ["TCP SYN_RECV [2001:db8:c::5]:40000 [2001:db8:2::1]:80 [fd00::11]:8080"]
