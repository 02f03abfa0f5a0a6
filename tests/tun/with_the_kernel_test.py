#!/usr/bin/env python3
"""Servers and clients of ours on the stack, and the kernel's programs at the other end: what works every day.

    with_the_kernel_test.py FOLDER SCALE
"""

import hashlib
import os
import shutil
import socket
import subprocess
import threading

import puppet
from namespaces import PATIENCE
from puppet import KERNEL, MEGABYTE, NETWORK, STACK, Puppet, TunTest, at, sha256_of


def peer(*arguments, **more):
    environment = dict(os.environ, CARDEA_NETWORK=puppet.captured(NETWORK, arguments[0]))
    return subprocess.Popen([puppet.program("tun_peer"), *arguments], env=environment, stdout=subprocess.PIPE,
                            text=True, **more)


class Server:
    """A program of ours that serves on the stack, ready when the block begins."""

    def __init__(self, what, port):
        self.arguments = (what, f"*:{port}")

    def __enter__(self):
        self.process = peer(*self.arguments)
        line = self.process.stdout.readline()
        if line != "ready\n":
            raise AssertionError(f"the server said {line!r} and ended with {self.process.wait()}")
        return self

    def __exit__(self, *ignored):
        self.process.terminate()
        code = self.process.wait(PATIENCE)
        self.process.stdout.close()
        if code != 0:
            raise AssertionError(f"the server ended with {code}")


def listens(version, port):
    """The kernel's table has a listener there (state 0A)."""
    with open("/proc/thread-self/net/tcp6" if version == 6 else "/proc/thread-self/net/tcp", encoding="ascii") as table:
        return any(f":{port:04X} " in line and " 0A " in line for line in table)


def echoed_digest(connection, data):
    """Sends `data`, half-closes, and reads to the end at the same time; the SHA-256 of what came back."""

    def send():
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)

    sender = threading.Thread(target=send)
    sender.start()
    digest = hashlib.sha256()
    while piece := connection.recv(MEGABYTE):
        digest.update(piece)
    sender.join()
    return digest.hexdigest()


class KernelIsTheClient(TunTest):
    def test_both_directions_at_once(self):
        data = os.urandom(int(50 * MEGABYTE * puppet.SCALE))
        for version in (4, 6):
            with Server("echo", 7), socket.create_connection((STACK[version], 7), PATIENCE) as connection:
                self.assertEqual(echoed_digest(connection, data), hashlib.sha256(data).hexdigest())

    def test_the_first_packet_after_attaching_is_not_missed(self):
        # About once a second the kernel looks at which devices have a carrier, and finds ours between two programs.
        with peer("first", at(STACK[4], 9), "4") as client:
            self.assertEqual(client.communicate(timeout=PATIENCE)[0], "missed 0\n")

    def test_many_connections_one_after_the_other(self):
        with Server("echo", 7):
            for i in range(200):
                with socket.create_connection((STACK[4], 7), PATIENCE) as connection:
                    connection.sendall(b"%d" % i)
                    self.assertEqual(connection.recv(100), b"%d" % i)

    def test_many_connections_at_once(self):
        with Server("echo", 7):
            connections = [socket.create_connection((STACK[4 + i % 2 * 2], 7), PATIENCE) for i in range(300)]
            for i, connection in enumerate(connections):
                connection.sendall(b"%d" % i)
            for i, connection in enumerate(connections):
                self.assertEqual(connection.recv(100), b"%d" % i)
                connection.close()

    def test_a_reset_leaves_the_server_in_order(self):
        with Server("echo", 7):
            for _ in range(2):
                connection = socket.create_connection((STACK[4], 7), PATIENCE)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                connection.sendall(b"gone")
                connection.close()
            with socket.create_connection((STACK[4], 7), PATIENCE) as connection:
                connection.sendall(b"still there")
                self.assertEqual(connection.recv(100), b"still there")

    def test_a_port_that_nobody_listens_on_refuses(self):
        with Server("echo", 7), self.assertRaises(ConnectionRefusedError):
            socket.create_connection((STACK[4], 9), PATIENCE)

    def test_datagrams(self):
        for version, family in ((4, socket.AF_INET), (6, socket.AF_INET6)):
            with Server("datagrams", 7), socket.socket(family, socket.SOCK_DGRAM) as door:
                door.settimeout(PATIENCE)
                for size in (0, 1, 1400, 9000, 60_000):  # the last two in fragments, both ways
                    door.sendto(b"q" * size, (STACK[version], 7))
                    self.assertEqual(door.recvfrom(70_000)[0], b"q" * size)

    def test_curl_reads_a_page(self):
        self.need("curl")
        with Server("page", 80):
            for version in (4, 6):
                url = f"http://{at(STACK[version], 80)}/"
                got = subprocess.run(["curl", "-sS", "-g", "--noproxy", "*", url], capture_output=True, timeout=PATIENCE)
                self.assertEqual((got.returncode, got.stdout), (0, b"behind the door\n"), got.stderr)

    def test_ncat_and_socat_are_echoed(self):
        """Both half-close when their input ends, and end themselves when all has come back."""
        self.need("ncat")
        self.need("socat")
        data = os.urandom(MEGABYTE)
        with Server("echo", 7):
            for version in (4, 6):
                for command in (["ncat", STACK[version], "7"],
                                ["socat", "-t60", "-", f"TCP{version}:{at(STACK[version], 7)}"]):
                    got = subprocess.run(command, input=data, capture_output=True, timeout=PATIENCE)
                    self.assertEqual((got.returncode, len(got.stdout)), (0, len(data)), got.stderr)
                    self.assertEqual(hashlib.sha256(got.stdout).hexdigest(), hashlib.sha256(data).hexdigest())

    def test_ping_is_answered(self):
        self.need("ping")
        with Server("echo", 7):
            for version in (4, 6):
                for size in ("56", "4000"):  # the second in fragments
                    got = subprocess.run(["ping", "-c", "1", "-W", "10", "-s", size, STACK[version]],
                                         capture_output=True, timeout=PATIENCE)
                    self.assertEqual(got.returncode, 0, got.stdout)


