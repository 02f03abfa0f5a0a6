"""ping gets its answers over IPv4 and IPv6, and without the right to raw sockets it says what it needs."""

import os
import pathlib
import subprocess
import sys
import unittest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
import seen_skips

PROGRAM = sys.argv.pop(1)


def ping(*prefix, to):
    return subprocess.run([*prefix, PROGRAM, to], capture_output=True, text=True, timeout=60, check=False)


class Ping(unittest.TestCase):
    @unittest.skipUnless(os.geteuid() == 0, "needs root, for raw sockets")
    def test_answers(self):
        for address in ("127.0.0.1", "::1"):
            done = ping(to=address)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            lines = done.stdout.splitlines()
            self.assertEqual(len(lines), 4)
            for line in lines:
                self.assertRegex(line, rf"^16 bytes from {address}: \d+ us$")

    def test_without_the_right(self):
        # As another user; as root there is setpriv(1) to become one.
        become = ["setpriv", "--reuid", "65534", "--clear-groups", "--bounding-set=-all"] if os.geteuid() == 0 else []
        done = ping(*become, to="127.0.0.1")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, "ping: open a raw socket (it needs CAP_NET_RAW: run as root, or once: setcap "
                                      "cap_net_raw+ep PROGRAM): Operation not permitted\n")


if __name__ == "__main__":
    seen_skips.main()
