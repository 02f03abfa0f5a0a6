// Any bytes as address text and as a sockaddr: nothing crashes, what was accepted survives a round trip, and a refusal
// is a short printable message. The first byte chooses the door.
#include <cardea/endpoint.hpp>
#include <cardea/error.hpp>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>

namespace {

using cardea::endpoint;

void require(bool holds) {
    if (!holds) std::abort();
}

void require_same(const endpoint& a, const endpoint& b) {
    require(a == b && (a <=> b) == std::strong_ordering::equal);
    require(std::hash<endpoint>{}(a) == std::hash<endpoint>{}(b));
}

void try_text(std::string_view text) {
    std::error_code ec;
    const endpoint read = endpoint::parse(text, ec);
    if (!ec) {
        require(read.family() != cardea::family::unspecified);
        require_same(endpoint::parse(read.to_string()), read);
        require_same(endpoint::from_native(read.native(), read.native_size()), read);
    } else {
        require(ec == cardea::errc::bad_address && read.family() == cardea::family::unspecified);
        try {
            endpoint::parse(text);
            std::abort();
        } catch (const cardea::error& e) {
            const std::string_view what = e.what();
            require(what.size() < 500);
            for (const char c : what) require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
        }
    }
    const auto parts = cardea::split_address(text, ec);
    require(ec || (!parts.service.empty() && (parts.bracketed || !parts.host.empty())));
    cardea::well_known_port(text);
}

void try_native(const std::uint8_t* data, std::size_t size) {
    const endpoint made = endpoint::from_native(data, size);
    require(made.native_size() <= endpoint::native_capacity);
    require_same(endpoint::from_native(made.native(), made.native_size()), made);
    require_same(made.mapped().unmapped(), made.unmapped());
    if (made.is_ip()) {
        require_same(endpoint::parse(made.to_string()), made);
        require_same(made.with_port(1).with_port(made.port()), made);
    } else {
        // An unnamed socket, a file "@name" and a path of all 108 bytes have no text that reads back as the same.
        std::error_code ec;
        const auto name = made.name();
        const endpoint read = endpoint::parse(made.to_string(), ec);
        require(!ec ? read == made || name.substr(0, 3) == "./@" : name.empty() || name.size() >= 108);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    if (data[0] % 2 == 0) {
        try_text({reinterpret_cast<const char*>(data) + 1, size - 1});
    } else {
        try_native(data + 1, size - 1);
    }
    return 0;
}
