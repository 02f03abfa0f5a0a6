// wake_event over Linux's eventfd(2).
#include "fiber/wake_event.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

namespace cardea::detail {

wake_event::wake_event() : descriptor_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (descriptor_ < 0) throw std::system_error(errno, std::system_category(), "eventfd");
}

wake_event::~wake_event() { ::close(descriptor_); }

void wake_event::signal() const noexcept {
    const int saved = errno;
    const std::uint64_t one = 1;
    // EAGAIN means that it is readable already, which is all that is wanted.
    [[maybe_unused]] const auto n = ::write(descriptor_, &one, sizeof one);
    errno = saved;
}

void wake_event::drain() const noexcept {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto n = ::read(descriptor_, &count, sizeof count);
}

}  // namespace cardea::detail
