#!/usr/bin/env python3
"""The same calls on the kernel's network and on the stack report the same, errors and all, with a kernel as the peer.

    same_results_test.py FOLDER SCALE
"""

import contextlib
import socket
import struct

import puppet
from namespaces import HERE, PATIENCE, rules
from puppet import FAMILY, KERNEL, STACK, Failed, Puppet, at
from router import RouterTest

ROUTER = {4: "10.97.0.254", 6: "fd97::254"}  # this namespace, as the kernel's network sees it
FOREIGN = {4: "192.0.2.77", 6: "2001:db8::77"}


class Play:
    """One case on one network: makes calls, and keeps what they reported."""

    def __init__(self, ours, version, own, peer):
        self.ours, self.version, self.own, self.peer = ours, version, own, peer
        self.reports = []

    def call(self, *words):
        try:
            said = self.ours.call(*words)
            self.reports.append((words[0], said if words[0] in ("hear", "skip", "get", "say", "part") else "ok"))
        except Failed as e:
            # An errno is the same whichever of the two categories of the standard library it is in.
            category = "errno" if e.category in ("system", "generic") else e.category
            self.reports.append((words[0], category, e.errno))

    def at_own(self, port):
        return at(self.own, port)

    @contextlib.contextmanager
    def connected(self):
        with socket.create_server((self.peer, 0), family=FAMILY[self.version]) as door:
            door.settimeout(PATIENCE)
            self.call("connect", "c", at(self.peer, door.getsockname()[1]))
            connection, _ = door.accept()
            with connection:
                yield connection


def refused(play):
    play.call("connect", "c", at(play.peer, 9))
    play.call("hear", "c", 10)
    play.call("say", "c", "x")


def given_up(play):
    rules(HERE, "table inet deaf { chain inward { type filter hook input priority 0; tcp dport 9 drop; }; }")
    play.call("within", 200, "connect", "c", at(play.peer, 9))


def not_connected(play):
    play.call("open", "c", play.version)
    for words in (("hear", "c", 10), ("say", "c", "x"), ("shutdown", "c", "send"), ("peer", "c")):
        play.call(*words)


def after_a_reset(play):
    with play.connected() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
        for words in (("hear", "c", 10), ("hear", "c", 10), ("say", "c", "x"), ("get", "c", "error")):
            play.call(*words)


def after_the_end(play):
    with play.connected() as connection:
        connection.sendall(b"last")
        connection.shutdown(socket.SHUT_WR)
        for words in (("hear", "c", 10), ("hear", "c", 10), ("hear", "c", 10), ("say", "c", "x")):
            play.call(*words)
        assert connection.recv(10) == b"x"


def after_shutdown(play):
    with play.connected():
        for words in (("shutdown", "c", "send"), ("say", "c", "x"), ("shutdown", "c", "send"),
                      ("shutdown", "c", "receive"), ("hear", "c", 10), ("shutdown", "c", "both")):
            play.call(*words)


def connected_already(play):
    with play.connected():
        play.call("connect", "c", at(play.peer, 9))
        play.call("bind", "c", play.at_own(7000))


def bound_in_use(play):
    play.call("listen", "l", play.at_own(7001), 5)
    play.call("open", "c", play.version)
    play.call("bind", "c", play.at_own(7001))
    play.call("listen", "m", play.at_own(7001), 5)
    play.call("udp", "u", play.at_own(7001))
    play.call("udp", "v", play.at_own(7001))


def bound_elsewhere(play):
    play.call("open", "c", play.version)
    play.call("bind", "c", at(FOREIGN[play.version], 7002))
    play.call("bind", "c", play.at_own(7002))
    play.call("bind", "c", play.at_own(7003))


def wrong_family(play):
    play.call("open", "c", 4)
    play.call("connect", "c", "[fd97::1234]:9")


def listening(play):
    play.call("listen", "l", play.at_own(7004), 5)
    for words in (("hear", "l", 10), ("say", "l", "x"), ("connect", "l", at(play.peer, 9)),
                  ("within", 50, "accept", "l", "c")):
        play.call(*words)


def large_datagrams(play):
    play.call("udp", "u", play.at_own(7005))
    for size in (0, 65_000, 65_508, 70_000):
        play.call("send_to", "u", at(play.peer, 9), size)
    play.call("within", 50, "receive_from", "u")


def closed(play):
    play.call("open", "c", play.version)
    for words in (("close", "c"), ("close", "c"), ("hear", "c", 10), ("connect", "c", at(play.peer, 9))):
        play.call(*words)


CASES = [refused, given_up, not_connected, after_a_reset, after_the_end, after_shutdown, connected_already, bound_in_use,
         bound_elsewhere, wrong_family, listening, large_datagrams, closed]


class SameResults(RouterTest):
    maxDiff = None

    def reports(self, case, version, network, namespace, own, peer):
        with Puppet(network, namespace) as ours:
            play = Play(ours, version, own, peer)
            case(play)
        self.tearDown()
        return play.reports

    def test_of_every_case(self):
        for case in CASES:
            for version in (4, 6):
                with self.subTest(f"{case.__name__}, IPv{version}"):
                    kernel = self.reports(case, version, "epoll", self.far, self.addresses[version], ROUTER[version])
                    stack = self.reports(case, version, puppet.NETWORK, HERE, STACK[version], KERNEL[version])
                    self.assertEqual(stack, kernel)
                    self.assertGreater(len(stack), 0)


if __name__ == "__main__":
    puppet.main()
