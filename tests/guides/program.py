"""Makes a program of the pieces of code in a guide: program.py GUIDE.md OUT.cpp. Each runs by itself, in a function of
its own, on a plain thread and as the first fiber of a loop; `expect(...)` in them must hold."""

import re
import sys

HEAD = """// Made from {guide}: do not edit.
#include <array>
#include <cardea/batch.hpp>
#include <cardea/cardea.hpp>
#include <cardea/datagram.hpp>
#include <cardea/error_queue.hpp>
#include <cardea/multicast.hpp>
#include <cardea/passing.hpp>
#include <cardea/raw.hpp>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

using namespace cardea;
using namespace std::chrono_literals;

namespace {{

const char* section = "";
void expect(bool holds) {{
    if (holds) return;
    std::cerr << "not so: " << section << '\\n';
    std::exit(1);
}}
"""

TAIL = """
void all() {{
    const deadline limit(30s);
{calls}}}

}}  // namespace

int main() {{
    try {{
        all();
        run([] {{ all(); }});
    }} catch (const std::exception& e) {{
        std::cerr << section << ": " << e.what() << '\\n';
        return 1;
    }}
    return 0;
}}
"""


def main():
    guide, out = sys.argv[1:]
    with open(guide, encoding="utf-8") as file:
        text = file.read()
    pieces = [(text.rfind("\n## ", 0, m.start()), m[1]) for m in re.finditer(r"```cpp\n(.*?)```", text, re.S)]
    name = guide.rsplit("/", 1)[-1]
    with open(out, "w", encoding="utf-8") as file:
        file.write(HEAD.format(guide=name))
        calls = ""
        for i, (at, code) in enumerate(pieces):
            title = text[at + 4:text.index("\n", at + 4)]
            file.write(f"\nvoid piece_{i}() {{\n    section = \"{title}\";\n{code}}}\n")
            calls += f"    piece_{i}();\n"
        file.write(TAIL.format(calls=calls))


if __name__ == "__main__":
    main()
