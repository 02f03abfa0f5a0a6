// The listen queue of one port: pending handshakes in small records (the SYN queue), completed connections (the accept
// queue), both bounded, and SYN cookies (RFC 4987) past the first bound. A pending handshake has no connection object.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "stack/tcp/config.hpp"
#include "stack/tcp/connection.hpp"
#include "stack/tcp/isn.hpp"
#include "stack/tcp/observer.hpp"
#include "stack/tcp/segment.hpp"
#include "stack/tcp/syn_cookie.hpp"

namespace cardea::stack::tcp {

enum class cookie_mode : std::uint8_t {
    never,
    on_overflow,  ///< when the SYN queue is full
    always
};

struct listener_config {
    connection_config connection;     ///< of the connections accepted
    std::uint32_t backlog = 128;      ///< completed connections that wait for accept()
    std::uint32_t syn_backlog = 256;  ///< handshakes pending
    cookie_mode cookies = cookie_mode::on_overflow;
    std::uint32_t syn_ack_retries = 5;
    bool reset_on_overflow = false;  ///< accept queue full: reset rather than let the client try again
};

struct listener_info {
    std::size_t pending = 0;  ///< SYN queue
    std::size_t ready = 0;    ///< accept queue
    std::uint64_t overflows = 0, syns_dropped = 0, cookies_sent = 0, cookies_accepted = 0, cookies_failed = 0;
};

class listener {
  public:
    listener(listener_config const& config, secret_key const& secret, observer* watcher = nullptr);

    /// What a segment that matched no connection, but this listener's port, has led to.
    struct result {
        bool handled = false;  ///< false: no listener could know this segment; answer it with reset_for()
        /// A new connection, which also waits in the accept queue: enter it into the table of connections, then poll
        /// its output. It has already taken in the segment.
        std::shared_ptr<connection> established;
    };
    /// `isn`: use this initial sequence number (a SYN that reopens a connection in TIME-WAIT).
    result on_segment(four_tuple const& t, segment const& s, time_ns now, std::optional<sequence> isn = {});
    /// An ICMP error that quotes a SYN-ACK of a pending handshake: noted, never fatal to the listener.
    void on_icmp_error(four_tuple const& t, icmp_error kind, sequence quoted, time_ns now);

    /// Yields the next SYN-ACK or reset to send. Call until false after every other call.
    bool poll_output(time_ns now, four_tuple& tuple, segment& out);
    time_ns next_deadline() const;
    void on_deadline(time_ns now);

    /// The oldest completed connection, or null. It may have failed meanwhile: accept() still reports it.
    std::shared_ptr<connection> accept();
    bool acceptable() const { return !ready_.empty(); }
    /// The listener ends: pending handshakes are reset. The caller aborts what accept() still yields.
    void close(time_ns now);
    void set_backlog(std::uint32_t backlog) { config_.backlog = backlog; }

    listener_config const& config() const { return config_; }
    listener_info info() const;

  private:
    listener_config config_;
    std::deque<std::shared_ptr<connection>> ready_;
};

}  // namespace cardea::stack::tcp
