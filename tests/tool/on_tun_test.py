"""The command and the examples on a TUN device: hosts of their own, whose peers are the kernel's programs."""

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


class Examples(harness.ToolTest):
    def server(self, name, port):
        server = self.enterContext(harness.Program(harness.EXAMPLES / name, f"*:{port}", watch="stdout",
                                                   env=IN_ENVIRONMENT))
        server.wait_line("ready to receive")
        return server

    def client(self, name, where):
        return subprocess.run([harness.EXAMPLES / name, where], input=b"open the door\n", capture_output=True,
                              timeout=harness.PATIENCE, check=False, env={**os.environ, **IN_ENVIRONMENT})

    def test_tcp_servers(self):
        for name in ("tcp_server", "uppercase_server"):
            with self.subTest(name):
                server = self.server(name, 2000)
                for version in (4, 6):
                    with socket.create_connection((HOST[version], 2000), harness.PATIENCE) as s:
                        s.sendall(b"open the door")
                        s.shutdown(socket.SHUT_WR)
                        self.assertEqual(harness.receive_all(s), b"OPEN THE DOOR")
                server.send_signal(signal.SIGTERM)
                server.wait()

    def test_udp_server(self):
        self.server("udp_server", 2000)
        for version, family in ((4, socket.AF_INET), (6, socket.AF_INET6)):
            with socket.socket(family, socket.SOCK_DGRAM) as s:
                s.settimeout(harness.PATIENCE)
                s.sendto(b"open the door", (HOST[version], 2000))
                self.assertEqual(s.recv(100), b"OPEN THE DOOR")

    def test_tcp_client(self):
        server = self.start("--network", "epoll", "serve", "echo", f"{KERNEL[4]}:2000")
        server.wait_line("listening on tcp")
        done = self.client("tcp_client", f"{KERNEL[4]}:2000")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertIn(b"From server: open the door", done.stdout)

    def test_udp_client(self):
        server = self.start("--network", "epoll", "serve", "echo", f"{KERNEL[4]}:2000")
        server.wait_line("listening on udp")
        done = self.client("udp_client", f"{KERNEL[4]}:2000")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertIn(b"From server: open the door", done.stdout)


class ExampleServers(harness.ToolTest):
    def server(self, name, *arguments):
        server = self.enterContext(harness.Program(harness.EXAMPLES / name, "*:7000", *arguments, watch="stdout",
                                                   env=IN_ENVIRONMENT))
        server.wait_line("is ready at")
        return server

    def connect(self, version=4):
        return self.enterContext(socket.create_connection((HOST[version], 7000), harness.PATIENCE))

    def test_chat(self):
        server = self.server("chat_server")
        ann, bob = self.connect(4), self.connect(6)
        for one, name in ((ann, b"ann"), (bob, b"bob")):
            one.sendall(name + b"\r\n/who\r\n")
            while b"* here are ann" not in one.recv(4096):
                pass
        bob.sendall(b"hello\r\n")
        heard = b""
        while not heard.endswith(b"bob: hello\r\n"):
            heard += ann.recv(4096)
        ann.close()
        bob.close()
        self.end_with(server)

    def test_lines_of_telnet(self):
        server = self.server("telnet_server")
        terminal = self.connect(6)
        terminal.sendall(b"\xff\xfd\x01upper from the kernel\r\nquit\r\n")
        self.assertEqual(harness.receive_all(terminal),
                         b"Welcome. Try: help\r\n> \xff\xfc\x01FROM THE KERNEL\r\n> Bye\r\n")
        self.end_with(server)

    def test_mail_from_curl(self):
        server = self.server("smtp_sink", self.folder)
        mail = self.folder / "mail"
        mail.write_bytes(b"Subject: x\r\n\r\n" + b".a line\r\n" * 100_000)
        done = subprocess.run(["curl", "-sS", "--noproxy", "*", f"smtp://{at(4, 7000)}", "--mail-from", "a@x",
                               "--mail-rcpt", "b@x", "-T", mail], capture_output=True, timeout=harness.PATIENCE,
                              check=False)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertEqual(harness.sha256((self.folder / "1.eml").read_bytes()), harness.sha256(mail.read_bytes()))
        self.end_with(server)

    def test_a_proxy_is_a_host_between_two(self):
        with socket.create_server((KERNEL[6], 0), family=socket.AF_INET6) as door:
            door.settimeout(harness.PATIENCE)
            server = self.server("tcp_proxy", f"[{KERNEL[6]}]:{door.getsockname()[1]}")
            client = self.connect(4)
            behind = self.enterContext(door.accept()[0])
            self.assertEqual(behind.getpeername()[0], HOST[6])
            client.sendall(b"a question")
            client.shutdown(socket.SHUT_WR)
            self.assertEqual(harness.receive_all(behind), b"a question")
            behind.sendall(b"an answer")
            behind.close()
            self.assertEqual(harness.receive_all(client), b"an answer")
            server.wait_line(": 10 bytes forth, 9 back$")
            self.end_with(server)

    def test_a_forwarder_of_questions(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as names, \
                socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as asker:
            for one, where in ((names, KERNEL[4]), (asker, KERNEL[6])):
                one.settimeout(harness.PATIENCE)
                one.bind((where, 0))
            server = self.server("dns_forwarder", f"{KERNEL[4]}:{names.getsockname()[1]}")
            question = b"\x12\x34\1\0\0\1\0\0\0\0\0\0\4door\4test\0\0\1\0\1"
            asker.sendto(question, (HOST[6], 7000))
            asked, who = names.recvfrom(512)
            self.assertEqual((asked[2:], who[0]), (question[2:], HOST[4]))
            names.sendto(asked[:2] + b"\x81\x83" + asked[4:], who)  # no such name
            self.assertEqual(asker.recv(512), question[:2] + b"\x81\x83" + question[4:])
            self.end_with(server)


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
