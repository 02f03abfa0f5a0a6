// The calls of an io_uring stream beyond send and recv: several buffers at once, looking without taking, leases.
// sendmsg(2), recvmsg(2), recv(2) with MSG_PEEK.
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>

#include "network/io_vectors.hpp"
#include "network/uring/perform.hpp"

namespace cardea::detail {

io_result uring_socket::send_vectored(const_buffers pieces) noexcept {
    if (type_ != type::stream) return network_socket::send_vectored(pieces);
    const use here(*this);
    if (closing_) return {0, errc::closed};
    // The kernel reads both until the request is completed.
    io_vectors rest(pieces, 0);
    msghdr message = rest.message();
    return send_in_turn(pieces.bytes(), [&](io_uring_sqe* e, std::size_t done) {
        if (done > 0) {
            rest = io_vectors(pieces, done);
            message = rest.message();
        }
        io_uring_prep_sendmsg(e, fd_, &message, MSG_NOSIGNAL);
    });
}

io_result uring_socket::recv_vectored(mutable_buffers rooms) noexcept {
    if (type_ != type::stream) return network_socket::recv_vectored(rooms);
    const use here(*this);
    if (closing_) return {0, errc::closed};
    return rooms.bytes() > 0 ? receiver_.recv(*home_, rooms) : io_result();
}

io_result uring_socket::peek(mutable_buffer room) noexcept {
    const use here(*this);
    if (closing_) return {0, errc::closed};
    if (type_ == type::stream) return receiver_.peek(*home_, room);
    if (comes_in_trains()) return peek_plainly(room);
    for (;;) {
        const auto ended =
            perform([&](io_uring_sqe* e) { io_uring_prep_recv(e, fd_, room.data(), room.size(), MSG_PEEK); });
        if (ended.result >= 0) return {static_cast<std::size_t>(ended.result), {}};
        if (ended.result != -EINTR || ended.why != wake::ready || closing_) return {0, explain(ended)};
    }
}

io_result uring_socket::recv_lease(lease& out) noexcept {
    const use here(*this);
    if (closing_) return {0, errc::closed};
    return receiver_.recv_lease(*home_, out);
}

std::error_code uring_socket::put_back(const_buffer bytes) noexcept {
    return closing_ ? std::error_code(errc::closed) : receiver_.put_back(bytes);
}

}  // namespace cardea::detail
