"""What libcardea-stack.so shows is what cardea_stack.h declares: nothing more, nothing less, and no C++.

exports_test.py LIBRARY HEADER
"""

import pathlib
import re
import subprocess
import sys


def main():
    library, header = sys.argv[1:]
    listed = subprocess.run(["nm", "-D", "--defined-only", library], check=True, capture_output=True, text=True).stdout
    shown = {line.split()[-1] for line in listed.splitlines()}
    text = re.sub(r"/\*.*?\*/", "", pathlib.Path(header).read_text(encoding="utf-8"), flags=re.S)
    declared = set(re.findall(r"\b(cardea_stack_\w+)\s*\(", text)) - {"cardea_stack_wait"}
    if shown != declared:
        sys.exit(f"shown but not declared: {sorted(shown - declared)}\ndeclared but not shown: {sorted(declared - shown)}")
    print(f"{len(shown)} functions shown, and declared")


if __name__ == "__main__":
    main()
