#!/usr/bin/env python3
"""Chains of IPv6 extension headers, right, odd and wrong: each is obeyed, passed over, dropped in silence or answered with
the ICMPv6 parameter problem that RFC 8200 demands, and a live connection goes on whole.

    hostile_extension_headers_test.py FOLDER SCALE
"""

from dataclasses import dataclass
from typing import Callable

import hostile
import puppet
from hostile import GROWTH_BOUND, HostileTest
from kernel_view import ICMPV6, Watch
from puppet import DEVICE, KERNEL, STACK, at, kernel_connects
from scapy.all import (TCP, UDP, HBHOptUnknown, ICMPv6DestUnreach, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment,
                       IPv6ExtHdrHopByHop, IPv6ExtHdrRouting, PadN, Raw, RouterAlert, raw)

TAKEN, SILENCE = "taken", "silence"  # or: the code and the pointer of the parameter problem
MALFORMED_FIELD, NEXT_HEADER, OPTION, INCOMPLETE_CHAIN = range(4)  # RFC 4443 section 3.4, RFC 7112
HEADER = 40  # where what follows IPv6's own header begins
PASS_OVER, DISCARD, REPORT, REPORT_UNICAST = 0x1e, 0x5e, 0x9e, 0xde  # RFC 8200 section 4.2: the two high bits say it
LONGEST_QUOTE = 1280 - 40 - 8


def option(kind, data=b"evil"):
    return HBHOptUnknown(otype=kind, optlen=len(data), optdata=data)


def by_hop(*options, **fields):
    return IPv6ExtHdrHopByHop(options=list(options), **fields)


def to_end(*options, **fields):
    return IPv6ExtHdrDestOpt(options=list(options), **fields)


def route(kind, segments_left, **fields):
    return IPv6ExtHdrRouting(type=kind, segleft=segments_left, addresses=["fd99::7", "fd99::8"], **fields)


def fragment(**fields):
    return IPv6ExtHdrFragment(id=fields.pop("id", 7), **fields)


@dataclass
class Case:
    name: str
    answer: object
    """From the upper layer's header and data to the packets."""
    make: Callable


def chain(name, answer, *headers, **fields):
    def make(upper):
        packet = hostile.ip(6, **fields)
        for header in headers:
            packet = packet / header.copy()
        return [packet / upper]

    return Case(name, answer, make)


def by_eights(upper):
    """As all fragments but the last have to be."""
    return upper / Raw(bytes(-len(raw(upper)) % 8))


