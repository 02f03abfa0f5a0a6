"""tcp_proxy: bulk both ways, half-close, slow readers, curl through it; what it does when a side fails or time is over."""

import contextlib
import os
import socket
import subprocess
import threading

import harness
import servers
from servers import on_every_network

BULK = 20_000_000


class Proxy(servers.ServerTest):
    def proxied(self, network, *seconds):
        """A proxy, its address, and the server's listener behind it."""
        door, behind = harness.listener()
        self.enterContext(door)
        proxy, where = self.server(network, "tcp_proxy", "127.0.0.1:0", behind, *seconds)
        return proxy, where, door

    def pair(self, network, *seconds):
        proxy, where, door = self.proxied(network, *seconds)
        client = self.enterContext(harness.tcp_client(where))
        server = self.enterContext(door.accept()[0])
        server.settimeout(harness.PATIENCE)
        return proxy, client, server

    @on_every_network
    def test_bulk_both_ways_at_once(self, network):
        proxy, client, server = self.pair(network)
        forth, back = os.urandom(BULK), os.urandom(BULK)
        got = {}

        def send(end, data):
            end.sendall(data)
            end.shutdown(socket.SHUT_WR)

        def receive(end, key):
            got[key] = harness.sha256(harness.receive_all(end))
        threads = [threading.Thread(target=what, args=of) for what, of in
                   ((send, (client, forth)), (send, (server, back)), (receive, (client, "back")),
                    (receive, (server, "forth")))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(got, {"forth": harness.sha256(forth), "back": harness.sha256(back)})
        proxy.wait_line(rf": {BULK} bytes forth, {BULK} back$")
        self.end_with(proxy)

    @on_every_network
    def test_the_half_close_is_passed_on(self, network):
        proxy, client, server = self.pair(network)
        client.sendall(b"a question")
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(harness.receive_all(server), b"a question")
        server.sendall(b"an answer, ")
        self.assertEqual(harness.receive_exactly(client, 11), b"an answer, ")
        server.sendall(b"and more")
        server.close()
        self.assertEqual(harness.receive_all(client), b"and more")
        proxy.wait_line(": 10 bytes forth, 19 back$")

    @on_every_network
    def test_a_slow_reader_slows_the_sender_down(self, network):
        _, client, server = self.pair(network)
        server.setblocking(False)
        taken = 0
        block = bytes(1 << 16)
        with contextlib.suppress(BlockingIOError):
            while taken < BULK * 10:
                taken += server.send(block)
        # Blocked once is not blocked for good: the proxy moves some on. It is when nothing can be sent for a while.
        server.settimeout(1)
        with contextlib.suppress(TimeoutError):
            while taken < BULK * 10:
                taken += server.send(block)
        self.assertLess(taken, BULK * 10)
        server.settimeout(harness.PATIENCE)
        server.shutdown(socket.SHUT_WR)
        self.assertEqual(len(harness.receive_all(client)), taken)

    @on_every_network
    def test_curl_through_it(self, network):
        page = self.random_file("page", 3_000_000)
        files = self.start("serve", "files", "127.0.0.1:0", "--directory", self.folder, "--threads", "1")
        behind = files.wait_line(r"listening on tcp (\S+)").group(1)
        _, where = self.server(network, "tcp_proxy", "127.0.0.1:0", behind)
        got = subprocess.run(["curl", "-sS", "--noproxy", "*", *[f"http://{where}/page"] * 3], capture_output=True,
                             timeout=harness.PATIENCE, check=False)
        self.assertEqual((got.returncode, got.stderr), (0, b""))
        self.assertEqual(harness.sha256(got.stdout), harness.sha256(page.read_bytes() * 3))

    @on_every_network
    def test_time_is_over(self, network):
        proxy, client, server = self.pair(network, "4")  # enough for four bytes on any machine
        client.sendall(b"some")
        self.assertEqual(harness.receive_exactly(server, 4), b"some")
        for end in (client, server):
            with self.assertRaises(ConnectionResetError):  # not an end: it was cut short
                end.recv(1)
        proxy.wait_line(": 4 bytes forth, 0 back: .*timed? out")

    @on_every_network
    def test_nobody_behind_it(self, network):
        door, behind = harness.listener()
        door.close()
        proxy, where = self.server(network, "tcp_proxy", "127.0.0.1:0", behind)
        for _ in range(2):
            with harness.tcp_client(where) as client, contextlib.suppress(ConnectionResetError):
                self.assertEqual(client.recv(1), b"")
        self.end_with(proxy)

    def test_usage(self):
        done = subprocess.run([harness.EXAMPLES / "tcp_proxy"], capture_output=True, timeout=harness.PATIENCE,
                              check=False)
        self.assertEqual((done.returncode, done.stderr), (2, b"usage: tcp_proxy ADDRESS SERVER:PORT [SECONDS]\n"))


if __name__ == "__main__":
    harness.main()
