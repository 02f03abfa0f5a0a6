"""cardea demo draws the textbook's two ladders on every network: calls on both sides, waiting visible, 80 columns."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import unittest

import harness

# What a call returns is in its own line, or, when the call took long enough to be a bar, in a later one.
TCP_SERVER = ["socket()", "bind(127.0.0.1:", "listen(5)", "accept()", "recv(64)", "send(13)", "= 13", "= 0", "close()",
              "close(listener)"]
TCP_CLIENT = ["socket()", "connect(127.0.0.1:", "= ok", "send(13)", "= 13", "recv(13)", "close()"]
UDP_SERVER = ["socket()", "bind(127.0.0.1:", "recv_from(512)", "= 13 from 127.0.0.1:", "send_to(127.0.0.1:", "close()"]
UDP_CLIENT = ["socket()", "send_to(127.0.0.1:", "recv_from(512)", "= 13 from 127.0.0.1:", "close()"]


def split(ladder):
    """Each line of a ladder as (client's gutter, middle, server's gutter)."""
    parts = [re.split("[│├┤⋮]", line) for line in ladder.splitlines()]
    return [p for p in parts if len(p) == 3]


class Demo(harness.ToolTest):
    def assert_in_order(self, lines, expected, where):
        at = 0
        for text in expected:
            found = next((i for i in range(at, len(lines)) if text in lines[i]), None)
            self.assertIsNotNone(found, f"{text!r} is missing in its place on the {where} side:\n" + "\n".join(lines))
            at = found

    def check_ladder(self, ladder, client, server):
        lines = split(ladder)
        self.assert_in_order([line[0] for line in lines], client, "client's")
        self.assert_in_order([line[2] for line in lines], server, "server's")

    def check_waiting(self, ladder, waits, comes):
        """The server's call began before the client's, and its bar is there in the client's line."""
        lines = ladder.splitlines()
        waiting = next(i for i, line in enumerate(lines) if "├ " + waits in line)
        coming = next(i for i, line in enumerate(lines) if comes in line and "┤" in line)
        self.assertLess(waiting, coming)
        self.assertRegex(lines[coming], r"│ ┆")

    def check(self, network):
        code, text, errors = harness.run("demo", "--network", network)
        self.assertEqual((code, errors), (0, ""))
        tcp, udp = text.split("UDP, the connectionless")
        self.assertIn(f"on the {network} network", tcp)
        self.check_ladder(tcp, TCP_CLIENT, TCP_SERVER)
        self.check_ladder(udp, UDP_CLIENT, UDP_SERVER)
        self.check_waiting(tcp, "accept()", "connect(")
        self.check_waiting(udp, "recv_from(512)", "send_to(")
        for arrow in ("connection request", "accepted", "end of stream"):
            self.assertEqual(tcp.count(arrow), 1, tcp)
        self.assertEqual(tcp.count(" 13 bytes "), 2, tcp)
        self.assertEqual(udp.count(" 13 bytes "), 2, udp)
        self.assertLessEqual(max(map(len, text.splitlines())), 80, text)

    def test_thread(self):
        self.check("thread")

    def test_uring(self):
        if "uring" not in harness.usable_networks():
            self.skipTest("io_uring does not work here")
        self.check("uring")

    def test_epoll(self):
        self.check("epoll")

    def test_network_from_the_environment(self):
        _, text, _ = harness.run("demo", env={"CARDEA_NETWORK": "thread"})
        self.assertIn("two threads on the thread network", text)

    def test_ascii(self):
        code, text, _ = harness.run("demo", "--ascii", env={"CARDEA_NETWORK": "epoll"})
        self.assertEqual(code, 0)
        self.assertTrue(text.isascii())
        self.assertIn("connection request", text)

    def test_as_wide_as_the_terminal(self):
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 110, 0, 0))
        # What it prints fits the terminal's buffer or is read below; it must not wait for us.
        process = subprocess.Popen([harness.TOOL, "demo", "--network", "epoll"], stdin=subprocess.DEVNULL, stdout=theirs)
        os.close(theirs)
        text = b""
        try:
            while part := os.read(ours, 65536):
                text += part
        except OSError:  # the terminal's other side is closed
            pass
        self.assertEqual(process.wait(harness.PATIENCE), 0)
        widest = max(map(len, text.decode().splitlines()))
        self.assertGreater(widest, 84)
        self.assertLessEqual(widest, 110)


if __name__ == "__main__":
    harness.main()
