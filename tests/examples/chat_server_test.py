"""chat_server: nicknames, who comes and goes, ncat as a client, and one that does not read holds up nobody."""

import socket
import subprocess

import harness
import servers
from servers import on_every_network


class Chat(servers.ServerTest):
    def member(self, where, name):
        client = self.client(where)
        self.assertEqual(client.hear(), "* your name?")
        client.say(name)
        self.assertEqual(client.hear(), f"* {name} has joined")
        self.assertRegex(client.hear(), r"\A\* here are .*\b" + name + r"\b.*; commands are /who and /quit\Z")
        return client

    @on_every_network
    def test_a_conversation(self, network):
        server, where = self.server(network, "chat_server", "127.0.0.1:0")
        ann = self.member(where, "ann")
        bob = self.member(where, "bob")
        self.assertEqual(ann.hear(), "* bob has joined")
        ann.say("hello, everybody", "/who")
        self.assertEqual(ann.hear(), "* here are ann bob")  # not what she said herself
        self.assertEqual(bob.hear(), "ann: hello, everybody")
        bob.say("/quit")
        self.assertEqual(bob.hear_all(), b"")
        self.assertEqual(ann.hear(), "* bob has left")
        self.member(where, "bob").socket.close()  # the name is free again
        self.assertEqual([ann.hear(), ann.hear()], ["* bob has joined", "* bob has left"])
        ann.half_close()
        self.assertEqual(ann.hear_all(), b"")
        self.end_with(server)

    @on_every_network
    def test_names(self, network):
        server, where = self.server(network, "chat_server", "127.0.0.1:0")
        ann = self.member(where, "ann")
        other = self.client(where)
        self.assertEqual(other.hear(), "* your name?")
        for name in ("", "a b", "x" * 17, "\x1b[2J"):
            other.say(name)
            self.assertEqual(other.hear(), "* a name is 1 to 16 letters and digits; your name?")
        other.say("ann")
        self.assertEqual(other.hear(), "* ann is here already; your name?")
        other.say("anna")
        self.assertEqual(other.hear(), "* anna has joined")
        for one in (other, ann):
            one.socket.close()
        self.end_with(server)

    @on_every_network
    def test_lines_are_bounded_and_harmless(self, network):
        _, where = self.server(network, "chat_server", "127.0.0.1:0")
        ann = self.member(where, "ann")
        bob = self.member(where, "bob")
        bob.say("x" * 100_000, "\x1b[31mred\x07 \xe9")
        self.assertEqual(bob.hear(), "* that line was too long")
        ann.hear()
        self.assertEqual(ann.hear(), "bob: [31mred \xe9")

    @on_every_network
    def test_many_members(self, network):
        server, where = self.server(network, "chat_server", "127.0.0.1:0")
        members = [self.member(where, f"n{i}") for i in range(30)]
        for i, one in enumerate(members):
            one.say(f"I am number {i}")
        for i, one in enumerate(members):
            expected = sorted(f"n{k}: I am number {k}" for k in range(30) if k != i)
            expected += [f"* n{k} has joined" for k in range(i + 1, 30)]
            self.assertEqual(sorted(one.hear() for _ in expected), sorted(expected))
        for one in members:
            one.socket.close()
        self.end_with(server)

    @on_every_network
    def test_who_does_not_read_is_dropped_and_holds_up_nobody(self, network):
        server, where = self.server(network, "chat_server", "127.0.0.1:0")
        host, port = where.rsplit(":", 1)
        deaf = self.enterContext(socket.socket())
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.settimeout(harness.PATIENCE)
        deaf.connect((host, int(port)))
        deaf.sendall(b"deaf\r\n")
        ann = self.member(where, "ann")
        bob = self.member(where, "bob")
        self.assertEqual(ann.hear(), "* bob has joined")
        sent = 0
        out = False
        while not out:
            self.assertLess(sent, 200_000, "nobody was dropped")
            bob.say(*[f"{sent + i} " + "x" * 500 for i in range(20)])
            for i in range(20):
                while not (line := ann.hear()).startswith("bob: "):
                    self.assertEqual(line, "* deaf was too slow and is out")
                    out = True
                self.assertTrue(line.startswith(f"bob: {sent + i} "), line)  # ann misses nothing
            sent += 20
        with self.assertRaises(ConnectionResetError):
            while deaf.recv(65536):
                pass
            deaf.sendall(b"x")
            deaf.recv(1)
        ann.say("/who")
        self.assertEqual(ann.hear(), "* here are ann bob")
        for one in (ann, bob):
            one.socket.close()
        self.end_with(server)

    @on_every_network
    def test_ncat(self, network):
        _, where = self.server(network, "chat_server", "127.0.0.1:0")
        ann = self.member(where, "ann")
        ncat = self.program("ncat", "-C", *where.rsplit(":", 1), stdin=subprocess.PIPE, watch="stdout")
        ncat.process.stdin.write(b"bob\nhello from ncat\n")
        ncat.process.stdin.flush()
        self.assertEqual(ann.hear(), "* bob has joined")
        self.assertEqual(ann.hear(), "bob: hello from ncat")
        ann.say("hello ncat")
        ncat.wait_line("ann: hello ncat")
        ncat.process.stdin.write(b"/quit\n")
        ncat.process.stdin.flush()
        self.assertEqual(ann.hear(), "* bob has left")


if __name__ == "__main__":
    harness.main()
