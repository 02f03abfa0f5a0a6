// Groups: who has joined receives, who has left does not, and a source-specific member hears its source only.
#include <cardea/datagram.hpp>
#include <cardea/multicast.hpp>

#include "every_network.hpp"
#include "own_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE(multicast);
CARDEA_CONFORMANCE_OF_KERNELS(multicast_on_kernels);

struct place {
    const char* group;
    const char* source_group;
    const char* bind;
    const char* sender;
    const char* other_sender;
};
constexpr place places[] = {{"239.255.77.1", "232.1.77.1", "0.0.0.0", "192.0.2.1", "192.0.2.2"},
                            {"ff15::cade:a", "ff35::cade:a", "[::]", "[2001:db8::1]", "[2001:db8::2]"}};

// The kernel makes the route of IPv6 groups when it has noticed that the link is up, which is not at once.
constexpr const char* until_groups_are_routed =
    "timeout 30 sh -c 'until ip -6 route show table all dev wire | grep -q ff00::/8; do :; done'";

// An interface that can do multicast, with two addresses of each kind.
template <class Body>
auto on_a_wire(Body body) {
    return in_own_network({"ip link add wire type veth peer name far", "ip addr add 192.0.2.1/24 dev wire",
                           "ip addr add 192.0.2.2/24 dev wire", "ip addr add 2001:db8::1/64 dev wire nodad",
                           "ip addr add 2001:db8::2/64 dev wire nodad", "ip link set far up", "ip link set wire up",
                           until_groups_are_routed},
                          body);
}

endpoint address(const std::string& host, std::uint16_t port) {
    const bool bare_ipv6 = host.find(':') != std::string::npos && host.front() != '[';
    return endpoint::parse((bare_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port));
}

udp_socket sender_at(const char* host) {
    udp_socket s = udp_socket::bind(address(host, 0));
    s.set(option::multicast_interface{interface_of("wire")});
    return s;
}

bool hears(udp_socket& s, std::chrono::nanoseconds limit = 50ms) {
    std::array<char, 64> room{};
    std::error_code ec;
    const deadline within(limit);
    s.recv_from(room, ec);
    return !ec;
}

TEST_P(multicast_on_kernels, a_member_receives_until_it_leaves) {
    on_network(on_a_wire([] {
        const std::uint32_t wire = interface_of("wire");
        for (const place& p : places) {
            udp_socket member = udp_socket::bind(address(p.bind, 0));
            const endpoint group = address(p.group, member.local().port());
            udp_socket sender = sender_at(p.sender);
            sender.send_to("nobody is there yet", group);
            const group_membership membership{.group = group, .interface = wire};
            join(member, membership);
            member.set(option::metadata{metadata::destination});
            sender.send_to("hello", group);
            std::array<char, 64> room{};
            const deadline limit(ages);
            const datagram_info came = recv_datagram(member, room);
            EXPECT_EQ(came.size, 5U);
            EXPECT_EQ(came.to.host(), address(p.group, 0).host());
            EXPECT_EQ(came.interface, wire);
            std::error_code ec;
            join(member, membership, ec);
            EXPECT_EQ(ec, std::errc::address_in_use) << "it is a member already";
            leave(member, membership);
            sender.send_to("gone", group);
            EXPECT_FALSE(hears(member));
        }
    }));
}

TEST_P(multicast_on_kernels, who_asks_for_it_hears_its_own_groups_only) {
    on_network(on_a_wire([] {
        const std::uint32_t wire = interface_of("wire");
        for (const place& p : places) {
            const auto share = [&](const endpoint& where) {
                socket s(where.family(), type::datagram);
                s.set(option::reuse_address{});
                s.bind(where);
                return udp_socket(std::move(s));
            };
            udp_socket member = share(address(p.bind, 0));
            udp_socket stranger = share(member.local());
            const endpoint group = address(p.group, member.local().port());
            join(member, {.group = group, .interface = wire});
            udp_socket sender = sender_at(p.sender);
            sender.send_to("to everybody", group);
            EXPECT_TRUE(hears(member, ages));
            EXPECT_TRUE(hears(stranger, ages)) << "as Linux has it";
            stranger.set(option::multicast_all{false});
            sender.send_to("to members", group);
            EXPECT_TRUE(hears(member, ages));
            EXPECT_FALSE(hears(stranger));
        }
    }));
}

