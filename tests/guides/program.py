"""Makes one program of the code in a guide: program.py GUIDE.md OUT.cpp. Every ```cpp block of the guide is in it, and runs:
- statements: a function, which the program calls, on a plain thread and as the first fiber of a loop; `expect(...)` in
  them must hold;
- definitions (void server() { ... }): for the blocks behind it, its own section's first;
- a whole program, with a main(): called on a plain thread.
A ```ladder block shows what server() and client() of its section do: OUT's program prints all of these, and nothing but
them when it is given an argument; ladders_test.py compares them.

Comments in the guide, which readers do not see, in front of a block: `<!-- not in a loop -->`: on a plain thread only;
`<!-- given: CODE -->`: what it needs. Behind it: `<!-- then: CODE -->`: what is to be said or looked at afterwards;
`<!-- peer NAME: CODE -->`: whom it talks with. Such a block runs on a simulated host, called "here", and its peers on hosts
of their names: well-known ports and names are free there, and `serve()` ends when all the peers have. `<!-- world: CODE -->`
has more to say of that world, `w`.

Nothing is compiled only: every block of statements in the code, each `{ ... }` of a function, a loop or a condition, has a
mark that some run must pass, and so has the end of each piece; the program fails for those that none did."""

import re
import sys

COMMENTS = r"((?:<!--(?:(?!-->).)*-->\s*)*)"
BEHIND = r"((?:\s*<!-- (?:then|peer [\w.-]+|world):(?:(?!-->).)*-->)*)"
BLOCK = re.compile(COMMENTS + r"^```(cpp|ladder)\n(.*?)^```$" + BEHIND, re.M | re.S)
DEFINES = re.compile(r"^(?:void|int|struct|class|template|std::\w+|const|constexpr|using) [^;=]*\{?$|^using namespace")
# A `{` that begins a block of statements: initializers stand behind a name, a comma or another bracket.
BEGINS = re.compile(r"(?:[)\]](?: mutable| const| noexcept| override)*|\b(?:else|try|do)) ?\{")

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

/// The lines of the guide at which marks stand, and whether they were passed.
constexpr int lines_of_marks[] = {{{marks}}};
std::array<std::atomic<bool>, std::size(lines_of_marks)> marks{{}};
[[maybe_unused]] void passed(std::size_t mark) {{ marks[mark] = true; }}
int count_not_passed() {{
    int missing = 0;
    for (std::size_t i = 0; i < marks.size(); ++i) {{
        if (marks[i]) continue;
        std::cerr << "{guide}:" << lines_of_marks[i] << ": nothing has run this\\n";
        ++missing;
    }}
    return missing;
}}

/// What comes until the end of the stream.
[[maybe_unused]] std::string rest_of(stream& peer) {{
    std::string all;
    std::array<char, 4096> room;
    while (const auto n = peer.recv(room)) all.append(room.data(), n);
    return all;
}}

