// The table of the library's own streams, and what a stream without leases or vectored sends gets.
#include <cardea/stream_ref.hpp>
#include <cstring>
#include <utility>

namespace cardea {

namespace detail {

constinit const stream_calls calls_of_streams = calls_of<stream>;

lease lease_by_recv(void* stream, std::size_t (*recv)(void*, mutable_buffer, std::error_code&), std::error_code& ec) {
    lent_buffer room(lent_buffer::usual_bytes);
    if (!room) {
        ec = std::make_error_code(std::errc::not_enough_memory);
        return {};
    }
    const std::size_t n = recv(stream, {room.data(), room.size()}, ec);
    return n > 0 ? std::move(room).lend(n) : lease();
}

std::size_t send_joined(void* stream, std::size_t (*send_all)(void*, const_buffer, std::error_code&),
                        const_buffers pieces, std::error_code& ec) {
    const lent_buffer whole(pieces.bytes());
    if (!whole) {
        ec = std::make_error_code(std::errc::not_enough_memory);
        return 0;
    }
    std::size_t at = 0;
    for (const const_buffer& p : pieces) {
        if (!p.empty()) std::memcpy(whole.data() + at, p.data(), p.size());
        at += p.size();
    }
    return send_all(stream, {whole.data(), at}, ec);
}

}  // namespace detail

void stream_ref::fail(std::error_code ec, const char* operation, std::size_t bytes_done) const {
    if (ec == errc::cancelled) throw cancelled();
    throw error(ec, operation, local(), peer(), bytes_done);
}

}  // namespace cardea
