// When an ACK is sent and when it waits (RFC 9293 section 3.8.6.3, RFC 5681 section 4.2).
#include <array>

#include "tcp_script.hpp"

namespace cardea::stack::tcp::test {
namespace {

/// A connection past the quick acknowledgements of its start.
script settled() {
    script s;
    s.connect_fully();
    s.c->set_quick_ack(false, s.now);
    return s;
}

TEST(tcp_delayed_ack, single_segment_is_acknowledged_within_the_delay) {
    script s = settled();
    s.in("P. 1:101(100) ack 1");
    s.quiet();
    s.wait(s.config.delayed_ack - 1);
    s.quiet();
    s.wait(1);
    s.expect(". 1:1(0) ack 101");
    EXPECT_LT(s.config.delayed_ack, 500 * milliseconds);
}

TEST(tcp_delayed_ack, every_second_full_segment_is_acknowledged_at_once) {
    script s = settled();
    for (int i = 0; i < 6; ++i) {
        int const at = 1 + i * 1000;
        s.in(". " + std::to_string(at) + ":" + std::to_string(at + 1000) + "(1000) ack 1");
        if (i % 2 == 0)
            s.quiet();
        else
            s.expect(". 1:1(0) ack " + std::to_string(at + 1000));
    }
}

TEST(tcp_delayed_ack, coalesced_segment_counts_as_its_parts) {
    script s = settled();
    s.in(". 1:2001(2000) ack 1 gso 1000");
    s.expect(". 1:1(0) ack 2001");
}

TEST(tcp_delayed_ack, rides_on_data_that_goes_the_other_way) {
    script s = settled();
    s.in("P. 1:101(100) ack 1");
    s.quiet();
    s.send(50);
    s.expect("P. 1:51(50) ack 101");
    s.wait(100 * milliseconds);
    s.quiet();
}

TEST(tcp_delayed_ack, first_segments_are_acknowledged_at_once) {
    script s;
    s.connect_fully();
    s.in("P. 1:101(100) ack 1");
    s.expect(". 1:1(0) ack 101");
}

TEST(tcp_delayed_ack, quick_ack_can_be_asked_for) {
    script s = settled();
    s.in("P. 1:101(100) ack 1");
    s.quiet();
    s.c->set_quick_ack(true, s.now);
    s.collect();
    s.expect(". 1:1(0) ack 101");
}

TEST(tcp_delayed_ack, segments_processed_together_are_acknowledged_together) {
    script s = settled();
    // Six arrive before output is asked for: one ACK (RFC 9293 MUST-58, MUST-59).
    std::array<std::byte, 1000> data{};
    for (std::uint32_t i = 0; i < 6; ++i) {
        segment in;
        in.flags = flag::ack;
        in.seq = sequence{0x7ffffff0} + 1 + i * 1000;
        in.ack = sequence{0xfffffff0} + 1;
        in.window = 65535;
        in.payload.first = data;
        s.c->on_segment(in, s.now);
    }
    s.collect();
    s.expect(". 1:1(0) ack 6001");
    s.quiet();
}

TEST(tcp_delayed_ack, gap_and_its_filling_are_acknowledged_at_once) {
    script s = settled();
    s.in("P. 101:201(100) ack 1");
    s.expect(". 1:1(0) ack 1");
    s.in("P. 1:101(100) ack 1");
    s.expect(". 1:1(0) ack 201");
}

}  // namespace
}  // namespace cardea::stack::tcp::test
