// Services by name: the order of their servers (RFC 2782), and which text is the name of one.
#pragma once

#include <cardea/names.hpp>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace cardea::detail {

/// "_http._tcp.example.org": a service, that protocol ("_tcp"), a domain.
bool is_service_name(std::string_view text, std::string_view protocol) noexcept;

/// By priority, and within one by lot: each record's chance to come first is its weight's share of the whole (RFC 2782,
/// "Weight"; those of weight 0 have a very small one). `draw(n)` gives a number from 0 to n.
void put_in_order(std::vector<service_record>& records, const std::function<std::uint64_t(std::uint64_t)>& draw);

}  // namespace cardea::detail
