// How a fiber waits for messages on epoll: the calls themselves are those of every kernel network
// (kernel_messages.cpp).
#include <sys/socket.h>

#include "network/epoll/epoll_perform.hpp"

namespace cardea::detail {

std::error_code epoll_socket::until_done(readiness what, trial one) noexcept {
    if (const std::error_code refused = usable()) return refused;
    epoll_side& side = what == readiness::to_read ? record_->in
                       : what == readiness::error ? record_->errors
                                                  : record_->out;
    const std::uint32_t wanted = what == readiness::to_write           ? epoll_writing
                                 : what == readiness::room_at_receiver ? epoll_tells_nothing
                                                                       : epoll_reading;
    return perform(side, wanted, [&]() noexcept { return one(MSG_DONTWAIT); });
}

bool epoll_socket::take_ahead(mutable_buffer room, io_result& out) noexcept {
    out.error = usable();
    if (!out.error && unread_.empty()) return false;
    if (!out.error) out = take_unread(room);
    return true;
}

}  // namespace cardea::detail
