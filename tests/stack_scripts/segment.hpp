// A packet as a script writes it, relative to its flow: read, made into a packet to inject, compared with one that
// came, and a packet written in the same words.
#pragma once

#include <string>

#include "packet.hpp"

namespace script {

/// The two ends that packets of a script belong to, and what is relative to them.
struct flow {
    std::string name;
    std::uint8_t protocol = IPPROTO_TCP;
    endpoint local, remote;  ///< the stack's end; a port that is 0 is learnt from the first packet

    std::optional<std::uint32_t> our_isn;  ///< the stack's, from its SYN
    std::uint32_t peer_isn = 0x7ffffff0;   ///< so that traces cross where the sign changes
    std::uint32_t our_next = 0;            ///< after the highest number the stack has sent, relative
    std::uint32_t peer_next = 0;
    std::optional<std::uint32_t> our_clock;  ///< the stack's first timestamp
    std::uint32_t last_clock = 0;            ///< its last
    bool our_ts = false, peer_ts = false;    ///< the SYNs had timestamps

    std::uint32_t ours(std::uint32_t relative) const { return our_isn.value_or(0) + relative; }
    std::uint32_t theirs(std::uint32_t relative) const { return peer_isn + relative; }
    /// What a packet of either side changes.
    void saw_from_stack(packet const& p);
    void saw_from_peer(packet const& p);
};

struct segment {
    std::string text;  ///< as the script has it
    std::uint8_t protocol = IPPROTO_TCP;
    std::uint8_t flags = 0;
    bool push_optional = false;
    std::optional<std::uint32_t> seq, ack, isn;
    std::optional<std::uint16_t> window, urgent;
    tcp_options options;  ///< relative
    bool no_options = false, no_ts = false, ts_echo_given = false;
    std::uint32_t length = 0;
    std::optional<std::string> data;
    std::optional<std::uint8_t> tos, ttl, ecn;
    std::optional<bool> df;
    bool bad_checksum = false;
    unsigned times = 1;

    std::string icmp;  ///< the message's name
    std::optional<std::uint32_t> mtu, about;
};

/// Reads what follows "in" or "out".
segment read_segment(words& w);

/// The packet that `s` describes, on its way to the stack. `peer_clock`: for timestamps that the script leaves out.
packet make(segment const& s, flow const& f, std::uint32_t peer_clock);

/// In which fields `came` is not what `s` says; empty when it is. `patterned`: the payload is the pattern.
std::string differences(segment const& s, packet const& came, flow const& f, bool patterned);

/// In the words of scripts, numbers relative to the flow.
std::string show(packet const& p, flow const& f);

/// Byte `at` of what applications and the peer send when a script gives only a number of bytes.
constexpr std::uint8_t pattern(std::uint64_t at) { return static_cast<std::uint8_t>('a' + at % 26 + at / 26 % 5); }
bool follows_pattern(std::vector<std::uint8_t> const& bytes, std::uint64_t at);

}  // namespace script
