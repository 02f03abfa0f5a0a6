// Nothing a peer or an application does makes a connection hold more than its configuration says.
#include "tcp_pair.hpp"
#include "tcp_script.hpp"

namespace cardea::stack::tcp::test {
namespace {

TEST(tcp_bounded_memory, idle_connection_holds_no_buffers) {
    script s;
    s.connect_fully();
    EXPECT_EQ(s.c->memory(), 0U);
    s.send(5000);
    s.in(". 1:1(0) ack 5001");
    EXPECT_GT(s.c->memory(), 0U);
    s.c->trim();
    EXPECT_LT(s.c->memory(), 1024U);  // the list of what was sent keeps a few entries
}

TEST(tcp_bounded_memory, send_buffer_takes_no_more_than_its_size) {
    connection_config config = plain();
    config.send_buffer = 10'000;
    script s{config};
    s.connect_fully("win 0 mss 1000");
    std::vector<std::byte> data(50'000);
    EXPECT_EQ(s.c->writable(), 10'000U);
    EXPECT_EQ(s.c->send(data, s.now), 10'000U);
    EXPECT_EQ(s.c->send(data, s.now), 0U);
    EXPECT_EQ(s.c->writable(), 0U);
}

TEST(tcp_bounded_memory, out_of_order_data_stays_within_the_window) {
    connection_config config = with_sack();
    config.receive_buffer = 20'000;
    script s{config};
    s.connect_fully("win 65535 mss 1000 sackok");
    random_stream random{1};
    for (int i = 0; i < 5000; ++i) {
        auto const at = 2 + random.below(60'000), n = 1 + random.below(900);
        s.in(". " + std::to_string(at) + ":" + std::to_string(at + n) + "(" + std::to_string(n) + ") ack 1");
        s.drop_output();
    }
    EXPECT_LE(s.c->info().out_of_order, 20'000U);
    EXPECT_LE(s.c->memory(), 32'768U + 16'384U);
    EXPECT_EQ(s.c->readable(), 0U);
}

TEST(tcp_bounded_memory, single_bytes_sent_apart_cost_a_bounded_list) {
    connection_config config = plain();
    config.nagle = nagle_mode::off;
    config.send_buffer = 1 << 20;
    script s{config};
    s.connect_fully("win 65535 mss 1000");
    for (int i = 0; i < 70'000; ++i) {
        std::byte const b{0};
        if (s.c->send({&b, 1}, s.now) == 0) break;
        segment out;
        while (s.c->poll_output(s.now, out)) {
        }
    }
    EXPECT_LE(s.c->memory(), std::size_t{4} << 20);
}

TEST(tcp_bounded_memory, reading_nothing_stops_the_sender) {
    connection_config config;
    config.receive_buffer = 50'000;
    connection_pair p{1, {}, config, config};
    p.flow_of(true).to_send = 10'000'000;
    p.flow_of(false).reading = false;
    p.open();
    p.pass_time(30 * seconds);
    EXPECT_LE(p.b().readable(), 50'001U);
    EXPECT_GE(p.b().readable(), 49'000U);
    p.flow_of(false).reading = true;
    EXPECT_TRUE(p.run([&] { return p.flow_of(false).received == 10'000'000; }, p.now() + 600 * seconds));
}

TEST(tcp_bounded_memory, what_lies_beyond_a_gap_is_given_up_with_its_memory) {
    receive_buffer r;
    r.start(sequence{1});
    std::array<std::byte, 100> const data{};
    r.insert(sequence{1}, {data, {}}, sequence{100'000});
    r.insert(sequence{60'001}, {data, {}}, sequence{100'000});
    EXPECT_GE(r.memory(), 60'000U);
    r.prune();
    EXPECT_FALSE(r.has_gap());
    EXPECT_EQ(r.readable(), 100U);
    EXPECT_LT(r.memory(), 4096U);
}

}  // namespace
}  // namespace cardea::stack::tcp::test
