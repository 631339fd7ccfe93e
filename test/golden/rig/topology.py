# SPDX-License-Identifier: BSD-3-Clause
"""The small network in which every case plays, its configuration texts, and scapy frames of its members.

    clients 203.0.113.0/24 ---- gateway ---- [wan] sluiced [wan or lan] ---- servers 10.0.0.11 ...

`one_arm` has one port that holds both subnets, `two_arm` has a second port, `lan`, for the servers. Nobody
answers ARP in a pcap file, so gateway, servers and a client of the link are static neighbours.

Frames carry the name of the port they cross. Everything here is constant; cases only read it.
"""

from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether

# net_pcap gives its devices these addresses, in the order in which they are made.
PORT_MAC = {"wan": "02:70:63:61:70:00", "lan": "02:70:63:61:70:01"}

VIP4, VIP6 = "192.0.2.1", "2001:db8:2::1"
OTHER_VIP4, OTHER_VIP6 = "192.0.2.2", "2001:db8:2::2"

OWN4, OWN6 = "198.51.100.2", "2001:db8:1::2"  # of the port towards the clients
OWN_LAN4, OWN_LAN6 = "10.0.0.1", "fd00::1"  # of the port towards the servers
GATEWAY4, GATEWAY6, GATEWAY_MAC = "198.51.100.1", "2001:db8:1::1", "02:00:00:00:01:01"

CLIENT4, CLIENT6 = "203.0.113.5", "2001:db8:c::5"  # behind the gateway
LINK_CLIENT4, LINK_CLIENT6, LINK_CLIENT_MAC = "198.51.100.77", "2001:db8:1::77", "02:00:00:00:01:77"

# Servers by number: SERVER4[1] is 10.0.0.11, with SERVER_MAC[1] 02:00:00:00:00:11.
SERVER4 = {n: f"10.0.0.{10 + n}" for n in range(1, 10)}
SERVER6 = {n: f"fd00::1{n}" for n in range(1, 10)}
SERVER_MAC = {n: f"02:00:00:00:00:1{n}" for n in range(1, 10)}


class Frame:
    """A frame and the port, and the port's queue, by which it comes or goes. `data` is a scapy packet or bytes."""

    def __init__(self, port, data, queue=0):
        self.port, self.data, self.queue = port, data, queue
        self._raw = None

    def raw(self):
        if self._raw is None:
            self._raw = bytes(self.data)
        return self._raw


# ---- configuration ----


def one_arm(neighbours=True, **blocks):
    """Configuration with one port, `wan`. Blocks: see _configuration."""
    addresses = [f"{OWN4}/24", f"{OWN6}/64", f"{OWN_LAN4}/24", f"{OWN_LAN6}/64"]
    return _configuration({"wan": addresses}, "wan", neighbours, **blocks)


def two_arm(neighbours=True, **blocks):
    """Configuration with clients on port `wan` and servers on port `lan`."""
    addresses = {"wan": [f"{OWN4}/24", f"{OWN6}/64"], "lan": [f"{OWN_LAN4}/24", f"{OWN_LAN6}/64"]}
    return _configuration(addresses, "lan", neighbours, **blocks)


def _configuration(addresses, server_port, neighbours, gateway=True, global_defs="", dataplane="connections 4096",
                   port="", extra="", lan=""):
    """The text; @workers@ and @NAME@ (the device of port NAME) are for the rig to fill in."""
    lines = ["global_defs {", "    router_id golden", f"    {global_defs}", "}"]
    lines += ["dataplane {", "    workers @workers@", f"    {dataplane}", "}"]
    for name, port_addresses in addresses.items():
        lines += [f"port {name} {{", f'    device "@{name}@"']
        lines += [f"    address {address}" for address in port_addresses]
        if name == "wan" and gateway:
            lines += [f"    gateway {GATEWAY4}", f"    gateway {GATEWAY6}"]
        lines += [f"    {lan if name == 'lan' else port}", "}"]
    if neighbours:
        known = [(GATEWAY4, GATEWAY_MAC, "wan"), (GATEWAY6, GATEWAY_MAC, "wan")]
        known += [(LINK_CLIENT4, LINK_CLIENT_MAC, "wan"), (LINK_CLIENT6, LINK_CLIENT_MAC, "wan")]
        for n, mac in SERVER_MAC.items():
            known += [(SERVER4[n], mac, server_port), (SERVER6[n], mac, server_port)]
        lines += [f"static_neighbor {address} {mac} dev {dev}" for address, mac, dev in known]
    return "\n".join(lines + [extra, ""])


