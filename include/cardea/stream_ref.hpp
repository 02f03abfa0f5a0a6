// A reference to anything that carries a stream of bytes: what the readers, writers and copy() take, so that they work
// over TCP, Unix sockets, TLS, and streams of one's own.
#pragma once

#include <cardea/stream.hpp>
#include <concepts>
#include <cstddef>
#include <system_error>
#include <type_traits>

namespace cardea {

namespace detail {

template <class S>
concept stream_like = requires(S& s, mutable_buffer room, const_buffer data, std::error_code& ec) {
    { s.recv(room, ec) } -> std::convertible_to<std::size_t>;
    { s.send_all(data, ec) } -> std::convertible_to<std::size_t>;
    s.shutdown(direction::send, ec);
};

struct stream_calls {
    std::size_t (*recv)(void*, mutable_buffer, std::error_code&);
    lease (*recv_lease)(void*, std::error_code&);
    void (*put_back)(void*, const_buffer, std::error_code&);
    std::size_t (*send_all)(void*, const_buffer, std::error_code&);
    std::size_t (*send_vectored)(void*, const_buffers, std::error_code&);
    void (*shutdown)(void*, direction, std::error_code&);
    endpoint (*local)(const void*);
    endpoint (*peer)(const void*);
};

/// What a stream without these of its own gets.
lease lease_by_recv(void* stream, std::size_t (*recv)(void*, mutable_buffer, std::error_code&), std::error_code& ec);
std::size_t send_joined(void* stream, std::size_t (*send_all)(void*, const_buffer, std::error_code&),
                        const_buffers pieces, std::error_code& ec);

template <class S>
struct calls_on {
    static S& on(void* s) noexcept { return *static_cast<S*>(s); }
    static const S& on(const void* s) noexcept { return *static_cast<const S*>(s); }

    static std::size_t recv(void* s, mutable_buffer room, std::error_code& ec) { return on(s).recv(room, ec); }
    static lease recv_lease(void* s, std::error_code& ec) {
        if constexpr (requires { on(s).recv_lease(ec); }) {
            return on(s).recv_lease(ec);
        } else {
            return lease_by_recv(s, recv, ec);
        }
    }
    static void put_back(void* s, const_buffer bytes, std::error_code& ec) {
        if constexpr (requires { on(s).put_back(bytes, ec); }) {
            on(s).put_back(bytes, ec);
        } else {
            ec = bytes.empty() ? std::error_code() : errc::not_supported;
        }
    }
    static std::size_t send_all(void* s, const_buffer data, std::error_code& ec) { return on(s).send_all(data, ec); }
    static std::size_t send_vectored(void* s, const_buffers pieces, std::error_code& ec) {
        if constexpr (requires { on(s).send_vectored(pieces, ec); }) {
            return on(s).send_vectored(pieces, ec);
        } else {
            return send_joined(s, send_all, pieces, ec);
        }
    }
    static void shutdown(void* s, direction how, std::error_code& ec) { on(s).shutdown(how, ec); }
    static endpoint local(const void* s) {
        std::error_code none;
        if constexpr (requires { on(s).local(none); }) return on(s).local(none);
        return {};
    }
    static endpoint peer(const void* s) {
        std::error_code none;
        if constexpr (requires { on(s).peer(none); }) return on(s).peer(none);
        return {};
    }
};

template <class S>
inline constexpr stream_calls calls_of{calls_on<S>::recv,     calls_on<S>::recv_lease,    calls_on<S>::put_back,
                                       calls_on<S>::send_all, calls_on<S>::send_vectored, calls_on<S>::shutdown,
                                       calls_on<S>::local,    calls_on<S>::peer};

/// One table for all of the library's own streams.
extern const stream_calls calls_of_streams;

}  // namespace detail

/// Refers to a stream; the stream must outlive it and stay where it is. Made implicitly from a `stream` (tcp_stream,
/// unix_stream), and from anything with these members, whose meaning is `stream`'s:
///
///     std::size_t recv(mutable_buffer, std::error_code&);
///     std::size_t send_all(const_buffer, std::error_code&);
///     void shutdown(direction, std::error_code&);            // direction::send: the half-close
///
/// and, where there are, recv_lease, put_back, send_vectored, local and peer, all with a trailing std::error_code&.
/// Its calls are the stream's: they block, and end at deadlines and cancellations, as the stream's do. They report by
/// the std::error_code&, errc::cancelled included, and must not throw: copy() and the readers call them where nothing
/// can be thrown, which would end the program (std::terminate()).
class stream_ref {
  public:
    template <class S>
    requires(detail::stream_like<S> && !std::same_as<std::remove_cv_t<S>, stream_ref>)
        // NOLINTNEXTLINE(google-explicit-constructor): a reader takes a stream by its name
        stream_ref(S& of)
    noexcept {
        if constexpr (std::derived_from<S, stream>) {
            stream_ = static_cast<stream*>(&of);
            calls_ = &detail::calls_of_streams;
        } else {
            stream_ = &of;
            calls_ = &detail::calls_of<S>;
        }
    }

    std::size_t recv(mutable_buffer room, std::error_code& ec) const { return calls_->recv(stream_, room, ec); }
    lease recv_lease(std::error_code& ec) const { return calls_->recv_lease(stream_, ec); }
    void put_back(const_buffer bytes, std::error_code& ec) const { calls_->put_back(stream_, bytes, ec); }
    std::size_t send_all(const_buffer data, std::error_code& ec) const { return calls_->send_all(stream_, data, ec); }
    std::size_t send_vectored(const_buffers pieces, std::error_code& ec) const {
        return calls_->send_vectored(stream_, pieces, ec);
    }
    void shutdown(direction how, std::error_code& ec) const { calls_->shutdown(stream_, how, ec); }
    /// Unspecified where the stream does not tell.
    [[nodiscard]] endpoint local() const { return calls_->local(stream_); }
    [[nodiscard]] endpoint peer() const { return calls_->peer(stream_); }

    /// The library's own stream that it refers to; nullptr: it is one of a program's own.
    [[nodiscard]] stream* own_stream() const noexcept {
        return calls_ == &detail::calls_of_streams ? static_cast<stream*>(stream_) : nullptr;
    }

    /// Throws what a failed call of the stream throws: `cancelled`, or cardea::error with both ends.
    [[noreturn]] void fail(std::error_code ec, const char* operation, std::size_t bytes_done = 0) const;

  private:
    void* stream_ = nullptr;
    const detail::stream_calls* calls_ = nullptr;
};

}  // namespace cardea
