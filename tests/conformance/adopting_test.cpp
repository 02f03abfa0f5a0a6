// Descriptors come from elsewhere and go elsewhere: adopted in any state, released with every byte accounted for.
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cardea/descriptor.hpp>
#include <string>

#include "every_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE_OF_KERNELS(adopting);
CARDEA_CONFORMANCE_OF_STACKS(adopting_on_stacks);

TEST_P(adopting, a_connected_pair_made_by_hand) {
    on_network([] {
        std::array<int, 2> ends{};
        ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
        socket one = socket::adopt(ends[0]);
        socket two = socket::adopt(ends[1]);
        EXPECT_EQ(::fcntl(ends[0], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC) << "not to be inherited by accident";
        std::array<char, 4> room{};
        scope child;
        spawn_waiting(child, [&] { two.recv_exactly(room); });
        one.send_all("ping");
        child.join();
        EXPECT_EQ(std::string(room.data(), 4), "ping");
        one.close();
        EXPECT_EQ(two.recv(room), 0U);
    });
}

TEST_P(adopting, a_listener_made_by_hand_non_blocking_or_not) {
    on_network([] {
        for (const int flags : {0, static_cast<int>(SOCK_NONBLOCK)}) {
            const int fd = ::socket(AF_INET, SOCK_STREAM | flags, 0);
            ASSERT_GE(fd, 0);
            ASSERT_EQ(::listen(fd, 5), 0);
            tcp_listener door(socket::adopt(fd));
            const endpoint where = endpoint::inet({127, 0, 0, 1}, door.local().port());
            scope child;
            spawn_waiting(child, [&] {
                tcp_stream peer = door.accept();
                peer.send_all("here");
            });
            tcp_stream client = tcp_stream::connect(where);
            std::array<char, 4> room{};
            client.recv_exactly(room);
            child.join();
        }
    });
}

TEST_P(adopting, a_datagram_socket_made_by_hand) {
    on_network([] {
        udp_socket door(socket::adopt(::socket(AF_INET6, SOCK_DGRAM, 0)));
        door.handle().bind("[::1]:0");
        udp_socket client = udp_socket::open();
        client.send_to("hello", door.local());
        std::array<char, 16> room{};
        const received one = door.recv_from(room);
        EXPECT_EQ(one.size, 5U);
        EXPECT_EQ(one.from, endpoint::parse("[::1]:" + std::to_string(client.local().port())));
    });
}

TEST_P(adopting, what_is_no_socket_is_refused_and_stays_the_callers) {
    on_network([] {
        const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        ASSERT_GE(fd, 0);
        try {
            (void)socket::adopt(fd);
            FAIL() << "/dev/null became a socket";
        } catch (const error& e) {
            EXPECT_EQ(e.code(), std::errc::not_a_socket);
            EXPECT_NE(std::string(e.what()).find("adopt descriptor " + std::to_string(fd)), std::string::npos)
                << e.what();
        }
        EXPECT_EQ(::close(fd), 0);
        std::error_code ec;
        EXPECT_FALSE(socket::adopt(-1, ec).is_open());
        EXPECT_EQ(ec, std::errc::bad_file_descriptor);
    });
}

TEST_P(adopting, a_released_stream_brings_what_was_received_and_the_kernel_has_the_rest) {
    on_network([] {
        two_streams both = connected_pair();
        // A network that receives ahead is in full swing after a few messages.
        std::array<std::byte, 100> room{};
        std::uint64_t sent = 0;
        std::uint64_t received = 0;
        for (int i = 0; i < 20; ++i) {
            both.client.send_all(pattern_bytes(sent, 100));
            sent += 100;
            both.server.recv_exactly(room);
            received += 100;
        }
        both.client.send_all(pattern_bytes(sent, 1000));
        sent += 1000;
        EXPECT_EQ(both.server.recv({room.data(), 10}), 10U);
        received += 10;
        const native_socket plain = both.server.handle().release();
        EXPECT_FALSE(both.server.is_open());
        ASSERT_GE(plain.descriptor, 0);
        EXPECT_EQ(matching_bytes(plain.unread, received), plain.unread.size());
        received += plain.unread.size();
        both.client.close();
        const int flags = ::fcntl(plain.descriptor, F_GETFL);
        ::fcntl(plain.descriptor, F_SETFL, flags & ~O_NONBLOCK);
        if (!plain.end_of_stream) {
            for (ssize_t n = 1; n > 0;) {
                n = ::recv(plain.descriptor, room.data(), room.size(), 0);
                ASSERT_GE(n, 0);
                const auto size = static_cast<std::size_t>(n);
                EXPECT_EQ(matching_bytes({room.data(), size}, received), size);
                received += size;
            }
        }
        EXPECT_EQ(received, sent);
        EXPECT_EQ(::close(plain.descriptor), 0);
    });
}

TEST_P(adopting, released_and_adopted_again_nothing_is_lost) {
    on_network([] {
        two_streams both = connected_pair();
        both.client.send_all("first second");
        std::array<char, 6> room{};
        both.server.recv_exactly(room);
        native_socket between = both.server.handle().release();
        std::unique_ptr<network_socket> taken;
        ASSERT_FALSE(this_network().adopt(std::move(between), taken));
        tcp_stream again(socket(std::move(taken), family::inet, type::stream));
        again.recv_exactly(room);
        EXPECT_EQ(std::string(room.data(), room.size()), "second");
    });
}

TEST_P(adopting_on_stacks, without_descriptors_it_says_so) {
    on_network([] {
        two_streams both = connected_pair();
        std::error_code ec;
        (void)both.client.handle().release(ec);
        EXPECT_EQ(ec, errc::wrong_network);
        both.client.send_all("still here");
        std::array<char, 10> room{};
        both.server.recv_exactly(room);
        EXPECT_EQ(std::string(room.data(), room.size()), "still here");
        (void)socket::adopt(0, ec);
        EXPECT_EQ(ec, errc::wrong_network);
    });
}

TEST_P(adopting, who_gives_a_socket_up_while_another_lets_go_of_it_is_not_kept_waiting) {
    on_network([&] {
        for (int round = 0; round < 10; ++round) {
            two_streams both = connected_pair();
            std::array<char, 4> room{};
            for (int i = 0; i < 3; ++i) {  // the kernel receives ahead from here on, where it does
                both.client.send_all("four");
                both.server.recv_exactly(room);
            }
            descriptor let_go;
            std::error_code ec;
            {
                scope all;
                all.spawn([&] {
                    native_socket released = both.server.handle().release(ec);
                    if (!ec) let_go = descriptor(released.descriptor);
                });
                if (!runs_on_threads()) {  // where moving a socket is its owner's
                    yield();
                    both.server = tcp_stream();
                }
                all.join();
            }
            EXPECT_FALSE(both.server.is_open());
            if (!ec) {
                EXPECT_GE(let_go.get(), 0);
            } else {
                EXPECT_EQ(ec, errc::closed);
            }
        }
    });
}

TEST_P(adopting, a_duplicates_end_ends_no_call_on_the_other) {
    if (runs_on_threads()) GTEST_SKIP() << "close() shuts down what duplicates share, to wake other threads";
    on_network([] {
        tcp_listener door("127.0.0.1:0");
        tcp_listener duplicate{socket::adopt(::fcntl(door.handle().native_handle(), F_DUPFD_CLOEXEC, 0))};
        scope all;
        spawn_waiting(all, [&] { EXPECT_TRUE(door.accept().is_open()); });
        std::error_code ec;
        spawn_waiting(all, [&] { duplicate.accept(ec); });
        duplicate.close();
        while (!ec) yield();
        EXPECT_EQ(ec, errc::closed);
        tcp_stream client = tcp_stream::connect(door.local());
        all.join();
    });
}

}  // namespace
}  // namespace cardea::conformance
