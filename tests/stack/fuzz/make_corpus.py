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
