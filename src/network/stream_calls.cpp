// The seam's own way of the calls that a network may do better: right everywhere, by the calls that it must have.
#include <algorithm>
#include <cardea/network.hpp>
#include <cstring>
#include <utility>

#include "fiber/execution.hpp"
#include "network/file_piece.hpp"

namespace cardea {

using detail::lent_buffer;

namespace {

constexpr std::size_t file_piece_bytes = lent_buffer::bulk_bytes;

std::error_code no_memory() noexcept { return std::make_error_code(std::errc::not_enough_memory); }

}  // namespace

io_result network_socket::send_vectored(const_buffers pieces) noexcept {
    if (pieces.count() == 1) return send(*pieces.begin());
    // One call, so that nobody else's bytes come between, and that a datagram is one.
    lent_buffer whole(pieces.bytes());
    if (!whole) return {0, no_memory()};
    std::size_t at = 0;
    for (const const_buffer& p : pieces) {
        if (!p.empty()) std::memcpy(whole.data() + at, p.data(), p.size());
        at += p.size();
    }
    return send({whole.data(), at});
}

io_result network_socket::recv_vectored(mutable_buffers rooms) noexcept {
    if (rooms.count() == 1) return recv(*rooms.begin());
    lent_buffer whole(rooms.bytes());
    if (!whole) return {0, no_memory()};
    const io_result done = recv({whole.data(), rooms.bytes()});
    std::size_t at = 0;
    for (const mutable_buffer& r : rooms) {
        const std::size_t n = std::min(r.size(), done.bytes - at);
        if (n > 0) std::memcpy(r.data(), whole.data() + at, n);
        at += n;
    }
    return done;
}

io_result network_socket::peek(mutable_buffer) noexcept { return {0, errc::not_supported}; }

io_result network_socket::recv_lease(lease& out) noexcept {
    lent_buffer room(lent_buffer::bulk_bytes);
    if (!room) return {0, no_memory()};
    const io_result done = recv({room.data(), room.size()});
    if (done.bytes > 0) out = std::move(room).lend(done.bytes);
    return done;
}

std::error_code network_socket::put_back(const_buffer) noexcept { return errc::not_supported; }

io_result network_socket::send_file(int file, std::uint64_t offset, std::size_t size, bool& reading_failed) noexcept {
    reading_failed = false;
    const lent_buffer room(file_piece_bytes);
    if (!room) return {0, no_memory()};
    io_result all;
    while (all.bytes < size) {
        const std::size_t asked = std::min(room.size(), size - all.bytes);
        const io_result piece = detail::read_piece(file, offset + all.bytes, {room.data(), asked});
        if (piece.error || piece.bytes == 0) {
            reading_failed = static_cast<bool>(piece.error);
            all.error = piece.error;
            break;
        }
        const io_result sent = send({room.data(), piece.bytes});
        all.bytes += sent.bytes;
        all.error = sent.error;
        if (all.error) break;
    }
    return all;
}

io_result network_socket::splice(network_socket& to, std::size_t size, bool& sending_failed) noexcept {
    sending_failed = false;
    lease bytes;
    const io_result came = recv_lease(bytes);
    if (came.error || came.bytes == 0) return came;
    if (bytes.size() > size) {
        const std::error_code failed = put_back(const_buffer(bytes).after(size));
        if (failed) return {0, failed};
    }
    detail::execution::current().made_progress();
    const const_buffer wanted(bytes.data(), std::min(size, bytes.size()));
    const io_result sent = to.send(wanted);
    sending_failed = static_cast<bool>(sent.error);
    if (sent.bytes < wanted.size()) {
        // Nothing more can be done for them where that fails: no memory.
        [[maybe_unused]] const std::error_code lost = put_back(wanted.after(sent.bytes));
    }
    return sent;
}

}  // namespace cardea
