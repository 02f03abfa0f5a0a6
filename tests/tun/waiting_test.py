#!/usr/bin/env python3
"""A peer that does not read, does not accept, or does not answer at all: nothing is lost, and somebody is told.

    waiting_test.py FOLDER SCALE
"""

import errno
import hashlib
import os
import socket
import threading

import puppet
from kernel_view import ACK, SYN, Counting, Watch
from namespaces import HERE, PATIENCE, rules
from puppet import DEVICE, FAMILY, KERNEL, MEGABYTE, STACK, Puppet, TunTest, at, every_way, sha256_of

MORE_THAN_ALL_BUFFERS = 24 * MEGABYTE


class ReaderThatPauses(TunTest):
    """The window closes, is probed while it is closed, and opens again."""

    def random_file(self, size):
        path = os.path.join(self.folder, "sent")
        with open(path, "wb") as file:
            file.write(os.urandom(size))
        return path

    @every_way
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
        source, destination = connection.getpeername()[0], connection.getsockname()[0]
        for packet in list(watch.packets):
            if packet.source == destination and packet.has(ACK):
                closed = packet.window == 0
            elif closed and packet.source == source and len(packet.payload) <= 1:
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


class SilentPeer(TunTest):
    def silence(self):
        rules(HERE, f"""table inet silence {{
            chain inward {{ type filter hook input priority 0; iifname "{DEVICE}" drop; }}
            chain outward {{ type filter hook output priority 0; oifname "{DEVICE}" drop; }}
        }}""")

    @every_way
    def test_user_timeout(self, ours, connection):
        ours.call("set", "c", "user_timeout", 700)
        self.silence()
        ours.call("say", "c", "anybody")
        self.assertFails(errno.ETIMEDOUT, ours.call, "hear", "c", 100)
        self.tearDown()

    @every_way
    def test_keepalive_of_the_stack_notices(self, ours, connection):
        self.keep_alive(ours)
        hearing = ours.start("hear", "c", 100)
        with Watch(DEVICE) as watch:
            self.silence()
            self.assertFails(errno.ETIMEDOUT, hearing.result)
        self.assertGreaterEqual(len(watch.of(connection.getpeername()[0])), 2)
        self.tearDown()

    def keep_alive(self, ours):
        ours.call("set", "c", "keepalive_idle", 1)
        ours.call("set", "c", "keepalive_interval", 1)
        ours.call("set", "c", "keepalive_count", 1)
        ours.call("set", "c", "keepalive", 1)

    @every_way
    def test_keepalive_of_the_kernel_notices(self, ours, connection):
        self.keep_alive_of_the_kernel(connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        with self.assertRaises(TimeoutError) as caught:
            self.silence()
            connection.recv(100)
        self.assertEqual(caught.exception.errno, errno.ETIMEDOUT)
        self.tearDown()

    def keep_alive_of_the_kernel(self, connection):
        for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT):
            connection.setsockopt(socket.IPPROTO_TCP, option, 1)

    @every_way
    def test_keepalive_of_either_side_is_answered_by_the_other(self, ours, connection):
        kernel, stack = connection.getsockname()[0], connection.getpeername()[0]
        self.keep_alive_of_the_kernel(connection)
        # One after the other: whoever is probed has heard something, and need not probe. An unanswered probe would end the
        # connection: after two of them one must have been answered.
        with Watch(DEVICE) as watch:
            def count(who):
                return len(watch.of(who))

            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            self.wait_until(lambda: count(kernel) >= 2)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 0)
            self.keep_alive(ours)
            answers = count(stack)
            self.wait_until(lambda: count(stack) >= answers + 3)  # one may be the last answer
        connection.sendall(b"still there")
        self.assertEqual(ours.call("hear", "c", 100), "still there")

    def test_connecting_gives_up_at_the_deadline(self):
        with Puppet() as ours:
            self.silence()
            with self.assertRaises(puppet.Failed) as caught:
                ours.call("within", 300, "connect", "c", at(KERNEL[4], 9))
            self.assertEqual(caught.exception.category, "cardea")


class CrowdedListener(TunTest):
    """More connect than the queue takes: the others' SYNs get no answer, are sent again, and are served in their turn."""

    def client(self, version):
        client = socket.socket(FAMILY[version])
        self.addCleanup(client.close)
        client.settimeout(PATIENCE)
        return client

    def test_all_are_served_in_the_end(self):
        for version in (4, 6):
            with self.subTest(version):
                self.crowd(version)

    def crowd(self, version):
        backlog, crowd = 2, 8
        room = backlog + 1  # as Linux has it
        where = (STACK[version], 7)
        with Puppet() as ours, Watch(DEVICE) as watch:
            ours.call("listen", "l", at(*where), backlog)
            clients = [self.client(version) for _ in range(crowd)]
            for client in clients[:room]:
                client.connect(where)
            for client in clients[room:]:
                client.setblocking(False)
                self.assertEqual(client.connect_ex(where), errno.EINPROGRESS)
            late = crowd - room
            self.wait_until(lambda: len(self.syns(watch, version)) >= crowd + late)
            answered = {p.destination_port for p in watch.of(STACK[version]) if p.has(SYN | ACK)}
            self.assertEqual(answered, {client.getsockname()[1] for client in clients[:room]})
            for i in range(crowd):
                ours.call("accept", "l", f"c{i}")
                ours.call("say", f"c{i}", "welcome")
            for client in clients:
                client.settimeout(PATIENCE)
                self.assertEqual(client.recv(100), b"welcome")

    def syns(self, watch, version):
        return [p for p in watch.of(KERNEL[version]) if p.has(SYN)]


if __name__ == "__main__":
    puppet.main()
