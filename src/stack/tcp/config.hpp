// What is set before a connection begins, and the words its interface speaks in. Durations are nanoseconds, sizes
// bytes. Plain values; uses the standard library only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "stack/address.hpp"

namespace cardea::stack::tcp {

using time_ns = std::int64_t;
inline constexpr time_ns never = std::numeric_limits<time_ns>::max();
inline constexpr time_ns microseconds = 1'000;
inline constexpr time_ns milliseconds = 1'000'000;
inline constexpr time_ns seconds = 1'000'000'000;

/// RFC 9293 section 3.3.2.
enum class state : std::uint8_t {
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
    time_wait
};
char const* name(state s);

/// The two ends of a connection, seen from this host. Orders and compares by value: use it as a key.
struct four_tuple {
    endpoint local;
    endpoint remote;
    friend constexpr bool operator==(four_tuple const&, four_tuple const&) = default;
    friend constexpr auto operator<=>(four_tuple const&, four_tuple const&) = default;
};

enum class congestion_algorithm : std::uint8_t { newreno, cubic };
enum class ecn_mode : std::uint8_t { off, passive, active };  ///< passive: accept it, do not ask (RFC 3168)
enum class nagle_mode : std::uint8_t { off, classic, minshall };

struct connection_config {
    // Path
    std::uint32_t mtu = 1500;             ///< of the interface; bounds the MSS we announce
    std::uint32_t path_mtu = 0;           ///< towards the peer, when already known; 0: as mtu
    std::uint32_t max_send_burst = 1448;  ///< payload bytes of one emitted segment: above the MSS asks for GSO

    // Memory
    std::uint32_t receive_buffer = 256 * 1024;  ///< bytes held unread or out of order; sets the window and its scale
    std::uint32_t send_buffer = 256 * 1024;     ///< bytes held unacknowledged or unsent

    // Options offered
    bool window_scaling = true;
    bool timestamps = true;
    bool sack = true;
    ecn_mode ecn = ecn_mode::passive;

    // Sending
    congestion_algorithm congestion = congestion_algorithm::cubic;
    bool rack = false;    ///< RACK-TLP (RFC 8985) in place of RFC 6675's duplicate counting; needs SACK
    bool hystart = true;  ///< HyStart++ (RFC 9406) ends slow start on rising delay
    bool limited_transmit = true;
    std::uint32_t initial_window_segments = 10;  ///< RFC 6928
    bool restart_after_idle = true;              ///< RFC 5681 section 4.1
    nagle_mode nagle = nagle_mode::classic;

    // Timers
    time_ns rto_initial = 1 * seconds;        ///< RFC 6298 (2.1)
    time_ns rto_min = 200 * milliseconds;     ///< RFC 6298 (2.4) says 1 s; 200 ms is Linux's
    time_ns rto_max = 120 * seconds;          ///< RFC 6298 (2.5)
    time_ns delayed_ack = 40 * milliseconds;  ///< at most 500 ms (RFC 9293 section 3.8.6.3)
    time_ns time_wait = 60 * seconds;         ///< 2 MSL
    time_ns fin_wait_2 = 60 * seconds;        ///< for connections that no application holds
    std::uint32_t retries_1 = 3;              ///< R1: past it the path is in doubt (RFC 9293 section 3.8.3)
    std::uint32_t retries_2 = 15;             ///< R2: past it the connection ends
    std::uint32_t syn_retries = 7;            ///< R2 for a SYN: 7 from 1 s take over 3 minutes (RFC 9293 MUST-23)
    std::uint32_t orphan_retries = 8;         ///< R2 once the application has closed
    time_ns user_timeout = 0;                 ///< 0: none (RFC 5482, RFC 9293 section 3.9.1)
    bool keepalive = false;                   ///< off by default (RFC 9293 MUST-25)
    time_ns keepalive_idle = 7200 * seconds;
    time_ns keepalive_interval = 75 * seconds;
    std::uint32_t keepalive_count = 9;

    // Attacks
    std::uint32_t challenge_acks_per_second = 10;  ///< per connection (RFC 5961 section 7)
    /// A soft ICMP error ends an opening connection, as on Linux (RFC 5461); RFC 9293's MUST-56 would have it wait.
    bool icmp_ends_opening = true;
    bool abort_on_hard_icmp = false;  ///< in synchronized states; RFC 5927 and Linux say no, RFC 1122 says should
};

/// What an ICMP error says, after the host has matched it to a connection.
enum class icmp_error : std::uint8_t {
    network_unreachable,
    host_unreachable,
    protocol_unreachable,
    port_unreachable,
    admin_prohibited,
    time_exceeded,
    parameter_problem,
    source_quench
};

/// An answer on what the host is to do with a segment that it gave to a connection.
enum class disposition : std::uint8_t {
    consumed,
    /// A SYN that may replace this connection, which is in TIME-WAIT (RFC 6191): drop the connection, then hand the
    /// segment to the listener with the connection's reuse_isn().
    reopen
};

}  // namespace cardea::stack::tcp
