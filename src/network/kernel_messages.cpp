// Single messages on the kernel's sockets: sendmsg(2), recvmsg(2) with what goes along. One attempt each, told by its
// flags whether it may block; the waiting is each network's own (until_done).
#include "network/kernel_messages.hpp"

#include <netinet/in.h>
#include <sys/uio.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "fiber/execution.hpp"
#include "network/kernel_socket.hpp"

namespace cardea::detail {

namespace {

bool has_control(const outgoing_message& m) noexcept {
    const datagram_options& how = m.how;
    return how.source.is_ip() || how.interface != 0 || how.hop_limit || how.traffic_class || !m.descriptors.empty() ||
           m.with_credentials;
}

template <class Call>
ssize_t restarted(Call call) noexcept {
    ssize_t n = 0;
    do {
        n = call();
    } while (n < 0 && errno == EINTR);
    return n;
}

}  // namespace

message_state* kernel_socket::begin_messages() noexcept {
    static std::mutex first_use;
    if (uses_messages()) return messages_.get();
    const std::lock_guard held(first_use);
    if (messages_ == nullptr) {
        try {
            messages_ = std::make_shared<message_state>();
        } catch (const std::bad_alloc&) {
            return nullptr;
        }
        uses_messages_.store(true, std::memory_order_release);
    }
    return messages_.get();
}

bool kernel_socket::is_connected() const noexcept {
    sockaddr_storage peer;
    socklen_t size = sizeof peer;
    return ::getpeername(fd_, reinterpret_cast<sockaddr*>(&peer), &size) == 0;
}

// --- sending --------------------------------------------------------------------------------------------------------

// sendmsg(2). An unconnected socket that asks for errors does not stumble over those of earlier datagrams.
int kernel_socket::send_datagram(msghdr& h, int flags, std::size_t& sent) noexcept {
    for (int again = 0;; ++again) {
        const ssize_t n = restarted([&] { return ::sendmsg(fd_, &h, flags | MSG_NOSIGNAL); });
        if (n >= 0) {
            sent = static_cast<std::size_t>(n);
            return 0;
        }
        const int failure = errno;
        if (again == tries_after(failure) || !pass_over(failure)) return failure;
    }
}

int kernel_socket::send_once(const outgoing_message& m, const endpoint* to, int flags, io_result& done) noexcept {
    control_writer control;
    if (done.bytes == 0 && has_control(m)) {
        const bool v4 = [&] {
            if (family_ != family::inet6) return true;
            if (to != nullptr) return to->unmapped().family() == family::inet;
            endpoint peer;
            if (m.how.source.is_ip()) return m.how.source.unmapped().family() == family::inet;
            return !kernel_socket::peer(peer) && peer.unmapped().family() == family::inet;
        }();
        if (const std::error_code failed = control.write(m, v4)) return failed.value();
    }
    const const_buffer rest = m.data.after(done.bytes);
    iovec what{const_cast<std::byte*>(rest.data()), rest.size()};
    msghdr h{};
    h.msg_iov = &what;
    h.msg_iovlen = 1;
    control.attach_to(h);
    if (to != nullptr) {
        h.msg_name = const_cast<void*>(to->native());
        h.msg_namelen = static_cast<socklen_t>(to->native_size());
    }
    std::size_t sent = 0;
    const int failure = send_datagram(h, flags, sent);
    done.bytes += sent;
    return failure;
}

io_result kernel_socket::send_message(const outgoing_message& message) noexcept {
    io_result done;
    const endpoint mapped = family_ == family::inet6 ? message.how.to.mapped() : message.how.to;
    const endpoint* to = mapped == endpoint() ? nullptr : &mapped;
    auto once = [&](int flags) noexcept {
        do {
            if (const int failure = send_once(message, to, flags, done)) return failure;
            execution::current().made_progress();
        } while (type_ == type::stream && done.bytes < message.data.size());
        return 0;
    };
    const bool to_somebody = family_ == family::local && to != nullptr;
    done.error = until_done(to_somebody ? readiness::room_at_receiver : readiness::to_write, trial(once));
    return done;
}

io_result kernel_socket::send_plainly(const_buffer data, const endpoint* to) noexcept {
    outgoing_message m{data};
    if (to != nullptr) m.how.to = *to;
    return send_message(m);
}

// --- receiving ------------------------------------------------------------------------------------------------------

int kernel_socket::receive_once(incoming_message& m, int flags) noexcept {
    control_room control;
    sockaddr_storage sender;
    iovec where{m.room.data(), m.room.size()};
    msghdr h{};
    h.msg_name = &sender;
    h.msg_namelen = sizeof sender;
    h.msg_iov = &where;
    h.msg_iovlen = 1;
    h.msg_control = control.bytes.data();
    h.msg_controllen = family_ == family::local ? control.bytes.size() : control_room::of_a_datagram;
    // MSG_TRUNC as a flag: the true length comes back. It would throw a stream's bytes away (tcp(7)).
    const int how = flags | (family_ == family::local ? MSG_CMSG_CLOEXEC : 0) | (type_ == type::stream ? 0 : MSG_TRUNC);
    const ssize_t n = restarted([&] { return ::recvmsg(fd_, &h, how); });
    if (n < 0) return errno;
    m.info = {};
    m.info.full_size = static_cast<std::size_t>(n);
    m.info.size = std::min(m.info.full_size, m.room.size());
    m.info.from = endpoint::from_native(&sender, h.msg_namelen).unmapped();
    read_control(h, m);
    return 0;
}

int kernel_socket::receive(incoming_message& m, int flags) noexcept {
    const bool trains = comes_in_trains();
    const bool leave = (flags & MSG_PEEK) != 0;
    for (int i = 0;; ++i) {
        const int failure = trains ? receive_from_train(*messages_, m, leave) : receive_once(m, flags);
        if (failure == 0) return 0;
        if (would_block(failure)) {
            // Nothing to read, but perhaps in the error queue, which would end the wait at once.
            if (uses_messages() && messages_->wants_errors.load(std::memory_order_acquire)) collect_errors(*messages_);
            return failure;
        }
        if (!pass_over(failure) || i == most_errors_in_a_row) return failure;
    }
}

// A batch was received before: the kernel glues datagrams together, and these trains are given out one by one. Without
// the gluing those in its queue could not be told from long datagrams any more, so it stays. Never blocks.
int kernel_socket::receive_from_train(message_state& s, incoming_message& m, bool leave) noexcept {
    const std::lock_guard held(s.guard);
    if (s.train_begin == s.train_end) {
        if (!s.train) s.train.reset(new (std::nothrow) std::byte[datagram_batch::buffer_bytes]);
        if (!s.train) return ENOMEM;
        sockaddr_storage sender;
        alignas(cmsghdr) std::array<unsigned char, control_room::of_a_datagram> control;
        iovec where{s.train.get(), datagram_batch::buffer_bytes};
        msghdr h{};
        h.msg_name = &sender;
        h.msg_namelen = sizeof sender;
        h.msg_iov = &where;
        h.msg_iovlen = 1;
        h.msg_control = control.data();
        h.msg_controllen = control.size();
        const ssize_t n = restarted([&] { return ::recvmsg(fd_, &h, MSG_DONTWAIT); });
        if (n < 0) return errno;
        s.train_info = {};
        s.train_info.from = endpoint::from_native(&sender, h.msg_namelen).unmapped();
        const std::size_t step = read_control(h, s.train_info);
        s.train_begin = 0;
        s.train_end = static_cast<std::size_t>(n);
        s.train_step = step > 0 ? step : s.train_end;
    }
    m.info = s.train_info;
    m.info.full_size = std::min(s.train_step, s.train_end - s.train_begin);
    m.info.size = std::min(m.info.full_size, m.room.size());
    if (m.info.size > 0) std::memcpy(m.room.data(), s.train.get() + s.train_begin, m.info.size);
    if (!leave) s.train_begin += m.info.full_size;
    return 0;
}

io_result kernel_socket::recv_message(incoming_message& message) noexcept {
    message.info = {};
    message.descriptors.clear();
    message.descriptors_lost = false;
    message.sender.reset();
    io_result done;
    if (type_ == type::stream) {
        if (family_ != family::local) return network_socket::recv_message(message);
        if (take_ahead(message.room, done)) {
            message.info.size = message.info.full_size = done.bytes;
            return done;
        }
    }
    auto once = [&](int flags) noexcept { return receive(message, flags); };
    done.error = until_done(readiness::to_read, trial(once));
    // What woke it was close(): nothing has been received.
    if (!done.error && message.info.full_size == 0 && !is_open()) done.error = errc::closed;
    done.bytes = message.info.size;
    return done;
}

io_result kernel_socket::recv_plainly(mutable_buffer room, endpoint& from, bool& truncated) noexcept {
    incoming_message m{room};
    const io_result done = recv_message(m);
    from = m.info.from;
    truncated = m.info.truncated();
    return done;
}

bool kernel_socket::comes_in_trains() const noexcept {
    return uses_messages() && messages_->gluing.load(std::memory_order_acquire);
}

io_result kernel_socket::peek_plainly(mutable_buffer room) noexcept {
    incoming_message m{room};
    auto once = [&](int flags) noexcept { return receive(m, flags | MSG_PEEK); };
    io_result done;
    done.error = until_done(readiness::to_read, trial(once));
    if (!done.error && m.info.full_size == 0 && !is_open()) done.error = errc::closed;
    done.bytes = m.info.size;
    return done;
}

io_result kernel_socket::recv_record(mutable_buffer room) noexcept {
    endpoint from;
    bool truncated = false;
    const io_result done = recv_from(room, from, truncated);
    return truncated ? io_result{done.bytes, std::make_error_code(std::errc::message_size)} : done;
}

}  // namespace cardea::detail
