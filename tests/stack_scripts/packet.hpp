// An IP packet with TCP, UDP or ICMP in it, to bytes and back. Written apart from the stack's own code on purpose: what
// the stack emits is read by somebody else, checksums included.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "text.hpp"

namespace script {

enum flag : std::uint8_t { fin = 1, syn = 2, rst = 4, psh = 8, ack = 16, urg = 32, ece = 64, cwr = 128 };

struct tcp_options {
    std::optional<std::uint16_t> mss;
    std::optional<std::uint8_t> wscale;
    bool sackok = false;
    std::optional<std::pair<std::uint32_t, std::uint32_t>> ts;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> sacks;
    friend bool operator==(tcp_options const&, tcp_options const&) = default;
    bool any() const { return mss || wscale || sackok || ts || !sacks.empty(); }
};

struct packet {
    endpoint from, to;
    std::uint8_t protocol = IPPROTO_TCP;
    std::uint8_t tos = 0, ttl = 64;
    bool df = true;

    std::uint32_t seq = 0, ack = 0;
    std::uint8_t flags = 0;
    std::uint16_t window = 0, urgent = 0;
    tcp_options options;

    std::uint8_t icmp_type = 0, icmp_code = 0;
    std::uint32_t icmp_rest = 0;

    std::vector<std::uint8_t> payload;

    bool has(flag f) const { return (flags & f) != 0; }
    /// Sequence numbers that it takes.
    std::uint32_t length() const {
        return static_cast<std::uint32_t>(payload.size()) + (has(syn) ? 1U : 0U) + (has(fin) ? 1U : 0U);
    }
};

/// `bad_checksum`: of the transport.
std::vector<std::uint8_t> emit(packet const& p, bool bad_checksum = false);
/// Fails on anything malformed: a stack must not send it. `partial`: the transport checksum is left to a device.
packet parse(std::vector<std::uint8_t> const& bytes, bool partial = false);
/// What a device makes of a packet that is `size` bytes of payload to a segment; 0: it stays whole.
std::vector<packet> cut(packet const& p, std::size_t size);

}  // namespace script
