// A router in the middle with a narrow link: TCP and UDP learn of it and go on (RFC 1191, RFC 8201).
#include <gtest/gtest.h>

#include <array>

#include "packet_builder.hpp"
#include "stack/tcp/connection.hpp"

namespace cardea::stack {
namespace {

using namespace test;

class host_path_mtu : public ::testing::TestWithParam<bool> {
  protected:
    static constexpr std::uint32_t narrow = 1300;

    void SetUp() override {
        net.pass = [this](bool from_a, packet& p) { return route(from_a, p); };
    }
    bool v6() const { return GetParam(); }
    ip_version family() const { return v6() ? ip_version::v6 : ip_version::v4; }
    std::string_view b() const { return v6() ? "2001:db8::2" : "192.0.2.2"; }

    bool route(bool from_a, packet const& p) {
        if (p.bytes.size() <= narrow) return true;
        ++too_big;
        if (!v6() && (wire::get16(p.bytes, 6) & 0x4000) == 0) return true;  // no DF: pretend it was cut
        auto& sender = from_a ? *net.a : *net.b;
        auto const quote = bytes_view{p.bytes}.first(std::min<std::size_t>(p.bytes.size(), 500));
        if (v6()) {
            std::string_view const to = from_a ? "2001:db8::1" : "2001:db8::2";
            sender.ingress(ipv6("2001:db8::fe", to, 58, icmp6("2001:db8::fe", to, 2, 0, narrow, quote)), {}, net.now);
        } else {
            sender.ingress(
                ipv4("192.0.2.254", from_a ? "192.0.2.1" : "192.0.2.2", 1, icmp4(3, 4, says_mtu ? narrow : 0, quote)),
                {}, net.now);
        }
        return false;
    }
    host_pair net;
    std::size_t too_big = 0;
    bool says_mtu = true;
};

TEST_P(host_path_mtu, a_tcp_stream_goes_through_in_smaller_segments) {
    auto listener = net.b->open_tcp(family());
    ASSERT_EQ(listener->bind(at(b(), 80)), error::ok);
    ASSERT_EQ(listener->listen(5, net.now), error::ok);
    auto client = net.a->open_tcp(family());
    client->connect(at(b(), 80), net.now);
    net.settle();
    auto const server = std::move(listener->accept(net.now).connection);
    auto const data = filler(200'000);
    ASSERT_EQ(client->send({data, {}}, 0, net.now).size, data.size());
    net.run_for(seconds(2));
    raw got(data.size());
    EXPECT_EQ(server->recv(got, 0, net.now).size, data.size());
    EXPECT_EQ(got, data);
    EXPECT_GT(too_big, 0U);
    EXPECT_LE(too_big, 10U);  // the first flight at most
    std::int64_t mtu = 0;
    client->get_option(socket_option::path_mtu, mtu, net.now);
    EXPECT_EQ(mtu, narrow);
}

TEST_P(host_path_mtu, what_one_connection_has_learnt_every_connection_to_that_host_obeys) {
    auto listener = net.b->open_tcp(family());
    ASSERT_EQ(listener->bind(at(b(), 80)), error::ok);
    ASSERT_EQ(listener->listen(5, net.now), error::ok);
    std::array<std::unique_ptr<cardea::stack::socket>, 2> clients;
    for (auto& c : clients) c = net.a->open_tcp(family()), c->connect(at(b(), 80), net.now);
    net.settle();
    auto const data = filler(20'000);
    clients[0]->send({data, {}}, 0, net.now);
    net.settle();
    EXPECT_GT(too_big, 0U);
    too_big = 0;
    clients[1]->send({data, {}}, 0, net.now);
    net.settle();
    EXPECT_EQ(too_big, 0U);
    EXPECT_EQ(clients[1]->connection()->info().unacknowledged, 0U);
}

TEST_P(host_path_mtu, a_tcp_connection_tries_larger_segments_again_after_ten_minutes) {
    auto listener = net.b->open_tcp(family());
    ASSERT_EQ(listener->bind(at(b(), 80)), error::ok);
    ASSERT_EQ(listener->listen(5, net.now), error::ok);
    auto client = net.a->open_tcp(family());
    client->connect(at(b(), 80), net.now);
    net.settle();
    auto const data = filler(20'000);
    client->send({data, {}}, 0, net.now);
    net.settle();
    auto const small = client->connection()->info().mss;
    EXPECT_LT(small, narrow);
    net.run_for(seconds(599));
    client->send({data, {}}, 0, net.now);
    EXPECT_EQ(client->connection()->info().mss, small);
    net.run_for(seconds(2));
    net.pass = {};  // the path has become wide again
    net.log.clear();
    client->send({data, {}}, 0, net.now);
    net.settle();
    EXPECT_GT(client->connection()->info().mss, small);
    std::size_t largest = 0;
    for (auto const& sent : net.log) largest = std::max(largest, sent.p.bytes.size());
    EXPECT_EQ(largest, 1500U);
    EXPECT_EQ(client->connection()->info().unacknowledged, 0U);
}

TEST_P(host_path_mtu, a_larger_segment_that_still_does_not_pass_is_cut_again) {
    auto listener = net.b->open_tcp(family());
    ASSERT_EQ(listener->bind(at(b(), 80)), error::ok);
    ASSERT_EQ(listener->listen(5, net.now), error::ok);
    auto client = net.a->open_tcp(family());
    client->connect(at(b(), 80), net.now);
    net.settle();
    auto const data = filler(20'000);
    client->send({data, {}}, 0, net.now);
    net.run_for(seconds(601));
    too_big = 0;
    client->send({data, {}}, 0, net.now);
    net.run_for(seconds(2));
    EXPECT_GT(too_big, 0U);
    EXPECT_LT(client->connection()->info().mss, narrow);
    EXPECT_EQ(client->connection()->info().unacknowledged, 0U);
}

TEST_P(host_path_mtu, a_udp_socket_fragments_after_the_first_loss) {
    auto server = net.b->open_udp(family());
    ASSERT_EQ(server->bind(at(b(), 9)), error::ok);
    auto client = net.a->open_udp(family());
    auto const data = filler(1400);
    client->send_to({data, {}}, at(b(), 9), net.now);
    net.settle();
    EXPECT_EQ(receive(*server, net.now), "<EAGAIN>");
    client->send_to({data, {}}, at(b(), 9), net.now);
    net.settle();
    EXPECT_EQ(receive(*server, net.now), text(data));
}

TEST_P(host_path_mtu, a_udp_socket_that_must_not_fragment_is_told) {
    auto client = net.a->open_udp(family());
    client->set_option(socket_option::mtu_discover, static_cast<int>(mtu_discovery::must), net.now);
    ASSERT_EQ(client->connect(at(b(), 9), net.now), error::ok);
    auto const data = filler(1400);
    EXPECT_EQ(client->send({data, {}}, 0, net.now).problem, error::ok);
    net.settle();
    EXPECT_EQ(client->send({data, {}}, 0, net.now).problem, error::emsgsize);  // the pending error
    EXPECT_EQ(client->send({data, {}}, 0, net.now).problem, error::emsgsize);  // the known path
    EXPECT_EQ(client->send({filler(1200), {}}, 0, net.now).problem, error::ok);
}

TEST_P(host_path_mtu, what_was_learnt_is_forgotten_after_ten_minutes) {
    auto client = net.a->open_udp(family());
    ASSERT_EQ(client->connect(at(b(), 9), net.now), error::ok);
    auto const data = filler(1400);
    client->send({data, {}}, 0, net.now);
    net.settle();
    std::int64_t mtu = 0;
    client->get_option(socket_option::path_mtu, mtu, net.now);
    EXPECT_EQ(mtu, narrow);
    net.run_for(seconds(600));
    client->get_option(socket_option::path_mtu, mtu, net.now);
    EXPECT_EQ(mtu, 1500);
}

TEST(host_path_mtu_v6, a_report_below_the_minimum_mtu_is_not_believed) {
    for (std::uint32_t reported : {0U, 68U, 1279U, 1280U}) {
        lone_host h;
        auto s = h.it->open_udp(ip_version::v6);
        ASSERT_EQ(s->connect(at(peer6, 9), h.now), error::ok);
        s->send({filler(1400), {}}, 0, h.now);
        auto const sent = h.poll();
        ASSERT_EQ(sent.size(), 1U);
        h.feed(ipv6("2001:db8::fe", self6, 58, icmp6("2001:db8::fe", self6, 2, 0, reported, sent[0].bytes)));
        std::int64_t mtu = 0;
        ASSERT_EQ(s->get_option(socket_option::path_mtu, mtu, h.now), error::ok);
        EXPECT_EQ(mtu, reported == 1280 ? 1280 : 1500) << reported;
    }
}

INSTANTIATE_TEST_SUITE_P(versions, host_path_mtu, ::testing::Bool(),
                         [](auto const& p) { return p.param ? "v6" : "v4"; });

}  // namespace
}  // namespace cardea::stack
