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
    std::string sender;
    const char* nobody;
};
/// An interface that can do multicast, and where on it.
struct scene {
    std::string interface;
    std::vector<place> places;
    [[nodiscard]] std::uint32_t number() const { return interface_of(interface); }
};

scene scene_at(const std::string& interface, const std::string& v4, const std::string& v6) {
    return {interface,
            {{"239.255.77.1", "232.1.77.1", "0.0.0.0", v4, "192.0.2.77"},
             {"ff15::cade:a", "ff35::cade:a", "[::]", v6, "[2001:db8::77]"}}};
}

// A kernel's is made. A TUN host has its device; a simulated host alone has its loopback, where groups are to be had
// too.
scene scene_of(const network_under_test& network) {
    if (network.kernel) return scene_at("wire", "192.0.2.1", "[2001:db8::1]");
    if (network.name == std::string_view("tun")) return scene_at("cardea", "10.97.0.2", "[fd97::2]");
    return scene_at("lo", "127.0.0.1", "[::1]");
}

// The kernel makes the route of IPv6 groups when it has noticed that the link is up, which is not at once.
constexpr const char* until_groups_are_routed =
    "timeout 30 sh -c 'until ip -6 route show table all dev wire | grep -q ff00::/8; do :; done'";

template <class Body>
std::function<void()> with_scene(const network_under_test& network, Body body) {
    const auto there = [body, network] { body(scene_of(network)); };
    if (!network.kernel) return there;
    return in_own_network({"ip link add wire type veth peer name far", "ip addr add 192.0.2.1/24 dev wire",
                           "ip addr add 2001:db8::1/64 dev wire nodad", "ip link set far up", "ip link set wire up",
                           until_groups_are_routed},
                          there);
}

endpoint address(const std::string& host, std::uint16_t port) {
    const bool bare_ipv6 = host.find(':') != std::string::npos && host.front() != '[';
    return endpoint::parse((bare_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port));
}

udp_socket sender_at(const std::string& host, std::uint32_t interface) {
    udp_socket s = udp_socket::bind(address(host, 0));
    s.set(option::multicast_interface{interface});
    return s;
}

bool hears(udp_socket& s, std::chrono::nanoseconds limit = 50ms) {
    std::array<char, 64> room{};
    std::error_code ec;
    const deadline within(limit);
    s.recv_from(room, ec);
    return !ec;
}

