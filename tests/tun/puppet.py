"""The two ends of the tests on a TUN device: the kernel's, which is this process, and the stack's, a puppet.

PUPPET is a program of ours (puppet.cpp) that makes the calls it is told, from either role, on the stack.
"""

import hashlib
import itertools
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import namespaces
from namespaces import HERE, PATIENCE, no_rules, set_up_tun

DEVICE = "cardea-test"
KERNEL = {4: "10.99.0.1", 6: "fd99::1"}
STACK = {4: "10.99.0.2", 6: "fd99::2"}
NETWORK = f"tun:{DEVICE},{STACK[4]}/24,{STACK[6]}/64"
MEGABYTE = 1024 * 1024
BUILD = ""  # the folder of the tests' programs; take_arguments() sets it
SCALE = 1.0  # of what is moved: less under sanitizers


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

    def __init__(self, network=NETWORK, namespace=HERE):
        environment = dict(os.environ, CARDEA_NETWORK=network)
        self.process = subprocess.Popen(namespace.command(program("tun_puppet")), env=environment, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=1)
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

    def memory(self):
        """Bytes resident."""
        with open(f"/proc/{self.process.pid}/statm", encoding="ascii") as f:
            return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.process.stdin.close()
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            self.reader.join()
            self.process.stdout.close()
        if code != 0 and kind is None:
            raise AssertionError(f"the puppet ended with {code}")


class TunTest(unittest.TestCase):
    """Cases on one TUN device between the kernel's stack, in this namespace, and the puppet's."""

    @classmethod
    def setUpClass(cls):
        if subprocess.run(["ip", "link", "show", DEVICE], check=False, capture_output=True).returncode != 0:
            set_up_tun(HERE, DEVICE, f"{KERNEL[4]}/24", f"{KERNEL[6]}/64")

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
