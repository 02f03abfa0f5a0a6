// Packets as they enter and leave the stack: bytes beginning at the IP header, and what a device may do for us or has
// done. Views own nothing: they live for the call they are passed to. `packet` owns its bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace cardea::stack {

using bytes_view = std::span<std::byte const>;

/// A transport payload in up to two runs, as a ring buffer yields it: gathered on the wire, never copied before.
struct payload_view {
    bytes_view first;
    bytes_view second;

    std::size_t size() const { return first.size() + second.size(); }
    bool empty() const { return size() == 0; }
    /// `n` bytes from `at`, both within size().
    payload_view slice(std::size_t at, std::size_t n) const {
        if (at >= first.size()) return {second.subspan(at - first.size(), n), {}};
        auto const head = first.subspan(at, n < first.size() - at ? n : first.size() - at);
        return {head, second.first(n - head.size())};
    }
};

enum class gso_kind : std::uint8_t { none, tcp, udp };

/// The facts that travel beside a packet, in the terms of virtio-net's header.
struct packet_meta {
    gso_kind gso = gso_kind::none;
    std::uint16_t gso_size = 0;     ///< transport payload of each segment the packet is to be (or was) split into
    std::uint16_t header_size = 0;  ///< IP and transport headers, when gso is not none
    /// Out: the transport checksum field holds the pseudo-header's sum only and the device completes it. In: the packet
    /// never touched a wire and its field is not to be verified (VIRTIO_NET_HDR_F_NEEDS_CSUM).
    bool checksum_partial = false;
    bool checksum_verified = false;     ///< In: a lower layer has verified the transport checksum
    bool copy_of_sent = false;          ///< In: what this host sent to a group by its link, for its own members
    std::uint16_t checksum_start = 0;   ///< offset of the transport header, when partial
    std::uint16_t checksum_offset = 0;  ///< offset of the field from checksum_start, when partial
};

/// A packet as consecutive pieces (headers, then payload runs), for gathering writes.
class packet_view {
  public:
    static constexpr std::size_t max_pieces = 3;

    packet_view() = default;
    explicit packet_view(bytes_view whole, packet_meta m = {}) : meta{m}, pieces_{whole}, count_{1} {}
    packet_view(bytes_view headers, payload_view const& payload, packet_meta m)
        : meta{m}, pieces_{headers, payload.first, payload.second}, count_{payload.second.empty() ? 2U : 3U} {}

    std::span<bytes_view const> pieces() const { return {pieces_.data(), count_}; }
    std::size_t size() const { return pieces_[0].size() + pieces_[1].size() + pieces_[2].size(); }
    void append_to(std::vector<std::byte>& out) const {
        for (auto const& p : pieces()) out.insert(out.end(), p.begin(), p.end());
    }

    packet_meta meta;

  private:
    std::array<bytes_view, max_pieces> pieces_{};
    std::size_t count_ = 0;
};

/// A packet that owns its bytes, for queues and simulated links.
struct packet {
    std::vector<std::byte> bytes;
    packet_meta meta;

    packet() = default;
    explicit packet(packet_view const& v) : meta{v.meta} {
        bytes.reserve(v.size());
        v.append_to(bytes);
    }
    packet_view view() const { return packet_view{bytes, meta}; }
};

}  // namespace cardea::stack
