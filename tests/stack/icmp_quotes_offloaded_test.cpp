// A packet whose checksum was left to a device that never did it: an error quotes it as its sender meant it, so that
// whoever looks at the quoted packet does not see a bad checksum.
#include <gtest/gtest.h>

#include "host_pair.hpp"
#include "packet_builder.hpp"

namespace cardea::stack {
namespace {

using namespace test;

class icmp_quotes_offloaded : public ::testing::TestWithParam<bool> {
  protected:
    static constexpr std::size_t udp_checksum = 6;
    std::size_t ip_header() const { return GetParam() ? 40 : 20; }
    ip_version family() const { return GetParam() ? ip_version::v6 : ip_version::v4; }
    std::string_view b() const { return GetParam() ? "2001:db8::2" : "192.0.2.2"; }

    // What b quotes of a datagram of that size that a has sent to a port nobody holds.
    raw quoted(bool offload, std::size_t size) {
        host_pair net{[offload](host_config& c) { c.offload.checksum = offload; }};
        auto const s = net.a->open_udp(family());
        EXPECT_EQ(s->send_to(payload(std::string(size, 'x')), at(b(), 9), net.now).problem, error::ok);
        net.settle();
        EXPECT_EQ(net.log.size(), 2U);
        EXPECT_EQ(net.log.front().p.meta.checksum_partial, offload);
        auto const& answer = net.log.back().p.bytes;
        auto const headers = static_cast<std::ptrdiff_t>(ip_header() + 8);
        return {answer.begin() + headers, answer.end()};
    }
};

TEST_P(icmp_quotes_offloaded, the_checksum_is_the_one_on_the_wire) {
    for (std::size_t const size : {std::size_t{1}, std::size_t{200}, std::size_t{1400}}) {
        auto const with = quoted(true, size);
        auto const without = quoted(false, size);
        auto const field = ip_header() + udp_checksum;
        ASSERT_GT(with.size(), field + 2);
        EXPECT_EQ(wire::get16(with, field), wire::get16(without, field)) << size;
    }
}

INSTANTIATE_TEST_SUITE_P(families, icmp_quotes_offloaded, ::testing::Bool(),
                         [](auto const& i) { return i.param ? "v6" : "v4"; });

}  // namespace
}  // namespace cardea::stack
