// The socket: the door between a program and the transport service, with the textbook's own calls.
#pragma once

#include <cardea/buffer.hpp>
#include <cardea/endpoint.hpp>
#include <cardea/error.hpp>
#include <cardea/network.hpp>
#include <cardea/option.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>

namespace cardea {

class file;
struct accepted;
namespace detail {
struct message_calls;
}
enum class call_kind : std::uint8_t;
namespace detail {
class stepwise_connect;
}

/// What recv_from() gives: `auto [n, from] = door.recv_from(buffer);`. The flag `truncated` says that the datagram was
/// longer than the buffer and its end is lost.
struct received {
    std::size_t size = 0;    ///< bytes in the buffer
    endpoint from;           ///< the sender
    bool truncated = false;  ///< the end of it is lost

    template <std::size_t I>
    [[nodiscard]] auto get() const noexcept {  ///< Size and sender, for `auto [n, from]`.
        if constexpr (I == 0) {
            return size;
        } else {
            return from;
        }
    }
};

/// How close_gracefully() ended.
enum class farewell : std::uint8_t {
    finished,  ///< the peer closed as well: everything sent was delivered
    reset,     ///< it did not in time, or broke the connection: the connection was reset
};

/// As send_file()'s length: to the file's end.
inline constexpr std::uint64_t whole_file = ~std::uint64_t{0};

/// The listen queue's bound when none is given (listen(2); Linux caps it at net.core.somaxconn).
inline constexpr int default_backlog = 4096;

/// A socket with every call of the textbook, for any family and type.
///
/// Blocking: accept, connect, send*, recv* and close_gracefully block the calling thread, or park the calling fiber
/// while its loop goes on with others, until done, until a `deadline` around the call passes (errc::timed_out), or
/// until the fiber is cancelled (throws `cancelled`; an std::error_code& gets errc::cancelled). When such a call has
/// returned, however it did, nothing of it goes on: its buffers are the caller's again. A deadline that has already
/// passed and a pending cancellation end a call before it starts. Errors: each call throws cardea::error, or fills the
/// trailing std::error_code& and does not throw. Where it runs: a socket follows its user. Opened on a plain thread and
/// used in a loop it moves to that loop, and back when the loop has ended. Between two running loops hand it over with
/// detach(). Moving needs that no call is under way. Thread-safety: several fibers of one loop, or several plain
/// threads, may call at once, close() included: it wakes the others with errc::closed. Moving and destroying the object
/// are the owner's, as for any value.
class socket {
  public:
    /// No socket: every call fails with errc::closed.
    socket() noexcept = default;
    /// socket(2). IPv6 sockets are dual-stack (IPV6_V6ONLY off); descriptors are close-on-exec.
    socket(family f, type t, int protocol = 0);
    socket(family f, type t, int protocol, std::error_code& ec) noexcept;
    /// Takes what a network has opened: for networks and servers of one's own.
    socket(std::unique_ptr<network_socket> opened, family f, type t, const endpoint& peer = {}) noexcept;
    socket(socket&& other) noexcept = default;
    socket& operator=(socket&& other) noexcept;
    /// Closes. Unsent data goes on in the background, as the kernel does it (socket(7), SO_LINGER).
    ~socket();

    /// bind(2). "*:7" on an IPv6 socket takes IPv6 and IPv4.
    void bind(address where);
    void bind(address where, std::error_code& ec) noexcept;
    /// listen(2): `backlog` bounds the connections that wait for accept.
    void listen(int backlog = default_backlog);
    void listen(int backlog, std::error_code& ec) noexcept;
    /// accept(2): waits for a connection; the listening socket goes on listening. Connections that died in the queue
    /// (ECONNABORTED) are passed over.
    accepted accept();
    accepted accept(std::error_code& ec) noexcept;
    /// connect(2): TCP's handshake; for datagrams it sets the default peer. Numeric addresses only (tcp_stream::connect
    /// resolves names).
    void connect(address server);
    void connect(address server, std::error_code& ec) noexcept;

