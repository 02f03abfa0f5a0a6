// What a host wants to hear of multicast groups: the sum of what its sockets want (RFC 3376 section 3.2), by interface.
// Plain bookkeeping; group_reports.hpp tells routers of it.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "stack/address.hpp"

namespace cardea::stack::ip {

/// The numbers of a host's interfaces, as if_nametoindex(3) would tell them. 0 is "whichever leads there".
namespace interface_number {
inline constexpr std::uint32_t loopback = 1;
inline constexpr std::uint32_t link = 2;
}  // namespace interface_number

struct group_key {
    std::uint32_t interface = interface_number::link;
    ip_address group;
    friend auto operator<=>(group_key const&, group_key const&) = default;
};

/// How many sockets want a group from anybody, and how many from which source alone.
struct group_wish {
    std::size_t from_anybody = 0;
    std::map<ip_address, std::size_t> from;

    bool empty() const { return from_anybody == 0 && from.empty(); }
    bool hears(ip_address const& source) const { return from_anybody != 0 || from.find(source) != from.end(); }
};

/// What one socket changes of it, at once: RFC 3376 reports the difference, not the steps.
struct group_change {
    int from_anybody = 0;  ///< 1, 0 or -1
    std::vector<ip_address> more;
    std::vector<ip_address> less;
};

class group_table {
  public:
    /// Null when nobody wants the group.
    group_wish const* find(group_key const& k) const {
        auto const it = wishes_.find(k);
        return it == wishes_.end() ? nullptr : &it->second;
    }
    bool hears(group_key const& k, ip_address const& source) const {
        auto const* const w = wishes_.empty() ? nullptr : find(k);
        return w != nullptr && w->hears(source);
    }
    void apply(group_key const& k, group_change const& c);

    std::size_t size() const { return wishes_.size(); }
    std::map<group_key, group_wish> const& all() const { return wishes_; }

  private:
    std::map<group_key, group_wish> wishes_;
};

}  // namespace cardea::stack::ip
