// One byte through a socket pair, received by a multishot into the pool. See self_test.hpp.
#include "network/uring/self_test.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <system_error>

namespace cardea::detail {

namespace {

struct pair_of_sockets {
    int ends[2] = {-1, -1};
    pair_of_sockets() {
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
            throw std::system_error(errno, std::system_category(), "socketpair");
        }
    }
    ~pair_of_sockets() {
        ::close(ends[0]);
        ::close(ends[1]);
    }
    pair_of_sockets(const pair_of_sockets&) = delete;
    pair_of_sockets& operator=(const pair_of_sockets&) = delete;
};

// One byte, then the end: a completion with a buffer and more to come, then the last one.
int receive_one_byte(ring& with, buffer_pool& pool) {
    pair_of_sockets tube;
    if (::send(tube.ends[1], "x", 1, MSG_NOSIGNAL) != 1) return EIO;
    ::shutdown(tube.ends[1], SHUT_WR);
    io_uring_sqe* e = with.entry();
    if (e == nullptr) return EBUSY;
    io_uring_prep_recv_multishot(e, tube.ends[0], nullptr, 0, 0);
    e->flags |= IOSQE_BUFFER_SELECT;
    e->buf_group = buffer_pool::group;
    e->user_data = 0;
    int failure = 0;
    bool got_byte = false;
    bool more = true;
    while (more) {
        const int refused = with.enter(-1);
        if (refused < 0 && refused != -EINTR) return -refused;
        with.drain([&](std::uint64_t, std::int32_t result, std::uint32_t flags) {
            more = (flags & IORING_CQE_F_MORE) != 0;
            if (result < 0) failure = -result;
            if ((flags & IORING_CQE_F_BUFFER) == 0) return;
            const auto id = static_cast<std::uint16_t>(flags >> IORING_CQE_BUFFER_SHIFT);
            pool.taken(id);
            got_byte = result == 1 && *pool.data(id) == std::byte{'x'};
            pool.give_back(id);
        });
    }
    return failure != 0 ? failure : got_byte ? 0 : EOPNOTSUPP;
}

}  // namespace

void require_multishot_receive(ring& with, buffer_pool& pool) {
    static std::atomic<bool> passed{false};
    if (passed.load(std::memory_order_relaxed)) return;
    const int failure = receive_one_byte(with, pool);
    if (failure != 0) throw std::system_error(failure, std::system_category(), "io_uring multishot receive");
    passed.store(true, std::memory_order_relaxed);
}

}  // namespace cardea::detail
