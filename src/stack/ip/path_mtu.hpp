// What ICMP has taught about paths (RFC 1191, RFC 8201): one bounded, ageing entry per destination.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

#include "stack/address.hpp"
#include "stack/host_config.hpp"
#include "stack/time.hpp"

namespace cardea::stack::ip {

struct path_mtu {
    std::uint32_t mtu = 0;      ///< 0: nothing known
    bool may_fragment = false;  ///< IPv4: the path is narrower than we believe in; send without DF
};

class path_mtu_cache {
  public:
    explicit path_mtu_cache(host_config const& config) : config_{config} {}

    path_mtu find(ip_address const& destination, time_ns now) const;
    /// An ICMP error said that `reported` bytes pass (0: an old router that does not say) while `tried` bytes did not.
    /// Returns what holds from now on; its mtu is 0 when the report is not to be believed.
    path_mtu learn(ip_address const& destination, std::uint32_t reported, std::uint32_t tried, time_ns now);

    std::size_t size() const { return entries_.size(); }

  private:
    struct entry {
        path_mtu value;
        time_ns expires = 0;
    };
    void make_room(time_ns now);

    host_config const& config_;
    std::map<ip_address, entry> entries_;
};

}  // namespace cardea::stack::ip
