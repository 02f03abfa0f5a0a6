// More than a network's queues and pools hold, signals all the time: nothing is lost for it.
#include <signal.h>
#include <sys/time.h>

#include <thread>

#include "every_network.hpp"
#include "network/uring/uring.hpp"
#include "sanitizers.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE(pressure);
CARDEA_CONFORMANCE_OF_KERNELS(pressure_on_kernels);
CARDEA_CONFORMANCE_IN_REAL_TIME(pressure_in_real_time);

// Threads cost more than fibers; ThreadSanitizer cannot tell more than some 8000 of either apart.
std::size_t waiters_at_once(bool threads) {
    constexpr std::size_t thousands = 9'000;
    return threads ? 60 : under_tsan ? 3'000 : thousands;
}

// How often the buffers of this network ran short: a test of that proves nothing where they did not.
std::uint64_t shortages_here() {
    const bool has_a_pool = this_network().name() == std::string_view("uring");
    return has_a_pool ? detail::pressure_on_uring(this_network()).shortages : 1;
}

TEST_P(pressure, a_multishot_that_runs_out_of_buffers_is_rearmed_and_enobufs_is_no_error) {
    on_network([] {
        constexpr std::size_t connections = 48;
        constexpr std::size_t each = 150'000;  // unread all at once: several times any pool of receive buffers
        std::vector<two_streams> all(connections);
        for (two_streams& both : all) both = connected_pair();
        std::vector<std::byte> first(connections);
        scope first_bytes;
        scope work;
        // Every connection waits for its first byte with little room, so that a network receives ahead for all of them.
        for (std::size_t i = 0; i < connections; ++i) {
            spawn_waiting(first_bytes, [&, i] { all[i].server.recv_exactly({&first[i], 1}); });
        }
        const std::vector<std::byte> data = pattern_bytes(0, each);
        for (two_streams& both : all) work.spawn([&] { both.client.send_all(data); });
        first_bytes.join();
        if (this_fiber::on_loop()) {
            for (int i = 0; i < 20'000; ++i) yield();  // turns enough for everything to arrive that will
        }
        for (std::size_t i = connections; i-- > 0;) {
            std::vector<std::byte> rest(each - 1);
            all[i].server.recv_exactly(rest);
            ASSERT_EQ(matching_bytes(rest, 1), rest.size()) << "connection " << i;
        }
        work.join();
        EXPECT_EQ(first, std::vector<std::byte>(connections, pattern(0)));
        all[0].client.send_all("on it goes");
        std::array<char, 10> room{};
        all[0].server.recv_exactly(room);
        EXPECT_GT(shortages_here(), 0U) << "the buffers never ran out";
    });
}

TEST_P(pressure, no_reader_starves_while_others_hold_the_buffers) {
    on_network([] {
        std::vector<two_streams> hoarders(40);
        std::array<std::byte, 1> one{};
        scope first_bytes;
        scope work;
        for (two_streams& both : hoarders) {
            both = connected_pair();
            spawn_waiting(first_bytes, [&] {
                std::array<std::byte, 1> mine{};
                both.server.recv_exactly(mine);  // and never again
            });
            work.spawn([&] {
                std::error_code ec;
                both.client.send_all(std::vector<std::byte>(4'000'000), ec);
            });
        }
        first_bytes.join();
        if (this_fiber::on_loop()) {
            for (int i = 0; i < 20'000; ++i) yield();
        }
        two_streams newcomer = connected_pair();
        for (int i = 0; i < 100; ++i) {
            newcomer.client.send_all("x");
            newcomer.server.recv_exactly(one);
        }
        for (two_streams& both : hoarders) both.server.reset();
        work.join();
        EXPECT_GT(shortages_here(), 0U) << "the buffers never ran out";
    });
}

TEST_P(pressure, a_close_that_ends_thousands_of_calls_loses_none) {
    on_network([this] {
        udp_socket door = udp_socket::bind("127.0.0.1:0");
        const std::size_t count = waiters_at_once(runs_on_threads());
        std::atomic<std::size_t> closed{0};
        scope children;
        for (std::size_t i = 0; i < count; ++i) {
            children.spawn(fiber_options{.stack_size = 64 * 1024}, [&] {
                std::array<char, 8> room{};
                std::error_code ec;
                door.recv_from(room, ec);
                if (ec == errc::closed) ++closed;
            });
        }
        for (int i = 0; i < 2'000; ++i) yield();
        door.close();
        children.join();
        EXPECT_EQ(closed, count);
    });
}

TEST_P(pressure, a_cancellation_of_thousands_of_calls_loses_none) {
    on_network([this] {
        // Of datagrams: each receiver has a request of its own in the ring, which the readers of a stream have not.
        udp_socket door = udp_socket::bind("127.0.0.1:0");
        const std::size_t count = waiters_at_once(runs_on_threads());
        std::atomic<std::size_t> ended{0};
        scope children;
        for (std::size_t i = 0; i < count; ++i) {
            children.spawn(fiber_options{.stack_size = 64 * 1024}, [&] {
                std::array<char, 8> room{};
                std::error_code ec;
                door.recv_from(room, ec);
                if (ec == errc::cancelled) ++ended;
            });
        }
        for (int i = 0; i < 2'000; ++i) yield();
        children.cancel();
        children.join();
        EXPECT_EQ(ended, count);
        door.send_to("alive", door.local());
        std::array<char, 8> room{};
        EXPECT_EQ(door.recv_from(room).size, 5U);
    });
}

TEST_P(pressure_on_kernels, thousands_of_receivers_of_one_socket_lose_no_datagram) {
    on_network([this] {
        const std::string name = "unix:@cardea-crowd-" + std::to_string(this_network().random());
        unix_datagram door = unix_datagram::bind(name);
        const std::size_t count = waiters_at_once(runs_on_threads());
        std::vector<std::atomic<int>> seen(count);
        scope children;
        for (std::size_t i = 0; i < count; ++i) {
            children.spawn(fiber_options{.stack_size = 64 * 1024}, [&] {
                std::size_t number = 0;
                if (door.recv({&number, sizeof number}) == sizeof number && number < seen.size()) ++seen[number];
            });
        }
        unix_datagram sender = unix_datagram::open();
        for (std::size_t i = 0; i < count; ++i) sender.send_to({&i, sizeof i}, name);
        children.join();
        for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(seen[i], 1) << "datagram " << i;
    });
}

TEST_P(pressure, many_connections_echo_at_once) {
    on_network([this] {
        const int connections = runs_on_threads() ? 30 : 300;
        tcp_listener door("127.0.0.1:0");
        scope all;
        all.spawn([&] {
            scope handlers;
            for (int i = 0; i < connections; ++i) {
                handlers.spawn([peer = door.accept()]() mutable {
                    std::array<char, 1024> room{};
                    while (const std::size_t n = peer.recv(room)) peer.send_all({room.data(), n});
                });
            }
            handlers.join();
        });
        for (int i = 0; i < connections; ++i) {
            all.spawn([&, i] {
                tcp_stream server = tcp_stream::connect(door.local());
                for (int round = 0; round < 20; ++round) {
                    const std::string question = std::to_string(i) + "/" + std::to_string(round);
                    std::string answer(question.size(), ' ');
                    server.send_all(question);
                    server.recv_exactly(answer);
                    EXPECT_EQ(answer, question);
                }
            });
        }
        all.join();
    });
}

sigset_t alarm_only() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    return set;
}

// The main thread would get every signal (signal(7)), and only waits for the one under test.
class signals_elsewhere {
  public:
    signals_elsewhere() {
        const sigset_t alarm = alarm_only();
        ::pthread_sigmask(SIG_BLOCK, &alarm, &before_);
    }
    ~signals_elsewhere() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    signals_elsewhere(const signals_elsewhere&) = delete;
    signals_elsewhere& operator=(const signals_elsewhere&) = delete;

  private:
    sigset_t before_{};
};

// A signal every millisecond to this thread and those made from now on.
class signal_storm {
  public:
    signal_storm() {
        struct sigaction interrupting {};
        interrupting.sa_handler = [](int) {};  // no SA_RESTART: every wait is interrupted
        ::sigaction(SIGALRM, &interrupting, &before_);
        const sigset_t alarm = alarm_only();
        ::pthread_sigmask(SIG_UNBLOCK, &alarm, nullptr);
        const itimerval often{{0, 1'000}, {0, 1'000}};
        ::setitimer(ITIMER_REAL, &often, nullptr);
    }
    ~signal_storm() {
        const itimerval never{};
        ::setitimer(ITIMER_REAL, &never, nullptr);
        const sigset_t alarm = alarm_only();
        ::pthread_sigmask(SIG_BLOCK, &alarm, nullptr);
        ::sigaction(SIGALRM, &before_, nullptr);
    }
    signal_storm(const signal_storm&) = delete;
    signal_storm& operator=(const signal_storm&) = delete;

  private:
    struct sigaction before_ {};
};

TEST_P(pressure_in_real_time, eintr_storm_disturbs_no_call) {
    const signals_elsewhere not_here;
    on_network([] {
        const signal_storm storm;
        tcp_listener door("127.0.0.1:0");
        for (int round = 0; round < 20; ++round) {
            scope all;
            all.spawn([&] {
                tcp_stream peer = door.accept();
                std::array<char, 64> room{};
                while (const std::size_t n = peer.recv(room)) {
                    cardea::sleep(2ms);
                    peer.send_all({room.data(), n});
                }
            });
            cardea::sleep(2ms);
            tcp_stream server = tcp_stream::connect(door.local());
            std::array<char, 4> room{};
            server.send_all("ping");
            server.recv_exactly(room);
            server.shutdown(direction::send);
            EXPECT_EQ(server.recv(room), 0U);
            all.join();
        }
        two_streams both = connected_pair(true);
        scope all;
        all.spawn([&] {
            both.client.send_all(pattern_bytes(0, 3'000'000));
            both.client.shutdown(direction::send);
        });
        std::vector<std::byte> room(5'000);
        std::size_t total = 0;
        while (const std::size_t n = both.server.recv(room)) {
            ASSERT_EQ(matching_bytes({room.data(), n}, total), n);
            total += n;
        }
        EXPECT_EQ(total, 3'000'000U);
        all.join();
    });
}

TEST_P(pressure_in_real_time, eintr_storm_leaves_deadlines_the_time_that_remains) {
    const signals_elsewhere not_here;
    on_network([] {
        const signal_storm storm;
        two_streams both = connected_pair();
        udp_socket datagrams = udp_socket::bind("127.0.0.1:0");
        std::array<char, 8> room{};
        for (int i = 0; i < 5; ++i) {
            const stopwatch time;
            std::error_code ec;
            {
                const deadline within(50ms);
                both.server.recv(room, ec);
            }
            EXPECT_EQ(ec, errc::timed_out);
            EXPECT_GE(time.elapsed(), 50ms);
            EXPECT_LT(time.elapsed(), ages);
            {
                const deadline within(20ms);
                datagrams.recv_from(room, ec);
            }
            EXPECT_EQ(ec, errc::timed_out);
        }
        const stopwatch time;
        cardea::sleep(50ms);
        EXPECT_GE(time.elapsed(), 50ms);
    });
}

}  // namespace
}  // namespace cardea::conformance
