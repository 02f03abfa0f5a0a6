// From one TCP connection of a kernel network to another without a copy: splice(2) by way of a pipe. Small pieces are
// cheaper copied, so each step decides for the next. Measured over the loopback (bytes in one step, processor time of
// splice(2) to that of recv(2) and send(2)): 1 KiB 1.27, 4 KiB 0.90, 16 KiB 0.91, 64 KiB 0.50, 256 KiB 0.59.
#include <algorithm>
#include <cerrno>

#include "fiber/execution.hpp"
#include "network/broken_pipe.hpp"
#include "network/kernel_socket.hpp"
#include "network/splice_pipe.hpp"

namespace cardea::detail {

namespace {

// A step that moved this much has the next one spliced; one that moved less than the second copied again.
constexpr std::size_t worth_a_pipe = 16 * 1024;
constexpr std::size_t not_worth_it = 8 * 1024;

}  // namespace

// splice(2) has no MSG_DONTWAIT: O_NONBLOCK is what it goes by.
class kernel_socket::unblocked {
  public:
    explicit unblocked(kernel_socket& s) noexcept : socket_(s) { s.set_nonblocking(true); }
    ~unblocked() {
        const int kept = errno;
        if (!socket_.may_stay_nonblocking()) socket_.set_nonblocking(false);
        errno = kept;
    }
    unblocked(const unblocked&) = delete;
    unblocked& operator=(const unblocked&) = delete;

  private:
    kernel_socket& socket_;
};

io_result kernel_socket::splice(network_socket& to, std::size_t size, bool& sending_failed) noexcept {
    auto* const target = dynamic_cast<kernel_socket*>(&to);
    const auto is_tcp = [](const kernel_socket& s) { return s.family_ == family::inet || s.family_ == family::inet6; };
    const bool by_pipe = splices_.load(std::memory_order_relaxed) && target != nullptr && is_tcp(*this) &&
                         is_tcp(*target) && nothing_ahead();
    io_result done;
    if (!by_pipe || !splice_by_pipe(*target, size, done, sending_failed)) {
        done = network_socket::splice(to, size, sending_failed);
    }
    splices_.store(done.bytes >= (by_pipe ? not_worth_it : worth_a_pipe), std::memory_order_relaxed);
    return done;
}

// False: nothing was moved, for want of a pipe, or since one of them cannot be spliced (EINVAL).
bool kernel_socket::splice_by_pipe(kernel_socket& to, std::size_t size, io_result& done,
                                   bool& sending_failed) noexcept {
    sending_failed = false;
    splice_pipe pipe;
    std::error_code failed = fill(pipe, std::min(size, splice_pipe::capacity_bytes));
    if (failed == std::errc::invalid_argument || failed == std::errc::too_many_files_open) return false;
    const std::size_t all = pipe.bytes();
    done = {0, failed || all > 0 || is_open() ? failed : errc::closed};
    if (failed || all == 0) return true;
    execution::current().made_progress();
    failed = to.drain(pipe);
    done = {all - pipe.bytes(), failed};
    sending_failed = static_cast<bool>(failed);
    take_back(pipe);
    return done.bytes > 0 || failed != std::errc::invalid_argument;
}

std::error_code kernel_socket::fill(splice_pipe& pipe, std::size_t size) noexcept {
    auto once = [&](int) noexcept {
        if (!pipe.open()) return EMFILE;
        ssize_t n = 0;
        {
            const unblocked here(*this);
            do {
                n = pipe.fill(fd_, size);
            } while (n < 0 && errno == EINTR);
        }
        if (n >= 0) return 0;
        const int failure = errno;
        pipe.put_away();  // whoever waits holds none
        return failure;
    };
    return until_done(readiness::to_read, trial(once));
}

std::error_code kernel_socket::drain(splice_pipe& pipe) noexcept {
    auto once = [&](int) noexcept {
        const unblocked here(*this);
        const broken_pipe_guard no_signal;
        while (pipe.bytes() > 0) {
            const ssize_t n = pipe.drain(fd_);
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) return errno;
            if (n == 0) return EPIPE;
            execution::current().made_progress();
        }
        return 0;
    };
    return until_done(readiness::to_write, trial(once));
}

// What the receiver did not take comes first when this one is received from again.
void kernel_socket::take_back(splice_pipe& pipe) noexcept {
    if (pipe.bytes() == 0) return;
    const lent_buffer room(pipe.bytes());
    const mutable_buffer rest(room.data(), pipe.bytes());
    // Nothing more can be done for them where that fails: no memory.
    if (room && pipe.take_back(rest)) {
        [[maybe_unused]] const std::error_code lost = put_back(const_buffer(rest.data(), rest.size()));
    }
}

}  // namespace cardea::detail
