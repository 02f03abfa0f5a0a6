// Interfaces: they are listed as ip(8) made them, and a watch tells of each change, also of those it was late for.
#include <cardea/interfaces.hpp>
#include <thread>

#include "every_network.hpp"
#include "own_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE_OF_KERNELS(interfaces_of_the_host);
CARDEA_CONFORMANCE_OF_STACKS(interfaces_of_the_host_on_stacks);

using kind = interface_change::kind;

const network_interface* find(const std::vector<network_interface>& all, const std::string& name) {
    for (const network_interface& i : all) {
        if (i.name == name) return &i;
    }
    return nullptr;
}

/// The next change of that kind about that interface; others are passed over.
interface_change next_of(interface_watch& watch, kind what, const std::string& name) {
    const deadline limit(ages);
    for (;;) {
        interface_change c = watch.next();
        if (c.what == what && c.interface.name == name) return c;
    }
}

TEST_P(interfaces_of_the_host, the_loopback_is_listed_with_its_addresses) {
    on_network([] {
        const std::vector<network_interface> all = interfaces();
        const network_interface* lo = find(all, "lo");
        ASSERT_NE(lo, nullptr);
        EXPECT_EQ(lo->index, this_network().interface_index("lo"));
        EXPECT_TRUE(lo->loopback && lo->usable());
        EXPECT_FALSE(lo->broadcast || lo->point_to_point);
        EXPECT_GE(lo->mtu, 1500U);
        ASSERT_FALSE(lo->addresses.empty());
        EXPECT_EQ(lo->addresses[0].address, endpoint::loopback(family::inet, 0));
        EXPECT_EQ(lo->addresses[0].prefix, 8);
    });
}

TEST_P(interfaces_of_the_host, what_ip_has_made_is_listed) {
    on_network(in_own_network(
        {"ip link add wire address 02:00:00:00:00:2a mtu 1400 type veth peer name far",
         "ip addr add 192.0.2.1/24 dev wire", "ip addr add 2001:db8::1/64 dev wire nodad",
         "ip addr add 192.0.2.7 peer 198.51.100.9/32 dev far", "ip link set wire up", "ip link set far up"},
        [] {
            {
                interface_watch watch;  // the carrier comes a moment after the command has ended
                const deadline limit(ages);
                while (!find(watch.known(), "wire")->usable()) watch.next();
            }
            const std::vector<network_interface> all = interfaces();
            EXPECT_TRUE(std::is_sorted(all.begin(), all.end(), [](auto& a, auto& b) { return a.index < b.index; }));
            const network_interface* wire = find(all, "wire");
            ASSERT_NE(wire, nullptr);
            EXPECT_TRUE(wire->usable() && wire->broadcast && wire->multicast);
            EXPECT_FALSE(wire->loopback || wire->point_to_point);
            EXPECT_EQ(wire->mtu, 1400U);
            EXPECT_EQ(wire->hardware_address, (std::vector<std::uint8_t>{2, 0, 0, 0, 0, 0x2a}));
            EXPECT_EQ(std::count(wire->addresses.begin(), wire->addresses.end(),
                                 interface_address{endpoint::parse("192.0.2.1:0"), 24}),
                      1);
            EXPECT_EQ(std::count(wire->addresses.begin(), wire->addresses.end(),
                                 interface_address{endpoint::parse("[2001:db8::1]:0"), 64}),
                      1);
            const network_interface* far = find(all, "far");
            ASSERT_NE(far, nullptr);
            const interface_address with_peer{endpoint::parse("192.0.2.7:0"), 32, endpoint::parse("198.51.100.9:0")};
            EXPECT_EQ(std::count(far->addresses.begin(), far->addresses.end(), with_peer), 1);
        }));
}

TEST_P(interfaces_of_the_host, thousands_of_addresses_are_all_listed) {
    on_network(
        in_own_network({"ip link add wire type veth peer name far",
                        "for i in $(seq 0 7); do for j in $(seq 1 250); do echo addr add 10.9.$i.$j/32 dev wire; "
                        "done; done | ip -batch -"},
                       [] {
                           const std::vector<network_interface> all = interfaces();
                           const network_interface* wire = find(all, "wire");
                           ASSERT_NE(wire, nullptr);
                           EXPECT_EQ(wire->addresses.size(), 2000U);
                       }));
}

TEST_P(interfaces_of_the_host, a_watch_tells_of_links_and_addresses) {
    on_network(in_own_network({}, [] {
        interface_watch watch;
        ASSERT_TRUE(does("ip link add wire type veth peer name far"));
        EXPECT_FALSE(next_of(watch, kind::appeared, "wire").interface.up);
        ASSERT_TRUE(does("ip link set far up && ip link set wire up"));
        EXPECT_TRUE(next_of(watch, kind::went_up, "wire").interface.usable());
        ASSERT_TRUE(does("ip addr add 192.0.2.1/24 dev wire"));
        const interface_change added = next_of(watch, kind::address_added, "wire");
        EXPECT_TRUE(added.address.address.is_ip());
        ASSERT_TRUE(does("ip addr add 2001:db8::5/64 dev wire nodad"));
        interface_change six = next_of(watch, kind::address_added, "wire");
        while (six.address.address != endpoint::parse("[2001:db8::5]:0")) {
            six = next_of(watch, kind::address_added, "wire");  // its link-local one may come first
        }
        EXPECT_EQ(six.address.prefix, 64);
        ASSERT_TRUE(does("ip addr del 192.0.2.1/24 dev wire"));
        EXPECT_EQ(next_of(watch, kind::address_removed, "wire").address.address, endpoint::parse("192.0.2.1:0"));
        ASSERT_TRUE(does("ip link set wire mtu 1300"));
        EXPECT_EQ(next_of(watch, kind::altered, "wire").interface.mtu, 1300U);
        ASSERT_TRUE(does("ip link set far down"));
        EXPECT_TRUE(next_of(watch, kind::went_down, "wire").interface.up) << "up, but without a carrier";
        ASSERT_TRUE(does("ip link del wire"));
        EXPECT_EQ(next_of(watch, kind::disappeared, "far").interface.name, "far");
        while (find(watch.known(), "wire") != nullptr) watch.next();
    }));
}

