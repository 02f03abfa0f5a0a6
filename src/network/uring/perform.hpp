// One operation of a socket, from entry to outcome.
#pragma once

#include "network/uring/uring_network.hpp"
#include "network/uring/uring_socket.hpp"

namespace cardea::detail {

template <class Prepare>
uring_socket::outcome uring_socket::perform(Prepare prepare) noexcept {
    operation op;
    io_uring_sqe* e = home_->entry();
    prepare(e);
    e->user_data = tag(&op, target::operation);
    const wake why = home_->await(op);
    return {op.result, why};
}

}  // namespace cardea::detail
