#!/usr/bin/env python3
"""iperf3, as the kernel's program, measures the stack: either direction, both, in parallel, and with datagrams.

    iperf3_test.py FOLDER SCALE
"""

import json
import os
import subprocess

import puppet
from namespaces import PATIENCE
from puppet import MEGABYTE, NETWORK, STACK, TunTest, program


# The client stops when it has handed everything to its kernel: the largest send buffer (tcp_wmem) and the receive window
# of Cardea's stack on TUN may still be full then.
UNDER_WAY = 2 * 4 * 1024 * 1024


class Iperf3(TunTest):
    def measure(self, *options, version=4):
        """What both sides have counted."""
        server = subprocess.Popen([program("tun_iperf3_server"), "*:5201", "1"], stdout=subprocess.PIPE, text=True,
                                  env=dict(os.environ, CARDEA_NETWORK=NETWORK))
        try:
            self.assertEqual(server.stdout.readline(), "ready\n")
            client = subprocess.run(["iperf3", "-c", STACK[version], "-J", *options], capture_output=True, text=True,
                                    timeout=PATIENCE, check=False)
            self.assertEqual(client.returncode, 0, client.stdout)
            said, _ = server.communicate(timeout=PATIENCE)
        finally:
            server.kill()
            server.wait()
            server.stdout.close()
        self.assertEqual(server.returncode, 0)
        streams = [line.split() for line in said.splitlines()]
        return json.loads(client.stdout)["end"], [(s[0], int(s[2]), int(s[6])) for s in streams]

    def amount(self, megabytes):
        return str(max(int(megabytes * MEGABYTE * puppet.SCALE), MEGABYTE))

    def test_client_sends(self):
        for version in (4, 6):
            size = self.amount(200)
            end, streams = self.measure("-n", size, version=version)
            self.assertGreaterEqual(end["sum_sent"]["bytes"], int(size))
            self.assertEqual(end["sum_received"]["bytes"], sum(bytes_ for _, bytes_, _ in streams))
            self.assertGreater(end["sum_received"]["bytes"], max(int(size) - UNDER_WAY, 0))

    def test_client_receives(self):
        for version in (4, 6):
            size = self.amount(200)
            end, streams = self.measure("-R", "-n", size, version=version)
            self.assertGreaterEqual(end["sum_received"]["bytes"], int(size))
            self.assertGreaterEqual(streams[0][1], end["sum_received"]["bytes"])

    def test_four_streams_at_once(self):
        for direction in ([], ["-R"]):
            for version in (4, 6):
                _, streams = self.measure("-P", "4", "-t", "1", *direction, version=version)
                self.assertEqual(len(streams), 4)
                for _, bytes_, _ in streams:
                    self.assertGreater(bytes_, 0)

    def test_both_ways_at_once(self):
        for version in (4, 6):
            _, streams = self.measure("--bidir", "-t", "1", version=version)
            self.assertEqual([way for way, _, _ in streams], ["received", "sent"])
            for _, bytes_, _ in streams:
                self.assertGreater(bytes_, 0)

    def test_datagrams(self):
        """All that were sent are accounted for, and most arrive. How many is a matter of how often a busy machine lets
        the receiver run, so the rate is one whose datagrams a socket's buffer holds for a third of a second."""
        rate = "5M"
        for direction in ([], ["-R"]):
            for version in (4, 6):
                end, _ = self.measure("-u", "-b", rate, "-t", "1", *direction, version=version)
                self.assertGreater(end["sum"]["packets"], 0)
                self.assertLess(end["sum"]["lost_packets"], end["sum"]["packets"] / 2)


if __name__ == "__main__":
    puppet.main(needs=["iperf3"])
