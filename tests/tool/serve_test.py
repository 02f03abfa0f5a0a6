"""cardea serve echo: TCP, UDP and Unix at once, for ncat and python's sockets; limits; the end by signals."""

import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import unittest

import harness


class Serve:
    """The tests, for each network a class below."""

    network = None

    def setUp(self):
        super().setUp()
        if self.network not in harness.usable_networks():
            self.skipTest(f"the {self.network} network does not work here")

    def serve(self, *arguments, udp=False):
        """cardea serve echo on 127.0.0.1; the server, and its TCP (or UDP) address."""
        server = self.start("serve", "echo", *arguments, "--network", self.network)
        lines = [server.wait_line("listening on (tcp|udp) (.*)") for _ in range(2)]
        return server, next(m.group(2) for m in lines if m.group(1) == ("udp" if udp else "tcp"))

    def echo(self, s, data):
        s.sendall(data)
        self.assertEqual(harness.receive_exactly(s, len(data)), data)

    def test_every_kind_of_address_at_once(self):
        path = f"{self.folder}/echo"
        server = self.start("serve", "echo", "127.0.0.1:0", "[::1]:0", f"unix:{path}", "--network", self.network)
        said = [server.wait_line("listening on (.*)").group(1) for _ in range(5)]
        for service in ("tcp 127.0.0.1:", "tcp [::1]:", "udp 127.0.0.1:", "udp [::1]:", f"unix:{path}"):
            self.assertEqual(sum(line.startswith(service) for line in said), 1, said)
        for line in said:
            if line.startswith("tcp "):
                with harness.tcp_client(line[4:]) as s:
                    self.echo(s, b"over tcp")
        with harness.unix_client(path) as s:
            self.echo(s, b"over unix")
        self.end_with(server)
        self.assertFalse(os.path.exists(path), "the path is left behind")

    def test_a_second_one_takes_over(self):
        name = f"unix:{self.folder}/restart"
        first, where = self.serve("127.0.0.1:0", "--threads", "2", "--hot-restart", name)
        with harness.tcp_client(where) as old:
            self.echo(old, b"before")
            second, taken_over = self.serve("127.0.0.1:0", "--threads", "1", "--hot-restart", name)
            self.assertEqual(taken_over, where)
            self.echo(old, b"meanwhile")
        self.assertEqual(first.process.wait(harness.PATIENCE), 0)
        with harness.tcp_client(where) as new:
            self.echo(new, b"after")
        self.end_with(second)
        self.assertFalse(os.path.exists(f"{self.folder}/restart"), "the path is left behind")

    def test_a_large_echo_and_half_close(self):
        server, where = self.serve("127.0.0.1:0", "--threads", "1")
        data = os.urandom(4_000_000)
        code, output, errors = self.connect(where, data)
        self.assertEqual((code, errors), (0, ""))
        self.assertEqual(harness.sha256(output), harness.sha256(data))
        self.end_with(server)

    def connect(self, where, data):
        done = subprocess.run([harness.TOOL, "connect", where], input=data, capture_output=True,
                              timeout=harness.PATIENCE, check=False)
        return done.returncode, done.stdout, done.stderr.decode()

    def test_many_clients_on_several_threads(self):
        server, where = self.serve("127.0.0.1:0", "--threads", "2", "--verbose")
        clients = [self.enterContext(harness.tcp_client(where)) for _ in range(50)]
        for i, s in enumerate(clients):
            s.sendall(b"%d" % i * 100)
        for i, s in enumerate(clients):
            self.assertEqual(harness.receive_exactly(s, len(b"%d" % i * 100)), b"%d" % i * 100)
            s.close()
        self.end_with(server)
        self.assertIn("served 50 connections; 0 failed", server.rest())

    def test_ncat_over_tcp_and_unix(self):
        path = f"{self.folder}/echo"
        server = self.start("serve", "echo", "127.0.0.1:0", f"unix:{path}", "--network", self.network)
        said = [server.wait_line("listening on (.*)").group(1) for _ in range(3)]
        tcp = next(line[4:] for line in said if line.startswith("tcp "))
        for arguments in (tcp.split(":"), ["-U", path]):
            client = self.program("ncat", *arguments, stdin=subprocess.PIPE)
            client.process.stdin.write(b"knock knock\n")
            client.process.stdin.flush()
            self.assertEqual(client.process.stdout.readline(), b"knock knock\n")
        self.end_with_clients(server)

    def end_with_clients(self, server):
        """Two signals: clients that stay connected are not waited for."""
        server.send_signal(signal.SIGTERM)
        server.send_signal(signal.SIGINT)
        self.assertEqual(server.wait(), 0, server.rest())

    def test_datagrams(self):
        server, where = self.serve("127.0.0.1:0", udp=True)
        host, port = where.split(":")
        s, _ = harness.udp_socket()
        with s:
            for data in (b"", b"a", os.urandom(1400), os.urandom(60_000)):
                s.sendto(data, (host, int(port)))
                self.assertEqual(s.recvfrom(65536), (data, (host, int(port))))
        client = self.program("ncat", "-u", host, port, stdin=subprocess.PIPE)
        client.process.stdin.write(b"datagram\n")
        client.process.stdin.flush()
        self.assertEqual(client.process.stdout.readline(), b"datagram\n")
        self.end_with(server)

    def test_sigterm_drains(self):
        server, where = self.serve("127.0.0.1:0")
        with harness.tcp_client(where) as s:
            self.echo(s, b"before")
            server.send_signal(signal.SIGTERM)
            self.wait_until_refused(where)
            self.echo(s, b"while it drains")
            self.assertIsNone(server.process.poll())
        self.assertEqual(server.wait(), 0, server.rest())

    def wait_until_refused(self, where):
        """Until all its listeners are closed: the kernel's table says so, and no connection that one of them serves."""
        host, port = where.rsplit(":", 1)
        door = "%08X:%04X" % (int.from_bytes(socket.inet_aton(host), sys.byteorder), int(port))
        while any(line.split()[1] == door and line.split()[3] == "0A"  # TCP_LISTEN, proc(5)
                  for line in pathlib.Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]):
            os.sched_yield()
        with self.assertRaises(ConnectionRefusedError):
            harness.tcp_client(where)

    def test_the_drain_has_an_end(self):
        server, where = self.serve("127.0.0.1:0", "--drain", "50ms")
        with harness.tcp_client(where) as s:
            self.echo(s, b"before")
            server.send_signal(signal.SIGINT)
            self.assertEqual(server.wait(), 0, server.rest())
            self.assertTrue(was_reset(s) or s.recv(1) == b"")

    def test_idle_connections_are_closed(self):
        server, where = self.serve("127.0.0.1:0", "--idle", "50ms")
        with harness.tcp_client(where) as s:
            self.echo(s, b"hello")
            self.assertTrue(was_reset(s) or s.recv(1) == b"")
        self.end_with(server)

    def test_no_more_than_max_connections(self):
        server, where = self.serve("127.0.0.1:0", "--max-connections", "1", "--threads", "1")
        with harness.tcp_client(where) as served:
            self.echo(served, b"first")
            with harness.tcp_client(where) as waiting:
                waiting.sendall(b"waiting")
                self.echo(served, b"still alone")
                waiting.setblocking(False)
                with self.assertRaises(BlockingIOError):
                    waiting.recv(1)
                waiting.settimeout(harness.PATIENCE)
                served.close()
                self.assertEqual(harness.receive_exactly(waiting, 7), b"waiting")
        self.end_with(server)

    def test_an_address_in_use(self):
        door, where = harness.listener()
        with door:
            code, _, errors = harness.run("serve", "echo", where, "--network", self.network)
        self.assertEqual(code, 1)
        self.assertRegex(errors, rf"(?m)^cardea: .*{re.escape(where)}: Address already in use$")

    def test_a_udp_port_in_use(self):
        taken, where = harness.udp_socket()
        with taken:
            code, _, errors = harness.run("serve", "echo", where, "--network", self.network)
        self.assertEqual(code, 1)
        self.assertRegex(errors, rf"(?m)^cardea: .*{re.escape(where)}: Address already in use$")


def was_reset(s):
    """Waits for the end of the connection; true if it was a reset."""
    try:
        s.recv(1, socket.MSG_PEEK)
    except ConnectionResetError:
        return True
    return False


class OnUring(Serve, harness.ToolTest):
    network = "uring"


class OnEpoll(Serve, harness.ToolTest):
    network = "epoll"


if __name__ == "__main__":
    harness.main()
