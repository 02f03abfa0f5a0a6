#!/usr/bin/env python3
"""Groups and broadcasts between the stack and the kernel on a TUN device: both directions, both versions of IP, and the
reports that routers would hear, which tshark takes for well-formed.

    multicast_test.py FOLDER SCALE
"""

import errno
import ipaddress
import os
import socket
import struct
import subprocess

import puppet
from kernel_view import ICMPV6, UDP, Watch
from namespaces import HERE, PATIENCE
from puppet import DEVICE, FAMILY, KERNEL, STACK, Puppet, TunTest, at

GROUP = {4: "239.255.77.7", 6: "ff15::77:7"}
SOURCE_GROUP = {4: "232.1.77.7", 6: "ff35::77:7"}
IGMP, HOP_BY_HOP = 2, 0
ROUTERS = {4: "224.0.0.22", 6: "ff02::16"}
IS_EXCLUDE, TO_INCLUDE, TO_EXCLUDE, ALLOW = 2, 3, 4, 5
MCAST_JOIN_GROUP, MCAST_JOIN_SOURCE_GROUP = 42, 46  # RFC 3678, <linux/in.h>
ROUTER = "fe80::99"  # who asks: nobody has that address


def packed(address):
    return ipaddress.ip_address(address).packed


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def sockaddr(version, address):
    """As struct sockaddr_storage."""
    if version == 4:
        raw = struct.pack("=HH4s", socket.AF_INET, 0, packed(address))
    else:
        raw = struct.pack("=HHI16sI", socket.AF_INET6, 0, 0, packed(address), 0)
    return raw.ljust(128, b"\0")


def kernel_socket(version):
    s = socket.socket(FAMILY[version], socket.SOCK_DGRAM)
    s.settimeout(PATIENCE)
    index = socket.if_nametoindex(DEVICE)
    if version == 4:
        s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("=4s4si", bytes(4), bytes(4), index))
    else:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
    return s


def kernel_member(version, group):
    s = kernel_socket(version)
    s.bind(("", 0))
    level = socket.IPPROTO_IP if version == 4 else socket.IPPROTO_IPV6
    s.setsockopt(level, MCAST_JOIN_GROUP,
                 struct.pack("=Ixxxx", socket.if_nametoindex(DEVICE)) + sockaddr(version, group))
    return s


def query(version, group=None):
    """A router's, as a packet; without a group it is about all of them."""
    if version == 4:
        body = struct.pack("!BBH4sBBH", 0x11, 5, 0, packed(group or "0.0.0.0"), 2, 125, 0)
        body = body[:2] + struct.pack("!H", checksum(body)) + body[4:]
        to = packed(group or "224.0.0.1")
        head = struct.pack("!BBHHHBBH4s4s", 0x46, 0xc0, 24 + len(body), 0, 0, 1, IGMP, 0, packed(KERNEL[4]), to)
        head += bytes([0x94, 4, 0, 0])
        return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + body
    to = packed(group or "ff02::1")
    body = struct.pack("!BBHHH16sBBH", 130, 0, 0, 500, 0, packed(group or "::"), 2, 125, 0)
    pseudo = packed(ROUTER) + to + struct.pack("!II", len(body), ICMPV6)
    body = body[:2] + struct.pack("!H", checksum(pseudo + body)) + body[4:]
    options = bytes([ICMPV6, 0, 5, 2, 0, 0, 1, 0])
    return struct.pack("!IHBB16s16s", 6 << 28, 8 + len(body), HOP_BY_HOP, 1, packed(ROUTER), to) + options + body


def reports(watch, version):
    """What the stack has told: (kind, group, sources) of each record, in order."""
    records = []
    for p in list(watch.packets):
        if p.version != version or p.destination != ROUTERS[version] or p.source in KERNEL.values():
            continue
        if version == 6 and p.source != "::":
            continue  # the kernel's have its link-local address
        size = 4 if version == 4 else 16
        body = p.body if version == 4 else p.body[8:]
        count, raw = struct.unpack_from("!H", body, 6)[0], body[8:]
        for _ in range(count):
            kind, _, sources = struct.unpack_from("!BBH", raw)
            names = [str(ipaddress.ip_address(raw[4 + i * size:4 + (i + 1) * size])) for i in range(sources + 1)]
            records.append((kind, names[0], names[1:]))
            raw = raw[4 + (sources + 1) * size:]
        assert not raw
    return records


