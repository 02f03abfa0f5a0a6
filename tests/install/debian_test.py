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
import unittest

from installed import BUILD, CONSUMER, VERSION, call

PACKAGES = BUILD / "packages"
ARCHIVE = BUILD / "clean-root.tar"
# Of the build directory and not of /tmp, where device files may not work.
ROOT = BUILD / "clean-root"
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


def proxies():
    """The proxies of this machine's apt, as debootstrap and the apt of the clean root take them."""
    found = {}
    for scheme in ("http", "https"):
        said = call("apt-config", "shell", "proxy", f"Acquire::{scheme}::Proxy")
        if match := re.match(r"proxy='(.+)'", said):
            found[f"{scheme}_proxy"] = match[1]
    return found


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(77)


def isolated(*command, network=True):
    """Runs it where what it mounts is gone afterwards, however it ends."""
    return call("unshare", "--mount", *([] if network else ["--net"]), *command, environment=proxies())


def inside(command, network=False):
    """Runs it in the clean root. /proc is there for it alone, and so is a loopback, unless it needs the network."""
    script = f'mount -t proc proc "$1/proc"; {"" if network else "ip link set lo up;"} exec chroot "$1" sh -ec "$2"'
    return isolated("sh", "-ec", script, "sh", ROOT, command, network=network)


def install(packages, *options):
    """Installs the packages and what they need; what apt has fetched before needs no network."""
    names = []
    for path in packages.values():
        shutil.copy(path, ROOT)
        names.append(f"/{path.name}")
    inside(" ".join(["DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends", *options, *names]), network=True)


def make_archive(packages):
    """Has debootstrap make the clean root, once."""
    if ARCHIVE.exists():
        return
    where = mirror()
    if not where:
        skip(f"apt knows no mirror of {SUITE}")
    try:
        isolated("debootstrap", "--variant=minbase", f"--include={TOOLS}", SUITE, ROOT, where)
    except AssertionError as failure:
        print(failure)
        shutil.rmtree(ROOT, ignore_errors=True)
        skip(f"debootstrap cannot make a root from {where}: {str(failure).splitlines()[-1]}")
    # Nothing of it need outlive a loss of power.
    (ROOT / "etc/dpkg/dpkg.cfg.d/unsafe-io").write_text("force-unsafe-io\n", encoding="utf-8")
    inside("apt-get update", network=True)
    install(packages, "--download-only")
    call("tar", "--create", f"--file={ARCHIVE}.new", f"--directory={ROOT}", ".")
    os.rename(f"{ARCHIVE}.new", ARCHIVE)
    shutil.rmtree(ROOT)


