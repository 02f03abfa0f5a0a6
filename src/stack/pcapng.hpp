// Captures in pcapng (draft-ietf-opsawg-pcapng): raw IP (linktype 101), nanosecond timestamps, one interface per host,
// a comment on any packet. Writes into a byte sink; opens nothing, reads no clock.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "stack/packet.hpp"
#include "stack/time.hpp"

namespace cardea::stack {

class byte_sink {
  public:
    virtual ~byte_sink() = default;
    virtual void write(bytes_view bytes) = 0;
};

enum class packet_direction : std::uint8_t { unknown = 0, inbound = 1, outbound = 2 };

class pcapng_writer {
  public:
    /// Writes the section header at once. The sink outlives the writer.
    explicit pcapng_writer(byte_sink& sink);

    /// Adds an interface; the result names it in write().
    std::uint32_t add_interface(std::string_view name);

    /// One packet as it passed at `when` (nanoseconds since 1970, or since the world began). A checksum left to a
    /// device is completed in the capture, so that readers may verify it.
    void write(std::uint32_t interface, time_ns when, packet_view const& packet, packet_direction direction,
               std::string_view comment = {});

  private:
    void begin_block(std::uint32_t type);
    void end_block();
    void put16(std::uint16_t v);
    void put32(std::uint32_t v);
    void option(std::uint16_t code, bytes_view value);
    void option(std::uint16_t code, std::string_view value);
    void pad();

    byte_sink& sink_;
    std::vector<std::byte> block_;  ///< reused from packet to packet
    std::vector<std::byte> packet_;
    std::uint32_t interfaces_ = 0;
};

}  // namespace cardea::stack
