// Where a socket is: an IPv4 or IPv6 address with a port, or a Unix-domain name; parsed from text and printed.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <system_error>

namespace cardea {

/// Address families (socket(2)). `local` is AF_UNIX: the name `unix` is a macro in GNU mode. `packet` is AF_PACKET, the
/// link layer (raw.hpp).
enum class family : std::uint8_t { unspecified, inet, inet6, local, packet };

/// The address of one end of a socket, as `sockaddr` holds it, with value semantics.
///
/// Text forms, read by parse() and written by to_string():
///   "192.0.2.1:80"  "[2001:db8::1]:http"  "[fe80::1%eth0]:7"  "*:7" and ":7" (every address, IPv6 and IPv4)
///   "unix:/run/app.sock"  "unix:@name" (Linux's abstract names, unix(7))
/// A port is a number 0-65535 or the name of a well-known service ("http"); no /etc/services is needed for those.
/// IPv6 text is written as RFC 5952 says. Thread-safe as a value: distinct objects never share state.
class endpoint {
  public:
    /// No address: family::unspecified.
    endpoint() noexcept = default;

    /// Reads numeric text. Throws cardea::error (errc::bad_address) saying what is wrong with which part. Host names
    /// are refused here: resolving blocks, and is what connect() and resolve() do.
    static endpoint parse(std::string_view text);
    static endpoint parse(std::string_view text, std::error_code& ec) noexcept;
    /// From the bytes of an address, as they go over the wire; the port is a plain number.
    static endpoint inet(std::array<std::uint8_t, 4> address, std::uint16_t port) noexcept;
    static endpoint inet6(std::array<std::uint8_t, 16> address, std::uint16_t port, std::uint32_t scope = 0) noexcept;
    /// The wildcard (0.0.0.0 or ::) and the loopback (127.0.0.1 or ::1) of a family.
    static endpoint any(family f, std::uint16_t port) noexcept;
    static endpoint loopback(family f, std::uint16_t port) noexcept;
    /// A Unix name: a path, or with a leading '@' an abstract name. At most 107 bytes; longer: errc::bad_address.
    static endpoint local(std::string_view name);
    static endpoint local(std::string_view name, std::error_code& ec) noexcept;
    /// What kind of address it is. IPv4 and IPv6 are IP.
    [[nodiscard]] cardea::family family() const noexcept;
    [[nodiscard]] bool is_ip() const noexcept;
    /// 0 for Unix names.
    [[nodiscard]] std::uint16_t port() const noexcept;
    [[nodiscard]] endpoint with_port(std::uint16_t port) const noexcept;
    [[nodiscard]] std::uint32_t scope() const noexcept;
    /// The address bytes; for IPv4 the last four of a v4-mapped address (RFC 4291 2.5.5.2).
    [[nodiscard]] std::array<std::uint8_t, 16> address_bytes() const noexcept;
    /// The Unix name, an abstract one with a leading '@'; empty for an unnamed socket and for IP.
    [[nodiscard]] std::string name() const;
    [[nodiscard]] bool is_any() const noexcept;
    [[nodiscard]] bool is_loopback() const noexcept;
    [[nodiscard]] bool is_multicast() const noexcept;

    /// ::ffff:192.0.2.1 as 192.0.2.1; every other endpoint unchanged. What accept() and recv_from() report is unmapped.
    [[nodiscard]] endpoint unmapped() const noexcept;
    /// 192.0.2.1 as ::ffff:192.0.2.1, for use on a dual-stack IPv6 socket; every other endpoint unchanged.
    [[nodiscard]] endpoint mapped() const noexcept;

    /// "192.0.2.1:80", "[::1]:80", "unix:/path", "unix:@name", "unix:" (unnamed), "(none)".
    [[nodiscard]] std::string to_string() const;
    /// The part before the port, without brackets: "192.0.2.1", "fe80::1%eth0".
    [[nodiscard]] std::string host() const;

    friend bool operator==(const endpoint& a, const endpoint& b) noexcept;
    friend std::strong_ordering operator<=>(const endpoint& a, const endpoint& b) noexcept;

    /// The system's sockaddr of it, for calls of one's own.
    [[nodiscard]] const void* native() const noexcept { return storage_.data(); }
    [[nodiscard]] std::size_t native_size() const noexcept { return size_; }
    /// From a sockaddr the system filled in. Unknown families and impossible sizes give an unspecified endpoint.
    static endpoint from_native(const void* sockaddr, std::size_t size) noexcept;
    static constexpr std::size_t native_capacity = 112;

  private:
    alignas(8) std::array<unsigned char, native_capacity> storage_{};
    std::uint16_t size_ = 0;
};

bool operator==(const endpoint& a, const endpoint& b) noexcept;  ///< The same family, address, scope and port.
std::strong_ordering operator<=>(const endpoint& a, const endpoint& b) noexcept;  ///< Any order, for maps.

/// How a call is told where to bind, connect or send to: an endpoint, or text in endpoint::parse()'s forms.
/// Borrows its argument for the call. Calls that resolve names say so; the others refuse a host name.
class address {
  public:
    address(const char* text) noexcept : text_(text) {}
    address(std::string_view text) noexcept : text_(text) {}
    address(const std::string& text) noexcept : text_(text) {}
    address(const endpoint& known) noexcept : known_(&known) {}

    /// The endpoint it names without asking anybody; a host name is errc::bad_address.
    [[nodiscard]] endpoint numeric(std::error_code& ec) const noexcept;
    [[nodiscard]] const endpoint* known() const noexcept { return known_; }
    [[nodiscard]] std::string_view text() const noexcept { return text_; }
    [[nodiscard]] std::string to_string() const;

  private:
    std::string_view text_;
    const endpoint* known_ = nullptr;
};

/// "host:service" split in two, brackets removed: {"example.org", "http"}, {"::1", "80"}, {"*", "7"}.
struct host_and_service {
    std::string_view host;     ///< without brackets
    std::string_view service;  ///< a number or a name
    bool bracketed = false;    ///< the host stood in brackets
};
host_and_service split_address(std::string_view text, std::error_code& ec) noexcept;  ///< errc::bad_address: it is none

/// The port of a well-known service ("http" is 80), from Cardea's own table, then the system's; 0 if nobody knows it.
std::uint16_t well_known_port(std::string_view service) noexcept;

}  // namespace cardea

template <>
struct std::hash<cardea::endpoint> {
    std::size_t operator()(const cardea::endpoint& e) const noexcept;
};
