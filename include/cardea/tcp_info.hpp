// What TCP knows of a connection (tcp(7), TCP_INFO): `peer.handle().info().smoothed_rtt`.
#pragma once

#include <chrono>
#include <cstdint>

namespace cardea {

/// States of RFC 9293 section 3.3.2.
enum class tcp_state : std::uint8_t {
    closed,
    listen,
    syn_sent,
    syn_received,
    established,
    fin_wait_1,
    fin_wait_2,
    close_wait,
    closing,
    last_ack,
    time_wait,
};

/// "ESTABLISHED", "FIN_WAIT_1", ...: a string literal.
[[nodiscard]] const char* name(tcp_state s) noexcept;

/// A connection at one moment. Sizes are bytes; what a network or an older kernel does not tell is zero.
struct tcp_info {
    tcp_state state = tcp_state::closed;  ///< RFC 9293 section 3.3.2
    bool in_recovery = false;             ///< repairing a loss: by fast recovery or after a timeout
    bool timestamps = false, selective_acks = false, window_scaling = false, ecn = false;  ///< as negotiated
    std::chrono::microseconds smoothed_rtt{0};                                             ///< SRTT (RFC 6298)
    std::chrono::microseconds rtt_variation{0};                                            ///< RTTVAR (RFC 6298)
    std::chrono::microseconds least_rtt{0};                                                ///< the shortest seen lately
    std::chrono::microseconds retransmission_timeout{0};                                   ///< RTO (RFC 6298)
    std::uint32_t send_segment_size = 0;     ///< payload of a full segment
    std::uint32_t path_mtu = 0;              ///< as far as it is known
    std::uint64_t congestion_window = 0;     ///< cwnd (RFC 5681)
    std::uint64_t slow_start_threshold = 0;  ///< 0: none was set yet
    std::uint64_t send_window = 0;           ///< what the peer has room for
    std::uint64_t in_flight = 0;             ///< sent and not acknowledged; whole segments on the kernel's networks
    std::uint64_t unsent = 0;                ///< in the send buffer and not sent
    std::uint64_t bytes_sent = 0;            ///< with what was sent again
    std::uint64_t bytes_acknowledged = 0;    ///< by the peer
    std::uint64_t bytes_received = 0;        ///< in order
    std::uint64_t bytes_resent = 0;          ///< sent again
    std::uint64_t segments_sent = 0;         ///< with and without data
    std::uint64_t segments_received = 0;     ///< likewise
    std::uint64_t resends = 0;               ///< segments sent again
    std::uint64_t timeouts = 0;              ///< of the retransmission timer; Cardea's own stack tells
    std::uint64_t fast_recoveries = 0;       ///< losses repaired on word of the peer's ACKs (RFC 6675); likewise
    std::uint64_t delivery_rate = 0;         ///< bytes a second, lately
    std::uint64_t pacing_rate = 0;           ///< bytes a second; 0: not paced
};

}  // namespace cardea
