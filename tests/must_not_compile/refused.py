#!/usr/bin/env python3
"""A file is compiled as it stands, which must work, and with -DMISUSE, which must fail for the reason that it gives.

    refused.py FILE COMPILER...

A line "// refused: REGEX" of the file is what the errors must say; alternatives are for the compilers' different words.
"""

import os
import re
import subprocess
import sys

file, compiler = sys.argv[1], sys.argv[2:]
with open(file, encoding="utf-8") as text:
    reason = re.search(r"^// refused: (.+)$", text.read(), re.MULTILINE)[1]


def errors(*more):
    """The exit code, and what it complains of, without the lines that quote the source."""
    done = subprocess.run([*compiler, *more, file], capture_output=True, text=True, check=False,
                          env={**os.environ, "LC_ALL": "C"})
    return done.returncode, "\n".join(line for line in done.stderr.splitlines() if re.search(": (error|note): ", line)) or done.stderr


code, said = errors()
if code != 0:
    sys.exit(f"the right use does not compile:\n{said}")
code, said = errors("-DMISUSE")
if code == 0:
    sys.exit("the misuse compiles")
if not re.search(reason, said):
    sys.exit(f"the misuse is refused, but not with /{reason}/:\n{said}")
