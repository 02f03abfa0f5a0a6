// Addresses as text: endpoint::parse() and to_string(), split_address(), and why text is no address.
// Address bytes are read and written by the system's inet_pton(3) and inet_ntop(3).
#include <algorithm>
#include <array>
#include <cardea/error.hpp>
#include <cardea/network.hpp>
#include <charconv>
#include <cstddef>
#include <cstdio>
#include <cstring>

#include "socket/address_text.hpp"
#include "socket/sockaddr.hpp"
#include "socket/visible.hpp"

namespace cardea {

namespace detail {
namespace {

constexpr std::string_view unix_prefix = "unix:";
constexpr std::size_t path_offset = offsetof(sockaddr_un, sun_path);
constexpr std::size_t longest_unix_name = sizeof(sockaddr_un) - path_offset - 1;
constexpr std::size_t longest_shown = 80;

bool fail(reason& why, address_fault fault, std::string_view part) noexcept {
    why = {fault, part};
    return false;
}

/// The first byte that no host, scope or port has.
address_fault alien_byte(std::string_view text) noexcept {
    for (const char c : text) {
        if (c == '\0') return address_fault::nul_byte;
        if (c == ' ' || c == '\t' || c == '\n' || c == '\r') return address_fault::blank;
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return address_fault::control_byte;
    }
    return address_fault::none;
}

/// inet_pton(3) wants a NUL; what does not fit the longest form of an address is none.
bool address_bytes(int af, std::string_view text, void* out) noexcept {
    char copy[INET6_ADDRSTRLEN];
    if (text.size() >= sizeof copy) return false;
    std::memcpy(copy, text.data(), text.size());
    copy[text.size()] = '\0';
    return ::inet_pton(af, copy, out) == 1;
}

/// "0x7f.1", "127.1", "010.0.0.1", "2130706433": what inet_aton(3) takes and people read otherwise. No DNS name ends
/// in a number, so that nothing else is lost by refusing them.
bool ends_in_number(std::string_view host) noexcept {
    if (!host.empty() && host.back() == '.') host.remove_suffix(1);
    const auto label = host.substr(host.rfind('.') + 1);
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    const bool hexadecimal = label.size() >= 2 && label[0] == '0' && (label[1] == 'x' || label[1] == 'X');
    return hexadecimal || (!label.empty() && std::all_of(label.begin(), label.end(), digit));
}

/// All of `text` is a decimal number; out of range is told apart.
template <class Number>
std::errc decimal(std::string_view text, Number& out) noexcept {
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
    return end == text.data() + text.size() ? ec : std::errc::invalid_argument;
}

/// "eth0" or "2", after the '%' (RFC 4007 11.2).
bool parse_scope(std::string_view text, std::uint32_t& out, reason& why) noexcept {
    if (text.empty()) return fail(why, address_fault::no_interface, text);
    if (decimal(text, out) == std::errc{}) return true;
    if (text.size() >= IF_NAMESIZE) return fail(why, address_fault::unknown_interface, text);
    try {
        out = this_network().interface_index(std::string(text));
    } catch (...) {  // no memory for the name
        out = 0;
    }
    return out != 0 || fail(why, address_fault::unknown_interface, text);
}

bool parse_inet6(std::string_view host, std::uint16_t port, endpoint& out, reason& why) noexcept {
    const auto percent = host.find('%');
    std::array<std::uint8_t, 16> bytes{};
    std::uint32_t scope = 0;
    if (!address_bytes(AF_INET6, host.substr(0, percent), bytes.data())) {
        return fail(why, address_fault::not_ipv6, host);
    }
    if (percent != std::string_view::npos && !parse_scope(host.substr(percent + 1), scope, why)) return false;
    out = endpoint::inet6(bytes, port, scope);
    return true;
}

bool parse_host(const host_and_service& parts, endpoint& out, reason& why) noexcept {
    if (parts.bracketed) return parse_inet6(parts.host, 0, out, why);
    std::array<std::uint8_t, 4> bytes{};
    if (parts.host == "*") {
        out = endpoint::any(family::inet6, 0);
    } else if (address_bytes(AF_INET, parts.host, bytes.data())) {
        out = endpoint::inet(bytes, 0);
    } else {
        return fail(why, ends_in_number(parts.host) ? address_fault::not_ipv4 : address_fault::host_name, parts.host);
    }
    return true;
}

/// The name only where this network gives the same number back: a simulated host has interfaces of its own.
std::string scope_text(std::uint32_t scope) {
    char name[IF_NAMESIZE] = {};
    std::uint32_t again = 0;
    reason ignored;
    if (::if_indextoname(scope, name) != nullptr && alien_byte(name) == address_fault::none &&
        parse_scope(name, again, ignored) && again == scope) {
        return name;
    }
    return std::to_string(scope);
}

std::string inet6_text(const std::array<std::uint8_t, 16>& bytes) {
    char out[INET6_ADDRSTRLEN] = {};
    ::inet_ntop(AF_INET6, bytes.data(), out, sizeof out);
    // glibc writes every ::/96 with a dotted tail; RFC 5952 5 wants that for the v4-mapped prefix only.
    const bool low_only = std::all_of(bytes.begin(), bytes.begin() + 12, [](std::uint8_t b) { return b == 0; });
    if (low_only && std::strchr(out, '.') != nullptr) {
        std::snprintf(out, sizeof out, "::%x:%x", static_cast<unsigned>(bytes[12] << 8 | bytes[13]),
                      static_cast<unsigned>(bytes[14] << 8 | bytes[15]));
    }
    return out;
}

}  // namespace

bool split_address(std::string_view text, host_and_service& out, reason& why) noexcept {
    if (text.empty()) return fail(why, address_fault::empty, text);
    if (const auto alien = alien_byte(text); alien != address_fault::none) return fail(why, alien, text);

    if (text.front() == '[') {
        const auto close = text.rfind(']');
        if (close == std::string_view::npos) return fail(why, address_fault::unmatched_bracket, text);
        const auto rest = text.substr(close + 1);
        if (rest.empty()) return fail(why, address_fault::no_colon, text);
        if (rest.front() != ':') return fail(why, address_fault::after_bracket, rest);
        if (rest.size() == 1) return fail(why, address_fault::no_port, text);
        out = {text.substr(1, close - 1), rest.substr(1), true};
        return true;
    }

    if (text.find_first_of("[]") != std::string_view::npos) return fail(why, address_fault::unmatched_bracket, text);
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) return fail(why, address_fault::no_colon, text);
    if (text.find(':', colon + 1) != std::string_view::npos) return fail(why, address_fault::many_colons, text);
    if (colon + 1 == text.size()) return fail(why, address_fault::no_port, text);
    out = {colon == 0 ? std::string_view("*") : text.substr(0, colon), text.substr(colon + 1), false};
    return true;
}

bool parse_port(std::string_view service, std::uint16_t& out, reason& why) noexcept {
    const auto number = decimal(service, out);
    if (number == std::errc{}) return true;
    if (number == std::errc::result_out_of_range) return fail(why, address_fault::port_too_big, service);
    out = well_known_port(service);
    return out != 0 || fail(why, address_fault::unknown_service, service);
}

bool parse_unix_name(std::string_view name, endpoint& out, reason& why) noexcept {
    if (name.empty()) return fail(why, address_fault::no_unix_name, name);
    const bool abstract = name.front() == '@';
    if (abstract) {
        if (name.size() - 1 > longest_unix_name)
            return fail(why, address_fault::abstract_name_too_long, name.substr(1));
    } else {
        if (name.find('\0') != std::string_view::npos) return fail(why, address_fault::unix_path_nul, name);
        if (name.size() > longest_unix_name) return fail(why, address_fault::unix_path_too_long, name);
    }
    sockaddr_un un{};
    un.sun_family = AF_UNIX;
    std::memcpy(un.sun_path, name.data(), name.size());
    if (abstract) un.sun_path[0] = '\0';
    out = endpoint::from_native(&un, path_offset + name.size());
    return true;
}

bool parse_endpoint(std::string_view text, endpoint& out, reason& why) noexcept {
    if (text.substr(0, unix_prefix.size()) == unix_prefix) {
        return parse_unix_name(text.substr(unix_prefix.size()), out, why);
    }
    host_and_service parts;
    endpoint host;
    std::uint16_t port = 0;
    // The port first: what is then blamed on a host name has nothing else wrong with it, and may be resolved.
    if (!split_address(text, parts, why) || !parse_port(parts.service, port, why) || !parse_host(parts, host, why)) {
        return false;
    }
    out = host.with_port(port);
    return true;
}

std::string describe(const reason& why) {
    const std::string part = visible(why.part, longest_shown);
    const auto bytes = std::to_string(why.part.size());
    const auto longest = std::to_string(longest_unix_name);
    switch (why.fault) {
        case address_fault::none:
            return {};
        case address_fault::empty:
            return "the text is empty";
        case address_fault::nul_byte:
            return "there is a NUL byte in it";
        case address_fault::blank:
            return "there is a space or a line end in it";
        case address_fault::control_byte:
            return "there is a control byte in it";
        case address_fault::no_colon:
            return "there is no port: write host:port";
        case address_fault::no_port:
            return "no port after the colon";
        case address_fault::port_too_big:
            return "port " + part + " is above 65535";
        case address_fault::unknown_service:
            return "no such service '" + part + "'";
        case address_fault::many_colons:
            return "an IPv6 address needs brackets: [::1]:80";
        case address_fault::unmatched_bracket:
            return "unmatched bracket: write [::1]:80";
        case address_fault::after_bracket:
            return "'" + part + "' after the bracket is no port: write [::1]:80";
        case address_fault::not_ipv4:
            return "'" + part + "' is not an IPv4 address: four decimal numbers 0-255";
        case address_fault::not_ipv6:
            return "'" + part + "' is not an IPv6 address";
        case address_fault::host_name:
            return "'" + part + "' is not a numeric address: names are resolved by connect()";
        case address_fault::no_interface:
            return "no interface after the '%'";
        case address_fault::unknown_interface:
            return "unknown interface '" + part + "'";
        case address_fault::no_unix_name:
            return "a Unix address needs a path or a name";
        case address_fault::unix_path_nul:
            return "there is a NUL byte in the Unix path";
        case address_fault::unix_path_too_long:
            return "Unix path of " + bytes + " bytes is longer than " + longest;
        case address_fault::abstract_name_too_long:
            return "abstract Unix name of " + bytes + " bytes is longer than " + longest;
    }
    return {};
}

void throw_bad_address(const char* operation, std::string_view text) {
    endpoint ignored;
    reason why;
    parse_endpoint(text, ignored, why);
    std::string what = std::string(operation) + " \"" + visible(text, longest_shown) + "\"";
    if (why.fault != address_fault::none) what += " (" + describe(why) + ")";
    throw error(errc::bad_address, operation, what);
}

void throw_bad_address(const char* operation, address where) {
    std::error_code ec;
    // It reads well, and is of a kind that this socket has no use for.
    const endpoint e = where.numeric(ec);
    if (!ec) {
        const char* kind = e.family() == family::local         ? " (a Unix name, and here an IP address is needed)"
                           : e.family() == family::unspecified ? " (no address was given)"
                           : e.is_ip()                         ? " (an IP address, and here a Unix name is needed)"
                                                               : " (an address of another kind is needed here)";
        throw error(errc::bad_address, operation, std::string(operation) + " " + e.to_string() + kind);
    }
    throw_bad_address(operation, where.text());
}

}  // namespace detail

