"""Network namespaces of a test's own: made without a name, so that nothing of them is left when the test has ended.

A test file calls main(). It then runs in a namespace whose loopback is up, as root, or is skipped with the reason.
"""

import contextlib
import ctypes
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
import seen_skips

LONG = os.environ.get("CARDEA_LONG") == "1"  # asked for by hand: streams_test.py
PATIENCE = 3600 if LONG else 60  # seconds after which something that should have happened is taken not to happen
SKIPPED = 77  # the exit code that ctest is told means "not run"
INSIDE = "CARDEA_TUN_TEST"
LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1


def run(*words, **more):
    """A command that must succeed; what it printed."""
    done = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE, check=False, **more)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(words)} ended with {done.returncode}: {done.stderr}")
    return done.stdout


def _follow(namespace):
    if LIBC.setns(namespace, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


class Namespace:
    """A host: the kernel's own network stack with interfaces, routes, rules and settings apart from all others."""

    def __init__(self):
        ready, started = os.pipe()
        # Somebody must live in it for as long as it is used; nobody has to survive this process.
        self.keeper = subprocess.Popen(["unshare", "-n", "sh", "-c", f"echo; exec sleep {10 * PATIENCE}"], stdout=started,
                                       preexec_fn=lambda: LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL))
        os.close(started)
        os.read(ready, 1)
        os.close(ready)
        self.descriptor = os.open(f"/proc/{self.keeper.pid}/ns/net", os.O_RDONLY)
        self.run("ip", "link", "set", "lo", "up")

    def close(self):
        os.close(self.descriptor)
        self.keeper.kill()
        self.keeper.wait()

    def path(self):
        return f"/proc/{self.keeper.pid}/ns/net"

    def run(self, *words, **more):
        return run("nsenter", f"--net={self.path()}", *words, **more)

    def command(self, *words):
        """The words that run a program in here."""
        return ["nsenter", f"--net={self.path()}", *words]

    @contextlib.contextmanager
    def entered(self):
        """Sockets that this thread opens in the block are of this namespace, and stay so."""
        with open(f"/proc/self/task/{threading.get_native_id()}/ns/net", "rb") as home:
            _follow(self.descriptor)
            try:
                yield self
            finally:
                _follow(home.fileno())


class Here:
    """The namespace that the test runs in."""

    def run(self, *words, **more):
        return run(*words, **more)

    def command(self, *words):
        return list(words)

    @contextlib.contextmanager
    def entered(self):
        yield self


HERE = Here()


def set_up_tun(namespace, device, *addresses, mtu=1500):
    """A TUN device that a program of ours attaches to; `addresses` (with prefixes) are the kernel's at its end."""
    namespace.run("ip", "tuntap", "add", device, "mode", "tun")
    namespace.run("ip", "link", "set", device, "mtu", str(mtu), "up")
    for address in addresses:
        more = ("nodad",) if ":" in address else ()
        namespace.run("ip", "address", "add", address, "dev", device, *more)


def rules(namespace, text):
    """Loads rules of the packet filter."""
    namespace.run("nft", "-f", "-", input=text)


def no_rules(namespace):
    namespace.run("nft", "flush", "ruleset")


def _setting(namespace, name, value=None):
    """Reads, or sets, what sysctl(8) calls `name`; the files show the namespace of the thread that opens them."""
    with namespace.entered(), open("/proc/sys/" + name.replace(".", "/"), "r" if value is None else "w",
                                   encoding="ascii") as file:
        return file.read().strip() if value is None else file.write(str(value))


def set_sysctl(namespace, name, value):
    _setting(namespace, name, value)


@contextlib.contextmanager
def sysctl(namespace, **settings):
    """Settings of net.ipv4 for the length of the block."""
    before = {name: _setting(namespace, f"net.ipv4.{name}") for name in settings}
    for name, value in settings.items():
        _setting(namespace, f"net.ipv4.{name}", value)
    try:
        yield
    finally:
        for name, value in before.items():
            _setting(namespace, f"net.ipv4.{name}", value)


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIPPED)


def main(arguments, needs=()):
    """Runs the test file's cases in a namespace of its own. `arguments`: unittest's; `needs`: programs it must have."""
    if os.geteuid() != 0:
        skip("a network namespace and a TUN device need root")
    if not os.path.exists("/dev/net/tun"):
        skip("no /dev/net/tun")
    for program in ("ip", "unshare", "nsenter", "nft", *needs):
        if not shutil.which(program):
            skip(f"{program} is not installed")
    if os.environ.get(INSIDE) != "yes":
        if subprocess.run(["unshare", "-n", "true"], check=False, capture_output=True).returncode != 0:
            skip("no network namespace can be made here")
        os.environ[INSIDE] = "yes"
        os.execvp("unshare", ["unshare", "-n", sys.executable, "-B", *sys.argv])
    run("ip", "link", "set", "lo", "up")
    seen_skips.main(argv=arguments, verbosity=2)
