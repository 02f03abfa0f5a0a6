// The wall clock jumps while somebody waits: no timer cares. This program's clock_gettime(2) makes it jump.
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cardea/cardea.hpp>
#include <chrono>
#include <thread>

#include "places.hpp"

namespace {
std::atomic<long> wall_clock_ahead_s{0};
}

extern "C" int clock_gettime(clockid_t which, timespec* now) noexcept {
    const int failed = static_cast<int>(::syscall(SYS_clock_gettime, which, now));
    if (failed == 0 && which == CLOCK_REALTIME) now->tv_sec += wall_clock_ahead_s.load();
    return failed;
}

namespace {

using namespace std::chrono_literals;
using wall = std::chrono::system_clock;
using steady = std::chrono::steady_clock;

class wall_clock : public fiber_test::in_place {
  protected:
    void TearDown() override { wall_clock_ahead_s = 0; }
};

class jumps {
  public:
    explicit jumps(std::chrono::seconds by)
        : thread_([this, by] {
              while (!stop_) {
                  wall_clock_ahead_s = by.count();
                  std::this_thread::yield();
                  wall_clock_ahead_s = 0;
              }
          }) {}
    ~jumps() {
        stop_ = true;
        thread_.join();
    }
    jumps(const jumps&) = delete;
    jumps& operator=(const jumps&) = delete;

  private:
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

TEST(wall_clock_itself, jumps_in_this_program) {
    const auto before = wall::now();
    wall_clock_ahead_s = 7200;
    EXPECT_GT(wall::now() - before, 1h);
    wall_clock_ahead_s = 0;
    EXPECT_LT(wall::now() - before, 1h);
}

TEST_P(wall_clock, a_jump_ahead_ends_no_wait_early) {
    here([] {
        const jumps ahead{24h};
        const cardea::deadline within{1h};
        const auto began = steady::now();
        cardea::sleep(5ms);
        EXPECT_GE(steady::now() - began, 5ms);
        const cardea::deadline soon{5ms};
        EXPECT_THROW(cardea::event().wait(), cardea::error);
        EXPECT_GE(steady::now() - began, 10ms);
        EXPECT_FALSE(within.expired());
    });
}

TEST_P(wall_clock, a_jump_back_keeps_no_wait_from_ending) {
    here([] {
        const jumps back{-24h};
        cardea::sleep(5ms);
        const cardea::deadline soon{5ms};
        EXPECT_THROW(cardea::event().wait(), cardea::error);
        auto door = cardea::udp_socket::bind("127.0.0.1:0");
        char nothing[1];
        EXPECT_THROW(door.recv(nothing), cardea::error);
    });
}

FIBER_TEST_EVERYWHERE(wall_clock);

}  // namespace
