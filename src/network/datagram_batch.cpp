// datagram_batch: buffers, and the way through the datagrams in them.
#include <unistd.h>

#include <algorithm>
#include <cardea/descriptor.hpp>

#include "network/batch_slots.hpp"

namespace cardea {

namespace detail {

batch_slots::batch_slots(std::size_t wanted)
    : buffers(std::clamp<std::size_t>(wanted, 1, most)),
      memory(new std::byte[buffers * datagram_batch::buffer_bytes]),
      slots(buffers),
      natives(buffers),
      messages(buffers),
      used(buffers) {
    for (std::size_t i = 0; i < buffers; ++i) natives[i].where = {room(i), datagram_batch::buffer_bytes};
}

void batch_slots::add(std::size_t step) noexcept {
    slot& s = slots[filled++];
    const bool several = step > 0 && step < s.info.size;
    s.step = several ? step : s.info.size;
    datagrams += several ? (s.info.size - 1) / step + 1 : 1;
}

}  // namespace detail

datagram_batch::datagram_batch(std::size_t buffers) : slots_(std::make_unique<detail::batch_slots>(buffers)) {}
datagram_batch::~datagram_batch() = default;
datagram_batch::datagram_batch(datagram_batch&& other) noexcept = default;
datagram_batch& datagram_batch::operator=(datagram_batch&& other) noexcept = default;

std::size_t datagram_batch::size() const noexcept { return slots_->datagrams; }

datagram_batch::iterator datagram_batch::begin() const noexcept {
    iterator i;
    i.of_ = slots_.get();
    i.look();
    return i;
}

datagram_batch::iterator datagram_batch::end() const noexcept {
    iterator i;
    i.of_ = slots_.get();
    i.at_ = slots_->filled;
    return i;
}

void datagram_batch::iterator::next_buffer() noexcept {
    ++at_;
    look();
}

void datagram_batch::iterator::look() noexcept {
    left_ = 0;
    if (at_ >= of_->filled) return;
    const detail::batch_slots::slot& s = of_->slots[at_];
    data_ = of_->room(at_);
    left_ = s.info.size;
    size_ = s.step;
    about_ = &s.info;
}

void descriptor::close() noexcept {
    if (number_ >= 0) ::close(std::exchange(number_, -1));
}

}  // namespace cardea
