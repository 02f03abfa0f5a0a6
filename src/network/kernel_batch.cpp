// Batches on the kernel's sockets. Equal datagrams to one peer leave as one train that the kernel, or the device, cuts
// up (UDP_SEGMENT, udp(7)); what cannot leaves by sendmmsg(2). Trains arrive glued (UDP_GRO), by recvmmsg(2).
#include "network/batch_slots.hpp"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/uio.h>

#include <algorithm>
#include <cstring>

#include "network/kernel_messages.hpp"
#include "network/kernel_socket.hpp"

namespace cardea::detail {

namespace {

constexpr int udp_gro = 104;                         // UDP_GRO, linux/udp.h
constexpr std::size_t most_segments = 64;            // UDP_MAX_SEGMENTS of every kernel that has them
constexpr std::size_t most_bytes = 65'535 - 40 - 8;  // in one train, whatever the version of IP
constexpr std::size_t most_singles = 32;             // in one sendmmsg(2)

bool same_peer(const endpoint* a, const endpoint* b) noexcept {
    if (a == b) return true;
    if (a == nullptr || b == nullptr || a->native_size() != b->native_size()) return false;
    return std::memcmp(a->native(), b->native(), a->native_size()) == 0;
}

// How many datagrams from the first on can go as one train: of one peer and one size, but for a shorter last one.
std::size_t train_length(std::span<const outgoing_datagram> all) noexcept {
    const std::size_t size = all.front().data.size();
    std::size_t bytes = size;
    std::size_t n = 1;
    if (size == 0) return n;
    const std::size_t most = std::min(all.size(), most_segments);
    for (; n < most; ++n) {
        const std::size_t next = all[n].data.size();
        if (next == 0 || next > size || bytes + next > most_bytes || !same_peer(all[n].to, all.front().to)) break;
        bytes += next;
        if (next < size) return n + 1;
    }
    return n;
}

// The kernel or the way the datagram takes has no segmentation, or not of this size: EIO without checksum offload,
// EINVAL and EMSGSIZE beyond the MTU.
bool refuses_segments(int failure) noexcept {
    return failure == EIO || failure == EINVAL || failure == EMSGSIZE || failure == EOPNOTSUPP ||
           failure == ENOPROTOOPT;
}

// Only UDP knows UDP_SEGMENT; elsewhere it is passed over, and a train would leave as one datagram. Datagrams of a
// packet socket or of ICMP (icmp(7), "ping sockets") are of the same type.
bool is_udp(int fd) noexcept {
    int protocol = 0;
    socklen_t size = sizeof protocol;
    return ::getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0 && protocol == IPPROTO_UDP;
}

iovec view_of(const const_buffer& data) noexcept { return {const_cast<std::byte*>(data.data()), data.size()}; }

}  // namespace

// --- sending --------------------------------------------------------------------------------------------------------

int kernel_socket::send_train(std::span<const outgoing_datagram> train, int flags, batch_result& done) noexcept {
    std::array<iovec, most_segments> pieces;
    std::size_t count = 0;
    for (const outgoing_datagram& one : train) {
        // Neighbours in memory are one piece.
        if (count > 0 &&
            static_cast<std::byte*>(pieces[count - 1].iov_base) + pieces[count - 1].iov_len == one.data.data()) {
            pieces[count - 1].iov_len += one.data.size();
        } else {
            pieces[count++] = view_of(one.data);
        }
    }
    control_writer control;
    control.write_segment_size(static_cast<std::uint16_t>(train.front().data.size()));
    msghdr h{};
    h.msg_iov = pieces.data();
    h.msg_iovlen = count;
    control.attach_to(h);
    endpoint mapped;
    if (const endpoint* to = train.front().to; to != nullptr) {
        if (family_ == family::inet6 && to->family() == family::inet) to = &(mapped = to->mapped());
        h.msg_name = const_cast<void*>(to->native());
        h.msg_namelen = static_cast<socklen_t>(to->native_size());
    }
    std::size_t sent = 0;
    const int failure = send_datagram(h, flags, sent);
    if (failure != 0) return failure;
    done.datagrams += train.size();
    done.bytes += sent;
    return 0;
}

int kernel_socket::send_singles(std::span<const outgoing_datagram> all, int flags, batch_result& done) noexcept {
    std::array<mmsghdr, most_singles> headers{};
    std::array<iovec, most_singles> pieces;
    std::array<sockaddr_in6, most_singles> mapped;
    const std::size_t count = std::min(all.size(), most_singles);
    for (std::size_t i = 0; i < count; ++i) {
        msghdr& h = headers[i].msg_hdr;
        pieces[i] = view_of(all[i].data);
        h.msg_iov = &pieces[i];
        h.msg_iovlen = 1;
        const endpoint* to = all[i].to;
        if (to == nullptr) continue;
        h.msg_name = const_cast<void*>(to->native());
        h.msg_namelen = static_cast<socklen_t>(to->native_size());
        if (family_ == family::inet6 && to->family() == family::inet) {
            std::memcpy(&mapped[i], to->mapped().native(), sizeof mapped[i]);
            h.msg_name = &mapped[i];
            h.msg_namelen = sizeof mapped[i];
        }
    }
    for (int again = 0;; ++again) {
        const int n = ::sendmmsg(fd_, headers.data(), static_cast<unsigned>(count), flags | MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            const int failure = errno;
            if (again == tries_after(failure) || !pass_over(failure)) return failure;
            continue;
        }
        for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) done.bytes += headers[i].msg_len;
        done.datagrams += static_cast<std::size_t>(n);
        return 0;
    }
}

