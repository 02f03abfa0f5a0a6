// What the cases of the suite have in common: connected pairs, data that tells its position, children that wait.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cardea/cardea.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace cardea::conformance {

using std::chrono_literals::operator""ns;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

/// Longer than anything takes on a slow machine under a sanitizer: what takes longer hangs.
inline constexpr auto ages = std::chrono::seconds(30);

struct two_streams {
    tcp_stream client;
    tcp_stream server;
};
/// Both ends of one TCP connection over the loopback. With `small_buffers` little fits on the way.
two_streams connected_pair(bool small_buffers = false);

/// The byte at that position of the stream that the tests send: no two stretches look alike.
std::byte pattern(std::uint64_t position) noexcept;
std::vector<std::byte> pattern_bytes(std::uint64_t position, std::size_t size);
/// How many bytes of `data` are those of the stream from `position` on.
std::size_t matching_bytes(const_buffer data, std::uint64_t position) noexcept;

/// Sends bytes until that fails, and says why: what ends a connection may be under way still.
std::error_code send_until_it_fails(stream& to);

/// Sends until nothing more fits for a good while. Returns the bytes sent.
std::size_t fill(stream& to);

/// An address of the loopback where nobody answers, and which nobody else gets: a socket has its port that does not
/// listen, or, of datagrams, that is connected elsewhere, so that the host refuses what others send.
class nobody {
  public:
    explicit nobody(type kind, family f = family::inet);
    [[nodiscard]] endpoint where() const { return holder_.local(); }

  private:
    socket holder_;
};

/// Fills the queue of a listener that was made with a backlog of 0, which has room for one connection (listen(2)); the
/// next handshake gets no answer. Returns the connection in it, by which one byte has come.
tcp_stream fill_queue(const tcp_listener& door);

/// Numbers that depend on the seed alone (splitmix64, Steele et al. 2014).
class draws {
  public:
    explicit draws(std::uint64_t seed) noexcept : state_(seed) {}
    /// 0 to `limit` - 1.
    unsigned below(unsigned limit) noexcept {
        state_ += 0x9E3779B97F4A7C15ULL;
        std::uint64_t mixed = (state_ ^ (state_ >> 30U)) * 0xBF58476D1CE4E5B9ULL;
        mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBULL;
        return static_cast<unsigned>((mixed >> 33U) % limit);
    }

  private:
    std::uint64_t state_;
};

/// Time on the network's own clock.
class stopwatch {
  public:
    [[nodiscard]] std::chrono::nanoseconds elapsed() const {
        return std::chrono::nanoseconds(this_network().now_ns() - begin_);
    }

  private:
    std::int64_t begin_ = this_network().now_ns();
};

/// Who a child is, for let_wait().
class child_mark {
  public:
    /// The child calls it before the call in question.
    void here() noexcept;
    /// Returns when the child waits in its call, or has ended: on a loop after turns enough for that, on threads when
    /// the kernel says that the thread sleeps.
    void let_wait() const;

  private:
    std::atomic<int> thread_{0};
};

/// Runs `call` as a child of `all`, and returns when it waits.
template <class Call>
void spawn_waiting(scope& all, Call call) {
    const auto mark = std::make_shared<child_mark>();
    all.spawn([mark, call = std::move(call)]() mutable {
        mark->here();
        call();
    });
    mark->let_wait();
}

/// A child that has a deadline around its call, which passes when it is told to.
class child_with_deadline {
  public:
    template <class Call>
    explicit child_with_deadline(Call call) {
        child_.spawn([this, call = std::move(call)]() mutable {
            deadline within(ages);
            within_ = &within;
            made_.set();
            call();
        });
        made_.wait();
    }
    /// The deadline passes now; returns when the child has ended. The call must be under way.
    void expire() {
        within_->expire_in(0s);
        child_.join();
    }

  private:
    deadline* within_ = nullptr;
    event made_;
    scope child_;
};

/// What `send`, the client's of much more than fits on the way, says to have sent when its deadline passes; that is
/// once the server has received one byte, and no more.
template <class Send>
std::size_t sent_until_late(two_streams& both, Send send) {
    std::size_t sent = 0;
    child_with_deadline sender([&] {
        try {
            send();
            ADD_FAILURE() << "all of it was sent, and nobody received it";
        } catch (const error& e) {
            EXPECT_EQ(e.code(), errc::timed_out);
            sent = e.bytes_done();
        }
    });
    std::array<std::byte, 1> first{};
    both.server.recv_exactly(first);
    sender.expire();
    EXPECT_GT(sent, 0U);
    return sent;
}

}  // namespace cardea::conformance
