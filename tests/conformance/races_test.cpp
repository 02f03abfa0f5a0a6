// Cancellation and deadlines race completion, over many seeds. Each call has exactly one outcome: the bytes and the
// connections are counted, so neither "both" nor "neither" can hide.
#include "every_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE(races);
CARDEA_CONFORMANCE_OF_KERNELS(races_on_kernels);

constexpr unsigned seeds = 40;

std::chrono::nanoseconds drawn(draws& from, unsigned most_us) { return std::chrono::microseconds(from.below(most_us)); }

// Turns of the loop, or time: where that is virtual it does not pass in turns.
void yield_some(draws& from, unsigned most) {
    if (from.below(2) == 0) {
        cardea::sleep(drawn(from, 60));
    } else {
        for (unsigned n = from.below(most); n > 0; --n) yield();
    }
}

// How many calls ended the one way, and how many the other: a race that always ends the same way shows nothing.
struct outcomes {
    unsigned done = 0;
    unsigned interrupted = 0;

    void count(std::error_code ec) { ++(ec ? interrupted : done); }
    void expect_both() const {
        EXPECT_GT(done, 0U);
        EXPECT_GT(interrupted, 0U);
    }
};

TEST_P(races, cancellation_races_completion_of_recv_by_deadlines) {
    on_network([] {
        outcomes seen;
        for (unsigned seed = 0; seed < seeds; ++seed) {
            two_streams both = connected_pair();
            constexpr std::size_t total = 20'000;
            scope writer;
            writer.spawn([&, seed] {
                draws random(seed);
                for (std::size_t done = 0; done < total;) {
                    const std::size_t n = std::min<std::size_t>(1 + random.below(700), total - done);
                    both.client.send_all(pattern_bytes(done, n));
                    done += n;
                    yield_some(random, 6);
                }
                both.client.shutdown(direction::send);
            });
            draws random(seed + 1'000);
            std::vector<std::byte> room(seed % 2 == 0 ? 300 : 8192);
            std::size_t received = 0;
            for (;;) {
                const deadline soon(drawn(random, 60));
                std::error_code ec;
                const std::size_t n = both.server.recv(room, ec);
                seen.count(ec);
                if (ec) {
                    ASSERT_EQ(ec, errc::timed_out);
                    ASSERT_EQ(n, 0U) << "bytes and an error";
                    continue;
                }
                if (n == 0) break;
                ASSERT_EQ(matching_bytes({room.data(), n}, received), n) << "seed " << seed << " at " << received;
                received += n;
            }
            EXPECT_EQ(received, total) << "seed " << seed;
            writer.join();
        }
        seen.expect_both();
    });
}

TEST_P(races, cancellation_races_completion_of_recv) {
    on_network([] {
        for (unsigned seed = 0; seed < seeds * 5; ++seed) {
            two_streams both = connected_pair();
            std::vector<std::byte> room(seed % 2 == 0 ? 16 : 8192);
            std::size_t received = 0;
            draws random(seed);
            scope reader;
            reader.spawn([&] {
                std::error_code ec;
                while (!ec) {
                    const std::size_t n = both.server.recv({room.data(), room.size()}, ec);
                    if (ec) {
                        EXPECT_EQ(ec, errc::cancelled);
                        EXPECT_EQ(n, 0U);
                    } else {
                        EXPECT_EQ(matching_bytes({room.data(), n}, received), n) << "seed " << seed;
                    }
                    received += n;
                }
            });
            std::size_t sent = 0;
            for (int i = 0; i < 5; ++i, sent += 10) {
                yield_some(random, 4);
                both.client.send_all(pattern_bytes(sent, 10));
            }
            yield_some(random, 4);
            reader.cancel();
            reader.join();
            // What the cancelled call did not take is still there, all of it.
            both.client.shutdown(direction::send);
            while (const std::size_t n = both.server.recv(room)) {
                ASSERT_EQ(matching_bytes({room.data(), n}, received), n) << "seed " << seed;
                received += n;
            }
            EXPECT_EQ(received, sent) << "seed " << seed;
        }
    });
}

/// Sends pieces of up to `largest` bytes to a reader that takes its time, each by `once`, which may interrupt it: what
/// is told to have gone is what came.
template <class Once>
void race_sends(outcomes& seen, unsigned seed, int pieces, unsigned largest, std::error_code interruption, Once once) {
    two_streams both = connected_pair(true);
    std::size_t received = 0;
    scope reader;
    reader.spawn([&, seed] {
        draws random(seed);
        std::vector<std::byte> room(3'000);
        while (const std::size_t n = both.server.recv(room)) {
            EXPECT_EQ(matching_bytes({room.data(), n}, received), n) << "seed " << seed << " at " << received;
            received += n;
            yield_some(random, 5);
        }
    });
    draws random(seed + 1'000);
    std::size_t sent = 0;
    for (int i = 0; i < pieces; ++i) {
        const std::vector<std::byte> piece = pattern_bytes(sent, 1 + random.below(largest));
        std::error_code ec;
        const std::size_t n = once(both.client, piece, random, ec);
        seen.count(ec);
        if (ec) {
            EXPECT_EQ(ec, interruption);
        } else {
            EXPECT_EQ(n, piece.size());
        }
        sent += n;
    }
    both.client.shutdown(direction::send);
    reader.join();
    EXPECT_EQ(received, sent) << "seed " << seed << ": what send reports is not what went";
}

TEST_P(races, cancellation_races_completion_of_send_by_deadlines) {
    on_network([] {
        outcomes seen;
        for (unsigned seed = 0; seed < seeds; ++seed) {
            race_sends(seen, seed, 40, 30'000, errc::timed_out,
                       [](tcp_stream& to, const std::vector<std::byte>& piece, draws& random, std::error_code& ec) {
                           const deadline soon(drawn(random, 300));
                           return to.send_all(piece, ec);
                       });
        }
        seen.expect_both();
    });
}

TEST_P(races, cancellation_races_completion_of_send) {
    on_network([] {
        outcomes seen;
        for (unsigned seed = 0; seed < seeds; ++seed) {
            race_sends(seen, seed, 10, 60'000, errc::cancelled,
                       [](tcp_stream& to, const std::vector<std::byte>& piece, draws& random, std::error_code& ec) {
                           std::size_t n = 0;
                           scope writer;
                           writer.spawn([&] { n = to.send_all(piece, ec); });
                           yield_some(random, 40);
                           writer.cancel();
                           writer.join();
                           return n;
                       });
        }
        seen.expect_both();
    });
}

// One datagram at a time is on the way, so that none is lost for want of room.
TEST_P(races, cancellation_races_completion_of_recv_from_by_deadlines) {
    on_network([] {
        outcomes seen;
        for (unsigned seed = 0; seed < seeds; ++seed) {
            udp_socket door = udp_socket::bind("127.0.0.1:0");
            constexpr std::uint32_t total = 100;
            semaphore room_for_one(1);
            scope writer;
            writer.spawn([&, seed] {
                draws random(seed);
                udp_socket from = udp_socket::connect(door.local());
                for (std::uint32_t i = 0; i < total; ++i) {
                    room_for_one.acquire();
                    yield_some(random, 4);
                    from.send({&i, sizeof i});
                }
            });
            draws random(seed + 1'000);
            // As long as the way of a datagram takes on the slowest of the networks, a link with delay.
            const unsigned most_us = seed % 2 == 0 ? 40 : 2'500;
            for (std::uint32_t next = 0; next < total;) {
                const deadline soon(drawn(random, most_us));
                std::uint32_t number = 0;
                std::error_code ec;
                const received got = door.recv_from({&number, sizeof number}, ec);
                seen.count(ec);
                if (ec) {
                    ASSERT_EQ(ec, errc::timed_out);
                    ASSERT_EQ(got.size, 0U);
                    continue;
                }
                ASSERT_EQ(number, next) << "seed " << seed;
                ++next;
                room_for_one.release();
            }
            writer.join();
        }
        seen.expect_both();
    });
}

TEST_P(races, cancellation_races_completion_of_recv_from) {
    on_network([] {
        outcomes seen;
        for (unsigned seed = 0; seed < seeds * 5; ++seed) {
            udp_socket door = udp_socket::bind("127.0.0.1:0");
            udp_socket from = udp_socket::connect(door.local());
            draws random(seed);
            std::uint32_t number = 0;
            std::error_code ec;
            scope reader;
            reader.spawn([&] {
                const received got = door.recv_from({&number, sizeof number}, ec);
                EXPECT_EQ(got.size, ec ? 0U : sizeof number);
            });
            const std::uint32_t sent = seed + 1;
            scope writer;
            writer.spawn([&, seed] {
                draws own(seed + 1'000);
                yield_some(own, 6);
                from.send({&sent, sizeof sent});
            });
            // As long as the way takes over a link with delay, now and then.
            if (seed % 4 == 0) cardea::sleep(drawn(random, 2'500));
            yield_some(random, 6);
            reader.cancel();
            reader.join();
            writer.join();
            seen.count(ec);
            if (ec) {
                EXPECT_EQ(ec, errc::cancelled);
                EXPECT_EQ(number, 0U) << "bytes and an error";
                door.recv_from({&number, sizeof number});  // what the cancelled call did not take is there
            }
            ASSERT_EQ(number, sent) << "seed " << seed;
        }
        seen.expect_both();
    });
}

TEST_P(races_on_kernels, cancellation_races_completion_of_recv_of_unix_datagrams) {
    on_network([] {
        const std::string name = "unix:@cardea-race-" + std::to_string(this_network().random());
        for (unsigned seed = 0; seed < seeds; ++seed) {
            unix_datagram door = unix_datagram::bind(name);  // no datagram of these is ever lost (unix(7))
            constexpr std::uint32_t total = 200;
            scope writer;
            writer.spawn([&, seed] {
                draws random(seed);
                unix_datagram from = unix_datagram::open();
                for (std::uint32_t i = 0; i < total; ++i) {
                    from.send_to({&i, sizeof i}, name);
                    yield_some(random, 4);
                }
            });
            draws random(seed + 1'000);
            for (std::uint32_t next = 0; next < total;) {
                const deadline soon(drawn(random, 40));
                std::uint32_t number = 0;
                std::error_code ec;
                const received got = door.handle().recv_from({&number, sizeof number}, ec);
                if (ec) {
                    ASSERT_EQ(ec, errc::timed_out);
                    ASSERT_EQ(got.size, 0U);
                    continue;
                }
                ASSERT_EQ(number, next) << "seed " << seed;
                ++next;
            }
            writer.join();
        }
    });
}

TEST_P(races, a_cancelled_accept_that_completes_anyway_leaks_and_loses_nothing) {
    on_network([] {
        outcomes seen;
        for (unsigned seed = 0; seed < seeds; ++seed) {
            tcp_listener door("127.0.0.1:0");
            constexpr int total = 30;
            std::vector<tcp_stream> clients;
            scope connecting_side;
            connecting_side.spawn([&, seed] {
                draws random(seed);
                for (int i = 0; i < total; ++i) {
                    clients.push_back(tcp_stream::connect(door.local()));
                    yield_some(random, 5);
                }
            });
            draws random(seed + 1'000);
            for (int accepted = 0; accepted < total;) {
                const deadline soon(drawn(random, 60));
                std::error_code ec;
                const tcp_stream taken = door.accept(ec);
                ASSERT_EQ(taken.is_open(), !ec);
                seen.count(ec);
                if (!ec) ++accepted;
            }
            connecting_side.join();
            const deadline at_once(1ms);
            std::error_code ec;
            door.accept(ec);
            EXPECT_EQ(ec, errc::timed_out) << "one too many";
        }
        seen.expect_both();
    });
}

TEST_P(races, a_cancelled_connect_that_completes_anyway_leaks_nothing) {
    on_network([] {
        tcp_listener door("127.0.0.1:0");
        draws random(7);
        int connected = 0;
        for (int i = 0; i < 300; ++i) {
            std::error_code ec;
            const deadline soon(drawn(random, i % 2 == 0 ? 150 : 5'000));  // a handshake over a link takes longer
            const tcp_stream client = tcp_stream::connect(door.local(), ec);
            ASSERT_EQ(client.is_open(), !ec);
            if (!ec) ++connected;
        }
        EXPECT_GT(connected, 0);
        EXPECT_LT(connected, 300);
        // Those that got through come out of the queue; perhaps a few more whose connect was given up too late.
        for (int i = 0; i < connected; ++i) door.accept();
    });
}

TEST_P(races, cancellation_races_the_hand_over_in_a_channel) {
    on_network([] {
        for (unsigned seed = 0; seed < seeds; ++seed) {
            channel<int> queue(2);
            std::atomic<int> taken{0};
            int given = 0;
            {
                scope takers;
                for (int i = 0; i < 3; ++i) {
                    takers.spawn([&] {
                        while (queue.pop()) ++taken;
                    });
                }
                draws random(seed);
                for (int i = 0; i < 100; ++i) {
                    const deadline soon(drawn(random, 30));
                    try {
                        if (queue.push(i)) ++given;
                    } catch (const error& e) {
                        EXPECT_EQ(e.code(), errc::timed_out);
                    }
                }
                queue.close();
                takers.join();
            }
            EXPECT_EQ(taken, given) << "seed " << seed;
        }
    });
}

}  // namespace
}  // namespace cardea::conformance
