// The wall clock jumps by hours all the time, and no timer cares. Setting the machine's clock would disturb everybody,
// and time namespaces have no wall clock of their own (time_namespaces(7)): here clock_gettime(2) itself is replaced,
// for the library as for the standard library under it, and answers for CLOCK_REALTIME what the test wants.
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "every_network.hpp"
#include "scenes.hpp"

namespace {
std::atomic<long> hours_off{0};
}

extern "C" int clock_gettime(clockid_t which, timespec* now) noexcept {
    const long rc = ::syscall(SYS_clock_gettime, which, now);
    if (rc == 0 && which == CLOCK_REALTIME) now->tv_sec += hours_off.load(std::memory_order_relaxed) * 3'600;
    return static_cast<int>(rc);
}

namespace cardea::conformance {
namespace {

CARDEA_CONFORMANCE(wall_clock);
CARDEA_CONFORMANCE_IN_REAL_TIME(wall_clock_in_real_time);

// Jumps to and fro, a day either way, while it lives.
class jumping_clock {
  public:
    jumping_clock()
        : jumps_([this] {
              for (long step = 0; !over_; ++step) {
                  hours_off = step % 49 - 24;
                  std::this_thread::yield();
              }
          }) {}
    ~jumping_clock() {
        over_ = true;
        jumps_.join();
        hours_off = 0;
    }
    jumping_clock(const jumping_clock&) = delete;
    jumping_clock& operator=(const jumping_clock&) = delete;

  private:
    std::atomic<bool> over_{false};
    std::thread jumps_;
};

// `call()` must last `span`, whatever the wall clock says.
template <class Call>
void expect_lasts(std::chrono::nanoseconds span, Call call) {
    const stopwatch time;
    call();
    EXPECT_GE(time.elapsed(), span);
    EXPECT_LT(time.elapsed(), ages);
}

TEST_P(wall_clock_in_real_time, the_clock_of_the_test_is_the_one_that_the_library_sees) {
    on_network([] {
        const std::int64_t before = this_network().wall_clock_ns();
        hours_off = 5;
        EXPECT_GE(this_network().wall_clock_ns() - before, 5 * 3'600'000'000'000LL);
        hours_off = 0;
    });
}

TEST_P(wall_clock, no_timer_cares_when_the_wall_clock_jumps) {
    on_network([] {
        const jumping_clock clock;
        two_streams both = connected_pair();
        udp_socket datagrams = udp_socket::bind("127.0.0.1:0");
        std::array<char, 8> room{};
        std::error_code ec;
        expect_lasts(30ms, [&] {
            const deadline within(30ms);
            both.server.recv(room, ec);
            EXPECT_EQ(ec, errc::timed_out);
        });
        expect_lasts(30ms, [&] {
            const deadline within(30ms);
            datagrams.recv_from(room, ec);
            EXPECT_EQ(ec, errc::timed_out);
        });
        expect_lasts(30ms, [&] {
            const call_limit each(30ms);
            both.server.recv(room, ec);
            EXPECT_EQ(ec, errc::timed_out);
        });
        expect_lasts(30ms, [] { cardea::sleep(30ms); });
        event never;
        expect_lasts(30ms, [&] {
            const deadline within(30ms);
            EXPECT_THROW(never.wait(), error);
        });
        expect_lasts(30ms, [&] { EXPECT_EQ(both.client.close_gracefully(30ms), farewell::reset); });
    });
}

TEST_P(wall_clock, no_call_times_out_early_when_the_wall_clock_jumps) {
    on_network([] {
        const jumping_clock clock;
        two_streams both = connected_pair();
        const deadline within(ages);
        std::array<char, 4> room{};
        for (int i = 0; i < 300; ++i) {
            both.client.send_all("ping");
            both.server.recv_exactly(room);
        }
        EXPECT_FALSE(within.expired());
    });
}

}  // namespace
}  // namespace cardea::conformance
