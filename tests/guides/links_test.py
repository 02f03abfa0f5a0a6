#!/usr/bin/env python3
"""What the papers point at exists: links_test.py. Every relative link and its anchor; every file that is named in `code`;
and where a link is called as a test is (`[a_name](../tests/...)`), that the file has it. And no code without a test: a paper
with C++ in it is one of the guides that CMakeLists.txt makes programs of; before a block of commands, or of another language,
a comment names the test that runs it (which names the paper), or says why none does: `<!-- run by tests/... -->`,
`<!-- not run: WHY -->`."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAPERS = [ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")] + \
    sorted((ROOT / "docs").glob("*.md"))
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)\s]+)\)")
# A file named in `code`: a path whose first part is one of ours, or a header as it is included.
NAMED = re.compile(r"`(?:\./)?((?:include|src|tests|docs|examples|tool|bench|cmake|scripts|packaging)/[\w./-]+|cardea/\w+\.hpp)`")


def anchors(paper):
    """The anchors that a paper's headings make."""
    for title in re.findall(r"^#+ (.+)$", paper.read_text(encoding="utf-8"), re.M):
        yield re.sub(r"[^\w\- ]", "", re.sub(r"`|\[([^\]]*)\]\([^)]*\)", r"\1", title).lower()).replace(" ", "-")


def cases(file):
    """The tests that a file has: TEST(theme, NAME) and its kin, the names of suites, and Python's methods."""
    text = file.read_text(encoding="utf-8")
    return {name for pair in re.findall(r"^TEST(?:_[PF])?\((\w+),\s*(\w+)\)", text, re.M) for name in pair} | \
        set(re.findall(r"^ *def (\w+)\(", text, re.M))


def wrong_links(paper, text):
    for label, target in LINK.findall(text):
        if re.match(r"\w+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (paper.parent / path).resolve() if path else paper
        if not file.exists():
            yield f"no such file: {target}"
        elif anchor and anchor not in anchors(file):
            yield f"no such heading: {target}"
        elif re.fullmatch(r"\w*_\w*", label) and "/tests/" in str(file) and label not in cases(file):
            yield f"no test of that name: {label} in {target}"


def wrong_names(text):
    for name in (n for n in NAMED.findall(text) if "NAME" not in n):  # NAME stands for any
        if not (ROOT / "include" / name if name.startswith("cardea/") else ROOT / name).exists():
            yield f"no such file: `{name}`"


def untried(paper, text):
    listed = re.findall(r"[\w-]+", (ROOT / "tests/guides/CMakeLists.txt").read_text(encoding="utf-8"))
    if "```cpp" in text and paper.stem not in listed:
        yield "its code is not in tests/guides/CMakeLists.txt"
    for before, kind in re.findall(r"^(.*)\n```(\w+)$", text, re.M):
        by = re.match(r"<!-- (?:run by (tests/[\w./]+)\b.*|not run: \S.*) -->$", before)
        if kind not in ("cpp", "ladder", "mermaid") and not by:
            yield f"a block of {kind}, and no word on what runs it"
        elif by and by[1] and str(paper.relative_to(ROOT)) not in (ROOT / by[1]).read_text(encoding="utf-8"):
            yield f"{by[1]} does not run it: it does not name this paper"


def main():
    wrong, looked_at = [], 0
    for paper in PAPERS:
        text = paper.read_text(encoding="utf-8")
        prose = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
        looked_at += len(LINK.findall(prose)) + len(NAMED.findall(prose))
        wrong += [f"{paper.relative_to(ROOT)}: {what}" for what in
                  [*wrong_links(paper, prose), *wrong_names(prose), *untried(paper, text)]]
    print(*wrong, f"{looked_at} links and names in {len(PAPERS)} papers, {len(wrong)} of them wrong", sep="\n")
    return 1 if wrong or looked_at == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
