// Streams arrive whole and in order whatever the link does to the segments.
#include "tcp_pair.hpp"

namespace cardea::stack::tcp::test {
namespace {

void transfer(std::uint64_t seed, link_options const& link, connection_config const& config, std::uint64_t a_bytes,
              std::uint64_t b_bytes) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    connection_pair p{seed, link, config, config};
    p.flow_of(true).to_send = a_bytes;
    p.flow_of(false).to_send = b_bytes;
    p.flow_of(true).close_after = p.flow_of(false).close_after = true;
    p.open();
    bool const done =
        p.run([&] { return p.has_b() && p.flow_of(true).received == b_bytes && p.flow_of(false).received == a_bytes; },
              p.now() + 3600 * seconds);
    ASSERT_TRUE(done) << "a got " << p.flow_of(true).received << " of " << b_bytes << ", b got "
                      << p.flow_of(false).received << " of " << a_bytes;
    p.run([&] { return p.a().finished() && p.b().finished(); }, p.now() + 3600 * seconds);
    EXPECT_TRUE(p.a().finished()) << name(p.a().current_state());
    EXPECT_TRUE(p.b().finished()) << name(p.b().current_state());
    EXPECT_EQ(p.a().next_deadline(), never);
    EXPECT_EQ(p.b().next_deadline(), never);
    EXPECT_EQ(p.a().failure(), error::ok);
    EXPECT_EQ(p.b().failure(), error::ok);
}

TEST(tcp_stream_under_loss, arrives_over_a_perfect_link) { transfer(1, {}, {}, 4'000'000, 1'000'000); }

TEST(tcp_stream_under_loss, arrives_for_every_seed) {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        link_options link;
        link.loss = static_cast<std::uint32_t>(seed % 6 * 10);
        link.duplicate = seed % 3 == 0 ? 20 : 0;
        link.reorder = seed % 4 == 0 ? 50 : 0;
        connection_config config;
        config.sack = seed % 5 != 0;
        config.timestamps = seed % 7 != 0;
        config.congestion = seed % 2 == 0 ? congestion_algorithm::newreno : congestion_algorithm::cubic;
        config.rack = seed % 3 == 1;
        config.max_send_burst = seed % 4 < 2 ? 1448 : 65000;
        transfer(seed, link, config, 600'000, 50'000);
        if (HasFailure()) return;
    }
}

}  // namespace
}  // namespace cardea::stack::tcp::test
