// No descriptor is left for one more connection: accepting pauses, tells of it once, and goes on when there is room.
#include <sys/resource.h>

#include "forked.hpp"
#include "running_server.hpp"

using namespace cardea;

class descriptors_exhausted : public on_each_network {};

namespace {

constexpr std::uint16_t paused = 0;  // no port
constexpr rlim_t room_for = 8;       // connections

// The kernel gives the lowest free number: those below the one it gives after `more` others are all that is left.
void leave_descriptors(rlim_t more) {
    std::vector<int> taken;
    for (rlim_t i = 0; i <= more; ++i) taken.push_back(::dup(STDERR_FILENO));
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = static_cast<rlim_t>(taken.back());
    for (const int number : taken) ::close(number);
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

std::error_code code_of(const std::exception_ptr& why) {
    try {
        std::rethrow_exception(why);
    } catch (const error& e) {
        return e.code();
    }
}

int serve_with_few_descriptors(forked& parent, serve_options o) {
    // UBSan inspects an object of a type that is new to it through a pipe(2), which there will be no descriptors for.
    if (code_of(std::make_exception_ptr(error(errc::closed, "accept"))) != errc::closed) return 4;
    run({.network = o.network}, [] {
        tcp_listener door("127.0.0.1:0");
        const tcp_stream client = tcp_stream::connect(door.local());
        const tcp_stream peer = door.accept();
    });
    int told = 0;
    o.handle_signals = true;
    o.on_ready = [&](const std::vector<endpoint>& where) {
        leave_descriptors(room_for);
        parent.tell(where.front().port());
    };
    o.on_error = [&](const endpoint& where, std::exception_ptr why) {
        const bool expected = code_of(why) == std::errc::too_many_files_open && where.port() != 0;
        if (expected && ++told == 1) parent.tell(paused);
    };
    const serve_report report = serve("127.0.0.1:0", echo, o);
    if (report.accept_pauses == 0) return 1;
    if (told >= static_cast<int>(report.accept_pauses)) return 3;  // once for a series
    return report.handler_failures == 0 ? 7 : 2;
}

}  // namespace

TEST_P(descriptors_exhausted, pauses_and_resumes) {
    forked child([&](forked& parent) { return serve_with_few_descriptors(parent, options(1)); });
    const int port = child.hear();
    ASSERT_GT(port, 0);
    const endpoint where = endpoint::loopback(family::inet, static_cast<std::uint16_t>(port));
    std::vector<tcp_stream> peers;
    for (rlim_t i = 0; i < 4 * room_for; ++i) peers.push_back(tcp_stream::connect(where));
    ASSERT_EQ(child.hear(), paused);
    // Each that leaves makes room for one more, in the order in which they came.
    for (tcp_stream& peer : peers) {
        ASSERT_TRUE(answers(peer));
        peer.close();
    }
    child.signal(SIGTERM);
    EXPECT_EQ(child.wait(), 7);
}

INSTANTIATE_TEST_SUITE_P(networks, descriptors_exhausted, every_network(), name_of);
