// A deadline ends every call that waits, with errc::timed_out, neither early nor for ever.
#include "every_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE(deadlines);
CARDEA_CONFORMANCE_OF_KERNELS(deadlines_on_kernels);

constexpr auto short_while = 30ms;

// `call(ec)` must end by the deadline, and `call()` throw for it.
template <class Call>
void expect_timed_out(Call call) {
    const stopwatch time;
    std::error_code ec;
    {
        const deadline within(short_while);
        call(ec);
    }
    EXPECT_EQ(ec, errc::timed_out) << ec.message();
    EXPECT_EQ(ec, std::errc::timed_out) << "equivalent to the system's";
    EXPECT_GE(time.elapsed(), short_while);
    EXPECT_LT(time.elapsed(), ages);
}

template <class Call>
void expect_throws_timed_out(const char* operation, Call call) {
    const stopwatch time;
    const deadline within(short_while);
    try {
        call();
        ADD_FAILURE() << operation << " ended well";
    } catch (const error& e) {
        EXPECT_EQ(e.code(), errc::timed_out) << e.what();
        EXPECT_STREQ(e.operation(), operation);
    }
    EXPECT_GE(time.elapsed(), short_while);
    EXPECT_LT(time.elapsed(), ages);
}

TEST_P(deadlines, deadline_ends_accept) {
    on_network([] {
        tcp_listener door("127.0.0.1:0");
        expect_timed_out([&](std::error_code& ec) { door.accept(ec); });
        expect_throws_timed_out("accept", [&] { door.accept(); });
        const tcp_stream client = tcp_stream::connect(door.local());
        EXPECT_EQ(door.accept().peer(), client.local());
    });
}

TEST_P(deadlines, deadline_ends_connect_when_the_backlog_overflows) {
    on_network([] {
        tcp_listener door("127.0.0.1:0", 0);
        const tcp_stream in_queue = fill_queue(door);
        expect_timed_out([&](std::error_code& failed) { tcp_stream::connect(door.local(), failed); });
        expect_throws_timed_out("connect", [&] { tcp_stream::connect(door.local()); });
        // The queue gets room, and the listener was never dead.
        door.accept();
        const tcp_stream late = tcp_stream::connect(door.local());
        EXPECT_TRUE(late.is_open());
    });
}

TEST_P(deadlines_on_kernels, deadline_ends_a_unix_connect_when_the_backlog_overflows) {
    on_network([] {
        const std::string name = "unix:@cardea-backlog-" + std::to_string(this_network().random());
        unix_listener door(name, 0);
        const unix_stream in_queue = unix_stream::connect(name);  // a backlog of 0 has room for one
        expect_timed_out([&](std::error_code& failed) { unix_stream::connect(name, failed); });
        scope child;
        spawn_waiting(child, [&] { EXPECT_TRUE(unix_stream::connect(name).is_open()); });
        door.accept();
        child.join();
    });
}

TEST_P(deadlines, deadline_ends_recv) {
    on_network([] {
        two_streams both = connected_pair();
        std::array<char, 16> small{};
        std::vector<char> large(64 * 1024);
        expect_timed_out([&](std::error_code& ec) { both.server.recv(small, ec); });
        expect_timed_out([&](std::error_code& ec) { both.server.recv(large, ec); });
        expect_throws_timed_out("recv", [&] { both.server.recv(small); });
        both.client.send_all("after");
        EXPECT_EQ(both.server.recv(small), 5U);
    });
}

TEST_P(deadlines, deadline_ends_recv_exactly_with_the_bytes_done) {
    on_network([] {
        two_streams both = connected_pair();
        both.client.send_all("abc");
        std::array<char, 8> room{};
        const deadline within(short_while);
        try {
            both.server.recv_exactly(room);
            ADD_FAILURE() << "eight of three bytes";
        } catch (const error& e) {
            EXPECT_EQ(e.code(), errc::timed_out);
            EXPECT_EQ(e.bytes_done(), 3U);
        }
    });
}

