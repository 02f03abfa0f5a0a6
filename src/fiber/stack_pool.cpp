// Stacks over mmap(2), for Linux. Guards are made by MADV_GUARD_INSTALL where the kernel has it (6.13): any number of
// stacks stays one mapping. Elsewhere by mprotect(2), which splits mappings; when half of vm.max_map_count is used up
// stacks go unguarded, and a red zone that must have stayed zero is checked when they come back.
#include "fiber/stack_pool.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <system_error>

#include "fiber/context.hpp"

#ifdef CARDEA_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace cardea::detail {

namespace {

constexpr int madv_guard_install = 102;  // <linux/mman.h> of 6.13; Debian 12's headers are older

std::size_t page() noexcept {
    static const auto size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    return size;
}

std::size_t mappings_allowed() noexcept {
    constexpr std::size_t usual = 65'530;
    const std::unique_ptr<FILE, int (*)(FILE*)> limit(std::fopen("/proc/sys/vm/max_map_count", "re"), std::fclose);
    std::size_t allowed = 0;
    return limit && std::fscanf(limit.get(), "%zu", &allowed) == 1 ? allowed : usual;
}

// Guards made by mprotect(2), in all pools together. Each costs two mappings; a program with none left can neither map
// memory nor start threads, so half stay for everybody else.
std::atomic<std::size_t> splits{0};

bool guard_by_splitting(void* at, std::size_t bytes) noexcept {
    static const std::size_t most = mappings_allowed() / 4;
    if (splits.fetch_add(1, std::memory_order_relaxed) < most && ::mprotect(at, bytes, PROT_NONE) == 0) return true;
    splits.fetch_sub(1, std::memory_order_relaxed);
    return false;
}

// The lowest words of an unguarded stack. Untouched pages read as zero without being committed.
constexpr std::size_t red_zone_bytes = 256;

bool overrun(const stack& s) noexcept {
    return !std::all_of(s.low, s.low + red_zone_bytes, [](std::byte b) { return b == std::byte{0}; });
}

}  // namespace

stack_pool::~stack_pool() {
    for (const mapping& m : mappings_) ::munmap(m.base, m.bytes);
    splits.fetch_sub(splits_, std::memory_order_relaxed);
}

bool stack_pool::guard(void* at) noexcept {
    static const bool has_guard_install = [at] { return ::madvise(at, page(), madv_guard_install) == 0; }();
    if (has_guard_install) return ::madvise(at, guard_bytes, madv_guard_install) == 0;
    if (!guard_by_splitting(at, guard_bytes)) return false;
    ++splits_;
    return true;
}

stack_pool::size_class& stack_pool::class_of(std::size_t size) {
    if (size > maximum_size) throw std::system_error(ENOMEM, std::system_category(), "reserve a stack for a fiber");
    const std::size_t rounded = (std::max(size, minimum_size) + page() - 1) / page() * page();
    for (size_class& c : classes_) {
        if (c.size == rounded) return c;
    }
    classes_.push_back({rounded, 0, {}, {}});
    return classes_.back();
}

void stack_pool::grow(size_class& c) {
    const std::size_t each = guard_bytes + c.size;
    const std::size_t count = c.size <= 1024 * 1024 ? stacks_per_slab : 1;
    const std::size_t bytes = each * count;
    // Room for every stack of the class on either list, so that give_back() never has to allocate.
    const std::size_t total = c.total + count;
    if (c.cold.capacity() < total) c.cold.reserve(std::max(total, 2 * c.cold.capacity()));
    c.warm.reserve(std::min(warm_limit, total));
    mappings_.emplace_back();
    void* base =
        ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (base == MAP_FAILED) {
        const int cause = errno;
        mappings_.pop_back();
        throw std::system_error(cause, std::system_category(), "reserve stacks for fibers");
    }
    // A huge page would commit eight stacks at once.
    ::madvise(base, bytes, MADV_NOHUGEPAGE);
    mappings_.back() = {base, bytes};
    c.total = total;
    for (std::size_t i = 0; i < count; ++i) {
        std::byte* at = static_cast<std::byte*>(base) + i * each;
        c.cold.push_back({at + guard_bytes, c.size, guard(at)});
    }
}

stack stack_pool::take(std::size_t size) {
    size_class& c = class_of(size);
    if (c.warm.empty() && c.cold.empty()) grow(c);
    auto& from = c.warm.empty() ? c.cold : c.warm;
    const stack taken = from.back();
    from.pop_back();
    return taken;
}

void stack_pool::give_back(const stack& used) noexcept {
    if (!used.guarded && overrun(used)) {
        std::fputs("cardea: a fiber overflowed its stack (found late: vm.max_map_count leaves no room for guards)\n",
                   stderr);
        std::abort();
    }
#ifdef CARDEA_ASAN
    __asan_unpoison_memory_region(used.low, used.size);
#endif
    size_class& c = class_of(used.size);
    if (c.warm.size() < warm_limit) {
        c.warm.push_back(used);
        return;
    }
    ::madvise(used.low, used.size, MADV_DONTNEED);
    c.cold.push_back(used);
}

std::size_t stack_pool::idle() const noexcept {
    std::size_t n = 0;
    for (const size_class& c : classes_) n += c.warm.size() + c.cold.size();
    return n;
}

}  // namespace cardea::detail
