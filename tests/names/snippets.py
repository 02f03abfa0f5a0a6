#!/usr/bin/env python3
"""The C++ of a guide as one source file, a function for each piece: snippets.py GUIDE.md OUT.cpp"""

import re
import sys

guide, out = sys.argv[1:]
with open(guide, encoding="utf-8") as text:
    pieces = re.findall(r"^```cpp\n(.*?)^```$", text.read(), re.M | re.S)
if not pieces:
    sys.exit(f"{guide}: no code in it")
with open(out, "w", encoding="utf-8") as source:
    source.write("#include <cardea/cardea.hpp>\n#include <chrono>\n#include <iostream>\n#include <string>\n"
                 "using namespace cardea;\nusing namespace std::chrono_literals;\n")
    for number, piece in enumerate(pieces):
        source.write(f"void piece_{number}();\nvoid piece_{number}() {{\n{piece}}}\n")
