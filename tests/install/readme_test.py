#!/usr/bin/env python3
"""README.md from a clean copy of the sources: ./quickstart, the installation, and a project of one's own, each as it says.

    readme_test.py BUILD SOURCE

Compiles the whole library twice, in a folder of its own: for ./quickstart as the release build does, so that what that has
compiled is in the cache, where there is ccache; for the installation without optimisation, which is not the question here
and takes longer than the rest. The packages that ./quickstart would install are there: the build
that this belongs to needed them as well.
"""

import os
import pathlib
import shutil
import tempfile
import unittest

from installed import SOURCE, block_of, call

README = SOURCE / "README.md"


class Readme(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="cardea-readme-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.clone, cls.home = cls.folder / "clone", cls.folder / "home"
        cls.home.mkdir()
        shutil.copytree(SOURCE, cls.clone, symlinks=True, ignore=shutil.ignore_patterns(".git", "build*", ".cache"))
        # What is in the cache is taken from there, wherever the copy lies.
        cls.environment = {"HOME": str(cls.home),
                           "CCACHE_DIR": os.environ.get("CCACHE_DIR", str(pathlib.Path.home() / ".cache/ccache"))}
        cls.unoptimised = cls.folder / "unoptimised"
        cls.unoptimised.write_text('#!/bin/sh\nexec "$@" -O0\n')
        cls.unoptimised.chmod(0o755)

    def typed(self, lines, folder, **environment):
        return call("bash", "-euc", lines, folder=folder, environment={**self.environment, **environment})

    def test_quickstart(self):
        line = block_of(README, "sh", "./quickstart").splitlines()[0]
        said = self.typed(line, self.clone)
        self.assertIn("connection request", said)
        self.assertIn("recv_from(", said)
        self.assertTrue((self.clone / "build/release/cardea").exists())

    def test_install_and_use_it(self):
        self.typed(block_of(README, "sh", "cmake --install"), self.clone, CMAKE_CXX_COMPILER_LAUNCHER=str(self.unoptimised))
        project = self.folder / "project"
        project.mkdir()
        (project / "my_server.cpp").write_text(block_of(README, "cpp", "int main() { serve("))
        (project / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.25)\nproject(my LANGUAGES CXX)\nadd_executable(my_server my_server.cpp)\n" +
            block_of(README, "cmake", "find_package"))
        self.assertIn("with `-DCMAKE_PREFIX_PATH=$HOME/cardea`", README.read_text(encoding="utf-8"))
        self.typed("cmake -S . -B build -DCMAKE_PREFIX_PATH=$HOME/cardea; cmake --build build", project)
        by_hand = "g++ -std=c++20 my_server.cpp $(pkg-config --cflags --libs cardea)"
        self.assertIn(f"`{by_hand}`", README.read_text(encoding="utf-8"))
        for variable in ("PKG_CONFIG_PATH=$HOME/cardea/lib/pkgconfig", "LD_LIBRARY_PATH=$HOME/cardea/lib"):
            self.assertIn(f"`{variable}`", README.read_text(encoding="utf-8"))
            by_hand = f"export {variable}; {by_hand}"
        self.typed(by_hand, project)
        for program in ("build/my_server", "./a.out"):
            linked = self.typed(f"export LD_LIBRARY_PATH=$HOME/cardea/lib; ldd {program}", project)
            self.assertRegex(linked, rf"libcardea\.so\.\S+ => {self.home}/")


if __name__ == "__main__":
    unittest.main()
