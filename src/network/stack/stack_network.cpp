// Opening sockets on the host, keeping the list of them, and their ends away from home.
#include "network/stack/stack_network.hpp"

#include <algorithm>
#include <charconv>
#include <new>
#include <utility>

#include "network/stack/stack_socket.hpp"
#include "network/stack/translate.hpp"

namespace cardea::detail {

constinit std::mutex stack_network::ends;

namespace {

tcpip::host_config watched_by(tcpip::host_observer& watcher, tcpip::host_config config) {
    config.observer = &watcher;
    return config;
}

}  // namespace

stack_network::stack_network(const tcpip::host_config& config, std::string link_name)
    : link_name_(std::move(link_name)), host_(watched_by(*this, config)), random_(~config.seed) {}

stack_network::~stack_network() {
    std::lock_guard held(ends);
    for (stack_socket* s = first_; s != nullptr; s = s->next) s->orphan();
}

void stack_network::capture(std::shared_ptr<capture_file> to, std::string_view host_name) {
    captured_as_ = to->add_host(host_name);
    capture_ = std::move(to);
}

// Noted when its fate is known. What it calls forth comes later: the host sends when it is polled.
void stack_network::take_in(tcpip::bytes_view packet, const tcpip::packet_meta& meta) {
    refused_ = tcpip::drop_reason::none;
    host_.ingress(packet, meta, now_ns());
    if (!capture_) return;
    const bool refused = refused_ != tcpip::drop_reason::none;
    capture_->packet(captured_as_, wall_clock_ns(), tcpip::packet_view(packet, meta), tcpip::packet_direction::inbound,
                     refused ? "dropped: " : "", refused ? tcpip::name(refused_) : "");
}

void stack_network::note_sent(const tcpip::packet_view& packet, std::string_view comment) noexcept {
    if (!capture_) return;
    capture_->packet(captured_as_, wall_clock_ns(), packet, tcpip::packet_direction::outbound, comment);
}

void stack_network::dropped(const tcpip::packet_view&, tcpip::drop_reason why) { refused_ = why; }

void stack_network::looped(const tcpip::packet_view& packet) {
    talks_to_itself_ = true;
    note_sent(packet, "to the host itself");
}

std::error_code stack_network::open(family f, type t, int protocol, std::unique_ptr<network_socket>& out) noexcept {
    constexpr int tcp = 6;
    constexpr int udp = 17;
    const bool elsewhere = f == family::local || f == family::packet;
    if (elsewhere || t == type::seqpacket || t == type::raw) return errc::not_supported;
    if (f == family::unspecified) return std::make_error_code(std::errc::address_family_not_supported);
    const bool stream = t == type::stream;
    if (protocol != 0 && protocol != (stream ? tcp : udp)) {
        return std::make_error_code(std::errc::protocol_not_supported);
    }
    const auto version = f == family::inet ? tcpip::ip_version::v4 : tcpip::ip_version::v6;
    try {
        std::unique_ptr<tcpip::socket> inner = stream ? host_.open_tcp(version) : host_.open_udp(version);
        if (!inner) return std::make_error_code(std::errc::too_many_files_open_in_system);
        out.reset(make(std::move(inner), f, t));
    } catch (const std::bad_alloc&) {
        out.reset();
    }
    return out ? std::error_code() : std::make_error_code(std::errc::not_enough_memory);
}

std::error_code stack_network::adopt(native_socket&&, std::unique_ptr<network_socket>&) noexcept {
    return errc::wrong_network;
}

stack_socket* stack_network::make(std::unique_ptr<tcpip::socket> inner, family f, type t) noexcept {
    std::lock_guard held(ends);
    try {  // all of them may be abandoned, when nothing may fail
        const std::size_t all = abandoned_.size() + sockets() + 1;
        if (all > abandoned_.capacity()) abandoned_.reserve(std::max(all, 2 * abandoned_.capacity()));
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
    auto* made = new (std::nothrow) stack_socket(*this, std::move(inner), f, t);
    if (made == nullptr) return nullptr;
    made->next = first_;
    if (first_ != nullptr) first_->previous = made;
    first_ = made;
    ++sockets_;
    return made;
}

void stack_network::forget(stack_socket& s) noexcept {
    *(s.previous == nullptr ? &first_ : &s.previous->next) = s.next;
    if (s.next != nullptr) s.next->previous = s.previous;
    s.next = s.previous = nullptr;
    --sockets_;
}

void stack_network::abandon(stack_socket& s, std::unique_ptr<tcpip::socket> inner) noexcept {
    forget(s);
    abandoned_.push_back(std::move(inner));
    any_abandoned_.store(true, std::memory_order_release);
    poke();
}

void stack_network::go_down(std::error_code why) noexcept {
    down_ = why;
    link_gone_.set();
    std::lock_guard held(ends);
    for (stack_socket* s = first_; s != nullptr; s = s->next) s->look_again();
}

void stack_network::collect_abandoned() noexcept {
    if (!any_abandoned_.load(std::memory_order_acquire)) return;
    std::lock_guard held(ends);
    any_abandoned_.store(false, std::memory_order_relaxed);
    for (const auto& s : abandoned_) s->close(now_ns());
    abandoned_.clear();
}

std::error_code stack_network::resolve(const std::string& host, const std::string& service,
                                       std::vector<endpoint>& out) noexcept {
    try {
        return resolve_localhost(host, port_of(service), out) ? std::error_code() : errc::name_not_found;
    } catch (const std::bad_alloc&) {
        return std::make_error_code(std::errc::not_enough_memory);
    }
}

bool is_localhost(std::string_view host) noexcept { return host == "localhost" || host.ends_with(".localhost"); }

bool resolve_localhost(const std::string& host, std::uint16_t port, std::vector<endpoint>& out) {
    if (!is_localhost(host)) return false;
    out = {endpoint::loopback(family::inet6, port), endpoint::loopback(family::inet, port)};
    return true;
}

std::uint16_t port_of(const std::string& service) noexcept {
    std::uint16_t port = 0;
    const char* end = service.data() + service.size();
    const auto [stop, failed] = std::from_chars(service.data(), end, port);
    return failed == std::errc() && stop == end ? port : well_known_port(service);
}

}  // namespace cardea::detail
