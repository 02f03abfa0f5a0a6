// The same seed gives the same run, segment by segment; and an observer hears of it without changing it.
#include <string>

#include "tcp_pair.hpp"

namespace cardea::stack::tcp::test {
namespace {

struct listening : observer {
    std::uint64_t states = 0, armed = 0, fired = 0, resends = 0, windows = 0;
    void state_changed(connection const&, state, state, time_ns) override { ++states; }
    void timer_armed(connection const&, timer, time_ns deadline, time_ns now) override {
        EXPECT_GE(deadline, now);
        ++armed;
    }
    void timer_fired(connection const&, timer, time_ns) override { ++fired; }
    void resent(connection const&, sequence, std::uint32_t, resend_reason, time_ns) override { ++resends; }
    void congestion_window(connection const&, std::uint32_t, std::uint32_t, time_ns) override { ++windows; }
};

std::uint64_t digest_of(std::uint64_t seed, observer* watcher) {
    link_options link;
    link.loss = 20;
    link.reorder = 10;
    connection_config config;
    config.rack = seed % 2 == 0;
    connection_pair p{seed, link, config, config};
    p.watcher = watcher;
    std::uint64_t digest = 14'695'981'039'346'656'037U;
    auto mix = [&](std::uint64_t v) { digest = (digest ^ v) * 1'099'511'628'211U; };
    p.tap = [&](bool from_a, segment const& s) {
        mix(from_a ? 1 : 2);
        mix(static_cast<std::uint64_t>(p.now()));
        mix(s.seq.value);
        mix(s.ack.value);
        mix(s.payload.size());
        mix(s.window);
    };
    p.flow_of(true).to_send = p.flow_of(false).to_send = 300'000;
    p.open();
    EXPECT_TRUE(p.run([&] { return p.flow_of(true).received == 300'000 && p.flow_of(false).received == 300'000; },
                      p.now() + 3600 * seconds));
    return digest;
}

TEST(tcp_determinism, same_seed_same_run) {
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
        listening watcher;
        EXPECT_EQ(digest_of(seed, nullptr), digest_of(seed, &watcher));
        EXPECT_EQ(watcher.states, 4U);  // SYN-SENT, SYN-RECEIVED, and ESTABLISHED twice
        EXPECT_GT(watcher.armed, 0U);
        EXPECT_GT(watcher.resends, 0U);
        EXPECT_GT(watcher.windows, 0U);
    }
}

}  // namespace
}  // namespace cardea::stack::tcp::test
