"""How cardea connect and cardea listen behave at the edges of a connection: half-close, reset, silence, refusal."""

import socket
import struct
import subprocess
import unittest

import harness


class Connection(harness.ToolTest):
    def connected(self, *options, **stdio):
        """cardea connect, and the peer's end of its connection."""
        door, where = harness.listener()
        with door:
            client = self.start("connect", *options, where, **{"stdin": subprocess.PIPE, **stdio})
            peer, _ = door.accept()
        peer.settimeout(harness.PATIENCE)
        return client, self.enterContext(peer)

    def test_the_end_of_input_half_closes_and_receiving_goes_on(self):
        client, peer = self.connected()
        client.process.stdin.write(b"question")
        client.process.stdin.close()
        self.assertEqual(harness.receive_all(peer), b"question")
        peer.sendall(b"answer")
        peer.close()
        self.assertEqual(client.process.stdout.read(), b"answer")
        self.assertEqual(client.wait(), 0)

    def test_it_ends_when_the_peer_closes_though_the_input_is_open(self):
        client, peer = self.connected()
        peer.sendall(b"bye")
        peer.close()
        self.assertEqual(client.wait(), 0)
        self.assertEqual(client.process.stdout.read(), b"bye")

    def test_what_lies_ready_is_sent_to_a_peer_that_has_half_closed(self):
        data = self.random_file("data", 3_000_000)
        with data.open("rb") as given:
            client, peer = self.connected(stdin=given)
            peer.shutdown(socket.SHUT_WR)
            self.assertEqual(harness.sha256(harness.receive_all(peer)), harness.sha256(data.read_bytes()))
        self.assertEqual(client.wait(), 0, client.rest())

    def test_a_reset_is_a_failure_that_is_named(self):
        client, peer = self.connected()
        peer.sendall(b"x")
        self.assertEqual(client.process.stdout.read(1), b"x")  # before that it could still be connecting
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.close()
        self.assertEqual(client.wait(), 1)
        self.assertRegex(client.rest(), r"^cardea: recv from 127\.0\.0\.1:\d+.*: Connection reset by peer$")

    def test_a_silent_peer_and_idle(self):
        client, _ = self.connected("--idle", "50ms")
        self.assertEqual(client.wait(), 1)
        self.assertRegex(client.rest(), r"^cardea: recv from 127\.0\.0\.1:\d+.*timed out")

    def test_receive_only_leaves_the_input_alone(self):
        client, peer = self.connected("--receive-only", stdin=subprocess.DEVNULL)
        peer.sendall(b"x")
        self.assertEqual(client.process.stdout.read(1), b"x")
        peer.settimeout(0)
        with self.assertRaises(BlockingIOError):  # no half-close has come
            peer.recv(1)
        peer.close()
        self.assertEqual(client.wait(), 0)

    def test_refused(self):
        door, where = harness.listener()
        door.close()
        code, _, errors = harness.run("connect", where)
        self.assertEqual((code, errors), (1, f"cardea: connect to {where}: Connection refused\n"))

    def test_refused_by_name_tells_every_address(self):
        door, where = harness.listener()
        door.close()
        port = where.rsplit(":", 1)[1]
        code, _, errors = harness.run("connect", f"localhost:{port}")
        self.assertEqual(code, 1)
        self.assertRegex(errors, rf"^cardea: connect to localhost:{port}: .*\b127\.0\.0\.1:{port}: Connection refused")

    def test_a_server_that_does_not_answer_and_timeout(self):
        door, where = harness.listener(backlog=0)
        with door:
            # One fills the queue; of those that come after the kernel drops the requests (tcp(7), listen(2)).
            fillers = [socket.socket() for _ in range(3)]
            for filler in fillers:
                self.enterContext(filler)
                filler.setblocking(False)
                filler.connect_ex(door.getsockname())
            self.assertTrue(any_connected(fillers))
            code, _, errors = harness.run("connect", "--timeout", "200ms", where)
        self.assertEqual(code, 1)
        self.assertRegex(errors, rf"^cardea: connect to {where}: .*timed out.*\n$")

    def test_a_unix_path_that_is_not_there(self):
        code, _, errors = harness.run("connect", f"unix:{self.folder}/none")
        self.assertEqual((code, errors), (1, f"cardea: connect to unix:{self.folder}/none: No such file or directory\n"))

    def test_listen_takes_one_connection_and_refuses_the_next(self):
        server = self.start("listen", "127.0.0.1:0", stdin=subprocess.PIPE)
        where = server.wait_line(r"listening on tcp (\S+)").group(1)
        with harness.tcp_client(where) as first:
            server.wait_line(r"connection from 127\.0\.0\.1:%d$" % first.getsockname()[1])
            server.process.stdin.write(b"hello")
            server.process.stdin.flush()
            self.assertEqual(harness.receive_exactly(first, 5), b"hello")
            with self.assertRaises(ConnectionRefusedError):
                harness.tcp_client(where)
        self.assertEqual(server.wait(), 0)

    def test_listen_keep_takes_one_after_the_other_and_outlives_a_reset(self):
        server = self.start("listen", "--keep", "--receive-only", "127.0.0.1:0")
        where = server.wait_line(r"listening on tcp (\S+)").group(1)
        with harness.tcp_client(where) as first:
            first.sendall(b"one")
            self.assertEqual(server.process.stdout.read(3), b"one")
            first.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        server.wait_line("Connection reset by peer")
        with harness.tcp_client(where) as second:
            second.sendall(b"two")
            self.assertEqual(server.process.stdout.read(3), b"two")
        self.assertIsNone(server.process.poll())


