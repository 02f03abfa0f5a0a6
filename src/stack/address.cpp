// Classification and text form of addresses. Uses address.hpp only.
#include "stack/address.hpp"

#include <algorithm>

namespace cardea::stack {

bool ip_address::is_unspecified() const {
    return std::all_of(bytes.begin(), bytes.end(), [](auto b) { return b == 0; });
}

bool ip_address::is_loopback() const {
    if (is_v4()) return bytes[0] == 127;
    return is_v6() && *this == loopback_v6();
}

bool ip_address::is_multicast() const {
    if (is_v4()) return (bytes[0] & 0xf0) == 0xe0;
    return is_v6() && bytes[0] == 0xff;
}

bool ip_address::is_link_local() const {
    if (is_v4()) return bytes[0] == 169 && bytes[1] == 254;
    return is_v6() && bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80;
}

bool ip_address::is_v4_mapped() const {
    return is_v6() && std::all_of(bytes.begin(), bytes.begin() + 10, [](auto b) { return b == 0; }) &&
           bytes[10] == 0xff && bytes[11] == 0xff;
}

ip_address ip_address::to_v4_mapped() const {
    if (!is_v4()) return *this;
    return v6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, bytes[0], bytes[1], bytes[2], bytes[3]});
}

ip_address ip_address::unmapped() const {
    return is_v4_mapped() ? v4(bytes[12], bytes[13], bytes[14], bytes[15]) : *this;
}

namespace {

std::optional<unsigned> parse_decimal(std::string_view text, unsigned limit) {
    if (text.empty() || text.size() > 5 || (text.size() > 1 && text[0] == '0')) return std::nullopt;
    unsigned value = 0;
    for (char c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + static_cast<unsigned>(c - '0');
    }
    if (value > limit) return std::nullopt;
    return value;
}

std::optional<ip_address> parse_v4(std::string_view text) {
    ip_address r = ip_address::any_v4();
    for (std::size_t i = 0; i < 4; ++i) {
        auto const dot = i < 3 ? text.find('.') : text.size();
        if (dot == std::string_view::npos) return std::nullopt;
        auto const part = parse_decimal(text.substr(0, dot), 255);
        if (!part) return std::nullopt;
        r.bytes[i] = static_cast<std::uint8_t>(*part);
        text.remove_prefix(i < 3 ? dot + 1 : dot);
    }
    return r;
}

std::optional<unsigned> parse_group(std::string_view text) {
    if (text.empty() || text.size() > 4) return std::nullopt;
    unsigned value = 0;
    for (char c : text) {
        unsigned digit = 0;
        if (c >= '0' && c <= '9')
            digit = static_cast<unsigned>(c - '0');
        else if (c >= 'a' && c <= 'f')
            digit = static_cast<unsigned>(c - 'a') + 10;
        else if (c >= 'A' && c <= 'F')
            digit = static_cast<unsigned>(c - 'A') + 10;
        else
            return std::nullopt;
        value = value * 16 + digit;
    }
    return value;
}

/// Groups of one side of "::" into `out`; returns the bytes written, or nothing when malformed or too long.
std::optional<std::size_t> parse_groups(std::string_view text, std::array<std::uint8_t, 16>& out) {
    std::size_t n = 0;
    while (!text.empty()) {
        auto const colon = text.find(':');
        auto const part = text.substr(0, colon);
        if (colon == std::string_view::npos && part.find('.') != std::string_view::npos) {
            auto const tail = parse_v4(part);
            if (!tail || n + 4 > 16) return std::nullopt;
            std::copy_n(tail->bytes.begin(), 4, out.begin() + static_cast<std::ptrdiff_t>(n));
            return n + 4;
        }
        auto const group = parse_group(part);
        if (!group || n + 2 > 16) return std::nullopt;
        out[n++] = static_cast<std::uint8_t>(*group >> 8);
        out[n++] = static_cast<std::uint8_t>(*group & 0xff);
        if (colon == std::string_view::npos) break;
        text.remove_prefix(colon + 1);
        if (text.empty()) return std::nullopt;
    }
    return n;
}

std::optional<ip_address> parse_v6(std::string_view text) {
    std::array<std::uint8_t, 16> head{};
    auto const gap = text.find("::");
    auto const head_size = parse_groups(text.substr(0, gap), head);
    if (!head_size) return std::nullopt;
    if (gap == std::string_view::npos) return *head_size == 16 ? std::optional{ip_address::v6(head)} : std::nullopt;
    std::array<std::uint8_t, 16> tail{};
    auto const tail_size = parse_groups(text.substr(gap + 2), tail);
    if (!tail_size || *head_size + *tail_size > 14) return std::nullopt;
    std::copy_n(tail.begin(), *tail_size, head.end() - static_cast<std::ptrdiff_t>(*tail_size));
    return ip_address::v6(head);
}

std::string v4_text(std::uint8_t const* b) {
    std::string r;
    for (std::size_t i = 0; i < 4; ++i) {
        if (i != 0) r += '.';
        r += std::to_string(b[i]);
    }
    return r;
}

std::string v6_text(std::array<std::uint8_t, 16> const& b) {
    auto const group = [&b](std::size_t i) { return (unsigned{b[2 * i]} << 8) | b[2 * i + 1]; };
    std::size_t best = 8;
    std::size_t best_length = 1;  // RFC 5952 section 4.2.2: a single zero group is not shortened
    for (std::size_t i = 0; i < 8;) {
        std::size_t end = i;
        while (end < 8 && group(end) == 0) ++end;
        if (end - i > best_length) best = i, best_length = end - i;
        i = end + 1;
    }
    static constexpr char digits[] = "0123456789abcdef";
    std::string r;
    for (std::size_t i = 0; i < 8;) {
        if (i == best) {
            r += "::";
            i += best_length;
            continue;
        }
        if (!r.empty() && r.back() != ':') r += ':';
        bool started = false;
        for (int shift = 12; shift >= 0; shift -= 4) {
            auto const digit = (group(i) >> shift) & 0xf;
            started = started || digit != 0 || shift == 0;
            if (started) r += digits[digit];
        }
        ++i;
    }
    return r;
}

}  // namespace

