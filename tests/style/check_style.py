#!/usr/bin/env python3
"""The house rules that a program can check: sizes, layout, words, and who may include whom (layers.py).

check_style.py [ROOT]: prints FILE:LINE: COMPLAINT for each breach, and fails if there is one.
"""

import pathlib
import re
import sys

import layers

ROOMS = ("include", "src", "tool", "examples", "tests", "bench", "docs", "packaging", "scripts", "cmake", ".ci")
CPP = (".cpp", ".hpp")
TEXT = CPP + (".py", ".sh", ".txt", ".cmake", ".md", ".json", ".yml", "")
LINES_MAX = 400

# Files longer than LINES_MAX, each with its reason.
LONG_FILES = {}
# Test files that sleep, each with its reason.
SLEEPING_TESTS = {}

WORDS = (
    (re.compile(r"\b(?:TODO|FIXME|XXX)\b"), "unfinished business belongs in an issue"),
    (re.compile(r"(?<![\w.$}])/(?:work|home|root)/|/tmp/(?:build|brief)"), "the path of one particular machine"),
)
SLEEPS = re.compile(r"\b(?:sleep_for|sleep_until|usleep|nanosleep)\b|\btime\.sleep\b|(?<!\w)::sleep\s*\(|^\s*sleep [0-9.]")
HERE = "tests/style/"  # holds examples of every breach


def check_text(path, text):
    """Yields (line number, complaint) on what concerns every text file."""
    lines = text.splitlines()
    code = path.endswith(CPP + (".py", ".sh", ".cmake")) or "." not in pathlib.PurePath(path).name
    if code and len(lines) > LINES_MAX and path not in LONG_FILES:
        yield LINES_MAX + 1, f"{len(lines)} lines; {LINES_MAX} is the limit: split it by what it does"
    if text and not text.endswith("\n"):
        yield len(lines), "the last line has no end"
    for number, line in enumerate(lines, 1):
        if "\t" in line:
            yield number, "a tab"
        if line != line.rstrip() and not path.endswith(".md"):
            yield number, "space at the end of the line"
        if path.startswith(HERE):
            continue
        for word, complaint in WORDS:
            if word.search(line):
                yield number, complaint
        if path.startswith("tests/") and SLEEPS.search(line) and path not in SLEEPING_TESTS:
            yield number, "a test waits for the thing itself, it does not sleep"


def check_cpp(path, text):
    """Yields (line number, complaint) on what concerns C++ files."""
    lines = text.splitlines()
    if not lines or not lines[0].startswith("//"):
        yield 1, "a file begins by saying what it is for"
    if path.endswith(".hpp"):
        if "#pragma once" not in lines:
            yield 1, "a header without #pragma once"
        for number, line in enumerate(lines, 1):
            if re.match(r"\s*using namespace\b", line):
                yield number, "using namespace in a header"
            if path.startswith("include/") and re.match(r"\s*#\s*define\b", line):
                yield number, "a macro in a public header"
    yield from layers.check(path, lines)


def files(root):
    """The texts of the project: the rooms, and what lies at the root."""
    for place in [root, *(root / room for room in ROOMS)]:
        found = place.iterdir() if place == root else place.rglob("*")
        for path in sorted(found):
            if path.is_file() and path.suffix in TEXT and "__pycache__" not in path.parts:
                yield path


def breaches(root):
    """Yields every breach below root as a line of text."""
    for file in files(root):
        path = file.relative_to(root).as_posix()
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # no text
        found = list(check_text(path, text))
        if path.endswith(CPP):
            found += check_cpp(path, text)
        for number, complaint in sorted(found):
            yield f"{path}:{number}: {complaint}"
    for folder in sorted({file.parent for file in root.glob("tests/*/*.cpp")}):
        if not (folder / "CMakeLists.txt").exists():
            yield f"{folder.relative_to(root)}:1: has tests but no CMakeLists.txt, so that nobody runs them"
    for listed in [*LONG_FILES, *SLEEPING_TESTS, *layers.excepted_files()]:
        if (root / "src").exists() and not (root / listed).exists():
            yield f"{listed}:1: is excepted from a rule but does not exist"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else __file__).resolve()
    root = root if len(sys.argv) > 1 else root.parent.parent.parent
    found = list(breaches(root))
    print("\n".join(found) if found else f"style: {sum(1 for _ in files(root))} files keep the rules")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
