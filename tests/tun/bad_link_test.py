#!/usr/bin/env python3
"""What programs do every day, and how connections end, over a link that delays, reorders and loses: pages, uploads,
ncat, half-closes, resets, closed windows, in either role.

    bad_link_test.py FOLDER SCALE
"""

import concurrent.futures
import contextlib
import errno
import hashlib
import os
import socket
import struct
import subprocess
import threading

import puppet
from kernel_view import SYN, Counting, Watch, tcp_info
from link import LinkTest
from namespaces import HERE, PATIENCE, no_rules, rules
from puppet import DEVICE, MEGABYTE, NETWORK, STACK, Puppet, at, every_way, every_way_at_once, read_all, sha256_of

NO_LINGER = struct.pack("ii", 1, 0)
BAD = ("delay=4", "jitter=1", "reorder=2", "loss=3")


class BadLinkTest(LinkTest):
    def file_of(self, name, size):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(os.urandom(max(int(size * puppet.SCALE), 20_000)))
        return path

    @contextlib.contextmanager
    def server(self, *command, ready):
        """A program of ours on the stack, which says a line when it listens, and ends in order while there is a link."""
        environment = dict(os.environ, CARDEA_NETWORK=puppet.captured(NETWORK, "server"))
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

        try:
            self.assertIn(ready, process.stdout.readline())
            yield
        finally:
            process.terminate()
            said = process.communicate(timeout=PATIENCE)[0]
        self.assertEqual(process.returncode, 0, said)

    def far_program(self, *command, **more):
        done = subprocess.run(self.far.command(*command), capture_output=True, timeout=PATIENCE, check=False, **more)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def at_once(self, *commands):
        with concurrent.futures.ThreadPoolExecutor(len(commands)) as threads:
            return list(threads.map(lambda command: self.far_program(*command), commands))


class Programs(BadLinkTest):
    def test_curl_reads_large_pages_of_the_command(self):
        self.need("curl")
        if "CARDEA_TOOL" not in os.environ:
            self.skipTest("the command was not built")
        path = self.file_of("page.bin", 0.7 * MEGABYTE)
        carrier = self.link(*BAD)
        serve = [os.environ["CARDEA_TOOL"], "serve", "files", "*:80", "--directory", self.folder]
        with self.server(*serve, ready="listening on"):
            for page in self.at_once(*(["curl", "-sS", "-g", "--noproxy", "*", f"http://{at(STACK[version], 80)}/page.bin"]
                                       for version in (4, 6))):
                self.assertEqual(hashlib.sha256(page).hexdigest(), sha256_of(path))
        self.assertGreater(carrier.end()["lost"], 4 * puppet.SCALE)

    def test_curl_uploads(self):
        self.need("curl")
        path = self.file_of("upload.bin", 0.4 * MEGABYTE)
        carrier = self.link(*BAD)
        with self.server(puppet.program("tun_peer"), "uploads", "*:80", ready="ready"):
            for back in self.at_once(*(["curl", "-sS", "-g", "--noproxy", "*", *how, f"http://{at(STACK[version], 80)}/"]
                                       for version in (4, 6) for how in (["-T", path], ["--data-binary", f"@{path}"]))):
                self.assertEqual(hashlib.sha256(back).hexdigest(), sha256_of(path))  # of PUT, and of POST
        self.assertGreater(carrier.end()["lost"], 4 * puppet.SCALE)

    def test_ncat_is_echoed(self):
        self.need("ncat")
        path = self.file_of("sent", MEGABYTE / 2)
        self.link(*BAD)
        with self.server(puppet.program("tun_peer"), "echo", "*:7", ready="ready"):
            for version in (4, 6):
                with open(path, "rb") as given:
                    back = self.far_program("ncat", STACK[version], "7", stdin=given)
                self.assertEqual(hashlib.sha256(back).hexdigest(), sha256_of(path))

    def test_ncat_takes_and_gives(self):
        self.need("ncat")
        inward, outward, back = (self.file_of(name, MEGABYTE / 2) for name in ("inward", "outward", "back"))
        self.link(*BAD)
        for version in (4, 6):
            command = self.far.command("ncat", f"-{version}", "-l", "2007")
            with open(inward, "rb") as given, open(back, "wb") as taken, Puppet() as ours:
                server = subprocess.Popen(command, stdin=given, stdout=taken)
                self.wait_until(lambda: self.listens(version))
                ours.call("connect", "c", at(self.addresses[version], 2007))
                receiving = ours.start("receive_file", "c", f"{self.folder}/received")
                ours.call("send_file", "c", outward)
                ours.call("shutdown", "c", "send")
                receiving.result()
                self.assertEqual(server.wait(PATIENCE), 0)
            self.assertEqual(sha256_of(back), sha256_of(outward))
            self.assertEqual(sha256_of(f"{self.folder}/received"), sha256_of(inward))

    def listens(self, version):
        name = "tcp6" if version == 6 else "tcp"
        with self.far.entered(), open(f"/proc/thread-self/net/{name}", encoding="ascii") as table:
            return any(f":{2007:04X} " in line and " 0A " in line for line in table)