def in_fragments(name, answer, *headers):
    """What follows the fragment header, in pieces; the first comes last."""
    def make(upper):
        whole = by_eights(upper) if answer == SILENCE else upper
        for header in reversed(headers):
            whole = header.copy() / whole
        first = raw(hostile.ip(6) / whole)[6]
        body = raw(hostile.ip(6) / whole)[HEADER:]  # with checksums that are right
        ends = [0, 24, 40, len(body)]
        pieces = [hostile.ip(6) / fragment(nh=first, offset=begin // 8, m=int(end < len(body))) / Raw(body[begin:end])
                  for begin, end in zip(ends, ends[1:])]
        return pieces[::-1]

    return Case(name, answer, make)


def as_it_is(name, answer, next_header, body, **fields):
    """Without an upper layer's header."""
    return Case(name, answer, lambda upper: [hostile.ip(6, nh=next_header, **fields) / Raw(body)])


def of_every_action():
    for kind, answer in ((PASS_OVER, TAKEN), (DISCARD, SILENCE), (REPORT, (OPTION, 42)), (REPORT_UNICAST, (OPTION, 42))):
        for make in (by_hop, to_end):
            yield chain(f"option {kind:#x}, {make.__name__}", answer, make(option(kind)))
    yield chain("the second option", (OPTION, 48), to_end(option(PASS_OVER), option(REPORT)))
    yield chain("in the second header", (OPTION, 50), by_hop(PadN(optdata=bytes(4))), to_end(option(REPORT)))
    yield chain("a jumbo payload, which is not spoken here", (OPTION, 42), by_hop(option(0xc2)))
    yield chain("to a group, an option that is reported", (OPTION, 42), to_end(option(REPORT)), dst="ff02::1")
    yield chain("to a group, an option that is not then", SILENCE, to_end(option(REPORT_UNICAST)), dst="ff02::1")
    yield Case("about an error nobody hears", SILENCE, lambda _: [
        hostile.ip(6) / to_end(option(REPORT)) / ICMPv6DestUnreach() / hostile.ip(6)])
    yield as_it_is("an option beyond its header", (MALFORMED_FIELD, 42), 60, b"\x11\0\x1e\x05\0\0\0\0" + bytes(16))
    yield as_it_is("an option without a length", (MALFORMED_FIELD, 47), 60, b"\x11\0\x1e\x03\0\0\0\x1e" + bytes(16))


def of_every_order():
    yield chain("all of them", TAKEN, by_hop(RouterAlert()), to_end(PadN(optdata=b"")), route(0, 0), to_end())
    yield chain("hop-by-hop twice", (NEXT_HEADER, 40), by_hop(), by_hop())
    yield chain("hop-by-hop later", (NEXT_HEADER, 48), to_end(), to_end(), by_hop())
    yield chain("fifteen", TAKEN, *[to_end() for _ in range(15)])
    yield chain("a hundred and fifty", SILENCE, *[to_end() for _ in range(150)])
    yield chain("large ones", TAKEN, *[to_end(option(PASS_OVER, bytes(250))) for _ in range(4)])
    yield as_it_is("one that is longer than the packet", SILENCE, 60, b"\x11\xff\x1e\x04" + bytes(28))
    yield as_it_is("nothing of one", SILENCE, 60, b"")
    yield as_it_is("one byte of one", SILENCE, 0, b"\x11")
    yield as_it_is("no next header", SILENCE, 59, b"what follows is passed over")


def of_routes():
    for kind in (0, 2, 3, 4, 253):
        yield chain(f"type {kind}, gone all the way", TAKEN, route(kind, 0))
        for left in (1, 2, 255):
            yield chain(f"type {kind}, {left} segments left", (MALFORMED_FIELD, 42), route(kind, left))
    yield chain("behind another header", (MALFORMED_FIELD, 50), to_end(), route(0, 1))


def of_unknown_headers():
    for number in (50, 51, 135, 139, 140, 200, 253, 255):  # ESP, AH, mobility, HIP, shim6, and what has no name
        yield as_it_is(f"header {number}", (NEXT_HEADER, 6), number, bytes(24))
    yield chain("behind options", (NEXT_HEADER, 48), by_hop(), to_end(nh=200))
    yield as_it_is("to a group", SILENCE, 200, bytes(24), dst="ff02::1")


def of_fragments():
    yield chain("an atomic one", TAKEN, fragment())
    yield chain("an atomic one amid others", TAKEN, by_hop(), to_end(), fragment(), to_end())
    yield in_fragments("options within", TAKEN, to_end())
    yield in_fragments("a reported option within", (OPTION, 42), to_end(option(REPORT)))
    yield in_fragments("an atomic one within", TAKEN, fragment(id=8))
    yield in_fragments("one that is none within", SILENCE, fragment(id=8, m=1))
    yield in_fragments("one of those within one", SILENCE, fragment(id=8, offset=5), fragment(id=9, m=1))
    yield Case("one of one of one", SILENCE, lambda upper: [
        hostile.ip(6) / fragment(id=10, m=1) / fragment(id=11, m=1) / fragment(id=12, m=1) / by_eights(upper)])
    yield as_it_is("a first one without all headers", (INCOMPLETE_CHAIN, 0), 44, raw(fragment(nh=60, m=1)) + raw(to_end(nh=17)))
    yield as_it_is("a first one with half of TCP's", (INCOMPLETE_CHAIN, 0), 44, raw(fragment(nh=6, m=1)) + bytes(16))
    yield as_it_is("one of seven bytes", (MALFORMED_FIELD, 4), 44, raw(fragment(nh=17, m=1)) + bytes(15))
    yield as_it_is("one beyond what a packet can be", (MALFORMED_FIELD, 42), 44, raw(fragment(nh=17, offset=8191)) + bytes(16))
    yield as_it_is("one of nothing", SILENCE, 44, raw(fragment(nh=17, m=1)))
    yield as_it_is("half a fragment header", SILENCE, 44, raw(fragment(nh=17, m=1))[:4])


CASES = {"options": of_every_action, "order": of_every_order, "routes": of_routes, "unknown": of_unknown_headers,
         "fragments": of_fragments}


class ExtensionHeaders(HostileTest):
    def check(self, name):
        """One datagram behind each; its size tells it from all others."""
        with kernel_connects(6) as (ours, connection), Watch(DEVICE) as watch:
            ours.call("udp", "u", at("::", 9000))
            receiving = ours.start("receive_from", "u")
            self.exchange(ours, connection)
            for size, case in enumerate(CASES[name](), 100):
                with self.subTest(case.name):
                    packets = [raw(p) for p in case.make(UDP(sport=4000, dport=9000) / Raw(b"x" * size))]
                    before = len(watch.packets)
                    for packet in packets:
                        self.inject(packet, 6)
                    if case.answer == TAKEN:
                        self.assertEqual(receiving.result(), f"{size} {at(KERNEL[6], 4000)}")
                        receiving = ours.start("receive_from", "u")
                    self.wait_until_taken(watch, 6)
                    said = [p.body for p in watch.packets[before:] if p.source == STACK[6] and p.protocol == ICMPV6
                            and p.body[0] < 128]
                    if case.answer in (TAKEN, SILENCE):
                        self.assertEqual(said, [])
                    else:
                        self.assertEqual([(body[0], body[1], int.from_bytes(body[4:8], "big")) for body in said],
                                         [(4, *case.answer)])
                        if len(packets) == 1:
                            self.assertEqual(said[0][8:], packets[0][:LONGEST_QUOTE])
                    self.exchange(ours, connection, "still-whole")
            self.assertTrue(receiving.is_under_way(), "what was refused was delivered")
            self.assert_nothing_left(ours, fragments=True)

    def test_options_are_treated_as_their_type_says(self):
        self.check("options")

    def test_order_and_number(self):
        self.check("order")

    def test_routes_are_not_taken(self):
        self.check("routes")

    def test_unknown_headers_are_reported(self):
        self.check("unknown")

    def test_fragments(self):
        self.check("fragments")

    def test_data_of_a_connection_behind_what_is_refused(self):
        """It would be acceptable. Whoever took it would hear the attacker."""
        with kernel_connects(6) as (ours, connection), Watch(DEVICE) as watch:
            self.exchange(ours, connection)
            where = self.settle(watch, connection)
            segment = where.segment("PA", data=b"evil")[TCP]
            for case in (case for cases in CASES.values() for case in cases()):
                if case.answer != TAKEN:
                    for packet in case.make(segment.copy()):
                        self.inject(raw(packet), 6)
            self.wait_until_taken(watch, 6)
            self.exchange(ours, connection, "still-whole")
            self.assert_nothing_left(ours, fragments=True)

    def test_a_stream_goes_on_under_fire(self):
        with kernel_connects(6) as (ours, connection):
            before = ours.memory()
            port = connection.getsockname()[1]
            uppers = (UDP(sport=4000, dport=9000) / Raw(b"evil"),
                      TCP(sport=port, dport=7, seq=1, flags="R"), TCP(sport=port, dport=7, seq=2**31, flags="PA") / Raw(b"evil"))
            volley = [raw(packet) for cases in CASES.values() for case in cases() for upper in uppers
                      for packet in case.make(upper.copy())]
            self.assert_streams_survive(ours, connection, volley)
            self.assertLess(ours.memory() - before, GROWTH_BOUND)
            self.assert_nothing_left(ours, fragments=True)


if __name__ == "__main__":
    puppet.main()
