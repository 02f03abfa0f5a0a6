"""cardea connect and cardea listen against ncat, socat and each other, both ways: 10 MB arrive as they were sent."""

import subprocess
import unittest

import harness

SIZE = 10 * 1024 * 1024


class Transfer(harness.ToolTest):
    def setUp(self):
        super().setUp()
        self.up = self.random_file("up", SIZE)  # from the connecting side
        self.down = self.random_file("down", SIZE)  # from the listening side

    def reading(self, path):
        return self.enterContext(path.open("rb"))

    def writing(self, name):
        return self.enterContext((self.folder / name).open("wb"))

    def assert_arrived(self, at_client, at_server):
        """What was written to these files is what the other side sent."""
        for name, source in ((at_client, self.down), (at_server, self.up)):
            arrived = (self.folder / name).read_bytes()
            self.assertEqual(len(arrived), SIZE)
            self.assertEqual(harness.sha256(arrived), harness.sha256(source.read_bytes()))

    def listening_tool(self, address="127.0.0.1:0", *options):
        server = self.start("listen", address, *options, stdin=self.reading(self.down), stdout=self.writing("at_server"))
        where = server.wait_line(r"listening on (?:tcp )?(\S+)").group(1)
        return server, where

    def connecting_tool(self, address):
        return self.start("connect", address, stdin=self.reading(self.up), stdout=self.writing("at_client"))

    def finish(self, *programs):
        for program in programs:
            self.assertEqual(program.wait(), 0, program.rest())
        self.assert_arrived("at_client", "at_server")

    def test_connect_to_listen(self):
        server, where = self.listening_tool()
        self.finish(self.connecting_tool(where), server)

    def test_connect_to_listen_over_ipv6(self):
        server, where = self.listening_tool("[::1]:0")
        self.finish(self.connecting_tool(where), server)

    def test_connect_to_listen_over_unix(self):
        server, where = self.listening_tool(f"unix:{self.folder}/door")
        self.finish(self.connecting_tool(where), server)
        self.assertFalse((self.folder / "door").exists(), "the listener leaves its path behind")

    def test_connect_to_listen_over_abstract_unix(self):
        server, where = self.listening_tool(f"unix:@{self.folder.name}")
        self.finish(self.connecting_tool(where), server)

    def test_socat_to_listen(self):
        server, where = self.listening_tool()
        # -t: how long socat waits for the other direction after one has ended.
        client = self.program("socat", "-t", "60", "-", f"TCP:{where}", stdin=self.reading(self.up),
                              stdout=self.writing("at_client"))
        self.finish(client, server)

    def test_connect_to_socat(self):
        server = self.program("socat", "-d", "-d", "-t", "60", "TCP-LISTEN:0,bind=127.0.0.1", "-",
                              stdin=self.reading(self.down), stdout=self.writing("at_server"))
        port = server.wait_line(r"listening on .*:(\d+)").group(1)
        self.finish(self.connecting_tool(f"127.0.0.1:{port}"), server)

    def test_ncat_sends_to_listen(self):
        server = self.start("listen", "127.0.0.1:0", "--receive-only", stdout=self.writing("at_server"))
        host, port = server.wait_line(r"listening on tcp (\S+)").group(1).split(":")
        client = self.program("ncat", "--send-only", host, port, stdin=self.reading(self.up))
        self.assertEqual(client.wait(), 0, client.rest())
        self.assertEqual(server.wait(), 0, server.rest())
        self.assertEqual(harness.sha256((self.folder / "at_server").read_bytes()), harness.sha256(self.up.read_bytes()))

    def test_ncat_receives_from_listen(self):
        server, where = self.listening_tool()
        host, port = where.split(":")
        client = self.program("ncat", "--recv-only", host, port, stdout=self.writing("at_client"))
        self.assertEqual(client.wait(), 0, client.rest())
        self.assertEqual(server.wait(), 0, server.rest())
        self.assertEqual(harness.sha256((self.folder / "at_client").read_bytes()),
                         harness.sha256(self.down.read_bytes()))

    def test_connect_sends_to_ncat(self):
        port = self.enterContext(harness.reserved_port())
        server = self.program("ncat", "-v", "--recv-only", "-l", "127.0.0.1", port, stdout=self.writing("at_server"))
        server.wait_line("Listening on")
        client = self.start("connect", f"127.0.0.1:{port}", stdin=self.reading(self.up))
        self.assertEqual(client.wait(), 0, client.rest())
        self.assertEqual(server.wait(), 0, server.rest())
        self.assertEqual(harness.sha256((self.folder / "at_server").read_bytes()), harness.sha256(self.up.read_bytes()))

    def test_connect_receives_from_ncat(self):
        port = self.enterContext(harness.reserved_port())
        server = self.program("ncat", "-v", "--send-only", "-l", "127.0.0.1", port, stdin=self.reading(self.down))
        server.wait_line("Listening on")
        client = self.start("connect", "--receive-only", f"127.0.0.1:{port}", stdout=self.writing("at_client"))
        self.assertEqual(client.wait(), 0, client.rest())
        self.assertEqual(harness.sha256((self.folder / "at_client").read_bytes()),
                         harness.sha256(self.down.read_bytes()))

    def test_ncat_over_unix(self):
        path = f"{self.folder}/ncat"
        server = self.start("listen", f"unix:{path}", "--receive-only", stdout=self.writing("at_server"))
        server.wait_line("listening on unix:")
        client = self.program("ncat", "--send-only", "-U", path, stdin=self.reading(self.up))
        self.assertEqual(client.wait(), 0, client.rest())
        self.assertEqual(server.wait(), 0, server.rest())
        self.assertEqual(harness.sha256((self.folder / "at_server").read_bytes()), harness.sha256(self.up.read_bytes()))

    def test_input_and_output_that_are_pipes(self):
        server, where = self.listening_tool()
        client = subprocess.run([harness.TOOL, "connect", where], input=self.up.read_bytes(), capture_output=True,
                                timeout=harness.PATIENCE, check=True)
        self.assertEqual(harness.sha256(client.stdout), harness.sha256(self.down.read_bytes()))
        self.assertEqual(server.wait(), 0)


if __name__ == "__main__":
    harness.main()
