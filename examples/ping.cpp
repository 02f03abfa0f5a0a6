// ping(8) in one page: ICMP echo by a raw socket, four times. Needs root, or setcap cap_net_raw+ep on the program.
//     ping 127.0.0.1        ping ::1
#include <array>
#include <cardea/cardea.hpp>
#include <cardea/raw.hpp>
#include <chrono>
#include <cstring>
#include <iostream>
#include <string>

#include "anywhere.hpp"

using namespace cardea;

namespace {

// RFC 792, RFC 4443 section 4: one layout for both.
struct echo {
    std::uint8_t kind = 0;
    std::uint8_t code = 0;
    std::uint16_t checksum = 0;
    std::uint16_t identifier = 0;
    std::uint16_t sequence = 0;
    std::int64_t sent_ns = 0;
};

constexpr std::uint8_t request_of[] = {8, 128};
constexpr std::uint8_t reply_of[] = {0, 129};

// Waits for the answer to `asked`, past whatever else ICMP has to say; false: none came in time.
bool wait_for_answer(socket& door, const echo& asked, bool v6, std::size_t& bytes) {
    std::array<unsigned char, 1500> room;
    const deadline within(std::chrono::seconds(1));
    for (;;) {
        std::error_code ec;
        const received got = door.recv_from(room, ec);
        if (ec == errc::timed_out) return false;
        if (ec) throw std::system_error(ec, "recv");
        const std::size_t header = v6 ? 0 : (room[0] & 15U) * 4U;  // IPv4's comes along (raw(7))
        if (got.size < header + sizeof(echo)) continue;
        echo answer;
        std::memcpy(&answer, &room[header], sizeof answer);
        bytes = got.size - header;
        if (answer.kind == reply_of[v6 ? 1 : 0] && answer.identifier == asked.identifier &&
            answer.sequence == asked.sequence) {
            return true;
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::cerr << "usage: ping ADDRESS\n";
        return 2;
    }
    return run_anywhere("ping", [&] {
        const bool v6 = std::string(argv[1]).find(':') != std::string::npos;
        const endpoint there = endpoint::parse(v6 ? "[" + std::string(argv[1]) + "]:0" : std::string(argv[1]) + ":0");
        socket door = open_raw(there.family(), v6 ? protocol::icmpv6 : protocol::icmp);
        echo ask;
        ask.kind = request_of[v6 ? 1 : 0];
        ask.identifier = static_cast<std::uint16_t>(this_network().random());
        for (; ask.sequence < 4; ++ask.sequence) {
            ask.sent_ns = this_network().now_ns();
            ask.checksum = 0;
            if (!v6) ask.checksum = internet_checksum({&ask, sizeof ask});  // ICMPv6's is the kernel's (RFC 3542)
            door.send_to({&ask, sizeof ask}, there);
            std::size_t bytes = 0;
            if (wait_for_answer(door, ask, v6, bytes)) {
                const auto us = (this_network().now_ns() - ask.sent_ns) / 1000;
                std::cout << bytes << " bytes from " << there.host() << ": " << us << " us" << std::endl;
            } else {
                std::cout << "no answer from " << there.host() << std::endl;
            }
        }
    });
}
