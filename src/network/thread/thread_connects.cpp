// Connects that have begun and do not block, awaited in one poll(2) (connect(2), EINPROGRESS).
#include "network/thread/thread_connects.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <new>

#include "fiber/thread_execution.hpp"
#include "network/thread/thread_socket.hpp"

namespace cardea::detail {

std::error_code thread_socket::begin_connect(const endpoint& server) noexcept {
    if (const std::error_code failed = set_nonblocking(true)) return failed;
    const auto* raw = static_cast<const sockaddr*>(server.native());
    std::error_code result;
    if (::connect(fd_, raw, static_cast<socklen_t>(server.native_size())) != 0) result = last_error();
    // A signal does not end the handshake either.
    if (result == std::errc::interrupted) result = std::make_error_code(std::errc::operation_in_progress);
    if (result != std::errc::operation_in_progress) set_nonblocking(false);
    return result;
}

std::error_code thread_socket::end_connect() noexcept {
    if (const std::error_code failed = pending_error()) return failed;
    set_nonblocking(false);
    return {};
}

std::error_code await_first_connect(const std::vector<network_socket*>& begun, std::int64_t until_ns,
                                    std::size_t& which, std::error_code& outcome) noexcept try {
    std::vector<pollfd> watched;
    watched.reserve(begun.size() + 1);
    for (const network_socket* s : begun) watched.push_back({s->descriptor(), POLLOUT, 0});
    watched.push_back({-1, POLLIN, 0});
    thread_execution& me = this_thread_execution();
    if (me.cancel_requested()) return errc::cancelled;
    int n = 0;
    int failure = 0;
    {
        const kernel_wait wait(me, std::min(until_ns, me.nearest_deadline()));
        watched.back().fd = wait.descriptor();
        n = ::ppoll(watched.data(), watched.size(), wait.limit(), nullptr);
        failure = errno;
    }
    if (n < 0 && failure != EINTR) return system_error_code(failure);
    const auto ended =
        std::find_if(watched.begin(), watched.end() - 1, [n](const pollfd& p) { return n > 0 && p.revents != 0; });
    if (ended == watched.end() - 1) return me.cancel_requested() ? errc::cancelled : errc::timed_out;
    which = static_cast<std::size_t>(ended - watched.begin());
    auto* const mine = dynamic_cast<thread_socket*>(begun[which]);
    outcome = mine != nullptr ? mine->end_connect() : std::error_code(errc::wrong_network);
    return {};
} catch (const std::bad_alloc&) {
    return std::make_error_code(std::errc::not_enough_memory);
}

}  // namespace cardea::detail
