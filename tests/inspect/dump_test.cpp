// dump(): what fibers wait for apart from sockets, and loops of other threads, answering or busy.
#include <cardea/dump.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cardea/deadline.hpp>
#include <cardea/error.hpp>
#include <cardea/fiber.hpp>
#include <cardea/offload.hpp>
#include <cardea/sync.hpp>
#include <future>
#include <sstream>
#include <string>
#include <thread>

using namespace cardea;

namespace {

std::string dumped() {
    std::ostringstream text;
    dump(text);
    return text.str();
}

std::string line_of(const std::string& text, const std::string& name) {
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("  " + name + ' ')) return line;
    }
    return {};
}

/// A loop on a thread of its own, whose only fiber does what it is told.
class other_loop {
  public:
    explicit other_loop(std::function<void()> what)
        : thread_([this, what = std::move(what)] {
              run({.main = {.name = "stranger"}}, [&] {
                  begun_.set_value();
                  what();
              });
          }) {
        begun_.get_future().wait();
    }
    ~other_loop() { thread_.join(); }

  private:
    std::promise<void> begun_;
    std::thread thread_;
};

}  // namespace

TEST(dump, without_loops_says_so) { EXPECT_EQ(dumped(), "no loops\n"); }

TEST(dump, names_what_each_fiber_waits_for) {
    run([] {
        mutex held;
        event never;
        semaphore none(0);
        channel<int> empty(1);
        held.lock();
        scope all;
        all.spawn({.name = "locks"}, [&] { held.lock(); });
        all.spawn({.name = "waits"}, [&] { never.wait(); });
        all.spawn({.name = "acquires"}, [&] { none.acquire(); });
        all.spawn({.name = "pops"}, [&] { empty.pop(); });
        all.spawn({.name = "sleeps"}, [] { sleep(std::chrono::hours(1)); });
        all.spawn({.name = "joins"}, [] {
            scope inner;
            inner.spawn({.name = "inner"}, [] { sleep(std::chrono::hours(2)); });
            inner.join();
        });
        yield();
        yield();
        all.spawn({.name = "fresh"}, [] {});
        const std::string text = dumped();
        EXPECT_NE(line_of(text, "locks").find("mutex lock"), std::string::npos) << text;
        EXPECT_NE(line_of(text, "waits").find("event wait"), std::string::npos) << text;
        EXPECT_NE(line_of(text, "acquires").find("semaphore acquire"), std::string::npos) << text;
        EXPECT_NE(line_of(text, "pops").find("channel pop"), std::string::npos) << text;
        EXPECT_NE(line_of(text, "sleeps").find("sleep; 3"), std::string::npos)
            << text;  // 3600 s left, or a little less
        EXPECT_NE(line_of(text, "joins").find("join of a scope"), std::string::npos) << text;
        EXPECT_NE(line_of(text, "fresh").find("is ready to run"), std::string::npos) << text;
        EXPECT_NE(line_of(text, "main").find("runs"), std::string::npos) << text;
        EXPECT_NE(text.find("9 fibers"), std::string::npos) << text;
    });
}

TEST(dump, asks_the_loops_of_other_threads) {
    event go;
    const other_loop other([&] { go.wait(); });
    std::string text;
    do {
        text = dumped();  // it may just have begun
    } while (line_of(text, "stranger").find("event wait") == std::string::npos);
    EXPECT_NE(text.find("1 fibers, 0 sockets"), std::string::npos) << text;
    run([&] {
        const std::string both = dumped();
        EXPECT_NE(line_of(both, "stranger").find("event wait"), std::string::npos) << both;
        EXPECT_NE(line_of(both, "main").find("runs"), std::string::npos) << both;
    });
    go.set();
}

TEST(dump, a_loop_that_does_not_answer_is_said_to_be_busy) {
    std::promise<void> go;
    const other_loop other([&] { go.get_future().wait(); });  // blocks its thread, not just its fiber
    const std::string text = dumped();
    EXPECT_NE(text.find("busy"), std::string::npos) << text;
    EXPECT_EQ(text.find("stranger"), std::string::npos) << text;
    go.set_value();
}

TEST(dump, a_cancelled_caller_waits_for_nobody_and_is_told_all_the_same) {
    std::promise<void> go;
    const other_loop other([&] { go.get_future().wait(); });
    std::string text;
    run([&] {
        scope one;
        one.spawn({.name = "caller"}, [&] {
            try {
                sleep(std::chrono::hours(1));
            } catch (const cancelled&) {
                text = dumped();
            }
        });
        yield();
        one.cancel();
        one.join();
    });
    EXPECT_NE(line_of(text, "caller").find("runs"), std::string::npos) << text;
    EXPECT_NE(text.find("busy"), std::string::npos) << text;
    go.set_value();
}
