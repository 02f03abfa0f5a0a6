// Several rooms for one datagram or record: filled in order, however many, and a cut one is said to be cut.
#include <array>
#include <cardea/error_queue.hpp>
#include <cardea/passing.hpp>
#include <string>
#include <vector>

#include "every_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE(vectored_records);
CARDEA_CONFORMANCE_OF_KERNELS(vectored_records_on_kernels);

// Receives a record of ten bytes in rooms for seven, and in rooms for all.
void expect_told(socket_ref sends, socket& receives) {
    std::array<char, 3> first{};
    std::array<char, 4> second{};
    std::array<char, 16> third{};
    std::error_code ec;
    sends.get().send("0123456789");
    EXPECT_EQ(receives.recv_vectored({first, second}, ec), 7U);
    EXPECT_EQ(ec, std::errc::message_size);
    EXPECT_EQ(std::string(first.data(), 3) + std::string(second.data(), 4), "0123456");
    sends.get().send("0123456789");
    EXPECT_EQ(receives.recv_vectored({first, second, third}, ec), 10U);
    EXPECT_FALSE(ec) << ec.message();
    EXPECT_EQ(std::string(third.data(), 3), "789");
}

TEST_P(vectored_records, a_cut_datagram_is_an_error_as_recv_has_it) {
    on_network([] {
        udp_socket server = udp_socket::bind("127.0.0.1:0");
        udp_socket client = udp_socket::connect(server.local());
        expect_told(client, server.handle());
        server.set(option::receive_errors{true});  // another way through the calls
        expect_told(client, server.handle());
    });
}

TEST_P(vectored_records_on_kernels, a_cut_record_of_a_unix_socket_is_one_too) {
    on_network([] {
        for (const type t : {type::datagram, type::seqpacket}) {
            auto [one, other] = socket_pair(family::local, t);
            expect_told(one, other);
        }
    });
}

TEST_P(vectored_records, more_rooms_than_one_call_of_the_system_takes_are_all_filled) {
    on_network([] {
        udp_socket server = udp_socket::bind("127.0.0.1:0");
        udp_socket client = udp_socket::connect(server.local());
        std::vector<std::byte> room(500);
        std::vector<mutable_buffer> rooms;
        for (std::byte& one : room) rooms.emplace_back(&one, 1U);
        client.send(pattern_bytes(0, room.size()));
        EXPECT_EQ(server.handle().recv_vectored(rooms), room.size());
        EXPECT_EQ(matching_bytes(room, 0), room.size());
    });
}

}  // namespace
}  // namespace cardea::conformance
