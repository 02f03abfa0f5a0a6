// A socket that lingers (SO_LINGER with a time) is closed whatever becomes of the fiber that closes it, and keeps
// nobody but that fiber waiting, however the socket came by the option.
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include "every_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE(lingering);
CARDEA_CONFORMANCE_OF_KERNELS(lingering_on_kernels);

// A helper thread closes it: at once, but when is the machine's affair.
void wait_for_descriptors(std::size_t before) {
    const deadline within(ages);
    while (open_descriptors() > before) sleep(1ms);
}

void expect_end(tcp_stream& of) {
    const deadline within(ages);
    std::array<char, 8> room{};
    EXPECT_EQ(of.recv(room), 0U);
}

TEST_P(lingering, a_cancelled_fiber_that_closes_leaves_no_descriptor_and_the_peer_hears_of_the_end) {
    on_network([&] {
        two_streams both = connected_pair();
        both.client.set(option::linger{5s});
        const std::size_t before = open_descriptors();
        scope child;
        child.spawn([&] {
            const tcp_stream mine = std::move(both.client);
            event never;
            never.wait();
        });
        yield();
        child.cancel();
        child.join();
        expect_end(both.server);
        if (GetParam().kernel) wait_for_descriptors(before - 1);
    });
}

TEST_P(lingering, a_deadline_that_has_passed_keeps_no_socket_from_being_closed) {
    on_network([&] {
        two_streams both = connected_pair();
        both.client.set(option::linger{5s});
        const std::size_t before = open_descriptors();
        {
            const deadline passed(0ns);
            both.client.close();
        }
        expect_end(both.server);
        if (GetParam().kernel) wait_for_descriptors(before - 1);
    });
}

// `client` lingers, and what it has sent fills every buffer on the way: the peer must read on before close() can
// return. Were this loop's thread kept by it, nobody would, and it would return when the time is over, with nothing
// read.
void expect_nobody_else_waits(tcp_stream& client, tcp_stream& server) {
    const std::size_t sent = fill(client);
    std::atomic<std::size_t> received{0};
    scope reader;
    reader.spawn([&] {
        std::vector<char> room(64 * 1024);
        while (const std::size_t n = server.recv(room)) received += n;
    });
    client.close();
    EXPECT_GT(received, 0U);
    reader.join();
    EXPECT_EQ(received, sent);
}

TEST_P(lingering, an_accepted_socket_has_it_from_its_listener) {
    on_network([] {
        tcp_listener door("127.0.0.1:0");
        door.handle().set(option::linger{5s});
        for (int i = 0; i < 20; ++i) {  // busy enough for a network to accept ahead
            tcp_stream client = tcp_stream::connect(door.local());
            tcp_stream server = door.accept();
            EXPECT_EQ(server.get<option::linger>(), 5s);
            if (i == 0 || i == 19) expect_nobody_else_waits(server, client);
        }
    });
}

TEST_P(lingering_on_kernels, a_connection_in_the_queue_keeps_what_the_listener_has_no_more) {
    on_network([] {
        for (const bool on_a_thread_first : {false, true}) {
            tcp_listener door;
            tcp_stream client;
            const auto set_up = [&] {
                door = tcp_listener("127.0.0.1:0");
                door.handle().set(option::linger{5s});
                client = tcp_stream::connect(door.local());
                door.handle().set(option::linger{std::nullopt});
            };
            if (on_a_thread_first) {
                std::thread(set_up).join();
            } else {
                set_up();
            }
            tcp_stream server = door.accept();
            EXPECT_EQ(server.get<option::linger>(), 5s);
            expect_nobody_else_waits(server, client);
        }
    });
}

TEST_P(lingering_on_kernels, a_socket_keeps_it_when_it_moves_to_another_network) {
    on_network([] {
        two_streams both;
        std::thread([&] {
            both = connected_pair();
            both.client.set(option::linger{5s});
        }).join();
        expect_nobody_else_waits(both.client, both.server);
    });
}

TEST_P(lingering_on_kernels, a_descriptor_from_elsewhere_has_it) {
    on_network([] {
        two_streams both = connected_pair();
        const int detached = both.client.handle().release().descriptor;
        const ::linger time{1, 5};
        ASSERT_EQ(::setsockopt(detached, SOL_SOCKET, SO_LINGER, &time, sizeof time), 0);
        tcp_stream adopted{socket::adopt(detached)};
        expect_nobody_else_waits(adopted, both.server);
    });
}

}  // namespace
}  // namespace cardea::conformance
