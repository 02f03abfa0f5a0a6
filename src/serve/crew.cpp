// Starting, draining and ending the loops' threads.
#include "serve/crew.hpp"

#include <cardea/fiber.hpp>
#include <utility>

#include "fiber/loop_door.hpp"
#include "fiber/scope_state.hpp"
#include "serve/serving.hpp"

namespace cardea::detail {

crew::crew(service& of, const std::vector<std::string>& addresses, const watch& boss, hot_restart& line)
    : of_(of), addresses_(addresses), boss_(boss), line_(line), members_(of.boxes.size()) {
    try {
        start();
    } catch (...) {
        called_off_.store(true);
        begin();
        wait_for_threads();
        throw;
    }
}

// The first loop finds out whether the addresses can be had, and which ports they get; then the others share them.
void crew::start() {
    start(0);
    wait_until_listening(1);
    const auto all = static_cast<unsigned>(members_.size());
    for (unsigned i = 1; i < all; ++i) start(i);
    wait_until_listening(all);
}

void crew::start(unsigned number) {
    members_[number].thread = std::thread([this, number] { work(members_[number], number); });
}

// A loop that cannot be made, or cannot listen, ends at once. This wait is short; nothing interrupts it.
void crew::wait_until_listening(unsigned how_many) {
    while (standing_.load(std::memory_order_acquire) < how_many && !failed_.load(std::memory_order_acquire)) {
        boss_.wait_uninterruptibly();
    }
    if (!failed_.load(std::memory_order_acquire)) return;
    called_off_.store(true);
    begin();
    wait_for_threads();
    rethrow_failure();
}

crew::~crew() {
    called_off_.store(true);
    begin();
    cut();
    wait_for_threads();
}

void crew::work(member& m, unsigned number) noexcept {
    try {
        cardea::run({.network = of_.options.network}, [&] { on_loop(m, number); });
    } catch (...) {
        m.failure = std::current_exception();
        failed_.store(true, std::memory_order_release);
    }
    ended_.fetch_add(1, std::memory_order_release);
    boss_.wake();
}

doors crew::listen(unsigned number) {
    const served what = kind_of(of_.how);
    const int backlog = of_.options.backlog;
    auto inherited = line_.share(number, static_cast<unsigned>(members_.size()));
    if (number > 0) return listen_beside(listening_, what, backlog, std::move(inherited));
    doors mine = listen_first(addresses_, what, backlog, members_.size() > 1, std::move(inherited));
    line_.listen();
    listening_ = mine.where;
    return mine;
}

void crew::on_loop(member& m, unsigned number) {
    doors mine = listen(number);
    line_.add(addresses_, mine);
    m.inside = loop::current()->outside();
    standing_.fetch_add(1, std::memory_order_release);
    boss_.wake();
    begin_.wait();
    if (called_off_.load()) return;
    serving here(of_, mine.open, number);
    here.start();
    scope attending;
    if (number == 0) attending.spawn({.name = "successor"}, [this] { line_.attend(); });
    drain_.wait();
    attending.cancel();
    attending.join();
    here.stop_accepting();
    here.join(std::chrono::nanoseconds::max());
}

// The root scope has it all: the server's own fibers, and what handlers started with spawn(). It lives as long as its
// loop has an inside.
void crew::cut() noexcept {
    for (const member& m : members_) {
        if (!m.inside) continue;
        std::lock_guard held(m.inside->guard);
        if (m.inside->inside != nullptr) m.inside->inside->root->cancel();
    }
}

bool crew::is_over() const noexcept {
    return failed_.load(std::memory_order_acquire) || ended_.load(std::memory_order_acquire) == members_.size();
}

void crew::wait_for_threads() noexcept {
    for (member& m : members_) {
        if (m.thread.joinable()) m.thread.join();
    }
}

void crew::join() {
    if (failed_.load(std::memory_order_acquire)) cut();
    wait_for_threads();
    rethrow_failure();
}

void crew::rethrow_failure() const {
    for (const member& m : members_) {
        if (m.failure) std::rethrow_exception(m.failure);
    }
}

}  // namespace cardea::detail