TEST_P(interfaces_of_the_host, a_waiting_watch_is_woken) {
    on_network(in_own_network({"ip link add wire type veth peer name far"}, [] {
        interface_watch watch;
        scope child;
        bool told = false;
        spawn_waiting(child, [&] {
            next_of(watch, kind::address_added, "wire");
            told = true;
        });
        ASSERT_TRUE(does("ip addr add 192.0.2.1/24 dev wire"));
        child.join();
        EXPECT_TRUE(told);
    }));
}

TEST_P(interfaces_of_the_host, notices_that_the_kernel_dropped_hide_nothing) {
    on_network(in_own_network({"ip link add wire type veth peer name far"}, [] {
        interface_watch watch;
        // Far more than the socket's buffer holds: the receive that follows says ENOBUFS.
        ASSERT_TRUE(
            does("for i in $(seq 0 7); do for j in $(seq 1 250); do echo addr add 10.9.$i.$j/32 dev wire; done; "
                 "done | ip -batch -"));
        const deadline limit(ages);
        for (int i = 0; i < 2000; ++i) ASSERT_EQ(watch.next().what, kind::address_added);
        ASSERT_TRUE(does("ip link set wire up"));
        EXPECT_TRUE(next_of(watch, kind::altered, "wire").interface.up) << "up, but without a carrier";
    }));
}

TEST_P(interfaces_of_the_host, a_deadline_and_a_cancellation_leave_the_watch_as_it_was) {
    on_network(in_own_network({"ip link add wire type veth peer name far"}, [] {
        interface_watch watch;
        try {
            const deadline within(5ms);
            for (;;) watch.next();
        } catch (const error& e) {
            EXPECT_EQ(e.code(), errc::timed_out);
        }
        scope child;
        bool was_cancelled = false;
        spawn_waiting(child, [&] {
            try {
                for (;;) watch.next();
            } catch (const cancelled&) {
                was_cancelled = true;
                throw;
            }
        });
        child.cancel();
        child.join();
        EXPECT_TRUE(was_cancelled);
        ASSERT_TRUE(does("ip addr add 192.0.2.1/24 dev wire"));
        EXPECT_EQ(next_of(watch, kind::address_added, "wire").address.prefix, 24);
    }));
}

TEST_P(interfaces_of_the_host_on_stacks, the_loopback_and_the_link_are_listed) {
    on_network([] {
        const std::vector<network_interface> all = interfaces();
        const network_interface* lo = find(all, "lo");
        ASSERT_NE(lo, nullptr);
        EXPECT_TRUE(lo->loopback && lo->usable());
        EXPECT_EQ(lo->addresses, (std::vector<interface_address>{{endpoint::loopback(family::inet, 0), 8},
                                                                 {endpoint::loopback(family::inet6, 0), 128}}));
        if (GetParam().name == std::string_view("tun")) {
            const network_interface* device = find(all, "cardea");
            ASSERT_NE(device, nullptr);
            EXPECT_TRUE(device->usable() && !device->loopback);
            EXPECT_EQ(device->mtu, 1500U);
            EXPECT_EQ(device->addresses.front(), (interface_address{endpoint::parse("10.97.0.2:0"), 24}));
        }
        for (const network_interface& i : all) EXPECT_EQ(this_network().interface_index(i.name), i.index);
        EXPECT_EQ(this_network().interface_index("none such"), 0U);
    });
}

TEST_P(interfaces_of_the_host_on_stacks, a_watch_waits_as_long_as_nothing_changes) {
    on_network([] {
        interface_watch watch;
        EXPECT_EQ(watch.known(), interfaces());
        std::error_code ec;
        {
            const deadline limit(20ms);
            watch.next(ec);
        }
        EXPECT_EQ(ec, errc::timed_out);
        scope child;
        spawn_waiting(child, [&] { EXPECT_THROW(watch.next(), cancelled); });
        child.cancel();
        child.join();
    });
}

TEST_P(interfaces_of_the_host_on_stacks, a_device_that_is_deleted_goes_down) {
    if (GetParam().name != std::string_view("tun")) GTEST_SKIP() << "a simulated link does not go away";
    on_network([] {
        interface_watch watch;
        ASSERT_TRUE(does("ip link delete cardea"));
        EXPECT_FALSE(next_of(watch, kind::went_down, "cardea").interface.up);
        EXPECT_FALSE(find(interfaces(), "cardea")->usable());
        std::error_code ec;
        const deadline limit(20ms);
        watch.next(ec);
        EXPECT_EQ(ec, errc::timed_out) << "told once";
    });
}

}  // namespace
}  // namespace cardea::conformance
