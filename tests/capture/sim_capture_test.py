"""Captures of simulated hosts: every host an interface, virtual nanoseconds, and what became of each packet."""

import re
import subprocess
import sys

import capture
import harness

WORLD = sys.argv[2]


class World(capture.CaptureTest):
    def capture(self, name="world.pcapng"):
        path = self.folder / name
        said = subprocess.run([WORLD, path], capture_output=True, timeout=harness.PATIENCE, check=True).stdout.decode()
        sent, lost = map(int, re.match(r"sent (\d+) lost (\d+)", said).groups())
        return path, sent, lost

    def test_tshark_finds_no_fault(self):
        path, _, _ = self.capture()
        self.assertLessEqual({"tcp.checksum.status", "udp.checksum.status", "icmpv6.checksum.status"},
                             self.verify(path))

    def test_every_packet_and_its_fate(self):
        path, sent, lost = self.capture()
        rows = capture.packets(path, "frame.interface_name", "frame.packet_flags_direction", "frame.comment")
        out = [row for row in rows if row[1] == "0x02" or row[1] == "0x00000002"]
        self.assertGreater(lost, 0)
        self.assertEqual({row[0] for row in rows}, {"server", "client"})
        self.assertEqual((len(out), len(rows)), (sent, 2 * sent - lost))
        self.assertEqual(sum("lost on the link" in row[2] for row in rows), lost)
        self.assertTrue(any("dropped: no socket" in row[2] for row in rows))

    def test_time_is_virtual_and_in_nanoseconds(self):
        path, _, _ = self.capture()
        times = [row[0] for row in capture.packets(path, "frame.time_epoch")]
        self.assertTrue(all(re.fullmatch(r"10000000\d\d\.\d{9}", t) for t in times), times[:3])
        self.assertEqual(times, sorted(times))
        self.assertEqual(times[0], "1000000000.000000000")

    def test_the_same_seed_gives_the_same_file(self):
        one, _, _ = self.capture("one")
        two, _, _ = self.capture("two")
        self.assertEqual(one.read_bytes(), two.read_bytes())


class LoneHost(capture.CaptureTest):
    def test_the_demo_talks_to_itself(self):
        path = self.folder / "a name, with a comma=.pcapng"
        code, _, errors = harness.run("--network", "sim", "--capture", path, "demo")
        self.assertEqual((code, errors), (0, ""))
        self.assertEqual(self.verify(path), {"ip.checksum.status", "tcp.checksum.status", "udp.checksum.status"})
        comments = {row[0] for row in capture.packets(path, "frame.comment")}
        self.assertEqual(comments, {"to the host itself"})


if __name__ == "__main__":
    capture.need_tshark()
    harness.main()
