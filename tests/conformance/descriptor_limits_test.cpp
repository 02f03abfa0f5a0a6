// No descriptor left for one more connection (EMFILE, getrlimit(2)): accept says so, and the listener lives on.
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "every_network.hpp"
#include "scenes.hpp"

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE_OF_KERNELS(descriptor_limits);

// While it lives, this process can open a few more only.
class few_descriptors {
  public:
    few_descriptors() {
        ::getrlimit(RLIMIT_NOFILE, &usual_);
        // The kernel gives the lowest free number.
        const int lowest_free = ::dup(STDERR_FILENO);
        ::close(lowest_free);
        rlimit few = usual_;
        few.rlim_cur = static_cast<rlim_t>(lowest_free) + 32;
        ::setrlimit(RLIMIT_NOFILE, &few);
    }
    ~few_descriptors() {
        for (const int number : taken_) ::close(number);
        ::setrlimit(RLIMIT_NOFILE, &usual_);
    }
    few_descriptors(const few_descriptors&) = delete;
    few_descriptors& operator=(const few_descriptors&) = delete;

    /// And now none.
    void take_the_rest() {
        for (int number = ::dup(STDERR_FILENO); number >= 0; number = ::dup(STDERR_FILENO)) taken_.push_back(number);
    }

  private:
    rlimit usual_{};
    std::vector<int> taken_;
};

// Whatever a thread keeps for its waits, it has afterwards; and UBSan, which looks at objects of a type that is new to
// it through a pipe(2), has seen those of errors, and of the end of a child.
void warm_up() {
    scope child;
    child.spawn([] {});
    child.join();
    std::error_code ec;
    const deadline soon(1ms);
    udp_socket::bind("127.0.0.1:0").recv_from(mutable_buffer(), ec);
    EXPECT_NE(ec, std::errc::too_many_files_open);
    EXPECT_EQ(std::error_code(EMFILE, std::system_category()), std::errc::too_many_files_open);
}

TEST_P(descriptor_limits, emfile_on_accept_says_so_and_the_listener_lives_on) {
    on_network([] {
        tcp_listener door("127.0.0.1:0");
        const tcp_stream client = tcp_stream::connect(door.local());
        warm_up();
        std::error_code ec;
        std::error_code no_socket;
        {
            few_descriptors left;
            left.take_the_rest();
            const tcp_stream refused = door.accept(ec);
            const socket s(family::inet, type::stream, 0, no_socket);
        }
        EXPECT_EQ(ec, std::errc::too_many_files_open);
        EXPECT_EQ(no_socket, std::errc::too_many_files_open);
        EXPECT_EQ(door.accept().peer(), client.local());
    });
}

// A listener that was accepted from so often that a network may accept ahead for it: io_uring by a multishot, which
// goes by the limit of the time when it was armed.
TEST_P(descriptor_limits, emfile_on_a_busy_listener_is_told_to_each_that_accepts_and_the_connections_wait) {
    on_network([] {
        std::vector<socket> clients;
        for (int i = 0; i < 5; ++i) clients.emplace_back(family::inet, type::stream);
        tcp_listener door("127.0.0.1:0");
        warm_up();
        std::error_code ec;
        {
            few_descriptors left;
            for (int i = 0; i < 30; ++i) {
                const tcp_stream client = tcp_stream::connect(door.local());
                EXPECT_EQ(door.accept().peer(), client.local());
            }
            scope waiter;
            spawn_waiting(waiter, [&] { EXPECT_FALSE(door.accept(ec).is_open()); });
            left.take_the_rest();
            for (socket& client : clients) client.connect(door.local());
            waiter.join();
            EXPECT_EQ(ec, std::errc::too_many_files_open) << ec.message();
            left.take_the_rest();  // what a thread waits by goes with it
            for (int i = 0; i < 3; ++i) {
                EXPECT_FALSE(door.accept(ec).is_open());
                EXPECT_EQ(ec, std::errc::too_many_files_open) << "try " << i;
            }
        }
        const deadline within(ages);
        for (const socket& client : clients) EXPECT_EQ(door.accept().peer(), client.local());
    });
}

TEST_P(descriptor_limits, one_that_is_raised_holds_for_a_listener_that_waits_already) {
    on_network([] {
        for (const int before : {0, 30}) {  // one by one, or ahead
            tcp_listener door("127.0.0.1:0");
            warm_up();
            auto left = std::make_unique<few_descriptors>();
            for (int i = 0; i < before; ++i) {
                const tcp_stream client = tcp_stream::connect(door.local());
                EXPECT_EQ(door.accept().peer(), client.local());
            }
            std::vector<tcp_stream> accepted;
            scope waiter;
            spawn_waiting(waiter, [&] {
                for (int i = 0; i < 40; ++i) accepted.push_back(door.accept());
            });
            left.reset();
            std::vector<tcp_stream> clients;
            for (int i = 0; i < 40; ++i) clients.push_back(tcp_stream::connect(door.local()));
            waiter.join();
            EXPECT_EQ(accepted.size(), clients.size());
        }
    });
}

}  // namespace
}  // namespace cardea::conformance
