#!/usr/bin/env python3
"""The Debian packages: made, then installed and used in a clean root, where a program is built with them.

    debian_test.py BUILD SOURCE

The clean root comes from debootstrap and the mirror of this machine's apt. It is kept in the build directory, as an
archive, so that only the first run takes minutes. Needs root, for chroot(2); skipped with the reason where it cannot be.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from installed import BUILD, CONSUMER, VERSION, call

PACKAGES = BUILD / "packages"
ARCHIVE = BUILD / "clean-root.tar"
SUITE = "bookworm"
# What a user of the library has beside it. The libraries that Cardea needs must come by its own dependencies.
TOOLS = "g++,cmake,make,pkg-config"
LIBRARY = f"libcardea{'.'.join(VERSION.split('.')[:2])}" if VERSION.startswith("0.") else f"libcardea{VERSION.split('.')[0]}"
STACK = f"libcardea-stack{VERSION.split('.')[0]}"


def mirror():
    """Where this machine's apt takes Debian from; None if nobody knows."""
    targets = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME)"], capture_output=True,
                             text=True, check=False).stdout
    found = [line.split()[0] for line in targets.splitlines() if line.split()[1:] == [SUITE]]
    return found[0] if found else None


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(77)


def inside(root, command, network=False):
    """Runs it in the clean root. /proc is there for it alone, and so is a loopback, unless it needs the network."""
    script = f'mount -t proc proc "$1/proc"; {"" if network else "ip link set lo up;"} exec chroot "$1" sh -ec "$2"'
    return call("unshare", "--mount", *([] if network else ["--net"]), "sh", "-ec", script, "sh", root, command)


def install(root, packages, *options):
    """Installs the packages and what they need; what apt has fetched before needs no network."""
    names = []
    for path in packages.values():
        shutil.copy(path, root)
        names.append(f"/{path.name}")
    inside(root, " ".join(["apt-get install -y --no-install-recommends", *options, *names]), network=True)


def make_archive(packages):
    """Has debootstrap make the clean root, once."""
    if ARCHIVE.exists():
        return
    where = mirror()
    if not where:
        skip(f"apt knows no mirror of {SUITE}")
    with tempfile.TemporaryDirectory(prefix="cardea-root-") as root:
        done = subprocess.run(["debootstrap", "--variant=minbase", f"--include={TOOLS}", SUITE, root, where],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode != 0:
            print(done.stdout)
            skip(f"debootstrap cannot make a root from {where}: {done.stdout.splitlines()[-1]}")
        inside(root, "apt-get update", network=True)
        install(root, packages, "--download-only")
        call("tar", "--create", f"--file={ARCHIVE}.new", f"--directory={root}", ".")
    os.rename(f"{ARCHIVE}.new", ARCHIVE)


class Debian(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        shutil.rmtree(PACKAGES, ignore_errors=True)
        call("cpack", "--config", BUILD / "CPackConfig.cmake", folder=BUILD)
        cls.packages = {path.name.split("_")[0]: path for path in PACKAGES.glob("*.deb")}
        make_archive(cls.packages)
        cls.root = tempfile.mkdtemp(prefix="cardea-root-")
        cls.addClassCleanup(shutil.rmtree, cls.root)
        call("tar", "--extract", f"--file={ARCHIVE}", f"--directory={cls.root}")
        shutil.copytree(CONSUMER, f"{cls.root}/consumer")
        install(cls.root, cls.packages)

    def inside(self, command):
        return inside(self.root, command)

    def field(self, package, name):
        return call("dpkg-deb", "--field", self.packages[package], name).strip()

    def test_names_and_sections(self):
        self.assertEqual({name: self.field(name, "Section") for name in self.packages},
                         {LIBRARY: "libs", "libcardea-dev": "libdevel", "cardea": "net", STACK: "libs",
                          "libcardea-stack-dev": "libdevel"})
        for name in self.packages:
            self.assertEqual(self.field(name, "Version"), f"{VERSION}-1")
            self.assertRegex(self.field(name, "Description"), r"\A[A-Za-z][^\n]{10,80}\n [^\n]+")
            self.assertRegex(self.field(name, "Maintainer"), r".+ <.+@.+>")

    def test_dependencies(self):
        library, dev, tool = (self.field(name, "Depends") for name in (LIBRARY, "libcardea-dev", "cardea"))
        for needed in ("libc6", "libstdc\\+\\+6", "libboost-context", "liburing2"):
            self.assertRegex(library, rf"(^|, ){needed}")
        self.assertEqual(dev, f"{LIBRARY} (= {VERSION}-1)")
        self.assertRegex(tool, rf"(^|, ){re.escape(LIBRARY)} \(= {VERSION}-1\)")
        self.assertNotIn("boost", tool)

    def test_each_says_its_licence(self):
        for name in self.packages:
            self.assertIn("MIT License", self.inside(f"cat /usr/share/doc/{name}/copyright"))
            self.inside(f"zcat /usr/share/doc/{name}/changelog.gz | grep -q Unreleased")

    def test_the_command_works(self):
        self.assertIn(VERSION, self.inside("cardea --version"))
        self.assertIn("accept", self.inside("cardea demo --network epoll --width 80"))

    def test_a_program_is_built_by_cmake(self):
        said = self.inside("cmake -S /consumer -B /by-cmake >&2; cmake --build /by-cmake >&2; /by-cmake/consumer")
        self.assertEqual(said, "consumer: all is well\n")

    def test_a_program_is_built_by_pkg_config(self):
        said = self.inside("g++ -std=c++20 /consumer/main.cpp -o /by-pc $(pkg-config --cflags --libs cardea); /by-pc")
        self.assertEqual(said, "consumer: all is well\n")

    def test_a_program_in_c_has_the_stack(self):
        program = r'#include <cardea_stack.h>\n#include <stdio.h>\nint main(void) { puts(cardea_stack_version()); }\n'
        said = self.inside(f"printf '{program}' > /stack.c; gcc -Wall -Werror /stack.c -o /stack "
                           "$(pkg-config --cflags --libs cardea-stack); /stack")
        self.assertEqual(said, f"{VERSION}\n")

    def test_removing_leaves_nothing(self):
        self.inside(f"apt-get purge -y {' '.join(self.packages)} >&2")
        self.assertEqual(self.inside("find / -xdev -path /proc -prune -o -name '*cardea*' -print | grep ^/usr || true"), "")
        install(self.root, self.packages)


if __name__ == "__main__":
    if os.geteuid() != 0:
        skip("needs root, for a clean root to install into")
    if not shutil.which("debootstrap"):
        skip("needs debootstrap")
    unittest.main()