class Multicast(TunTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if "224.0.0.0/4" not in HERE.run("ip", "route", "show"):
            HERE.run("ip", "route", "add", "224.0.0.0/4", "dev", DEVICE)

    def both(self):
        for version in (4, 6):
            with self.subTest(f"IPv{version}"):
                yield version

    def bound(self, ours, name, version):
        """The port of a new socket of the stack's."""
        return int(ours.call("udp", name, at("0.0.0.0" if version == 4 else "::", 0)).rsplit(":", 1)[1])

    def test_from_the_kernel_to_a_member(self):
        for version in self.both():
            with Puppet() as ours, kernel_socket(version) as sender:
                port = self.bound(ours, "m", version)
                sender.sendto(b"early", (GROUP[version], port))
                ours.call("join", "m", GROUP[version])
                sender.sendto(b"hello!", (GROUP[version], port))
                self.assertEqual(ours.call("facts", "m"), f"6 {GROUP[version]} {DEVICE} 1")
                ours.call("leave", "m", GROUP[version])
                sender.sendto(b"late", (GROUP[version], port))
                sender.sendto(b"to you", (STACK[version], port))
                self.assertTrue(ours.call("facts", "m").startswith(f"6 {STACK[version]} "), "nothing else came before")

    def test_from_the_stack_to_a_member(self):
        for version in self.both():
            with Puppet() as ours, kernel_member(version, GROUP[version]) as member:
                self.bound(ours, "s", version)
                ours.call("send_to", "s", at(GROUP[version], member.getsockname()[1]), 7)
                data, sender = member.recvfrom(100)
                self.assertEqual((data, sender[0]), (b"d" * 7, STACK[version]))

    def test_a_member_for_one_source(self):
        for version in self.both():
            with Puppet() as ours, kernel_socket(version) as sender:
                port = self.bound(ours, "m", version)
                ours.call("join", "m", SOURCE_GROUP[version], "192.0.2.7" if version == 4 else "2001:db8::7")
                sender.bind((KERNEL[version], 0))
                sender.sendto(b"no", (SOURCE_GROUP[version], port))
                ours.call("join", "m", SOURCE_GROUP[version], KERNEL[version])
                sender.sendto(b"yes", (SOURCE_GROUP[version], port))
                self.assertTrue(ours.call("facts", "m").startswith(f"3 {SOURCE_GROUP[version]} "))

    def test_broadcasts(self):
        with Puppet() as ours, kernel_socket(4) as kernel:
            kernel.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            kernel.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, DEVICE.encode())
            kernel.bind(("0.0.0.0", 0))
            port = self.bound(ours, "s", 4)
            for to in ("10.99.0.255", "255.255.255.255"):
                kernel.sendto(b"all!", (to, port))
                self.assertTrue(ours.call("facts", "s").startswith(f"4 {to} "))
                there = at(to, kernel.getsockname()[1])
                ours.call("set", "s", "broadcast", 0)
                self.assertFails(errno.EACCES, ours.call, "send_to", "s", there, 5)
                ours.call("set", "s", "broadcast", 1)
                ours.call("send_to", "s", there, 5)
                # Its own copy of what it has sent goes to another port.
                self.assertEqual(kernel.recvfrom(100), (b"ddddd", (STACK[4], port)))

    def test_no_error_answers_a_group(self):
        for version in self.both():
            with Puppet() as ours, kernel_socket(version) as sender, Watch(DEVICE) as watch:
                self.bound(ours, "m", version)
                ours.call("join", "m", GROUP[version])
                sender.sendto(b"nobody has that port", (GROUP[version], 9))
                sender.sendto(b"nor that one", (STACK[version], 9))
                errors = {4: 1, 6: ICMPV6}[version]
                self.wait_until(lambda: [p for p in watch.of(STACK[version], errors) if p.destination == KERNEL[version]])
                self.assertEqual(len([p for p in watch.of(STACK[version], errors)]), 1, "for the second alone")

    def test_reports_and_answers(self):
        for version in self.both():
            path = os.path.join(self.folder, f"reports{version}.pcapng")
            with Puppet(network=f"{puppet.NETWORK},capture={path}") as ours, Watch(DEVICE) as watch:
                self.bound(ours, "m", version)
                ours.call("join", "m", GROUP[version])
                self.wait_until(lambda: reports(watch, version) == [(TO_EXCLUDE, GROUP[version], [])] * 2)
                for about in (None, GROUP[version]):
                    told = len(reports(watch, version))
                    self.send(query(version, about), version)
                    self.wait_until(lambda: reports(watch, version)[told:] == [(IS_EXCLUDE, GROUP[version], [])])
                told = len(reports(watch, version))
                ours.call("leave", "m", GROUP[version])
                self.wait_until(lambda: reports(watch, version)[told:] == [(TO_INCLUDE, GROUP[version], [])] * 2)
                told = len(reports(watch, version))
                ours.call("join", "m", SOURCE_GROUP[version], KERNEL[version])
                wanted = (ALLOW, SOURCE_GROUP[version], [KERNEL[version]])
                self.wait_until(lambda: reports(watch, version)[told:] == [wanted] * 2)
            self.assert_well_formed(path, version)

    @staticmethod
    def send(packet, version):
        kind = {4: 0x0800, 6: 0x86dd}[version]
        with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(kind)) as raw:
            raw.sendto(packet, (DEVICE, kind))

    def assert_well_formed(self, path, version):
        self.need("tshark")
        protocol = {4: "igmp", 6: "icmpv6.type == 143"}[version]
        verify = ("-o", "ip.check_checksum:TRUE")
        said = subprocess.run(["tshark", "-n", "-r", path, *verify, "-Y", protocol, "-T", "fields", "-e",
                               "igmp.checksum.status", "-e", "icmpv6.checksum.status", "-e", "ip.checksum.status"],
                              capture_output=True, text=True, timeout=PATIENCE, check=True).stdout
        self.assertGreaterEqual(len(said.splitlines()), 6)
        self.assertNotIn("0", said.replace("\t", " ").split(), "0 is a bad checksum")
        wrong = subprocess.run(["tshark", "-n", "-r", path, *verify, "-Y",
                                f"({protocol}) && (_ws.malformed || _ws.expert.severity >= 6291456)"],
                               capture_output=True, text=True, timeout=PATIENCE, check=True).stdout
        self.assertEqual(wrong, "")


if __name__ == "__main__":
    puppet.main()
