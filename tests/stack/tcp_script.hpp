// One TCP connection against a peer that the test plays by hand, read like a packet trace:
//     s.in("S 0:1(0) win 65535 mss 1460 sackok");   s.expect("S. 0:1(0) ack 1");   s.wait(200 * milliseconds);
// Flags: S F R P U E W and . for ACK. Numbers are relative to each side's initial sequence number. A field that an
// expectation does not name is not compared.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stack/tcp/connection.hpp"

namespace cardea::stack::tcp::test {

/// A configuration without the options that clutter a trace.
inline connection_config plain() {
    connection_config c;
    c.timestamps = false;
    c.window_scaling = false;
    c.sack = false;
    c.hystart = false;
    c.congestion = congestion_algorithm::newreno;
    c.receive_buffer = 65'535;
    c.send_buffer = 1 << 20;
    c.mtu = 1040;  // segments of 1000 bytes
    c.max_send_burst = 1000;
    return c;
}
inline connection_config with_sack() {
    connection_config c = plain();
    c.sack = true;
    return c;
}

class script : public observer {
  public:
    explicit script(connection_config const& config = plain(), ip_address const& peer = ip_address::v4(192, 0, 2, 2));

    void connect();                     ///< active open
    void accept(std::string_view syn);  ///< passive open from this SYN
    /// Complete handshakes. `options` are the peer's, such as "win 65535 mss 1460".
    void connect_fully(std::string_view options = "win 65535 mss 1000");
    void accept_fully(std::string_view options = "win 65535 mss 1000");

    disposition in(std::string_view text);  ///< a segment from the peer
    void expect(std::string_view text);     ///< the next segment that the connection has sent
    void quiet();                           ///< it has sent nothing more
    void wait(time_ns duration);            ///< time passes; timers run when they are due
    void send(std::size_t n);               ///< the application sends n bytes of the pattern
    void send_urgent(std::size_t n);
    std::size_t recv(std::size_t n);  ///< the application reads up to n, checked against the pattern
    void collect();                   ///< takes what the connection has to send: after direct calls on it
    std::size_t drop_output();        ///< ignores what was sent; returns how many

    state is() const { return c->current_state(); }
    time_ns elapsed() const { return now - start; }

    void state_changed(connection const&, state from, state to, time_ns) override;
    void timer_fired(connection const&, timer t, time_ns at) override { fired.emplace_back(t, at - start); }
    void resent(connection const&, sequence, std::uint32_t, resend_reason why, time_ns) override {
        resends.push_back(why);
    }

    std::unique_ptr<connection> c;
    connection_config config;
    time_ns start = 1000 * seconds, now = start;
    std::string states;  ///< "SYN-SENT ESTABLISHED ..."
    std::vector<std::pair<timer, time_ns>> fired;
    std::vector<resend_reason> resends;
    segment last;         ///< the segment that expect() last looked at, without payload
    time_ns last_at = 0;  ///< when it was sent, from the start

  private:
    struct output {
        segment s;
        std::vector<std::byte> payload;
        time_ns at;
    };
    std::string show(segment const& s, std::size_t length) const;
    open_parameters parameters() const;

    ip_address peer_;
    sequence ours_{0xfffffff0}, theirs_{0x7ffffff0};  // so that traces cross the wrap
    std::uint64_t sent_ = 0, received_ = 0;
    std::deque<output> outputs_;
};

}  // namespace cardea::stack::tcp::test
