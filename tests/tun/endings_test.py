#!/usr/bin/env python3
"""How connections between the stack and the kernel begin and end, in either role: half-closes, resets, refusals, both
at once.

    endings_test.py FOLDER SCALE
"""

import errno
import socket
import struct

import puppet
from kernel_view import Counting
from link import LinkTest
from namespaces import PATIENCE
from puppet import FAMILY, KERNEL, STACK, Puppet, TunTest, at, every_way, read_all

NO_LINGER = struct.pack("ii", 1, 0)


class HalfClose(TunTest):
    @every_way
    def test_by_the_kernel(self, ours, connection):
        connection.sendall(b"question")
        connection.shutdown(socket.SHUT_WR)
        self.assertEqual(ours.call("hear", "c", 100), "question")
        self.assertEqual(ours.call("hear", "c", 100), "")
        ours.call("say", "c", "answer")
        ours.call("close", "c")
        self.assertEqual(read_all(connection), b"answer")

    @every_way
    def test_by_the_stack(self, ours, connection):
        ours.call("say", "c", "question")
        ours.call("shutdown", "c", "send")
        self.assertEqual(read_all(connection), b"question")
        connection.sendall(b"answer")
        connection.close()
        self.assertEqual(ours.call("hear", "c", 100), "answer")
        self.assertEqual(ours.call("hear", "c", 100), "")

    @every_way
    def test_sending_after_it_fails(self, ours, _):
        ours.call("shutdown", "c", "send")
        self.assertFails(errno.EPIPE, ours.call, "say", "c", "late")

    @every_way
    def test_graceful_parting_waits_for_the_peer(self, ours, connection):
        parting = ours.start("part", "c", PATIENCE * 1000)
        self.assertEqual(read_all(connection), b"")
        connection.sendall(b"a last word")
        connection.close()
        self.assertEqual(parting.result(), "finished")


class Reset(TunTest):
    @every_way
    def test_by_the_kernel(self, ours, connection):
        hearing = ours.start("hear", "c", 100)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        connection.close()
        self.assertFails(errno.ECONNRESET, hearing.result)
        self.assertEqual(ours.call("hear", "c", 100), "")  # it is told once
        self.assertFails(errno.EPIPE, ours.call, "say", "c", "late")

    @every_way
    def test_by_the_stack(self, ours, connection):
        ours.call("reset", "c")
        with self.assertRaises(ConnectionResetError):
            connection.recv(100)

    @every_way
    def test_closing_with_unread_data_by_the_kernel(self, ours, connection):
        ours.call("say", "c", "unheard")
        connection.recv(1, socket.MSG_PEEK)
        connection.close()
        self.assertFails(errno.ECONNRESET, ours.call, "hear", "c", 100)

    @every_way
    def test_closing_with_unread_data_by_the_stack(self, ours, connection):
        connection.sendall(b"unheard")
        self.assertEqual(ours.call("hear", "c", 2), "un")
        ours.call("close", "c")
        with self.assertRaises(ConnectionResetError):
            connection.recv(100)

    @every_way
    def test_sending_to_a_peer_that_has_gone(self, ours, connection):
        connection.close()
        self.assertEqual(ours.call("hear", "c", 100), "")
        grown = Counting()
        ours.call("say", "c", "anybody")
        self.wait_until(lambda: grown["TcpOutRsts"] > 0)
        self.assertFails(errno.EPIPE, self.say_until_it_fails, ours)

    def say_until_it_fails(self, ours):
        while True:
            ours.call("say", "c", "anybody")

    @every_way
    def test_the_programs_end_is_a_close(self, ours, connection):
        ours.end()
        self.assertEqual(read_all(connection), b"")


class Refusal(TunTest):
    def test_of_connections(self):
        with Puppet() as ours:
            for version in (4, 6):
                with self.assertRaises(ConnectionRefusedError):
                    socket.create_connection((STACK[version], 9), PATIENCE)
                self.assertFails(errno.ECONNREFUSED, ours.call, "connect", f"c{version}", at(KERNEL[version], 9))

    def test_of_datagrams(self):
        with Puppet():
            for version in (4, 6):
                with socket.socket(FAMILY[version], socket.SOCK_DGRAM) as door:
                    door.settimeout(PATIENCE)
                    door.connect((STACK[version], 9))
                    door.send(b"anybody?")
                    with self.assertRaises(ConnectionRefusedError):
                        door.recv(100)


class Simultaneous(LinkTest):
    """Over a link slow enough that both ends have done it before either hears of the other's."""

    def far_socket(self, version):
        with self.far.entered():
            s = socket.socket(FAMILY[version], socket.SOCK_STREAM)
        s.settimeout(PATIENCE)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return s

    def test_open(self):
        self.link("delay=100")
        for version in (4, 6):
            with Puppet() as ours, self.far_socket(version) as theirs:
                grown = Counting(self.far)
                theirs.bind((self.addresses[version], 5000))
                ours.call("open", "c", version)
                ours.call("bind", "c", at(STACK[version], 6000))
                connecting = ours.start("connect", "c", at(self.addresses[version], 5000))
                theirs.connect((STACK[version], 6000))
                connecting.result()
                # Neither has accepted anything: the kernel has opened actively, and so have we.
                self.assertEqual((grown["TcpActiveOpens"], grown["TcpPassiveOpens"]), (1, 0))
                theirs.sendall(b"hello")
                self.assertEqual(ours.call("hear", "c", 100), "hello")
                ours.call("say", "c", "hello-yourself")
                self.assertEqual(theirs.recv(100), b"hello-yourself")

    def test_close(self):
        self.link("delay=100")
        for version in (4, 6):
            with Puppet() as ours, self.far_socket(version) as theirs:
                ours.call("listen", "l", at(STACK[version], 7), 5)
                accepting = ours.start("accept", "l", "c")
                theirs.connect((STACK[version], 7))
                accepting.result()
                closing = ours.start("part", "c", PATIENCE * 1000)
                port = theirs.getsockname()[1]
                theirs.close()
                # RFC 9293: FIN-WAIT-1, then the peer's FIN before the ACK of one's own: CLOSING, 0B in the table.
                self.wait_until(lambda: self.state(version, port) == "0B")
                self.assertEqual(closing.result(), "finished")
                self.wait_until(lambda: self.state(version, port) == "06")  # TIME-WAIT

    def state(self, version, port):
        name = "tcp6" if version == 6 else "tcp"
        with self.far.entered(), open(f"/proc/thread-self/net/{name}", encoding="ascii") as table:
            for words in map(str.split, table):
                if words[1].endswith(f":{port:04X}"):
                    return words[3]
        return None


if __name__ == "__main__":
    puppet.main()
