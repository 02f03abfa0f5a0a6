// Finding services on the local network by multicast, without any server: who offers something answers who asks.
//     discovery offer NAME [GROUP:PORT [INTERFACE]]     answers until it is ended
//     discovery find  NAME [GROUP:PORT [INTERFACE]]     prints who offers NAME, for one second
// Works with IPv4 and IPv6 groups: 239.255.70.77:7077, which is the default, or [ff12::70]:7077.
#include <array>
#include <cardea/cardea.hpp>
#include <cardea/datagram.hpp>
#include <cardea/multicast.hpp>
#include <chrono>
#include <iostream>
#include <string>
#include <string_view>

#include "anywhere.hpp"

using namespace cardea;

namespace {

constexpr std::string_view question = "who offers ";
constexpr std::string_view answer = "here is ";

struct meeting_place {
    endpoint group;
    std::uint32_t interface;
};

// Everybody on this host may receive at the group's port: the address is shared.
void offer(const std::string& name, const meeting_place& place) {
    socket door(place.group.family(), type::datagram);
    door.set(option::reuse_address{true});
    door.bind(endpoint::any(place.group.family(), place.group.port()));
    join(door, {.group = place.group, .interface = place.interface});
    std::cout << "offering " << name << " at " << place.group.to_string() << std::endl;
    std::array<char, 512> room;
    for (;;) {
        const auto [n, from] = door.recv_from(room);
        // To who asked alone: an answer to the group would reach every host.
        if (std::string_view(room.data(), n) == std::string(question) + name) {
            door.send_to(std::string(answer) + name, from);
        }
    }
}

void find(const std::string& name, const meeting_place& place) {
    socket door(place.group.family(), type::datagram);
    door.bind(endpoint::any(place.group.family(), 0));
    door.set(option::multicast_interface{place.interface});
    door.send_to(std::string(question) + name, place.group);
    std::array<char, 512> room;
    const deadline within(std::chrono::seconds(1));
    for (;;) {
        std::error_code ec;
        const received got = door.recv_from(room, ec);
        if (ec == errc::timed_out) return;
        if (ec) throw std::system_error(ec, "find");
        if (std::string_view(room.data(), got.size) == std::string(answer) + name) {
            std::cout << name << " is at " << got.from.host() << std::endl;
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view what = argc > 2 ? argv[1] : "";
    if (what != "offer" && what != "find") {
        std::cerr << "usage: discovery offer|find NAME [GROUP:PORT [INTERFACE]]\n";
        return 2;
    }
    return run_anywhere("discovery", [&] {
        const meeting_place place{endpoint::parse(argc > 3 ? argv[3] : "239.255.70.77:7077"),
                                  argc > 4 ? interface_of(argv[4]) : 0};
        what == "offer" ? offer(argv[2], place) : find(argv[2], place);
    });
}
