#!/usr/bin/env python3
"""What Doxygen reads in place of a header: filter.py HEADER. Lines stay where they are.
- In this project a comment speaks for every declaration below it, up to a blank line, another comment or the end of the
  block. Doxygen knows one declaration for each: the others get the comment again.
- A member that only calls the socket's own of the same name is documented as that. An option's `value` and `id`, a handle's
  socket, and moving are the same everywhere; what a constructor takes its class says.
- Specialisations in namespace std are left out.
- `bool a, b;  ///< ...` is said of both.
- The C header's comments are plain ones."""

import re
import sys

COMMENT = re.compile(r"^\s*///(?!<) ?(.*)$")
NO_DECLARATION = re.compile(r"^\s*(//|/\*|\*|#|friend\b|template\b|requires\b|[{}&]|noexcept\b)")
SCOPE = re.compile(r"^\s*(typedef )?(class|struct|enum|union|namespace|extern)\b[^;(]*\{\s*(///<.*|/\*.*)?$")
SCOPE_NAME = re.compile(r"(?:class|struct) (\w+)")
END = re.compile(r"^\s*(}|public:|private:|protected:)")
DERIVED = [
    (re.compile(r"\bsocket_\.(?:template )?(\w+)(?:<Option>)?\("), r"As socket::\1()."),
    (re.compile(r"reinterpret_cast<const char\*>\(data_\), size_"), "The bytes as text."),
    (re.compile(r"\bcalls_->(\w+)\("), r"As the stream's \1()."),
    (re.compile(r"\{ return socket_; \}"), "The socket underneath, for what has no place here."),
    (re.compile(r"^\s*(?!static)[\w:<>]+ value\b.*;"), "The option's value."),
    (re.compile(r"static constexpr option_id id\b"), "Its number."),
    (re.compile(r"\b(\w+)\(\1&& ?\w*\) noexcept|operator=\(\w+&& ?\w*\) noexcept"), "Moves."),
]


def open_brackets(line):
    """How many brackets a line leaves open (below zero: closes)."""
    code = re.sub(r"//.*|/\*.*?\*/|\"(\\.|[^\"\\])*\"|'(\\.|[^'\\])'", "", line)
    return sum(map(code.count, "({")) - sum(map(code.count, ")}"))


def complete(line, opened):
    return opened <= 0 and re.search(r"[;}]\s*(//.*|/\*.*)?$", line)


def derived(declaration, scope):
    """The comment that follows from a declaration itself."""
    for pattern, says in DERIVED:
        found = pattern.search(declaration)
        if found:
            return [found.expand(says)]
    if scope and re.search(rf"(?<![~\w:]){scope}\(", declaration.split(" : ")[0]):
        return ["See the class for what it is made of."]
    return []


def once_more(comment, line):
    """The comment on the declaration's own line, without what needs lines of its own: examples."""
    text = " ".join(part.strip() for part in comment if not part.startswith("    "))
    return f"{re.match(r' *', line)[0]}/** {text} */ {line.lstrip()}"


def declaration_at(lines, at):
    """A declaration and what follows it on its lines, up to its end."""
    text, opened = "", 0
    for line in lines[at:at + 20]:
        text += line
        opened += open_brackets(line)
        if complete(line, opened) and not NO_DECLARATION.match(line):
            break
    return text


def filtered(lines):
    comment, spoken, last = [], False, []  # what speaks for the declarations here; whether one of them has had it
    opened, inside, head = 0, False, False  # within a declaration; behind the template<> of one
    scopes = []
    for at, line in enumerate(lines):
        text = COMMENT.match(line)
        if inside:
            opened += open_brackets(line)
            inside = not complete(line, opened)
            yield line
        elif text:
            comment = (comment if not spoken else []) + [text[1]]
            spoken = False
            yield line
        elif SCOPE.match(line):
            if not comment and at and lines[at - 1].strip() == "};" and last and line.lstrip().startswith("struct"):
                line = once_more(last, line)
            last, comment, spoken, head = comment, [], False, False
            scopes.append((SCOPE_NAME.search(line) or [None, None])[1] if "class" in line or "struct" in line else None)
            yield line
        elif not line.strip() or END.match(line):
            comment, spoken, head = [], False, False
            if line.lstrip().startswith("}") and scopes:
                scopes.pop()
            yield line
        else:
            declares = not NO_DECLARATION.match(line)
            begins = (declares or line.lstrip().startswith("template")) and not head
            inside = declares and not complete(line, open_brackets(line))
            opened = open_brackets(line) if inside else 0
            if begins:
                says = comment if spoken else [] if comment else derived(declaration_at(lines, at), scopes[-1] if scopes else None)
                if says and "///<" not in line:
                    line = once_more(says, line)
                spoken = bool(comment)
            head = not declares and not line.lstrip().startswith("//") and not complete(line, open_brackets(line))
            yield each(line)


def each(line):
    """`int a, b;  ///< c` with the comment for each."""
    several = re.match(r"^( *)([\w:]+) ((?:\w+(?: = \w+)?, )+\w+(?: = \w+)?); +///< (.*)$", line)
    if not several:
        return line
    indent, kind, names, says = several.groups()
    return indent + " ".join(f"/** {says} */ {kind} {name};" for name in names.split(", ")) + "\n"


def without_std(lines):
    """Leaves out what is specialised in namespace std, which Doxygen does not find its way about in."""
    out = False
    for line in lines:
        out = out or line.startswith("struct std::")
        yield "\n" if out else line
        out = out and not line.rstrip().endswith("};") and not line.rstrip().endswith("{};")


def of_c(lines):
    """The C header with its comments as Doxygen wants them: /// above, ///< behind."""
    above = False
    for line in lines:
        if above or re.match(r"/\*(?! ---)", line):
            ended = "*/" in line
            line = re.sub(r"^/\*|^ \*(?!/)", "///", re.sub(r" ?\*/\s*$", "\n", line, 1))
            above = not ended
        else:
            line = re.sub(r"^/\* ---.*", "", line)
            line = re.sub(r"([;,{0-9]) +/\* (.*?) \*/$", r"\1 ///< \2", line)
        yield line


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as header:
        text = header.readlines()
    sys.stdout.writelines(filtered(list((of_c if sys.argv[1].endswith(".h") else without_std)(text))))
