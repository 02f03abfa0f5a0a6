// Unix-domain sockets: names that are files are made, taken over when stale, and removed.
#include <cardea/network.hpp>
#include <cardea/unix.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

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

endpoint local_endpoint(address where, const char* operation) {
    endpoint e = where.known() != nullptr ? *where.known() : endpoint::parse(where.text());
    if (e.family() == family::local) return e;
    throw error(errc::bad_address, operation,
                std::string(operation) + " " + where.to_string() + " (a Unix name begins with \"unix:\")");
}

// Binds, taking a stale path over. Gives the path to remove in the end.
std::string bind_name(socket& s, const endpoint& where, type t) {
    std::string path = path_of(where);
    std::error_code ec;
    s.bind(where, ec);
    if (ec == std::errc::address_in_use && is_stale(where, path, t)) {
        fs::remove(path, ec);
        s.bind(where, ec);
    }
    if (ec) throw error(ec, "bind", "bind " + where.to_string());
    return path;
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
    if (ec == errc::bad_address) local_endpoint(server, "connect to");  // throws with the reason
    if (ec == errc::cancelled) throw cancelled();
    if (ec) throw error(ec, "connect", "connect to " + server.to_string());
    return unix_stream(std::move(s));
}

unix_stream unix_stream::connect(address server, std::error_code& ec) noexcept {
    socket s;
    ec = connect_to(server, s);
    return unix_stream(std::move(s));
}

unix_listener::unix_listener(address where, int backlog) : socket_(family::local, type::stream) {
    path_ = bind_name(socket_, local_endpoint(where, "listen on"), type::stream);
    std::error_code ec;
    socket_.listen(backlog, ec);
    if (!ec) return;
    remove_path(path_);
    throw error(ec, "listen", "listen on " + where.to_string());
}

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

unix_datagram unix_datagram::bind(address where) {
    unix_datagram d = open();
    d.path_ = bind_name(d.socket_, local_endpoint(where, "bind"), type::datagram);
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
