#!/usr/bin/env python3
"""Streams between the stack and the kernel arrive whole, whatever happens to their packets: equal SHA-256, both roles,
both versions of IP.

    streams_test.py FOLDER SCALE

The clean ones are of 100 MB each way. Where packets are lost a stream goes as fast as its congestion window and its
retransmission timeouts let it, so those are smaller: a few seconds each. With CARDEA_LONG=1 in the environment all are
of 100 MB, which takes hours, and more than ctest lets this test have:
CARDEA_LONG=1 python3 tests/tun/streams_test.py build/release/tests/tun 1
"""

import hashlib
import os
import socket
import threading

import puppet
from link import LinkTest
from namespaces import LONG
from puppet import MEGABYTE, TunTest, sha256_of
from router import RouterTest


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
        megabytes = 100 if LONG else megabytes
        size = max(int(megabytes * MEGABYTE * puppet.SCALE), 65_536)
        with open(path, "wb") as file:
            file.write(os.urandom(size))
        return path

    def exchange(self, ours, connection, path):
        """The puppet sends the file and half-closes; the kernel then does the same."""
        want = sha256_of(path)
        sending = ours.start("send_file", "c", path)
        sent = threading.Thread(target=lambda: (sending.result(), ours.call("shutdown", "c", "send")))
        sent.start()
        self.assertEqual(digest_of_all(connection), want)
        sent.join()
        back = os.path.join(self.folder, "received")
        receiving = ours.start("receive_file", "c", back)
        with open(path, "rb") as file:
            connection.sendfile(file)
        connection.shutdown(socket.SHUT_WR)
        receiving.result()
        self.assertEqual(sha256_of(back), want)

    def both_roles(self, megabytes):
        puppet.capturing = not LONG and megabytes < 5  # a capture is as long as what it captures
        path = self.file_of(megabytes)
        # Small ones are small because they are slow: they take the link's time and not the processor's.
        ways = puppet.every_way_at_once if megabytes < 5 else puppet.every_way
        ways(lambda one, ours, connection: one.exchange(ours, connection, path))(self)


class OverACleanLink(StreamTest):
    def test_of_100_megabytes(self):
        self.both_roles(100)


class OverALinkThatLoses(StreamTest, RouterTest):
    """The packet filter drops at random, in both directions. Of large sends it drops all of a large segment at once."""

    def test_one_percent(self):
        self.lose(1)
        self.both_roles(20)

    def test_five_percent(self):
        self.lose(5)
        self.both_roles(1.5)


class OverOurLinkModule(StreamTest, LinkTest):
    def over(self, megabytes, *conditions):
        """What the link has done to the packets."""
        carrier = self.link(*conditions)
        self.both_roles(megabytes)
        return carrier.end()

    def test_that_is_clean(self):
        self.over(20)

    def test_that_delays(self):
        self.over(4, "delay=10")

    def test_that_reorders(self):
        self.assertGreater(self.over(2, "delay=2", "reorder=5")["reordered"], 4 * puppet.SCALE)

    def test_that_jitters(self):
        self.over(1, "delay=3", "jitter=3")

    def test_that_duplicates(self):
        self.assertGreater(self.over(10, "delay=1", "duplicate=5")["duplicated"], 4 * puppet.SCALE)

    def test_that_loses(self):
        self.assertGreater(self.over(2, "delay=2", "loss=2")["lost"], 4 * puppet.SCALE)

    def test_that_does_it_all(self):
        counts = self.over(1, "delay=3", "jitter=2", "loss=1", "duplicate=1", "reorder=2")
        self.assertGreater(counts["lost"] + counts["duplicated"] + counts["reordered"], 4 * puppet.SCALE)


if __name__ == "__main__":
    puppet.main()
