// Captures as the draft lays them out, block by block, and checksums as a wire would show them.
#include <gtest/gtest.h>

#include "packet_builder.hpp"
#include "stack/pcapng.hpp"

namespace cardea::stack {
namespace {

using namespace test;

class memory_sink final : public byte_sink {
  public:
    void write(bytes_view b) override { bytes.insert(bytes.end(), b.begin(), b.end()); }
    raw bytes;
};

std::uint32_t little32(bytes_view b, std::size_t at) {
    std::uint32_t v = 0;
    for (std::size_t i = 4; i-- > 0;) v = (v << 8) | std::to_integer<std::uint32_t>(b[at + i]);
    return v;
}

struct block {
    std::uint32_t type;
    raw body;
};

std::vector<block> blocks_of(raw const& file) {
    std::vector<block> all;
    for (std::size_t at = 0; at + 12 <= file.size();) {
        auto const size = little32(file, at + 4);
        EXPECT_EQ(size % 4, 0U);
        if (size < 12 || at + size > file.size()) {
            ADD_FAILURE() << "block of " << size << " at " << at;
            break;
        }
        EXPECT_EQ(little32(file, at + size - 4), size);
        auto const body = bytes_view{file}.subspan(at + 8, size - 12);
        all.push_back({little32(file, at), raw{body.begin(), body.end()}});
        at += size;
    }
    return all;
}

TEST(pcapng, is_a_section_its_interfaces_and_its_packets) {
    memory_sink out;
    pcapng_writer w{out};
    EXPECT_EQ(w.add_interface("client"), 0U);
    EXPECT_EQ(w.add_interface("server"), 1U);
    auto const p = ipv4(peer4, self4, 17, udp(peer4, self4, 5, 9, bytes("odd")));
    w.write(1, (std::int64_t{1} << 33) + 5, packet_view{p}, packet_direction::outbound, "lost on the way");
    w.write(0, 7, packet_view{p}, packet_direction::unknown);

    auto const all = blocks_of(out.bytes);
    ASSERT_EQ(all.size(), 5U);
    EXPECT_EQ(all[0].type, 0x0a0d0d0aU);
    EXPECT_EQ(little32(all[0].body, 0), 0x1a2b3c4dU);
    EXPECT_EQ(all[1].type, 1U);
    EXPECT_EQ(little32(all[1].body, 0), 101U);
    EXPECT_NE(text(all[1].body).find("client"), std::string::npos);
    EXPECT_NE(text(all[1].body).find(std::string("\x09\0\x01\0\x09", 5)), std::string::npos);
    EXPECT_EQ(all[3].type, 6U);
    auto const& packet = all[3].body;
    EXPECT_EQ(little32(packet, 0), 1U);
    EXPECT_EQ(little32(packet, 4), 2U);
    EXPECT_EQ(little32(packet, 8), 5U);
    EXPECT_EQ(little32(packet, 12), p.size());
    EXPECT_EQ(raw(packet.begin() + 20, packet.begin() + 20 + static_cast<std::ptrdiff_t>(p.size())), p);
    EXPECT_NE(text(packet).find("lost on the way"), std::string::npos);
    EXPECT_EQ(all[4].body.size(), 20 + (p.size() + 3) / 4 * 4);
}

TEST(pcapng, completes_a_checksum_that_was_left_to_the_device) {
    host_pair net{[](host_config& c) { c.offload = {true, true, true, 60'000}; }};
    auto s = net.a->open_udp(ip_version::v4);
    s->send_to(payload("data"), at("192.0.2.2", 9), net.now);
    net.settle();
    auto const& sent = net.log.front().p;
    ASSERT_TRUE(sent.meta.checksum_partial);
    memory_sink out;
    pcapng_writer w{out};
    w.add_interface("a");
    w.write(0, 0, sent.view(), packet_direction::outbound);
    auto const all = blocks_of(out.bytes);
    auto const shown = bytes_view{all.back().body}.subspan(20, sent.bytes.size());
    lone_host checker{[](host_config& c) { c.addresses = {ip_prefix::parse("192.0.2.2/24").value()}; }};
    EXPECT_EQ(checker.why_dropped(shown), drop_reason::no_socket);
    EXPECT_EQ(checker.why_dropped(sent.bytes), drop_reason::bad_checksum);
}

}  // namespace
}  // namespace cardea::stack
