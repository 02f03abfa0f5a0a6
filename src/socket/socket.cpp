// The socket handle: everything above the seam that is only bookkeeping. Finds the network, checks deadline and
// cancellation, maps IPv4 onto dual-stack sockets, retries, reports to the call trace, and turns error codes into
// exceptions.
#include <algorithm>
#include <atomic>
#include <cardea/deadline.hpp>
#include <cardea/descriptor.hpp>
#include <cardea/network.hpp>
#include <cardea/socket.hpp>
#include <memory>
#include <new>

#include "socket/address_text.hpp"
#include "socket/observed.hpp"

namespace cardea {

namespace {

std::uint64_t next_id() noexcept {
    static std::atomic<std::uint64_t> last{0};
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace

socket::socket(family f, type t, int protocol) {
    std::error_code ec;
    *this = socket(f, t, protocol, ec);
    if (ec) throw error(ec, "socket", "socket");
}

socket::socket(family f, type t, int protocol, std::error_code& ec) noexcept : id_(next_id()), family_(f), type_(t) {
    const io_result opened = observed(call_kind::socket, 0, nullptr, nullptr, [&]() -> io_result {
        return {0, this_network().open(f, t, protocol, impl_)};
    });
    ec = opened.error;
    if (impl_ != nullptr) detail::counts_of_this_thread().opened.add(1);
}

socket::socket(std::unique_ptr<network_socket> opened, family f, type t, const endpoint& peer) noexcept
    : impl_(std::move(opened)), id_(next_id()), peer_(peer), family_(f), type_(t) {
    if (impl_ != nullptr) detail::counts_of_this_thread().opened.add(1);
}

void socket::fail(std::error_code ec, const char* operation, const endpoint& peer, std::size_t bytes_done) const {
    if (ec == errc::cancelled) throw cancelled();
    std::error_code ignored;
    throw error(ec, operation, local(ignored), peer == endpoint() ? peer_ : peer, bytes_done);
}

// --- where it runs -------------------------------------------------------------------------------------------------

network_socket* socket::here(std::error_code& ec) noexcept {
    if (impl_ == nullptr) {
        ec = errc::closed;
        return nullptr;
    }
    ec.clear();
    if (impl_->home() != &this_network()) [[unlikely]] {
        move_to(this_network(), ec);
        if (ec) return nullptr;
    }
    return impl_.get();
}

network_socket* socket::here_to_block(std::error_code& ec) noexcept {
    ec = detail::execution::current().interruption();
    return ec ? nullptr : here(ec);
}

void socket::move_to(network& target, std::error_code& ec) noexcept {
    native_socket between;
    ec = impl_->release(between);
    if (ec) return;
    std::unique_ptr<network_socket> moved;
    ec = target.adopt(std::move(between), moved);
    if (ec) {
        // No memory, as a rule. What a network refuses is left intact: somebody else must keep it.
        if (thread_network().adopt(std::move(between), moved)) {
            // Not even that: closed, with what it had accepted ahead.
            const descriptor lost(between.descriptor);
            for (const int one : between.accepted) descriptor{one}.close();
        }
    }
    impl_ = std::move(moved);
}

void socket::detach() {
    std::error_code ec;
    detach(ec);
    if (ec) fail(ec, "detach");
}

void socket::detach(std::error_code& ec) noexcept {
    if (here(ec) != nullptr) move_to(thread_network(), ec);
}

socket socket::adopt(int descriptor) {
    std::error_code ec;
    socket taken = adopt(descriptor, ec);
    if (ec) throw error(ec, "adopt", "adopt descriptor " + std::to_string(descriptor));
    return taken;
}

socket socket::adopt(int descriptor, std::error_code& ec) noexcept {
    native_socket from;
    from.descriptor = descriptor;
    std::unique_ptr<network_socket> opened;
    ec = this_network().adopt(std::move(from), opened);
    // What a network has learnt of a descriptor stays in the record.
    return ec ? socket() : socket(std::move(opened), from.family, from.type);
}

native_socket socket::release() {
    std::error_code ec;
    native_socket let_go = release(ec);
    if (ec) fail(ec, "release");
    return let_go;
}

native_socket socket::release(std::error_code& ec) noexcept {
    native_socket let_go;
    if (here(ec) == nullptr) return let_go;
    const bool open = impl_->is_open();
    ec = impl_->release(let_go);
    if (!ec) {
        impl_.reset();
        if (open) detail::counts_of_this_thread().closed.add(1);
    }
    return let_go;
}

// --- addresses ------------------------------------------------------------------------------------------------------

endpoint socket::native(address where, std::error_code& ec) const noexcept {
    const endpoint e = where.numeric(ec);
    return family_ == family::inet6 ? e.mapped() : e;
}

endpoint socket::local() const {
    std::error_code ec;
    endpoint e = local(ec);
    if (ec) fail(ec, "local");
    return e;
}

endpoint socket::local(std::error_code& ec) const noexcept {
    endpoint e;
    ec = impl_ != nullptr ? impl_->local(e) : std::error_code(errc::closed);
    return e.unmapped();
}

endpoint socket::peer() const {
    std::error_code ec;
    endpoint e = peer(ec);
    if (ec) fail(ec, "peer");
    return e;
}

endpoint socket::peer(std::error_code& ec) const noexcept {
    ec.clear();
    if (peer_ != endpoint()) return peer_;
    endpoint e;
    ec = impl_ != nullptr ? impl_->peer(e) : std::error_code(errc::closed);
    return e.unmapped();
}

// --- making connections ---------------------------------------------------------------------------------------------

void socket::bind(address where) {
    std::error_code ec;
    bind(where, ec);
    if (ec == errc::bad_address) detail::throw_bad_address("bind", where);
    if (ec) throw error(ec, "bind", "bind " + where.to_string());
}

void socket::bind(address where, std::error_code& ec) noexcept {
    const endpoint e = native(where, ec);
    if (ec) return;
    ec = observed(call_kind::bind, 0, nullptr, nullptr, [&]() -> io_result {
             std::error_code failed;
             network_socket* s = here(failed);
             return {0, s != nullptr ? s->bind(e) : failed};
         }).error;
}

void socket::listen(int backlog) {
    std::error_code ec;
    listen(backlog, ec);
    if (ec) fail(ec, "listen");
}

void socket::listen(int backlog, std::error_code& ec) noexcept {
    const auto asked = static_cast<std::size_t>(std::max(backlog, 0));
    ec = observed(call_kind::listen, asked, nullptr, nullptr, [&]() -> io_result {
             std::error_code failed;
             network_socket* s = here(failed);
             return {0, s != nullptr ? s->listen(backlog) : failed};
         }).error;
}

accepted socket::accept() {
    std::error_code ec;
    accepted a = accept(ec);
    if (ec) fail(ec, "accept");
    return a;
}

accepted socket::accept(std::error_code& ec) noexcept {
    accepted a;
    ec = observed(call_kind::accept, 0, &a.client, &a.connection.id_, [&]() -> io_result {
             std::error_code failed;
             std::unique_ptr<network_socket> made;
             do {  // accept(2): a connection that its client has given up is no matter of the listener's
                 network_socket* s = here_to_block(failed);
                 if (s == nullptr) return {0, failed};
                 failed = s->accept(made, a.client);
             } while (failed == std::errc::connection_aborted || failed == std::errc::interrupted);
             if (failed) return {0, failed};
             a.client = a.client.unmapped();
             a.connection = socket(std::move(made), family_, type_, a.client);
             return {};
         }).error;
    return a;
}

void socket::connect(address server) {
    std::error_code ec;
    connect(server, ec);
    if (ec == errc::bad_address) detail::throw_bad_address("connect", server);
    if (ec == errc::cancelled) throw cancelled();
    if (ec) throw error(ec, "connect", "connect to " + server.to_string());
}

void socket::connect(address server, std::error_code& ec) noexcept {
    const endpoint e = native(server, ec);
    if (ec) return;
    ec = observed(call_kind::connect, 0, &e, nullptr, [&]() -> io_result {
             std::error_code failed;
             network_socket* s = here_to_block(failed);
             return {0, s != nullptr ? s->connect(e) : failed};
         }).error;
    if (!ec) peer_ = e.unmapped();
}

// --- ending ---------------------------------------------------------------------------------------------------------

void socket::shutdown(direction how) {
    std::error_code ec;
    shutdown(how, ec);
    if (ec) fail(ec, "shutdown");
}

void socket::shutdown(direction how, std::error_code& ec) noexcept {
    ec = observed(call_kind::shutdown, static_cast<std::size_t>(how), &peer_, nullptr, [&]() -> io_result {
             std::error_code failed;
             network_socket* s = here(failed);
             return {0, s != nullptr ? s->shutdown(how) : failed};
         }).error;
}

socket::~socket() { close(); }

socket& socket::operator=(socket&& other) noexcept {
    if (this == &other) return *this;
    close();
    impl_ = std::move(other.impl_);
    id_ = other.id_;
    peer_ = other.peer_;
    family_ = other.family_;
    type_ = other.type_;
    return *this;
}

void socket::close() noexcept {
    if (impl_ == nullptr || !impl_->is_open()) return;
    observed(call_kind::close, 0, &peer_, nullptr, [&]() -> io_result { return {0, impl_->close()}; });
    detail::counts_of_this_thread().closed.add(1);
}

void socket::reset() noexcept {
    std::error_code ignored;
    set(option::linger{std::chrono::seconds(0)}, ignored);
    close();
}

farewell socket::close_gracefully(std::chrono::nanoseconds limit) {
    const deadline within(limit);
    std::error_code ec;
    shutdown(direction::send, ec);
    if (!ec) {
        constexpr std::size_t sink_size = 16 * 1024;
        const std::unique_ptr<std::byte[]> sink(new (std::nothrow) std::byte[sink_size]);
        if (!sink) ec = std::make_error_code(std::errc::not_enough_memory);
        while (!ec && recv({sink.get(), sink_size}, ec) > 0) {
        }
    }
    if (!ec) {
        close();
        return farewell::finished;
    }
    reset();
    if (ec == errc::cancelled) throw cancelled();
    return farewell::reset;
}

int socket::native_handle() const noexcept { return impl_ != nullptr && impl_->is_open() ? impl_->descriptor() : -1; }

}  // namespace cardea
