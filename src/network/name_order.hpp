// How the system would go about looking a name up: whether its families can be asked for apart without another answer
// than getaddrinfo(3) gives for both of them at once.
#pragma once

#include <cardea/endpoint.hpp>
#include <istream>
#include <string>
#include <string_view>

namespace cardea::detail {

struct way_to_look_up {
    /// The families are asked for apart (RFC 8305 section 3).
    bool by_family = false;
    /// What is asked then: the name as it is, closed by a dot, so that no domain of the search list completes it in one
    /// family and another, or none, in the other.
    std::string absolute;
    /// If it has no address as it is, the search list may still complete it.
    bool may_be_completed = false;
    family preferred = family::inet6;
};

/// Reads what the system's resolver is told (nsswitch.conf, hosts, resolv.conf, gai.conf): a helper thread's work.
way_to_look_up way_of(const std::string& host);

// The parts, each of one file's text.

/// A name of an address in hosts(5).
bool has_host(std::istream& hosts, std::string_view host);
/// hosts(5) and the servers of names are asked, and nobody else who could know this name in one family only
/// (nsswitch.conf(5)).
bool has_usual_sources(std::istream& nsswitch);
/// The host's own order of addresses (gai.conf(5)).
bool has_own_order(std::istream& gai);

}  // namespace cardea::detail
