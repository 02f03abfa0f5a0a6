"""The example programs do what the textbook says, with each other and with the command."""

import subprocess
import unittest

import harness


class Examples(harness.ToolTest):
    def server(self, name):
        server = self.enterContext(harness.Program(harness.EXAMPLES / name, "127.0.0.1:0", watch="stdout"))
        return server, server.wait_line(r"ready to receive at (\S+)").group(1)

    def client(self, name, where, line):
        return subprocess.run([harness.EXAMPLES / name, where], input=line, capture_output=True,
                              timeout=harness.PATIENCE, check=False)

    def test_tcp(self):
        _, where = self.server("tcp_server")
        for _ in range(2):  # one client after the other
            done = self.client("tcp_client", where, b"open the door\n")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(b"From server: OPEN THE DOOR", done.stdout)

    def test_udp(self):
        _, where = self.server("udp_server")
        for _ in range(2):
            done = self.client("udp_client", where, b"open the door\n")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(b"From server: OPEN THE DOOR", done.stdout)

    def test_the_server_for_many_clients(self):
        server, where = self.server("uppercase_server")
        with harness.tcp_client(where) as idle:
            idle.sendall(b"me")
            self.assertEqual(harness.receive_exactly(idle, 2), b"ME")
            done = self.client("tcp_client", where, b"me too\n")
            self.assertIn(b"From server: ME TOO", done.stdout)
        self.end_with(server)

    def test_nobody_there(self):
        door, where = harness.listener()
        door.close()
        done = self.client("tcp_client", where, b"hello?\n")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr.decode(), f"tcp_client: connect to {where}: Connection refused\n")


if __name__ == "__main__":
    harness.main()