endpoint endpoint::parse(std::string_view text) {
    std::error_code ec;
    endpoint out = parse(text, ec);
    if (ec) detail::throw_bad_address("parse", text);
    return out;
}

endpoint endpoint::parse(std::string_view text, std::error_code& ec) noexcept {
    endpoint out;
    detail::reason why;
    ec.clear();
    if (!detail::parse_endpoint(text, out, why)) ec = errc::bad_address;
    return out;
}

endpoint endpoint::local(std::string_view name) {
    endpoint out;
    detail::reason why;
    if (detail::parse_unix_name(name, out, why)) return out;
    throw error(errc::bad_address, "local",
                "local \"" + detail::visible(name, detail::longest_shown) + "\" (" + detail::describe(why) + ")");
}

endpoint endpoint::local(std::string_view name, std::error_code& ec) noexcept {
    endpoint out;
    detail::reason why;
    ec.clear();
    if (!detail::parse_unix_name(name, out, why)) ec = errc::bad_address;
    return out;
}

std::string endpoint::host() const {
    if (family() == family::local) return name();
    const auto bytes = address_bytes();
    if (family() == family::inet) {
        char out[INET_ADDRSTRLEN] = {};
        ::inet_ntop(AF_INET, bytes.data() + 12, out, sizeof out);
        return out;
    }
    if (family() == family::inet6) {
        return detail::inet6_text(bytes) + (scope() != 0 ? "%" + detail::scope_text(scope()) : std::string());
    }
    return {};
}

std::string endpoint::to_string() const {
    if (family() == family::local) return std::string(detail::unix_prefix) + name();
#ifdef __linux__
    if (family() == family::packet) {
        sockaddr_ll link{};
        std::memcpy(&link, storage_.data(), sizeof link);
        return "packet:" + std::to_string(link.sll_ifindex);
    }
#endif
    if (family() == family::inet) return host() + ":" + std::to_string(port());
    if (family() == family::inet6) return "[" + host() + "]:" + std::to_string(port());
    return "(none)";
}

endpoint address::numeric(std::error_code& ec) const noexcept {
    if (known_ == nullptr) return endpoint::parse(text_, ec);
    ec.clear();
    return *known_;
}

std::string address::to_string() const { return known_ != nullptr ? known_->to_string() : std::string(text_); }

host_and_service split_address(std::string_view text, std::error_code& ec) noexcept {
    host_and_service out;
    detail::reason why;
    // A Unix name that parse() refused is no host called "unix".
    const bool is_unix = text.substr(0, detail::unix_prefix.size()) == detail::unix_prefix;
    ec.clear();
    if (is_unix || !detail::split_address(text, out, why)) ec = errc::bad_address;
    return out;
}

}  // namespace cardea
