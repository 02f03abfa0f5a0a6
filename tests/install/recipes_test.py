#!/usr/bin/env python3
"""The recipes for vcpkg and Conan, as far as they can be tried without those: they agree with the sources.

    recipes_test.py BUILD SOURCE
"""

import ast
import fnmatch
import json
import re
import shutil
import unittest

from installed import SOURCE, VERSION, InstalledTest, cached, call

PORT = SOURCE / "packaging/vcpkg"
CONAN = (SOURCE / "packaging/conan/conanfile.py").read_text(encoding="utf-8")
OPTIONS = re.findall(r"^option\((\w+)", (SOURCE / "CMakeLists.txt").read_text(encoding="utf-8"), re.MULTILINE)


class Recipes(InstalledTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.recipe, = [node for node in ast.parse(CONAN).body if isinstance(node, ast.ClassDef)]

    def attribute(self, name):
        """What the Conan recipe says of itself."""
        return next(ast.literal_eval(node.value) for node in self.recipe.body
                    if isinstance(node, ast.Assign) and node.targets[0].id == name)

    def test_version_licence_and_what_it_is(self):
        port = json.loads((PORT / "vcpkg.json").read_text(encoding="utf-8"))
        conan = {name: self.attribute(name) for name in ("name", "version", "license", "description")}
        self.assertEqual({name: port[name] for name in conan}, conan)
        self.assertEqual(conan["version"], VERSION)
        self.assertIn(f"{conan['license']} License", (SOURCE / "LICENSE").read_text(encoding="utf-8"))

    def test_the_options_exist(self):
        used = re.findall(r"-D(CARDEA_\w+)=", (PORT / "portfile.cmake").read_text(encoding="utf-8"))
        parts = ast.literal_eval(re.search(r"for part in (\(.*\)):", CONAN)[1])
        self.assertEqual(sorted(used), sorted(f"CARDEA_BUILD_{part}" for part in parts))
        self.assertEqual([name for name in used if name not in OPTIONS], [])

    def test_a_static_librarys_requirements_are_those_of_pkg_config(self):
        private = (SOURCE / "cmake/cardea_install.cmake").read_text(encoding="utf-8")
        system = ast.literal_eval(re.search(r"system_libs = (\[.*\])", CONAN)[1])
        for name in system:
            self.assertRegex(private, rf"Libs\.private:.* -l?{name}\b")

    def test_conan_takes_along_all_that_is_configured_and_installed(self):
        patterns = ast.literal_eval(re.search(r"for pattern in (\(.*?\)):", CONAN, re.DOTALL)[1])
        exported = self.folder / "exported"
        for name in call("git", "-C", SOURCE, "ls-files", "-co", "--exclude-standard").splitlines():
            if any(fnmatch.fnmatch(name, pattern) for pattern in patterns) and (SOURCE / name).is_file():
                (exported / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(SOURCE / name, exported / name)
        build = self.folder / "of-exported"
        call("cmake", "-S", exported, "-B", build, "-G", "Ninja", f"-DCMAKE_CXX_COMPILER={cached('CMAKE_CXX_COMPILER')}",
             *[f"-DCARDEA_BUILD_{part}=OFF" for part in ("TESTS", "EXAMPLES", "TOOL")])
        installed = re.findall(rf'"({re.escape(str(exported))}/[^"]+)"', (build / "cmake_install.cmake").read_text(encoding="utf-8"))
        self.assertGreater(len(installed), 3)
        for path in installed:
            self.assertTrue((exported / path).exists(), path)


if __name__ == "__main__":
    unittest.main()
