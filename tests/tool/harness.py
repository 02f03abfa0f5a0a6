"""Runs the cardea command and its peers for the tests: starts them, waits for what they say, never for time."""

import contextlib
import hashlib
import os
import pathlib
import queue
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
import seen_skips

PATIENCE = 60  # seconds after which something that should have happened is taken not to happen
TOOL = None  # path of the command; main() sets it
EXAMPLES = None  # folder of the example programs


class Program:
    """A child process whose standard error (and output, if asked) is read line by line while it runs."""

    def __init__(self, *command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, watch="stderr", env=None):
        self.command = [str(part) for part in command]
        self.process = subprocess.Popen(self.command, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE,
                                        env={**os.environ, **(env or {})})
        self.lines = queue.Queue()
        self.said = []
        stream = self.process.stderr if watch == "stderr" else self.process.stdout
        self.reader = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self.reader.start()

    def _read(self, stream):
        for line in stream:
            self.lines.put(line.decode(errors="replace").rstrip("\n"))
        self.lines.put(None)

    def wait_line(self, pattern):
        """The match of the next line that has `pattern`."""
        while True:
            line = self.lines.get(timeout=PATIENCE)
            if line is None:
                raise AssertionError(f"{self.command} ended without saying {pattern!r}; it said {self.said}")
            self.said.append(line)
            match = re.search(pattern, line)
            if match:
                return match

    def rest(self):
        """Everything it said, once it has ended."""
        self.reader.join(PATIENCE)
        while not self.lines.empty():
            line = self.lines.get()
            if line is not None:
                self.said.append(line)
        return "\n".join(self.said)

    def wait(self):
        return self.process.wait(PATIENCE)

    def send_signal(self, number):
        self.process.send_signal(number)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.reader.join(PATIENCE)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream:
                with contextlib.suppress(OSError):
                    stream.close()


def tool(*arguments, **options):
    return Program(TOOL, *arguments, **options)


def run(*arguments, given=b"", env=None):
    """Runs the command to its end; gives (exit code, standard output, standard error)."""
    done = subprocess.run([str(TOOL), *map(str, arguments)], input=given, capture_output=True, timeout=PATIENCE,
                          env={**os.environ, **(env or {})}, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def usable_networks():
    """The networks that work here, by the command's own word."""
    _, text, _ = run("info", env={"CARDEA_NETWORK": ""})
    return re.findall(r"^  (thread|uring|epoll) +usable", text, re.M)


def receive_all(s):
    """What comes until the end of the stream."""
    parts = []
    while part := s.recv(65536):
        parts.append(part)
    return b"".join(parts)


def receive_exactly(s, size):
    data = b""
    while len(data) < size:
        part = s.recv(size - len(data))
        if not part:
            raise AssertionError(f"the stream ended after {len(data)} of {size} bytes")
        data += part
    return data


def tcp_client(address):
    """A connected TCP socket; `address` as the command prints it."""
    host, port = address.rsplit(":", 1)
    return socket.create_connection((host.strip("[]"), int(port)), PATIENCE)


def unix_client(path):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(PATIENCE)
    s.connect(path)
    return s


def listener(host="127.0.0.1", backlog=5):
    """A listening TCP socket on a free port, and its address in text."""
    s = socket.create_server((host, 0), backlog=backlog)
    s.settimeout(PATIENCE)
    return s, f"{host}:{s.getsockname()[1]}"


def udp_socket():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(PATIENCE)
    s.bind(("127.0.0.1", 0))
    return s, f"127.0.0.1:{s.getsockname()[1]}"


@contextlib.contextmanager
def reserved_port(udp=False):
    """A port of 127.0.0.1 for a program that cannot choose one itself. It stays bound here, so that nobody else is given
    it, by a socket that gets nothing: one that does not listen, or is connected elsewhere. With SO_REUSEADDR, which such
    programs set as well, it may be bound again (socket(7))."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM if udp else socket.SOCK_STREAM) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("127.0.0.1", 0))
        if udp:
            s.connect(("127.0.0.1", 9))  # discard
        yield s.getsockname()[1]


def sha256(data):
    return hashlib.sha256(data).hexdigest()


class ToolTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="cardea-")))

    def enterContext(self, manager):  # unittest has it from Python 3.11 on
        value = manager.__enter__()
        self.addCleanup(manager.__exit__, None, None, None)
        return value

    def start(self, *arguments, **options):
        return self.enterContext(tool(*arguments, **options))

    def program(self, name, *arguments, **options):
        """Another program than the command; the test is skipped where it is not installed."""
        if shutil.which(name) is None:
            self.skipTest(f"{name} is not installed")
        return self.enterContext(Program(name, *arguments, **options))

    def random_file(self, name, size):
        path = self.folder / name
        path.write_bytes(os.urandom(size))
        return path

    def end_with(self, program, number=signal.SIGTERM):
        program.send_signal(number)
        self.assertEqual(program.wait(), 0, program.rest())


def main():
    """test.py TOOL [EXAMPLES] [unittest's arguments]"""
    global TOOL, EXAMPLES
    TOOL = pathlib.Path(sys.argv[1])
    EXAMPLES = pathlib.Path(sys.argv[2])
    seen_skips.main(argv=[sys.argv[0], *sys.argv[3:]])
