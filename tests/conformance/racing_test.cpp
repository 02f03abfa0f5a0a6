// Connecting to one of several addresses: raced on every network, with one budget, nothing left open, and every attempt
// told. What a race does in time is tested in tests/names, in virtual time.
#include <algorithm>
#include <map>
#include <mutex>

#include "every_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE(racing);

/// An address that answers no more: its listener's queue is full.
class mute_door {
  public:
    [[nodiscard]] endpoint where() const { return door_.local(); }

  private:
    tcp_listener door_{"127.0.0.1:0", 0};
    tcp_stream in_queue_ = fill_queue(door_);
};

// Each connect of the process, begun and not ended, and how many ended in which way.
class connects final : public call_observer {
  public:
    connects() : before_(observe_calls(this)) {}
    ~connects() override { observe_calls(before_); }
    connects(const connects&) = delete;
    connects& operator=(const connects&) = delete;

    void call_begins(const call_event& call) noexcept override {
        const std::lock_guard held(guard_);
        if (call.kind == call_kind::connect) under_way_.insert({call.socket, call.peer});
    }
    void call_ended(const call_event& call) noexcept override {
        const std::lock_guard held(guard_);
        if (call.kind != call_kind::connect) return;
        under_way_.erase(call.socket);
        ended_.push_back(call.result);
    }
    [[nodiscard]] std::size_t under_way() const {
        const std::lock_guard held(guard_);
        return under_way_.size();
    }
    [[nodiscard]] std::vector<std::error_code> ended() const {
        const std::lock_guard held(guard_);
        return ended_;
    }

  private:
    mutable std::mutex guard_;
    std::map<std::uint64_t, endpoint> under_way_;
    std::vector<std::error_code> ended_;
    call_observer* before_;
};

TEST_P(racing, an_address_that_refuses_gives_way_to_the_next) {
    on_network([] {
        tcp_listener door("127.0.0.1:0");
        const nobody one(type::stream);
        const nobody other(type::stream);
        const stopwatch watch;
        const tcp_stream client =
            tcp_stream::connect_any({one.where(), other.where(), door.local()}, {.attempt_delay = ages});
        EXPECT_LT(watch.elapsed(), ages);
        EXPECT_EQ(client.peer(), door.local());
        EXPECT_EQ(door.accept().peer(), client.local());
    });
}

TEST_P(racing, an_address_that_does_not_answer_gives_way_after_its_delay) {
    on_network([] {
        const mute_door mute;
        tcp_listener door("127.0.0.1:0");
        const stopwatch watch;
        tcp_stream client = tcp_stream::connect_any({mute.where(), door.local()}, {.attempt_delay = 50ms});
        EXPECT_GE(watch.elapsed(), 50ms);
        EXPECT_EQ(client.peer(), door.local());
        // It is a socket like any other: it blocks, and its calls are bounded.
        tcp_stream server = door.accept();
        std::array<char, 5> room{};
        scope child;
        child.spawn([&] { server.send_all("hello"); });
        client.recv_exactly(room);
        child.join();
        const deadline soon(50ms);
        std::error_code ec;
        client.recv(room, ec);
        EXPECT_EQ(ec, errc::timed_out);
    });
}

TEST_P(racing, when_all_refuse_the_error_names_each) {
    on_network([] {
        const nobody one(type::stream);
        const nobody other(type::stream);
        const std::vector<endpoint> closed{one.where(), other.where()};
        try {
            tcp_stream::connect_any(closed);
            ADD_FAILURE() << "it connected";
        } catch (const connect_error& e) {
            EXPECT_EQ(e.code(), std::errc::connection_refused);
            ASSERT_EQ(e.attempts().size(), 2U);
            for (std::size_t i = 0; i < closed.size(); ++i) {
                EXPECT_EQ(e.attempts()[i].server, closed[i]);
                EXPECT_EQ(e.attempts()[i].error, std::errc::connection_refused);
                EXPECT_NE(std::string(e.what()).find(closed[i].to_string()), std::string::npos) << e.what();
            }
        }
    });
}

TEST_P(racing, a_deadline_ends_every_attempt) {
    on_network([] {
        const mute_door mute;
        const nobody closed(type::stream);
        const connects eye;
        child_with_deadline child([&] {
            try {
                tcp_stream::connect_any({mute.where(), closed.where(), mute.where()}, {.attempt_delay = 20ms});
                ADD_FAILURE() << "it connected";
            } catch (const connect_error& e) {
                EXPECT_EQ(e.code(), errc::timed_out);
                ASSERT_EQ(e.attempts().size(), 3U);
                EXPECT_EQ(e.attempts()[0].error, errc::timed_out);
                EXPECT_EQ(e.attempts()[1].error, std::errc::connection_refused);
                EXPECT_EQ(e.attempts()[2].error, errc::timed_out);
            }
        });
        while (eye.under_way() < 2 || eye.ended().empty()) cardea::sleep(1ms);
        child.expire();
        EXPECT_EQ(eye.under_way(), 0U);
    });
}

TEST_P(racing, a_cancellation_ends_every_attempt) {
    on_network([] {
        const mute_door mute;
        scope child;
        bool unwound = false;
        spawn_waiting(child, [&] {
            try {
                tcp_stream::connect_any({mute.where(), mute.where()}, {.attempt_delay = 10ms});
            } catch (const cancelled&) {
                unwound = true;
            }
        });
        child.cancel();
        child.join();
        EXPECT_TRUE(unwound);
    });
}

TEST_P(racing, every_attempt_is_seen_by_who_observes) {
    on_network([] {
        const mute_door mute;
        const nobody closed(type::stream);
        const tcp_listener door("127.0.0.1:0");
        const std::vector<endpoint> servers{mute.where(), closed.where(), door.local()};
        const connects eye;
        const tcp_stream client = tcp_stream::connect_any(servers, {.attempt_delay = 20ms});
        EXPECT_TRUE(client.is_open());
        EXPECT_EQ(eye.under_way(), 0U);
        const std::vector<std::error_code> ended = eye.ended();
        ASSERT_EQ(ended.size(), 3U);
        EXPECT_EQ(std::count(ended.begin(), ended.end(), std::error_code()), 1);
        EXPECT_EQ(std::count(ended.begin(), ended.end(), std::error_code(errc::cancelled)), 1);
    });
}

}  // namespace
}  // namespace cardea::conformance
