// serve(): a whole server in one call. Listeners on every core, a fiber per connection, limits, drain on SIGTERM.
#pragma once

#include <cardea/fiber.hpp>
#include <cardea/tcp.hpp>
#include <cardea/udp.hpp>
#include <cardea/unix.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <initializer_list>
#include <stop_token>
#include <string>
#include <type_traits>
#include <vector>

namespace cardea {

/// What a server went through, for reports and tests.
struct serve_report {
    std::uint64_t accepted = 0;          ///< connections taken
    std::uint64_t handler_failures = 0;  ///< handlers that ended by an exception
    std::uint64_t accept_pauses = 0;     ///< times accepting paused: no descriptors or memory left
    std::uint64_t cancelled = 0;         ///< handlers that were asked to stop: the drain's time was over
    bool handed_over = false;            ///< a successor serves now: serve_options::hot_restart
};
/// How a server serves.
struct serve_options {
    /// Loops, each on a thread of its own with a listener of its own; 0: one per CPU this process may run on. On "tun"
    /// and "sim" each loop is a host of its own, and there is one. Inside run() serve stays on the loop it is called
    /// on.
    unsigned threads = 0;
    /// Connections served at once, over all threads; more wait in the listen queue (with several listeners, one at most
    /// for each of them waits accepted). 0: no limit but the descriptors'.
    std::size_t max_connections = 0;
    int backlog = default_backlog;
    /// Longest that one blocking call of a handler may take; zero: no limit. See call_limit.
    std::chrono::nanoseconds idle{0};
    /// Longest that one handler may run; zero: no limit. See deadline.
    std::chrono::nanoseconds total{0};
    /// After SIGINT, SIGTERM or `stop`: how long handlers may go on before they are cancelled. A second signal: at
    /// once.
    std::chrono::nanoseconds drain = std::chrono::seconds(10);
    /// Drain on SIGINT and SIGTERM; off where the program has signals of its own. Outside of run() only.
    bool handle_signals = true;
    /// Asks for the drain from code.
    std::stop_token stop = {};
    /// A Unix name ("unix:/run/app.restart") by which this server is replaced by a newer one, and no connection is
    /// lost: whoever calls serve() with the same name, in another process of the same user (or root), is given the
    /// listening sockets of the addresses that both serve, and once it serves, this one drains and returns. What waits
    /// to be accepted is then the other's to accept, what was accepted is served here. A successor that fails before it
    /// serves changes nothing, but on_error is told. Empty: there is none. The kernel's networks only.
    std::string hot_restart = {};
    /// Called once, when every listener listens, with their endpoints in the order of the addresses.
    std::function<void(const std::vector<endpoint>&)> on_ready = {};
    /// Called when a handler ends by an exception (its connection is closed by then), with its client; when accepting
    /// pauses, with the listener's endpoint, once for a series of pauses; and when a hot restart fails, with its name.
    /// On any of the threads, at the same time; not for `cancelled`; what it throws is lost. Default: one line to
    /// stderr, but none for a peer that went away or fell silent (timed_out, end_of_stream, connection_reset,
    /// broken_pipe); those are counted all the same.
    std::function<void(const endpoint& client, std::exception_ptr why)> on_error = {};
    /// "uring", "epoll", "tun:..." or empty; see run_options. Outside of run() only.
    std::string network = {};
    /// Stack reserved for each handler's fiber.
    std::size_t stack_size = 256 * 1024;
};

/// The addresses to serve: one, or several in braces. Numeric: host names are errc::bad_address.
class addresses {
  public:
    addresses(const char* one) : list_{one} {}
    addresses(std::string one) : list_{std::move(one)} {}
    addresses(std::initializer_list<std::string> several) : list_(several) {}
    addresses(std::vector<std::string> several) : list_(std::move(several)) {}
    [[nodiscard]] const std::vector<std::string>& list() const noexcept { return list_; }  ///< In their order.

