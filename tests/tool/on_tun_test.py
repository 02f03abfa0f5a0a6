"""The command on a TUN device: hosts of its own, whose peers are the kernel's programs."""

import os
import signal
import socket
import subprocess
import unittest

import harness
import own_namespace
from own_namespace import DEVICE, HOST, KERNEL, NETWORK, at

ON_TUN = ("--network", NETWORK)
IN_ENVIRONMENT = {"CARDEA_NETWORK": NETWORK}


class Serve(harness.ToolTest):
    def serve(self, *arguments):
        """A server of the command, listening; ended by SIGTERM when the test ends."""
        server = self.start(*ON_TUN, "serve", *arguments)
        server.wait_line("listening on")
        return server

    def curl(self, *arguments):
        return subprocess.run(["curl", "-sS", "--noproxy", "*", *arguments], capture_output=True,
                              timeout=harness.PATIENCE, check=False)

    def test_pages_come_out_of_curl(self):
        (self.folder / "page.txt").write_text("behind the door\n")
        big = self.random_file("big.bin", 5_000_000)
        server = self.serve("files", "*:80", "--directory", self.folder)
        for version in (4, 6):
            url = f"http://{at(version, 80)}"
            got = self.curl("-g", f"{url}/page.txt", f"{url}/big.bin", f"{url}/page.txt")  # over one connection
            self.assertEqual(got.returncode, 0, got.stderr)
            self.assertEqual(harness.sha256(got.stdout),
                             harness.sha256(b"behind the door\n" + big.read_bytes() + b"behind the door\n"))
        self.end_with(server)

    def test_a_thousand_pages(self):
        (self.folder / "page.txt").write_text("behind the door\n")
        server = self.serve("files", "*:80", "--directory", self.folder, "--verbose")
        got = self.curl("-H", "Connection: close", f"http://{at(4, 80)}/page.txt?[1-1000]")
        self.assertEqual((got.returncode, got.stdout), (0, b"behind the door\n" * 1000), got.stderr)
        self.end_with(server)
        self.assertIn("served 1000 connections; 0 failed", server.rest())

    def test_ncat_and_python_over_both_services(self):
        server = self.serve("echo", "*:7")
        for version, family in ((4, socket.AF_INET), (6, socket.AF_INET6)):
            client = self.program("ncat", HOST[version], "7", stdin=subprocess.PIPE)
            client.process.stdin.write(b"knock knock\n")
            client.process.stdin.close()
            client.process.stdin = None
            self.assertEqual(client.process.stdout.readline(), b"knock knock\n")
            self.assertEqual(client.wait(), 0)
            with socket.socket(family, socket.SOCK_DGRAM) as s:
                s.settimeout(harness.PATIENCE)
                for size in (0, 1, 1400, 9000):
                    data = os.urandom(size)
                    s.sendto(data, (HOST[version], 7))
                    self.assertEqual(s.recvfrom(65536)[0], data)
        self.end_with(server)

    def test_the_drain(self):
        server = self.serve("echo", "*:7")
        with socket.create_connection((HOST[4], 7), harness.PATIENCE) as s:
            s.sendall(b"before")
            self.assertEqual(harness.receive_exactly(s, 6), b"before")
            server.send_signal(signal.SIGTERM)
            while True:
                try:
                    socket.create_connection((HOST[4], 7), harness.PATIENCE).close()
                except (ConnectionRefusedError, ConnectionResetError):
                    break
            s.sendall(b"while it drains")
            self.assertEqual(harness.receive_exactly(s, 15), b"while it drains")
        self.assertEqual(server.wait(), 0, server.rest())

    def test_the_environment_chooses_too(self):
        server = self.start("serve", "echo", "*:7", env=IN_ENVIRONMENT)
        server.wait_line("listening on tcp")
        with socket.create_connection((HOST[4], 7), harness.PATIENCE) as s:
            s.sendall(b"x")
            self.assertEqual(harness.receive_exactly(s, 1), b"x")
        self.end_with(server)


