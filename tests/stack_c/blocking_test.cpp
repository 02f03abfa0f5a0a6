// Both ways to block: calls that are begun and finished, and calls that wait while a function moves the world.
#include <gtest/gtest.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <vector>

#include "harness.hpp"

namespace stack_c_test {
namespace {

constexpr std::int64_t millisecond = 1'000'000;

/// Two stacks that hear one another at once, and a connection between them.
class stack_c_blocking : public testing::Test {
  public:
    void SetUp() override {
        config_ptr const other{cardea_stack_config_new()};
        cardea_stack_config_set(other.get(), "address", "192.0.2.2/24");
        b.reset(cardea_stack_new(other.get()));
        auto const server = address("192.0.2.2", 80);
        listener = cardea_stack_socket(b.get(), AF_INET, SOCK_STREAM, 0);
        ASSERT_EQ(cardea_stack_bind(b.get(), listener, generic(server), sizeof server), 0);
        ASSERT_EQ(cardea_stack_listen(b.get(), listener, 5), 0);
        client = cardea_stack_socket(a.get(), AF_INET, SOCK_STREAM, 0);
        ASSERT_EQ(cardea_stack_connect(a.get(), client, generic(server), sizeof server), -1);
        ASSERT_EQ(errno, EINPROGRESS);
        exchange();
        accepted = cardea_stack_accept(b.get(), listener, nullptr, nullptr);
        ASSERT_GE(accepted, 0);
        exchange();
    }

    /// Everything that either has sent reaches the other, without delay.
    void exchange() {
        for (bool any = true; any;) {
            any = carry(a.get(), b.get());
            any = carry(b.get(), a.get()) || any;
        }
    }
    static bool carry(cardea_stack* from, cardea_stack* to) {
        auto const size = cardea_stack_packet_size(from);
        if (size == 0) return false;
        std::vector<char> p(size);
        cardea_stack_take(from, p.data(), size, nullptr);
        EXPECT_EQ(cardea_stack_feed(to, p.data(), size, nullptr, cardea_stack_now(to)), 0);
        return true;
    }

