// Out of memory at each allocation in turn: an exchange either succeeds or says so, leaves nothing behind, and the loop
// lives on. A program of its own, for it replaces operator new.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cardea/descriptor.hpp>
#include <functional>
#include <new>

#include "failing_allocations.hpp"
#include "under_faults.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE(out_of_memory);
CARDEA_CONFORMANCE_OF_KERNELS(out_of_memory_on_kernels);
CARDEA_CONFORMANCE_OF_STACKS(out_of_memory_on_stacks);
CARDEA_CONFORMANCE_WHERE(out_of_memory_in_virtual_time, is_in_virtual_time);

/// What a program does, on errors: end. True: it got through.
bool get_through(const std::function<void()>& scenario) {
    try {
        scenario();
        return true;
    } catch (const std::bad_alloc&) {
    } catch (const std::system_error& e) {
        const bool so = e.code() == std::errc::not_enough_memory || e.code() == std::errc::no_buffer_space;
        EXPECT_TRUE(so) << e.what();
    }
    return false;
}

/// Runs the scenario again and again, its first allocation failing, then its second, until none is reached. Each round
/// leaves no socket, no descriptor and no memory behind, when it is `settled`.
void expect_no_leak_at_any_allocation(const std::function<void()>& scenario,
                                      const std::function<void()>& settled = {}) {
    faulty_network net;  // counts the sockets
    const auto settle = [&] {
        if (settled) settled();
    };
    // What is kept for good, and made by whoever comes first: the thread's counts, lists that grow; of a link of the
    // stack's also each place of its queue, which keeps the room of the packets it has had.
    for (int i = 0; i < (settled ? 200 : 3); ++i) ASSERT_TRUE(net.run([&] { return get_through(scenario); }));
    settle();
    long survived = 0;
    bool through = false;
    while (!through && survived < 1'000) {
        const std::size_t descriptors = open_descriptors();
        const long memory = live_allocations();
        until_failure = survived;
        const bool done = net.run([&] { return get_through(scenario); });
        through = until_failure >= 0;  // it was not reached any more
        until_failure = -1;
        settle();
        ASSERT_EQ(net.open_sockets(), 0U) << "after allocation " << survived;
        ASSERT_EQ(open_descriptors(), descriptors) << "after allocation " << survived;
        ASSERT_EQ(live_allocations(), memory) << "after allocation " << survived;
        ASSERT_TRUE(done || !through);
        ++survived;
    }
    EXPECT_TRUE(through);
    EXPECT_GT(survived, 2);
    EXPECT_TRUE(get_through(scenario)) << "and afterwards all is well";
}

TEST_P(out_of_memory_on_kernels, at_any_allocation_of_an_exchange_nothing_leaks_and_the_network_lives_on) {
    on_network([] {
        std::vector<std::byte> room(2'000);
        const std::vector<std::byte> data = pattern_bytes(0, room.size());
        expect_no_leak_at_any_allocation([&] {
            two_streams both = connected_pair();
            both.client.send_all(data);
            both.server.recv_exactly(room);
            both.server.send("x");
            const lease borrowed = both.client.recv_lease();
            udp_socket door = udp_socket::bind("127.0.0.1:0");
            door.send_to("y", door.local());
            door.recv_from(room);
        });
    });
}

// What the host has no memory for is as if lost on the way: it is sent again, but for datagrams. Where nobody is told
// of a failed allocation the exchange goes well, later.
TEST_P(out_of_memory_in_virtual_time, at_any_allocation_of_an_exchange_nothing_leaks_and_the_host_lives_on) {
    on_network([] {
        std::vector<std::byte> room(20'000);
        const std::vector<std::byte> data = pattern_bytes(0, room.size());
        expect_no_leak_at_any_allocation(
            [&] {
                const deadline within(ages);
                two_streams both = connected_pair();
                both.client.send_all(data);
                both.server.recv_exactly(room);
                EXPECT_EQ(matching_bytes(room, 0), room.size());
                both.server.send("x");
                EXPECT_EQ(both.client.recv_lease().text(), "x");
                udp_socket door = udp_socket::bind("127.0.0.1:0");
                door.send_to("y", door.local());
                std::error_code lost;
                const deadline soon(1s);
                door.recv_from(room, lost);
                if (lost != errc::timed_out && lost) throw error(lost, "recv");
            },
            [] { cardea::sleep(600s); });  // TIME-WAIT is over, and what was resent has been given up
    });
}

TEST_P(out_of_memory_on_stacks, at_any_allocation_of_sockets_nothing_leaks_and_the_network_lives_on) {
    on_network([] {
        expect_no_leak_at_any_allocation([&] {
            socket a(family::inet, type::stream);
            socket b(family::inet6, type::datagram);
            a.set(option::receive_buffer{10'000});
        });
    });
}

TEST_P(out_of_memory, at_any_allocation_of_children_nothing_leaks_and_the_loop_lives_on) {
    on_network([] {
        expect_no_leak_at_any_allocation([] {
            channel<int> queue(4);
            semaphore places(2);
            int taken = 0;
            scope children;
            for (int i = 0; i < 3; ++i) {
                children.spawn({.name = "a child with a name that is too long to be kept in place"}, [&, i] {
                    places.acquire();
                    queue.push(i);
                    places.release();
                });
            }
            for (; taken < 3; ++taken) queue.pop();
            children.join();
        });
    });
}

// What a network has received ahead has to go along: without memory for it nothing is let go of, and nothing lost.
TEST_P(out_of_memory_on_kernels, at_any_allocation_of_letting_go_no_byte_is_lost) {
    on_network([] {
        const std::vector<std::byte> data = pattern_bytes(0, 3'000);
        bool reached = true;
        for (long n = 0; reached && n < 100; ++n) {
            two_streams both = connected_pair();
            std::vector<std::byte> room(data.size());
            both.client.send_all({data.data(), 10});
            both.server.recv_exactly({room.data(), 10});  // from here on the kernel receives ahead, where it does
            both.client.send_all({data.data() + 10, data.size() - 10});
            while (both.server.peek(room) < data.size() - 10) yield();
            std::error_code ec;
            until_failure = n;
            native_socket let_go = both.server.handle().release(ec);
            reached = until_failure < 0;
            until_failure = -1;
            if (ec) {
                EXPECT_EQ(ec, std::errc::not_enough_memory);
                both.server.recv_exactly({room.data(), data.size() - 10});
                EXPECT_EQ(matching_bytes({room.data(), data.size() - 10}, 10), data.size() - 10);
                continue;
            }
            const descriptor owned(let_go.descriptor);
            std::size_t got = let_go.unread.size();
            EXPECT_EQ(matching_bytes({let_go.unread.data(), got}, 10), got);
            const ssize_t rest = ::recv(owned.get(), room.data(), room.size(), MSG_DONTWAIT);
            if (rest > 0) got += static_cast<std::size_t>(rest);
            EXPECT_EQ(got, data.size() - 10) << "at allocation " << n;
        }
        EXPECT_FALSE(reached);
    });
}

}  // namespace
}  // namespace cardea::conformance