/// Runs each program on a simulated host of its name, joined with every other. What still waits when nothing can happen
/// any more, as servers do, is cancelled.
[[maybe_unused]] void in_world(const std::vector<std::pair<const char*, void (*)()>>& programs,
                               void (*more)(sim::world& w)) {{
    sim::world w;
    for (const auto& [name, program] : programs) {{
        for (const auto& [other, ignored] : programs) {{
            if (std::string_view(other) == name) break;
            w.link(w.host(other), w.host(name));
        }}
        w.host(name).run(program);
    }}
    more(w);
    w.run();
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
void worlds() {{
{worlds}}}
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
            worlds();
            ladders();
            if (count_not_passed() > 0) return 1;
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
#include <atomic>
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
#include <cardea/sim.hpp>
#include <cctype>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <future>
#include <iostream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>
"""


def title_before(text, at):
    """The heading that a place stands under."""
    headings = list(re.finditer(r"^#+ (.*)$", text[:at], re.M))
    return headings[-1][1].replace('"', "'") if headings else ""


def blocks(text):
    """Every block as (section, what stands in comments before it, kind, code, comments behind it, its line)."""
    for block in BLOCK.finditer(text):
        line = text.count("\n", 0, block.start(3)) + 1
        yield title_before(text, block.start()), block[1], block[2], block[3], block[4], line


class Marks:
    """Marks in the code, numbered, each with its line in the guide."""

    def __init__(self):
        self.lines = []

    def mark(self, line):
        self.lines.append(line)
        return f"passed({len(self.lines) - 1});"

    def in_blocks(self, code, line):
        """The code with a mark in each block of statements."""
        def begun(match):
            return match[0] + self.mark(line + code.count("\n", 0, match.start())) + " "
        return BEGINS.sub(begun, code)

    def at_the_end(self, code, line):
        """... and one behind its last statement, unless that is a server, which does not end by itself."""
        code = self.in_blocks(code, line)
        return code if re.search(r"^serve\(", code, re.M) else f"{code}{self.mark(line)}\n"


def comments(text, name):
    """The codes of all `<!-- NAME: CODE -->`."""
    return re.findall(rf"<!-- {name}:(.*?)-->", text, re.S)


class Maker:
    """Collects a program from a guide's blocks."""

    def __init__(self):
        self.includes, self.body, self.marks = INCLUDES.strip().split("\n"), "", Marks()
        self.calls = {"pieces": "", "programs": "", "worlds": "", "ladders": ""}

    def world(self, place, title, name, behind, line):
        """Has `name` run on a host, and its peers on theirs."""
        hosts = [f'{{"here", [] {{ static_cast<void>({name}()); }}}}']
        self.body += f"\nnamespace {place} {{\n"
        for number, (peer, code) in enumerate(re.findall(r"<!-- peer ([\w.-]+):(.*?)-->", behind, re.S)):
            talks = f"peer_{line}_{number}"
            self.body += f"void {talks}() {{\n{self.marks.at_the_end(code.strip(), line)}}}\n"
            hosts.append(f'{{"{peer}", {place}::{talks}}}')
        self.body += "}\n"
        more = "".join(comments(behind, "world"))
        self.calls["worlds"] += f'    section = "{title}";\n    in_world({{{", ".join(hosts)}}},\n' \
            f"             []([[maybe_unused]] sim::world& w) {{{more}}});\n"

    def add(self, title, before, kind, code, behind, line):
        place = "section_" + re.sub(r"\W+", "_", title)
        if kind == "ladder":
            self.calls["ladders"] += f'    show("{title}", {place}::server, {place}::client);\n'
            return
        for include in re.findall(r"^#include .*\n", code, re.M):
            self.includes.append(include.strip())
            code = code.replace(include, "\n", 1)
        given, then = "".join(comments(before, "given")), "".join(comments(behind, "then"))
        then = then and then.strip() + "\n"
        if re.search(r"^int main\(", code, re.M):
            code = re.sub(r"^int main\(", "int main_of_it(", code, flags=re.M)
            code = re.sub(r"\}\s*$", "return 0;\n}\n", code)  # only a main() may do without; it is the last function
            self.body += f"\nnamespace program_{line} {{\n{given}{self.marks.in_blocks(code, line)}}}\n"
            name, where = f"program_{line}::main_of_it", "programs"
        elif DEFINES.match(code.lstrip().split("\n")[0]) and not code.startswith("const "):
            self.body += f"\nnamespace {place} {{\n{given}{self.marks.in_blocks(code, line)}}}\nusing namespace {place};\n"
            return
        else:
            self.body += f'\nnamespace {place} {{\nvoid piece_{line}() {{\n    section = "{title}";\n' \
                f"{given}{self.marks.at_the_end(code + then, line)}}}\n}}\n"
            name, where = f"{place}::piece_{line}", "pieces"
        if "<!-- peer " in behind:
            self.world(place, title, name, behind, line)
        else:
            outside = "if (!this_fiber::on_loop()) " if "<!-- not in a loop -->" in before else ""
            self.calls[where] += f"    {outside}{name}();\n"


def program(guide, text):
    """The program's source."""
    made = Maker()
    for block in blocks(text):
        made.add(*block)
    marks = ", ".join(map(str, made.marks.lines))
    head = HEAD.format(guide=guide, includes="\n".join(dict.fromkeys(made.includes)), marks=marks)
    return head + made.body + TAIL.format(**made.calls)


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