    stack_ptr a = make_stack(), b;
    int listener = -1, client = -1, accepted = -1;
    std::array<char, 64> buffer{};
};

TEST_F(stack_c_blocking, a_begun_call_completes_when_a_packet_makes_it) {
    auto* const call = cardea_stack_begin_recv(b.get(), accepted, buffer.data(), buffer.size(), 0);
    EXPECT_EQ(cardea_stack_call_done(call), 0);
    EXPECT_EQ(cardea_stack_call_done_at(call), INT64_MAX);
    cardea_stack_advance(b.get(), 5 * millisecond);
    EXPECT_EQ(cardea_stack_send(a.get(), client, "hello", 5, 0), 5);
    exchange();
    EXPECT_EQ(cardea_stack_call_done(call), 1);
    EXPECT_EQ(cardea_stack_call_done_at(call), 5 * millisecond);
    EXPECT_EQ(cardea_stack_call_finish(call, nullptr, nullptr), 5);
}

TEST_F(stack_c_blocking, a_call_given_up_is_EINTR_or_what_it_has_done) {
    auto* call = cardea_stack_begin_recv(b.get(), accepted, buffer.data(), buffer.size(), MSG_WAITALL);
    EXPECT_EQ(cardea_stack_call_finish(call, nullptr, nullptr), -1);
    EXPECT_EQ(errno, EINTR);
    call = cardea_stack_begin_recv(b.get(), accepted, buffer.data(), buffer.size(), MSG_WAITALL);
    EXPECT_EQ(cardea_stack_send(a.get(), client, "hello", 5, 0), 5);
    exchange();
    EXPECT_EQ(cardea_stack_call_done(call), 0);
    EXPECT_EQ(cardea_stack_call_finish(call, nullptr, nullptr), 5);
}

TEST_F(stack_c_blocking, a_closed_descriptor_ends_the_call_on_it) {
    auto* const call = cardea_stack_begin_recv(b.get(), accepted, buffer.data(), buffer.size(), 0);
    EXPECT_EQ(cardea_stack_close(b.get(), accepted), 0);
    EXPECT_EQ(cardea_stack_call_done(call), 1);
    EXPECT_EQ(cardea_stack_call_finish(call, nullptr, nullptr), -1);
    EXPECT_EQ(errno, EBADF);
}

TEST_F(stack_c_blocking, a_stack_is_freed_with_calls_in_progress) {
    EXPECT_NE(cardea_stack_begin_recv(b.get(), accepted, buffer.data(), buffer.size(), 0), nullptr);
    EXPECT_NE(cardea_stack_begin_accept(b.get(), listener), nullptr);
    b.reset();
}

TEST_F(stack_c_blocking, a_send_blocks_until_everything_is_in_the_buffer) {
    std::vector<char> const much(1 << 20, 'x');
    auto* const call = cardea_stack_begin_send(a.get(), client, much.data(), much.size(), 0);
    exchange();
    EXPECT_EQ(cardea_stack_call_done(call), 0) << "nobody reads";
    std::vector<char> into(1 << 16);
    for (int turns = 0; cardea_stack_call_done(call) == 0 && turns < 100; ++turns) {
        EXPECT_GT(cardea_stack_recv(b.get(), accepted, into.data(), into.size(), 0), 0);
        exchange();
    }
    EXPECT_EQ(cardea_stack_call_finish(call, nullptr, nullptr), 1 << 20);
}

TEST_F(stack_c_blocking, SO_RCVTIMEO_holds_in_the_stacks_time) {
    timeval const limit{0, 250'000};
    ASSERT_EQ(cardea_stack_setsockopt(b.get(), accepted, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
    auto* const call = cardea_stack_begin_recv(b.get(), accepted, buffer.data(), buffer.size(), 0);
    EXPECT_EQ(cardea_stack_next_deadline(b.get()), 250 * millisecond);
    cardea_stack_advance(b.get(), 1'000 * millisecond);
    EXPECT_EQ(cardea_stack_call_done_at(call), 250 * millisecond);
    EXPECT_EQ(cardea_stack_call_finish(call, nullptr, nullptr), -1);
    EXPECT_EQ(errno, EAGAIN);
}

TEST_F(stack_c_blocking, poll_waits_for_what_comes_or_for_its_timeout) {
    pollfd p{accepted, POLLIN, 0};
    EXPECT_EQ(cardea_stack_poll(b.get(), &p, 1, 0), 0);
    auto* call = cardea_stack_begin_poll(b.get(), &p, 1, 100);
    cardea_stack_advance(b.get(), 100 * millisecond);
    EXPECT_EQ(cardea_stack_call_finish(call, nullptr, nullptr), 0);
    call = cardea_stack_begin_poll(b.get(), &p, 1, -1);
    EXPECT_EQ(cardea_stack_send(a.get(), client, "x", 1, 0), 1);
    exchange();
    EXPECT_EQ(cardea_stack_call_finish(call, nullptr, nullptr), 1);
    EXPECT_EQ(p.revents, POLLIN);
    pollfd nobody{77, POLLIN, 0};
    EXPECT_EQ(cardea_stack_poll(b.get(), &nobody, 1, 0), 1);
    EXPECT_EQ(nobody.revents, POLLNVAL);
}

TEST_F(stack_c_blocking, close_lingers_until_all_is_acknowledged_or_the_time_is_over) {
    linger const l{1, 2};
    ASSERT_EQ(cardea_stack_setsockopt(a.get(), client, SOL_SOCKET, SO_LINGER, &l, sizeof l), 0);
    EXPECT_EQ(cardea_stack_send(a.get(), client, "x", 1, 0), 1);
    auto* call = cardea_stack_begin_close(a.get(), client);
    EXPECT_EQ(cardea_stack_call_done(call), 0);
    exchange();
    cardea_stack_advance(b.get(), cardea_stack_now(b.get()) + 50 * millisecond);
    exchange();
    EXPECT_EQ(cardea_stack_call_done(call), 1);
    EXPECT_EQ(cardea_stack_call_finish(call, nullptr, nullptr), 0);

    ASSERT_EQ(cardea_stack_setsockopt(b.get(), accepted, SOL_SOCKET, SO_LINGER, &l, sizeof l), 0);
    EXPECT_EQ(cardea_stack_recv(b.get(), accepted, buffer.data(), buffer.size(), 0), 1);
    auto const began = cardea_stack_now(b.get());
    call = cardea_stack_begin_close(b.get(), accepted);
    cardea_stack_advance(b.get(), began + 5'000 * millisecond);
    EXPECT_EQ(cardea_stack_call_done_at(call), began + 2'000 * millisecond) << "nobody carries its FIN";
    EXPECT_EQ(cardea_stack_call_finish(call, nullptr, nullptr), 0);
}

TEST_F(stack_c_blocking, without_a_wait_function_nothing_blocks) {
    EXPECT_EQ(cardea_stack_recv(b.get(), accepted, buffer.data(), buffer.size(), 0), -1);
    EXPECT_EQ(errno, EAGAIN);
    EXPECT_EQ(cardea_stack_accept(b.get(), listener, nullptr, nullptr), -1);
    EXPECT_EQ(errno, EAGAIN);
}

TEST_F(stack_c_blocking, a_wait_function_moves_the_world_or_interrupts) {
    struct state {
        stack_c_blocking* test;
        int calls = 0;
        static int wait(void* user, cardea_stack*, std::int64_t deadline) {
            auto& self = *static_cast<state*>(user);
            EXPECT_EQ(deadline, INT64_MAX);
            if (++self.calls == 3) cardea_stack_send(self.test->a.get(), self.test->client, "hi", 2, 0);
            self.test->exchange();
            return self.calls < 4 ? 0 : EINTR;
        }
    } s{this};
    ASSERT_EQ(cardea_stack_set_wait(b.get(), state::wait, &s), 0);
    EXPECT_EQ(cardea_stack_recv(b.get(), accepted, buffer.data(), buffer.size(), 0), 2);
    EXPECT_EQ(s.calls, 3);
    EXPECT_EQ(cardea_stack_recv(b.get(), accepted, buffer.data(), buffer.size(), MSG_DONTWAIT), -1);
    EXPECT_EQ(errno, EAGAIN);
    EXPECT_EQ(s.calls, 3);
    EXPECT_EQ(cardea_stack_set_nonblocking(b.get(), accepted, 0), 0);
    EXPECT_EQ(cardea_stack_accept(b.get(), listener, nullptr, nullptr), -1);
    EXPECT_EQ(errno, EINTR);
}

}  // namespace
}  // namespace stack_c_test
