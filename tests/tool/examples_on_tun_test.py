"""The examples on a TUN device: hosts of their own, whose peers are the kernel's programs."""

import errno
import os
import signal
import socket
import struct
import subprocess
import threading
import time

import harness
import own_namespace
from own_namespace import DEVICE, HOST, KERNEL, NETWORK, at

IN_ENVIRONMENT = {"CARDEA_NETWORK": NETWORK}


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
        return self.example(name, "*:7000", *arguments)

    def example(self, name, *arguments):
        server = self.enterContext(harness.Program(harness.EXAMPLES / name, *arguments, watch="stdout",
                                                   env=IN_ENVIRONMENT))
        server.wait_line("is ready at")
        return server

    def curl(self, *arguments):
        done = subprocess.run(["curl", "-sSg", "--noproxy", "*", *arguments], capture_output=True,
                              timeout=harness.PATIENCE, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, b""), arguments)
        return done.stdout

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

    def test_files_from_curl(self):
        (self.folder / "page.html").write_text("<p>behind the door</p>\n")
        big = self.random_file("big.bin", 5_000_000).read_bytes()
        server = self.example("http_files", self.folder, "*:7000")
        for version in (4, 6):
            url = f"http://{at(version, 7000)}"
            got = self.curl(f"{url}/page.html", f"{url}/big.bin", f"{url}/page.html")  # over one connection
            page = b"<p>behind the door</p>\n"
            self.assertEqual(harness.sha256(got), harness.sha256(page + big + page))
            self.assertEqual(harness.sha256(self.curl("-r", "1000000-3999999", f"{url}/big.bin")),
                             harness.sha256(big[1_000_000:4_000_000]))
            code = ("-o", self.folder / "answer", "-w", "%{http_code}")
            self.assertEqual(self.curl(*code, "-z", self.folder / "page.html", f"{url}/page.html"), b"304")
            self.assertEqual(self.curl(*code, f"{url}/nothing"), b"404")
        self.end_with(server)

    def test_metrics_of_a_host_are_told_on_the_machine(self):
        server = self.enterContext(harness.Program(harness.EXAMPLES / "metrics_server", "*:7000", "127.0.0.1:9100",
                                                   watch="stdout", env=IN_ENVIRONMENT))
        for _ in range(2):
            server.wait_line(r"is ready at \[::\]:7000|metrics are at http://127.0.0.1")
        for version in (4, 6):
            with self.connect(version) as client:
                client.sendall(b"x" * 5000)
                self.assertEqual(harness.receive_exactly(client, 5000), b"x" * 5000)
        page = self.curl("http://127.0.0.1:9100/metrics").decode()
        number = {line.rpartition(" ")[0]: line.rpartition(" ")[2] for line in page.splitlines()}
        self.assertEqual(int(number["cardea_sent_bytes_total"]), 10_000)
        self.assertRegex(page, r'cardea_loop_sockets\{[^}]*network="tun"')
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


class Discovery(harness.ToolTest):
    GROUPS = {4: "239.255.70.77", 6: "ff15::70:77"}

    def door(self, version):
        """The kernel's socket at its end of the device."""
        door = self.enterContext(socket.socket({4: socket.AF_INET, 6: socket.AF_INET6}[version], socket.SOCK_DGRAM))
        door.settimeout(harness.PATIENCE)
        device = socket.if_nametoindex(DEVICE)
        if version == 4:
            door.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(KERNEL[4]))
        else:
            door.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, device)
        return door

    def join(self, door, version):
        group = socket.inet_pton(door.family, self.GROUPS[version])
        if version == 4:
            door.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group + socket.inet_aton(KERNEL[4]))
        else:
            door.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP,
                            group + struct.pack("@I", socket.if_nametoindex(DEVICE)))

    def group(self, version):
        return at(version, 7077).replace(HOST[version], self.GROUPS[version])

    def send(self, door, data, where):
        """The device's IPv6 side needs a moment after a program has attached to it."""
        end, never = time.monotonic() + harness.PATIENCE, threading.Event()
        while True:
            try:
                return door.sendto(data, where)
            except OSError as e:
                if e.errno != errno.ENETUNREACH or time.monotonic() > end:
                    raise
            never.wait(0.01)

    def test_an_offer_is_found(self):
        for version in (4, 6):
            door = self.door(version)
            door.bind((KERNEL[version], 0))
            with harness.Program(harness.EXAMPLES / "discovery", "offer", "printer", self.group(version), watch="stdout",
                                 env=IN_ENVIRONMENT) as offer:
                offer.wait_line("offering printer")
                for name in (b"plotter", b"printer"):
                    self.send(door, b"who offers " + name, (self.GROUPS[version], 7077))
                said, who = door.recvfrom(512)
                self.assertEqual((said, who[0]), (b"here is printer", HOST[version]))

    def test_it_finds_what_is_offered(self):
        for version in (4, 6):
            door = self.door(version)
            if version == 6:
                door.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            door.bind(("", 7077))
            self.join(door, version)
            find = self.enterContext(harness.Program(harness.EXAMPLES / "discovery", "find", "printer", self.group(version),
                                                     watch="stdout", env=IN_ENVIRONMENT))
            asked, who = door.recvfrom(512)
            self.assertEqual((asked, who[0]), (b"who offers printer", HOST[version]))
            self.send(door, b"here is printer", who)
            self.assertEqual(find.wait(), 0)
            self.assertEqual(find.rest(), f"printer is at {KERNEL[version]}")


class Ping(harness.ToolTest):
    def test_says_that_there_are_no_raw_sockets(self):
        for where in (KERNEL[4], KERNEL[6]):
            done = subprocess.run([harness.EXAMPLES / "ping", where], capture_output=True, timeout=harness.PATIENCE,
                                  env={**os.environ, **IN_ENVIRONMENT}, check=False)
            self.assertEqual((done.returncode, done.stdout), (1, b""))
            self.assertEqual(done.stderr, b"ping: open a raw socket: not supported by this socket or network\n")


if __name__ == "__main__":
    own_namespace.enter()
    harness.main()
