// The order of a service's servers (RFC 2782), and which text names a service.
#include <gtest/gtest.h>

#include <array>
#include <map>

#include "names/srv.hpp"

namespace cardea::detail {
namespace {

service_record server(std::string target, std::uint16_t priority, std::uint16_t weight) {
    service_record r;
    r.target = std::move(target);
    r.priority = priority;
    r.weight = weight;
    return r;
}

std::vector<std::string> targets(const std::vector<service_record>& records) {
    std::vector<std::string> out;
    for (const service_record& r : records) out.push_back(r.target);
    return out;
}

using names = std::vector<std::string>;

TEST(srv_order, lower_priorities_come_first) {
    std::vector<service_record> records{server("third", 30, 0), server("first", 10, 0), server("second", 20, 9)};
    put_in_order(records, [](std::uint64_t) { return std::uint64_t{0}; });
    EXPECT_EQ(targets(records), (names{"first", "second", "third"}));
}

TEST(srv_order, the_draw_decides_within_a_priority) {
    const std::vector<service_record> records{server("a", 1, 10), server("b", 1, 30), server("c", 1, 60)};
    for (const auto& [drawn, first] :
         std::map<std::uint64_t, std::string>{{0, "a"}, {10, "a"}, {11, "b"}, {40, "b"}, {41, "c"}, {100, "c"}}) {
        auto copy = records;
        std::uint64_t most = 0;
        bool asked = false;
        put_in_order(copy, [&, number = drawn](std::uint64_t n) {
            if (!asked) most = n;
            return std::exchange(asked, true) ? std::uint64_t{0} : number;
        });
        EXPECT_EQ(copy.front().target, first) << drawn;
        EXPECT_EQ(most, 100U);
    }
}

TEST(srv_order, shares_are_as_the_weights) {
    std::map<std::string, int> first;
    std::uint64_t state = 1;
    for (int i = 0; i < 10000; ++i) {
        std::vector<service_record> records{server("a", 1, 10), server("b", 1, 30), server("c", 1, 60)};
        put_in_order(records, [&](std::uint64_t most) {
            state = state * 6364136223846793005U + 1442695040888963407U;  // Knuth's MMIX
            return (state >> 33U) % (most + 1);
        });
        ++first[records.front().target];
    }
    EXPECT_NEAR(first["a"], 1000, 300);
    EXPECT_NEAR(first["b"], 3000, 300);
    EXPECT_NEAR(first["c"], 6000, 300);
}

TEST(srv_order, without_weights_all_of_them_come) {
    std::vector<service_record> records{server("a", 1, 0), server("b", 1, 0), server("c", 1, 0)};
    put_in_order(records, [](std::uint64_t most) { return most; });
    EXPECT_EQ(records.size(), 3U);
}

TEST(service_name, is_a_service_a_protocol_and_a_domain) {
    for (const char* name : {"_http._tcp.example.org", "_x-y._tcp.a", "_sip._tcp.example.org."}) {
        EXPECT_TRUE(is_service_name(name, "_tcp")) << name;
    }
    for (const char* name :
         {"", "_", "_http", "_http._tcp", "_http._tcp.", "_sip._udp.example.org", "http._tcp.example.org",
          "_http.tcp.example.org", "_http._tcpx.example.org", "_http._tcp.example.org:80", "_a._tcp.b c"}) {
        EXPECT_FALSE(is_service_name(name, "_tcp")) << name;
    }
}

}  // namespace
}  // namespace cardea::detail
