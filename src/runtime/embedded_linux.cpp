// A loop that is stepped from outside. One epoll(7) descriptor stands for all that may make it go on: what the network
// waits for, and a timer (timerfd_create(2)) for its nearest deadline or, at once, for work that is left.
#include <cardea/embed.hpp>
#include <cardea/error.hpp>

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <limits>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "fiber/loop.hpp"
#include "fiber/scope_state.hpp"
#include "fiber/thread_execution.hpp"
#include "runtime/networks.hpp"

namespace cardea {

namespace {

class owned_descriptor {
  public:
    owned_descriptor(int fd, const char* call) : fd_(fd) {
        if (fd < 0) throw std::system_error(errno, std::system_category(), call);
    }
    ~owned_descriptor() { ::close(fd_); }
    owned_descriptor(const owned_descriptor&) = delete;
    owned_descriptor& operator=(const owned_descriptor&) = delete;
    [[nodiscard]] int get() const noexcept { return fd_; }

  private:
    int fd_;
};

void watch(int all, int one) {
    epoll_event event{};
    event.events = EPOLLIN;
    if (::epoll_ctl(all, EPOLL_CTL_ADD, one, &event) != 0) {
        throw std::system_error(errno, std::system_category(), "epoll_ctl");
    }
}

}  // namespace

struct embedded_loop::state {
    explicit state(std::string_view network)
        : under(detail::make_loop_network(network)),
          inside(*under.drives, *under.net),
          root(detail::this_thread_execution()) {
        inside.root = &root;
        inside.step_out();
        const int network_ready = under.drives->pollable();
        if (network_ready < 0) throw error(errc::not_supported, "embedded_loop", "embedded_loop on " + name());
        watch(all.get(), network_ready);
        watch(all.get(), timer.get());
    }

    [[nodiscard]] std::string name() const { return under.net->name(); }

    /// `next_ns`, from now, or when the network has something to do, if that is sooner.
    [[nodiscard]] std::int64_t soonest(std::int64_t next_ns) const noexcept {
        const std::int64_t due = under.drives->due_ns();
        if (due == std::numeric_limits<std::int64_t>::max()) return next_ns;
        const std::int64_t until_due = std::max<std::int64_t>(due - under.drives->clock_ns(), 0);
        return next_ns < 0 ? until_due : std::min(next_ns, until_due);
    }

    /// Makes the descriptor readable after `ns`; 0: at once; negative: by the network only.
    void wake_after(std::int64_t ns) const noexcept {
        constexpr std::int64_t second = 1'000'000'000;
        itimerspec when{};
        if (ns >= 0) when.it_value = {std::max<std::int64_t>(ns, 1) / second, std::max<std::int64_t>(ns, 1) % second};
        ::timerfd_settime(timer.get(), 0, &when, nullptr);
    }

    const detail::loop_network under;
    detail::loop inside;
    detail::scope_state root;
    const owned_descriptor all{::epoll_create1(EPOLL_CLOEXEC), "epoll_create1"};
    const owned_descriptor timer{::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), "timerfd_create"};
};

embedded_loop::embedded_loop(std::string_view network) : state_(std::make_unique<state>(network)) {}

embedded_loop::~embedded_loop() {
    state_->root.cancel();
    state_->inside.step_in();
    state_->inside.run();
}

int embedded_loop::descriptor() const noexcept { return state_->all.get(); }

bool embedded_loop::run_ready() {
    state& s = *state_;
    if (detail::loop::current() != nullptr) throw std::logic_error("run_ready() inside of a loop");
    s.inside.step_in();
    const std::int64_t next_ns = s.inside.turn();
    const bool fibers_left = s.inside.statistics().fibers > 0;
    s.inside.step_out();
    s.wake_after(s.soonest(next_ns));
    if (fibers_left) return true;
    if (const std::exception_ptr failure = std::exchange(s.root.first_failure, nullptr)) {
        s.root.cancelled = false;
        std::rethrow_exception(failure);
    }
    return false;
}

void embedded_loop::start(const fiber_options& options, const detail::callable& how, void* f) {
    state_->inside.start(options, state_->root, how, f);
    state_->wake_after(0);
}

void embedded_loop::cancel() noexcept {
    state_->root.cancel();
    state_->wake_after(0);
}

}  // namespace cardea
