// Raw and packet sockets: whole messages, and a refusal that says what is needed.
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cardea/raw.hpp>

#include "every_network.hpp"
#include "own_process.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE_OF_KERNELS(raw);
CARDEA_CONFORMANCE_OF_STACKS(raw_on_stacks);

bool may_open() {
    std::error_code ec;
    open_raw(family::inet, protocol::icmp, ec);
    return !ec;
}

struct echo_request {
    std::uint8_t kind;
    std::uint8_t code = 0;
    std::uint16_t checksum = 0;
    std::uint16_t identifier = 0x1234;
    std::uint16_t sequence = 0x0100;
    std::array<char, 8> data{'c', 'a', 'r', 'd', 'e', 'a', '!', '!'};
};

TEST_P(raw, an_echo_request_is_answered) {
    if (!may_open()) GTEST_SKIP() << "needs CAP_NET_RAW";
    on_network([] {
        for (const bool v6 : {false, true}) {
            socket ping = open_raw(v6 ? family::inet6 : family::inet, v6 ? protocol::icmpv6 : protocol::icmp);
            echo_request request{static_cast<std::uint8_t>(v6 ? 128 : 8)};
            if (!v6) request.checksum = internet_checksum({&request, sizeof request});  // the kernel does ICMPv6's
            const endpoint there = endpoint::loopback(v6 ? family::inet6 : family::inet, 0);
            EXPECT_EQ(ping.send_to({&request, sizeof request}, there), sizeof request);
            const deadline limit(ages);
            for (;;) {
                std::array<std::uint8_t, 128> room{};
                const received got = ping.recv_from(room);
                const std::size_t header = v6 ? 0 : (room[0] & 15U) * 4U;
                if (room[header] != (v6 ? 129 : 0)) continue;  // our own question passes by, too
                EXPECT_EQ(got.from.host(), there.host());
                ASSERT_EQ(got.size, header + sizeof request);
                EXPECT_EQ(std::memcmp(&room[header + 4], &request.identifier, sizeof request - 4), 0);
                break;
            }
        }
    });
}

TEST_P(raw, a_packet_socket_sees_frames_and_tells_their_link_addresses) {
    if (!may_open()) GTEST_SKIP() << "needs CAP_NET_RAW";
    on_network([] {
        constexpr std::uint16_t ipv4 = 0x0800;
        socket wire = open_packet(ipv4, false);
        const std::uint32_t lo = this_network().interface_index("lo");
        wire.bind(to_endpoint({.interface = lo, .protocol = ipv4}));
        EXPECT_EQ(link_of(wire.local()).interface, lo);
        EXPECT_EQ(wire.local().to_string(), "packet:" + std::to_string(lo));
        udp_socket receiver = udp_socket::bind("127.0.0.1:0");
        udp_socket sender = udp_socket::connect(receiver.local());
        const std::string mark = "cardea-" + std::to_string(this_network().random());
        sender.send(mark);
        const deadline limit(ages);
        for (;;) {
            std::array<char, 2048> room{};
            const received frame = wire.recv_from(room);
            const std::string_view bytes(room.data(), frame.size);
            if (bytes.find(mark) == std::string_view::npos) continue;
            EXPECT_EQ(frame.size, 20 + 8 + mark.size()) << "the IP packet without a link header";
            EXPECT_EQ(link_of(frame.from).interface, lo);
            EXPECT_EQ(link_of(frame.from).protocol, ipv4);
            break;
        }
    });
}

TEST_P(raw, close_wakes_who_waits_in_a_packet_socket) {
    if (!may_open()) GTEST_SKIP() << "needs CAP_NET_RAW";
    on_network([] {
        socket wire = open_packet(0x9999);
        scope child;
        std::error_code why;
        spawn_waiting(child, [&] {
            std::array<char, 64> room{};
            wire.recv_from(room, why);
        });
        wire.close();
        child.join();
        EXPECT_EQ(why, errc::closed);
    });
}

std::string what_is_said_without_the_right() {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, 2> none{};
    if (::syscall(SYS_capset, &header, none.data()) != 0) return "(capset)";
    std::string said;
    try {
        open_raw(family::inet, protocol::icmp);
    } catch (const error& e) {
        said = e.what();
    }
    try {
        open_packet();
    } catch (const error& e) {
        said += std::string("\n") + e.what();
    }
    return said;
}

TEST_P(raw, there_is_none_of_what_is_not_ip) {
    on_network([] {
        std::error_code ec;
        EXPECT_FALSE(open_raw(family::local, protocol::icmp, ec).is_open());
        EXPECT_EQ(ec, std::errc::address_family_not_supported);
    });
}

TEST(raw_sockets, without_the_right_the_error_says_what_is_needed) {
    const std::string said = in_own_process(what_is_said_without_the_right);
    EXPECT_EQ(
        said,
        "open a raw socket (it needs CAP_NET_RAW: run as root, or once: setcap cap_net_raw+ep PROGRAM): Operation "
        "not permitted\n"
        "open a packet socket (it needs CAP_NET_RAW: run as root, or once: setcap cap_net_raw+ep PROGRAM): "
        "Operation not permitted");
}

TEST_P(raw_on_stacks, a_network_without_them_says_so) {
    on_network([] {
        std::error_code ec;
        open_raw(family::inet, protocol::icmp, ec);
        EXPECT_EQ(ec, errc::not_supported);
        open_packet(every_protocol, true, ec);
        EXPECT_EQ(ec, errc::not_supported);
    });
}

}  // namespace
}  // namespace cardea::conformance
