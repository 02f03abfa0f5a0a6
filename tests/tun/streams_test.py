#!/usr/bin/env python3
"""Streams between the stack and the kernel arrive whole, whatever happens to their packets: equal SHA-256, both roles,
both versions of IP.

    streams_test.py FOLDER SCALE

The clean ones are of 100 MB each way. Where packets are lost a stream goes as fast as its congestion window and its
retransmission timeouts let it, so those are smaller: a few seconds each.
"""

import hashlib
import os
import socket
import subprocess
import threading

import puppet
from namespaces import HERE, PATIENCE, Namespace, rules, set_sysctl
from puppet import DEVICE, KERNEL, MEGABYTE, STACK, Puppet, TunTest, at, program, sha256_of

FAR = {4: "10.98.0.1", 6: "fd98::1"}  # the kernel behind the link module
FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}


def digest_of_all(connection):
    digest = hashlib.sha256()
    room = bytearray(MEGABYTE)
    while n := connection.recv_into(room):
        digest.update(memoryview(room)[:n])
    return digest.hexdigest()


class StreamTest(TunTest):
    """A stream each way, one after the other, over the same connection."""

    def file_of(self, megabytes):
        path = os.path.join(self.folder, "sent")
        size = max(int(megabytes * MEGABYTE * puppet.SCALE), 65_536)
        with open(path, "wb") as file:
            file.write(os.urandom(size))
        return path

    def exchange(self, ours, name, connection, path):
        """The puppet sends the file and half-closes; the kernel then does the same."""
        connection.settimeout(PATIENCE)
        want = sha256_of(path)
        sending = ours.start("send_file", name, path)
        sent = threading.Thread(target=lambda: (sending.result(), ours.call("shutdown", name, "send")))
        sent.start()
        self.assertEqual(digest_of_all(connection), want)
        sent.join()
        back = os.path.join(self.folder, "received")
        receiving = ours.start("receive_file", name, back)
        with open(path, "rb") as file:
            connection.sendfile(file)
        connection.shutdown(socket.SHUT_WR)
        receiving.result()
        self.assertEqual(sha256_of(back), want)
        connection.close()

    def kernel_connects(self, version, path, namespace=HERE):
        with Puppet() as ours:
            ours.call("listen", "l", at(STACK[version], 7), 5)
            accepting = ours.start("accept", "l", "c")
            with namespace.entered():
                connection = socket.socket(FAMILY[version], socket.SOCK_STREAM)
            connection.settimeout(PATIENCE)
            connection.connect((STACK[version], 7))
            accepting.result()
            self.exchange(ours, "c", connection, path)

    def stack_connects(self, version, path, namespace=HERE, address=None):
        address = address or KERNEL[version]
        with namespace.entered():
            door = socket.create_server((address, 0), family=FAMILY[version])
        with door, Puppet() as ours:
            ours.call("connect", "c", at(address, door.getsockname()[1]))
            connection, _ = door.accept()
            self.exchange(ours, "c", connection, path)

    def both_roles(self, megabytes, versions=(4, 6), **where):
        path = self.file_of(megabytes)
        for version in versions:
            with self.subTest(f"IPv{version}, the kernel connects"):
                self.kernel_connects(version, path, where.get("namespace", HERE))
            with self.subTest(f"IPv{version}, the stack connects"):
                self.stack_connects(version, path, where.get("namespace", HERE), where.get("addresses", KERNEL)[version])


class OverACleanLink(StreamTest):
    def test_of_100_megabytes(self):
        self.both_roles(100)


class OverALinkThatLoses(StreamTest):
    """The packet filter drops at random. What it drops of large sends is all of a large segment at once."""

    def lose(self, percent):
        drop = f"numgen random mod 1000 < {percent * 10} counter drop"
        rules(HERE, f"""table inet lossy {{
            chain inward {{ type filter hook input priority 0; iifname "{DEVICE}" {drop}; }}
            chain outward {{ type filter hook output priority 0; oifname "{DEVICE}" {drop}; }}
        }}""")

    def test_one_percent(self):
        self.lose(1)
        self.both_roles(20)

    def test_five_percent(self):
        self.lose(5)
        self.both_roles(3)


class OverOurLinkModule(StreamTest):
    """The stack - this namespace as a router - the link module - another namespace's kernel."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.far = Namespace()
        set_sysctl(HERE, "net.ipv4.ip_forward", 1)
        set_sysctl(HERE, "net.ipv6.conf.all.forwarding", 1)

    @classmethod
    def tearDownClass(cls):
        cls.far.close()

    def over(self, megabytes, *conditions):
        here = f"/proc/{os.getpid()}/ns/net"
        link = subprocess.Popen([program("tun_link"), here, "link-a", self.far.path(), "link-b", *conditions],
                                stdout=subprocess.PIPE, text=True)
        self.assertEqual(link.stdout.readline(), "ready\n")
        try:
            HERE.run("ip", "route", "add", "10.98.0.0/24", "dev", "link-a")
            HERE.run("ip", "route", "add", "fd98::/64", "dev", "link-a")
            self.far.run("ip", "address", "add", f"{FAR[4]}/24", "dev", "link-b")
            self.far.run("ip", "address", "add", f"{FAR[6]}/64", "dev", "link-b", "nodad")
            self.far.run("ip", "route", "add", "default", "dev", "link-b")
            self.far.run("ip", "-6", "route", "add", "default", "dev", "link-b")
            self.both_roles(megabytes, namespace=self.far, addresses=FAR)
        finally:
            link.terminate()
            said, _ = link.communicate(timeout=PATIENCE)
        words = said.split()
        counts = dict(zip(words[::2], map(int, words[1::2])))
        self.assertEqual(counts["overflowed"], 0)
        return counts

    def test_that_is_clean(self):
        self.over(20)

    def test_that_reorders(self):
        self.assertGreater(self.over(4, "delay=2", "reorder=5")["reordered"], 4 * puppet.SCALE)

    def test_that_jitters(self):
        self.over(2, "delay=3", "jitter=3")

    def test_that_duplicates(self):
        self.assertGreater(self.over(10, "delay=1", "duplicate=5")["duplicated"], 4 * puppet.SCALE)

    def test_that_loses(self):
        self.assertGreater(self.over(2, "delay=2", "loss=2")["lost"], 4 * puppet.SCALE)

    def test_that_does_it_all(self):
        counts = self.over(1, "delay=3", "jitter=2", "loss=1", "duplicate=1", "reorder=2")
        self.assertGreater(counts["lost"] + counts["duplicated"] + counts["reordered"], 4 * puppet.SCALE)


if __name__ == "__main__":
    puppet.main()
