"""telnet_server: commands by line, telnet's negotiation taken out and declined, with ncat -t and curl as clients."""

import subprocess

import harness
import servers
from servers import on_every_network

SE, AYT, SB, WILL, WONT, DO, DONT, IAC = 240, 246, 250, 251, 252, 253, 254, 255
ECHO, NAWS, LINEMODE = 1, 31, 34


class Telnet(servers.ServerTest):
    def terminal(self, network):
        server, where = self.server(network, "telnet_server", "127.0.0.1:0")
        terminal = self.client(where)
        self.assertEqual(terminal.hear_up_to(b"> "), b"Welcome. Try: help\r\n> ")
        return server, terminal

    def answer(self, terminal, sent):
        terminal.socket.sendall(sent)
        return terminal.hear_up_to(b"> ")

    @on_every_network
    def test_commands(self, network):
        server, terminal = self.terminal(network)
        for line, answer in ((b"echo a  b", b"a  b"), (b"upper straight", b"STRAIGHT"), (b"reverse abc", b"cba"),
                             (b"count", b"4 lines so far"), (b"", b"what? (try: help)"), (b"echo", b"")):
            self.assertEqual(self.answer(terminal, line + b"\r\n"), answer + b"\r\n> ")
        self.assertIn(b"quit", self.answer(terminal, b"help\n"))  # LF alone, as ncat sends it
        self.assertEqual(self.answer(terminal, b"echo enter\r\0"), b"enter\r\n> ")  # CR NUL
        terminal.say("quit")
        self.assertEqual(terminal.hear_all(), b"Bye\r\n")
        self.end_with(server)

    @on_every_network
    def test_negotiation_is_declined_and_is_no_text(self, network):
        _, terminal = self.terminal(network)
        line = bytes([IAC, WILL, NAWS]) + b"ec" + bytes([IAC, DO, ECHO]) + b"ho x" + bytes(
            [IAC, SB, LINEMODE, 1, IAC, IAC, 10, IAC, SE]) + b"y" + bytes([IAC, WONT, NAWS, IAC, DONT, ECHO]) + b"z\r\n"
        declined = bytes([IAC, DONT, NAWS, IAC, WONT, ECHO])
        self.assertEqual(self.answer(terminal, line), declined + b"xyz\r\n> ")
        self.assertEqual(terminal.socket.send(bytes([IAC, AYT])), 2)
        self.assertEqual(terminal.hear(), "[yes]")
        for byte in bytes([IAC, DO, ECHO]):  # in pieces
            terminal.socket.sendall(bytes([byte]))
        self.assertEqual(self.answer(terminal, b"count\r\n"), bytes([IAC, WONT, ECHO]) + b"2 lines so far\r\n> ")

    @on_every_network
    def test_byte_255_is_doubled(self, network):
        _, terminal = self.terminal(network)
        doubled = bytes([IAC, IAC])
        self.assertEqual(self.answer(terminal, b"echo a" + doubled + b"b\r\n"), b"a" + doubled + b"b\r\n> ")

    @on_every_network
    def test_lines_are_bounded(self, network):
        _, terminal = self.terminal(network)
        self.assertEqual(self.answer(terminal, b"echo " + b"x" * 1_000_000 + b"\r\n"), b"that line was too long\r\n> ")
        self.assertEqual(self.answer(terminal, b"echo " + b"x" * 507 + b"\r\n"), b"x" * 507 + b"\r\n> ")

    @on_every_network
    def test_many_commands_at_once(self, network):
        _, terminal = self.terminal(network)
        terminal.socket.sendall(b"upper a\r\n" * 1000 + b"quit\r\n")
        self.assertEqual(terminal.hear_all(), b"A\r\n> " * 1000 + b"Bye\r\n")

    @on_every_network
    def test_ncat_and_curl(self, network):
        _, where = self.server(network, "telnet_server", "127.0.0.1:0")
        host, port = where.rsplit(":", 1)
        for command in (["ncat", "-t", "-C", host, port], ["curl", "-sSN", "--noproxy", "*", f"telnet://{where}"]):
            with self.subTest(command[0]):
                client = self.program(*command, stdin=subprocess.PIPE, watch="stdout")
                client.wait_line("Welcome")
                client.process.stdin.write(b"upper from a client\n")
                client.process.stdin.flush()
                client.wait_line("FROM A CLIENT")
                client.process.stdin.write(b"quit\n")
                client.process.stdin.flush()
                client.wait_line("Bye")
                client.process.stdin.close()
                client.process.stdin = None
                client.wait()


if __name__ == "__main__":
    harness.main()