class Debian(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for folder in (PACKAGES, ROOT):  # of a run that was ended from outside
            shutil.rmtree(folder, ignore_errors=True)
        call("cpack", "--config", BUILD / "CPackConfig.cmake", folder=BUILD)
        cls.packages = {path.name.split("_")[0]: path for path in PACKAGES.glob("*.deb")}
        cls.addClassCleanup(shutil.rmtree, ROOT, ignore_errors=True)
        make_archive(cls.packages)
        ROOT.mkdir()
        call("tar", "--extract", f"--file={ARCHIVE}", f"--directory={ROOT}")
        shutil.copytree(CONSUMER, ROOT / "consumer")
        install(cls.packages)

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

    def test_each_has_what_is_its_own(self):
        library, dev, tool, stack, stack_dev = (self.files(name) for name in
                                                (LIBRARY, "libcardea-dev", "cardea", STACK, "libcardea-stack-dev"))
        of = r"usr/lib/[a-z0-9_-]+-linux-gnu/"
        self.assert_all(library, rf"{of}libcardea\.so\.[\d.]+", rf"usr/share/gdb/auto-load/{of}libcardea\.so\.{VERSION}-gdb\.py")
        self.assert_all(stack, rf"{of}libcardea-stack\.so\.[\d.]+")
        self.assert_all(tool, r"usr/bin/cardea", r"usr/share/man/man1/cardea\.1\.gz")
        self.assert_all(dev, r"usr/share/cardea/gdb/cardea\.py", r"usr/include/cardea/\w+\.hpp", rf"{of}libcardea\.so", rf"{of}cmake/Cardea/Cardea[\w-]+\.cmake",
                        rf"{of}pkgconfig/cardea\.pc", r"usr/share/doc/libcardea-dev/.+\.md")
        self.assert_all(stack_dev, r"usr/include/cardea_stack\.h", rf"{of}libcardea-stack\.so", rf"{of}pkgconfig/cardea-stack\.pc")

    def files(self, package):
        """What is in it, but for the two files that all have, all of it root's and writable by root only."""
        found = []
        for line in call("dpkg-deb", "--contents", self.packages[package]).splitlines():
            mode, owner, _, _, _, name = line.split(maxsplit=5)
            self.assertEqual(owner, "root/root", line)
            self.assertRegex(mode, r"l|.....-..-.", line)
            name = name.split(" -> ")[0].removeprefix("./")
            if mode[0] != "d" and not re.fullmatch(rf"usr/share/doc/{re.escape(package)}/(copyright|changelog\.gz)", name):
                found.append(name)
        return found

    def assert_all(self, files, *patterns):
        """Every file is of one of these patterns, and there is one of each."""
        self.assertEqual([name for name in files if not any(re.fullmatch(pattern, name) for pattern in patterns)], [])
        for pattern in patterns:
            self.assertTrue([name for name in files if re.fullmatch(pattern, name)], pattern)

    def test_nothing_to_debug_with_but_in_packages_for_that(self):
        for path in (f"usr/lib/*/libcardea.so.{VERSION}", "usr/bin/cardea"):
            found, = ROOT.glob(path)
            self.assertNotRegex(call("readelf", "--sections", "--wide", found), r"\.debug_info|\.symtab", path)
        built = {path.name.split("_")[0] for path in PACKAGES.glob("*.ddeb")}
        self.assertEqual(built, {f"{name}-dbgsym" for name in (LIBRARY, STACK, "cardea")})

    def test_the_linker_knows_the_libraries(self):
        known = inside("ldconfig --print-cache")
        for name, package in (("libcardea.so", LIBRARY), ("libcardea-stack.so", STACK)):
            self.assertIn(name, known)
            self.assertIn("activate-noawait ldconfig", call("dpkg-deb", "--info", self.packages[package], "triggers"))
            self.assertRegex(call("dpkg-deb", "--info", self.packages[package], "shlibs"), rf"^{name[:-3]} [\d.]+ {package} ")

    def test_each_says_its_licence(self):
        for name in self.packages:
            self.assertIn("MIT License", inside(f"cat /usr/share/doc/{name}/copyright"))
            inside(f"zcat /usr/share/doc/{name}/changelog.gz | grep -q Unreleased")

    def test_the_command_works(self):
        self.assertIn(VERSION, inside("cardea --version"))
        self.assertIn("accept", inside("cardea demo --network epoll --width 80"))

    def test_a_program_is_built_by_cmake(self):
        said = inside("cmake -S /consumer -B /by-cmake >&2; cmake --build /by-cmake >&2; /by-cmake/consumer")
        self.assertEqual(said, "consumer: all is well\n")

    def test_a_program_is_built_by_pkg_config(self):
        said = inside("g++ -std=c++20 /consumer/main.cpp -o /by-pc $(pkg-config --cflags --libs cardea); /by-pc")
        self.assertEqual(said, "consumer: all is well\n")

    def test_a_program_in_c_has_the_stack(self):
        program = r'#include <cardea_stack.h>\n#include <stdio.h>\nint main(void) { puts(cardea_stack_version()); }\n'
        said = inside(f"printf '{program}' > /stack.c; gcc -Wall -Werror /stack.c -o /stack "
                           "$(pkg-config --cflags --libs cardea-stack); /stack")
        self.assertEqual(said, f"{VERSION}\n")

    def test_removing_leaves_nothing(self):
        inside(f"apt-get purge -y {' '.join(self.packages)} >&2")
        self.assertEqual(inside("find / -xdev -path /proc -prune -o -name '*cardea*' -print | grep ^/usr || true"), "")
        install(self.packages)


if __name__ == "__main__":
    if os.geteuid() != 0:
        skip("needs root, for a clean root to install into")
    if not shutil.which("debootstrap"):
        skip("needs debootstrap")
    unittest.main()