    /// send(2). On a stream: all of `data`, unless it fails. Never raises SIGPIPE.
    std::size_t send(const_buffer data);
    std::size_t send(const_buffer data, std::error_code& ec) noexcept;
    /// recv(2): at least one byte, at most `room`; 0: the peer has closed (or `room` is empty). Of a datagram longer
    /// than `room` the rest is lost: std::errc::message_size, with `room` filled (recv_from() tells without failing).
    std::size_t recv(mutable_buffer room);
    std::size_t recv(mutable_buffer room, std::error_code& ec) noexcept;
    /// All of `data`. On failure error::bytes_done(), or the returned number, says how much went.
    void send_all(const_buffer data);
    std::size_t send_all(const_buffer data, std::error_code& ec) noexcept;
    /// Fills `room`. The stream's end before that: errc::end_of_stream, with the bytes done.
    void recv_exactly(mutable_buffer room);
    std::size_t recv_exactly(mutable_buffer room, std::error_code& ec) noexcept;
    /// Several buffers as if they were one (sendmsg(2), writev(2)): `s.send_vectored({header, body})`. All of it, with
    /// nothing of other senders in between; of a datagram socket's they make one datagram.
    std::size_t send_vectored(const_buffers pieces);
    std::size_t send_vectored(const_buffers pieces, std::error_code& ec) noexcept;
    /// As recv(), into several rooms, the first first (recvmsg(2), readv(2)).
    std::size_t recv_vectored(mutable_buffers rooms);
    std::size_t recv_vectored(mutable_buffers rooms, std::error_code& ec) noexcept;
    /// As recv(), and what it shows stays to be received (MSG_PEEK). It waits for the first byte, not for more.
    std::size_t peek(mutable_buffer room);
    std::size_t peek(mutable_buffer room, std::error_code& ec) noexcept;
    /// As recv(), without a buffer of the caller's and without copying where the network can: the bytes are lent where
    /// they lie. See lease. While it waits the connection holds no receive memory. Empty: the peer has closed. Streams
    /// only: errc::not_supported.
    lease recv_lease();
    lease recv_lease(std::error_code& ec) noexcept;
    /// Receives up to and with `delimiter` (empty: std::errc::invalid_argument), and nothing behind it, which stays for
    /// whoever receives next. Returns the bytes, the delimiter's included. `room` is the bound: full without the
    /// delimiter, errc::too_long. The stream's end before it: errc::end_of_stream. On every failure `room` holds what
    /// came, and bytes_done() (or the returned number) says how much. Each piece that arrives is looked at, then taken:
    /// a buffered_reader is quicker, and reads ahead. Streams only.
    std::size_t recv_until(mutable_buffer room, const_buffer delimiter);
    std::size_t recv_until(mutable_buffer room, const_buffer delimiter, std::error_code& ec) noexcept;
    /// Puts bytes in front of those that the next receive gives: what was received for somebody else. Does not block.
    /// With no receive under way. Streams only.
    void put_back(const_buffer bytes);
    void put_back(const_buffer bytes, std::error_code& ec) noexcept;
    /// sendfile(2): `length` bytes of a file from `offset` on, fewer if it ends before; returns the bytes sent. The
    /// file does not go through the program where the network can do without (plain threads; epoll, what is in memory).
    /// A disk never keeps an io_uring or epoll loop waiting; a loop on Cardea's own stack waits while it reads. Bytes
    /// of other senders may come in between. Streams only.
    std::uint64_t send_file(const file& from, std::uint64_t offset = 0, std::uint64_t length = whole_file);
    std::uint64_t send_file(const file& from, std::uint64_t offset, std::uint64_t length, std::error_code& ec) noexcept;
    /// Moves what is there, at least one byte and at most `at_most`, to another stream: by splice(2) where both are TCP
    /// of the kernel's and the step before moved much. 0: the peer has closed. `sending_failed` tells which of the two
    /// the error is about; what `to` did not take can still be received from this one.
    std::size_t splice(socket& to, std::size_t at_most, std::error_code& ec, bool& sending_failed) noexcept;
    /// sendto(2): one datagram; too big for the network: std::errc::message_size.
    std::size_t send_to(const_buffer datagram, address to);
    std::size_t send_to(const_buffer datagram, address to, std::error_code& ec) noexcept;
    /// recvfrom(2): one datagram.
    received recv_from(mutable_buffer room);
    received recv_from(mutable_buffer room, std::error_code& ec) noexcept;

    /// shutdown(2): half-close. Twice is harmless.
    void shutdown(direction how);
    void shutdown(direction how, std::error_code& ec) noexcept;
    /// close(2). Twice is harmless; wakes whoever waits on this socket with errc::closed.
    void close() noexcept;
    /// Closes with a reset: unsent data is thrown away and the peer sees ECONNRESET (SO_LINGER of 0 s).
    void reset() noexcept;
    /// Flushes, sends FIN, reads on until the peer's FIN (what arrives is thrown away), then closes; if that takes
    /// longer than `limit` or the deadline around it, resets. Never throws but `cancelled`, which resets too.
    farewell close_gracefully(std::chrono::nanoseconds limit = std::chrono::seconds(10));

    [[nodiscard]] bool is_open() const noexcept { return impl_ != nullptr && impl_->is_open(); }  ///< Not closed.
    /// getsockname(2), getpeername(2).
    [[nodiscard]] endpoint local() const;
    [[nodiscard]] endpoint local(std::error_code& ec) const noexcept;
    [[nodiscard]] endpoint peer() const;
    [[nodiscard]] endpoint peer(std::error_code& ec) const noexcept;

