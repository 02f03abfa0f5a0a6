// The ring's wrap-around copies.
#include "stack/tcp/byte_ring.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>
#include <new>
#include <utility>

namespace cardea::stack::tcp {
namespace {
void copy(std::byte* to, bytes_view from) {
    if (!from.empty()) std::memcpy(to, from.data(), from.size());
}
}  // namespace

bool byte_ring::move_to(std::size_t capacity, std::size_t keep) {
    std::unique_ptr<std::byte[]> fresh{new (std::nothrow) std::byte[capacity]};
    if (!fresh) return false;
    payload_view const old = view(0, keep);
    copy(fresh.get(), old.first);
    copy(fresh.get() + old.first.size(), old.second);
    data_ = std::move(fresh);
    capacity_ = capacity;
    head_ = 0;
    charge_.set(capacity);
    return true;
}

bool byte_ring::reserve(std::size_t bytes, memory_need why) {
    if (bytes <= capacity_) return true;
    std::size_t const bigger = std::bit_ceil(std::max(bytes, least_capacity));
    if (bigger > least_capacity && !charge_.may_become(bigger, why)) return false;
    return move_to(bigger, capacity_);
}

std::size_t byte_ring::reserve_some(std::size_t bytes, memory_need why) {
    for (std::size_t size = std::max(bytes, least_capacity); size > capacity_; size = std::bit_ceil(size) / 2)
        if (reserve(size, why)) break;
    return capacity_;
}

void byte_ring::shrink(std::size_t bytes) {
    if (bytes == 0) return release();
    std::size_t const smaller = std::bit_ceil(std::max(bytes, least_capacity));
    if (smaller < capacity_) move_to(smaller, bytes);
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
    charge_.set(0);
}

}  // namespace cardea::stack::tcp
