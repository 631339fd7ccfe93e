#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Tests of the rig itself: that its oracles are right where they can be checked by hand, and that it sees faults.

Needs no daemon.
"""

import os
import re
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, HERE)

from rig import *  # noqa: E402
from rig import fragments, frames, icmp, judge, local, lvs, pcap, sequence, tunnel  # noqa: E402
from rig.announce import announcements, local_addresses  # noqa: E402
from rig.case import names  # noqa: E402
from rig.control import Balance, Connection  # noqa: E402


class Frames(unittest.TestCase):
    def test_sum_is_rfc_1071s_example(self):
        self.assertEqual(frames.ones_sum(bytes.fromhex("0001f203f4f5f6f7")), 0xDDF2)
        self.assertEqual(frames.ones_sum(b"\xff"), 0xFF00)

    def test_broken_checksum_stays_as_broken(self):
        # Whole sums: good_in 0x1000 and good_out 0x2000, damaged by 5, by -1 across zero, and not at all.
        self.assertEqual(frames.broken_alike(0x1005, 0x1000, 0x2000), 0x2005)
        self.assertEqual(frames.broken_alike(0x0FFF, 0x1000, 0x0001), 0xFFFF)
        self.assertEqual(frames.broken_alike(0x1000, 0x1000, 0x2000), 0x2000)

    def test_flows_are_directed_and_told_apart(self):
        packets = [Flow().sent(), Flow().reply()[0], Flow(cport=2).sent(), Flow("UDP").sent(),
                   Flow(client=CLIENT6, vip=VIP6).sent(), from_client(ip(CLIENT4, VIP4) / ICMP(id=1)),
                   from_client(ip(CLIENT4, VIP4) / ICMP(id=2)), Frame("wan", b"short")]
        self.assertEqual(len({frames.flow_of(packet.raw()) for packet in packets}), len(packets))
        options = IP(src=CLIENT4, dst=VIP4, options=[IPOption_NOP()]) / TCP(sport=40000, dport=80)
        self.assertEqual(frames.flow_of(from_client(options).raw()), frames.flow_of(Flow().sent(b"other").raw()))
        chain = IPv6(src=CLIENT6, dst=VIP6) / IPv6ExtHdrHopByHop() / TCP(sport=40000, dport=80)
        self.assertEqual(frames.flow_of(from_client(chain).raw()),
                         frames.flow_of(Flow(client=CLIENT6, vip=VIP6).sent().raw()))

    def test_borrowing_forgives_only_what_is_named(self):
        want = to_client(IP(src=VIP4, dst=CLIENT4, ttl=64, id=1) / ICMP(type=0)).raw()
        same = to_client(IP(src=VIP4, dst=CLIENT4, ttl=99, id=1) / ICMP(type=0)).raw()
        other = to_client(IP(src=VIP4, dst=CLIENT4, ttl=99, id=2) / ICMP(type=0)).raw()
        wrong = to_client(IP(src=VIP4, dst=CLIENT4, ttl=99, id=1, chksum=5) / ICMP(type=0)).raw()
        self.assertEqual(frames.borrow(same, want, ["ip4.ttl"]), want)
        self.assertNotEqual(frames.borrow(same, want, []), want)
        self.assertNotEqual(frames.borrow(other, want, ["ip4.ttl"]), want)
        self.assertNotEqual(frames.borrow(wrong, want, ["ip4.ttl"]), want)

    def test_borrowing_the_router_flag(self):
        def advertisement(**fields):
            return to_client(IPv6(src=VIP6, dst=GATEWAY6, hlim=255) / ICMPv6ND_NA(tgt=VIP6, **fields) /
                             ICMPv6NDOptDstLLAddr(lladdr=PORT_MAC["wan"])).raw()

        want = advertisement(R=0, S=1, O=1)
        for fields, same in ((dict(R=1, S=1, O=1), True), (dict(R=1, S=0, O=1), False),
                             (dict(R=1, S=1, O=1, cksum=7), False)):
            self.assertEqual(frames.borrow(advertisement(**fields), want, ["na.router"]) == want, same, fields)

    def test_padding_is_free_up_to_the_least_length(self):
        want = Flow().delivered().raw()
        for padding, fields, same in ((6, ["padding"], True), (1, ["padding"], True), (7, ["padding"], False),
                                      (6, [], False)):
            self.assertEqual(frames.borrow(want + b"x" * padding, want, fields) == want, same, (padding, fields))

    def test_differences_name_the_field(self):
        want, got = Flow().delivered(b"abc").raw(), Flow().delivered(b"abc", ttl=63).raw()
        self.assertTrue(any(line.startswith("IP.ttl: expected 0x3f, got 0x3e")
                            for line in frames.differences(want, got)))
        self.assertTrue(frames.differences(want, want[:-1])[0].startswith("length"))


class Oracle(unittest.TestCase):
    def test_scapy_sends_ffff_for_a_udp_checksum_of_zero(self):
        word = bytes(UDP(bytes((IP(src="192.0.2.1", dst="192.0.2.2") / UDP() / b"\0\0")[UDP])))[6:8]
        zero = bytes(IP(src="192.0.2.1", dst="192.0.2.2") / UDP() / word)
        self.assertEqual(zero[26:28], b"\xff\xff")

    def test_flow_rewrites_nat_and_leaves_dr(self):
        sent, left = Flow().request(b"x", flags="PA", ttl=9)
        self.assertEqual((sent.data[IP].dst, sent.data[TCP].dport, sent.data[IP].ttl), (VIP4, 80, 9))
        self.assertEqual((left.data[IP].dst, left.data[TCP].dport, left.data[IP].ttl), ("10.0.0.11", 8080, 8))
        self.assertEqual((left.data.src, left.data.dst), (PORT_MAC["wan"], SERVER_MAC[1]))
        sent, left = Flow().reply(flags="SA")
        self.assertEqual((sent.data[IP].src, sent.data[TCP].sport), ("10.0.0.11", 8080))
        self.assertEqual((left.data[IP].src, left.data[TCP].sport, left.data.dst), (VIP4, 80, GATEWAY_MAC))
        left = Flow(kind="DR", client=CLIENT6, vip=VIP6, server=2).delivered()
        self.assertEqual((left.data[IPv6].dst, left.data[TCP].dport, left.data.dst), (VIP6, 80, SERVER_MAC[2]))

    def test_lvs_typical_paths(self):
        for table, segments, state in (
                (lvs.NORMAL, ["S", "<SA", "A", "FA", "<FA"], lvs.TW),
                (lvs.NORMAL, ["S", "<SA", "A", "FA"], lvs.CW),
                (lvs.NORMAL, ["S", "<SA", "A", "<FA"], lvs.FW),
                (lvs.NORMAL, ["S", "R"], lvs.SR),
                (lvs.NORMAL, ["S", "<SA", "A", ""], lvs.CL),
                (lvs.INPUT_ONLY, ["S", "A", "FA", "A"], lvs.FW),
                (lvs.INPUT_ONLY, ["S", "A", "R"], lvs.CL)):
            self.assertEqual(lvs.tcp_state(table, segments), state, segments)


class Tunnels(unittest.TestCase):
    def test_overheads_are_what_the_headers_take(self):
        for name in tunnel.names:
            for outer in (4, 6):
                flow = TunnelFlow(Tunnel.named(name), outer)
                _sent, left = flow.request(b"data")
                inner = flow.packet(b"data")
                self.assertEqual(len(left.frame.raw()) - 14 - len(inner), flow.tunnel.overhead(outer), (name, outer))

    def test_numbers_of_lvs(self):
        # On a link of 1500: 1480 IPIP, 1468 GUE, 1476 GRE.
        self.assertEqual([1500 - Tunnel(kind).overhead(4) for kind in ("ipip", "gue", "gre")], [1480, 1468, 1476])

    def test_outer_header(self):
        for tos, outer_tos in ((0xB8, 0xB8), (0x01, 0x01), (0x02, 0x02), (0x03, 0x02), (0xFF, 0xFE)):
            left = TunnelFlow(Tunnel(), 4).delivered(ttl=9, ip_fields=dict(tos=tos, flags="DF")).frame.data
            self.assertEqual((left[IP].tos, left[IP].ttl, left[IP].flags.DF, left[IP].proto), (outer_tos, 8, True, 4))
            self.assertEqual(left[IP].payload.tos, tos)

    def test_gue_port_is_open_but_its_checksum_is_not(self):
        for name in ("gue-csum", "gue-nocsum"):
            want = TunnelFlow(Tunnel.named(name), 6).delivered(b"x")
            other = want.frame.data.copy()
            other[UDP].sport = 50000
            good = bytes(other)
            bad = good[:60] + bytes([good[60] ^ 1]) + good[61:]
            self.assertEqual(frames.flow_of(good), frames.flow_of(want.frame.raw()))
            self.assertEqual(judge.output([want], {"wan": [good]}), [], name)
            self.assertTrue(judge.output([want], {"wan": [bad]}), name)
            self.assertEqual(tunnel.chosen({"wan": [good, good]}), [])
            self.assertTrue(tunnel.chosen({"wan": [good, want.frame.raw()]}), name)
            other[UDP].sport = 49151
            self.assertTrue(tunnel.chosen({"wan": [bytes(other)]}), name)

    def test_identifications_differ_where_df_is_clear(self):
        raw = TunnelFlow(Tunnel(), 4).delivered().frame.raw()
        self.assertTrue(tunnel.chosen({"wan": [raw, raw]}))
        raw = TunnelFlow(Tunnel(), 4).delivered(ip_fields=dict(flags="DF")).frame.raw()
        self.assertEqual(tunnel.chosen({"wan": [raw, raw]}), [])


class Locals(unittest.TestCase):
    def left(self, flow, address, port):
        """What leaves if the box chooses this."""
        frame = flow.delivered(flags="S")
        return bytes((frame.frame if hasattr(frame, "frame") else frame).build(address, port))

    def test_bound_by_what_leaves_and_judged(self):
        flows = [FnatFlow(cport=1), FnatFlow(cport=2), FnatFlow(cport=3, vip=VIP6, client=CLIENT6, outer=4)]
        expected = [flow.delivered(flags="S") for flow in flows]
        known = [frame for each in expected for frame in judge.frames_in(each)]
        output = {"wan": [self.left(flow, LOCAL4, 2000 + n) for n, flow in reversed(list(enumerate(flows)))]}
        local.bind(known, output)
        self.assertEqual([flow.local.port for flow in flows], [2000, 2001, 2002])
        self.assertEqual(local.chosen(known), [])
        self.assertEqual(judge.output(expected, output), [])
        reply, back = flows[2].reply(flags="SA")
        self.assertEqual((bytes(reply.raw())[30:34], back.data[IPv6].dst), (bytes([10, 0, 0, 200]), CLIENT6))
        local.forget(known)
        self.assertFalse(flows[0].local.bound())

    def test_faults_are_seen(self):
        one, two = FnatFlow(cport=1), FnatFlow(cport=2)
        known = [one.delivered(flags="S"), two.delivered(flags="S")]
        for output, lines in (([self.left(one, LOCAL4, 2000), self.left(two, LOCAL4, 2000)], 1),
                              ([self.left(one, LOCAL4, 1023), self.left(two, LOCAL4, 2000)], 1),
                              ([self.left(one, "10.0.0.9", 2000), self.left(two, LOCAL4, 2000)], 1),
                              ([self.left(one, LOCAL4, 2001), self.left(two, LOCAL4, 2000)], 0)):
            local.forget(known)
            local.bind(known, {"wan": output})
            self.assertEqual(len(local.chosen(known)), lines)

    def test_ranges(self):
        self.assertEqual(local_addresses("10.0.0.200-202"), ["10.0.0.200", "10.0.0.201", "10.0.0.202"])
        self.assertEqual(local_addresses("10.0.0.1-10.0.0.2"), ["10.0.0.1", "10.0.0.2"])
        self.assertEqual(local_addresses("fd00::9-fd00::a"), ["fd00::9", "fd00::a"])


class Fragments(unittest.TestCase):
    def packets(self):
        for flow in (Flow("UDP"), Flow("UDP", client=CLIENT6, vip=VIP6)):
            yield flow.packet(bytes(range(256)) * 8)

    def together(self, packet, *parts):
        expected, output, lines, extra = fragments.put_together(
            [cut_by_box(loosely(to_client(packet), "ip4.id" if packet.version == 4 else "padding"), 1500)],
            {"wan": [to_client(part).raw() for part in parts]})
        return lines + judge.output(expected, output), extra

    def test_pieces_go_together(self):
        for packet in self.packets():
            a, b, c = pieces(packet, 800, 1600)
            self.assertEqual(self.together(packet, a, b, c), ([], 2))
            self.assertEqual(self.together(packet, c, a, b), ([], 2))

    def test_bad_pieces_are_seen(self):
        for packet in self.packets():
            a, b, c = pieces(packet, 800, 1600)
            long = pieces(packet, 1600)
            odd = [piece(packet, 0, 801), piece(packet, 800, 2056)]
            other = piece(packet, 1600, 2056, number=8)
            for parts in ((a, b), (b, c), (a, c), (a, b, b, c), long, odd, (a, b, other), (a, b, c, piece(packet, 2056, 2064)),
                          (packet,)):
                self.assertTrue(self.together(packet, *parts)[0], parts)

    def test_pieces_of_one_packet_are_one_flow(self):
        for packet in self.packets():
            flows = {frames.flow_of(to_client(part).raw()) for part in pieces(packet, 800)}
            others = {frames.flow_of(to_client(part).raw()) for part in pieces(packet, 800, number=8)}
            self.assertEqual((len(flows), len(flows | others)), (1, 2))


class Icmp(unittest.TestCase):
    def test_checksums_are_scapys(self):
        quote = ip(VIP4, CLIENT4) / UDP(sport=80, dport=9) / b"x"
        whole = IP(bytes(error("10.9.9.9", VIP4, 3, 4, quote, rest=1400)))
        self.assertEqual((whole[ICMP].nexthopmtu, whole[ICMP].type, whole[ICMP].code), (1400, 3, 4))
        good = whole[ICMP].chksum
        del whole[ICMP].chksum
        self.assertEqual(IP(bytes(whole))[ICMP].chksum, good)
        quote = ip(VIP6, CLIENT6) / UDP(sport=80, dport=9) / b"x"
        whole = IPv6(bytes(error(CLIENT6, VIP6, 1, 4, quote)))
        good = whole[ICMPv6DestUnreach].cksum
        del whole[ICMPv6DestUnreach].cksum
        self.assertEqual(IPv6(bytes(whole))[ICMPv6DestUnreach].cksum, good)

    def test_quotes_are_cut(self):
        for flow, length in ((Flow("UDP"), 576), (Flow("UDP", client=CLIENT6, vip=VIP6), 1280)):
            self.assertEqual(len(unreachable_port(flow.sent(bytes(1400))).frame.raw()) - 14, length)

    def test_resets(self):
        for fields, want in ((dict(flags="S", seq=9), ("RA", 0, 10)), (dict(flags="A", seq=9, ack=7), ("R", 7, 0)),
                             (dict(flags="", seq=9), ("RA", 0, 12)), (dict(flags="SF", seq=2**32 - 1), ("RA", 0, 4))):
            segment = reset(Flow().sent(b"abc" if "A" not in fields["flags"] and fields["flags"] != "S" else b"",
                                        **fields)).frame.data[TCP]
            self.assertEqual((str(segment.flags), segment.seq, segment.ack), want)

    def test_errors_of_different_flows_are_told_apart(self):
        one, two = (unreachable_port(Flow("UDP", cport=port).sent()).frame.raw() for port in (1, 2))
        self.assertNotEqual(frames.flow_of(one), frames.flow_of(two))
        self.assertEqual(icmp.QUOTE4, 548)


class Judge(unittest.TestCase):
    a1, a2, b = Flow().delivered(b"1"), Flow().delivered(b"2"), Flow(cport=2).delivered(b"1")

    def outputs(self, *frames_of_wan):
        return judge.output([self.a1, self.a2, self.b], {"wan": [frame.raw() for frame in frames_of_wan]})

    def test_order_counts_within_a_flow_only(self):
        self.assertEqual(self.outputs(self.a1, self.a2, self.b), [])
        self.assertEqual(self.outputs(self.b, self.a1, self.a2), [])
        self.assertTrue(self.outputs(self.a2, self.a1, self.b))

    def test_missing_surplus_and_wrong_port(self):
        self.assertTrue(self.outputs(self.a1, self.a2))
        self.assertTrue(self.outputs(self.a1, self.a2, self.b, self.b))
        self.assertTrue(judge.output([self.a1], {"lan": [self.a1.raw()]}))
        self.assertEqual(judge.output([], {"wan": []}), [])

    def test_one_of(self):
        other = Flow(kind="DR", server=2).delivered()
        choice = one_of(Flow(kind="DR").delivered(), other)
        self.assertEqual(judge.output([choice], {"wan": [other.raw()]}), [])
        self.assertTrue(judge.output([choice], {"wan": [Flow(kind="DR", server=3).delivered().raw()]}))

    def test_repeated(self):
        asked = repeated(self.a1)
        for count, good in ((0, False), (1, True), (3, True)):
            came = {"wan": [self.a1.raw()] * count + [self.b.raw()]}
            self.assertEqual(judge.output([asked, self.b], came) == [], good)
        self.assertTrue(judge.output([asked, self.b], {"wan": [self.a1.raw(), self.b.raw(), self.b.raw()]}))

    def test_drops(self):
        for expected, actual, good in (
                ({}, {}, True), ({}, {"ttl": 1}, False), ({"ttl": 1}, {}, False), ({"ttl": 1}, {"ttl": 2}, False),
                ({("a", "b"): 3}, {"a": 1, "b": 2}, True), ({("a", "b"): 3}, {"a": 4}, False),
                ({"a": 2, ("a", "b"): 2}, {"a": 3, "b": 1}, True), ({"a": 2, ("a", "b"): 2}, {"a": 1, "b": 3}, False)):
            self.assertEqual(judge.drops(expected, actual) == [], good, (expected, actual))

    def test_stats(self):
        actual = {"TCP 192.0.2.1:80": (1, 2, 3, 4, 5), "TCP 192.0.2.1:80 -> 10.0.0.11:80": (1, 2, 3, 4, 5, 1, 0)}
        self.assertEqual(judge.stats(actual, actual), [])
        self.assertEqual(len(judge.stats({}, actual)), 11)
        self.assertTrue(judge.stats({**actual, "UDP 192.0.2.1:80": (0, 0, 0, 0, 0)}, actual))
        self.assertTrue(judge.stats({**actual, "TCP 192.0.2.1:80": (1, 2, 3, 4, 6)}, actual))

    def test_connections_and_expiries(self):
        conn = Connection("TCP", "CLOSE", "1.2.3.4:5", "192.0.2.1:80", "10.0.0.11:80", 9.5, 0)
        row = "TCP CLOSE  1.2.3.4:5 192.0.2.1:80 10.0.0.11:80"
        self.assertEqual(judge.connections([row], [conn]), [])
        self.assertTrue(judge.connections([], [conn]))
        self.assertTrue(judge.connections([row, row], [conn]))
        self.assertEqual(judge.expiries({"CLOSE": 10}, [conn]), [])
        self.assertTrue(judge.expiries({"CLOSE": 60}, [conn]))
        self.assertTrue(judge.expiries({}, [conn]))

    def test_balances(self):
        one = Balance("worker 0", True, 5, 1, 2, 3, 1, 1, 2, 1)
        two = Balance("worker 1", True, 0, 2, 0, 1, 0, 0, 1, 0)
        control = Balance("control core", False, 1, 0, 2, 2, 0, 1, 0, 0)
        self.assertEqual(one.fault(), "")
        self.assertIn("8 packets came, 9 went", one._replace(tx=4).fault())
        self.assertEqual(judge.balances(5, [one, two, control]), [])
        for received, rows in ((6, [one, two, control]), (5, [one, two._replace(tx=2), control]),
                               (5, [one, two._replace(handed_in=1, tx=0), control]),
                               (5, [one, two, control._replace(rx=2, punts=2)]),
                               (5, [one, two, control._replace(generated=3, tx=3)])):
            self.assertEqual(len(judge.balances(received, rows)), 1, rows)
        answering = [one._replace(generated=4, tx=5, answered=2, answers_limited=7), two, control]
        self.assertEqual(judge.balances(5, answering), [])
        self.assertEqual(judge.balances(5, answering[:0] + [one._replace(generated=4, tx=5), two, control], 2), [])
        self.assertTrue(judge.balances(5, [one._replace(generated=4, tx=5), two, control]))
        self.assertEqual(judge.answers((2, 7), answering), [])
        self.assertTrue(judge.answers((2, 6), answering))

    def test_frames_that_may_come_unasked(self):
        spoken = announcement(VIP4)
        came = {"wan": [self.a1.raw(), spoken.frame.raw()], "lan": [spoken.frame.raw()]}
        self.assertEqual(judge.without([spoken], [], came), {"wan": [self.a1.raw()], "lan": came["lan"]})
        self.assertEqual(judge.without([spoken], [announcement(VIP4)], came), came)
        self.assertEqual(judge.without([announcement(VIP6)], [], came), came)
        self.assertEqual(len(announcements(two_arm() + service("UDP", VIP6, 53, "DR", []))), 6)

    def test_letters(self):
        rows = sequence.connections("B A", 1)
        self.assertEqual([left.data.dst for _sent, left in rows], [SERVER_MAC[2], SERVER_MAC[1]])


class Files(unittest.TestCase):
    def test_pcap_round_trip_and_cut(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "x.pcap")
            pcap.write(path, [b"one", b"", b"x" * 9000])
            self.assertEqual(pcap.read(path), [b"one", b"", b"x" * 9000])
            with open(path, "rb+") as file:
                file.truncate(50)
            with self.assertRaises(ValueError):
                pcap.read(path)

    def test_every_family_is_registered(self):
        families = {folder.split("-")[0] for folder, _variant in names(os.path.join(HERE, "cases"))}
        with open(os.path.join(HERE, "meson.build"), encoding="ascii") as file:
            text = file.read()
        registered = re.findall(r"'(\w+)'", " ".join(re.findall(r"families = \[(.*?)\]", text, re.DOTALL)))
        self.assertEqual(sorted(registered), sorted(families))


if __name__ == "__main__":
    unittest.main()
