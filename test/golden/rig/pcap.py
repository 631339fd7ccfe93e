# SPDX-License-Identifier: BSD-3-Clause
"""pcap files, as much of them as net_pcap reads and writes: raw frames in order.

Plain functions without state; the timestamps of what is read are dropped, those of what is written are zero.
"""

import struct

SNAPLEN = 65535
_LINK_ETHERNET = 1
_MAGICS = {  # first four bytes as read -> byte order of the file
    b"\xd4\xc3\xb2\xa1": "<",
    b"\xa1\xb2\xc3\xd4": ">",
    b"\x4d\x3c\xb2\xa1": "<",  # the same with nanoseconds
    b"\xa1\xb2\x3c\x4d": ">",
}


def file_header():
    return struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, SNAPLEN, _LINK_ETHERNET)


def record(frame):
    return struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame


def write(path, frames):
    with open(path, "wb") as file:
        file.write(file_header())
        for frame in frames:
            file.write(record(frame))


def read(path):
    """The frames of a file that its writer may have left at any moment: a cut last record is an error."""
    with open(path, "rb") as file:
        data = file.read()
    if len(data) < 24:
        return []
    order = _MAGICS.get(data[:4])
    if order is None:
        raise ValueError(f"{path}: not a pcap file")
    frames, at = [], 24
    while at < len(data):
        if at + 16 > len(data):
            raise ValueError(f"{path}: cut in the record header at byte {at}")
        captured, length = struct.unpack_from(order + "II", data, at + 8)
        at += 16
        if captured != length or at + captured > len(data):
            raise ValueError(f"{path}: frame of {length} bytes has {captured} in the file")
        frames.append(data[at : at + captured])
        at += captured
    return frames
