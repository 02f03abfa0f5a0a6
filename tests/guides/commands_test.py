"""The commands that README.md and the guides tell a user to type, typed: commands_test.py TOOL SCRIPTS.

They run in namespaces of their own (network, mounts), where well-known ports are free and example.org is this host. A line
of README.md has a function here that plays the other side; one without, and a function without its line, fails. SCRIPTS is
the folder of stack_script, or "-"."""

import os
import pathlib
import re
import shlex
import subprocess
import sys
import unittest

import harness
from own_namespace import INSIDE, skip

ROOT = pathlib.Path(__file__).resolve().parents[2]


def enter():
    """Starts the program again in its namespaces, or returns if it is there."""
    if os.environ.get(INSIDE) != "yes":
        if os.geteuid() != 0:
            skip("namespaces need root")
        if not os.path.exists("/dev/net/tun") or subprocess.run(["unshare", "-n", "-m", "true"], check=False).returncode != 0:
            skip("no /dev/net/tun, or no namespaces can be made here")
        os.environ[INSIDE] = "yes"
        os.execvp("unshare", ["unshare", "-n", "-m", sys.executable, "-B", *sys.argv])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)  # ip netns keeps its names there


def block_with(paper, command):
    """The lines of the ```sh block of a paper that has a command, without comments."""
    text = (ROOT / paper).read_text(encoding="utf-8")
    block, = [b for b in re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S) if command in b]
    return [line for line in (re.sub(r"\s+# .*", "", line) for line in block.splitlines()) if line]


class OfReadme(harness.ToolTest):
    """README.md, "The tool"."""

    def setUp(self):
        super().setUp()
        hosts = self.folder / "hosts"
        hosts.write_text("127.0.0.1 localhost example.org\n::1 localhost example.org\n")
        subprocess.run(["mount", "--bind", hosts, "/etc/hosts"], check=True)
        self.addCleanup(subprocess.run, ["umount", "/etc/hosts"], check=True)

    def start_typed(self, line, **options):
        _, *arguments = shlex.split(line)
        return self.start(*arguments, **options)

    def ends_well(self, line):
        code, said, errors = harness.run(*shlex.split(line)[1:])
        self.assertEqual((code, errors), (0, ""), line)
        return said

    def demo(self, line):
        said = self.ends_well(line)
        self.assertIn("connection request", said)
        self.assertIn("recv_from(", said)

    def info(self, line):
        self.assertRegex(self.ends_well(line), r"(?m)^  epoll +usable")

    def serve_echo(self, line):
        server = self.start_typed(line)
        for _ in range(3):
            server.wait_line("listening on")
        for client in (harness.tcp_client("127.0.0.1:7000"), harness.tcp_client("[::1]:7000"), harness.unix_client("\0echo")):
            with client:
                client.sendall(b"hello")
                self.assertEqual(harness.receive_exactly(client, 5), b"hello")
        client, _ = harness.udp_socket()
        with client:
            client.sendto(b"hello", ("127.0.0.1", 7000))
            self.assertEqual(client.recv(100), b"hello")
        self.end_with(server)

    def serve_files(self, line):
        os.chdir(self.folder)
        self.addCleanup(os.chdir, ROOT)
        (self.folder / "page.txt").write_text("a page\n")
        server = self.start_typed(line)
        server.wait_line("listening on")
        got = subprocess.run(["curl", "-sS", "--noproxy", "*", "http://127.0.0.1:8000/page.txt"], capture_output=True,
                             timeout=harness.PATIENCE, check=True)
        self.assertEqual(got.stdout, b"a page\n")
        self.end_with(server)

    def connect(self, line):
        door = self.enterContext(harness.socket.create_server(("::", 80), family=harness.socket.AF_INET6,
                                                              dualstack_ipv6=True))
        door.settimeout(harness.PATIENCE)
        client = self.start_typed(line, stdin=subprocess.PIPE)
        client.process.stdin.write(b"GET / HTTP/1.0\r\n\r\n")
        client.process.stdin.close()
        client.process.stdin = None
        peer = self.enterContext(door.accept()[0])
        self.assertEqual(harness.receive_all(peer), b"GET / HTTP/1.0\r\n\r\n")
        peer.sendall(b"an answer\n")
        peer.close()
        self.assertEqual(client.process.stdout.read(), b"an answer\n")
        self.assertEqual(client.wait(), 0)

    def listen(self, line):
        other = self.start_typed(line)
        other.wait_line("listening on")
        with harness.tcp_client("127.0.0.1:2000") as peer:
            peer.sendall(b"hello\n")
            peer.shutdown(harness.socket.SHUT_WR)
            self.assertEqual(harness.receive_all(peer), b"")
        self.assertEqual(other.process.stdout.read(), b"hello\n")
        self.assertEqual(other.wait(), 0)

    def test_each_line(self):
        typed = set()
        for line in block_with("README.md", "cardea demo"):
            words = line.split()
            verb = "_".join(words[1:3]) if words[1] == "serve" else words[1]
            with self.subTest(line):
                getattr(self, verb)(line)
            typed.add(verb)
        self.assertEqual(typed, {"demo", "serve_echo", "serve_files", "connect", "listen", "info"})


class Shell(harness.Program):
    """Somebody at a shell: the next line is typed when the last one is done, or the server that it starts listens."""

    def __init__(self, folder):
        paths = f"{harness.TOOL.resolve().parent}:{os.environ['PATH']}"
        super().__init__("bash", "-c", f"cd {shlex.quote(str(folder))}; exec 2>&1; exec bash", stdin=subprocess.PIPE,
                         watch="stdout", env={"PATH": paths})

    def type(self, line):
        """The line's exit code, and what was said up to its end."""
        begin = len(self.said)
        self.process.stdin.write(f"{line}\n".encode())
        if not line.endswith("&"):
            self.process.stdin.write(b"echo @$?@\n")
        self.process.stdin.flush()
        match = self.wait_line("listening on" if line.endswith("&") else r"@(\d+)@$")
        return 0 if line.endswith("&") else int(match[1]), "\n".join(self.said[begin:])


class OfTheGuides(harness.ToolTest):
    def typed(self, lines):
        """Every line with what it said."""
        said = {}
        with Shell(ROOT) as shell:
            for line in lines:
                code, said[line] = shell.type(line)
                self.assertEqual(code, 0, f"{line}\n{said[line]}")
        return said

    def test_a_host_of_its_own(self):
        said = self.typed(block_with("docs/tun.md", "ip netns add"))
        told = "\n".join(said.values())
        self.assertIn("# A program as a host of its own: TUN", told)
        self.assertIn('<a href="tun.md">', told)
        self.assertIn("1 received", told)
        self.assertEqual(subprocess.run(["ip", "netns", "list"], capture_output=True, check=True).stdout, b"")

    def test_packet_scripts(self):
        if SCRIPTS is None:
            self.skipTest("the stack for C is not built")
        lines = block_with("docs/packet-scripts.md", "stack_script ")
        said = self.typed([line.replace("build/release/tests/stack_scripts", shlex.quote(str(SCRIPTS))) for line in lines])
        self.assertEqual(len(said), 2)
        self.assertIn("SYN", list(said.values())[1])  # --trace


if __name__ == "__main__":
    enter()
    harness.TOOL = pathlib.Path(sys.argv[1]).resolve()
    SCRIPTS = None if sys.argv[2] == "-" else pathlib.Path(sys.argv[2]).resolve()
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
