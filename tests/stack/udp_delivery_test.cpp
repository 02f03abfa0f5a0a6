// Datagrams between two hosts: addresses, sizes, order, and both versions of IP.
#include <gtest/gtest.h>

#include "packet_builder.hpp"

namespace cardea::stack {
namespace {

using namespace test;

class udp_delivery : public ::testing::TestWithParam<bool> {
  protected:
    bool v6() const { return GetParam(); }
    ip_version family() const { return v6() ? ip_version::v6 : ip_version::v4; }
    std::string_view a() const { return v6() ? "2001:db8::1" : "192.0.2.1"; }
    std::string_view b() const { return v6() ? "2001:db8::2" : "192.0.2.2"; }
    host_pair net;
};

TEST_P(udp_delivery, an_answer_goes_back_to_the_address_recv_from_gave) {
    auto server = net.b->open_udp(family());
    ASSERT_EQ(server->bind(at(b(), 53)), error::ok);
    auto client = net.a->open_udp(family());
    ASSERT_EQ(client->send_to(payload("question"), at(b(), 53), net.now).problem, error::ok);
    net.settle();
    receive_info info;
    EXPECT_EQ(receive(*server, net.now, &info), "question");
    EXPECT_EQ(info.from.address, ip(a()));
    EXPECT_EQ(info.from.port, client->local().port);
    EXPECT_EQ(info.to, at(b(), 53));
    EXPECT_FALSE(info.truncated);
    ASSERT_EQ(server->send_to(payload("answer"), info.from, net.now).problem, error::ok);
    net.settle();
    EXPECT_EQ(receive(*client, net.now), "answer");
    EXPECT_EQ(receive(*client, net.now), "<EAGAIN>");
}

TEST_P(udp_delivery, every_size_up_to_the_largest_arrives_whole) {
    auto server = net.b->open_udp(family());
    ASSERT_EQ(server->bind(at(b(), 9)), error::ok);
    auto client = net.a->open_udp(family());
    std::size_t const largest = v6() ? 65'527 : 65'507;
    for (std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{1471}, std::size_t{1472}, std::size_t{1473},
                             std::size_t{9000}, largest - 1, largest}) {
        std::string message(size, '\0');
        for (std::size_t i = 0; i < size; ++i) message[i] = static_cast<char>(i * 7 + i / 256);
        ASSERT_EQ(client->send_to(payload(message), at(b(), 9), net.now).problem, error::ok) << size;
        net.settle();
        EXPECT_TRUE(receive(*server, net.now) == message) << size;
    }
    std::string const too_big(largest + 1, 'x');
    EXPECT_EQ(client->send_to(payload(too_big), at(b(), 9), net.now).problem, error::emsgsize);
}

TEST_P(udp_delivery, no_packet_exceeds_the_mtu) {
    auto client = net.a->open_udp(family());
    std::string const message(20'000, 'x');
    ASSERT_EQ(client->send_to(payload(message), at(b(), 9), net.now).problem, error::ok);
    net.settle();
    ASSERT_GT(net.log.size(), 13U);
    for (auto const& s : net.log) EXPECT_LE(s.p.bytes.size(), 1500U);
}

TEST_P(udp_delivery, a_datagram_larger_than_the_buffer_is_truncated_visibly) {
    auto server = net.b->open_udp(family());
    ASSERT_EQ(server->bind(at(b(), 9)), error::ok);
    auto client = net.a->open_udp(family());
    client->send_to(payload("0123456789"), at(b(), 9), net.now);
    client->send_to(payload("next"), at(b(), 9), net.now);
    net.settle();
    std::array<std::byte, 4> small;
    receive_info info;
    auto const r = server->recv_from(small, info, 0, net.now);
    EXPECT_EQ(text(bytes_view{small}.first(r.size)), "0123");
    EXPECT_TRUE(info.truncated);
    EXPECT_EQ(info.full_size, 10U);
    EXPECT_EQ(receive(*server, net.now), "next");
}

TEST_P(udp_delivery, peeking_leaves_the_datagram) {
    auto server = net.b->open_udp(family());
    ASSERT_EQ(server->bind(at(b(), 9)), error::ok);
    auto client = net.a->open_udp(family());
    client->send_to(payload("once"), at(b(), 9), net.now);
    net.settle();
    std::array<std::byte, 8> into;
    receive_info info;
    EXPECT_EQ(server->recv_from(into, info, message::peek, net.now).size, 4U);
    EXPECT_EQ(receive(*server, net.now), "once");
    EXPECT_EQ(receive(*server, net.now), "<EAGAIN>");
}

TEST_P(udp_delivery, traffic_class_and_hop_limit_are_carried) {
    auto server = net.b->open_udp(family());
    ASSERT_EQ(server->bind(at(b(), 9)), error::ok);
    auto client = net.a->open_udp(family());
    ASSERT_EQ(client->set_option(socket_option::traffic_class, 0xb9, net.now), error::ok);
    ASSERT_EQ(client->set_option(socket_option::hop_limit, 7, net.now), error::ok);
    client->send_to(payload("x"), at(b(), 9), net.now);
    net.settle();
    receive_info info;
    receive(*server, net.now, &info);
    EXPECT_EQ(info.traffic_class, 0xb9);
    EXPECT_EQ(info.hop_limit, 7);
}

TEST_P(udp_delivery, fragments_are_as_large_as_the_path_takes) {
    auto const server = net.b->open_udp(family());
    ASSERT_EQ(server->bind(at(b(), 9)), error::ok);
    auto const client = net.a->open_udp(family());
    auto const data = filler((v6() ? 2 * 1448 : 2 * 1480) - 8);  // two that are full
    client->send_to({data, {}}, at(b(), 9), net.now);
    net.settle();
    EXPECT_EQ(net.log.size(), 2U);
    EXPECT_EQ(receive(*server, net.now), text(data));
}

TEST_P(udp_delivery, a_checksum_of_zero_is_sent_as_ones) {
    auto const client = net.a->open_udp(family());
    ASSERT_EQ(client->bind(at(a(), 5)), error::ok);
    auto const sent = [&](std::uint16_t word) {
        raw data(2);
        wire::put16(data, 0, word);
        net.log.clear();
        client->send_to({data, {}}, at(b(), 9), net.now);
        net.run_for(milliseconds(0));
        return wire::get16(net.log.at(0).p.bytes, (v6() ? 40U : 20U) + 6);
    };
    auto const sum = sent(0);
    EXPECT_EQ(sent(sum), 0xffff);  // it makes the sum all ones: its complement would be zero (RFC 768)
}

TEST_P(udp_delivery, checksums_can_be_left_out_over_ipv4_alone) {
    auto const client = net.a->open_udp(family());
    ASSERT_EQ(client->set_option(socket_option::checksum_off, 1, net.now), error::ok);
    client->send_to(payload("x"), at(b(), 9), net.now);
    net.run_for(milliseconds(0));
    auto const sum = wire::get16(net.log.at(0).p.bytes, (v6() ? 40U : 20U) + 6);
    EXPECT_EQ(sum == 0, !v6());  // RFC 8200 section 8.1
}

TEST_P(udp_delivery, a_segmented_send_has_its_bounds) {
    auto const client = net.a->open_udp(family());
    ASSERT_EQ(client->set_option(socket_option::segment_size, 10, net.now), error::ok);
    auto const data = filler(1290);
    EXPECT_EQ(client->send_to({bytes_view{data}.first(1280), {}}, at(b(), 9), net.now).problem, error::ok);
    EXPECT_EQ(client->send_to({data, {}}, at(b(), 9), net.now).problem, error::einval);  // more than 128
    ASSERT_EQ(client->set_option(socket_option::segment_size, 1480, net.now), error::ok);
    auto const large = filler(3000);
    EXPECT_EQ(client->send_to({large, {}}, at(b(), 9), net.now).problem, error::emsgsize);
}

TEST_P(udp_delivery, nothing_is_kept_once_reading_is_shut_down) {
    auto const server = net.b->open_udp(family());
    ASSERT_EQ(server->bind(at(b(), 9)), error::ok);
    ASSERT_EQ(server->connect(at(a(), 5), net.now), error::ok);
    auto const client = net.a->open_udp(family());
    ASSERT_EQ(client->bind(at(a(), 5)), error::ok);
    client->send_to(payload("before"), at(b(), 9), net.now);
    net.settle();
    ASSERT_EQ(server->shutdown(shutdown_mode::read, net.now), error::ok);
    client->send_to(payload("after"), at(b(), 9), net.now);
    net.settle();
    EXPECT_EQ(receive(*server, net.now), "before");
    EXPECT_EQ(receive(*server, net.now), "");
}

INSTANTIATE_TEST_SUITE_P(versions, udp_delivery, ::testing::Bool(),
                         [](auto const& p) { return p.param ? "v6" : "v4"; });

}  // namespace
}  // namespace cardea::stack
