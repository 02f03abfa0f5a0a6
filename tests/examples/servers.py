"""What the tests of the example servers share: each program on every kernel network that works here."""

import socket

import harness


def on_every_network(test):
    def every(self):
        networks = [name for name in harness.usable_networks() if name != "thread"]
        self.assertTrue(networks, "no network for servers")
        for network in networks:
            with self.subTest(network):
                test(self, network)
    return every


class ServerTest(harness.ToolTest):
    def server(self, network, name, *arguments):
        """The program, ready, and its address."""
        server = self.enterContext(harness.Program(harness.EXAMPLES / name, *arguments, watch="stdout",
                                                   env={"CARDEA_NETWORK": network}))
        return server, server.wait_line(r"is ready at (\S+)").group(1)

    def client(self, where):
        return self.enterContext(Lines(where))


class Lines:
    """A client that speaks in lines."""

    def __init__(self, where):
        self.socket = harness.tcp_client(where)
        self.received = b""

    def say(self, *lines):
        self.socket.sendall(b"".join(line.encode() + b"\r\n" for line in lines))

    def hear_up_to(self, mark):
        while mark not in self.received:
            part = self.socket.recv(65536)
            if not part:
                raise AssertionError(f"the stream ended before {mark!r}, after {self.received!r}")
            self.received += part
        end = self.received.index(mark) + len(mark)
        heard, self.received = self.received[:end], self.received[end:]
        return heard

    def hear(self):
        line = self.hear_up_to(b"\r\n")
        return line[:-2].decode()

    def hear_all(self):
        return self.received + harness.receive_all(self.socket)

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
