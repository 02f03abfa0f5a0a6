// Reassembly of IPv4 (RFC 791, RFC 815) and IPv6 (RFC 8200 section 4.5) fragments in bounded memory. Overlapping
// fragments kill their datagram (RFC 5722, applied to IPv4 too); exact duplicates are ignored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "stack/address.hpp"
#include "stack/drop.hpp"
#include "stack/host_config.hpp"
#include "stack/packet.hpp"
#include "stack/time.hpp"

namespace cardea::stack::ip {

/// A fragment as the IP layer has parsed it.
struct fragment {
    ip_address source;
    ip_address destination;
    std::uint8_t protocol = 0;  ///< part of the key for IPv4 only
    std::uint32_t identification = 0;
    std::uint16_t offset = 0;  ///< in bytes
    bool more = false;
    std::uint8_t ecn = 0;
    /// What stands before the fragmentable part, ready to stand before the whole (without the IPv6 fragment header);
    /// its length and checksum fields are repaired on completion.
    bytes_view header;
    bytes_view data;
    bytes_view original;  ///< the packet as it came, to be quoted if time runs out
};

struct reassembly_result {
    drop_reason refused = drop_reason::none;
    std::vector<std::byte> whole;  ///< the datagram, as one packet, when complete
};

class reassembler {
  public:
    static constexpr std::size_t max_fragments = 256;     ///< per datagram
    static constexpr std::size_t fragment_overhead = 64;  ///< charged for each, so that tiny ones are not free
    static constexpr std::size_t datagram_overhead = 256;

    explicit reassembler(host_config const& config) : config_{config} {}

    reassembly_result add(fragment const& f, time_ns now);

    time_ns next_deadline() const;
    /// One datagram whose time has run out, or nothing: its first fragment as it came, empty when that never came.
    std::optional<std::vector<std::byte>> expire_one(time_ns now);

    std::size_t bytes_held() const { return held_; }
    std::size_t datagrams_held() const { return pending_.size(); }

  private:
    struct key {
        ip_address source;
        ip_address destination;
        std::uint32_t identification = 0;
        std::uint8_t protocol = 0;
        friend auto operator<=>(key const&, key const&) = default;
    };
    struct piece {
        std::size_t offset = 0;
        std::vector<std::byte> data;
    };
    struct datagram {
        std::vector<piece> pieces;  ///< by offset
        std::vector<std::byte> header;
        std::vector<std::byte> original;
        std::optional<std::size_t> size;  ///< known once the last fragment is here
        std::size_t received = 0;
        std::size_t charge = 0;
        std::uint8_t ecn_seen = 0;  ///< a bit per codepoint
        bool dead = false;          ///< overlapped: what still comes is discarded too
        time_ns expires = 0;
        std::uint64_t serial = 0;
    };
    using table = std::map<key, datagram>;

    reassembly_result take_in(key const& k, fragment const& f, time_ns now);
    drop_reason insert(datagram& d, fragment const& f);
    bool make_room(std::size_t bytes, key const& keep);
    void charge(datagram& d, std::size_t bytes);
    void kill(datagram& d);
    void erase(table::iterator it);
    static reassembly_result complete(datagram& d);

    host_config const& config_;
    table pending_;
    std::map<std::uint64_t, key> by_age_;  ///< serial to key: oldest first, which is also soonest to expire
    std::uint64_t next_serial_ = 0;
    std::size_t held_ = 0;
};

}  // namespace cardea::stack::ip
