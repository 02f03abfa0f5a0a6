// Sending disk files: whole, in parts, to slow and to broken receivers.
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>

#include "every_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE(files);

/// A file with the bytes of the pattern, which goes with its object.
class pattern_file {
  public:
    explicit pattern_file(std::size_t size) {
        const int fd = ::mkstemp(path_.data());
        const std::vector<std::byte> bytes = pattern_bytes(0, size);
        for (std::size_t done = 0; done < size;) {
            const ssize_t n = ::write(fd, bytes.data() + done, size - done);
            if (n <= 0) std::abort();
            done += static_cast<std::size_t>(n);
        }
        ::close(fd);
    }
    ~pattern_file() { ::unlink(path_.c_str()); }
    pattern_file(const pattern_file&) = delete;
    pattern_file& operator=(const pattern_file&) = delete;
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    std::string path_ = testing::TempDir() + "cardea_file_XXXXXX";
};

std::size_t read_pattern(stream& from, std::uint64_t at) {
    std::vector<std::byte> room(50'000);
    std::size_t total = 0;
    while (const std::size_t n = from.recv(room)) {
        EXPECT_EQ(matching_bytes({room.data(), n}, at + total), n) << "at " << total;
        total += n;
    }
    return total;
}

TEST_P(files, a_file_arrives_whole_behind_what_was_sent_before) {
    const pattern_file on_disk(3'000'001);
    on_network([&] {
        two_streams both = connected_pair();
        scope sender;
        sender.spawn([&] {
            const file f = file::open(on_disk.path());
            EXPECT_EQ(f.size(), 3'000'001U);
            both.client.send_all("head");
            EXPECT_EQ(both.client.send_file(f), 3'000'001U);
            both.client.shutdown(direction::send);
        });
        std::array<char, 4> head{};
        both.server.recv_exactly(head);
        EXPECT_EQ(std::string(head.data(), 4), "head");
        EXPECT_EQ(read_pattern(both.server, 0), 3'000'001U);
        sender.join();
    });
}

TEST_P(files, one_whose_size_nobody_knows_is_sent_to_its_end) {
    on_network([] {
        two_streams both = connected_pair();
        EXPECT_EQ(both.client.send_file(file::open("/proc/sys/kernel/ostype")), 6U);  // fstat(2) says 0
        std::string text(6, ' ');
        both.server.recv_exactly(text);
        EXPECT_EQ(text, "Linux\n");
    });
}

TEST_P(files, parts_of_it_are_sent_as_asked) {
    const pattern_file on_disk(100'000);
    on_network([&] {
        two_streams both = connected_pair();
        const file f = file::open(on_disk.path());
        EXPECT_EQ(both.client.send_file(f, 50'000, 10), 10U);
        std::array<std::byte, 10> room{};
        both.server.recv_exactly(room);
        EXPECT_EQ(matching_bytes(room, 50'000), 10U);
        EXPECT_EQ(both.client.send_file(f, 99'995, 10), 5U) << "it ends before";
        EXPECT_EQ(both.client.send_file(f, 200'000), 0U) << "it has long ended";
        EXPECT_EQ(both.client.send_file(f, 0, 0), 0U);
        both.client.shutdown(direction::send);
        EXPECT_EQ(read_pattern(both.server, 99'995), 5U);
    });
}

TEST_P(files, a_deadline_ends_it_and_it_says_how_much_went) {
    const pattern_file on_disk(8'000'000);
    on_network([&] {
        two_streams both = connected_pair(true);
        const file f = file::open(on_disk.path());
        std::error_code ec;
        std::uint64_t sent = 0;
        {
            const deadline soon(100ms);
            sent = both.client.send_file(f, 0, whole_file, ec);
        }
        EXPECT_EQ(ec, errc::timed_out);
        EXPECT_LT(sent, 8'000'000U);
        both.client.shutdown(direction::send);
        EXPECT_EQ(read_pattern(both.server, 0), sent);
    });
}

TEST_P(files, a_broken_connection_is_an_error_and_no_signal) {
    const pattern_file on_disk(2'000'000);
    std::signal(SIGPIPE, SIG_DFL);
    on_network([&] {
        two_streams both = connected_pair();
        const file f = file::open(on_disk.path());
        both.server.reset();
        std::error_code ec;
        for (int i = 0; i < 100 && !ec; ++i) both.client.send_file(f, 0, whole_file, ec);
        EXPECT_TRUE(ec == std::errc::connection_reset || ec == std::errc::broken_pipe) << ec.message();
        both.client.send_file(f, 0, whole_file, ec);
        EXPECT_EQ(ec, std::errc::broken_pipe);
    });
}

TEST_P(files, what_is_no_file_is_an_error_that_says_so) {
    on_network([] {
        two_streams both = connected_pair();
        try {
            const file none = file::open("/nonexistent/file");
            ADD_FAILURE() << "opened";
        } catch (const error& e) {
            EXPECT_EQ(std::string(e.what()), "open file /nonexistent/file: No such file or directory");
        }
        std::error_code ec;
        EXPECT_EQ(both.client.send_file(file(), 0, whole_file, ec), 0U);
        EXPECT_EQ(ec, std::errc::bad_file_descriptor);
        const file directory = file::open("/");
        EXPECT_EQ(both.client.send_file(directory, 0, whole_file, ec), 0U);
        EXPECT_TRUE(ec == std::errc::is_a_directory || ec == std::errc::invalid_argument) << ec.message();
    });
}

}  // namespace
}  // namespace cardea::conformance