TEST_P(multicast_on_kernels, one_dual_stack_socket_joins_groups_of_both_kinds) {
    on_network(on_a_wire([] {
        const std::uint32_t wire = interface_of("wire");
        udp_socket member = udp_socket::bind("*:0");
        const std::uint16_t port = member.local().port();
        for (const place& p : places) {
            join(member, {.group = address(p.group, 0), .interface = wire});
            sender_at(p.sender).send_to("hello", address(p.group, port));
            EXPECT_TRUE(hears(member, ages));
        }
    }));
}

TEST_P(multicast_on_kernels, a_source_specific_member_hears_its_source_only) {
    on_network(on_a_wire([] {
        const std::uint32_t wire = interface_of("wire");
        for (const place& p : places) {
            udp_socket member = udp_socket::bind(address(p.bind, 0));
            const endpoint group = address(p.source_group, member.local().port());
            const group_membership from_one{.group = group, .source = address(p.sender, 0), .interface = wire};
            join(member, from_one);
            sender_at(p.other_sender).send_to("not from me", group);
            EXPECT_FALSE(hears(member));
            sender_at(p.sender).send_to("from me", group);
            EXPECT_TRUE(hears(member, ages));
            leave(member, from_one);
            sender_at(p.sender).send_to("from me", group);
            EXPECT_FALSE(hears(member));
        }
    }));
}

TEST_P(multicast_on_kernels, without_loop_nobody_on_this_host_hears) {
    on_network(on_a_wire([] {
        const std::uint32_t wire = interface_of("wire");
        for (const place& p : places) {
            udp_socket member = udp_socket::bind(address(p.bind, 0));
            join(member, {.group = address(p.group, 0), .interface = wire});
            udp_socket sender = sender_at(p.sender);
            EXPECT_TRUE(sender.get<option::multicast_loop>());
            EXPECT_EQ(sender.get<option::multicast_hops>(), 1);
            sender.set(option::multicast_hops{5});
            EXPECT_EQ(sender.get<option::multicast_hops>(), 5);
            sender.set(option::multicast_loop{false});
            EXPECT_FALSE(sender.get<option::multicast_loop>());
            member.set(option::metadata{metadata::hop_limit});
            const endpoint group = address(p.group, member.local().port());
            sender.send_to("nobody here hears this", group);
            EXPECT_FALSE(hears(member));
            sender.set(option::multicast_loop{true});
            sender.send_to("x", group);
            std::array<char, 8> room{};
            const deadline limit(ages);
            EXPECT_EQ(recv_datagram(member, room).hop_limit, 5);
        }
    }));
}

TEST_P(multicast, what_is_no_group_is_refused_and_where_there_are_none_that_is_said) {
    on_network([&] {
        udp_socket s = udp_socket::bind("127.0.0.1:0");
        std::error_code ec;
        join(s, {.group = endpoint::parse("192.0.2.1:0")}, ec);
        EXPECT_EQ(ec, errc::bad_address);
        EXPECT_THROW(join(s, {.group = endpoint::parse("192.0.2.1:0")}), error);
        join(s, {.group = endpoint::parse("239.1.2.3:0"), .interface = 77'777}, ec);
        if (GetParam().kernel) {
            EXPECT_EQ(ec, std::errc::no_such_device);
            EXPECT_THROW(interface_of("no such interface"), error);
        } else {
            EXPECT_EQ(ec, errc::not_supported);
        }
    });
}

TEST_P(multicast_on_kernels, a_broadcast_needs_the_option_and_arrives) {
    on_network([] {
        udp_socket receiver = udp_socket::bind("0.0.0.0:0");
        udp_socket sender = udp_socket::bind("127.0.0.1:0");
        const endpoint everybody = address("127.255.255.255", receiver.local().port());
        std::error_code ec;
        sender.send_to("hello", everybody, ec);
        EXPECT_EQ(ec, std::errc::permission_denied);
        sender.set(option::broadcast{true});
        sender.send_to("hello", everybody);
        EXPECT_TRUE(hears(receiver, ages));
    });
}

}  // namespace
}  // namespace cardea::conformance
