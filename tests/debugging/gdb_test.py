#!/usr/bin/env python3
"""gdb shows the fibers of a process, and those of a core file, by scripts/gdb/cardea.py.

    gdb_test.py PROGRAM SCRIPT

PROGRAM is parked.cpp: fibers that wait in functions with telling names.
"""

import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
import seen_skips

PROGRAM, SCRIPT = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
del sys.argv[1:3]
# What each fiber is in, as its name says, and what of Cardea it has called there.
WAITS = {"reader": ("waits_for_bytes", "recv"), "acceptor": ("waits_for_a_client", "accept"),
         "waiter one": ("waits_for_an_event", "event wait"), "main": ("", "join of a scope")}
END = r"#\d+ +0x[0-9a-f]+ in cardea::detail::\(anonymous namespace\)::first_entry\b.*"


def gdb(*arguments, commands):
    """What gdb says to the commands, once it has the script."""
    words = ["gdb", "-quiet", "-batch", "-nx", "-iex", "set debuginfod enabled off", "-iex", "set auto-load off", *arguments,
             "-ex", f"source {SCRIPT}"]
    for command in commands:
        words += ["-ex", command]
    # Errors are printed between the answers; -batch goes on after them.
    return subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", timeout=60, check=False, env={**os.environ, "LC_ALL": "C"}).stdout


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(77)


class Parked:
    """The program, once all its fibers are parked; ends with the block."""

    def __init__(self, network, *more, folder=None):
        self.process = subprocess.Popen([PROGRAM.resolve(), network, *more], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, cwd=folder)

    def __enter__(self):
        self.said = self.process.stdout.readline()
        return self

    def __exit__(self, *failure):
        if self.process.poll() is None:
            self.process.stdin.write("end\n")
        self.process.communicate(timeout=30)

    def gdb(self, *commands):
        return gdb("-p", str(self.process.pid), commands=commands)