TEST_P(multicast, a_member_receives_until_it_leaves) {
    on_network(with_scene(GetParam(), [](const scene& on) {
        const std::uint32_t wire = on.number();
        for (const place& p : on.places) {
            udp_socket member = udp_socket::bind(address(p.bind, 0));
            const endpoint group = address(p.group, member.local().port());
            udp_socket sender = sender_at(p.sender, wire);
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
    on_network(with_scene(GetParam(), [](const scene& on) {
        const std::uint32_t wire = on.number();
        for (const place& p : on.places) {
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
            udp_socket sender = sender_at(p.sender, wire);
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

TEST_P(multicast, one_dual_stack_socket_joins_groups_of_both_kinds) {
    on_network(with_scene(GetParam(), [](const scene& on) {
        const std::uint32_t wire = on.number();
        udp_socket member = udp_socket::bind("*:0");
        const std::uint16_t port = member.local().port();
        for (const place& p : on.places) {
            join(member, {.group = address(p.group, 0), .interface = wire});
            sender_at(p.sender, wire).send_to("hello", address(p.group, port));
            EXPECT_TRUE(hears(member, ages));
        }
    }));
}

TEST_P(multicast, a_source_specific_member_hears_its_source_only) {
    on_network(with_scene(GetParam(), [](const scene& on) {
        const std::uint32_t wire = on.number();
        for (const place& p : on.places) {
            udp_socket member = udp_socket::bind(address(p.bind, 0));
            const endpoint group = address(p.source_group, member.local().port());
            const group_membership from_one{.group = group, .source = address(p.sender, 0), .interface = wire};
            const group_membership from_another{.group = group, .source = address(p.nobody, 0), .interface = wire};
            join(member, from_another);
            udp_socket sender = sender_at(p.sender, wire);
            sender.send_to("not from another", group);
            EXPECT_FALSE(hears(member));
            join(member, from_one);
            std::error_code ec;
            join(member, from_one, ec);
            EXPECT_EQ(ec, std::errc::address_not_available) << "it hears that one already";
            sender.send_to("from me", group);
            EXPECT_TRUE(hears(member, ages));
            leave(member, from_one);
            sender.send_to("from me", group);
            EXPECT_FALSE(hears(member));
            leave(member, from_another);
            leave(member, from_another, ec);
            EXPECT_EQ(ec, std::errc::invalid_argument) << "it is no member at all";
        }
    }));
}

TEST_P(multicast, without_loop_nobody_on_this_host_hears) {
    on_network(with_scene(GetParam(), [](const scene& on) {
        const std::uint32_t wire = on.number();
        for (const place& p : on.places) {
            udp_socket member = udp_socket::bind(address(p.bind, 0));
            join(member, {.group = address(p.group, 0), .interface = wire});
            udp_socket sender = sender_at(p.sender, wire);
            EXPECT_TRUE(sender.get<option::multicast_loop>());
            EXPECT_EQ(sender.get<option::multicast_hops>(), 1);
            sender.set(option::multicast_hops{5});
            EXPECT_EQ(sender.get<option::multicast_hops>(), 5);
            sender.set(option::multicast_loop{false});
            EXPECT_FALSE(sender.get<option::multicast_loop>());
            member.set(option::metadata{metadata::hop_limit});
            const endpoint group = address(p.group, member.local().port());
            sender.send_to("nobody here hears this", group);
            // The loopback itself is another matter: what is sent by it has no other way.
            EXPECT_EQ(hears(member), on.interface == "lo");
            sender.set(option::multicast_loop{true});
            sender.send_to("x", group);
            std::array<char, 8> room{};
            const deadline limit(ages);
            EXPECT_EQ(recv_datagram(member, room).hop_limit, 5);
        }
    }));
}

TEST_P(multicast, every_member_has_a_copy_and_who_is_none_hears_for_others) {
    on_network(with_scene(GetParam(), [](const scene& on) {
        const std::uint32_t wire = on.number();
        for (const place& p : on.places) {
            const endpoint group = address(p.group, 0);
            std::vector<socket> members;
            std::uint16_t port = 0;
            for (int i = 0; i < 3; ++i) {
                socket& s = members.emplace_back(group.family(), type::datagram);
                s.set(option::reuse_address{true});
                s.bind(i == 1 ? group.with_port(port) : address(p.bind, port));
                port = s.local().port();
            }
            // One joins; as Linux has it (ip(7), IP_MULTICAST_ALL) the host hears, and with it whoever has bound.
            join(members[0], {.group = group, .interface = wire});
            const group_membership other{.group = group, .source = address(p.nobody, 0), .interface = wire};
            join(members[2], other);
            sender_at(p.sender, wire).send_to("hello", group.with_port(port));
            std::array<char, 64> room{};
            const deadline limit(ages);
            EXPECT_EQ(members[0].recv_from(room).size, 5U);
            EXPECT_EQ(members[1].recv_from(room).size, 5U);
            leave(members[2], other);  // it has asked for another source
            sender_at(p.sender, wire).send_to("again!", group.with_port(port));
            EXPECT_EQ(members[2].recv_from(room).size, 6U);
        }
    }));
}

TEST_P(multicast, a_socket_joins_so_many_ipv4_groups_and_no_more) {
    on_network(with_scene(GetParam(), [](const scene& on) {
        udp_socket member = udp_socket::bind("0.0.0.0:0");
        std::error_code ec;
        int joined = 0;
        for (; !ec && joined < 30; ++joined) {
            join(member, {.group = address("239.255.78." + std::to_string(joined), 0), .interface = on.number()}, ec);
        }
        EXPECT_EQ(ec, std::errc::no_buffer_space);
        EXPECT_EQ(joined, 21) << "20 went (net.ipv4.igmp_max_memberships)";
        leave(member, {.group = address("239.255.78.0", 0), .interface = on.number()});
        join(member, {.group = address("239.255.79.0", 0), .interface = on.number()});
    }));
}

TEST_P(multicast, what_is_no_group_and_no_interface_is_refused) {
    on_network([&] {
        udp_socket s = udp_socket::bind("127.0.0.1:0");
        std::error_code ec;
        join(s, {.group = endpoint::parse("192.0.2.1:0")}, ec);
        EXPECT_EQ(ec, errc::bad_address);
        EXPECT_THROW(join(s, {.group = endpoint::parse("192.0.2.1:0")}), error);
        join(s, {.group = endpoint::parse("239.1.2.3:0"), .interface = 77'777}, ec);
        EXPECT_EQ(ec, std::errc::no_such_device);
        s.set(option::multicast_interface{77'777}, ec);
        EXPECT_EQ(ec, std::errc::address_not_available);
        udp_socket v6 = udp_socket::bind("[::1]:0");
        v6.set(option::multicast_interface{77'777}, ec);
        EXPECT_EQ(ec, std::errc::no_such_device);
        EXPECT_THROW(interface_of("no such interface"), error);
        s.set(option::multicast_hops{256}, ec);
        EXPECT_EQ(ec, std::errc::invalid_argument);
    });
}

TEST_P(multicast, no_connection_leads_to_a_group) {
    on_network([] {
        for (const char* group : {"239.255.77.1:7", "255.255.255.255:7"}) {
            std::error_code ec;
            tcp_stream::connect(group, ec);
            EXPECT_TRUE(ec == std::errc::network_unreachable) << group << ": " << ec.message();
        }
    });
}

TEST_P(multicast, a_broadcast_needs_the_option_and_arrives) {
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