  private:
    std::vector<std::string> list_;
};

namespace detail {

template <class Handler>
using callable_kept = std::add_lvalue_reference_t<std::decay_t<Handler>>;
template <class Handler>
concept takes_streams = std::is_invocable_v<callable_kept<Handler>, stream> ||
    std::is_invocable_v<callable_kept<Handler>, tcp_stream> || std::is_invocable_v<callable_kept<Handler>, unix_stream>;
template <class Handler>
concept takes_datagrams = std::is_invocable_v<callable_kept<Handler>, udp_socket&, const_buffer, const endpoint&>;

/// What is served: streams, datagrams or both. The callables are borrowed for the length of serve(). A plain function
/// has no object: the pointer to it stands in for one.
struct handler {
    void* for_streams = nullptr;
    void (*on_stream)(void* callable, stream&& peer) = nullptr;
    void* for_datagrams = nullptr;
    void (*on_datagram)(void* callable, udp_socket& door, const_buffer datagram, const endpoint& from) = nullptr;
};
serve_report serve(const addresses& where, const handler& how, const serve_options& options);

template <class Handler>
void call_with_stream(void* callable, stream&& peer) {
    auto& f = *static_cast<Handler*>(callable);
    if constexpr (std::is_invocable_v<Handler&, stream>) {
        f(std::move(peer));
    } else if constexpr (std::is_invocable_v<Handler&, tcp_stream>) {
        f(tcp_stream(std::move(peer.handle())));
    } else {
        f(unix_stream(std::move(peer.handle())));
    }
}
template <class Handler>
void call_with_datagram(void* callable, udp_socket& door, const_buffer datagram, const endpoint& from) {
    (*static_cast<Handler*>(callable))(door, datagram, from);
}

}  // namespace detail

/// Serves TCP ("host:port") and Unix ("unix:/path") addresses: `handle` is called for each connection, on a fiber of
/// its own, with a tcp_stream, unix_stream or (for both kinds) stream; the connection closes when it returns. It is
/// called from several threads at once unless `threads` is 1. A handler that throws loses its connection only. The
/// connections of a Unix name are dealt out to the threads in turn. No memory, stack or descriptor for one more
/// connection: accepting pauses, 50 ms at first and 1 s at most, or until a connection of that thread ends.
///
/// Blocks until stopped, by a signal, by options.stop or, inside run(), by cancelling the fiber; and drained: the
/// listeners close at once, handlers may finish. The caller's own cancellation or deadline ends it with all its
/// handlers at once and is thrown. Throws cardea::error when an address cannot be listened on, address_in_use also when
/// another serve() shares it among its threads; nothing is left behind. Fibers that a handler starts with spawn()
/// belong to their loop: outside of run() they are drained and cancelled as handlers are, and one that throws ends
/// serve().
template <detail::takes_streams Handler>
serve_report serve(const addresses& where, Handler&& handle, const serve_options& options = {}) {
    using callable = std::decay_t<Handler>;
    callable f(std::forward<Handler>(handle));
    return detail::serve(where, {&f, detail::call_with_stream<callable>}, options);
}

/// Serves UDP addresses: `handle(door, datagram, from)` is called for each datagram, one after the other on each
/// thread; it answers with door.send_to(). While it blocks no further datagram of its thread is read: spawn for long
/// work (`door` lives until serve() returns). An ICMP error or an exception of the handler does not end the server.
template <detail::takes_datagrams Handler>
serve_report serve(const addresses& where, Handler&& handle, const serve_options& options = {}) {
    using callable = std::decay_t<Handler>;
    callable f(std::forward<Handler>(handle));
    return detail::serve(where, {nullptr, nullptr, &f, detail::call_with_datagram<callable>}, options);
}

/// Serves both services on the same addresses, one port for TCP and UDP; Unix addresses are served streams.
template <detail::takes_streams StreamHandler, detail::takes_datagrams DatagramHandler>
serve_report serve(const addresses& where, StreamHandler&& handle_stream, DatagramHandler&& handle_datagram,
                   const serve_options& options = {}) {
    using on_stream = std::decay_t<StreamHandler>;
    using on_datagram = std::decay_t<DatagramHandler>;
    on_stream f(std::forward<StreamHandler>(handle_stream));
    on_datagram g(std::forward<DatagramHandler>(handle_datagram));
    return detail::serve(where, {&f, detail::call_with_stream<on_stream>, &g, detail::call_with_datagram<on_datagram>},
                         options);
}

}  // namespace cardea
