// Options that matter to datagrams (udp(7), ip(7)): what each of them brings about on a kernel's sockets.
#include <cardea/datagram.hpp>
#include <cardea/multicast.hpp>

#include "every_network.hpp"
#include "own_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE_OF_KERNELS(options_of_datagrams);

TEST_P(options_of_datagrams, datagrams_dropped_for_want_of_room_are_counted) {
    on_network([] {
        socket receiver(family::inet, type::datagram);
        receiver.set(option::receive_buffer{8'000});
        receiver.bind("127.0.0.1:0");
        EXPECT_EQ(receiver.get<option::dropped>(), 0U);
        socket sender(family::inet, type::datagram);
        const std::vector<std::byte> bytes = pattern_bytes(0, 1'000);
        for (int i = 0; i < 100; ++i) sender.send_to(bytes, receiver.local());
        const std::uint32_t dropped = receiver.get<option::dropped>();
        EXPECT_GT(dropped, 0U);
        std::array<std::byte, 2'000> room{};
        const deadline limit(ages);
        for (std::uint32_t i = dropped; i < 100; ++i) EXPECT_EQ(receiver.recv(room), 1'000U);
    });
}

TEST_P(options_of_datagrams, a_cork_gathers_one_datagram) {
    on_network([] {
        socket receiver(family::inet, type::datagram);
        receiver.bind("127.0.0.1:0");
        socket sender(family::inet, type::datagram);
        sender.connect(receiver.local());
        sender.set(option::udp_cork{true});
        EXPECT_TRUE(sender.get<option::udp_cork>());
        sender.send("of two ");
        sender.send("pieces");
        sender.set(option::udp_cork{false});
        std::array<char, 32> room{};
        const deadline limit(ages);
        EXPECT_EQ(std::string(room.data(), receiver.recv(room)), "of two pieces");
    });
}

TEST_P(options_of_datagrams, what_is_sent_leaves_by_the_interface_chosen) {
    on_network(in_own_network(
        {"ip link add one type veth peer name one_far", "ip link add two type veth peer name two_far",
         "ip link set one_far up", "ip link set two_far up", "ip link set one up", "ip link set two up",
         "ip addr add 192.0.2.1/24 dev one", "ip addr add 198.51.100.1/24 dev two",
         "ip addr add 2001:db8:1::1/64 dev one nodad", "ip addr add 2001:db8:2::1/64 dev two nodad",
         "ip route add default dev one metric 1", "ip route add default dev two metric 2",
         "ip route add 2001:db8:9::/64 dev one metric 1", "ip route add 2001:db8:9::/64 dev two metric 2"},
        [] {
            const auto source_of = [](family f, const char* peer, const char* interface) {
                socket s(f, type::datagram);
                if (interface != nullptr) s.set(option::unicast_interface{interface_of(interface)});
                s.connect(endpoint::parse(peer));
                return s.local().unmapped().host();
            };
            EXPECT_EQ(source_of(family::inet, "203.0.113.9:9", nullptr), "192.0.2.1");
            EXPECT_EQ(source_of(family::inet, "203.0.113.9:9", "two"), "198.51.100.1");
            EXPECT_EQ(source_of(family::inet6, "[2001:db8:9::9]:9", nullptr), "2001:db8:1::1");
            EXPECT_EQ(source_of(family::inet6, "[2001:db8:9::9]:9", "two"), "2001:db8:2::1");
        }));
}

}  // namespace
}  // namespace cardea::conformance