class KernelIsTheServer(TunTest):
    def echoed_by(self, version, port, size=MEGABYTE):
        client = peer("send", at(KERNEL[version], port), str(size))
        said, _ = client.communicate(timeout=PATIENCE)
        self.assertEqual((said, client.returncode), ("equal\n", 0))

    def test_both_directions_at_once(self):
        for version, family in ((4, socket.AF_INET), (6, socket.AF_INET6)):
            with socket.create_server((KERNEL[version], 0), family=family) as door:
                door.settimeout(PATIENCE)

                def echo():
                    connection, _ = door.accept()
                    with connection:
                        while piece := connection.recv(MEGABYTE):
                            connection.sendall(piece)

                server = threading.Thread(target=echo)
                server.start()
                self.echoed_by(version, door.getsockname()[1], int(50 * MEGABYTE * puppet.SCALE))
                server.join()

    def test_ncat_and_socat_take_and_give(self):
        """Each sends its input and prints what it receives, both at once, and half-closes."""
        self.need("ncat")
        self.need("socat")
        port = 2007
        inward, outward, back = (os.path.join(self.folder, name) for name in ("inward", "outward", "back"))
        for path in (inward, outward):
            with open(path, "wb") as file:
                file.write(os.urandom(int(4 * MEGABYTE * puppet.SCALE)))
        for version in (4, 6):
            for command in (["ncat", f"-{version}", "-l", str(port)],
                            ["socat", "-t60", f"TCP{version}-LISTEN:{port},reuseaddr", "-"]):
                with open(inward, "rb") as given, open(back, "wb") as taken, Puppet() as ours:
                    server = subprocess.Popen(command, stdin=given, stdout=taken)
                    self.wait_until(lambda: listens(version, port))
                    ours.call("connect", "c", at(KERNEL[version], port))
                    receiving = ours.start("receive_file", "c", f"{self.folder}/received")
                    ours.call("send_file", "c", outward)
                    ours.call("shutdown", "c", "send")
                    receiving.result()
                    self.assertEqual(server.wait(PATIENCE), 0)
                self.assertEqual(sha256_of(back), sha256_of(outward), command)
                self.assertEqual(sha256_of(f"{self.folder}/received"), sha256_of(inward), command)

    def test_a_port_that_nobody_listens_on_refuses(self):
        for version in (4, 6):
            client = peer("connect", at(KERNEL[version], 9))
            self.assertEqual(client.communicate(timeout=PATIENCE)[0], "Connection refused\n")


if __name__ == "__main__":
    puppet.main()
