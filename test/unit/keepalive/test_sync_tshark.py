#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Wireshark's dissector reads what connection sync sends: every message, and every entry of it.

The program that writes the messages is the only argument. What the dissector finds is compared with
what the messages' own bytes say, entry by entry, so that one read at the wrong place is seen.
"""
import ipaddress
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

WRITER = ""
PORT = 8848


def messages():
    data = subprocess.run([WRITER], capture_output=True, check=True).stdout
    while data:
        size = struct.unpack_from(">H", data)[0]
        yield data[2:2 + size]
        data = data[2 + size:]


def pcap_write(path, payloads):
    """Raw IPv4 packets to LVS's multicast group."""
    with open(path, "wb") as stream:
        stream.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101))
        for payload in payloads:
            udp = struct.pack(">HHHH", PORT, PORT, 8 + len(payload), 0) + payload
            ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 1, 17, 0, bytes([192, 0, 2, 1]),
                             bytes([224, 0, 0, 81]))
            stream.write(struct.pack("<IIII", 0, 0, len(ip + udp), len(ip + udp)) + ip + udp)


def entries(message):
    """(client, client's port, timeout) of each, by the protocol's description."""
    offset = 8
    for _ in range(message[4]):
        six = message[offset] & 1
        size = struct.unpack_from(">H", message, offset + 2)[0] & 0xfff
        address = message[offset + 24:offset + (40 if six else 28)]
        port, = struct.unpack_from(">H", message, offset + 10)
        timeout, = struct.unpack_from(">I", message, offset + 20)
        yield str(ipaddress.ip_address(address)), port, timeout
        offset += (size + 3) & ~3


@unittest.skipUnless(shutil.which("tshark"), "tshark is not installed")
class Dissector(unittest.TestCase):
    def test_messages(self):
        sent = list(messages())
        self.assertEqual(len(sent), 22)
        self.assertGreater(max(message[4] for message in sent), 200)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "sync.pcap")
            pcap_write(path, sent)
            fields = ["ipvs.conncount", "ipvs.size", "ipvs.caddr", "ipvs.caddr6", "ipvs.cport", "ipvs.timeout",
                      "_ws.malformed", "_ws.expert", "ipvs.version"]
            text = subprocess.run(["tshark", "-r", path, "-T", "json", *(word for f in fields for word in ("-e", f))],
                                  capture_output=True, text=True, check=True).stdout
        packets = [packet["_source"]["layers"] for packet in json.loads(text)]
        self.assertEqual(len(packets), len(sent))
        for number, (message, packet) in enumerate(zip(sent, packets)):
            with self.subTest(number):
                found = list(entries(message))
                self.assertNotIn("_ws.malformed", packet)
                self.assertNotIn("_ws.expert", packet)
                self.assertEqual(packet["ipvs.version"], ["1"])
                self.assertEqual(int(packet["ipvs.conncount"][0]), len(found))
                self.assertEqual(int(packet["ipvs.size"][0]), len(message))
                self.assertEqual(sorted(packet.get("ipvs.caddr", []) + packet.get("ipvs.caddr6", [])),
                                 sorted(client for client, _, _ in found))
                self.assertEqual([int(port) for port in packet.get("ipvs.cport", [])],
                                 [port for _, port, _ in found])
                self.assertEqual([int(timeout) for timeout in packet.get("ipvs.timeout", [])],
                                 [timeout for _, _, timeout in found])


if __name__ == "__main__":
    WRITER = sys.argv.pop(1)
    unittest.main()
