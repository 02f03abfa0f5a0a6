// Groups and broadcasts in a world: what one host sends reaches every host on its links, each copy on a way of its own.
#include <gtest/gtest.h>

#include <cardea/datagram.hpp>
#include <cardea/multicast.hpp>
#include <map>

#include "two_hosts.hpp"

namespace cardea::sim::test {
namespace {

using namespace std::chrono_literals;

const endpoint meeting_places[] = {endpoint::parse("239.255.70.77:7077"), endpoint::parse("[ff15::70:77]:7077")};

// As examples/discovery.cpp has it.
void offer(const std::string& name, const endpoint& group) {
    socket door(group.family(), type::datagram);
    door.set(option::reuse_address{true});
    door.bind(endpoint::any(group.family(), group.port()));
    join(door, {.group = group, .interface = interface_of("link")});
    std::array<char, 512> room;
    for (;;) {
        const auto [n, from] = door.recv_from(room);
        if (std::string_view(room.data(), n) == "who offers " + name) door.send_to("here is " + name, from);
    }
}

std::vector<std::string> find(const std::string& name, const endpoint& group) {
    socket door(group.family(), type::datagram);
    door.bind(endpoint::any(group.family(), 0));
    door.send_to("who offers " + name, group);
    std::vector<std::string> found;
    std::array<char, 512> room;
    const deadline within(1s);
    for (std::error_code ec;;) {
        const received got = door.recv_from(room, ec);
        if (ec) return found;
        if (std::string_view(room.data(), got.size) == "here is " + name) found.push_back(got.from.host());
    }
}

TEST(multicast, finds_who_offers_a_service) {
    for (const endpoint& group : meeting_places) {
        world w;
        sim::host& seeker = w.host("seeker");
        sim::host& one = w.host("one");
        sim::host& two = w.host("two");
        w.link(seeker, one, {.delay = 5ms});
        w.link(seeker, two, {.delay = 2ms});
        one.run([&] { offer("printer", group); });
        two.run([&] { offer("printer", group); });
        std::vector<std::string> printers;
        std::vector<std::string> plotters;
        seeker.run([&] {
            cardea::sleep(10ms);  // on the world's clock: the offers have been made
            printers = find("printer", group);
            plotters = find("plotter", group);
        });
        w.run();
        const family f = group.family();
        EXPECT_EQ(printers, (std::vector{two.address(f, 0).host(), one.address(f, 0).host()})) << "the nearer first";
        EXPECT_EQ(plotters, std::vector<std::string>());
    }
}

struct heard {
    std::map<std::string, std::chrono::nanoseconds> after;
    report what;
};

heard tell_all(const endpoint& to, seed with, double loss) {
    world w(with);
    sim::host& center = w.host("center");
    heard all;
    for (int i = 1; i <= 5; ++i) {
        sim::host& h = w.host("h" + std::to_string(i));
        w.link(center, h, {.delay = std::chrono::milliseconds(i), .loss = loss});
        h.run([&all, &h, to] {
            udp_socket door = udp_socket::bind(endpoint::any(family::inet, to.port()));
            if (to.is_multicast()) join(door, {.group = to});
            std::array<char, 16> room;
            std::error_code ec;
            const deadline within(5s);
            door.recv_from(room, ec);
            if (!ec) all.after[h.name()] = std::chrono::nanoseconds(this_network().now_ns());
        });
    }
    center.run([&] {
        cardea::sleep(1s);
        udp_socket s = udp_socket::bind("0.0.0.0:0");
        s.set(option::broadcast{true});
        s.send_to("hear!", to);
    });
    all.what = w.run();
    return all;
}

TEST(multicast, every_copy_has_its_own_delay) {
    for (const char* to : {"239.1.2.3:9", "255.255.255.255:9", "10.0.0.255:9"}) {
        const heard all = tell_all(endpoint::parse(to), {}, 0);
        EXPECT_EQ(all.after.size(), 5U) << to;
        for (int i = 1; i <= 5; ++i)
            EXPECT_EQ(all.after.at("h" + std::to_string(i)), 1s + std::chrono::milliseconds(i));
    }
}

TEST(multicast, every_copy_has_its_own_luck_which_the_seed_decides) {
    const endpoint to = endpoint::parse("239.1.2.3:9");
    bool some_but_not_all = false;
    for (std::uint64_t n = 1; n <= 8; ++n) {
        const heard once = tell_all(to, seed{n}, 0.5);
        const heard again = tell_all(to, seed{n}, 0.5);
        EXPECT_EQ(once.what.digest, again.what.digest);
        EXPECT_EQ(once.after, again.after);
        some_but_not_all = some_but_not_all || (!once.after.empty() && once.after.size() < 5);
    }
    EXPECT_TRUE(some_but_not_all);
}

TEST(multicast, what_its_sender_has_joined_comes_once) {
    world w;
    sim::host& alone = w.host("alone");
    w.link(alone, w.host("other"));
    int copies = 0;
    alone.run([&] {
        udp_socket door = udp_socket::bind("0.0.0.0:9");
        join(door, {.group = endpoint::parse("239.1.2.3:0")});
        door.send_to("me too", endpoint::parse("239.1.2.3:9"));
        std::array<char, 16> room;
        std::error_code ec;
        for (const deadline within(1s); !ec; copies += ec ? 0 : 1) door.recv_from(room, ec);
    });
    w.run();
    EXPECT_EQ(copies, 1);
}

}  // namespace
}  // namespace cardea::sim::test
