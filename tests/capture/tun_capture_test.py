"""Captures of a host on a TUN device whose peer is the kernel: large packets and partial checksums among them."""

import os
import re
import socket
import subprocess
import time

import capture
import harness
import own_namespace
from own_namespace import DEVICE, HOST, NETWORK


class OnTun(capture.CaptureTest):
    def setUp(self):
        super().setUp()
        self.path = self.folder / "tun.pcapng"
        self.server = self.start("--network", NETWORK, "--capture", self.path, "serve", "echo", "*:7")
        self.server.wait_line("listening on udp")

    def talk(self):
        """Bulk data both ways, fragments, an echo request, refusals, over both families."""
        data = os.urandom(2_000_000)
        for version, family in ((4, socket.AF_INET), (6, socket.AF_INET6)):
            done = subprocess.run([harness.TOOL, "connect", own_namespace.at(version, 7)], input=data,
                                  capture_output=True, timeout=harness.PATIENCE, check=True)
            self.assertEqual(harness.sha256(done.stdout), harness.sha256(data))
            with socket.socket(family, socket.SOCK_DGRAM) as s:
                s.settimeout(harness.PATIENCE)
                for size in (1, 1400, 9000):
                    s.sendto(data[:size], (HOST[version], 7))
                    self.assertEqual(s.recv(65536), data[:size])
                s.connect((HOST[version], 9))
                s.send(b"nobody there")
                with self.assertRaises(ConnectionRefusedError):
                    s.recv(1)
            with self.assertRaises(ConnectionRefusedError):
                socket.create_connection((HOST[version], 9), harness.PATIENCE)
            subprocess.run(["ping", "-c", "1", "-W", "10", HOST[version]], capture_output=True, check=True)

    def test_tshark_finds_no_fault(self):
        self.talk()
        self.end_with(self.server)
        self.assertEqual(self.verify(self.path), set(capture.CHECKSUMS))

    def test_offloads_and_drops_are_said(self):
        self.talk()
        self.end_with(self.server)
        rows = capture.packets(self.path, "frame.interface_name", "frame.len", "frame.comment")
        self.assertEqual({row[0] for row in rows}, {DEVICE})
        large = [row for row in rows if int(row[1]) > 9100]
        self.assertTrue(large)
        self.assertTrue(all(re.search(r"offloaded: segments of \d+ bytes", row[2]) for row in large))
        self.assertTrue(any("checksum left to the device, completed here" in row[2] for row in rows))
        self.assertTrue(any("dropped: no socket" in row[2] for row in rows))

    def test_time_is_the_clock_on_the_wall(self):
        before = time.time()
        self.talk()
        self.end_with(self.server)
        times = [row[0] for row in capture.packets(self.path, "frame.time_epoch", only="udp.port == 7")]
        self.assertTrue(all(before - 1 < float(t) < time.time() + 1 for t in times), times[:3])
        self.assertTrue(any(re.search(r"\.\d{6}(?!000)\d{3}$", t) for t in times), "no nanoseconds")

    def test_it_can_be_read_while_the_host_runs(self):
        with socket.create_connection((HOST[4], 7), harness.PATIENCE) as s:
            s.sendall(b"early")
            harness.receive_exactly(s, 5)
            deadline = time.monotonic() + harness.PATIENCE
            while not capture.packets(self.path, "frame.number", only='tcp.payload == "early"'):
                self.assertLess(time.monotonic(), deadline, "the packet is not to be seen")
        self.end_with(self.server)


if __name__ == "__main__":
    capture.need_tshark()
    own_namespace.enter()
    harness.main()
