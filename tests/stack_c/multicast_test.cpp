// Groups of UDP sockets by the system's options (ip(7), ipv6(7), RFC 3678).
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "harness.hpp"

namespace stack_c_test {
namespace {

constexpr in_port_t port = 5353;

template <typename T>
int set(cardea_stack* s, int fd, int level, int name, T const& value) {
    return cardea_stack_setsockopt(s, fd, level, name, &value, sizeof value);
}

in_addr v4(char const* text) { return address(text, 0).sin_addr; }

template <typename A>
sockaddr_storage storage(A const& a) {
    sockaddr_storage s{};
    std::memcpy(&s, &a, sizeof a);
    return s;
}

sockaddr_in6 address6(char const* text) {
    sockaddr_in6 a{};
    a.sin6_family = AF_INET6;
    a.sin6_port = htons(port);
    inet_pton(AF_INET6, text, &a.sin6_addr);
    return a;
}

int bound(cardea_stack* s, int domain) {
    int const fd = cardea_stack_socket(s, domain, SOCK_DGRAM, 0);
    cardea_stack_set_nonblocking(s, fd, 1);
    auto const any = address("0.0.0.0", port);
    auto const any6 = address6("::");
    int const e = domain == AF_INET ? cardea_stack_bind(s, fd, generic(any), sizeof any)
                                    : cardea_stack_bind(s, fd, reinterpret_cast<sockaddr const*>(&any6), sizeof any6);
    EXPECT_EQ(e, 0);
    return fd;
}

stack_ptr host(char const* v4_address, char const* v6_address) {
    config_ptr const config{cardea_stack_config_new()};
    cardea_stack_config_set(config.get(), "address", v4_address);
    cardea_stack_config_set(config.get(), "address", v6_address);
    return stack_ptr{cardea_stack_new(config.get())};
}
stack_ptr make_speaker() { return host("192.0.2.1/24", "2001:db8::1/64"); }
stack_ptr make_hearer() { return host("192.0.2.9/24", "2001:db8::9/64"); }

/// Everything that one has sent arrives at the other.
void carry(cardea_stack* from, cardea_stack* to) {
    std::array<unsigned char, 2000> packet;
    for (ssize_t n; (n = cardea_stack_take(from, packet.data(), packet.size(), nullptr)) > 0;)
        EXPECT_EQ(cardea_stack_feed(to, packet.data(), static_cast<std::size_t>(n), nullptr, cardea_stack_now(to)), 0);
}

/// "" when nothing has come.
std::string heard(cardea_stack* s, int fd) {
    std::array<char, 64> text;
    auto const n = cardea_stack_recv(s, fd, text.data(), text.size(), 0);
    return n < 0 ? std::string() : std::string(text.data(), static_cast<std::size_t>(n));
}

void say(cardea_stack* from, char const* group, char const* text) {
    int const fd = cardea_stack_socket(from, AF_INET, SOCK_DGRAM, 0);
    auto const to = address(group, port);
    auto const size = std::strlen(text);
    EXPECT_EQ(cardea_stack_sendto(from, fd, text, size, 0, generic(to), sizeof to), static_cast<ssize_t>(size));
    cardea_stack_close(from, fd);
}

TEST(stack_c_multicast, a_member_hears_until_it_leaves) {
    auto const speaker = make_speaker(), hearer = make_hearer();
    int const fd = bound(hearer.get(), AF_INET);
    ip_mreq const by_address{v4("239.1.1.1"), v4("192.0.2.9")};
    ip_mreqn const by_index{v4("239.1.1.2"), {}, 2};
    EXPECT_EQ(set(hearer.get(), fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, by_address), 0);
    EXPECT_EQ(set(hearer.get(), fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, by_index), 0);
    for (char const* group : {"239.1.1.1", "239.1.1.2", "239.1.1.3"}) say(speaker.get(), group, group);
    carry(speaker.get(), hearer.get());
    EXPECT_EQ(heard(hearer.get(), fd), "239.1.1.1");
    EXPECT_EQ(heard(hearer.get(), fd), "239.1.1.2");
    EXPECT_EQ(heard(hearer.get(), fd), "");
    EXPECT_EQ(set(hearer.get(), fd, IPPROTO_IP, IP_DROP_MEMBERSHIP, by_address), 0);
    say(speaker.get(), "239.1.1.1", "too late");
    carry(speaker.get(), hearer.get());
    EXPECT_EQ(heard(hearer.get(), fd), "");
}

TEST(stack_c_multicast, a_member_for_one_source_hears_that_one) {
    auto const wanted = make_speaker(), hearer = make_hearer();
    int const fd = bound(hearer.get(), AF_INET);
    ip_mreq_source const other{v4("232.1.1.1"), v4("0.0.0.0"), v4("192.0.2.77")};
    group_source_req one{};
    one.gsr_interface = 2;
    one.gsr_group = storage(address("232.1.1.1", 0));
    one.gsr_source = storage(address("192.0.2.1", 0));
    EXPECT_EQ(set(hearer.get(), fd, IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, other), 0);
    say(wanted.get(), "232.1.1.1", "not asked for");
    carry(wanted.get(), hearer.get());
    EXPECT_EQ(heard(hearer.get(), fd), "");
    EXPECT_EQ(set(hearer.get(), fd, IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP, one), 0);
    say(wanted.get(), "232.1.1.1", "asked for");
    carry(wanted.get(), hearer.get());
    EXPECT_EQ(heard(hearer.get(), fd), "asked for");
    EXPECT_EQ(set(hearer.get(), fd, IPPROTO_IP, MCAST_LEAVE_SOURCE_GROUP, one), 0);
    EXPECT_EQ(set(hearer.get(), fd, IPPROTO_IP, IP_DROP_SOURCE_MEMBERSHIP, other), 0);
    EXPECT_EQ(set(hearer.get(), fd, IPPROTO_IP, IP_DROP_SOURCE_MEMBERSHIP, other), -1);
    EXPECT_EQ(errno, EINVAL);
}

TEST(stack_c_multicast, over_ipv6_and_by_a_socket_of_both) {
    auto const speaker = make_speaker(), hearer = make_hearer();
    int const fd = bound(hearer.get(), AF_INET6);
    ipv6_mreq const member{address6("ff05::1:3").sin6_addr, 2};
    group_req v4_too{};
    v4_too.gr_group = storage(address("239.1.1.1", 0));
    EXPECT_EQ(set(hearer.get(), fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, member), 0);
    EXPECT_EQ(set(hearer.get(), fd, IPPROTO_IP, MCAST_JOIN_GROUP, v4_too), 0);
    int const out = cardea_stack_socket(speaker.get(), AF_INET6, SOCK_DGRAM, 0);
    auto const to = address6("ff05::1:3");
    EXPECT_EQ(cardea_stack_sendto(speaker.get(), out, "six", 3, 0, reinterpret_cast<sockaddr const*>(&to), sizeof to),
              3);
    say(speaker.get(), "239.1.1.1", "four");
    carry(speaker.get(), hearer.get());
    EXPECT_EQ(heard(hearer.get(), fd), "six");
    EXPECT_EQ(heard(hearer.get(), fd), "four");
    EXPECT_EQ(set(hearer.get(), fd, IPPROTO_IPV6, IPV6_LEAVE_GROUP, member), 0);
    EXPECT_EQ(set(hearer.get(), fd, IPPROTO_IPV6, IPV6_LEAVE_GROUP, member), -1);
    EXPECT_EQ(errno, EADDRNOTAVAIL);
}

TEST(stack_c_multicast, the_hop_limit_the_loop_and_the_interface_are_chosen) {
    auto const s = make_speaker();
    int const fd = bound(s.get(), AF_INET);
    ip_mreq const member{v4("239.1.1.1"), v4("0.0.0.0")};
    EXPECT_EQ(set(s.get(), fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, member), 0);
    EXPECT_EQ(set(s.get(), fd, IPPROTO_IP, IP_MULTICAST_TTL, static_cast<unsigned char>(7)), 0);
    EXPECT_EQ(set(s.get(), fd, IPPROTO_IP, IP_MULTICAST_TTL, 256), -1);
    EXPECT_EQ(errno, EINVAL);
    EXPECT_EQ(set(s.get(), fd, IPPROTO_IP, IP_MULTICAST_LOOP, 0), 0);
    EXPECT_EQ(set(s.get(), fd, IPPROTO_IP, IP_MULTICAST_IF, v4("192.0.2.1")), 0);
    std::array<unsigned char, 2000> packet;
    while (cardea_stack_take(s.get(), packet.data(), packet.size(), nullptr) > 0) {
    }  // reports to routers
    auto const to = address("239.1.1.1", port);
    EXPECT_EQ(cardea_stack_sendto(s.get(), fd, "x", 1, 0, generic(to), sizeof to), 1);
    EXPECT_EQ(heard(s.get(), fd), "") << "no loop";
    ASSERT_EQ(cardea_stack_take(s.get(), packet.data(), packet.size(), nullptr), 29);
    EXPECT_EQ(packet[8], 7) << "the TTL";
    EXPECT_EQ(set(s.get(), fd, IPPROTO_IP, IP_MULTICAST_IF, v4("198.51.100.1")), -1);
    EXPECT_EQ(errno, EADDRNOTAVAIL);
}

TEST(stack_c_multicast, what_is_wrong_is_refused) {
    auto const s = make_speaker();
    int const udp = bound(s.get(), AF_INET), tcp = cardea_stack_socket(s.get(), AF_INET, SOCK_STREAM, 0);
    ip_mreq const good{v4("239.1.1.1"), v4("0.0.0.0")};
    ip_mreq const no_group{v4("192.0.2.9"), v4("0.0.0.0")}, no_interface{v4("239.1.1.1"), v4("198.51.100.1")};
    auto const refused = [&](int fd, auto const& value) {
        EXPECT_EQ(set(s.get(), fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, value), -1);
        return errno;
    };
    EXPECT_EQ(refused(udp, no_group), EINVAL);
    EXPECT_EQ(refused(udp, no_interface), ENODEV);
    EXPECT_EQ(refused(udp, ip_mreqn{v4("239.1.1.1"), {}, 9}), ENODEV);
    EXPECT_EQ(refused(udp, 7), EINVAL) << "too short";
    EXPECT_EQ(refused(tcp, good), EOPNOTSUPP);
    EXPECT_EQ(set(s.get(), udp, IPPROTO_IP, IP_ADD_MEMBERSHIP, good), 0);
    EXPECT_EQ(refused(udp, good), EADDRINUSE);
}

}  // namespace
}  // namespace stack_c_test
