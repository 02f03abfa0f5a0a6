// An echo server that has warmed up allocates nothing and takes no lock, however many messages come: this program
// counts both, in front of the C library's own functions.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <cardea/cardea.hpp>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <ostream>
#include <string>
#include <tuple>

#include "plain_client.hpp"

namespace {

// Counted on the thread that asks for it only: the server's.
thread_local bool counting = false;
std::atomic<long> allocations{0};
std::atomic<long> locks{0};

void count(std::atomic<long>& what) noexcept {
    if (counting) what.fetch_add(1, std::memory_order_relaxed);
}

template <class Function>
Function* next(const char* name) noexcept {
    return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {
// glibc's own allocator under its other names: dlsym(3) itself allocates.
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);

void* malloc(std::size_t size) {
    count(allocations);
    return __libc_malloc(size);
}
void* calloc(std::size_t n, std::size_t size) {
    count(allocations);
    return __libc_calloc(n, size);
}
void* realloc(void* old, std::size_t size) {
    count(allocations);
    return __libc_realloc(old, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
    count(allocations);
    return __libc_memalign(alignment, size);
}
void free(void* old) {
    count(allocations);
    __libc_free(old);
}

int pthread_mutex_lock(pthread_mutex_t* m) {
    static auto* const real = next<int(pthread_mutex_t*)>("pthread_mutex_lock");
    count(locks);
    return real(m);
}
int pthread_mutex_trylock(pthread_mutex_t* m) {
    static auto* const real = next<int(pthread_mutex_t*)>("pthread_mutex_trylock");
    count(locks);
    return real(m);
}
int pthread_rwlock_rdlock(pthread_rwlock_t* l) {
    static auto* const real = next<int(pthread_rwlock_t*)>("pthread_rwlock_rdlock");
    count(locks);
    return real(l);
}
int pthread_rwlock_wrlock(pthread_rwlock_t* l) {
    static auto* const real = next<int(pthread_rwlock_t*)>("pthread_rwlock_wrlock");
    count(locks);
    return real(l);
}
int pthread_cond_wait(pthread_cond_t* c, pthread_mutex_t* m) {
    static auto* const real = next<int(pthread_cond_t*, pthread_mutex_t*)>("pthread_cond_wait");
    count(locks);
    return real(c, m);
}
int pthread_cond_signal(pthread_cond_t* c) {
    static auto* const real = next<int(pthread_cond_t*)>("pthread_cond_signal");
    count(locks);
    return real(c);
}
}

namespace {

using namespace scale_test;

constexpr int clients = 16;
constexpr int warm_up = 2'000;
constexpr int measured = 100'000;

/// Each message is a line of text and a frame as well: its first byte says how many follow, and its last ends a line.
message as_line_and_frame(message m) {
    auto* const bytes = reinterpret_cast<unsigned char*>(m.words);
    std::replace(bytes, bytes + sizeof m, static_cast<unsigned char>('\n'), static_cast<unsigned char>('n'));
    std::replace(bytes, bytes + sizeof m, static_cast<unsigned char>('\r'), static_cast<unsigned char>('r'));
    bytes[0] = sizeof m - 1;
    bytes[sizeof m - 1] = '\n';
    return m;
}

/// Answers every message, calling `answered` after each.
using handler = void (*)(cardea::tcp_stream& peer, const std::function<void()>& answered);

void by_recv(cardea::tcp_stream& peer, const std::function<void()>& answered) {
    message room(0, 0);
    while (const std::size_t n = peer.recv({&room, sizeof room})) {
        peer.send_all({&room, n});
        answered();
    }
}

void by_lease(cardea::tcp_stream& peer, const std::function<void()>& answered) {
    while (const cardea::lease bytes = peer.recv_lease()) {
        peer.send_all(bytes);
        answered();
    }
}

void by_lines(cardea::tcp_stream& peer, const std::function<void()>& answered) {
    cardea::line_reader in(peer);
    while (const auto line = in.next()) {
        peer.send_vectored({*line, "\n"});
        answered();
    }
}

void by_frames(cardea::tcp_stream& peer, const std::function<void()>& answered) {
    const cardea::frame_format format{.length_bytes = 1};
    cardea::frame_reader in(peer, format);
    cardea::frame_writer out(peer, format);
    while (const auto frame = in.next()) {
        out.send(*frame);
        answered();
    }
}

struct way_to_echo {
    const char* name;
    handler echo;
};

void PrintTo(const way_to_echo& way, std::ostream* to) { *to << way.name; }

class steady_state : public testing::TestWithParam<std::tuple<const char*, way_to_echo>> {};

void client(std::uint16_t port) {
    int all[clients];
    for (int& fd : all) fd = connect_to(port);
    for (int round = 0; round < (warm_up + measured) / clients; ++round) {
        for (int i = 0; i < clients; ++i) send_message(all[i], as_line_and_frame({i, round}));
        for (int i = 0; i < clients; ++i) expect_message(all[i], as_line_and_frame({i, round}));
    }
    for (const int fd : all) ::close(fd);
}

TEST(steady_state_itself, counts) {
    const long allocations_before = allocations;
    const long locks_before = locks;
    counting = true;
    std::free(std::malloc(1));  // NOLINT
    delete new std::string(100, 'x');
    cardea::mutex m;
    m.try_lock();
    counting = false;
    EXPECT_GE(allocations - allocations_before, 4);
    EXPECT_EQ(locks - locks_before, 1);
}

TEST_P(steady_state, an_echoed_message_costs_no_allocation_and_no_lock) {
    const char* const network = std::get<0>(GetParam());
    const way_to_echo way = std::get<1>(GetParam());
    cardea::run({.network = network}, [&] {
        cardea::tcp_listener door("127.0.0.1:0");
        child_process other([port = door.local().port()] { client(port); });
        int messages = 0;
        long allocations_before = 0;
        long locks_before = 0;
        const std::function<void()> answered = [&] {
            if (++messages == warm_up) {
                allocations_before = allocations;
                locks_before = locks;
                counting = true;
            }
            if (messages == warm_up + measured - clients) counting = false;
        };
        cardea::scope handlers;
        for (int i = 0; i < clients; ++i) {
            handlers.spawn([&, peer = door.accept()]() mutable { way.echo(peer, answered); });
        }
        handlers.join();
        counting = false;
        EXPECT_EQ(other.wait(), 0) << "the client says why";
        EXPECT_GE(messages, measured);
        std::printf("%s, %s: %d messages, %ld allocations, %ld locks\n", network, way.name, messages - warm_up,
                    allocations - allocations_before, locks - locks_before);
        EXPECT_EQ(allocations - allocations_before, 0);
        EXPECT_EQ(locks - locks_before, 0);
    });
}

constexpr way_to_echo ways[] = {{"recv", by_recv}, {"lease", by_lease}, {"lines", by_lines}, {"frames", by_frames}};

INSTANTIATE_TEST_SUITE_P(, steady_state, testing::Combine(testing::Values("uring", "epoll"), testing::ValuesIn(ways)),
                         [](const auto& of) {
                             return std::string(std::get<0>(of.param)) + "_" + std::get<1>(of.param).name;
                         });

}  // namespace
