"""The two ends of the tests on a TUN device: the kernel's, which is this process, and the stack's, a puppet.

PUPPET is a program of ours (puppet.cpp) that makes the calls it is told, from either role, on the stack.
"""

import contextlib
import functools
import hashlib
import itertools
import os
import queue
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import namespaces
from captures import Captures
from namespaces import HERE, PATIENCE, no_rules, set_up_tun

DEVICE = "cardea-test"
KERNEL = {4: "10.99.0.1", 6: "fd99::1"}
STACK = {4: "10.99.0.2", 6: "fd99::2"}
NETWORK = f"tun:{DEVICE},{STACK[4]}/24,{STACK[6]}/64"
FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}
MEGABYTE = 1024 * 1024
BUILD = ""  # the folder of the tests' programs; take_arguments() sets it
SCALE = 1.0  # of what is moved: less under sanitizers
captures = None  # those of this file of tests, once there are any
capturing = False  # this class's programs


def main(**more):
    """test.py FOLDER SCALE [unittest's arguments]"""
    global BUILD, SCALE
    BUILD, SCALE = sys.argv[1], float(sys.argv[2])
    namespaces.main(sys.argv[:1] + sys.argv[3:], **more)


def program(name):
    return os.path.join(BUILD, name)


def at(address, port):
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def sha256_of(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_all(connection):
    """What comes until the end of the stream."""
    return b"".join(iter(lambda: connection.recv(65_536), b""))


def captured(network, what="puppet"):
    """The network's name, with a capture for the tests' end where there is to be one, and the test has none of its own."""
    if not capturing or not network.startswith("tun:") or ",capture=" in network:
        return network
    return f"{network},capture={captures.next_file(what)}"


class Failed(Exception):
    """What the puppet's call reported: the category of the error and its number."""

    def __init__(self, category, number):
        super().__init__(f"{category} {number}")
        self.category = category
        self.errno = int(number)


class Call:
    """A call under way on the puppet."""

    def __init__(self, text):
        self.text = text
        self.answer = queue.Queue()

    def result(self):
        said = self.answer.get(timeout=PATIENCE)
        if said is None:
            raise AssertionError(f"the puppet ended during {self.text!r}")
        verdict, _, rest = said.partition(" ")
        if verdict == "error":
            raise Failed(*rest.split())
        if verdict != "ok":
            raise AssertionError(f"{self.text!r}: {rest}")
        return rest

    def is_under_way(self):
        return self.answer.empty()


class Puppet:
    """The program on the stack. Leaving the block ends it, and it must end in order: no leak, no sanitizer's report."""

    def __init__(self, network=NETWORK, namespace=HERE, **more):
        environment = dict(os.environ, CARDEA_NETWORK=captured(network))
        self.process = subprocess.Popen(namespace.command(program("tun_puppet")), env=environment, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=1, **more)
        self.calls = {}
        self.tags = itertools.count(1)
        if self.process.stdout.readline() != "ready\n":
            raise AssertionError(f"the puppet ended with {self.process.wait()}")
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            tag, _, said = line.rstrip("\n").partition(" ")
            self.calls.pop(tag).answer.put(said)
        for call in list(self.calls.values()):
            call.answer.put(None)

    def start(self, *words):
        tag = str(next(self.tags))
        call = self.calls[tag] = Call(" ".join(map(str, words)))
        self.process.stdin.write(f"{tag} {call.text}\n")
        return call

    def call(self, *words):
        return self.start(*words).result()

    def info(self, name):
        """tcp_info of the connection: {"segment": 1448, "resends": 0, ...}."""
        return {word: int(number) for word, number in (pair.split("=") for pair in self.call("info", name).split())}

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def memory(self):
        """Bytes resident."""
        with open(f"/proc/{self.process.pid}/statm", encoding="ascii") as f:
            return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        code = self.end()
        if code != 0 and kind is None:
            raise AssertionError(f"the puppet ended with {code}")

    def end(self):
        """Lets it end; its exit code."""
        if self.process.stdout.closed:
            return self.process.returncode
        self.process.stdin.close()
        try:
            return self.process.wait(PATIENCE)
        finally:
            self.process.kill()
            self.process.wait()
            self.reader.join()
            self.process.stdout.close()


def make_device():
    if subprocess.run(["ip", "link", "show", DEVICE], check=False, capture_output=True).returncode != 0:
        set_up_tun(HERE, DEVICE, f"{KERNEL[4]}/24", f"{KERNEL[6]}/64")


@contextlib.contextmanager
def kernel_connects(version, namespace=HERE, addresses=None, network=NETWORK):
    """A puppet that has accepted a connection "c", and the kernel's end of it."""
    with namespace.entered():
        connection = socket.socket(FAMILY[version], socket.SOCK_STREAM)
    with connection, Puppet(network) as ours:
        ours.call("listen", "l", at(STACK[version], 7), 5)
        accepting = ours.start("accept", "l", "c")
        connection.settimeout(PATIENCE)
        connection.connect((STACK[version], 7))
        accepting.result()
        yield ours, connection


@contextlib.contextmanager
def stack_connects(version, namespace=HERE, addresses=None, network=NETWORK):
    """The same, but that the puppet has connected; `addresses` are the kernel's by version of IP."""
    address = (addresses or KERNEL)[version]
    with namespace.entered():
        door = socket.create_server((address, 0), family=FAMILY[version])
    with door, Puppet(network) as ours:
        door.settimeout(PATIENCE)
        ours.call("connect", "c", at(address, door.getsockname()[1]))
        connection, _ = door.accept()
        with connection:
            connection.settimeout(PATIENCE)
            yield ours, connection


def every_way(case):
    """Runs a case (self, ours, connection) on a connection made by either side, over either version of IP."""

    @functools.wraps(case)
    def test(self):
        for version in (4, 6):
            for connect in (kernel_connects, stack_connects):
                with self.subTest(f"IPv{version}, {connect.__name__}"):
                    with connect(version, self.far, self.addresses) as (ours, connection):
                        case(self, ours, connection)

    return test


class TunTest(unittest.TestCase):
    """Cases on one TUN device between the puppet's stack and the kernel's: that of this namespace, if not of `far`."""

    far = HERE
    addresses = KERNEL
    hostile = False  # what comes in may be malformed

    @classmethod
    def setUpClass(cls):
        global captures, capturing
        make_device()
        capturing = True
        if captures is None:
            captures = Captures()
            unittest.addModuleCleanup(captures.judge, only_ours=cls.hostile)

    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory(prefix="cardea-"))

    def tearDown(self):
        no_rules(HERE)

    def enterContext(self, manager):  # unittest has it from Python 3.11 on
        value = manager.__enter__()
        self.addCleanup(manager.__exit__, None, None, None)
        return value

    def need(self, name):
        if shutil.which(name) is None:
            self.skipTest(f"{name} is not installed")

    def wait_until(self, condition, interval=0.005):
        """Looks until it is so: the kernel's tables and counters call nobody when they change."""
        end = time.monotonic() + PATIENCE
        never = threading.Event()
        while not condition():
            self.assertLess(time.monotonic(), end, "it never came to be so")
            never.wait(interval)

    def assertFails(self, number, call, *words):
        """The puppet's call ends with that errno."""
        with self.assertRaises(Failed) as caught:
            call(*words)
        self.assertEqual((caught.exception.category in ("system", "generic"), caught.exception.errno), (True, number))
