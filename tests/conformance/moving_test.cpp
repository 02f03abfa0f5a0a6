// A socket follows its user: from a plain thread into a loop and back, and by detach() between loops; unread bytes too.
#include <thread>

#include "every_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

// Here the plain thread's network plays the one end and the network under test the other.
class moving : public every_network {
  protected:
    // Runs `body` in a loop of the network under test; on the thread network just so.
    void inside(const std::function<void()>& body) const {
        if (runs_on_threads()) {
            body();
        } else {
            in_a_loop(body);
        }
    }
    // Runs `body` as a test on a plain thread.
    void outside(const std::function<void()>& body) const {
        const std::size_t before = open_descriptors();
        std::thread([&] {
            try {
                body();
            } catch (const std::exception& e) {
                ADD_FAILURE() << e.what();
            }
        }).join();
        EXPECT_EQ(open_descriptors(), before);
    }
};
INSTANTIATE_TEST_SUITE_P(on, moving, testing::ValuesIn(networks), name_of);
// Between networks moves only what is a descriptor.
class moving_on_kernels : public moving {};
INSTANTIATE_TEST_SUITE_P(on, moving_on_kernels, testing::ValuesIn(networks_where(is_kernels)), name_of);

TEST_P(moving_on_kernels, a_listener_of_a_plain_thread_accepts_in_a_loop_and_outside_again) {
    outside([&] {
        tcp_listener door("127.0.0.1:0");
        for (int i = 0; i < 3; ++i) {
            inside([&] {
                const tcp_stream client = tcp_stream::connect(door.local());
                EXPECT_EQ(door.accept().peer(), client.local());
            });
            const tcp_stream client = tcp_stream::connect(door.local());
            EXPECT_EQ(door.accept().peer(), client.local());
        }
    });
}

