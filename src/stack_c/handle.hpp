// What stands behind the C interface's handles: a host, its descriptors, the packets it has sent, the calls that are
// waiting. Uses the stack; the C++ types stay inside the library.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "stack/host.hpp"
#include "stack_c/interface_posix.hpp"

namespace cardea::stack_c {

using stack::time_ns;

struct descriptor {
    std::unique_ptr<stack::socket> socket;  ///< closed, not gone, while a call still holds the descriptor
    bool nonblocking = false;
    time_ns receive_timeout = 0;  ///< SO_RCVTIMEO; 0: none
    time_ns send_timeout = 0;
};
using descriptor_ptr = std::shared_ptr<descriptor>;

/// What a call yields: a result, or an errno when `result` is negative.
struct outcome {
    ssize_t result = 0;
    int number = 0;

    static outcome failed(int number) { return {-1, number}; }
    static outcome of(stack::error e);
    static outcome of(stack::io_result const& r);
};

}  // namespace cardea::stack_c

struct cardea_stack_config {
    cardea::stack::host_config host;
    cardea::stack::time_ns start = 0;
    std::uint32_t output_packets = 1 << 16;
};

struct cardea_stack final : private cardea::stack::packet_sink {
    using time_ns = cardea::stack::time_ns;

    explicit cardea_stack(cardea_stack_config const& c);
    cardea_stack(cardea_stack const&) = delete;
    cardea_stack& operator=(cardea_stack const&) = delete;
    ~cardea_stack() override;

    /// Emits what is due, and lets the waiting calls look again, until neither changes anything.
    void settle();
    time_ns next_deadline() const;
    void advance(time_ns until, bool inclusive);

    /// Null when there is none.
    cardea::stack_c::descriptor_ptr find(int fd) const;
    int install(cardea::stack_c::descriptor_ptr d);

    struct sent_packet {
        time_ns when;
        cardea::stack::packet p;
    };

    time_ns now;
    std::size_t max_sent;
    std::uint64_t lost = 0;
    std::deque<sent_packet> sent;
    std::vector<cardea_stack_call*> waiting;                ///< in the order they began
    std::vector<std::unique_ptr<cardea_stack_call>> begun;  ///< by begin_...(), until finished
    std::vector<cardea::stack_c::descriptor_ptr> descriptors;
    cardea_stack_wait wait = nullptr;
    void* wait_user = nullptr;
    cardea::stack::host host;  ///< goes before its sockets: a crash, nothing is sent

  private:
    void emit(cardea::stack::packet_view const& p) override;
};

struct cardea_stack_call {
    using time_ns = cardea::stack::time_ns;

    cardea_stack* owner = nullptr;
    /// True when the call is complete and `result` is set.
    std::function<bool(cardea_stack_call&)> attempt;
    time_ns deadline = cardea::stack::never;
    int on_deadline = 0;  ///< the errno when that comes first; 0: result is what was done so far
    time_ns done_at = cardea::stack::never;
    cardea::stack_c::outcome result;
    std::size_t progress = 0;      ///< bytes sent or received so far
    cardea::stack::endpoint peer;  ///< of accept and of a received datagram
    bool has_peer = false;

    bool done() const { return done_at != cardea::stack::never; }
    /// One look; called by the stack at every event.
    void step();
};

namespace cardea::stack_c {

constexpr int first_descriptor = 3;

/// Where nothing may throw: bad_alloc becomes ENOMEM.
template <typename R, typename F>
R guarded(R failure, F&& f) noexcept {
    try {
        return f();
    } catch (std::bad_alloc const&) {
        errno = ENOMEM;
    } catch (...) {
        errno = EIO;
    }
    return failure;
}

/// Sets errno.
template <typename R = int>
R fail(int number) {
    errno = number;
    return R(-1);
}

template <typename R = int>
R report(outcome const& o) {
    return o.result < 0 ? fail<R>(o.number) : static_cast<R>(o.result);
}

int number_of(stack::error e);

/// The address in `address`, as bind and connect take it: 0 or an errno. AF_UNSPEC gives an endpoint without address.
int read_address(sockaddr const* address, socklen_t size, stack::ip_version family, stack::endpoint& into);
/// As accept(2) writes one: truncated to *size, which becomes its whole size. Null pointers: nothing.
void write_address(stack::endpoint const& from, sockaddr* address, socklen_t* size);

/// The calls that begin_... and the blocking forms share: `call` is filled in, nothing has been tried yet.
void make_accept(cardea_stack_call& call, int fd);
void make_connect(cardea_stack_call& call, int fd, sockaddr const* address, socklen_t size);
void make_send(cardea_stack_call& call, int fd, void const* data, size_t size, int flags, sockaddr const* address,
               socklen_t address_size);
void make_recv(cardea_stack_call& call, int fd, void* buffer, size_t size, int flags);
void make_close(cardea_stack_call& call, int fd);
void make_poll(cardea_stack_call& call, pollfd* fds, nfds_t count, int timeout_ms);

/// Whether a call on `fd` waits at all: blocking, not MSG_DONTWAIT, and somebody to move the world.
bool may_wait(cardea_stack const& s, int fd, int flags);
/// Tries once, and waits if it may.
outcome run(cardea_stack_call& call, bool waits);

/// getsockopt(TCP_INFO), where the system has it.
int write_system_tcp_info(stack::socket const& s, void* value, socklen_t* size);
/// The state of a TCP socket, whether or not it has a connection.
stack::tcp::state state_of(stack::socket const& s);

}  // namespace cardea::stack_c
