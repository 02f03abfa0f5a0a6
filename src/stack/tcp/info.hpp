// What a connection tells of itself (the counterpart of Linux's tcp_info). Plain values.
#pragma once

#include <cstdint>

#include "stack/tcp/config.hpp"
#include "stack/tcp/sequence.hpp"

namespace cardea::stack::tcp {

struct connection_info {
    state current = state::closed;
    sequence iss, irs;  ///< the initial sequence numbers, ours and the peer's: what relative ones are relative to
    bool timestamps = false, sack = false, window_scaling = false, ecn = false;  ///< as negotiated
    std::uint8_t send_shift = 0, receive_shift = 0;
    bool in_recovery = false;  ///< fast recovery
    bool in_loss = false;      ///< after a retransmission timeout, until everything then outstanding is acknowledged
    time_ns rto = 0, srtt = 0, rttvar = 0, min_rtt = 0;
    std::uint32_t cwnd = 0, ssthresh = 0;  ///< bytes
    std::uint32_t mss = 0;                 ///< payload bytes of a full segment, options taken off
    std::uint32_t peer_mss = 0;
    std::uint32_t send_window = 0, receive_window = 0;  ///< bytes, scaled
    std::uint32_t in_flight = 0;                        ///< RFC 6675's pipe, bytes
    std::uint32_t unacknowledged = 0, unsent = 0;       ///< bytes
    std::uint32_t readable = 0, out_of_order = 0;       ///< bytes
    std::uint32_t consecutive_timeouts = 0;
    std::uint64_t segments_in = 0, segments_out = 0, bytes_received = 0, bytes_sent = 0, bytes_acknowledged = 0;
    std::uint64_t bytes_resent = 0;
    std::uint32_t resends = 0, timeouts = 0, fast_recoveries = 0, tail_probes = 0;
    std::uint32_t duplicate_acks_in = 0, dsacks_in = 0, challenge_acks_out = 0, paws_rejects = 0;
    std::uint32_t window_probes_out = 0, keepalives_out = 0;
};

}  // namespace cardea::stack::tcp
