#!/usr/bin/env python3
"""What is installed: all of it, in its component, without a path of the machine that built it; the manual page knows the
command.

    layout_test.py BUILD SOURCE
"""

import re
import unittest

from installed import BUILD, SHARED, SOURCE, InstalledTest, cached, call

PACKAGES = cached("CARDEA_PACKAGES") == "ON"


class Layout(InstalledTest):
    def component(self, name):
        """The names of the files of a component."""
        prefix = self.folder / name
        call("cmake", "--install", BUILD, "--prefix", prefix, "--component", name)
        return {path.relative_to(prefix).as_posix() for path in prefix.rglob("*") if not path.is_dir()}

    def test_components(self):
        library, dev, tool = (self.component(name) for name in ("library", "dev", "tool"))
        if PACKAGES:  # debian_test.py looks into these
            tool = {name.removesuffix(".gz") for name in tool if "/doc/" not in name}
            library = {name for name in library if "/doc/" not in name and "/auto-load/" not in name}
        self.assertEqual(tool, {"bin/cardea", "share/man/man1/cardea.1"})
        self.assertEqual({name.split("/")[-1].split(".")[0] for name in library}, {"libcardea"} if SHARED else set())
        self.assertIn("include/cardea/cardea.hpp", dev)
        for ending in ("libcardea.so" if SHARED else "libcardea.a", "/Cardea/CardeaConfig.cmake", "/cardea.pc",
                       "share/cardea/gdb/cardea.py", "/copyright" if PACKAGES else "/cardea/LICENSE"):
            self.assertEqual(len([name for name in dev if name.endswith(ending)]), 1, (ending, sorted(dev)))
        self.assertFalse(library & dev)

    def test_every_public_header_is_there(self):
        def headers(root):
            return {path.relative_to(root).as_posix() for path in (root / "cardea").rglob("*.hpp")}

        self.assertEqual(headers(self.prefix / "include"), headers(SOURCE / "include"))

    def test_no_path_of_this_machine(self):
        for path in self.prefix.rglob("*"):
            if path.suffix not in (".cmake", ".pc"):
                continue
            text = path.read_text(encoding="utf-8")
            for place in (BUILD, SOURCE, self.first):
                self.assertNotIn(str(place), text, path)
            if not PACKAGES:  # in /usr they are at home
                self.assertNotRegex(text, r"/usr/lib|/usr/include", path)

    def test_the_command_runs_where_it_is_now(self):
        said = call(self.prefix / "bin/cardea", "--version", environment=self.library_path())
        self.assertRegex(said, r"\Acardea \d+\.\d+\.\d+\n\Z")

    def test_the_manual_knows_every_command_and_option(self):
        manual = (SOURCE / "packaging/cardea.1").read_text(encoding="utf-8").replace("\\-", "-")

        def help_of(*command):
            return call(self.prefix / "bin/cardea", *command, "--help", environment=self.library_path())

        commands = re.findall(r"^  ([a-z]+)  ", help_of().split("Subcommands:")[1], re.MULTILINE)
        self.assertGreaterEqual(len(commands), 5)
        everywhere = manual.split("\n.SH OPTIONS\n")[1].split("\n.SH ")[0]
        for command in commands:
            self.assertIn(f"\n.SS {command}\n", manual)
            for option in re.findall(r"^  (?:-\w,)?(--[a-z-]+)", help_of(command), re.MULTILINE):
                section = manual.split(f"\n.SS {command}\n")[1].split("\n.SS ")[0].split("\n.SH ")[0]
                if not re.search(re.escape(option) + r"\b", everywhere):
                    self.assertRegex(section, re.escape(option) + r"\b", f"cardea {command}")


if __name__ == "__main__":
    unittest.main()
