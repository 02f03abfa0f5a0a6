// close() from elsewhere: whoever waits on that socket wakes with errc::closed, and nothing is closed twice.
#include <set>

#include "every_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE(closing);
CARDEA_CONFORMANCE_OF_KERNELS(closing_on_kernels);

TEST_P(closing, concurrent_close_wakes_accept) {
    on_network([] {
        tcp_listener door("127.0.0.1:0");
        scope child;
        spawn_waiting(child, [&] {
            std::error_code ec;
            const tcp_stream none = door.accept(ec);
            EXPECT_EQ(ec, errc::closed);
            EXPECT_FALSE(none.is_open());
        });
        door.close();
        child.join();
    });
}

TEST_P(closing, concurrent_close_wakes_every_accept_of_a_busy_listener) {
    on_network([] {
        tcp_listener door("127.0.0.1:0");
        for (int i = 0; i < 30; ++i) {  // busy enough for a network to accept ahead
            const tcp_stream client = tcp_stream::connect(door.local());
            EXPECT_EQ(door.accept().peer(), client.local());
        }
        scope children;
        for (int i = 0; i < 5; ++i) {
            spawn_waiting(children, [&] {
                std::error_code ec;
                door.accept(ec);
                EXPECT_EQ(ec, errc::closed);
            });
        }
        door.close();
        children.join();
    });
}

TEST_P(closing, concurrent_close_wakes_recv) {
    on_network([] {
        two_streams both = connected_pair();
        scope children;
        for (int i = 0; i < 3; ++i) {
            spawn_waiting(children, [&] {
                std::array<char, 8> room{};
                std::error_code ec;
                EXPECT_EQ(both.server.recv(room, ec), 0U);
                EXPECT_EQ(ec, errc::closed);
            });
        }
        both.server.close();
        children.join();
    });
}

