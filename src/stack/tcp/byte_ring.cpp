// The ring's wrap-around copies.
#include "stack/tcp/byte_ring.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>

namespace cardea::stack::tcp {
namespace {
constexpr std::size_t first_capacity = 2048;

void copy(std::byte* to, bytes_view from) {
    if (!from.empty()) std::memcpy(to, from.data(), from.size());
}
}  // namespace

void byte_ring::reserve(std::size_t bytes) {
    if (bytes <= capacity_) return;
    std::size_t const bigger = std::bit_ceil(std::max(bytes, first_capacity));
    auto fresh = std::make_unique_for_overwrite<std::byte[]>(bigger);
    payload_view const old = view(0, capacity_);
    copy(fresh.get(), old.first);
    copy(fresh.get() + old.first.size(), old.second);
    data_ = std::move(fresh);
    capacity_ = bigger;
    head_ = 0;
}

void byte_ring::write(std::size_t offset, bytes_view data) {
    assert(offset + data.size() <= capacity_);
    if (data.empty()) return;
    std::size_t const at = (head_ + offset) & (capacity_ - 1);
    std::size_t const run = std::min(data.size(), capacity_ - at);
    copy(data_.get() + at, data.first(run));
    copy(data_.get(), data.subspan(run));
}

payload_view byte_ring::view(std::size_t offset, std::size_t length) const {
    assert(offset + length <= capacity_);
    if (length == 0) return {};
    std::size_t const at = (head_ + offset) & (capacity_ - 1);
    std::size_t const run = std::min(length, capacity_ - at);
    return {{data_.get() + at, run}, {data_.get(), length - run}};
}

void byte_ring::read(std::size_t offset, std::span<std::byte> into) const {
    payload_view const v = view(offset, into.size());
    copy(into.data(), v.first);
    if (!v.second.empty()) copy(into.data() + v.first.size(), v.second);
}

void byte_ring::release() {
    data_.reset();
    capacity_ = 0;
    head_ = 0;
}

}  // namespace cardea::stack::tcp
