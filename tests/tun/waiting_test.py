#!/usr/bin/env python3
"""A peer that does not read: the window closes, is probed, opens again, and nothing is lost.

    waiting_test.py FOLDER SCALE
"""

import hashlib
import os
import socket
import threading

import puppet
from kernel_view import ACK, Counting, Watch
from puppet import DEVICE, MEGABYTE, TunTest, every_way, every_way_at_once, sha256_of

MORE_THAN_ALL_BUFFERS = 24 * MEGABYTE


class ReaderThatPauses(TunTest):
    """The window closes, is probed while it is closed, and opens again."""

    def random_file(self, size):
        path = os.path.join(self.folder, "sent")
        with open(path, "wb") as file:
            file.write(os.urandom(size))
        return path

    @every_way_at_once
    def test_kernel_stops_reading(self, ours, connection):
        path = self.random_file(MORE_THAN_ALL_BUFFERS)
        with Watch(DEVICE) as watch:
            sending = ours.start("send_file", "c", path)
            self.wait_until(lambda: len(self.probes(watch, connection)) >= 2)
        self.assertTrue(sending.is_under_way())
        digest = hashlib.sha256()
        left = MORE_THAN_ALL_BUFFERS
        while left > 0:
            piece = connection.recv(MEGABYTE)
            digest.update(piece)
            left -= len(piece)
        sending.result()
        self.assertEqual(digest.hexdigest(), sha256_of(path))

    def probes(self, watch, connection):
        """What the stack has sent since the window closed; each is answered, and brings nothing new."""
        closed = False
        probes = []
        theirs, stacks = connection.getsockname()[:2], connection.getpeername()[:2]
        for packet in list(watch.packets):
            source, destination = (packet.source, packet.source_port), (packet.destination, packet.destination_port)
            if (source, destination) == (theirs, stacks) and packet.has(ACK):
                closed = packet.window == 0
            elif closed and (source, destination) == (stacks, theirs) and len(packet.payload) <= 1:
                probes.append(packet)
        return probes

    @every_way
    def test_stack_stops_reading(self, ours, connection):
        path = self.random_file(MORE_THAN_ALL_BUFFERS)
        grown = Counting()
        with open(path, "rb") as file:
            sender = threading.Thread(target=lambda: (connection.sendfile(file), connection.shutdown(socket.SHUT_WR)))
            sender.start()
            self.wait_until(lambda: grown["TcpExtTCPWinProbe"] >= 2)
            self.assertTrue(sender.is_alive())
            back = os.path.join(self.folder, "received")
            self.assertEqual(ours.call("receive_file", "c", back), str(MORE_THAN_ALL_BUFFERS))
            sender.join()
        self.assertEqual(sha256_of(back), sha256_of(path))


if __name__ == "__main__":
    puppet.main()
