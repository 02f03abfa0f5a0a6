// Endpoints as values: the sockaddr inside, its fields, its order. Text is in address.cpp.
// The bytes are canonical: a Unix path is stored with one NUL (if there is room), the rest of the storage is zero.
#include <algorithm>
#include <cardea/endpoint.hpp>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "socket/sockaddr.hpp"

namespace cardea {

namespace {

static_assert(endpoint::native_capacity >= sizeof(sockaddr_in6) && endpoint::native_capacity >= sizeof(sockaddr_un));
static_assert(std::is_trivially_copyable_v<endpoint>);

constexpr std::size_t path_offset = offsetof(sockaddr_un, sun_path);
#ifdef __linux__
constexpr std::size_t packet_least = offsetof(sockaddr_ll, sll_addr);  // a short address is given short (packet(7))
#endif
constexpr std::size_t path_capacity = sizeof(sockaddr_un) - path_offset;

/// A copy, as the storage is no object of that type.
template <class Sockaddr>
Sockaddr as(const void* bytes) noexcept {
    Sockaddr out{};
    std::memcpy(&out, bytes, sizeof out);
    return out;
}

std::array<std::uint8_t, 16> mapped_bytes(const in_addr& v4) noexcept {
    std::array<std::uint8_t, 16> out{};
    out[10] = out[11] = 0xff;
    std::memcpy(out.data() + 12, &v4, 4);
    return out;
}

bool is_mapped(const std::array<std::uint8_t, 16>& bytes) noexcept {
    return std::all_of(bytes.begin(), bytes.begin() + 10, [](std::uint8_t b) { return b == 0; }) && bytes[10] == 0xff &&
           bytes[11] == 0xff;
}

/// Everything that makes two endpoints equal, in the order that sorts them.
struct key {
    std::array<unsigned char, 1 + endpoint::native_capacity> bytes{};
    std::size_t size = 0;

    explicit key(const endpoint& e) noexcept {
        add(static_cast<std::uint32_t>(e.family()), 1);
        if (e.is_ip()) {
            const auto address = e.address_bytes();
            std::memcpy(bytes.data() + size, address.data(), address.size());
            size += address.size();
            add(e.port(), 2);
            add(e.scope(), 4);
        } else if (e.native_size() > path_offset) {
            std::memcpy(bytes.data() + size, static_cast<const char*>(e.native()) + path_offset,
                        e.native_size() - path_offset);
            size += e.native_size() - path_offset;
        }
    }

    void add(std::uint32_t value, std::size_t width) noexcept {
        while (width > 0) bytes[size++] = static_cast<unsigned char>(value >> (8 * --width));
    }

    [[nodiscard]] std::string_view view() const noexcept { return {reinterpret_cast<const char*>(bytes.data()), size}; }
};

}  // namespace

endpoint endpoint::inet(std::array<std::uint8_t, 4> address, std::uint16_t port) noexcept {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    std::memcpy(&in.sin_addr, address.data(), address.size());
    return from_native(&in, sizeof in);
}

endpoint endpoint::inet6(std::array<std::uint8_t, 16> address, std::uint16_t port, std::uint32_t scope) noexcept {
    sockaddr_in6 in6{};
    in6.sin6_family = AF_INET6;
    in6.sin6_port = htons(port);
    std::memcpy(&in6.sin6_addr, address.data(), address.size());
    in6.sin6_scope_id = scope;
    return from_native(&in6, sizeof in6);
}

endpoint endpoint::any(cardea::family f, std::uint16_t port) noexcept {
    if (f == family::inet) return inet({}, port);
    if (f == family::inet6) return inet6({}, port);
    return {};
}

endpoint endpoint::loopback(cardea::family f, std::uint16_t port) noexcept {
    if (f == family::inet) return inet({127, 0, 0, 1}, port);
    if (f == family::inet6) return inet6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, port);
    return {};
}

endpoint endpoint::from_native(const void* sockaddr, std::size_t size) noexcept {
    using generic = struct ::sockaddr;
    endpoint out;
    constexpr std::size_t family_end = offsetof(generic, sa_family) + sizeof(generic::sa_family);
    if (sockaddr == nullptr || size < family_end) return out;
    generic head{};
    std::memcpy(&head, sockaddr, family_end);

    if (head.sa_family == AF_INET && size >= sizeof(sockaddr_in)) {
        auto in = as<sockaddr_in>(sockaddr);
        std::memset(&in.sin_zero, 0, sizeof in.sin_zero);
        std::memcpy(out.storage_.data(), &in, sizeof in);
        out.size_ = sizeof in;
    } else if (head.sa_family == AF_INET6 && size >= sizeof(sockaddr_in6)) {
        std::memcpy(out.storage_.data(), sockaddr, sizeof(sockaddr_in6));
        out.size_ = sizeof(sockaddr_in6);
    } else if (head.sa_family == AF_UNIX && size >= path_offset && size <= native_capacity) {
        // unix(7): a path may come without its NUL, or with it beyond sockaddr_un; an abstract name may hold NULs.
        const auto* path = static_cast<const char*>(sockaddr) + path_offset;
        std::size_t length = std::min(size - path_offset, path_capacity);
        if (length > 0 && path[0] != '\0') {
            const auto* end = static_cast<const char*>(std::memchr(path, '\0', length));
            if (end != nullptr) length = static_cast<std::size_t>(end - path);
        }
        std::memcpy(out.storage_.data(), sockaddr, path_offset + length);
        const bool closed = length > 0 && path[0] != '\0' && length < path_capacity;
        out.size_ = static_cast<std::uint16_t>(path_offset + length + (closed ? 1 : 0));
    }
#ifdef __linux__
    else if (head.sa_family == AF_PACKET && size >= packet_least && size <= native_capacity) {
        std::memcpy(out.storage_.data(), sockaddr, size);
        out.size_ = sizeof(sockaddr_ll);
    }
#endif
    return out;
}

