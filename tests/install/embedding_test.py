#!/usr/bin/env python3
"""A user's project takes Cardea's sources with add_subdirectory, as a static library; and configures with a shared one.

    embedding_test.py BUILD SOURCE

Compiles the whole library once more: without optimisation, which takes half the time.
"""

import os
import unittest

from installed import CONSUMER, SOURCE, InstalledTest, cached, call

FLAGS = [f"-D{name}={cached(name)}" for name in ("CMAKE_CXX_COMPILER", "CMAKE_CXX_COMPILER_LAUNCHER", "CARDEA_WERROR")]


class Embedding(InstalledTest):
    def configure(self, shared):
        build = self.folder / f"shared-{shared}"
        call("cmake", "-S", CONSUMER, "-B", build, "-G", "Ninja", f"-DCARDEA_SOURCE={SOURCE}",
             f"-DBUILD_SHARED_LIBS={shared}", "-DCMAKE_CXX_FLAGS=-O0", *FLAGS)
        return build

    def test_it_is_built_along(self):
        build = self.configure("OFF")
        call("cmake", "--build", build, "--target", "consumer", "--parallel", os.cpu_count())
        self.assertEqual(call(build / "consumer"), "consumer: all is well\n")

    def test_nothing_of_a_guest_is_installed_with_its_host(self):
        for shared in ("ON", "OFF"):
            build = self.configure(shared)
            call("cmake", "--install", build, "--prefix", build / "installed")
            self.assertFalse((build / "installed").exists())


if __name__ == "__main__":
    unittest.main()
