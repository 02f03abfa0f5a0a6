// Stacks for fibers: reserved address space, committed as touched, with a guard below; reused last in, first out.
// One pool per loop, used by its thread only.
#pragma once

#include <cstddef>
#include <vector>

namespace cardea::detail {

/// Usable bytes are [low, low + size); below `low` lie guard_bytes that must not be touched.
struct stack {
    std::byte* low = nullptr;
    std::size_t size = 0;
    bool guarded = false;

    [[nodiscard]] std::byte* top() const noexcept { return low + size; }
};

class stack_pool {
  public:
    /// Wide enough that a large frame does not step over it.
    static constexpr std::size_t guard_bytes = 64 * 1024;
    /// Stacks per mapping, for sizes asked for often.
    static constexpr std::size_t stacks_per_slab = 64;
    /// Idle stacks kept with their pages; more give them back to the system.
    static constexpr std::size_t warm_limit = 256;
    static constexpr std::size_t minimum_size = 16 * 1024;
    static constexpr std::size_t maximum_size = std::size_t{1} << (sizeof(std::size_t) * 8 - 8);

    stack_pool() = default;
    ~stack_pool();
    stack_pool(const stack_pool&) = delete;
    stack_pool& operator=(const stack_pool&) = delete;

    /// A stack of at least `size` bytes. Throws std::system_error (ENOMEM) when there is none to be had.
    stack take(std::size_t size);
    /// Ends the program with a message if an unguarded stack was overrun.
    void give_back(const stack& used) noexcept;
    [[nodiscard]] std::size_t idle() const noexcept;

  private:
    struct size_class {
        std::size_t size = 0;
        std::size_t total = 0;
        std::vector<stack> warm;
        std::vector<stack> cold;
    };
    struct mapping {
        void* base = nullptr;
        std::size_t bytes = 0;
    };
    size_class& class_of(std::size_t size);
    void grow(size_class& c);
    bool guard(void* at) noexcept;

    std::vector<size_class> classes_;
    std::vector<mapping> mappings_;
    std::size_t splits_ = 0;  // guards of ours that cost mappings
};

}  // namespace cardea::detail
