// Who holds which local port, and whom an incoming packet is for. One table per transport. Nothing here depends on the
// order of hashing or on addresses of objects: entries of a port are in the order they were bound.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "stack/address.hpp"

namespace cardea::stack {

class socket;

/// The local side of a binding, as the network sees it: no v4-mapped addresses.
struct bound_address {
    ip_address address;  ///< unspecified (of any version) for a wildcard
    bool v4 = false;     ///< takes IPv4 packets
    bool v6 = false;     ///< takes IPv6 packets

    bool is_wildcard() const { return address.is_unspecified(); }
    bool overlaps(bound_address const& other) const;
    bool takes(ip_address const& destination) const;
};

struct port_entry {
    bound_address local;
    endpoint remote;  ///< version none: not connected
    socket* owner = nullptr;
    bool reuse_address = false;
    bool reuse_port = false;
    bool listening = false;
};

class port_table {
  public:
    using entries = std::vector<port_entry>;

    /// Whether binding `candidate` to `port` would collide with an entry. `stream`: TCP's rule, where SO_REUSEADDR does
    /// not help against a listener; for datagrams it allows sharing.
    bool conflicts(std::uint16_t port, port_entry const& candidate, bool stream) const;

    void add(std::uint16_t port, port_entry const& e);
    void remove(std::uint16_t port, socket const* owner);
    port_entry* find(std::uint16_t port, socket const* owner);
    entries const* at(std::uint16_t port) const;

    /// The best entry for a packet: connected before unconnected, exact address before wildcard, single-family before
    /// dual; among equals the last bound, or with SO_REUSEPORT the one that `flow_hash` chooses. `listeners`: only
    /// those.
    port_entry const* lookup(endpoint const& local, endpoint const& remote, std::uint64_t flow_hash,
                             bool listeners) const;
    /// Every entry that wants a multicast or broadcast datagram.
    std::vector<socket*> lookup_all(endpoint const& local, endpoint const& remote) const;

    std::size_t ports_in_use() const { return table_.size(); }

  private:
    static int score(port_entry const& e, endpoint const& local, endpoint const& remote);

    std::unordered_map<std::uint16_t, entries> table_;  ///< looked up, never iterated
};

}  // namespace cardea::stack
