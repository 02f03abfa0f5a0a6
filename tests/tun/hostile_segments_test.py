#!/usr/bin/env python3
"""Segments forged by somebody who knows a connection's numbers, and packets that are none, at a host with a live
connection: it goes on whole, and the program neither ends nor grows.

    hostile_segments_test.py FOLDER SCALE
"""

import random

import puppet
from hostile import GROWTH_BOUND, MALFORMED_OPTIONS, SEED, HostileTest, ip, mended, mended_ip, with_options
from kernel_view import RST, TCP as TCP_NUMBER, Watch
from puppet import DEVICE, every_way
from scapy.all import TCP, raw


class InjectedSegments(HostileTest):
    """RFC 9293 section 3.10.7.4 and RFC 5961, by somebody who knows the connection's numbers nearly."""

    def check(self, ours, connection, make, answered=None):
        with Watch(DEVICE) as watch:
            self.exchange(ours, connection)
            where = self.settle(watch, connection)
            before = len(watch.packets)
            held = ours.held()
            for packet in make(where):
                self.inject(packet)
            self.wait_until_taken(watch, where.version)
            answers = [p for p in watch.packets[before:] if p.source == where.stack and p.protocol == TCP_NUMBER]
            for p in answers:
                self.assertFalse(p.has(RST), p)
            if answered is not None:
                self.assertEqual(len(answers) > 0, answered, answers)
            self.exchange(ours, connection, "still-whole")
            self.assertEqual({**ours.held(), "tcp_memory": 0}, {**held, "tcp_memory": 0})
            self.assert_nothing_left(ours)

    @every_way
    def test_reset_that_is_nearly_right_is_challenged(self, ours, connection):
        self.check(ours, connection, lambda w: [w.segment("R", 1), w.segment("RA", 1000)], answered=True)

    @every_way
    def test_reset_outside_of_the_window_is_ignored(self, ours, connection):
        self.check(ours, connection, lambda w: [w.segment("R", -1), w.segment("R", 2**30), w.segment("RA", 2**31)],
                   answered=False)

    @every_way
    def test_syn_is_challenged(self, ours, connection):
        self.check(ours, connection, lambda w: [w.segment("S"), w.segment("S", 1000), w.segment("SA"),
                                                w.segment("S", 2**30)], answered=True)

    @every_way
    def test_data_that_acknowledges_what_was_never_sent(self, ours, connection):
        self.check(ours, connection, lambda w: [w.segment("PA", 0, ahead, b"evil")
                                                for ahead in (1, 100_000, 2**30, 2**31 - 1)], answered=True)

    @every_way
    def test_data_that_acknowledges_what_is_long_past(self, ours, connection):
        self.check(ours, connection, lambda w: [w.segment("PA", 0, -2**30, b"evil")], answered=True)

    @every_way
    def test_data_outside_of_the_window(self, ours, connection):
        self.check(ours, connection, lambda w: [w.segment("PA", ahead, 0, b"evil") for ahead in
                                                (-4, -1000, 2**27, 2**30, -2**30)], answered=True)

    @every_way
    def test_data_without_the_timestamps_or_with_old_ones(self, ours, connection):
        def make(where):
            old = [("NOP", None), ("NOP", None), ("Timestamp", ((where.timestamps[0] - 2**30) % 2**32, 0))]
            return [where.segment("PA", 0, 0, b"evil", options=old), where.segment("FA", 0, 0, options=old)]
        self.check(ours, connection, make)

    @every_way
    def test_end_outside_of_the_window(self, ours, connection):
        self.check(ours, connection, lambda w: [w.segment("FA", ahead) for ahead in (-1, 2**27, 2**30)], answered=True)

    @every_way
    def test_odd_flags(self, ours, connection):
        self.check(ours, connection, lambda w: [w.segment(flags, 1000, stamped=stamped) for stamped in (True, False)
                                                for flags in (0, "P", "U", "FPU", "SFRPAUEC", "SF", "SRF", "EC")])

    @every_way
    def test_wild_windows(self, ours, connection):
        self.check(ours, connection, lambda w: [w.segment("A", window=window) for window in (0, 1, 65_535, 7, 0)])

    @every_way
    def test_urgent_pointers_to_nowhere(self, ours, connection):
        self.check(ours, connection, lambda w: [w.segment("AU", urgptr=65_535), w.segment("AU", urgptr=0),
                                                w.segment("AU", 2**27, urgptr=65_535)])

    @every_way
    def test_wrong_checksums(self, ours, connection):
        self.check(ours, connection, lambda w: [w.segment(flags, 0, 0, b"evil", chksum=chksum)
                                                for flags in ("PA", "RA", "FA", "S") for chksum in (0, 0xffff, 0x1234)],
                   answered=False)


