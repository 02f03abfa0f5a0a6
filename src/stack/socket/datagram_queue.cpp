// The ring of received datagrams: each is a receive_info as raw bytes, then the payload.
#include "stack/socket/datagram_queue.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <type_traits>

namespace cardea::stack {

static_assert(std::is_trivially_copyable_v<receive_info>);

namespace {
constexpr std::size_t record_header = sizeof(receive_info);
constexpr std::size_t kept_when_empty = 16 * 1024;
constexpr std::size_t sure_size = 4 * 1024;  ///< of every socket, whatever the budget says
}  // namespace

bool datagram_queue::push(receive_info const& info, bytes_view payload) {
    std::size_t const need = record_header + payload.size();
    if (count_ != 0 && used_ + need > bound_) return false;
    if (!reserve(used_ + need)) return false;
    auto record = info;
    record.full_size = payload.size();
    write(std::as_bytes(std::span{&record, 1}));
    write(payload);
    ++count_;
    return true;
}

std::size_t datagram_queue::front_size() const {
    receive_info record;
    copy_out(head_, std::as_writable_bytes(std::span{&record, 1}));
    return record.full_size;
}

std::size_t datagram_queue::read(std::span<std::byte> into, receive_info& info, bool keep) {
    copy_out(head_, std::as_writable_bytes(std::span{&info, 1}));
    auto const n = std::min(into.size(), info.full_size);
    info.truncated = n < info.full_size;
    copy_out((head_ + record_header) % ring_.size(), into.first(n));
    if (keep) return n;
    auto const record = record_header + info.full_size;
    head_ = (head_ + record) % ring_.size();
    used_ -= record;
    if (--count_ == 0 && (ring_.size() > kept_when_empty || charge_.pressed())) clear();
    return n;
}

void datagram_queue::clear() {
    std::vector<std::byte>{}.swap(ring_);
    charge_.set(0);
    head_ = used_ = count_ = 0;
}

bool datagram_queue::reserve(std::size_t bytes) {
    if (bytes <= ring_.size()) return true;
    std::size_t size = std::max<std::size_t>(ring_.size(), 1024);
    while (size < bytes) size *= 2;
    if (!charge_.may_become(size, size <= sure_size ? memory_need::least : memory_need::arrival)) return false;
    try {
        std::vector<std::byte> larger(size);
        if (used_ != 0) copy_out(head_, std::span{larger}.first(used_));
        ring_ = std::move(larger);
    } catch (std::bad_alloc const&) {
        return false;
    }
    charge_.set(size);
    head_ = 0;
    return true;
}

void datagram_queue::write(bytes_view b) {
    if (b.empty()) return;
    auto const at = (head_ + used_) % ring_.size();
    auto const first = std::min(b.size(), ring_.size() - at);
    std::memcpy(ring_.data() + at, b.data(), first);
    if (first < b.size()) std::memcpy(ring_.data(), b.data() + first, b.size() - first);
    used_ += b.size();
}

void datagram_queue::copy_out(std::size_t at, std::span<std::byte> into) const {
    if (into.empty()) return;
    auto const first = std::min(into.size(), ring_.size() - at);
    std::memcpy(into.data(), ring_.data() + at, first);
    if (first < into.size()) std::memcpy(into.data() + first, ring_.data(), into.size() - first);
}

}  // namespace cardea::stack
