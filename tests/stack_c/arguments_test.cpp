// Bad arguments of the C interface give errno, never anything worse.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdint>
#include <string>

#include "harness.hpp"

namespace stack_c_test {
namespace {

/// -1 and this errno.
#define EXPECT_ERRNO(call, number)  \
    do {                            \
        errno = 0;                  \
        EXPECT_EQ(call, -1);        \
        EXPECT_EQ(errno, (number)); \
    } while (false)

TEST(stack_c_arguments, a_null_stack_is_EINVAL) {
    auto const a = address("192.0.2.2", 80);
    char byte = 0;
    EXPECT_ERRNO(cardea_stack_socket(nullptr, AF_INET, SOCK_STREAM, 0), EINVAL);
    EXPECT_ERRNO(cardea_stack_bind(nullptr, 3, generic(a), sizeof a), EINVAL);
    EXPECT_ERRNO(cardea_stack_connect(nullptr, 3, generic(a), sizeof a), EINVAL);
    EXPECT_ERRNO(cardea_stack_send(nullptr, 3, &byte, 1, 0), EINVAL);
    EXPECT_ERRNO(cardea_stack_recv(nullptr, 3, &byte, 1, 0), EINVAL);
    EXPECT_ERRNO(cardea_stack_accept(nullptr, 3, nullptr, nullptr), EINVAL);
    EXPECT_ERRNO(cardea_stack_close(nullptr, 3), EINVAL);
    EXPECT_ERRNO(cardea_stack_feed(nullptr, &byte, 1, nullptr, 0), EINVAL);
    EXPECT_ERRNO(cardea_stack_take(nullptr, &byte, 1, nullptr), EINVAL);
    EXPECT_ERRNO(cardea_stack_advance(nullptr, 0), EINVAL);
    EXPECT_ERRNO(cardea_stack_poll(nullptr, nullptr, 0, 0), EINVAL);
    EXPECT_ERRNO(cardea_stack_get_tcp_info(nullptr, 3, nullptr, 0), EINVAL);
    EXPECT_ERRNO(cardea_stack_call_finish(nullptr, nullptr, nullptr), EINVAL);
    errno = 0;
    EXPECT_EQ(cardea_stack_begin_accept(nullptr, 3), nullptr);
    EXPECT_EQ(errno, EINVAL);
    EXPECT_EQ(cardea_stack_new(nullptr), nullptr);
    EXPECT_EQ(cardea_stack_packet_size(nullptr), 0U);
    EXPECT_EQ(cardea_stack_call_done(nullptr), 0);
    cardea_stack_free(nullptr);
    cardea_stack_config_free(nullptr);
}

TEST(stack_c_arguments, a_descriptor_that_is_none_is_EBADF) {
    auto const s = make_stack();
    auto const a = address("192.0.2.2", 80);
    char byte = 0;
    for (int const fd : {-1, 0, 2, 3, 4, 1 << 30, INT32_MIN}) {
        EXPECT_ERRNO(cardea_stack_bind(s.get(), fd, generic(a), sizeof a), EBADF);
        EXPECT_ERRNO(cardea_stack_recv(s.get(), fd, &byte, 1, 0), EBADF);
        EXPECT_ERRNO(cardea_stack_close(s.get(), fd), EBADF);
        EXPECT_ERRNO(cardea_stack_getsockopt(s.get(), fd, SOL_SOCKET, SO_ERROR, &byte, nullptr), EINVAL);
    }
    int const fd = cardea_stack_socket(s.get(), AF_INET, SOCK_STREAM, 0);
    EXPECT_EQ(cardea_stack_close(s.get(), fd), 0);
    EXPECT_ERRNO(cardea_stack_close(s.get(), fd), EBADF);
}

TEST(stack_c_arguments, descriptors_are_the_lowest_free_ones) {
    auto const s = make_stack();
    EXPECT_EQ(cardea_stack_socket(s.get(), AF_INET, SOCK_STREAM, 0), 3);
    EXPECT_EQ(cardea_stack_socket(s.get(), AF_INET6, SOCK_DGRAM, IPPROTO_UDP), 4);
    EXPECT_EQ(cardea_stack_close(s.get(), 3), 0);
    EXPECT_EQ(cardea_stack_socket(s.get(), AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), 3);
    EXPECT_EQ(cardea_stack_get_nonblocking(s.get(), 3), 1);
    EXPECT_EQ(cardea_stack_get_nonblocking(s.get(), 4), 0);
}

TEST(stack_c_arguments, kinds_of_sockets_that_there_are_not) {
    auto const s = make_stack();
    EXPECT_ERRNO(cardea_stack_socket(s.get(), AF_UNIX, SOCK_STREAM, 0), EAFNOSUPPORT);
    EXPECT_ERRNO(cardea_stack_socket(s.get(), AF_INET, SOCK_RAW, 0), EINVAL);
    EXPECT_ERRNO(cardea_stack_socket(s.get(), AF_INET, SOCK_STREAM, IPPROTO_UDP), EPROTONOSUPPORT);
}

TEST(stack_c_arguments, addresses_are_checked) {
    auto const s = make_stack();
    int const fd = cardea_stack_socket(s.get(), AF_INET, SOCK_STREAM, 0);
    auto a = address("192.0.2.1", 80);
    EXPECT_ERRNO(cardea_stack_bind(s.get(), fd, nullptr, sizeof a), EINVAL);
    EXPECT_ERRNO(cardea_stack_bind(s.get(), fd, generic(a), sizeof a - 1), EINVAL);
    a.sin_family = AF_INET6;
    EXPECT_ERRNO(cardea_stack_bind(s.get(), fd, generic(a), sizeof a), EAFNOSUPPORT);
    a = address("192.0.2.77", 80);
    EXPECT_ERRNO(cardea_stack_bind(s.get(), fd, generic(a), sizeof a), EADDRNOTAVAIL);
}

TEST(stack_c_arguments, an_address_is_truncated_to_its_room) {
    auto const s = make_stack();
    int const fd = cardea_stack_socket(s.get(), AF_INET, SOCK_STREAM, 0);
    auto const a = address("192.0.2.1", 80);
    ASSERT_EQ(cardea_stack_bind(s.get(), fd, generic(a), sizeof a), 0);
    sockaddr_in seen{};
    socklen_t size = 4;
    EXPECT_EQ(cardea_stack_getsockname(s.get(), fd, reinterpret_cast<sockaddr*>(&seen), &size), 0);
    EXPECT_EQ(size, sizeof seen);
    EXPECT_EQ(seen.sin_port, htons(80));
    EXPECT_EQ(seen.sin_addr.s_addr, 0U);
    EXPECT_ERRNO(cardea_stack_getpeername(s.get(), fd, reinterpret_cast<sockaddr*>(&seen), &size), ENOTCONN);
}

TEST(stack_c_arguments, time_does_not_go_back) {
    auto const s = make_stack({{"start", "5s"}});
    EXPECT_EQ(cardea_stack_now(s.get()), 5'000'000'000);
    EXPECT_ERRNO(cardea_stack_advance(s.get(), 4'999'999'999), EINVAL);
    EXPECT_EQ(cardea_stack_advance(s.get(), 6'000'000'000), 0);
    char byte = 0;
    EXPECT_ERRNO(cardea_stack_feed(s.get(), &byte, 1, nullptr, 5'000'000'000), EINVAL);
    EXPECT_EQ(cardea_stack_now(s.get()), 6'000'000'000);
    EXPECT_EQ(cardea_stack_next_deadline(s.get()), INT64_MAX);
}

TEST(stack_c_arguments, a_packet_too_large_for_the_buffer_stays) {
    auto const s = make_stack();
    int const fd = cardea_stack_socket(s.get(), AF_INET, SOCK_DGRAM, 0);
    auto const peer = address("192.0.2.2", 53);
    EXPECT_EQ(cardea_stack_sendto(s.get(), fd, "query", 5, 0, generic(peer), sizeof peer), 5);
    ASSERT_EQ(cardea_stack_packet_size(s.get()), 33U);
    char small[32];
    EXPECT_ERRNO(cardea_stack_take(s.get(), small, sizeof small, nullptr), EMSGSIZE);
    char enough[33];
    EXPECT_EQ(cardea_stack_take(s.get(), enough, sizeof enough, nullptr), 33);
    EXPECT_EQ(cardea_stack_take(s.get(), enough, sizeof enough, nullptr), 0);
}

TEST(stack_c_arguments, packets_that_nobody_takes_are_bounded) {
    auto const s = make_stack({{"output_packets", "2"}});
    int const fd = cardea_stack_socket(s.get(), AF_INET, SOCK_DGRAM, 0);
    auto const peer = address("192.0.2.2", 53);
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(cardea_stack_sendto(s.get(), fd, "query", 5, 0, generic(peer), sizeof peer), 5);
    cardea_stack_counters counters{};
    EXPECT_EQ(cardea_stack_get_counters(s.get(), &counters, sizeof counters), 0);
    EXPECT_EQ(counters.packets_out, 5U);
    EXPECT_EQ(counters.packets_lost, 3U);
}

TEST(stack_c_arguments, rubbish_is_counted_with_its_reason) {
    auto const s = make_stack();
    char const rubbish[] = "this is no packet at all";
    EXPECT_EQ(cardea_stack_feed(s.get(), rubbish, sizeof rubbish, nullptr, 0), 0);
    EXPECT_EQ(cardea_stack_feed(s.get(), nullptr, 0, nullptr, 0), 0);
    std::uint64_t sum = 0;
    char const* name = nullptr;
    for (std::size_t i = 0; cardea_stack_dropped(s.get(), i, &name) != UINT64_MAX; ++i) {
        EXPECT_NE(name, nullptr);
        sum += cardea_stack_dropped(s.get(), i, nullptr);
    }
    EXPECT_EQ(sum, 2U);
}

TEST(stack_c_arguments, configuration_is_checked) {
    config_ptr const c{cardea_stack_config_new()};
    EXPECT_ERRNO(cardea_stack_config_set(c.get(), "no such name", "1"), ENOENT);
    EXPECT_ERRNO(cardea_stack_config_set(c.get(), "mtu", nullptr), EINVAL);
    for (auto const* bad : {"", "0", "-1", "67", "65536", "15oo", "99999999999999999999"})
        EXPECT_ERRNO(cardea_stack_config_set(c.get(), "mtu", bad), EINVAL);
    for (auto const* bad : {"", "5", "ms", "-1s", "1y", "9999999999h"})
        EXPECT_ERRNO(cardea_stack_config_set(c.get(), "time_wait", bad), EINVAL);
    EXPECT_ERRNO(cardea_stack_config_set(c.get(), "address", "192.0.2.1/33"), EINVAL);
    EXPECT_ERRNO(cardea_stack_config_set(c.get(), "rack", "maybe"), EINVAL);
    EXPECT_EQ(cardea_stack_config_set(c.get(), "time_wait", "2m"), 0);
}

TEST(stack_c_arguments, time_and_its_settings_stay_where_deadlines_can_be_told) {
    config_ptr const c{cardea_stack_config_new()};
    for (auto const* name : {"time_wait", "fin_wait_2", "rto_max", "keepalive_idle", "user_timeout", "start"}) {
        EXPECT_ERRNO(cardea_stack_config_set(c.get(), name, "9223372036854775806ns"), EINVAL);
        EXPECT_ERRNO(cardea_stack_config_set(c.get(), name, "2562047h"), EINVAL);
    }
    // A timer that sets itself again at the same instant would never let a call return.
    for (auto const* name : {"rto_initial", "rto_min", "rto_max", "keepalive_idle", "keepalive_interval"}) {
        EXPECT_ERRNO(cardea_stack_config_set(c.get(), name, "0"), EINVAL);
        EXPECT_EQ(cardea_stack_config_set(c.get(), name, "1ms"), 0) << name;
    }
    auto const s = make_stack();
    char const byte = 0;
    EXPECT_ERRNO(cardea_stack_advance(s.get(), INT64_MAX - 1), EINVAL);
    EXPECT_ERRNO(cardea_stack_feed(s.get(), &byte, 1, nullptr, INT64_MAX - 1), EINVAL);
    EXPECT_EQ(cardea_stack_advance(s.get(), INT64_MAX / 2), 0);
}

TEST(stack_c_arguments, every_name_of_the_configuration_takes_a_value_of_its_kind) {
    config_ptr const c{cardea_stack_config_new()};
    std::size_t count = 0;
    char const* kind = nullptr;
    for (; char const* name = cardea_stack_config_name(count, &kind); ++count) {
        std::string value = kind;
        if (value == "address") value = "192.0.2.1/24";
        if (value == "bool") value = "on";
        if (value == "number") value = "200";
        if (value == "duration") value = "200ms";
        EXPECT_EQ(cardea_stack_config_set(c.get(), name, value.substr(0, value.find('|')).c_str()), 0) << name;
    }
    EXPECT_GT(count, 40U);
}

}  // namespace
}  // namespace stack_c_test