TEST_P(deadlines, deadline_ends_send) {
    on_network([] {
        two_streams both = connected_pair(true);
        fill(both.client);
        const std::vector<char> more(100'000);
        expect_timed_out([&](std::error_code& ec) { both.client.send_all(more, ec); });
        expect_throws_timed_out("send", [&] { both.client.send_all(more); });
    });
}

TEST_P(deadlines, deadline_ends_recv_from) {
    on_network([] {
        udp_socket door = udp_socket::bind("127.0.0.1:0");
        std::array<char, 16> room{};
        expect_timed_out([&](std::error_code& ec) { door.recv_from(room, ec); });
        expect_throws_timed_out("recv", [&] { door.recv_from(room); });
        udp_socket client = udp_socket::connect(door.local());
        expect_timed_out([&](std::error_code& ec) { client.recv(room, ec); });
        client.send("x");
        EXPECT_EQ(door.recv_from(room).size, 1U);
    });
}

TEST_P(deadlines_on_kernels, deadline_ends_send_of_unix_datagrams_when_nobody_reads) {
    on_network([] {
        const std::string name = "unix:@cardea-slow-" + std::to_string(this_network().random());
        unix_datagram slow = unix_datagram::bind(name);
        unix_datagram sender = unix_datagram::open();
        std::size_t sent = 0;
        std::error_code ec;
        while (!ec) {
            const deadline soon(50ms);
            sender.handle().send_to("datagram", name, ec);
            if (!ec) ++sent;
        }
        EXPECT_EQ(ec, errc::timed_out);
        std::array<char, 16> room{};
        for (std::size_t i = 0; i < sent; ++i) EXPECT_EQ(slow.recv(room), 8U);
        expect_timed_out([&](std::error_code& failed) { slow.handle().recv(room, failed); });
    });
}

TEST_P(deadlines, deadline_ends_sleep) {
    on_network([] { expect_throws_timed_out("sleep", [] { cardea::sleep(ages); }); });
}

TEST_P(deadlines, sleep_sleeps_that_long_and_no_longer) {
    on_network([] {
        const stopwatch time;
        cardea::sleep(20ms);
        EXPECT_GE(time.elapsed(), 20ms);
        EXPECT_LT(time.elapsed(), ages);
        cardea::sleep(0ms);
        cardea::sleep(-1s);
    });
}

TEST_P(deadlines, deadline_ends_the_lock_of_a_mutex) {
    on_network([] {
        mutex m;
        m.lock();
        scope child;
        child.spawn([&] { expect_throws_timed_out("mutex lock", [&] { m.lock(); }); });
        child.join();
        m.unlock();
        EXPECT_TRUE(m.try_lock());
        m.unlock();
    });
}

TEST_P(deadlines, deadline_ends_the_wait_for_an_event) {
    on_network([] {
        event e;
        expect_throws_timed_out("event wait", [&] { e.wait(); });
        e.set();
        e.wait();
    });
}

TEST_P(deadlines, deadline_ends_acquire_of_a_semaphore) {
    on_network([] {
        semaphore s(0);
        expect_throws_timed_out("semaphore acquire", [&] { s.acquire(); });
        s.release();
        s.acquire();
    });
}

TEST_P(deadlines, deadline_ends_push_and_pop_of_a_channel) {
    on_network([] {
        channel<int> c(1);
        expect_throws_timed_out("channel pop", [&] { c.pop(); });
        c.push(1);
        expect_throws_timed_out("channel push", [&] { c.push(2); });
        EXPECT_EQ(c.pop(), 1);
        EXPECT_EQ(c.size(), 0U);
    });
}

TEST_P(deadlines, deadline_ends_join_and_with_it_the_children) {
    on_network([] {
        bool unwound = false;
        scope child;
        child.spawn([&] {
            struct note {
                bool& done;
                ~note() { done = true; }
            } const on_the_way{unwound};
            cardea::sleep(ages);
        });
        expect_throws_timed_out("join", [&] { child.join(); });
        EXPECT_TRUE(unwound) << "join returned before the child had ended";
    });
}

TEST_P(deadlines, deadline_bounds_a_look_up_and_connect_by_name) {
    on_network([] {
        tcp_listener door("*:0", 0);
        const std::string server = "localhost:" + std::to_string(door.local().port());
        std::vector<tcp_stream> in_queue;
        std::error_code ec;
        while (!ec) {
            const deadline soon(200ms);
            in_queue.push_back(tcp_stream::connect(server, ec));
        }
        EXPECT_EQ(ec, errc::timed_out);
    });
}

}  // namespace
}  // namespace cardea::conformance
