// The calls of an epoll stream beyond send and recv: several buffers at once, looking without taking, leases, files.
// sendmsg(2), recvmsg(2), recv(2) with MSG_PEEK, sendfile(2).
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "network/broken_pipe.hpp"
#include "network/epoll/epoll_perform.hpp"
#include "network/file_piece.hpp"
#include "network/io_vectors.hpp"

namespace cardea::detail {

io_result epoll_socket::send_vectored(const_buffers pieces) noexcept {
    io_result done;
    done.error = usable();
    if (done.error) return done;
    if (type_ != type::stream && pieces.count() > io_vectors::most) return kernel_socket::send_vectored(pieces);
    const std::size_t total = pieces.bytes();
    done.error = perform(record_->out, epoll_writing, [&]() noexcept {
        do {
            io_vectors rest(pieces, done.bytes);
            const msghdr message = rest.message();
            const ssize_t n = restarted([&] { return ::sendmsg(fd_, &message, MSG_NOSIGNAL | MSG_DONTWAIT); });
            if (n < 0) return errno;
            done.bytes += static_cast<std::size_t>(n);
            loop::current()->running()->made_progress();
        } while (type_ == type::stream && done.bytes < total);
        return 0;
    });
    return done;
}

io_result epoll_socket::recv_vectored(mutable_buffers rooms) noexcept {
    if (type_ != type::stream && (uses_messages() || rooms.count() > io_vectors::most)) {
        return network_socket::recv_vectored(rooms);
    }
    io_result done;
    done.error = usable();
    if (done.error) return done;
    if (!unread_.empty()) {
        const auto* const first = std::find_if(rooms.begin(), rooms.end(), [](const auto& r) { return !r.empty(); });
        return first != rooms.end() ? take_unread(*first) : done;
    }
    done.error = perform(record_->in, epoll_reading, [&]() noexcept {
        io_vectors all(rooms, 0);
        msghdr message = all.message();
        const ssize_t n = restarted([&] { return ::recvmsg(fd_, &message, MSG_DONTWAIT); });
        if (n < 0) return errno;
        done.bytes = static_cast<std::size_t>(n);
        return (message.msg_flags & MSG_TRUNC) != 0 ? EMSGSIZE : 0;  // as recv() of a record that is too long
    });
    return done;
}

io_result epoll_socket::peek(mutable_buffer room) noexcept {
    io_result done;
    done.error = usable();
    if (done.error) return done;
    if (!unread_.empty()) return unread_.peek(room);
    if (comes_in_trains()) return peek_plainly(room);
    done.error = perform(record_->in, epoll_reading, [&]() noexcept {
        const ssize_t n = restarted([&] { return ::recv(fd_, room.data(), room.size(), MSG_DONTWAIT | MSG_PEEK); });
        if (n < 0) return errno;
        done.bytes = static_cast<std::size_t>(n);
        return 0;
    });
    return done;
}

io_result epoll_socket::recv_lease(lease& out) noexcept {
    io_result done;
    done.error = usable();
    if (done.error) return done;
    lent_buffer room;
    const auto ready = [&]() noexcept {
        if (!room) room = lent_buffer(bulk_ ? lent_buffer::bulk_bytes : lent_buffer::usual_bytes);
        return static_cast<bool>(room);
    };
    if (!unread_.empty()) {
        if (!ready()) return {0, system_error_code(ENOMEM)};
        done = take_unread({room.data(), room.size()});
    } else {
        done.error = perform(record_->in, epoll_reading, [&]() noexcept {
            if (!ready()) return ENOMEM;
            const ssize_t n = restarted([&] { return ::recv(fd_, room.data(), room.size(), MSG_DONTWAIT); });
            if (n < 0) {
                const int failure = errno;
                room.reset();  // whoever waits holds no memory
                return failure;
            }
            done.bytes = static_cast<std::size_t>(n);
            record_->read_gave(done.bytes, room.size());
            bulk_ = done.bytes == room.size();
            return 0;
        });
    }
    if (done.bytes > 0) out = std::move(room).lend(done.bytes);
    return done;
}

std::error_code epoll_socket::put_back(const_buffer bytes) noexcept {
    const std::error_code refused = usable();
    return refused ? refused : unread_.put_front(bytes);
}

// A piece of a file that lies in memory goes by sendfile(2); another is read by a helper thread first, since
// sendfile(2) would keep the whole loop waiting for the disk.
io_result epoll_socket::send_file(int file, std::uint64_t offset, std::size_t size, bool& reading_failed) noexcept {
    constexpr std::size_t piece_bytes = 256 * 1024;
    reading_failed = false;
    struct stat about {};
    // Those of proc(5) and its like have no size until they are read.
    if (::fstat(file, &about) == 0 && S_ISREG(about.st_mode) && about.st_size > 0) {
        const auto length = static_cast<std::uint64_t>(about.st_size);
        size = static_cast<std::size_t>(std::min<std::uint64_t>(size, length - std::min(offset, length)));
    }
    io_result all;
    while (all.bytes < size && !all.error) {
        const std::uint64_t at = offset + all.bytes;
        const std::size_t asked = std::min(piece_bytes, size - all.bytes);
        const bool at_hand = in_memory(file, at, asked);
        io_result piece =
            at_hand ? send_from_memory(file, at, asked) : kernel_socket::send_file(file, at, asked, reading_failed);
        all.bytes += piece.bytes;
        if (at_hand && piece.error == std::errc::invalid_argument) {  // sendfile(2) cannot map it
            const io_result rest = kernel_socket::send_file(file, at + piece.bytes, size - all.bytes, reading_failed);
            return {all.bytes + rest.bytes, rest.error};
        }
        all.error = piece.error;
        if (piece.bytes < asked) break;  // it failed, or the file ends here
    }
    return all;
}

io_result epoll_socket::send_from_memory(int file, std::uint64_t offset, std::size_t size) noexcept {
    io_result done;
    done.error = usable();
    if (done.error) return done;
    auto at = static_cast<off_t>(offset);
    done.error = perform(record_->out, epoll_writing, [&]() noexcept {
        const broken_pipe_guard no_signal;
        while (done.bytes < size) {
            const ssize_t n = restarted([&] { return ::sendfile(fd_, file, &at, size - done.bytes); });
            if (n < 0) return errno;
            if (n == 0) break;
            done.bytes += static_cast<std::size_t>(n);
            loop::current()->running()->made_progress();
        }
        return 0;
    });
    return done;
}

}  // namespace cardea::detail
