"""Reads a capture with tshark, its validation of checksums on."""

import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "tool"))
import harness  # noqa: E402
import own_namespace  # noqa: E402

VALIDATE = [word for protocol in ("ip", "tcp", "udp") for word in ("-o", f"{protocol}.check_checksum:TRUE")]
GOOD, BAD = "1", "0"
CHECKSUMS = ("ip.checksum.status", "tcp.checksum.status", "udp.checksum.status", "icmp.checksum.status",
             "icmpv6.checksum.status")


def need_tshark():
    if not shutil.which("tshark"):
        own_namespace.skip("tshark is not installed")


def packets(path, *fields, only=None):
    """A list for each packet, with the text of each field."""
    command = ["tshark", "-n", "-r", str(path), *VALIDATE, "-T", "fields", "-E", "separator=\t", "-E", "occurrence=a"]
    for field in fields:
        command += ["-e", field]
    if only:
        command += ["-Y", only]
    done = subprocess.run(command, capture_output=True, timeout=harness.PATIENCE, check=True)
    return [line.split("\t") for line in done.stdout.decode().splitlines()]


class CaptureTest(harness.ToolTest):
    def verify(self, path):
        """Nothing is malformed, no checksum is bad, and those that must have been seen to are good."""
        self.assertEqual(packets(path, "frame.number", only="_ws.malformed || _ws.expert.group == 0x07000000"), [])
        seen = {name: set() for name in CHECKSUMS}
        for row in packets(path, *CHECKSUMS):
            for name, values in zip(CHECKSUMS, row):
                seen[name].update(values.split(",") if values else ())
        for name, statuses in seen.items():
            self.assertNotIn(BAD, statuses, name)
        return {name for name, statuses in seen.items() if GOOD in statuses}
