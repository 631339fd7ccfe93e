# SPDX-License-Identifier: BSD-3-Clause
"""Many connections over a range of local addresses: no local address and port twice, and every reply finds its
client, whichever worker it comes to (one queue, or two with replies by the other one)."""

from rig import *

variants = {
    "one-queue": dict(count=1, workers=(1, 2, 3)),
    "two-workers": dict(count=1, workers=(2,)),
    "v6": dict(count=1, workers=(1, 2), family=6),
    "nat64": dict(count=1, workers=(1, 2), family=64),
}


def make(count, workers, family=4):
    client, vip, outer = {4: (CLIENT4, VIP4, 4), 6: (CLIENT6, VIP6, 6), 64: (CLIENT6, VIP6, 4)}[family]
    addresses = [f"10.0.0.{200 + n}" for n in range(8)] if outer == 4 else [f"fd00::20{n}" for n in range(8)]
    real = (SERVER4 if outer == 4 else SERVER6)[1]
    ranges = "10.0.0.200-207" if outer == 4 else "fd00::200-fd00::207"
    flows = [
        FnatFlow("UDP", outer, client=client, vip=vip, vport=53, sport=5353, cport=7000 + n, locals_=addresses)
        for n in range(60)
    ]

    def on_queue(row, queue):
        row[0].queue = queue
        return row

    return dict(
        config=one_arm(port=f"queues {count}")
        + local_group("snat", ranges)
        + service("UDP", vip, 53, "FNAT", [(real, 5353)], "rr", "laddr_group_name snat"),
        workers=workers,
        queues=count,
        traffic=[on_queue(flow.request(b"%d" % flow.cport), n % count) for n, flow in enumerate(flows)]
        + [Then()]
        + [flow.reply(b"answer %d" % n) for n in range(2) for flow in flows]
        + [flow.request(b"again %d" % flow.cport) for flow in flows],
    )
