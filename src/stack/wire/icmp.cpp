// The meaning of ICMP errors, as icmp(7) and Linux's tables give it.
#include "stack/wire/icmp.hpp"

#include <array>

namespace cardea::stack::wire {

bool is_icmp_error(ip_version version, std::uint8_t type) {
    if (version == ip_version::v6) return type <= icmpv6::last_error;
    return type == icmpv4::unreachable || type == icmpv4::source_quench || type == icmpv4::redirect ||
           type == icmpv4::time_exceeded || type == icmpv4::parameter_problem;
}

namespace {

constexpr std::array<icmp_meaning, 16> unreachable_v4{{
    {error::enetunreach, false, false},   // net
    {error::ehostunreach, false, false},  // host
    {error::enoprotoopt, true, false},    // protocol
    {error::econnrefused, true, false},   // port
    {error::emsgsize, true, true},        // fragmentation needed
    {error::eopnotsupp, false, false},    // source route failed
    {error::enetunreach, true, false},    // net unknown
    {error::ehostdown, true, false},      // host unknown
    {error::enetunreach, true, false},    // source host isolated
    {error::enetunreach, true, false},    // net prohibited
    {error::ehostunreach, true, false},   // host prohibited
    {error::enetunreach, false, false},   // net, for this type of service
    {error::ehostunreach, false, false},  // host, for this type of service
    {error::ehostunreach, true, false},   // filtered
    {error::ehostunreach, true, false},   // precedence violation
    {error::ehostunreach, true, false},   // precedence cutoff
}};

constexpr std::array<icmp_meaning, 7> unreachable_v6{{
    {error::enetunreach, false, false},   // no route
    {error::eacces, true, false},         // prohibited
    {error::ehostunreach, false, false},  // beyond scope
    {error::ehostunreach, false, false},  // address
    {error::econnrefused, true, false},   // port
    {error::eacces, true, false},         // policy
    {error::eacces, true, false},         // reject route
}};

}  // namespace

icmp_meaning meaning_of(ip_version version, icmp_header const& h) {
    if (version == ip_version::v4) {
        switch (h.type) {
            case icmpv4::unreachable:
                return h.code < unreachable_v4.size() ? unreachable_v4[h.code] : icmp_meaning{};
            case icmpv4::time_exceeded:
                return {error::ehostunreach, false, false};
            case icmpv4::parameter_problem:
                return {error::eproto, true, false};
            default:
                return {};
        }
    }
    switch (h.type) {
        case icmpv6::unreachable:
            return h.code < unreachable_v6.size() ? unreachable_v6[h.code] : icmp_meaning{};
        case icmpv6::packet_too_big:
            return {error::emsgsize, true, true};
        case icmpv6::time_exceeded:
            return {error::ehostunreach, false, false};
        case icmpv6::parameter_problem:
            return {error::eproto, true, false};
        default:
            return {};
    }
}

}  // namespace cardea::stack::wire