TEST_P(moving_on_kernels, connections_queued_at_a_busy_listener_survive_the_end_of_its_loop) {
    outside([&] {
        tcp_listener door("127.0.0.1:0");
        std::vector<tcp_stream> clients;
        inside([&] {
            for (int i = 0; i < 30; ++i) {  // makes a network accept ahead
                const tcp_stream client = tcp_stream::connect(door.local());
                EXPECT_EQ(door.accept().peer(), client.local());
            }
            for (int i = 0; i < 5; ++i) clients.push_back(tcp_stream::connect(door.local()));
            for (int i = 0; i < 1'000; ++i) yield();
        });
        for (int i = 0; i < 5; ++i) {
            const deadline soon(ages);
            tcp_stream server = door.accept();
            server.send_all("welcome");
            EXPECT_EQ(server.peer(), clients[static_cast<std::size_t>(i)].local());
        }
    });
}

TEST_P(moving_on_kernels, unread_bytes_come_along) {
    outside([&] {
        two_streams both = connected_pair();
        std::array<char, 4> room{};
        inside([&] {
            both.client.send_all("abcdefghijkl");
            both.server.recv_exactly(room);
            EXPECT_EQ(std::string(room.data(), 4), "abcd");
        });
        both.server.recv_exactly(room);
        EXPECT_EQ(std::string(room.data(), 4), "efgh");
        inside([&] {
            both.client.send_all("mnop");
            both.server.recv_exactly(room);
            EXPECT_EQ(std::string(room.data(), 4), "ijkl");
        });
        both.server.recv_exactly(room);
        EXPECT_EQ(std::string(room.data(), 4), "mnop");
    });
}

TEST_P(moving_on_kernels, the_end_of_the_stream_comes_along) {
    outside([&] {
        two_streams both = connected_pair();
        std::array<char, 4> room{};
        inside([&] {
            scope child;
            spawn_waiting(child, [&] { both.server.recv_exactly(room); });
            both.client.send_all("abcdefgh");
            both.client.shutdown(direction::send);
            child.join();
            for (int i = 0; i < 1'000; ++i) yield();
        });
        both.server.recv_exactly(room);
        EXPECT_EQ(std::string(room.data(), 4), "efgh");
        EXPECT_EQ(both.server.recv(room), 0U);
        EXPECT_EQ(both.server.recv(room), 0U);
        both.server.send_all("bye");
        inside([&] { EXPECT_EQ(both.server.recv(room), 0U); });
        EXPECT_EQ(both.client.recv(room), 3U);
    });
}

TEST_P(moving_on_kernels, a_reset_comes_along) {
    outside([&] {
        two_streams both = connected_pair();
        std::array<char, 4> room{};
        inside([&] {
            both.client.send_all("a");
            EXPECT_EQ(both.server.recv(room), 1U);
            both.client.reset();
            for (int i = 0; i < 1'000; ++i) yield();
        });
        std::error_code ec;
        both.server.recv(room, ec);
        EXPECT_EQ(ec, std::errc::connection_reset);
    });
}

TEST_P(moving_on_kernels, much_unread_data_comes_along_in_order) {
    outside([&] {
        two_streams both = connected_pair();
        const std::vector<std::byte> data = pattern_bytes(0, 2'000'000);
        std::thread writer([&] {
            both.client.send_all(data);
            both.client.shutdown(direction::send);
        });
        std::size_t at = 0;
        std::vector<std::byte> room(10'000);
        bool ended = false;
        for (int step = 0; !ended; ++step) {
            const auto read_some = [&] {
                for (int i = 0; i < 7 && !ended; ++i) {
                    const std::size_t n = both.server.recv({room.data(), i % 2 == 0 ? 100 : room.size()});
                    ASSERT_EQ(matching_bytes({room.data(), n}, at), n) << at;
                    at += n;
                    ended = n == 0;
                }
            };
            if (step % 2 == 0) {
                inside(read_some);
            } else {
                read_some();
            }
        }
        EXPECT_EQ(at, data.size());
        writer.join();
    });
}

TEST_P(moving_on_kernels, datagram_sockets_move_as_well) {
    outside([&] {
        udp_socket server = udp_socket::bind("127.0.0.1:0");
        udp_socket client = udp_socket::connect(server.local());
        std::array<char, 16> room{};
        for (int i = 0; i < 3; ++i) {
            client.send("inside");
            inside([&] { EXPECT_EQ(server.recv_from(room).size, 6U); });
            inside([&] { client.send("out"); });
            EXPECT_EQ(server.recv_from(room).size, 3U);
        }
    });
}

TEST_P(moving_on_kernels, detach_hands_a_socket_from_one_running_loop_to_another) {
    outside([&] {
        two_streams both = connected_pair();
        inside([&] {
            both.client.send_all("abcdefgh");
            std::array<char, 4> room{};
            both.server.recv_exactly(room);
            both.server.detach();
            std::thread other([&] {
                inside([&] {
                    both.server.recv_exactly(room);
                    both.server.send_all("got it");
                    both.server.detach();
                });
            });
            std::array<char, 6> answer{};
            both.client.recv_exactly(answer);
            other.join();
            EXPECT_EQ(std::string(room.data(), 4), "efgh");
            both.server.send_all("and back");
        });
    });
}

TEST_P(moving, a_socket_of_another_running_loop_is_on_the_wrong_network) {
    if (runs_on_threads()) GTEST_SKIP() << "every plain thread has the same network";
    outside([&] {
        inside([&] {
            two_streams both = connected_pair();
            std::array<char, 4> room{};
            std::error_code seen_outside;
            std::error_code seen_in_another_loop;
            std::thread other([&] {
                both.server.recv(room, seen_outside);
                inside([&] { both.server.recv(room, seen_in_another_loop); });
            });
            other.join();
            EXPECT_EQ(seen_outside, errc::wrong_network);
            EXPECT_EQ(seen_in_another_loop, errc::wrong_network);
            both.client.send_all("fine");
            both.server.recv_exactly(room);
        });
    });
}

TEST_P(moving_on_kernels, a_socket_in_use_does_not_move) {
    outside([&] {
        inside([&] {
            two_streams both = connected_pair();
            scope child;
            spawn_waiting(child, [&] {
                std::array<char, 4> room{};
                EXPECT_EQ(both.server.recv(room), 4U);
            });
            std::error_code ec;
            both.server.handle().detach(ec);
            EXPECT_TRUE(runs_on_threads() || ec == errc::wrong_network) << ec.message();
            both.client.send_all("here");
            child.join();
        });
    });
}

TEST_P(moving, a_socket_that_outlives_its_loop_can_be_closed_anywhere) {
    outside([&] {
        two_streams both;
        tcp_listener door;
        inside([&] {
            both = connected_pair();
            door = tcp_listener("127.0.0.1:0");
            std::array<char, 1> room{};
            both.client.send_all("unread");
            both.server.recv_exactly(room);
        });
        EXPECT_EQ(both.client.peer(), both.server.local());
        both.server.close();
        both.client.reset();
        inside([&] { door.close(); });
    });
}

}  // namespace
}  // namespace cardea::conformance
