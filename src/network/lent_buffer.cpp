// The thread's few buffers, and the heap behind them. See cardea/lease.hpp.

#include <cardea/lease.hpp>
#include <cstdlib>

namespace cardea::detail {

struct lent_buffer::block {
    block* next;
    std::size_t size;

    std::byte* bytes() noexcept { return reinterpret_cast<std::byte*>(this + 1); }
};

namespace {

using block = lent_buffer::block;

struct shelf {
    block* first;
    unsigned count;
};

// Trivial, so that blocks can be handed back while the thread's other variables are being destroyed.
struct kept_blocks {
    shelf usual;
    shelf bulk;
    bool ending;
};
constinit thread_local kept_blocks kept{};

void empty(shelf& s) noexcept {
    while (block* b = s.first) {
        s.first = b->next;
        std::free(b);
    }
    s.count = 0;
}

struct at_thread_end {
    ~at_thread_end() {
        kept.ending = true;
        empty(kept.usual);
        empty(kept.bulk);
    }
    void arm() const noexcept {}
};
thread_local const at_thread_end ending;

shelf* shelf_for(std::size_t size) noexcept {
    if (size == lent_buffer::usual_bytes) return &kept.usual;
    return size == lent_buffer::bulk_bytes ? &kept.bulk : nullptr;
}

block* take(std::size_t bytes) noexcept {
    const std::size_t size = bytes <= lent_buffer::usual_bytes  ? lent_buffer::usual_bytes
                             : bytes <= lent_buffer::bulk_bytes ? lent_buffer::bulk_bytes
                                                                : bytes;
    if (shelf* s = shelf_for(size); s != nullptr && s->first != nullptr) {
        block* b = s->first;
        s->first = b->next;
        --s->count;
        return b;
    }
    auto* b = static_cast<block*>(std::malloc(sizeof(block) + size));
    if (b != nullptr) b->size = size;
    return b;
}

void hand_back(block* b) noexcept {
    shelf* s = shelf_for(b->size);
    if (s == nullptr || s->count >= lent_buffer::kept_of_each || kept.ending) {
        std::free(b);
        return;
    }
    ending.arm();
    b->next = s->first;
    s->first = b;
    ++s->count;
}

class block_lender final : public lease::lender {
  public:
    void take_back(std::uintptr_t what) noexcept override {
        hand_back(reinterpret_cast<block*>(what));  // NOLINT(performance-no-int-to-ptr): it was one
    }
};
constinit block_lender lender_of_blocks;

}  // namespace

lent_buffer::lent_buffer(std::size_t bytes) noexcept : block_(take(bytes)) {}

std::byte* lent_buffer::data() const noexcept { return block_ != nullptr ? block_->bytes() : nullptr; }
std::size_t lent_buffer::size() const noexcept { return block_ != nullptr ? block_->size : 0; }

void lent_buffer::reset() noexcept {
    if (block_ != nullptr) hand_back(std::exchange(block_, nullptr));
}

lease lent_buffer::lend(std::size_t filled) && noexcept {
    block* b = std::exchange(block_, nullptr);
    return {b->bytes(), filled, lender_of_blocks, reinterpret_cast<std::uintptr_t>(b)};
}

}  // namespace cardea::detail
