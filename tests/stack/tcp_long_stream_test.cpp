// A stream so long that its sequence numbers go round: what a connection remembers by number must not grow so old that
// it seems to lie ahead. Segments are large, and nothing is copied on the way: gigabytes take a second.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <vector>

#include "stack/tcp/connection.hpp"

namespace cardea::stack::tcp::test {
namespace {

constexpr std::uint64_t half_way_round = std::uint64_t{1} << 31;

/// A sender whose peer acknowledges whatever comes.
class long_stream {
  public:
    explicit long_stream(connection_config config) {
        config.timestamps = false;
        config.mtu = 1500;
        config.max_send_burst = 65'000;
        config.congestion = congestion_algorithm::newreno;
        config.send_buffer = 1 << 21;
        open_parameters p;
        p.tuple = {{ip_address::v4(192, 0, 2, 1), 40'000}, {ip_address::v4(192, 0, 2, 2), 80}};
        p.config = config;
        p.iss = sequence{0xffff'0000};
        c = std::make_unique<connection>(connection::connect(p, now));
        segment out;
        c->poll_output(now, out);
        una = nxt = out.seq + 1;
        segment s = answer(flag::syn | flag::ack);
        s.seq = sequence{1000};
        s.options.mss = 1460;
        s.options.window_shift = std::uint8_t{7};
        s.options.sack_permitted = config.sack;
        if (config.ecn == ecn_mode::active) s.flags |= flag::ece;
        take(s);
        drain();
    }

    segment answer(std::uint8_t flags = flag::ack) const {
        segment s;
        s.source_port = 80;
        s.destination_port = 40'000;
        s.seq = sequence{1001};
        s.ack = una;
        s.flags = flags;
        s.window = 0x4000;
        return s;
    }
    void take(segment const& s) {
        now += 10 * microseconds;
        c->on_segment(s, now);
    }
    /// What it has to send, in segments.
    std::size_t drain() {
        segment out;
        std::size_t n = 0;
        for (; c->poll_output(now, out); ++n) nxt = later(nxt, out.end());
        return n;
    }
    std::size_t send(std::size_t bytes) {
        if (c->send(bytes_view{data}.first(bytes), now) != bytes) throw std::logic_error{"the send buffer is full"};
        return drain();
    }
    void acknowledge_all() {
        una = nxt;
        take(answer());
        drain();
    }
    void pass(std::uint64_t bytes) {
        while (bytes > 0) {
            auto const n = std::min<std::uint64_t>(bytes, data.size());
            send(n);
            bytes -= n;
            while (una != nxt) acknowledge_all();
        }
    }

    std::vector<std::byte> data = std::vector<std::byte>(1 << 20);
    time_ns now = 1000 * seconds;
    std::unique_ptr<connection> c;
    sequence una, nxt;
};

TEST(tcp_long_stream, fast_retransmit_works_after_two_gibibytes_without_a_loss) {
    for (bool const sack : {false, true}) {
        connection_config config;
        config.sack = sack;
        long_stream s{config};
        s.pass(half_way_round + 10'000'000);
        s.send(8 * 65'000);
        for (std::uint32_t i = 1; i <= 3; ++i) {
            segment duplicate = s.answer();
            if (sack) {
                duplicate.options.sack_count = 1;
                duplicate.options.sack[0] = {s.una + 1460, s.una + 1460 * (1 + i)};
            }
            s.take(duplicate);
            s.drain();
        }
        EXPECT_EQ(s.c->info().fast_recoveries, 1U) << (sack ? "with SACK" : "without SACK");
        EXPECT_GE(s.c->info().resends, 1U) << (sack ? "with SACK" : "without SACK");
    }
}

TEST(tcp_long_stream, congestion_mark_is_heeded_after_two_gibibytes_without_one) {
    connection_config config;
    config.ecn = ecn_mode::active;
    long_stream s{config};
    s.pass(half_way_round + 10'000'000);
    auto const before = s.c->info().cwnd;
    s.send(4 * 65'000);
    s.una = s.nxt;
    s.take(s.answer(flag::ack | flag::ece));
    EXPECT_LT(s.c->info().cwnd, before);
}

TEST(tcp_long_stream, last_short_segment_is_forgotten_once_acknowledged) {
    connection_config config;
    config.nagle = nagle_mode::minshall;
    long_stream s{config};
    s.pass(100);
    std::size_t const whole = s.c->info().mss;
    for (std::uint64_t sent = 0; sent < half_way_round + 10'000'000; sent += 16 * whole) s.pass(16 * whole);
    EXPECT_EQ(s.send(100), 1U);  // nothing is in flight, no short segment least of all
}

}  // namespace
}  // namespace cardea::stack::tcp::test
