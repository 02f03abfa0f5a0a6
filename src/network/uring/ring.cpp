// io_uring_setup(2) with flags from best to least; liburing 2.3 (Debian 12) is older than some of them.
#include "network/uring/ring.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace cardea::detail {

namespace {

constexpr unsigned single_issuer = 1U << 12;  // IORING_SETUP_SINGLE_ISSUER, Linux 6.0
constexpr unsigned defer_taskrun = 1U << 13;  // IORING_SETUP_DEFER_TASKRUN, Linux 6.1
constexpr unsigned always = IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;

// DEFER_TASKRUN: completions are worked out when we ask for them, never in between; COOP_TASKRUN is its elder.
constexpr std::array<unsigned, 3> flag_sets = {
    always | IORING_SETUP_SUBMIT_ALL | single_issuer | defer_taskrun | IORING_SETUP_TASKRUN_FLAG,
    always | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
    always,
};

struct sizes {
    unsigned submissions;
    unsigned completions;
};

// The smaller ones where RLIMIT_MEMLOCK or a memory cgroup is tight.
constexpr std::array<sizes, 3> size_sets = {{{512, 8192}, {128, 1024}, {32, 128}}};

int set_up(io_uring& out, unsigned flags, sizes of) noexcept {
    io_uring_params params{};
    params.flags = flags;
    params.cq_entries = of.completions;
    return io_uring_queue_init_params(of.submissions, &out, &params);
}

}  // namespace

ring::ring() {
    int failure = 0;
    for (const sizes of : size_sets) {
        for (const unsigned flags : flag_sets) {
            failure = set_up(ring_, flags, of);
            if (failure == 0) {
                io_uring_register_ring_fd(&ring_);  // saves a descriptor look-up per enter, where it is known
                require_enter();
                return;
            }
            if (failure != -EINVAL) break;
        }
        if (failure != -ENOMEM) break;
    }
    throw std::system_error(-failure, std::system_category(), "io_uring_setup");
}

// A filter of system calls may let rings be made and never entered.
void ring::require_enter() {
    const int refused = io_uring_get_events(&ring_);
    if (refused >= 0) return;
    io_uring_queue_exit(&ring_);
    throw std::system_error(-refused, std::system_category(), "io_uring_enter");
}

ring::~ring() { io_uring_queue_exit(&ring_); }

io_uring_sqe* ring::entry() noexcept {
    io_uring_sqe* e = io_uring_get_sqe(&ring_);
    if (e == nullptr) {
        ++full_queues_;
        io_uring_submit(&ring_);
        note_overflow();
        e = io_uring_get_sqe(&ring_);
    }
    return e;
}

bool ring::more_inside() const noexcept {
    const unsigned flags = IO_URING_READ_ONCE(*ring_.sq.kflags);
    return (flags & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
}

void ring::note_overflow() noexcept {
    if ((IO_URING_READ_ONCE(*ring_.sq.kflags) & IORING_SQ_CQ_OVERFLOW) != 0) ++overflows_;
}

int ring::enter(std::int64_t timeout_ns) noexcept {
    int entered = 0;
    if (timeout_ns == 0) {
        if (io_uring_sq_ready(&ring_) == 0 && !more_inside()) return 0;
        entered = io_uring_submit_and_get_events(&ring_);
    } else {
        __kernel_timespec limit{timeout_ns / 1'000'000'000, timeout_ns % 1'000'000'000};
        io_uring_cqe* first = nullptr;
        entered = io_uring_submit_and_wait_timeout(&ring_, &first, 1, timeout_ns > 0 ? &limit : nullptr, nullptr);
    }
    note_overflow();
    return std::min(entered, 0);
}

void ring::announce_by(int eventfd) {
    const int failed = io_uring_register_eventfd(&ring_, eventfd);
    if (failed != 0) throw std::system_error(-failed, std::system_category(), "io_uring_register_eventfd");
}

std::string ring::describe() const {
    std::string text = std::to_string(ring_.sq.ring_entries) + " submissions, " +
                       std::to_string(ring_.cq.ring_entries) + " completions";
    if ((ring_.flags & single_issuer) != 0) text += ", SINGLE_ISSUER";
    if ((ring_.flags & defer_taskrun) != 0) text += ", DEFER_TASKRUN";
    if ((ring_.flags & IORING_SETUP_COOP_TASKRUN) != 0) text += ", COOP_TASKRUN";
    return text;
}

}  // namespace cardea::detail
