#!/usr/bin/env python3
"""Fragments that overlap or never end, packets of hosts that cannot exist, floods: memory stays bounded, nobody who
does not exist gets an answer, and a live connection goes on whole.

    hostile_traffic_test.py FOLDER SCALE
"""

import hashlib
import os
import random
import socket

import puppet
from hostile import GROWTH_BOUND, MALFORMED_OPTIONS, SEED, HostileTest, ip, with_options
from kernel_view import ACK, SYN, Watch
from namespaces import PATIENCE
from puppet import DEVICE, KERNEL, MEGABYTE, STACK, at, kernel_connects, sha256_of
from scapy.all import ICMP, TCP, UDP, ICMPv6EchoRequest, IPv6ExtHdrFragment, Raw, raw


class Fragments(HostileTest):
    def pieces(self, version, identification, pieces, protocol=socket.IPPROTO_UDP):
        """(offset in bytes, data, whether more come) of one datagram."""
        for offset, data, more in pieces:
            if version == 4:
                yield ip(4, id=identification % 65_536, flags="MF" if more else 0, frag=offset // 8,
                         proto=protocol) / Raw(data)
            else:
                yield ip(6) / IPv6ExtHdrFragment(nh=protocol, id=identification, offset=offset // 8,
                                                 m=1 if more else 0) / Raw(data)

    def datagram(self, version, size):
        """UDP's header and data, with a right checksum."""
        whole = raw(ip(version) / UDP(sport=4000, dport=9000) / Raw(b"g" * size))
        return whole[20 if version == 4 else 40:]

    def test_that_overlap_kill_their_datagram(self):
        """RFC 5722, and no other: the next datagram of the same peer is whole."""
        chance = random.Random(SEED)
        for version in (4, 6):
            with kernel_connects(version) as (ours, connection), Watch(DEVICE) as watch:
                ours.call("udp", "u", at(STACK[version], 9000))
                receiving = ours.start("receive_from", "u")
                whole = self.datagram(version, 400)
                for identification in range(200):
                    cut = chance.randrange(8, 392, 8)
                    back = chance.randrange(8, cut + 8, 8)
                    evil = [(0, whole[:cut], True), (max(cut - back, 0), b"\xee" * (back + 8), True),
                            (cut, whole[cut:], False)]
                    chance.shuffle(evil)
                    if evil[2][1][:1] == b"\xee":  # too late: the datagram is whole already
                        evil.reverse()
                    for packet in self.pieces(version, identification, evil):
                        self.inject(packet)
                self.wait_until_taken(watch, version)
                self.assertTrue(receiving.is_under_way())
                for packet in self.pieces(version, 999, [(200, whole[200:], False), (0, whole[:200], True)]):
                    self.inject(packet)
                self.assertEqual(receiving.result(), f"400 {at(KERNEL[version], 4000)}")
                self.exchange(ours, connection)
                self.assert_nothing_left(ours, fragments=True)

    def test_that_are_tiny_or_never_end(self):
        for version in (4, 6):
            with kernel_connects(version) as (ours, connection), Watch(DEVICE) as watch:
                self.exchange(ours, connection)
                before = ours.memory()
                for identification in range(max(int(6000 * puppet.SCALE), 500)):  # the last of each never comes
                    self.inject(next(self.pieces(version, identification, [(0, bytes(1400), True)])))
                where = self.settle(watch, connection)
                segment = raw(where.segment("PA", 2**27, 0, b"evil" * 100))[20 if version == 4 else 40:]
                for identification in range(100):  # TCP's header in pieces of eight bytes (RFC 1858)
                    tiny = [(at_, segment[at_:at_ + 8], at_ + 8 < len(segment)) for at_ in range(0, len(segment), 8)]
                    for packet in self.pieces(version, 10_000 + identification, tiny, socket.IPPROTO_TCP):
                        self.inject(packet)
                for identification in range(100):  # beyond the end of what a datagram can be; of no length; not by eight
                    for bad in ([(65_528, bytes(64), False)], [(8, b"", True)], [(8, bytes(7), True)], [(0, b"", False)]):
                        for packet in self.pieces(version, 20_000 + identification, bad):
                            self.inject(packet)
                self.wait_until_taken(watch, version)
                self.exchange(ours, connection, "still-whole")
                self.assertLess(ours.memory() - before, GROWTH_BOUND)
                self.assert_nothing_left(ours, fragments=True)


