// The names of the reasons.
#include "stack/drop.hpp"

#include <array>
#include <cstddef>

namespace cardea::stack {

namespace {

constexpr std::array<char const*, 22> names{
    "none",
    "truncated packet",
    "not IPv4 or IPv6",
    "bad IP header",
    "bad checksum",
    "bad IP options or extension header",
    "source routed",
    "martian source",
    "not for this host",
    "fragment overlap",
    "reassembly memory full",
    "reassembly timed out",
    "inconsistent ECN in fragments",
    "no such protocol here",
    "no socket for the port",
    "bad transport header",
    "receive queue full",
    "output queue full",
    "ICMP error about no packet of ours",
    "ICMP message ignored",
    "unacceptable TCP segment",
    "out of memory",
};
static_assert(names.size() == static_cast<std::size_t>(drop_reason::out_of_memory) + 1);

}  // namespace

char const* name(drop_reason r) {
    auto const at = static_cast<std::size_t>(r);
    return at < names.size() ? names[at] : "?";
}

}  // namespace cardea::stack
