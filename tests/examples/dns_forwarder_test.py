"""dns_forwarder: answers of dnsmasq come back to who asked; those of anybody else, or to another question, never."""

import os
import socket
import struct
import subprocess

import harness
import servers
from servers import on_every_network

A = 1


def question(name, kind=A):
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    return labels + b"\0" + struct.pack("!HH", kind, 1)


def query(number, name):
    return struct.pack("!6H", number, 0x0100, 1, 0, 0, 0) + question(name)


def answer(asked, address, number=None, name=None):
    """An answer to the query `asked`, or to one that is a little different."""
    head = asked[:2] if number is None else struct.pack("!H", number)
    body = asked[12:] if name is None else question(name)
    record = b"\xc0\x0c" + struct.pack("!HHIH", A, 1, 60, 4) + socket.inet_aton(address)
    return head + struct.pack("!5H", 0x8180, 1, 1, 0, 0) + body + record


class Forwarder(servers.ServerTest):
    def forwarder(self, network):
        """Its process, its address as a pair, and the server of names behind it: a socket of the test's."""
        upstream, behind = harness.udp_socket()
        self.enterContext(upstream)
        process, where = self.server(network, "dns_forwarder", "127.0.0.1:0", behind)
        host, port = where.rsplit(":", 1)
        return process, (host, int(port)), upstream

    def asker(self):
        asker, _ = harness.udp_socket()
        return self.enterContext(asker)

    @on_every_network
    def test_identifiers_are_drawn_anew_and_given_back(self, network):
        process, where, upstream = self.forwarder(network)
        askers = [self.asker() for _ in range(50)]
        for i, asker in enumerate(askers):
            asker.sendto(query(7, f"host{i}.test"), where)  # all with the same identifier
        asked = [upstream.recvfrom(512) for _ in askers]
        self.assertGreater(len({data[:2] for data, _ in asked}), 40)
        self.assertGreater(len({who for _, who in asked}), 40)
        for data, who in reversed(asked):
            number = data[17:].split(b"\4test")[0].decode()
            upstream.sendto(answer(data, f"192.0.2.{number}"), who)
        for i, asker in enumerate(askers):
            self.assertEqual(asker.recv(512), answer(query(7, f"host{i}.test"), f"192.0.2.{i}"))
        self.end_with(process)

    @on_every_network
    def test_only_the_answer_to_the_question_counts(self, network):
        process, where, upstream = self.forwarder(network)
        asker, stranger = self.asker(), self.asker()
        asker.sendto(query(0x1234, "door.test"), where)
        asked, who = upstream.recvfrom(512)
        number = struct.unpack("!H", asked[:2])[0]
        stranger.sendto(answer(asked, "203.0.113.1"), who)
        upstream.sendto(answer(asked, "203.0.113.2", number=number ^ 1), who)
        upstream.sendto(answer(asked, "203.0.113.3", name="d00r.test"), who)
        upstream.sendto(asked, who)  # a question is no answer
        upstream.sendto(b"", who)
        upstream.sendto(asked[:11], who)
        upstream.sendto(answer(asked, "192.0.2.4"), who)
        self.assertEqual(asker.recv(512), answer(query(0x1234, "door.test"), "192.0.2.4"))
        self.end_with(process)

    @on_every_network
    def test_no_answer_is_a_failure_that_is_told(self, network):
        process, where, upstream = self.forwarder(network)
        failed = struct.pack("!6H", 9, 0x8182, 1, 0, 0, 0) + question("door.test")
        asker = self.asker()
        asker.sendto(query(9, "door.test"), where)
        upstream.recvfrom(512)
        self.assertEqual(asker.recv(512), failed)  # silence, for 3 seconds
        upstream.close()
        asker.sendto(query(9, "door.test"), where)
        self.assertEqual(asker.recv(512), failed)  # nobody there: at once
        self.end_with(process)

    @on_every_network
    def test_nonsense_is_passed_over(self, network):
        process, where, upstream = self.forwarder(network)
        asker = self.asker()
        whole = query(1, "door.test")
        for nonsense in (b"", b"x", whole[:-1], whole[:12], whole[:4] + b"\0\2" + whole[6:], whole[:2] + b"\x81" +
                         whole[3:], whole[:12] + b"\xc0\x0c" + whole[-4:], whole[:12] + b"\x3f" * 400, os.urandom(11)):
            asker.sendto(nonsense, where)
        asker.sendto(whole, where)
        asked, who = upstream.recvfrom(512)
        self.assertEqual(asked[2:], whole[2:])
        upstream.sendto(answer(asked, "192.0.2.1"), who)
        self.assertEqual(asker.recv(512), answer(whole, "192.0.2.1"))
        self.end_with(process)

    @on_every_network
    def test_dnsmasq(self, network):
        port = self.enterContext(harness.reserved_port())
        dnsmasq = self.program("dnsmasq", "--no-daemon", "--conf-file=/dev/null", f"--port={port}", "--no-resolv",
                               "--no-hosts", "--listen-address=127.0.0.1", "--bind-interfaces", "--user=root",
                               "--pid-file=", "--address=/door.test/192.0.2.77")
        dnsmasq.wait_line("started")
        process, where = self.server(network, "dns_forwarder", "127.0.0.1:0", f"127.0.0.1:{port}")
        host, own = where.rsplit(":", 1)
        asker = self.asker()
        for number in range(100):
            asker.sendto(query(number, f"n{number}.door.test"), (host, int(own)))
            got = asker.recv(512)
            self.assertEqual((got[:2], got[-4:]), (struct.pack("!H", number), socket.inet_aton("192.0.2.77")))
        asker.sendto(query(5, "elsewhere.test"), (host, int(own)))
        self.assertEqual(asker.recv(512)[3] & 15, 5)  # REFUSED, as dnsmasq says it
        self.end_with(process)

    def test_usage(self):
        for arguments in ([], ["127.0.0.1:0"], ["127.0.0.1:0", "names.example"]):
            done = subprocess.run([harness.EXAMPLES / "dns_forwarder", *arguments], capture_output=True,
                                  timeout=harness.PATIENCE, check=False)
            self.assertEqual((done.returncode, done.stdout), (2, b""))
            self.assertIn(b"usage: dns_forwarder ADDRESS SERVER:PORT", done.stderr)


if __name__ == "__main__":
    harness.main()