cardea::family endpoint::family() const noexcept {
    if (size_ == 0) return family::unspecified;
    const auto head = as<struct sockaddr>(storage_.data());
    if (head.sa_family == AF_INET) return family::inet;
    if (head.sa_family == AF_INET6) return family::inet6;
#ifdef __linux__
    if (head.sa_family == AF_PACKET) return family::packet;
#endif
    return family::local;
}

bool endpoint::is_ip() const noexcept {
    const auto f = family();
    return f == family::inet || f == family::inet6;
}

std::uint16_t endpoint::port() const noexcept {
    // sin_port and sin6_port lie at the same place (RFC 3493 3.3 keeps them so); asked for by name all the same.
    if (family() == family::inet) return ntohs(as<sockaddr_in>(storage_.data()).sin_port);
    if (family() == family::inet6) return ntohs(as<sockaddr_in6>(storage_.data()).sin6_port);
    return 0;
}

endpoint endpoint::with_port(std::uint16_t port) const noexcept {
    endpoint out = *this;
    if (family() == family::inet) {
        auto in = as<sockaddr_in>(storage_.data());
        in.sin_port = htons(port);
        std::memcpy(out.storage_.data(), &in, sizeof in);
    } else if (family() == family::inet6) {
        auto in6 = as<sockaddr_in6>(storage_.data());
        in6.sin6_port = htons(port);
        std::memcpy(out.storage_.data(), &in6, sizeof in6);
    }
    return out;
}

std::uint32_t endpoint::scope() const noexcept {
    return family() == family::inet6 ? static_cast<std::uint32_t>(as<sockaddr_in6>(storage_.data()).sin6_scope_id) : 0;
}

std::array<std::uint8_t, 16> endpoint::address_bytes() const noexcept {
    if (family() == family::inet) return mapped_bytes(as<sockaddr_in>(storage_.data()).sin_addr);
    std::array<std::uint8_t, 16> out{};
    if (family() == family::inet6) {
        const auto in6 = as<sockaddr_in6>(storage_.data());
        std::memcpy(out.data(), &in6.sin6_addr, out.size());
    }
    return out;
}

std::string endpoint::name() const {
    if (family() != family::local || size_ <= path_offset) return {};
    const auto* path = reinterpret_cast<const char*>(storage_.data()) + path_offset;
    std::string out(path, size_ - path_offset);
    if (out.front() == '\0') {
        out.front() = '@';
    } else if (out.back() == '\0') {
        out.pop_back();
    }
    // A file called "@name" must not read as the abstract name.
    return path[0] == '@' ? "./" + out : out;
}

bool endpoint::is_any() const noexcept {
    const auto bytes = unmapped().address_bytes();
    const std::size_t first = unmapped().family() == family::inet ? 12 : 0;
    return is_ip() && std::all_of(bytes.begin() + static_cast<std::ptrdiff_t>(first), bytes.end(),
                                  [](std::uint8_t b) { return b == 0; });
}

bool endpoint::is_loopback() const noexcept {
    const endpoint plain = unmapped();
    if (plain.family() == family::inet) return plain.address_bytes()[12] == 127;
    return plain.is_ip() && plain.address_bytes() == loopback(family::inet6, 0).address_bytes();
}

bool endpoint::is_multicast() const noexcept {
    const endpoint plain = unmapped();
    if (plain.family() == family::inet) return (plain.address_bytes()[12] & 0xf0) == 0xe0;
    return plain.is_ip() && plain.address_bytes()[0] == 0xff;
}

endpoint endpoint::unmapped() const noexcept {
    if (family() != family::inet6) return *this;
    const auto b = address_bytes();
    return is_mapped(b) ? inet({b[12], b[13], b[14], b[15]}, port()) : *this;
}

endpoint endpoint::mapped() const noexcept { return family() == family::inet ? inet6(address_bytes(), port()) : *this; }

bool operator==(const endpoint& a, const endpoint& b) noexcept { return key(a).view() == key(b).view(); }

std::strong_ordering operator<=>(const endpoint& a, const endpoint& b) noexcept {
    return key(a).view().compare(key(b).view()) <=> 0;
}

}  // namespace cardea

std::size_t std::hash<cardea::endpoint>::operator()(const cardea::endpoint& e) const noexcept {
    return std::hash<std::string_view>{}(cardea::key(e).view());
}