// One system call's worth.
int kernel_socket::send_some(std::span<const outgoing_datagram> all, int flags, batch_result& done) noexcept {
    const bool has_ip = family_ == family::inet || family_ == family::inet6;
    const bool can_be_cut = type_ == type::datagram && has_ip && all.size() > 1 && is_udp(fd_);
    const std::size_t train = can_be_cut ? train_length(all) : 1;
    if (train > 1) {
        const std::size_t size = all.front().data.size();
        const std::size_t limit = uses_messages() ? messages_->not_segmented_from.load(std::memory_order_relaxed)
                                                  : std::numeric_limits<std::size_t>::max();
        if (size < limit) {
            const int failure = send_train(all.first(train), flags, done);
            if (!refuses_segments(failure)) return failure;
            // Not asked again; where the device is to blame, whatever the size.
            const bool whatever_size = failure == EIO || failure == EOPNOTSUPP || failure == ENOPROTOOPT;
            if (message_state* s = begin_messages()) s->not_segmented_from = whatever_size ? 0 : size;
        }
        return send_singles(all.first(train), flags, done);
    }
    // Up to where the next train begins.
    std::size_t n = 1;
    while (n < std::min(all.size(), most_singles) && !(can_be_cut && train_length(all.subspan(n)) > 1)) ++n;
    return send_singles(all.first(n), flags, done);
}

batch_result kernel_socket::send_batch(std::span<const outgoing_datagram> datagrams) noexcept {
    batch_result done;
    if (type_ == type::stream) {
        done.error = errc::not_supported;
        return done;
    }
    auto once = [&](int flags) noexcept {
        while (done.datagrams < datagrams.size()) {
            if (const int failure = send_some(datagrams.subspan(done.datagrams), flags, done)) return failure;
        }
        return 0;
    };
    const bool to_somebody = family_ == family::local && !datagrams.empty() && datagrams.front().to != nullptr;
    done.error = until_done(to_somebody ? readiness::room_at_receiver : readiness::to_write, trial(once));
    return done;
}

// --- receiving ------------------------------------------------------------------------------------------------------

// A kernel without UDP_GRO, or a socket of another kind, goes on one by one.
void kernel_socket::begin_gluing(message_state& s) noexcept {
    if (s.gluing || s.glue_refused) return;
    const std::lock_guard held(s.guard);
    const int on = 1;
    const bool is_udp = type_ == type::datagram && family_ != family::local;
    const bool glues = is_udp && ::setsockopt(fd_, IPPROTO_UDP, udp_gro, &on, sizeof on) == 0;
    s.gluing.store(glues, std::memory_order_release);
    s.glue_refused.store(!glues, std::memory_order_relaxed);
}

// What the plain calls have left of a train that they had to take.
void kernel_socket::take_train(batch_slots& slots, message_state& s) noexcept {
    const std::lock_guard held(s.guard);
    if (s.train_begin == s.train_end) return;
    const std::size_t size = s.train_end - s.train_begin;
    std::memcpy(slots.room(0), s.train.get() + s.train_begin, size);
    s.train_begin = s.train_end;
    slots.next() = s.train_info;
    slots.next().size = slots.next().full_size = size;
    slots.add(s.train_step);
}

int kernel_socket::receive_batch(batch_slots& slots, message_state& s, int flags) noexcept {
    for (std::size_t i = 0; i < slots.used; ++i) {
        batch_slots::native& n = slots.natives[i];
        msghdr& h = slots.messages[i].msg_hdr;
        h.msg_name = &n.from;
        h.msg_namelen = sizeof n.from;
        h.msg_iov = &n.where;
        h.msg_iovlen = 1;
        h.msg_control = n.control.data();
        h.msg_controllen = n.control.size();
    }
    slots.used = 0;
    const int wanted = MSG_WAITFORONE | MSG_TRUNC | (family_ == family::local ? MSG_CMSG_CLOEXEC : 0);
    int n = 0;
    for (int again = 0;; ++again) {
        n = ::recvmmsg(fd_, slots.messages.data(), static_cast<unsigned>(slots.buffers), flags | wanted, nullptr);
        if (n >= 0) break;
        const int failure = errno;
        if (would_block(failure) && s.wants_errors.load(std::memory_order_acquire)) collect_errors(s);
        if (failure != EINTR && (again >= most_errors_in_a_row || !pass_over(failure))) return failure;
    }
    slots.used = static_cast<std::size_t>(n);
    for (std::size_t i = 0; i < slots.used; ++i) {
        msghdr& h = slots.messages[i].msg_hdr;
        datagram_info& info = slots.next();
        info = {};
        info.full_size = slots.messages[i].msg_len;
        info.size = std::min(info.full_size, datagram_batch::buffer_bytes);
        info.from = endpoint::from_native(&slots.natives[i].from, h.msg_namelen).unmapped();
        slots.add(h.msg_controllen > 0 ? read_control(h, info) : 0);
    }
    return 0;
}

std::error_code kernel_socket::recv_batch(datagram_batch& into) noexcept {
    if (type_ == type::stream) return errc::not_supported;
    batch_slots& slots = into.slots();
    slots.clear();
    message_state* s = begin_messages();
    if (s == nullptr) return std::make_error_code(std::errc::not_enough_memory);
    auto once = [&](int flags) noexcept {
        begin_gluing(*s);
        take_train(slots, *s);
        return slots.filled > 0 ? 0 : receive_batch(slots, *s, flags);
    };
    const std::error_code ended = until_done(readiness::to_read, trial(once));
    // What woke it was close(): nothing has been received.
    if (!ended && !is_open() && slots.datagrams == 1 && slots.slots[0].info.full_size == 0) {
        slots.clear();
        return errc::closed;
    }
    return ended;
}

}  // namespace cardea::detail
