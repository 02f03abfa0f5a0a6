#!/usr/bin/env python3
"""A peer that does not answer at all: whoever asks, by keepalive or with data, is told in the end. Keepalive's unit is the
second, so the connections of either role and of either version of IP wait at the same time.

    keepalive_test.py FOLDER SCALE
"""

import errno
import socket

import puppet
from kernel_view import Watch
from namespaces import HERE, PATIENCE, rules
from puppet import DEVICE, FAMILY, KERNEL, STACK, Puppet, TunTest, at

WAYS = [(version, role) for version in (4, 6) for role in ("accepted", "connected")]


class SilentPeer(TunTest):
    def setUp(self):
        super().setUp()
        self.ours = self.enterContext(Puppet())
        self.theirs = {name: self.connection(*way) for name, way in zip("abcd", WAYS)}

    def tearDown(self):
        super().tearDown()  # before the puppet ends: it parts with its peers

    def connection(self, version, role):
        """The kernel's end; the puppet's has the name of `theirs`."""
        name = "abcd"[WAYS.index((version, role))]
        if role == "connected":
            with socket.create_server((KERNEL[version], 0), family=FAMILY[version]) as door:
                door.settimeout(PATIENCE)
                self.ours.call("connect", name, at(KERNEL[version], door.getsockname()[1]))
                connection = door.accept()[0]
        else:
            self.ours.call("listen", f"l{version}", at(STACK[version], 7), 5)
            accepting = self.ours.start("accept", f"l{version}", name)
            connection = socket.create_connection((STACK[version], 7), PATIENCE)
            accepting.result()
        self.addCleanup(connection.close)
        connection.settimeout(PATIENCE)
        return connection

    def silence(self):
        rules(HERE, f"""table inet silence {{
            chain inward {{ type filter hook input priority 0; iifname "{DEVICE}" drop; }}
            chain outward {{ type filter hook output priority 0; oifname "{DEVICE}" drop; }}
        }}""")

    def of_each(self, watch, whose):
        """How many packets of each connection come from whose address: KERNEL or STACK."""
        counts = []
        for name, (version, _) in zip("abcd", WAYS):
            port = self.theirs[name].getsockname()[1]
            packets = watch.of(whose[version])
            counts.append(sum(1 for p in packets if port in (p.source_port, p.destination_port)))
        return counts

    def keep_alive(self):
        for name in self.theirs:
            for option, value in (("idle", 1), ("interval", 1), ("count", 1)):
                self.ours.call("set", name, f"keepalive_{option}", value)
            self.ours.call("set", name, "keepalive", 1)

    def keep_alive_of_the_kernel(self, on=1):
        for connection in self.theirs.values():
            for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT):
                connection.setsockopt(socket.IPPROTO_TCP, option, 1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, on)

    def test_user_timeout(self):
        for name in self.theirs:
            self.ours.call("set", name, "user_timeout", 700)
        self.silence()
        for name in self.theirs:
            self.ours.call("say", name, "anybody")
        for hearing in [self.ours.start("hear", name, 100) for name in self.theirs]:
            self.assertFails(errno.ETIMEDOUT, hearing.result)

    def test_keepalive_of_the_stack_notices(self):
        self.keep_alive()
        hearing = [self.ours.start("hear", name, 100) for name in self.theirs]
        with Watch(DEVICE) as watch:
            self.silence()
            for call in hearing:
                self.assertFails(errno.ETIMEDOUT, call.result)
            self.wait_until(lambda: min(self.of_each(watch, STACK)) >= 2)  # the probe, and the reset at the end

    def test_keepalive_of_the_kernel_notices(self):
        self.keep_alive_of_the_kernel()
        self.silence()
        for connection in self.theirs.values():
            with self.assertRaises(TimeoutError) as caught:
                connection.recv(100)
            self.assertEqual(caught.exception.errno, errno.ETIMEDOUT)

    def test_keepalive_of_either_side_is_answered_by_the_other(self):
        # One after the other: whoever is probed has heard something, and need not probe. An unanswered probe would end the
        # connection: after two of them one must have been answered.
        with Watch(DEVICE) as watch:
            self.keep_alive_of_the_kernel()
            self.wait_until(lambda: min(self.of_each(watch, KERNEL)) >= 2)
            self.keep_alive_of_the_kernel(0)
            self.keep_alive()
            answers = self.of_each(watch, STACK)
            # One may be the last answer.
            self.wait_until(lambda: all(now >= before + 3 for now, before in zip(self.of_each(watch, STACK), answers)))
        for name, connection in self.theirs.items():
            connection.sendall(b"still there")
            self.assertEqual(self.ours.call("hear", name, 100), "still there")

    def test_connecting_gives_up_at_the_deadline(self):
        self.silence()
        for version in (4, 6):
            with self.assertRaises(puppet.Failed) as caught:
                self.ours.call("within", 300, "connect", f"z{version}", at(KERNEL[version], 9))
            self.assertEqual(caught.exception.category, "cardea")


if __name__ == "__main__":
    puppet.main()