std::optional<ip_address> ip_address::parse(std::string_view text) {
    if (text.find(':') == std::string_view::npos) return parse_v4(text);
    return parse_v6(text);
}

bool ip_prefix::contains(ip_address const& other) const {
    if (other.version != address.version) return false;
    std::size_t const whole = length / 8U;
    if (!std::equal(address.bytes.begin(), address.bytes.begin() + static_cast<std::ptrdiff_t>(whole),
                    other.bytes.begin()))
        return false;
    unsigned const rest = length % 8U;
    if (rest == 0) return true;
    auto const mask = static_cast<std::uint8_t>(0xff00U >> rest);
    return (address.bytes[whole] & mask) == (other.bytes[whole] & mask);
}

ip_address ip_prefix::broadcast() const {
    if (!address.is_v4() || length > 30) return {};
    return ip_address::v4(address.v4_value() | (0xffffffffU >> length));
}

std::optional<ip_prefix> ip_prefix::parse(std::string_view text) {
    auto const slash = text.find('/');
    auto const address = ip_address::parse(text.substr(0, slash));
    if (!address) return std::nullopt;
    auto const bits = static_cast<unsigned>(address->size() * 8);
    if (slash == std::string_view::npos) return ip_prefix{*address, static_cast<std::uint8_t>(bits)};
    auto const length = parse_decimal(text.substr(slash + 1), bits);
    if (!length) return std::nullopt;
    return ip_prefix{*address, static_cast<std::uint8_t>(*length)};
}

std::string to_string(ip_address const& address) {
    if (address.is_v4()) return v4_text(address.bytes.data());
    if (address.is_v4_mapped()) return std::string{"::ffff:"}.append(v4_text(address.bytes.data() + 12));
    if (address.is_v6()) return v6_text(address.bytes);
    return "none";
}

std::string to_string(endpoint const& e) {
    std::string r;
    if (e.address.is_v6()) r += '[';
    r += to_string(e.address);
    if (e.address.is_v6()) r += ']';
    r += ':';
    r += std::to_string(e.port);
    return r;
}

}  // namespace cardea::stack
