#!/usr/bin/env python3
"""The ladders in a guide are what its programs do: ladders_test.py GUIDE.md PROGRAM [--write]. --write puts them there."""

import pathlib
import re
import subprocess
import sys

import program


def main():
    guide, drawer = pathlib.Path(sys.argv[1]), sys.argv[2]
    text = guide.read_text(encoding="utf-8")
    printed = subprocess.run([drawer, "ladders"], capture_output=True, check=True, timeout=60).stdout.decode()
    drawn = dict(part.split("\n", 1) for part in re.split(r"^## ", printed, flags=re.M)[1:])
    shown = [(block[0], block[3]) for block in program.blocks(text) if block[2] == "ladder"]
    wrong = [title for title, ladder in shown if drawn.get(title) != ladder]
    if "--write" in sys.argv:
        for title, ladder in shown:
            at = text.index(title + "\n")
            text = text[:at] + text[at:].replace(f"```ladder\n{ladder}```", f"```ladder\n{drawn[title]}```", 1)
        guide.write_text(text, encoding="utf-8")
        return 0
    for title in wrong:
        print(f"{guide.name}, {title}: the program draws\n{drawn.get(title)}")
    print(f"{len(shown)} ladders, {len(wrong)} of them wrong")
    return 1 if wrong or not shown else 0


if __name__ == "__main__":
    sys.exit(main())
