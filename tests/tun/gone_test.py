#!/usr/bin/env python3
"""The device is deleted under a running host: what leads away from it fails, what stays inside goes on, nothing spins.

    gone_test.py FOLDER SCALE
"""

import errno
import os
import socket

import puppet
from namespaces import HERE, PATIENCE
from puppet import DEVICE, KERNEL, STACK, Puppet, TunTest, at


class TheDeviceIsDeleted(TunTest):
    def setUp(self):
        puppet.make_device()  # the test before has deleted it
        super().setUp()
        self.said = self.enterContext(open(os.path.join(self.folder, "said"), "w+", encoding="utf-8"))
        self.ours = self.enterContext(Puppet(stderr=self.said))
        self.ours.call("listen", "l", at(STACK[4], 7), 5)

    def tearDown(self):
        pass  # the device is gone, and with it all that there was to tidy

    def connect(self):
        accepting = self.ours.start("accept", "l", "c")
        connection = self.enterContext(socket.create_connection((STACK[4], 7), PATIENCE))
        accepting.result()
        return connection

    def sleeps(self):
        """The host's thread waits in the kernel: proc_pid_stat(5)."""
        with open(f"/proc/{self.ours.process.pid}/stat", encoding="ascii") as f:
            return f.read().rpartition(")")[2].split()[0] == "S"

    def delete(self):
        HERE.run("ip", "link", "delete", DEVICE)

    def test_who_waits_is_told_and_who_calls_later_too(self):
        self.connect()
        self.ours.call("udp", "u", at(STACK[6], 9000))
        waiting = [self.ours.start("hear", "c", 100), self.ours.start("accept", "l", "d"),
                   self.ours.start("receive_from", "u")]
        self.delete()
        for call in waiting:
            self.assertFails(errno.ENETDOWN, call.result)
        for words in (("say", "c", "anybody"), ("hear", "c", 100), ("accept", "l", "d"), ("receive_from", "u"),
                      ("send_to", "u", at(KERNEL[6], 9), 10), ("connect", "e", at(KERNEL[4], 9))):
            self.assertFails(errno.ENETDOWN, self.ours.call, *words)
        self.wait_until(self.sleeps)
        self.assertEqual(self.ours.end(), 0)
        self.said.seek(0)
        self.assertEqual(self.said.read(),
                         f"cardea: the TUN device '{DEVICE}' is gone, and with it this host's network\n")

    def test_what_had_come_is_read_first(self):
        connection = self.connect()
        connection.sendall(b"word")
        self.assertEqual(self.ours.call("hear", "c", 1), "w")
        self.delete()
        self.assertEqual(self.ours.call("hear", "c", 100), "ord")
        self.assertFails(errno.ENETDOWN, self.ours.call, "hear", "c", 100)

    def test_the_host_talks_to_itself_as_before(self):
        self.ours.call("listen", "inside", "127.0.0.1:7", 5)
        accepting = self.ours.start("accept", "inside", "d")
        self.delete()
        self.assertFails(errno.ENETDOWN, self.ours.call, "connect", "e", at(KERNEL[4], 9))
        self.ours.call("connect", "c", "127.0.0.1:7")
        accepting.result()
        hearing = self.ours.start("hear", "d", 100)
        self.ours.call("say", "c", "word")
        self.assertEqual(hearing.result(), "word")
        self.wait_until(self.sleeps)


if __name__ == "__main__":
    puppet.main()
