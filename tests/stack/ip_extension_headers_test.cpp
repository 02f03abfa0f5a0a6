// IPv6 extension headers as RFC 8200 section 4 wants them: skipped, obeyed, or refused with the right pointer.
#include <gtest/gtest.h>

#include "packet_builder.hpp"

namespace cardea::stack {
namespace {

using namespace test;

class ip_extension_headers : public ::testing::Test {
  protected:
    void SetUp() override {
        socket = h.it->open_udp(ip_version::v6);
        ASSERT_EQ(socket->bind({ip_address::any_v6(), 9}), error::ok);
    }
    /// The given extension headers (each naming its successor itself), then UDP.
    raw with(std::uint8_t first, raw const& extensions) {
        return ipv6(peer6, self6, first, joined(extensions, udp(peer6, self6, 5, 9, bytes("data"))));
    }
    struct problem {
        unsigned code;
        std::uint32_t pointer;
        bool operator==(problem const&) const = default;
    };
    std::optional<problem> answer(raw const& p) {
        auto const out = h.feed(p);
        if (out.size() != 1 || wire::get8(out[0].bytes, 40) != wire::icmpv6::parameter_problem) return std::nullopt;
        return problem{wire::get8(out[0].bytes, 41), wire::get32(out[0].bytes, 44)};
    }
    lone_host h;
    std::unique_ptr<cardea::stack::socket> socket;
};

TEST_F(ip_extension_headers, known_ones_are_skipped) {
    auto const p = with(0, octets({60, 0, 5, 2, 0, 0, 1, 0,     // hop-by-hop: router alert, PadN
                                   43, 0, 1, 4, 0, 0, 0, 0,     // destination options: PadN
                                   17, 0, 0, 0, 0, 0, 0, 0}));  // routing, no segments left
    EXPECT_EQ(h.why_dropped(p), drop_reason::none);
    EXPECT_EQ(receive(*socket, h.now), "data");
}

TEST_F(ip_extension_headers, an_atomic_fragment_is_a_whole_packet) {
    EXPECT_EQ(h.why_dropped(with(44, octets({17, 0, 0, 0, 1, 2, 3, 4}))), drop_reason::none);
    EXPECT_EQ(receive(*socket, h.now), "data");
    EXPECT_EQ(h.it->counters().reassembly_bytes, 0U);
}

TEST_F(ip_extension_headers, hop_by_hop_options_anywhere_but_first_are_refused) {
    auto const p = with(60, octets({0, 0, 1, 4, 0, 0, 0, 0, 17, 0, 1, 4, 0, 0, 0, 0}));
    EXPECT_EQ(answer(p), (problem{1, 40}));
}

TEST_F(ip_extension_headers, a_route_with_segments_left_is_refused) {
    EXPECT_EQ(answer(with(43, octets({17, 0, 0, 1, 0, 0, 0, 0}))), (problem{0, 42}));
}

TEST_F(ip_extension_headers, unknown_options_are_treated_as_their_type_says) {
    auto const option = [this](unsigned type) { return with(60, octets({17, 0, type, 4, 0, 0, 0, 0})); };
    EXPECT_EQ(h.why_dropped(option(0x1e)), drop_reason::none);
    EXPECT_EQ(receive(*socket, h.now), "data");
    EXPECT_EQ(h.why_dropped(option(0x5e)), drop_reason::bad_options);
    EXPECT_EQ(answer(option(0x5e)), std::nullopt);
    EXPECT_EQ(answer(option(0x9e)), (problem{2, 42}));
    EXPECT_EQ(answer(option(0xde)), (problem{2, 42}));
    EXPECT_EQ(receive(*socket, h.now), "<EAGAIN>");
}

TEST_F(ip_extension_headers, an_option_that_overruns_its_header_is_refused) {
    EXPECT_EQ(answer(with(60, octets({17, 0, 1, 5, 0, 0, 0, 0}))), (problem{0, 42}));
}

TEST_F(ip_extension_headers, a_chain_that_overruns_the_packet_is_dropped) {
    EXPECT_EQ(h.why_dropped(ipv6(peer6, self6, 60, octets({17, 200, 1, 4, 0, 0, 0, 0}))), drop_reason::truncated);
}

TEST_F(ip_extension_headers, an_endless_chain_is_dropped) {
    raw chain;
    for (int i = 0; i < 40; ++i) chain = joined(chain, octets({60, 0, 1, 4, 0, 0, 0, 0}));
    EXPECT_EQ(h.why_dropped(with(60, chain)), drop_reason::bad_options);
}

/// RFC 8200 section 4.5, RFC 7112: what is upper has to be in the first fragment, whole as far as its header goes.
TEST_F(ip_extension_headers, a_first_fragment_without_all_headers_is_refused) {
    auto const first = [](unsigned next, raw const& fragmentable) {
        return ipv6(peer6, self6, 44, joined(octets({next, 0, 0, 1, 1, 2, 3, 4}), fragmentable));
    };
    raw const padding = octets({60, 0, 1, 4, 0, 0, 0, 0});
    EXPECT_EQ(answer(first(60, padding)), (problem{3, 0}));                            // another header was to follow
    EXPECT_EQ(answer(first(60, octets({17, 1, 1, 4, 0, 0, 0, 0}))), (problem{3, 0}));  // it ends elsewhere
    EXPECT_EQ(answer(first(60, octets({17, 0, 1, 4, 0, 0, 0, 0}))), (problem{3, 0}));
    EXPECT_EQ(answer(first(6, raw(16))), (problem{3, 0}));  // TCP's is longer
    EXPECT_EQ(answer(first(60, joined(octets({6, 0, 1, 4, 0, 0, 0, 0}), raw(16)))), (problem{3, 0}));
    EXPECT_EQ(h.why_dropped(first(6, raw(8))), drop_reason::truncated);
    EXPECT_EQ(h.it->counters().reassembly_bytes, 0U);

    for (auto const& p : {first(17, raw(8)), first(58, raw(8)), first(6, raw(24)), first(200, raw(8)),
                          first(60, octets({59, 0, 1, 4, 0, 0, 0, 0}))})
        EXPECT_TRUE(h.feed(p).empty());
    EXPECT_GT(h.it->counters().reassembly_bytes, 0U);
}

TEST_F(ip_extension_headers, headers_that_a_datagram_in_fragments_has_are_read_once_it_is_whole) {
    auto const whole = joined(octets({17, 0, 0x9e, 4, 0, 0, 0, 0}), udp(peer6, self6, 5, 9, bytes("data")));
    auto const piece = [&](std::size_t from, std::size_t to, unsigned id) {
        unsigned const offset_and_more = static_cast<unsigned>(from) | (to < whole.size() ? 1U : 0U);
        return ipv6(
            peer6, self6, 44,
            joined(octets({60, 0, 0, offset_and_more, 0, 0, 0, id}), bytes_view{whole}.subspan(from, to - from)));
    };
    EXPECT_TRUE(h.feed(piece(16, whole.size(), 1)).empty());
    EXPECT_EQ(answer(piece(0, 16, 1)), (problem{2, 42}));
    EXPECT_EQ(receive(*socket, h.now), "<EAGAIN>");
}

TEST_F(ip_extension_headers, no_next_header_ends_in_silence) {
    EXPECT_TRUE(h.feed(ipv6(peer6, self6, 59, bytes("ignored!"))).empty());
}

TEST_F(ip_extension_headers, fragments_that_cannot_be_put_together_are_reported) {
    auto const piece = [](std::uint16_t offset, bool more, std::uint8_t next, bytes_view data) {
        wire::ipv6_fragment f;
        f.more = more, f.offset = offset;
        raw header(8);
        wire::emit_ipv6_fragment(next, f, header);
        return ipv6(peer6, self6, 44, joined(header, data));
    };
    EXPECT_EQ(answer(piece(65'528, false, 17, filler(8))), (problem{0, 42}));  // past 65535 (RFC 8200 section 4.5)
    EXPECT_EQ(answer(piece(0, true, 17, filler(9))), (problem{0, 4}));         // no multiple of eight
    // The first fragment holds the whole chain of headers (RFC 7112).
    EXPECT_EQ(answer(piece(0, true, 60, octets({17, 9, 1, 4, 0, 0, 0, 0}))), (problem{3, 0}));
}

}  // namespace
}  // namespace cardea::stack
