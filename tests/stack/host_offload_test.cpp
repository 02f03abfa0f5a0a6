// What a device may do for us: partial checksums that it completes, large packets that it splits, and their way in.
#include <gtest/gtest.h>

#include "packet_builder.hpp"

namespace cardea::stack {
namespace {

using namespace test;

/// A device: completes the checksum and cuts a large TCP packet into wire segments.
std::vector<raw> device(packet const& p) {
    auto whole = p.bytes;
    auto const& m = p.meta;
    auto const complete = [&m](raw& b) {
        auto const sum = wire::internet_checksum(bytes_view{b}.subspan(m.checksum_start));
        wire::put16(b, std::size_t{m.checksum_start} + m.checksum_offset, sum);
    };
    if (m.gso == gso_kind::none) {
        if (m.checksum_partial) complete(whole);
        return {whole};
    }
    std::vector<raw> cut;
    bool const v4 = wire::get8(whole, 0) >> 4 == 4;
    std::size_t const data = whole.size() - m.header_size;
    for (std::size_t at = 0; at < data; at += m.gso_size) {
        auto const n = std::min<std::size_t>(m.gso_size, data - at);
        auto s = joined(bytes_view{whole}.first(m.header_size), bytes_view{whole}.subspan(m.header_size + at, n));
        std::size_t const transport = m.checksum_start;
        auto const transport_size = static_cast<std::uint32_t>(s.size() - transport);
        wire::checksum pseudo;
        if (v4) {
            wire::put16(s, 2, static_cast<std::uint16_t>(s.size()));
            wire::refresh_ipv4_checksum(std::span{s}.first(20));
            pseudo.add(bytes_view{s}.subspan(12, 8));
        } else {
            wire::put16(s, 4, static_cast<std::uint16_t>(s.size() - 40));
            pseudo.add(bytes_view{s}.subspan(8, 32));
        }
        auto const protocol = static_cast<std::uint16_t>(m.gso == gso_kind::tcp ? 6 : 17);
        pseudo.add16(protocol).add16(static_cast<std::uint16_t>(transport_size));
        if (m.gso == gso_kind::tcp) {
            wire::put32(s, transport + 4, wire::get32(s, transport + 4) + static_cast<std::uint32_t>(at));
            if (at + n < data) s[transport + 13] &= std::byte{0xf6};  // FIN and PSH on the last only
        } else {
            wire::put16(s, transport + 4, static_cast<std::uint16_t>(transport_size));
        }
        wire::put16(s, transport + m.checksum_offset, pseudo.partial());
        complete(s);
        cut.push_back(std::move(s));
    }
    return cut;
}

class host_offload : public ::testing::TestWithParam<bool> {
  protected:
    ip_version family() const { return GetParam() ? ip_version::v6 : ip_version::v4; }
    std::string_view b() const { return GetParam() ? "2001:db8::2" : "192.0.2.2"; }
    static void all_on(host_config& c) { c.offload = {true, true, true, 60'000}; }

    /// Hands every packet to the other host cut and completed: what a wire would carry.
    void through_a_device(host_pair& net) {
        net.pass = [&net, this](bool from_a, packet& p) {
            largest = std::max(largest, p.bytes.size());
            partial += p.meta.checksum_partial ? 1U : 0U;
            for (auto const& s : device(p)) {
                EXPECT_LE(s.size(), 1500U);
                (from_a ? *net.b : *net.a).ingress(s, {}, net.now);
            }
            return false;
        };
    }
    std::size_t largest = 0;
    std::size_t partial = 0;
};

TEST_P(host_offload, a_stream_in_large_packets_arrives_whole) {
    host_pair net{all_on};
    through_a_device(net);
    auto listener = net.b->open_tcp(family());
    ASSERT_EQ(listener->bind(at(b(), 80)), error::ok);
    ASSERT_EQ(listener->listen(5, net.now), error::ok);
    auto client = net.a->open_tcp(family());
    client->connect(at(b(), 80), net.now);
    net.settle();
    auto const server = std::move(listener->accept(net.now).connection);
    auto const data = filler(250'000);
    ASSERT_EQ(client->send({data, {}}, 0, net.now).size, data.size());
    net.run_for(seconds(1));
    raw got(data.size());
    EXPECT_EQ(server->recv(got, 0, net.now).size, data.size());
    EXPECT_EQ(got, data);
    EXPECT_GT(largest, 10'000U);
    EXPECT_GT(partial, 3U);
    EXPECT_EQ(net.b->counters().drops(drop_reason::bad_checksum), 0U);
}

TEST_P(host_offload, large_packets_are_taken_as_they_are) {
    host_pair net{all_on};
    std::size_t large = 0;
    net.pass = [&large](bool, packet& p) { return large += p.meta.gso == gso_kind::tcp ? 1U : 0U, true; };
    auto listener = net.b->open_tcp(family());
    ASSERT_EQ(listener->bind(at(b(), 80)), error::ok);
    ASSERT_EQ(listener->listen(5, net.now), error::ok);
    auto client = net.a->open_tcp(family());
    client->connect(at(b(), 80), net.now);
    net.settle();
    auto const server = std::move(listener->accept(net.now).connection);
    auto const data = filler(250'000);
    ASSERT_EQ(client->send({data, {}}, 0, net.now).size, data.size());
    net.run_for(seconds(1));
    raw got(data.size());
    EXPECT_EQ(server->recv(got, 0, net.now).size, data.size());
    EXPECT_EQ(got, data);
    EXPECT_GT(large, 0U);
}

TEST_P(host_offload, a_segmented_udp_send_is_one_packet_here_and_many_datagrams_there) {
    host_pair net{all_on};
    through_a_device(net);
    auto server = net.b->open_udp(family());
    ASSERT_EQ(server->bind(at(b(), 9)), error::ok);
    auto client = net.a->open_udp(family());
    ASSERT_EQ(client->set_option(socket_option::segment_size, 1000, 0), error::ok);
    auto const data = filler(4500);
    EXPECT_EQ(client->send_to({data, {}}, at(b(), 9), net.now).size, data.size());
    net.settle();
    EXPECT_EQ(net.log.size(), 1U);
    std::string all;
    for (std::size_t want : {1000U, 1000U, 1000U, 1000U, 500U}) {
        auto const piece = receive(*server, net.now);
        EXPECT_EQ(piece.size(), want);
        all += piece;
    }
    EXPECT_EQ(all, text(data));
}

TEST_P(host_offload, without_the_offload_the_same_send_is_many_packets) {
    host_pair net;
    auto server = net.b->open_udp(family());
    ASSERT_EQ(server->bind(at(b(), 9)), error::ok);
    auto client = net.a->open_udp(family());
    ASSERT_EQ(client->set_option(socket_option::segment_size, 1000, 0), error::ok);
    auto const data = filler(4500);
    auto const split = payload_view{bytes_view{data}.first(1700), bytes_view{data}.subspan(1700)};
    EXPECT_EQ(client->send_to(split, at(b(), 9), net.now).size, data.size());
    net.settle();
    EXPECT_EQ(net.log.size(), 5U);
    std::string all;
    for (int i = 0; i < 5; ++i) all += receive(*server, net.now);
    EXPECT_EQ(all, text(data));
}

TEST_P(host_offload, glued_datagrams_are_taken_apart) {
    lone_host h;
    auto s = h.it->open_udp(family());
    ASSERT_EQ(s->bind({GetParam() ? ip(self6) : ip(self4), 9}), error::ok);
    auto const data = filler(2500);
    packet_meta m;
    m.gso = gso_kind::udp, m.gso_size = 1000, m.checksum_partial = true;
    auto const p = GetParam() ? ipv6(peer6, self6, 17, udp(peer6, self6, 5, 9, data))
                              : ipv4(peer4, self4, 17, udp(peer4, self4, 5, 9, data));
    h.feed(p, m);
    EXPECT_EQ(receive(*s, h.now).size(), 1000U);
    EXPECT_EQ(receive(*s, h.now).size(), 1000U);
    EXPECT_EQ(receive(*s, h.now).size(), 500U);
    EXPECT_EQ(receive(*s, h.now), "<EAGAIN>");
}

TEST_P(host_offload, a_datagram_in_fragments_has_its_checksum_made_here) {
    host_pair net{all_on};
    through_a_device(net);
    auto const server = net.b->open_udp(family());
    ASSERT_EQ(server->bind(at(b(), 9)), error::ok);
    auto const client = net.a->open_udp(family());
    auto const data = filler(3000);
    client->send_to({data, {}}, at(b(), 9), net.now);
    net.settle();
    EXPECT_EQ(receive(*server, net.now), text(data));  // no device could complete it
}

INSTANTIATE_TEST_SUITE_P(versions, host_offload, ::testing::Bool(),
                         [](auto const& p) { return p.param ? "v6" : "v4"; });

}  // namespace
}  // namespace cardea::stack
