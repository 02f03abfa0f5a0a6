// See splice_pipe.hpp. splice(2), pipe(7).
#include "network/splice_pipe.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <utility>

namespace cardea::detail {

namespace {

struct two_ends {
    int read;
    int write;
};

// Trivial, so that pipes can be put away while the thread's other variables are being destroyed.
struct kept_pipes {
    std::array<two_ends, splice_pipe::kept_by_a_thread> all;
    unsigned count;
    bool ending;
};
constinit thread_local kept_pipes kept{};
constinit std::atomic<unsigned> in_use{0};

struct at_thread_end {
    ~at_thread_end() {
        kept.ending = true;
        splice_pipe::forget_kept();
    }
    void arm() const noexcept {}
};
thread_local const at_thread_end ending;

// A child would share them with its parent, and each could find the other's bytes in them.
[[maybe_unused]] const int forgotten_by_children =
    ::pthread_atfork(nullptr, nullptr, [] { splice_pipe::forget_kept(); });

}  // namespace

void splice_pipe::forget_kept() noexcept {
    while (kept.count > 0) {
        const two_ends& one = kept.all[--kept.count];
        ::close(one.read);
        ::close(one.write);
    }
}

bool splice_pipe::open() noexcept {
    if (read_ >= 0) return true;
    if (in_use.fetch_add(1, std::memory_order_relaxed) >= most_in_use) {
        in_use.fetch_sub(1, std::memory_order_relaxed);
        return false;
    }
    if (kept.count > 0) {
        const two_ends& one = kept.all[--kept.count];
        read_ = one.read;
        write_ = one.write;
        return true;
    }
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
        in_use.fetch_sub(1, std::memory_order_relaxed);
        return false;
    }
    read_ = ends[0];
    write_ = ends[1];
    ::fcntl(write_, F_SETPIPE_SZ, static_cast<int>(capacity_bytes));
    return true;
}

void splice_pipe::put_away() noexcept {
    if (read_ < 0) return;
    in_use.fetch_sub(1, std::memory_order_relaxed);
    const two_ends mine{std::exchange(read_, -1), std::exchange(write_, -1)};
    const bool clean = std::exchange(bytes_, 0) == 0;
    if (clean && kept.count < kept_by_a_thread && !kept.ending) {
        ending.arm();
        kept.all[kept.count++] = mine;
        return;
    }
    ::close(mine.read);
    ::close(mine.write);
}

ssize_t splice_pipe::fill(int socket, std::size_t size) noexcept {
    const ssize_t n = ::splice(socket, nullptr, write_, nullptr, size, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (n > 0) bytes_ = static_cast<std::size_t>(n);
    return n;
}

ssize_t splice_pipe::drain(int socket) noexcept {
    const ssize_t n = ::splice(read_, nullptr, socket, nullptr, bytes_, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (n > 0) bytes_ -= static_cast<std::size_t>(n);
    return n;
}

bool splice_pipe::take_back(mutable_buffer room) noexcept {
    while (bytes_ > 0) {
        const ssize_t n = ::read(read_, room.data() + (room.size() - bytes_), bytes_);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        bytes_ -= static_cast<std::size_t>(n);
    }
    return true;
}

}  // namespace cardea::detail