class Datagrams(harness.ToolTest):
    def test_connect_udp_each_read_is_a_datagram_and_it_ends_after_the_input(self):
        server, where = harness.udp_socket()
        self.enterContext(server)
        client = self.start("connect", "--udp", where, stdin=subprocess.PIPE)
        for line in (b"one\n", b"two\n"):
            client.process.stdin.write(line)
            client.process.stdin.flush()
            got, sender = server.recvfrom(100)
            self.assertEqual(got, line)
            server.sendto(b"re: " + got, sender)
            self.assertEqual(client.process.stdout.readline(), b"re: " + line)
        client.process.stdin.close()
        self.assertEqual(client.wait(), 0)

    def test_connect_udp_to_a_closed_port_names_the_refusal(self):
        server, where = harness.udp_socket()
        server.close()
        code, _, errors = harness.run("connect", "--udp", where, given=b"anybody?")
        self.assertEqual(code, 1)
        self.assertRegex(errors, r"^cardea: .*Connection refused\n$")

    def test_connect_udp_to_ncat(self):
        port = self.enterContext(harness.reserved_port(udp=True))
        server = self.program("ncat", "-v", "-u", "-l", "127.0.0.1", port, stdin=subprocess.PIPE)
        server.wait_line("Listening on")
        client = self.start("connect", "--udp", f"127.0.0.1:{port}", stdin=subprocess.PIPE)
        client.process.stdin.write(b"hello\n")
        client.process.stdin.flush()
        self.assertEqual(server.process.stdout.readline(), b"hello\n")
        server.process.stdin.write(b"hi\n")
        server.process.stdin.flush()
        self.assertEqual(client.process.stdout.readline(), b"hi\n")
        client.process.stdin.close()
        self.assertEqual(client.wait(), 0)

    def test_listen_udp_answers_whoever_came_first(self):
        server = self.start("listen", "--udp", "127.0.0.1:0", stdin=subprocess.PIPE)
        where = server.wait_line(r"listening on udp (\S+)").group(1)
        host, port = where.split(":")
        first, _ = harness.udp_socket()
        second, _ = harness.udp_socket()
        self.enterContext(first)
        self.enterContext(second)
        first.sendto(b"1", (host, int(port)))
        self.assertEqual(server.process.stdout.read(1), b"1")
        second.sendto(b"2", (host, int(port)))
        first.sendto(b"3", (host, int(port)))
        self.assertEqual(server.process.stdout.read(1), b"3", "datagrams of others are not taken")
        server.process.stdin.write(b"answer")
        server.process.stdin.close()
        self.assertEqual(first.recv(100), b"answer")
        self.assertEqual(server.wait(), 0)

    def test_listen_udp_keep_takes_everybodys_and_ends_when_idle(self):
        server = self.start("listen", "--udp", "--keep", "--idle", "1s", "127.0.0.1:0", stdin=subprocess.PIPE)
        host, port = server.wait_line(r"listening on udp (\S+)").group(1).split(":")
        for data in (b"a", b"b"):
            s, _ = harness.udp_socket()
            with s:
                s.sendto(data, (host, int(port)))
                self.assertEqual(server.process.stdout.read(1), data)
        self.assertEqual(server.wait(), 0)

    def test_listen_udp_that_nobody_talks_to_ends_when_idle(self):
        server = self.start("listen", "--udp", "--idle", "50ms", "127.0.0.1:0", stdin=subprocess.PIPE)
        self.assertEqual(server.wait(), 0)


def any_connected(sockets):
    """Waits until the kernel has finished at least one handshake."""
    import select

    return bool(select.select([], sockets, [], harness.PATIENCE)[1])


if __name__ == "__main__":
    harness.main()
