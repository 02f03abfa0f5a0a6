#!/usr/bin/env python3
"""Every test that a table of proofs names exists: a verdict whose proof is gone proves nothing. The tables are those of
docs/rfc9293.md (the stack) and tests/conformance/README.md (failure modes).

check_matrix.py [ROOT]: prints each name that no test has, and fails if there is one.
"""

import fnmatch
import pathlib
import re
import sys

NAMED = re.compile(r"`((?:[a-z][a-z0-9_]*)?\.(?:\*|[a-z][a-z0-9_]*))`")
TEST = re.compile(r"\bTEST(?:_[FP])?\(\s*(\w+),\s*(\w+)\s*\)")
PATTERN = re.compile(r"`([a-z][a-z0-9_*{},]*\.[a-z0-9_*{},]+)`")
BRACES = re.compile(r"\{([^{}]*)\}")


def tests_in(root, folders):
    """The names of the tests in these folders: suite.name."""
    found = set()
    for folder in folders:
        for path in sorted((root / "tests" / folder).rglob("*.cpp")):
            found.update(".".join(pair) for pair in TEST.findall(path.read_text(encoding="utf-8")))
    return found


def tests_of_stack(root):
    found = tests_in(root, ["stack"])
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


def expanded(pattern):
    """Each pattern that `a_{b,c}_*` stands for."""
    braces = BRACES.search(pattern)
    if not braces:
        return [pattern]
    before, after = pattern[: braces.start()], pattern[braces.end() :]
    return [whole for one in braces[1].split(",") for whole in expanded(before + one + after)]


def unproven(document, tests):
    """Yields (line number, complaint) for what the table of failure modes names and no test is called."""
    rows = [(n, line) for n, line in enumerate(document.splitlines(), 1) if line.startswith("| ")]
    for number, line in rows:
        patterns = PATTERN.findall(line)
        if not patterns and not line.startswith("| failure"):
            yield number, "this row names no test"
        for pattern in (one for many in patterns for one in expanded(many)):
            if not fnmatch.filter(tests, pattern):
                yield number, f"no test is called {pattern}"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2])
    complaints = []
    tests = tests_of_stack(root)
    # They must be able to fail.
    assert [n for _, n in unknown("| `tcp_isn.no_such_test`, `.nor_this` | `no_such_suite.*` |", tests)] == [
        "tcp_isn.no_such_test", "tcp_isn.nor_this", "no_such_suite.*"]
    matrix = "docs/rfc9293.md"
    for number, name in unknown((root / matrix).read_text(encoding="utf-8"), tests):
        complaints.append(f"{matrix}:{number}: no test is called {name}")

    tests = tests_in(root, ["conformance", "faulty", "serve", "fiber", "peers"])
    assert [c for _, c in unproven("| x | `endings.{rst,no}_*`, `no.such` |\n| y | none |", tests)] == [
        "no test is called endings.no_*", "no test is called no.such", "this row names no test"]
    failures = "tests/conformance/README.md"
    for number, complaint in unproven((root / failures).read_text(encoding="utf-8"), tests):
        complaints.append(f"{failures}:{number}: {complaint}")

    for complaint in complaints:
        print(complaint)
    return 1 if complaints or not tests else 0


if __name__ == "__main__":
    sys.exit(main())
