#!/usr/bin/env python3
"""A user's project finds an installed Cardea, wherever that has been moved, and its program runs.

    consumer_test.py BUILD SOURCE
"""

import os
import shlex
import shutil
import unittest

from installed import CONSUMER, SHARED, VERSION, InstalledTest, call, compilers, seen_skips


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

    def test_a_version_that_does_not_fit_is_refused(self):
        major, minor, _ = VERSION.split(".")
        for asked in (f"{major}.{minor}", VERSION):
            self.configure(f"asks-{asked}", f"-DCARDEA_VERSION={asked}")
        for asked in (f"{major}.{int(minor) + 1}", f"{int(major) + 1}.0"):
            with self.assertRaisesRegex(AssertionError, r"compatible\s+with\s+requested\s+version"):
                self.configure(f"asks-{asked}", f"-DCARDEA_VERSION={asked}")


if __name__ == "__main__":
    seen_skips.main()
