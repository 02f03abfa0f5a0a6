#!/usr/bin/env python3
"""Every test that docs/rfc9293.md names exists: a verdict whose proof is gone proves nothing.

check_matrix.py [ROOT]: prints each name that no test has, and fails if there is one.
"""

import pathlib
import re
import sys

NAMED = re.compile(r"`((?:[a-z][a-z0-9_]*)?\.(?:\*|[a-z][a-z0-9_]*))`")
TEST = re.compile(r"\bTEST(?:_[FP])?\(\s*(\w+),\s*(\w+)\s*\)")


def tests_of(root):
    """The names of the tests of the stack: suite.name."""
    found = set()
    for path in sorted((root / "tests/stack").glob("*.cpp")):
        found.update(".".join(pair) for pair in TEST.findall(path.read_text(encoding="utf-8")))
    found.update("stack_script." + path.stem for path in (root / "tests/stack_scripts/scripts").glob("*.pkt"))
    return found


def unknown(document, tests):
    """Yields (line number, name) for what a table's rows name and no test is called."""
    suites = {name.split(".")[0] for name in tests}
    for number, line in enumerate(document.splitlines(), 1):
        if not line.startswith("|") or "ctest -R" in line or line.startswith("| `tun."):
            continue
        suite = ""
        for name in NAMED.findall(line):
            head, _, tail = name.partition(".")
            suite = head or suite
            known = suite in suites if tail == "*" else f"{suite}.{tail}" in tests
            if not known:
                yield number, f"{suite}.{tail}"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2])
    tests = tests_of(root)
    # It must be able to fail.
    assert [n for _, n in unknown("| `tcp_isn.no_such_test`, `.nor_this` | `no_such_suite.*` |", tests)] == [
        "tcp_isn.no_such_test", "tcp_isn.nor_this", "no_such_suite.*"]
    document = "docs/rfc9293.md"
    missing = list(unknown((root / document).read_text(encoding="utf-8"), tests))
    for number, name in missing:
        print(f"{document}:{number}: no test is called {name}")
    return 1 if missing or not tests else 0


if __name__ == "__main__":
    sys.exit(main())
