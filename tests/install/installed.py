"""For the tests of this folder: installs what was built, moves it elsewhere, and builds users' programs against it.

Every test here is called with the build directory and the source directory.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1]))
import seen_skips

BUILD, SOURCE = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
del sys.argv[1:3]
CONSUMER = SOURCE / "tests/install/consumer"


def cached(name):
    """A variable of the build, as CMake remembers it; empty if it does not."""
    found = re.search(rf"^{name}:\w+=(.*)$", (BUILD / "CMakeCache.txt").read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found else ""


# Empty where there is none.
CCACHE = cached("CARDEA_CCACHE").replace("CARDEA_CCACHE-NOTFOUND", "")
SHARED = cached("BUILD_SHARED_LIBS") == "ON"
VERSION = cached("CMAKE_PROJECT_VERSION")


def call(*command, environment=None, folder=None):
    """Runs it and returns what it wrote to standard output; what it wrote at all is in the failure."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, cwd=folder,
                          env={**os.environ, **(environment or {})})
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}\nended with {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def block_of(paper, kind, part):
    """The first block of code of that kind in a paper that has `part`."""
    blocks = re.findall(rf"^```{kind}\n(.*?)^```$", paper.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return next(block for block in blocks if part in block)


def compilers():
    """The compiler of the library, and the other one if it is here; programs of both must link."""
    found = [cached("CMAKE_CXX_COMPILER")]
    other = shutil.which("g++" if "clang" in found[0] else "clang++-19")
    return found + ([other] if other else [])


class InstalledTest(unittest.TestCase):
    """`prefix` is where the installation is now, `first` is where it was put: that is no more."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="cardea-install-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.first = cls.folder / "first"
        call("cmake", "--install", BUILD, "--prefix", cls.first)
        cls.prefix = cls.folder / "moved"
        cls.first.rename(cls.prefix)

    def the(self, pattern):
        """The one installed file of that pattern."""
        found = sorted(self.prefix.glob(pattern))
        self.assertEqual(len(found), 1, f"{pattern}: {found}")
        return found[0]

    def library_path(self):
        return {"LD_LIBRARY_PATH": str(self.the("lib*/**/libcardea.so").parent)} if SHARED else {}

    def assert_runs(self, program):
        said = call(program, environment=self.library_path())
        self.assertEqual(said, "consumer: all is well\n")
        needed = re.findall(r"NEEDED.*\[(.*)\]", call("readelf", "--dynamic", program))
        soname = f"libcardea.so.{'.'.join(VERSION.split('.')[:2])}"
        self.assertEqual([name for name in needed if "cardea" in name], [soname] if SHARED else [])
