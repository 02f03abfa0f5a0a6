#!/usr/bin/env python3
"""Writes seeds for ingress_fuzz: right packets of every kind, alone and in pairs. make_corpus.py DIRECTORY"""

import pathlib
import struct
import sys

V4 = bytes([192, 0, 2, 1, 192, 0, 2, 2])
V6 = bytes.fromhex("20010db8000000000000000000000001" "20010db8000000000000000000000002")


def ipv4(protocol, body, flags=0, ident=1):
    return struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(body), ident, flags, 64, protocol, 0) + V4 + body


def ipv6(following, body):
    return struct.pack(">IHBB", 6 << 28, len(body), following, 64) + V6 + body


def udp(data):
    return struct.pack(">HHHH", 5, 9, 8 + len(data), 0) + data


def tcp(port, flags, options=b"", data=b""):
    return struct.pack(">HHIIBBHHH", port, 80, 1, 1, (5 + len(options) // 4) << 4, flags, 1000, 0, 0) + options + data


OPTIONS = bytes([2, 4, 5, 0xB4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7])
QUOTE4 = ipv4(6, tcp(1000, 0x10))
PACKETS = [
    ipv4(17, udp(b"data")),
    ipv6(17, udp(b"data")),
    ipv4(6, tcp(1001, 2, OPTIONS)),
    ipv6(6, tcp(1001, 2, OPTIONS)),
    ipv4(6, tcp(1000, 0x10, b"", b"stream")),
    ipv4(6, tcp(1000, 4)),
    ipv4(6, tcp(1000, 0x11)),
    ipv4(1, struct.pack(">BBHI", 8, 0, 0, 7) + b"ping"),
    ipv6(58, struct.pack(">BBHI", 128, 0, 0, 7) + b"ping"),
    ipv4(1, struct.pack(">BBHI", 3, 4, 0, 1000) + QUOTE4),
    ipv4(1, struct.pack(">BBHI", 3, 3, 0, 0) + ipv4(17, udp(b""))),
    ipv6(58, struct.pack(">BBHI", 2, 0, 0, 1280) + ipv6(17, udp(b""))),
    ipv4(17, udp(b"12345678"), 0x2000),
    ipv4(17, b"tail", 2),
    ipv6(44, bytes([17, 0, 0, 1, 0, 0, 0, 1]) + udp(b"12345678")),
    ipv6(44, bytes([17, 0, 0, 16, 0, 0, 0, 1]) + b"tail"),
    ipv6(0, bytes([60, 0, 5, 2, 0, 0, 1, 0, 17, 0, 1, 4, 0, 0, 0, 0]) + udp(b"data")),
    ipv6(43, bytes([17, 0, 0, 1, 0, 0, 0, 0]) + udp(b"data")),
]


def summed(message, pseudo=b""):
    """With the checksum that belongs at octet 2."""
    total = sum(struct.unpack(f">{(len(pseudo) + len(message)) // 2}H", pseudo + message))
    total = (total & 0xFFFF) + (total >> 16)
    return message[:2] + struct.pack(">H", ~(total + (total >> 16)) & 0xFFFF) + message[4:]


def igmp_query(group, *sources):
    body = struct.pack(">BBH4sBBH", 0x11, 1, 0, bytes(group), 2, 125, len(sources)) + b"".join(map(bytes, sources))
    return struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(body), 1, 0, 1, 2, 0) + V4[:4] + bytes([224, 0, 0, 1]) + summed(body)


def mld_query(group):
    source, to = bytes.fromhex("fe80" + "00" * 13 + "09"), bytes.fromhex("ff02" + "00" * 13 + "01")
    body = struct.pack(">BBHHH16sBBH", 130, 0, 0, 100, 0, group, 2, 125, 0)
    body = summed(body, source + to + struct.pack(">II", len(body), 58))
    return struct.pack(">IHBB", 6 << 28, 8 + len(body), 0, 1) + source + to + bytes([58, 0, 5, 2, 0, 0, 1, 0]) + body


PACKETS += [
    igmp_query((0, 0, 0, 0)),
    igmp_query((239, 1, 2, 3), (192, 0, 2, 1)),
    mld_query(bytes(16)),
    mld_query(bytes.fromhex("ff15" + "00" * 13 + "0a")),
]


def record(packet, flags=3):
    return bytes([flags]) + struct.pack(">H", len(packet)) + packet


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for i, packet in enumerate(PACKETS):
        (folder / f"single_{i:02}").write_bytes(record(packet))
    (folder / "all").write_bytes(b"".join(record(p) for p in PACKETS))


if __name__ == "__main__":
    main()