def local_group(name, *ranges, port="wan"):
    """A local_address_group whose addresses are answered for on `port`."""
    return "\n".join([f"local_address_group {name} {{", *(f"    {each} {port}" for each in ranges), "}", ""])


def service(proto, vip, port, kind, reals, algo="rr", *more):
    """A virtual_server. `kind`: NAT, DR, TUN and so on, with a tunnel's words. `reals`: (address, port) or (address,
    port, weight), oldest first. `more`: lines of its own."""
    lines = [f"virtual_server {vip} {port} {{", f"    protocol {proto}", f"    lb_algo {algo}", f"    lvs_method {kind}"]
    lines += [f"    {line}" for line in more]
    for address, real_port, *weight in reals:
        lines += [f"    real_server {address} {real_port} {{", f"        weight {weight[0] if weight else 1}", "    }"]
    return "\n".join(lines + ["}", ""])


# ---- frames ----


def from_client(packet, port="wan"):
    """As the gateway hands it over."""
    return Frame(port, Ether(src=GATEWAY_MAC, dst=PORT_MAC[port]) / packet)


def to_client(packet, port="wan"):
    return Frame(port, Ether(src=PORT_MAC[port], dst=GATEWAY_MAC) / packet)


def from_server(n, packet, port="wan"):
    return Frame(port, Ether(src=SERVER_MAC[n], dst=PORT_MAC[port]) / packet)


def to_server(n, packet, port="wan"):
    return Frame(port, Ether(src=PORT_MAC[port], dst=SERVER_MAC[n]) / packet)


def ip(src, dst, ttl=64, **fields):
    """An IP header of the family that the addresses have."""
    if ":" in dst:
        return IPv6(src=src, dst=dst, hlim=ttl, **fields)
    return IP(src=src, dst=dst, ttl=ttl, **fields)


class Flow:
    """One client's conversation with one server, as rows (frame in, frame out) of a case's traffic.

    What a request and a reply look like before and after the box, straight from the specification:
    NAT changes the server's side of addresses and ports, DR nothing; both take one from the TTL.
    (Tunnels and full NAT are kinds of flows of their own: tunnel.TunnelFlow, local.FnatFlow.)

    `ip_fields` are fields of the IP header, everything else that is named are fields of TCP or UDP.
    """

    def __init__(self, proto="TCP", kind="NAT", client=CLIENT4, cport=40000, vip=VIP4, vport=80, server=1,
                 sport=8080, client_port="wan", server_port="wan"):
        self.l4 = {"TCP": TCP, "UDP": UDP}[proto]
        self.nat = kind == "NAT"
        self.client, self.cport, self.vip, self.vport = client, cport, vip, vport
        self.server, self.sport = server, sport
        self.real = (SERVER6 if ":" in vip else SERVER4)[server]
        self.client_port, self.server_port = client_port, server_port

    def request(self, payload=b"", ttl=64, **fields):
        return self.sent(payload, ttl, **fields), self.delivered(payload, ttl, **fields)

    def reply(self, payload=b"", ttl=64, ip_fields=None, **l4):
        fields = ip_fields or {}
        there = ip(self.real, self.client, ttl, **fields) / self.l4(sport=self.sport, dport=self.cport, **l4) / payload
        back = ip(self.vip, self.client, ttl - 1, **fields) / self.l4(sport=self.vport, dport=self.cport, **l4) / payload
        return from_server(self.server, there, self.server_port), to_client(back, self.client_port)

    def packet(self, payload=b"", ttl=64, ip_fields=None, **l4):
        """What the client sends, without its frame."""
        header = ip(self.client, self.vip, ttl, **(ip_fields or {}))
        return header / self.l4(sport=self.cport, dport=self.vport, **l4) / payload

    def sent(self, payload=b"", ttl=64, ip_fields=None, **l4):
        return from_client(self.packet(payload, ttl, ip_fields, **l4), self.client_port)

    def delivered(self, payload=b"", ttl=64, ip_fields=None, **l4):
        dst, dport = (self.real, self.sport) if self.nat else (self.vip, self.vport)
        header = ip(self.client, dst, ttl - 1, **(ip_fields or {}))
        packet = header / self.l4(sport=self.cport, dport=dport, **l4) / payload
        return to_server(self.server, packet, self.server_port)
