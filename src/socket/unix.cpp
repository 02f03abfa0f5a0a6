// Unix-domain sockets: names that are files are made, taken over when stale, and removed.
#include <cardea/network.hpp>
#include <cardea/unix.hpp>
#include <filesystem>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include "socket/address_text.hpp"

namespace cardea {

namespace {

namespace fs = std::filesystem;

std::string path_of(const endpoint& e) {
    std::string name = e.name();
    return name.empty() || name.front() == '@' ? std::string() : name;
}

void remove_path(std::string& path) noexcept {
    if (path.empty()) return;
    std::error_code ignored;
    fs::remove(path, ignored);
    path.clear();
}

// Nobody answers at a path whose owner has gone without removing it. Asked without waiting, whoever asks: the kernel
// knows at once, and no deadline or cancellation of the caller's may be taken for the answer.
bool is_stale(const endpoint& where, const std::string& path, type t) noexcept {
    std::error_code ec;
    if (path.empty() || !fs::is_socket(path, ec)) return false;
    std::unique_ptr<network_socket> probe;
    if (thread_network().open(family::local, t, 0, probe)) return false;
    return probe->begin_connect(where) == std::errc::connection_refused;
}

[[noreturn]] void throw_bad_name(address where, const char* operation) {
    std::error_code unreadable;
    if (where.known() == nullptr) static_cast<void>(endpoint::parse(where.text(), unreadable));
    if (unreadable) detail::throw_bad_address(operation, where.text());
    throw error(errc::bad_address, operation,
                std::string(operation) + " " + where.to_string() + " (a Unix name begins with \"unix:\")");
}

// Binds, taking a stale path over. `path` is what is to be removed in the end.
std::error_code bind_name(address where, type t, socket& out, std::string& path) noexcept try {
    std::error_code ec;
    const endpoint e = where.numeric(ec);
    if (!ec && e.family() != family::local) ec = errc::bad_address;
    if (ec) return ec;
    socket s(family::local, t, 0, ec);
    if (ec) return ec;
    std::string name = path_of(e);
    s.bind(e, ec);
    if (ec == std::errc::address_in_use && is_stale(e, name, t)) {
        fs::remove(name, ec);
        s.bind(e, ec);
    }
    if (ec) return ec;
    out = std::move(s);
    path = std::move(name);
    return {};
} catch (const std::bad_alloc&) {
    return std::make_error_code(std::errc::not_enough_memory);
}

std::error_code connect_to(address server, socket& out) noexcept {
    std::error_code ec;
    const endpoint e = server.numeric(ec);
    if (!ec && e.family() != family::local) ec = errc::bad_address;
    if (ec) return ec;
    socket s(family::local, type::stream, 0, ec);
    if (!ec) s.connect(e, ec);
    if (!ec) out = std::move(s);
    return ec;
}

}  // namespace

unix_stream unix_stream::connect(address server) {
    socket s;
    const std::error_code ec = connect_to(server, s);
    if (ec == errc::bad_address) throw_bad_name(server, "connect to");
    if (ec == errc::cancelled) throw cancelled();
    if (ec) throw error(ec, "connect", "connect to " + server.to_string());
    return unix_stream(std::move(s));
}

unix_stream unix_stream::connect(address server, std::error_code& ec) noexcept {
    socket s;
    ec = connect_to(server, s);
    return unix_stream(std::move(s));
}

unix_listener::unix_listener(address where, int backlog) {
    std::error_code ec = bind_name(where, type::stream, socket_, path_);
    if (ec == errc::bad_address) throw_bad_name(where, "listen on");
    if (ec) throw error(ec, "bind", "bind " + where.to_string());
    socket_.listen(backlog, ec);
    if (!ec) return;
    remove_path(path_);
    throw error(ec, "listen", "listen on " + where.to_string());
}

unix_listener::unix_listener(address where, int backlog, std::error_code& ec) noexcept {
    ec = bind_name(where, type::stream, socket_, path_);
    if (!ec) socket_.listen(backlog, ec);
    if (ec) close();
}

unix_listener::unix_listener(socket&& listening) : socket_(std::move(listening)), path_(path_of(socket_.local())) {}

unix_listener::unix_listener(unix_listener&& other) noexcept
    : socket_(std::move(other.socket_)), path_(std::exchange(other.path_, {})) {}

unix_listener& unix_listener::operator=(unix_listener&& other) noexcept {
    if (this == &other) return *this;
    close();
    socket_ = std::move(other.socket_);
    path_ = std::exchange(other.path_, {});
    return *this;
}

unix_listener::~unix_listener() { close(); }

unix_stream unix_listener::accept() { return unix_stream(std::move(socket_.accept().connection)); }

unix_stream unix_listener::accept(std::error_code& ec) noexcept {
    return unix_stream(std::move(socket_.accept(ec).connection));
}

void unix_listener::close() noexcept {
    remove_path(path_);
    socket_.close();
}

unix_datagram unix_datagram::open() {
    unix_datagram d;
    d.socket_ = socket(family::local, type::datagram);
    return d;
}

unix_datagram unix_datagram::open(std::error_code& ec) noexcept {
    unix_datagram d;
    d.socket_ = socket(family::local, type::datagram, 0, ec);
    return d;
}

unix_datagram unix_datagram::bind(address where) {
    std::error_code ec;
    unix_datagram d = bind(where, ec);
    if (ec == errc::bad_address) throw_bad_name(where, "bind");
    if (ec) throw error(ec, "bind", "bind " + where.to_string());
    return d;
}

unix_datagram unix_datagram::bind(address where, std::error_code& ec) noexcept {
    unix_datagram d;
    ec = bind_name(where, type::datagram, d.socket_, d.path_);
    return d;
}

unix_datagram::unix_datagram(unix_datagram&& other) noexcept
    : socket_(std::move(other.socket_)), path_(std::exchange(other.path_, {})) {}

unix_datagram& unix_datagram::operator=(unix_datagram&& other) noexcept {
    if (this == &other) return *this;
    close();
    socket_ = std::move(other.socket_);
    path_ = std::exchange(other.path_, {});
    return *this;
}

unix_datagram::~unix_datagram() { close(); }

void unix_datagram::close() noexcept {
    remove_path(path_);
    socket_.close();
}

}  // namespace cardea
