#!/usr/bin/env python3
"""A user's project finds an installed Cardea, wherever that has been moved, and its program runs.

    consumer_test.py BUILD SOURCE
"""

import os
import shlex
import shutil
import unittest

from installed import CONSUMER, SHARED, SOURCE, VERSION, InstalledTest, block_of, call, compilers, seen_skips


class Consumer(InstalledTest):
    def configure(self, name, *options):
        build = self.folder / name
        call("cmake", "-S", CONSUMER, "-B", build, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={self.prefix}", *options)
        return build

    def test_find_package(self):
        for compiler in compilers():
            with self.subTest(compiler):
                build = self.configure("find-" + os.path.basename(compiler), f"-DCMAKE_CXX_COMPILER={compiler}")
                call("cmake", "--build", build)
                self.assert_runs(build / "consumer")

    def test_find_package_where_everything_is_hidden(self):
        build = self.configure("hidden", "-DCMAKE_CXX_VISIBILITY_PRESET=hidden", "-DCMAKE_VISIBILITY_INLINES_HIDDEN=ON",
                               "-DCMAKE_BUILD_TYPE=Release")
        call("cmake", "--build", build)
        self.assert_runs(build / "consumer")

    def test_pkg_config(self):
        tool = shutil.which("pkg-config")
        if not tool:
            self.skipTest("needs pkg-config")
        where = {"PKG_CONFIG_PATH": str(self.the("**/cardea.pc").parent)}
        self.assertEqual(call(tool, "--modversion", "cardea", environment=where).strip(), VERSION)
        flags = shlex.split(call(tool, "--cflags", "--libs", *([] if SHARED else ["--static"]), "cardea",
                                 environment=where))
        for compiler in compilers():
            with self.subTest(compiler):
                program = self.folder / ("pkg-config-" + os.path.basename(compiler))
                call(compiler, "-std=c++20", CONSUMER / "main.cpp", "-o", program, *flags)
                self.assert_runs(program)

    def typed(self, line, package):
        """A guide's line of commands, typed where its files are."""
        if not shutil.which("pkg-config"):
            self.skipTest("needs pkg-config")
        line = line if SHARED else line.replace("pkg-config", "pkg-config --static")
        described = self.the(f"**/{package}.pc").parent
        return call("bash", "-euc", line, folder=self.folder, environment={
            "PKG_CONFIG_PATH": str(described), "LD_LIBRARY_PATH": str(described.parent),
            "CARDEA_NETWORK": "sim"})  # where every port is free

    def test_a_step_of_sockets_from_zero(self):
        paper = SOURCE / "docs/sockets-from-zero.md"
        program = block_of(paper, "cpp", "int main()")
        step = block_of(paper, "cpp", "auto [connection, client] = welcome.accept();     //")
        empty = "void server() {}\nvoid client() {}\n"
        self.assertIn(empty, program)
        (self.folder / "step.cpp").write_text("#include <cassert>\n#define expect assert\n" + program.replace(empty, step))
        self.assertIn("connect(127.0.0.1:12000)", self.typed(block_of(paper, "sh", "step.cpp"), "cardea"))

    def test_the_program_of_stack_harness(self):
        paper = SOURCE / "docs/stack-harness.md"
        (self.folder / "program.c").write_text(block_of(paper, "c", "int main"))
        said = self.typed(block_of(paper, "sh", "program.c") + "./a.out", "cardea-stack")
        self.assertEqual(said, "hello, after 30 ms, ESTABLISHED\n")

    def test_a_version_that_does_not_fit_is_refused(self):
        major, minor, _ = VERSION.split(".")
        for asked in (f"{major}.{minor}", VERSION):
            self.configure(f"asks-{asked}", f"-DCARDEA_VERSION={asked}")
        for asked in (f"{major}.{int(minor) + 1}", f"{int(major) + 1}.0"):
            with self.assertRaisesRegex(AssertionError, r"compatible\s+with\s+requested\s+version"):
                self.configure(f"asks-{asked}", f"-DCARDEA_VERSION={asked}")


if __name__ == "__main__":
    seen_skips.main()
