#!/usr/bin/env python3
"""A shared library exports what the public headers declare, all that their inline code needs, and nothing else.

    symbols_test.py BUILD SOURCE
"""

import re
import shutil
import unittest

from installed import BUILD, SHARED, SOURCE, call, cached, seen_skips

LIBRARY = BUILD / "src/libcardea.so"
ABOUT = re.compile(r"^(typeinfo for|typeinfo name for|vtable for|VTT for|guard variable for|(non-)?virtual thunk to) ")
PUBLIC = "\n".join(header.read_text(encoding="utf-8") for header in sorted((SOURCE / "include/cardea").glob("*.hpp")))


def exported():
    """Mangled names, without the version."""
    lines = call("nm", "--dynamic", "--defined-only", "--format=posix", LIBRARY).splitlines()
    return {line.split()[0].split("@")[0] for line in lines if line.split()[1] != "A"}


def demangled(names):
    names = sorted(names)
    return dict(zip(names, call("c++filt", *names).splitlines()))


def path_of(name):
    """["cardea", "socket", "recv"] of "cardea::socket::recv(cardea::mutable_buffer)"."""
    name = ABOUT.sub("", name)
    while "<" in name:  # template arguments, innermost first
        shorter = re.sub(r"<[^<>]*>", "", name)
        if shorter == name:
            break
        name = shorter
    return re.sub(r"\[abi:\w+\]", "", name).split("(")[0].split("::")


@unittest.skipUnless(SHARED, "the library is a static one")
class Symbols(unittest.TestCase):
    def test_only_what_public_headers_declare(self):
        declared = set(re.findall(r"[a-z_][a-z_0-9]*", PUBLIC))
        names = demangled(exported())
        self.assertGreater(len(names), 100)
        for name in names.values():
            with self.subTest(name):
                path = path_of(name)
                self.assertIn(path[0], ("cardea", "std"))
                if path[0] == "std":
                    self.assertTrue(name.startswith("std::hash<cardea::"))
                    continue
                unknown = [part for part in path if not part.startswith("operator") and part.strip("~") not in declared]
                self.assertEqual(unknown, [], "no public header has that word")

    def test_of_detail_only_what_public_headers_define(self):
        defined = set(re.findall(r"^(?:class|struct) (\w+)[^;]*$", PUBLIC, re.MULTILINE))
        for name in demangled(exported()).values():
            path = path_of(name)
            if "detail" not in path:
                continue
            inner = path[path.index("detail") + 1:]
            with self.subTest(name):
                if len(inner) > 1 or ABOUT.match(name):
                    self.assertIn(inner[0], defined, "public headers name that class and do not define it")
                else:
                    self.assertRegex(PUBLIC, rf"\b{inner[0]}\b\(?", "no public header has that function")

    def test_all_that_inline_code_of_public_headers_needs(self):
        compiler = shutil.which("g++")
        if not compiler:
            self.skipTest("needs g++, which can compile inline functions that nobody calls")
        source = "".join(f"#include <cardea/{path.name}>\n" for path in sorted((SOURCE / "include/cardea").glob("*.hpp")))
        folder = BUILD / "tests/install"
        (folder / "inline.cpp").write_text(source, encoding="utf-8")
        call(compiler, "-std=c++20", "-fkeep-inline-functions", f"-I{SOURCE / 'include'}", "-c", folder / "inline.cpp",
             "-o", folder / "inline.o")
        wanted = {line.split()[0] for line in
                  call("nm", "--undefined-only", "--format=posix", folder / "inline.o").splitlines()}
        wanted = {mangled for mangled, name in demangled(wanted).items() if path_of(name)[0].split(" ")[-1] == "cardea"}
        self.assertGreater(len(wanted), 20)
        self.assertEqual(demangled(wanted - exported()), {}, "inline code needs what is not exported")

    def test_friends_too(self):
        """g++ hides a function that only its class declares: a friend needs a declaration outside as well."""
        names = {name.split("(")[0] for name in demangled(exported()).values()}
        friends = re.findall(r"^ +friend [^;{]*?(\w+|operator[^(]+)\([^;{]*;$", PUBLIC, re.MULTILINE)
        self.assertGreater(len(friends), 1)
        for friend in friends:
            with self.subTest(friend):
                self.assertIn(f"cardea::{friend}", names)

    def test_no_other_library_shows_through(self):
        for name in exported():
            self.assertNotRegex(name, r"boost|uring|fmt|CLI|fcontext")

    def test_the_file_says_its_version(self):
        soname = re.findall(r"SONAME.*\[(.*)\]", call("readelf", "--dynamic", LIBRARY))
        major, minor, _ = cached("CMAKE_PROJECT_VERSION").split(".")
        self.assertEqual(soname, [f"libcardea.so.0.{minor}" if major == "0" else f"libcardea.so.{major}"])


if __name__ == "__main__":
    seen_skips.main()
