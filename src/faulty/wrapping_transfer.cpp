// See wrapping_socket.hpp: the calls that move bytes.
#include <algorithm>
#include <cardea/error.hpp>
#include <cstring>
#include <new>
#include <utility>

#include "faulty/wrapping_socket.hpp"

namespace cardea::detail {

namespace {

std::error_code no_memory() noexcept { return std::make_error_code(std::errc::not_enough_memory); }

/// As std::lock_guard, with the error as a value.
class turn {
  public:
    explicit turn(mutex& of) noexcept : of_(of) {
        try {
            of_.lock();
            held_ = true;
        } catch (const error& e) {
            failed = e.code();
        } catch (const cancelled&) {
            failed = errc::cancelled;
        }
    }
    ~turn() {
        if (held_) of_.unlock();
    }
    turn(const turn&) = delete;
    turn& operator=(const turn&) = delete;

    std::error_code failed;

  private:
    mutex& of_;
    bool held_ = false;
};

bool is_plain(const verdict& v) noexcept {
    return v.at_most == verdict::unlimited && v.fails_after == verdict::unlimited && v.behind == 0;
}

// The bytes have gone, whatever is reported.
io_result gone(const verdict& v, io_result done) noexcept {
    if (done.error) return done;
    after(v);
    return {done.bytes, v.afterwards};
}

}  // namespace

// --- sending --------------------------------------------------------------------------------------------------------

io_result wrapping_socket::send(const_buffer data) noexcept { return send_as(next(network_call::send), data); }

io_result wrapping_socket::send_as(const verdict& v, const_buffer data) noexcept {
    if (const std::error_code failed = before(v)) return {0, failed};
    if (type_ != type::stream) return gone(v, send_datagram(v, data, nullptr));
    const turn mine(sending_);
    if (mine.failed) return {0, mine.failed};
    return gone(v, send_in_pieces(v, data));
}

io_result wrapping_socket::send_in_pieces(const verdict& v, const_buffer data) noexcept {
    const_buffer rest(data.data(), std::min(data.size(), v.fails_after));
    io_result all;
    do {
        const const_buffer piece(rest.data(), std::min(rest.size(), v.at_most));
        const io_result done = piece.empty() && !data.empty() ? io_result() : inner_->send(piece);
        all.bytes += done.bytes;
        if (done.error) return {all.bytes, done.error};
        rest = rest.after(done.bytes);
    } while (!rest.empty());
    return {all.bytes, v.after_those};
}

io_result wrapping_socket::send_vectored(const_buffers pieces) noexcept {
    const verdict v = next(network_call::send);
    if (type_ == type::stream && is_plain(v)) {
        if (const std::error_code failed = before(v)) return {0, failed};
        const turn mine(sending_);
        return mine.failed ? io_result{0, mine.failed} : gone(v, inner_->send_vectored(pieces));
    }
    const lent_buffer whole(pieces.bytes());
    if (!whole) return {0, no_memory()};
    std::size_t at = 0;
    for (const const_buffer& p : pieces) {
        if (!p.empty()) std::memcpy(whole.data() + at, p.data(), p.size());
        at += p.size();
    }
    return send_as(v, {whole.data(), at});
}

io_result wrapping_socket::send_to(const_buffer data, const endpoint& to) noexcept {
    const verdict v = next(network_call::send_to);
    if (const std::error_code failed = before(v)) return {0, failed};
    return gone(v, send_datagram(v, data, &to));
}

io_result wrapping_socket::send_message(const outgoing_message& message) noexcept {
    const bool addressed = type_ != type::stream && message.how.to != endpoint();
    const verdict v = next(addressed ? network_call::send_to : network_call::send);
    if (const std::error_code failed = before(v)) return {0, failed};
    return gone(v, inner_->send_message(message));
}

// --- out of order ---------------------------------------------------------------------------------------------------

io_result wrapping_socket::transmit(const_buffer data, const endpoint* to) noexcept {
    return to != nullptr ? inner_->send_to(data, *to) : inner_->send(data);
}

io_result wrapping_socket::send_datagram(const verdict& v, const_buffer data, const endpoint* to) noexcept {
    if (v.behind > 0) {
        try {
            datagram late{{data.data(), data.data() + data.size()}, to != nullptr ? *to : endpoint(), v.behind};
            const std::lock_guard held(guard_);
            if (!ended_) {
                held_back_.push_back(std::move(late));
                return {data.size(), {}};
            }
        } catch (const std::bad_alloc&) {
            return {0, no_memory()};
        }
    }
    const io_result done = transmit(data, to);
    if (!done.error) let_go(false);
    return done;
}

// Another datagram has left: whoever has waited for enough of them goes now. What cannot be sent is lost, as datagrams
// are.
void wrapping_socket::let_go(bool all) noexcept {
    std::list<datagram> due;
    {
        const std::lock_guard held(guard_);
        for (auto d = held_back_.begin(); d != held_back_.end();) {
            const auto here = d++;
            here->behind = all ? 0 : here->behind - 1;
            if (here->behind == 0) due.splice(due.end(), held_back_, here);
        }
    }
    for (const datagram& d : due) transmit(d.data, d.who == endpoint() ? nullptr : &d.who);
}

// --- receiving ------------------------------------------------------------------------------------------------------

io_result wrapping_socket::recv(mutable_buffer room) noexcept { return receive_as(next(network_call::recv), room); }

io_result wrapping_socket::receive_as(const verdict& v, mutable_buffer room) noexcept {
    if (const std::error_code failed = before(v)) return {0, failed};
    const io_result done = inner_->recv({room.data(), std::min(room.size(), v.at_most)});
    if (done.error) return done;
    after(v);
    if (!v.afterwards) return done;
    const std::error_code lost = inner_->put_back({room.data(), done.bytes});
    return {0, lost ? lost : v.afterwards};
}

io_result wrapping_socket::recv_vectored(mutable_buffers rooms) noexcept {
    const verdict v = next(network_call::recv);
    if (is_plain(v) && !v.afterwards) {
        if (const std::error_code failed = before(v)) return {0, failed};
        const io_result done = inner_->recv_vectored(rooms);
        if (!done.error) after(v);
        return done;
    }
    for (const mutable_buffer& first : rooms) {
        if (!first.empty()) return receive_as(v, first);
    }
    return receive_as(v, {});
}

io_result wrapping_socket::peek(mutable_buffer room) noexcept {
    const verdict v = next(type_ == type::stream ? network_call::recv : network_call::recv_from);
    if (const std::error_code failed = before(v)) return {0, failed};
    const io_result done = inner_->peek({room.data(), std::min(room.size(), v.at_most)});
    if (done.error) return done;
    after(v);
    return v.afterwards ? io_result{0, v.afterwards} : done;  // the bytes have stayed
}

io_result wrapping_socket::recv_lease(lease& out) noexcept {
    const verdict v = next(network_call::recv);
    if (is_plain(v) && !v.afterwards) {
        if (const std::error_code failed = before(v)) return {0, failed};
        const io_result done = inner_->recv_lease(out);
        if (!done.error) after(v);
        return done;
    }
    lent_buffer room(lent_buffer::bulk_bytes);
    if (!room) return {0, no_memory()};
    const io_result done = receive_as(v, {room.data(), room.size()});
    if (done.bytes > 0) out = std::move(room).lend(done.bytes);
    return done;
}

io_result wrapping_socket::recv_from(mutable_buffer room, endpoint& from, bool& truncated) noexcept {
    const verdict v = next(network_call::recv_from);
    if (const std::error_code failed = before(v)) return {0, failed};
    io_result done;
    if (!take_kept(room, from, truncated, done.bytes)) done = inner_->recv_from(room, from, truncated);
    if (done.error) return done;
    after(v);
    if (!v.afterwards) return done;
    try {
        datagram late{{room.data(), room.data() + done.bytes}, from, 0, truncated};
        const std::lock_guard held(guard_);
        received_.push_back(std::move(late));
    } catch (const std::bad_alloc&) {  // lost, as datagrams may be
    }
    return {0, v.afterwards};
}

bool wrapping_socket::take_kept(mutable_buffer room, endpoint& from, bool& truncated, std::size_t& size) noexcept {
    const std::lock_guard held(guard_);
    if (received_.empty()) return false;
    const datagram& d = received_.front();
    size = std::min(room.size(), d.data.size());
    if (size > 0) std::memcpy(room.data(), d.data.data(), size);
    from = d.who;
    truncated = d.truncated || size < d.data.size();
    received_.pop_front();
    return true;
}

// What else comes with a message cannot be put back: one that is to be too late does not happen at all.
io_result wrapping_socket::recv_message(incoming_message& message) noexcept {
    const verdict v = next(type_ == type::stream ? network_call::recv : network_call::recv_from);
    if (const std::error_code failed = before(v)) return {0, failed};
    if (v.afterwards) return {0, v.afterwards};
    const io_result done = inner_->recv_message(message);
    if (!done.error) after(v);
    return done;
}

std::error_code wrapping_socket::recv_batch(datagram_batch& into) noexcept {
    const verdict v = next(network_call::recv_from);
    if (const std::error_code failed = before(v)) return failed;
    if (v.afterwards) return v.afterwards;
    const std::error_code failed = inner_->recv_batch(into);
    if (!failed) after(v);
    return failed;
}

}  // namespace cardea::detail
