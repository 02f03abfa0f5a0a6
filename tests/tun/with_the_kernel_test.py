#!/usr/bin/env python3
"""Cardea's stack on a TUN device, and the kernel's programs at the other end of it.

    with_the_kernel_test.py PEER

Runs itself again in a network namespace of its own, which takes the device with it when it ends. Needs root.
"""

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import threading
import unittest

DEVICE = "cardea-test"
KERNEL = {4: "10.99.0.1", 6: "fd99::1"}
STACK = {4: "10.99.0.2", 6: "fd99::2"}
NETWORK = f"tun:{DEVICE},{STACK[4]}/24,{STACK[6]}/64"
PEER = ""
PATIENCE = 60
MEGABYTE = 1024 * 1024


def at(address, port):
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def peer(*arguments, **more):
    environment = dict(os.environ, CARDEA_NETWORK=NETWORK)
    return subprocess.Popen([PEER, *arguments], env=environment, stdout=subprocess.PIPE, text=True, **more)


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


class KernelIsTheClient(unittest.TestCase):
    def stream(self, version, size):
        data = os.urandom(size)
        with Server("echo", 7), socket.create_connection((STACK[version], 7), PATIENCE) as connection:
            self.assertEqual(echoed_digest(connection, data), hashlib.sha256(data).hexdigest())

    def test_stream_over_ipv4(self):
        self.stream(4, 100 * MEGABYTE)

    def test_stream_over_ipv6(self):
        self.stream(6, 100 * MEGABYTE)

    def test_many_connections_one_after_the_other(self):
        with Server("echo", 7):
            for i in range(200):
                with socket.create_connection((STACK[4], 7), PATIENCE) as connection:
                    connection.sendall(b"%d" % i)
                    self.assertEqual(connection.recv(100), b"%d" % i)

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
                for size in (0, 1, 1400, 9000):  # the last in fragments
                    door.sendto(b"q" * size, (STACK[version], 7))
                    self.assertEqual(door.recvfrom(20000)[0], b"q" * size)

    @unittest.skipUnless(shutil.which("curl"), "no curl here")
    def test_curl_reads_a_page(self):
        with Server("page", 80):
            for version in (4, 6):
                url = f"http://{at(STACK[version], 80)}/"
                got = subprocess.run(["curl", "-sS", "-g", "--noproxy", "*", url], capture_output=True, timeout=PATIENCE)
                self.assertEqual((got.returncode, got.stdout), (0, b"behind the door\n"), got.stderr)

    @unittest.skipUnless(shutil.which("ping"), "no ping here")
    def test_ping_is_answered(self):
        with Server("echo", 7):
            got = subprocess.run(["ping", "-c", "1", "-W", "10", STACK[4]], capture_output=True, timeout=PATIENCE)
            self.assertEqual(got.returncode, 0, got.stdout)


class KernelIsTheServer(unittest.TestCase):
    def stream(self, version, size):
        family = socket.AF_INET6 if version == 6 else socket.AF_INET
        with socket.create_server((KERNEL[version], 0), family=family) as door:
            door.settimeout(PATIENCE)
            client = peer("send", at(KERNEL[version], door.getsockname()[1]), str(size))
            connection, _ = door.accept()
            with connection:
                while piece := connection.recv(MEGABYTE):
                    connection.sendall(piece)
            said, _ = client.communicate(timeout=PATIENCE)
            self.assertEqual((said, client.returncode), ("equal\n", 0))

    def test_stream_over_ipv4(self):
        self.stream(4, 100 * MEGABYTE)

    def test_stream_over_ipv6(self):
        self.stream(6, 100 * MEGABYTE)

    def test_a_port_that_nobody_listens_on_refuses(self):
        for version in (4, 6):
            client = peer("connect", at(KERNEL[version], 9))
            self.assertEqual(client.communicate(timeout=PATIENCE)[0], "Connection refused\n")


def set_up():
    run = lambda *words: subprocess.run(words, check=True)
    run("ip", "link", "set", "lo", "up")
    run("ip", "tuntap", "add", DEVICE, "mode", "tun")
    run("ip", "address", "add", f"{KERNEL[4]}/24", "dev", DEVICE)
    run("ip", "-6", "address", "add", f"{KERNEL[6]}/64", "dev", DEVICE, "nodad")
    run("ip", "link", "set", DEVICE, "up")


def skip(why):
    print(f"SKIPPED: {why}", file=sys.stderr)
    sys.exit(77)


def main():
    global PEER
    if os.geteuid() != 0:
        skip("a network namespace and a TUN device need root")
    if not os.path.exists("/dev/net/tun") or not shutil.which("ip") or not shutil.which("unshare"):
        skip("no /dev/net/tun, or no ip and unshare commands")
    if os.environ.get("CARDEA_TUN_TEST") != "inside":
        if subprocess.run(["unshare", "-n", "true"], check=False, capture_output=True).returncode != 0:
            skip("no network namespace can be made here")
        os.environ["CARDEA_TUN_TEST"] = "inside"
        os.execvp("unshare", ["unshare", "-n", sys.executable, "-B", *sys.argv])
    PEER = sys.argv.pop(1)
    set_up()
    unittest.main(verbosity=2)


if __name__ == "__main__":
    main()