class Gdb(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="cardea-gdb-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def looks(self, run, network):
        """`run` has gdb carry out commands on the program: in one go, for each start of gdb takes a second."""
        up = "while 'waits_for_bytes' not in gdb.selected_frame().name(): gdb.execute('up', to_string=True)"
        sections = {"fibers": ["cardea fibers"], "backtraces": ["cardea backtrace all"],
                    "inside": ["cardea fiber reader", "backtrace"], "local": [f'python exec("{up}")', "print sizeof(room)"],
                    "back": ["cardea thread", "backtrace"],
                    "wrong": ["cardea backtrace nobody", "cardea fiber twin", "cardea backtrace"],
                    "blank": ["cardea fiber waiter one"]}
        said = run(*[command for name, commands in sections.items() for command in (f"echo \\n@{name}\\n", *commands)])
        said = dict(re.findall(r"(?ms)^@(\w+)\n(.*?)(?=^@|\Z)", said))
        self.shows_every_fiber(said["fibers"], network)
        self.shows_backtraces(said["backtraces"])
        self.assertIn("waits_for_bytes", said["inside"])
        self.assertRegex(said["inside"], END)
        self.assertIn("$1 = 24\n", said["local"])
        self.assertRegex(said["back"], r"(?m)^#0 ")
        self.assertNotIn("waits_for_bytes", said["back"])
        self.assertIn('there is no fiber "nobody"', said["wrong"])
        self.assertEqual(len(re.findall(r'^fiber "twin" \(0x', said["wrong"], re.MULTILINE)), 2)
        self.assertIn("cardea backtrace NAME|ADDRESS|all", said["wrong"])
        self.assertIn('fiber "waiter one"', said["blank"])

    def looks_at_a_process(self, network):
        with Parked(network) as parked:
            self.assertEqual(parked.said, "parked\n")
            self.looks(parked.gdb, network)
        self.assertEqual(parked.process.returncode, 0, "it was looked at, and is as it was")

    def looks_at_a_core(self, core):
        self.looks(lambda *commands: gdb(str(PROGRAM), str(core), commands=commands), "epoll")

    def shows_every_fiber(self, said, network):
        self.assertRegex(said, rf"(?m)^loop 1 on {network}: \d fibers$")
        for name, (function, call) in WAITS.items():
            self.assertRegex(said, rf"(?m)^  {name} +0x[0-9a-f]+ +parked: [\w: ]*{call} +\d+\.\d{{3}} s +.*{function}.* at parked\.cpp:\d+$")
        self.assertEqual(len(re.findall(r"(?m)^  twin ", said)), 2)

    def shows_backtraces(self, said):
        self.assertNotRegex(said, r"corrupt|Python Exception|Cannot access")
        parts = dict(re.findall(r'(?ms)^fiber "(.*?)" (.*?)(?=^fiber "|^\[|\Z)', said))
        for name in (*WAITS, "twin"):
            text = parts[name]
            frames = re.findall(r"(?m)^#\d+ .*", text)
            self.assertRegex(frames[-1], rf"^{END}$", name)
            self.assertIn("switch_context", frames[0])
            self.assertNotIn("??", text)
            function = WAITS.get(name, ("parks_in_a_handler", ""))[0]
            self.assertTrue([frame for frame in frames if function in frame], text)
        self.assertEqual(len(re.findall(r"handles_the_failure \(depth=", parts["twin"])), 4, parts["twin"])

    def test_a_process_on_epoll(self):
        self.looks_at_a_process("epoll")

    def test_a_process_on_io_uring(self):
        with Parked("uring") as tried:
            if tried.said != "parked\n":
                self.skipTest("no io_uring here")
        self.looks_at_a_process("uring")

    def test_a_core_of_the_kernels(self):
        pattern = pathlib.Path("/proc/sys/kernel/core_pattern").read_text(encoding="utf-8")
        if "/" in pattern or pattern.startswith("|") or resource.getrlimit(resource.RLIMIT_CORE)[1] != resource.RLIM_INFINITY:
            self.skipTest("the kernel's cores do not come into the current folder here")
        with Parked("epoll", folder=self.folder) as parked:
            resource.prlimit(parked.process.pid, resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            parked.process.send_signal(signal.SIGABRT)
            parked.process.wait()
        core, = self.folder.glob("core*")
        self.looks_at_a_core(core)

    def test_a_core_of_gdbs(self):
        with Parked("epoll", "mprotect") as parked:
            gdb("-p", str(parked.process.pid), commands=[f"generate-core-file {self.folder}/core"])
        self.looks_at_a_core(self.folder / "core")

    def test_the_guide_has_each_command_and_no_other(self):
        guide = (SCRIPT.parents[2] / "docs/debugging.md").read_text(encoding="utf-8")
        said = gdb(commands=["help cardea"])
        self.assertEqual(sorted(re.findall(r"(?m)^\| `cardea (\w+)", guide)), sorted(re.findall(r"(?m)^cardea (\w+) --", said)))

    def test_a_fiber_that_runs_and_one_that_has_not_begun(self):
        said = gdb("-ex", "break waits_for_a_client", "-ex", "run epoll </dev/null", str(PROGRAM),
                   commands=["cardea fibers", "echo [running]\\n", "cardea backtrace acceptor", "echo [new]\\n",
                             "cardea backtrace twin", "echo [chosen]\\n", "cardea fiber reader", "next", "backtrace"])
        listed, running, new, chosen = re.split(r"\[(?:running|new|chosen)\]\n", said)
        self.assertRegex(listed, r"(?m)^  acceptor +0x\w+ +running +.*waits_for_a_client")
        self.assertEqual(len(re.findall(r"(?m)^  twin +0x\w+ +not begun$", listed)), 2)
        self.assertRegex(running, rf'^fiber "acceptor" \(0x\w+\), running\n#0 .*waits_for_a_client(.*\n)+{END}\n')
        self.assertEqual(len(re.findall(r'(?m)^fiber "twin" \(0x\w+\), not begun$', new)), 2)
        self.assertNotIn("#", new)
        self.assertIn('fiber "reader"', chosen)
        self.assertNotIn("waits_for_bytes", chosen.split("\n#0", maxsplit=1)[-1], "the choice ends when the program goes on")

    def test_a_program_without_cardea(self):
        self.assertIn("nothing is known of Cardea here", gdb("/bin/true", commands=["cardea fibers"]))


if __name__ == "__main__":
    if not shutil.which("gdb"):
        skip("needs gdb")
    if "no Python" in gdb(commands=["python print('Python')"]):
        skip("needs a gdb with Python")
    seen_skips.main()
