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
    time_ns until = never;      ///< when it is forgotten
};

class path_mtu_cache {
  public:
    explicit path_mtu_cache(host_config const& config) : config_{config} {}

    path_mtu find(ip_address const& destination, time_ns now) const;
    /// An ICMP error said that `reported` bytes pass (0: an old router that does not say) while `tried` bytes did not.
    /// Returns what holds from now on; its mtu is 0 when the report is not to be believed.
    path_mtu learn(ip_address const& destination, std::uint32_t reported, std::uint32_t tried, time_ns now);

    std::size_t size() const { return entries_.size(); }
    /// Changes whenever something was learnt.
    std::uint64_t revision() const { return revision_; }

  private:
    void make_room(time_ns now);

    host_config const& config_;
    std::map<ip_address, path_mtu> entries_;
    std::uint64_t revision_ = 0;
};

}  // namespace cardea::stack::ip
