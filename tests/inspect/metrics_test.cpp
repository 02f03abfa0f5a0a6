// Metrics of threads that end, of loops, and of pauses.
#include <cardea/metrics.hpp>

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cardea/fiber.hpp>
#include <cardea/sync.hpp>
#include <cardea/udp.hpp>
#include <thread>

using namespace cardea;

namespace {

void send_one_byte() {
    udp_socket to = udp_socket::bind("127.0.0.1:0");
    to.send_to("x", to.local());
}

}  // namespace

TEST(metrics, of_a_thread_outlive_it) {
    const metrics before = read_metrics();
    std::thread(send_one_byte).join();
    std::thread(send_one_byte).join();
    const metrics after = read_metrics();
    EXPECT_EQ(after.bytes_sent - before.bytes_sent, 2U);
    EXPECT_EQ(after.sockets_opened - before.sockets_opened, 2U);
    EXPECT_EQ(after.open_sockets, before.open_sockets);
}

TEST(metrics, of_threads_that_count_at_the_same_time_lose_nothing) {
    constexpr int threads = 4;
    constexpr int each = 2000;
    const metrics before = read_metrics();
    std::atomic<bool> done{false};
    std::thread reader([&] {
        std::uint64_t last = before.bytes_sent;
        while (!done) {
            const std::uint64_t now = read_metrics().bytes_sent;
            EXPECT_GE(now, last);
            last = now;
        }
    });
    std::vector<std::thread> all;
    for (int i = 0; i < threads; ++i) {
        all.emplace_back([] {
            udp_socket to = udp_socket::bind("127.0.0.1:0");
            const endpoint self = to.local();
            std::array<char, 8> room{};
            for (int n = 0; n < each; ++n) {
                to.send_to("x", self);
                to.recv_from(room);
            }
        });
    }
    for (std::thread& t : all) t.join();
    done = true;
    reader.join();
    const metrics after = read_metrics();
    EXPECT_EQ(after.bytes_sent - before.bytes_sent, std::uint64_t{threads * each});
    EXPECT_EQ(after.bytes_received - before.bytes_received, std::uint64_t{threads * each});
    EXPECT_EQ(after.of(call_kind::send_to).calls - before.of(call_kind::send_to).calls, std::uint64_t{threads * each});
}

TEST(metrics, of_a_socket_that_moves_between_loops_count_it_once) {
    const metrics before = read_metrics();
    {
        udp_socket s = udp_socket::bind("127.0.0.1:0");
        run([&] { s.send_to("x", s.local()); });
        EXPECT_EQ(read_metrics().open_sockets - before.open_sockets, 1U);
    }
    EXPECT_EQ(read_metrics().open_sockets, before.open_sockets);
    EXPECT_EQ(read_metrics().sockets_opened - before.sockets_opened, 1U);
}

TEST(metrics, of_a_released_descriptor_count_it_as_closed) {
    const metrics before = read_metrics();
    socket s(family::inet, type::stream);
    const native_socket let_go = s.release();
    EXPECT_EQ(read_metrics().open_sockets, before.open_sockets);
    const socket again = socket::adopt(let_go.descriptor);
    EXPECT_EQ(read_metrics().open_sockets - before.open_sockets, 1U);
}

TEST(metrics, of_loops_are_there_while_they_run_and_summed_up_afterwards) {
    const metrics before = read_metrics();
    EXPECT_TRUE(before.loops.empty());
    run([&] {
        event never;
        scope two;
        two.spawn([&] { never.wait(); });
        two.spawn([&] { never.wait(); });
        sleep(std::chrono::milliseconds(1));
        const metrics now = read_metrics();
        ASSERT_EQ(now.loops.size(), 1U);
        EXPECT_EQ(now.loops.front().fibers, 3U);
        EXPECT_GT(now.loops.front().switches, 0U);
        EXPECT_GT(now.loops.front().turns.count(), 0U);
        EXPECT_FALSE(now.loops.front().network.empty());
    });
    const metrics after = read_metrics();
    EXPECT_TRUE(after.loops.empty());
    EXPECT_GT(after.loop_switches, before.loop_switches);
    EXPECT_GT(after.loop_waits, before.loop_waits);
    EXPECT_GT(after.turns.count(), before.turns.count());
}

TEST(metrics, of_latency_show_a_fiber_that_keeps_its_loop_to_itself) {
    const std::chrono::nanoseconds before = read_metrics().turns.longest;
    const auto hog = before + std::chrono::milliseconds(20);
    run([&] {
        const auto until = std::chrono::steady_clock::now() + hog;
        while (std::chrono::steady_clock::now() < until) {
        }
    });
    const duration_metrics turns = read_metrics().turns;
    EXPECT_GE(turns.longest, hog);
    EXPECT_GE(turns.sum, turns.longest);
}
