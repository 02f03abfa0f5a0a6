// MLDv2 (RFC 3810), the IGMP of IPv6: queries read, reports written as whole IPv6 packets.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "stack/drop.hpp"
#include "stack/packet.hpp"
#include "stack/wire/group_message.hpp"

namespace cardea::stack::wire {

/// ff02::16, where MLDv2 reports go.
inline constexpr ip_address mld_routers = ip_address::v6({0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x16});

/// One of the ICMPv6 messages that are MLD's.
bool is_mld(std::uint8_t icmpv6_type);

/// A packet that holds an MLD message, with what of its header makes a query one.
struct mld_packet {
    bytes_view whole;    ///< from the IPv6 header on
    bytes_view message;  ///< from the ICMPv6 header on
    ip_address source;
    ip_address destination;
    std::uint8_t hop_limit = 0;
};

/// RFC 3810 section 5.1.14: only from a link-local address, with hop limit 1 and router alert: nobody beyond the link
/// can have sent it.
std::optional<group_query> parse_mld_query(mld_packet const& p, drop_reason& refused);

/// IPv6 header, hop-by-hop header with router alert, and ICMPv6's octets before the first record.
inline constexpr std::size_t mld_report_overhead = 40 + 8 + 8;
std::vector<std::byte> make_mld_report(ip_address const& source, std::span<group_record const> records);

}  // namespace cardea::stack::wire
