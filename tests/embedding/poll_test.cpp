// A loop of poll(2) around Cardea's: all that its fibers may wait for makes the descriptor readable.
#include <poll.h>

#include <cstdlib>
#include <future>
#include <stdexcept>
#include <thread>

#include "echo.hpp"

namespace cardea {
namespace {

class embedded : public in_another_loop {
  protected:
    /// Runs `in` by its descriptor alone until no fiber is left; false: it fell silent with fibers left.
    static bool run_by_poll(embedded_loop& in) {
        for (bool left = true; left;) {
            pollfd one{in.descriptor(), POLLIN, 0};
            if (::poll(&one, 1, 20'000) != 1) return false;
            left = in.run_ready();
        }
        return true;
    }
};
INSTANTIATE_TEST_SUITE_P(on, embedded, testing::ValuesIn(embeddable), name_of_param);

TEST_P(embedded, network_and_time_make_the_descriptor_readable) {
    embedded_loop cardea(network());
    echo_result result;
    start_echo(cardea, 200, result);
    EXPECT_TRUE(run_by_poll(cardea));
    EXPECT_EQ(result.answers, 200);
    EXPECT_TRUE(result.slept);
}

TEST_P(embedded, is_silent_while_nothing_can_happen) {
    event never;  // the loop cancels who waits for it, when it ends
    embedded_loop cardea(network());
    cardea.spawn([&] { never.wait(); });
    pollfd one{cardea.descriptor(), POLLIN, 0};
    ASSERT_EQ(::poll(&one, 1, 20'000), 1) << "for the fiber that was started";
    for (int rounds = 0; rounds < 10 && ::poll(&one, 1, 0) == 1; ++rounds) EXPECT_TRUE(cardea.run_ready());
    EXPECT_EQ(::poll(&one, 1, 0), 0) << "readable with nothing to do: the loop around it would spin";
}

TEST_P(embedded, another_thread_wakes_it) {
    embedded_loop cardea(network());
    event asked;
    bool woken = false;
    cardea.spawn([&] {
        asked.wait();
        woken = true;
    });
    EXPECT_TRUE(cardea.run_ready());
    std::thread other([&] { asked.set(); });
    EXPECT_TRUE(run_by_poll(cardea));
    other.join();
    EXPECT_TRUE(woken);
}

TEST_P(embedded, the_first_failure_comes_out_of_run_ready_and_cancels_the_others) {
    embedded_loop cardea(network());
    event never;
    bool cancelled_too = false;
    cardea.spawn([&] {
        try {
            never.wait();
        } catch (const cancelled&) {
            cancelled_too = true;
            throw;
        }
    });
    cardea.spawn([] { throw std::runtime_error("on purpose"); });
    EXPECT_THROW(run_by_poll(cardea), std::runtime_error);
    EXPECT_TRUE(cancelled_too);
    EXPECT_FALSE(cardea.run_ready()) << "told once";
    bool again = false;
    cardea.spawn([&] { again = true; });
    EXPECT_TRUE(run_by_poll(cardea));
    EXPECT_TRUE(again);
}

TEST_P(embedded, its_end_cancels_what_still_runs) {
    bool unwound = false;
    {
        embedded_loop cardea(network());
        cardea.spawn([&] {
            try {
                tcp_listener door("127.0.0.1:0");
                (void)door.accept();
            } catch (const cancelled&) {
                unwound = true;
                throw;
            }
        });
        EXPECT_TRUE(cardea.run_ready());
    }
    EXPECT_TRUE(unwound);
}

TEST_P(embedded, outside_of_run_ready_calls_block_the_thread) {
    embedded_loop cardea(network());
    EXPECT_FALSE(this_fiber::on_loop());
    bool inside = false;
    cardea.spawn([&] { inside = this_fiber::on_loop(); });
    EXPECT_FALSE(cardea.run_ready());
    EXPECT_TRUE(inside);
    EXPECT_FALSE(this_fiber::on_loop());
    EXPECT_STREQ(this_network().name(), "thread");
}

TEST_P(embedded, two_in_one_thread) {
    embedded_loop one(network());
    embedded_loop two("epoll");
    echo_result first;
    echo_result second;
    start_echo(one, 50, first);
    start_echo(two, 50, second);
    bool left = true;
    while (left) {
        pollfd both[] = {{one.descriptor(), POLLIN, 0}, {two.descriptor(), POLLIN, 0}};
        ASSERT_GT(::poll(both, 2, 20'000), 0);
        left = false;
        left |= one.run_ready();
        left |= two.run_ready();
    }
    EXPECT_EQ(first.answers, 50);
    EXPECT_EQ(second.answers, 50);
}

TEST_P(embedded, a_client_outside_of_this_process_is_served) {
    embedded_loop cardea(network());
    if (on_tun()) {
        ASSERT_EQ(std::system("ip address add 192.0.2.1/24 dev inner"), 0);
    }
    std::promise<endpoint> listening;
    std::string heard;
    cardea.spawn([&] {
        tcp_listener door(on_tun() ? "192.0.2.2:0" : "127.0.0.1:0");
        listening.set_value(door.local());
        auto peer = door.accept();
        std::array<std::byte, 64> room{};
        while (const std::size_t n = peer.recv(room)) peer.send_all({room.data(), n});
    });
    std::thread other([&] {
        auto peer = tcp_stream::connect(listening.get_future().get());
        peer.send_all("hello");
        std::array<char, 5> room{};
        peer.recv_exactly(room);
        heard.assign(room.data(), room.size());
    });
    EXPECT_TRUE(run_by_poll(cardea));
    other.join();
    EXPECT_EQ(heard, "hello");
}

TEST(embedding, a_network_without_a_descriptor_says_so) {
    try {
        const embedded_loop cardea("sim");
        FAIL() << "the simulated network was embedded";
    } catch (const error& e) {
        EXPECT_EQ(e.code(), errc::not_supported);
        EXPECT_NE(std::string(e.what()).find("sim"), std::string::npos) << e.what();
    }
}

TEST_P(embedded, is_not_run_inside_of_a_loop) {
    embedded_loop cardea(network());
    bool ran = false;
    cardea.spawn([&] {
        EXPECT_THROW(cardea.run_ready(), std::logic_error) << "its own";
        ran = true;
    });
    run([&] { EXPECT_THROW(cardea.run_ready(), std::logic_error) << "another"; });
    EXPECT_FALSE(ran);
    EXPECT_TRUE(run_by_poll(cardea));
    EXPECT_TRUE(ran);
}

}  // namespace
}  // namespace cardea
