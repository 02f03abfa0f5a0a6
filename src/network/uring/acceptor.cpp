// Accepting one by one, and by multishot (io_uring_prep_multishot_accept(3)). See acceptor.hpp.
#include "network/uring/acceptor.hpp"

#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "network/uring/perform.hpp"

namespace cardea::detail {

std::error_code acceptor::accept(uring_network& home, int& fd, endpoint& client) noexcept {
    if (!polls_) {
        const std::error_code failed = by_ring(home, fd, client);
        if (failed != std::errc::operation_would_block) return failed;
        polls_ = true;  // O_NONBLOCK: it has been handed on, and this kernel heeds that
    }
    return by_polling(fd, client);
}

std::error_code acceptor::by_ring(uring_network& home, int& fd, endpoint& client) noexcept {
    if (streak_ < loop_after && unclaimed_.empty() && !armed_) {
        const std::error_code failed = one(fd, client);
        if (!failed) ++streak_;
        return failed;
    }
    const std::error_code failed = from_multishot(home, fd);
    if (!failed) client = peer_of(fd);
    return failed;
}

std::error_code acceptor::by_polling(int& fd, endpoint& client) noexcept {
    for (;;) {
        sockaddr_storage raw{};
        socklen_t size = sizeof raw;
        fd = ::accept4(socket_.descriptor(), reinterpret_cast<sockaddr*>(&raw), &size, SOCK_CLOEXEC);
        if (fd >= 0) {
            client = endpoint::from_native(&raw, size);
            loop::current()->count_call();
            return {};
        }
        if (accept_again(errno)) continue;
        if (!would_block(errno)) return last_error();
        const auto ended =
            socket_.perform([&](io_uring_sqe* e) { io_uring_prep_poll_add(e, socket_.descriptor(), POLLIN); });
        if (ended.why != wake::ready || !socket_.is_open()) return socket_.explain({-ECANCELED, ended.why});
        if (ended.result < 0 && ended.result != -EINTR) return socket_.explain(ended);
    }
}

bool acceptor::try_again(int failure) noexcept {
    rlimit now{};
    if (failure == EMFILE && ::getrlimit(RLIMIT_NOFILE, &now) == 0 && now.rlim_cur != limit_met_) {
        limit_met_ = now.rlim_cur;
        return true;
    }
    return accept_again(failure);
}

std::error_code acceptor::one(int& fd, endpoint& client) noexcept {
    for (;;) {
        sockaddr_storage raw{};
        socklen_t size = sizeof raw;
        const auto ended = socket_.perform([&](io_uring_sqe* e) {
            io_uring_prep_accept(e, socket_.descriptor(), reinterpret_cast<sockaddr*>(&raw), &size, SOCK_CLOEXEC);
        });
        if (ended.result >= 0) {
            fd = ended.result;
            client = endpoint::from_native(&raw, size);
            if (socket_.is_open()) return {};
            ::close(fd);  // it came while the listener was being closed
            return errc::closed;
        }
        if (!try_again(-ended.result)) return socket_.explain(ended);
        if (ended.why != wake::ready || !socket_.is_open()) return socket_.explain({-ECANCELED, ended.why});
    }
}

std::error_code acceptor::from_multishot(uring_network& home, int& fd) noexcept {
    wait_line::place mine{loop::current()->running()};
    callers_.join(mine);
    std::error_code failed;
    for (;;) {
        if (!socket_.is_open()) {
            failed = errc::closed;
            break;
        }
        if (callers_.front() == &mine) {
            if (!unclaimed_.empty()) {
                fd = unclaimed_.take();
                break;
            }
            if (error_ != 0) {
                failed = system_error_code(std::exchange(error_, 0));
                break;
            }
            if (!armed_) arm(home);
        }
        const wake why = loop::current()->park(patience::interruptible);
        if (why != wake::ready) {
            failed = to_error(why);
            break;
        }
    }
    callers_.leave(mine);
    callers_.wake_front();
    return failed;
}

void acceptor::arm(uring_network& home) noexcept {
    io_uring_sqe* e = home.entry();
    io_uring_prep_multishot_accept(e, socket_.descriptor(), nullptr, nullptr, SOCK_CLOEXEC);
    e->user_data = tag(&socket_, target::acceptor);
    armed_ = true;
    stopping_ = false;
}

bool acceptor::stop(uring_network& home) noexcept {
    if (armed_ && !stopping_) stopping_ = home.try_cancel(tag(&socket_, target::acceptor));
    return !armed_ || stopping_;
}

void acceptor::completed(uring_network& home, std::int32_t result, std::uint32_t flags) noexcept {
    if ((flags & IORING_CQE_F_MORE) == 0) armed_ = stopping_ = false;
    if (result >= 0) {
        if (!unclaimed_.add(result)) {
            ::close(result);
            error_ = ENOMEM;
        }
        if (unclaimed_.size() > unclaimed_limit && callers_.empty()) {
            streak_ = 0;
            stop(home);
        }
    } else if (result != -ECANCELED && !try_again(-result)) {
        error_ = -result;
    }
    callers_.wake_front();
}

}  // namespace cardea::detail
