// The pool over mmap(2) and a buffer ring. See buffer_pool.hpp.
#include "network/uring/buffer_pool.hpp"

#include <sys/mman.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>

namespace cardea::detail {

namespace {

void* map(std::size_t bytes) {
    void* at = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) throw std::system_error(errno, std::system_category(), "mmap of receive buffers");
    return at;
}

constexpr std::size_t ring_bytes = buffer_pool::buffers * sizeof(io_uring_buf);

}  // namespace

buffer_pool::buffer_pool(ring& of) : ring_(of), chunks_(std::make_unique<chunk[]>(buffers)) {
    lending_ = static_cast<io_uring_buf_ring*>(map(ring_bytes));
    try {
        memory_ = new memory(*this);
        io_uring_buf_reg registration{};
        registration.ring_addr = reinterpret_cast<std::uintptr_t>(lending_);
        registration.ring_entries = buffers;
        registration.bgid = group;
        const int failure = io_uring_register_buf_ring(ring_.native(), &registration, 0);
        if (failure != 0) throw std::system_error(-failure, std::system_category(), "io_uring_register_buf_ring");
    } catch (...) {
        if (memory_ != nullptr) memory_->abandon();
        ::munmap(lending_, ring_bytes);
        throw;
    }
    io_uring_buf_ring_init(lending_);
    for (unsigned i = 0; i < buffers; ++i) {
        io_uring_buf_ring_add(lending_, memory_->bytes + i * stride, buffer_bytes, static_cast<unsigned short>(i),
                              buffers - 1, static_cast<int>(i));
    }
    io_uring_buf_ring_advance(lending_, buffers);
}

buffer_pool::~buffer_pool() {
    io_uring_unregister_buf_ring(ring_.native(), group);
    memory_->abandon();
    ::munmap(lending_, ring_bytes);
}

buffer_pool::memory::memory(buffer_pool& of) : bytes(static_cast<std::byte*>(map(buffers * stride))), pool_(&of) {}

buffer_pool::memory::~memory() { ::munmap(bytes, buffers * stride); }

void buffer_pool::memory::abandon() noexcept {
    pool_ = nullptr;
    if (lent == 0) delete this;
}

void buffer_pool::memory::take_back(std::uintptr_t what) noexcept {
    if (std::this_thread::get_id() != owner_) {
        std::fputs("cardea: a lease was given back on another thread than the one that got it\n", stderr);
        std::abort();
    }
    --lent;
    if (pool_ != nullptr) {
        pool_->give_back(static_cast<std::uint16_t>(what));
    } else if (lent == 0) {
        delete this;
    }
}

lease buffer_pool::lend(std::uint16_t id, std::uint32_t begin, std::uint32_t end) noexcept {
    ++memory_->lent;
    return {data(id) + begin, end - begin, *memory_, id};
}

void buffer_pool::give_back(std::uint16_t id) noexcept {
    io_uring_buf_ring_add(lending_, memory_->bytes + id * stride, buffer_bytes, id, buffers - 1, 0);
    io_uring_buf_ring_advance(lending_, 1);
    ++lent_;
}

}  // namespace cardea::detail
