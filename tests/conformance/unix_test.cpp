// Sockets between processes of one host: streams and datagrams by path and by abstract name; paths come and go.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "every_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE_OF_KERNELS(unix_sockets);

namespace fs = std::filesystem;

// A directory of the test's own, gone with it.
class own_directory {
  public:
    own_directory() {
        std::string name = (fs::temp_directory_path() / "cardea-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
        path_ = name;
    }
    ~own_directory() { fs::remove_all(path_); }
    own_directory(const own_directory&) = delete;
    own_directory& operator=(const own_directory&) = delete;
    [[nodiscard]] std::string file(const char* name) const { return (path_ / name).string(); }

  private:
    fs::path path_;
};

void echo_once(unix_listener& door, const std::string& name) {
    scope both;
    both.spawn([&] {
        unix_stream peer = door.accept();
        std::array<char, 100> room{};
        const std::size_t n = peer.recv(room);
        peer.send_all({room.data(), n});
    });
    unix_stream server = unix_stream::connect(name);
    server.send_all("over the hedge");
    std::string answer(14, ' ');
    server.recv_exactly(answer);
    EXPECT_EQ(answer, "over the hedge");
    std::array<char, 1> room{};
    EXPECT_EQ(server.recv(room), 0U);
    both.join();
}

TEST_P(unix_sockets, a_stream_by_path_which_is_removed_in_the_end) {
    on_network([] {
        const own_directory here;
        const std::string path = here.file("door");
        {
            unix_listener door("unix:" + path);
            EXPECT_EQ(door.local().to_string(), "unix:" + path);
            EXPECT_TRUE(fs::is_socket(path));
            echo_once(door, "unix:" + path);
            unix_listener moved = std::move(door);
            EXPECT_TRUE(fs::is_socket(path));
        }
        EXPECT_FALSE(fs::exists(path));
    });
}

TEST_P(unix_sockets, a_stream_by_abstract_name) {
    on_network([] {
        const std::string name = "unix:@cardea-abstract-" + std::to_string(this_network().random());
        unix_listener door(name);
        EXPECT_EQ(door.local().to_string(), name);
        echo_once(door, name);
        const unix_stream client = unix_stream::connect(name);
        EXPECT_EQ(client.peer().to_string(), name);
        const unix_stream server = door.accept();
        EXPECT_EQ(server.peer().to_string(), "unix:");
    });
}

TEST_P(unix_sockets, a_stale_path_is_taken_over) {
    on_network([] {
        const own_directory here;
        const std::string path = here.file("stale");
        // What a process leaves that was killed: the file of a socket that is closed.
        const endpoint name = endpoint::local(path);
        {
            socket left(family::local, type::stream);
            left.bind(name);
            left.listen(1);
        }
        ASSERT_TRUE(fs::is_socket(path));
        unix_listener door("unix:" + path);
        echo_once(door, "unix:" + path);
    });
}

TEST_P(unix_sockets, a_path_with_a_listener_is_in_use) {
    on_network([] {
        const own_directory here;
        const std::string name = "unix:" + here.file("used");
        unix_listener first(name);
        try {
            const unix_listener second(name);
            ADD_FAILURE() << "two listeners at one path";
        } catch (const error& e) {
            EXPECT_EQ(e.code(), std::errc::address_in_use);
            EXPECT_EQ(std::string(e.what()), "bind " + name + ": Address already in use");
        }
        first.accept();  // the probe of the second, which has found somebody
        echo_once(first, name);
    });
}

TEST_P(unix_sockets, a_path_with_a_listener_whose_queue_is_full_is_in_use) {
    on_network([] {
        const own_directory here;
        const std::string name = "unix:" + here.file("busy");
        const unix_listener first(name, 0);
        const unix_stream in_queue = unix_stream::connect(name);  // a backlog of 0 has room for one
        EXPECT_THROW(unix_listener{name}, error);
        EXPECT_TRUE(fs::is_socket(here.file("busy")));
    });
}

TEST_P(unix_sockets, a_file_that_is_no_socket_is_never_removed) {
    on_network([] {
        const own_directory here;
        const std::string path = here.file("precious");
        std::ofstream(path) << "a thesis";
        EXPECT_THROW(unix_listener{"unix:" + path}, error);
        EXPECT_EQ(fs::file_size(path), 8U);
    });
}

TEST_P(unix_sockets, nobody_at_a_path_is_an_error_with_the_path) {
    on_network([] {
        const own_directory here;
        const std::string name = "unix:" + here.file("nobody");
        try {
            unix_stream::connect(name);
            ADD_FAILURE() << "connected to nobody";
        } catch (const error& e) {
            EXPECT_EQ(std::string(e.what()), "connect to " + name + ": No such file or directory");
        }
        std::error_code ec;
        unix_stream::connect("127.0.0.1:7", ec);
        EXPECT_EQ(ec, errc::bad_address);
        try {
            const unix_listener none("unix:");
        } catch (const error& e) {
            EXPECT_EQ(std::string(e.what()),
                      "listen on \"unix:\" (a Unix address needs a path or a name): not an address");
        }
    });
}

TEST_P(unix_sockets, datagrams_keep_boundaries_order_and_senders) {
    on_network([] {
        const own_directory here;
        const std::string server_name = "unix:" + here.file("server");
        const std::string client_name = "unix:" + here.file("client");
        {
            unix_datagram server = unix_datagram::bind(server_name);
            unix_datagram client = unix_datagram::bind(client_name);
            client.send_to("one", server_name);
            client.send_to("", server_name);
            client.send_to("three", server_name);
            std::array<char, 64> room{};
            const received first = server.recv_from(room);
            EXPECT_EQ(first.size, 3U);
            EXPECT_EQ(first.from.to_string(), client_name);
            EXPECT_EQ(server.recv_from(room).size, 0U);
            EXPECT_EQ(server.recv_from({room.data(), 2}).truncated, true);
            server.send_to("answer", first.from);
            EXPECT_EQ(client.recv(room), 6U);
            unix_datagram connected = unix_datagram::open();
            connected.connect(server_name);
            connected.send("hello");
            const received unnamed = server.recv_from(room);
            EXPECT_EQ(unnamed.size, 5U);
            EXPECT_EQ(unnamed.from.name(), "");
        }
        EXPECT_FALSE(fs::exists(here.file("server")));
        EXPECT_FALSE(fs::exists(here.file("client")));
    });
}

TEST_P(unix_sockets, a_stale_path_of_datagrams_is_taken_over) {
    on_network([] {
        const own_directory here;
        const std::string name = "unix:" + here.file("stale");
        {
            socket left(family::local, type::datagram);
            left.bind(name);
        }
        unix_datagram server = unix_datagram::bind(name);
        unix_datagram client = unix_datagram::open();
        client.send_to("hello", name);
        std::array<char, 64> room{};
        EXPECT_EQ(server.recv(room), 5U);
        EXPECT_THROW(unix_datagram::bind(name), error) << "in use now";
    });
}

TEST_P(unix_sockets, records_keep_boundaries_over_a_connection) {
    on_network([] {
        const std::string name = "unix:@cardea-records-" + std::to_string(this_network().random());
        socket door(family::local, type::seqpacket);
        door.bind(name);
        door.listen(1);
        socket client(family::local, type::seqpacket);
        client.connect(name);
        socket server = door.accept().connection;
        client.send("one");
        client.send("three");
        std::array<char, 64> room{};
        EXPECT_EQ(server.recv(room), 3U);
        EXPECT_EQ(server.recv(room), 5U);
        client.send("cut off");
        std::error_code ec;
        EXPECT_EQ(server.recv({room.data(), 3}, ec), 3U);
        EXPECT_EQ(ec, std::errc::message_size) << "the end of a record is lost, and nobody says so";
        client.close();
        EXPECT_EQ(server.recv(room), 0U);
    });
}

TEST_P(unix_sockets, much_data_both_ways) {
    on_network([] {
        const std::string name = "unix:@cardea-much-" + std::to_string(this_network().random());
        unix_listener door(name);
        unix_stream client = unix_stream::connect(name);
        unix_stream server = door.accept();
        const std::vector<std::byte> data = pattern_bytes(0, 3'000'000);
        scope all;
        for (unix_stream* one : {&client, &server}) {
            all.spawn([&data, one] {
                one->send_all(data);
                one->shutdown(direction::send);
            });
            all.spawn([&data, one] {
                std::vector<std::byte> all_of_it(data.size());
                one->recv_exactly(all_of_it);
                EXPECT_EQ(all_of_it, data);
                EXPECT_EQ(one->recv(all_of_it), 0U);
            });
        }
        all.join();
    });
}

TEST_P(unix_sockets, a_close_with_unread_data_is_a_reset_for_the_peer) {
    on_network([] {
        const std::string name = "unix:@cardea-unread-" + std::to_string(this_network().random());
        unix_listener door(name);
        unix_stream client = unix_stream::connect(name);
        {
            unix_stream server = door.accept();
            client.send_all("never read");
        }
        std::array<char, 8> room{};
        std::error_code ec;
        client.recv(room, ec);
        EXPECT_EQ(ec, std::errc::connection_reset);
        client.send("x", ec);
        EXPECT_EQ(ec, std::errc::broken_pipe);
    });
}

}  // namespace
}  // namespace cardea::conformance
