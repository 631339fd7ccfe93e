# SPDX-License-Identifier: BSD-3-Clause
"""A box that starts makes its VIPs and own addresses known, each once and on the ports where they are: own addresses
on their port, VIPs on all ports."""

from rig import *

config = (two_arm() + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080)])
          + service("UDP", VIP4, 53, "NAT", [(SERVER4[1], 53)])  # the same VIP is announced once
          + service("TCP", VIP6, 80, "NAT", [(SERVER6[1], 8080)]))

traffic = [Flow(server_port="lan").request(flags="S")]

also_out = [announcement(address, "wan") for address in (OWN4, OWN6, VIP4, VIP6)]
also_out += [announcement(address, "lan") for address in (OWN_LAN4, OWN_LAN6, VIP4, VIP6)]
