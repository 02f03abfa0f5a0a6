#!/usr/bin/env python3
"""A user's project takes Cardea's sources with add_subdirectory: as a static and as a shared library.

    embedding_test.py BUILD SOURCE

Compiles the whole library, with the flags of the build that it belongs to where it can, so that ccache may help.
"""

import os
import unittest

from installed import CONSUMER, SOURCE, InstalledTest, cached, call

FLAGS = [f"-D{name}={cached(name)}" for name in
         ("CMAKE_BUILD_TYPE", "CMAKE_CXX_COMPILER", "CMAKE_CXX_COMPILER_LAUNCHER", "CARDEA_WERROR")]


class Embedding(InstalledTest):
    def embed(self, shared, *flags):
        build = self.folder / f"shared-{shared}"
        call("cmake", "-S", CONSUMER, "-B", build, "-G", "Ninja", f"-DCARDEA_SOURCE={SOURCE}",
             f"-DBUILD_SHARED_LIBS={shared}", *FLAGS, *flags)
        call("cmake", "--build", build, "--target", "consumer", "--parallel", os.cpu_count())
        self.assertEqual(call(build / "consumer"), "consumer: all is well\n")
        # Nothing of a guest is installed with its host.
        call("cmake", "--install", build, "--prefix", build / "installed")
        self.assertFalse((build / "installed").exists())

    def test_shared(self):
        self.embed("ON")

    def test_static(self):
        self.embed("OFF", "-DCMAKE_CXX_FLAGS_RELEASE=-O0")  # it compiles in half the time


if __name__ == "__main__":
    unittest.main()
