// SO_LINGER with a time (socket(7)): close(2) waits until the peer has it all, on a non-blocking descriptor too, so
// that no loop's thread may make the call.
#include <unistd.h>

#include "fiber/loop.hpp"
#include "fiber/offload.hpp"
#include "network/kernel_socket.hpp"

namespace cardea::detail {

void kernel_socket::learn_linger() noexcept {
    option_value seconds = 0;
    const std::error_code failed = kernel_socket::get_option(option_id::linger, seconds);
    lingers_ = !failed && seconds > 0;
}

void close_beside_loop(int fd, bool lingers) noexcept {
    if (const loop* here = loop::current(); lingers && here != nullptr) {
        const auto work = [fd] { ::close(fd); };
        const std::error_code failed = here->running() != nullptr ? offload_owed(work) : offload_unattended(work);
        // Whoever was interrupted does not wait; the descriptor is closed all the same.
        if (!failed || failed == errc::timed_out || failed == errc::cancelled) return;
    }
    ::close(fd);
}

}  // namespace cardea::detail
