// ICMP errors that quote what this host cannot have sent, or a segment that is not in flight, change nothing (RFC
// 5927).
#include <gtest/gtest.h>

#include "packet_builder.hpp"

namespace cardea::stack {
namespace {

using namespace test;

class icmp_forgery : public ::testing::Test {
  protected:
    void SetUp() override {
        listener = net.b->open_tcp(ip_version::v4);
        ASSERT_EQ(listener->bind(at("192.0.2.2", 80)), error::ok);
        ASSERT_EQ(listener->listen(5, net.now), error::ok);
        client = net.a->open_tcp(ip_version::v4);
        client->connect(at("192.0.2.2", 80), net.now);
        net.settle();
        ASSERT_EQ(client->connect(at("192.0.2.2", 80), net.now), error::ok);
        // A segment that stays in flight: the link swallows it.
        net.pass = [](bool, packet&) { return false; };
        client->send({filler_data, {}}, 0, net.now);
        net.run_for(milliseconds(1));
        in_flight = net.log.back().p.bytes;
    }
    void tell(raw const& quoted, std::uint8_t code, std::uint32_t rest) {
        net.a->ingress(ipv4("192.0.2.254", "192.0.2.1", 1, icmp4(wire::icmpv4::unreachable, code, rest, quoted)), {},
                       net.now);
    }
    std::int64_t path_mtu() {
        std::int64_t mtu = 0;
        EXPECT_EQ(client->get_option(socket_option::path_mtu, mtu, net.now), error::ok);
        return mtu;
    }
    host_pair net;
    raw const filler_data = filler(1000);
    std::unique_ptr<cardea::stack::socket> listener, client;
    raw in_flight;
};

TEST_F(icmp_forgery, the_true_report_is_believed) {
    tell(in_flight, wire::icmpv4::code_fragmentation_needed, 1000);
    EXPECT_EQ(path_mtu(), 1000);
}

TEST_F(icmp_forgery, a_sequence_number_outside_the_flight_is_not_believed) {
    for (std::uint32_t off : {0x80000000U, 100'000U, 1000U, static_cast<std::uint32_t>(-100'000)}) {
        auto quoted = in_flight;
        wire::put32(quoted, 24, wire::get32(quoted, 24) + off);
        tell(quoted, wire::icmpv4::code_fragmentation_needed, 1000);
        EXPECT_EQ(path_mtu(), 1500) << off;
    }
}

TEST_F(icmp_forgery, another_port_or_source_is_not_believed) {
    for (std::size_t at : {15U, 20U, 22U}) {
        auto quoted = in_flight;
        quoted[at] ^= std::byte{1};
        tell(quoted, wire::icmpv4::code_fragmentation_needed, 1000);
        EXPECT_EQ(path_mtu(), 1500) << at;
    }
    EXPECT_EQ(net.a->counters().drops(drop_reason::icmp_unmatched), 1U);
}

// A UDP socket without a peer takes errors about anybody: it alone must not narrow the path of a connection.
TEST_F(icmp_forgery, a_datagram_that_was_never_sent_narrows_no_path) {
    auto const s = net.a->open_udp(ip_version::v4);
    ASSERT_EQ(s->bind(at("192.0.2.1", 53)), error::ok);
    raw const data = filler(1400);
    tell(ipv4("192.0.2.1", "192.0.2.2", wire::protocol::udp, udp("192.0.2.1", "192.0.2.2", 53, 9, data)),
         wire::icmpv4::code_fragmentation_needed, 1000);
    EXPECT_EQ(path_mtu(), 1500);
    s->send_to({data, {}}, at("192.0.2.2", 9), net.now);
    net.run_for(milliseconds(1));
    auto quoted = net.log.back().p.bytes;
    for (std::size_t at : {21U, 23U, 24U}) {  // from elsewhere, to elsewhere, longer than any
        auto forged = quoted;
        forged[at] ^= std::byte{0x80};
        tell(forged, wire::icmpv4::code_fragmentation_needed, 1000);
        EXPECT_EQ(path_mtu(), 1500) << at;
    }
    tell(quoted, wire::icmpv4::code_fragmentation_needed, 1450);  // it would have passed
    EXPECT_EQ(path_mtu(), 1500);
    tell(quoted, wire::icmpv4::code_fragmentation_needed, 1000);
    EXPECT_EQ(path_mtu(), 1000);
}

TEST_F(icmp_forgery, a_quote_too_short_for_the_ports_is_dropped) {
    for (std::size_t n = 0; n < 28; ++n) {
        raw const cut{in_flight.begin(), in_flight.begin() + static_cast<std::ptrdiff_t>(n)};
        tell(cut, wire::icmpv4::code_fragmentation_needed, 1000);
    }
    EXPECT_EQ(path_mtu(), 1500);
    EXPECT_EQ(net.a->counters().drops(drop_reason::icmp_unmatched), 28U);
}

TEST_F(icmp_forgery, an_established_connection_survives_an_unreachable_port) {
    tell(in_flight, wire::icmpv4::code_port, 0);
    net.pass = nullptr;
    net.run_for(seconds(5));
    std::int64_t e = 0;
    client->get_option(socket_option::pending_error, e, net.now);
    EXPECT_NE(static_cast<error>(e), error::econnreset);
    EXPECT_NE(client->readiness() & ready::drained, 0U);
}

TEST_F(icmp_forgery, a_report_never_raises_the_estimate_and_never_goes_below_the_floor) {
    tell(in_flight, wire::icmpv4::code_fragmentation_needed, 1000);
    tell(in_flight, wire::icmpv4::code_fragmentation_needed, 1400);
    EXPECT_EQ(path_mtu(), 1000);
    tell(in_flight, wire::icmpv4::code_fragmentation_needed, 20);
    EXPECT_EQ(path_mtu(), 1000);
    tell(in_flight, wire::icmpv4::code_fragmentation_needed, 300);
    EXPECT_EQ(path_mtu(), 552);
}

TEST_F(icmp_forgery, a_quote_of_a_later_fragment_has_no_ports_to_believe) {
    auto quoted = in_flight;
    wire::put16(quoted, 6, 1);
    tell(quoted, wire::icmpv4::code_fragmentation_needed, 1000);
    EXPECT_EQ(path_mtu(), 1500);
}

}  // namespace
}  // namespace cardea::stack
