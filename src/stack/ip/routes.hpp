// Which addresses are the host's own, which way a destination lies, and which source address goes with it. One link;
// everything else is loopback. Uses addresses and the configuration.
#pragma once

#include <cstdint>
#include <vector>

#include "stack/address.hpp"
#include "stack/error.hpp"
#include "stack/host_config.hpp"

namespace cardea::stack::ip {

struct route {
    error problem = error::ok;
    ip_address source;
    bool loopback = false;
    std::uint32_t mtu = 0;  ///< of the first hop
};

class routes {
  public:
    explicit routes(host_config const& config);

    /// An address of this host, loopback included.
    bool is_local(ip_address const& a) const;
    /// Packets for this address go round within the host.
    bool loops(ip_address const& a) const;
    /// 255.255.255.255 or a subnet's broadcast address.
    bool is_broadcast(ip_address const& a) const;
    /// A packet with this destination is for this host.
    bool accepts(ip_address const& destination) const;
    /// A group this host belongs to: all nodes, solicited-node, or joined.
    bool is_member(ip_address const& group) const;
    void join(ip_address const& group);
    void leave(ip_address const& group);

    /// `bound`: the source a socket has chosen, or none.
    route find(ip_address const& destination, ip_address const& bound = {}) const;

  private:
    ip_address select_source(ip_address const& destination) const;

    host_config const& config_;
    std::vector<std::uint32_t> broadcasts_;  ///< of the IPv4 subnets; asked of every packet
    std::vector<ip_address> groups_;         ///< one entry per join
};

}  // namespace cardea::stack::ip
