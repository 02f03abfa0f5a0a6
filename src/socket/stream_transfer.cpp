// The socket's calls that move a stream's bytes in other ways than send and recv: several buffers at once, looking
// without taking, leases, up to a delimiter, files, from stream to stream.
#include <algorithm>
#include <cardea/deadline.hpp>
#include <cardea/file.hpp>
#include <cardea/socket.hpp>
#include <limits>
#include <string>
#include <string_view>

#include "socket/observed.hpp"
#include "socket/search.hpp"

namespace cardea {

namespace {

/// What the trace shows of a call that takes what there is, however much that is.
constexpr std::size_t no_bound = 64 * 1024;

}  // namespace

std::size_t socket::send_vectored(const_buffers pieces) {
    std::error_code ec;
    const std::size_t n = send_vectored(pieces, ec);
    if (ec) fail(ec, "send", {}, n);
    return n;
}

std::size_t socket::send_vectored(const_buffers pieces, std::error_code& ec) noexcept {
    const io_result done = observed(call_kind::send, pieces.bytes(), &peer_, nullptr, [&]() -> io_result {
        std::error_code failed;
        network_socket* s = here_to_block(failed);
        if (s == nullptr || (type_ == type::stream && pieces.bytes() == 0)) return {0, failed};
        return s->send_vectored(pieces);
    });
    ec = done.error;
    return done.bytes;
}

std::size_t socket::recv_vectored(mutable_buffers rooms) {
    std::error_code ec;
    const std::size_t n = recv_vectored(rooms, ec);
    if (ec) fail(ec, "recv", {}, n);
    return n;
}

std::size_t socket::recv_vectored(mutable_buffers rooms, std::error_code& ec) noexcept {
    const io_result done = observed(call_kind::recv, rooms.bytes(), &peer_, nullptr, [&]() -> io_result {
        std::error_code failed;
        network_socket* s = here_to_block(failed);
        if (s == nullptr || rooms.bytes() == 0) return {0, failed};
        return s->recv_vectored(rooms);
    });
    ec = done.error;
    return done.bytes;
}

std::size_t socket::peek(mutable_buffer room) {
    std::error_code ec;
    const std::size_t n = peek(room, ec);
    if (ec) fail(ec, "peek", {}, n);
    return n;
}

std::size_t socket::peek(mutable_buffer room, std::error_code& ec) noexcept {
    const io_result done = observed(call_kind::peek, room.size(), &peer_, nullptr, [&]() -> io_result {
        std::error_code failed;
        network_socket* s = here_to_block(failed);
        if (s == nullptr || room.empty()) return {0, failed};
        return s->peek(room);
    });
    ec = done.error;
    return done.bytes;
}

lease socket::recv_lease() {
    std::error_code ec;
    lease bytes = recv_lease(ec);
    if (ec) fail(ec, "recv", {}, bytes.size());
    return bytes;
}

lease socket::recv_lease(std::error_code& ec) noexcept {
    lease bytes;
    ec = observed(call_kind::recv, no_bound, &peer_, nullptr, [&]() -> io_result {
             std::error_code failed = type_ == type::stream ? std::error_code() : errc::not_supported;
             network_socket* s = failed ? nullptr : here_to_block(failed);
             return s != nullptr ? s->recv_lease(bytes) : io_result{0, failed};
         }).error;
    return bytes;
}

void socket::put_back(const_buffer bytes) {
    std::error_code ec;
    put_back(bytes, ec);
    if (ec) fail(ec, "put_back");
}

void socket::put_back(const_buffer bytes, std::error_code& ec) noexcept {
    ec = observed(call_kind::put_back, bytes.size(), &peer_, nullptr, [&]() -> io_result {
             std::error_code failed = type_ == type::stream ? std::error_code() : errc::not_supported;
             network_socket* s = failed ? nullptr : here(failed);
             if (s != nullptr) failed = s->put_back(bytes);
             return {failed ? 0 : bytes.size(), failed};
         }).error;
}

std::size_t socket::recv_until(mutable_buffer room, const_buffer delimiter) {
    std::error_code ec;
    const std::size_t n = recv_until(room, delimiter, ec);
    if (ec == errc::too_long) {
        std::error_code ignored;
        throw error(ec, "recv until", local(ignored), peer_, n,
                    "the bound is " + std::to_string(room.size()) + " bytes");
    }
    if (ec) fail(ec, "recv until", {}, n);
    return n;
}

std::size_t socket::recv_until(mutable_buffer room, const_buffer delimiter, std::error_code& ec) noexcept {
    ec.clear();
    if (type_ != type::stream) ec = errc::not_supported;
    if (delimiter.empty()) ec = std::make_error_code(std::errc::invalid_argument);
    if (ec) return 0;
    std::size_t done = 0;
    while (done < room.size()) {
        const std::size_t seen = peek(room.after(done), ec);
        if (!ec && seen == 0) ec = errc::end_of_stream;
        if (ec) return done;
        // The delimiter may have begun in what came before.
        const std::size_t from = done - std::min(done, delimiter.size() - 1);
        const std::size_t found = detail::find({room.data() + from, done + seen - from}, delimiter);
        const bool complete = found != detail::not_found;
        const std::size_t wanted = complete ? from + found + delimiter.size() - done : seen;
        done += recv_exactly({room.data() + done, wanted}, ec);
        if (ec || complete) return done;
    }
    ec = errc::too_long;
    return done;
}

std::uint64_t socket::send_file(const file& from, std::uint64_t offset, std::uint64_t length) {
    std::error_code ec;
    const std::uint64_t n = send_file(from, offset, length, ec);
    if (ec) fail(ec, "send_file", {}, static_cast<std::size_t>(n));
    return n;
}

std::uint64_t socket::send_file(const file& from, std::uint64_t offset, std::uint64_t length,
                                std::error_code& ec) noexcept {
    const std::uint64_t size = from.size(ec);
    if (ec) return 0;
    // What is no regular file has no size, and is read until it ends.
    if (size > 0) length = std::min(length, size - std::min(offset, size));
    length = std::min<std::uint64_t>(length, std::numeric_limits<std::int64_t>::max());
    const io_result done = observed(call_kind::send, length, &peer_, nullptr, [&]() -> io_result {
        std::error_code failed = type_ == type::stream ? std::error_code() : errc::not_supported;
        network_socket* s = failed ? nullptr : here_to_block(failed);
        bool reading_failed = false;
        return s != nullptr ? s->send_file(from.native_handle(), offset, length, reading_failed) : io_result{0, failed};
    });
    ec = done.error;
    return done.bytes;
}

std::size_t socket::splice(socket& to, std::size_t at_most, std::error_code& ec, bool& sending_failed) noexcept {
    sending_failed = false;
    io_result done;
    const auto move = [&]() noexcept -> io_result {
        const bool streams = type_ == type::stream && to.type_ == type::stream;
        std::error_code failed = streams ? std::error_code() : errc::not_supported;
        network_socket* source = failed ? nullptr : here_to_block(failed);
        if (source == nullptr || at_most == 0) return {0, failed};
        network_socket* target = to.here(failed);
        sending_failed = target == nullptr;
        const auto end = [&](call_kind kind, const socket& s) -> detail::what_is_called {
            return {{nullptr, detail::describe_call}, kind, s.id_, at_most, &s.peer_, nullptr, &s.impl_};
        };
        const detail::what_is_spliced both{
            {nullptr, detail::describe_splice}, end(call_kind::recv, *this), end(call_kind::send, to)};
        const detail::blocking_call whole(detail::execution::current(), both);
        return target != nullptr ? source->splice(*target, at_most, sending_failed) : io_result{0, failed};
    };
    // Two calls to who observes, and the error is that of one of them.
    const auto as = [&](bool sending) noexcept {
        return io_result{done.bytes, sending_failed == sending ? done.error : std::error_code()};
    };
    observed(call_kind::recv, at_most, &peer_, nullptr, [&] {
        to.observed(call_kind::send, at_most, &to.peer_, nullptr, [&] {
            done = move();
            return as(true);
        });
        return as(false);
    });
    ec = done.error;
    return done.bytes;
}

}  // namespace cardea
