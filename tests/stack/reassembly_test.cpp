// Fragments put together in any order, never wrongly, and within bounds.
#include <gtest/gtest.h>

#include <algorithm>

#include "packet_builder.hpp"

namespace cardea::stack {
namespace {

using namespace test;

class reassembly : public ::testing::TestWithParam<bool> {
  protected:
    void SetUp() override { open(); }
    void open() {
        socket = h.it->open_udp(ip_version::v6);
        ASSERT_EQ(socket->bind({ip_address::any_v6(), 9}), error::ok);
    }
    bool v6() const { return GetParam(); }
    raw datagram(std::size_t size) const {
        return v6() ? udp(peer6, self6, 5, 9, filler(size)) : udp(peer4, self4, 5, 9, filler(size));
    }
    /// Octets [from, to) of a datagram as a fragment.
    raw piece(raw const& whole, std::size_t from, std::size_t to, unsigned id = 1, unsigned ecn = 0) const {
        bool const more = to < whole.size();
        auto const data = bytes_view{whole}.subspan(from, to - from);
        if (!v6())
            return ipv4(peer4, self4, 17, data, [&](wire::ipv4_header& f) {
                f.identification = static_cast<std::uint16_t>(id);
                f.more_fragments = more;
                f.fragment_offset = static_cast<std::uint16_t>(from);
                f.tos = static_cast<std::uint8_t>(ecn);
            });
        raw header(8);
        wire::ipv6_fragment f;
        f.more = more, f.offset = static_cast<std::uint16_t>(from), f.identification = id;
        wire::emit_ipv6_fragment(17, f, header);
        return ipv6(peer6, self6, 44, joined(header, data),
                    [&](wire::ipv6_header& i) { i.traffic_class = static_cast<std::uint8_t>(ecn); });
    }
    std::string got(receive_info* info = nullptr) { return receive(*socket, h.now, info); }
    std::string expected(std::size_t size) const { return text(filler(size)); }

