"""The link module (link.cpp) between the stack and the kernel of another namespace, which is two hops away:

    the stack - DEVICE - this namespace, as a router - link-a, the module, link-b - the far namespace's kernel
"""

import os
import subprocess

from namespaces import HERE, PATIENCE, Namespace, set_sysctl
from puppet import TunTest, program


class Carrier:
    def __init__(self, far, conditions):
        here = f"/proc/{os.getpid()}/ns/net"
        self.process = subprocess.Popen([program("tun_link"), here, "link-a", far.path(), "link-b", *conditions],
                                        stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            raise AssertionError(f"the link module ended with {self.process.wait()}")
        self.counts = None

    def end(self):
        """What it has done: {"carried": 12, "lost": 3, ...}."""
        if self.counts is None:
            self.process.terminate()
            words = self.process.communicate(timeout=PATIENCE)[0].split()
            self.counts = dict(zip(words[::2], map(int, words[1::2])))
            if self.counts["overflowed"] != 0:
                raise AssertionError("the link module had no room")
        return self.counts


class LinkTest(TunTest):
    addresses = {4: "10.98.0.1", 6: "fd98::1"}  # the far kernel's

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.far = Namespace()
        set_sysctl(HERE, "net.ipv4.ip_forward", 1)
        set_sysctl(HERE, "net.ipv6.conf.all.forwarding", 1)

    @classmethod
    def tearDownClass(cls):
        cls.far.close()

    def link(self, *conditions):
        """Lays the link; it is there until the test ends."""
        carrier = Carrier(self.far, conditions)
        self.addCleanup(carrier.end)
        HERE.run("ip", "route", "add", "10.98.0.0/24", "dev", "link-a")
        HERE.run("ip", "route", "add", "fd98::/64", "dev", "link-a")
        self.far.run("ip", "address", "add", f"{self.addresses[4]}/24", "dev", "link-b")
        self.far.run("ip", "address", "add", f"{self.addresses[6]}/64", "dev", "link-b", "nodad")
        self.far.run("ip", "route", "add", "default", "dev", "link-b")
        self.far.run("ip", "-6", "route", "add", "default", "dev", "link-b")
        return carrier
