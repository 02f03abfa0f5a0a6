#!/usr/bin/env python3
"""Every rule of check_style.py finds its breach, and leaves alone what is right."""

import pathlib
import tempfile
import unittest

import check_style
import layers

GOOD_CPP = '// For tests.\n#include "fiber/loop.hpp"\n'
GOOD_HPP = "// For tests.\n#pragma once\n"


def breaches(path, text):
    with tempfile.TemporaryDirectory() as directory:
        file = pathlib.Path(directory) / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        before = layers.excepted_files
        layers.excepted_files = lambda: []
        try:
            return list(check_style.breaches(pathlib.Path(directory)))
        finally:
            layers.excepted_files = before


class Style(unittest.TestCase):
    def bad(self, path, text, complaint):
        found = breaches(path, text)
        self.assertEqual(len(found), 1, f"{path}: {text!r} gave {found}")
        self.assertIn(complaint, found[0])

    def good(self, path, text):
        self.assertEqual(breaches(path, text), [])

    def include(self, path, line):
        return path, (GOOD_HPP if path.endswith(".hpp") else "// For tests.\n") + line + "\n"

    def test_what_keeps_the_rules_passes(self):
        self.good("src/fiber/loop.cpp", GOOD_CPP)
        self.good("include/cardea/tcp.hpp", GOOD_HPP + "#include <cardea/stream.hpp>\n#include <string>\n")
        self.good("tests/unit/support.hpp", GOOD_HPP + '#include "stack/address.hpp"\ncardea::sleep(1ms);\n')

    def test_a_file_is_at_most_400_lines(self):
        self.good("src/fiber/loop.cpp", "// x\n" * 400)
        self.bad("src/fiber/loop.cpp", "// x\n" * 401, "401 lines")
        self.good("docs/long.md", "x\n" * 401)

    def test_tabs_spaces_and_ends_of_lines(self):
        self.bad("src/fiber/loop.cpp", "// a\n\tint x;\n", "a tab")
        self.bad("scripts/tool", "a \n", "space at the end")
        self.bad("scripts/tool", "a", "no end")

    def test_a_file_says_what_it_is_for(self):
        self.bad("src/fiber/loop.cpp", "int x;\n", "begins by saying")
        self.bad("src/fiber/loop.cpp", "", "begins by saying")

    def test_headers(self):
        self.bad("src/fiber/loop.hpp", "// x\n", "#pragma once")
        self.bad("src/fiber/loop.hpp", GOOD_HPP + "using namespace std;\n", "using namespace")
        self.good("src/fiber/loop.cpp", "// x\nusing namespace std::chrono_literals;\n")
        self.bad("include/cardea/tcp.hpp", GOOD_HPP + "# define X\n", "macro")
        self.good("src/fiber/loop.hpp", GOOD_HPP + "#define X\n")

    def test_words(self):
        self.bad("src/fiber/loop.cpp", "// TODO later\n", "unfinished")
        self.bad("docs/a.md", "see /home/someone\n", "machine")
        self.bad("scripts/tool", "cd /work/here\n", "machine")
        self.good("scripts/tool", "cd $root/work/here; cd ../home/x\n")

    def test_tests_do_not_sleep(self):
        for line in ("std::this_thread::sleep_for(1s);", "usleep(1);", "time.sleep(1)", "::sleep(1);", "sleep 0.5"):
            self.bad("tests/unit/support.hpp", f"{GOOD_HPP}{line}\n", "does not sleep")
        self.good("src/network/thread/a.cpp", "// x\n::nanosleep(&a, &b);\n")

    def test_no_test_is_forgotten(self):
        self.bad("tests/unit/a_test.cpp", "// A test.\n", "nobody runs them")

    def test_arrows_point_down(self):
        for path, line, complaint in (
            ("src/stack/tcp/a.cpp", '#include "fiber/loop.hpp"', "'stack' may not include"),
            ("src/stack/tcp/a.cpp", "#include <cardea/error.hpp>", "knows nothing of"),
            ("src/stack/tcp/a.cpp", '#include "socket/sockaddr.hpp"', "knows nothing of"),
            ("src/stack/tcp/a.cpp", "#include <sys/socket.h>", "operating system's"),
            ("src/fiber/a.cpp", '#include "network/uring/ring.hpp"', "'fiber' may not include"),
            ("src/fiber/a.cpp", '#include "socket/handle.hpp"', "'fiber' may not include"),
            ("src/fiber/a.cpp", "#include <cardea/tcp.hpp>", "'fiber' may not include"),
            ("src/network/epoll/a.cpp", '#include "network/uring/ring.hpp"', "'network/epoll' may not include"),
            ("src/network/epoll/a.cpp", '#include "stack/address.hpp"', "'network/epoll' may not include"),
            ("src/network/kernel.cpp", '#include "network/uring/ring.hpp"', "'network' may not include"),
            ("src/socket/a.cpp", '#include "network/uring/ring.hpp"', "'socket' may not include"),
            ("src/socket/a.cpp", '#include "serve/serve.hpp"', "'socket' may not include"),
            ("src/socket/a.cpp", '#include "runtime/networks.hpp"', "'socket' may not include"),
            ("src/socket/a.cpp", "#include <unistd.h>", "operating system's"),
            ("src/fiber/a.cpp", "#include <cardea/cardea.hpp>", "'fiber' may not include"),
            ("src/fiber/a.cpp", "#include <cardea/nothing.hpp>", "no room"),
            ("src/attic/a.cpp", "#include <vector>", "has no row"),
            ("include/cardea/tcp.hpp", '#include "socket/handle.hpp"', "private"),
            ("include/cardea/tcp.hpp", "#include <boost/any.hpp>", "not the standard library's"),
            ("include/cardea/tcp.hpp", "#include <sys/socket.h>", "operating system's"),
            ("include/cardea/socket.hpp", "#include <cardea/serve.hpp>", "'socket' may not include"),
            ("include/cardea/attic.hpp", "", "no room"),
            ("tool/main.cpp", '#include "fiber/loop.hpp"', "programs use"),
            ("examples/echo.cpp", "#include <sys/socket.h>", "an example shows Cardea"),
        ):
            with self.subTest(path=path, line=line):
                self.bad(*self.include(path, line), complaint)

    def test_arrows_that_are_right(self):
        for path, line in (
            ("src/stack/tcp/a.cpp", '#include "stack/address.hpp"'),
            ("src/network/uring/a.cpp", '#include "fiber/loop.hpp"'),
            ("src/network/uring/a.cpp", '#include "network/kernel_socket.hpp"'),
            ("src/network/uring/a.cpp", '#include "socket/sockaddr.hpp"'),
            ("src/network/uring/a.cpp", "#include <sys/socket.h>"),
            ("src/runtime/a.cpp", '#include "network/uring/uring.hpp"'),
            ("src/network/tun/a.cpp", '#include "stack/address.hpp"'),
            ("src/serve/signals_posix.cpp", "#include <signal.h>"),
            ("src/socket/a.cpp", "#include <fmt/format.h>"),
            ("tool/main.cpp", '#include "demo.hpp"'),
            ("examples/echo.cpp", "#include <cardea/cardea.hpp>"),
        ):
            with self.subTest(path=path, line=line):
                self.good(*self.include(path, line))

    def test_an_exception_does_not_outlive_its_file(self):
        with tempfile.TemporaryDirectory() as directory:
            (pathlib.Path(directory) / "src").mkdir()
            found = list(check_style.breaches(pathlib.Path(directory)))
        self.assertEqual(len(found), len(layers.excepted_files()) + len(check_style.LONG_FILES))


if __name__ == "__main__":
    unittest.main()
