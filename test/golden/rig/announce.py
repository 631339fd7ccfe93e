# SPDX-License-Identifier: BSD-3-Clause
"""How the box makes addresses of its own known. It may do so at any time, so that cases do not have to expect it.

An IPv4 address by a gratuitous ARP request with the broadcast address as target MAC, as keepalived sends it; an
IPv6 address by an unsolicited neighbour advertisement to all nodes (RFC 4861 7.2.6).
"""

import ipaddress
import re

from scapy.layers.inet6 import ICMPv6ND_NA, ICMPv6NDOptDstLLAddr, IPv6
from scapy.layers.l2 import ARP, Ether

from .judge import loosely
from .topology import PORT_MAC, Frame

_EVERYBODY = "ff:ff:ff:ff:ff:ff"


def announcement(address, port="wan"):
    mac = PORT_MAC[port]
    if ":" in address:
        packet = (Ether(src=mac, dst="33:33:00:00:00:01") / IPv6(src=address, dst="ff02::1", hlim=255) /
                  ICMPv6ND_NA(tgt=address, R=0, S=0, O=1) / ICMPv6NDOptDstLLAddr(lladdr=mac))
        return loosely(Frame(port, packet), "na.router", "ip6.flow")
    packet = Ether(src=mac, dst=_EVERYBODY) / ARP(op=1, hwsrc=mac, psrc=address, hwdst=_EVERYBODY, pdst=address)
    return loosely(Frame(port, packet))


def local_addresses(text):
    """Of a range as configured: "10.0.0.200", "10.0.0.200-207", "fd00::200-fd00::207"."""
    first, _dash, last = text.partition("-")
    if last and not set(".:") & set(last):
        last = first.rpartition(".")[0] + "." + last
    start, end = ipaddress.ip_address(first), ipaddress.ip_address(last or first)
    return [str(start + n) for n in range(int(end) - int(start) + 1)]


def announcements(config):
    """All that a box with this configuration may announce: a port its own addresses and full NAT's local ones, every
    port the VIPs."""
    expected = []
    for group in re.findall(r"^local_address_group \w+ {\n(.*?)^}", config, re.MULTILINE | re.DOTALL):
        for first, port in re.findall(r"^ *(\S+) (\w+)$", group, re.MULTILINE):
            expected += [announcement(address, port) for address in local_addresses(first)]
    vips = re.findall(r"^virtual_server (\S+)", config, re.MULTILINE)
    for port, block in re.findall(r"^port (\w+) {\n(.*?)^}", config, re.MULTILINE | re.DOTALL):
        own = re.findall(r"^ *address (\S+)/", block, re.MULTILINE)
        expected += [announcement(address, port) for address in dict.fromkeys(own + vips)]
    return expected
