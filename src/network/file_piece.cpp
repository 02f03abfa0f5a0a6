// See file_piece.hpp.
#include "network/file_piece.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

#include "fiber/loop.hpp"
#include "fiber/offload.hpp"
#include "network/kernel_socket.hpp"

namespace cardea::detail {

namespace {

io_result outcome_of(ssize_t n) noexcept {
    return n >= 0 ? io_result{static_cast<std::size_t>(n), {}} : io_result{0, last_error()};
}

io_result read_waiting(int file, std::uint64_t offset, mutable_buffer room) noexcept {
    ssize_t n = 0;
    do {
        n = ::pread(file, room.data(), room.size(), static_cast<off_t>(offset));
    } while (n < 0 && errno == EINTR);
    return outcome_of(n);
}

// Owned by the work: its asker may have left.
struct piece {
    int file = -1;
    std::unique_ptr<std::byte[]> bytes;
    io_result done;

    piece(int of, std::size_t size) : file(::fcntl(of, F_DUPFD_CLOEXEC, 0)), bytes(new std::byte[size]) {}
    ~piece() { close(); }
    void close() noexcept {
        if (file >= 0) ::close(std::exchange(file, -1));
    }
    piece(const piece&) = delete;
    piece& operator=(const piece&) = delete;
};

io_result read_elsewhere(int file, std::uint64_t offset, mutable_buffer room) noexcept {
    try {
        const auto asked = std::make_shared<piece>(file, room.size());
        if (asked->file < 0) return {0, last_error()};
        const std::error_code failed = offload([asked, offset, size = room.size()] {
            asked->done = read_waiting(asked->file, offset, {asked->bytes.get(), size});
            asked->close();  // before its asker goes on: the helper thread may keep this piece a little longer
        });
        if (failed) return {0, failed};
        if (asked->done.bytes > 0) std::memcpy(room.data(), asked->bytes.get(), asked->done.bytes);
        return asked->done;
    } catch (const std::bad_alloc&) {
        return {0, std::make_error_code(std::errc::not_enough_memory)};
    }
}

}  // namespace

io_result read_piece(int file, std::uint64_t offset, mutable_buffer room) noexcept {
    const loop* here = loop::current();
    // Nobody is kept waiting: a plain thread, or a simulated host, whose run must not depend on a helper thread's.
    if (here == nullptr || here->running() == nullptr || in_simulated_world()) return read_waiting(file, offset, room);
    iovec into{room.data(), room.size()};
    const ssize_t n = ::preadv2(file, &into, 1, static_cast<off_t>(offset), RWF_NOWAIT);
    if (n >= 0) return outcome_of(n);
    // Not in memory, or a file system that cannot say (EOPNOTSUPP).
    if (would_block(errno) || errno == EOPNOTSUPP || errno == EINTR) return read_elsewhere(file, offset, room);
    return {0, last_error()};
}

bool in_memory(int file, std::uint64_t offset, std::size_t size) noexcept {
    constexpr long cachestat = 451;  // Linux 6.5; Debian 12's headers do not know it
    struct {
        std::uint64_t offset;
        std::uint64_t size;
    } range{offset, size};
    struct {
        std::uint64_t cached;
        std::uint64_t others[4];
    } pages{};
    if (size == 0 || ::syscall(cachestat, file, &range, &pages, 0) != 0) return false;
    const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    return pages.cached >= (offset + size - 1) / page - offset / page + 1;
}

}  // namespace cardea::detail
