// What the kernel's sockets keep for the calls of message.hpp, and the control messages (cmsg(3)) in which facts about
// a datagram travel. POSIX and Linux system calls; nothing of fibers.
#pragma once

#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cardea/message.hpp>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <mutex>

namespace cardea::detail {

/// How often a call may meet errors of earlier datagrams before it gives up: a flood of them must not keep a loop
/// there.
inline constexpr int most_errors_in_a_row = 64;
/// The same for a send: whoever takes an error out of the kernel's queue meanwhile puts the next one before the socket
/// (sock_dequeue_err_skb). An error of its own it would meet each time.
constexpr int tries_after(int failure) noexcept { return failure == EMSGSIZE ? 1 : most_errors_in_a_row; }

/// Of a socket that has used batches or asked for errors. Few sockets ever have one; it goes along between networks.
struct message_state {
    /// Errors kept until somebody asks; then the oldest is forgotten.
    static constexpr std::size_t max_errors = 64;

    std::mutex guard;  // of all but the atomics: several threads may call at once

    std::atomic<bool> wants_errors{false};
    std::atomic<int> waiting_for_errors{0};
    std::deque<datagram_error> errors;

    /// The kernel glues datagrams together (UDP_GRO), from the first batch on.
    std::atomic<bool> gluing{false};
    std::atomic<bool> glue_refused{false};
    /// The train that the plain calls are giving out.
    std::unique_ptr<std::byte[]> train;
    std::size_t train_begin = 0;
    std::size_t train_end = 0;
    std::size_t train_step = 0;
    datagram_info train_info;

    /// Datagrams of this size and above the kernel will not segment for us (UDP_SEGMENT).
    std::atomic<std::size_t> not_segmented_from{std::numeric_limits<std::size_t>::max()};
};

/// Room for the control messages of one received message: 253 descriptors (SCM_MAX_FD) and credentials at most.
struct control_room {
    static constexpr std::size_t of_a_datagram = 320;
    alignas(cmsghdr) std::array<unsigned char, 1280> bytes;
};

/// What came along with a message, into `m`. Returns the size of the glued datagrams (UDP_GRO); 0: it is one.
std::size_t read_control(msghdr& from, incoming_message& m) noexcept;
/// The facts alone: descriptors that came along are closed.
std::size_t read_control(msghdr& from, datagram_info& info) noexcept;

/// The control messages of one message on its way out.
class control_writer {
  public:
    /// `v4`: the destination is reached by IPv4, whatever the socket's family.
    std::error_code write(const outgoing_message& m, bool v4) noexcept;
    void write_segment_size(std::uint16_t size) noexcept;
    void attach_to(msghdr& h) noexcept {
        h.msg_control = size_ > 0 ? bytes_.data() : nullptr;
        h.msg_controllen = size_;
    }

  private:
    void add(int level, int kind, const void* data, std::size_t size) noexcept;

    alignas(cmsghdr) std::array<unsigned char, 1280> bytes_;
    std::size_t size_ = 0;
};

}  // namespace cardea::detail
