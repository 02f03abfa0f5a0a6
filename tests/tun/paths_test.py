#!/usr/bin/env python3
"""A path narrower than its ends' links, behind a router that says so; and datagrams that no packet holds.

    paths_test.py FOLDER SCALE
"""

import os
import socket
import threading

import puppet
from kernel_view import ICMP, ICMPV6, Watch, tcp_info
from link import LinkTest
from namespaces import HERE, PATIENCE
from puppet import DEVICE, FAMILY, MEGABYTE, STACK, Puppet, at, every_way, read_all, sha256_of
from router import RouterTest

NARROW = 1300
HEADERS = {4: 20 + 20 + 12, 6: 40 + 20 + 12}  # IP, TCP, timestamps


class NarrowPath(RouterTest):
    """The links on both sides of the router take 1500 bytes, its routes 1300."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for route, device in (("10.97.0.0/24", "router"), ("10.99.0.0/24", DEVICE)):
            HERE.run("ip", "route", "change", route, "dev", device, "mtu", "lock", str(NARROW))
        for route, device in (("fd97::/64", "router"), ("fd99::/64", DEVICE)):
            HERE.run("ip", "-6", "route", "delete", route, "dev", device)
            HERE.run("ip", "-6", "route", "add", route, "dev", device, "mtu", "lock", str(NARROW))

    def setUp(self):
        super().setUp()
        for ip in (["ip"], ["ip", "-6"]):  # the kernel would announce what it has learnt of the path
            self.far.run(*ip, "route", "flush", "cache")

    def refusals(self, watch, of):
        """Fragmentation needed (RFC 1191), or packet too big (RFC 8201)."""
        kinds = {ICMP: (3, 4), ICMPV6: (2, 0)}
        return [p for p in list(watch.packets)
                if p.destination == of and p.body[:2] == bytes(kinds.get(p.protocol, (255, 255)))]

    @every_way
    def test_the_stacks_segments_shrink(self, ours, connection):
        path = os.path.join(self.folder, "sent")
        with open(path, "wb") as file:
            file.write(os.urandom(int(4 * MEGABYTE * puppet.SCALE)))
        stack = connection.getpeername()[0]
        with Watch(DEVICE) as watch:
            sending = ours.start("send_file", "c", path)
            sender = threading.Thread(target=lambda: (sending.result(), ours.call("shutdown", "c", "send")))
            sender.start()
            with open(path, "rb") as file:
                self.assertEqual(read_all(connection), file.read())
            sender.join()
        version = 6 if ":" in stack else 4
        self.assertGreater(len(self.refusals(watch, stack)), 0)
        self.assertEqual(ours.info("c")["segment"], NARROW - HEADERS[version])

    @every_way
    def test_the_kernels_segments_shrink(self, ours, connection):
        back = os.path.join(self.folder, "received")
        data = os.urandom(int(4 * MEGABYTE * puppet.SCALE))
        receiving = ours.start("receive_file", "c", back)
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        self.assertEqual(receiving.result(), str(len(data)))
        self.assertEqual(tcp_info(connection).path_mtu, NARROW)
        with open(back, "rb") as file:
            self.assertEqual(file.read(), data)

    def test_datagrams_are_cut_once_the_path_is_known(self):
        """The first is lost with its refusal; the next ones come in fragments that fit."""
        for version in (4, 6):
            with self.far.entered():
                door = socket.socket(FAMILY[version], socket.SOCK_DGRAM)
            with door, Puppet() as ours, Watch(DEVICE) as watch:
                door.bind((self.addresses[version], 0))
                there = at(self.addresses[version], door.getsockname()[1])
                ours.call("udp", "u", at(STACK[version], 9000))
                ours.call("send_to", "u", there, 1400)
                self.wait_until(lambda: self.refusals(watch, STACK[version]))
                ours.call("send_to", "u", there, 1400)
                door.settimeout(PATIENCE)
                self.assertEqual(len(door.recv(70_000)), 1400)


class LargeDatagrams(LinkTest):
    """Fragments that overtake each other and come twice make the datagram all the same."""

    def test_over_a_link_that_reorders_and_duplicates(self):
        self.link("delay=1", "jitter=2", "duplicate=10")
        for version in (4, 6):
            with self.far.entered():
                door = socket.socket(FAMILY[version], socket.SOCK_DGRAM)
            with door, Puppet() as ours:
                door.settimeout(PATIENCE)
                door.connect((STACK[version], 9000))
                ours.call("udp", "u", at(STACK[version], 9000))
                there = at(self.addresses[version], door.getsockname()[1])
                for size in (2000, 9000, 60_000):
                    receiving = ours.start("receive_from", "u")
                    door.send(bytes(size))
                    self.assertEqual(receiving.result(), f"{size} {there}")
                    ours.call("send_to", "u", there, size)
                    self.assertEqual(door.recv(70_000), b"d" * size)


if __name__ == "__main__":
    puppet.main()