class Client(harness.ToolTest):
    def test_connect_sends_and_receives_to_the_end(self):
        data = os.urandom(3_000_000)
        for version, family in ((4, socket.AF_INET), (6, socket.AF_INET6)):
            with socket.create_server((KERNEL[version], 0), family=family) as door:
                door.settimeout(harness.PATIENCE)
                where = own_namespace.at(version, door.getsockname()[1]).replace(HOST[version], KERNEL[version])
                given = self.folder / "given"
                given.write_bytes(data)
                with given.open("rb") as stdin, (self.folder / "got").open("wb") as stdout:
                    client = self.enterContext(harness.Program(harness.TOOL, *ON_TUN, "connect", where, stdin=stdin,
                                                               stdout=stdout))
                    connection, _ = door.accept()
                    with connection:
                        connection.settimeout(harness.PATIENCE)
                        received = harness.receive_all(connection)
                        connection.sendall(received[::-1])
                    self.assertEqual(client.wait(), 0, client.rest())
                self.assertEqual(harness.sha256(received), harness.sha256(data))
                self.assertEqual(harness.sha256((self.folder / "got").read_bytes()), harness.sha256(data[::-1]))

    def test_an_idle_terminal_does_not_stop_the_host(self):
        """The input waits, as at a terminal; the host still answers."""
        with socket.create_server((KERNEL[4], 0)) as door:
            door.settimeout(harness.PATIENCE)
            client = self.start(*ON_TUN, "connect", f"{KERNEL[4]}:{door.getsockname()[1]}", stdin=subprocess.PIPE)
            connection, _ = door.accept()
            with connection:
                connection.sendall(b"hello\n")
                self.assertEqual(client.process.stdout.readline(), b"hello\n")
                ping = subprocess.run(["ping", "-c", "1", "-W", "10", HOST[4]], capture_output=True, check=False)
                self.assertEqual(ping.returncode, 0, ping.stdout)
                client.process.stdin.write(b"typed\n")
                client.process.stdin.flush()
                self.assertEqual(harness.receive_exactly(connection, 6), b"typed\n")
            self.assertEqual(client.wait(), 0, client.rest())

    def test_connect_with_datagrams(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(harness.PATIENCE)
            s.bind((KERNEL[4], 0))
            client = self.start(*ON_TUN, "connect", "--udp", f"{KERNEL[4]}:{s.getsockname()[1]}",
                                stdin=subprocess.PIPE)
            client.process.stdin.write(b"a question")
            client.process.stdin.flush()
            data, who = s.recvfrom(65536)
            self.assertEqual((data, who[0]), (b"a question", HOST[4]))
            s.sendto(b"an answer\n", who)
            self.assertEqual(client.process.stdout.readline(), b"an answer\n")
            client.process.stdin.close()
            client.process.stdin = None
            self.assertEqual(client.wait(), 0, client.rest())

    def test_listen_takes_a_file(self):
        data = os.urandom(1_000_000)
        with (self.folder / "got").open("wb") as stdout:
            server = self.start(*ON_TUN, "listen", "--receive-only", "*:7001", stdout=stdout)
            server.wait_line("listening on tcp")
            with socket.create_connection((HOST[6], 7001), harness.PATIENCE) as s:
                s.sendall(data)
            self.assertEqual(server.wait(), 0, server.rest())
        self.assertEqual(harness.sha256((self.folder / "got").read_bytes()), harness.sha256(data))

    def test_nobody_there(self):
        for where in (f"{KERNEL[4]}:9", f"[{KERNEL[6]}]:9"):
            code, _, errors = harness.run(*ON_TUN, "connect", where)
            self.assertEqual((code, errors), (1, f"cardea: connect to {where}: Connection refused\n"))


class Demo(harness.ToolTest):
    def test_the_ladder(self):
        code, text, errors = harness.run(*ON_TUN, "demo")
        self.assertEqual((code, errors), (0, ""))
        self.assertEqual(text.count("two fibers on the tun network"), 2)


class Mistakes(harness.ToolTest):
    def refused(self, network, code, says, *arguments, env=None):
        command = arguments or ("serve", "echo", "*:7")
        got, output, errors = harness.run("--network", network, *command, env=env)
        self.assertEqual((got, output), (code, ""), errors)
        self.assertRegex(errors, r"\Acardea: [^\n]*\n\Z")
        self.assertIn(says, errors)

    def test_the_specification(self):
        self.refused("tun", 2, "an address is missing")
        self.refused("tun:", 2, "an address is missing")
        self.refused(f"tun:{DEVICE}", 2, "an address is missing")
        self.refused(f"tun:{DEVICE},10.96.0.999/24", 2, "'10.96.0.999/24' is no address with a prefix")
        self.refused(f"tun:{'x' * 16},{HOST[4]}/24", 2, "1 to 15 characters")

    def test_the_name_is_in_use(self):
        server = self.start(*ON_TUN, "serve", "echo", "*:7")
        server.wait_line("listening on")
        self.refused(NETWORK, 1, f"attach to the TUN device '{DEVICE}', which another program has: "
                                 "Device or resource busy")

    def test_no_tun_device(self):
        self.refused(f"tun:lo,{HOST[4]}/24", 1, "attach to the TUN device 'lo', which is no TUN device")

    def test_an_address_of_somebody_else(self):
        self.refused(NETWORK, 1, "192.0.2.1:7: Cannot assign requested address", "serve", "echo", "192.0.2.1:7")

    def test_several_threads(self):
        self.refused(NETWORK, 2, "there can be one thread, not 4", "serve", "echo", "*:7", "--threads", "4")

    def test_local_addresses(self):
        self.refused(NETWORK, 1, "unix:@door", "serve", "echo", "unix:@door")

    def test_nobody_can_be_reached_on_a_simulated_host(self):
        self.refused("sim", 2, "--network sim is not for serve")

    def test_without_root(self):
        drop = ["setpriv", "--reuid", "65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"]
        got = subprocess.run([*drop, harness.TOOL, *ON_TUN, "serve", "echo", "*:7"], capture_output=True,
                             timeout=harness.PATIENCE, check=False)
        self.assertEqual(got.returncode, 1)
        self.assertRegex(got.stderr.decode(), r"\Acardea: (open /dev/net/tun|attach to the TUN device '[^']*', which "
                                              r"takes CAP_NET_ADMIN or a device made for this user): ")


if __name__ == "__main__":
    own_namespace.enter()
    harness.main()
