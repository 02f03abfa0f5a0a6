"""A test in a network namespace of its own, with a TUN device whose kernel's end has addresses. Needs root."""

import os
import shutil
import subprocess
import sys

DEVICE = "cardea-tool"
KERNEL = {4: "10.96.0.1", 6: "fd96::1"}
HOST = {4: "10.96.0.2", 6: "fd96::2"}
NETWORK = f"tun:{DEVICE},{HOST[4]}/24,{HOST[6]}/64"
SKIPPED = 77  # ctest's SKIP_RETURN_CODE
INSIDE = "CARDEA_TEST_NAMESPACE"


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIPPED)


def enter():
    """Starts the program again inside, or returns if it is. What it makes there ends with it."""
    if os.environ.get(INSIDE) != "yes":
        if os.geteuid() != 0:
            skip("a network namespace and a TUN device need root")
        if not os.path.exists("/dev/net/tun") or not shutil.which("ip") or not shutil.which("unshare"):
            skip("no /dev/net/tun, or no ip and unshare commands")
        if subprocess.run(["unshare", "-n", "true"], check=False, capture_output=True).returncode != 0:
            skip("no network namespace can be made here")
        os.environ[INSIDE] = "yes"
        os.execvp("unshare", ["unshare", "-n", sys.executable, "-B", *sys.argv])
    ip("link", "set", "lo", "up")
    ip("tuntap", "add", DEVICE, "mode", "tun")
    ip("address", "add", f"{KERNEL[4]}/24", "dev", DEVICE)
    ip("-6", "address", "add", f"{KERNEL[6]}/64", "dev", DEVICE, "nodad")
    ip("link", "set", DEVICE, "up")


def ip(*words):
    subprocess.run(["ip", *words], check=True)


def at(version, port):
    """The address of Cardea's host, as the command line has it."""
    return f"[{HOST[6]}]:{port}" if version == 6 else f"{HOST[4]}:{port}"