TEST_P(closing, concurrent_close_wakes_recv_of_bulk_data) {
    on_network([] {
        two_streams both = connected_pair();
        const std::vector<std::byte> data(300'000);
        std::vector<std::byte> room(64 * 1024);
        scope writer;
        writer.spawn([&] { both.client.send_all(data); });
        for (std::size_t got = 0; got < data.size();) got += both.server.recv(room);
        writer.join();
        scope child;
        spawn_waiting(child, [&] {
            std::error_code ec;
            EXPECT_EQ(both.server.recv(room, ec), 0U);
            EXPECT_EQ(ec, errc::closed);
        });
        both.server.close();
        child.join();
    });
}

TEST_P(closing, concurrent_close_wakes_send) {
    on_network([] {
        two_streams both = connected_pair(true);
        scope children;
        for (int i = 0; i < 3; ++i) {
            spawn_waiting(children, [&] {
                const std::vector<std::byte> much(8'000'000);
                std::error_code ec;
                EXPECT_LT(both.client.send_all(much, ec), much.size());
                EXPECT_EQ(ec, errc::closed);
            });
        }
        both.client.close();
        children.join();
    });
}

TEST_P(closing, concurrent_close_wakes_recv_from) {
    on_network([] {
        udp_socket door = udp_socket::bind("127.0.0.1:0");
        scope children;
        for (int i = 0; i < 3; ++i) {
            spawn_waiting(children, [&] {
                std::array<char, 8> room{};
                std::error_code ec;
                door.recv_from(room, ec);
                EXPECT_EQ(ec, errc::closed);
            });
        }
        door.close();
        children.join();
    });
}

TEST_P(closing, concurrent_close_wakes_a_connected_datagram_socket) {
    on_network([] {
        const udp_socket peer = udp_socket::bind("127.0.0.1:0");
        udp_socket door = udp_socket::connect(peer.local());
        scope child;
        spawn_waiting(child, [&] {
            std::array<char, 8> room{};
            std::error_code ec;
            door.recv(room, ec);
            EXPECT_EQ(ec, errc::closed);
        });
        door.close();
        child.join();
    });
}

TEST_P(closing, concurrent_close_wakes_connect) {
    on_network([] {
        // The queue of one is full: the next handshake gets no answer (tcp(7), listen(2)).
        tcp_listener door("127.0.0.1:0", 0);
        const tcp_stream in_queue = fill_queue(door);
        socket s{family::inet, type::stream};
        scope child;
        spawn_waiting(child, [&] {
            std::error_code failed;
            s.connect(door.local(), failed);
            EXPECT_EQ(failed, errc::closed);
        });
        s.close();
        child.join();
    });
}

TEST_P(closing_on_kernels, concurrent_close_wakes_a_unix_connect) {
    on_network([] {
        const std::string name = "unix:@cardea-full-" + std::to_string(this_network().random());
        unix_listener door(name, 0);
        const unix_stream in_queue = unix_stream::connect(name);  // a backlog of 0 has room for one
        socket s{family::local, type::stream};
        scope child;
        spawn_waiting(child, [&] {
            std::error_code failed;
            s.connect(name, failed);
            EXPECT_EQ(failed, errc::closed);
        });
        s.close();
        child.join();
    });
}

TEST_P(closing, the_throwing_form_says_closed_too) {
    on_network([] {
        two_streams both = connected_pair();
        scope child;
        spawn_waiting(child, [&] {
            std::array<char, 8> room{};
            try {
                both.server.recv(room);
                ADD_FAILURE() << "received from a closed socket";
            } catch (const error& e) {
                EXPECT_EQ(e.code(), errc::closed);
                EXPECT_STREQ(e.operation(), "recv");
            }
        });
        both.server.close();
        child.join();
    });
}

TEST_P(closing, double_close_by_many_at_once_happens_once) {
    on_network([] {
        for (int round = 0; round < 50; ++round) {
            two_streams both = connected_pair();
            scope all;
            for (int i = 0; i < 2; ++i) {
                all.spawn([&] {
                    std::array<char, 8> room{};
                    std::error_code ec;
                    EXPECT_EQ(both.server.recv(room, ec), 0U);
                    EXPECT_EQ(ec, errc::closed);
                });
                all.spawn([&] { both.server.close(); });
            }
            all.join();
            EXPECT_FALSE(both.server.is_open());
            std::array<char, 8> room{};
            EXPECT_EQ(both.client.recv(room), 0U);
        }
    });
}

TEST_P(closing, concurrent_close_races_data_and_each_recv_has_one_outcome) {
    on_network([] {
        for (int round = 0; round < 100; ++round) {
            two_streams both = connected_pair();
            scope all;
            all.spawn([&] {
                std::array<char, 8> room{};
                std::error_code ec;
                const std::size_t n = both.server.recv(room, ec);
                if (ec) {
                    EXPECT_EQ(ec, errc::closed);
                    EXPECT_EQ(n, 0U);
                } else {
                    EXPECT_EQ(n, 4U);
                }
            });
            all.spawn([&] { both.client.send_all("data"); });
            all.spawn([&, round] {
                for (int i = 0; i < round % 10; ++i) yield();
                if (round % 3 == 0) cardea::sleep(round * std::chrono::microseconds(20));
                both.server.close();
            });
            all.join();
        }
    });
}

TEST_P(closing, concurrent_close_races_connections_and_none_is_lost_or_leaked) {
    on_network([] {
        for (int round = 0; round < 50; ++round) {
            tcp_listener door("127.0.0.1:0");
            scope all;
            all.spawn([&] {
                std::error_code ec;
                while (!ec) {
                    const tcp_stream taken = door.accept(ec);
                    EXPECT_EQ(taken.is_open(), !ec);
                }
                EXPECT_EQ(ec, errc::closed);
            });
            all.spawn([&, where = door.local()] {
                std::error_code ec;
                while (!ec) tcp_stream::connect(where, ec);
            });
            all.spawn([&, round] {
                for (int i = 0; i < round % 20; ++i) yield();
                door.close();
            });
            all.join();
        }
    });
}

TEST_P(closing, descriptor_reused_in_one_batch_gets_no_event_of_the_old_socket) {
    on_network([] {
        tcp_listener door("127.0.0.1:0");
        std::size_t reused = 0;
        for (int round = 0; round < 20; ++round) {
            std::vector<tcp_stream> clients;
            std::vector<tcp_stream> servers;
            for (int i = 0; i < 10; ++i) {
                clients.push_back(tcp_stream::connect(door.local()));
                servers.push_back(door.accept());
            }
            // Every server's socket waits, then all of them have data and an end; before the network is looked at
            // again, each is closed and another takes its number.
            scope readers;
            for (tcp_stream& server : servers) {
                spawn_waiting(readers, [&server] {
                    std::array<char, 8> room{};
                    std::error_code ec;
                    server.recv(room, ec);
                });
            }
            for (tcp_stream& client : clients) {
                client.send_all("old");
                client.close();
            }
            std::set<int> old;
            for (const tcp_stream& server : servers) old.insert(server.handle().native_handle());
            for (tcp_stream& server : servers) server.close();
            std::vector<two_streams> fresh(servers.size());
            for (two_streams& both : fresh) both = connected_pair();
            for (const two_streams& both : fresh) {
                for (const tcp_stream* one : {&both.client, &both.server}) {
                    reused += old.count(one->handle().native_handle());
                }
            }
            for (two_streams& both : fresh) {
                std::array<char, 8> room{};
                std::error_code ec;
                for (tcp_stream* one : {&both.client, &both.server}) {
                    const deadline soon(1ms);
                    EXPECT_EQ(one->recv(room, ec), 0U);
                    EXPECT_EQ(ec, errc::timed_out);
                }
                both.client.send_all("new");
                ASSERT_EQ(both.server.recv(room), 3U);
                EXPECT_EQ(std::string(room.data(), 3), "new");
            }
            readers.join();
        }
        // The kernel gives the lowest free number (open(2)). Where there are no descriptors it is -1 every time. On
        // plain threads a number is free when the reader has left it, which may be later.
        if (this_fiber::on_loop()) {
            EXPECT_GE(reused, 20U * 10U / 2) << "the numbers were others: nothing is shown";
        }
    });
}

TEST_P(closing, descriptor_reused_after_a_cancelled_wait_gets_no_event_of_the_old_socket) {
    on_network([] {
        std::size_t reused = 0;
        for (int round = 0; round < 50; ++round) {
            two_streams old = connected_pair();
            std::array<char, 8> room{};
            std::error_code ec;
            {
                const deadline soon(1ms);
                old.server.recv(room, ec);
                ASSERT_EQ(ec, errc::timed_out);
            }
            old.client.send_all("late");
            const int number = old.server.handle().native_handle();
            old.server.close();
            two_streams fresh = connected_pair();
            for (const tcp_stream* one : {&fresh.client, &fresh.server}) {
                if (one->handle().native_handle() == number) ++reused;
            }
            fresh.client.send_all("new");
            ASSERT_EQ(fresh.server.recv(room), 3U);
            EXPECT_EQ(std::string(room.data(), 3), "new");
        }
        EXPECT_GE(reused, 50U / 2) << "the numbers were others: nothing is shown";
    });
}

}  // namespace
}  // namespace cardea::conformance
