# SPDX-License-Identifier: BSD-3-Clause
"""An error of the network about one of the box's own tunnel packets is told to the client whose packet was in it, by
the VIP: too big with what is left of the MTU after the tunnel's headers. The next packet that would not fit is
answered at once. All tunnels, all four combinations of families."""

from rig import *
from rig import tunnel

variants = {
    f"{name}-{inner}in{outer}": dict(name=name, inner=inner, outer=outer)
    for name in tunnel.names
    for inner in (4, 6)
    for outer in (4, 6)
}


def make(name, inner, outer):
    way = Tunnel.named(name)
    client, vip = (CLIENT4, VIP4) if inner == 4 else (CLIENT6, VIP6)
    real, own = (SERVER4[1], OWN_LAN4) if outer == 4 else (SERVER6[1], OWN_LAN6)
    router = "10.0.0.99" if outer == 4 else "fd00::99"
    flow = TunnelFlow(way, outer, proto="UDP", client=client, vip=vip)
    fields = dict(flags="DF", id=5) if inner == 4 else {}
    header = 28 if inner == 4 else 48
    told = 1400
    fits = told - way.overhead(outer)

    def request(size, **more):
        return flow.request(bytes(size - header), ip_fields=fields, **more)

    sent, left = request(1400)
    outer_packet = left.frame.data.payload
    about = flow.packet(bytes(1400 - header), 63, fields)
    kind, code = (3, 4) if outer == 4 else (2, 0)
    came = from_server(1, error(router, own, kind, code, bytes(outer_packet)[:400], told))
    quote = bytes(about)[: 400 - way.overhead(outer)]
    kind, code = (3, 4) if inner == 4 else (2, 0)
    relayed = own_error(to_client(error(vip, client, kind, code, quote, fits)))
    long = flow.sent(bytes(fits + 1 - header), ip_fields=fields)
    return dict(
        config=one_arm() + service("UDP", vip, 80, way.words(), [(real, 80)]),
        traffic=[(sent, left), Then(), (came, relayed), Then(), (long, too_big(long, fits)), request(fits)],
        drops=None,
    )
