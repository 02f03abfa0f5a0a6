// Moving bytes under faults: exact in spite of short calls, the bytes done told with the error, nothing lost or doubled
// by a call that failed or came too late, and a datagram's error told to who sent it.
#include <gtest/gtest.h>

#include <cardea/batch.hpp>
#include <stdexcept>

#include "under_faults.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE(transfer_under_faults);

TEST_P(transfer_under_faults, send_all_and_recv_exactly_are_exact_in_spite_of_short_calls) {
    on_network(
        with({fault::shorten(network_call::send, 3), fault::shorten(network_call::recv, 2)}, [](faulty_network& net) {
            two_streams both = connected_pair();
            const std::vector<std::byte> data = pattern_bytes(0, 1'001);
            scope sending;
            sending.spawn([&] { both.client.send_all(data); });
            std::vector<std::byte> room(data.size());
            both.server.recv_exactly(room);
            sending.join();
            EXPECT_EQ(room, data);
            EXPECT_GE(net.calls(network_call::recv), 501U);
        }));
}

TEST_P(transfer_under_faults, lines_are_whole_in_spite_of_short_calls) {
    on_network(with({fault::shorten(network_call::recv, 1)}, [](faulty_network&) {
        two_streams both = connected_pair();
        both.client.send_all("one\r\ntwo\nthree");
        both.client.close();
        line_reader lines(both.server);
        EXPECT_EQ(lines.next(), "one");
        EXPECT_EQ(lines.next(), "two");
        EXPECT_EQ(lines.next(), "three");
        EXPECT_FALSE(lines.terminated());
    }));
}

TEST_P(transfer_under_faults, a_send_that_fails_says_how_many_bytes_went) {
    on_network(with({fault::fail_after(70, injected).at(1), fault::fail_after(0, injected).at(2)}, [](faulty_network&) {
        two_streams both = connected_pair();
        const std::vector<std::byte> data = pattern_bytes(0, 100);
        try {
            both.client.send_all(data);
            ADD_FAILURE() << "it did not fail";
        } catch (const error& e) {
            EXPECT_EQ(e.code(), injected);
            EXPECT_EQ(e.bytes_done(), 70U);
        }
        std::error_code ec;
        EXPECT_EQ(both.client.send_all(data, ec), 0U);
        EXPECT_EQ(ec, injected);
        both.client.close();
        std::vector<std::byte> room(data.size());
        EXPECT_EQ(both.server.recv_exactly(room, ec), 70U) << "as many as were said to have gone";
        EXPECT_EQ(matching_bytes({room.data(), 70}, 0), 70U);
    }));
}

TEST_P(transfer_under_faults, a_receive_that_fails_says_how_many_bytes_came_and_the_rest_follows) {
    on_network(with({fault::shorten(network_call::recv, 5), fault::fail(network_call::recv, injected).at(3)},
                    [](faulty_network&) {
                        two_streams both = connected_pair();
                        both.client.send_all(pattern_bytes(0, 40));
                        std::vector<std::byte> room(40);
                        std::size_t done = 0;
                        try {
                            both.server.recv_exactly(room);
                            ADD_FAILURE() << "it did not fail";
                        } catch (const error& e) {
                            EXPECT_EQ(e.code(), injected);
                            done = e.bytes_done();
                        }
                        EXPECT_EQ(done, 10U);
                        both.server.recv_exactly(mutable_buffer(room).after(done));
                        EXPECT_EQ(matching_bytes(room, 0), 40U);
                    }));
}

/// Receives all of it, going on after each error; every byte must come once.
void receive_in_spite_of(std::error_code expected) {
    two_streams both = connected_pair();
    const std::vector<std::byte> data = pattern_bytes(0, 3'000);
    both.client.send_all(data);
    both.client.close();
    std::vector<std::byte> room(data.size() + 1);
    std::size_t done = 0;
    std::error_code ec;
    do {
        done += both.server.recv_exactly(mutable_buffer(room).after(done), ec);
    } while (ec && ec == expected);
    if (ec != errc::end_of_stream) throw std::logic_error("another error: " + ec.message());
    if (done != data.size() || matching_bytes({room.data(), done}, 0) != done) throw std::logic_error("bytes are lost");
}

TEST_P(transfer_under_faults, no_byte_is_lost_or_doubled_by_a_receive_that_ends_at_any_call) {
    on_network([] {
        for (const fault& what :
             {fault::fail(network_call::recv, injected), fault::too_late(network_call::recv, errc::timed_out)}) {
            const sweep_report all = sweep(100, what, [&](faulty_network& net) {
                net.add(fault::shorten(network_call::recv, 300));
                receive_in_spite_of(what.error);
            });
            EXPECT_TRUE(all) << all.why;
            EXPECT_GE(all.rounds, 11U);
        }
    });
}

// Exactly one outcome: what a receive has given before the cancellation was seen, and what the next reader finds, make
// the whole.
TEST_P(transfer_under_faults, a_cancellation_with_any_receive_loses_no_bytes) {
    on_network([] {
        const sweep_report all = sweep(100, fault::cancel_when_done(network_call::recv), [](faulty_network& net) {
            net.add(fault::shorten(network_call::recv, 100));
            two_streams both = connected_pair();
            both.client.send_all(pattern_bytes(0, 1'000));
            std::vector<std::byte> room(1'000);
            std::size_t done = 0;
            scope one;
            one.spawn([&] {
                std::error_code ec;
                done = both.server.recv_exactly(room, ec);
            });
            one.join();
            both.server.recv_exactly(mutable_buffer(room).after(done));
            if (matching_bytes(room, 0) != room.size()) throw std::logic_error("bytes are lost");
        });
        EXPECT_TRUE(all) << all.why;
        EXPECT_GE(all.rounds, 11U);
    });
}

TEST_P(transfer_under_faults, a_total_deadline_ends_a_slow_sender_that_the_limit_of_each_call_lets_pass) {
    on_network(with({fault::delay(network_call::send, 10ms)}, [](faulty_network&) {
        two_streams both = connected_pair();
        scope slow;
        slow.spawn([&] {
            std::error_code ec;
            while (!ec) both.client.send("x", ec);
        });
        std::error_code ec;
        std::size_t done = 0;
        {
            const call_limit each(ages);
            const deadline total(100ms);
            std::array<char, 10'000> room{};
            done = both.server.recv_exactly(room, ec);
        }
        EXPECT_EQ(ec, errc::timed_out);
        EXPECT_LT(done, 100U);
        slow.cancel();
        slow.join();
    }));
}

TEST_P(transfer_under_faults, enobufs_of_a_datagram_is_told_to_its_sender) {
    on_network(with({fault::fail(network_call::send_to, injected).at(1), fault::fail(network_call::send, injected)},
                    [](faulty_network&) {
                        udp_socket door = udp_socket::bind("127.0.0.1:0");
                        udp_socket client = udp_socket::bind("127.0.0.1:0");
                        udp_socket connected = udp_socket::connect(door.local());
                        std::error_code ec;
                        EXPECT_EQ(client.send_to("lost", door.local(), ec), 0U);
                        EXPECT_EQ(ec, injected);
                        EXPECT_THROW(connected.send("lost"), error);
                        client.send_to("one", door.local());
                        connected.send("another");
                        std::array<char, 16> room{};
                        EXPECT_EQ(door.recv_from(room).size, 3U);
                        EXPECT_EQ(door.recv_from(room).size, 7U);
                    }));
}

TEST_P(transfer_under_faults, a_batch_says_how_far_it_got) {
    on_network(with({fault::fail(network_call::send_to, injected).at(3)}, [](faulty_network&) {
        udp_socket door = udp_socket::bind("127.0.0.1:0");
        udp_socket client = udp_socket::bind("127.0.0.1:0");
        const endpoint to = door.local();
        const std::array<outgoing_datagram, 4> batch{{{"a", &to}, {"bb", &to}, {"ccc", &to}, {"dddd", &to}}};
        std::error_code ec;
        EXPECT_EQ(send_batch(client, batch, ec), 2U);
        EXPECT_EQ(ec, injected);
        std::array<char, 16> room{};
        EXPECT_EQ(door.recv_from(room).size, 1U);
        EXPECT_EQ(door.recv_from(room).size, 2U);
    }));
}

}  // namespace
}  // namespace cardea::conformance
