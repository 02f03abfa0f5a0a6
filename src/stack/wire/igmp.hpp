// IGMPv3 (RFC 3376): queries read, reports written as whole IPv4 packets.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "stack/drop.hpp"
#include "stack/packet.hpp"
#include "stack/wire/group_message.hpp"

namespace cardea::stack::wire {

/// 224.0.0.1, where general queries go; every host is a member (RFC 1112 section 4).
inline constexpr ip_address all_systems = ip_address::v4(224, 0, 0, 1);
/// 224.0.0.22, where IGMPv3 reports go.
inline constexpr ip_address igmp_routers = ip_address::v4(224, 0, 0, 22);

/// Reads what follows the IPv4 header. Without a query: why there is none, as a message that is no query.
std::optional<group_query> parse_igmp_query(bytes_view message, drop_reason& refused);

/// IPv4 header with router alert, IGMP header, and the octets before the first record.
inline constexpr std::size_t igmp_report_overhead = 24 + 8;
/// A report with TTL 1 and the router alert option (RFC 2113), as RFC 3376 section 4 wants it.
std::vector<std::byte> make_igmp_report(ip_address const& source, std::span<group_record const> records);

}  // namespace cardea::stack::wire
