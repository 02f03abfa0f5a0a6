#!/usr/bin/env python3
"""A user's project takes Cardea's sources with add_subdirectory, as a static library; and configures with a shared one.

    embedding_test.py BUILD SOURCE

Compiles the whole library once more, as the release build does and from a folder beside it: what that has compiled is in
the cache, where there is ccache.
"""

import os
import pathlib
import shutil
import tempfile
import unittest

from installed import BUILD, CCACHE, CONSUMER, SOURCE, InstalledTest, cached, call

FLAGS = [f"-D{name}={cached(name)}" for name in ("CMAKE_CXX_COMPILER", "CARDEA_WERROR")]
ENVIRONMENT = {"CCACHE_BASEDIR": str(SOURCE), "CCACHE_NOHASHDIR": "1"}


class Embedding(InstalledTest):
    def configure(self, shared):
        build = pathlib.Path(tempfile.mkdtemp(prefix="embedding-", dir=BUILD.parent))
        self.addCleanup(shutil.rmtree, build)
        call("cmake", "-S", CONSUMER, "-B", build, "-G", "Ninja", f"-DCARDEA_SOURCE={SOURCE}",
             f"-DBUILD_SHARED_LIBS={shared}", "-DCMAKE_BUILD_TYPE=Release", f"-DCMAKE_CXX_COMPILER_LAUNCHER={CCACHE}", *FLAGS)
        return build

    def test_it_is_built_along(self):
        build = self.configure("OFF")
        call("cmake", "--build", build, "--target", "consumer", "--parallel", os.cpu_count(), environment=ENVIRONMENT)
        self.assertEqual(call(build / "consumer"), "consumer: all is well\n")

    def test_nothing_of_a_guest_is_installed_with_its_host(self):
        for shared in ("ON", "OFF"):
            build = self.configure(shared)
            call("cmake", "--install", build, "--prefix", build / "installed")
            self.assertFalse((build / "installed").exists())


if __name__ == "__main__":
    unittest.main()