class MalformedPackets(HostileTest):
    @every_way
    def test_options(self, ours, connection):
        with Watch(DEVICE) as watch:
            self.exchange(ours, connection)
            where = self.settle(watch, connection)
            for options in MALFORMED_OPTIONS:
                # Not at the very number expected next: what is true there, as a timestamp, is to be believed.
                self.inject(with_options(where.segment("A", 1000), options))
                self.inject(with_options(where.segment("PA", 2**27, 0, b"evil"), options))
                for port in (where.stack_port, 7, 9):
                    self.inject(with_options(ip(where.version) / TCP(sport=4000, dport=port, seq=1, flags="S"), options))
            self.wait_until_taken(watch, where.version)
            self.exchange(ours, connection, "still-whole")
            self.assert_nothing_left(ours)

    @every_way
    def test_lengths(self, ours, connection):
        with Watch(DEVICE) as watch:
            self.exchange(ours, connection)
            where = self.settle(watch, connection)
            whole = raw(where.segment("PA", 2**27, 0, b"evil" * 10))  # some of what follows is as it should be
            at_tcp = 20 if where.version == 4 else 40
            for n in range(1, len(whole)):  # cut short, the headers say more
                self.inject(whole[:n], where.version)
            for n in range(at_tcp, len(whole) - 40):  # cut short, IP's header agrees: TCP's is cut
                self.inject(mended_ip(whole[:n]), where.version)
            for offset in (*range(5), *range(24, 64, 4)):  # a data offset before or beyond the end
                bent = bytearray(whole[:at_tcp + 20])
                bent[at_tcp + 12] = (offset % 16) << 4
                if offset != 5:
                    self.inject(mended(bent))
            for first in range(256):  # versions and header lengths
                self.inject(bytes([first]) + whole[1:], where.version)
            self.wait_until_taken(watch, where.version)
            self.exchange(ours, connection, "still-whole")
            self.assert_nothing_left(ours)

    @every_way
    def test_mutations(self, ours, connection):
        """Up to four bytes of what would be acceptable, were it in the window, are others; checksums are right."""
        chance = random.Random(SEED)
        before = ours.memory()
        with Watch(DEVICE) as watch:
            self.exchange(ours, connection)
            where = self.settle(watch, connection)
            for _ in range(max(int(400 * puppet.SCALE), 100)):
                whole = bytearray(raw(where.segment(chance.choice(["A", "PA", "S", "SA"]), 2**27, 0, b"evil" * 4)))
                at_tcp = 20 if where.version == 4 else 40
                protected = range(at_tcp, at_tcp + 8)  # the ports, and the number that keeps it out of the window
                for _ in range(chance.randint(1, 4)):
                    position = chance.randrange(len(whole))
                    if position not in protected and position != at_tcp + 13:
                        whole[position] = chance.randrange(256)
                self.inject(bytes(whole), where.version)
                whole[:at_tcp] = raw(where.segment("A"))[:at_tcp]
                self.inject(mended(whole))
            self.wait_until_taken(watch, where.version)
            self.exchange(ours, connection, "still-whole")
        self.assertLess(ours.memory() - before, GROWTH_BOUND)
        self.assert_nothing_left(ours, fragments=True)


if __name__ == "__main__":
    puppet.main()
