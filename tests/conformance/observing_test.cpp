// The call trace: an observer sees each call begin and end, with who made it, the endpoints, the bytes and the result.
#include <mutex>

#include "every_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE(observing);

struct seen_call {
    call_event event;
    std::string who;
    bool ended = false;
};

// Keeps every call for as long as it lives.
class watcher final : public call_observer {
  public:
    watcher() : before_(observe_calls(this)) {}
    ~watcher() override { observe_calls(before_); }
    watcher(const watcher&) = delete;
    watcher& operator=(const watcher&) = delete;

    void call_begins(const call_event& call) noexcept override { keep(call, false); }
    void call_ended(const call_event& call) noexcept override { keep(call, true); }

    // The calls of that kind that have ended, or only begun.
    [[nodiscard]] std::vector<seen_call> calls(call_kind kind, bool ended = true) const {
        const std::lock_guard held(guard_);
        std::vector<seen_call> found;
        for (const seen_call& c : calls_) {
            if (c.event.kind == kind && c.ended == ended) found.push_back(c);
        }
        return found;
    }

  private:
    void keep(const call_event& call, bool ended) noexcept {
        const std::lock_guard held(guard_);
        calls_.push_back({call, std::string(call.who), ended});
    }

    mutable std::mutex guard_;
    std::vector<seen_call> calls_;
    call_observer* before_;
};

TEST_P(observing, a_conversation_is_seen_call_by_call) {
    on_network([] {
        const watcher eye;
        socket door(family::inet, type::stream);
        door.bind("127.0.0.1:0");
        door.listen(7);
        socket client(family::inet, type::stream);
        const endpoint server_address = door.local();
        endpoint client_address;
        std::uint64_t server_id = 0;
        scope both;
        both.spawn(fiber_options{.name = "server"}, [&] {
            auto [connection, from] = door.accept();
            client_address = from;
            server_id = connection.id();
            std::array<char, 32> room{};
            connection.recv_exactly({room.data(), 8});
            connection.send_all("answer");
            connection.recv(room);
            connection.close();
        });
        client.connect(server_address);
        client.send_all("question");
        std::array<char, 6> room{};
        client.recv_exactly(room);
        client.shutdown(direction::send);
        both.join();

        ASSERT_EQ(eye.calls(call_kind::socket).size(), 2U);
        ASSERT_EQ(eye.calls(call_kind::bind).size(), 1U);
        EXPECT_EQ(eye.calls(call_kind::bind)[0].event.local, server_address);
        ASSERT_EQ(eye.calls(call_kind::listen).size(), 1U);
        EXPECT_EQ(eye.calls(call_kind::listen)[0].event.asked, 7U);

        const auto accepts = eye.calls(call_kind::accept);
        ASSERT_EQ(accepts.size(), 1U);
        EXPECT_EQ(accepts[0].who, "server");
        EXPECT_EQ(accepts[0].event.socket, door.id());
        EXPECT_EQ(accepts[0].event.made, server_id);
        EXPECT_EQ(accepts[0].event.peer, client_address);
        EXPECT_EQ(accepts[0].event.local, server_address);

        const auto connects = eye.calls(call_kind::connect);
        ASSERT_EQ(connects.size(), 1U);
        EXPECT_EQ(connects[0].event.socket, client.id());
        EXPECT_EQ(connects[0].event.peer, server_address);
        EXPECT_EQ(connects[0].event.local, client_address);
        EXPECT_NE(connects[0].who, "server");

        std::size_t answered = 0;
        for (const seen_call& send : eye.calls(call_kind::send)) {
            EXPECT_EQ(send.event.bytes, send.event.asked);
            if (send.event.socket == server_id) answered += send.event.bytes;
        }
        EXPECT_EQ(answered, 6U);
        std::size_t received = 0;
        for (const seen_call& recv : eye.calls(call_kind::recv)) {
            EXPECT_FALSE(recv.event.result);
            EXPECT_LE(recv.event.begin_ns, recv.event.end_ns);
            if (recv.event.socket == client.id()) {
                received += recv.event.bytes;
                EXPECT_EQ(recv.event.peer, server_address);
            }
        }
        EXPECT_EQ(received, 6U);
        EXPECT_EQ(eye.calls(call_kind::shutdown).size(), 1U);
        EXPECT_EQ(eye.calls(call_kind::close).size(), 1U);
    });
}

TEST_P(observing, datagrams_are_seen_with_their_peers) {
    on_network([] {
        const watcher eye;
        udp_socket server = udp_socket::bind("127.0.0.1:0");
        udp_socket client = udp_socket::open();
        client.send_to("hello", server.local());
        std::array<char, 32> room{};
        const endpoint from = server.recv_from(room).from;
        ASSERT_EQ(eye.calls(call_kind::send_to).size(), 1U);
        EXPECT_EQ(eye.calls(call_kind::send_to)[0].event.peer, server.local());
        EXPECT_EQ(eye.calls(call_kind::send_to)[0].event.bytes, 5U);
        ASSERT_EQ(eye.calls(call_kind::recv_from).size(), 1U);
        EXPECT_EQ(eye.calls(call_kind::recv_from)[0].event.peer, from);
        EXPECT_EQ(eye.calls(call_kind::recv_from)[0].event.bytes, 5U);
        EXPECT_EQ(eye.calls(call_kind::recv_from)[0].event.asked, 32U);
    });
}

TEST_P(observing, a_call_that_waits_has_begun_and_a_failure_ends_with_its_error) {
    on_network([] {
        const watcher eye;
        two_streams both = connected_pair();
        scope child;
        spawn_waiting(child, [&] {
            std::array<char, 8> room{};
            std::error_code ec;
            both.server.recv(room, ec);
        });
        EXPECT_EQ(eye.calls(call_kind::recv, false).size(), 1U);
        EXPECT_EQ(eye.calls(call_kind::recv, true).size(), 0U);
        both.server.close();
        child.join();
        ASSERT_EQ(eye.calls(call_kind::recv, true).size(), 1U);
        EXPECT_EQ(eye.calls(call_kind::recv, true)[0].event.result, errc::closed);
        std::array<char, 8> room{};
        std::error_code ec;
        const deadline passed(0ns);
        both.client.recv(room, ec);
        EXPECT_EQ(eye.calls(call_kind::recv, true).back().event.result, errc::timed_out);
    });
}

TEST_P(observing, every_call_that_begins_ends) {
    on_network([] {
        const watcher eye;
        {
            two_streams both = connected_pair();
            both.client.send_all("x");
            std::array<char, 8> room{};
            both.server.recv(room);
            scope child;
            spawn_waiting(child, [&] { both.server.recv(room); });
            child.cancel();
            child.join();
        }
        for (const call_kind kind : {call_kind::socket, call_kind::bind, call_kind::listen, call_kind::accept,
                                     call_kind::connect, call_kind::send, call_kind::recv, call_kind::close}) {
            EXPECT_EQ(eye.calls(kind, false).size(), eye.calls(kind, true).size()) << to_string(kind);
            EXPECT_FALSE(eye.calls(kind).empty()) << to_string(kind);
        }
    });
}

}  // namespace
}  // namespace cardea::conformance
