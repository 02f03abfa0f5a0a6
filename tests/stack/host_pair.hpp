// Two hosts on one link in virtual time, for tests: fixed delay, a filter that may drop or change packets, and a record
// of all that was sent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "stack/host.hpp"

namespace cardea::stack::test {

inline ip_address ip(std::string_view text) { return ip_address::parse(text).value(); }
inline endpoint at(std::string_view address, std::uint16_t port) { return {ip(address), port}; }

inline bytes_view bytes(std::string_view text) { return std::as_bytes(std::span{text.data(), text.size()}); }
inline payload_view payload(std::string_view text) { return {bytes(text), {}}; }
inline std::string text(bytes_view b) { return {reinterpret_cast<char const*>(b.data()), b.size()}; }

/// Everything poll() emits, as owned packets.
class collecting_sink final : public packet_sink {
  public:
    void emit(packet_view const& p) override { packets.emplace_back(p); }
    std::vector<packet> packets;
};

inline host_config config_of(std::string_view v4, std::string_view v6, std::uint64_t seed) {
    host_config c;
    c.addresses = {ip_prefix::parse(v4).value(), ip_prefix::parse(v6).value()};
    c.seed = seed;
    return c;
}

class host_pair {
  public:
    struct sent {
        bool from_a;
        time_ns when;
        packet p;
    };
    /// True lets the packet through; it may be changed.
    using filter = std::function<bool(bool from_a, packet&)>;

    explicit host_pair(std::function<void(host_config&)> const& tune = {}) {
        auto ca = config_of("192.0.2.1/24", "2001:db8::1/64", 1);
        auto cb = config_of("192.0.2.2/24", "2001:db8::2/64", 2);
        if (tune) tune(ca), tune(cb);
        a = std::make_unique<host>(ca);
        b = std::make_unique<host>(cb);
    }

    /// Runs until nothing is on the wire and no deadline lies before `until`.
    void run(time_ns until) {
        for (;;) {
            emit(true), emit(false);
            auto next = std::min({until, a->next_deadline(), b->next_deadline()});
            if (!wire_.empty()) next = std::min(next, wire_.front().when);
            bool const due = !wire_.empty() && wire_.front().when <= next;
            if (next > now) now = next;
            if (due) {
                auto const f = std::move(wire_.front());
                wire_.pop_front();
                (f.from_a ? *b : *a).ingress(f.p.bytes, f.p.meta, now);
            } else if (now >= until) {
                return;
            }
        }
    }
    void run_for(time_ns duration) { run(now + duration); }
    /// Enough for a few round trips.
    void settle() { run_for(milliseconds(100)); }

    std::unique_ptr<host> a;
    std::unique_ptr<host> b;
    time_ns now = 0;
    time_ns delay = milliseconds(1);
    filter pass;
    std::vector<sent> log;

  private:
    void emit(bool from_a) {
        collecting_sink out;
        (from_a ? *a : *b).poll(now, out);
        for (auto& p : out.packets) {
            log.push_back({from_a, now, p});
            if (pass && !pass(from_a, p)) continue;
            // What a device does that offers the offload: the receiver is told not to verify.
            wire_.push_back({from_a, now + delay, std::move(p)});
        }
    }

    std::deque<sent> wire_;
};

/// recv_from into a string; the error's name in angle brackets when it fails.
inline std::string receive(socket& s, time_ns now, receive_info* info = nullptr) {
    std::vector<std::byte> buffer(70'000);
    receive_info local;
    auto const r = s.recv_from(buffer, info != nullptr ? *info : local, 0, now);
    if (r.problem != error::ok) return std::string{"<"} + name(r.problem) + ">";
    return text(bytes_view{buffer}.first(r.size));
}

}  // namespace cardea::stack::test
