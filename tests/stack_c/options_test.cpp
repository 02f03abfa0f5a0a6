// setsockopt and getsockopt with the system's constants, and what a stack tells of itself.
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "harness.hpp"

namespace stack_c_test {
namespace {

int get_int(cardea_stack* s, int fd, int level, int name) {
    int v = -1;
    socklen_t size = sizeof v;
    EXPECT_EQ(cardea_stack_getsockopt(s, fd, level, name, &v, &size), 0) << level << ' ' << name;
    EXPECT_EQ(size, sizeof v);
    return v;
}

TEST(stack_c_options, integers_come_back_as_they_were_set) {
    auto const s = make_stack();
    int const fd = cardea_stack_socket(s.get(), AF_INET, SOCK_STREAM, 0);
    struct {
        int level, name, value;
    } const options[] = {
        {SOL_SOCKET, SO_REUSEADDR, 1},   {SOL_SOCKET, SO_KEEPALIVE, 1}, {SOL_SOCKET, SO_RCVBUF, 100'000},
        {IPPROTO_TCP, TCP_NODELAY, 1},   {IPPROTO_TCP, TCP_CORK, 1},    {IPPROTO_TCP, TCP_KEEPIDLE, 77},
        {IPPROTO_TCP, TCP_KEEPINTVL, 7}, {IPPROTO_TCP, TCP_KEEPCNT, 3}, {IPPROTO_TCP, TCP_USER_TIMEOUT, 30'000},
        {IPPROTO_IP, IP_TTL, 9},         {IPPROTO_IP, IP_TOS, 0x20},
    };
    for (auto const& o : options) {
        EXPECT_EQ(cardea_stack_setsockopt(s.get(), fd, o.level, o.name, &o.value, sizeof o.value), 0) << o.name;
        EXPECT_EQ(get_int(s.get(), fd, o.level, o.name), o.value) << o.name;
    }
}

TEST(stack_c_options, what_is_none_or_malformed_says_so) {
    auto const s = make_stack();
    int const fd = cardea_stack_socket(s.get(), AF_INET, SOCK_STREAM, 0);
    int one = 1;
    EXPECT_EQ(cardea_stack_setsockopt(s.get(), fd, IPPROTO_TCP, 12'345, &one, sizeof one), -1);
    EXPECT_EQ(errno, ENOPROTOOPT);
    EXPECT_EQ(cardea_stack_setsockopt(s.get(), fd, IPPROTO_TCP, TCP_NODELAY, &one, 1), -1);
    EXPECT_EQ(errno, EINVAL);
    EXPECT_EQ(cardea_stack_setsockopt(s.get(), fd, IPPROTO_TCP, TCP_NODELAY, nullptr, sizeof one), -1);
    EXPECT_EQ(errno, EINVAL);
    timeval const bad{0, 1'000'000};
    EXPECT_EQ(cardea_stack_setsockopt(s.get(), fd, SOL_SOCKET, SO_RCVTIMEO, &bad, sizeof bad), -1);
    EXPECT_EQ(errno, EDOM);
}

TEST(stack_c_options, structures_have_the_systems_layout) {
    auto const s = make_stack();
    int const fd = cardea_stack_socket(s.get(), AF_INET, SOCK_STREAM, 0);
    linger l{1, 5};
    EXPECT_EQ(cardea_stack_setsockopt(s.get(), fd, SOL_SOCKET, SO_LINGER, &l, sizeof l), 0);
    l = {};
    socklen_t size = sizeof l;
    EXPECT_EQ(cardea_stack_getsockopt(s.get(), fd, SOL_SOCKET, SO_LINGER, &l, &size), 0);
    EXPECT_EQ(l.l_onoff, 1);
    EXPECT_EQ(l.l_linger, 5);
    timeval t{2, 500'000};
    EXPECT_EQ(cardea_stack_setsockopt(s.get(), fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t), 0);
    t = {};
    size = sizeof t;
    EXPECT_EQ(cardea_stack_getsockopt(s.get(), fd, SOL_SOCKET, SO_RCVTIMEO, &t, &size), 0);
    EXPECT_EQ(t.tv_sec, 2);
    EXPECT_EQ(t.tv_usec, 500'000);
    std::array<char, 16> name{};
    size = name.size();
    EXPECT_EQ(cardea_stack_getsockopt(s.get(), fd, IPPROTO_TCP, TCP_CONGESTION, name.data(), &size), 0);
    EXPECT_STREQ(name.data(), "cubic");
}

TEST(stack_c_options, a_socket_tells_what_it_is) {
    auto const s = make_stack();
    int const fd = cardea_stack_socket(s.get(), AF_INET6, SOCK_STREAM, 0);
    EXPECT_EQ(get_int(s.get(), fd, SOL_SOCKET, SO_TYPE), SOCK_STREAM);
    EXPECT_EQ(get_int(s.get(), fd, SOL_SOCKET, SO_DOMAIN), AF_INET6);
    EXPECT_EQ(get_int(s.get(), fd, SOL_SOCKET, SO_PROTOCOL), IPPROTO_TCP);
    EXPECT_EQ(get_int(s.get(), fd, SOL_SOCKET, SO_ACCEPTCONN), 0);
    EXPECT_EQ(cardea_stack_listen(s.get(), fd, 4), 0);
    EXPECT_EQ(get_int(s.get(), fd, SOL_SOCKET, SO_ACCEPTCONN), 1);
}

TEST(stack_c_options, the_systems_tcp_info_and_ours_agree) {
    auto const s = make_stack();
    int const fd = cardea_stack_socket(s.get(), AF_INET, SOCK_STREAM, 0);
    auto const peer = address("192.0.2.2", 80);
    EXPECT_EQ(cardea_stack_connect(s.get(), fd, generic(peer), sizeof peer), -1);
    EXPECT_EQ(errno, EINPROGRESS);
    tcp_info theirs{};
    socklen_t size = sizeof theirs;
    EXPECT_EQ(cardea_stack_getsockopt(s.get(), fd, IPPROTO_TCP, TCP_INFO, &theirs, &size), 0);
    EXPECT_EQ(theirs.tcpi_state, TCP_SYN_SENT);
    EXPECT_EQ(theirs.tcpi_rto, 1'000'000U);
    cardea_stack_tcp_info ours{};
    EXPECT_EQ(cardea_stack_get_tcp_info(s.get(), fd, &ours, sizeof ours), 0);
    EXPECT_EQ(ours.state, static_cast<unsigned>(CARDEA_STACK_SYN_SENT));
    EXPECT_EQ(ours.rto_ns, 1'000'000'000);
    EXPECT_EQ(ours.segments_out, 1U);
}

TEST(stack_c_options, a_structure_of_another_version_is_filled_as_far_as_known) {
    auto const s = make_stack();
    int const fd = cardea_stack_socket(s.get(), AF_INET, SOCK_STREAM, 0);
    struct {
        cardea_stack_tcp_info known;
        std::array<unsigned char, 32> newer;
    } larger;
    std::memset(&larger, 0xff, sizeof larger);
    EXPECT_EQ(cardea_stack_get_tcp_info(s.get(), fd, &larger.known, sizeof larger), 0);
    for (auto const byte : larger.newer) EXPECT_EQ(byte, 0);
    std::array<unsigned char, 8> smaller;
    smaller.fill(0xff);
    cardea_stack_tcp_info whole{};
    std::memcpy(&whole, smaller.data(), smaller.size());
    EXPECT_EQ(cardea_stack_get_tcp_info(s.get(), fd, &whole, 4), 0);
    EXPECT_EQ(whole.state, 0U);
    EXPECT_EQ(whole.timestamps, 0xff) << "beyond the size given";
    int const udp = cardea_stack_socket(s.get(), AF_INET, SOCK_DGRAM, 0);
    EXPECT_EQ(cardea_stack_get_tcp_info(s.get(), udp, &whole, sizeof whole), -1);
    EXPECT_EQ(errno, EOPNOTSUPP);
}

TEST(stack_c_options, states_have_names) {
    EXPECT_STREQ(cardea_stack_tcp_state_name(CARDEA_STACK_FIN_WAIT_1), "FIN-WAIT-1");
    EXPECT_STREQ(cardea_stack_tcp_state_name(CARDEA_STACK_TIME_WAIT), "TIME-WAIT");
    EXPECT_STREQ(cardea_stack_tcp_state_name(11), "?");
    EXPECT_STREQ(cardea_stack_tcp_state_name(-1), "?");
}

}  // namespace
}  // namespace stack_c_test
