// The adaptive receive path. See receiver.hpp.
#include "network/uring/receiver.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "network/uring/perform.hpp"
#include "network/uring/uring_network.hpp"
#include "network/uring/uring_socket.hpp"

namespace cardea::detail {

namespace {

constexpr std::uint32_t completion_sock_nonempty = 1U << 2;  // IORING_CQE_F_SOCK_NONEMPTY, Linux 5.19
// Filled buffers in a row, with more waiting behind, that make a stream bulk; small reads in a row that make it
// messages again.
constexpr std::uint8_t full_makes_bulk = 2;
constexpr std::uint8_t small_makes_messages = 4;

}  // namespace

io_result receiver::recv(uring_network& home, mutable_buffers rooms) noexcept {
    const auto* const some = std::find_if(rooms.begin(), rooms.end(), [](const auto& r) { return !r.empty(); });
    const mutable_buffer room = some != rooms.end() ? *some : mutable_buffer();
    if (!unread_.empty()) return unread_.take(room);
    roomy_ = room.size() >= direct_room;
    if (readers_.empty() && something_to_read()) {
        io_result taken = take(home.buffers(), room);
        take_more(home.buffers(), rooms, taken);
        loop::current()->count_call();
        return taken;
    }
    wait_line::place mine{loop::current()->running()};
    readers_.join(mine);
    io_result done = wait_and_take(home, room, mine);
    take_more(home.buffers(), rooms, done);
    readers_.leave(mine);
    readers_.wake_front();  // the next in line finds what is left, or waits for more
    return done;
}

// The rooms behind the first one that `done` has filled.
void receiver::take_more(buffer_pool& pool, mutable_buffers rooms, io_result& done) noexcept {
    std::size_t before = 0;
    for (const mutable_buffer& r : rooms) {
        if (done.bytes == 0 || done.error || first_ == buffer_pool::none) return;
        if (before == done.bytes) done.bytes += take(pool, r).bytes;
        before += r.size();
        if (done.bytes < before) return;
    }
}

io_result receiver::wait_and_take(uring_network& home, mutable_buffer room, const wait_line::place& mine) noexcept {
    bool direct = false;
    const std::error_code failed = wait_for_some(home, mine, room.size() >= direct_room, direct);
    if (failed) return {0, failed};
    return direct ? directly(room) : take(home.buffers(), room);
}

// Until this reader is the first and there is something; or until it had better receive by itself, with nothing armed:
// of bulk, or where the pool is all but empty.
std::error_code receiver::wait_for_some(uring_network& home, const wait_line::place& mine, bool bulk_goes_directly,
                                        bool& directly) noexcept {
    for (;;) {
        if (!socket_.is_open()) return errc::closed;
        if (readers_.front() == &mine) {
            if (something_to_read()) return {};
            if (!armed_) {
                directly = (bulk_ && bulk_goes_directly) || socket_.may_carry_descriptors();
                if (!directly && !home.buffers().plenty()) {
                    home.buffers().ran_short();
                    directly = true;
                }
                if (directly) return {};
                arm(home);
            }
        }
        const wake why = loop::current()->park(patience::interruptible);
        if (why != wake::ready) return to_error(why);
    }
}

bool receiver::take_ahead(uring_network& home, mutable_buffer room, io_result& out) noexcept {
    if (unread_.empty() && !something_to_read()) return false;
    out = unread_.empty() ? take(home.buffers(), room) : unread_.take(room);
    return true;
}

io_result receiver::take(buffer_pool& pool, mutable_buffer room) noexcept {
    std::size_t done = 0;
    while (first_ != buffer_pool::none && done < room.size()) {
        buffer_pool::chunk& c = pool.at(first_);
        const std::size_t n = std::min<std::size_t>(room.size() - done, c.end - c.begin);
        std::memcpy(room.data() + done, pool.data(first_) + c.begin, n);
        done += n;
        c.begin += static_cast<std::uint32_t>(n);
        if (c.begin == c.end) {
            const std::uint16_t emptied = std::exchange(first_, c.next);
            pool.give_back(emptied);
        }
    }
    size_ -= done;
    if (done > 0) return {done, {}};
    if (error_ != 0) return {0, system_error_code(std::exchange(error_, 0))};
    return {0, {}};
}

io_result receiver::directly(mutable_buffer room) noexcept {
    for (;;) {
        const auto ended = socket_.perform(
            [&](io_uring_sqe* e) { io_uring_prep_recv(e, socket_.descriptor(), room.data(), room.size(), 0); });
        if (ended.result < 0) {
            if (ended.result == -EINTR && ended.why == wake::ready && socket_.is_open()) continue;
            return {0, socket_.explain(ended)};
        }
        const auto n = static_cast<std::size_t>(ended.result);
        if (n == 0) end_of_stream_ = true;
        const bool is_small = n < buffer_pool::buffer_bytes && n < room.size();
        small_in_a_row_ = is_small ? static_cast<std::uint8_t>(small_in_a_row_ + 1) : std::uint8_t{0};
        if (small_in_a_row_ >= small_makes_messages) {
            bulk_ = false;
            small_in_a_row_ = 0;
        }
        return {n, {}};
    }
}

void receiver::arm(uring_network& home) noexcept {
    io_uring_sqe* e = home.entry();
    io_uring_prep_recv_multishot(e, socket_.descriptor(), nullptr, 0, 0);
    e->flags |= IOSQE_BUFFER_SELECT;
    e->buf_group = buffer_pool::group;
    e->user_data = tag(&socket_, target::receiver);
    armed_ = true;
    stopping_ = false;
}

bool receiver::stop(uring_network& home) noexcept {
    if (armed_ && !stopping_) stopping_ = home.try_cancel(tag(&socket_, target::receiver));
    return !armed_ || stopping_;
}

void receiver::append(buffer_pool& pool, std::uint16_t id, std::uint32_t size) noexcept {
    pool.at(id) = {0, size, buffer_pool::none};
    (first_ == buffer_pool::none ? first_ : pool.at(last_).next) = id;
    last_ = id;
    size_ += size;
}

void receiver::note_filling(uring_network& home, std::uint32_t size, bool more_waits) noexcept {
    const bool full = size == buffer_pool::buffer_bytes && more_waits;
    full_in_a_row_ = full ? static_cast<std::uint8_t>(std::min(full_in_a_row_ + 1, 255)) : std::uint8_t{0};
    if (full_in_a_row_ >= full_makes_bulk && roomy_) bulk_ = true;
    if ((bulk_ && roomy_) || size_ >= credit_bytes) stop(home);
}

void receiver::completed(uring_network& home, std::int32_t result, std::uint32_t flags) noexcept {
    if ((flags & IORING_CQE_F_MORE) == 0) armed_ = stopping_ = false;
    if ((flags & IORING_CQE_F_BUFFER) != 0) {
        const auto id = static_cast<std::uint16_t>(flags >> IORING_CQE_BUFFER_SHIFT);
        home.buffers().taken(id);
        if (result > 0) {
            append(home.buffers(), id, static_cast<std::uint32_t>(result));
            note_filling(home, static_cast<std::uint32_t>(result), (flags & completion_sock_nonempty) != 0);
        } else {
            home.buffers().give_back(id);
        }
    }
    if (result == -ENOBUFS) home.buffers().ran_short();
    if (result == 0) {
        end_of_stream_ = true;
    } else if (result < 0 && result != -ENOBUFS && result != -ECANCELED && result != -EINTR) {
        error_ = -result;
    }
    // Also when it merely ended (no buffers, stopped): the reader then goes on in another way.
    readers_.wake_front();
}

void receiver::give_up(buffer_pool* pool, native_socket& out) noexcept {
    unread_.give_to(out);
    out.end_of_stream = out.end_of_stream || end_of_stream_;
    if (error_ != 0) out.error = system_error_code(std::exchange(error_, 0));
    try {
        while (first_ != buffer_pool::none) {
            const buffer_pool::chunk c = pool->at(first_);
            const std::byte* data = pool->data(first_);
            out.unread.insert(out.unread.end(), data + c.begin, data + c.end);
            pool->give_back(std::exchange(first_, c.next));
        }
    } catch (const std::bad_alloc&) {
        out.error = std::make_error_code(std::errc::not_enough_memory);
        discard(*pool);
    }
    size_ = 0;
}

void receiver::discard(buffer_pool& pool) noexcept {
    while (first_ != buffer_pool::none) pool.give_back(std::exchange(first_, pool.at(first_).next));
    size_ = 0;
}

}  // namespace cardea::detail
