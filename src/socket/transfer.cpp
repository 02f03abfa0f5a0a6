// The socket's calls that move bytes: send, recv and their kin.
#include <cardea/deadline.hpp>
#include <cardea/socket.hpp>

#include "socket/address_text.hpp"
#include "socket/observed.hpp"

namespace cardea {

std::size_t socket::send(const_buffer data) {
    std::error_code ec;
    const std::size_t n = send(data, ec);
    if (ec) fail(ec, "send", {}, n);
    return n;
}

std::size_t socket::send(const_buffer data, std::error_code& ec) noexcept {
    const io_result done = observed(call_kind::send, data.size(), &peer_, nullptr, [&]() -> io_result {
        std::error_code failed;
        network_socket* s = here_to_block(failed);
        return s != nullptr ? s->send(data) : io_result{0, failed};
    });
    ec = done.error;
    return done.bytes;
}

std::size_t socket::recv(mutable_buffer room) {
    std::error_code ec;
    const std::size_t n = recv(room, ec);
    if (ec) fail(ec, "recv", {}, n);
    return n;
}

std::size_t socket::recv(mutable_buffer room, std::error_code& ec) noexcept {
    const io_result done = observed(call_kind::recv, room.size(), &peer_, nullptr, [&]() -> io_result {
        if (type_ != type::stream) {
            received r;
            const io_result got = receive_datagram(room, r);
            return r.truncated ? io_result{got.bytes, std::make_error_code(std::errc::message_size)} : got;
        }
        std::error_code failed;
        network_socket* s = here_to_block(failed);
        if (s == nullptr || room.empty()) return {0, failed};
        return s->recv(room);
    });
    ec = done.error;
    return done.bytes;
}

void socket::send_all(const_buffer data) {
    std::error_code ec;
    const std::size_t n = send_all(data, ec);
    if (ec) fail(ec, "send", {}, n);
}

std::size_t socket::send_all(const_buffer data, std::error_code& ec) noexcept {
    std::size_t done = 0;
    do {
        done += send(data.after(done), ec);
    } while (!ec && done < data.size());
    return done;
}

void socket::recv_exactly(mutable_buffer room) {
    std::error_code ec;
    const std::size_t n = recv_exactly(room, ec);
    if (ec) fail(ec, "recv", {}, n);
}

std::size_t socket::recv_exactly(mutable_buffer room, std::error_code& ec) noexcept {
    ec.clear();
    std::size_t done = 0;
    while (done < room.size()) {
        const std::size_t n = recv(room.after(done), ec);
        done += n;
        if (!ec && n == 0) ec = errc::end_of_stream;
        if (ec) break;
    }
    return done;
}

std::size_t socket::send_to(const_buffer datagram, address to) {
    std::error_code ec;
    const std::size_t n = send_to(datagram, to, ec);
    if (ec == errc::bad_address) detail::throw_bad_address("send", to);
    if (ec == errc::cancelled) throw cancelled();
    if (ec) throw error(ec, "send", "send to " + to.to_string());
    return n;
}

std::size_t socket::send_to(const_buffer datagram, address to, std::error_code& ec) noexcept {
    const endpoint e = native(to, ec);
    if (ec) return 0;
    const io_result done = observed(call_kind::send_to, datagram.size(), &e, nullptr, [&]() -> io_result {
        std::error_code failed;
        network_socket* s = here_to_block(failed);
        return s != nullptr ? s->send_to(datagram, e) : io_result{0, failed};
    });
    ec = done.error;
    return done.bytes;
}

io_result socket::receive_datagram(mutable_buffer room, received& out) noexcept {
    std::error_code failed;
    network_socket* s = here_to_block(failed);
    if (s == nullptr) return {0, failed};
    const io_result done = s->recv_from(room, out.from, out.truncated);
    out.size = done.bytes;
    out.from = out.from.unmapped();
    return done;
}

received socket::recv_from(mutable_buffer room) {
    std::error_code ec;
    received r = recv_from(room, ec);
    if (ec) fail(ec, "recv");
    return r;
}

received socket::recv_from(mutable_buffer room, std::error_code& ec) noexcept {
    received r;
    ec = observed(call_kind::recv_from, room.size(), &r.from, nullptr, [&] { return receive_datagram(room, r); }).error;
    return r;
}

}  // namespace cardea
