"""Makes one program of the code in a guide: program.py GUIDE.md OUT.cpp. Every ```cpp block of the guide is in it:
- statements: a function, which the program calls, on a plain thread and as the first fiber of a loop; `expect(...)` in
  them must hold;
- definitions (void server() { ... }): for the blocks behind it, its own section's first;
- a whole program, with a main(): called on a plain thread.
A ```ladder block shows what server() and client() of its section do: OUT's program prints all of these when it is given
an argument, and ladders_test.py compares them.

Comments in the guide, which readers do not see: `<!-- compiled, not run -->` in front of a block, or in front of the first
heading of the second level for all of them; `<!-- not in a loop -->`: on a plain thread only; `<!-- given: CODE -->`:
what a block needs."""

import re
import sys

BLOCK = re.compile(r"((?:<!--(?:(?!-->).)*-->\s*)*)^```(cpp|ladder)\n(.*?)^```$", re.M | re.S)
DEFINES = re.compile(r"^(?:void|int|struct|class|template|std::\w+|const|constexpr|using) [^;=]*\{?$|^using namespace")
NOT_RUN = "<!-- compiled, not run -->"

HEAD = """// Made from {guide}: do not edit.
{includes}
using namespace cardea;
using namespace std::chrono_literals;

namespace {{

const char* section = "";
[[maybe_unused]] void expect(bool holds) {{
    if (holds) return;
    std::cerr << "not so: " << section << '\\n';
    std::exit(1);
}}

/// Runs both in a loop, records their calls and prints the ladder.
[[maybe_unused]] void show(const char* title, void (*server)(), void (*client)()) {{
    call_recorder calls;
    auto* before = observe_calls(&calls);
    run([&] {{
        scope both;
        both.spawn({{.name = "server"}}, server);
        both.spawn({{.name = "client"}}, client);
        both.join();
    }});
    observe_calls(before);
    std::cout << "## " << title << '\\n' << draw_ladder(calls.records());
}}
"""

TAIL = """
void pieces() {{
    [[maybe_unused]] const deadline limit(30s);
{pieces}}}
void programs() {{
{programs}}}
void ladders() {{
{ladders}}}

}}  // namespace

int main(int argc, char**) {{
    try {{
        if (argc > 1) {{
            ladders();
        }} else {{
            pieces();
            run([] {{ pieces(); }});
            programs();
        }}
    }} catch (const std::exception& e) {{
        std::cerr << section << ": " << e.what() << '\\n';
        return 1;
    }}
    return 0;
}}
"""

INCLUDES = """
#include <algorithm>
#include <array>
#include <cardea/batch.hpp>
#include <cardea/cardea.hpp>
#include <cardea/datagram.hpp>
#include <cardea/dump.hpp>
#include <cardea/embed.hpp>
#include <cardea/error_queue.hpp>
#include <cardea/metrics.hpp>
#include <cardea/multicast.hpp>
#include <cardea/passing.hpp>
#include <cardea/raw.hpp>
#include <cctype>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>
"""


def title_before(text, at):
    """The heading that a place stands under."""
    headings = list(re.finditer(r"^#+ (.*)$", text[:at], re.M))
    return headings[-1][1].replace('"', "'") if headings else ""


def blocks(text):
    """Every block as (section, what stands in comments before it, kind, code)."""
    for block in BLOCK.finditer(text):
        yield title_before(text, block.start()), block[1], block[2], block[3]


def program(guide, text):
    """The program's source."""
    first = text.find("\n## ")
    none_run = NOT_RUN in (text[:first] if first >= 0 else "").split("```")[0]
    includes, body = INCLUDES.strip().split("\n"), ""
    calls = {"pieces": "", "programs": "", "ladders": ""}
    for number, (title, before, kind, code) in enumerate(blocks(text)):
        place = "section_" + re.sub(r"\W+", "_", title)
        for line in re.findall(r"^#include .*\n", code, re.M):
            includes.append(line.strip())
            code = code.replace(line, "")
        given = "".join(re.findall(r"<!-- given: (.*?)-->", before, re.S))
        runs = not none_run and NOT_RUN not in before
        if kind == "ladder":
            calls["ladders"] += f'    show("{title}", {place}::server, {place}::client);\n'
            continue
        if re.search(r"^int main\(", code, re.M):
            code = re.sub(r"^int main\(", "int main_of_it(", code, flags=re.M)
            code = re.sub(r"\}\s*$", "return 0;\n}\n", code)  # only a main() may do without; it is the last function
            body += f"\nnamespace program_{number} {{\n{given}{code}}}\n"
            calls["programs"] += f"    program_{number}::main_of_it();\n" if runs else \
                f"    (void)program_{number}::main_of_it;\n"
        elif DEFINES.match(code.lstrip().split("\n")[0]) and not code.startswith("const "):
            body += f"\nnamespace {place} {{\n{given}{code}}}\nusing namespace {place};\n"
        else:
            body += f'\nnamespace {place} {{\nvoid piece_{number}() {{\n    section = "{title}";\n{given}{code}}}\n}}\n'
            where = "if (!this_fiber::on_loop()) " if "<!-- not in a loop -->" in before else ""
            calls["pieces"] += f"    {where if runs else '(void)'}{place}::piece_{number}{'()' if runs else ''};\n"
    head = HEAD.format(guide=guide, includes="\n".join(dict.fromkeys(includes)))
    return head + body + TAIL.format(**calls)


def main():
    guide, out = sys.argv[1:]
    with open(guide, encoding="utf-8") as file:
        text = file.read()
    if "```cpp" not in text:
        sys.exit(f"{guide}: no code in it")
    with open(out, "w", encoding="utf-8") as file:
        file.write(program(guide.rsplit("/", 1)[-1], text))


if __name__ == "__main__":
    main()