IMPOSSIBLE = {
    4: ["0.0.0.0", "0.1.2.3", "224.0.0.1", "239.1.2.3", "255.255.255.255", "10.99.0.255", "127.0.0.1", STACK[4]],
    6: ["::", "ff02::1", "ff0e::1", "::1", "::ffff:192.0.2.1", STACK[6]],
}


class ImpossibleSources(HostileTest):
    """RFC 1122 section 3.2.1.3, RFC 9293 MUST-63, RFC 4443 section 2.4 (e.6): nobody there is answered."""

    def test_get_no_answer(self):
        for version in (4, 6):
            with kernel_connects(version) as (ours, connection), Watch(DEVICE) as watch:
                ours.call("udp", "u", at(STACK[version], 9000))
                receiving = ours.start("receive_from", "u")
                self.exchange(ours, connection)
                self.settle(watch, connection)
                echo = ICMP() if version == 4 else ICMPv6EchoRequest()
                for source in IMPOSSIBLE[version]:
                    for port in (7, 9):
                        for flags in ("S", "A", "R", "SA", "FPU"):
                            self.inject(ip(version, source) / TCP(sport=4000, dport=port, flags=flags))
                    for port in (9000, 9001):
                        self.inject(ip(version, source) / UDP(sport=4000, dport=port) / Raw(b"evil"))
                    self.inject(ip(version, source) / echo)
                    self.inject(ip(version, source, **({"proto": 99} if version == 4 else {"nh": 99})) / Raw(b"evil"))
                self.wait_until_taken(watch, version)
                answers = {p.destination for p in watch.packets if p.source == STACK[version]}
                # The injected ones that pretend to be the stack's own are among the packets watched.
                self.assertEqual(answers - {KERNEL[version], STACK[version]}, set())
                self.assertTrue(receiving.is_under_way(), "a datagram from nobody was delivered")
                self.exchange(ours, connection, "still-whole")
                self.assertEqual(ours.held()["connections"], 1)
                self.assert_nothing_left(ours)


class Floods(HostileTest):
    def test_more_handshakes_than_the_queue_holds(self):
        """SYN cookies (RFC 4987): who means it gets in all the same, and the others cost no memory."""
        with puppet.Puppet() as ours, Watch(DEVICE) as watch:
            ours.call("listen", "l", at(STACK[4], 7), 100)
            before = ours.memory()
            for i in range(3000):
                self.inject(ip(4, f"10.99.{1 + i // 250}.{1 + i % 250}") / TCP(sport=1000 + i, dport=7, seq=i, flags="S",
                                                                              options=[("MSS", 1460)]))
            self.wait_until_taken(watch)
            accepting = ours.start("accept", "l", "c")
            with socket.create_connection((STACK[4], 7), PATIENCE) as connection:
                accepting.result()
                self.exchange(ours, connection)
                data = os.urandom(MEGABYTE)
                receiving = ours.start("receive_file", "c", f"{self.folder}/received")
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
                receiving.result()
                self.assertEqual(sha256_of(f"{self.folder}/received"), hashlib.sha256(data).hexdigest())
            answered = sum(1 for p in watch.of(STACK[4]) if p.has(SYN | ACK))
            self.assertGreater(answered, 1000)  # far more than the queue of half-open connections holds
            self.assertLess(ours.memory() - before, GROWTH_BOUND)
            self.assert_nothing_left(ours)

    def test_a_stream_goes_on_under_fire(self):
        """Everything at once, by somebody who knows the addresses and ports and guesses the rest."""
        for version in (4, 6):
            with kernel_connects(version) as (ours, connection):
                before = ours.memory()
                port = connection.getsockname()[1]
                self.assert_streams_survive(ours, connection, self.volley(version, port))
                self.assertLess(ours.memory() - before, GROWTH_BOUND)
                self.assert_nothing_left(ours)

    def volley(self, version, port):
        chance = random.Random(SEED)
        volley = []
        for _ in range(400):
            segment = TCP(sport=port, dport=7, seq=chance.getrandbits(32), ack=chance.getrandbits(32),
                          flags=chance.choice(["R", "RA", "S", "SA", "PA", "FA", "A", "FPU"]),
                          window=chance.getrandbits(16))
            packet = ip(version) / segment / Raw(b"evil" * chance.randrange(10))
            volley.append(with_options(packet, chance.choice(MALFORMED_OPTIONS)) if chance.random() < 0.3 else raw(packet))
            volley.append(raw(ip(version) / UDP(sport=port, dport=chance.getrandbits(16)) / Raw(b"evil")))
        return volley


if __name__ == "__main__":
    puppet.main()
