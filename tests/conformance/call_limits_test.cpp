// What call_limit promises of one call: it ends in time however often it wakes or tries again inside, and a call that
// gets on has its time anew.
#include <array>
#include <atomic>
#include <string>
#include <vector>

#include "every_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE(call_limits);
CARDEA_CONFORMANCE_OF_KERNELS(call_limits_on_kernels);

TEST_P(call_limits, wake_ups_for_nothing_do_not_begin_it_anew) {
    on_network([] {
        two_streams both = connected_pair();
        std::atomic<deadline*> theirs{nullptr};
        std::atomic<bool> ended{false};
        event go;
        scope child;
        child.spawn([&] {
            deadline far(ages * 2);
            theirs = &far;
            std::array<char, 8> room{};
            std::error_code ec;
            {
                const call_limit each(50ms);
                both.server.recv(room, ec);
            }
            EXPECT_EQ(ec, errc::timed_out);
            ended = true;
            go.wait();
        });
        const deadline within(ages);
        while (theirs == nullptr) yield();
        while (!ended) {
            theirs.load()->expire_in(ages * 2);  // wakes whoever waits, to look at it
            cardea::sleep(1ms);
        }
        go.set();
        child.join();
    });
}

TEST_P(call_limits_on_kernels, a_full_receiver_that_is_tried_again_and_again_ends_with_it) {
    on_network([] {
        const deadline within(ages);
        const std::string name = "unix:@cardea-limits-" + std::to_string(this_network().random());
        const unix_datagram receiver = unix_datagram::bind(name);
        socket sender{family::local, type::datagram};
        const call_limit each(30ms);
        std::error_code ec;
        while (!ec) sender.send_to("nobody reads this", name, ec);
        EXPECT_EQ(ec, errc::timed_out);
        EXPECT_FALSE(within.expired());
    });
}

TEST_P(call_limits_on_kernels, a_full_listener_that_is_tried_again_and_again_ends_with_it) {
    on_network([] {
        const deadline within(ages);
        const std::string name = "unix:@cardea-limits-" + std::to_string(this_network().random());
        const unix_listener door(name, 0);
        const call_limit each(30ms);
        std::vector<unix_stream> in_queue;
        std::error_code ec;
        while (!ec) in_queue.push_back(unix_stream::connect(name, ec));
        EXPECT_EQ(ec, errc::timed_out);
        EXPECT_FALSE(within.expired());
    });
}

TEST_P(call_limits, a_send_that_stands_still_ends_with_it_and_says_how_much_went) {
    on_network([] {
        two_streams both = connected_pair(true);
        const std::vector<std::byte> much(8'000'000);
        const call_limit each(100ms);
        const stopwatch time;
        std::error_code ec;
        const std::size_t sent = both.client.send_all(much, ec);
        EXPECT_EQ(ec, errc::timed_out);
        EXPECT_GT(sent, 0U);
        EXPECT_LT(sent, much.size());
        EXPECT_GE(time.elapsed(), 100ms);
    });
}

// The peer reads on, slowly: all of it together takes longer than the limit.
template <class Send>
void expect_slow_reader_is_waited_for(Send send) {
    two_streams both = connected_pair(true);
    const std::vector<std::byte> data = pattern_bytes(0, 2'000'000);
    scope reader;
    reader.spawn([&] {
        const stopwatch time;
        std::vector<std::byte> room(64 * 1024);
        std::size_t got = 0;
        while (got < data.size()) {
            if (time.elapsed() < 1500ms) cardea::sleep(20ms);
            const std::size_t n = both.server.recv({room.data(), time.elapsed() < 1500ms ? 8192 : room.size()});
            ASSERT_GT(n, 0U);
            EXPECT_EQ(matching_bytes({room.data(), n}, got), n);
            got += n;
        }
    });
    const stopwatch time;
    std::size_t sent = 0;
    {
        const call_limit each(1s);
        std::error_code ec;
        sent = send(both.client, const_buffer(data), ec);
        EXPECT_FALSE(ec) << ec.message();
    }
    EXPECT_EQ(sent, data.size());
    EXPECT_GE(time.elapsed(), 1100ms) << "it was not slow enough to show anything";
    both.client.shutdown(direction::send);
    if (sent == data.size()) reader.join();
}

TEST_P(call_limits, a_send_that_gets_on_has_it_anew) {
    on_network([] {
        expect_slow_reader_is_waited_for(
            [](tcp_stream& to, const_buffer data, std::error_code& ec) { return to.send(data, ec); });
    });
}

TEST_P(call_limits, a_send_of_pieces_that_gets_on_has_it_anew) {
    on_network([] {
        expect_slow_reader_is_waited_for([](tcp_stream& to, const_buffer data, std::error_code& ec) {
            const const_buffer head(data.data(), 100);
            return to.send_vectored({head, data.after(100)}, ec);
        });
    });
}

// What goes one way through a proxy, slowly, while the other way is silent: for longer than the limit.
void expect_busy_way_is_waited_for(bool forth, bool other_is_half_closed) {
    two_streams left = connected_pair();
    two_streams right = connected_pair();
    tcp_stream& from = forth ? left.client : right.server;
    tcp_stream& to = forth ? right.server : left.client;
    if (other_is_half_closed) to.shutdown(direction::send);
    std::error_code ec;
    copied_both_ways went;
    scope proxy;
    proxy.spawn([&] {
        const call_limit each(1s);
        went = copy_both(left.server, right.client, ec);
        left.server.close();  // so that nobody waits for what will not come
        right.client.close();
    });
    proxy.spawn([&] {
        const stopwatch time;
        std::error_code failed;
        while (!failed && time.elapsed() < 1500ms) {
            from.send_all("x", failed);
            cardea::sleep(20ms);
        }
        EXPECT_FALSE(failed) << failed.message();
        from.shutdown(direction::send, failed);
    });
    std::uint64_t got = 0;
    std::array<char, 64> room{};
    while (const std::size_t n = to.recv(room)) got += n;
    if (!other_is_half_closed) to.shutdown(direction::send);
    proxy.join();
    EXPECT_FALSE(ec) << ec.message();
    EXPECT_EQ((forth ? went.forth : went.back).bytes, got);
    EXPECT_GT(got, 0U);
}

TEST_P(call_limits, copying_both_ways_gets_on_when_either_way_does) {
    on_network([] {
        scope all;
        for (const bool forth : {true, false}) {
            for (const bool half_closed : {true, false}) {
                all.spawn([=] { expect_busy_way_is_waited_for(forth, half_closed); });
            }
        }
        all.join();
    });
}

TEST_P(call_limits, copying_both_ways_ends_when_both_are_silent) {
    on_network([] {
        for (const bool half_closed : {true, false}) {
            two_streams left = connected_pair();
            two_streams right = connected_pair();
            if (half_closed) left.client.shutdown(direction::send);
            const deadline within(ages);
            const call_limit each(50ms);
            std::error_code ec;
            const copied_both_ways went = copy_both(left.server, right.client, ec);
            EXPECT_EQ(ec, errc::timed_out);
            EXPECT_EQ(went.back.ended, errc::timed_out);
            EXPECT_FALSE(within.expired());
        }
    });
}

}  // namespace
}  // namespace cardea::conformance
