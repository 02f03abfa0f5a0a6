// What streams do together.
#include <cardea/stream.hpp>
#include <memory>

namespace cardea {

std::uint64_t copy(stream& from, stream& to) {
    constexpr std::size_t piece = 64 * 1024;
    const auto room = std::make_unique_for_overwrite<std::byte[]>(piece);
    std::uint64_t total = 0;
    while (const std::size_t n = from.recv({room.get(), piece})) {
        to.send_all({room.get(), n});
        total += n;
    }
    to.shutdown(direction::send);
    return total;
}

}  // namespace cardea
