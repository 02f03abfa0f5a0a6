// dump_on_quit: SIGQUIT makes a process tell what its fibers wait for, and it goes on; afterwards the signal is whose
// it was.
#include <cardea/dump.hpp>

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cardea/fiber.hpp>
#include <cardea/sync.hpp>
#include <stdexcept>
#include <string>

#include "forked.hpp"

using namespace cardea;

namespace {

/// Reads until `wanted` has come, or the end.
std::string read_until(int from, const std::string& wanted) {
    std::string text;
    std::array<char, 4096> room{};
    while (text.find(wanted) == std::string::npos) {
        const ssize_t n = ::read(from, room.data(), room.size());
        if (n <= 0) break;
        text.append(room.data(), static_cast<std::size_t>(n));
    }
    return text;
}

}  // namespace

TEST(dump_on_quit, tells_what_fibers_wait_for_and_the_program_goes_on) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    forked child([&](forked& parent) {
        ::dup2(ends[1], STDERR_FILENO);
        ::close(ends[0]);
        const dump_on_quit on;
        run([&] {
            event never;
            scope all;
            all.spawn({.name = "patient"}, [&] { never.wait(); });
            all.spawn([&] { parent.tell(1); });
            sleep(std::chrono::hours(1));
        });
        return 0;
    });
    ::close(ends[1]);
    ASSERT_EQ(child.hear(), 1);
    for (int i = 0; i < 2; ++i) {  // it goes on, and answers again
        child.signal(SIGQUIT);
        const std::string text = read_until(ends[0], "event wait");
        EXPECT_NE(text.find("patient"), std::string::npos) << text;
    }
    ::close(ends[0]);
}

TEST(dump_on_quit, a_second_one_is_refused) {
    const dump_on_quit first;
    EXPECT_THROW(dump_on_quit(), std::logic_error);
}

TEST(dump_on_quit, gives_the_signal_back) {
    struct sigaction before {};
    struct sigaction during {};
    struct sigaction after {};
    ::sigaction(SIGQUIT, nullptr, &before);
    {
        const dump_on_quit on;
        ::sigaction(SIGQUIT, nullptr, &during);
    }
    ::sigaction(SIGQUIT, nullptr, &after);
    EXPECT_NE(during.sa_handler, before.sa_handler);
    EXPECT_EQ(after.sa_handler, before.sa_handler);
    const dump_on_quit again;  // the place is free
}