    /// setsockopt(2), getsockopt(2), typed: see option.hpp, ip_option.hpp, tcp_option.hpp. Never block. An option that
    /// this kind of socket or its network lacks: errc::not_supported, or the system's ENOPROTOOPT.
    template <class Option>
    void set(const Option& option) {
        set_option(Option::id, detail::to_value(option.value));
    }
    template <class Option>
    void set(const Option& option, std::error_code& ec) noexcept {
        set_option(Option::id, detail::to_value(option.value), ec);
    }
    template <class Option>
    [[nodiscard]] auto get() const {
        Option option;
        if constexpr (detail::crosses_as_text<decltype(option.value)>) {
            detail::from_value(get_text_option(Option::id), option.value);
        } else {
            detail::from_value(get_option(Option::id), option.value);
        }
        return option.value;
    }
    template <class Option>
    [[nodiscard]] auto get(std::error_code& ec) const {
        Option option;
        if constexpr (detail::crosses_as_text<decltype(option.value)>) {
            detail::from_value(get_text_option(Option::id, ec), option.value);
        } else if (const option_value value = get_option(Option::id, ec); !ec) {
            detail::from_value(value, option.value);
        }
        return option.value;
    }
    void set_option(option_id id, option_value value);
    void set_option(option_id id, option_value value, std::error_code& ec) noexcept;
    [[nodiscard]] option_value get_option(option_id id) const;
    [[nodiscard]] option_value get_option(option_id id, std::error_code& ec) const noexcept;
    void set_option(option_id id, const std::string& value);
    void set_option(option_id id, const std::string& value, std::error_code& ec) noexcept;
    [[nodiscard]] std::string get_text_option(option_id id) const;
    [[nodiscard]] std::string get_text_option(option_id id, std::error_code& ec) const;
    /// TCP_INFO (tcp(7)): what TCP knows of this connection. Never blocks.
    [[nodiscard]] tcp_info info() const;
    [[nodiscard]] tcp_info info(std::error_code& ec) const noexcept;

    /// Lets go of the loop this socket lives on, so that whoever uses it next, anywhere, takes it over. Call it on that
    /// loop, with no call under way.
    void detach();
    void detach(std::error_code& ec) noexcept;
    /// Takes over a descriptor made elsewhere, in whatever state its socket is: bound, listening, connected. From then
    /// on it is Cardea's to close; its O_NONBLOCK flag, which it shares with its duplicates, is set as the network
    /// needs it, and FD_CLOEXEC is set. Never blocks. Throws cardea::error, and the descriptor stays the caller's: no
    /// socket (ENOTSOCK), of a family or type that Cardea does not know (errc::not_supported), or not on a kernel
    /// network (errc::wrong_network).
    static socket adopt(int descriptor);
    static socket adopt(int descriptor, std::error_code& ec) noexcept;
    /// Lets go of the descriptor for good: it is the caller's to close, and this is no socket any more. With it comes
    /// what was received and not yet asked for, which the kernel does not have any more. O_NONBLOCK may be set or not.
    /// Call it on the loop the socket lives on, with no call under way. Throws cardea::error, and the socket stays as
    /// it is: no descriptor on this network (errc::wrong_network).
    native_socket release();
    native_socket release(std::error_code& ec) noexcept;
    /// The descriptor (-1 where a network has none): still this socket's own, and may be in use by its loop.
    [[nodiscard]] int native_handle() const noexcept;
    /// Identifies this socket in the call trace.
    [[nodiscard]] std::uint64_t id() const noexcept { return id_; }

  private:
    friend struct detail::message_calls;
    friend class detail::stepwise_connect;
    template <class Call>
    io_result observed(call_kind kind, std::size_t asked, const endpoint* peer, const std::uint64_t* made,
                       Call call) const noexcept;
    network_socket* here(std::error_code& ec) noexcept;
    network_socket* here_to_block(std::error_code& ec) noexcept;
    void move_to(network& target, std::error_code& ec) noexcept;
    [[nodiscard]] endpoint native(address where, std::error_code& ec) const noexcept;
    io_result receive_datagram(mutable_buffer room, received& out) noexcept;
    [[noreturn]] void fail(std::error_code ec, const char* operation, const endpoint& peer = {},
                           std::size_t bytes_done = 0) const;

    [[noreturn]] void fail_option(std::error_code ec, const char* operation, option_id id) const;

    std::unique_ptr<network_socket> impl_;
    std::uint64_t id_ = 0;
    endpoint peer_;
    family family_ = family::unspecified;
    type type_ = type::stream;
};

/// What accept() gives: `auto [connection, client] = s.accept();`.
struct accepted {
    socket connection;  ///< the new socket
    endpoint client;    ///< whose it is
};

}  // namespace cardea

template <>
struct std::tuple_size<cardea::received> : std::integral_constant<std::size_t, 2> {};
template <>
struct std::tuple_element<0, cardea::received> {
    using type = std::size_t;
};
template <>
struct std::tuple_element<1, cardea::received> {
    using type = cardea::endpoint;
};
