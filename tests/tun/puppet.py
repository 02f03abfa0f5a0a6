"""The two ends of the tests on a TUN device: the kernel's, which is this process, and the stack's, a puppet.

PUPPET is a program of ours (puppet.cpp) that makes the calls it is told, from either role, on the stack.
"""

import contextlib
import copy
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
capturing = False  # what this test's programs send and receive


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
    """The network's name, with a capture for the tests' end where there is to be one."""
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
        self.one_line = threading.Lock()  # tests call from several threads
        if self.process.stdout.readline() != "ready\n":
            raise AssertionError(f"the puppet ended with {self.process.wait()}")
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self.idle = self.held() if network.startswith("tun:") else None

    def _read(self):
        for line in self.process.stdout:
            tag, _, said = line.rstrip("\n").partition(" ")
            self.calls.pop(tag).answer.put(said)
        for call in list(self.calls.values()):
            call.answer.put(None)

    def start(self, *words):
        tag = str(next(self.tags))
        call = self.calls[tag] = Call(" ".join(map(str, words)))
        with self.one_line:
            self.process.stdin.write(f"{tag} {call.text}\n")
        return call

    def call(self, *words):
        return self.start(*words).result()

    def info(self, name):
        """tcp_info of the connection: {"segment": 1448, "resends": 0, ...}."""
        return self._numbers("info", name)

    def held(self):
        """What the program and its host have: {"sockets": 2, "connections": 1, ...}."""
        return {"descriptors": len(os.listdir(f"/proc/{self.process.pid}/fd")), **self._numbers("held")}

    def _numbers(self, *words):
        return {word: int(number) for word, number in (pair.split("=") for pair in self.call(*words).split())}

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


def _kernel_connects(ours, names, version, namespace, _addresses):
    with namespace.entered():
        connection = socket.socket(FAMILY[version], socket.SOCK_STREAM)
    connection.settimeout(PATIENCE)
    ours.call("listen", names[0], at(STACK[version], 7), 5)
    accepting = ours.start("accept", *names)
    connection.connect((STACK[version], 7))
    accepting.result()
    return connection


def _stack_connects(ours, names, version, namespace, addresses):
    address = (addresses or KERNEL)[version]
    with namespace.entered():
        door = socket.create_server((address, 0), family=FAMILY[version])
    with door:
        door.settimeout(PATIENCE)
        ours.call("connect", names[1], at(address, door.getsockname()[1]))
        connection, _ = door.accept()
    connection.settimeout(PATIENCE)
    return connection


@contextlib.contextmanager
def kernel_connects(version, namespace=HERE, addresses=None, network=NETWORK):
    """A puppet that has accepted a connection "c", and the kernel's end of it."""
    with Puppet(network) as ours, _kernel_connects(ours, ("l", "c"), version, namespace, addresses) as connection:
        yield ours, connection


@contextlib.contextmanager
def stack_connects(version, namespace=HERE, addresses=None, network=NETWORK):
    """The same, but that the puppet has connected; `addresses` are the kernel's by version of IP."""
    with Puppet(network) as ours, _stack_connects(ours, ("l", "c"), version, namespace, addresses) as connection:
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


class Strings:
    """One case's part of a puppet that plays several at once: the case's "c" has another name there."""

    def __init__(self, ours, name):
        self.ours, self.name = ours, name

    def start(self, *words):
        return self.ours.start(*(self.name if word == "c" else word for word in words))

    def call(self, *words):
        return self.start(*words).result()

    def info(self, _):
        return self.ours.info(self.name)


def every_way_at_once(case):
    """The same with one puppet for all four, each on a thread: for cases that wait for the link and not for the processor.
    `self.together` is a barrier of them all, `self.folder` each one's own."""

    @functools.wraps(case)
    def test(self):
        together, failures = threading.Barrier(4), {}

        def perform(way, one, ours, connection):
            try:
                case(one, ours, connection)
            except BaseException as e:
                failures[way] = e
                together.abort()

        with contextlib.ExitStack() as all_of_it:
            ours = all_of_it.enter_context(Puppet())
            threads = []
            for version, connect in itertools.product((4, 6), (_kernel_connects, _stack_connects)):
                way = f"IPv{version}, {connect.__name__[1:]}"
                name = f"c{len(threads)}"
                connection = connect(ours, (f"l{version}", name), version, self.far, self.addresses)
                all_of_it.enter_context(connection)
                one = copy.copy(self)
                one.together, one.folder = together, os.path.join(self.folder, name)
                os.mkdir(one.folder)
                threads.append(threading.Thread(target=perform, args=(way, one, Strings(ours, name), connection)))
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            for way, failure in failures.items():
                with self.subTest(way):
                    raise failure

    return test


class TunTest(unittest.TestCase):
    """Cases on one TUN device between the puppet's stack and the kernel's: that of this namespace, if not of `far`."""

    far = HERE
    addresses = KERNEL
    hostile = False  # what comes in may be malformed

    @classmethod
    def setUpClass(cls):
        global captures
        make_device()
        if captures is None:
            captures = Captures()
            unittest.addModuleCleanup(captures.judge, only_ours=cls.hostile)

    def setUp(self):
        global capturing
        capturing = True
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

    def wait_until(self, condition, interval=0.005, seen=""):
        """Looks until it is so: the kernel's tables and counters call nobody when they change."""
        end = time.monotonic() + PATIENCE
        never = threading.Event()
        while not condition():
            self.assertLess(time.monotonic(), end, f"it never came to be so {seen}")
            never.wait(interval)

    def assertFails(self, number, call, *words):
        """The puppet's call ends with that errno."""
        with self.assertRaises(Failed) as caught:
            call(*words)
        self.assertEqual((caught.exception.category in ("system", "generic"), caught.exception.errno), (True, number))