class Endings(BadLinkTest):
    def setUp(self):
        super().setUp()
        self.link(*BAD)

    @every_way_at_once
    def test_half_close_by_the_kernel(self, ours, connection):
        question, answer = self.file_of("question", 200_000), self.file_of("answer", 200_000)
        receiving = ours.start("receive_file", "c", f"{self.folder}/heard")
        with open(question, "rb") as file:
            connection.sendfile(file)
        connection.shutdown(socket.SHUT_WR)
        receiving.result()
        self.assertEqual(sha256_of(f"{self.folder}/heard"), sha256_of(question))
        sending = ours.start("send_file", "c", answer)
        closing = threading.Thread(target=lambda: (sending.result(), ours.call("close", "c")))
        closing.start()
        self.assertEqual(hashlib.sha256(read_all(connection)).hexdigest(), sha256_of(answer))
        closing.join()

    @every_way_at_once
    def test_half_close_by_the_stack(self, ours, connection):
        question, answer = self.file_of("question", 200_000), self.file_of("answer", 200_000)
        sending = ours.start("send_file", "c", question)
        closing = threading.Thread(target=lambda: (sending.result(), ours.call("shutdown", "c", "send")))
        closing.start()
        self.assertEqual(hashlib.sha256(read_all(connection)).hexdigest(), sha256_of(question))
        closing.join()
        self.assertFails(errno.EPIPE, ours.call, "say", "c", "late")
        receiving = ours.start("receive_file", "c", f"{self.folder}/heard")
        with open(answer, "rb") as file:
            connection.sendfile(file)
        connection.close()
        receiving.result()
        self.assertEqual(sha256_of(f"{self.folder}/heard"), sha256_of(answer))

    @every_way_at_once
    def test_reset_by_the_kernel_in_midstream(self, ours, connection):
        """Its RST may be lost; what is sent to nobody brings another."""
        sending = ours.start("send_file", "c", "/dev/zero")
        self.assertNotEqual(connection.recv(MEGABYTE), b"")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        connection.close()
        self.assertFails(errno.ECONNRESET, sending.result)
        self.assertFails(errno.EPIPE, ours.call, "say", "c", "late")

    @every_way_at_once
    def test_reset_by_the_stack_in_midstream(self, ours, connection):
        def send():
            while True:
                connection.sendall(bytes(65_536))

        ended = []

        def sender():
            try:
                send()
            except OSError as e:
                ended.append(e.errno)

        thread = threading.Thread(target=sender)
        thread.start()
        self.assertNotEqual(ours.call("hear", "c", 1), None)
        ours.call("reset", "c")
        thread.join(PATIENCE)
        self.assertIn(ended, ([errno.ECONNRESET], [errno.EPIPE]))


class ClosedWindows(BadLinkTest):
    """The window closes, probes and the news that it has opened may be lost, and all arrives."""

    def setUp(self):
        super().setUp()
        self.link("delay=1", "loss=1")

    @every_way_at_once
    def test_kernel_stops_reading(self, ours, connection):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        path = self.file_of("sent", MEGABYTE / puppet.SCALE)  # more than the window
        with Watch(DEVICE) as watch:
            sending = ours.start("send_file", "c", path)
            ended = threading.Thread(target=lambda: (sending.result(), ours.call("shutdown", "c", "send")))
            ended.start()
            self.wait_until(lambda: self.full(watch, connection))
            self.assertTrue(sending.is_under_way())
            self.assertEqual(hashlib.sha256(read_all(connection)).hexdigest(), sha256_of(path))
            ended.join()

    def full(self, watch, connection):
        """The kernel has said twice that it has no room for a segment."""
        shift = tcp_info(connection).receive_shift
        theirs, port = connection.getsockname()[:2]
        said = [p for p in watch.of(theirs) if p.source_port == port and not p.has(SYN)]
        return sum(1 for p in said if p.window << shift < 1400) >= 2

    @every_way
    def test_stack_stops_reading(self, ours, connection):
        path = self.file_of("sent", 6 * MEGABYTE / puppet.SCALE)  # more than the stack's window
        grown = Counting(self.far)
        with open(path, "rb") as file:
            sender = threading.Thread(target=lambda: (connection.sendfile(file), connection.shutdown(socket.SHUT_WR)))
            sender.start()
            self.wait_until(lambda: grown["TcpExtTCPWinProbe"] >= 2)
            ours.call("receive_file", "c", f"{self.folder}/received")
            sender.join()
        self.assertEqual(sha256_of(f"{self.folder}/received"), sha256_of(path))


class Recovery(BadLinkTest):
    @every_way_at_once
    def test_on_word_of_the_acknowledgments_and_by_the_timer(self, ours, connection):
        """Of one segment of many by the former, of the stream's very end, after which no ACK comes, by the latter."""
        path = self.file_of("sent", 3 * MEGABYTE / puppet.SCALE)
        size = os.path.getsize(path)
        sending = ours.start("send_file", "c", path)
        self.assertEqual(self.take(connection, size), sha256_of(path))
        sending.result()
        by_acks = ours.info("c")
        self.assertGreater(by_acks["fast_recoveries"], 0, by_acks)
        self.assertGreaterEqual(by_acks["resends"], by_acks["fast_recoveries"] + by_acks["timeouts"])
        if self.together.wait(PATIENCE) == 0:  # one of them is told so
            rules(HERE, f"""table inet tail {{
                chain inward {{ type filter hook prerouting priority 0; iifname "{DEVICE}" drop; }}
            }}""")
        self.together.wait(PATIENCE)
        ours.call("say", "c", "the-end")
        self.wait_until(lambda: ours.info("c")["timeouts"] > by_acks["timeouts"])
        if self.together.wait(PATIENCE) == 0:
            no_rules(HERE)
        self.assertEqual(connection.recv(100), b"the-end")
        self.assertEqual(ours.info("c")["fast_recoveries"], by_acks["fast_recoveries"])

    def setUp(self):
        super().setUp()
        self.link("delay=3", "loss=1")

    def take(self, connection, left):
        digest = hashlib.sha256()
        while left > 0:
            piece = connection.recv(min(left, MEGABYTE))
            digest.update(piece)
            left -= len(piece)
        return digest.hexdigest()


if __name__ == "__main__":
    puppet.main()
