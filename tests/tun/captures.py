"""Captures of what the stack has sent and received in a file of tests, judged by tshark with its validation of checksums
on: nothing malformed, no bad checksum. Each program of ours writes its own; when all tests have run, all are read at once.
"""

import concurrent.futures
import itertools
import os
import shutil
import subprocess
import tempfile

from namespaces import PATIENCE

CHECKSUMS = tuple(f"{protocol}.checksum.status" for protocol in ("ip", "tcp", "udp", "icmp", "icmpv6"))
BAD, MALFORMED, OUTWARD = "0", str(0x07000000), 2
ERRORS = {"icmp.type": {"3", "4", "5", "11", "12"}, "icmpv6.type": {"1", "2", "3", "4"}}


class Captures:
    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="cardea-captures-")
        self.numbers = itertools.count(1)

    def next_file(self, what):
        return os.path.join(self.folder.name, f"{next(self.numbers):04}-{what}.pcapng")

    def judge(self, only_ours=False):
        """`only_ours`: what the tests have made up and sent to the stack may be anything."""
        try:
            files = sorted(entry.path for entry in os.scandir(self.folder.name))
            if files and shutil.which("tshark") and shutil.which("mergecap"):
                halves = [half for half in (files[::2], files[1::2]) if half]
                with concurrent.futures.ThreadPoolExecutor(len(halves)) as threads:  # tshark uses one processor
                    read = list(threads.map(lambda half: _read(half, only_ours), halves))
                seen = sum(verified for verified, _ in read)
                if any(faults for _, faults in read):  # which of them, then
                    raise AssertionError([(os.path.basename(f), *_read([f], only_ours)) for f in files][:20])
                if seen == 0:
                    raise AssertionError(f"no checksum was verified in {files}")
        finally:
            self.folder.cleanup()


def _read(files, only_ours):
    """How many packets had a checksum that tshark has verified, and the first of those with faults."""
    command = ["tshark", "-n", "-r", "-", "-T", "fields", "-E", "occurrence=a", "-e", "frame.packet_flags_direction",
               "-e", "frame.len", "-e", "_ws.expert.group", "-e", "_ws.malformed", "-e", "tcp.checksum", "-e", "icmp.type", "-e", "icmpv6.type"]
    for protocol in ("tcp", "udp"):  # what an application would read out of random bytes is nobody's fault
        command += ["-d", f"{protocol}.port==1-65535,data"]
    for protocol in ("ip", "tcp", "udp"):
        command += ["-o", f"{protocol}.check_checksum:TRUE"]
    for name in CHECKSUMS:
        command += ["-e", name]
    # -a: one after the other, instead of by time. To a pipe: they can be large.
    with subprocess.Popen(["mergecap", "-a", "-w", "-", *files], stdout=subprocess.PIPE) as merged:
        done = subprocess.run(command, stdin=merged.stdout, capture_output=True, text=True, timeout=PATIENCE, check=True)
    seen, faults = 0, []
    for line in done.stdout.splitlines():
        direction, length, groups, malformed, sum_of_tcp, icmp, icmpv6, *checksums = line.split("\t")
        outward = int(direction or "0", 0) & 3 == OUTWARD
        if only_ours and not outward:
            continue
        # What an ICMP error quotes is as the sender has handed it to its device, to have the checksum completed there; or
        # as somebody has made it up.
        quotes = icmp.split(",")[0] in ERRORS["icmp.type"] or icmpv6.split(",")[0] in ERRORS["icmpv6.type"]
        if quotes and only_ours:
            malformed = groups = ""
        # Linux writes 0xffff for 0 (CSUM_MANGLED_0): the same in ones' complement, and for tshark not.
        mangled = sum_of_tcp == "0xffff" and not outward
        own = [s for name, s in zip(CHECKSUMS, checksums)
               if not (quotes and name[:3] in ("tcp", "udp")) and not (mangled and name[:3] == "tcp")]
        statuses = [status for several in own for status in several.split(",")]
        seen += "1" in statuses
        if BAD in statuses or malformed or MALFORMED in groups.split(","):
            faults.append((direction, length, groups, malformed, checksums))
    return seen, faults[:3]
