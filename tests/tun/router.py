"""A router between the stack and the kernel of another namespace:

    the stack - DEVICE - this namespace, which forwards - router, veth, far - the far namespace's kernel

What the packet filter drops while forwarding is lost as on any network. (What it drops on a host's own way out is
reported to the sender, which has then not sent it.)
"""

from namespaces import HERE, Namespace, rules, set_sysctl
from puppet import DEVICE, TunTest


class RouterTest(TunTest):
    addresses = {4: "10.97.0.1", 6: "fd97::1"}  # the far kernel's

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.far = Namespace()
        HERE.run("ip", "link", "add", "router", "type", "veth", "peer", "name", "far", "netns", cls.far.path())
        HERE.run("ip", "link", "set", "router", "up")
        HERE.run("ip", "address", "add", "10.97.0.254/24", "dev", "router")
        HERE.run("ip", "address", "add", "fd97::254/64", "dev", "router", "nodad")
        cls.far.run("ip", "link", "set", "far", "up")
        for version, length in ((4, 24), (6, 64)):
            nodad = ("nodad",) if version == 6 else ()
            cls.far.run("ip", "address", "add", f"{cls.addresses[version]}/{length}", "dev", "far", *nodad)
        cls.far.run("ip", "route", "add", "default", "via", "10.97.0.254")
        cls.far.run("ip", "-6", "route", "add", "default", "via", "fd97::254")
        set_sysctl(HERE, "net.ipv4.ip_forward", 1)
        set_sysctl(HERE, "net.ipv6.conf.all.forwarding", 1)

    @classmethod
    def tearDownClass(cls):
        HERE.run("ip", "link", "delete", "router")
        cls.far.close()

    def forwarding(self, *statements):
        """Rules for what is forwarded; `{device}` in them is the stack's."""
        text = "\n".join(statements).replace("{device}", f'"{DEVICE}"')
        rules(HERE, f"table inet router {{ chain passing {{ type filter hook forward priority 0;\n{text}\n}}\n}}")

    def lose(self, percent):
        self.forwarding(f"numgen random mod 1000 < {int(percent * 10)} drop")
