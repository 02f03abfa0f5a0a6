#!/usr/bin/env python3
"""iperf3, as the kernel's program, measures the stack: as its client, with a server of ours, either direction, both, in
parallel, and with datagrams; and as the server of a client of ours, over a link that loses as well.

    iperf3_test.py FOLDER SCALE
"""

import json
import os
import subprocess

import puppet
from link import LinkTest
from namespaces import PATIENCE
from puppet import MEGABYTE, NETWORK, STACK, TunTest, at, program


# The client stops when it has handed everything to its kernel: the largest send buffer (tcp_wmem) and the receive window
# of Cardea's stack on TUN may still be full then.
UNDER_WAY = 2 * 4 * 1024 * 1024


class Iperf3(TunTest):
    def measure(self, *options, version=4):
        """What both sides have counted."""
        server = subprocess.Popen([program("tun_iperf3_server"), "*:5201", "1"], stdout=subprocess.PIPE, text=True,
                                  env=dict(os.environ, CARDEA_NETWORK=puppet.captured(NETWORK, "server")))
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
        puppet.capturing = False  # a capture is as long as what it captures: those of the other cases will do
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
        """At a rate whose datagrams of a whole test a socket's buffer nearly holds, so that a busy machine that lets the
        receiver run late loses none: every one is counted, in order, by both sides."""
        for direction in ([], ["-R"]):
            for version in (4, 6):
                end, streams = self.measure("-u", "-b", "2M", "-l", "1000", "-k", "100", *direction, version=version)
                self.assertEqual(end["sum"]["lost_packets"], 0, end["sum"])
                self.assertEqual(end["streams"][0]["udp"]["out_of_order"], 0)
                way, bytes_, lost = streams[0]
                self.assertEqual((way, lost), ("sent" if direction else "received", 0))
                if direction:  # the client has stopped at its hundredth; we have sent until it said so
                    self.assertGreaterEqual(end["sum"]["packets"], 100)
                    self.assertGreaterEqual(bytes_, 100_000)
                else:
                    self.assertEqual((end["sum"]["packets"], bytes_), (100, 100_000))


class KernelIsTheServer(LinkTest):
    """The client ends the test when it has moved so much; what it has sent and the server not read by then, the server
    does not count."""

    def measure(self, way, size, streams, version):
        """What we have counted, what the server has told us, what it has printed."""
        server = subprocess.Popen(self.far.command("iperf3", "-s", "-1", "-J", "--forceflush"), stdout=subprocess.PIPE,
                                  text=True)
        try:
            self.wait_until(self.listens)
            client = subprocess.run([program("tun_iperf3_client"), at(self.addresses[version], 5201), way, str(size),
                                     str(streams)], capture_output=True, text=True, timeout=PATIENCE, check=False,
                                    env=dict(os.environ, CARDEA_NETWORK=puppet.captured(NETWORK, "client")))
            self.assertEqual((client.returncode, client.stderr), (0, ""))
            said = json.loads(server.communicate(timeout=PATIENCE)[0])
        finally:
            server.kill()
            server.wait()
            server.stdout.close()
        self.assertNotIn("error", said)
        words = [line.split() for line in client.stdout.splitlines()]
        ours = sum(int(w[2]) for w in words if w[0] != "server")
        theirs = sum(int(w[1]) for w in words if w[0] == "server")
        self.assertEqual(len(words), 2 * streams)
        return ours, theirs, said["end"]

    def listens(self):
        with self.far.entered(), open("/proc/thread-self/net/tcp6", encoding="ascii") as table:
            return any(f":{5201:04X} " in line and " 0A " in line for line in table)

    def each(self, megabytes, streams):
        size = max(int(megabytes * MEGABYTE * puppet.SCALE), MEGABYTE // 2)
        for version in (4, 6):
            with self.subTest(f"IPv{version}, we send"):
                ours, theirs, end = self.measure("send", size, streams, version)
                self.assertGreaterEqual(ours, size)
                self.assertEqual(end["sum_received"]["bytes"], theirs)
                self.assertTrue(ours - UNDER_WAY * streams <= theirs <= ours, (theirs, ours))
            with self.subTest(f"IPv{version}, we receive"):
                ours, theirs, end = self.measure("receive", size, streams, version)
                self.assertGreaterEqual(ours, size)
                self.assertEqual(end["sum_sent"]["bytes"], theirs)
                self.assertGreaterEqual(theirs, ours - UNDER_WAY * streams)

    def test_over_a_clean_link(self):
        self.link()
        self.each(40, 1)

    def test_four_streams_at_once(self):
        self.link()
        self.each(40, 4)

    def test_over_a_link_that_loses(self):
        carrier = self.link("delay=1", "loss=1")
        self.each(12, 1)
        self.assertGreater(carrier.end()["lost"], 0)


if __name__ == "__main__":
    puppet.main(needs=["iperf3"])
