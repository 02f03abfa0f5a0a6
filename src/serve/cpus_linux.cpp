// usable_cpus() by sched_getaffinity(2): the mask of taskset and cpusets, which hardware_concurrency() need not heed.
#include <sched.h>

#include <cerrno>

#include "serve/cpus.hpp"

namespace cardea::detail {

unsigned usable_cpus() noexcept {
    // EINVAL: the kernel knows more processors than the mask has bits.
    constexpr int most = 1 << 16;
    for (int bits = CPU_SETSIZE; bits <= most; bits *= 2) {
        cpu_set_t* mask = CPU_ALLOC(static_cast<std::size_t>(bits));
        if (mask == nullptr) return 1;
        const std::size_t size = CPU_ALLOC_SIZE(static_cast<std::size_t>(bits));
        const bool got = ::sched_getaffinity(0, size, mask) == 0;
        const bool too_small = !got && errno == EINVAL;
        const int count = got ? CPU_COUNT_S(size, mask) : 1;
        CPU_FREE(mask);
        if (!too_small) return count > 0 ? static_cast<unsigned>(count) : 1;
    }
    return 1;
}

}  // namespace cardea::detail
