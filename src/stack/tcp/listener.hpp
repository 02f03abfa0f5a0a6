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
    off,
    on_overflow,  ///< when the SYN queue is full
    always
};

struct listener_config {
    connection_config connection;     ///< of the connections accepted
    std::uint32_t local_mtu = 0;      ///< instead of connection.mtu, between the host and itself; 0: no other
    std::uint32_t backlog = 128;      ///< completed connections that wait for accept(): one more, as on Linux
    std::uint32_t syn_backlog = 256;  ///< handshakes pending
    cookie_mode cookies = cookie_mode::on_overflow;
    std::uint32_t syn_ack_retries = 5;
    bool reset_on_overflow = false;         ///< accept queue full: reset rather than let the client try again
    std::shared_ptr<memory_budget> memory;  ///< as open_parameters has it
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
        bool stateless = false;  ///< answered by a cookie: nothing is remembered of it
    };
    /// `isn`: use this initial sequence number (a SYN that reopens a connection in TIME-WAIT).
    result on_segment(four_tuple const& t, segment const& s, time_ns now, std::optional<sequence> isn = {});
    /// Takes the latest result's connection back, as if its segment had not come: it could not be entered.
    void withdraw();
    /// A handshake with this peer is pending.
    bool knows(four_tuple const& t) const { return pending_.find(t) != pending_.end(); }
    /// An ICMP error that quotes a SYN-ACK: a hard one ends that pending handshake, never the listener.
    void on_icmp_error(four_tuple const& t, icmp_error kind, sequence quoted, time_ns now);

    /// Yields the next SYN-ACK or reset to send. Call until false after every other call.
    bool poll_output(time_ns now, four_tuple& tuple, segment& out);
    time_ns next_deadline() const;
    void on_deadline(time_ns now);

    /// The oldest completed connection, or null. It may have failed meanwhile: accept() still reports it.
    std::shared_ptr<connection> accept();
    bool acceptable() const { return !ready_.empty(); }
    /// What accept() would give.
    std::shared_ptr<connection> const& front() const { return ready_.front(); }
    /// The listener ends: pending handshakes are reset. The caller aborts what accept() still yields.
    void close(time_ns now);
    void set_backlog(std::uint32_t backlog) { config_.backlog = backlog; }

    listener_config const& config() const { return config_; }
    listener_info info() const;

  private:
    /// What is kept of a SYN until the handshake is complete.
    struct pending {
        sequence iss, irs;
        std::uint32_t ts_value = 0;
        std::uint16_t window = 0, mss = 0;  ///< mss 0: not given
        std::uint8_t shift = no_shift;
        bool sack = false, timestamps = false, ecn = false;
        bool due = true;              ///< a SYN-ACK waits to be sent
        bool answered_twice = false;  ///< the SYN came again: the SYN-ACK's round trip is unknown
        bool lost = false;            ///< the SYN-ACK, it seems: its timer ran out, or that of the SYN did
        std::uint8_t retries = 0;
        time_ns sent_at = -1, deadline = never;
    };
    static constexpr std::uint8_t no_shift = 255;
    static constexpr std::size_t max_replies = 64;  ///< stateless answers waiting to be sent
    using table = std::map<four_tuple, pending>;

    result on_syn(four_tuple const& t, segment const& s, time_ns now, std::optional<sequence> isn);
    result on_pending(table::iterator entry, segment const& s, time_ns now);
    result on_cookie(four_tuple const& t, segment const& s, time_ns now);
    void reply_with_cookie(four_tuple const& t, segment const& syn, time_ns now);
    void reply(four_tuple const& t, segment const& s);
    void schedule(table::iterator entry, time_ns deadline);
    void ask_again(table::iterator entry);
    bool may_challenge(time_ns now);
    time_ns wait_for(pending const& p) const;
    void forget(table::iterator entry, time_ns now);
    bool room_to_accept() const { return ready_.size() <= config_.backlog; }  // Linux's sk_acceptq_is_full()
    result admit(connection&& c);
    open_parameters parameters(four_tuple const& t, sequence iss) const;
    static pending remember(segment const& syn, sequence iss);
    static segment recall(four_tuple const& t, pending const& p);

    listener_config config_;
    isn_generator isns_;
    syn_cookies cookies_;
    observer* watcher_;
    table pending_;
    using deadline_set = std::set<std::pair<time_ns, four_tuple>>;
    deadline_set deadlines_;  ///< of pending_, in order; one for each
    /// What withdraw() puts back.
    table::node_type admitted_;
    deadline_set::node_type admitted_deadline_;
    std::deque<four_tuple> due_;                          ///< entries of pending_ with a SYN-ACK to send
    std::deque<std::pair<four_tuple, segment>> replies_;  ///< without payload
    std::deque<std::shared_ptr<connection>> ready_;
    time_ns last_cookie_at_ = -1;
    time_ns challenge_window_ = 0;
    std::uint32_t challenges_ = 0;
    listener_info counts_;
};

}  // namespace cardea::stack::tcp
