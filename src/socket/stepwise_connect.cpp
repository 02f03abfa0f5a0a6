// See stepwise_connect.hpp.
#include "socket/stepwise_connect.hpp"

namespace cardea::detail {

std::error_code stepwise_connect::begin() noexcept {
    if (call_observer* observer = observer_of_calls.load(std::memory_order_acquire)) {
        reported_.emplace(
            *observer,
            what_is_called{
                {nullptr, describe_call}, call_kind::connect, socket_.id_, 0, &server_, nullptr, &socket_.impl_});
    }
    std::error_code ec;
    network_socket* const here = socket_.here_to_block(ec);
    if (!ec) ec = here->begin_connect(server_);
    // A network that has no such thing connects in one step, and the race is one runner after the other.
    if (ec == errc::not_supported) ec = here->connect(server_);
    if (ec != std::errc::operation_in_progress) end(ec);
    return ec;
}

void stepwise_connect::end(std::error_code how) noexcept {
    if (!how) socket_.peer_ = server_.unmapped();
    if (reported_) reported_->ended({0, how});
    reported_.reset();
    count_call(call_kind::connect, 0, how);
}

}  // namespace cardea::detail
