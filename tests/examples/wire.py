"""Two hosts on a wire: this process in one network namespace, its programs in that or in another."""

import os
import shutil
import subprocess
import sys

SKIPPED = 77


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIPPED)


def enter():
    """Starts this script again in a network namespace of its own, unless it is in one. Needs root."""
    if os.environ.get("CARDEA_TEST_NAMESPACE"):
        return
    if not shutil.which("ip") or not shutil.which("unshare") or not shutil.which("nsenter"):
        skip("no ip, unshare and nsenter commands")
    if subprocess.run(["unshare", "-n", "true"], check=False, capture_output=True).returncode != 0:
        skip("needs root, for network namespaces")
    os.environ["CARDEA_TEST_NAMESPACE"] = "1"
    os.execvp("unshare", ["unshare", "-n", sys.executable, "-B", *sys.argv])


class Wire:
    """The near host has 192.0.2.1 and 2001:db8::1 on "near", the far one 192.0.2.2 and 2001:db8::2 on "far"."""

    def __enter__(self):
        # Its namespace is the far host; it tells when it is there.
        self.host = subprocess.Popen(["unshare", "-n", "sh", "-c", "echo here; exec sleep 600"],
                                     stdout=subprocess.PIPE)
        self.host.stdout.readline()
        self.far = ["nsenter", "-t", str(self.host.pid), "-n"]
        pair = f"ip link add near type veth peer name far netns {self.host.pid}"
        if subprocess.run(pair.split(), check=False, capture_output=True).returncode != 0:
            self.__exit__()
            skip("no veth interfaces")
        for where, device, number in (([], "near", 1), (self.far, "far", 2)):
            for command in ("ip link set lo up", f"ip addr add 192.0.2.{number}/24 dev {device}",
                            f"ip addr add 2001:db8::{number}/64 dev {device} nodad", f"ip link set {device} up"):
                subprocess.run([*where, *command.split()], check=True)
        return self

    def __exit__(self, *_):
        self.host.kill()
        self.host.wait()
        self.host.stdout.close()
