"""Which room of the house may include which. Arrows point down only; ARCHITECTURE.md has the picture.

A room is a folder of src/, or a folder of src/network/ that holds one network. A public header belongs to a room too.
"""

import re

# The public headers by room. "base" is what everybody may know: bytes, endpoints, errors, options.
PUBLIC = {
    "base": {"buffer", "endpoint", "error", "ip_option", "lease", "network_interface", "option", "tcp_info", "tcp_option"},
    "network": {"network", "descriptor", "message"},
    "names": {"names"},
    "fiber": {"fiber", "deadline", "sync", "offload", "future"},
    "trace": {"trace", "ladder"},
    "streams": {"stream_ref", "buffered", "lines", "framing", "copy"},
    "socket": {"file", "socket", "socket_ref", "stream", "tcp", "udp", "unix", "datagram", "batch", "error_queue", "multicast"}
    | {"passing", "raw", "interfaces"},
    "runtime": {"embed"},
    "serve": {"serve"},
    "inspect": {"metrics", "dump"},
    "sim": {"sim"},
    "faulty": {"faulty"},
    "cardea": {"cardea"},  # all of them: for programs, not for the library
}

# What each room may include beside itself. "network" is the seam and what the kernel networks share, not a network.
BELOW = {
    "base": set(),
    "stack": set(),
    "stack_c": {"stack"},  # the stack for C: the public header is cardea_stack.h
    "trace": {"base"},
    "fiber": {"base", "network", "trace"},
    "network": {"base", "fiber", "names", "trace"},
    "runtime": {"base", "network", "fiber", "trace", "names", "sim"},  # and every network: it chooses among them
    "names": {"base", "network", "fiber"},
    "socket": {"base", "names", "network", "fiber", "trace"},
    "streams": {"base", "network", "fiber", "trace", "socket"},
    "tls": {"base", "names", "network", "fiber", "trace", "socket"},
    "serve": {"base", "names", "network", "fiber", "trace", "socket", "tls", "runtime"},
    "sim": {"base", "names", "network", "network/stack", "fiber", "trace", "stack"},
    "inspect": {"base", "network", "fiber", "trace"},
    "faulty": {"base", "names", "network", "fiber"},  # a network over any other: it knows none of them
    "cardea": set(PUBLIC) - {"cardea"},
}
# One network stands on the seam. Only these stand on the TCP/IP stack as well.
A_NETWORK = BELOW["network"] | {"network"}
ON_THE_STACK = {"network/stack": {"stack"}, "network/tun": {"stack", "network/stack"}}

# (including file, included file): why it may all the same.
EXCEPTIONS = {}
# Private headers that everybody but the stack may include, each with its reason.
BASE_FILES = {
    "socket/sockaddr.hpp": "endpoint to sockaddr and back: the one thing that kernel networks need of the bookkeeping",
    "socket/address_text.hpp": "reading an endpoint with the reason why text is none: names must know a name from a typo",
}

# The rooms that may call the operating system; elsewhere a file says so by its name (signals_posix.cpp) or stands here.
PLATFORM_ROOMS = re.compile(r"src/(fiber|network)/")
PLATFORM_FILE = re.compile(r"_(posix|linux|windows)\.[ch]pp$")
PLATFORM_FILES = {
    "src/socket/sockaddr.hpp": "the layout of addresses is the system's",
    "src/names/services.cpp": "asks the system's own table of services",
}

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')


def room_of_source(path):
    """The room of a file under src/: "fiber", or "network/uring"; None directly in src/."""
    parts = path.split("/")[1:-1]
    if not parts:
        return None
    return "/".join(parts[:2]) if parts[0] == "network" else parts[0]


def room_of_public(name):
    """The room of <cardea/NAME.hpp>; None if the table does not know it."""
    return next((room for room, headers in PUBLIC.items() if name in headers), None)


def allowed(room):
    """The rooms that a room may include, itself among them; None if the table does not know it."""
    if room.startswith("network/"):
        return A_NETWORK | {room} | ON_THE_STACK.get(room, set())
    return BELOW[room] | {room} if room in BELOW else None


def target_of(quote, name):
    """Which room an include leads to: ("public", room), ("source", room), ("system", None) or ("other", None)."""
    if name.startswith("cardea/"):
        return "public", room_of_public(name[len("cardea/"):].removesuffix(".hpp"))
    if quote == '"':
        return "source", "base" if name in BASE_FILES else room_of_source("src/" + name)
    third_party = name.startswith(("fmt/", "openssl/"))
    return ("system" if name.endswith(".h") and not third_party else "other"), None


def check_library(path, name, kind, target, room):
    """The complaint about one include of a file of the library or of the public face, or None."""
    may = allowed(room)
    if may is None:
        return f"the room '{room}' has no row in tests/style/layers.py"
    if kind == "source" and path.startswith("include/"):
        return f'the public face includes "{name}", which is private'
    platform = PLATFORM_ROOMS.match(path) or PLATFORM_FILE.search(path) or path in PLATFORM_FILES
    if kind == "system" and not platform:
        return f"<{name}> is the operating system's: that belongs in a platform file (NAME_posix.cpp) or below the seam"
    if kind == "other" and path.startswith("include/") and "/" in name:
        return f"the public face includes <{name}>, which is not the standard library's"
    if kind not in ("public", "source"):
        return None
    if target is None:
        return f"'{name}' belongs to no room that tests/style/layers.py knows"
    if room == "stack" and (kind == "public" or name in BASE_FILES):
        return f"the stack knows nothing of <{name}>"
    chosen = room == "runtime" and target.startswith("network/")
    if target not in may and not chosen:
        return f"'{room}' may not include '{name}' of '{target}' (it may: {', '.join(sorted(may))})"
    return None


def check_program(path, name, kind):
    """The complaint about one include of the tool or of an example, or None: they use the public face alone."""
    if kind == "source" and room_of_source("src/" + name) is not None:
        return f'"{name}": programs use <cardea/...> and files of their own folder'
    if kind == "system" and path.startswith("examples/"):
        return f"<{name}>: an example shows Cardea, not the operating system"
    return None


def check(path, lines):
    """Yields (line number, complaint) for the includes of one C++ file."""
    library = path.startswith(("src/", "include/cardea/"))
    if not library and not path.startswith(("tool/", "examples/")):
        return
    public_name = path.removeprefix("include/cardea/").removesuffix(".hpp")
    room = room_of_source(path) if path.startswith("src/") else room_of_public(public_name)
    if library and room is None:
        yield 1, "belongs to no room that tests/style/layers.py knows"
        return
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if not match or (path, match[2]) in EXCEPTIONS:
            continue
        kind, target = target_of(match[1], match[2])
        if library:
            complaint = check_library(path, match[2], kind, target, room)
        else:
            complaint = check_program(path, match[2], kind)
        if complaint:
            yield number, complaint


def excepted_files():
    """Every file that an exception names, so that an exception cannot outlive its file."""
    return [*(path for path, _ in EXCEPTIONS), *("src/" + name for name in BASE_FILES), *PLATFORM_FILES]
