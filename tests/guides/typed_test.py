#!/usr/bin/env python3
"""The commands of CONTRIBUTING.md and bench/README.md could be typed as they stand: typed_test.py. They build everything or
measure for minutes, so they are not run: each preset, target, program, file and option that they name has to exist."""

import json
import pathlib
import re
import shlex
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PRESETS = json.loads((ROOT / "CMakePresets.json").read_text(encoding="utf-8"))
CMAKE_FILES = {file.parent: file.read_text(encoding="utf-8")
               for file in ROOT.rglob("CMakeLists.txt") if not file.is_relative_to(ROOT / "build")}
OURS = re.compile(r"(?:\./)?(?:(?:include|src|tests|docs|examples|tool|bench|cmake|scripts|packaging)/[\w./-]+|check|quickstart)$")
KIND = {"cmake": "configurePresets", "cmake --build": "buildPresets", "ctest": "testPresets"}


def commands(paper):
    """The command lines of a paper: those of its ```sh blocks and its indented blocks, and what stands in `code`."""
    text = (ROOT / paper).read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S) + re.findall(r"^ {4}(\S.*)$", text, re.M)
    prose = re.sub(r"^```.*?^```$|^ {4}\S.*$", "", text, flags=re.M | re.S)
    inline = [code for code in re.findall(r"`([^`\n]+)`", prose) if re.match(r"(\./check|bench/|build/|scripts/|cmake |ctest )", code)]
    for line in "\n".join(blocks + inline).splitlines():
        for command in re.sub(r"\s+# .*", "", line).split("&&"):
            if words := shlex.split(command):
                yield words


def preset(kind, name):
    return any(p["name"] == name and not p.get("hidden") for p in PRESETS[kind])


def is_built(path):
    """build/PRESET/FOLDER/PROGRAM: a target, or a copied file, that the CMake file of that folder names."""
    _, of, *folders, program = path.split("/")
    if not preset("configurePresets", of):
        return False
    text = CMAKE_FILES.get(ROOT.joinpath(*folders))
    return text is not None and re.search(rf"(?<![\w/-]){re.escape(program)}(?![\w-])", text) is not None


def script_of(word):
    """The script of ours that a command word stands for, which tells its options."""
    path = re.sub(r"^build/\w+/", "", word)
    return ROOT / path if OURS.match(path) and (ROOT / path).is_file() else None


def complaints(words):
    program = words[0]
    kind = KIND.get("cmake --build" if words[:2] == ["cmake", "--build"] else program)
    for at, word in enumerate(words):
        before = words[at - 1] if at > 0 else ""
        if before == "--preset" and not preset(kind, word):
            yield f"no such preset: {word}"
        elif before == "--target" and not any(f"add_custom_target({word}" in t or f"add_executable({word}" in t
                                              for t in [*CMAKE_FILES.values(), (ROOT / "docs/CMakeLists.txt").read_text()]):
            yield f"no such target: {word}"
        elif before == "--build" and word.startswith("build/") and not preset("configurePresets", word[len("build/"):]):
            yield f"no preset builds there: {word}"
        elif word.startswith("build/") and before != "--build" and word.count("/") > 2 and not is_built(word):
            yield f"nothing is built there: {word}"
        elif OURS.match(word) and not (ROOT / word).exists():
            yield f"no such file: {word}"
        elif word.startswith("--") and script_of(program) and not re.search(rf"{word}\b", script_of(program).read_text(encoding="utf-8")):
            yield f"{program} has no {word}"


def main():
    wrong, seen = [], 0
    for paper in ("CONTRIBUTING.md", "bench/README.md"):
        for words in commands(paper):
            seen += 1
            wrong += [f"{paper}: {shlex.join(words)}: {what}" for what in complaints(words)]
    # What the tables of bench/README.md say of options.
    scripts = "".join((ROOT / "bench" / name).read_text(encoding="utf-8") for name in ("echo", "stack"))
    for option in set(re.findall(r"`(--[\w-]+)", (ROOT / "bench/README.md").read_text(encoding="utf-8"))):
        seen += 1
        if f'"{option}"' not in scripts:
            wrong.append(f"bench/README.md: no benchmark has {option}")
    print(*wrong, f"{seen} commands and options, {len(wrong)} of them wrong", sep="\n")
    return 1 if wrong or seen == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
