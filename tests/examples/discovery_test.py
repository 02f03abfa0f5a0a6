"""discovery finds what another host on the wire offers, by IPv4 and by IPv6, and nothing that nobody offers."""

import subprocess
import sys
import unittest

import wire

wire.enter()
PROGRAM = sys.argv.pop(1)
GROUPS = (("239.255.70.77:7077", "192.0.2.2"), ("[ff15::70:77]:7077", "2001:db8::2"))


class Discovery(unittest.TestCase):
    def offer(self, hosts, group):
        offer = subprocess.Popen([*hosts.far, PROGRAM, "offer", "printer", group, "far"], stdout=subprocess.PIPE,
                                 text=True)
        self.addCleanup(offer.stdout.close)
        self.addCleanup(offer.wait)
        self.addCleanup(offer.kill)
        self.assertEqual(offer.stdout.readline(), f"offering printer at {group}\n")

    def find(self, name, group):
        done = subprocess.run([PROGRAM, "find", name, group, "near"], capture_output=True, text=True, timeout=60,
                              check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def test_over_a_wire(self):
        with wire.Wire() as hosts:
            for group, address in GROUPS:
                self.offer(hosts, group)
                # The interface's IPv6 side may need a moment after it has come up: ask until the answer comes.
                for _ in range(30):
                    found = self.find("printer", group)
                    if found:
                        break
                self.assertEqual(found, f"printer is at {address}\n")
                self.assertEqual(self.find("plotter", group), "")


if __name__ == "__main__":
    unittest.main()
