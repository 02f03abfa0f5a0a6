// Who wants to know what a connection does and why: drawings, traces, tests. Every call has an empty default. An
// observer must not call back into the connection.
#pragma once

#include <cstdint>

#include "stack/tcp/config.hpp"
#include "stack/tcp/sequence.hpp"

namespace cardea::stack::tcp {

class connection;

enum class timer : std::uint8_t {
    retransmit,
    persist,
    delayed_ack,
    keepalive,
    linger,   ///< FIN-WAIT-2 without an application, then TIME-WAIT
    reorder,  ///< RACK's reordering window
    probe,    ///< TLP
    cork      ///< a corked short segment waits no longer than this
};
inline constexpr std::size_t timer_count = 8;
char const* name(timer t);

enum class resend_reason : std::uint8_t { timeout, fast_retransmit, recovery, tail_probe, path_mtu, handshake };
char const* name(resend_reason r);

class observer {
  public:
    virtual ~observer() = default;
    virtual void state_changed(connection const&, state /*from*/, state /*to*/, time_ns) {}
    virtual void timer_armed(connection const&, timer, time_ns /*deadline*/, time_ns) {}
    virtual void timer_stopped(connection const&, timer, time_ns) {}
    virtual void timer_fired(connection const&, timer, time_ns) {}
    virtual void resent(connection const&, sequence, std::uint32_t /*bytes*/, resend_reason, time_ns) {}
    virtual void congestion_window(connection const&, std::uint32_t /*cwnd*/, std::uint32_t /*ssthresh*/, time_ns) {}
    /// A listener's pending connection, which has no connection object yet (LISTEN to SYN-RECEIVED, or back).
    virtual void pending(four_tuple const&, state /*from*/, state /*to*/, time_ns) {}
};

}  // namespace cardea::stack::tcp
