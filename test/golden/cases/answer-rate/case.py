# SPDX-License-Identifier: BSD-3-Clause
"""`answer_rate` bounds what the whole box answers: of hundreds of packets to closed ports in one moment at most some
moments' share is answered, the others count as limited; 0 answers none. All are dropped and counted alike."""

from rig import *

COUNT = 400

variants = {
    f"{rate}-{proto.lower()}": dict(rate=rate, proto=proto) for rate in (0, 50, 1000) for proto in ("TCP", "UDP")
}


def make(rate, proto):
    fields = dict(flags="S") if proto == "TCP" else {}
    sent = [Flow(proto, vport=1000 + n).sent(**fields) for n in range(COUNT)]

    def check(result):
        answered, limited = (
            sum(getattr(each, field) for each in result.balances) for field in ("answered", "answers_limited")
        )
        lines = []
        if answered + limited != COUNT or len(result.output["wan"]) != answered:
            lines.append(f"{COUNT} packets, {answered} answered, {limited} limited, {len(result.output['wan'])} left")
        # A second's worth at once and what is allowed during a test of a few seconds at most.
        if rate == 0 and answered or rate == 50 and not 1 <= answered <= 250 or rate == 1000 and answered < 30:
            lines.append(f"{answered} answered at {rate}/s")
        return lines

    return dict(
        config=one_arm(dataplane=f"answer_rate {rate}") + service("TCP", VIP4, 80, "NAT", [(SERVER4[1], 8080)]),
        traffic=[(each, None) for each in sent],
        also_out=None,
        drops={"no_service": COUNT},
        check=check,
    )