    lone_host h;
    std::unique_ptr<cardea::stack::socket> socket;
};

TEST_P(reassembly, every_order_of_four_fragments_gives_the_datagram) {
    auto const whole = datagram(100);
    std::array<std::size_t, 5> const cuts{0, 32, 64, 96, whole.size()};
    std::array<std::size_t, 4> order{0, 1, 2, 3};
    do {
        for (auto i : order) h.feed(piece(whole, cuts[i], cuts[i + 1]));
        ASSERT_EQ(got(), expected(100));
    } while (std::next_permutation(order.begin(), order.end()));
    EXPECT_EQ(h.it->counters().reassembly_bytes, 0U);
}

TEST_P(reassembly, an_exact_duplicate_is_ignored) {
    auto const whole = datagram(100);
    h.feed(piece(whole, 0, 48));
    h.feed(piece(whole, 0, 48));
    h.feed(piece(whole, 48, whole.size()));
    EXPECT_EQ(got(), expected(100));
}

TEST_P(reassembly, an_overlap_kills_the_datagram_and_what_still_comes) {
    auto const whole = datagram(100);
    for (auto const& [from, to] :
         {std::pair{40U, 56U}, std::pair{0U, 56U}, std::pair{8U, 16U}, std::pair{40U, 108U}, std::pair{0U, 40U}}) {
        h.feed(piece(whole, 0, 48));
        EXPECT_EQ(h.why_dropped(piece(whole, from, to)), drop_reason::fragment_overlap);
        h.feed(piece(whole, 0, 48));
        h.feed(piece(whole, 48, whole.size()));
        EXPECT_EQ(got(), "<EAGAIN>");
        h.now += seconds(61);
        EXPECT_TRUE(h.poll().empty());  // nobody is told of the time that has run out for it
    }
    EXPECT_EQ(h.it->counters().reassembly_bytes, 0U);
}

TEST_P(reassembly, a_duplicate_with_other_content_is_an_overlap) {
    auto const whole = datagram(100);
    auto forged = whole;
    forged[20] ^= std::byte{1};
    h.feed(piece(whole, 0, 48));
    EXPECT_EQ(h.why_dropped(piece(forged, 0, 48)), drop_reason::fragment_overlap);
}

TEST_P(reassembly, data_past_the_end_kills_the_datagram) {
    auto const whole = datagram(100);
    auto const longer = datagram(200);
    h.feed(piece(whole, 96, whole.size()));
    EXPECT_EQ(h.why_dropped(piece(longer, 112, 120)), drop_reason::bad_header);
}

TEST_P(reassembly, time_runs_out_after_a_minute_and_the_sender_of_the_first_fragment_hears_of_it) {
    auto const whole = datagram(100);
    h.feed(piece(whole, 0, 48, 1));
    h.feed(piece(whole, 48, whole.size(), 2));
    EXPECT_EQ(h.it->next_deadline(), h.now + seconds(60));
    h.now += seconds(60);
    auto const out = h.poll();
    ASSERT_EQ(out.size(), 1U);
    std::size_t const header = v6() ? 40 : 20;
    EXPECT_EQ(wire::get8(out[0].bytes, header), v6() ? wire::icmpv6::time_exceeded : wire::icmpv4::time_exceeded);
    EXPECT_EQ(wire::get8(out[0].bytes, header + 1), 1);
    EXPECT_EQ(h.it->next_deadline(), never);
    EXPECT_EQ(h.it->counters().reassembly_bytes, 0U);
    EXPECT_EQ(h.it->counters().drops(drop_reason::fragment_timeout), 2U);
}

TEST_P(reassembly, memory_stays_within_its_bound_and_the_oldest_gives_way) {
    h = lone_host{[](host_config& c) { c.reassembly_bytes = 20'000; }};
    open();
    auto const whole = datagram(1000);
    for (unsigned id = 0; id < 1000; ++id) {
        h.feed(piece(whole, 0, 512, id));
        ASSERT_LE(h.it->counters().reassembly_bytes, 20'000U);
    }
    h.feed(piece(whole, 512, whole.size(), 0));
    EXPECT_EQ(got(), "<EAGAIN>");
    h.feed(piece(whole, 512, whole.size(), 999));
    EXPECT_EQ(got(), expected(1000));
}

TEST_P(reassembly, tiny_fragments_are_bounded_in_number) {
    auto const whole = datagram(8000);
    std::size_t refused = 0;
    for (std::size_t at = 0; at + 8 < whole.size(); at += 8)
        refused += h.why_dropped(piece(whole, at, at + 8)) == drop_reason::fragment_limit ? 1U : 0U;
    EXPECT_GT(refused, 0U);
}

TEST_P(reassembly, congestion_marks_survive) {
    auto const whole = datagram(100);
    h.feed(piece(whole, 0, 48, 1, 2));
    h.feed(piece(whole, 48, whole.size(), 1, 3));
    receive_info info;
    EXPECT_EQ(got(&info), expected(100));
    EXPECT_EQ(info.traffic_class & 3, 3);
    h.feed(piece(whole, 0, 48, 2, 0));
    EXPECT_EQ(h.why_dropped(piece(whole, 48, whole.size(), 2, 3)), drop_reason::fragment_ecn);
}

TEST_P(reassembly, a_middle_fragment_whose_length_is_no_multiple_of_eight_is_refused) {
    EXPECT_EQ(h.why_dropped(piece(datagram(100), 0, 47)), drop_reason::bad_header);
}

TEST_P(reassembly, two_ends_that_differ_kill_the_datagram) {
    auto const whole = datagram(100), shorter = datagram(48);  // with the header 108 and 56 octets
    h.feed(piece(whole, 96, whole.size()));
    EXPECT_EQ(h.why_dropped(piece(shorter, 48, shorter.size())), drop_reason::bad_header);
    h.feed(piece(whole, 64, 72, 2));
    EXPECT_EQ(h.why_dropped(piece(shorter, 48, shorter.size(), 2)), drop_reason::bad_header);
}

TEST_P(reassembly, the_whole_has_its_checksum_verified) {
    auto spoiled = datagram(100);
    spoiled[50] ^= std::byte{1};
    h.feed(piece(spoiled, 0, 48));
    EXPECT_EQ(h.why_dropped(piece(spoiled, 48, spoiled.size())), drop_reason::bad_checksum);
    EXPECT_EQ(got(), "<EAGAIN>");
}

TEST_P(reassembly, no_more_datagrams_than_the_bound_are_begun) {
    h = lone_host{[](host_config& c) { c.reassembly_datagrams = 4; }};
    open();
    auto const whole = datagram(100);
    for (unsigned id = 1; id <= 5; ++id) h.feed(piece(whole, 0, 48, id));
    h.feed(piece(whole, 48, whole.size(), 2));
    EXPECT_EQ(got(), expected(100));
    h.feed(piece(whole, 48, whole.size(), 1));  // the oldest had to give way
    EXPECT_EQ(got(), "<EAGAIN>");
}

TEST_P(reassembly, one_without_its_first_fragment_does_not_silence_the_others) {
    auto const whole = datagram(100);
    h.feed(piece(whole, 48, whole.size(), 1));
    h.feed(piece(whole, 0, 48, 2));
    h.now += seconds(60);
    EXPECT_EQ(h.poll().size(), 1U);
    EXPECT_EQ(h.it->counters().drops(drop_reason::fragment_timeout), 2U);
}

INSTANTIATE_TEST_SUITE_P(versions, reassembly, ::testing::Bool(), [](auto const& p) { return p.param ? "v6" : "v4"; });

TEST(reassembly_v6, a_first_fragment_without_its_whole_header_chain_is_refused) {
    lone_host h;
    raw header(8);
    wire::ipv6_fragment f;
    f.more = true;
    auto const first = [&](std::uint8_t next, raw const& data) {
        wire::emit_ipv6_fragment(next, f, header);
        return ipv6(peer6, self6, 44, joined(header, data));
    };
    raw const options = octets({17, 0, 1, 4, 0, 0, 0, 0});
    EXPECT_EQ(h.why_dropped(first(60, octets({17, 9, 1, 4, 0, 0, 0, 0}))), drop_reason::truncated);
    EXPECT_EQ(h.why_dropped(first(60, options)), drop_reason::truncated);  // and nothing of the datagram
    EXPECT_EQ(h.why_dropped(first(6, filler(16))), drop_reason::truncated);
    EXPECT_EQ(h.it->counters().reassembly_bytes, 0U);
    EXPECT_EQ(h.why_dropped(first(60, joined(options, filler(8)))), drop_reason::none);
    f.offset = 16;
    EXPECT_EQ(h.why_dropped(first(60, filler(8))), drop_reason::none);  // what is no first one begins anywhere
}

TEST(reassembly_v4, fragments_of_two_protocols_are_of_two_datagrams) {
    lone_host h;
    auto const s = h.it->open_udp(ip_version::v4);
    ASSERT_EQ(s->bind({ip_address::any_v4(), 9}), error::ok);
    auto const whole = udp(peer4, self4, 5, 9, filler(100));
    auto const piece = [&](std::uint8_t protocol, std::size_t from, std::size_t to) {
        return ipv4(peer4, self4, protocol, bytes_view{whole}.subspan(from, to - from), [&](wire::ipv4_header& f) {
            f.identification = 1;
            f.more_fragments = to < whole.size();
            f.fragment_offset = static_cast<std::uint16_t>(from);
        });
    };
    h.feed(piece(17, 0, 48));
    h.feed(piece(1, 48, whole.size()));
    EXPECT_EQ(receive(*s, h.now), "<EAGAIN>");
    h.feed(piece(17, 48, whole.size()));
    EXPECT_EQ(receive(*s, h.now), text(filler(100)));
    EXPECT_EQ(h.why_dropped(piece(17, whole.size() / 8 * 8 + 8, whole.size() / 8 * 8 + 8)), drop_reason::bad_header);
}

TEST(reassembly_v6, what_stood_before_the_fragment_header_stands_before_the_whole) {
    lone_host h;
    auto const s = h.it->open_udp(ip_version::v6);
    ASSERT_EQ(s->bind({ip_address::any_v6(), 9}), error::ok);
    auto const whole = udp(peer6, self6, 5, 9, filler(100));
    for (std::size_t from : {0U, 48U}) {
        std::size_t const n = from == 0 ? 48 : whole.size() - 48;
        wire::ipv6_fragment f;
        f.more = from == 0, f.offset = static_cast<std::uint16_t>(from);
        raw header(8);
        wire::emit_ipv6_fragment(17, f, header);
        auto const options = octets({44, 0, 1, 4, 0, 0, 0, 0});  // destination options: PadN
        h.feed(ipv6(peer6, self6, 60, joined(options, joined(header, bytes_view{whole}.subspan(from, n)))));
    }
    EXPECT_EQ(receive(*s, h.now), text(filler(100)));
}

}  // namespace
}  // namespace cardea::stack
