// SIGPIPE (signal(7)) is never raised, whichever call sends to a peer that has gone: the call says EPIPE or ECONNRESET.
#include <unistd.h>

#include <cardea/batch.hpp>
#include <cardea/copy.hpp>
#include <cardea/datagram.hpp>
#include <cardea/passing.hpp>
#include <csignal>
#include <cstdlib>
#include <string>

#include "every_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE(sigpipe);
CARDEA_CONFORMANCE_OF_KERNELS(sigpipe_on_kernels);

std::atomic<int> raised{0};

// While it lives the signal is counted, where it would end the program.
class counting_signals {
  public:
    counting_signals() {
        struct sigaction counting {};
        counting.sa_handler = [](int) { ++raised; };
        ::sigaction(SIGPIPE, &counting, &before_);
        ::raise(SIGPIPE);
        EXPECT_EQ(raised.exchange(0), 1) << "they are not counted";
    }
    ~counting_signals() { ::sigaction(SIGPIPE, &before_, nullptr); }
    counting_signals(const counting_signals&) = delete;
    counting_signals& operator=(const counting_signals&) = delete;

  private:
    struct sigaction before_ {};
};

file some_file() {
    std::string path = "/tmp/cardea-sigpipe-XXXXXX";
    const int fd = ::mkstemp(path.data());
    ::unlink(path.c_str());
    EXPECT_EQ(::write(fd, "contents", 8), 8);
    return file(fd);
}

constexpr std::array one_descriptor = {STDERR_FILENO};

// Every call that can send on a stream: `from` has something to be passed on.
struct sending_call {
    const char* name;
    void (*call)(stream& from, stream& to, std::error_code& ec);
};

const sending_call calls_on_streams[] = {
    {"send", [](stream&, stream& to, std::error_code& ec) { to.send("x", ec); }},
    {"send_all", [](stream&, stream& to, std::error_code& ec) { to.send_all(std::vector<std::byte>(300'000), ec); }},
    {"send_vectored",
     [](stream&, stream& to, std::error_code& ec) {
         to.send_vectored({"one", "two"}, ec);
     }},
    {"send_file", [](stream&, stream& to, std::error_code& ec) { to.send_file(some_file(), 0, whole_file, ec); }},
    {"splice", [](stream& from, stream& to, std::error_code& ec) { splice(from, to, 10, ec); }},
    {"copy", [](stream& from, stream& to, std::error_code& ec) { copy(from, to, ec); }},
    {"copy_both", [](stream& from, stream& to, std::error_code& ec) { copy_both(from, to, ec); }},
    {"buffered_writer",
     [](stream&, stream& to, std::error_code& ec) {
         buffered_writer out(to);
         out.send_all("x", ec);
         out.flush(ec);
     }},
};

// `break_it(from, to)` leaves `from` with an end in sight and `to` without a peer; then each call in turn.
template <class Pair, class Break>
void expect_each_call_fails_quietly(Pair make_pair, Break break_it) {
    for (const sending_call& one : calls_on_streams) {
        two_streams source = connected_pair();
        source.client.send_all("to be passed on");
        source.client.shutdown(direction::send);
        auto [to, peer] = make_pair();
        break_it(to, peer);
        std::error_code ec;
        one.call(source.server, to, ec);
        EXPECT_TRUE(ec == std::errc::broken_pipe || ec == std::errc::connection_reset) << one.name << ": " << ec;
        EXPECT_EQ(raised.exchange(0), 0) << one.name;
    }
}

std::pair<stream, stream> tcp_pair() {
    two_streams both = connected_pair();
    return {stream(std::move(both.client.handle())), stream(std::move(both.server.handle()))};
}

TEST_P(sigpipe, never_by_any_call_on_a_connection_that_the_peer_has_reset) {
    const counting_signals here;
    on_network([] {
        expect_each_call_fails_quietly(tcp_pair, [](stream& to, stream& peer) {
            peer.reset();
            send_until_it_fails(to);
        });
    });
}

TEST_P(sigpipe, never_by_any_call_on_a_direction_that_was_shut_down) {
    const counting_signals here;
    on_network([] {
        expect_each_call_fails_quietly(tcp_pair, [](stream& to, stream& peer) {
            to.shutdown(direction::send);
            peer.close();
        });
    });
}

TEST_P(sigpipe, never_by_a_send_that_waits_while_the_peer_resets) {
    const counting_signals here;
    on_network([] {
        two_streams both = connected_pair(true);
        scope children;
        std::error_code all;
        std::error_code vectored;
        const std::vector<std::byte> much(4'000'000);
        spawn_waiting(children, [&] { both.client.send_all(much, all); });
        spawn_waiting(children, [&] { both.client.send_vectored({much, much}, vectored); });
        both.server.reset();
        children.join();
        EXPECT_TRUE(all);
        EXPECT_TRUE(vectored);
    });
    EXPECT_EQ(raised, 0);
}

std::pair<stream, stream> unix_pair() {
    auto [one, other] = socket_pair();
    return {stream(std::move(one)), stream(std::move(other))};
}

TEST_P(sigpipe_on_kernels, never_by_any_call_on_a_unix_stream_whose_peer_has_gone) {
    const counting_signals here;
    on_network([] {
        expect_each_call_fails_quietly(unix_pair, [](stream&, stream& peer) { peer.close(); });
        auto [to, peer] = unix_pair();
        peer.close();
        std::error_code ec;
        send_with(to, "x", one_descriptor, ec);
        EXPECT_EQ(ec, std::errc::broken_pipe);
        send_credentials(to, "x", ec);
        EXPECT_EQ(ec, std::errc::broken_pipe);
        EXPECT_EQ(raised, 0);
    });
}

// Records and datagrams of Unix sockets can meet EPIPE as well (unix(7)).
TEST_P(sigpipe_on_kernels, never_by_any_call_on_records_and_datagrams_whose_peer_has_gone) {
    const counting_signals here;
    on_network([] {
        for (const type kind : {type::seqpacket, type::datagram}) {
            auto [to, peer] = socket_pair(family::local, kind);
            to.shutdown(direction::send);
            peer.close();
            const auto expect_broken = [](const char* name, std::error_code ec) {
                EXPECT_TRUE(ec) << name;
                EXPECT_EQ(raised.exchange(0), 0) << name;
            };
            std::error_code ec;
            to.send("x", ec);
            expect_broken("send", ec);
            to.send_vectored({"one", "two"}, ec);
            expect_broken("send_vectored", ec);
            send_with(to, "x", one_descriptor, ec);
            expect_broken("send_with", ec);
            const std::array<outgoing_datagram, 2> batch{{{"one"}, {"two"}}};
            send_batch(to, batch, ec);
            expect_broken("send_batch", ec);
            send_datagram(to, "x", {}, ec);
            expect_broken("send_datagram", ec);
        }
    });
}

}  // namespace
}  // namespace cardea::conformance
