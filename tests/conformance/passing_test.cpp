// Descriptors and credentials through Unix sockets: they arrive once, owned, and what nobody takes is closed. Pairs.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cardea/passing.hpp>

#include "every_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE(passing);
CARDEA_CONFORMANCE_OF_KERNELS(passing_on_kernels);

// A pipe, to see whether what arrives is what was sent.
struct pipe_ends {
    pipe_ends() {
        std::array<int, 2> fds{};
        if (::pipe2(fds.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
        read = descriptor(fds[0]);
        write = descriptor(fds[1]);
    }
    descriptor read;
    descriptor write;
};

std::string read_some(int fd) {
    std::array<char, 64> room{};
    const ssize_t n = ::read(fd, room.data(), room.size());
    return {room.data(), static_cast<std::size_t>(std::max<ssize_t>(n, 0))};
}

constexpr type every_type[] = {type::stream, type::datagram, type::seqpacket};

TEST_P(passing_on_kernels, a_descriptor_arrives_owned_and_close_on_exec) {
    on_network([] {
        for (const type t : every_type) {
            auto [one, other] = socket_pair(family::local, t);
            pipe_ends pipe;
            EXPECT_EQ(send_with(one, "here", {pipe.write.get()}), 4U);
            pipe.write.close();
            std::array<char, 16> room{};
            incoming_message came{.room = room, .max_descriptors = 1};
            EXPECT_EQ(recv_with(other, came), 4U);
            EXPECT_EQ(std::string(room.data(), 4), "here");
            ASSERT_EQ(came.descriptors.size(), 1U);
            EXPECT_FALSE(came.descriptors_lost);
            const int fd = came.descriptors[0].get();
            EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
            EXPECT_EQ(::write(fd, "through", 7), 7);
            EXPECT_EQ(read_some(pipe.read.get()), "through");
            came.descriptors.clear();
            EXPECT_EQ(read_some(pipe.read.get()), "") << "that was the last one: closed";
        }
    });
}

TEST_P(passing_on_kernels, who_waits_is_woken_with_the_descriptor) {
    on_network([] {
        for (const type t : every_type) {
            auto [one, other] = socket_pair(family::local, t);
            pipe_ends pipe;
            scope child;
            spawn_waiting(child, [&to = other] {
                std::array<char, 16> room{};
                incoming_message came{.room = room, .max_descriptors = 8};
                recv_with(to, came);
                EXPECT_EQ(came.descriptors.size(), 2U);
            });
            send_with(one, "x", {pipe.read.get(), pipe.write.get()});
            child.join();
        }
    });
}

TEST_P(passing_on_kernels, more_than_there_is_room_for_are_closed_and_said_to_be_lost) {
    on_network([] {
        auto [one, other] = socket_pair();
        pipe_ends pipe;
        const std::size_t before = open_descriptors();
        const int fd = pipe.write.get();
        for (const std::size_t room_for : {std::size_t{0}, std::size_t{1}, std::size_t{2}}) {
            send_with(one, "x", {fd, fd, fd});
            std::array<char, 16> room{};
            incoming_message came{.room = room, .max_descriptors = room_for};
            recv_with(other, came);
            EXPECT_EQ(came.descriptors.size(), room_for);
            EXPECT_TRUE(came.descriptors_lost);
            EXPECT_EQ(open_descriptors(), before + room_for);
        }
        EXPECT_EQ(open_descriptors(), before);
    });
}

TEST_P(passing_on_kernels, the_most_that_one_message_can_carry) {
    on_network([] {
        auto [one, other] = socket_pair();
        pipe_ends pipe;
        const std::vector<int> many(253, pipe.write.get());
        std::error_code ec;
        send_with(one, "x", std::vector<int>(254, pipe.write.get()), ec);
        EXPECT_EQ(ec, std::errc::invalid_argument);
        send_with(one, "x", many);
        std::array<char, 16> room{};
        incoming_message came{.room = room, .max_descriptors = 1000};
        recv_with(other, came);
        EXPECT_EQ(came.descriptors.size(), 253U);
        EXPECT_FALSE(came.descriptors_lost);
    });
}

TEST_P(passing_on_kernels, a_plain_receive_closes_what_came_along) {
    on_network([] {
        for (const type t : every_type) {
            auto [one, other] = socket_pair(family::local, t);
            pipe_ends pipe;
            const std::size_t before = open_descriptors();
            send_with(one, "x", {pipe.read.get()});
            std::array<char, 16> room{};
            EXPECT_EQ(other.recv(room), 1U);
            EXPECT_EQ(open_descriptors(), before);
        }
    });
}

TEST_P(passing_on_kernels, what_was_never_received_is_closed_with_the_socket) {
    on_network([] {
        pipe_ends pipe;
        {
            auto [one, other] = socket_pair();
            send_with(one, "x", {pipe.write.get()});
            pipe.write.close();
        }
        EXPECT_EQ(read_some(pipe.read.get()), "") << "the end of the pipe: nobody has its other end";
    });
}

// However the receiver has read before: bytes and descriptors keep their order, and belong together.
TEST_P(passing_on_kernels, on_a_stream_bytes_and_descriptors_keep_their_order) {
    on_network([] {
        auto [one, other] = socket_pair();
        pipe_ends pipe;
        std::array<char, 64> room{};
        scope child;
        // A receive that waits, as where traffic comes and goes.
        spawn_waiting(child, [&to = other, &room] { EXPECT_EQ(to.recv({room.data(), 1}), 1U); });
        one.send("head");
        child.join();
        send_with(one, "A", {pipe.read.get()});
        one.send("tail");
        EXPECT_EQ(other.recv_exactly({room.data(), 3}, *std::make_unique<std::error_code>()), 3U);
        EXPECT_EQ(std::string(room.data(), 3), "ead");
        incoming_message came{.room = {room.data(), 1}, .max_descriptors = 4};
        EXPECT_EQ(recv_with(other, came), 1U);
        EXPECT_EQ(room[0], 'A');
        ASSERT_EQ(came.descriptors.size(), 1U);
        other.recv_exactly({room.data(), 4});
        EXPECT_EQ(std::string(room.data(), 4), "tail");
        one.close();
        EXPECT_EQ(recv_with(other, came), 0U) << "the end of the stream";
        EXPECT_TRUE(came.descriptors.empty());
    });
}

TEST_P(passing_on_kernels, a_long_message_goes_whole_with_its_descriptor) {
    on_network([] {
        auto [one, other] = socket_pair();
        pipe_ends pipe;
        const std::vector<std::byte> data = pattern_bytes(0, 3'000'000);
        scope child;
        child.spawn([&from = one, &data, &pipe] { EXPECT_EQ(send_with(from, data, {pipe.read.get()}), data.size()); });
        std::vector<std::byte> room(data.size());
        incoming_message came{.room = room, .max_descriptors = 1};
        std::size_t done = recv_with(other, came);
        EXPECT_EQ(came.descriptors.size(), 1U);
        other.recv_exactly(mutable_buffer(room).after(done));
        EXPECT_EQ(matching_bytes(room, 0), room.size());
        child.join();
    });
}

TEST_P(passing_on_kernels, a_deadline_leaves_the_message_where_it_was) {
    on_network([] {
        auto [one, other] = socket_pair();
        std::array<char, 16> room{};
        incoming_message came{.room = room, .max_descriptors = 1};
        std::error_code ec;
        {
            const deadline soon(10ms);
            recv_with(other, came, ec);
            EXPECT_EQ(ec, errc::timed_out);
        }
        pipe_ends pipe;
        send_with(one, "x", {pipe.read.get()});
        recv_with(other, came);
        EXPECT_EQ(came.descriptors.size(), 1U);
    });
}

TEST_P(passing_on_kernels, credentials_tell_who_sent_and_who_connected) {
    on_network([] {
        const credentials me{::getpid(), ::geteuid(), ::getegid()};
        auto [one, other] = socket_pair();
        EXPECT_EQ(peer_credentials(one), me);
        other.set(option::pass_credentials{true});
        send_credentials(one, "it is me");
        std::array<char, 16> room{};
        incoming_message came{.room = room};
        recv_with(other, came);
        EXPECT_EQ(came.sender, me);
        // A server learns who has connected without being told.
        unix_listener door("unix:@cardea-credentials-" + std::to_string(this_network().random()));
        unix_stream client = unix_stream::connect(door.local());
        unix_stream peer = door.accept();
        EXPECT_EQ(peer_credentials(peer), me);
    });
}

TEST_P(passing, other_families_say_that_they_have_no_such_thing) {
    on_network([] {
        auto [one, other] = socket_pair(family::inet, type::datagram);
        std::error_code ec;
        send_with(one, "x", std::array{0}, ec);
        EXPECT_EQ(ec, errc::not_supported);
        peer_credentials(one, ec);
        EXPECT_EQ(ec, errc::not_supported);
    });
}

TEST_P(passing, pairs_are_connected_to_each_other) {
    on_network([] {
        for (const family f : {family::inet, family::inet6}) {
            for (const type t : {type::stream, type::datagram}) {
                auto [one, other] = socket_pair(f, t);
                EXPECT_EQ(one.peer(), other.local());
                EXPECT_EQ(other.peer(), one.local());
                std::array<char, 16> room{};
                one.send("ping");
                EXPECT_EQ(other.recv(room), 4U);
                other.send("pong");
                EXPECT_EQ(one.recv(room), 4U);
            }
        }
    });
}

TEST_P(passing, unix_pairs_of_every_type) {
    on_network([&] {
        if (!GetParam().kernel) {
            EXPECT_THROW(socket_pair(), error) << "Unix sockets are a kernel's, and the error says so";
            return;
        }
        for (const type t : every_type) {
            auto [one, other] = socket_pair(family::local, t);
            std::array<char, 16> room{};
            one.send("one");
            one.send("two");
            EXPECT_EQ(other.recv(room), t == type::stream ? 6U : 3U) << "records are kept apart, bytes are not";
            scope child;
            spawn_waiting(child, [&to = one] {
                std::array<char, 16> answer{};
                EXPECT_EQ(to.recv(answer), 6U);
            });
            other.send("answer");
            child.join();
        }
    });
}

}  // namespace
}  // namespace cardea::conformance
