// The calls of a thread's stream beyond send and recv: several buffers at once, looking without taking, files.
// sendmsg(2), recvmsg(2), recv(2) with MSG_PEEK, sendfile(2).
#include <poll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include <algorithm>

#include "network/broken_pipe.hpp"
#include "network/io_vectors.hpp"
#include "network/thread/thread_transfer.hpp"

namespace cardea::detail {

// Bytes that came with the socket or were put back; false: there are none.
bool thread_socket::take_unread(io_result& out, mutable_buffer room, bool leave) noexcept {
    if (!has_unread_.load(std::memory_order_acquire)) return false;
    const std::lock_guard held(unread_guard_);
    if (unread_.empty()) return false;
    out = leave ? unread_.peek(room) : unread_.take(room);
    if (unread_.empty()) has_unread_.store(false, std::memory_order_release);
    return true;
}

std::error_code thread_socket::put_back(const_buffer bytes) noexcept {
    const use here(*this);
    if (!here) return errc::closed;
    const std::lock_guard held(unread_guard_);
    const std::error_code failed = unread_.put_front(bytes);
    if (!failed && !unread_.empty()) has_unread_.store(true, std::memory_order_release);
    return failed;
}

io_result thread_socket::send_vectored(const_buffers pieces) noexcept {
    if (type_ == type::stream) return in_turn([&] { return send_pieces(pieces); });
    if (pieces.count() > io_vectors::most) return kernel_socket::send_vectored(pieces);
    io_vectors all(pieces, 0);
    const msghdr message = all.message();
    return transfer(POLLOUT, [&](int flags) { return ::sendmsg(fd_, &message, flags | MSG_NOSIGNAL); });
}

io_result thread_socket::send_pieces(const_buffers pieces) noexcept {
    const std::size_t total = pieces.bytes();
    io_result all;
    while (!all.error && all.bytes < total) {
        io_vectors rest(pieces, all.bytes);
        const msghdr message = rest.message();
        const io_result part =
            transfer(POLLOUT, [&](int flags) { return ::sendmsg(fd_, &message, flags | MSG_NOSIGNAL); });
        all.bytes += part.bytes;
        all.error = part.error;
        if (part.bytes > 0) this_thread_execution().made_progress();
    }
    return all;
}

io_result thread_socket::recv_vectored(mutable_buffers rooms) noexcept {
    if (type_ != type::stream && (uses_messages() || rooms.count() > io_vectors::most)) {
        return network_socket::recv_vectored(rooms);
    }
    io_result unread;
    if (has_unread_.load(std::memory_order_acquire)) {
        for (const mutable_buffer& r : rooms) {
            if (!r.empty() && take_unread(unread, r, false)) return unread;
        }
    }
    io_vectors all(rooms, 0);
    msghdr message = all.message();
    io_result done = transfer(POLLIN, [&](int flags) { return ::recvmsg(fd_, &message, flags); });
    // As recv() of a record that is too long.
    if (!done.error && (message.msg_flags & MSG_TRUNC) != 0) done.error = system_error_code(EMSGSIZE);
    return done;
}

io_result thread_socket::peek(mutable_buffer room) noexcept {
    io_result unread;
    if (take_unread(unread, room, true)) return unread;
    if (comes_in_trains()) return peek_plainly(room);
    return transfer(POLLIN, [&](int flags) { return ::recv(fd_, room.data(), room.size(), flags | MSG_PEEK); });
}

io_result thread_socket::send_file(int file, std::uint64_t offset, std::size_t size, bool& reading_failed) noexcept {
    reading_failed = false;
    io_result all = in_turn([&] { return send_file_in_turn(file, offset, size); });
    // A file that sendfile(2) cannot map (EINVAL), and what it says of reading: the other way knows whose error it is.
    const bool of_the_file = all.error == std::errc::invalid_argument || all.error == std::errc::io_error ||
                             all.error == std::errc::invalid_seek || all.error == std::errc::bad_file_descriptor;
    if (!of_the_file || all.error == errc::closed) return all;
    const io_result rest = kernel_socket::send_file(file, offset + all.bytes, size - all.bytes, reading_failed);
    return {all.bytes + rest.bytes, rest.error};
}

io_result thread_socket::send_file_in_turn(int file, std::uint64_t offset, std::size_t size) noexcept {
    constexpr std::size_t at_most = std::size_t{1} << 30;  // Linux takes 2 GiB less a page (sendfile(2))
    const broken_pipe_guard no_signal;
    // sendfile(2) has no MSG_DONTWAIT. O_NONBLOCK stays set, which every call bears: another one may count on it.
    if (this_thread_execution().interruptible()) set_nonblocking(true);
    auto at = static_cast<off_t>(offset);
    io_result all;
    while (!all.error && all.bytes < size) {
        const std::size_t asked = std::min(size - all.bytes, at_most);
        const io_result part = transfer(POLLOUT, [&](int) { return ::sendfile(fd_, file, &at, asked); });
        all.bytes += part.bytes;
        all.error = part.error;
        if (part.bytes > 0) this_thread_execution().made_progress();
        if (part.bytes == 0) break;  // the file ends here
    }
    return all;
}

}  // namespace cardea::detail
