// The same crowds on a ring of 32 submissions and 128 completions: both of its queues overflow, and nothing is lost for
// it. A filter of system calls makes the kernel refuse larger rings, as a tight memory cgroup would; it ends with the
// thread that has it.
#include <gtest/gtest.h>

#include <cardea/cardea.hpp>
#include <cerrno>
#include <functional>
#include <thread>
#include <vector>

#include "network/uring/uring.hpp"
#include "own_process.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

constexpr std::size_t crowd = 2'000;
constexpr std::size_t stack_bytes = 64 * 1024;

// Runs `body` on such a ring; skipped where there can be none, with the reason.
template <class Body>
void on_a_tiny_ring(Body body) {
    std::string why_not;
    std::thread([&] {
        if (!refuse_io_uring(ENOMEM, 100)) {
            why_not = "seccomp filters cannot be had here";
            return;
        }
        bool made = false;
        try {
            run({.network = "uring"}, [&] {
                made = true;
                const std::string size = detail::describe_uring(this_network());
                ASSERT_EQ(size.substr(0, size.find(',')), "32 submissions");
                body();
                EXPECT_EQ(this_loop_statistics().fibers, 1U);
                EXPECT_EQ(this_loop_statistics().sockets, 0U);
            });
        } catch (const std::exception& e) {
            if (made) ADD_FAILURE() << "the test ended by an exception: " << e.what();
            why_not = e.what();
        }
    }).join();
    if (!why_not.empty() && !testing::Test::HasFailure()) GTEST_SKIP() << why_not;
}

void expect_overflow_of_completions() {
    EXPECT_GT(detail::pressure_on_uring(this_network()).overflows, 0U) << "the queue had room for all of them";
}
void expect_overflow_of_submissions() {
    EXPECT_GT(detail::pressure_on_uring(this_network()).full_queues, 0U) << "the queue was never full";
}

// A crowd that receives from one socket, each with a request of its own in the ring.
class receivers {
  public:
    explicit receivers(udp_socket& door) {
        for (std::size_t i = 0; i < crowd; ++i) {
            all_.spawn(fiber_options{.stack_size = stack_bytes}, [this, &door] {
                std::array<char, 8> room{};
                std::error_code ec;
                ++waiting_;
                door.recv_from(room, ec);
                if (ec == errc::closed) ++closed_;
                if (ec == errc::cancelled) ++cancelled_;
            });
        }
        while (waiting_ < crowd) yield();
    }
    void cancel() { all_.cancel(); }
    void join() { all_.join(); }
    [[nodiscard]] std::size_t closed() const { return closed_; }
    [[nodiscard]] std::size_t cancelled() const { return cancelled_; }

  private:
    std::size_t waiting_ = 0;
    std::size_t closed_ = 0;
    std::size_t cancelled_ = 0;
    scope all_;
};

TEST(tiny_ring, completion_queue_overflow_by_a_cancellation_of_thousands_loses_none) {
    on_a_tiny_ring([] {
        udp_socket door = udp_socket::bind("127.0.0.1:0");
        receivers all(door);
        all.cancel();
        all.join();
        EXPECT_EQ(all.cancelled(), crowd);
        expect_overflow_of_completions();
        door.send_to("alive", door.local());
        std::array<char, 8> room{};
        EXPECT_EQ(door.recv_from(room).size, 5U);
    });
}

// Whether their ends overflow the queue depends on the kernel, which may bring them a few at a time (DEFER_TASKRUN).
TEST(tiny_ring, a_close_that_ends_thousands_of_calls_loses_none) {
    on_a_tiny_ring([] {
        udp_socket door = udp_socket::bind("127.0.0.1:0");
        receivers all(door);
        door.close();
        all.join();
        EXPECT_EQ(all.closed(), crowd);
    });
}

TEST(tiny_ring, submission_queue_overflow_by_thousands_of_receivers_loses_no_datagram) {
    on_a_tiny_ring([] {
        const std::string name = "unix:@cardea-tiny-" + std::to_string(this_network().random());
        unix_datagram door = unix_datagram::bind(name);  // no datagram of these is ever lost (unix(7))
        std::vector<int> seen(crowd);
        scope children;
        for (std::size_t i = 0; i < crowd; ++i) {
            children.spawn(fiber_options{.stack_size = stack_bytes}, [&] {
                std::size_t number = 0;
                if (door.recv({&number, sizeof number}) == sizeof number && number < seen.size()) ++seen[number];
            });
        }
        unix_datagram sender = unix_datagram::open();
        for (std::size_t i = 0; i < crowd; ++i) sender.send_to({&i, sizeof i}, name);
        children.join();
        EXPECT_EQ(seen, std::vector<int>(crowd, 1));
        expect_overflow_of_submissions();
    });
}

TEST(tiny_ring, queue_overflow_by_connections_that_all_echo_at_once_loses_no_byte) {
    on_a_tiny_ring([] {
        constexpr std::size_t connections = 300;
        std::vector<two_streams> all(connections);
        for (two_streams& both : all) both = connected_pair();
        scope everybody;
        for (std::size_t i = 0; i < connections; ++i) {
            everybody.spawn([&both = all[i]] {
                std::array<std::byte, 8192> room;
                while (const std::size_t n = both.server.recv(room)) both.server.send_all({room.data(), n});
            });
            everybody.spawn([&both = all[i], i] {
                const std::vector<std::byte> question = pattern_bytes(i * 10'000, 10'000);
                std::vector<std::byte> answer(question.size());
                for (int round = 0; round < 3; ++round) {
                    both.client.send_all(question);
                    both.client.recv_exactly(answer);
                    EXPECT_EQ(answer, question);
                }
                both.client.close();
            });
        }
        everybody.join();
        for (two_streams& both : all) both.server.close();
        expect_overflow_of_completions();
        expect_overflow_of_submissions();
    });
}

TEST(tiny_ring, more_connections_than_completions_at_once_are_all_accepted) {
    on_a_tiny_ring([] {
        tcp_listener door("127.0.0.1:0", 500);
        std::vector<tcp_stream> clients;
        std::vector<tcp_stream> servers;
        for (int i = 0; i < 30; ++i) {  // busy enough for the ring to accept ahead
            clients.push_back(tcp_stream::connect(door.local()));
            servers.push_back(door.accept());
        }
        constexpr std::size_t burst = 400;
        scope both;
        both.spawn([&] {
            scope each;
            for (std::size_t i = 0; i < burst; ++i)
                each.spawn([&] { clients.push_back(tcp_stream::connect(door.local())); });
            each.join();
        });
        for (std::size_t i = 0; i < burst; ++i) servers.push_back(door.accept());
        both.join();
        EXPECT_EQ(servers.size(), 30 + burst);
        EXPECT_EQ(clients.size(), servers.size());
    });
}

}  // namespace
}  // namespace cardea::conformance
