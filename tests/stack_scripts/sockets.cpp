// See sockets.hpp: the calls.
#include "sockets.hpp"

#include <sys/time.h>

#include <cerrno>
#include <utility>

#include "segment.hpp"

namespace script {

namespace {

result outcome(ssize_t value) { return {value, value < 0 ? errno : 0, {}, {}, {}}; }

int read_flags(words& w) {
    int flags = 0;
    while (!w.empty()) flags |= read_message_flag(w.take("a flag"));
    return flags;
}

}  // namespace

std::string show(result const& r) {
    if (r.value < 0) return error_name(r.error);
    auto text = r.text.empty() ? std::to_string(r.value) : r.text;
    return r.from.empty() ? text : text + " from " + r.from;
}

bool matches(result const& r, std::vector<std::string> const& expected) {
    if (expected.empty()) return r.value >= 0;
    auto const& word = expected.front();
    bool const from_fits = expected.size() < 3 || (expected[1] == "from" && expected[2] == r.from);
    if (expected.size() == 2 || expected.size() > 3) throw failure{"a result is one word, or: SIZE from ADDRESS"};
    if (word.front() == '"') return r.value >= 0 && r.data == word.substr(1) && from_fits;
    return (r.value < 0 ? error_name(r.error) : r.text.empty() ? std::to_string(r.value) : r.text) == word && from_fits;
}

std::string contrast(result const& r, std::vector<std::string> const& expected) {
    if (expected.empty()) return show(r) + ", not success";
    bool const bytes = expected.front().front() == '"';
    std::string wanted;
    for (auto const& word : expected) wanted += (wanted.empty() ? "" : " ") + word + (word.front() == '"' ? "\"" : "");
    return (bytes && r.value >= 0 ? '"' + r.data + '"' : show(r)) + ", not " + wanted;
}

blocked_call::~blocked_call() {
    if (call != nullptr) cardea_stack_call_finish(call, nullptr, nullptr);
}

std::map<std::string, sockets::handler, std::less<>> const& sockets::handlers() {
    static std::map<std::string, handler, std::less<>> const all{
        {"socket", &sockets::socket},
        {"bind", &sockets::bind},
        {"listen", &sockets::listen},
        {"accept", &sockets::accept},
        {"connect", &sockets::connect},
        {"send", &sockets::send},
        {"recv", &sockets::recv},
        {"sendto", &sockets::sendto},
        {"recvfrom", &sockets::recvfrom},
        {"shutdown", &sockets::shutdown},
        {"close", &sockets::close},
        {"abort", &sockets::abort},
        {"setsockopt", &sockets::setsockopt},
        {"getsockopt", &sockets::getsockopt},
        {"poll", &sockets::poll},
        {"getsockname", &sockets::getsockname},
        {"getpeername", &sockets::getpeername},
    };
    return all;
}

bool sockets::is_call(std::string const& verb) { return handlers().count(verb) != 0; }

result sockets::call(std::string const& verb, words& w, std::string const& new_name) {
    auto const r = (this->*handlers().find(verb)->second)(w);
    w.expect_end();
    if (verb == "socket" || verb == "accept") name(new_name, r.value);
    return r;
}

void sockets::name(std::string const& new_name, ssize_t fd) {
    if (fd < 0) return;
    if (new_name.empty()) throw failure{"a new socket needs a name: NAME = ..."};
    open_[new_name] = {static_cast<int>(fd), 0, 0};
}

sockets::entry& sockets::take_socket(words& w) {
    auto const word = w.take("a socket");
    auto const at = open_.find(word);
    if (at == open_.end()) throw failure{"there is no socket \"" + word + "\""};
    return at->second;
}

std::vector<std::uint8_t> sockets::payload(words& w, entry& e) {
    auto const word = w.take("what to send");
    if (word.front() == '"') {
        sends_pattern = false;
        return {word.begin() + 1, word.end()};
    }
    std::vector<std::uint8_t> bytes(read_u32(word));
    auto at = e.sent;
    for (auto& b : bytes) b = pattern(at++);
    return bytes;
}

result sockets::socket(words& w) {
    auto const kind = w.take("tcp, tcp6, udp or udp6");
    bool const v6 = kind.back() == '6';
    bool const tcp = kind == "tcp" || kind == "tcp6";
    if (!tcp && kind != "udp" && kind != "udp6") throw failure{"\"" + kind + "\" is no kind of socket"};
    return outcome(cardea_stack_socket(stack_, v6 ? AF_INET6 : AF_INET, tcp ? SOCK_STREAM : SOCK_DGRAM, 0));
}

result sockets::bind(words& w) {
    auto const& e = take_socket(w);
    socklen_t size = 0;
    auto const a = to_system(read_endpoint(w.take("an address")), size);
    return outcome(cardea_stack_bind(stack_, e.fd, reinterpret_cast<sockaddr const*>(&a), size));
}

result sockets::listen(words& w) {
    auto const& e = take_socket(w);
    return outcome(cardea_stack_listen(stack_, e.fd, static_cast<int>(read_number(w.take("a backlog")))));
}

result sockets::accept(words& w) { return outcome(cardea_stack_accept(stack_, take_socket(w).fd, nullptr, nullptr)); }

result sockets::connect(words& w) {
    auto const& e = take_socket(w);
    socklen_t size = 0;
    auto const a = to_system(read_endpoint(w.take("an address")), size);
    return outcome(cardea_stack_connect(stack_, e.fd, reinterpret_cast<sockaddr const*>(&a), size));
}

result sockets::send(words& w) {
    auto& e = take_socket(w);
    auto const bytes = payload(w, e);
    auto const r = outcome(cardea_stack_send(stack_, e.fd, bytes.data(), bytes.size(), read_flags(w)));
    if (r.value > 0) e.sent += static_cast<std::uint64_t>(r.value);
    return r;
}

result sockets::recv(words& w) {
    auto& e = take_socket(w);
    std::vector<std::uint8_t> buffer(read_u32(w.take("a size")));
    int const flags = read_flags(w);
    auto const n = cardea_stack_recv(stack_, e.fd, buffer.data(), buffer.size(), flags);
    return received(e, n, buffer, (flags & MSG_PEEK) != 0, false);
}

/// What is received is what was sent, at any rate where it is the pattern.
result sockets::received(entry& e, ssize_t n, std::vector<std::uint8_t> const& buffer, bool peek, bool datagram) {
    auto r = outcome(n);
    if (n <= 0) return r;
    r.data.assign(buffer.begin(), buffer.begin() + n);
    if (receives_pattern && !follows_pattern({buffer.begin(), buffer.begin() + n}, datagram ? 0 : e.received))
        throw failure{"received other bytes than the peer sent"};
    if (!peek && !datagram) e.received += static_cast<std::uint64_t>(n);
    return r;
}

result sockets::sendto(words& w) {
    auto& e = take_socket(w);
    e.sent = 0;
    auto const bytes = payload(w, e);
    socklen_t size = 0;
    auto const a = to_system(read_endpoint(w.take("an address")), size);
    auto const* address = reinterpret_cast<sockaddr const*>(&a);
    return outcome(cardea_stack_sendto(stack_, e.fd, bytes.data(), bytes.size(), 0, address, size));
}

result sockets::recvfrom(words& w) {
    auto& e = take_socket(w);
    std::vector<std::uint8_t> buffer(read_u32(w.take("a size")));
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    auto const n = cardea_stack_recvfrom(stack_, e.fd, buffer.data(), buffer.size(), read_flags(w),
                                         reinterpret_cast<sockaddr*>(&from), &size);
    auto r = received(e, n, buffer, false, true);
    if (n >= 0) r.from = show(from_system(from));
    return r;
}

result sockets::shutdown(words& w) {
    auto const& e = take_socket(w);
    auto const how = w.take("read, write or both");
    if (how != "read" && how != "write" && how != "both") throw failure{"\"" + how + "\" is no way to shut down"};
    return outcome(cardea_stack_shutdown(stack_, e.fd, how == "read" ? SHUT_RD : how == "write" ? SHUT_WR : SHUT_RDWR));
}

result sockets::close(words& w) { return outcome(cardea_stack_close(stack_, take_socket(w).fd)); }
result sockets::abort(words& w) { return outcome(cardea_stack_abort(stack_, take_socket(w).fd)); }

result sockets::setsockopt(words& w) {
    auto const& e = take_socket(w);
    auto const& o = find_option(w.take("an option"));
    auto const set = [&](auto const& value) {
        return outcome(cardea_stack_setsockopt(stack_, e.fd, o.level, o.option, &value, sizeof value));
    };
    auto const value = w.take("a value");
    if (o.level == SOL_SOCKET && o.option == SO_LINGER) {
        bool const off = value == "off";
        return set(linger{off ? 0 : 1, off ? 0 : static_cast<int>(read_number(value))});
    }
    if (o.level == SOL_SOCKET && (o.option == SO_RCVTIMEO || o.option == SO_SNDTIMEO)) {
        auto const t = read_duration(value);
        return set(timeval{t / 1'000'000'000, t % 1'000'000'000 / 1000});
    }
    return set(static_cast<int>(read_number(value)));
}

result sockets::getsockopt(words& w) {
    auto const& e = take_socket(w);
    auto const& o = find_option(w.take("an option"));
    int value = 0;
    socklen_t size = sizeof value;
    auto r = outcome(cardea_stack_getsockopt(stack_, e.fd, o.level, o.option, &value, &size));
    if (r.value < 0) return r;
    r.value = value;
    if (o.level == SOL_SOCKET && o.option == SO_ERROR && value != 0) r.text = error_name(value);
    return r;
}

result sockets::poll(words& w) {
    pollfd p{take_socket(w).fd, POLLIN | POLLOUT | POLLPRI, 0};
    auto r = outcome(cardea_stack_poll(stack_, &p, 1, 0));
    if (r.value >= 0) r.text = show_events(p.revents);
    return r;
}

result sockets::getsockname(words& w) {
    sockaddr_storage a{};
    socklen_t size = sizeof a;
    auto r = outcome(cardea_stack_getsockname(stack_, take_socket(w).fd, reinterpret_cast<sockaddr*>(&a), &size));
    if (r.value >= 0) r.text = show(from_system(a));
    return r;
}

result sockets::getpeername(words& w) {
    sockaddr_storage a{};
    socklen_t size = sizeof a;
    auto r = outcome(cardea_stack_getpeername(stack_, take_socket(w).fd, reinterpret_cast<sockaddr*>(&a), &size));
    if (r.value >= 0) r.text = show(from_system(a));
    return r;
}

std::unique_ptr<blocked_call> sockets::begin(std::string const& verb, words& w, std::string const& new_name) {
    auto b = std::make_unique<blocked_call>();
    b->verb = verb;
    b->new_name = new_name;
    b->socket = w.peek();
    auto& e = take_socket(w);
    if (verb == "accept") {
        b->call = cardea_stack_begin_accept(stack_, e.fd);
    } else if (verb == "connect") {
        socklen_t size = 0;
        auto const a = to_system(read_endpoint(w.take("an address")), size);
        b->call = cardea_stack_begin_connect(stack_, e.fd, reinterpret_cast<sockaddr const*>(&a), size);
    } else if (verb == "send") {
        b->buffer = payload(w, e);
        b->call = cardea_stack_begin_send(stack_, e.fd, b->buffer.data(), b->buffer.size(), read_flags(w));
    } else if (verb == "recv") {
        b->buffer.resize(read_u32(w.take("a size")));
        b->call = cardea_stack_begin_recv(stack_, e.fd, b->buffer.data(), b->buffer.size(), read_flags(w));
    } else if (verb == "close") {
        b->call = cardea_stack_begin_close(stack_, e.fd);
    } else {
        throw failure{verb + " does not block"};
    }
    w.expect_end();
    if (b->call == nullptr) throw failure{verb + " could not begin: " + error_name(errno)};
    return b;
}

result sockets::finish(blocked_call& b) {
    auto const n = cardea_stack_call_finish(std::exchange(b.call, nullptr), nullptr, nullptr);
    auto r = outcome(n);
    if (b.verb == "accept") name(b.new_name, n);
    auto const at = open_.find(b.socket);
    if (n > 0 && b.verb == "send") at->second.sent += static_cast<std::uint64_t>(n);
    if (b.verb == "recv") r = received(at->second, n, b.buffer, false, false);
    return r;
}

}  // namespace script
