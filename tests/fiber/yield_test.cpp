// yield, and fairness without it: nobody keeps a loop to himself.
#include <gtest/gtest.h>

#include <cardea/cardea.hpp>
#include <string>
#include <thread>
#include <vector>

#include "places.hpp"

namespace {

using namespace std::chrono_literals;

class yield_test : public fiber_test::on_loop {};

TEST_P(yield_test, fibers_take_turns) {
    here([] {
        std::string order;
        cardea::scope all;
        for (const char c : {'a', 'b', 'c'}) {
            all.spawn([&order, c] {
                for (int i = 0; i < 3; ++i) {
                    order += c;
                    cardea::yield();
                }
            });
        }
        all.join();
        EXPECT_EQ(order, "abcabcabc");
    });
}

TEST_P(yield_test, one_that_is_always_ready_starves_neither_timers_nor_the_network_nor_other_threads) {
    here([] {
        bool stop = false;
        cardea::scope busy;
        for (int i = 0; i < 3; ++i) {
            busy.spawn([&] {
                while (!stop) cardea::yield();
            });
        }
        cardea::sleep(1ms);
        auto door = cardea::udp_socket::bind("127.0.0.1:0");
        std::thread sender([to = door.local()] { cardea::udp_socket::open().send_to("hello", to); });
        char room[8];
        EXPECT_EQ(door.recv(room), 5U);
        sender.join();
        cardea::event set_by_thread;
        std::thread setter([&] { set_by_thread.set(); });
        set_by_thread.wait();
        setter.join();
        stop = true;
        busy.join();
    });
}

TEST_P(yield_test, one_whose_calls_never_have_to_wait_lets_others_run) {
    here([] {
        // UDP to oneself: every send and every recv succeeds at once.
        bool stop = false;
        cardea::scope busy;
        busy.spawn([&] {
            auto door = cardea::udp_socket::bind("127.0.0.1:0");
            const auto self = door.local();
            char room[8];
            while (!stop) {
                door.send_to("x", self);
                door.recv(room);
            }
        });
        cardea::sleep(1ms);
        stop = true;
        busy.join();
    });
}

TEST_P(yield_test, a_stream_that_always_has_more_lets_others_run) {
    here([] {
        cardea::tcp_listener door("127.0.0.1:0");
        auto a = cardea::tcp_stream::connect(door.local());
        auto b = door.accept();
        bool stop = false;
        cardea::scope busy;
        busy.spawn([&] {
            const std::vector<char> much(256 * 1024);
            while (!stop) a.send_all(much);
            a.shutdown(cardea::direction::send);
        });
        busy.spawn([&] {
            std::vector<char> room(16);
            while (b.recv(room) != 0) {
            }
        });
        cardea::sleep(1ms);
        stop = true;
        busy.join();
    });
}

TEST_P(yield_test, is_a_point_of_cancellation) {
    here([] {
        int turns = 0;
        cardea::scope all;
        all.spawn([&] {
            for (;; ++turns) cardea::yield();
        });
        while (turns < 10) cardea::yield();
        all.cancel();
        all.join();
        EXPECT_GE(turns, 10);
    });
}

FIBER_TEST_ON_LOOPS(yield_test);

TEST(yield, on_a_plain_thread_returns) { cardea::yield(); }

}  // namespace
