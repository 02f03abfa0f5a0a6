// The other end of connection_fuzz's connections: it remembers every byte it has sent and every byte that came, so that
// it can say whether what the host does is possible. It makes segments from records.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "emitted.hpp"
#include "record.hpp"
#include "stack/tcp/connection.hpp"

namespace cardea::stack::test {

/// The byte at a position of a stream.
inline std::byte stream_byte(bool of_host, std::int64_t at) {
    return static_cast<std::byte>((at * 131 + (at >> 8) * 7 + (of_host ? 17 : 91)) & 0xff);
}

class live_peer {
  public:
    /// `local` is the host's end, `remote` this one's.
    live_peer(tcp::four_tuple const& tuple, std::uint32_t first) : tuple_{tuple}, irs_{first} {}

    // --- What the host does

    /// The host's connection, once it is established.
    void follow(tcp::connection const& c);
    /// The host's application has closed it: it may end at any time now.
    void let_go() { connection_ = nullptr; }
    tcp::connection const* followed() const { return connection_; }
    std::int64_t host_position() const { return app_sent_; }  ///< of its next byte
    void host_application_sent(std::size_t n) { app_sent_ += static_cast<std::int64_t>(n); }
    /// Bytes that the host's application has read: they must be the stream's next.
    void host_application_read(bytes_view got);
    /// A segment that the host emitted to this peer.
    void take(tcp::segment const& s);
    void check() const;

    // --- What the peer does

    /// The segment that a record describes, as an IP packet.
    raw make(record const& r, time_ns now, packet_meta& meta);
    /// What a well-behaved peer would say now.
    record polite(record const& r) const;
    /// The last segment from the host, as a router would quote it.
    raw quoted(std::int16_t off) const;
    tcp::four_tuple const& tuple() const { return tuple_; }

  private:
    struct said {
        tcp::sequence seq, irs;
        std::int64_t size;  ///< octets of sequence space, SYN not counted
        std::int64_t payload;
        bool fin, poisoned;
    };
    static std::int64_t offset(tcp::sequence at, tcp::sequence from) {
        return static_cast<std::int32_t>(at.value - from.value);
    }
    std::int64_t said_up_to(std::int64_t from) const;
    tcp::sequence sequence_of(record const& r) const;
    tcp::sequence acknowledgement_of(record const& r) const;
    void options_of(record const& r, time_ns now, tcp::segment& s) const;
    void remember(tcp::segment const& s, bool poisoned);

    tcp::four_tuple tuple_;
    tcp::connection const* connection_ = nullptr;  ///< while the application holds it
    bool bound_ = false;                           ///< a connection stands, or has stood last
    tcp::sequence irs_, iss_;                      ///< of that connection; before there is one, of the latest SYNs
    std::uint8_t shift_ = 0;
    tcp::sequence highest_;  ///< after what the host has emitted
    tcp::sequence edge_;     ///< the furthest right edge of a window that this peer has announced
    tcp::sequence last_seq_, last_ack_;
    std::uint32_t last_stamp_ = 0;
    std::int64_t app_sent_ = 0, app_read_ = 0;
    bool poisoned_ = false;
    std::vector<said> log_;
};

}  // namespace cardea::stack::test
