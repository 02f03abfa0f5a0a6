#!/usr/bin/env python3
"""Writes seeds for connection_fuzz: short lives of a connection, in records. make_connection_corpus.py DIRECTORY"""

import itertools
import pathlib
import struct
import sys

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = 1, 2, 4, 8, 16, 32, 64, 128
SEGMENT, POLITE, ICMP, TIME, CALL = 0, 2, 4, 5, 6
ACCEPTED, CALLED = 0, 1  # which connection
OPEN, ACKNOWLEDGE, TEXT, GOODBYE = 0, 1, 2, 3  # what a polite peer does
SEND, READ, SHUTDOWN, CLOSE, ABORT = 0, 3, 6, 7, 8
NEXT_DEADLINE = 128
ECT, CE = 2 << 4, 3 << 4  # of a segment's IP header
URGENT = 64  # with an urgent pointer; a send of urgent data


def record(op, flags=0, bases=0, mode=0, seq=0, ack=0, length=0, window=60000, stamp=0, extra=0):
    return struct.pack("<BBBBhhHHhH", op, flags, bases, mode, seq, ack, length, window, stamp, extra)


def polite(what, which, length=0):
    return record(POLITE, what, 0x10, which, length=length, stamp=2)


def call(what, which, length=0):
    return record(CALL, what, mode=which, length=length)


def time(step=NEXT_DEADLINE):
    return record(TIME, step)


def opened(which):
    begin = [call(0, CALLED)] if which == CALLED else []
    return begin + [polite(OPEN, which), polite(ACKNOWLEDGE, which)]


def lives(which):
    yield opened(which) + [polite(TEXT, which, 900), call(READ, which, 5000), call(SEND, which, 4000),
                           polite(ACKNOWLEDGE, which), polite(GOODBYE, which), call(READ, which, 1),
                           call(CLOSE, which), polite(ACKNOWLEDGE, which), time(6)]
    yield opened(which) + [call(SEND, which, 15000), time(), time(), polite(ACKNOWLEDGE, which), call(CLOSE, which),
                           polite(ACKNOWLEDGE, which), polite(GOODBYE, which), time()]
    # Out of order, with what was missing after it; then duplicates.
    gap = [record(SEGMENT, ACK, 0x10, which, seq=s, length=1000) for s in (1000, 3000, 2000, 0, 0, -1000)]
    yield opened(which) + gap + [call(READ, which, 60000), call(ABORT, which)]
    # SACKed segments, a closed window, a probe.
    yield opened(which) + [call(SEND, which, 10000), record(SEGMENT, ACK, 0x44, which, stamp=1448, extra=2896),
                           record(SEGMENT, ACK, 0x54, which, stamp=1448, extra=1448), polite(ACKNOWLEDGE, which),
                           record(SEGMENT, ACK, 0x10, which, window=0), call(SEND, which, 3000), time(), time(),
                           polite(ACKNOWLEDGE, which), call(SHUTDOWN, which, 1), polite(ACKNOWLEDGE, which)]
    # ICMP: a smaller path, unreachable; a reset beside the window and in it; a SYN in the middle.
    yield opened(which) + [call(SEND, which, 9000), record(ICMP, 4, 0, which, window=700),
                           record(ICMP, 1, 0, which), record(ICMP, 0, 1, which, window=1300),
                           record(SEGMENT, RST, 0, which, seq=5), record(SEGMENT, SYN, 0x10, which, seq=9),
                           record(SEGMENT, RST, 0, which)]


    # ECN: agreed on, an echo, CWR, a segment marked on its way; the echo repeated, and a timeout under it.
    agreed = record(SEGMENT, SYN | ACK | ECE if which == CALLED else SYN | ECE | CWR, 0x11, which, stamp=2)
    yield ([call(0, CALLED)] if which == CALLED else []) + [
        agreed, polite(ACKNOWLEDGE, which), call(SEND, which, 19000), record(SEGMENT, ACK | ECE, 0x14, which),
        record(SEGMENT, ACK | ECE, 0x10, which), call(SEND, which, 9000),
        record(SEGMENT, ACK, 0x10, which | CE, length=500), record(SEGMENT, ACK, 0x10, which | ECT, length=500),
        record(SEGMENT, ACK | CWR, 0x10, which | ECT, length=500), call(READ, which, 5000), time(), time(),
        record(SEGMENT, ACK | ECE, 0x10, which), call(SEND, which, 3000), polite(ACKNOWLEDGE, which)]
    # Urgent data, both ways; a pointer beyond what has come, and one into a closed window.
    yield opened(which) + [
        call(SEND, which | URGENT, 100), call(SEND, which, 3000), polite(ACKNOWLEDGE, which),
        record(SEGMENT, ACK | URG, 0x10, which | URGENT, length=200, extra=100), call(READ, which, 50),
        record(SEGMENT, ACK | URG, 0x10, which | URGENT, length=10, extra=5000), call(READ, which, 5000),
        record(SEGMENT, ACK, 0x10, which, window=0), call(SEND, which | URGENT, 10), time(),
        polite(ACKNOWLEDGE, which)]


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    setups = [record(0, flags=f, bases=b, mode=m, window=w, extra=w) for f, b, m, w in
              ((0, 0x0F, 0, 1), (1, 0x05, 32, 0xFFFF), (0x82, 0x0F, 2, 0x7FFF), (0x18, 0x00, 33, 0xFFFF), (0x24, 0x0A, 16, 7),
               (0x04, 0x1F, 2, 0x7FFF))]
    for number, (setup, which) in enumerate(itertools.product(setups, (ACCEPTED, CALLED))):
        for kind, life in enumerate(lives(which)):
            (folder / f"life_{number}_{kind}").write_bytes(setup + b"".join(life))


if __name__ == "__main__":
    main()
