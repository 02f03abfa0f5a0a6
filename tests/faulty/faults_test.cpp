// Each fault does to a call what it says, on every network, and nothing to the others.
#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "under_faults.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE(faults);
CARDEA_CONFORMANCE_OF_KERNELS(faults_on_kernels);

TEST_P(faults, nothing_happens_without_one) {
    on_network(with({}, [](faulty_network& net) {
        two_streams both = connected_pair();
        const std::vector<std::byte> data = pattern_bytes(0, 100'000);
        scope sending;
        sending.spawn([&] { both.client.send_all(data); });
        std::vector<std::byte> room(data.size());
        both.server.recv_exactly(room);
        sending.join();
        EXPECT_EQ(room, data);
        EXPECT_EQ(net.open_sockets(), 2U) << "on the wrapper: both ends; the listener has been closed";
        EXPECT_EQ(net.calls(network_call::accept), 1U);
        EXPECT_EQ(net.calls(network_call::connect), 1U);
        EXPECT_EQ(net.faults(), 0U);
        EXPECT_EQ(net.last(), network_call::any);
    }));
}

TEST_P(faults, fail_befalls_the_nth_call_and_no_other) {
    on_network(with({fault::fail(network_call::send, injected).at(2)}, [](faulty_network& net) {
        two_streams both = connected_pair();
        std::error_code ec;
        EXPECT_EQ(both.client.send("one", ec), 3U);
        EXPECT_FALSE(ec);
        EXPECT_EQ(both.client.send("two", ec), 0U);
        EXPECT_EQ(ec, injected);
        EXPECT_EQ(net.last(), network_call::send);
        EXPECT_EQ(both.client.send("three", ec), 5U);
        EXPECT_FALSE(ec);
        std::array<char, 8> room{};
        both.server.recv_exactly(room);
        EXPECT_EQ(std::string(room.data(), room.size()), "onethree");
        EXPECT_EQ(net.faults(), 1U);
    }));
}

TEST_P(faults, fail_befalls_every_kind_of_call) {
    on_network([] {
        const auto failing = [](network_call on, const std::function<void(std::error_code&)>& call) {
            faulty_network net;
            net.run([&] {
                net.add(fault::fail(on, injected).times(fault::always));
                std::error_code ec;
                call(ec);
                EXPECT_EQ(ec, injected) << to_string(on);
            });
        };
        failing(network_call::open, [](auto& ec) { socket(family::inet, type::stream, 0, ec); });
        failing(network_call::bind, [](auto& ec) { socket(family::inet, type::stream).bind("127.0.0.1:0", ec); });
        failing(network_call::listen, [](auto& ec) { socket(family::inet, type::stream).listen(1, ec); });
        failing(network_call::accept, [](auto& ec) { tcp_listener("127.0.0.1:0").accept(ec); });
        failing(network_call::connect, [](auto& ec) { socket(family::inet, type::stream).connect("127.0.0.1:1", ec); });
        failing(network_call::send_to,
                [](auto& ec) { udp_socket::bind("127.0.0.1:0").send_to("x", "127.0.0.1:1", ec); });
        failing(network_call::option,
                [](auto& ec) { socket(family::inet, type::stream).set(option::reuse_address{true}, ec); });
        failing(network_call::resolve, [](auto& ec) { tcp_stream::connect("localhost:1", ec); });
    });
}

TEST_P(faults, shorten_slices_a_stream_and_loses_nothing) {
    on_network(
        with({fault::shorten(network_call::send, 7), fault::shorten(network_call::recv, 5)}, [](faulty_network&) {
            two_streams both = connected_pair();
            const std::vector<std::byte> data = pattern_bytes(0, 5'000);
            scope sending;
            sending.spawn([&] { EXPECT_EQ(both.client.send(data), data.size()); });
            std::vector<std::byte> room(data.size());
            EXPECT_LE(both.server.recv(room), 5U);
            const std::size_t rest = data.size() - 5;
            both.server.recv_exactly({room.data() + 5, rest});
            sending.join();
            EXPECT_EQ(room, data);
        }));
}

TEST_P(faults, delay_waits_on_the_networks_clock_and_a_deadline_ends_it) {
    on_network(with({fault::delay(network_call::send, 5ms)}, [](faulty_network&) {
        two_streams both = connected_pair();
        const stopwatch time;
        both.client.send("late");
        EXPECT_GE(time.elapsed(), 5ms);
        std::error_code ec;
        {
            const deadline at_once(0ms);
            both.client.send("never", ec);
        }
        EXPECT_EQ(ec, errc::timed_out);
        both.client.close();
        std::array<char, 16> room{};
        EXPECT_EQ(both.server.recv_exactly(room, ec), 4U) << "what was not sent has come";
    }));
}

TEST_P(faults, reorder_lets_others_go_first) {
    on_network(with({fault::reorder(2)}, [](faulty_network&) {
        udp_socket door = udp_socket::bind("127.0.0.1:0");
        udp_socket client = udp_socket::bind("127.0.0.1:0");
        std::string order;
        for (const char* text : {"a", "b", "c", "d"}) client.send_to(text, door.local());
        std::array<char, 16> room{};
        for (int i = 0; i < 4; ++i) order += std::string(room.data(), door.recv_from(room).size);
        EXPECT_EQ(order, "bcad");
    }));
}

TEST_P(faults, what_was_held_back_leaves_when_its_socket_closes) {
    on_network(with({fault::reorder(9)}, [](faulty_network&) {
        udp_socket door = udp_socket::bind("127.0.0.1:0");
        {
            udp_socket client = udp_socket::connect(door.local());
            client.send("last words");
        }
        std::array<char, 16> room{};
        EXPECT_EQ(door.recv_from(room).size, 10U);
    }));
}

TEST_P(faults, a_receive_that_is_too_late_loses_no_bytes) {
    on_network(
        with({fault::too_late(network_call::recv), fault::too_late(network_call::recv_from)}, [](faulty_network&) {
            two_streams both = connected_pair();
            both.client.send("bytes");
            std::array<char, 16> room{};
            std::error_code ec;
            EXPECT_EQ(both.server.recv(room, ec), 0U);
            EXPECT_EQ(ec, errc::timed_out);
            EXPECT_EQ(both.server.recv(room, ec), 5U);

            udp_socket door = udp_socket::bind("127.0.0.1:0");
            udp_socket client = udp_socket::bind("127.0.0.1:0");
            client.send_to("datagram", door.local());
            door.recv_from(room, ec);
            EXPECT_EQ(ec, errc::timed_out);
            const received again = door.recv_from({room.data(), 4}, ec);
            EXPECT_EQ(again.size, 4U);
            EXPECT_TRUE(again.truncated);
            EXPECT_EQ(again.from, client.local());
        }));
}

TEST_P(faults, cancel_when_done_is_seen_by_the_next_call) {
    on_network(with({fault::cancel_when_done(network_call::recv)}, [](faulty_network&) {
        two_streams both = connected_pair();
        both.client.send("done");
        bool received = false;
        bool went_on = false;
        scope one;
        one.spawn([&] {
            std::array<char, 16> room{};
            received = both.server.recv(room) == 4;
            both.server.recv(room);
            went_on = true;
        });
        one.join();
        EXPECT_TRUE(received);
        EXPECT_FALSE(went_on);
    }));
}

TEST_P(faults_on_kernels, a_socket_goes_in_and_out_of_the_wrapper) {
    on_network([] {
        two_streams both = connected_pair();
        both.client.send("from before");
        std::array<char, 32> room{};
        std::error_code ec;
        faulty_network net;
        net.add(fault::fail(network_call::recv, injected));
        net.run([&] {
            both.server.recv(room, ec);
            EXPECT_EQ(ec, injected);
            EXPECT_EQ(both.server.recv(room), 11U);
        });
        EXPECT_EQ(net.open_sockets(), 1U);
        both.client.send("and after");
        EXPECT_EQ(both.server.recv(room), 9U);
        EXPECT_EQ(net.open_sockets(), 0U);
    });
}

TEST_P(faults, sockets_outlive_their_wrapper) {
    on_network([] {
        std::optional<two_streams> both;
        {
            faulty_network net;
            net.run([&] { both.emplace(connected_pair()); });
        }
        both->client.close();
        both.reset();
    });
}

TEST_P(faults, wrappers_go_around_wrappers) {
    on_network(with({fault::fail(network_call::send, injected)}, [](faulty_network&) {
        faulty_network outer;
        outer.add(fault::fail(network_call::send, std::make_error_code(std::errc::io_error)));
        outer.run([] {
            two_streams both = connected_pair();
            std::error_code ec;
            both.client.send("1", ec);
            EXPECT_EQ(ec, std::errc::io_error);
            both.client.send("2", ec);
            EXPECT_EQ(ec, injected);
            EXPECT_EQ(both.client.send("3"), 1U);
        });
    }));
}

}  // namespace
}  // namespace cardea::conformance
