// Which addresses are the host's own, which way a destination lies, and which source address goes with it. One link;
// everything else is loopback. Uses addresses and the configuration.
#pragma once

#include <cstdint>
#include <vector>

#include "stack/address.hpp"
#include "stack/error.hpp"
#include "stack/host_config.hpp"
#include "stack/ip/groups.hpp"

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
    /// A packet with this destination that comes by that interface is for this host, if its source is wanted.
    bool accepts(ip_address const& destination, std::uint32_t interface) const;
    /// The same with its source, which matters for groups. Queries about a group come from whom they like.
    bool accepts(ip_address const& destination, ip_address const& source, std::uint32_t interface) const;
    /// What sockets want of groups; to be changed by group_reports alone.
    group_table& groups() { return groups_; }
    group_table const& groups() const { return groups_; }
    /// Of the host itself, beside its sockets; told to nobody.
    void join(ip_address const& group);
    void leave(ip_address const& group);

    /// The host has that interface.
    bool has(std::uint32_t interface) const;
    /// Where groups of that version of IP are, for who does not say: the link, or the loopback of a host without one.
    std::uint32_t usual_interface(ip_version version) const;

    /// `bound`: the source a socket has chosen, or none.
    /// `interface`: the one to leave by, 0 for whichever leads there.
    route find(ip_address const& destination, ip_address const& bound = {}, std::uint32_t interface = 0) const;

  private:
    bool is_member(ip_address const& group) const;
    route find_to_group(ip_address const& destination, ip_address const& bound, std::uint32_t interface) const;
    ip_address select_source(ip_address const& destination) const;

    host_config const& config_;
    std::vector<std::uint32_t> broadcasts_;  ///< of the IPv4 subnets; asked of every packet
    std::vector<ip_address> own_groups_;     ///< one entry per join
    group_table groups_;
};

}  // namespace cardea::stack::ip
