// Receiving without copying, and looking without taking. See receiver.hpp.
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "network/uring/perform.hpp"
#include "network/uring/receiver.hpp"

namespace cardea::detail {

// --- looking --------------------------------------------------------------------------------------------------------

io_result receiver::peek(uring_network& home, mutable_buffer room) noexcept {
    if (!unread_.empty()) return unread_.peek(room);
    wait_line::place mine{loop::current()->running()};
    readers_.join(mine);
    bool direct = false;
    io_result done;
    done.error = wait_for_some(home, mine, true, direct);
    if (!done.error) done = direct ? look_directly(room) : look(home.buffers(), room);
    readers_.leave(mine);
    readers_.wake_front();
    loop::current()->count_call();
    return done;
}

io_result receiver::look(buffer_pool& pool, mutable_buffer room) const noexcept {
    std::size_t done = 0;
    for (std::uint16_t id = first_; id != buffer_pool::none && done < room.size(); id = pool.at(id).next) {
        const buffer_pool::chunk& c = pool.at(id);
        const std::size_t n = std::min<std::size_t>(room.size() - done, c.end - c.begin);
        std::memcpy(room.data() + done, pool.data(id) + c.begin, n);
        done += n;
    }
    return {done, done == 0 && error_ != 0 ? system_error_code(error_) : std::error_code()};
}

io_result receiver::look_directly(mutable_buffer room) noexcept {
    for (;;) {
        const auto ended = socket_.perform(
            [&](io_uring_sqe* e) { io_uring_prep_recv(e, socket_.descriptor(), room.data(), room.size(), MSG_PEEK); });
        if (ended.result >= 0) return {static_cast<std::size_t>(ended.result), {}};
        const bool again = ended.result == -EINTR && ended.why == wake::ready && socket_.is_open();
        if (!again) return {0, socket_.explain(ended)};
    }
}

// --- lending --------------------------------------------------------------------------------------------------------

io_result receiver::recv_lease(uring_network& home, lease& out) noexcept {
    roomy_ = true;  // bulk goes into a big buffer of the thread's
    if (!unread_.empty()) {
        lent_buffer room(lent_buffer::usual_bytes);
        if (!room) return {0, system_error_code(ENOMEM)};
        const io_result done = unread_.take({room.data(), room.size()});
        if (done.bytes > 0) out = std::move(room).lend(done.bytes);
        return done;
    }
    if (readers_.empty() && something_to_read()) {
        const io_result done = lend(home.buffers(), out);
        loop::current()->count_call();
        return done;
    }
    wait_line::place mine{loop::current()->running()};
    readers_.join(mine);
    const io_result done = wait_and_lend(home, out, mine);
    readers_.leave(mine);
    readers_.wake_front();
    return done;
}

io_result receiver::wait_and_lend(uring_network& home, lease& out, const wait_line::place& mine) noexcept {
    for (;;) {
        bool direct = false;
        if (const std::error_code failed = wait_for_some(home, mine, true, direct)) return {0, failed};
        if (!direct) return lend(home.buffers(), out);
        const io_result done = lend_directly(home, out);
        if (done.bytes > 0 || done.error || end_of_stream_) return done;
    }
}

// The oldest buffer's bytes; or what take() says when there is none: the error, or the end.
io_result receiver::lend(buffer_pool& pool, lease& out) noexcept {
    if (first_ == buffer_pool::none) return take(pool, mutable_buffer());
    const std::uint16_t id = first_;
    const buffer_pool::chunk c = pool.at(id);
    first_ = c.next;
    size_ -= c.end - c.begin;
    out = pool.lend(id, c.begin, c.end);
    return {out.size(), {}};
}

// Nothing is armed: what the kernel has goes into a buffer of the thread's. Nothing, and no error: there is none yet.
io_result receiver::lend_directly(uring_network& home, lease& out) noexcept {
    lent_buffer room(bulk_ ? lent_buffer::bulk_bytes : lent_buffer::usual_bytes);
    if (!room) return {0, system_error_code(ENOMEM)};
    const ssize_t n = ::recv(socket_.descriptor(), room.data(), room.size(), MSG_DONTWAIT);
    if (n > 0) {
        out = std::move(room).lend(static_cast<std::size_t>(n));
        loop::current()->count_call();
        return {out.size(), {}};
    }
    if (n == 0) {
        end_of_stream_ = true;
        return {};
    }
    if (errno == EINTR) return {};
    if (!would_block(errno)) return {0, last_error()};
    room.reset();  // whoever waits holds no memory
    bulk_ = false;
    if (home.buffers().plenty()) return {};
    const auto ended =
        socket_.perform([&](io_uring_sqe* e) { io_uring_prep_poll_add(e, socket_.descriptor(), POLLIN); });
    return {0, ended.result >= 0 || (ended.result == -EINTR && ended.why == wake::ready) ? std::error_code()
                                                                                         : socket_.explain(ended)};
}

}  // namespace cardea::detail
