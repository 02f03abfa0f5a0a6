// For debugger_test.py: fibers with names, parked in functions with names, until a line comes on standard input.
//
//     parked NETWORK [mprotect]
//
// With `mprotect`, stacks are guarded as on kernels before 6.13: cores that gdb writes end at the guards of later ones.
// Says "parked" once all of them are; then the process can be looked at.
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cardea/cardea.hpp>
#include <cerrno>
#include <cstdio>
#include <string>
#include <thread>

namespace {
bool by_mprotect = false;
}

extern "C" int madvise(void* address, std::size_t length, int advice) noexcept {
    constexpr int guard_install = 102;
    if (advice == guard_install && by_mprotect) {
        errno = EINVAL;
        return -1;
    }
    return static_cast<int>(::syscall(SYS_madvise, address, length, advice));
}

namespace {

[[gnu::noinline]] void waits_for_bytes(cardea::tcp_stream& peer) {
    std::array<std::byte, 24> room{};
    (void)peer.recv(room);
    asm volatile("");  // no tail call: the function stays in the backtrace
}

[[gnu::noinline]] void waits_for_a_client(cardea::tcp_listener& door) {
    (void)door.accept();
    asm volatile("");
}

[[gnu::noinline]] void waits_for_an_event(cardea::event& ended) {
    ended.wait();
    asm volatile("");
}

[[gnu::noinline]] void handles_the_failure(int depth, cardea::event& ended) {
    if (depth > 0) {
        handles_the_failure(depth - 1, ended);
    } else {
        ended.wait();
    }
    asm volatile("");
}

[[gnu::noinline]] void parks_in_a_handler(cardea::event& ended) {
    try {
        throw std::string("failure");
    } catch (const std::string&) {
        handles_the_failure(3, ended);
    }
}

}  // namespace

int main(int argc, char** argv) {
    // Whatever Yama says (ptrace(2)), any debugger may look.
    (void)::prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
    by_mprotect = argc > 2;
    cardea::run({.network = argc > 1 ? argv[1] : "epoll"}, [] {
        cardea::event ended;
        cardea::tcp_listener door{"127.0.0.1:0"};
        cardea::tcp_stream client = cardea::tcp_stream::connect(door.local());
        cardea::tcp_stream served = door.accept();
        cardea::scope fibers;
        fibers.spawn({.name = "reader"}, [&] { waits_for_bytes(served); });
        fibers.spawn({.name = "acceptor"}, [&] { waits_for_a_client(door); });
        fibers.spawn({.name = "waiter one"}, [&] { waits_for_an_event(ended); });
        fibers.spawn({.name = "twin"}, [&] { waits_for_an_event(ended); });
        fibers.spawn({.name = "twin"}, [&] { parks_in_a_handler(ended); });
        auto outside = cardea::loop_handle::current();
        std::jthread keyboard([&, outside] {
            (void)outside.post([] { std::puts("parked"), std::fflush(stdout); });
            std::array<char, 8> line{};
            (void)std::fgets(line.data(), line.size(), stdin);
            (void)outside.post([&] { fibers.cancel(); });
        });
        fibers.join();
    });
}
