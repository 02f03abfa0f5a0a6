// The Internet checksum (RFC 1071) as a running sum over any number of runs, and the pseudo-headers of IPv4 (RFC 9293
// section 3.1, RFC 768) and IPv6 (RFC 8200 section 8.1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "stack/address.hpp"
#include "stack/packet.hpp"

namespace cardea::stack::wire {

/// A ones-complement sum in network byte order. Runs may have odd lengths: the next run continues at the odd byte.
class checksum {
  public:
    checksum& add(std::span<std::byte const> run);
    checksum& add16(std::uint16_t value);  ///< a value in host order; only at an even position
    checksum& add_pseudo(ip_address const& from, ip_address const& to, std::uint8_t protocol, std::uint32_t length);

    /// The folded sum, not complemented: what a checksum field holds when a device completes it.
    std::uint16_t partial() const;
    /// The complement: what a checksum field holds on the wire. Zero over data that includes a right checksum.
    std::uint16_t finish() const { return static_cast<std::uint16_t>(~partial()); }

  private:
    std::uint64_t sum_ = 0;
    bool odd_ = false;
};

std::uint16_t internet_checksum(std::span<std::byte const> run);

/// Does what a device would have done with a partial checksum. `part` is a copy of `whole`, or of its beginning; where
/// the field lies beyond it, and where the checksum is not partial, nothing changes.
void complete_checksum(std::span<std::byte> part, bytes_view whole, packet_meta const& meta);

}  // namespace cardea::stack::wire
