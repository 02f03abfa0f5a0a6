// The calls of a stack's stream beyond send and recv: several buffers at once, looking without taking, leases.
#include <algorithm>
#include <utility>

#include "network/stack/stack_perform.hpp"

namespace cardea::detail {

// Two buffers at once are one segment, if they fit.
tcpip::error stack_socket::send_two(const_buffer first, const_buffer second, std::size_t& sent) noexcept {
    const tcpip::payload_view both{{first.data(), first.size()}, {second.data(), second.size()}};
    const auto went = inner_->send(both, 0, now());
    sent += went.size;
    if (went.size > 0) loop::current()->running()->made_progress();
    return went.problem;
}

io_result stack_socket::send_vectored(const_buffers pieces) noexcept {
    io_result done;
    done.error = may_send();
    if (done.error) return done;
    if (type_ != type::stream && pieces.count() > 2) return network_socket::send_vectored(pieces);
    const std::size_t total = pieces.bytes();
    done.error = perform(out_, [&]() noexcept {
        for (;;) {
            std::size_t skip = done.bytes;
            const_buffer two[2];
            std::size_t found = 0;
            for (const const_buffer& p : pieces) {
                const std::size_t before = std::min(skip, p.size());
                skip -= before;
                if (before == p.size()) continue;
                two[found++] = p.after(before);
                if (found == 2) break;
            }
            const tcpip::error problem = send_two(two[0], two[1], done.bytes);
            if (problem != tcpip::error::ok || type_ != type::stream || done.bytes == total) return problem;
        }
    });
    return done;
}

io_result stack_socket::recv_vectored(mutable_buffers rooms) noexcept {
    io_result done;
    done.error = usable();
    if (done.error || rooms.bytes() == 0) return done;
    if (type_ != type::stream) return network_socket::recv_vectored(rooms);
    done.error = perform(in_, [&]() noexcept {
        for (const mutable_buffer& r : rooms) {
            if (r.empty()) continue;
            if (!unread_.empty()) {
                const io_result taken = unread_.take(r);
                done.bytes += taken.bytes;
                return tcpip::error::ok;
            }
            const auto came = inner_->recv({r.data(), r.size()}, 0, now());
            done.bytes += came.size;
            if (came.size == 0 && done.bytes == 0) return came.problem;
            if (came.size < r.size()) break;
        }
        return tcpip::error::ok;
    });
    return done;
}

io_result stack_socket::peek(mutable_buffer room) noexcept {
    io_result done;
    done.error = usable();
    if (done.error) return done;
    if (!unread_.empty()) return unread_.peek(room);
    done.error = perform(in_, [&]() noexcept {
        const auto came = inner_->recv({room.data(), room.size()}, tcpip::message::peek, now());
        done.bytes = came.size;
        return came.problem;
    });
    return done;
}

io_result stack_socket::recv_lease(lease& out) noexcept {
    io_result done;
    done.error = usable();
    if (done.error) return done;
    lent_buffer room;
    if (!unread_.empty()) {
        room = lent_buffer(lent_buffer::usual_bytes);
        if (!room) return {0, std::make_error_code(std::errc::not_enough_memory)};
        done = unread_.take({room.data(), room.size()});
    } else {
        done.error = perform(in_, [&]() noexcept {
            // Nothing there: recv says whether it is the end, an error, or to wait for, for which no memory is held.
            std::byte none{};
            const std::size_t waiting = inner_->readable_bytes().size();
            if (waiting > 0) room = lent_buffer(std::min(waiting, lent_buffer::bulk_bytes));
            if (waiting > 0 && !room) return tcpip::error::enomem;
            const std::span<std::byte> into = room ? std::span(room.data(), room.size()) : std::span(&none, 1);
            const auto came = inner_->recv(into, 0, now());
            done.bytes = came.size;
            return came.problem;
        });
    }
    if (done.bytes > 0) out = std::move(room).lend(done.bytes);
    return done;
}

std::error_code stack_socket::put_back(const_buffer bytes) noexcept {
    const std::error_code refused = usable();
    return refused ? refused : unread_.put_front(bytes);
}

}  // namespace cardea::detail
